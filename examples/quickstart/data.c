//  data: see data.h. The file is Perl source around a text of records:
//
//      00061                       one or more code points
//      LATIN SMALL LETTER A        the name
//                                  an empty line
//  SPDX-License-Identifier: MPL-2.0
#include "data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S_BEGIN "\nreturn <<'END';\n"

static bool
s_load (data_t *self, const char *path)
{
    FILE *file = fopen (path, "rb");
    long size = file && fseek (file, 0, SEEK_END) == 0 ? ftell (file) : -1;
    bool done = false;
    if (size > 0) {
        self->text = malloc ((size_t) size + 1);
        rewind (file);
        done = self->text && fread (self->text, 1, (size_t) size, file) == (size_t) size;
        if (done)
            self->text[size] = 0;
    }
    if (file)
        fclose (file);
    return done;
}

//  The line at *next, without its end; *next moves behind it.
static zgrid_bytes_t
s_line (char **next)
{
    char *start = *next;
    size_t size = strcspn (start, "\n");
    *next = start + size + (start[size] == '\n');
    return (zgrid_bytes_t) { start, size };
}

static bool
s_is_code (zgrid_bytes_t line)
{
    return line.size >= 5 && strspn (line.data, "0123456789ABCDEF ") == line.size;
}

//  One record at *next. False at the end of the list, or where it is no record.
static bool
s_record (data_t *self, char **next)
{
    zgrid_bytes_t code = s_line (next);
    if (!s_is_code (code))
        return false;
    zgrid_bytes_t name = s_line (next);
    zgrid_bytes_t empty = s_line (next);
    if (name.size == 0 || empty.size != 0)
        return false;
    self->keys[self->count] = name;
    self->values[self->count] = code;
    self->count++;
    return true;
}

bool
data_read (data_t *self, const char *path)
{
    *self = (data_t) { NULL, NULL, 0, NULL };
    if (!s_load (self, path)) {
        fprintf (stderr, "cannot read %s\n", path);
        return false;
    }
    char *next = strstr (self->text, S_BEGIN);
    size_t room = strlen (self->text) / 8 + 1; // A record takes eight bytes at least
    self->keys = calloc (room, sizeof *self->keys);
    self->values = calloc (room, sizeof *self->values);
    if (!next || !self->keys || !self->values) {
        fprintf (stderr, "%s: not the file of names that Perl brings\n", path);
        return false;
    }
    next += strlen (S_BEGIN);
    while (s_record (self, &next))
        continue;
    return true;
}

void
data_free (data_t *self)
{
    free (self->keys);
    free (self->values);
    free (self->text);
}
