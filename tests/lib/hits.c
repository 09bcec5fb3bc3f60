//  hits: see hits.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/hits.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/dice.h"
#include "lib/rig.h"

#define S_PARTITIONS 271
#define S_NONE UINT32_MAX

const char *const hits_names[TRACES] = { "zipf 0.8", "zipf 1.0", "zipf 1.0 with scans", "loop",
                                         "loop and zipf 1.0" };

static void *
s_alloc (size_t count, size_t size)
{
    void *block = calloc (count, size);
    assert (block);
    return block;
}

//  ------------------------------------------------------------------------------------------------
//  Traces

static double *
s_zipf (uint32_t range, double skew)
{
    double *sums = s_alloc (range, sizeof (double)), sum = 0;
    for (uint32_t rank = 0; rank < range; rank++)
        sums[rank] = sum += pow (rank + 1, -skew);
    return sums;
}

static uint32_t
s_draw (dice_t *dice, const double *sums, uint32_t range)
{
    double at = (dice_roll (dice, 1u << 30) + 0.5) / (1u << 30) * sums[range - 1];
    uint32_t low = 0, high = range - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (sums[middle] > at)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

void
trace_make (trace_t *self, trace_kind_t kind, uint32_t count, uint32_t capacity, uint64_t seed)
{
    dice_t dice = { .seed = seed };
    uint32_t range = 10 * capacity, loop = capacity + capacity / 2, turn = 0;
    double *sums = s_zipf (range, kind == TRACE_ZIPF_08 ? 0.8 : 1.0);
    *self = (trace_t) { s_alloc (count, sizeof (uint32_t)), count, range + loop };
    for (uint32_t at = 0; at < count; at++) {
        bool scan = kind == TRACE_SCANS && at / (capacity / 2) % 4 == 3;
        bool step = kind == TRACE_LOOP || (kind == TRACE_MIXED && dice_roll (&dice, 2));
        self->keys[at] = scan ? self->range++ : step ? range + turn++ % loop : s_draw (&dice, sums, range);
    }
    free (sums);
}

void
trace_free (trace_t *self)
{
    free (self->keys);
}

static double
s_share (const trace_t *trace, uint64_t hits)
{
    return (double) hits / (trace->count - trace->count / 2);
}

//  ------------------------------------------------------------------------------------------------
//  Exact LRU: a list by last access

typedef struct {
    uint32_t *next, *prev; // By key; S_NONE, S_NONE: not there
    uint32_t newest, oldest, count;
} s_list_t;

static void
s_unlink (s_list_t *list, uint32_t key)
{
    uint32_t next = list->next[key], prev = list->prev[key];
    *(prev == S_NONE ? &list->newest : &list->next[prev]) = next;
    *(next == S_NONE ? &list->oldest : &list->prev[next]) = prev;
}

static void
s_link (s_list_t *list, uint32_t key)
{
    list->prev[key] = S_NONE;
    list->next[key] = list->newest;
    *(list->newest == S_NONE ? &list->oldest : &list->prev[list->newest]) = key;
    list->newest = key;
}

double
hits_lru (const trace_t *trace, uint32_t capacity)
{
    s_list_t list = { s_alloc (trace->range, sizeof (uint32_t)), s_alloc (trace->range, sizeof (uint32_t)),
                      S_NONE, S_NONE, 0 };
    bool *there = s_alloc (trace->range, sizeof (bool));
    uint64_t hits = 0;
    for (uint32_t at = 0; at < trace->count; at++) {
        uint32_t key = trace->keys[at];
        hits += there[key] && at >= trace->count / 2;
        if (there[key])
            s_unlink (&list, key);
        else if (list.count++ == capacity) {
            there[list.oldest] = false;
            s_unlink (&list, list.oldest);
            list.count--;
        }
        s_link (&list, key);
        there[key] = true;
    }
    free (list.next);
    free (list.prev);
    free (there);
    return s_share (trace, hits);
}

//  ------------------------------------------------------------------------------------------------
//  Belady: a heap by next access, farthest on top; items that are out of date are passed over

typedef struct {
    uint32_t next, key;
} s_future_t;

static void
s_push (s_future_t *heap, size_t *count, s_future_t item)
{
    size_t at = (*count)++;
    for (; at > 0 && heap[(at - 1) / 2].next < item.next; at = (at - 1) / 2)
        heap[at] = heap[(at - 1) / 2];
    heap[at] = item;
}

static s_future_t
s_pop (s_future_t *heap, size_t *count)
{
    s_future_t top = heap[0], last = heap[--*count];
    size_t at = 0, child;
    while ((child = 2 * at + 1) < *count) {
        child += child + 1 < *count && heap[child + 1].next > heap[child].next;
        if (heap[child].next <= last.next)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = last;
    return top;
}

double
hits_belady (const trace_t *trace, uint32_t capacity)
{
    uint32_t *nexts = s_alloc (trace->count, sizeof (uint32_t));
    uint32_t *seen = s_alloc (trace->range,
                              sizeof (uint32_t)); // By key: next access, then that of what is held
    s_future_t *heap = s_alloc (trace->count + 1, sizeof (s_future_t));
    bool *there = s_alloc (trace->range, sizeof (bool));
    size_t heap_count = 0;
    uint32_t held = 0;
    uint64_t hits = 0;
    memset (seen, 0xff, trace->range * sizeof (uint32_t));
    for (uint32_t at = trace->count; at-- > 0;) {
        nexts[at] = seen[trace->keys[at]];
        seen[trace->keys[at]] = at;
    }
    for (uint32_t at = 0; at < trace->count; at++) {
        uint32_t key = trace->keys[at];
        hits += there[key] && at >= trace->count / 2;
        held += !there[key];
        there[key] = true;
        seen[key] = nexts[at];
        s_push (heap, &heap_count, (s_future_t) { nexts[at], key });
        while (held > capacity) {
            s_future_t far = s_pop (heap, &heap_count);
            if (there[far.key] && seen[far.key] == far.next) {
                there[far.key] = false;
                held--;
            }
        }
    }
    free (nexts);
    free (seen);
    free (heap);
    free (there);
    return s_share (trace, hits);
}

//  ------------------------------------------------------------------------------------------------
//  The storage

double
hits_storage (const trace_t *trace, uint32_t capacity, map_policy_t policy, uint32_t rate)
{
    rig_t rig;
    storage_config_t config = rig_config (1, S_PARTITIONS);
    config.entries_limit = capacity;
    config.policy = policy;
    bool opened = rig_open_with (&rig, &config, NULL);
    assert (opened);
    (void) opened;
    uint64_t hits = 0;
    for (uint32_t at = 0; at < trace->count; at++) {
        char key[16];
        snprintf (key, sizeof key, "key%08x", trace->keys[at]);
        ask_t ask = { .op = OP_GET, .map = bytes_str ("m"), .has_key = true, .key = bytes_str (key) };
        if (rig_ask (&rig, &ask).status == ZGRID_OK)
            hits += at >= trace->count / 2;
        else {
            ask.op = OP_PUT;
            ask.value = value_bytes (bytes_str ("value"));
            unsigned status = rig_ask (&rig, &ask).status;
            assert (status == ZGRID_OK);
            (void) status;
        }
        if (at % rate == 0)
            rig_pass (&rig, 1);
    }
    stats_t stats = rig_stats (&rig);
    assert (stats.entries <= capacity);
    (void) stats;
    rig_close (&rig);
    return s_share (trace, hits);
}
