//  settings_file: the ZPL file, line by line.
//
//  ZPL as CZMQ's zconfig reads it: a section's name at the left edge, settings under it indented by
//  four spaces, "name = value", comments behind #. zconfig itself is not used: it takes unknown and
//  repeated names, cuts values at # in silence, and forgets line numbers. This scanner takes a part of
//  what zconfig takes, and gives each value as zconfig would.
//  SPDX-License-Identifier: MPL-2.0
#include "settings_impl.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
#include <zgrid_error.h>

#include "text.h"
#include "utf8.h"

#define FILE_MAX (1024 * 1024) // Bytes of a file
#define LINE_MAX_BYTES 8192    // Bytes of a line
#define MISTAKES_MAX 50        // Then it says no more
#define INDENT 4               // Spaces

typedef struct {
    settings_t *settings;
    const char *file; // Name in messages
    buf_t *why;
    unsigned line; // From 1
    unsigned mistakes;
    bool no_memory;
    const char *section;              // Present one, or NULL: none, or one that does not exist
    bool any_section;                 // A section has begun, be it wrong
    unsigned seen[SETTING_LIMIT];     // Line that set it, 0: none
    unsigned sections[SETTING_LIMIT]; // Line of the section that begins with this setting, 0: none
} scan_t;

//  Begins a message. False if there are too many already.
static bool
s_mistake (scan_t *self)
{
    if (++self->mistakes > MISTAKES_MAX) {
        if (self->mistakes == MISTAKES_MAX + 1)
            text_printf (self->why, "\n%s:%u: too many mistakes; the rest is not shown", self->file,
                         self->line);
        return false;
    }
    text_printf (self->why, "%s%s:%u: ", self->mistakes > 1 ? "\n" : "", self->file, self->line);
    return true;
}

static void
s_say (scan_t *self, const char *sentence)
{
    if (s_mistake (self))
        text_printf (self->why, "%s", sentence);
}

static bool
s_is_name (uint8_t byte)
{
    return isalnum (byte) || (byte && strchr ("$-_@.&+/", byte));
}

static bytes_t
s_trim (bytes_t text)
{
    while (text.size && isspace (text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && isspace (text.data[text.size - 1]))
        text.size--;
    return text;
}

static bytes_t
s_rest (bytes_t text, size_t from)
{
    return bytes_of (text.data + from, text.size - from);
}

static void
s_unknown_section (scan_t *self, bytes_t name)
{
    if (!s_mistake (self))
        return;
    text_printf (self->why, "no such section: ");
    text_quote (self->why, name);
    const char *near = settings_section (name, false);
    int setting = near ? -1 : settings_nearest (name);
    if (near)
        text_printf (self->why, "; did you mean %s?", near);
    else if (setting >= 0)
        text_printf (self->why, "; %s stands in section %s, indented by %d spaces",
                     settings_infos[setting].name, settings_infos[setting].section, INDENT);
}

//  A line at the left edge: `rest` is what stands behind the name.
static void
s_section (scan_t *self, bytes_t name, bytes_t rest)
{
    self->any_section = true;
    self->section = settings_section (name, true);
    if (!self->section) {
        s_unknown_section (self, name);
        return;
    }
    if (rest.size && rest.data[0] != '#')
        s_say (self, "a section's name stands alone on its line");
    unsigned first = 0; // The section's first setting in the list
    while (strcmp (settings_infos[first].section, self->section))
        first++;
    if (self->sections[first] && s_mistake (self))
        text_printf (self->why, "section %s stands twice; the first is in line %u", self->section,
                     self->sections[first]);
    if (!self->sections[first])
        self->sections[first] = self->line;
}

//  Takes the value out of what stands behind '='. False, and said why, if it cannot.
static bool
s_value (scan_t *self, bytes_t rest, bytes_t *value)
{
    rest = s_trim (rest);
    if (rest.size && (rest.data[0] == '"' || rest.data[0] == '\'')) {
        const uint8_t *end = memchr (rest.data + 1, rest.data[0], rest.size - 1);
        if (!end) {
            s_say (self, "the closing quotation mark is missing");
            return false;
        }
        *value = bytes_of (rest.data + 1, (size_t) (end - rest.data - 1));
        bytes_t behind = s_trim (s_rest (rest, value->size + 2));
        if (behind.size && behind.data[0] != '#') {
            s_say (self, "text behind the closing quotation mark");
            return false;
        }
        return true;
    }
    const uint8_t *hash = rest.size ? memchr (rest.data, '#', rest.size) : NULL;
    //  Behind a space it is a comment; elsewhere it was meant to belong to the value
    if (hash && (hash == rest.data || !isspace (hash[-1]))) {
        s_say (self, "'#' inside a value begins a comment; put the value in quotation marks");
        return false;
    }
    *value = s_trim (hash ? bytes_of (rest.data, (size_t) (hash - rest.data)) : rest);
    return true;
}

static void
s_assign (scan_t *self, int id, bytes_t value)
{
    char text[LINE_MAX_BYTES + 1];
    assert (value.size < sizeof text);
    if (value.size)
        memcpy (text, value.data, value.size);
    text[value.size] = 0;
    buf_t why = BUF_INIT;
    int rc = settings_assign (self->settings, (setting_t) id, text, &why);
    if (rc == ZGRID_NOMEM || why.failed)
        self->no_memory = true;
    else if (rc && s_mistake (self))
        buf_add (self->why, why.data, why.size);
    buf_clear (&why);
}

static void
s_unknown_setting (scan_t *self, bytes_t name)
{
    char full[160];
    int shown = (int) (name.size < 100 ? name.size : 100);
    int size = snprintf (full, sizeof full, "%s.%.*s", self->section, shown, (const char *) name.data);
    if (!s_mistake (self))
        return;
    text_printf (self->why, "no such setting in section %s: ", self->section);
    text_quote (self->why, name);
    int nearest = settings_nearest (bytes_of (full, (size_t) size));
    if (nearest < 0)
        return;
    const setting_info_t *info = &settings_infos[nearest];
    bool here = strcmp (info->section, self->section) == 0;
    text_printf (self->why, "; did you mean %s%s%s?", info->name, here ? "" : ", in section ",
                 here ? "" : info->section);
}

//  A line under a section: "name = value".
static void
s_setting (scan_t *self, bytes_t name, bytes_t rest)
{
    if (!self->section) {
        if (!self->any_section)
            s_say (self, "a setting before the first section");
        return; // Else its section is the mistake
    }
    int id = -1;
    for (int at = 0; at < SETTING_LIMIT; at++)
        if (strcmp (settings_infos[at].section, self->section) == 0
            && bytes_equal (name, bytes_str (settings_infos[at].name)))
            id = at;
    if (id < 0)
        s_unknown_setting (self, name);
    if (rest.size == 0 || rest.data[0] != '=') {
        if (id >= 0 && s_mistake (self))
            text_printf (self->why, "'=' is missing behind %s", settings_infos[id].name);
        return;
    }
    bytes_t value;
    if (id < 0 || !s_value (self, s_rest (rest, 1), &value))
        return;
    if (self->seen[id]) {
        if (s_mistake (self))
            text_printf (self->why, "%s stands twice; the first is in line %u", settings_infos[id].full,
                         self->seen[id]);
        return;
    }
    self->seen[id] = self->line;
    s_assign (self, id, value);
}

//  True if the line is text: UTF-8 without control characters. Else says so.
static bool
s_is_text (scan_t *self, bytes_t line)
{
    for (size_t at = 0; at < line.size;) {
        size_t size = utf8_sequence (line.data + at, line.size - at);
        bool control = (line.data[at] < 0x20 && line.data[at] != '\t') || line.data[at] == 0x7f;
        if (size == 0 || control) {
            if (s_mistake (self))
                text_printf (self->why, "byte 0x%02x in column %zu is not text", (unsigned) line.data[at],
                             at + 1);
            return false;
        }
        at += size;
    }
    return true;
}

static void
s_line (scan_t *self, bytes_t line)
{
    if (line.size && line.data[line.size - 1] == '\r')
        line.size--;
    if (line.size > LINE_MAX_BYTES) {
        if (s_mistake (self))
            text_printf (self->why, "the line has %zu bytes; at most %d are read", line.size, LINE_MAX_BYTES);
        return;
    }
    if (!s_is_text (self, line))
        return;
    bytes_t rest = s_trim (line);
    if (rest.size == 0 || rest.data[0] == '#')
        return;
    size_t indent = (size_t) (rest.data - line.data);
    if (memchr (line.data, '\t', indent)) {
        s_say (self, "a tab in the indentation; settings are indented by 4 spaces");
        return;
    }
    if (indent != 0 && indent != INDENT) {
        if (s_mistake (self))
            text_printf (self->why,
                         "indented by %zu spaces; a section stands at the edge, a setting behind %d spaces",
                         indent, INDENT);
        return;
    }
    size_t size = 0;
    while (size < rest.size && s_is_name (rest.data[size]))
        size++;
    bytes_t name = bytes_of (rest.data, size);
    bytes_t behind = s_trim (s_rest (rest, size));
    if (size == 0)
        s_say (self, "a line begins with a name or with '#'");
    else if (indent == 0)
        s_section (self, name, behind);
    else
        s_setting (self, name, behind);
}

static void
s_scan (scan_t *self, bytes_t text)
{
    size_t at = 0;
    while (at < text.size) {
        const uint8_t *end = memchr (text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t) (end - text.data) - at : text.size - at;
        self->line++;
        s_line (self, bytes_of (text.data + at, size));
        at += size + 1;
    }
}

int
settings_parse (settings_t *self, const char *file, bytes_t text, buf_t *why)
{
    assert (self && file);
    if (text.size > FILE_MAX) {
        text_printf (why, "%s:1: the file is larger than %d bytes", file, FILE_MAX);
        return ZGRID_MALFORMED;
    }
    settings_t *copy = settings_clone (self);
    if (!copy)
        return ZGRID_NOMEM;
    scan_t scan = { .settings = copy, .file = file, .why = why };
    s_scan (&scan, text);
    if (scan.mistakes || scan.no_memory) {
        settings_destroy (&copy);
        return scan.mistakes ? ZGRID_MALFORMED : ZGRID_NOMEM;
    }
    settings_take (self, &copy);
    return ZGRID_OK;
}

//  Reads at most FILE_MAX + 1 bytes. 0, or what errno says.
static int
s_read (const char *file, buf_t *text)
{
    int fd = open (file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int error = 0;
    while (text->size <= FILE_MAX) {
        if (!buf_reserve (text, 65536)) {
            error = ENOMEM;
            break;
        }
        size_t room = FILE_MAX + 1 - text->size;
        ssize_t size = read (fd, text->data + text->size, room < 65536 ? room : 65536);
        if (size == 0)
            break;
        if (size < 0 && errno != EINTR) {
            error = errno;
            break;
        }
        if (size > 0)
            text->size += (size_t) size;
    }
    close (fd);
    return error;
}

int
settings_load (settings_t *self, const char *file, buf_t *why)
{
    assert (self && file);
    buf_t text = BUF_INIT;
    int error = s_read (file, &text);
    int rc;
    if (error == ENOMEM)
        rc = ZGRID_NOMEM;
    else if (error) {
        text_printf (why, "%s: %s", file, strerror (error));
        rc = ZGRID_NOTFOUND;
    } else
        rc = settings_parse (self, file, buf_bytes (&text), why);
    buf_clear (&text);
    return rc;
}
