//  check_info: the text of INFO.
//  SPDX-License-Identifier: MPL-2.0
#include <string.h>

#include "gateway/info.h"
#include "lib/test.h"
#include "mem.h"
#include "wire.h"

static const info_gateway_t s_gateway = { .version = "9.9",
                                          .run_id = "0123",
                                          .port = 6380,
                                          .wall = 90061000,
                                          .started = 1000,
                                          .connections = 3,
                                          .errors = 2 };

static const char *
s_text (const info_facts_t *facts, const info_gateway_t *gateway, uint32_t sections)
{
    static char text[8192];
    buf_t out = BUF_INIT;
    info_write (facts, gateway, sections, &out);
    ck_assert (!out.failed && out.size < sizeof text);
    if (out.size)
        memcpy (text, out.data, out.size);
    text[out.size] = 0;
    buf_clear (&out);
    return text;
}

START_TEST (sections_are_found_by_their_names)
{
    ck_assert_uint_eq (info_section (bytes_str ("server")), 1u << INFO_server);
    ck_assert_uint_eq (info_section (bytes_str ("KeySpace")), 1u << INFO_keyspace);
    ck_assert_uint_eq (info_section (bytes_str ("serve")), 0);
    ck_assert_uint_eq (info_section (bytes_str ("")), 0);
    ck_assert_uint_eq (info_section (bytes_of ("se\0ver", 6)), 0);
    uint32_t usual = info_section (bytes_str ("default")), all = info_section (bytes_str ("ALL"));
    ck_assert_uint_eq (all, (1u << INFO_SECTIONS) - 1);
    ck_assert_uint_eq (all & ~usual, 1u << INFO_commandstats | 1u << INFO_latencystats);
}
END_TEST

START_TEST (lines_are_as_clients_read_them)
{
    info_facts_t facts = { .used_bytes = 1500, .index_bytes = 36, .rss_bytes = 3072, .pid = 77 };
    ck_assert_str_eq (s_text (&facts, &s_gateway, 1u << INFO_cluster | 1u << INFO_errorstats),
                      "# Errorstats\r\nerrorstat_ERR:count=2\r\n\r\n# Cluster\r\ncluster_enabled:0\r\n");
    const char *text = s_text (&facts, &s_gateway, info_section (bytes_str ("all")));
    static const char *const lines[] = { "# Server\r\nredis_version:7.0.15\r\n",
                                         "\r\nredis_mode:standalone\r\n",
                                         "\r\nzgrid_version:9.9\r\n",
                                         "\r\nprocess_id:77\r\n",
                                         "\r\ntcp_port:6380\r\n",
                                         "\r\nuptime_in_seconds:90060\r\nuptime_in_days:1\r\n",
                                         "\r\n\r\n# Clients\r\nconnected_clients:3\r\n",
                                         "\r\nused_memory:1536\r\nused_memory_human:1.50K\r\n",
                                         "\r\nmaxmemory:0\r\nmaxmemory_human:0B\r\n",
                                         "\r\nmem_fragmentation_ratio:2.00\r\n",
                                         "\r\n# Persistence\r\nloading:0\r\n",
                                         "\r\n# Replication\r\nrole:master\r\n",
                                         "\r\n\r\n# Keyspace\r\n" };
    for (size_t at = 0; at < sizeof lines / sizeof lines[0]; at++)
        ck_assert_msg (strstr (text, lines[at]), "%s", lines[at]);
    info_gateway_t other = s_gateway;
    other.clustered = true;
    ck_assert (strstr (s_text (&facts, &other, 1u << INFO_server), "\r\nredis_mode:cluster\r\n"));
    ck_assert_str_eq (s_text (&facts, &s_gateway, 0), "");
}
END_TEST

START_TEST (databases_with_keys_are_told)
{
    info_facts_t facts = { .databases_known = 1 | 1 << 2 | UINT64_C (1) << 63 };
    facts.databases[0] = 5;
    facts.databases[1] = 6; // Not known
    facts.databases[63] = 7;
    ck_assert_str_eq (s_text (&facts, &s_gateway, 1u << INFO_keyspace),
                      "# Keyspace\r\ndb0:keys=5,expires=0,avg_ttl=0\r\ndb63:keys=7,expires=0,avg_ttl=0\r\n");
}
END_TEST

START_TEST (statistics_of_the_grid_are_taken)
{
    info_facts_t facts = { .evicted = 1 };
    buf_t tree = BUF_INIT;
    wire_add_map (&tree, 5);
    wire_add_text (&tree, "storage");
    wire_add_array (&tree, 1);
    wire_add_array (&tree, 0);
    wire_add_text (&tree, "used_bytes");
    wire_add_uint (&tree, 123);
    wire_add_text (&tree, "system");
    wire_add_text (&tree, "Linux 6");
    wire_add_text (&tree, "machine");
    for (unsigned at = 0; at < 2; at++) // Longer than there is room for
        wire_add_text (&tree, at ? "expired"
                                 : "0123456789012345678901234567890123456789012345678901234567890123456789");
    wire_add_uint (&tree, UINT64_MAX);
    info_take (&facts, buf_bytes (&tree));
    ck_assert (facts.used_bytes == 123 && facts.evicted == 1 && facts.expired == UINT64_MAX);
    ck_assert_str_eq (facts.system, "Linux 6");
    ck_assert_uint_eq (strlen (facts.machine), sizeof facts.machine - 1);
    //  Cut anywhere, it is read as far as it goes
    for (size_t size = 0; size < tree.size; size++) {
        info_facts_t part = { 0 };
        info_take (&part, bytes_of (tree.data, size));
        ck_assert (part.used_bytes == 0 || part.used_bytes == 123);
    }
    buf_clear (&tree);
}
END_TEST

START_TEST (without_memory_the_buffer_says_so)
{
    info_facts_t facts = { 0 };
    for (uint64_t at = 1;; at++) {
        buf_t out = BUF_INIT;
        mem_fail_at (at);
        info_write (&facts, &s_gateway, info_section (bytes_str ("all")), &out);
        mem_fail_at (0);
        bool failed = out.failed;
        buf_clear (&out);
        if (!failed)
            break;
        ck_assert_uint_lt (at, 100);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("info");
    TCase *tests = tcase_create ("info");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, sections_are_found_by_their_names);
    tcase_add_test (tests, lines_are_as_clients_read_them);
    tcase_add_test (tests, databases_with_keys_are_told);
    tcase_add_test (tests, statistics_of_the_grid_are_taken);
    tcase_add_test (tests, without_memory_the_buffer_says_so);
    suite_add_tcase (suite, tests);
    return suite;
}
