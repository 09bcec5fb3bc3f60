//  check_message: what subscribers get is read as it was written; everything else is broken.
//  SPDX-License-Identifier: MPL-2.0
#include <string.h>

#include "lib/test.h"
#include "pubsub/message.h"

static buf_t
s_two (void)
{
    buf_t out = BUF_INIT;
    message_t one = { 7, bytes_str ("news"), 1, bytes_str ("hello") };
    message_t two = { UINT64_MAX, bytes_str ("news"), UINT64_MAX, bytes_of ("", 0) };
    message_add (&out, &one);
    message_add (&out, &two);
    ck_assert (!out.failed);
    return out;
}

START_TEST (messages_are_read_as_they_were_written)
{
    buf_t out = s_two ();
    mp_t reader;
    message_t message;
    bool broken;
    ck_assert (message_open (buf_bytes (&out), &reader));
    ck_assert (message_next (&reader, &message, &broken));
    ck_assert_uint_eq (message.publisher, 7);
    ck_assert_uint_eq (message.number, 1);
    ck_assert (bytes_equal (message.channel, bytes_str ("news")));
    ck_assert (bytes_equal (message.message, bytes_str ("hello")));
    ck_assert (message_next (&reader, &message, &broken));
    ck_assert_uint_eq (message.publisher, UINT64_MAX);
    ck_assert_uint_eq (message.number, UINT64_MAX);
    ck_assert_uint_eq (message.message.size, 0);
    ck_assert (!message_next (&reader, &message, &broken) && !broken);
    buf_clear (&out);
}
END_TEST

START_TEST (a_body_that_is_cut_is_broken)
{
    buf_t out = s_two ();
    for (size_t size = 0; size < out.size; size++) {
        mp_t reader;
        message_t message;
        bool broken = true;
        unsigned count = 0;
        if (!message_open (bytes_of (out.data, size), &reader))
            continue;
        while (message_next (&reader, &message, &broken))
            count++;
        ck_assert_uint_lt (count, 2);
        ck_assert (broken || size == 3 || count == 1);
    }
    buf_clear (&out);
}
END_TEST

START_TEST (the_largest_head_has_room)
{
    char channel[255];
    memset (channel, 'x', sizeof channel);
    static char text[100000];
    buf_t out = BUF_INIT;
    message_t message = { UINT64_MAX, bytes_of (channel, sizeof channel), UINT64_MAX,
                          bytes_of (text, sizeof text) };
    message_add (&out, &message);
    ck_assert_uint_le (out.size, sizeof text + MESSAGE_ROOM_MAX);
    buf_clear (&out);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("message");
    TCase *all = tcase_create ("message");
    tcase_add_test (all, messages_are_read_as_they_were_written);
    tcase_add_test (all, a_body_that_is_cut_is_broken);
    tcase_add_test (all, the_largest_head_has_room);
    suite_add_tcase (suite, all);
    return suite;
}
