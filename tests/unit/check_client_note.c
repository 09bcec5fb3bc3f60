//  check_client_note: what clients say of themselves, and the lines of CLIENT LIST.
//  SPDX-License-Identifier: MPL-2.0
#include <string.h>

#include "gateway/client_note.h"
#include "lib/test.h"
#include "mem.h"

static const client_line_t s_line = { .id = 7,
                                      .address = "127.0.0.1:50000",
                                      .local = "127.0.0.1:6380",
                                      .age = 2,
                                      .flag = 'N',
                                      .queued = -1,
                                      .input = 26,
                                      .command = "client|list",
                                      .protocol = 3 };

START_TEST (names_are_words_without_spaces)
{
    client_note_t note = { 0 };
    ck_assert_ptr_null (client_note_name (&note, bytes_str ("a!b~")));
    ck_assert (bytes_equal (buf_bytes (&note.name), bytes_str ("a!b~")));
    static const char *const bad[] = { "a b", "a\n", "\x1f", "\x7f", "\xff", " " };
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++)
        ck_assert_str_eq (client_note_name (&note, bytes_str (bad[at])),
                          "ERR Client names cannot contain spaces, newlines or special characters.");
    ck_assert_ptr_nonnull (client_note_name (&note, bytes_of ("a\0b", 3)));
    ck_assert_uint_eq (note.name.size, 4); // What was refused has changed nothing
    ck_assert_str_eq (client_note_library (&note, bytes_str ("a b"), "lib-ver"),
                      "ERR lib-ver cannot contain spaces, newlines or special characters.");
    ck_assert_str_eq (client_note_library (&note, bytes_str ("a b"), "lib-name"),
                      "ERR lib-name cannot contain spaces, newlines or special characters.");
    ck_assert_ptr_null (client_note_name (&note, bytes_str ("")));
    ck_assert_uint_eq (note.name.size, 0);
    client_note_clear (&note);
}
END_TEST

START_TEST (names_are_bounded)
{
    client_note_t note = { 0 };
    static char name[CLIENT_NAME_MAX + 1];
    memset (name, 'n', sizeof name);
    ck_assert_ptr_null (client_note_name (&note, bytes_of (name, CLIENT_NAME_MAX)));
    ck_assert_ptr_nonnull (client_note_check (bytes_of (name, CLIENT_NAME_MAX + 1)));
    ck_assert_ptr_nonnull (client_note_name (&note, bytes_of (name, CLIENT_NAME_MAX + 1)));
    ck_assert_ptr_nonnull (client_note_library (&note, bytes_of (name, CLIENT_NAME_MAX + 1), "lib-ver"));
    ck_assert_uint_eq (note.name.size, CLIENT_NAME_MAX);
    client_note_clear (&note);
    mem_fail_at (1);
    ck_assert_str_eq (client_note_name (&note, bytes_str ("a")), "ERR out of memory");
    mem_fail_at (0);
    client_note_clear (&note);
}
END_TEST

START_TEST (a_line_has_the_fields_of_redis)
{
    client_note_t note = { 0 };
    buf_t out = BUF_INIT;
    ck_assert_ptr_null (client_note_name (&note, bytes_str ("me")));
    ck_assert_ptr_null (client_note_library (&note, bytes_str ("lib"), "lib-name"));
    ck_assert_ptr_null (client_note_library (&note, bytes_str ("1.2"), "lib-ver"));
    client_note_line (&note, &s_line, &out);
    buf_add (&out, "", 1);
    ck_assert_str_eq (
        (const char *) out.data,
        "id=7 addr=127.0.0.1:50000 laddr=127.0.0.1:6380 fd=0 name=me age=2 idle=0 flags=N db=0 sub=0"
        " psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=0 oll=0"
        " omem=0 tot-mem=0 events=r cmd=client|list user=default redir=-1 resp=3 lib-name=lib"
        " lib-ver=1.2\n");
    buf_clear (&out);
    client_note_clear (&note);
    ck_assert_ptr_null (note.name.data);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("client_note");
    TCase *tests = tcase_create ("client_note");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, names_are_words_without_spaces);
    tcase_add_test (tests, names_are_bounded);
    tcase_add_test (tests, a_line_has_the_fields_of_redis);
    suite_add_tcase (suite, tests);
    return suite;
}
