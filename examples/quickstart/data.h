//  data: the file of Unicode character names that comes with Perl, as keys and values.
//  SPDX-License-Identifier: MPL-2.0
#ifndef DATA_H_INCLUDED
#define DATA_H_INCLUDED

#include <zgrid.h>

typedef struct {
    zgrid_bytes_t *keys;   // Names: "LATIN SMALL LETTER A"
    zgrid_bytes_t *values; // Code points: "00061"; several for a sequence: "0304B 0309A"
    size_t count;
    char *text; // The file; keys and values point into it
} data_t;

//  Reads the file. False, after a sentence on stderr, if it cannot be read or is of another format.
bool
    data_read (data_t *self, const char *path);
void
    data_free (data_t *self);

#endif
