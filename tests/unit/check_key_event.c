//  key_event: an event of a key is one JSON object, whatever bytes the key has, and says what its list says.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster/view.h"
#include "json.h"
#include "key_event.h"
#include "lib/test.h"
#include "mem.h"
#include "replica/effect.h"

static const key_event_teller_t s_teller = { "n1", 2, 1700000000123 };

static void
s_is (const feed_change_t *change, const char *text)
{
    buf_t out = BUF_INIT;
    key_event_encode (change, &s_teller, &out);
    ck_assert_msg (bytes_equal (buf_bytes (&out), bytes_str (text)), "%.*s is not %s", (int) out.size,
                   (const char *) out.data, text);
    buf_clear (&out);
}

#define S_REST ",\"version\":9,\"at\":1700000000123,\"node\":\"n1\",\"actor\":2,\"partition\":5,\"seq\":3"

START_TEST (an_event_is_one_object)
{
    feed_change_t change = { .kind = FEED_PUT, .partition = 5, .version = 9, .number = 3 };
    change.map = bytes_str ("m");
    change.key = bytes_str ("k");
    s_is (&change, "{\"event\":\"put\",\"map\":\"m\",\"key\":\"k\"" S_REST "}");
    change.kind = FEED_REMOVE;
    s_is (&change, "{\"event\":\"delete\",\"map\":\"m\",\"key\":\"k\",\"reason\":\"deleted\"" S_REST "}");
    change.reason = REMOVAL_EXPIRED;
    s_is (&change, "{\"event\":\"expire\",\"map\":\"m\",\"key\":\"k\",\"reason\":\"expired\"" S_REST "}");
    change.reason = REMOVAL_IDLE;
    s_is (&change, "{\"event\":\"expire\",\"map\":\"m\",\"key\":\"k\",\"reason\":\"idle\"" S_REST "}");
    change.reason = REMOVAL_EVICTED;
    change.repeat = true;
    s_is (&change, "{\"event\":\"evict\",\"map\":\"m\",\"key\":\"k\",\"reason\":\"evicted\"" S_REST
                   ",\"repeat\":true}");
    change = (feed_change_t) { .kind = FEED_DESTROY, .partition = 5, .version = 9, .number = 3 };
    change.map = bytes_str ("\xc3\xa4\"");
    s_is (&change,
          "{\"event\":\"delete\",\"map\":\"\xc3\xa4\\u0022\",\"key\":null,\"reason\":\"destroyed\"" S_REST
          "}");
}
END_TEST

START_TEST (a_key_may_have_any_bytes)
{
    feed_change_t change = { .kind = FEED_PUT, .partition = 5, .version = 9, .number = 3 };
    change.map = bytes_str ("m");
    change.key = bytes_of ("\0\n\x7f", 3);
    s_is (&change, "{\"event\":\"put\",\"map\":\"m\",\"key\":\"\\u0000\\u000a\\u007f\"" S_REST "}");
    change.key = bytes_of (NULL, 0);
    s_is (&change, "{\"event\":\"put\",\"map\":\"m\",\"key\":\"\"" S_REST "}");
    change.key = bytes_str ("\xff");
    s_is (&change, "{\"event\":\"put\",\"map\":\"m\",\"key64\":\"/w==\"" S_REST "}");
    change.key = bytes_str ("\xff\xfe");
    s_is (&change, "{\"event\":\"put\",\"map\":\"m\",\"key64\":\"//4=\"" S_REST "}");
    change.key = bytes_str ("\xff\xfe\x3f");
    s_is (&change, "{\"event\":\"put\",\"map\":\"m\",\"key64\":\"//4/\"" S_REST "}");
    change.key = bytes_str ("\xffoobar"); // RFC 4648, section 10, but for the first byte
    s_is (&change, "{\"event\":\"put\",\"map\":\"m\",\"key64\":\"/29vYmFy\"" S_REST "}");
    //  Without memory the buffer says so
    buf_t out = BUF_INIT;
    mem_fail_at (1);
    key_event_encode (&change, &s_teller, &out);
    mem_fail_at (0);
    ck_assert (out.failed);
    buf_clear (&out);
}
END_TEST

START_TEST (every_member_of_the_object_is_in_the_list)
{
    static const char *const s_fields[] = {
#define KEY_FIELD(name, type, purpose) name,
#include "key_event.def"
#undef KEY_FIELD
    };
    bool seen[sizeof s_fields / sizeof s_fields[0]] = { false };
    const char *texts[] = { "k", "\xff" };
    for (unsigned kind = FEED_PUT; kind <= FEED_DESTROY; kind++)
        for (unsigned text = 0; text < 2; text++) {
            feed_change_t change = { .kind = (uint8_t) kind, .repeat = true, .map = bytes_str ("m") };
            buf_t out = BUF_INIT;
            change.key = bytes_str (texts[text]);
            key_event_encode (&change, &s_teller, &out);
            buf_add (&out, "", 1);
            for (const char *at = strstr ((char *) out.data, "\""); at; at = strstr (at + 1, ",\"")) {
                const char *name = *at == ',' ? at + 2 : at + 1, *end = strchr (name, '"');
                size_t field = 0;
                while (field < sizeof seen
                       && (strlen (s_fields[field]) != (size_t) (end - name)
                           || memcmp (s_fields[field], name, (size_t) (end - name)) != 0))
                    field++;
                ck_assert_msg (field < sizeof seen, "%s", name);
                seen[field] = true;
            }
            buf_clear (&out);
        }
    for (size_t field = 0; field < sizeof seen; field++)
        ck_assert_msg (seen[field], "%s", s_fields[field]);
}
END_TEST

START_TEST (a_channel_is_named_after_the_map)
{
    char channel[KEY_EVENT_CHANNEL_MAX];
    static char s_long[300];
    size_t size;
    ck_assert (key_event_channel (bytes_str ("map"), channel, &size));
    ck_assert (bytes_equal (bytes_of (channel, size), bytes_str ("zgrid.events.map")));
    memset (s_long, 'x', sizeof s_long);
    ck_assert (key_event_channel (bytes_of (s_long, 242), channel, &size) && size == 255);
    ck_assert (!key_event_channel (bytes_of (s_long, 243), channel, &size));
    ck_assert (!key_event_channel (bytes_of ("a\0b", 3), channel, &size));
    ck_assert_uint_eq (key_event_mask (&(feed_change_t) { .kind = FEED_DESTROY }), MAP_EVENT_DELETE);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("key event");
    TCase *tcase = tcase_create ("objects");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, an_event_is_one_object);
    tcase_add_test (tcase, a_key_may_have_any_bytes);
    tcase_add_test (tcase, every_member_of_the_object_is_in_the_list);
    tcase_add_test (tcase, a_channel_is_named_after_the_map);
    suite_add_tcase (suite, tcase);
    return suite;
}
