//  check_gather: answers of several storage actors become one; which actor gets which record; counters.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "gather.h"
#include "lib/test.h"
#include "slot.h"
#include "split.h"
#include "status.h"

static gather_t *s_gather;
static buf_t s_body;

static void
s_set_up (void)
{
    s_gather = gather_new (2, 3, 7);
    s_body = (buf_t) BUF_INIT;
}

static void
s_tear_down (void)
{
    gather_destroy (&s_gather);
    buf_clear (&s_body);
}

static ticket_t *
s_open (void)
{
    bytes_t frames[2] = { bytes_str ("route"), bytes_of (NULL, 0) };
    return gather_open (s_gather, frames, 2, 5000);
}

static bytes_t
s_number (uint64_t id, int64_t number)
{
    buf_reset (&s_body);
    wire_begin (&s_body);
    wire_reply (&s_body, id, ZGRID_OK, value_int (number), 0, NULL);
    return buf_bytes (&s_body);
}

static void
s_stats (void *arg, const stats_t *sum, const stats_t *parts, sheet_t *sheet, buf_t *out)
{
    (void) arg;
    (void) parts;
    if (sheet) {
        wire_add_map (out, SHEET_PAIRS);
        sheet_encode (sheet, out);
        return;
    }
    wire_add_map (out, STATS_FIELDS);
    stats_encode (sum, out);
}

//  The first reply of a finished ticket.
static reply_t
s_first (ticket_t *ticket)
{
    mp_t reader = mp_of (buf_bytes (ticket_replies (ticket)));
    reply_t reply;
    assert (wire_next_reply (&reader, &reply) == WIRE_RECORD);
    return reply;
}

START_TEST (sums_add_up_when_all_have_answered)
{
    ticket_t *ticket = s_open ();
    ck_assert (ticket_add_sum (ticket, 9, OP_SIZE, 0));
    for (uint32_t actor = 0; actor < 3; actor++)
        ticket_expect (ticket, actor);
    uint64_t id = ticket_id (ticket);

    ck_assert_ptr_null (gather_take (s_gather, id, 0, s_number (9, 10)));
    ck_assert_ptr_null (gather_take (s_gather, id, 2, s_number (9, 5)));
    ck_assert_ptr_eq (gather_take (s_gather, id, 1, s_number (9, 1)), ticket);
    ticket_finish (ticket, s_stats, NULL);

    reply_t reply = s_first (ticket);
    ck_assert_uint_eq (reply.id, 9);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert_int_eq (reply.value.integer, 16);
    gather_close (s_gather, &ticket);
    ck_assert_uint_eq (gather_count (s_gather), 0);
}
END_TEST

START_TEST (a_missing_actor_makes_the_answer_partial_and_names_its_partitions)
{
    ticket_t *ticket = s_open ();
    ck_assert (ticket_add_sum (ticket, 9, OP_DESTROY, 0));
    for (uint32_t actor = 0; actor < 3; actor++)
        ticket_expect (ticket, actor);
    gather_take (s_gather, ticket_id (ticket), 0, s_number (9, 10));
    gather_take (s_gather, ticket_id (ticket), 2, s_number (9, 3));
    ck_assert_ptr_null (gather_expired (s_gather, 4999));
    ck_assert_ptr_eq (gather_expired (s_gather, 5000), ticket);
    ticket_finish (ticket, s_stats, NULL);

    reply_t reply = s_first (ticket);
    meta_t meta;
    ck_assert_uint_eq (reply.status, ZGRID_PARTIAL);
    ck_assert_int_eq (reply.value.integer, 13);
    ck_assert (meta_decode (reply.meta, &meta));
    ck_assert_uint_eq (meta.missed.size, 3);
    ck_assert_mem_eq (meta.missed.data, "\x92\x01\x04", 3); // [1, 4]: 7 partitions, actor 1 of 3
}
END_TEST

START_TEST (a_scan_goes_on_with_the_next_actor)
{
    for (uint32_t actor = 0; actor < 3; actor++) {
        ticket_t *ticket = s_open ();
        ck_assert (ticket_add_sum (ticket, 4, OP_SCAN, actor));
        ticket_expect (ticket, actor);
        meta_t end = { .given = META_cursor, .cursor = 0 };
        buf_reset (&s_body);
        wire_begin (&s_body);
        wire_reply_array (&s_body, 4, 0, bytes_of (NULL, 0), &end);
        ck_assert_ptr_eq (gather_take (s_gather, ticket_id (ticket), actor, buf_bytes (&s_body)), ticket);
        ticket_finish (ticket, s_stats, NULL);
        meta_t meta;
        ck_assert (meta_decode (s_first (ticket).meta, &meta));
        //  Partition `actor + 1` is the next actor's first; behind the last actor nothing comes
        ck_assert_uint_eq (meta.cursor, actor == 2 ? 0 : (uint64_t) (actor + 2) << 33 | UINT64_C (3) << 48);
        gather_close (s_gather, &ticket);
    }
}
END_TEST

START_TEST (other_records_pass_through_as_they_are)
{
    ticket_t *ticket = s_open ();
    ticket_expect (ticket, 0);
    ticket_expect (ticket, 1);
    gather_take (s_gather, ticket_id (ticket), 0, s_number (1, 7));
    ck_assert_ptr_eq (gather_take (s_gather, ticket_id (ticket), 1, s_number (2, 8)), ticket);
    ticket_finish (ticket, s_stats, NULL);
    mp_t reader = mp_of (buf_bytes (ticket_replies (ticket)));
    reply_t reply;
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert_uint_eq (reply.id, 1);
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert_uint_eq (reply.id, 2);
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_END);
}
END_TEST

START_TEST (statistics_add_up_field_by_field)
{
    ticket_t *ticket = s_open ();
    ck_assert (ticket_add_stats (ticket, 5, SHEET_NONE, 0));
    for (uint32_t actor = 0; actor < 3; actor++) {
        ticket_expect (ticket, actor);
        stats_t part = { .entries = actor + 1, .maps = 4, .get_hits = 10 };
        buf_t tree = BUF_INIT;
        wire_add_map (&tree, STATS_FIELDS);
        stats_encode (&part, &tree);
        buf_reset (&s_body);
        wire_begin (&s_body);
        wire_reply (&s_body, 5, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) }, 0,
                    NULL);
        gather_take (s_gather, ticket_id (ticket), actor, buf_bytes (&s_body));
        buf_clear (&tree);
    }
    ticket_finish (ticket, s_stats, NULL);
    stats_t sum;
    ck_assert (stats_decode (s_first (ticket).value.bytes, &sum));
    ck_assert_uint_eq (sum.entries, 6);
    ck_assert_uint_eq (sum.get_hits, 30);
    ck_assert_uint_eq (sum.maps, 4); // The same maps everywhere
}
END_TEST

//  A table of each actor, as a reply; the last one's cannot be read.
START_TEST (tables_of_statistics_add_up_row_by_row)
{
    for (int broken = 0; broken < 2; broken++) {
        ticket_t *ticket = s_open ();
        ck_assert (ticket_add_stats (ticket, 5, SHEET_maps, 0));
        for (uint32_t actor = 0; actor < 3; actor++) {
            ticket_expect (ticket, actor);
            sheet_t *sheet = sheet_new (SHEET_maps, 0);
            cell_t cells[SHEET_COLUMNS_MAX] = {
                [CELL_maps_map] = { .bytes = bytes_str ("m") }, [CELL_maps_entries] = { .number = actor + 1 }
            };
            buf_t tree = BUF_INIT;
            ck_assert (sheet_add (sheet, cells));
            wire_add_map (&tree, broken && actor == 2 ? 0 : SHEET_PAIRS);
            if (!broken || actor < 2)
                sheet_encode (sheet, &tree);
            buf_reset (&s_body);
            wire_begin (&s_body);
            wire_reply (&s_body, 5, ZGRID_OK, (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) }, 0,
                        NULL);
            gather_take (s_gather, ticket_id (ticket), actor, buf_bytes (&s_body));
            buf_clear (&tree);
            sheet_destroy (&sheet);
        }
        ticket_finish (ticket, s_stats, NULL);
        reply_t reply = s_first (ticket);
        ck_assert_uint_eq (reply.status, broken ? ZGRID_NOMEM : ZGRID_OK);
        sheet_t *whole = sheet_new (SHEET_maps, 0);
        if (!broken) {
            ck_assert (sheet_take (whole, reply.value.bytes));
            ck_assert_uint_eq (sheet_settle (whole), 1);
            ck_assert_uint_eq (sheet_row (whole, 0)[CELL_maps_entries].number, 6);
        }
        sheet_destroy (&whole);
        gather_close (s_gather, &ticket);
    }
}
END_TEST

START_TEST (tickets_are_bounded_and_keep_the_envelope)
{
    ticket_t *first = s_open (), *second = s_open ();
    ck_assert_ptr_nonnull (first);
    ck_assert_ptr_nonnull (second);
    ck_assert_ptr_null (s_open ());
    bytes_t frames[9];
    ck_assert_uint_eq (ticket_frames (first, frames, 9), 2);
    ck_assert (bytes_equal (frames[0], bytes_str ("route")));
    ck_assert_uint_eq (frames[1].size, 0);
    gather_close (s_gather, &first);
    ck_assert_ptr_nonnull (s_open ());
}
END_TEST

START_TEST (answers_to_unknown_tickets_are_passed_over)
{
    ck_assert_ptr_null (gather_take (s_gather, 77, 0, s_number (1, 1)));
}
END_TEST

START_TEST (sums_of_one_message_are_bounded)
{
    ticket_t *ticket = s_open ();
    int added = 0;
    while (added < 1000 && ticket_add_sum (ticket, 1, OP_SIZE, 0))
        added++;
    ck_assert_int_eq (added, 64);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  split

static split_t
s_split (op_t op, const char *key, const options_t *options)
{
    bytes_t named = bytes_str (key);
    mp_t reader;
    request_t request;
    buf_reset (&s_body);
    wire_begin (&s_body);
    wire_request (&s_body, 1, op, bytes_str ("m"), key ? &named : NULL, NULL, options);
    assert (wire_open (buf_bytes (&s_body), &reader));
    assert (wire_next_request (&reader, &request) == WIRE_RECORD);
    return split_request (&request, 271, 3);
}

START_TEST (a_key_goes_to_the_actor_of_its_partition)
{
    for (int at = 0; at < 1000; at++) {
        char key[16];
        snprintf (key, sizeof key, "key%d", at);
        split_t split = s_split (OP_GET, key, NULL);
        assert (split.to == SPLIT_ACTOR);
        assert (split.actor == slot_partition (slot_of_key (bytes_str (key)), 271) % 3);
    }
}
END_TEST

START_TEST (operations_on_maps_go_to_all_or_to_one)
{
    options_t partition = { .given = OPT_partition, .partition = 5 };
    options_t cursor = { .given = OPT_cursor, .cursor = (uint64_t) 8 << 33 };
    ck_assert_int_eq (s_split (OP_SIZE, NULL, NULL).to, SPLIT_ALL);
    ck_assert_int_eq (s_split (OP_STATS, NULL, NULL).to, SPLIT_ALL);
    ck_assert_int_eq (s_split (OP_HELLO, NULL, NULL).to, SPLIT_HERE);
    ck_assert_int_eq (s_split (OP_SIZE, NULL, &partition).to, SPLIT_ACTOR);
    ck_assert_uint_eq (s_split (OP_SIZE, NULL, &partition).actor, 2);
    ck_assert_int_eq (s_split (OP_SCAN, NULL, NULL).to, SPLIT_SCAN);
    ck_assert_uint_eq (s_split (OP_SCAN, NULL, NULL).actor, 0);
    ck_assert_uint_eq (s_split (OP_SCAN, NULL, &cursor).actor, 1); // Partition 7
}
END_TEST

START_TEST (the_router_answers_a_faulty_record_itself)
{
    request_t request = { .faulty = ZGRID_MALFORMED };
    ck_assert_int_eq (split_request (&request, 271, 3).to, SPLIT_HERE);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("gather");
    TCase *all = tcase_create ("all");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, sums_add_up_when_all_have_answered);
    tcase_add_test (all, a_missing_actor_makes_the_answer_partial_and_names_its_partitions);
    tcase_add_test (all, a_scan_goes_on_with_the_next_actor);
    tcase_add_test (all, other_records_pass_through_as_they_are);
    tcase_add_test (all, statistics_add_up_field_by_field);
    tcase_add_test (all, tables_of_statistics_add_up_row_by_row);
    tcase_add_test (all, tickets_are_bounded_and_keep_the_envelope);
    tcase_add_test (all, answers_to_unknown_tickets_are_passed_over);
    tcase_add_test (all, sums_of_one_message_are_bounded);
    tcase_add_test (all, a_key_goes_to_the_actor_of_its_partition);
    tcase_add_test (all, operations_on_maps_go_to_all_or_to_one);
    tcase_add_test (all, the_router_answers_a_faulty_record_itself);
    suite_add_tcase (suite, all);
    return suite;
}
