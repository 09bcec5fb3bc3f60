//  check_mem: the door to the allocator, and the hook that makes allocations fail.
//  SPDX-License-Identifier: MPL-2.0
#include <string.h>

#include "lib/test.h"
#include "mem.h"

START_TEST (blocks_can_be_written_resized_and_freed)
{
    uint8_t *block = mem_alloc (100);
    ck_assert_ptr_nonnull (block);
    memset (block, 0x5a, 100);
    block = mem_resize (block, 100000);
    ck_assert_ptr_nonnull (block);
    for (int at = 0; at < 100; at++)
        assert (block[at] == 0x5a);
    mem_free (block);
    mem_free (NULL);
    uint8_t *zero = mem_alloc_zero (50, 20);
    ck_assert_ptr_nonnull (zero);
    for (int at = 0; at < 1000; at++)
        assert (zero[at] == 0);
    mem_free (zero);
}
END_TEST

START_TEST (mapped_blocks_are_aligned_zero_and_writable)
{
    for (size_t size = 4096; size <= (size_t) 4 << 20; size *= 2) {
        uint8_t *block = mem_map_aligned (size);
        ck_assert_ptr_nonnull (block);
        ck_assert_uint_eq ((uintptr_t) block & (size - 1), 0);
        ck_assert_uint_eq (block[0], 0);
        ck_assert_uint_eq (block[size - 1], 0);
        memset (block, 1, size);
        mem_unmap (block, size);
    }
    mem_unmap (NULL, 4096);
}
END_TEST

START_TEST (every_allocation_from_the_chosen_one_on_fails)
{
    for (uint64_t chosen = 1; chosen <= 4; chosen++) {
        void *blocks[4];
        mem_fail_at (chosen);
        blocks[0] = mem_alloc (1);
        blocks[1] = mem_alloc_zero (1, 1);
        blocks[2] = mem_resize (NULL, 1);
        blocks[3] = mem_map_aligned (4096);
        ck_assert_uint_eq (mem_count (), 4);
        mem_fail_at (0);
        for (uint64_t at = 0; at < 4; at++)
            ck_assert_int_eq (blocks[at] == NULL, at + 1 >= chosen);
        for (int at = 0; at < 3; at++)
            mem_free (blocks[at]);
        mem_unmap (blocks[3], 4096);
    }
}
END_TEST

START_TEST (a_refused_resize_leaves_the_block)
{
    char *block = mem_alloc (4);
    ck_assert_ptr_nonnull (block);
    memcpy (block, "abc", 4);
    mem_fail_at (1);
    void *larger = mem_resize (block, 1000);
    mem_fail_at (0);
    ck_assert_ptr_null (larger);
    ck_assert_str_eq (block, "abc");
    mem_free (block);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("mem");
    TCase *tcase = tcase_create ("mem");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, blocks_can_be_written_resized_and_freed);
    tcase_add_test (tcase, mapped_blocks_are_aligned_zero_and_writable);
    tcase_add_test (tcase, every_allocation_from_the_chosen_one_on_fails);
    tcase_add_test (tcase, a_refused_resize_leaves_the_block);
    suite_add_tcase (suite, tcase);
    return suite;
}
