//  check_lent: memory that several hold is freed with the last of them.
//  SPDX-License-Identifier: MPL-2.0
#include "lent.h"

#include "lib/test.h"
#include "mem.h"

START_TEST (bytes_stay_where_they_are_until_the_last_lets_go)
{
    buf_t buf = BUF_INIT;
    buf_add (&buf, "abc", 3);
    const uint8_t *at = buf.data;
    size_t room = buf.room;
    lent_t *one = lent_new (&buf), *other = one;
    ck_assert_ptr_nonnull (one);
    ck_assert_uint_eq (lent_room (one), room);
    lent_hold (one);
    lent_take (one, &buf);
    ck_assert_ptr_null (buf.data);
    ck_assert_uint_eq (buf.size + buf.room, 0);
    lent_let_go (&one);
    ck_assert_ptr_null (one);
    ck_assert_uint_eq (lent_room (other), room);
    ck_assert_mem_eq (at, "abc", 3);
    lent_let_go (&other);
    lent_let_go (&other); // NULL
}
END_TEST

START_TEST (without_memory_the_buffer_stays_the_callers)
{
    buf_t buf = BUF_INIT;
    buf_add (&buf, "abc", 3);
    mem_fail_at (1);
    ck_assert_ptr_null (lent_new (&buf));
    mem_fail_at (0);
    ck_assert_mem_eq (buf.data, "abc", 3);
    buf_clear (&buf);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("lent");
    TCase *tcase = tcase_create ("lent");
    tcase_add_test (tcase, bytes_stay_where_they_are_until_the_last_lets_go);
    tcase_add_test (tcase, without_memory_the_buffer_stays_the_callers);
    suite_add_tcase (suite, tcase);
    return suite;
}
