//  check_scan_filter: which keys SCAN takes, and what it counts; with expressions that the test invents.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/rig.h"
#include "lib/test.h"
#include "mem.h"
#include "scan_filter.h"

static unsigned s_compiled, s_alive;

//  An expression is a letter that the key must have; "(" is wrong.
static void *
s_compile (bytes_t pattern, char *text, size_t room, const char **why)
{
    if (pattern.data[0] == '(') {
        snprintf (text, room, "regex: it does not end");
        *why = text;
        return NULL;
    }
    s_compiled++;
    s_alive++;
    char *letter = mem_alloc (1);
    *letter = (char) pattern.data[0];
    return letter;
}

//  A key that begins with '!' would take too long.
static int
s_match (void *compiled, bytes_t key, uint64_t *steps)
{
    *steps += 10000;
    if (key.size && key.data[0] == '!')
        return -1;
    return key.size && memchr (key.data, *(char *) compiled, key.size) != NULL;
}

static void
s_destroy (void *compiled)
{
    mem_free (compiled);
    s_alive--;
}

static const regex_port_t s_port = { s_compile, s_match, s_destroy };

static bool
s_takes (scan_filter_t *filter, const char *key)
{
    return scan_filter_takes (filter, bytes_str (key));
}

START_TEST (keys_match_the_glob_and_the_expression)
{
    scan_regex_t regex = { .port = &s_port };
    scan_filter_t filter;
    char text[SCAN_WHY_MAX];
    const char *why = NULL;
    options_t options = { .given = 0 };
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_OK);
    ck_assert (s_takes (&filter, "any") && s_takes (&filter, "") && filter.steps == 0);
    options.given = OPT_match | OPT_regex;
    options.match = bytes_str ("a*");
    options.regex = bytes_str ("x");
    for (int page = 0; page < 3; page++) {
        ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_OK);
        ck_assert (s_takes (&filter, "axe") && !s_takes (&filter, "ape") && !s_takes (&filter, "xa"));
        ck_assert_uint_ge (filter.steps, 20000);
    }
    ck_assert_uint_eq (s_compiled, 1); // Once for all pages
    options.regex = bytes_str ("y");
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_OK);
    ck_assert (!s_takes (&filter, "axe") && s_takes (&filter, "aye") && !filter.gave_up);
    ck_assert (s_compiled == 2 && s_alive == 1);
    options.match = bytes_str ("*");
    ck_assert (!s_takes (&filter, "!y") && filter.gave_up && !s_takes (&filter, "aye"));
    scan_regex_clear (&regex);
    ck_assert_uint_eq (s_alive, 0);
}
END_TEST

START_TEST (what_is_no_pattern_is_refused_with_a_sentence)
{
    scan_regex_t regex = { .port = &s_port };
    scan_filter_t filter;
    char text[SCAN_WHY_MAX], long_one[SCAN_PATTERN_MAX + 1];
    const char *why = NULL;
    memset (long_one, 'a', sizeof long_one);
    options_t options = { .given = OPT_match, .match = bytes_of (long_one, sizeof long_one) };
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_MALFORMED);
    ck_assert_ptr_nonnull (strstr (why, "match"));
    options.match.size--;
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_OK);
    options = (options_t) { .given = OPT_regex, .regex = bytes_of (long_one, sizeof long_one) };
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_MALFORMED);
    ck_assert_ptr_nonnull (strstr (why, "regex"));
    options.regex = bytes_str ("(");
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_MALFORMED);
    ck_assert_str_eq (why, "regex: it does not end");
    options.regex = bytes_str ("a");
    mem_fail_at (1);
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_NOMEM);
    mem_fail_at (0);
    regex.port = NULL;
    ck_assert_uint_eq (scan_filter_begin (&filter, &options, &regex, text, &why), ZGRID_BADOP);
    ck_assert_ptr_nonnull (strstr (why, "without regular expressions"));
    ck_assert_uint_eq (s_alive, 0);
}
END_TEST

//  All pages of map "m". Returns the keys; *pages: how many; the status of the last page.
static unsigned
s_scan (rig_t *rig, const char *options, unsigned *pages, unsigned *status)
{
    ask_t ask = rig_words (OP_SCAN, NULL, NULL, options);
    unsigned keys = 0;
    *pages = 0;
    do {
        answer_t answer = rig_ask_at (rig, 0, &ask);
        *status = answer.status;
        if (answer.status != ZGRID_OK)
            return keys;
        uint32_t count;
        mp_t reader = mp_of (answer.value.bytes);
        ck_assert (mp_array (&reader, &count));
        keys += count;
        ask.options.given |= OPT_cursor;
        ask.options.cursor = answer.meta.cursor;
        ++*pages;
    } while (ask.options.cursor);
    return keys;
}

START_TEST (a_page_ends_early_where_matching_takes_long)
{
    rig_t rig;
    storage_config_t config = rig_config (1, 1);
    config.regex = &s_port;
    unsigned pages, status;
    char key[16];
    ck_assert (rig_open_with (&rig, &config, NULL));
    for (int at = 0; at < 1000; at++) {
        snprintf (key, sizeof key, "key%d", at);
        rig_do (&rig, OP_PUT, key, "v", "");
    }
    //  10,000 steps each: about a hundred a page, whatever count says
    ck_assert_uint_eq (s_scan (&rig, "count=10000 regex=y", &pages, &status), 1000);
    ck_assert (status == ZGRID_OK && pages >= 8 && pages <= 12);
    ck_assert_uint_eq (s_scan (&rig, "count=10000 regex=7", &pages, &status), 271);
    ck_assert_uint_ge (pages, 8);
    ck_assert_uint_eq (s_scan (&rig, "count=10000", &pages, &status), 1000);
    ck_assert_uint_eq (pages, 1);
    s_scan (&rig, "regex=(", &pages, &status);
    ck_assert_uint_eq (status, ZGRID_MALFORMED);
    //  It is said that a key was not judged; nothing ends silently
    rig_do (&rig, OP_PUT, "!key", "v", "");
    s_scan (&rig, "count=10000 regex=y", &pages, &status);
    ck_assert_uint_eq (status, ZGRID_TOOBIG);
    rig_close (&rig);
    ck_assert_uint_eq (s_alive, 0);
}
END_TEST

START_TEST (no_glob_holds_the_actor)
{
    static char s_key[65536], s_pattern[512];
    rig_t rig;
    rig_open (&rig, 1, 1);
    memset (s_key, 'a', sizeof s_key);
    for (int at = 0; at < 100; at++) {
        s_key[0] = (char) ('A' + at % 50);
        s_key[1] = (char) ('A' + at / 50);
        ask_t ask = rig_words (OP_PUT, NULL, "v", "");
        ask.key = bytes_of (s_key, sizeof s_key);
        ask.has_key = true;
        ck_assert_uint_eq (rig_ask (&rig, &ask).status, ZGRID_OK);
    }
    memset (s_pattern, 'a', sizeof s_pattern);
    s_pattern[0] = '*';
    ask_t ask = rig_words (OP_SCAN, NULL, NULL, "count=10000");
    ask.options.given |= OPT_match;
    unsigned keys = 0, pages = 0;
    for (int way = 0; way < 2; way++) {
        s_pattern[511] = way ? 'b' : 'a';
        ask.options.match = bytes_of (s_pattern, sizeof s_pattern);
        do {
            answer_t answer = rig_ask_at (&rig, 0, &ask);
            uint32_t count;
            mp_t reader = mp_of (answer.value.bytes);
            ck_assert (answer.status == ZGRID_OK && mp_array (&reader, &count));
            keys += count;
            pages++;
            ask.options.given |= OPT_cursor;
            ask.options.cursor = answer.meta.cursor;
        } while (ask.options.cursor);
        ck_assert_uint_eq (keys, 100);
    }
    ck_assert_uint_ge (pages, 20); // Not all of them in one turn
    rig_close (&rig);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("scan_filter");
    TCase *tests = tcase_create ("scan_filter");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, keys_match_the_glob_and_the_expression);
    tcase_add_test (tests, what_is_no_pattern_is_refused_with_a_sentence);
    tcase_add_test (tests, a_page_ends_early_where_matching_takes_long);
    tcase_add_test (tests, no_glob_holds_the_actor);
    suite_add_tcase (suite, tests);
    return suite;
}
