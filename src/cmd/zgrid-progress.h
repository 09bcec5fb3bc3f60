//  zgrid-progress.h: how far a long command is: a bar on a terminal, elsewhere a line every 5 seconds.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_PROGRESS_H_INCLUDED
#define ZGRID_PROGRESS_H_INCLUDED

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    bool quiet;        // Says nothing
    bool terminal;     // stderr is one
    const char *verb;  // "loaded"
    uint64_t total;    // Bytes to come, 0: not known
    double start, last; // Seconds
} progress_t;

//  Seconds of a clock that never goes back.
double
    progress_now (void);

//  A bar of which so much is full, 0 to 1.
void
    progress_bar (FILE *out, double share);

void
    progress_begin (progress_t *self, const char *verb, uint64_t total, bool quiet);

//  Says how far it is, if it is time to. bytes: of total.
void
    progress_show (progress_t *self, uint64_t entries, uint64_t bytes);

//  Takes the bar away. Returns the seconds since the beginning, never 0.
double
    progress_end (progress_t *self);

#endif
