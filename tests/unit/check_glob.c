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
        //  All ways at once: the same
        bytes_t pattern = bytes_str (s_cases[at].pattern);
        uint64_t steps = 0;
        ck_assert (glob_match_within (pattern, bytes_str (s_cases[at].yes), 0, &steps));
        ck_assert (!s_cases[at].no || !glob_match_within (pattern, bytes_str (s_cases[at].no), 0, &steps));
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
        uint64_t steps = 0;
        assert (glob_match_within (bytes_str (pattern), bytes_str (name), 0, &steps)
                == s_plainly (pattern, name));
        matched += s_matches (pattern, name);
    }
    ck_assert_uint_gt (matched, 1000);
}
END_TEST

//  Long patterns against long names, both ways: elements of every kind, over the borders of words.
START_TEST (both_ways_say_the_same_of_long_names)
{
    dice_t dice = { .seed = dice_seed (22) };
    static const char *const s_parts[] = { "a", "b", "?", "*", "[ab]", "[^a]", "[a-c]", "\\*", "aab" };
    unsigned matched = 0;
    for (int round = 0; round < 4000; round++) {
        char pattern[513] = { 0 }, name[1000] = { 0 };
        uint32_t parts = 1 + dice_roll (&dice, 100);
        for (uint32_t at = 0; at < parts; at++)
            strcat (pattern, s_parts[dice_roll (&dice, at % 3 ? 9 : 4)]);
        uint32_t size = dice_roll (&dice, 1000);
        for (uint32_t at = 0; at < size; at++)
            name[at] = "aaab*"[dice_roll (&dice, 5)];
        uint64_t one = 0, other = 0;
        bool first = glob_match_within (bytes_str (pattern), bytes_of (name, size), UINT64_MAX / 2, &one);
        bool second = glob_match_within (bytes_str (pattern), bytes_of (name, size), 20, &other);
        ck_assert_msg (first == second, "%s: %.*s", pattern, (int) size, name);
        matched += first;
    }
    ck_assert_uint_gt (matched, 50);
    ck_assert_uint_lt (matched, 3900);
}
END_TEST

//  Patterns built to explode, against the longest key: a bounded number of steps, all of them counted.
START_TEST (no_pattern_explodes)
{
    static char s_name[65536], s_pattern[GLOB_PATTERN_MAX];
    uint64_t bound = 66000 + 260 * GLOB_PATTERN_MAX + sizeof s_name * 9;
    memset (s_name, 'a', sizeof s_name);
    //  *aaaa…ab: each try of the star runs through all of the pattern
    memset (s_pattern, 'a', sizeof s_pattern);
    s_pattern[0] = '*';
    s_pattern[GLOB_PATTERN_MAX - 1] = 'b';
    uint64_t steps = 0;
    ck_assert (
        !glob_match (bytes_of (s_pattern, sizeof s_pattern), bytes_of (s_name, sizeof s_name), &steps));
    ck_assert_uint_le (steps, bound);
    ck_assert_uint_gt (steps, 65536);
    s_name[sizeof s_name - 1] = 'b';
    ck_assert (glob_match (bytes_of (s_pattern, sizeof s_pattern), bytes_of (s_name, sizeof s_name), &steps));
    s_name[sizeof s_name - 1] = 'a';
    for (int at = 0; at < GLOB_PATTERN_MAX; at += 2)
        memcpy (s_pattern + at, "a*", 2);
    s_pattern[GLOB_PATTERN_MAX - 1] = 'b';
    steps = 0;
    ck_assert (
        !glob_match (bytes_of (s_pattern, sizeof s_pattern), bytes_of (s_name, sizeof s_name), &steps));
    ck_assert_uint_le (steps, bound);
    //  A class as long as the pattern, tried at each byte
    memset (s_pattern, 'x', sizeof s_pattern);
    memcpy (s_pattern, "*[", 2);
    memcpy (s_pattern + GLOB_PATTERN_MAX - 2, "]b", 2);
    steps = 0;
    ck_assert (
        !glob_match (bytes_of (s_pattern, sizeof s_pattern), bytes_of (s_name, sizeof s_name), &steps));
    ck_assert_uint_le (steps, bound);
    ck_assert_uint_gt (steps, 65536);
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
    tcase_add_test (tcase, both_ways_say_the_same_of_long_names);
    tcase_add_test (tcase, no_pattern_explodes);
    tcase_add_test (tcase, zero_bytes_are_bytes);
    suite_add_tcase (suite, tcase);
    return suite;
}
