//  check_limits: limits of maps and of the node hold, whatever is done, with any number of copies; what
//  is removed to make room is what may be.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/copies.h"
#include "lib/dice.h"
#include "lib/test.h"
#include "mem.h"
#include "slot.h"
#include "storage_impl.h"

static rig_t s_rig;

static void
s_open (uint32_t partitions, const storage_config_t *limits)
{
    storage_config_t config = rig_config (1, partitions);
    config.memory_limit = limits->memory_limit;
    config.entries_limit = limits->entries_limit;
    config.policy = limits->policy;
    ck_assert (rig_open_with (&s_rig, &config, NULL));
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    rig_close (&s_rig);
}

static unsigned
s_ask (op_t op, const char *map, uint32_t number, size_t size)
{
    static uint8_t s_value[1 << 20];
    char key[16];
    snprintf (key, sizeof key, "key%08x", number);
    ask_t ask = { .op = op, .map = bytes_str (map), .has_key = true, .key = bytes_str (key) };
    if (op == OP_PUT || op == OP_APPEND)
        ask.value = value_bytes (bytes_of (s_value, size));
    return rig_ask (&s_rig, &ask).status;
}

//  Settings as a view would bring them.
static map_t *
s_set (const char *name, map_settings_t settings)
{
    s_ask (OP_GET, name, 0, 0);
    map_t *map = map_find (s_rig.storage[0], bytes_str (name));
    if (!map) { // Maps begin with their first entry
        ck_assert_uint_eq (s_ask (OP_PUT, name, 0, 1), ZGRID_OK);
        ck_assert_uint_eq (s_ask (OP_DEL, name, 0, 0), ZGRID_OK);
        map = map_find (s_rig.storage[0], bytes_str (name));
    }
    ck_assert_ptr_nonnull (map);
    ck_assert (limits_apply (s_rig.storage[0], map, &settings));
    return map;
}

static const map_policy_t s_policies[] = { MAP_POLICY_NONE, MAP_POLICY_LRU, MAP_POLICY_S3FIFO };
static const uint32_t s_partitions[] = { 1, 7, 271 };

//  Random operations on a map with limits, and on one without any beside it.
static void
s_play (uint32_t partitions, map_policy_t policy, dice_t *dice)
{
    enum { ENTRIES = 500, BYTES = 60000, OTHERS = 200 };
    storage_config_t none = { .policy = MAP_POLICY_NONE };
    s_open (partitions, &none);
    map_t *map = s_set ("m",
                        (map_settings_t) { .policy = policy, .max_entries = ENTRIES, .max_bytes = BYTES });
    for (uint32_t number = 0; number < OTHERS; number++)
        ck_assert_uint_eq (s_ask (OP_PUT, "other", number, 100), ZGRID_OK);
    unsigned refused = 0;
    uint64_t evicted = 0;
    for (uint32_t step = 0; step < 8000; step++) {
        static const op_t s_ops[] = { OP_PUT, OP_PUT, OP_PUT, OP_APPEND, OP_GET, OP_GET, OP_DEL };
        op_t op = s_ops[dice_roll (dice, 7)];
        uint64_t before = map->tally.entries, used = map->tally.used_bytes;
        size_t size = dice_roll (dice, 30) ? dice_roll (dice, 200) : dice_roll (dice, 20000);
        unsigned status = s_ask (op, "m", dice_roll (dice, 1500), size);
        ck_assert_uint_le (map->tally.entries, ENTRIES);
        ck_assert_uint_le (map->tally.used_bytes, BYTES);
        refused += status == ZGRID_NOMEM;
        if (status == ZGRID_NOMEM)
            ck_assert (map->tally.entries == before && map->tally.used_bytes == used);
        //  What went was needed: without the last that went the new one would not have had room
        uint64_t now_evicted = rig_stats (&s_rig).evicted;
        if (now_evicted > evicted && map->tally.entries < ENTRIES)
            ck_assert_uint_ge (map->tally.used_bytes + 21000, BYTES);
        evicted = now_evicted;
        if (dice_roll (dice, 100) == 0)
            rig_pass (&s_rig, dice_roll (dice, 1000));
        if (step % 1000 == 0)
            rig_verify (&s_rig);
    }
    ck_assert_int_eq (refused > 0, policy == MAP_POLICY_NONE);
    ck_assert_int_eq (rig_stats (&s_rig).evicted > 0, policy != MAP_POLICY_NONE);
    for (uint32_t number = 0; number < OTHERS; number++)
        ck_assert_uint_eq (s_ask (OP_GET, "other", number, 0), ZGRID_OK);
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

START_TEST (a_map_is_never_above_its_limits_whatever_is_done)
{
    dice_t dice = { .seed = dice_seed (17) };
    for (int which = 0; which < 3; which++)
        for (int policy = 0; policy < 3; policy++)
            s_play (s_partitions[which], s_policies[policy], &dice);
    rig_open (&s_rig, 1, 1);
}
END_TEST

START_TEST (a_map_that_may_not_evict_refuses_and_others_go_on)
{
    storage_config_t none = { .policy = MAP_POLICY_LRU };
    s_open (7, &none);
    s_set ("m", (map_settings_t) { .policy = MAP_POLICY_NONE, .max_entries = 10 });
    for (uint32_t number = 0; number < 10; number++)
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 10), ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 10, 10), ZGRID_NOMEM);
    ck_assert_uint_eq (s_ask (OP_GET, "m", 10, 0), ZGRID_NOTFOUND);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 5, 1000), ZGRID_OK); // One that is there may change
    ck_assert_uint_eq (s_ask (OP_PUT, "n", 10, 10), ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_DEL, "m", 3, 0), ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 10, 10), ZGRID_OK);
    ck_assert_uint_eq (rig_stats (&s_rig).evicted, 0);
    ck_assert_uint_eq (rig_stats (&s_rig).nomem, 1);
}
END_TEST

START_TEST (a_limit_smaller_than_one_entry_refuses_it_and_removes_nothing)
{
    storage_config_t none = { .policy = MAP_POLICY_LRU };
    s_open (7, &none);
    s_set ("m", (map_settings_t) { .max_bytes = 2000 });
    for (uint32_t number = 0; number < 10; number++)
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 40), ZGRID_OK);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 10, 2000), ZGRID_NOMEM);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 5, 2000), ZGRID_NOMEM);
    for (uint32_t number = 0; number < 10; number++)
        ck_assert_uint_eq (s_ask (OP_GET, "m", number, 0), ZGRID_OK);
    s_set ("m", (map_settings_t) { .max_bytes = 10 });
    rig_settle (&s_rig);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 0);
    ck_assert_uint_eq (s_ask (OP_PUT, "m", 1, 0), ZGRID_NOMEM);
    s_set ("m", (map_settings_t) { .max_entries = 1 });
    for (uint32_t number = 0; number < 20; number++) {
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 40), ZGRID_OK);
        ck_assert_uint_eq (s_ask (OP_GET, "m", number, 0), ZGRID_OK);
    }
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 1);
}
END_TEST

START_TEST (a_limit_that_shrinks_is_reached_a_piece_at_a_time)
{
    storage_config_t none = { .policy = MAP_POLICY_NONE };
    for (int policy = 1; policy < 3; policy++) {
        s_open (271, &none);
        map_t *map = s_set ("m", (map_settings_t) { .policy = s_policies[policy], .max_entries = 10000 });
        for (uint32_t number = 0; number < 20000; number++)
            ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 10), ZGRID_OK);
        ck_assert_uint_eq (map->tally.entries, 10000);
        s_set ("m", (map_settings_t) { .policy = s_policies[policy], .max_entries = 2000 });
        ck_assert_uint_eq (map->tally.entries, 10000);
        //  Writes go on meanwhile, each with a bounded piece of work of its own
        ck_assert_uint_eq (s_ask (OP_PUT, "m", 20000, 10), ZGRID_OK);
        ck_assert_uint_ge (map->tally.entries, 9900);
        unsigned ticks = 0;
        for (uint64_t wait = 1; wait == 1; ticks++) {
            uint64_t before = map->tally.entries;
            wait = storage_tick (s_rig.storage[0], s_rig.moment.now);
            ck_assert_uint_le (before - map->tally.entries, 512);
        }
        ck_assert_uint_eq (map->tally.entries, 2000);
        ck_assert_uint_ge (ticks, 15);
        ck_assert_uint_le (ticks, 20);
        //  Without a limit of its own it grows again
        s_set ("m", (map_settings_t) { .policy = MAP_POLICY_NODE });
        for (uint32_t number = 0; number < 5000; number++)
            ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 10), ZGRID_OK);
        ck_assert_uint_gt (map->tally.entries, 5000);
        rig_verify (&s_rig);
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

START_TEST (policies_may_change_and_what_they_held_is_given_back)
{
    storage_config_t none = { .policy = MAP_POLICY_NONE };
    s_open (7, &none);
    map_t *map = s_set ("m", (map_settings_t) { .policy = MAP_POLICY_LRU, .max_entries = 1000 });
    for (uint32_t round = 0; round < 12; round++) {
        s_set ("m", (map_settings_t) { .policy = s_policies[1 + round % 2], .max_entries = 1000 });
        for (uint32_t number = 0; number < 3000; number++) {
            ck_assert_uint_eq (s_ask (OP_PUT, "m", round * 1500 + number, 10), ZGRID_OK);
            s_ask (OP_GET, "m", round * 1500 + number / 2, 0);
            ck_assert_uint_le (map->tally.entries, 1000);
        }
        rig_verify (&s_rig);
    }
    ck_assert_uint_gt (map->evictor->fresh.count, 0);
    ck_assert_ptr_nonnull (map->evictor->ghost.buckets);
    size_t with = rig_stats (&s_rig).index_bytes;
    size_t held = map->evictor->ghost.count * sizeof *map->evictor->ghost.buckets
                  + (map->evictor->fresh.count / 255 + 1) * 4080;
    s_set ("m", (map_settings_t) { .policy = MAP_POLICY_LRU, .max_entries = 1000 });
    ck_assert_uint_le (rig_stats (&s_rig).index_bytes + held, with + 4096);
}
END_TEST

//  The node's limit takes from all maps that may lose something, by what they hold.
START_TEST (the_nodes_limit_takes_from_all_maps_that_may_lose_something)
{
    for (int policy = 1; policy < 3; policy++) {
        storage_config_t config = { .policy = s_policies[policy], .entries_limit = 4000 };
        s_open (271, &config);
        s_set ("spared", (map_settings_t) { .policy = MAP_POLICY_NONE });
        s_set ("own", (map_settings_t) { .policy = MAP_POLICY_LRU, .max_entries = 3000 });
        for (uint32_t number = 0; number < 1000; number++)
            ck_assert_uint_eq (s_ask (OP_PUT, "spared", number, 10), ZGRID_OK);
        for (uint32_t number = 0; number < 1500; number++) {
            ck_assert_uint_eq (s_ask (OP_PUT, "own", number, 10), ZGRID_OK);
            ck_assert_uint_eq (s_ask (OP_PUT, "a", number, 10), ZGRID_OK);
        }
        for (uint32_t number = 0; number < 30000; number++) {
            ck_assert_uint_eq (s_ask (OP_PUT, number % 2 ? "a" : "b", number, 10), ZGRID_OK);
            ck_assert_uint_le (rig_stats (&s_rig).entries, 4000);
        }
        storage_t *storage = s_rig.storage[0];
        ck_assert_uint_eq (map_find (storage, bytes_str ("spared"))->tally.entries, 1000);
        ck_assert_uint_lt (map_find (storage, bytes_str ("own"))->tally.entries, 1000);
        ck_assert_uint_gt (map_find (storage, bytes_str ("a"))->tally.entries, 500);
        ck_assert_uint_gt (map_find (storage, bytes_str ("b"))->tally.entries, 500);
        ck_assert_uint_eq (rig_stats (&s_rig).entries, 4000);
        //  Nothing is left but what may not go
        for (uint32_t number = 1000; number < 4000; number++)
            ck_assert_uint_eq (s_ask (OP_PUT, "spared", number, 10), ZGRID_OK);
        ck_assert_uint_eq (s_ask (OP_PUT, "spared", 4000, 10), ZGRID_NOMEM);
        ck_assert_uint_eq (s_ask (OP_PUT, "a", 1, 10), ZGRID_NOMEM);
        rig_verify (&s_rig);
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

START_TEST (all_entries_of_one_partition_make_room_as_well)
{
    for (int policy = 1; policy < 3; policy++) {
        storage_config_t none = { .policy = MAP_POLICY_NONE };
        s_open (271, &none);
        map_t *map = s_set ("m", (map_settings_t) { .policy = s_policies[policy], .max_entries = 100 });
        unsigned stored = 0;
        for (uint32_t number = 0; stored < 1000; number++) {
            char key[16];
            snprintf (key, sizeof key, "key%08x", number);
            if (slot_partition (slot_of_key (bytes_str (key)), 271) != 77)
                continue;
            stored++;
            ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 10), ZGRID_OK);
            ck_assert_uint_le (map->tally.entries, 100);
        }
        ck_assert_uint_eq (map->tally.entries, 100);
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

//  What is over goes first, if it is seen, and counts as expired.
START_TEST (entries_whose_time_is_over_go_before_others)
{
    for (int policy = 1; policy < 3; policy++) {
        storage_config_t config = { .policy = s_policies[policy], .entries_limit = 1000 };
        s_open (7, &config);
        for (unsigned number = 0; number < 1000; number++) {
            char key[16];
            snprintf (key, sizeof key, "key%08x", number);
            ck_assert_uint_eq (rig_do (&s_rig, OP_PUT, key, "v", number % 2 ? "px=100" : "").status,
                               ZGRID_OK);
        }
        s_rig.moment.now += 200; // And no tick
        for (uint32_t number = 1000; number < 1300; number++)
            ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 1), ZGRID_OK);
        stats_t stats = rig_stats (&s_rig);
        ck_assert_uint_eq (stats.expired + stats.evicted, 300);
        ck_assert_uint_ge (stats.expired, policy == 1 ? 200 : 50); // S3-FIFO: those that it comes across
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

START_TEST (any_sizes_of_keys_and_values_hold_within_the_limit)
{
    enum { LIMIT = 3 << 20 };
    for (int policy = 1; policy < 3; policy++) {
        dice_t dice = { .seed = dice_seed (23) };
        storage_config_t config = { .policy = s_policies[policy], .memory_limit = LIMIT };
        s_open (7, &config);
        static uint8_t s_bytes[1 << 20];
        for (unsigned step = 0; step < 3000; step++) {
            size_t key_size = 1 + (dice_roll (&dice, 3) ? dice_roll (&dice, 30) : dice_roll (&dice, 65536));
            size_t size = dice_roll (&dice, 10) ? dice_roll (&dice, 300) : dice_roll (&dice, sizeof s_bytes);
            memset (s_bytes, (int) dice_roll (&dice, 256), 32);
            ask_t ask = { .op = OP_PUT,
                          .map = bytes_str ("m"),
                          .has_key = true,
                          .key = bytes_of (s_bytes, key_size),
                          .value = value_bytes (bytes_of (s_bytes, size)) };
            ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
            stats_t stats = rig_stats (&s_rig);
            ck_assert_uint_le (stats.used_bytes + stats.index_bytes, LIMIT + stats.index_bytes);
            if (step % 300 == 0)
                rig_verify (&s_rig);
        }
        ck_assert_uint_gt (rig_stats (&s_rig).evicted, 100);
        //  A tick later tables count as well
        rig_settle (&s_rig);
        stats_t stats = rig_stats (&s_rig);
        ck_assert_uint_le (stats.used_bytes + stats.index_bytes, LIMIT);
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

//  The n-th allocation fails: the write is refused or done, and everything is still counted.
START_TEST (without_memory_limits_still_hold)
{
    storage_config_t config = { .policy = MAP_POLICY_S3FIFO, .entries_limit = 600 };
    s_open (7, &config);
    buf_reserve (&s_rig.body, 1 << 20);
    buf_reserve (&s_rig.out, 1 << 20);
    uint32_t number = 0, refused = 0;
    for (uint64_t at = 1; at < 1500; at++) {
        mem_fail_at (1 + at % 5);
        for (unsigned count = 0; count < 5; count++)
            refused += s_ask (OP_PUT, "m", number++, 10) != ZGRID_OK;
        mem_fail_at (0);
        ck_assert_uint_le (rig_stats (&s_rig).entries, 600);
        ck_assert_uint_eq (s_ask (OP_PUT, "m", number++, 10), ZGRID_OK);
        if (at % 100 == 0)
            rig_verify (&s_rig);
    }
    ck_assert_uint_gt (refused, 0);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 600);
    //  An evictor of a map
    map_t *map = map_find (s_rig.storage[0], bytes_str ("m"));
    map_settings_t settings = { .max_entries = 100, .policy = MAP_POLICY_LRU };
    mem_fail_at (1);
    ck_assert (!limits_apply (s_rig.storage[0], map, &settings));
    ck_assert_ptr_null (map->evictor);
    mem_fail_at (2);
    ck_assert (!limits_apply (s_rig.storage[0], map, &settings));
    mem_fail_at (0);
    rig_verify (&s_rig);
    ck_assert (limits_apply (s_rig.storage[0], map, &settings));
    rig_settle (&s_rig);
    ck_assert_uint_eq (map->tally.entries, 100);
}
END_TEST

//  Beyond key and value, with everything that S3-FIFO holds, at its limit.
START_TEST (an_entry_costs_at_most_40_bytes_with_all_that_eviction_needs)
{
    for (int policy = 1; policy < 3; policy++) {
        storage_config_t config = { .policy = s_policies[policy], .entries_limit = 100000 };
        s_open (7, &config);
        for (uint32_t number = 0; number < 130000; number++)
            ck_assert_uint_eq (s_ask (OP_PUT, "m", number, 32), ZGRID_OK);
        stats_t stats = rig_stats (&s_rig);
        uint64_t over = stats.used_bytes + stats.index_bytes - stats.data_bytes;
        ck_assert_uint_le (over, 40 * stats.entries);
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

//  Small pieces at first, larger ones if that does not help; seconds, and then everything is back.
START_TEST (many_entries_that_end_at_once_go_in_pieces_and_give_all_memory_back)
{
    enum { COUNT = 300000 };
    storage_config_t none = { .policy = MAP_POLICY_NONE };
    s_open (271, &none);
    ck_assert_uint_eq (s_ask (OP_PUT, "stays", 0, 100), ZGRID_OK);
    rig_settle (&s_rig);
    stats_t before = rig_stats (&s_rig);
    for (unsigned number = 0; number < COUNT; number++) {
        char key[16];
        snprintf (key, sizeof key, "key%08x", number);
        ck_assert_uint_eq (rig_do (&s_rig, OP_PUT, key, "value", "px=10000").status, ZGRID_OK);
    }
    s_rig.moment.now += 10000;
    uint64_t end = s_rig.moment.now + 5000, gone = 0, largest = 0, first = 0;
    while (s_rig.moment.now < end) {
        uint64_t entries = rig_stats (&s_rig).entries;
        uint64_t wait = storage_tick (s_rig.storage[0], s_rig.moment.now);
        uint64_t removed = entries - rig_stats (&s_rig).entries;
        first = first ? first : removed;
        largest = removed > largest ? removed : largest;
        s_rig.moment.now += wait < 1000 ? wait : 1000;
        if (!gone && rig_stats (&s_rig).entries == 1)
            gone = s_rig.moment.now;
    }
    ck_assert_uint_le (first, 600);
    ck_assert_uint_le (largest, 4200);
    ck_assert (gone && gone < end - 2000);
    stats_t after = rig_stats (&s_rig);
    ck_assert_uint_eq (after.expired, COUNT);
    ck_assert_uint_le (after.index_bytes, before.index_bytes + 271 * 512);
    ck_assert_uint_le (after.reserved_bytes, before.reserved_bytes + 271 * 512 + 65536);
    rig_verify (&s_rig);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Copies

static void
s_put (copies_t *copies, int index, uint64_t id)
{
    char key[16];
    snprintf (key, sizeof key, "key%08x", (unsigned) id);
    copies_ask_t ask = { .op = OP_PUT, .id = id, .key = key, .value = "value" };
    copies->reply_count = 0;
    copies_ask (copies, index, &ask);
    copies_pump (copies);
    ck_assert_ptr_nonnull (copies_reply (copies, id));
    ck_assert_uint_eq (copies_reply (copies, id)->status, ZGRID_OK);
}

static void
s_limit (copies_t *copies, uint64_t entries, uint8_t policy)
{
    map_settings_t settings = { .name = "map", .min_sync = 1, .max_entries = entries, .policy = policy };
    ck_assert (view_set_map (copies->view, &settings));
    copies_publish (copies, -1);
    copies_run (copies, 100);
}

START_TEST (with_copies_the_primary_evicts_and_the_others_follow)
{
    for (int count = 1; count <= 3; count++) {
        copies_t copies;
        storage_config_t config = rig_config (1, 1);
        copies_open (&copies, count, count, &config);
        s_limit (&copies, 100, MAP_POLICY_LRU);
        for (uint64_t id = 1; id <= 400; id++) {
            s_put (&copies, 0, id);
            ck_assert_uint_le (storage_stats (copies.storage[0])->entries, 100);
        }
        copies_run (&copies, 200);
        ck_assert_uint_eq (storage_stats (copies.storage[0])->evicted, 300);
        for (int index = 0; index < count; index++) {
            ck_assert_uint_eq (storage_stats (copies.storage[index])->entries, 100);
            ck_assert_uint_eq (storage_partition_digest (copies.storage[index], 0),
                               storage_partition_digest (copies.storage[0], 0));
            ck_assert_uint_eq (storage_stats (copies.storage[index])->evicted, index ? 0 : 300);
            storage_verify (copies.storage[index]);
        }
        if (count > 1) { // The next one goes on where the first ended
            part_t *part = copies_part (&copies);
            part->epoch++;
            part->primary = 2;
            part->reps_count--;
            memmove (part->reps, part->reps + 1, part->reps_count * sizeof part->reps[0]);
            copies_publish (&copies, -1);
            copies_run (&copies, 200);
            for (uint64_t id = 401; id <= 500; id++)
                s_put (&copies, 1, id);
            ck_assert_uint_eq (storage_stats (copies.storage[1])->entries, 100);
            ck_assert_uint_eq (storage_stats (copies.storage[1])->evicted, 100);
            //  And a limit that shrinks is its business alone
            s_limit (&copies, 30, MAP_POLICY_S3FIFO);
            for (int tick = 0; tick < 10; tick++)
                for (int index = 1; index < count; index++)
                    storage_tick (copies.storage[index], copies.now);
            copies_run (&copies, 200);
            for (int index = 1; index < count; index++) {
                ck_assert_uint_eq (storage_stats (copies.storage[index])->entries, 30);
                storage_verify (copies.storage[index]);
            }
        }
        copies_close (&copies);
    }
    rig_open (&s_rig, 1, 1);
}
END_TEST

START_TEST (a_map_that_is_declared_again_has_the_nodes_policy)
{
    copies_t copies;
    storage_config_t config = rig_config (1, 1);
    copies_open (&copies, 1, 1, &config);
    s_limit (&copies, 10, MAP_POLICY_S3FIFO);
    for (uint64_t id = 1; id <= 50; id++)
        s_put (&copies, 0, id);
    ck_assert_uint_eq (storage_stats (copies.storage[0])->entries, 10);
    view_remove_map (copies.view, bytes_str ("map"));
    copies_publish (&copies, -1);
    for (uint64_t id = 51; id <= 100; id++)
        s_put (&copies, 0, id);
    ck_assert_uint_eq (storage_stats (copies.storage[0])->entries, 60);
    ck_assert_ptr_null (map_find (copies.storage[0], bytes_str ("map"))->evictor);
    storage_verify (copies.storage[0]);
    copies_close (&copies);
    rig_open (&s_rig, 1, 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("limits");
    TCase *tcase = tcase_create ("limits");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_add_test (tcase, a_map_is_never_above_its_limits_whatever_is_done);
    tcase_add_test (tcase, a_map_that_may_not_evict_refuses_and_others_go_on);
    tcase_add_test (tcase, a_limit_smaller_than_one_entry_refuses_it_and_removes_nothing);
    tcase_add_test (tcase, a_limit_that_shrinks_is_reached_a_piece_at_a_time);
    tcase_add_test (tcase, policies_may_change_and_what_they_held_is_given_back);
    tcase_add_test (tcase, the_nodes_limit_takes_from_all_maps_that_may_lose_something);
    tcase_add_test (tcase, all_entries_of_one_partition_make_room_as_well);
    tcase_add_test (tcase, entries_whose_time_is_over_go_before_others);
    tcase_add_test (tcase, any_sizes_of_keys_and_values_hold_within_the_limit);
    tcase_add_test (tcase, without_memory_limits_still_hold);
    tcase_add_test (tcase, an_entry_costs_at_most_40_bytes_with_all_that_eviction_needs);
    tcase_add_test (tcase, many_entries_that_end_at_once_go_in_pieces_and_give_all_memory_back);
    tcase_add_test (tcase, with_copies_the_primary_evicts_and_the_others_follow);
    tcase_add_test (tcase, a_map_that_is_declared_again_has_the_nodes_policy);
    suite_add_tcase (suite, tcase);
    return suite;
}
