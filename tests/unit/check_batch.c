//  check_batch: what stands in front of a batch: comes back as it was written; everything else is refused.
//  SPDX-License-Identifier: MPL-2.0
#include <string.h>

#include "lib/test.h"
#include "move/batch.h"

static const batch_head_t s_good = { .cluster = 0xc1, .from = 2, .to = 1, .actor = 3, .size = 1000 };
static const batch_limits_t s_here = { .cluster = 0xc1, .self = 1, .actors = 4, .size_max = 4096 };

static buf_t
s_encoded (batch_head_t head)
{
    buf_t out = BUF_INIT;
    batch_encode (&head, &out);
    assert (!out.failed);
    return out;
}

static bool
s_decodes (batch_head_t head)
{
    buf_t out = s_encoded (head);
    batch_head_t got;
    bool good = batch_decode (buf_bytes (&out), &got);
    if (good)
        ck_assert (got.cluster == head.cluster && got.from == head.from && got.to == head.to
                   && got.actor == head.actor && got.flags == head.flags && got.size == head.size);
    buf_clear (&out);
    return good;
}

START_TEST (what_was_written_is_read)
{
    ck_assert (s_decodes (s_good));
    batch_head_t largest = {
        UINT64_MAX, UINT64_MAX, UINT64_MAX, VIEW_ACTORS_MAX - 1, BATCH_FLAGS, UINT64_MAX
    };
    ck_assert (s_decodes (largest));
    buf_t out = s_encoded (largest);
    ck_assert_uint_le (out.size, BATCH_HEAD_MAX);
    buf_clear (&out);
    ck_assert (s_decodes ((batch_head_t) { 0, 1, 1, 0, 0, 0 }));
}
END_TEST

START_TEST (fields_out_of_their_range_are_refused)
{
    batch_head_t head = s_good;
    head.from = 0;
    ck_assert (!s_decodes (head));
    head = s_good;
    head.to = 0;
    ck_assert (!s_decodes (head));
    head = s_good;
    head.actor = VIEW_ACTORS_MAX;
    ck_assert (!s_decodes (head));
    head = s_good;
    head.flags = 4;
    ck_assert (!s_decodes (head));
}
END_TEST

START_TEST (every_cut_and_everything_behind_is_refused)
{
    batch_head_t got;
    buf_t out = s_encoded (s_good);
    for (size_t size = 0; size < out.size; size++)
        ck_assert (!batch_decode (bytes_of (out.data, size), &got));
    buf_add (&out, "", 1);
    ck_assert (!batch_decode (buf_bytes (&out), &got));
    out.size--;
    for (size_t at = 0; at < BATCH_SIGNATURE_SIZE; at++) {
        out.data[at] ^= 1;
        ck_assert (!batch_decode (buf_bytes (&out), &got));
        out.data[at] ^= 1;
    }
    ck_assert (batch_decode (buf_bytes (&out), &got));
    buf_clear (&out);
}
END_TEST

START_TEST (other_types_and_counts_are_refused)
{
    static const char *const wrong[] = { "ZM\1\x95\1\2\3\4\0",     "ZM\1\x97\1\2\3\4\0\5\6",
                                         "ZM\1\x96\1\2\3\4\0\xff", "ZM\1\x96\1\2\3\4\0\xc0",
                                         "ZM\1\x96\1\2\3\4\0\xa0", "ZM\1\x86\1\2\3\4\0\5",
                                         "ZM\1\xc0\1\2\3\4\0\5",   "ZM\2\x96\1\2\3\4\0\5" };
    static const size_t sizes[] = { 9, 11, 10, 10, 10, 10, 10, 10 };
    batch_head_t got;
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        ck_assert_msg (!batch_decode (bytes_of (wrong[at], sizes[at]), &got), "%zu", at);
    ck_assert (batch_decode (bytes_of ("ZM\1\x96\1\2\3\4\0\5", 10), &got));
}
END_TEST

static const char *
s_why (batch_head_t head, uint64_t body_size)
{
    const char *why = batch_refusal (&head, body_size, &s_here);
    return why ? why : "";
}

START_TEST (only_what_is_meant_for_here_is_taken)
{
    batch_head_t head = s_good;
    ck_assert_str_eq (s_why (head, 1000), "");
    head.cluster++;
    ck_assert_str_eq (s_why (head, 1000), "it is of another cluster");
    head = s_good;
    head.to++;
    ck_assert_str_eq (s_why (head, 1000), "it is for another member");
    head = s_good;
    head.actor = 4;
    ck_assert_str_eq (s_why (head, 1000), "it is for a storage actor that is not here");
    head = s_good;
    head.size = 4096;
    ck_assert_str_eq (s_why (head, 4096), "");
    head.size = 4097;
    ck_assert_str_eq (s_why (head, 4097), "it is larger than agreed");
}
END_TEST

START_TEST (the_size_must_be_what_it_says)
{
    batch_head_t head = s_good;
    ck_assert_str_eq (s_why (head, 999), "its size is not what it says");
    ck_assert_str_eq (s_why (head, 1001), "its size is not what it says");
    ck_assert_str_eq (s_why (head, 0), "it is empty");
    head.flags = BATCH_LZ4;
    ck_assert_str_eq (s_why (head, 10), "");
    ck_assert_str_eq (s_why (head, 1000), "its size is not what it says");
    head.size = UINT64_MAX;
    ck_assert_str_eq (s_why (head, 10), "it is larger than agreed");
    head.size = 0;
    ck_assert_str_eq (s_why (head, 10), "it is empty");
    head.flags = BATCH_PLAIN;
    ck_assert_str_eq (s_why (head, 0), "");
    ck_assert_str_eq (s_why (head, 1), "it has no meaning");
    head.size = 1;
    ck_assert_str_eq (s_why (head, 0), "it has no meaning");
    head.size = 0;
    head.flags = BATCH_FLAGS;
    ck_assert_str_eq (s_why (head, 0), "it has no meaning");
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("batch");
    TCase *tests = tcase_create ("batch");
    tcase_add_test (tests, what_was_written_is_read);
    tcase_add_test (tests, fields_out_of_their_range_are_refused);
    tcase_add_test (tests, every_cut_and_everything_behind_is_refused);
    tcase_add_test (tests, other_types_and_counts_are_refused);
    tcase_add_test (tests, only_what_is_meant_for_here_is_taken);
    tcase_add_test (tests, the_size_must_be_what_it_says);
    suite_add_tcase (suite, tests);
    return suite;
}
