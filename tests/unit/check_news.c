//  check_news: events are JSON whatever is in them; who listens is told each of them once, in order, or
//  how many it has missed.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/event.h"
#include "lib/test.h"
#include "mem.h"
#include "move/move.h"
#include "news.h"
#include "watchers.h"
#include "wire.h"

static news_t *s_news;

static void
s_set_up (void)
{
    s_news = news_new ();
    ck_assert_ptr_nonnull (s_news);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    news_destroy (&s_news);
}

static void
s_is (const buf_t *out, const char *text)
{
    ck_assert (!out->failed);
    ck_assert_msg (bytes_equal (buf_bytes (out), bytes_str (text)), "%.*s is not %s", (int) out->size,
                   (const char *) out->data, text);
}

START_TEST (an_event_is_one_object)
{
    buf_t out = BUF_INIT;
    event_record_t event = { .kind = EVENT_MEMBER_ADDED,
                             .at = 1700000000123,
                             .node = "n1",
                             .partition = UINT32_MAX,
                             .id = 0xab,
                             .member = "n2" };
    event_encode (&event, &out);
    s_is (&out, "{\"event\":\"member added\",\"at\":1700000000123,\"node\":\"n1\",\"member\":\"n2\","
                "\"id\":\"00000000000000ab\"}");
    buf_reset (&out);
    event = (event_record_t) { .kind = EVENT_VOTERS, .node = "", .partition = 0, .text = "begun" };
    event_encode (&event, &out);
    s_is (&out, "{\"event\":\"voters\",\"at\":0,\"node\":\"\",\"partition\":0,\"text\":\"begun\"}");
    buf_clear (&out);
}
END_TEST

START_TEST (a_move_says_how_far_it_is)
{
    buf_t out = BUF_INIT;
    move_info_t move = { .state = MOVE_SNAPSHOT, .epoch = 7, .entries = 1, .bytes = 20, .total = 300 };
    event_record_t event = {
        .kind = EVENT_MOVE, .at = 1, .node = "n1", .partition = 5, .id = 1, .member = "n2", .move = &move
    };
    event_encode (&event, &out);
    s_is (&out, "{\"event\":\"move\",\"at\":1,\"node\":\"n1\",\"partition\":5,\"member\":\"n2\","
                "\"id\":\"0000000000000001\",\"state\":\"snapshot\",\"epoch\":7,"
                "\"entries\":1,\"bytes\":20,\"total\":300}");
    buf_clear (&out);
}
END_TEST

START_TEST (hostile_text_stays_within_its_string)
{
    buf_t out = BUF_INIT;
    char text[EVENT_TEXT_MAX + 8];
    event_record_t event = { .kind = EVENT_REFUSED,
                             .at = 1,
                             .node = "n",
                             .partition = UINT32_MAX,
                             .text = "a\"b\\\n\x7f\xff\xc3\xa9\xed\xa0\x80" };
    event_encode (&event, &out);
    s_is (&out, "{\"event\":\"refused\",\"at\":1,\"node\":\"n\",\"text\":\"a\\u0022b\\u005c\\u000a\\u007f"
                "\\ufffd\xc3\xa9\\ufffd\\ufffd\\ufffd\"}");
    memset (text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    event.text = text;
    buf_reset (&out);
    event_encode (&event, &out);
    ck_assert_uint_eq (out.size, strlen ("{\"event\":\"refused\",\"at\":1,\"node\":\"n\",\"text\":\"\"}")
                                     + EVENT_TEXT_MAX);
    ck_assert_str_eq (event_name (EVENT_LIMIT), "?");
    buf_clear (&out);
}
END_TEST

//  The JSON texts of a body, with blanks between them, and its versions.
static void
s_read (const buf_t *body, char *texts, size_t room, uint64_t *version)
{
    mp_t reader = mp_of (buf_bytes (body));
    size_t used = 0;
    texts[0] = 0;
    while (!mp_at_end (&reader)) {
        uint32_t count;
        uint64_t id;
        bytes_t name, json;
        ck_assert (mp_array (&reader, &count) && count == 5 && mp_uint (&reader, &id) && id == 0);
        ck_assert (mp_bytes (&reader, &name) && bytes_equal (name, bytes_str ("EVENT")));
        ck_assert (mp_bytes (&reader, &json) && mp_uint (&reader, version) && mp_skip (&reader));
        used += (size_t) snprintf (texts + used, room - used, "%s%.*s", used ? " " : "", (int) json.size,
                                   (const char *) json.data);
        ck_assert_uint_lt (used, room);
    }
}

static void
s_tells (uint64_t told, uint64_t until, const char *expected, uint64_t expected_version)
{
    buf_t body = BUF_INIT;
    char texts[4096];
    uint64_t version = 0;
    ck_assert_uint_eq (news_tell (s_news, told, &body), until);
    s_read (&body, texts, sizeof texts, &version);
    ck_assert_str_eq (texts, expected);
    ck_assert_uint_eq (version, expected_version);
    buf_clear (&body);
}

START_TEST (each_is_told_once_and_gaps_are_counted)
{
    ck_assert_uint_eq (news_last (s_news), 0);
    news_add (s_news, 1, 10, bytes_str ("{\"a\":1}"));
    news_add (s_news, 2, 11, bytes_str ("{\"a\":2}"));
    news_add (s_news, 2, 11, bytes_str ("{\"a\":22}")); // Twice
    s_tells (0, 2, "{\"a\":1} {\"a\":2}", 11);
    s_tells (1, 2, "{\"a\":2}", 11);
    news_add (s_news, 5, 12, bytes_str ("{\"a\":5}")); // 3 and 4 were lost before
    s_tells (2, 5, "{\"lost\":2,\"a\":5}", 12);
    news_add (s_news, 6, 12, bytes_str ("no object"));
    s_tells (5, 6, "{\"lost\":1}", 0);
    news_add (s_news, 7, 13, bytes_str ("{\"a\":7}"));
    s_tells (5, 7, "{\"lost\":1,\"a\":7}", 13);
    ck_assert_uint_eq (news_last (s_news), 7);
}
END_TEST

START_TEST (what_is_too_old_or_too_long_is_lost)
{
    static uint8_t large[NEWS_TEXT_MAX + 1] = { '{' };
    char json[32], expected[64];
    for (uint64_t number = 1; number <= 3 * NEWS_ROOM; number++) {
        snprintf (json, sizeof json, "{\"a\":%u}", (unsigned) number);
        news_add (s_news, number, number, bytes_str (json));
    }
    buf_t body = BUF_INIT;
    ck_assert_uint_eq (news_tell (s_news, 0, &body), 3 * NEWS_ROOM);
    snprintf (expected, sizeof expected, "{\"lost\":%u,\"a\":%u}", 2 * NEWS_ROOM, 2 * NEWS_ROOM + 1);
    ck_assert_ptr_nonnull (memmem (body.data, 64, expected, strlen (expected)));
    news_add (s_news, 3 * NEWS_ROOM + 1, 1, bytes_of (large, sizeof large));
    s_tells (3 * NEWS_ROOM, 3 * NEWS_ROOM + 1, "{\"lost\":1}", 0);
    buf_clear (&body);
}
END_TEST

START_TEST (a_push_is_bounded)
{
    static uint8_t json[NEWS_TEXT_MAX];
    memset (json, ' ', sizeof json);
    json[0] = '{';
    json[sizeof json - 1] = '}';
    for (uint64_t number = 1; number <= 64; number++)
        news_add (s_news, number, number, bytes_of (json, sizeof json));
    uint64_t told = 0;
    for (unsigned pushes = 0; told < 64; pushes++) {
        buf_t body = BUF_INIT;
        uint64_t next = news_tell (s_news, told, &body);
        ck_assert_uint_gt (next, told);
        ck_assert_uint_le (body.size, NEWS_BODY_MAX + NEWS_TEXT_MAX + 64);
        ck_assert_uint_lt (pushes, 8);
        told = next;
        buf_clear (&body);
    }
}
END_TEST

START_TEST (without_memory_it_is_lost)
{
    mem_fail_at (1);
    news_add (s_news, 1, 1, bytes_str ("{\"a\":1}"));
    mem_fail_at (0);
    s_tells (0, 1, "{\"lost\":1}", 0);
    for (unsigned step = 1; step <= 2; step++) {
        buf_t body = BUF_INIT;
        news_add (s_news, 1 + 2 * step, 1, bytes_str ("{\"a\":1}"));
        mem_fail_at (step);
        news_tell (s_news, 2 * step - 1, &body);
        mem_fail_at (0);
        ck_assert (body.failed);
        buf_clear (&body);
    }
}
END_TEST

static flow_sent_t
s_send (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    buf_t *got = arg;
    (void) route;
    buf_add (got, frames[count - 1].data + WIRE_SIGNATURE_SIZE, frames[count - 1].size - WIRE_SIGNATURE_SIZE);
    return FLOW_SENT;
}

START_TEST (who_comes_late_hears_what_comes_later)
{
    watchers_t *listeners = watchers_new (3);
    buf_t got = BUF_INIT;
    char texts[256];
    uint64_t version = 0;
    watchers_set_words (listeners, news_tell, s_news, 50);
    news_add (s_news, 1, 1, bytes_str ("{\"a\":1}"));
    watchers_publish (listeners, news_last (s_news));
    ck_assert (watchers_add (listeners, bytes_str ("r"), NULL, 0, news_last (s_news)));
    ck_assert_uint_eq (watchers_turn (listeners, s_send, &got, 1000), UINT64_MAX);
    ck_assert_uint_eq (got.size, 0);
    news_add (s_news, 2, 1, bytes_str ("{\"a\":2}"));
    news_add (s_news, 3, 1, bytes_str ("{\"a\":3}"));
    watchers_publish (listeners, news_last (s_news));
    ck_assert_uint_eq (watchers_turn (listeners, s_send, &got, 1100), UINT64_MAX);
    news_add (s_news, 4, 1, bytes_str ("{\"a\":4}"));
    watchers_publish (listeners, news_last (s_news));
    ck_assert_uint_eq (watchers_turn (listeners, s_send, &got, 1120), 30);
    ck_assert_uint_eq (watchers_turn (listeners, s_send, &got, 1150), UINT64_MAX);
    s_read (&got, texts, sizeof texts, &version);
    ck_assert_str_eq (texts, "{\"a\":2} {\"a\":3} {\"a\":4}");
    buf_clear (&got);
    watchers_destroy (&listeners);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("news");
    TCase *all = tcase_create ("all");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, an_event_is_one_object);
    tcase_add_test (all, a_move_says_how_far_it_is);
    tcase_add_test (all, hostile_text_stays_within_its_string);
    tcase_add_test (all, each_is_told_once_and_gaps_are_counted);
    tcase_add_test (all, what_is_too_old_or_too_long_is_lost);
    tcase_add_test (all, a_push_is_bounded);
    tcase_add_test (all, without_memory_it_is_lost);
    tcase_add_test (all, who_comes_late_hears_what_comes_later);
    suite_add_tcase (suite, all);
    return suite;
}
