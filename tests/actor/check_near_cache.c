//  check_near_cache: what a client with a near cache reads is never older than it may be, whoever writes and
//  whatever fails; what it has written it reads.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <zgrid.h>

#include "lib/fake_server.h"
#include "lib/test.h"

#define S_HOUR 3600000u

static zgrid_node_t *s_nodes[3];
static zgrid_client_t *s_near, *s_other;

static uint64_t
s_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

static zgrid_node_t *
s_node (const char *name, const char *seeds)
{
    const char *settings[][2] = { { "node.name", name },
                                  { "node.client", "tcp://127.0.0.1:*" },
                                  { "node.peer", "tcp://127.0.0.1:*" },
                                  { "cluster.seeds", seeds },
                                  { "cluster.partitions", "16" },
                                  { "cluster.lease", "5000" },
                                  { "storage.actors", "2" },
                                  { "log.level", "error" } };
    zgrid_node_t *node = zgrid_node_new ();
    ck_assert_ptr_nonnull (node);
    for (size_t at = 0; at < sizeof settings / sizeof settings[0]; at++)
        ck_assert_int_eq (zgrid_node_set (node, settings[at][0], settings[at][1]), ZGRID_OK);
    int status = zgrid_node_start (node);
    ck_assert_msg (status == ZGRID_OK, "%s: %s", name, zgrid_node_error (node));
    return node;
}

static zgrid_client_t *
s_client (const char *endpoint)
{
    zgrid_client_t *client;
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = endpoint;
    ck_assert_int_eq (zgrid_client_new (&client, &options), ZGRID_OK);
    return client;
}

static void
s_cache (zgrid_client_t *client, uint32_t max_age_ms, uint32_t max_entries)
{
    zgrid_near_cache_t options = ZGRID_NEAR_CACHE_INIT;
    options.max_age_ms = max_age_ms;
    options.max_entries = max_entries;
    ck_assert_int_eq (zgrid_client_near_cache (client, &options), ZGRID_OK);
}

static zgrid_near_cache_stats_t
s_stats (const zgrid_client_t *client)
{
    zgrid_near_cache_stats_t stats = { .size = sizeof stats };
    zgrid_client_near_cache_stats (client, &stats);
    return stats;
}

static void
s_set_up (void)
{
    s_nodes[0] = s_node ("one", "");
    s_near = s_client (zgrid_node_endpoint (s_nodes[0]));
    s_other = s_client (zgrid_node_endpoint (s_nodes[0]));
    s_cache (s_near, S_HOUR, 0);
}

static void
s_tear_down (void)
{
    zgrid_client_destroy (&s_near);
    zgrid_client_destroy (&s_other);
    zgrid_node_destroy (&s_nodes[0]);
}

//  Text, "" for none.
static const char *
s_get (zgrid_client_t *client, const char *key)
{
    static char s_text[64];
    zgrid_entry_t entry;
    int status = zgrid_client_get (client, "m", zgrid_str (key), NULL, &entry);
    ck_assert_msg (status == ZGRID_OK || status == ZGRID_NOTFOUND, "%s: %s", key,
                   zgrid_client_error (client));
    ck_assert (status == ZGRID_NOTFOUND || entry.version > 0);
    snprintf (s_text, sizeof s_text, "%.*s", (int) entry.value.size,
              entry.value.size ? (const char *) entry.value.data : "");
    return s_text;
}

static void
s_put (zgrid_client_t *client, const char *key, const char *value)
{
    ck_assert_int_eq (zgrid_client_put (client, "m", zgrid_str (key), zgrid_str (value), NULL, NULL),
                      ZGRID_OK);
}

//  Copies last an hour here: who sees a change was told of it.
static void
s_await (const char *key, const char *value)
{
    while (strcmp (s_get (s_near, key), value) != 0)
        ;
}

START_TEST (what_was_read_is_not_asked_again)
{
    s_put (s_other, "a", "1");
    ck_assert_str_eq (s_get (s_near, "a"), "1");
    ck_assert_str_eq (s_get (s_near, "none"), "");
    for (int count = 0; count < 10; count++) {
        ck_assert_str_eq (s_get (s_near, "a"), "1");
        ck_assert_str_eq (s_get (s_near, "none"), "");
    }
    ck_assert (s_stats (s_near).hits == 20 && s_stats (s_near).misses == 2);
    ck_assert_uint_eq (s_stats (s_near).entries, 2);
    //  In all forms
    zgrid_bytes_t keys[] = { zgrid_str ("a"), zgrid_str ("b"), zgrid_str ("none") };
    zgrid_entry_t entries[3];
    s_put (s_other, "b", "2");
    ck_assert_int_eq (zgrid_client_mget (s_near, "m", keys, 3, entries), ZGRID_OK);
    ck_assert (entries[0].status == ZGRID_OK && entries[0].value.size == 1
               && memcmp (entries[0].value.data, "1", 1) == 0);
    ck_assert (entries[1].value.size == 1 && entries[2].status == ZGRID_NOTFOUND);
    ck_assert (s_stats (s_near).hits == 22 && s_stats (s_near).misses == 3);
    zgrid_future_t *future = zgrid_client_get_future (s_near, "m", keys[1], NULL);
    ck_assert (zgrid_future_done (future));
    ck_assert (zgrid_future_entry (future)->value.size == 1
               && memcmp (zgrid_future_entry (future)->value.data, "2", 1) == 0);
    zgrid_future_destroy (&future);
    zgrid_pipeline_t *pipeline = zgrid_pipeline_new (s_near);
    for (int at = 0; at < 3; at++)
        zgrid_pipeline_get (pipeline, "m", keys[at], NULL);
    zgrid_pipeline_put (pipeline, "m", keys[0], zgrid_str ("3"), NULL);
    zgrid_pipeline_get (pipeline, "m", keys[0], NULL);
    ck_assert_int_eq (zgrid_pipeline_execute (pipeline, 0), ZGRID_OK);
    ck_assert (memcmp (zgrid_pipeline_entry (pipeline, 0)->value.data, "1", 1) == 0);
    ck_assert_int_eq (zgrid_pipeline_entry (pipeline, 2)->status, ZGRID_NOTFOUND);
    ck_assert (memcmp (zgrid_pipeline_entry (pipeline, 4)->value.data, "3", 1) == 0);
    ck_assert (s_stats (s_near).hits == 26 && s_stats (s_near).misses == 4);
    zgrid_pipeline_destroy (&pipeline);
}
END_TEST

START_TEST (whoever_wants_it_fresh_asks_the_owner)
{
    s_put (s_other, "a", "1");
    s_get (s_near, "a");
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.fresh = true;
    zgrid_entry_t entry;
    for (int round = 0; round < 50; round++) {
        char value[8];
        snprintf (value, sizeof value, "%d", round);
        s_put (s_other, "a", value);
        ck_assert_int_eq (zgrid_client_get (s_near, "m", zgrid_str ("a"), &options, &entry), ZGRID_OK);
        ck_assert (entry.value.size == strlen (value)
                   && memcmp (entry.value.data, value, strlen (value)) == 0);
    }
    options.fresh = false;
    options.want_ttl = true;
    ck_assert_int_eq (zgrid_client_get (s_near, "m", zgrid_str ("a"), &options, &entry), ZGRID_OK);
    ck_assert_int_eq (entry.ttl_ms, -1);
    ck_assert_uint_eq (s_stats (s_near).hits, 0);
    //  Other maps than those that were named
    const char *maps[] = { "other", NULL };
    zgrid_near_cache_t near = ZGRID_NEAR_CACHE_INIT;
    near.maps = maps;
    ck_assert_int_eq (zgrid_client_near_cache (s_near, &near), ZGRID_OK);
    s_get (s_near, "a");
    s_get (s_near, "a");
    ck_assert_uint_eq (s_stats (s_near).entries, 0);
    ck_assert_int_eq (zgrid_client_get (s_near, "other", zgrid_str ("a"), NULL, NULL), ZGRID_NOTFOUND);
    ck_assert_int_eq (zgrid_client_get (s_near, "other", zgrid_str ("a"), NULL, NULL), ZGRID_NOTFOUND);
    ck_assert (s_stats (s_near).entries == 1 && s_stats (s_near).hits == 1);
    //  And none at all
    ck_assert_int_eq (zgrid_client_near_cache (s_near, NULL), ZGRID_OK);
    s_get (s_near, "a");
    ck_assert_uint_eq (s_stats (s_near).misses, 0);
    near.max_age_ms = S_HOUR + 1;
    ck_assert_int_eq (zgrid_client_near_cache (s_near, &near), ZGRID_MALFORMED);
}
END_TEST

START_TEST (what_others_do_is_seen_however_they_do_it)
{
    zgrid_bytes_t a = zgrid_str ("a");
    zgrid_options_t soon = ZGRID_OPTIONS_INIT;
    soon.ttl_ms = 100;
    ck_assert_str_eq (s_get (s_near, "a"), "");
    s_put (s_other, "a", "1");
    s_await ("a", "1");
    ck_assert_int_eq (zgrid_client_incr (s_other, "m", a, 4, NULL, NULL), ZGRID_OK);
    s_await ("a", "5");
    ck_assert_int_eq (zgrid_client_append (s_other, "m", a, zgrid_str ("6"), NULL), ZGRID_OK);
    s_await ("a", "56");
    ck_assert_int_eq (zgrid_client_del (s_other, "m", a, NULL, NULL), ZGRID_OK);
    s_await ("a", "");
    s_put (s_other, "a", "7");
    s_await ("a", "7");
    ck_assert_int_eq (zgrid_client_expire (s_other, "m", a, &soon), ZGRID_OK);
    s_await ("a", ""); // Its time is over
    s_put (s_other, "a", "8");
    s_await ("a", "8");
    ck_assert_int_eq (zgrid_client_destroy_map (s_other, "m", NULL), ZGRID_OK);
    s_await ("a", "");
    ck_assert_uint_ge (s_stats (s_near).invalidations, 8);
}
END_TEST

//  ------------------------------------------------------------------------------------------------

#define S_KEYS 40

static uint32_t
s_roll (uint32_t sides)
{
    static uint64_t s_state = 7;
    s_state = s_state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t) (s_state >> 33) % sides;
}

static char s_keys[S_KEYS][8];
static uint64_t s_values[S_KEYS]; // 0: absent

static void
s_check_value (unsigned key, const zgrid_entry_t *entry)
{
    char text[24] = "";
    ck_assert_int_eq (entry->status, s_values[key] ? ZGRID_OK : ZGRID_NOTFOUND);
    ck_assert_uint_lt (entry->value.size, sizeof text);
    if (entry->value.size)
        memcpy (text, entry->value.data, entry->value.size);
    ck_assert_msg (strtoull (text, NULL, 10) == s_values[key], "%s is not %" PRIu64, text, s_values[key]);
}

static void
s_read_many (void)
{
    zgrid_bytes_t keys[8];
    unsigned numbers[8];
    zgrid_entry_t entries[8];
    for (unsigned at = 0; at < 8; at++)
        keys[at] = zgrid_str (s_keys[numbers[at] = s_roll (S_KEYS)]);
    ck_assert_int_eq (zgrid_client_mget (s_near, "m", keys, 8, entries), ZGRID_OK);
    for (unsigned at = 0; at < 8; at++)
        s_check_value (numbers[at], &entries[at]);
}

//  Started at once, and read in the order in which they were started.
static void
s_futures (uint64_t step)
{
    zgrid_future_t *futures[6];
    unsigned numbers[6];
    uint64_t wanted[6];
    char value[24];
    for (unsigned at = 0; at < 6; at++) {
        unsigned key = numbers[at] = s_roll (S_KEYS / 8);
        bool writes = s_roll (2);
        snprintf (value, sizeof value, "%" PRIu64, step * 10 + at);
        futures[at] = writes ? zgrid_client_put_future (s_near, "m", zgrid_str (s_keys[key]),
                                                        zgrid_str (value), NULL)
                             : zgrid_client_get_future (s_near, "m", zgrid_str (s_keys[key]), NULL);
        if (writes)
            s_values[key] = step * 10 + at;
        wanted[at] = writes ? 0 : s_values[key];
        numbers[at] = writes ? S_KEYS : key;
    }
    for (unsigned at = 0; at < 6; at++) {
        ck_assert (zgrid_future_wait (futures[at], 0));
        const zgrid_entry_t *entry = zgrid_future_entry (futures[at]);
        if (numbers[at] < S_KEYS) {
            uint64_t now = s_values[numbers[at]];
            s_values[numbers[at]] = wanted[at];
            s_check_value (numbers[at], entry);
            s_values[numbers[at]] = now;
        } else
            ck_assert_int_eq (entry->status, ZGRID_OK);
        zgrid_future_destroy (&futures[at]);
    }
}

//  Names another key than the record's own.
static void
s_copy_to (unsigned key, unsigned other)
{
    zgrid_bytes_t source = zgrid_str (s_keys[key]), target = zgrid_str (s_keys[other]);
    int status = zgrid_client_call (s_near, "COPY", "m", &source, &target, NULL, NULL);
    ck_assert_int_eq (status, s_values[key] ? ZGRID_OK : ZGRID_NOTFOUND);
    if (status == ZGRID_OK)
        s_values[other] = s_values[key];
}

START_TEST (what_it_has_written_it_reads)
{
    memset (s_values, 0, sizeof s_values);
    for (unsigned key = 0; key < S_KEYS; key++) // Half of them share a partition
        snprintf (s_keys[key], sizeof s_keys[key], key % 2 ? "k%u" : "{k}%u", key);
    for (uint64_t step = 1; step <= 6000; step++) {
        unsigned key = s_roll (S_KEYS), what = s_roll (20);
        zgrid_bytes_t named = zgrid_str (s_keys[key]);
        char value[24];
        zgrid_entry_t entry;
        snprintf (value, sizeof value, "%" PRIu64, step * 10);
        if (what < 2) {
            s_put (s_near, s_keys[key], value);
            s_values[key] = step * 10;
        } else if (what == 2) {
            zgrid_client_del (s_near, "m", named, NULL, NULL);
            s_values[key] = 0;
        } else if (what == 3) {
            int64_t sum;
            ck_assert_int_eq (zgrid_client_incr (s_near, "m", named, 3, NULL, &sum), ZGRID_OK);
            s_values[key] = (uint64_t) sum;
        } else if (what == 4)
            s_futures (step);
        else if (what == 5 && s_roll (20) == 0) {
            ck_assert_int_eq (zgrid_client_destroy_map (s_near, "m", NULL), ZGRID_OK);
            memset (s_values, 0, sizeof s_values);
        } else if (what == 6)
            s_read_many ();
        else if (what == 7)
            s_copy_to (key & ~1u, s_roll (S_KEYS / 2) * 2);
        else {
            zgrid_client_get (s_near, "m", named, NULL, &entry);
            s_check_value (key, &entry);
        }
    }
    ck_assert_uint_gt (s_stats (s_near).hits, 2000);
}
END_TEST

START_TEST (a_hundred_thousand_keys_do_not_take_more_than_they_may)
{
    enum { MANY = 100000, ROUND = 1000 };
    s_cache (s_near, S_HOUR, 5000);
    zgrid_bytes_t keys[ROUND];
    static char s_texts[ROUND][12];
    zgrid_entry_t entries[ROUND];
    for (unsigned from = 0; from < MANY; from += ROUND) {
        for (unsigned at = 0; at < ROUND; at++) {
            snprintf (s_texts[at], sizeof s_texts[at], "k%u", from + at);
            keys[at] = zgrid_str (s_texts[at]);
        }
        ck_assert_int_eq (zgrid_client_mget (s_near, "m", keys, ROUND, entries), ZGRID_OK);
        ck_assert_uint_le (s_stats (s_near).entries, 5000);
    }
    ck_assert_uint_eq (s_stats (s_near).misses, MANY);
    //  The server remembers what it told it would; all of it is still told
    s_put (s_other, "k0", "v");
    s_put (s_other, "k99999", "v");
    s_await ("k0", "v");
    s_await ("k99999", "v");
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Nobody tells: age alone is what bounds

#define S_AGE 300

START_TEST (without_a_word_from_anybody_a_copy_is_never_too_old)
{
    fake_server_t *server = fake_server_new (2); // It pushes nothing
    s_near = s_client (fake_server_endpoint (server, 0));
    s_other = s_client (fake_server_endpoint (server, 0));
    s_cache (s_near, S_AGE, 0);
    unsigned stale = 0;
    for (unsigned round = 1; round <= 5; round++) {
        char value[8], old[8];
        snprintf (old, sizeof old, "%u", round - 1);
        snprintf (value, sizeof value, "%u", round);
        s_get (s_near, "a");
        s_put (s_other, "a", value);
        uint64_t written = s_clock ();
        for (;;) {
            uint64_t before = s_clock ();
            const char *found = s_get (s_near, "a");
            if (strcmp (found, value) == 0)
                break;
            ck_assert_str_eq (found, round == 1 ? "" : old);
            ck_assert_uint_le (before, written + S_AGE + 1);
            stale++;
        }
    }
    ck_assert_uint_gt (stale, 0); // Or nothing was tested
    //  The owner stands still: nothing is better than what is too old
    s_get (s_near, "a");
    uint64_t read = s_clock ();
    fake_server_set (server, FAKE_MUTE, 7);
    zgrid_options_t brief = ZGRID_OPTIONS_INIT;
    brief.timeout_ms = 50;
    int status;
    uint64_t before;
    do {
        before = s_clock ();
        status = zgrid_client_get (s_near, "m", zgrid_str ("a"), &brief, NULL);
        ck_assert (status != ZGRID_OK || before <= read + S_AGE + 1);
    } while (status == ZGRID_OK);
    ck_assert_int_eq (status, ZGRID_TIMEOUT);
    zgrid_client_destroy (&s_near);
    zgrid_client_destroy (&s_other);
    fake_server_destroy (&server);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  While partitions move

#define S_ROUNDS 65536

typedef struct {
    _Atomic uint64_t told_at[S_KEYS][S_ROUNDS]; // When that round's value had been written; 0: not yet
    _Atomic bool over;
    _Atomic uint64_t rounds;
} s_world_t;
static s_world_t s_world;

static void *
s_write (void *arg)
{
    zgrid_client_t *client = arg;
    for (uint64_t round = 1; round < S_ROUNDS && !atomic_load (&s_world.over); round++)
        for (unsigned key = 0; key < S_KEYS; key++) {
            char value[24];
            snprintf (value, sizeof value, "%" PRIu64, round);
            int status = zgrid_client_put (client, "m", zgrid_str (s_keys[key]), zgrid_str (value), NULL,
                                           NULL);
            assert (status == ZGRID_OK);
            atomic_store (&s_world.told_at[key][round], s_clock ());
            atomic_store (&s_world.rounds, round);
        }
    return NULL;
}

static void
s_read_for (uint64_t ms)
{
    uint64_t until = s_clock () + ms, rounds = atomic_load (&s_world.rounds) + 5;
    while (s_clock () < until || atomic_load (&s_world.rounds) < rounds) {
        unsigned key = s_roll (S_KEYS);
        uint64_t before = s_clock ();
        uint64_t found = strtoull (s_get (s_near, s_keys[key]), NULL, 10);
        //  If the next value was there for longer than copies last, this one must not be seen
        uint64_t next_at = found + 1 < S_ROUNDS ? atomic_load (&s_world.told_at[key][found + 1]) : 0;
        ck_assert_msg (next_at == 0 || before <= next_at + S_AGE + 1, "%" PRIu64 " ms too old",
                       before - next_at - S_AGE);
    }
}

START_TEST (while_partitions_move_a_copy_is_never_too_old)
{
    pthread_t writer;
    for (unsigned key = 0; key < S_KEYS; key++)
        snprintf (s_keys[key], sizeof s_keys[key], "k%u", key);
    s_nodes[1] = s_node ("two", zgrid_node_peer (s_nodes[0]));
    s_cache (s_near, S_AGE, 0);
    ck_assert_int_eq (pthread_create (&writer, NULL, s_write, s_other), 0);
    s_read_for (1500);
    s_nodes[2] = s_node ("three", zgrid_node_peer (s_nodes[0]));
    s_read_for (1500);
    zgrid_node_destroy (&s_nodes[1]);
    s_read_for (1500);
    atomic_store (&s_world.over, true);
    pthread_join (writer, NULL);
    ck_assert_uint_gt (s_stats (s_near).hits, 1000);
    zgrid_node_destroy (&s_nodes[2]);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("near cache");
    TCase *one = tcase_create ("one node");
    tcase_set_timeout (one, TEST_TIMEOUT);
    tcase_add_checked_fixture (one, s_set_up, s_tear_down);
    tcase_add_test (one, what_was_read_is_not_asked_again);
    tcase_add_test (one, whoever_wants_it_fresh_asks_the_owner);
    tcase_add_test (one, what_others_do_is_seen_however_they_do_it);
    tcase_add_test (one, what_it_has_written_it_reads);
    tcase_add_test (one, a_hundred_thousand_keys_do_not_take_more_than_they_may);
    tcase_add_test (one, while_partitions_move_a_copy_is_never_too_old);
    suite_add_tcase (suite, one);
    TCase *fake = tcase_create ("fake server");
    tcase_set_timeout (fake, TEST_TIMEOUT);
    tcase_add_test (fake, without_a_word_from_anybody_a_copy_is_never_too_old);
    suite_add_tcase (suite, fake);
    return suite;
}
