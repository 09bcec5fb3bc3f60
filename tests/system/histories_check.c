//  histories_check: the judgement over what the clients recorded.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system/histories.h"

#define WORK_MAX 200000000u // Steps of the checker for one key

typedef struct {
    linear_event_t *events;
    size_t count;
    uint64_t statuses[STATUSES];
    uint64_t slowest_ns;
    uint64_t faults;
} s_judge_t;

//  One more key, that nobody else touches: what is made wrong below is then wrong whatever else happened.
//  In the keys of the load a lost write may be explained by a DEL at the same time.
static void
s_write_last (load_t *self, uint32_t key)
{
    char name[64];
    worker_t *worker = &self->workers[0];
    linear_event_t event = { .key = key, .client = worker->identity, .op = LINEAR_PUT, .value = 1 };
    key_name (self, key, name, sizeof name);
    event.called = now_ns ();
    int status = zgrid_client_put (worker->client, self->plan.map, zgrid_str (name), zgrid_str ("1"), NULL,
                                   NULL);
    event.returned = now_ns ();
    if (status == ZGRID_OK)
        worker_record (worker, &event);
}

//  Every key that was ever written is read once more, by a client of its own.
static void
s_read_all (load_t *self, s_judge_t *judge)
{
    uint32_t keys = 0;
    for (uint32_t at = 0; at < self->plan.clients; at++)
        for (size_t index = 0; index < self->workers[at].count; index++)
            if (self->workers[at].events[index].key >= keys)
                keys = self->workers[at].events[index].key + 1;
    worker_t *worker = &self->workers[0];
    if (self->plan.corrupt)
        s_write_last (self, keys++);
    for (uint32_t key = 0; key < keys; key++) {
        char name[64];
        zgrid_entry_t entry;
        key_name (self, key, name, sizeof name);
        linear_event_t event = { .key = key, .client = UINT32_MAX, .op = LINEAR_GET };
        event.called = now_ns ();
        int status = zgrid_client_get (worker->client, self->plan.map, zgrid_str (name), NULL, &entry);
        event.returned = now_ns ();
        if (status != ZGRID_OK && status != ZGRID_NOTFOUND) {
            fprintf (stderr, "histories: key %s cannot be read at the end: %s\n", name,
                     zgrid_client_error (worker->client));
            judge->faults++;
            continue;
        }
        event.status = status == ZGRID_OK ? LINEAR_OK : LINEAR_NOTFOUND;
        char text[32] = "";
        if (status == ZGRID_OK && entry.value.size < sizeof text)
            memcpy (text, entry.value.data, entry.value.size);
        event.result = strtoll (text, NULL, 10);
        worker_record (worker, &event);
    }
}

static void
s_collect_events (s_judge_t *judge, const worker_t *worker)
{
    if (worker->count)
        memcpy (judge->events + judge->count, worker->events, worker->count * sizeof *worker->events);
    judge->count += worker->count;
}

static void
s_collect (load_t *self, s_judge_t *judge)
{
    size_t room = 1;
    for (uint32_t at = 0; at < self->plan.clients; at++)
        room += self->workers[at].count;
    for (uint32_t at = 0; at < self->plan.lockers; at++)
        room += self->lockers[at].count;
    judge->events = calloc (room, sizeof *judge->events);
    assert (judge->events);
    for (uint32_t at = 0; at < self->plan.clients; at++) {
        worker_t *worker = &self->workers[at];
        s_collect_events (judge, worker);
        for (uint32_t status = 0; status < STATUSES; status++)
            judge->statuses[status] += worker->statuses[status];
        if (worker->slowest_ns > judge->slowest_ns)
            judge->slowest_ns = worker->slowest_ns;
    }
    for (uint32_t at = 0; at < self->plan.lockers; at++)
        s_collect_events (judge, &self->lockers[at]);
}

//  The token of this lock is given once more, to a holder after it.
static bool
s_give_twice (s_judge_t *judge, const linear_event_t *first)
{
    for (size_t at = 0; at < judge->count; at++) {
        linear_event_t *event = &judge->events[at];
        if (event->op == LINEAR_LOCK && event->key == first->key && event->called > first->returned) {
            event->result = first->result;
            return true;
        }
    }
    return false;
}

static bool
s_corrupt_event (s_judge_t *judge, linear_event_t *event, corrupt_t how)
{
    bool read = event->op == LINEAR_GET && event->status == LINEAR_OK;
    if (how == CORRUPT_LOCK)
        return event->op == LINEAR_LOCK && s_give_twice (judge, event);
    if (how == CORRUPT_READ && read)
        event->result += 1000000000;
    else if (how == CORRUPT_LOST && read && event->client == UINT32_MAX)
        event->status = LINEAR_NOTFOUND;
    else
        return false;
    return true;
}

//  Makes the history wrong: a read of something that was never there, a write that the last read has not
//  seen, or a token that was given twice. The last key's last read is the last event of the first worker:
//  what comes after it are the histories of workers that do not read as clients of their own.
static void
s_corrupt (s_judge_t *judge, corrupt_t how)
{
    for (size_t at = judge->count; at-- > 0;)
        if (s_corrupt_event (judge, &judge->events[at], how))
            return;
}

static const char *
s_linear (s_judge_t *judge)
{
    uint32_t key = 0;
    size_t stuck = 0;
    linear_verdict_t verdict = linear_check (judge->events, judge->count, WORK_MAX, &key, &stuck);
    if (verdict == LINEAR_YES)
        return "yes";
    judge->faults++;
    fprintf (stderr, "histories: key %u %s; stuck at the operation marked *\n", key,
             verdict == LINEAR_NO ? "is not linearizable" : "was not decided");
    for (size_t at = 0; at < judge->count; at++) {
        char line[256];
        size_t distance = at > stuck ? at - stuck : stuck - at;
        if (judge->events[at].key != key || distance > 40)
            continue;
        linear_print (&judge->events[at], line, sizeof line);
        fprintf (stderr, "%s %s\n", at == stuck ? "*" : " ", line);
    }
    return verdict == LINEAR_NO ? "no" : "undecided";
}

static int
s_compare (const void *left, const void *right)
{
    int64_t a = *(const int64_t *) left, b = *(const int64_t *) right;
    return (a > b) - (a < b);
}

//  Each acknowledged INCR answered another number, and the last value is their number, and that of
//  those in doubt at most.
static void
s_counter (load_t *self, s_judge_t *judge, uint32_t index, uint64_t *acked, uint64_t *doubtful)
{
    char name[64];
    uint64_t sum = 0, doubts = 0;
    size_t filled = 0;
    for (uint32_t at = 0; at < self->plan.clients; at++) {
        sum += self->workers[at].counters[index].acked;
        doubts += self->workers[at].counters[index].doubtful;
    }
    int64_t *results = calloc (sum + 1, sizeof *results), final = 0;
    assert (results);
    for (uint32_t at = 0; at < self->plan.clients; at++) {
        counter_t *counter = &self->workers[at].counters[index];
        if (counter->count)
            memcpy (results + filled, counter->results, counter->count * sizeof *results);
        filled += counter->count;
    }
    qsort (results, filled, sizeof *results, s_compare);
    counter_name (self, index, name, sizeof name);
    for (size_t at = 1; at < filled; at++)
        if (results[at] == results[at - 1]) {
            fprintf (stderr, "histories: counter %s answered %" PRId64 " twice\n", name, results[at]);
            judge->faults++;
            break;
        }
    int status = zgrid_client_get_int (self->workers[0].client, self->plan.map, name, &final);
    if (status == ZGRID_NOTFOUND)
        final = 0;
    if (self->plan.corrupt == CORRUPT_COUNTER && index == 0)
        final = (int64_t) sum - 1;
    if ((status != ZGRID_OK && status != ZGRID_NOTFOUND) || final < (int64_t) sum
        || final > (int64_t) (sum + doubts)) {
        fprintf (stderr,
                 "histories: counter %s is %" PRId64 " (%s); %" PRIu64 " were acknowledged, %" PRIu64
                 " are in doubt\n",
                 name, final, zgrid_status_name (status), sum, doubts);
        judge->faults++;
    }
    free (results);
    *acked += sum;
    *doubtful += doubts;
}

//  What a client must never see.
static void
s_statuses (s_judge_t *judge)
{
    printf ("\"statuses\":{");
    bool first = true;
    for (int status = 0; status < STATUSES; status++) {
        if (!judge->statuses[status])
            continue;
        printf ("%s\"%s\":%" PRIu64, first ? "" : ",", zgrid_status_name (status), judge->statuses[status]);
        first = false;
        switch (status) {
            case ZGRID_OK:
            case ZGRID_NOTFOUND:
            case ZGRID_EXISTS:
            case ZGRID_MISMATCH:
            case ZGRID_MAYBE:
            case ZGRID_TIMEOUT:
            case ZGRID_BUSY:
            case ZGRID_UNAVAILABLE:
                break;
            default:
                fprintf (stderr, "histories: a client saw %s\n", zgrid_status_name (status));
                judge->faults++;
        }
    }
    printf ("},");
}

//  The longest time without a success, in each second in which there was one of more than 100 ms, as
//  pairs of second and milliseconds; and over all.
static void
s_gaps (const load_t *self, uint64_t end_ms)
{
    uint64_t longest = 0, since = 0, worst = 0;
    bool first = true;
    printf ("\"gaps\":[");
    for (uint64_t at = 0; at < end_ms; at++) {
        if (self->served[at])
            since = at;
        worst = at - since > worst ? at - since : worst;
        longest = worst > longest ? worst : longest;
        if (at % 1000 == 999) {
            if (worst > 100) {
                printf ("%s[%" PRIu64 ",%" PRIu64 "]", first ? "" : ",", at / 1000, worst);
                first = false;
            }
            worst = 0;
        }
    }
    printf ("],\"longest_gap_ms\":%" PRIu64 ",", longest);
}

int
check_all (load_t *self)
{
    s_judge_t judge = { 0 };
    uint64_t end_ms = (now_ns () - self->start_ns) / 1000000, acked = 0, doubtful = 0;
    end_ms = end_ms < SPAN_MS ? end_ms : SPAN_MS;
    s_read_all (self, &judge);
    if (self->plan.corrupt)
        lockers_once_more (self);
    s_collect (self, &judge);
    s_corrupt (&judge, self->plan.corrupt);
    for (uint32_t index = 0; index < self->plan.counters; index++)
        s_counter (self, &judge, index, &acked, &doubtful);
    const char *linear = s_linear (&judge);
    printf ("{\"operations\":%zu,\"milliseconds\":%" PRIu64 ",", judge.count, end_ms);
    s_statuses (&judge);
    judge.faults += lockers_check (self);
    s_gaps (self, end_ms);
    if (judge.statuses[ZGRID_OK] == 0) {
        fprintf (stderr, "histories: nothing succeeded\n");
        judge.faults++;
    }
    printf ("\"slowest_ms\":%.1f,\"incremented\":%" PRIu64 ",\"in_doubt\":%" PRIu64
            ",\"linearizable\":\"%s\",\"faults\":%" PRIu64 "}\n",
            (double) judge.slowest_ns / 1e6, acked, doubtful, linear, judge.faults);
    free (judge.events);
    return judge.faults ? 1 : 0;
}
