//  session, log, effect: random operations against plain models, and bytes from strangers.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/test.h"
#include "replica/effect.h"
#include "replica/oplog.h"
#include "mem.h"

//  0 … sides - 1, the same in every run (SplitMix64).
static uint64_t
s_roll (uint64_t *state, uint64_t sides)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return (z ^ (z >> 31)) % sides;
}

static request_key_t
s_key (unsigned era, unsigned number, uint64_t id, uint64_t ack)
{
    request_key_t key = { .id = id, .ack = ack };
    memset (key.session, 0, sizeof key.session);
    key.session[3] = (uint8_t) era;
    key.session[15] = (uint8_t) number;
    return key;
}

START_TEST (a_request_is_known_until_its_answer_is_acknowledged)
{
    sessions_t sessions = { .table = NULL };
    request_done_t done;
    request_key_t key = s_key (5, 1, 10, 0);
    ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_NEW);
    ck_assert (sessions_reserve (&sessions, &key));
    ck_assert (sessions_record (&sessions, &key, 100, bytes_str ("result")));
    ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_KNOWN);
    ck_assert_uint_eq (done.seq, 100);
    ck_assert (bytes_equal (done.result, bytes_str ("result")));
    //  Out of order, with a long result
    char text[3000];
    memset (text, 'x', sizeof text);
    request_key_t early = s_key (5, 1, 7, 0);
    ck_assert (sessions_record (&sessions, &early, 101, bytes_of (text, sizeof text)));
    ck_assert_int_eq (sessions_find (&sessions, &early, &done), REQUEST_KNOWN);
    ck_assert_uint_eq (done.result.size, sizeof text);
    //  Ids below the acknowledged one are forgotten, whether they were seen or not
    request_key_t late = s_key (5, 1, 12, 10);
    ck_assert (sessions_record (&sessions, &late, 102, bytes_of (NULL, 0)));
    ck_assert_int_eq (sessions_find (&sessions, &early, &done), REQUEST_STALE);
    ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_KNOWN);
    request_key_t unseen = s_key (5, 1, 8, 0);
    ck_assert_int_eq (sessions_find (&sessions, &unseen, &done), REQUEST_STALE);
    //  Eras
    sessions_raise_floor (&sessions, 6);
    ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_EXPIRED);
    ck_assert_uint_eq (sessions.count, 0);
    key = s_key (6, 1, 10, 0);
    ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_NEW);
    sessions_clear (&sessions);
    ck_assert_uint_eq (sessions.bytes, 0);
}
END_TEST

START_TEST (a_result_that_is_too_large_is_not_kept)
{
    sessions_t sessions = { .table = NULL };
    request_done_t done;
    static uint8_t text[SESSION_RESULT_MAX + 1];
    request_key_t key = s_key (1, 1, 1, 0);
    ck_assert (sessions_record (&sessions, &key, 1, bytes_of (text, sizeof text)));
    ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_KNOWN);
    ck_assert_uint_eq (done.result.size, 0);
    uint64_t kept = 0;
    for (uint64_t id = 2; id < 40; id++) {
        key = s_key (1, 1, id, 0);
        ck_assert (sessions_record (&sessions, &key, id, bytes_of (text, SESSION_RESULT_MAX)));
        ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_KNOWN);
        kept += done.result.size;
    }
    ck_assert_uint_eq (kept, SESSION_RESULTS_MAX);
    sessions_clear (&sessions);
}
END_TEST

START_TEST (copies_that_merge_in_any_order_are_equal)
{
    uint64_t dice = 7;
    sessions_t one = { .table = NULL }, other = { .table = NULL };
    uint64_t next[200] = { 0 }, seq = 0;
    buf_t encoded = BUF_INIT;
    for (int step = 0; step < 20000; step++) {
        unsigned number = (unsigned) s_roll (&dice, 200);
        uint64_t id = ++next[number];
        request_key_t key = s_key (3 + number % 3, number, id, id > 20 ? id - s_roll (&dice, 20) : 0);
        char result[64];
        int size = snprintf (result, sizeof result, "%0*u", (int) s_roll (&dice, 60) + 1, number);
        ck_assert (sessions_record (&one, &key, ++seq, bytes_of (result, (size_t) size)));
        if (step >= 10000) // The other has the log from here on, and merges what came before while it goes on
            ck_assert (sessions_record (&other, &key, seq, bytes_of (result, (size_t) size)));
        if (step == 15000) {
            uint32_t from = 0;
            do {
                buf_reset (&encoded);
                from = sessions_encode (&one, from, 0, 2000, &encoded);
                ck_assert (sessions_merge (&other, buf_bytes (&encoded)));
            } while (from);
            ck_assert_uint_eq (sessions_digest (&one), sessions_digest (&other));
        }
        if (step == 17000) {
            sessions_raise_floor (&one, 4);
            sessions_raise_floor (&other, 4);
        }
    }
    ck_assert_uint_eq (sessions_digest (&one), sessions_digest (&other));
    request_key_t key = s_key (5, 2, next[2], 0);
    request_done_t done;
    ck_assert_int_eq (sessions_find (&other, &key, &done), REQUEST_KNOWN);
    //  Truncated bytes are refused, and leave no leak
    buf_reset (&encoded);
    sessions_encode (&one, 0, 0, 4000, &encoded);
    for (size_t size = 0; size < encoded.size; size++) {
        sessions_t third = { .table = NULL };
        uint8_t *copy = malloc (size + 1);
        memcpy (copy, encoded.data, size);
        sessions_merge (&third, bytes_of (copy, size));
        free (copy);
        sessions_clear (&third);
    }
    buf_clear (&encoded);
    sessions_clear (&one);
    sessions_clear (&other);
}
END_TEST

//  ------------------------------------------------------------------------------------------------

static void
s_effect (buf_t *out, const char *key, const char *value, const request_key_t *request, const char *result)
{
    size_t begin = effect_begin (out);
    effect_change (out, CHANGE_PUT, bytes_str ("map"), bytes_str (key), bytes_str (value), bytes_str ("!"),
                   9);
    effect_change (out, CHANGE_REMOVE, bytes_str ("map"), bytes_str ("gone"), bytes_of (NULL, 0),
                   bytes_of (NULL, 0), 0);
    if (request)
        effect_session (out, begin, request, bytes_str (result));
    effect_end (out, begin);
}

START_TEST (an_entry_reads_as_it_was_written)
{
    buf_t out = BUF_INIT;
    request_key_t request = s_key (1, 2, 3, 2);
    s_effect (&out, "key", "value", &request, "result");
    size_t first = out.size;
    s_effect (&out, "other", "", NULL, NULL);
    effect_t effect;
    change_t change;
    ck_assert (effect_open (buf_bytes (&out), &effect));
    ck_assert_uint_eq (effect.entry.size, first);
    ck_assert (effect.has_session && effect.request.id == 3 && effect.request.ack == 2);
    ck_assert (bytes_equal (effect.result, bytes_str ("result")));
    ck_assert (effect_next (&effect, &change) && change.kind == CHANGE_PUT && change.left == 9);
    ck_assert (bytes_equal (change.map, bytes_str ("map"))
               && bytes_equal (change.value, bytes_str ("value!")));
    ck_assert (effect_next (&effect, &change) && change.kind == CHANGE_REMOVE);
    ck_assert (bytes_equal (change.key, bytes_str ("gone")));
    ck_assert (!effect_next (&effect, &change));
    ck_assert (effect_open (bytes_of (out.data + first, out.size - first), &effect) && !effect.has_session);
    //  Every truncation is refused; every changed byte is read within its bounds
    for (size_t size = 0; size < first; size++)
        ck_assert (!effect_open (bytes_of (out.data, size), &effect));
    for (size_t at = 0; at < first; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            uint8_t *copy = malloc (first);
            memcpy (copy, out.data, first);
            copy[at] ^= (uint8_t) (1u << bit);
            if (effect_open (bytes_of (copy, first), &effect))
                while (effect_next (&effect, &change))
                    ck_assert (change.value.size <= first);
            free (copy);
        }
    buf_clear (&out);
}
END_TEST

START_TEST (a_removal_says_why)
{
    for (unsigned reason = REMOVAL_DELETED; reason <= REMOVAL_EVICTED + 1; reason++) {
        buf_t out = BUF_INIT;
        size_t begin = effect_begin (&out);
        effect_remove (&out, bytes_str ("map"), bytes_str ("gone"), (removal_t) reason);
        effect_end (&out, begin);
        effect_t effect;
        change_t change;
        if (reason > REMOVAL_EVICTED) { // Nobody can have written that
            ck_assert (!effect_open (buf_bytes (&out), &effect));
            buf_clear (&out);
            break;
        }
        ck_assert (effect_open (buf_bytes (&out), &effect) && effect_next (&effect, &change));
        ck_assert (change.kind == CHANGE_REMOVE && change.reason == reason);
        ck_assert (bytes_equal (change.key, bytes_str ("gone")) && change.value.size == 0);
        buf_clear (&out);
        s_effect (&out, "key", "value", NULL, NULL);
        ck_assert (effect_open (buf_bytes (&out), &effect));
        ck_assert (effect_next (&effect, &change) && effect_next (&effect, &change));
        ck_assert (change.kind == CHANGE_REMOVE && change.reason == REMOVAL_DELETED);
        out.data[EFFECT_HEAD + 2] = (uint8_t) reason; // A put has no reason
        ck_assert (effect_open (buf_bytes (&out), &effect) == (reason == 0));
        buf_clear (&out);
    }
}
END_TEST

START_TEST (a_log_is_a_queue_that_can_be_cut_at_both_ends)
{
    uint64_t dice = 11;
    oplog_t log = { .base = 0 };
    oplog_reset (&log, 1000);
    uint64_t base = 1000, last = 1000;
    for (int step = 0; step < 50000; step++) {
        unsigned what = (unsigned) s_roll (&dice, 10);
        if (what < 6) {
            //  Its own number again and again, so that each entry can be told
            uint64_t words[40];
            unsigned count = 1 + (unsigned) s_roll (&dice, 40);
            for (unsigned at = 0; at < count; at++)
                words[at] = last + 1;
            if (s_roll (&dice, 8) == 0) { // Begun, then forgotten
                ck_assert (oplog_open (&log, sizeof words));
                buf_add (oplog_bytes (&log), words, 8);
                oplog_cancel (&log);
            }
            ck_assert (oplog_append (&log, bytes_of (words, count * 8)));
            last++;
        } else if (what == 6 && last > base) {
            base += s_roll (&dice, last - base + 1);
            oplog_drop (&log, base);
        } else if (what == 7 && last > base && s_roll (&dice, 10) == 0) {
            last = base + s_roll (&dice, last - base + 1);
            oplog_truncate (&log, last);
        }
        ck_assert_uint_eq (oplog_last (&log), last);
        if (last == base)
            continue;
        uint64_t seq = base + 1 + s_roll (&dice, last - base), word;
        memcpy (&word, oplog_entry (&log, seq).data, 8);
        ck_assert_uint_eq (word, seq);
        bytes_t slice;
        uint32_t count = oplog_slice (&log, seq, 1000, &slice);
        ck_assert (count >= 1 && seq + count - 1 <= last);
        memcpy (&word, slice.data + slice.size - 8, 8);
        ck_assert_uint_eq (word, seq + count - 1);
    }
    oplog_clear (&log);
}
END_TEST

START_TEST (without_memory_nothing_changes)
{
    oplog_t log = { .base = 0 };
    ck_assert (oplog_append (&log, bytes_str ("first")));
    mem_fail_at (1);
    static uint8_t large[100000];
    ck_assert (!oplog_append (&log, bytes_of (large, sizeof large)));
    sessions_t sessions = { .table = NULL };
    request_key_t key = s_key (1, 1, 1, 0);
    ck_assert (!sessions_reserve (&sessions, &key));
    mem_fail_at (0);
    ck_assert_uint_eq (oplog_last (&log), 1);
    ck_assert (bytes_equal (oplog_entry (&log, 1), bytes_str ("first")));
    ck_assert (oplog_append (&log, bytes_of (large, sizeof large)));
    ck_assert (sessions_reserve (&sessions, &key));
    mem_fail_at (1); // Reserved: only the result is lost
    ck_assert (sessions_record (&sessions, &key, 5, bytes_of (large, 1000)));
    mem_fail_at (0);
    request_done_t done;
    ck_assert_int_eq (sessions_find (&sessions, &key, &done), REQUEST_KNOWN);
    ck_assert_uint_eq (done.result.size, 0);
    oplog_clear (&log);
    sessions_clear (&sessions);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("session");
    TCase *tcase = tcase_create ("records");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, a_request_is_known_until_its_answer_is_acknowledged);
    tcase_add_test (tcase, a_result_that_is_too_large_is_not_kept);
    tcase_add_test (tcase, copies_that_merge_in_any_order_are_equal);
    tcase_add_test (tcase, an_entry_reads_as_it_was_written);
    tcase_add_test (tcase, a_removal_says_why);
    tcase_add_test (tcase, a_log_is_a_queue_that_can_be_cut_at_both_ends);
    tcase_add_test (tcase, without_memory_nothing_changes);
    suite_add_tcase (suite, tcase);
    return suite;
}
