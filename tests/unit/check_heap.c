//  check_heap: blocks of all sizes, exact accounts, and memory that goes back.
//  SPDX-License-Identifier: MPL-2.0
#include "heap.h"
#include "lib/dice.h"
#include "lib/test.h"
#include "mem.h"

static heap_t *s_heap;

static void
s_set_up (void)
{
    s_heap = heap_new ();
    ck_assert_ptr_nonnull (s_heap);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    heap_destroy (&s_heap);
    ck_assert_ptr_null (s_heap);
}

START_TEST (a_block_is_aligned_and_takes_what_it_says)
{
    for (size_t size = 1; size <= 20000; size += size < 9000 ? 1 : 97) {
        void *block = heap_alloc (s_heap, size);
        assert (block && ((uintptr_t) block & 7) == 0);
        assert (heap_block_size (size) >= size);
        assert (heap_used (s_heap) == heap_block_size (size));
        assert (heap_reserved (s_heap) >= heap_used (s_heap));
        heap_free (s_heap, block, size);
        assert (heap_used (s_heap) == 0);
    }
    ck_assert_uint_eq (heap_reserved (s_heap), 0);
}
END_TEST

START_TEST (rounding_costs_at_most_an_eighth_beyond_the_smallest)
{
    for (size_t size = 1; size <= 300000; size += size < 9000 ? 1 : 97) {
        size_t lost = heap_block_size (size) - size;
        assert (lost <= 7 || lost * 8 <= size || (size > HEAP_SMALL_MAX && lost < 4096));
        assert (heap_block_size (size + 1) >= heap_block_size (size));
    }
}
END_TEST

//  A value that grows inside its block is written up to the block's end; once, large blocks were
//  smaller than they said.
START_TEST (all_of_a_block_can_be_written)
{
    static const size_t s_sizes[] = { 1, 9, 513, 2049, 8192, 8193, 8199, 9001, 262143, 262144, 300001 };
    for (size_t at = 0; at < sizeof s_sizes / sizeof s_sizes[0]; at++) {
        uint8_t *block = heap_alloc (s_heap, s_sizes[at]);
        //  Of a large block, malloc's own head is counted as taken
        size_t room = heap_block_size (s_sizes[at]);
        if (s_sizes[at] > HEAP_SMALL_MAX && s_sizes[at] < 262144)
            room -= 8;
        ck_assert_uint_ge (room, s_sizes[at]);
        memset (block, 0x55, room);
        heap_free (s_heap, block, s_sizes[at]);
    }
}
END_TEST

typedef struct {
    uint8_t *data;
    size_t size;
    uint8_t mark;
} s_block_t;

START_TEST (blocks_never_overlap_and_accounts_are_exact)
{
    enum { COUNT = 4000 };
    s_block_t *blocks = calloc (COUNT, sizeof (s_block_t));
    dice_t dice = { .seed = dice_seed (7) };
    size_t used = 0;
    for (int step = 0; step < 60000; step++) {
        s_block_t *block = &blocks[dice_roll (&dice, COUNT)];
        if (block->data) {
            for (size_t at = 0; at < block->size; at++)
                assert (block->data[at] == block->mark);
            heap_free (s_heap, block->data, block->size);
            used -= heap_block_size (block->size);
            block->data = NULL;
        } else {
            block->size = 1 + dice_roll (&dice, dice_roll (&dice, 8) ? 600 : 10000);
            block->mark = (uint8_t) step;
            block->data = heap_alloc (s_heap, block->size);
            memset (block->data, block->mark, block->size);
            used += heap_block_size (block->size);
        }
        assert (heap_used (s_heap) == used && heap_reserved (s_heap) >= used);
        if (step % 100 == 0)
            heap_trim (s_heap, dice_roll (&dice, 20));
    }
    for (int at = 0; at < COUNT; at++)
        if (blocks[at].data)
            heap_free (s_heap, blocks[at].data, blocks[at].size);
    ck_assert_uint_eq (heap_used (s_heap), 0);
    ck_assert_uint_eq (heap_reserved (s_heap), 0);
    free (blocks);
}
END_TEST

START_TEST (full_pages_hold_nearly_what_is_reserved)
{
    static const size_t s_sizes[] = { 24, 64, 100, 512, 1000, 2048, 5000, 8192 };
    enum { BYTES = 4 << 20 };
    for (size_t which = 0; which < sizeof s_sizes / sizeof s_sizes[0]; which++) {
        size_t size = s_sizes[which], count = BYTES / size;
        void **blocks = calloc (count, sizeof (void *));
        for (size_t at = 0; at < count; at++)
            blocks[at] = heap_alloc (s_heap, size);
        assert (heap_reserved (s_heap) < heap_used (s_heap) + heap_used (s_heap) / 8);
        for (size_t at = 0; at < count; at++)
            heap_free (s_heap, blocks[at], size);
        assert (heap_reserved (s_heap) == 0);
        free (blocks);
    }
    ck_assert_uint_eq (heap_reserved (s_heap), 0);
}
END_TEST

START_TEST (unused_pages_are_given_back_once)
{
    enum { COUNT = 3000 };
    void *blocks[COUNT];
    for (int at = 0; at < COUNT; at++)
        blocks[at] = heap_alloc (s_heap, 512);
    ck_assert_uint_eq (heap_trim (s_heap, 1000), 0);
    for (int at = 0; at < COUNT - 1; at++)
        heap_free (s_heap, blocks[at], 512);

    //  The chunk of the last block is still there, with pages that were used
    ck_assert_uint_eq (heap_trim (s_heap, 3), 3);
    ck_assert_uint_gt (heap_trim (s_heap, 1000), 0);
    ck_assert_uint_eq (heap_trim (s_heap, 1000), 0);
    //  What comes from them again is as good as new
    blocks[0] = heap_alloc (s_heap, 512);
    memset (blocks[0], 1, 512);
    heap_free (s_heap, blocks[0], 512);
    heap_free (s_heap, blocks[COUNT - 1], 512);
    ck_assert_uint_eq (heap_reserved (s_heap), 0);
}
END_TEST

START_TEST (a_block_is_sparse_when_its_page_has_much_room_and_is_not_next)
{
    enum { COUNT = 2 * 64 }; // Blocks of 64 bytes in two pages of 4,096
    void *blocks[COUNT];
    for (int at = 0; at < COUNT; at++)
        blocks[at] = heap_alloc (s_heap, 64);
    ck_assert (!heap_is_sparse (s_heap, blocks[0], 64));
    for (int at = 1; at < 20; at++)
        heap_free (s_heap, blocks[at], 64);
    //  The page that has room is where the next block comes from
    ck_assert (!heap_is_sparse (s_heap, blocks[0], 64));
    heap_free (s_heap, blocks[127], 64);
    ck_assert (heap_is_sparse (s_heap, blocks[0], 64));
    ck_assert (!heap_is_sparse (s_heap, blocks[126], 64));
    heap_free (s_heap, blocks[0], 64);
    for (int at = 20; at < 127; at++)
        heap_free (s_heap, blocks[at], 64);
    void *large = heap_alloc (s_heap, 9000);
    ck_assert (!heap_is_sparse (s_heap, large, 9000));
    heap_free (s_heap, large, 9000);
}
END_TEST

//  A value that is replaced by one of its size, as often as that happens, costs no fresh memory.
START_TEST (free_large_blocks_wait_for_others_of_their_size)
{
    enum { S_LARGE = 1 << 20 };
    void *block = heap_alloc (s_heap, S_LARGE), *other = heap_alloc (s_heap, S_LARGE);
    size_t used = heap_used (s_heap);
    heap_free (s_heap, other, S_LARGE);
    ck_assert_uint_eq (heap_used (s_heap), used / 2);
    ck_assert_uint_eq (heap_reserved (s_heap), used / 2);
    ck_assert_ptr_eq (heap_alloc (s_heap, S_LARGE - 100), other);
    memset (other, 7, S_LARGE - 100);
    heap_free (s_heap, other, S_LARGE - 100);
    void *larger = heap_alloc (s_heap, 2 * S_LARGE);
    ck_assert_ptr_ne (larger, other);
    heap_free (s_heap, block, S_LARGE);
    heap_free (s_heap, larger, 2 * S_LARGE);
    ck_assert_uint_eq (heap_trim (s_heap, 1), 1);
    ck_assert_uint_eq (heap_trim (s_heap, 1000), 3);
    ck_assert_uint_eq (heap_trim (s_heap, 1000), 2);
    ck_assert_uint_eq (heap_trim (s_heap, 1000), 0);
    //  Not more than a few, and none of those that are very large
    void *blocks[10];
    for (size_t at = 0; at < 10; at++)
        blocks[at] = heap_alloc (s_heap, S_LARGE);
    for (size_t at = 0; at < 10; at++)
        heap_free (s_heap, blocks[at], S_LARGE);
    heap_free (s_heap, heap_alloc (s_heap, 64 * S_LARGE), 64 * S_LARGE);
    ck_assert_uint_eq (heap_trim (s_heap, 1000), 4);
}
END_TEST

START_TEST (without_memory_nothing_is_counted)
{
    static const size_t s_sizes[] = { 10, 600, 5000, 9000, 300000 };
    for (size_t at = 0; at < sizeof s_sizes / sizeof s_sizes[0]; at++) {
        mem_fail_at (1);
        ck_assert_ptr_null (heap_alloc (s_heap, s_sizes[at]));
        ck_assert_uint_eq (heap_used (s_heap), 0);
        ck_assert_uint_eq (heap_reserved (s_heap), 0);
        mem_fail_at (0);
        void *block = heap_alloc (s_heap, s_sizes[at]);
        ck_assert_ptr_nonnull (block);
        heap_free (s_heap, block, s_sizes[at]);
    }
    mem_fail_at (1);
    ck_assert_ptr_null (heap_new ());
    heap_free (s_heap, NULL, 10);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("heap");
    TCase *tcase = tcase_create ("heap");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, a_block_is_aligned_and_takes_what_it_says);
    tcase_add_test (tcase, rounding_costs_at_most_an_eighth_beyond_the_smallest);
    tcase_add_test (tcase, all_of_a_block_can_be_written);
    tcase_add_test (tcase, blocks_never_overlap_and_accounts_are_exact);
    tcase_add_test (tcase, full_pages_hold_nearly_what_is_reserved);
    tcase_add_test (tcase, unused_pages_are_given_back_once);
    tcase_add_test (tcase, a_block_is_sparse_when_its_page_has_much_room_and_is_not_next);
    tcase_add_test (tcase, free_large_blocks_wait_for_others_of_their_size);
    tcase_add_test (tcase, without_memory_nothing_is_counted);
    suite_add_tcase (suite, tcase);
    return suite;
}
