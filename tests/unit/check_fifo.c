//  check_fifo: first in, first out, however many; memory is counted and given back.
//  SPDX-License-Identifier: MPL-2.0
#include "evict/fifo.h"
#include "lib/test.h"
#include "mem.h"

static size_t s_bytes;
static fifo_t s_fifo;

static void
s_set_up (void)
{
    s_bytes = 0;
    fifo_init (&s_fifo, &s_bytes);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    fifo_clear (&s_fifo);
    ck_assert_uint_eq (s_bytes, 0);
    ck_assert_uint_eq (s_fifo.count, 0);
}

START_TEST (what_went_in_comes_out_in_order)
{
    uint64_t in = 0, out = 0;
    fifo_item_t item;
    ck_assert (!fifo_pop (&s_fifo, &item) && !fifo_peek (&s_fifo));
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned count = 0; count < round * 37 % 700; count++, in++)
            ck_assert (fifo_push (&s_fifo, (fifo_item_t) { in, ~in }));
        for (unsigned count = 0; count < round * 53 % 650 && out < in; count++, out++) {
            ck_assert_uint_eq (fifo_peek (&s_fifo)->hash, out);
            ck_assert (fifo_pop (&s_fifo, &item));
            ck_assert (item.hash == out && item.word == ~out);
        }
        ck_assert_uint_eq (s_fifo.count, in - out);
        ck_assert_uint_le (s_bytes, (in - out) * sizeof item + 2 * 4096);
    }
    while (fifo_pop (&s_fifo, &item))
        ck_assert_uint_eq (item.hash, out++);
    ck_assert_uint_eq (out, in);
    ck_assert_uint_eq (s_bytes, 0);
}
END_TEST

START_TEST (without_memory_what_is_there_stays)
{
    unsigned count = 0;
    fifo_item_t item;
    mem_fail_at (3);
    while (fifo_push (&s_fifo, (fifo_item_t) { count, 0 }))
        count++;
    ck_assert_uint_gt (count, 100);
    ck_assert_uint_eq (s_fifo.count, count);
    mem_fail_at (0);
    for (unsigned at = 0; at < count; at++)
        ck_assert (fifo_pop (&s_fifo, &item) && item.hash == at);
    ck_assert (fifo_push (&s_fifo, (fifo_item_t) { 1, 2 }));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("fifo");
    TCase *tcase = tcase_create ("fifo");
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, what_went_in_comes_out_in_order);
    tcase_add_test (tcase, without_memory_what_is_there_stays);
    suite_add_tcase (suite, tcase);
    return suite;
}
