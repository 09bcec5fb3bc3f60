//  moves: what travels from one storage to another arrives as it was, whatever its size, and whatever
//  happens to it meanwhile; what is not such a batch changes nothing.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/copies.h"
#include "lib/rig.h"
#include "lib/test.h"
#include "replica/chunk.h"

START_TEST (items_of_a_chunk_are_read_as_they_were_written)
{
    buf_t out = BUF_INIT;
    chunk_map_t map = { bytes_str ("map"), 7 };
    chunk_entry_t entries[] = { { bytes_str ("key"), bytes_str ("value"), 5, 0, 9 },
                                { bytes_str (""), bytes_str (""), 6, 77, 0 } };
    chunk_add_map (&out, &map);
    for (size_t at = 0; at < 2; at++) {
        size_t before = out.size;
        chunk_add_entry (&out, &entries[at]);
        ck_assert_uint_eq (out.size - before, chunk_entry_size (&entries[at]));
    }
    const uint8_t *at = out.data, *end = out.data + out.size;
    chunk_map_t map_back;
    chunk_entry_t back;
    ck_assert_int_eq (chunk_next (&at, end, &map_back, &back), CHUNK_IS_MAP);
    ck_assert (bytes_equal (map_back.name, map.name) && map_back.entries == 7);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq (chunk_next (&at, end, &map_back, &back), CHUNK_IS_ENTRY);
        ck_assert (bytes_equal (back.key, entries[i].key) && bytes_equal (back.value, entries[i].value));
        ck_assert (back.version == entries[i].version && back.left == entries[i].left
                   && back.age == entries[i].age);
    }
    ck_assert_int_eq (chunk_next (&at, end, &map_back, &back), CHUNK_END);
    //  Cut off anywhere it is no chunk, but where an item ends
    size_t ends[] = { 0, CHUNK_MAP_HEAD + 3, CHUNK_MAP_HEAD + 3 + chunk_entry_size (&entries[0]), out.size };
    for (size_t size = 0, next = 0; size <= out.size; size++) {
        ck_assert_int_eq (chunk_is_sound (bytes_of (out.data, size)), size == ends[next]);
        next += size == ends[next];
    }
    //  Entries need a map
    ck_assert (!chunk_is_sound (bytes_of (out.data + ends[1], out.size - ends[1])));
    buf_clear (&out);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("moving");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, items_of_a_chunk_are_read_as_they_were_written);
    suite_add_tcase (suite, all);
    return suite;
}
