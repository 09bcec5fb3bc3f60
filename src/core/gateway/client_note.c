//  client_note: see client_note.h.
//  SPDX-License-Identifier: MPL-2.0
#include "client_note.h"

#include <stdio.h>

void
client_note_clear (client_note_t *self)
{
    buf_clear (&self->name);
    buf_clear (&self->library);
    buf_clear (&self->library_version);
}

//  It is a word in the lines of CLIENT LIST.
static bool
s_is_plain (bytes_t text)
{
    for (size_t at = 0; at < text.size; at++)
        if (text.data[at] < '!' || text.data[at] > '~')
            return false;
    return true;
}

static const char *
s_take (buf_t *into, bytes_t text)
{
    if (text.size > CLIENT_NAME_MAX)
        return "ERR Client names can have 4096 bytes at most";
    buf_clear (into);
    buf_add (into, text.data, text.size);
    return into->failed ? "ERR out of memory" : NULL;
}

const char *
client_note_check (bytes_t name)
{
    if (name.size > CLIENT_NAME_MAX)
        return "ERR Client names can have 4096 bytes at most";
    return s_is_plain (name) ? NULL
                             : "ERR Client names cannot contain spaces, newlines or special characters.";
}

const char *
client_note_name (client_note_t *self, bytes_t name)
{
    const char *why = client_note_check (name);
    return why ? why : s_take (&self->name, name);
}

const char *
client_note_library (client_note_t *self, bytes_t text, const char *what)
{
    bool name = what[4] == 'n';
    if (!s_is_plain (text))
        return name ? "ERR lib-name cannot contain spaces, newlines or special characters."
                    : "ERR lib-ver cannot contain spaces, newlines or special characters.";
    return s_take (name ? &self->library : &self->library_version, text);
}

void
client_note_line (const client_note_t *self, const client_line_t *line, buf_t *out)
{
    char text[700];
    typedef unsigned long long number_t;
    snprintf (text, sizeof text, "id=%llu addr=%s laddr=%s fd=0 name=", (number_t) line->id, line->address,
              line->local);
    buf_add (out, text, strlen (text));
    buf_add (out, self->name.data, self->name.size);
    snprintf (
        text, sizeof text,
        " age=%llu idle=%llu flags=%c db=%u sub=%llu psub=%llu ssub=%llu multi=%lld qbuf=%llu qbuf-free=%llu"
        " argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=%llu oll=0 omem=%llu tot-mem=%llu events=r cmd=%s"
        " user=default redir=-1 resp=%u lib-name=",
        (number_t) line->age, (number_t) line->idle, line->flag, line->database, (number_t) line->channels,
        (number_t) line->patterns, (number_t) line->shards, (long long) line->queued, (number_t) line->input,
        (number_t) line->input_free, (number_t) line->output, (number_t) line->output,
        (number_t) line->memory, *line->command ? line->command : "NULL", line->protocol);
    buf_add (out, text, strlen (text));
    buf_add (out, self->library.data, self->library.size);
    buf_add (out, " lib-ver=", 9);
    buf_add (out, self->library_version.data, self->library_version.size);
    buf_add (out, "\n", 1);
}
