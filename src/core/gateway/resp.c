//  resp: see resp.h.
//  SPDX-License-Identifier: MPL-2.0
#include "resp.h"

#include <stdio.h>

#include "../mem.h"

#define KEPT_ARGS 1024 // Room for more is given back with the next command

//  Where an argument lies. Offsets, since the input may move while it grows.
typedef struct {
    size_t at, size;
} span_t;

struct resp {
    const resp_limits_t *limits;
    span_t *spans;
    bytes_t *args; // As many as spans
    uint32_t room;
    uint32_t count;
    size_t at;     // Everything before has been understood
    size_t seen;   // Before this there is no end of the line that begins at `at`
    uint64_t left; // Arguments that are still to come; 0: a command begins
    int64_t bulk;  // Size of the argument that comes next; -1: its head comes first
    uint64_t wanted;
    buf_t line; // Words of an inline command behind their quotes
    bool bad;
    char error[80];
};

resp_t *
resp_new (const resp_limits_t *limits)
{
    resp_t *self = mem_alloc_zero (1, sizeof *self);
    if (self) {
        self->limits = limits;
        self->bulk = -1;
    }
    return self;
}

void
resp_destroy (resp_t **self_p)
{
    resp_t *self = *self_p;
    if (!self)
        return;
    mem_free (self->spans);
    mem_free (self->args);
    buf_clear (&self->line);
    mem_free (self);
    *self_p = NULL;
}

const bytes_t *
resp_args (const resp_t *self, uint32_t *count)
{
    *count = self->count;
    return self->args;
}

bytes_t
resp_error (const resp_t *self)
{
    return bytes_str (self->error);
}

uint64_t
resp_wanted (const resp_t *self)
{
    return self->wanted;
}

static resp_step_t
s_bad (resp_t *self, const char *what)
{
    self->bad = true;
    snprintf (self->error, sizeof self->error, "ERR Protocol error: %s", what);
    return RESP_BAD;
}

static bool
s_resize (resp_t *self, uint32_t room)
{
    if (room < self->room)
        self->room = room;
    span_t *spans = mem_resize (self->spans, room * sizeof *spans);
    if (!spans)
        return false;
    self->spans = spans;
    bytes_t *args = mem_resize (self->args, room * sizeof *args);
    if (!args)
        return false;
    self->args = args;
    self->room = room;
    return true;
}

//  Room follows what has arrived, not what was announced.
static bool
s_add (resp_t *self, size_t at, size_t size)
{
    if (self->count == self->room && !s_resize (self, self->room ? self->room * 2 : 16))
        return false;
    self->spans[self->count++] = (span_t) { at, size };
    return true;
}

static resp_step_t
s_found (resp_t *self, const uint8_t *from, size_t *used)
{
    for (uint32_t at = 0; at < self->count; at++)
        self->args[at] = bytes_of (from + self->spans[at].at, self->spans[at].size);
    if (used) {
        *used = self->at;
        self->at = 0;
        self->seen = 0;
        self->wanted = 0;
    }
    if (self->count) {
        static const char *const words[] = { "post", "host:" };
        for (size_t which = 0; which < 2; which++) {
            bytes_t word = self->args[0];
            size_t at = 0;
            while (at < word.size && words[which][at] && (word.data[at] | 0x20) == (words[which][at] | 0x20))
                at++;
            if (at == word.size && !words[which][at]) {
                self->bad = true;
                snprintf (self->error, sizeof self->error, "ERR Protocol error: HTTP");
                return RESP_HOSTILE;
            }
        }
    }
    return RESP_COMMAND;
}

//  Where the line that begins at `at` has `end`; SIZE_MAX: nowhere within what is there and allowed.
static size_t
s_find (resp_t *self, bytes_t input, uint8_t end)
{
    size_t limit = self->at + RESP_INLINE_MAX + 1;
    if (limit > input.size)
        limit = input.size;
    const uint8_t *found = self->seen < limit ? memchr (input.data + self->seen, end, limit - self->seen)
                                              : NULL;
    if (found)
        return (size_t) (found - input.data);
    self->seen = limit;
    return SIZE_MAX;
}

//  A decimal as Redis takes it: no sign but "-", no zero in front, nothing beyond 64 bits.
static bool
s_number (const uint8_t *digits, size_t size, int64_t *number)
{
    bool minus = size && *digits == '-';
    digits += minus;
    size -= minus;
    if (size == 1 && *digits == '0' && !minus) {
        *number = 0;
        return true;
    }
    if (!size || size > 19 || *digits < '1')
        return false;
    uint64_t value = 0;
    for (size_t at = 0; at < size; at++) {
        if (digits[at] < '0' || digits[at] > '9')
            return false;
        value = value * 10 + (uint64_t) (digits[at] - '0');
    }
    if (value > (uint64_t) INT64_MAX + (minus ? 1 : 0))
        return false;
    *number = minus ? (int64_t) (0 - value) : (int64_t) value;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Inline commands

static bool
s_is_space (uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

//  A word without quotes ends at fewer than stand between words.
static bool
s_is_end (uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static int
s_hex (uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

//  What stands behind a backslash within double quotes, as one byte; returns how many bytes it took.
static size_t
s_escape (const uint8_t *from, const uint8_t *end, uint8_t *byte)
{
    if (end - from >= 3 && *from == 'x' && s_hex (from[1]) >= 0 && s_hex (from[2]) >= 0) {
        *byte = (uint8_t) (s_hex (from[1]) * 16 + s_hex (from[2]));
        return 3;
    }
    static const char letters[] = "n\nr\rt\tb\ba\a";
    *byte = *from;
    for (size_t at = 0; letters[at]; at += 2)
        if (letters[at] == (char) *from)
            *byte = (uint8_t) letters[at + 1];
    return 1;
}

//  One word from `from`, which is no space, into the line. Returns what is behind it; NULL: quotes that do
//  not end, or behind which something else than a space stands.
static const uint8_t *
s_word (resp_t *self, const uint8_t *from, const uint8_t *end)
{
    uint8_t quote = 0;
    while (from < end && (quote || !s_is_end (*from))) {
        uint8_t byte = *from++;
        if (!quote && (byte == '"' || byte == '\'')) {
            quote = byte;
            continue;
        }
        if (quote && byte == quote) {
            return from == end || s_is_space (*from) ? from : NULL;
        }
        if (quote == '"' && byte == '\\' && from < end)
            from += s_escape (from, end, &byte);
        else if (quote == '\'' && byte == '\\' && from < end && *from == '\'')
            byte = *from++;
        buf_add (&self->line, &byte, 1);
    }
    return quote ? NULL : from;
}

static resp_step_t
s_inline (resp_t *self, bytes_t input, size_t *used)
{
    size_t found = s_find (self, input, '\n');
    if (found == SIZE_MAX)
        return input.size > RESP_INLINE_MAX ? s_bad (self, "too big inline request") : RESP_MORE;
    const uint8_t *from = input.data, *end = input.data + found;
    if (end > from && end[-1] == '\r')
        end--;
    buf_reset (&self->line);
    bool quoted = memchr (from, '"', (size_t) (end - from)) || memchr (from, '\'', (size_t) (end - from));
    const uint8_t *at = from;
    for (;;) {
        while (at < end && s_is_space (*at))
            at++;
        if (at == end)
            break;
        const uint8_t *word = at;
        size_t start = self->line.size;
        if (quoted)
            at = s_word (self, at, end);
        else
            while (at < end && !s_is_end (*at))
                at++;
        if (!at)
            return s_bad (self, "unbalanced quotes in request");
        if (!(quoted ? s_add (self, start, self->line.size - start)
                     : s_add (self, (size_t) (word - from), (size_t) (at - word))))
            return RESP_NOMEM;
    }
    if (self->line.failed)
        return RESP_NOMEM;
    self->at = found + 1;
    static const uint8_t nothing[1];
    return s_found (self, !quoted ? from : self->line.data ? self->line.data : nothing, used);
}

//  ------------------------------------------------------------------------------------------------
//  Arrays of bulks

//  A line "*3" or "$5" at the position: its number. RESP_COMMAND: it was there and has been passed.
static resp_step_t
s_head (resp_t *self, bytes_t input, const char *too_big, int64_t *number, bool *valid)
{
    size_t found = s_find (self, input, '\r');
    if (found == SIZE_MAX)
        return input.size - self->at > RESP_INLINE_MAX ? s_bad (self, too_big) : RESP_MORE;
    self->seen = found;
    if (input.size - found < 2)
        return RESP_MORE;
    *valid = found > self->at && s_number (input.data + self->at + 1, found - self->at - 1, number);
    return RESP_COMMAND;
}

static resp_step_t
s_begin (resp_t *self, bytes_t input)
{
    int64_t number = 0;
    bool valid = false;
    resp_step_t step = s_head (self, input, "too big mbulk count string", &number, &valid);
    if (step != RESP_COMMAND)
        return step;
    if (!valid || number > RESP_ARGS_MAX)
        return s_bad (self, "invalid multibulk length");
    if (number > (int64_t) self->limits->args_max)
        return s_bad (self, self->limits->args_max == RESP_GUEST_ARGS_MAX ? "unauthenticated multibulk length"
                                                                          : "invalid multibulk length");
    self->at = self->seen += 2;
    self->left = number > 0 ? (uint64_t) number : 0;
    return RESP_COMMAND;
}

static resp_step_t
s_bulk_head (resp_t *self, bytes_t input)
{
    int64_t number = 0;
    bool valid = false;
    resp_step_t step = s_head (self, input, "too big bulk count string", &number, &valid);
    if (step != RESP_COMMAND)
        return step;
    uint8_t kind = input.data[self->at];
    if (kind != '$') {
        char text[40];
        snprintf (text, sizeof text, "expected '$', got '%c'",
                  kind == '\r' || kind == '\n' || !kind ? ' ' : kind);
        return s_bad (self, text);
    }
    const resp_limits_t *limits = self->limits;
    bool guest = limits->bulk_max == RESP_GUEST_BULK_MAX;
    if (!valid || number < 0)
        return s_bad (self, "invalid bulk length");
    if ((uint64_t) number > limits->bulk_max)
        return s_bad (self, guest && number <= INT64_C (512) << 20 ? "unauthenticated bulk length"
                                                                   : "invalid bulk length");
    self->at = self->seen += 2;
    if (self->at + (uint64_t) number + 2 > limits->request_max)
        return s_bad (self, "too big request");
    self->bulk = number;
    return RESP_COMMAND;
}

static resp_step_t
s_array (resp_t *self, bytes_t input, size_t *used)
{
    resp_step_t step;
    if (!self->left && !self->at) {
        if ((step = s_begin (self, input)) != RESP_COMMAND)
            return step;
    }
    while (self->left) {
        if (self->bulk < 0) {
            if ((step = s_bulk_head (self, input)) != RESP_COMMAND)
                return step;
        }
        size_t there = input.size - self->at, size = (size_t) self->bulk;
        if (there < size + 2) {
            self->wanted = size + 2 - there;
            return RESP_MORE;
        }
        if (!s_add (self, self->at, size))
            return RESP_NOMEM;
        self->at = self->seen = self->at + size + 2;
        self->bulk = -1;
        self->left--;
    }
    return s_found (self, input.data, used);
}

resp_step_t
resp_next (resp_t *self, bytes_t input, size_t *used)
{
    *used = 0;
    self->wanted = 0;
    if (self->bad)
        return RESP_BAD;
    if (!self->at) {
        self->count = 0;
        if (self->room > KEPT_ARGS && !s_resize (self, 16))
            return RESP_NOMEM;
    }
    if (!input.size)
        return RESP_MORE;
    return input.data[0] == '*' ? s_array (self, input, used) : s_inline (self, input, used);
}
