//  scan_filter: which keys a page of SCAN takes: those that match a glob, a regular expression, or both.
//  Bounded: every key counts its steps, of about a nanosecond each. Regular expressions come from
//  outside, because the core links nothing.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SCAN_FILTER_H_INCLUDED
#define SCAN_FILTER_H_INCLUDED

#include "buf.h"
#include "wire.h"

#define SCAN_PATTERN_MAX 512      // Bytes of a pattern
#define SCAN_PAGE_STEPS (1u << 20) // A page ends when its keys took so many

//  Who knows regular expressions. All functions may be called from several threads.
typedef struct regex_port {
    //  NULL, and *why (in `text`, of `room` bytes, or a constant), if it is no expression, or without memory.
    void *(*compile) (bytes_t pattern, char *text, size_t room, const char **why);
    //  1: it matches somewhere in the key; 0: nowhere; -1: it would take too long to say.
    int (*match) (void *compiled, bytes_t key, uint64_t *steps);
    void (*destroy) (void *compiled);
} regex_port_t;

//  The last expression, compiled. Zero at first.
typedef struct {
    const regex_port_t *port; // NULL: this node knows no regular expressions
    buf_t pattern;
    void *compiled;           // NULL: none
} scan_regex_t;

void
    scan_regex_clear (scan_regex_t *self);

typedef struct {
    const options_t *options;
    scan_regex_t *regex;
    uint64_t steps;
    bool gave_up; // The regular expression, at some key
} scan_filter_t;

//  ZGRID_OK; MALFORMED, BADOP (no regular expressions here) or NOMEM, and *why (in `text` of SCAN_WHY_MAX
//  bytes, or a constant). `regex` keeps what was compiled.
#define SCAN_WHY_MAX 160
unsigned
    scan_filter_begin (scan_filter_t *self, const options_t *options, scan_regex_t *regex, char *text,
                       const char **why);

//  True if the key is to be told. After gave_up: never.
bool
    scan_filter_takes (scan_filter_t *self, bytes_t key);

//  What a page says that ended in gave_up.
#define SCAN_GAVE_UP "the regular expression takes too long to match some key"

#endif
