//  zgrid-line.h: the lines of a file, and the entries that stand in them.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_LINE_H_INCLUDED
#define ZGRID_LINE_H_INCLUDED

#include <stdio.h>

#include "zgrid-tool.h"

//  Longer lines are passed over: more than the largest value as base64, with its key
#define LINE_SIZE_MAX ((size_t) 3 << 29)

typedef struct {
    FILE *file;
    char *line;       // Without its newline
    size_t size;      // Of it, bytes
    size_t room;
    uint64_t number;  // Of it, from 1
    uint64_t bytes;   // Read so far
    bool too_long;    // The line is longer than LINE_SIZE_MAX, or than memory allows
    char block[65536];
    size_t at, end;   // What is left in block
} lines_t;

//  The next line; false at the end of the file, or if it cannot be read (then ferror says so).
bool
    lines_next (lines_t *self);
void
    lines_clear (lines_t *self);

//  One entry as a line says it.
typedef struct {
    zgrid_bytes_t key, value;
    uint64_t ttl_ms; // 0: none
    json_t *json;    // What holds the bytes, or NULL
    void *own_key, *own_value;
} parsed_t;

//  What format a file has, by its first line.
format_t
    parsed_format (zgrid_bytes_t line);

//  Reads one line of {"key":…,"value":…,"ttl_ms":…}, or of key, tab, value. Returns NULL, or what is
//  wrong, readable until the next call. To be cleared in both cases.
const char *
    parsed_read (parsed_t *self, format_t format, zgrid_bytes_t line);
void
    parsed_clear (parsed_t *self);

#endif
