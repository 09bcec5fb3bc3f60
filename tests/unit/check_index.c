//  check_index: keys are found, whatever the table goes through; cursors and sweeps miss nothing.
//  SPDX-License-Identifier: MPL-2.0
#include "index.h"
#include "lib/dice.h"
#include "lib/test.h"
#include "mem.h"

static hash_secret_t s_secret;
static reclaim_t *s_reclaim;
static size_t s_bytes;
static index_t s_index;

static void
s_set_up (void)
{
    uint8_t seed[HASH_SEED_SIZE] = { 42 };
    hash_secret (&s_secret, seed);
    s_reclaim = reclaim_new (NULL);
    s_bytes = 0;
    index_init (&s_index, &s_secret, s_reclaim, &s_bytes);
}

static void
s_free_entry (void *arg, slot_t *slot, entry_t *entry)
{
    (void) arg;
    (void) slot;
    free (entry);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    index_each (&s_index, 0, UINT32_MAX, s_free_entry, NULL);
    index_close (&s_index);
    ck_assert_uint_eq (s_bytes, 0);
    reclaim_destroy (&s_reclaim);
}

static bytes_t
s_key (uint32_t *number)
{
    return bytes_of (number, sizeof *number);
}

static uint64_t
s_hash (uint32_t number)
{
    return hash_key (&s_secret, s_key (&number));
}

static bool
s_add (uint32_t number, uint64_t deadline)
{
    entry_t *entry = malloc (entry_size_for (sizeof number, 0));
    atomic_store (&entry->version, number);
    atomic_store (&entry->life, entry_life (deadline, 0));
    memcpy (entry_lay_out (entry, sizeof number, 0), &number, sizeof number);
    if (index_add (&s_index, s_hash (number), entry, index_code (deadline)))
        return true;
    free (entry);
    return false;
}

static slot_t *
s_find (uint32_t number)
{
    slot_t *slot = index_find (&s_index, s_hash (number), s_key (&number));
    if (slot)
        assert (entry_version (index_entry (atomic_load (slot))) == number);
    return slot;
}

static void
s_remove (uint32_t number)
{
    slot_t *slot = s_find (number);
    assert (slot);
    entry_t *entry = index_entry (atomic_load (slot));
    index_remove (&s_index, slot);
    free (entry);
}

//  Marks what a visit or a sweep shows.
typedef struct {
    uint8_t *seen;
    uint32_t count;
} s_seen_t;

static void
s_see (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_seen_t *seen = arg;
    uint32_t number = (uint32_t) entry_version (entry);
    (void) slot;
    assert (number < seen->count && hash == s_hash (number));
    seen->seen[number]++;
}

static void
s_sweep (void *arg, slot_t *slot, entry_t *entry)
{
    s_see (arg, slot, entry, s_hash ((uint32_t) entry_version (entry)));
}

START_TEST (every_key_is_found_while_the_table_grows_and_shrinks)
{
    enum { COUNT = 20000 };
    for (uint32_t number = 0; number < COUNT; number++) {
        assert (s_add (number, 0));
        assert (s_find (number) && !s_find (number + COUNT));
        assert (s_find (number / 2) && s_find (number / 3));
    }
    ck_assert_uint_eq (s_index.live, COUNT);
    for (uint32_t number = 0; number < COUNT; number++) {
        s_remove (number);
        index_step (&s_index, 4);
        assert (!s_find (number));
        assert (number + 1 == COUNT || s_find (COUNT - 1));
        assert (number + 1 == COUNT || s_find (number + (COUNT - number) / 2));
    }
    ck_assert_uint_eq (s_index.live, 0);
    while (index_step (&s_index, 64))
        ;
    ck_assert_uint_le (index_buckets (&s_index), 2);
}
END_TEST

//  Once, a table that was emptied shrank to a bucket, and what came meanwhile had no room.
START_TEST (a_shrinking_table_has_room_for_what_comes_meanwhile)
{
    static const uint32_t s_sizes[] = { 30, 200, 3000, 30000 };
    uint32_t next = 0;
    for (size_t which = 0; which < sizeof s_sizes / sizeof s_sizes[0]; which++) {
        uint32_t first = next;
        for (; next < first + s_sizes[which]; next++)
            assert (s_add (next, 0));
        for (uint32_t number = first; number < next; number++)
            s_remove (number);
        while (index_moving (&s_index))
            index_step (&s_index, 64);
        index_step (&s_index, 1);
        uint32_t more = next;
        for (; next < more + s_sizes[which]; next++) {
            ck_assert (s_add (next, 0));
            assert (s_find (next) && s_find (more));
        }
        for (uint32_t number = more; number < next; number++)
            s_remove (number);
    }
    ck_assert_uint_eq (s_index.live, 0);
}
END_TEST

//  Entries of one bucket only: all have nearly the same position.
START_TEST (collisions_are_told_apart)
{
    enum { COUNT = 100 };
    uint32_t numbers[COUNT];
    uint32_t count = 0;
    for (uint32_t number = 0; count < COUNT; number++)
        if (index_position (s_hash (number)) >> 22 == 1023) // The end of the table: they go round
            numbers[count++] = number;
    for (uint32_t at = 0; at < COUNT; at++) {
        assert (s_add (numbers[at], 0));
        for (uint32_t other = 0; other <= at; other++)
            assert (s_find (numbers[other]));
    }
    for (uint32_t at = 0; at < COUNT; at += 2)
        s_remove (numbers[at]);
    for (uint32_t at = 0; at < COUNT; at++)
        assert (!s_find (numbers[at]) == (at % 2 == 0));
    for (uint32_t at = 0; at < COUNT; at += 2)
        assert (s_add (numbers[at], 0));
    for (uint32_t at = 0; at < COUNT; at++)
        assert (s_find (numbers[at]));
    ck_assert_uint_eq (s_index.live, COUNT);
}
END_TEST

START_TEST (churn_leaves_no_graves)
{
    enum { LIVE = 500, ROUNDS = 60000 };
    for (uint32_t number = 0; number < LIVE; number++)
        assert (s_add (number, 0));
    for (uint32_t number = LIVE; number < ROUNDS; number++) {
        s_remove (number - LIVE);
        assert (s_add (number, 0));
        if (number % 1000 == 0)
            for (uint32_t other = number - LIVE + 1; other <= number; other++)
                assert (s_find (other));
    }
    ck_assert_uint_eq (s_index.live, LIVE);
    ck_assert_uint_le (index_buckets (&s_index), 4 * LIVE / INDEX_BUCKET);
}
END_TEST

//  Without memory for a larger table the present one is filled further; then it says so.
START_TEST (a_table_that_cannot_grow_stays_right_and_grows_later)
{
    uint32_t number = 0;
    for (; number < 2000; number++)
        assert (s_add (number, 0));
    while (index_moving (&s_index))
        index_step (&s_index, 64);
    uint64_t slots = index_buckets (&s_index) * INDEX_BUCKET;
    mem_fail_at (1);
    while (s_add (number, 0))
        number++;
    ck_assert_uint_ge (number, slots * 7 / 8);
    ck_assert_uint_le (number, slots);
    for (uint32_t other = 0; other < number; other++)
        assert (s_find (other));
    assert (!s_find (number));
    s_remove (5);
    mem_fail_at (0);
    for (uint32_t end = number + 5000; number < end; number++) {
        ck_assert (s_add (number, 0));
        assert (s_find (number) && s_find (number / 2 + 10));
    }
    for (uint32_t other = 6; other < number; other++)
        assert (s_find (other));
}
END_TEST

START_TEST (the_first_table_needs_memory)
{
    for (int at = 1; at <= 2; at++) {
        mem_fail_at ((uint64_t) at);
        ck_assert (!s_add (1, 0));
        ck_assert_uint_eq (s_index.live, 0);
        ck_assert_uint_eq (s_bytes, 0);
    }
    mem_fail_at (0);
    ck_assert (s_add (1, 0));
}
END_TEST

//  What stays is visited exactly once, what comes and goes at most once, however often the table is
//  resized between two steps of the cursor.
START_TEST (a_cursor_visits_every_key_exactly_once_across_resizes)
{
    enum { STAY = 3000, COUNT = 40000 };
    s_seen_t seen = { calloc (COUNT, 1), COUNT };
    dice_t dice = { .seed = dice_seed (3) };
    for (int round = 0; round < 6; round++) {
        memset (seen.seen, 0, COUNT);
        for (uint32_t number = 0; number < STAY && round == 0; number++)
            assert (s_add (number, 0));
        uint32_t next = STAY, gone = STAY;
        bool grows = true;
        for (uint64_t position = 0; position < INDEX_END;) {
            uint64_t after = index_visit (&s_index, position, s_see, &seen);
            assert (after > position && after <= INDEX_END);
            position = after;
            for (uint32_t more = dice_roll (&dice, 40); more--;) {
                if (grows && next < COUNT)
                    assert (s_add (next++, 0));
                else if (gone < next)
                    s_remove (gone++);
            }
            grows = dice_roll (&dice, 60) ? grows : !grows;
            index_step (&s_index, dice_roll (&dice, 50));
        }
        while (gone < next)
            s_remove (gone++);
        for (uint32_t number = 0; number < STAY; number++)
            ck_assert_uint_eq (seen.seen[number], 1);
        for (uint32_t number = STAY; number < COUNT; number++)
            ck_assert_uint_le (seen.seen[number], 1);
    }
    ck_assert_uint_gt (s_index.rehashes, 6);
    free (seen.seen);
}
END_TEST

START_TEST (a_visit_may_start_anywhere)
{
    enum { COUNT = 1000 };
    s_seen_t seen = { calloc (COUNT, 1), COUNT };
    for (uint32_t number = 0; number < COUNT; number++)
        assert (s_add (number, 0));
    uint64_t middle = index_position (s_hash (123));
    for (uint64_t at = middle; at < INDEX_END;)
        at = index_visit (&s_index, at, s_see, &seen);
    for (uint32_t number = 0; number < COUNT; number++)
        assert (seen.seen[number] == (index_position (s_hash (number)) >= middle));
    ck_assert_uint_eq (index_visit (&s_index, INDEX_END, s_see, &seen), INDEX_END);
    free (seen.seen);
}
END_TEST

START_TEST (an_empty_index_has_nothing)
{
    s_seen_t seen = { NULL, 0 };
    ck_assert_ptr_null (s_find (1));
    ck_assert_uint_eq (index_visit (&s_index, 0, s_see, &seen), INDEX_END);
    ck_assert_uint_eq (index_each (&s_index, 0, 10, s_sweep, &seen), 0);
    ck_assert (!index_step (&s_index, 10));
    ck_assert (!index_moving (&s_index));
    ck_assert_uint_eq (index_buckets (&s_index), 0);
    index_hint_t hint;
    index_prefetch_bucket (&s_index, 1, &hint);
    index_prefetch_entry (&s_index, 1, &hint);
    ck_assert_ptr_null (hint.slot);
}
END_TEST

//  Deadlines on both sides of where codes begin anew: a sweep shows those of its ticks (and others of
//  the same code, 17 minutes later or earlier), never one without a deadline.
START_TEST (a_sweep_reads_the_codes_of_its_ticks)
{
    enum { COUNT = 600 }; // Two and a half rounds of codes, one tick apart
    s_seen_t seen = { calloc (COUNT + 1, 1), COUNT + 1 };
    uint64_t base = UINT64_C (250) << 12;
    for (uint32_t number = 0; number < COUNT; number++)
        assert (s_add (number, base + ((uint64_t) number << 12)));
    assert (s_add (COUNT, 0));
    while (index_moving (&s_index))
        index_step (&s_index, 64);
    for (unsigned span = 0; span <= 254; span += 127)
        for (unsigned start = 0; start < 255; start += 5) {
            memset (seen.seen, 0, COUNT + 1);
            index_codes_t codes = { start, span };
            uint64_t from = 0;
            do
                from = index_sweep (&s_index, from, 7, codes, s_sweep, &seen);
            while (from);
            for (uint32_t number = 0; number < COUNT; number++)
                assert (seen.seen[number] == (((250 + number) % 255 + 255 - start) % 255 <= span));
            assert (!seen.seen[COUNT]);
        }
    ck_assert_uint_eq (index_code (0), 0);
    ck_assert_uint_eq (index_code (1), 1);
    ck_assert_uint_eq (index_code (UINT64_C (254) << 12), 255);
    ck_assert_uint_eq (index_code (UINT64_C (255) << 12), 1);
    free (seen.seen);
}
END_TEST

START_TEST (each_shows_all_while_entries_move)
{
    enum { COUNT = 5000 };
    s_seen_t seen = { calloc (COUNT, 1), COUNT };
    uint32_t number = 0;
    for (; number < 2000 || !index_moving (&s_index); number++)
        assert (s_add (number, number));
    uint64_t from = 0;
    do
        from = index_each (&s_index, from, 3, s_sweep, &seen);
    while (from);
    for (uint32_t at = 0; at < number; at++)
        assert (seen.seen[at] == 1);
    ck_assert (index_moving (&s_index));
    free (seen.seen);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("index");
    TCase *tcase = tcase_create ("index");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, s_set_up, s_tear_down);
    tcase_add_test (tcase, every_key_is_found_while_the_table_grows_and_shrinks);
    tcase_add_test (tcase, a_shrinking_table_has_room_for_what_comes_meanwhile);
    tcase_add_test (tcase, collisions_are_told_apart);
    tcase_add_test (tcase, churn_leaves_no_graves);
    tcase_add_test (tcase, a_table_that_cannot_grow_stays_right_and_grows_later);
    tcase_add_test (tcase, the_first_table_needs_memory);
    tcase_add_test (tcase, a_cursor_visits_every_key_exactly_once_across_resizes);
    tcase_add_test (tcase, a_visit_may_start_anywhere);
    tcase_add_test (tcase, an_empty_index_has_nothing);
    tcase_add_test (tcase, a_sweep_reads_the_codes_of_its_ticks);
    tcase_add_test (tcase, each_shows_all_while_entries_move);
    suite_add_tcase (suite, tcase);
    return suite;
}
