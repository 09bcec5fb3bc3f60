//  check_ghost: what was removed not long ago is known, what was never there hardly ever.
//  SPDX-License-Identifier: MPL-2.0
#include "evict/ghost.h"
#include "lib/dice.h"
#include "lib/test.h"
#include "mem.h"

static size_t s_bytes;
static ghost_t s_ghost;
static dice_t s_dice;

static void
s_set_up (void)
{
    s_bytes = 0;
    s_dice = (dice_t) { .seed = dice_seed (3) };
    ghost_init (&s_ghost, &s_bytes);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    ghost_clear (&s_ghost);
    ck_assert_uint_eq (s_bytes, 0);
}

static uint64_t
s_hash (void)
{
    return (uint64_t) dice_roll (&s_dice, UINT32_MAX) << 32 | dice_roll (&s_dice, UINT32_MAX);
}

START_TEST (the_last_ones_are_known_once)
{
    enum { ENTRIES = 4096, ADDED = 3 * ENTRIES };
    static uint64_t s_hashes[ADDED];
    ghost_fit (&s_ghost, ENTRIES);
    ck_assert_uint_eq (s_bytes, ENTRIES * sizeof (uint16_t));
    for (unsigned at = 0; at < ADDED; at++)
        ghost_add (&s_ghost, s_hashes[at] = s_hash ());
    unsigned known = 0, old = 0, again = 0, strangers = 0;
    for (unsigned at = ADDED - ENTRIES / 2; at < ADDED; at++)
        known += ghost_take (&s_ghost, s_hashes[at]);
    for (unsigned at = ADDED - ENTRIES / 2; at < ADDED; at++)
        again += ghost_take (&s_ghost, s_hashes[at]);
    for (unsigned at = 0; at < ENTRIES; at++)
        old += ghost_take (&s_ghost, s_hashes[at]);
    for (unsigned at = 0; at < ENTRIES; at++)
        strangers += ghost_take (&s_ghost, s_hash ());
    ck_assert_uint_ge (known, ENTRIES / 2 * 99 / 100);
    ck_assert_uint_le (again, ENTRIES / 500);
    ck_assert_uint_le (old, ENTRIES / 50);
    ck_assert_uint_le (strangers, ENTRIES / 500);
}
END_TEST

START_TEST (its_size_follows_the_entries_and_stays_while_they_change_little)
{
    for (uint64_t entries = 1; entries < 200000; entries = entries * 3 / 2 + 1) {
        ghost_fit (&s_ghost, entries);
        ck_assert_uint_ge (s_ghost.count * GHOST_BUCKET, entries);
        ck_assert_uint_le (s_bytes, entries * 2 * sizeof (uint16_t) + sizeof *s_ghost.buckets);
    }
    ghost_fit (&s_ghost, 100000);
    uint64_t hash = s_hash ();
    ghost_add (&s_ghost, hash);
    ghost_fit (&s_ghost, 80000);
    ck_assert (ghost_take (&s_ghost, hash));
    ghost_fit (&s_ghost, 100);
    ck_assert_uint_eq (s_ghost.count, 4);
}
END_TEST

START_TEST (without_memory_it_knows_nothing)
{
    ghost_add (&s_ghost, 1);
    ck_assert (!ghost_take (&s_ghost, 1));
    mem_fail_at (1);
    ghost_fit (&s_ghost, 1000);
    ghost_add (&s_ghost, 1);
    ck_assert (!ghost_take (&s_ghost, 1));
    mem_fail_at (0);
    ghost_fit (&s_ghost, 1000);
    ghost_add (&s_ghost, 1);
    ck_assert (ghost_take (&s_ghost, 1));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("ghost");
    TCase *tcase = tcase_create ("ghost");
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, the_last_ones_are_known_once);
    tcase_add_test (tcase, its_size_follows_the_entries_and_stays_while_they_change_little);
    tcase_add_test (tcase, without_memory_it_knows_nothing);
    suite_add_tcase (suite, tcase);
    return suite;
}
