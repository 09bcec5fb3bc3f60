//  log: see log.h. A line is made on the caller's stack and leaves with one write, so that lines of
//  several threads, or of several processes on one file, do not mix.
//  SPDX-License-Identifier: MPL-2.0
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "mem.h"
#include "utf8.h"

typedef enum { FORMAT_TEXT, FORMAT_LOGFMT, FORMAT_JSON } log_format_t;

struct log {
    pthread_mutex_t lock; // Over fd
    int fd;
    log_level_t level;
    log_format_t format;
    char *file; // "": stderr
    char *node;
};

static const char *const s_levels[] = { "error", "warning", "info", "debug" };
static const char *const s_formats[] = { "text", "logfmt", "json" };

#define TAIL 32 // Bytes kept free for what ends a line

typedef struct {
    char data[LOG_LINE_MAX];
    size_t size;
    bool full; // Something did not fit
} line_t;

static int
s_index_of (const char *word, const char *const *words, int count)
{
    for (int at = 0; at < count; at++)
        if (strcmp (word, words[at]) == 0)
            return at;
    return -1;
}

static int
s_open (const char *file)
{
    return open (file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

static char *
s_duplicate (const char *text)
{
    size_t size = strlen (text) + 1;
    char *copy = mem_alloc (size);
    if (copy)
        memcpy (copy, text, size);
    return copy;
}

log_t *
log_new (const char *level, const char *format, const char *file, const char *node)
{
    assert (level && format && file && node);
    int level_index = s_index_of (level, s_levels, 4), format_index = s_index_of (format, s_formats, 3);
    assert (level_index >= 0 && format_index >= 0); // The settings know no others
    log_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self) {
        errno = ENOMEM;
        return NULL;
    }
    pthread_mutex_init (&self->lock, NULL);
    self->level = (log_level_t) level_index;
    self->format = (log_format_t) format_index;
    self->file = s_duplicate (file);
    self->node = s_duplicate (node);
    self->fd = *file ? s_open (file) : STDERR_FILENO;
    if (self->fd >= 0 && self->file && self->node)
        return self;
    int error = self->fd < 0 ? errno : ENOMEM;
    log_destroy (&self);
    errno = error;
    return NULL;
}

void
log_destroy (log_t **self_p)
{
    assert (self_p);
    log_t *self = *self_p;
    if (!self)
        return;
    if (self->fd >= 0 && self->fd != STDERR_FILENO)
        close (self->fd);
    pthread_mutex_destroy (&self->lock);
    mem_free (self->file);
    mem_free (self->node);
    mem_free (self);
    *self_p = NULL;
}

bool
log_reopen (log_t *self)
{
    if (!self || !*self->file)
        return true;
    int fd = s_open (self->file);
    if (fd < 0)
        return false;
    pthread_mutex_lock (&self->lock);
    int old = self->fd;
    self->fd = fd;
    pthread_mutex_unlock (&self->lock);
    close (old);
    return true;
}

static void
s_add (line_t *line, const char *data, size_t size)
{
    if (size > sizeof line->data - TAIL - line->size) {
        line->full = true;
        return;
    }
    memcpy (line->data + line->size, data, size);
    line->size += size;
}

static void
s_add_str (line_t *line, const char *text)
{
    s_add (line, text, strlen (text));
}

//  One byte or sequence of a quoted value. size 0: a byte that is not UTF-8.
static void
s_add_escaped (line_t *line, const uint8_t *at, size_t size, bool json)
{
    char escape[8];
    if (size > 1)
        s_add (line, (const char *) at, size);
    else if (size == 0 && json)
        s_add_str (line, "\\ufffd");
    else if (*at == '"' || *at == '\\') {
        snprintf (escape, sizeof escape, "\\%c", *at);
        s_add_str (line, escape);
    } else if (size == 0 || *at < 0x20 || *at == 0x7f) {
        const char *shortly = *at == '\n' ? "\\n" : *at == '\t' ? "\\t" : *at == '\r' ? "\\r" : NULL;
        snprintf (escape, sizeof escape, json ? "\\u%04x" : "\\x%02x", (unsigned) *at);
        s_add_str (line, shortly ? shortly : escape);
    } else
        s_add (line, (const char *) at, 1);
}

static void
s_add_quoted (line_t *line, const char *value, bool json)
{
    const uint8_t *bytes = (const uint8_t *) value;
    size_t left = strlen (value);
    bool cut = left > LOG_VALUE_MAX;
    if (cut)
        left = LOG_VALUE_MAX;
    s_add_str (line, "\"");
    while (left) {
        size_t size = utf8_sequence (bytes, left);
        if (size == 0 && cut && left < 4)
            break; // A sequence that the cut went through
        s_add_escaped (line, bytes, size, json);
        bytes += size ? size : 1;
        left -= size ? size : 1;
    }
    s_add_str (line, cut ? "...\"" : "\"");
}

//  True if a value needs no quotation marks in text and logfmt.
static bool
s_is_plain (const char *value)
{
    size_t size = strlen (value);
    if (size == 0 || size > LOG_VALUE_MAX)
        return false;
    for (const char *at = value; *at; at++)
        if (*at <= ' ' || *at >= 0x7f || strchr ("\"\\=", *at))
            return false;
    return true;
}

//  A pair that does not fit is taken back as a whole.
static void
s_add_pair (line_t *line, log_format_t format, const char *name, const char *value)
{
    size_t before = line->size;
    bool first = before == 0 || line->data[before - 1] == '{';
    if (line->full)
        return;
    if (format == FORMAT_JSON) {
        s_add_str (line, first ? "\"" : ",\"");
        s_add_str (line, name);
        s_add_str (line, "\":");
    } else {
        s_add_str (line, first ? "" : " ");
        s_add_str (line, name);
        s_add_str (line, "=");
    }
    if (format == FORMAT_JSON || !s_is_plain (value))
        s_add_quoted (line, value, format == FORMAT_JSON);
    else
        s_add_str (line, value);
    if (line->full)
        line->size = before;
}

static void
s_begin (line_t *line, const log_t *self, log_level_t level, const char *event)
{
    struct timespec now;
    struct tm parts;
    char stamp[64];
    clock_gettime (CLOCK_REALTIME, &now);
    gmtime_r (&now.tv_sec, &parts);
    size_t size = strftime (stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf (stamp + size, sizeof stamp - size, ".%03ldZ", now.tv_nsec / 1000000);
    line->size = 0;
    line->full = false;
    if (self->format == FORMAT_TEXT) {
        s_add_str (line, stamp);
        s_add_str (line, " ");
        s_add_str (line, s_levels[level]);
        s_add_str (line, " ");
        s_add_str (line, event);
    } else {
        s_add_str (line, self->format == FORMAT_JSON ? "{" : "");
        s_add_pair (line, self->format, "time", stamp);
        s_add_pair (line, self->format, "level", s_levels[level]);
        s_add_pair (line, self->format, "event", event);
    }
    s_add_pair (line, self->format, "node", self->node);
}

static void
s_end (line_t *line, log_format_t format)
{
    const char *cut = !line->full ? "" : format == FORMAT_JSON ? ",\"cut\":\"true\"" : " cut=true";
    const char *end = format == FORMAT_JSON ? "}\n" : "\n";
    int size = snprintf (line->data + line->size, TAIL, "%s%s", cut, end);
    assert (size > 0 && size < TAIL);
    line->size += (size_t) size;
}

static void
s_write (log_t *self, const line_t *line)
{
    pthread_mutex_lock (&self->lock);
    size_t at = 0;
    while (at < line->size) {
        ssize_t size = write (self->fd, line->data + at, line->size - at);
        if (size < 0 && errno != EINTR)
            break; // There is no other place where to say it
        at += size > 0 ? (size_t) size : 0;
    }
    pthread_mutex_unlock (&self->lock);
}

void
log_line (log_t *self, log_level_t level, const char *event, ...)
{
    assert (event);
    if (!self || level > self->level)
        return;
    line_t line;
    s_begin (&line, self, level, event);
    va_list pairs;
    va_start (pairs, event);
    const char *name;
    while ((name = va_arg (pairs, const char *))) {
        const char *value = va_arg (pairs, const char *);
        s_add_pair (&line, self->format, name, value ? value : "");
    }
    va_end (pairs);
    s_end (&line, self->format);
    s_write (self, &line);
}

void
log_pairs (log_t *self, log_level_t level, const char *event, const char *const *pairs)
{
    assert (event);
    if (!self || level > self->level)
        return;
    line_t line;
    s_begin (&line, self, level, event);
    for (; *pairs; pairs += 2)
        s_add_pair (&line, self->format, pairs[0], pairs[1] ? pairs[1] : "");
    s_end (&line, self->format);
    s_write (self, &line);
}
