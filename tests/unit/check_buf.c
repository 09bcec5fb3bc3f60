//  check_buf: bytes that grow.
//  SPDX-License-Identifier: MPL-2.0
#include "buf.h"
#include "lib/test.h"
#include "mem.h"

START_TEST (what_is_added_is_there_in_order)
{
    buf_t buf = BUF_INIT;
    for (unsigned at = 0; at < 5000; at++) {
        uint8_t pair[2] = { (uint8_t) (at >> 8), (uint8_t) at };
        buf_add (&buf, pair, sizeof pair);
    }
    ck_assert (!buf.failed);
    ck_assert_uint_eq (buf.size, 10000);
    ck_assert_uint_ge (buf.room, buf.size);
    for (unsigned at = 0; at < 5000; at++)
        assert (buf.data[at * 2] == (uint8_t) (at >> 8) && buf.data[at * 2 + 1] == (uint8_t) at);
    buf_clear (&buf);
}
END_TEST

START_TEST (adding_nothing_changes_nothing)
{
    buf_t buf = BUF_INIT;
    buf_add (&buf, NULL, 0);
    ck_assert_ptr_null (buf.data);
    ck_assert_uint_eq (buf.size, 0);
    ck_assert_uint_eq (buf_bytes (&buf).size, 0);
    buf_clear (&buf);
}
END_TEST

START_TEST (a_reset_keeps_the_memory)
{
    buf_t buf = BUF_INIT;
    buf_add (&buf, "abc", 3);
    uint8_t *data = buf.data;
    size_t room = buf.room;

    buf_reset (&buf);

    ck_assert_uint_eq (buf.size, 0);
    ck_assert_ptr_eq (buf.data, data);
    ck_assert_uint_eq (buf.room, room);
    buf_add (&buf, "d", 1);
    ck_assert (bytes_equal (buf_bytes (&buf), bytes_str ("d")));
    buf_clear (&buf);
    ck_assert_ptr_null (buf.data);
    ck_assert_uint_eq (buf.room, 0);
}
END_TEST

START_TEST (reserved_room_is_really_there)
{
    buf_t buf = BUF_INIT;
    buf_add (&buf, "x", 1);
    ck_assert (buf_reserve (&buf, 100000));
    ck_assert_uint_ge (buf.room - buf.size, 100000);
    uint8_t *data = buf.data;
    memset (buf.data + buf.size, 0xaa, 100000);
    buf.size += 100000;
    ck_assert_ptr_eq (buf.data, data);
    buf_clear (&buf);
}
END_TEST

START_TEST (a_failure_sticks_and_what_was_there_stays)
{
    buf_t buf = BUF_INIT;
    buf_add (&buf, "abc", 3);
    uint8_t block[1000] = { 0 };

    mem_fail_at (1);
    buf_add (&buf, block, sizeof block);
    mem_fail_at (0);

    ck_assert (buf.failed);
    ck_assert (bytes_equal (buf_bytes (&buf), bytes_str ("abc")));
    buf_add (&buf, "d", 1); // There is room, and there would be memory
    ck_assert_uint_eq (buf.size, 3);
    ck_assert (!buf_reserve (&buf, 1));
    ck_assert (!buf_grow (&buf, 1));
    buf_reset (&buf);
    buf_add (&buf, block, sizeof block);
    ck_assert (!buf.failed);
    ck_assert_uint_eq (buf.size, sizeof block);
    buf_clear (&buf);
}
END_TEST

START_TEST (a_size_past_all_memory_is_refused)
{
    buf_t buf = BUF_INIT;
    buf_add (&buf, "abc", 3);
    ck_assert (!buf_grow (&buf, SIZE_MAX - 1));
    ck_assert (buf.failed);
    buf_reset (&buf);
    ck_assert (!buf_grow (&buf, SIZE_MAX / 2 + 2));
    ck_assert (buf.failed);
    ck_assert_mem_eq (buf.data, "abc", 3);
    buf_clear (&buf);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("buf");
    TCase *tcase = tcase_create ("buf");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, what_is_added_is_there_in_order);
    tcase_add_test (tcase, adding_nothing_changes_nothing);
    tcase_add_test (tcase, a_reset_keeps_the_memory);
    tcase_add_test (tcase, reserved_room_is_really_there);
    tcase_add_test (tcase, a_failure_sticks_and_what_was_there_stays);
    tcase_add_test (tcase, a_size_past_all_memory_is_refused);
    suite_add_tcase (suite, tcase);
    return suite;
}
