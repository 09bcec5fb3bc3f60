//  zgrid-line: see zgrid-line.h.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-line.h"

#include <stdlib.h>
#include <string.h>

//  Adds to the line, or gives the line up.
static void
s_add (lines_t *self, const char *data, size_t size)
{
    if (self->too_long)
        return;
    size_t room = self->room ? self->room : 4096;
    while (room - self->size < size)
        room *= 2;
    char *line = room == self->room                  ? self->line
                 : self->size + size > LINE_SIZE_MAX ? NULL
                                                     : realloc (self->line, room);
    if (!line) {
        self->too_long = true;
        self->size = 0;
        return;
    }
    self->line = line;
    self->room = room;
    memcpy (line + self->size, data, size);
    self->size += size;
}

bool
lines_next (lines_t *self)
{
    self->size = 0;
    self->too_long = false;
    bool any = false;
    for (;;) {
        if (self->at == self->end) {
            self->at = 0;
            self->end = fread (self->block, 1, sizeof self->block, self->file);
            if (self->end == 0)
                break;
        }
        const char *start = self->block + self->at;
        const char *newline = memchr (start, '\n', self->end - self->at);
        size_t size = newline ? (size_t) (newline - start) : self->end - self->at;
        s_add (self, start, size);
        any = true;
        self->at += size + (newline ? 1 : 0);
        self->bytes += size + (newline ? 1 : 0);
        if (newline)
            break;
    }
    self->number += any ? 1 : 0;
    return any;
}

void
lines_clear (lines_t *self)
{
    free (self->line);
    self->line = NULL;
    self->room = self->size = 0;
}

format_t
parsed_format (zgrid_bytes_t line)
{
    json_t *json = json_loadb (line.data, line.size, JSON_ALLOW_NUL, NULL);
    bool object = json_is_object (json);
    json_decref (json);
    const char *text = line.data;
    //  A key may begin with '{', too: then a tab follows
    bool broken = line.size && text[0] == '{' && !memchr (text, '\t', line.size);
    return object || broken ? FORMAT_JSONL : FORMAT_TSV;
}

//  The bytes of `name` or `name`64. Returns NULL, or what is wrong.
static const char *
s_bytes (json_t *object, const char *name, zgrid_bytes_t *bytes, void **own, size_t *found)
{
    static char why[64];
    char name64[16];
    snprintf (name64, sizeof name64, "%s64", name);
    json_t *text = json_object_get (object, name), *encoded = json_object_get (object, name64);
    if (!text == !encoded) {
        snprintf (why, sizeof why, text ? "%s and %s at once" : "neither %s nor %s", name, name64);
        return why;
    }
    *found += 1;
    if (!json_is_string (text ? text : encoded)) {
        snprintf (why, sizeof why, "%s is not a string", text ? name : name64);
        return why;
    }
    if (text)
        *bytes = (zgrid_bytes_t) { json_string_value (text), json_string_length (text) };
    else {
        *own = base64_decode (json_string_value (encoded), json_string_length (encoded), &bytes->size);
        bytes->data = *own;
        if (!*own) {
            snprintf (why, sizeof why, "%s is not base64", name64);
            return why;
        }
    }
    return NULL;
}

static const char *
s_read_json (parsed_t *self, zgrid_bytes_t line)
{
    static char why[JSON_ERROR_TEXT_LENGTH + 32];
    json_error_t error;
    self->json = json_loadb (line.data, line.size, JSON_ALLOW_NUL | JSON_REJECT_DUPLICATES, &error);
    if (!self->json) {
        snprintf (why, sizeof why, "not JSON: column %d: %s", error.column, error.text);
        return why;
    }
    if (!json_is_object (self->json))
        return "not a JSON object";
    size_t found = 0;
    const char *wrong = s_bytes (self->json, "key", &self->key, &self->own_key, &found);
    if (!wrong)
        wrong = s_bytes (self->json, "value", &self->value, &self->own_value, &found);
    if (wrong)
        return wrong;
    json_t *ttl = json_object_get (self->json, "ttl_ms");
    json_int_t number = json_is_integer (ttl) ? json_integer_value (ttl) : 0;
    if (ttl && number != -1 && number < 1)
        return "ttl_ms is neither a number of milliseconds from 1 nor -1";
    self->ttl_ms = number > 0 ? (uint64_t) number : 0;
    //  A name that nobody looks at would be lost without a word
    if (json_object_size (self->json) != found + (ttl ? 1 : 0))
        return "a name that is none of key, key64, value, value64, ttl_ms";
    return NULL;
}

const char *
parsed_read (parsed_t *self, format_t format, zgrid_bytes_t line)
{
    *self = (parsed_t) { .ttl_ms = 0 };
    if (format == FORMAT_JSONL)
        return s_read_json (self, line);
    const char *text = line.data, *tab = memchr (text, '\t', line.size);
    if (!tab)
        return "no tab between key and value";
    self->key = (zgrid_bytes_t) { text, (size_t) (tab - text) };
    self->value = (zgrid_bytes_t) { tab + 1, line.size - self->key.size - 1 };
    return NULL;
}

void
parsed_clear (parsed_t *self)
{
    json_decref (self->json);
    free (self->own_key);
    free (self->own_value);
    *self = (parsed_t) { .ttl_ms = 0 };
}
