//  linear: see linear.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/linear.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

//  A call or a return, in a doubly linked list by time. Operations that have been put into the order
//  are out of the list.
typedef struct {
    uint32_t event;      // Index into the key's events
    uint32_t other;      // A call's return, S_NONE if it never returned; a return's call
    uint32_t prev, next; // In the list; entry 0 is its head
    bool is_call;
} s_entry_t;

#define S_NONE UINT32_MAX

typedef struct {
    const linear_event_t *events; // Of one key
    uint32_t count;
    s_entry_t *entries;
    uint32_t *twins; // Of an event without answer: the one before it that is the same, or S_NONE
    uint32_t *stack; // Calls in the order found so far
    int64_t *values; // The value before each of them
    uint32_t depth;
    uint64_t *mask; // Which events are in the order
    size_t words;   // Of a mask
    //  What was seen: masks and values, and a table that finds them
    uint64_t *seen; // words + 1 each
    size_t seen_count, seen_room;
    uint32_t *table;   // Index + 1; 0: free
    size_t table_room; // A power of two
} s_search_t;

//  ------------------------------------------------------------------------------------------------
//  The register

static bool
s_apply_lock (const linear_event_t *event, int64_t value, int64_t *after)
{
    bool known = event->returned != LINEAR_NEVER;
    int64_t last = value == LINEAR_ABSENT ? 0 : value < 0 ? -value : value;
    bool held = value != LINEAR_ABSENT && value > 0;
    *after = value;
    if (event->op == LINEAR_LOCK) {
        *after = event->result;
        return known && !held && event->result > last;
    }
    bool fits = held && value == event->value;
    if (fits && event->op != LINEAR_LEASE)
        *after = -value;
    //  Without an answer, and without effect, it need not have happened
    return known ? fits == (event->status == LINEAR_OK) : fits;
}

//  The value after an operation; false if its answer cannot be had from this value.
static bool
s_apply (const linear_event_t *event, int64_t value, int64_t *after)
{
    bool known = event->returned != LINEAR_NEVER;
    linear_status_t status = LINEAR_OK;
    int64_t result = event->result;
    *after = value;
    if (event->op >= LINEAR_LOCK)
        return s_apply_lock (event, value, after);
    switch (event->op) {
        case LINEAR_GET:
            status = value == LINEAR_ABSENT ? LINEAR_NOTFOUND : LINEAR_OK;
            if (status == LINEAR_OK)
                result = value;
            break;
        case LINEAR_PUT:
            *after = event->value;
            break;
        case LINEAR_PUT_NX:
            status = value == LINEAR_ABSENT ? LINEAR_OK : LINEAR_EXISTS;
            if (status == LINEAR_OK)
                *after = event->value;
            break;
        case LINEAR_DEL:
            status = value == LINEAR_ABSENT ? LINEAR_NOTFOUND : LINEAR_OK;
            *after = LINEAR_ABSENT;
            break;
        case LINEAR_CAS:
            status = value == event->expected ? LINEAR_OK : LINEAR_MISMATCH;
            if (status == LINEAR_OK)
                *after = event->value;
            else
                result = value;
            break;
        case LINEAR_INCR:
            *after = (value == LINEAR_ABSENT ? 0 : value) + event->value;
            result = *after;
            break;
        default:
            break;
    }
    return !known || (status == event->status && result == event->result);
}

//  ------------------------------------------------------------------------------------------------
//  What was seen already

static uint64_t
s_hash (const uint64_t *words, size_t count)
{
    uint64_t hash = 0x9e3779b97f4a7c15;
    for (size_t at = 0; at < count; at++) {
        hash = (hash ^ words[at]) * 0xbf58476d1ce4e5b9;
        hash ^= hash >> 29;
    }
    return hash * 0x94d049bb133111eb >> 7;
}

static bool
s_make_room (s_search_t *self)
{
    size_t width = self->words + 1;
    if (self->seen_count == self->seen_room) {
        size_t room = self->seen_room ? self->seen_room * 2 : 256;
        uint64_t *seen = realloc (self->seen, room * width * sizeof *seen);
        if (!seen)
            return false;
        self->seen = seen;
        self->seen_room = room;
    }
    if ((self->seen_count + 1) * 2 <= self->table_room)
        return true;
    size_t room = self->table_room ? self->table_room * 2 : 512;
    uint32_t *table = calloc (room, sizeof *table);
    if (!table)
        return false;
    for (size_t at = 0; at < self->seen_count; at++) {
        size_t place = s_hash (self->seen + at * width, width) & (room - 1);
        while (table[place])
            place = (place + 1) & (room - 1);
        table[place] = (uint32_t) at + 1;
    }
    free (self->table);
    self->table = table;
    self->table_room = room;
    return true;
}

//  1: the present mask with this value is new, and remembered; 0: it led nowhere before; -1: no memory.
static int
s_remember (s_search_t *self, int64_t value)
{
    size_t width = self->words + 1;
    if (!s_make_room (self))
        return -1;
    uint64_t *fresh = self->seen + self->seen_count * width;
    memcpy (fresh, self->mask, self->words * sizeof *fresh);
    fresh[self->words] = (uint64_t) value;
    size_t place = s_hash (fresh, width) & (self->table_room - 1);
    for (; self->table[place]; place = (place + 1) & (self->table_room - 1))
        if (memcmp (self->seen + (self->table[place] - 1) * width, fresh, width * sizeof *fresh) == 0)
            return 0;
    self->table[place] = (uint32_t) ++self->seen_count;
    return 1;
}

//  ------------------------------------------------------------------------------------------------
//  The search

static void
s_unlink (s_search_t *self, uint32_t at)
{
    s_entry_t *entry = &self->entries[at];
    self->entries[entry->prev].next = entry->next;
    if (entry->next != S_NONE)
        self->entries[entry->next].prev = entry->prev;
}

//  The opposite, in the opposite order.
static void
s_relink (s_search_t *self, uint32_t at)
{
    s_entry_t *entry = &self->entries[at];
    if (entry->next != S_NONE)
        self->entries[entry->next].prev = at;
    self->entries[entry->prev].next = at;
}

static void
s_lift (s_search_t *self, uint32_t call)
{
    s_unlink (self, call);
    if (self->entries[call].other != S_NONE)
        s_unlink (self, self->entries[call].other);
    self->mask[self->entries[call].event / 64] |= UINT64_C (1) << self->entries[call].event % 64;
}

static void
s_unlift (s_search_t *self, uint32_t call)
{
    self->mask[self->entries[call].event / 64] &= ~(UINT64_C (1) << self->entries[call].event % 64);
    if (self->entries[call].other != S_NONE)
        s_relink (self, self->entries[call].other);
    s_relink (self, call);
}

//  Of operations that are the same and were never answered, the earlier one goes first: where the later
//  one fits, so does it.
static bool
s_waits_for_twin (const s_search_t *self, uint32_t event)
{
    uint32_t twin = self->twins[event];
    return twin != S_NONE && !(self->mask[twin / 64] >> twin % 64 & 1);
}

static void
s_find_twins (s_search_t *self)
{
    for (uint32_t at = 0; at < self->count; at++) {
        const linear_event_t *event = &self->events[at];
        uint32_t twin = event->returned == LINEAR_NEVER ? at : 0;
        self->twins[at] = S_NONE;
        while (twin-- > 0 && self->twins[at] == S_NONE) {
            const linear_event_t *before = &self->events[twin];
            if (before->returned == LINEAR_NEVER && before->op == event->op && before->value == event->value
                && (event->op != LINEAR_CAS || before->expected == event->expected))
                self->twins[at] = twin;
        }
    }
}

//  stuck: the event whose return ended the longest attempt.
static linear_verdict_t
s_search (s_search_t *self, uint32_t complete, uint64_t work_max, uint32_t *stuck)
{
    int64_t value = LINEAR_ABSENT;
    uint32_t done = 0, longest = 0;
    uint32_t at = self->entries[0].next;
    while (done < complete) {
        if (work_max-- == 0)
            return LINEAR_UNDECIDED;
        int64_t after;
        bool is_call = at != S_NONE && self->entries[at].is_call;
        bool waits = is_call && s_waits_for_twin (self, self->entries[at].event);
        if (is_call && !waits && s_apply (&self->events[self->entries[at].event], value, &after)) {
            s_lift (self, at);
            int fresh = s_remember (self, after);
            if (fresh < 0)
                return LINEAR_UNDECIDED;
            if (fresh) {
                done += self->entries[at].other != S_NONE;
                self->values[self->depth] = value;
                self->stack[self->depth++] = at;
                value = after;
                at = self->entries[0].next;
                continue;
            }
            s_unlift (self, at);
        }
        if (is_call) {
            at = self->entries[at].next;
            continue;
        }
        //  A return whose call is not in the order yet: the last choice was wrong
        if (at != S_NONE && done >= longest) {
            longest = done;
            *stuck = self->entries[at].event;
        }
        if (self->depth == 0)
            return LINEAR_NO;
        at = self->stack[--self->depth];
        value = self->values[self->depth];
        done -= self->entries[at].other != S_NONE;
        s_unlift (self, at);
        at = self->entries[at].next;
    }
    return LINEAR_YES;
}

typedef struct {
    uint64_t time;
    uint32_t event;
    bool is_call;
} s_moment_t;

//  By time; calls before returns.
static int
s_compare_moments (const void *a, const void *b)
{
    const s_moment_t *one = a, *two = b;
    if (one->time != two->time)
        return one->time < two->time ? -1 : 1;
    if (one->is_call != two->is_call)
        return one->is_call ? -1 : 1;
    return one->event < two->event ? -1 : one->event > two->event;
}

//  Builds the list. Returns how many operations were answered; *moments is memory to work in.
static uint32_t
s_fill (s_search_t *self, s_moment_t *moments)
{
    uint32_t count = 0, complete = 0;
    for (uint32_t at = 0; at < self->count; at++) {
        assert (self->events[at].called <= self->events[at].returned);
        moments[count++] = (s_moment_t) { self->events[at].called, at, true };
        if (self->events[at].returned != LINEAR_NEVER) {
            moments[count++] = (s_moment_t) { self->events[at].returned, at, false };
            complete++;
        }
    }
    qsort (moments, count, sizeof *moments, s_compare_moments);
    for (uint32_t at = 0; at < self->count; at++)
        self->stack[at] = S_NONE; // For a moment: where each event's call stands
    self->entries[0] = (s_entry_t) { .next = count ? 1 : S_NONE };
    for (uint32_t at = 0; at < count; at++) {
        uint32_t event = moments[at].event;
        self->entries[at + 1] = (s_entry_t) { .event = event,
                                              .other = S_NONE,
                                              .prev = at,
                                              .next = at + 1 < count ? at + 2 : S_NONE,
                                              .is_call = moments[at].is_call };
        if (moments[at].is_call)
            self->stack[event] = at + 1;
        else {
            self->entries[at + 1].other = self->stack[event];
            self->entries[self->stack[event]].other = at + 1;
        }
    }
    return complete;
}

static linear_verdict_t
s_check_key (const linear_event_t *events, uint32_t count, uint64_t work_max, uint32_t *stuck)
{
    s_search_t self = { .events = events, .count = count, .words = (count + 63) / 64 };
    s_moment_t *moments = calloc (2 * (size_t) count + 1, sizeof *moments);
    self.entries = calloc (2 * (size_t) count + 1, sizeof *self.entries);
    self.twins = calloc (count, sizeof *self.twins);
    self.stack = calloc (count, sizeof *self.stack);
    self.values = calloc (count, sizeof *self.values);
    self.mask = calloc (self.words, sizeof *self.mask);
    linear_verdict_t verdict = LINEAR_UNDECIDED;
    if (moments && self.entries && self.twins && self.stack && self.values && self.mask) {
        s_find_twins (&self);
        uint32_t complete = s_fill (&self, moments);
        verdict = s_search (&self, complete, work_max, stuck);
    }
    free (moments);
    free (self.entries);
    free (self.twins);
    free (self.stack);
    free (self.values);
    free (self.mask);
    free (self.seen);
    free (self.table);
    return verdict;
}

static int
s_compare_events (const void *a, const void *b)
{
    const linear_event_t *one = a, *two = b;
    if (one->key != two->key)
        return one->key < two->key ? -1 : 1;
    if (one->called != two->called)
        return one->called < two->called ? -1 : 1;
    if (one->returned != two->returned)
        return one->returned < two->returned ? -1 : 1;
    return one->client < two->client ? -1 : one->client > two->client;
}

linear_verdict_t
linear_check (linear_event_t *events, size_t count, uint64_t work_max, uint32_t *key, size_t *stuck)
{
    if (count == 0)
        return LINEAR_YES;
    qsort (events, count, sizeof *events, s_compare_events);
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && events[end].key == events[first].key;)
            end++;
        uint32_t at = 0;
        linear_verdict_t verdict = s_check_key (events + first, (uint32_t) (end - first), work_max, &at);
        if (verdict != LINEAR_YES) {
            if (key)
                *key = events[first].key;
            if (stuck)
                *stuck = first + at;
            return verdict;
        }
    }
    return LINEAR_YES;
}

static const char *
s_number (int64_t value, char text[24])
{
    if (value == LINEAR_ABSENT)
        return "nothing";
    snprintf (text, 24, "%" PRId64, value);
    return text;
}

void
linear_print (const linear_event_t *event, char *text, size_t size)
{
    static const char *const s_ops[] = { "GET",  "PUT",  "PUT NX", "DEL",   "CAS",
                                         "INCR", "LOCK", "UNLOCK", "LEASE", "EXPIRE" };
    static const char *const s_statuses[] = { "OK", "NOTFOUND", "MISMATCH", "EXISTS" };
    char expected[24], value[24], result[24];
    bool known = event->returned != LINEAR_NEVER;
    snprintf (text, size, "key %" PRIu32 " client %" PRIu32 " [%" PRIu64 ", %" PRIu64 "] %s%s%s %s -> %s %s",
              event->key, event->client, event->called, known ? event->returned : 0, s_ops[event->op],
              event->op == LINEAR_CAS ? " " : "",
              event->op == LINEAR_CAS ? s_number (event->expected, expected) : "",
              event->op == LINEAR_GET || event->op == LINEAR_DEL ? "" : s_number (event->value, value),
              known ? s_statuses[event->status] : "unknown", known ? s_number (event->result, result) : "");
}
