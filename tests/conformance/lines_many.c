//  lines_many: pipelines, futures, many keys, and whole maps.
//  SPDX-License-Identifier: MPL-2.0
#include <stdlib.h>

#include "conformance.h"

#define S_MANY 100

//  A key by its number, whoever owns it.
static zgrid_bytes_t
s_key (char *room, unsigned number)
{
    snprintf (room, 32, "%s:%u", number % 2 ? "odd" : "even", number);
    return zgrid_str (room);
}

//  Executes, and expects so many answers of that status.
static void
s_execute (subject_t *self, zgrid_pipeline_t *pipeline, int status)
{
    EXPECT_INT (self, zgrid_pipeline_execute (pipeline, 0), ZGRID_OK);
    EXPECT_INT (self, zgrid_pipeline_count (pipeline), S_MANY);
    for (size_t at = 0; at < S_MANY; at++)
        EXPECT_INT (self, zgrid_pipeline_entry (pipeline, at)->status, status);
}

static void
s_fill (subject_t *self)
{
    char room[32];
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->client);
    for (unsigned at = 0; at < S_MANY; at++) {
        zgrid_bytes_t key = s_key (room, at);
        EXPECT_INT (self, zgrid_pipeline_put (pipeline, self->map, key, key, NULL), (int) at);
    }
    s_execute (self, pipeline, ZGRID_OK);
    zgrid_pipeline_destroy (&pipeline);
}

void
pipelines_put_get_delete (subject_t *self)
{
    char room[32];
    s_fill (self);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->other);
    for (unsigned at = 0; at < S_MANY; at++)
        zgrid_pipeline_get (pipeline, self->map, s_key (room, at), NULL);
    s_execute (self, pipeline, ZGRID_OK);
    for (unsigned at = 0; at < S_MANY; at++)
        EXPECT_TEXT (self, zgrid_pipeline_entry (pipeline, at)->value, (s_key (room, at), room));
    zgrid_pipeline_reset (pipeline);
    for (unsigned at = 0; at < S_MANY; at++)
        zgrid_pipeline_del (pipeline, self->map, s_key (room, at), NULL);
    s_execute (self, pipeline, ZGRID_OK);
    zgrid_pipeline_reset (pipeline);
    for (unsigned at = 0; at < S_MANY; at++)
        zgrid_pipeline_get (pipeline, self->map, s_key (room, at), NULL);
    s_execute (self, pipeline, ZGRID_NOTFOUND);
    zgrid_pipeline_destroy (&pipeline);
}

void
pipelines_expire (subject_t *self)
{
    char room[32];
    s_fill (self);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->client);
    zgrid_bytes_t time = zgrid_str ("600");
    for (unsigned at = 0; at < S_MANY; at++) {
        zgrid_bytes_t key = s_key (room, at);
        zgrid_pipeline_call (pipeline, "EXPIRE", self->map, &key, &time, NULL);
    }
    s_execute (self, pipeline, ZGRID_OK);
    zgrid_pipeline_reset (pipeline);
    for (unsigned at = 0; at < S_MANY; at++) {
        zgrid_bytes_t key = s_key (room, at);
        zgrid_pipeline_call (pipeline, "TTL", self->map, &key, NULL, NULL);
    }
    s_execute (self, pipeline, ZGRID_OK);
    for (size_t at = 0; at < S_MANY; at++) {
        int64_t left = zgrid_pipeline_entry (pipeline, at)->integer;
        EXPECT (self, left > 300000 && left <= 600000);
    }
    zgrid_pipeline_destroy (&pipeline);
}

void
pipelines_count_in_order (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->client);
    for (int at = 0; at < S_MANY; at++)
        zgrid_pipeline_incr (pipeline, self->map, key, 1, NULL);
    s_execute (self, pipeline, ZGRID_OK);
    for (int at = 0; at < S_MANY; at++)
        EXPECT_INT (self, zgrid_pipeline_entry (pipeline, (size_t) at)->integer, at + 1);
    zgrid_pipeline_reset (pipeline);
    for (int at = 0; at < S_MANY; at++)
        zgrid_pipeline_incr (pipeline, self->map, key, -1, NULL);
    s_execute (self, pipeline, ZGRID_OK);
    for (int at = 0; at < S_MANY; at++)
        EXPECT_INT (self, zgrid_pipeline_entry (pipeline, (size_t) at)->integer, S_MANY - 1 - at);
    zgrid_pipeline_destroy (&pipeline);
}

void
pipelines_getput_and_add_decimals (subject_t *self)
{
    char room[32];
    s_fill (self);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->client);
    zgrid_bytes_t value = zgrid_str ("1.5");
    for (unsigned at = 0; at < S_MANY; at++) {
        zgrid_bytes_t key = s_key (room, at);
        zgrid_pipeline_call (pipeline, "GETPUT", self->map, &key, &value, NULL);
    }
    s_execute (self, pipeline, ZGRID_OK);
    for (unsigned at = 0; at < S_MANY; at++)
        EXPECT_TEXT (self, zgrid_pipeline_entry (pipeline, at)->value, (s_key (room, at), room));
    zgrid_pipeline_reset (pipeline);
    for (unsigned at = 0; at < S_MANY; at++) {
        zgrid_bytes_t key = s_key (room, at);
        zgrid_pipeline_call (pipeline, "INCRBYFLOAT", self->map, &key, &value, NULL);
    }
    s_execute (self, pipeline, ZGRID_OK);
    for (unsigned at = 0; at < S_MANY; at++)
        EXPECT_TEXT (self, zgrid_pipeline_entry (pipeline, at)->value, "3");
    zgrid_pipeline_destroy (&pipeline);
}

void
a_reset_pipeline_has_done_nothing (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->client);
    for (int at = 0; at < 10; at++)
        zgrid_pipeline_put (pipeline, self->map, key, zgrid_str ("v"), NULL);
    zgrid_pipeline_reset (pipeline);
    EXPECT_INT (self, zgrid_pipeline_execute (pipeline, 0), ZGRID_OK);
    EXPECT_INT (self, zgrid_pipeline_count (pipeline), 0);
    subject_lacks (self, self->client, key);
    zgrid_pipeline_destroy (&pipeline);
}

void
results_are_not_ready_before_execute (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->client);
    zgrid_pipeline_get (pipeline, self->map, key, NULL);
    EXPECT_INT (self, zgrid_pipeline_entry (pipeline, 0)->status, ZGRID_TRYAGAIN);
    EXPECT_INT (self, zgrid_pipeline_entry (pipeline, 1)->status, ZGRID_MALFORMED);
    zgrid_pipeline_destroy (&pipeline);
    zgrid_future_t *future = zgrid_client_get_future (self->client, self->map, key, NULL);
    EXPECT (self, future);
    EXPECT (self, zgrid_future_wait (future, 0) && zgrid_future_done (future));
    EXPECT_INT (self, zgrid_future_entry (future)->status, ZGRID_NOTFOUND);
    zgrid_future_destroy (&future);
}

void
a_pipeline_tells_each_failure_alone (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0), text = subject_key (self, 1), missing = subject_key (self, 2);
    EXPECT_INT (self, subject_put (self, text, "text"), ZGRID_OK);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (self->client);
    zgrid_pipeline_incr (pipeline, self->map, key, 1, NULL);
    zgrid_pipeline_incr (pipeline, self->map, text, 1, NULL);
    zgrid_pipeline_get (pipeline, self->map, missing, NULL);
    zgrid_pipeline_incr (pipeline, self->map, key, 1, NULL);
    EXPECT_INT (self, zgrid_pipeline_execute (pipeline, 0), ZGRID_PARTIAL);
    EXPECT_INT (self, zgrid_pipeline_entry (pipeline, 0)->integer, 1);
    EXPECT_INT (self, zgrid_pipeline_entry (pipeline, 1)->status, ZGRID_WRONGTYPE);
    EXPECT_INT (self, zgrid_pipeline_entry (pipeline, 2)->status, ZGRID_NOTFOUND);
    EXPECT_INT (self, zgrid_pipeline_entry (pipeline, 3)->integer, 2);
    zgrid_pipeline_destroy (&pipeline);
}

void
futures_answer_missing_keys (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0), value = zgrid_str ("v");
    zgrid_future_t *get = zgrid_client_get_future (self->client, self->map, key, NULL);
    zgrid_future_t *put = zgrid_client_call_future (self->client, "GETPUT", self->map, &key, &value, NULL);
    EXPECT (self, get && put && zgrid_future_wait (get, 0) && zgrid_future_wait (put, 0));
    EXPECT_INT (self, zgrid_future_entry (get)->status, ZGRID_NOTFOUND);
    EXPECT_INT (self, zgrid_future_entry (put)->status, ZGRID_OK);
    EXPECT (self, !zgrid_future_entry (put)->has_value);
    zgrid_future_destroy (&get);
    zgrid_future_destroy (&put);
}

void
mget_mput_mdel_answer_each_key (subject_t *self)
{
    char rooms[S_MANY][32];
    zgrid_bytes_t keys[S_MANY];
    zgrid_entry_t entries[S_MANY];
    uint64_t removed;
    for (unsigned at = 0; at < S_MANY; at++)
        keys[at] = s_key (rooms[at], at);
    EXPECT_INT (self, zgrid_client_mput (self->client, self->map, keys, keys, S_MANY / 2, NULL, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_mget (self->other, self->map, keys, S_MANY, entries), ZGRID_OK);
    for (unsigned at = 0; at < S_MANY; at++) {
        EXPECT_INT (self, entries[at].status, at < S_MANY / 2 ? ZGRID_OK : ZGRID_NOTFOUND);
        if (at < S_MANY / 2)
            EXPECT_TEXT (self, entries[at].value, rooms[at]);
    }
    EXPECT_INT (self, zgrid_client_mdel (self->other, self->map, keys, S_MANY, &removed), ZGRID_OK);
    EXPECT_INT (self, removed, S_MANY / 2);
}

//  ------------------------------------------------------------------------------------------------
//  Whole maps

//  Scans, and counts each key; returns how many there were.
static unsigned
s_scan (subject_t *self, const char *match, bool values, uint32_t page, unsigned *seen)
{
    zgrid_iterator_t *iterator = zgrid_iterator_new (self->client, self->map, match, values, page);
    zgrid_bytes_t key, value;
    unsigned count = 0;
    int status;
    memset (seen, 0, S_MANY * sizeof *seen);
    EXPECT (self, iterator);
    while ((status = zgrid_iterator_next (iterator, &key, &value)) == ZGRID_OK) {
        char text[32] = "", again[32];
        EXPECT (self, key.size < sizeof text);
        memcpy (text, key.data, key.size);
        const char *colon = strchr (text, ':');
        unsigned number = colon ? (unsigned) strtoul (colon + 1, NULL, 10) : S_MANY;
        EXPECT (self, number < S_MANY);
        EXPECT_TEXT (self, s_key (again, number), text);
        if (values)
            EXPECT_TEXT (self, value, text);
        seen[number]++;
        count++;
    }
    EXPECT_INT (self, status, ZGRID_NOTFOUND);
    zgrid_iterator_destroy (&iterator);
    return count;
}

//  All of them; once each where nobody comes or goes.
static void
s_saw_all (subject_t *self, const unsigned *seen, unsigned step)
{
    for (unsigned at = 0; at < S_MANY; at++) {
        if (at % step)
            EXPECT_INT (self, seen[at], 0);
        else if (self->members)
            EXPECT_INT (self, seen[at], 1);
        else
            EXPECT (self, seen[at] > 0);
    }
}

void
scan_returns_each_of_100_keys_once (subject_t *self)
{
    unsigned seen[S_MANY];
    s_fill (self);
    s_scan (self, NULL, false, 0, seen);
    s_saw_all (self, seen, 1);
}

void
scan_with_values_returns_them (subject_t *self)
{
    unsigned seen[S_MANY];
    s_fill (self);
    s_scan (self, NULL, true, 0, seen);
    s_saw_all (self, seen, 1);
}

void
scan_matches_exactly_the_even_half (subject_t *self)
{
    unsigned seen[S_MANY];
    s_fill (self);
    s_scan (self, "even:*", false, 0, seen);
    s_saw_all (self, seen, 2);
    EXPECT_INT (self, s_scan (self, "even:[1-2][^a-z]", false, 0, seen), 10);
}

void
scan_hides_what_has_expired (subject_t *self)
{
    char room[32];
    unsigned seen[S_MANY];
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    s_fill (self);
    options.ttl_ms = 20;
    for (unsigned at = 1; at < S_MANY; at += 2)
        EXPECT_INT (self, zgrid_client_expire (self->client, self->map, s_key (room, at), &options),
                    ZGRID_OK);
    //  Of several, any may be the last: a new owner gives each what it had left when it heard of it
    for (unsigned at = 1; at < S_MANY; at += 2)
        subject_await_absent (self, self->client, s_key (room, at), 20000);
    s_scan (self, NULL, false, 0, seen);
    s_saw_all (self, seen, 2);
}

void
scan_pages_are_of_the_size_asked_for (subject_t *self)
{
    unsigned seen[S_MANY];
    s_fill (self);
    s_scan (self, NULL, true, 5, seen);
    s_saw_all (self, seen, 1);
}

void
size_counts_entries_of_all_members (subject_t *self)
{
    uint64_t count;
    EXPECT_INT (self, zgrid_client_size (self->client, self->map, &count), ZGRID_OK);
    EXPECT_INT (self, count, 0);
    s_fill (self);
    EXPECT_INT (self, zgrid_client_size (self->other, self->map, &count), ZGRID_OK);
    EXPECT_INT (self, count, S_MANY);
}
