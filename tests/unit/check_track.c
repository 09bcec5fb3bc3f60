//  track: who has read a key is told when it changes, once, and of nothing else; however many keys and
//  clients there are.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/test.h"
#include "mem.h"
#include "replica/effect.h"
#include "track.h"
#include "wire.h"

#define S_CLIENTS 4
#define S_KEYS 50
#define S_MAPS 2
#define S_PARTITIONS 5

static track_t *s_track;
static stats_t s_counters;

//  What clients have, as far as they know.
typedef struct {
    bool has[S_MAPS][S_KEYS];
    uint64_t pushes;
    unsigned told, cleared; // Keys by name; times that everything was said to be no good
    flow_sent_t refusal;    // FLOW_SENT: none
    char before[32];
} s_client_t;
static s_client_t s_clients[S_CLIENTS];

static bytes_t
s_map (unsigned number)
{
    return bytes_str (number ? "other" : "map");
}

static bytes_t
s_key (unsigned number)
{
    static char s_texts[4][16];
    static unsigned s_turn;
    char *text = s_texts[s_turn++ % 4];
    snprintf (text, sizeof s_texts[0], "k%u", number);
    return bytes_str (text);
}

static void
s_forget_partition (s_client_t *client, unsigned map, uint64_t partition)
{
    for (unsigned key = (unsigned) partition; key < S_KEYS; key += S_PARTITIONS)
        client->has[map][key] = false;
}

//  [map or nil, key or partition…]
static void
s_take_what (s_client_t *client, mp_t *reader)
{
    uint32_t count;
    bytes_t map, key;
    uint64_t partition;
    mp_t before = *reader;
    mp_token_t token;
    ck_assert (mp_next (reader, &token));
    if (token.kind == MP_NIL) {
        memset (client->has, 0, sizeof client->has);
        client->cleared++;
        return;
    }
    *reader = before;
    ck_assert (mp_array (reader, &count) && count > 1);
    bool named = mp_bytes (reader, &map);
    if (!named)
        ck_assert (mp_next (reader, &token) && token.kind == MP_NIL);
    for (uint32_t at = 1; at < count; at++) {
        if (mp_uint (reader, &partition)) {
            for (unsigned number = 0; number < S_MAPS; number++)
                if (!named || bytes_equal (map, s_map (number)))
                    s_forget_partition (client, number, partition);
            continue;
        }
        ck_assert (mp_bytes (reader, &key) && named);
        client->told++;
        char text[16];
        snprintf (text, sizeof text, "%.*s", (int) key.size, (const char *) key.data);
        unsigned long number = strtoul (text + 1, NULL, 10);
        if (number < S_KEYS)
            client->has[bytes_equal (map, s_map (1))][number] = false;
    }
}

static flow_sent_t
s_send (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    (void) arg;
    s_client_t *client = &s_clients[route.data[0] - 'a'];
    if (client->refusal != FLOW_SENT)
        return client->refusal;
    client->before[0] = 0;
    for (size_t at = 0; at + 1 < count; at++) {
        strncat (client->before, (const char *) frames[at].data, frames[at].size);
        strcat (client->before, ".");
    }
    mp_t reader;
    ck_assert (wire_open (frames[count - 1], &reader));
    while (!mp_at_end (&reader)) {
        uint32_t elements;
        uint64_t zero, number;
        bytes_t event;
        mp_token_t token;
        ck_assert (mp_array (&reader, &elements) && elements == 5 && mp_uint (&reader, &zero) && zero == 0);
        ck_assert (mp_bytes (&reader, &event) && bytes_equal (event, bytes_str ("INVALIDATE")));
        s_take_what (client, &reader);
        ck_assert (mp_uint (&reader, &number) && mp_next (&reader, &token) && token.kind == MP_NIL);
        ck_assert_uint_eq (number, ++client->pushes);
    }
    return FLOW_SENT;
}

static void
s_open (uint32_t keys_max, size_t bytes_max)
{
    track_config_t config = { keys_max, bytes_max, S_CLIENTS };
    memset (s_clients, 0, sizeof s_clients);
    memset (&s_counters, 0, sizeof s_counters);
    s_track = track_new (&config, &s_counters);
    ck_assert_ptr_nonnull (s_track);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    track_destroy (&s_track);
}

//  A poor hash, so that keys share buckets and hashes.
static uint64_t
s_hash (unsigned key)
{
    return key / 3;
}

static bool
s_read (unsigned client, unsigned map, unsigned key)
{
    uint8_t route = (uint8_t) ('a' + client);
    track_client_t given = { bytes_of (&route, 1), NULL, 0 };
    bool added = track_add (s_track, &given, s_map (map), s_key (key), s_hash (key), key % S_PARTITIONS);
    if (added && key < S_KEYS)
        s_clients[client].has[map][key] = true;
    return added;
}

static void
s_change (feed_kind_t kind, unsigned map, unsigned key)
{
    feed_change_t change = { .kind = (uint8_t) kind, .partition = key % S_PARTITIONS };
    if (kind != FEED_GONE)
        change.map = s_map (map);
    if (kind == FEED_PUT || kind == FEED_REMOVE)
        change.key = s_key (key);
    track_change (s_track, &change, s_hash (key));
}

static uint64_t
s_roll (uint64_t *dice, uint64_t sides)
{
    *dice = *dice * 6364136223846793005 + 1442695040888963407;
    return (*dice >> 33) % sides;
}

START_TEST (who_has_read_is_told_of_changes_and_of_nothing_else)
{
    static bool s_good[S_CLIENTS][S_MAPS][S_KEYS];
    uint64_t dice = 9;
    s_open (10000, 1u << 20);
    for (int step = 0; step < 30000; step++) {
        unsigned client = (unsigned) s_roll (&dice, S_CLIENTS), map = (unsigned) s_roll (&dice, S_MAPS);
        unsigned key = (unsigned) s_roll (&dice, S_KEYS), what = (unsigned) s_roll (&dice, 1000);
        if (what < 600) {
            ck_assert (s_read (client, map, key));
            s_good[client][map][key] = true;
            continue;
        }
        feed_kind_t kind = what < 800   ? FEED_PUT
                           : what < 950 ? FEED_REMOVE
                           : what < 953 ? FEED_DESTROY
                                        : FEED_GONE;
        if (what < 955) {
            s_change (kind, map, key);
            for (unsigned c = 0; c < S_CLIENTS; c++)
                for (unsigned m = 0; m < S_MAPS; m++)
                    for (unsigned k = 0; k < S_KEYS; k++)
                        if ((kind == FEED_GONE && k % S_PARTITIONS == key % S_PARTITIONS)
                            || (kind == FEED_DESTROY && m == map && k % S_PARTITIONS == key % S_PARTITIONS)
                            || (kind < FEED_DESTROY && m == map && k == key))
                            s_good[c][m][k] = false;
        }
        ck_assert_uint_eq (track_turn (s_track, s_send, NULL), UINT64_MAX);
        for (unsigned c = 0; c < S_CLIENTS; c++)
            for (unsigned m = 0; m < S_MAPS; m++)
                for (unsigned k = 0; k < S_KEYS; k++)
                    if (s_clients[c].has[m][k] != s_good[c][m][k])
                        ck_abort_msg ("client %u, map %u, key %u", c, m, k);
    }
    for (unsigned c = 0; c < S_CLIENTS; c++)
        ck_assert (s_clients[c].told > 300 && s_clients[c].cleared == 0);
}
END_TEST

START_TEST (the_key_read_longest_ago_makes_room_and_its_reader_is_told)
{
    s_open (10, 1u << 20);
    for (unsigned key = 0; key < 10; key++)
        s_read (key % 2, 0, key);
    s_read (0, 0, 0); // Again: now it is the youngest
    s_read (0, 0, 10);
    s_read (0, 0, 11);
    ck_assert_uint_eq (track_keys (s_track), 10);
    ck_assert_uint_eq (s_counters.tracked, 10);
    ck_assert_uint_eq (s_counters.track_dropped, 2);
    track_turn (s_track, s_send, NULL);
    ck_assert (s_clients[0].has[0][0] && !s_clients[1].has[0][1] && !s_clients[0].has[0][2]);
    ck_assert (s_clients[1].has[0][3] && s_clients[0].told == 1 && s_clients[1].told == 1);
    //  Bytes as well
    track_destroy (&s_track);
    s_open (1000, 2000);
    for (unsigned key = 0; key < 50; key++)
        s_read (0, 0, key);
    ck_assert_uint_lt (track_keys (s_track), 40);
    uint8_t route = 'a';
    static uint8_t s_large[3000];
    track_client_t given = { bytes_of (&route, 1), NULL, 0 };
    ck_assert (!track_add (s_track, &given, s_map (0), bytes_of (s_large, sizeof s_large), 1, 1));
}
END_TEST

START_TEST (a_hundred_thousand_keys_stay_within_their_bounds)
{
    enum { MOST = 20000, MANY = 100000 };
    s_open (MOST, 4u << 20);
    for (unsigned key = 0; key < MANY; key++) {
        ck_assert (s_read (key % S_CLIENTS, 0, S_KEYS + key));
        if (key % 100 == 0)
            track_turn (s_track, s_send, NULL);
    }
    ck_assert_uint_eq (track_keys (s_track), MOST);
    ck_assert_uint_eq (s_counters.track_dropped, MANY - MOST);
    track_turn (s_track, s_send, NULL);
    unsigned told = 0;
    for (unsigned client = 0; client < S_CLIENTS; client++)
        told += s_clients[client].told;
    ck_assert_uint_eq (told, MANY - MOST);
}
END_TEST

START_TEST (who_takes_nothing_is_told_that_nothing_is_good)
{
    s_open (100000, 16u << 20);
    s_clients[0].refusal = s_clients[1].refusal = FLOW_FULL;
    enum { MANY = 20000 }; // More than TRACK_WAITING_MAX holds
    for (unsigned key = 0; key < MANY; key++)
        s_read (0, 0, key);
    s_read (1, 0, 1);
    s_read (2, 0, 2);
    for (unsigned key = 0; key < MANY; key++)
        s_change (FEED_PUT, 0, key);
    ck_assert_uint_eq (track_keys (s_track), 0);
    ck_assert_uint_eq (track_turn (s_track, s_send, NULL), TRACK_RETRY_MS);
    ck_assert (s_clients[0].has[0][1] && s_clients[1].has[0][1] && !s_clients[2].has[0][2]);
    s_clients[0].refusal = s_clients[1].refusal = FLOW_SENT;
    s_read (0, 0, 3); // Meanwhile; it is not good either, to be sure
    ck_assert_uint_eq (track_turn (s_track, s_send, NULL), UINT64_MAX);
    ck_assert (!s_clients[0].has[0][1] && !s_clients[0].has[0][3] && !s_clients[1].has[0][1]);
    ck_assert_uint_eq (s_clients[0].cleared, 1);
    ck_assert_uint_eq (s_clients[1].cleared, 0);
    //  The same if nobody knows what changed
    s_read (0, 0, 4);
    track_lost (s_track);
    track_turn (s_track, s_send, NULL);
    ck_assert (s_clients[0].cleared == 2 && s_clients[2].cleared == 0);
    ck_assert_uint_eq (track_keys (s_track), 0);
}
END_TEST

START_TEST (who_is_gone_is_forgotten_with_its_keys)
{
    s_open (1000, 1u << 20);
    for (unsigned client = 0; client < S_CLIENTS; client++)
        for (unsigned key = 0; key < 20; key++)
            s_read (client, 0, key);
    s_clients[1].refusal = FLOW_GONE;
    s_change (FEED_REMOVE, 0, 7);
    ck_assert_uint_eq (track_turn (s_track, s_send, NULL), UINT64_MAX);
    ck_assert_uint_eq (track_keys (s_track), (S_CLIENTS - 1) * 19);
    //  Its place is free; beyond that there is none, until somebody has nothing left
    uint8_t route = 'z';
    track_client_t given = { bytes_of (&route, 1), NULL, 0 };
    s_clients[1].refusal = FLOW_SENT;
    s_clients[1].pushes = 0;
    ck_assert (s_read (1, 0, 1));
    ck_assert (!track_add (s_track, &given, s_map (0), s_key (1), s_hash (1), 1));
    s_change (FEED_PUT, 0, 1);
    ck_assert (!track_add (s_track, &given, s_map (0), s_key (1), s_hash (1), 1));
    track_turn (s_track, s_send, NULL);
    ck_assert (track_add (s_track, &given, s_map (0), s_key (1), s_hash (1), 1));
}
END_TEST

START_TEST (a_push_bears_the_frames_of_who_asked)
{
    s_open (10, 10000);
    bytes_t envelope[] = { bytes_str ("outer"), bytes_of (NULL, 0) };
    static uint8_t s_many[100];
    bytes_t large[] = { bytes_of (s_many, sizeof s_many) };
    track_client_t given = { bytes_str ("a"), envelope, 2 };
    ck_assert (track_add (s_track, &given, s_map (0), s_key (1), s_hash (1), 1));
    s_change (FEED_PUT, 0, 1);
    track_turn (s_track, s_send, NULL);
    ck_assert_str_eq (s_clients[0].before, "outer..");
    given = (track_client_t) { bytes_str ("b"), large, 1 };
    ck_assert (!track_add (s_track, &given, s_map (0), s_key (1), s_hash (1), 1));
}
END_TEST

START_TEST (without_memory_nobody_is_left_with_what_is_not_good)
{
    for (uint64_t fail = 1; fail < 40; fail++) {
        s_open (100, 1u << 20);
        s_read (0, 0, 1);
        mem_fail_at (fail);
        bool added = s_read (1, 0, 1);
        s_read (0, 1, 3);
        s_change (FEED_PUT, 0, 1);
        s_change (FEED_DESTROY, 1, 3);
        track_turn (s_track, s_send, NULL);
        mem_fail_at (0);
        track_turn (s_track, s_send, NULL);
        ck_assert (!s_clients[0].has[0][1] && !s_clients[0].has[1][3]);
        ck_assert (!added || !s_clients[1].has[0][1]);
        track_destroy (&s_track);
    }
    mem_fail_at (1);
    track_config_t config = { 1, 1, 1 };
    ck_assert_ptr_null (track_new (&config, &s_counters));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("track");
    TCase *tcase = tcase_create ("keys");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_add_test (tcase, who_has_read_is_told_of_changes_and_of_nothing_else);
    tcase_add_test (tcase, the_key_read_longest_ago_makes_room_and_its_reader_is_told);
    tcase_add_test (tcase, a_hundred_thousand_keys_stay_within_their_bounds);
    tcase_add_test (tcase, who_takes_nothing_is_told_that_nothing_is_good);
    tcase_add_test (tcase, who_is_gone_is_forgotten_with_its_keys);
    tcase_add_test (tcase, a_push_bears_the_frames_of_who_asked);
    tcase_add_test (tcase, without_memory_nobody_is_left_with_what_is_not_good);
    suite_add_tcase (suite, tcase);
    return suite;
}
