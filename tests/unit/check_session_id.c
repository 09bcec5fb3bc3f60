//  check_session_id: sessions are never issued twice.
//  SPDX-License-Identifier: MPL-2.0
#include "replica/session_id.h"
#include "lib/test.h"

START_TEST (a_session_tells_who_issued_it_and_when)
{
    session_issuer_t issuer = { .node = UINT64_C (0x0123456789abcdef), .actor = SESSION_ROUTER };
    const uint8_t first[] = { 0, 0, 0x70, 1, 0x96, 0xaf, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x80, 0, 0, 0 };
    uint8_t session[SESSION_SIZE];
    ck_assert (session_issue (&issuer, 77, 0x7001, session));
    ck_assert_mem_eq (session, first, SESSION_SIZE);
    ck_assert_uint_eq (session_era (session), 0x7001);
    ck_assert_uint_eq (session_node (session), UINT64_C (0x456789abcdef));
    ck_assert_uint_eq (session_actor (session), SESSION_ROUTER);
    ck_assert (session_issue (&issuer, 77, 0x7001, session));
    ck_assert_uint_eq (session[15], 1);
}
END_TEST

START_TEST (each_era_counts_anew_and_never_goes_back)
{
    session_issuer_t issuer = { .node = 1, .actor = 3 };
    uint8_t one[SESSION_SIZE], two[SESSION_SIZE];
    ck_assert (session_issue (&issuer, 77, 4, one));
    ck_assert (session_issue (&issuer, 77, 5, two));
    ck_assert_uint_eq (session_era (two), 5);
    ck_assert_uint_eq (two[15], 0);
    ck_assert (session_issue (&issuer, 77, 4, one)); // A view that comes late
    ck_assert_uint_eq (session_era (one), 5);
    ck_assert_uint_eq (one[15], 1);
    ck_assert_mem_ne (one, two, SESSION_SIZE);
}
END_TEST

START_TEST (actors_and_nodes_do_not_share_sessions)
{
    session_issuer_t issuers[] = { { .node = 1, .actor = 0 },
                                   { .node = 1, .actor = 1 },
                                   { .node = 2, .actor = 0 } };
    uint8_t sessions[3][SESSION_SIZE];
    for (int at = 0; at < 3; at++)
        ck_assert (session_issue (&issuers[at], 77, 0, sessions[at]));
    ck_assert_mem_ne (sessions[0], sessions[1], SESSION_SIZE);
    ck_assert_mem_ne (sessions[0], sessions[2], SESSION_SIZE);
    ck_assert_mem_ne (sessions[1], sessions[2], SESSION_SIZE);
}
END_TEST

START_TEST (a_session_is_of_one_cluster)
{
    uint64_t ids[] = { 1, 2, 77, 78, UINT64_C (0x7700000000000000), UINT64_C (0xfedcba9876543210) };
    for (int at = 0; at < 6; at++) {
        session_issuer_t issuer = { .node = 1 };
        uint8_t session[SESSION_SIZE];
        ck_assert (session_issue (&issuer, ids[at], 4, session));
        for (int other = 0; other < 6; other++)
            ck_assert_int_eq (session_is_of (session, ids[other]), at == other);
    }
}
END_TEST

START_TEST (they_can_be_used_up)
{
    session_issuer_t issuer = { .node = 1, .actor = 127, .era = 9, .issued = SESSION_COUNT_MAX - 1 };
    uint8_t session[SESSION_SIZE];
    ck_assert (session_issue (&issuer, 77, 9, session));
    ck_assert_uint_eq (session_actor (session), 127);
    ck_assert_uint_eq (session[13], 0xff);
    ck_assert (!session_issue (&issuer, 77, 9, session));
    ck_assert (session_issue (&issuer, 77, 10, session));
}
END_TEST

START_TEST (nobody_issues_none)
{
    session_issuer_t nobody = { .actor = 1 }, beyond = { .node = 1, .actor = SESSION_ACTORS_MAX };
    uint8_t session[SESSION_SIZE];
    ck_assert (!session_issue (&nobody, 77, 1, session));
    ck_assert (!session_issue (&beyond, 77, 1, session));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("session_id");
    TCase *all = tcase_create ("all");
    tcase_add_test (all, a_session_tells_who_issued_it_and_when);
    tcase_add_test (all, each_era_counts_anew_and_never_goes_back);
    tcase_add_test (all, actors_and_nodes_do_not_share_sessions);
    tcase_add_test (all, a_session_is_of_one_cluster);
    tcase_add_test (all, they_can_be_used_up);
    tcase_add_test (all, nobody_issues_none);
    suite_add_tcase (suite, all);
    return suite;
}
