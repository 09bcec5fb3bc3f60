//  check_log: forms, escapes, bounds, levels, reopening, several threads.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node/log.h"

static char s_folder[64], s_file[80], s_moved[80];
static char s_text[1 << 20];
static log_t *s_log;

static void
s_setup (void)
{
    strcpy (s_folder, "/tmp/check_log_XXXXXX");
    assert (mkdtemp (s_folder));
    snprintf (s_file, sizeof s_file, "%s/log", s_folder);
    snprintf (s_moved, sizeof s_moved, "%s/log.1", s_folder);
}

static void
s_teardown (void)
{
    log_destroy (&s_log);
    unlink (s_file);
    unlink (s_moved);
    rmdir (s_folder);
}

static void
s_open (const char *level, const char *format)
{
    s_log = log_new (level, format, s_file, "n1");
    ck_assert_ptr_nonnull (s_log);
}

static const char *
s_read (const char *file)
{
    FILE *in = fopen (file, "r");
    assert (in);
    size_t size = fread (s_text, 1, sizeof s_text - 1, in);
    s_text[size] = 0;
    fclose (in);
    return s_text;
}

START_TEST (text_begins_with_time_and_level)
{
    s_open ("info", "text");
    log_line (s_log, LEVEL_INFO, "bound", "endpoint", "tcp://127.0.0.1:3320", "note", "two words", NULL);

    const char *text = s_read (s_file);

    unsigned part;
    int end = 0;
    ck_assert_int_eq (sscanf (text, "20%2u-%2u-%2uT%2u:%2u:%2u.%3uZ %n", &part, &part, &part, &part, &part,
                              &part, &part, &end),
                      7);
    ck_assert_str_eq (text + end, "info bound node=n1 endpoint=tcp://127.0.0.1:3320 note=\"two words\"\n");
}
END_TEST

START_TEST (logfmt_is_pairs_only)
{
    s_open ("info", "logfmt");
    log_line (s_log, LEVEL_WARNING, "client muted", "after", "", "why", "a=b \"c\"\n\x01\\\xff", NULL);

    const char *text = s_read (s_file);

    ck_assert_int_eq (strncmp (text, "time=20", 7), 0);
    ck_assert_str_eq (strchr (text, ' '), " level=warning event=\"client muted\" node=n1 after=\"\" "
                                          "why=\"a=b \\\"c\\\"\\n\\x01\\\\\\xff\"\n");
}
END_TEST

START_TEST (json_is_json_whatever_the_values_hold)
{
    s_open ("info", "json");
    char hostile[300];
    for (int at = 1; at < 256; at++)
        hostile[at - 1] = (char) at;
    hostile[255] = 0;
    log_line (s_log, LEVEL_ERROR, "strange", "value", hostile, "good", "gr\xc3\xbc\xc3\x9f\n", NULL);

    json_t *line = json_loads (s_read (s_file), 0, NULL);

    ck_assert_ptr_nonnull (line);
    ck_assert_str_eq (json_string_value (json_object_get (line, "level")), "error");
    ck_assert_str_eq (json_string_value (json_object_get (line, "event")), "strange");
    ck_assert_str_eq (json_string_value (json_object_get (line, "node")), "n1");
    ck_assert_str_eq (json_string_value (json_object_get (line, "good")), "gr\xc3\xbc\xc3\x9f\n");
    ck_assert_int_eq (strncmp (json_string_value (json_object_get (line, "value")), hostile, 127), 0);
    json_decref (line);
}
END_TEST

START_TEST (long_values_and_many_pairs_are_cut_and_stay_well_formed)
{
    s_open ("info", "json");
    char value[2000];
    for (size_t at = 0; at + 2 < sizeof value; at += 2)
        memcpy (value + at, "\xc3\xbc", 3);
    log_line (s_log, LEVEL_INFO, "long", "a", value, "b", value, "c", value, "d", value, "e", value, "f",
              value, "g", value, "h", value, "i", "last", NULL);
    log_line (s_log, LEVEL_INFO, "short", "a", "1", NULL);

    const char *text = s_read (s_file);

    const char *end = strchr (text, '\n');
    ck_assert_ptr_nonnull (end);
    ck_assert_uint_le ((size_t) (end - text), LOG_LINE_MAX);
    json_t *line = json_loads (text, JSON_DISABLE_EOF_CHECK, NULL);
    ck_assert_ptr_nonnull (line);
    ck_assert_uint_eq (strlen (json_string_value (json_object_get (line, "a"))), LOG_VALUE_MAX + 3);
    ck_assert_str_eq (json_string_value (json_object_get (line, "cut")), "true");
    ck_assert_ptr_null (json_object_get (line, "i"));
    json_decref (line);
    ck_assert_ptr_nonnull (strstr (end, "\"event\":\"short\",\"node\":\"n1\",\"a\":\"1\"}\n"));
}
END_TEST

START_TEST (the_cut_does_not_go_through_a_letter)
{
    s_open ("info", "json");
    char value[1002] = "x";
    for (size_t at = 1; at + 2 < sizeof value; at += 2)
        memcpy (value + at, "\xc3\xbc", 3);
    log_line (s_log, LEVEL_INFO, "long", "a", value, NULL);

    json_t *line = json_loads (s_read (s_file), 0, NULL);

    const char *cut = json_string_value (json_object_get (line, "a"));
    ck_assert_ptr_nonnull (cut);
    ck_assert_uint_eq (strlen (cut), LOG_VALUE_MAX - 1 + 3);
    ck_assert_int_eq (strncmp (cut, value, LOG_VALUE_MAX - 1), 0);
    ck_assert_str_eq (cut + LOG_VALUE_MAX - 1, "...");
    json_decref (line);
}
END_TEST

START_TEST (levels_below_are_left_out)
{
    s_open ("warning", "logfmt");
    log_line (s_log, LEVEL_INFO, "no", NULL);
    log_line (s_log, LEVEL_DEBUG, "no", NULL);
    log_line (s_log, LEVEL_WARNING, "yes", NULL);
    log_line (s_log, LEVEL_ERROR, "yes", NULL);
    log_line (NULL, LEVEL_ERROR, "nowhere", NULL);

    const char *text = s_read (s_file);

    ck_assert_ptr_null (strstr (text, "event=no"));
    ck_assert_ptr_nonnull (strstr (text, "level=warning event=yes"));
    ck_assert_ptr_nonnull (strstr (text, "level=error event=yes"));
}
END_TEST

START_TEST (after_reopening_lines_go_to_the_new_file)
{
    s_open ("info", "logfmt");
    log_line (s_log, LEVEL_INFO, "before", NULL);
    ck_assert_int_eq (rename (s_file, s_moved), 0);
    log_line (s_log, LEVEL_INFO, "between", NULL);
    ck_assert (log_reopen (s_log));
    log_line (s_log, LEVEL_INFO, "after", NULL);

    ck_assert_ptr_nonnull (strstr (s_read (s_moved), "event=between"));
    ck_assert_ptr_null (strstr (s_text, "event=after"));
    ck_assert_ptr_nonnull (strstr (s_read (s_file), "event=after"));
    ck_assert_ptr_null (strstr (s_text, "event=before"));
}
END_TEST

START_TEST (a_file_that_cannot_be_opened_is_told)
{
    s_open ("info", "text");
    ck_assert (log_reopen (NULL));
    ck_assert_int_eq (unlink (s_file), 0);
    ck_assert_int_eq (mkdir (s_file, 0700), 0);
    errno = 0;
    ck_assert (!log_reopen (s_log));
    ck_assert_int_eq (errno, EISDIR);
    log_line (s_log, LEVEL_INFO, "still", NULL); // Goes to the old one
    ck_assert_ptr_null (log_new ("info", "text", s_file, "n1"));
    ck_assert_int_eq (errno, EISDIR);
    rmdir (s_file);
}
END_TEST

#define LINES 500

static void *
s_writer (void *name)
{
    for (int at = 0; at < LINES; at++)
        log_line (s_log, LEVEL_INFO, "from", "thread", name, NULL);
    return NULL;
}

START_TEST (lines_of_several_threads_do_not_mix)
{
    s_open ("info", "json");
    pthread_t threads[4];
    static char names[4][2] = { "a", "b", "c", "d" };
    for (int at = 0; at < 4; at++)
        ck_assert_int_eq (pthread_create (&threads[at], NULL, s_writer, names[at]), 0);
    for (int at = 0; at < 10; at++)
        ck_assert (log_reopen (s_log));
    for (int at = 0; at < 4; at++)
        pthread_join (threads[at], NULL);

    int lines = 0;
    s_read (s_file);
    for (char *at = strtok (s_text, "\n"); at; at = strtok (NULL, "\n")) {
        json_t *line = json_loads (at, 0, NULL);
        ck_assert_ptr_nonnull (line);
        json_decref (line);
        lines++;
    }
    ck_assert_int_eq (lines, 4 * LINES);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("log");
    TCase *all = tcase_create ("log");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_setup, s_teardown);
    tcase_add_test (all, text_begins_with_time_and_level);
    tcase_add_test (all, logfmt_is_pairs_only);
    tcase_add_test (all, json_is_json_whatever_the_values_hold);
    tcase_add_test (all, long_values_and_many_pairs_are_cut_and_stay_well_formed);
    tcase_add_test (all, the_cut_does_not_go_through_a_letter);
    tcase_add_test (all, levels_below_are_left_out);
    tcase_add_test (all, after_reopening_lines_go_to_the_new_file);
    tcase_add_test (all, a_file_that_cannot_be_opened_is_told);
    tcase_add_test (all, lines_of_several_threads_do_not_mix);
    suite_add_tcase (suite, all);
    return suite;
}
