//  histories_locks: clients that take locks, hold them, lose them, and write with their tokens; and what is
//  wrong with the writes. What is wrong with the locks, linear.h finds.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/histories.h"

#define KEYS_OF_LOCKS 0x80000000u // In histories
#define NUMBER_MAX 0x7fffffffu    // Of a lock
#define TURNS 8                   // A lock is in use for so many turns of the keys
#define WAIT_MS 3000
#define LEASE_LONG_MS 20000 // Longer than any outage: nobody loses it
#define SLACK_NS 5000000    // Servers count leases in milliseconds
#define IDENTITIES 0x40000000u

typedef struct {
    worker_t *worker;
    uint32_t number; // Of the lock
    char name[64];
    uint64_t token;
    uint32_t lease_ms;
    uint64_t ends; // The lease, at the earliest
} s_hold_t;

static uint64_t
s_dice (worker_t *self, uint64_t limit)
{
    return dice_below (&self->dice, limit);
}

static void
s_pause (uint64_t milliseconds)
{
    poll (NULL, 0, (int) milliseconds);
}

static linear_event_t
s_event (const s_hold_t *hold, linear_op_t op)
{
    return (linear_event_t) { .key = KEYS_OF_LOCKS + hold->number,
                              .client = hold->worker->identity,
                              .op = op,
                              .value = (int64_t) hold->token };
}

//  An answer of UNLOCK or LEASE becomes a part of the history, unless it certainly did nothing.
static void
s_record (s_hold_t *hold, linear_event_t *event, int status)
{
    worker_t *worker = hold->worker;
    worker->statuses[status]++;
    if (worker_did_nothing (status))
        return;
    event->status = status == ZGRID_OK ? LINEAR_OK : LINEAR_NOTFOUND;
    if (status != ZGRID_OK && status != ZGRID_NOSUCHLOCK) {
        event->returned = LINEAR_NEVER;
        worker->identity += CLIENTS_MAX;
    }
    worker_record (worker, event);
}

//  False: somebody else has it, or nobody knows.
static bool
s_take (s_hold_t *hold)
{
    worker_t *worker = hold->worker;
    const char *map = worker->load->plan.map;
    linear_event_t event = s_event (hold, LINEAR_LOCK);
    event.called = now_ns ();
    int status = s_dice (worker, 10) < 3 ? zgrid_client_trylock (worker->client, map, zgrid_str (hold->name),
                                                                 hold->lease_ms, &hold->token)
                                         : zgrid_client_lock (worker->client, map, zgrid_str (hold->name),
                                                              hold->lease_ms, WAIT_MS, &hold->token);
    event.returned = now_ns ();
    worker->statuses[status]++;
    if (status != ZGRID_OK) // In doubt: without its token it has no place in the history
        return false;
    event.result = (int64_t) hold->token;
    hold->ends = event.called + hold->lease_ms * UINT64_C (1000000) - SLACK_NS;
    worker_record (worker, &event);
    return true;
}

static void
s_renew (s_hold_t *hold)
{
    worker_t *worker = hold->worker;
    linear_event_t event = s_event (hold, LINEAR_LEASE);
    event.called = now_ns ();
    int status = zgrid_client_lease (worker->client, worker->load->plan.map, zgrid_str (hold->name),
                                     hold->token, hold->lease_ms);
    event.returned = now_ns ();
    if (status == ZGRID_OK)
        hold->ends = event.called + hold->lease_ms * UINT64_C (1000000) - SLACK_NS;
    s_record (hold, &event, status);
}

static void
s_free (s_hold_t *hold)
{
    worker_t *worker = hold->worker;
    linear_event_t event = s_event (hold, LINEAR_UNLOCK);
    event.called = now_ns ();
    int status = zgrid_client_unlock (worker->client, worker->load->plan.map, zgrid_str (hold->name),
                                      hold->token);
    event.returned = now_ns ();
    s_record (hold, &event, status);
}

static void
s_write (s_hold_t *hold)
{
    worker_t *worker = hold->worker;
    char value[32];
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    fenced_t write = { .number = hold->number, .token = hold->token, .called = now_ns () };
    options.fence = hold->token;
    snprintf (value, sizeof value, "%" PRIu64, hold->token);
    write.status = zgrid_client_put (worker->client, worker->load->plan.map, zgrid_str (hold->name),
                                     zgrid_str (value), &options, NULL);
    write.returned = now_ns ();
    worker->statuses[write.status]++;
    if (worker_did_nothing (write.status))
        return;
    if (worker->fenced_count == worker->fenced_room) {
        worker->fenced_room = worker->fenced_room ? worker->fenced_room * 2 : 1024;
        worker->fenced = realloc (worker->fenced, worker->fenced_room * sizeof *worker->fenced);
        assert (worker->fenced);
    }
    worker->fenced[worker->fenced_count++] = write;
}

//  With a short lease: also what a holder does that was paused, and one that vanishes.
static void
s_step (worker_t *self)
{
    const plan_t *plan = &self->load->plan;
    uint64_t turn = (now_ns () - self->load->start_ns) / 1000000 / plan->turn_ms / TURNS;
    bool longer = s_dice (self, 10) < 7;
    s_hold_t hold = { .worker = self,
                      .number = (uint32_t) (turn * plan->locks + s_dice (self, plan->locks)),
                      .lease_ms = longer ? LEASE_LONG_MS : 100 + (uint32_t) s_dice (self, 400) };
    lock_name (self->load, hold.number, hold.name, sizeof hold.name);
    if (!s_take (&hold))
        return;
    uint64_t roll = s_dice (self, 10);
    bool paused = !longer && roll < 4, vanishes = !longer && roll > 7;
    s_write (&hold);
    if (roll == 4)
        s_renew (&hold);
    s_pause (paused ? hold.lease_ms * 3 / 2 : s_dice (self, 10));
    if (paused || roll == 5)
        s_write (&hold);
    if (!vanishes)
        s_free (&hold);
    linear_event_t ends = s_event (&hold, LINEAR_EXPIRE);
    ends.called = hold.ends;
    ends.returned = LINEAR_NEVER;
    worker_record (self, &ends);
}

static void *
s_work (void *arg)
{
    worker_t *self = arg;
    struct pollfd stop = { self->load->stop_fd, POLLIN, 0 };
    while (poll (&stop, 1, (int) s_dice (self, self->load->plan.think_ms + 1)) == 0)
        s_step (self);
    return NULL;
}

void
lockers_start (load_t *self)
{
    for (uint32_t at = 0; at < self->plan.lockers; at++) {
        self->lockers[at].identity = IDENTITIES + at;
        int rc = pthread_create (&self->lockers[at].thread, NULL, s_work, &self->lockers[at]);
        assert (rc == 0);
    }
}

void
lockers_once_more (load_t *self)
{
    if (!self->plan.lockers)
        return;
    s_hold_t hold = { .worker = &self->lockers[0], .number = NUMBER_MAX, .lease_ms = LEASE_LONG_MS };
    lock_name (self, hold.number, hold.name, sizeof hold.name);
    for (int turn = 0; turn < 2 && s_take (&hold); turn++) {
        s_write (&hold);
        s_free (&hold);
    }
}

//  ------------------------------------------------------------------------------------------------
//  What is wrong

static int
s_by_call (const void *left, const void *right)
{
    const fenced_t *a = left, *b = right;
    if (a->number != b->number)
        return a->number < b->number ? -1 : 1;
    return (a->called > b->called) - (a->called < b->called);
}

//  Why it cannot have been answered so; NULL: it can. all: of the same lock.
static const char *
s_fault (const fenced_t *all, size_t count, const fenced_t *write)
{
    bool larger = false;
    for (size_t at = 0; at < count; at++) {
        const fenced_t *other = &all[at];
        if (other->token <= write->token)
            continue;
        bool stored = other->status == ZGRID_OK, before = other->returned < write->called;
        if (write->status == ZGRID_OK && stored && before)
            return "was stored after one with a larger token";
        larger = larger || (other->status != ZGRID_FENCED && other->called < write->returned);
    }
    return write->status == ZGRID_FENCED && !larger ? "was refused without one with a larger token" : NULL;
}

static uint64_t
s_judge (const fenced_t *all, size_t count)
{
    uint64_t faults = 0;
    for (size_t from = 0, to; from < count; from = to) {
        for (to = from; to < count && all[to].number == all[from].number;)
            to++;
        for (size_t at = from; at < to; at++) {
            const char *why = s_fault (all + from, to - from, &all[at]);
            if (!why)
                continue;
            fprintf (stderr, "histories: the write with token %" PRIu64 " under lock %u %s\n", all[at].token,
                     all[at].number, why);
            faults++;
        }
    }
    return faults;
}

static uint64_t
s_statuses (const uint64_t *statuses)
{
    uint64_t faults = 0;
    const char *between = "";
    printf ("\"locks\":{");
    for (int status = 0; status < STATUSES; status++) {
        if (!statuses[status])
            continue;
        bool known = worker_did_nothing (status) || status == ZGRID_OK || status == ZGRID_LOCKED
                     || status == ZGRID_NOSUCHLOCK || status == ZGRID_FENCED || status == ZGRID_MAYBE;
        printf ("%s\"%s\":%" PRIu64, between, zgrid_status_name (status), statuses[status]);
        between = ",";
        if (!known)
            fprintf (stderr, "histories: a client of a lock saw %s\n", zgrid_status_name (status));
        faults += !known;
    }
    printf ("},");
    return faults;
}

//  As if the last but one holder of the lock with the highest number had had a larger token than the last.
static void
s_corrupt (fenced_t *all, size_t count)
{
    if (count > 1)
        all[count - 2].token = all[count - 1].token + 1;
}

uint64_t
lockers_check (load_t *self)
{
    uint64_t statuses[STATUSES] = { 0 };
    size_t count = 0, filled = 0;
    for (uint32_t at = 0; at < self->plan.lockers; at++)
        count += self->lockers[at].fenced_count;
    fenced_t *all = calloc (count + 1, sizeof *all);
    assert (all);
    for (uint32_t at = 0; at < self->plan.lockers; at++) {
        const worker_t *worker = &self->lockers[at];
        if (worker->fenced_count)
            memcpy (all + filled, worker->fenced, worker->fenced_count * sizeof *all);
        filled += worker->fenced_count;
        for (int status = 0; status < STATUSES; status++)
            statuses[status] += worker->statuses[status];
    }
    qsort (all, count, sizeof *all, s_by_call);
    if (self->plan.corrupt == CORRUPT_FENCE)
        s_corrupt (all, count);
    uint64_t faults = s_judge (all, count);
    free (all);
    if (self->plan.lockers) {
        faults += s_statuses (statuses);
        if (!statuses[ZGRID_OK]) {
            fprintf (stderr, "histories: nobody got a lock\n");
            faults++;
        }
    }
    return faults ? 1 : 0;
}
