//  check_slots: what cluster clients are told of the partition table.
//  SPDX-License-Identifier: MPL-2.0
#include "gateway/slots.h"
#include "lib/test.h"
#include "slot.h"

#define S_SELF 10

//  Members 10, 20 and 30; as many partitions, all of them 20's with copies at 10 and 30.
static view_t *
s_view (uint32_t partitions)
{
    view_t *view = view_new (partitions);
    ck_assert_ptr_nonnull (view);
    for (node_id_t id = 10; id <= 30; id += 10) {
        member_t member = { .id = id, .weight = 100, .actors = 1, .gateway_port = (uint16_t) (6000 + id) };
        ck_assert_ptr_nonnull (view_add_member (view, &member));
    }
    for (uint32_t at = 0; at < partitions; at++)
        view->parts[at] = (part_t) { .primary = 20, .reps_count = 3, .reps = { 20, 30, 10 } };
    return view;
}

START_TEST (runs_cover_the_slots_of_their_partitions)
{
    static const uint32_t counts[] = { 1, 2, 3, 7, 271, 1000, 16383, 16384 };
    for (size_t at = 0; at < sizeof counts / sizeof counts[0]; at++) {
        view_t *view = s_view (counts[at]);
        //  Every second partition is another member's: no two can be joined
        for (uint32_t partition = 0; partition < counts[at]; partition += 2)
            view->parts[partition] = (part_t) { .primary = 30, .reps_count = 1, .reps = { 30 } };
        uint32_t partition = 0, next = 0, runs = 0;
        slots_t run;
        for (; slots_next (view, S_SELF, &partition, &run); next = run.last + 1, runs++) {
            ck_assert_uint_eq (run.first, next);
            for (uint32_t slot = run.first; slot <= run.last; slot++)
                if (slot_partition (slot, counts[at]) != partition - 1)
                    ck_abort_msg ("slot %u of %u", slot, counts[at]);
        }
        ck_assert_uint_eq (next, SLOT_COUNT);
        ck_assert_uint_eq (runs, counts[at]);
        view_destroy (&view);
    }
}
END_TEST

START_TEST (what_is_the_same_is_one_run)
{
    view_t *view = s_view (271);
    view->parts[100].reps[1] = 10; // In another order
    view->parts[100].reps[2] = 30;
    view->parts[200] = (part_t) { .primary = 30, .reps_count = 2, .reps = { 30, 20 } };
    uint32_t partition = 0;
    slots_t run;
    ck_assert (slots_next (view, S_SELF, &partition, &run));
    ck_assert_uint_eq (run.first, 0);
    ck_assert_uint_eq (run.last, slots_first (200, 271) - 1);
    ck_assert_uint_eq (run.master, 20);
    ck_assert_uint_eq (run.count, 2);
    ck_assert (run.replicas[0] == 10 && run.replicas[1] == 30);
    ck_assert (slots_next (view, S_SELF, &partition, &run));
    ck_assert (run.master == 30 && run.count == 1 && run.replicas[0] == 20);
    ck_assert_uint_eq (run.last, slots_first (201, 271) - 1);
    ck_assert (slots_next (view, S_SELF, &partition, &run));
    ck_assert_uint_eq (run.last, SLOT_COUNT - 1);
    ck_assert (!slots_next (view, S_SELF, &partition, &run));
    view_destroy (&view);
}
END_TEST

START_TEST (slots_that_nobody_serves_are_left_out)
{
    view_t *view = s_view (4);
    view->parts[0] = view->parts[2] = (part_t) { .epoch = 1 };
    uint32_t partition = 0;
    slots_t run;
    ck_assert (slots_next (view, S_SELF, &partition, &run));
    ck_assert (run.first == 4096 && run.last == 8191);
    ck_assert (slots_next (view, S_SELF, &partition, &run));
    ck_assert (run.first == 12288 && run.last == 16383);
    ck_assert (!slots_next (view, S_SELF, &partition, &run));
    ck_assert_uint_eq (slots_master (view, S_SELF, 0), 0);
    view_destroy (&view);
}
END_TEST

START_TEST (who_lets_no_clients_in_is_not_named)
{
    view_t *view = s_view (2);
    view_member (view, 20)->gateway_port = 0;
    view_member (view, 30)->status = MEMBER_SUSPECT;
    uint32_t partition = 0;
    slots_t run;
    ck_assert (slots_next (view, S_SELF, &partition, &run));
    ck_assert_uint_eq (run.master, S_SELF); // Which is not its own replica, nor is one that is suspect
    ck_assert_uint_eq (run.count, 0);
    ck_assert_uint_eq (slots_master (view, S_SELF, 1), S_SELF);
    view_destroy (&view);
}
END_TEST

START_TEST (ids_have_forty_digits_and_lead_back)
{
    view_t *view = s_view (1);
    member_t member = { .id = UINT64_C (0xfedcba9876543210), .weight = 100, .actors = 1 };
    ck_assert_ptr_nonnull (view_add_member (view, &member));
    char id[SLOTS_ID_SIZE + 1];
    slots_id (member.id, id);
    ck_assert_str_eq (id, "fedcba9876543210000000000000000000000000");
    ck_assert_uint_eq (slots_member (view, bytes_str (id))->id, member.id);
    ck_assert_ptr_null (slots_member (view, bytes_of (id, 39)));
    ck_assert_ptr_null (slots_member (NULL, bytes_str (id)));
    slots_id (11, id);
    ck_assert_ptr_null (slots_member (view, bytes_str (id)));
    view_destroy (&view);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("slots");
    TCase *tests = tcase_create ("slots");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, runs_cover_the_slots_of_their_partitions);
    tcase_add_test (tests, what_is_the_same_is_one_run);
    tcase_add_test (tests, slots_that_nobody_serves_are_left_out);
    tcase_add_test (tests, who_lets_no_clients_in_is_not_named);
    tcase_add_test (tests, ids_have_forty_digits_and_lead_back);
    suite_add_tcase (suite, tests);
    return suite;
}
