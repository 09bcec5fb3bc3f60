//  zgrid-watch.h: how far moves are, while they are waited for: a bar on a terminal, a line every 5 seconds
//  elsewhere, or an object a second as JSON.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_WATCH_H_INCLUDED
#define ZGRID_WATCH_H_INCLUDED

#include "zgrid-fleet.h"

#include <stdio.h>

//  How the moves stand at one moment.
typedef struct {
    int64_t total, left; // Moves; total 0: not known
    double parts;        // Of moves that are under way: how much of them is done, together
    int64_t active;      // Of these: how many
    int64_t streamed;    // Bytes that all members have sent so far
    bool paused;
} watch_sample_t;

typedef struct {
    const tool_t *tool;
    FILE *out;
    bool terminal;
    fleet_t fleet;
    bool busy;             // Something is left to move
    int64_t total, done;   // Neither shrinks while it is busy
    double share;          // Shown, 0 to 1; does not shrink either
    double first_share, began; // Of this rebalancing
    double sampled_at, shown_at, fresh_at; // Seconds; 0: never
    int64_t streamed;
    double rate;           // Bytes a second, smoothed
    watch_sample_t last;
} watch_t;

//  out: where bar and lines go; JSON goes to stdout.
void
    watch_begin (watch_t *self, const tool_t *tool, FILE *out);

//  What an answer to CLUSTER says of all moves; streamed is asked of all members.
watch_sample_t
    watch_sample (watch_t *self, json_t *tree);

//  Takes a sample, and shows it if it is time to. Returns an exit code: EXIT_DONE, or stdout is gone.
int
    watch_show (watch_t *self, const watch_sample_t *sample, bool last);

//  Waits until the next sample is due.
void
    watch_pause (const watch_t *self);

//  Takes the bar away.
void
    watch_end (watch_t *self);

//  "31.9 MB"
void
    watch_size (double bytes, char *text, size_t room);

#endif
