//  check_map_admin: operators change settings of maps; the cluster agrees on them.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/grid.h"
#include "lib/test.h"
#include "status.h"

static grid_t s_grid;

static void
s_setup (void)
{
    grid_init (&s_grid, 11);
}

static void
s_teardown (void)
{
    grid_clear (&s_grid);
}

static const map_settings_t *
s_settings (const char *name)
{
    return view_map (grid_view (&s_grid), bytes_str (name));
}

START_TEST (settings_of_maps_are_agreed_on_and_taken_back)
{
    unsigned node = (grid_begin (&s_grid, 3) + 1) % 3;
    const char *text;

    ck_assert_uint_eq (grid_admin (&s_grid, node,
                                   "map m min_sync 2 ttl 60000 idle 5000 max_entries 1000 max_bytes 1048576"
                                   " policy s3fifo events put,evict",
                                   &text),
                       ZGRID_OK);
    const map_settings_t *map = s_settings ("m");
    ck_assert (map->ttl == 60000 && map->idle == 5000 && map->max_entries == 1000 && map->max_bytes == 1048576
               && map->policy == MAP_POLICY_S3FIFO && map->events == 9);
    //  All of a request, or nothing of it
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m ttl 1 idle soon", &text), ZGRID_MALFORMED);
    ck_assert_ptr_nonnull (strstr (text, "idle"));
    ck_assert_uint_eq (s_settings ("m")->ttl, 60000);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m ttl 0", &text), ZGRID_OK);
    ck_assert (s_settings ("m")->ttl == 0 && s_settings ("m")->idle == 5000);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m", &text), ZGRID_MALFORMED);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m ttl", &text), ZGRID_MALFORMED);
    //  A cp map need not be declared for the usual settings; an ap map stays one
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m reset", &text), ZGRID_OK);
    ck_assert (s_settings ("m")->idle == 0 && grid_view (&s_grid)->maps_count == 0);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map m reset", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map a mode ap ttl 5", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map a max_bytes 5", &text), ZGRID_MISMATCH);
    ck_assert_ptr_nonnull (strstr (text, "max_bytes"));
    ck_assert_uint_eq (grid_admin (&s_grid, node, "map a reset", &text), ZGRID_OK);
    ck_assert (s_settings ("a")->ttl == 0 && s_settings ("a")->mode == MAP_AP);
}
END_TEST

START_TEST (maps_with_settings_of_their_own_are_limited)
{
    grid_begin (&s_grid, 1);
    const char *text;
    char words[64];

    for (unsigned map = 0; map < VIEW_MAPS_MAX; map++) {
        snprintf (words, sizeof words, "map m%u ttl 5", map);
        ck_assert_uint_eq (grid_admin (&s_grid, 0, words, &text), ZGRID_OK);
    }
    ck_assert_uint_eq (grid_admin (&s_grid, 0, "map more ttl 5", &text), ZGRID_TOOBIG);
    ck_assert_uint_gt (strlen (text), 0);
    ck_assert_uint_eq (grid_admin (&s_grid, 0, "map m7 ttl 6", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_admin (&s_grid, 0, "map m8 reset", &text), ZGRID_OK);
    ck_assert_uint_eq (grid_admin (&s_grid, 0, "map more ttl 5", &text), ZGRID_OK);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("map_admin");
    TCase *tests = tcase_create ("map_admin");
    tcase_add_checked_fixture (tests, s_setup, s_teardown);
    tcase_set_timeout (tests, 60);
    tcase_add_test (tests, settings_of_maps_are_agreed_on_and_taken_back);
    tcase_add_test (tests, maps_with_settings_of_their_own_are_limited);
    suite_add_tcase (suite, tests);
    return suite;
}
