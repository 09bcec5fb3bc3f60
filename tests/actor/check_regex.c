//  check_regex: regular expressions for SCAN: bytes, bounds, and what is no expression.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "actors/regex.h"
#include "lib/test.h"

#ifdef HAVE_PCRE2

static void *
s_compile (const char *pattern)
{
    char text[SCAN_WHY_MAX];
    const char *why = NULL;
    void *compiled = regex_port ()->compile (bytes_str (pattern), text, sizeof text, &why);
    ck_assert_msg (compiled != NULL, "%s: %s", pattern, why);
    return compiled;
}

static int
s_match (const char *pattern, bytes_t key)
{
    uint64_t steps = 0;
    void *compiled = s_compile (pattern);
    int answer = regex_port ()->match (compiled, key, &steps);
    ck_assert_uint_gt (steps, 0);
    regex_port ()->destroy (compiled);
    return answer;
}

START_TEST (expressions_match_bytes_anywhere_in_a_key)
{
    ck_assert_int_eq (s_match ("b+", bytes_str ("abbc")), 1);
    ck_assert_int_eq (s_match ("^b+", bytes_str ("abbc")), 0);
    ck_assert_int_eq (s_match ("^user:[0-9]{3}$", bytes_str ("user:123")), 1);
    ck_assert_int_eq (s_match ("^user:[0-9]{3}$", bytes_str ("user:1234")), 0);
    ck_assert_int_eq (s_match ("c$", bytes_str ("abc\n")), 0); // $ is the end
    ck_assert_int_eq (s_match ("", bytes_of (NULL, 0)), 1);
    ck_assert_int_eq (s_match ("^\\x00.\\xff$", bytes_of ("\0a\xff", 3)), 1);
    ck_assert_int_eq (s_match ("^..$", bytes_str ("\xc3\xa4")), 1); // Bytes, not characters
    ck_assert_int_eq (s_match ("(?i)ABC", bytes_str ("xabcx")), 1);
}
END_TEST

START_TEST (what_is_no_expression_is_refused_with_its_place)
{
    static const char *const s_wrong[] = { "a(b", "[a", "*", "(?<", "(*UTF)a", "\\p{L}{999999}", "a{70000}" };
    for (size_t at = 0; at < sizeof s_wrong / sizeof *s_wrong; at++) {
        char text[SCAN_WHY_MAX];
        const char *why = NULL;
        ck_assert_ptr_null (regex_port ()->compile (bytes_str (s_wrong[at]), text, sizeof text, &why));
        ck_assert_msg (why && strncmp (why, "regex: ", 7) == 0 && strstr (why, " at byte "), "%s", why);
    }
    char nested[201];
    memset (nested, '(', 100);
    memset (nested + 100, ')', 100);
    nested[200] = 0;
    char text[SCAN_WHY_MAX];
    const char *why = NULL;
    ck_assert_ptr_null (regex_port ()->compile (bytes_str (nested), text, sizeof text, &why));
}
END_TEST

//  Built to explode: given up, and counted as what it may have cost.
START_TEST (no_expression_explodes)
{
    static char s_key[65536];
    static const char *const s_patterns[] = { "^(a+)+$", "(a*)*b", "(a|aa)+c", "(?:a?){200}a{200}b",
                                              "a*a*a*a*a*b" };
    memset (s_key, 'a', sizeof s_key - 1);
    s_key[sizeof s_key - 1] = '!';
    for (size_t at = 0; at < sizeof s_patterns / sizeof *s_patterns; at++) {
        uint64_t steps = 0;
        void *compiled = s_compile (s_patterns[at]);
        int answer = regex_port ()->match (compiled, bytes_of (s_key, sizeof s_key), &steps);
        ck_assert_msg (answer <= 0, "%s", s_patterns[at]);
        ck_assert_uint_le (steps, 2000000);
        ck_assert_msg (answer == 0 || steps > 65536, "%s: given up for nothing", s_patterns[at]);
        regex_port ()->destroy (compiled);
    }
    ck_assert_int_eq (s_match ("^(a+)+$", bytes_str ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")), -1);
}
END_TEST

//  Most keys are found out about with the small limit.
START_TEST (usual_expressions_cost_little)
{
    uint64_t steps = 0;
    void *compiled = s_compile ("^user:[0-9]+:(name|mail)$");
    for (int at = 0; at < 1000; at++) {
        char key[40];
        snprintf (key, sizeof key, "user:%d:%s", at, at % 2 ? "name" : "town");
        ck_assert_int_eq (regex_port ()->match (compiled, bytes_str (key), &steps), at % 2);
    }
    ck_assert_uint_le (steps, 1000 * 2100);
    regex_port ()->destroy (compiled);
}
END_TEST

#else

START_TEST (there_are_no_regular_expressions)
{
    ck_assert_ptr_null (regex_port ());
}
END_TEST

#endif

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("regex");
    TCase *tests = tcase_create ("regex");
    tcase_set_timeout (tests, TEST_TIMEOUT);
#ifdef HAVE_PCRE2
    tcase_add_test (tests, expressions_match_bytes_anywhere_in_a_key);
    tcase_add_test (tests, what_is_no_expression_is_refused_with_its_place);
    tcase_add_test (tests, no_expression_explodes);
    tcase_add_test (tests, usual_expressions_cost_little);
#else
    tcase_add_test (tests, there_are_no_regular_expressions);
#endif
    suite_add_tcase (suite, tests);
    return suite;
}
