//  zgrid-progress: see zgrid-progress.h.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-progress.h"

#include <inttypes.h>
#include <time.h>
#include <unistd.h>

#define BAR_WIDTH 30
#define EVERY_ON_TERMINAL 0.1 // Seconds
#define EVERY_ELSEWHERE 5.0

double
progress_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

void
progress_bar (FILE *out, double share)
{
    fputc ('[', out);
    for (int at = 0; at < BAR_WIDTH; at++)
        fputc (at < (int) (share * BAR_WIDTH) ? '#' : '.', out);
    fputs ("] ", out);
}

void
progress_begin (progress_t *self, const char *verb, uint64_t total, bool quiet)
{
    *self = (progress_t) { .quiet = quiet, .terminal = isatty (STDERR_FILENO), .verb = verb, .total = total };
    self->start = self->last = progress_now ();
}

void
progress_show (progress_t *self, uint64_t entries, uint64_t bytes)
{
    double now = progress_now ();
    if (self->quiet || now - self->last < (self->terminal ? EVERY_ON_TERMINAL : EVERY_ELSEWHERE))
        return;
    self->last = now;
    double rate = (double) entries / (now - self->start);
    double share = self->total ? (double) bytes / (double) self->total : 0;
    share = share > 1 ? 1 : share; // The file may have grown
    if (self->terminal)
        fputc ('\r', stderr);
    else
        fputs ("zgrid: ", stderr);
    if (self->terminal && self->total)
        progress_bar (stderr, share);
    if (self->total)
        fprintf (stderr, "%3.0f%%  ", share * 100);
    fprintf (stderr, "%s %" PRIu64 " entries, %.0f/s", self->verb, entries, rate);
    fputs (self->terminal ? "\033[K" : "\n", stderr);
    fflush (stderr);
}

double
progress_end (progress_t *self)
{
    if (self->terminal && !self->quiet && self->last > self->start)
        fputs ("\r\033[K", stderr);
    double seconds = progress_now () - self->start;
    return seconds > 1e-6 ? seconds : 1e-6;
}
