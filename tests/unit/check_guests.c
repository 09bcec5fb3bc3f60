//  check_guests: who sends messages is known, within bounds.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include "guests.h"
#include "mem.h"

static guests_t *s_guests;

static void
s_teardown (void)
{
    guests_destroy (&s_guests);
}

static bytes_t
s_route (uint32_t number)
{
    static uint8_t s_bytes[5];
    memcpy (s_bytes + 1, &number, sizeof number);
    return bytes_of (s_bytes, sizeof s_bytes);
}

static guest_t *
s_message (uint32_t number, uint64_t now)
{
    guest_t *guest = guests_meet (s_guests, s_route (number), now);
    guest->messages++;
    return guest;
}

static uint32_t
s_count (uint64_t now)
{
    uint32_t count = 0;
    while (guests_at (s_guests, count, now))
        count++;
    return count;
}

START_TEST (each_guest_is_counted_by_itself)
{
    s_guests = guests_new (100);
    for (uint32_t round = 0; round < 3; round++)
        for (uint32_t at = 0; at <= round * 10; at++)
            s_message (at, 1000 + round);

    ck_assert_uint_eq (s_count (2000), 21);
    ck_assert_uint_eq (guests_find (s_guests, s_route (0))->messages, 3);
    ck_assert_uint_eq (guests_find (s_guests, s_route (10))->messages, 2);
    ck_assert_uint_eq (guests_find (s_guests, s_route (20))->messages, 1);
    ck_assert_uint_eq (guests_find (s_guests, s_route (0))->first, 1000);
    ck_assert_uint_eq (guests_find (s_guests, s_route (0))->last, 1002);
    ck_assert_ptr_null (guests_find (s_guests, s_route (21)));
}
END_TEST

START_TEST (a_full_table_keeps_who_has_something_in_flight)
{
    s_guests = guests_new (64);
    for (uint32_t at = 0; at < 64; at++)
        s_message (at, 1)->in_flight = at % 8 == 0;
    for (uint32_t at = 1000; at < 1400; at++)
        s_message (at, 2);

    ck_assert_uint_eq (s_count (3), 64);
    for (uint32_t at = 0; at < 64; at += 8)
        ck_assert_ptr_nonnull (guests_find (s_guests, s_route (at)));
    for (uint32_t at = 1390; at < 1400; at++)
        ck_assert_uint_eq (guests_find (s_guests, s_route (at))->messages, 1);
}
END_TEST

START_TEST (when_all_have_something_in_flight_one_gives_way)
{
    s_guests = guests_new (32);
    for (uint32_t at = 0; at < 40; at++)
        s_message (at, 1)->in_flight = 1;

    ck_assert_uint_eq (s_count (2), 32);
    ck_assert_ptr_nonnull (guests_find (s_guests, s_route (39)));
}
END_TEST

START_TEST (the_silent_are_forgotten_and_the_others_found)
{
    s_guests = guests_new (100);
    for (uint32_t at = 0; at < 100; at++)
        s_message (at, at % 3 ? 5000 : 0);
    s_message (3, GUESTS_SILENT_MS);

    ck_assert_uint_eq (s_count (GUESTS_SILENT_MS + 10), 67);
    for (uint32_t at = 0; at < 100; at++)
        ck_assert_int_eq (guests_find (s_guests, s_route (at)) != NULL, at % 3 != 0 || at == 3);
    ck_assert_uint_eq (s_count (3 * (uint64_t) GUESTS_SILENT_MS), 0);
    s_message (7, 3 * (uint64_t) GUESTS_SILENT_MS);
    ck_assert_uint_eq (s_count (3 * (uint64_t) GUESTS_SILENT_MS), 1);
}
END_TEST

START_TEST (without_memory_there_is_no_table)
{
    for (uint64_t nth = 1; nth <= 4; nth++) {
        mem_fail_at (nth);
        guests_t *guests = guests_new (10);
        mem_fail_at (0);
        ck_assert_ptr_null (guests);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("guests");
    TCase *tcase = tcase_create ("guests");
    tcase_add_checked_fixture (tcase, NULL, s_teardown);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, each_guest_is_counted_by_itself);
    tcase_add_test (tcase, a_full_table_keeps_who_has_something_in_flight);
    tcase_add_test (tcase, when_all_have_something_in_flight_one_gives_way);
    tcase_add_test (tcase, the_silent_are_forgotten_and_the_others_found);
    tcase_add_test (tcase, without_memory_there_is_no_table);
    suite_add_tcase (suite, tcase);
    return suite;
}
