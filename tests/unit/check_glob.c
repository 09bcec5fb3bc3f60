//  check_glob: patterns, and the bound on the work that one can cause.
//  SPDX-License-Identifier: MPL-2.0
#include "glob.h"
#include "lib/dice.h"
#include "lib/test.h"

static bool
s_matches (const char *pattern, const char *name)
{
    uint64_t steps = 0;
    bool matches = glob_match (bytes_str (pattern), bytes_str (name), &steps);
    assert (steps <= (strlen (name) + 1) * (strlen (pattern) + 1));
    return matches;
}

START_TEST (patterns_match_what_the_protocol_says)
{
    static const struct {
        const char *pattern, *yes, *no;
    } s_cases[] = {
        { "", "", "a" },
        { "a", "a", "b" },
        { "abc", "abc", "abcd" },
        { "*", "", NULL },
        { "*", "any", NULL },
        { "a*", "abc", "ba" },
        { "*a", "cba", "ab" },
        { "a*b*c", "aXbYc", "acb" },
        { "**a**", "xay", "xy" },
        { "?", "x", "" },
        { "a?c", "abc", "ac" },
        { "??", "ab", "a" },
        { "[abc]", "b", "d" },
        { "[a-e]", "d", "f" },
        { "[e-a]", "d", "f" },
        { "[^abc]", "d", "b" },
        { "[^a-e]x", "fx", "ax" },
        { "h[ae]llo", "hallo", "hillo" },
        { "\\*", "*", "a" },
        { "\\?x", "?x", "ax" },
        { "\\\\", "\\", "a" },
        { "[\\]]", "]", "a" },
        { "[a-]", "-", "b" },
        { "[a\\-c]", "-", "b" },
        { "a\\", "a\\", "a" },
        { "[abc", "c", "[abc" },
        { "*[0-9]*", "a1b", "ab" },
        { "even:*", "even:2", "odd:1" },
    };
    for (size_t at = 0; at < sizeof s_cases / sizeof s_cases[0]; at++) {
        ck_assert_msg (s_matches (s_cases[at].pattern, s_cases[at].yes), "%s", s_cases[at].pattern);
        ck_assert_msg (!s_cases[at].no || !s_matches (s_cases[at].pattern, s_cases[at].no), "%s",
                       s_cases[at].pattern);
    }
}
END_TEST

//  Written as it is said: a star is nothing, or a byte and a star.
static bool
s_plainly (const char *pattern, const char *name)
{
    if (*pattern == 0)
        return *name == 0;
    if (*pattern == '*')
        return s_plainly (pattern + 1, name) || (*name && s_plainly (pattern, name + 1));
    return *name && (*pattern == '?' || *pattern == *name) && s_plainly (pattern + 1, name + 1);
}

START_TEST (random_patterns_match_as_their_definition_says)
{
    dice_t dice = { .seed = dice_seed (21) };
    unsigned matched = 0;
    for (int round = 0; round < 20000; round++) {
        char pattern[8] = { 0 }, name[10] = { 0 };
        for (uint32_t at = dice_roll (&dice, 8); at--;)
            pattern[at] = "ab*?"[dice_roll (&dice, 4)];
        for (uint32_t at = dice_roll (&dice, 10); at--;)
            name[at] = "ab"[dice_roll (&dice, 2)];
        assert (s_matches (pattern, name) == s_plainly (pattern, name));
        matched += s_matches (pattern, name);
    }
    ck_assert_uint_gt (matched, 1000);
}
END_TEST

//  Classes count with their length: the limit on steps would not limit anything otherwise.
START_TEST (the_work_is_bounded_and_counted)
{
    static char s_pattern[513], s_name[4001];
    memset (s_name, 'a', 4000);
    for (int at = 0; at < 512; at += 2)
        memcpy (s_pattern + at, "a*", 2);
    s_pattern[511] = 'b';
    ck_assert (!s_matches (s_pattern, s_name));

    memset (s_pattern, 'x', 512);
    memcpy (s_pattern, "*[", 2);
    memcpy (s_pattern + 510, "]b", 2);
    uint64_t steps = 0;
    ck_assert (!glob_match (bytes_of (s_pattern, 512), bytes_of (s_name, 4000), &steps));
    ck_assert_uint_ge (steps, 4000 * 500);
    ck_assert_uint_le (steps, 4001 * 513);
}
END_TEST

START_TEST (zero_bytes_are_bytes)
{
    uint64_t steps = 0;
    ck_assert (glob_match (bytes_of ("a\0?", 3), bytes_of ("a\0b", 3), &steps));
    ck_assert (!glob_match (bytes_of ("a\0?", 3), bytes_of ("a\1b", 3), &steps));
    ck_assert (glob_match (bytes_of ("[\0-\2]", 5), bytes_of ("\1", 1), &steps));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("glob");
    TCase *tcase = tcase_create ("glob");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, patterns_match_what_the_protocol_says);
    tcase_add_test (tcase, random_patterns_match_as_their_definition_says);
    tcase_add_test (tcase, the_work_is_bounded_and_counted);
    tcase_add_test (tcase, zero_bytes_are_bytes);
    suite_add_tcase (suite, tcase);
    return suite;
}
