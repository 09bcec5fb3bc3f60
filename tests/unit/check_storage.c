//  check_storage: bodies of records in, replies out.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/rig.h"
#include "lib/test.h"
#include "slot.h"

static rig_t s_rig;

static void
s_begin (void)
{
    buf_reset (&s_rig.body);
    wire_begin (&s_rig.body);
}

static void
s_add (uint64_t id, op_t op, const char *key_text, const char *text)
{
    bytes_t key = bytes_str (key_text);
    value_t value = text ? value_bytes (bytes_str (text)) : value_nil ();
    wire_request (&s_rig.body, id, op, bytes_str ("m"), &key, &value, NULL);
}

//  The replies' statuses, in order, as text: "1:0 2:1".
static const char *
s_statuses (void)
{
    static char s_text[512];
    size_t size = 0;
    mp_t reader = mp_of (buf_bytes (&s_rig.out));
    reply_t reply;
    s_text[0] = 0;
    while (wire_next_reply (&reader, &reply) == WIRE_RECORD && size + 32 < sizeof s_text)
        size += (size_t) snprintf (s_text + size, sizeof s_text - size, "%s%llu:%u", size ? " " : "",
                                   (unsigned long long) reply.id, reply.status);
    return s_text;
}

static void
s_tear_down (void)
{
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

START_TEST (records_of_a_body_run_in_order)
{
    rig_open (&s_rig, 1, 7);
    s_begin ();
    s_add (1, OP_GET, "a", NULL);
    s_add (2, OP_PUT, "a", "1");
    s_add (3, OP_INCR, "a", "4");
    s_add (4, OP_DEL, "a", NULL);
    s_add (5, OP_GET, "a", NULL);
    s_add (6, OP_INCR, "a", "x");
    ck_assert_uint_eq (rig_run (&s_rig, 0), 6);
    ck_assert_str_eq (s_statuses (), "1:1 2:0 3:0 4:0 5:1 6:19");
}
END_TEST

START_TEST (a_body_without_records_is_malformed)
{
    rig_open (&s_rig, 1, 7);
    s_begin ();
    rig_run (&s_rig, 0);
    ck_assert_str_eq (s_statuses (), "0:19");
}
END_TEST

START_TEST (what_cannot_be_read_ends_the_body_and_names_the_place)
{
    rig_open (&s_rig, 1, 7);
    s_begin ();
    s_add (1, OP_PUT, "a", "1");
    size_t offset = s_rig.body.size;
    buf_add (&s_rig.body, "\x93\x09\xc1", 3);
    s_add (3, OP_PUT, "b", "1");
    rig_run (&s_rig, 0);
    ck_assert_str_eq (s_statuses (), "1:0 9:19");
    mp_t reader = mp_of (buf_bytes (&s_rig.out));
    reply_t reply;
    meta_t meta;
    char number[16];
    wire_next_reply (&reader, &reply);
    wire_next_reply (&reader, &reply);
    ck_assert (meta_decode (reply.meta, &meta) && (meta.given & META_error));
    snprintf (number, sizeof number, "%zu", offset + 2);
    ck_assert (memmem (meta.error.data, meta.error.size, number, strlen (number)) != NULL);
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 1);
}
END_TEST

START_TEST (a_faulty_record_spoils_nothing_else)
{
    rig_open (&s_rig, 1, 7);
    s_begin ();
    s_add (1, OP_PUT, "a", "1");
    buf_add (&s_rig.body, "\x05", 1);            // Not an array
    buf_add (&s_rig.body, "\x92\x03\xa3NOP", 6); // No such operation
    buf_add (&s_rig.body, "\x92\x04\xa3GET", 6); // No map, no key
    s_add (5, OP_PUT, "b", "1");
    ck_assert_uint_eq (rig_run (&s_rig, 0), 5);
    ck_assert_str_eq (s_statuses (), "1:0 0:19 3:20 4:19 5:0");
    stats_t stats = rig_stats (&s_rig);
    ck_assert_uint_eq (stats.badop, 1);
    ck_assert_uint_eq (stats.malformed, 2);
}
END_TEST

START_TEST (records_past_the_limit_of_a_body_are_busy)
{
    static const uint64_t s_limits[] = { 1, 10, 16, 20, 32 };
    for (size_t which = 0; which < sizeof s_limits / sizeof s_limits[0]; which++) {
        storage_config_t config = rig_config (1, 7);
        config.batch_max = s_limits[which];
        ck_assert (rig_open_with (&s_rig, &config, NULL));
        for (uint64_t count = s_limits[which]; count <= s_limits[which] + 1; count++) {
            s_begin ();
            for (uint64_t id = 1; id <= count; id++)
                s_add (id, OP_EXISTS, "a", NULL);
            ck_assert_uint_eq (rig_run (&s_rig, 0), count);
            ck_assert_uint_eq (rig_stats (&s_rig).busy, count - s_limits[which]);
        }
        rig_close (&s_rig);
    }
    rig_open (&s_rig, 1, 7);
}
END_TEST

START_TEST (a_full_reply_buffer_stops_between_records_and_goes_on)
{
    rig_open (&s_rig, 1, 7);
    char text[201];
    memset (text, 'v', 200);
    text[200] = 0;
    rig_do (&s_rig, OP_PUT, "a", text, "");
    s_begin ();
    for (uint64_t id = 1; id <= 100; id++)
        s_add (id, OP_GET, "a", NULL);
    batch_t batch = { .moment = s_rig.moment, .body_size = s_rig.body.size };
    ck_assert (wire_open (buf_bytes (&s_rig.body), &batch.reader));
    uint64_t next = 1, rounds = 0;
    bool more = true;
    while (more) {
        buf_reset (&s_rig.out);
        more = storage_batch (s_rig.storage[0], &batch, &s_rig.out, 1000);
        ck_assert_uint_le (s_rig.out.size, 1000 + 250);
        mp_t reader = mp_of (buf_bytes (&s_rig.out));
        reply_t reply;
        while (wire_next_reply (&reader, &reply) == WIRE_RECORD)
            ck_assert_uint_eq (reply.id, next++);
        rounds++;
    }
    ck_assert_uint_eq (next, 101);
    ck_assert_uint_ge (rounds, 15);
    ck_assert_uint_eq (batch.records, 100);
}
END_TEST

START_TEST (refused_records_are_not_executed)
{
    rig_open (&s_rig, 1, 7);
    s_begin ();
    for (uint64_t id = 1; id <= 3; id++)
        s_add (id, OP_PUT, "a", "1");
    batch_t batch = { .moment = s_rig.moment, .body_size = s_rig.body.size };
    ck_assert (wire_open (buf_bytes (&s_rig.body), &batch.reader));
    buf_reset (&s_rig.out);
    storage_refuse (s_rig.storage[0], &batch, &s_rig.out, ZGRID_BUSY, "why");
    ck_assert_str_eq (s_statuses (), "1:12 2:12 3:12");
    ck_assert_uint_eq (rig_stats (&s_rig).entries, 0);
}
END_TEST

START_TEST (keys_of_others_are_moved_to_their_owner)
{
    rig_open (&s_rig, 3, 271);
    for (int number = 0; number < 100; number++) {
        char key[16];
        snprintf (key, sizeof key, "%d", number);
        ask_t ask = rig_words (OP_PUT, key, "v", "");
        uint32_t owner = slot_partition (slot_of_key (ask.key), 271) % 3;
        ck_assert_uint_eq (rig_owner (&s_rig, &ask), owner);
        for (uint32_t actor = 0; actor < 3; actor++) {
            answer_t answer = rig_ask_at (&s_rig, actor, &ask);
            ck_assert_uint_eq (answer.status, actor == owner ? ZGRID_OK : ZGRID_MOVED);
            ck_assert (actor == owner || (answer.meta.given & META_epoch));
        }
    }
    ask_t size = rig_words (OP_SIZE, NULL, NULL, "partition=4");
    ck_assert_uint_eq (rig_ask_at (&s_rig, 0, &size).status, ZGRID_MOVED);
    ck_assert_uint_eq (rig_ask_at (&s_rig, 1, &size).status, ZGRID_OK);
}
END_TEST

START_TEST (values_come_and_go_as_attachments)
{
    rig_open (&s_rig, 1, 7);
    bytes_t frames[] = { bytes_str ("first"), bytes_str ("second") };
    s_rig.attachments = frames;
    s_rig.attachment_count = 2;
    ask_t ask = rig_words (OP_PUT, "a", NULL, "");
    ask.value = (value_t) { .kind = VALUE_ATTACHED, .integer = 1 };
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
    ask.value.integer = 2;
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_MALFORMED);

    answer_t answer = rig_do (&s_rig, OP_GET, "a", NULL, "attach=7");
    ck_assert (answer_is (&answer, "second"));
    answer = rig_do (&s_rig, OP_GET, "a", NULL, "attach=6");
    ck_assert_int_eq (answer.value.kind, VALUE_ATTACHED);
    ck_assert_int_eq (answer.value.integer, 0);
    ck_assert_uint_eq (s_rig.attached_count, 1);
    ck_assert_uint_eq (s_rig.attached_sizes[0], 6);
    ck_assert (bytes_equal (buf_bytes (&s_rig.attached), bytes_str ("second")));
}
END_TEST

START_TEST (more_maps_than_the_limit_are_too_big)
{
    storage_config_t config = rig_config (1, 7);
    config.maps_max = 3;
    ck_assert (rig_open_with (&s_rig, &config, NULL));
    for (int number = 0; number < 5; number++) {
        char name[16];
        snprintf (name, sizeof name, "m%d", number);
        ask_t ask = rig_words (OP_GET, "k", NULL, "");
        ask.map = bytes_str (name);
        ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_NOTFOUND); // Reading makes none
        ask.op = OP_PUT;
        ask.value = value_bytes (bytes_str ("v"));
        answer_t answer = rig_ask (&s_rig, &ask);
        ck_assert_uint_eq (answer.status, number < 3 ? ZGRID_OK : ZGRID_TOOBIG);
    }
    ck_assert_uint_eq (rig_stats (&s_rig).maps, 3);
}
END_TEST

START_TEST (names_of_maps_are_utf8)
{
    static const struct {
        const char *name;
        bool good;
    } s_names[] = {
        { "m", true },
        { "\xc3\xa4", true },
        { "\xe2\x82\xac", true },
        { "\xf0\x9f\x98\x80", true },
        { "", false },
        { "\xc3", false },
        { "\x80", false },
        { "\xc0\x80", false },
        { "\xe0\x80\x80", false },
        { "\xed\xa0\x80", false },
        { "\xf4\x90\x80\x80", false },
        { "\xff", false },
    };
    rig_open (&s_rig, 1, 7);
    for (size_t at = 0; at < sizeof s_names / sizeof s_names[0]; at++) {
        ask_t ask = rig_words (OP_PUT, "k", "v", "");
        ask.map = bytes_str (s_names[at].name);
        ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, s_names[at].good ? ZGRID_OK : ZGRID_MALFORMED);
    }
    static char s_long[256];
    memset (s_long, 'n', sizeof s_long);
    ask_t ask = rig_words (OP_PUT, "k", "v", "");
    ask.map = bytes_of (s_long, 255);
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
    ask.map = bytes_of (s_long, 256);
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_TOOBIG);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("storage");
    TCase *tcase = tcase_create ("storage");
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_checked_fixture (tcase, NULL, s_tear_down);
    tcase_add_test (tcase, records_of_a_body_run_in_order);
    tcase_add_test (tcase, a_body_without_records_is_malformed);
    tcase_add_test (tcase, what_cannot_be_read_ends_the_body_and_names_the_place);
    tcase_add_test (tcase, a_faulty_record_spoils_nothing_else);
    tcase_add_test (tcase, records_past_the_limit_of_a_body_are_busy);
    tcase_add_test (tcase, a_full_reply_buffer_stops_between_records_and_goes_on);
    tcase_add_test (tcase, refused_records_are_not_executed);
    tcase_add_test (tcase, keys_of_others_are_moved_to_their_owner);
    tcase_add_test (tcase, values_come_and_go_as_attachments);
    tcase_add_test (tcase, more_maps_than_the_limit_are_too_big);
    tcase_add_test (tcase, names_of_maps_are_utf8);
    suite_add_tcase (suite, tcase);
    return suite;
}
