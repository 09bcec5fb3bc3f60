//  check_tracking: who reads a key with `track` is told when it has changed, however that came about; events
//  of keys are published for maps that have them.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"
#include "slot.h"
#include "stage.h"
#include "status.h"

static const options_t s_track = { .given = OPT_track };
static zsock_t *s_reader, *s_writer;

static void
s_set_up (void)
{
    stage_set_up ();
    s_reader = stage_client ();
    s_writer = stage_client ();
    stage_publish (stage_view (true, 1));
}

static void
s_tear_down (void)
{
    zsock_destroy (&s_reader);
    zsock_destroy (&s_writer);
    stage_tear_down ();
}

static unsigned
s_read (const char *key)
{
    return stage_ask (s_reader, OP_GET, key, NULL, &s_track).status;
}

static uint64_t
s_partition (const char *key)
{
    return slot_partition (slot_of_key (bytes_str (key)), STAGE_PARTITIONS);
}

//  The next message of the reader is one push with that number; key NULL: of a partition of that map (NULL:
//  of all).
static void
s_expect (uint64_t wanted, const char *map, const char *key, uint64_t partition)
{
    mp_t reader;
    uint32_t count;
    uint64_t number;
    bytes_t word;
    mp_token_t token;
    ck_assert (wire_open (stage_body (s_reader), &reader));
    ck_assert (mp_array (&reader, &count) && count == 5 && mp_uint (&reader, &number) && number == 0);
    ck_assert (mp_bytes (&reader, &word) && bytes_equal (word, bytes_str ("INVALIDATE")));
    ck_assert (mp_array (&reader, &count) && count == 2);
    if (map)
        ck_assert (mp_bytes (&reader, &word) && bytes_equal (word, bytes_str (map)));
    else
        ck_assert (mp_next (&reader, &token) && token.kind == MP_NIL);
    if (key)
        ck_assert (mp_bytes (&reader, &word) && bytes_equal (word, bytes_str (key)));
    else
        ck_assert (mp_uint (&reader, &number) && number == partition);
    ck_assert (mp_uint (&reader, &number) && number == wanted);
    ck_assert (mp_next (&reader, &token) && token.kind == MP_NIL && mp_at_end (&reader));
}

START_TEST (every_kind_of_change_is_told)
{
    static const struct {
        op_t op;
        const char *value;
    } s_changes[] = { { OP_PUT, "1" },    { OP_INCR, "1" },        { OP_APPEND, "1" },
                      { OP_GETPUT, "1" }, { OP_PEXPIRE, "60000" }, { OP_PERSIST, NULL },
                      { OP_DEL, NULL },   { OP_PUT, "1" },         { OP_GETDEL, NULL } };
    uint64_t pushes = 0;
    ck_assert_uint_eq (s_read ("key"), ZGRID_NOTFOUND); // That there is none is a copy, too
    for (size_t at = 0; at < sizeof s_changes / sizeof s_changes[0]; at++) {
        stage_ask (s_writer, s_changes[at].op, "other", s_changes[at].value, NULL); // Of no concern
        reply_t reply = stage_ask (s_writer, s_changes[at].op, "key", s_changes[at].value, NULL);
        ck_assert_msg (reply.status == ZGRID_OK, "%s: %u", op_info (s_changes[at].op)->name, reply.status);
        s_expect (++pushes, "m", "key", 0);
        s_read ("key");
    }
    //  Its own writes as well
    stage_send (s_reader, OP_PUT, 77, "key", "own", NULL);
    ck_assert_uint_eq (stage_reply (s_reader).id, 77);
    s_expect (++pushes, "m", "key", 0);
    //  Once: nobody has read it since
    ck_assert_uint_eq (stage_ask (s_writer, OP_PUT, "key", "again", NULL).status, ZGRID_OK);
    ck_assert_uint_eq (stage_ask (s_reader, OP_PING, NULL, NULL, NULL).status, ZGRID_OK);
    ck_assert_uint_eq (stage_stat (s_writer, "tracked"), 0);
    ck_assert_uint_eq (stage_stat (s_writer, "invalidations"), pushes);
}
END_TEST

START_TEST (the_end_of_its_time_is_told)
{
    options_t soon = { .given = OPT_px, .time = 2000 };
    stage_ask (s_writer, OP_PUT, "key", "value", &soon);
    ck_assert_uint_eq (s_read ("key"), ZGRID_OK);
    s_expect (1, "m", "key", 0); // Nobody has asked for it
    ck_assert_uint_ge (stage_stat (s_writer, "expired"), 1);
}
END_TEST

START_TEST (a_map_that_is_destroyed_is_told_by_partition)
{
    options_t whole = { .given = OPT_partition, .partition = s_partition ("key") };
    stage_ask (s_writer, OP_PUT, "key", "value", NULL);
    ck_assert_uint_eq (s_read ("key"), ZGRID_OK);
    reply_t reply = stage_ask (s_writer, OP_DESTROY, "key", NULL, &whole);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    s_expect (1, "m", NULL, s_partition ("key"));
    ck_assert_uint_eq (stage_stat (s_writer, "tracked"), 0);
}
END_TEST

START_TEST (a_partition_that_has_another_owner_is_told)
{
    stage_ask (s_writer, OP_PUT, "key", "value", NULL);
    ck_assert_uint_eq (s_read ("key"), ZGRID_OK);
    view_t *view = stage_view (true, 1);
    part_t *part = &view->parts[s_partition ("key")];
    part->epoch = 2;
    part->primary = part->reps[0] = STAGE_OTHER;
    stage_publish (view);
    s_expect (1, NULL, NULL, s_partition ("key"));
    ck_assert_uint_eq (s_read ("key"), ZGRID_MOVED); // And is not tracked here
    ck_assert_uint_eq (stage_stat (s_writer, "tracked"), 0);
}
END_TEST

START_TEST (with_copies_it_is_told_when_it_is_committed)
{
    stage_publish (stage_view (true, 2));
    view_t *view = stage_view (true, 2);
    for (unsigned partition = 0; partition < STAGE_PARTITIONS; partition++)
        view->parts[partition].epoch = 2;
    stage_publish (view);
    ck_assert_uint_eq (s_read ("key"), ZGRID_NOTFOUND);
    stage_send (s_writer, OP_PUT, 9, "key", "value", NULL);
    stage_data_t repl = stage_await_write ();
    stage_assert_silent (s_reader);
    stage_acknowledge (&repl);
    ck_assert_uint_eq (stage_reply (s_writer).status, ZGRID_OK);
    s_expect (1, "m", "key", 0);
}
END_TEST

START_TEST (who_is_gone_is_forgotten)
{
    enum { COUNT = 200 };
    for (unsigned at = 0; at < COUNT; at++) {
        char key[16];
        snprintf (key, sizeof key, "k%u", at);
        s_read (key);
    }
    ck_assert_uint_eq (stage_stat (s_writer, "tracked"), COUNT);
    zsock_destroy (&s_reader);
    //  A push to it shows that; libzmq needs a moment to notice
    for (unsigned at = 0; stage_stat (s_writer, "tracked"); at++) {
        char key[16];
        snprintf (key, sizeof key, "k%u", at % COUNT);
        stage_ask (s_writer, OP_PUT, key, "v", NULL);
    }
}
END_TEST

//  The records of the next message with events: how many; the last one's event.
static uint64_t
s_published (char *text, size_t room)
{
    uint64_t count = 0;
    zmsg_t *message = zmsg_recv (stage.events);
    ck_assert_ptr_nonnull (message);
    mp_t reader;
    request_t request;
    ck_assert (wire_open (bytes_of (zframe_data (zmsg_first (message)), zframe_size (zmsg_first (message))),
                          &reader));
    while (wire_next_request (&reader, &request) == WIRE_RECORD) {
        ck_assert (request.op == OP_PUBLISH && request.faulty == 0 && request.id == ++count);
        ck_assert (bytes_equal (request.key, bytes_str ("zgrid.events.m")) && request.map.size == 0);
        snprintf (text, room, "%.*s", (int) request.value.bytes.size,
                  (const char *) request.value.bytes.data);
    }
    zmsg_destroy (&message);
    return count;
}

START_TEST (events_of_keys_are_published_for_maps_that_have_them)
{
    char text[300];
    stage_ask (s_writer, OP_PUT, "early", "value", NULL); // No events yet
    view_t *view = stage_view (true, 1);
    map_settings_t settings = *view_map (view, bytes_str ("m"));
    snprintf (settings.name, sizeof settings.name, "m");
    settings.events = MAP_EVENT_PUT | MAP_EVENT_DELETE;
    ck_assert (view_set_map (view, &settings));
    stage_publish (view);
    while (talk_number (&(reply_t[]) { stage_ask (s_writer, OP_HELLO, NULL, NULL, NULL) }[0], "epoch") < 2)
        ;
    for (uint64_t seq = 1; seq <= 3; seq++) {
        char wanted[32];
        stage_ask (s_writer, OP_PUT, "key", "value", NULL);
        ck_assert_uint_eq (s_published (text, sizeof text), 1);
        snprintf (wanted, sizeof wanted, "\"seq\":%u}", (unsigned) seq);
        ck_assert_msg (strstr (text, "{\"event\":\"put\",\"map\":\"m\",\"key\":\"key\",\"version\":") == text
                           && strstr (text, "\"node\":\"test\"") && strstr (text, wanted),
                       "%s", text);
    }
    stage_ask (s_writer, OP_DEL, "key", NULL, NULL);
    ck_assert_uint_eq (s_published (text, sizeof text), 1);
    ck_assert_ptr_nonnull (strstr (text, "\"reason\":\"deleted\""));
    ck_assert_uint_eq (stage_stat (s_writer, "events_told"), 4);
    ck_assert_uint_eq (stage_stat (s_writer, "events_lost"), 0);
    //  Who takes none delays nobody
    for (unsigned count = 0; stage_stat (s_writer, "events_lost") == 0; count++) {
        ck_assert_uint_lt (count, 10000);
        stage_ask (s_writer, OP_PUT, "key", "value", NULL);
    }
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("tracking");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, every_kind_of_change_is_told);
    tcase_add_test (all, the_end_of_its_time_is_told);
    tcase_add_test (all, a_map_that_is_destroyed_is_told_by_partition);
    tcase_add_test (all, a_partition_that_has_another_owner_is_told);
    tcase_add_test (all, with_copies_it_is_told_when_it_is_committed);
    tcase_add_test (all, who_is_gone_is_forgotten);
    tcase_add_test (all, events_of_keys_are_published_for_maps_that_have_them);
    suite_add_tcase (suite, all);
    return suite;
}
