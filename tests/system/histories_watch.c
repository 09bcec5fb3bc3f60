//  histories_watch: when does each partition serve again? One key of each partition is written over
//  and over, one write at a time.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "slot.h"
#include "system/histories.h"

#define PERIOD_NS 20000000u // Between two writes to a partition

typedef struct {
    char key[24];
    zgrid_future_t *future;
    uint64_t called, next;
    uint64_t served;     // First success that was called after the mark; 0: none yet
    uint64_t retried_ms; // How long the slowest write took since the mark
} s_part_t;

typedef struct {
    const plan_t *plan;
    zgrid_client_t *client;
    s_part_t *parts;
    uint32_t count;
    uint64_t mark; // 0: none
    uint64_t failures;
    char line[64];
    size_t filled;
} s_watch_t;

//  As many partitions as the cluster has: HELLO is the client's; the keys are found by trying.
static bool
s_find_keys (s_watch_t *self)
{
    self->parts = calloc (self->count, sizeof *self->parts);
    assert (self->parts);
    uint32_t found = 0;
    for (unsigned number = 0; found < self->count && number < 4000000; number++) {
        char key[24];
        int size = snprintf (key, sizeof key, "w%u", number);
        bytes_t bytes = { (const uint8_t *) key, (size_t) size };
        s_part_t *part = &self->parts[slot_partition (slot_of_key (bytes), self->count)];
        if (!part->key[0]) {
            memcpy (part->key, key, (size_t) size + 1);
            found++;
        }
    }
    return found == self->count;
}

static void
s_done (s_watch_t *self, s_part_t *part, uint64_t now)
{
    int status = zgrid_future_entry (part->future)->status;
    zgrid_future_destroy (&part->future);
    part->next = now + PERIOD_NS;
    if (status != ZGRID_OK)
        self->failures++;
    if (!self->mark)
        return;
    uint64_t took = (now - part->called) / 1000000;
    if (took > part->retried_ms)
        part->retried_ms = took;
    if (status == ZGRID_OK && part->called > self->mark && !part->served)
        part->served = now;
}

//  Once every partition has served since the mark: prints how long it took.
static void
s_report (s_watch_t *self)
{
    uint64_t last = 0, slowest = 0;
    uint32_t which = 0, late = 0;
    for (uint32_t at = 0; at < self->count; at++) {
        const s_part_t *part = &self->parts[at];
        if (!part->served)
            return;
        late += part->served - self->mark > 200000000;
        if (part->served > last) {
            last = part->served;
            which = at;
        }
        if (part->retried_ms > slowest)
            slowest = part->retried_ms;
    }
    printf ("{\"served_again_ms\":%" PRIu64 ",\"partition\":%u,\"affected\":%u,\"slowest_ms\":%" PRIu64
            ",\"failures\":%" PRIu64 "}\n",
            (last - self->mark) / 1000000, which, late, slowest, self->failures);
    fflush (stdout);
    self->mark = 0;
}

//  "mark NANOSECONDS" of the monotonic clock. False at the end of input.
static bool
s_read_mark (s_watch_t *self)
{
    ssize_t size = read (STDIN_FILENO, self->line + self->filled, sizeof self->line - 1 - self->filled);
    if (size <= 0)
        return false;
    self->filled += (size_t) size;
    self->line[self->filled] = 0;
    char *end = strchr (self->line, '\n');
    if (!end)
        return self->filled < sizeof self->line - 1;
    self->filled = 0;
    if (sscanf (self->line, "mark %" SCNu64, &self->mark) != 1)
        return false;
    self->failures = 0;
    for (uint32_t at = 0; at < self->count; at++)
        self->parts[at].served = self->parts[at].retried_ms = 0;
    return true;
}

//  Starts what is due, takes what is done. Returns the milliseconds until something is due.
static int
s_turn (s_watch_t *self)
{
    uint64_t now = now_ns (), next = now + PERIOD_NS;
    for (uint32_t at = 0; at < self->count; at++) {
        s_part_t *part = &self->parts[at];
        if (part->future && zgrid_future_done (part->future))
            s_done (self, part, now);
        if (!part->future && part->next <= now) {
            part->called = now_ns ();
            part->future = zgrid_client_put_future (self->client, self->plan->map, zgrid_str (part->key),
                                                    zgrid_str ("x"), NULL);
            assert (part->future);
        } else if (!part->future && part->next < next)
            next = part->next;
    }
    zgrid_client_process (self->client);
    if (self->mark)
        s_report (self);
    int wait = (int) ((next - now) / 1000000) + 1, own = zgrid_client_timeout (self->client);
    return own >= 0 && own < wait ? own : wait;
}

int
watch_run (const plan_t *plan, int stop_fd)
{
    s_watch_t self = { .plan = plan, .count = plan->keys };
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = plan->endpoints;
    options.timeout_ms = plan->timeout_ms;
    options.indirect = plan->indirect;
    int status = zgrid_client_new (&self.client, &options);
    if (status != ZGRID_OK || !s_find_keys (&self)) {
        fprintf (stderr, "histories: no client of %s: %s\n", plan->endpoints, zgrid_status_text (status));
        return 1;
    }
    struct pollfd fds[3] = { { stop_fd, POLLIN, 0 },
                             { STDIN_FILENO, POLLIN, 0 },
                             { zgrid_client_fd (self.client), POLLIN, 0 } };
    puts ("watching");
    fflush (stdout);
    bool going = true;
    while (going) {
        poll (fds, 3, s_turn (&self));
        going = !fds[0].revents && (!fds[1].revents || s_read_mark (&self));
    }
    for (uint32_t at = 0; at < self.count; at++)
        zgrid_future_destroy (&self.parts[at].future);
    zgrid_client_destroy (&self.client);
    free (self.parts);
    return 0;
}
