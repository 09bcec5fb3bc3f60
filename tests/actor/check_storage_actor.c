//  check_storage_actor: one storage actor in a cluster that the test plays (stage.h).
//  SPDX-License-Identifier: MPL-2.0
#include "actors/refusals.h"
#include "lib/test.h"
#include "stage.h"
#include "status.h"

START_TEST (the_doors_open_with_the_first_view_that_names_the_node)
{
    zsock_t *client = stage_client ();
    inner_t here = stage_heard ();
    ck_assert_uint_eq (here.kind, INNER_HERE);
    ck_assert_uint_eq (here.index, 0);
    stage_send (client, OP_PING, 1, NULL, "early", NULL);
    stage_assert_silent (client);
    stage_publish (stage_view (false, 1));
    stage_assert_silent (client);
    stage_publish (stage_view (true, 1));
    reply_t reply = stage_reply (client);
    ck_assert_uint_eq (reply.id, 1);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert (bytes_equal (reply.value.bytes, bytes_str ("early")));
    zsock_destroy (&client);
}
END_TEST

START_TEST (hello_tells_the_view_and_gives_a_fresh_session)
{
    zsock_t *client = stage_client ();
    uint8_t sessions[2][SESSION_SIZE];
    stage_publish (stage_view (true, 1));
    for (int at = 0; at < 2; at++) {
        reply_t reply = stage_ask (client, OP_HELLO, NULL, NULL, NULL);
        bytes_t session;
        ck_assert_uint_eq (talk_number (&reply, "epoch"), 1);
        ck_assert_uint_eq (talk_number (&reply, "era"), 1);
        mp_t reader = talk_look_up (&reply, "session");
        ck_assert (mp_bytes (&reader, &session));
        ck_assert_uint_eq (session.size, SESSION_SIZE);
        memcpy (sessions[at], session.data, SESSION_SIZE);
    }
    ck_assert_mem_ne (sessions[0], sessions[1], SESSION_SIZE);
    reply_t routes = stage_ask (client, OP_ROUTES, NULL, NULL, NULL);
    ck_assert_uint_eq (talk_number (&routes, "epoch"), 1);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_new_view_is_pushed_to_who_asked_for_it)
{
    zsock_t *client = stage_client (), *other = stage_client ();
    options_t views = { .given = OPT_views };
    stage_publish (stage_view (true, 1));
    ck_assert_uint_eq (stage_ask (client, OP_HELLO, NULL, NULL, &views).status, ZGRID_OK);
    ck_assert_uint_eq (stage_ask (other, OP_HELLO, NULL, NULL, NULL).status, ZGRID_OK);
    stage_publish (stage_view (true, 1));
    const uint8_t push[] = { 'Z', 'G', 1, 0x95, 0, 0xa4, 'V', 'I', 'E', 'W', 0x90, 2, 0xc0 };
    bytes_t body = stage_body (client);
    ck_assert_uint_eq (body.size, sizeof push);
    ck_assert_mem_eq (body.data, push, sizeof push);
    reply_t routes = stage_ask (client, OP_ROUTES, NULL, NULL, NULL);
    ck_assert_uint_eq (talk_number (&routes, "epoch"), 2);
    //  The next message of the other one is the reply: it got no push
    ck_assert_uint_eq (stage_ask (other, OP_PING, NULL, NULL, NULL).status, ZGRID_OK);
    zsock_destroy (&client);
    zsock_destroy (&other);
}
END_TEST

START_TEST (each_door_refuses_what_belongs_at_the_other)
{
    zsock_t *client = stage_client ();
    stage_publish (stage_view (true, 1));
    ck_assert_uint_eq (stage_stat (client, "foreign"), 0);
    ck_assert_int_eq (zsock_send (client, "s", PEER_SIGNATURE "not for clients"), 0);
    ck_assert_uint_eq (stage_stat (client, "foreign"), 1);
    stage_send (stage.data, OP_PUT, 1, "key", "value", NULL);
    ck_assert_int_eq (zsock_send (stage.data, "s", "GET / HTTP/1.1"), 0);
    ck_assert_int_eq (zsock_send (stage.data, "ss", "", PEER_SIGNATURE "with an envelope"), 0);
    ck_assert_int_eq (zsock_send (stage.data, "s", PEER_SIGNATURE), 0);
    while (stage_stat (client, "foreign") < 5)
        ;
    ck_assert_uint_eq (stage_stat (client, "foreign"), 5);
    ck_assert_uint_eq (stage_stat (client, "entries"), 0); // A turn has passed since
    const char *line;
    ck_assert_uint_eq (stage_log (&line), 1);
    ck_assert_ptr_nonnull (strstr (line, "peer messages refused by=storage 0 count="));
    ck_assert_ptr_nonnull (strstr (line, " last=not a message between nodes from=127.0.0.1"));
    zsock_destroy (&client);
}
END_TEST

START_TEST (who_is_refused_is_in_the_log)
{
    zsock_t *client = stage_client ();
    stage_publish (stage_view (true, 1));
    ck_assert_uint_eq (stage_stat (client, "peer_refused"), 0);
    buf_t body = BUF_INIT;
    peer_head_t head = { .cluster = STAGE_CLUSTER + 1, .from = STAGE_OTHER, .to = STAGE_SELF };
    peer_begin (&body, &head);
    for (int count = 0; count < 5; count++)
        ck_assert_int_eq (zsock_send (stage.data, "b", body.data, body.size), 0);
    while (stage_stat (client, "peer_refused") < 5)
        ;
    ck_assert_uint_eq (stage_stat (client, "foreign"), 0); // A turn has passed since
    const char *line;
    ck_assert_uint_eq (stage_log (&line), 1);
    ck_assert_ptr_nonnull (
        strstr (line, " last=of another cluster from=127.0.0.1, says member 0000000000000022"));
    buf_clear (&body);
    zsock_destroy (&client);
}
END_TEST

static char s_line[512];

static void
s_write (void *arg, note_level_t level, const char *event, const char *const *pairs)
{
    unsigned *lines = arg;
    ck_assert (level == NOTE_WARNING && pairs[7] && !pairs[8]);
    snprintf (s_line, sizeof s_line, "%s: %s %s, %s, %s", event, pairs[1], pairs[3], pairs[5], pairs[7]);
    ++*lines;
}

START_TEST (refusals_are_added_up)
{
    unsigned lines = 0;
    refusals_t refusals = { .count = 0 };
    note_t note = { s_write, &lines };
    ck_assert_uint_eq (refusals_turn (&refusals, &note, "me", 1000), UINT64_MAX);
    ck_assert_uint_eq (lines, 0);
    refusals_add (&refusals, 1, "first", NULL, 0);
    ck_assert_uint_eq (refusals_turn (&refusals, &note, "me", 1000), UINT64_MAX);
    ck_assert_uint_eq (lines, 1);
    ck_assert_str_eq (s_line, "peer messages refused: me 1, first, ");
    for (unsigned count = 0; count < 1000; count++) {
        refusals_add (&refusals, 2, "again", "192.0.2.1", count);
        ck_assert_uint_eq (refusals_turn (&refusals, &note, "me", 1001 + count), REFUSALS_MS - 1 - count);
    }
    ck_assert_uint_eq (lines, 1);
    ck_assert_uint_eq (refusals_turn (&refusals, &note, "me", 1000 + REFUSALS_MS), UINT64_MAX);
    ck_assert_uint_eq (lines, 2);
    ck_assert_str_eq (s_line,
                      "peer messages refused: me 2000, again, 192.0.2.1, says member 00000000000003e7");
    ck_assert_uint_eq (refusals_turn (&refusals, &note, "me", 9 * REFUSALS_MS), UINT64_MAX);
    ck_assert_uint_eq (lines, 2);
}
END_TEST

START_TEST (cluster_operations_are_for_the_router)
{
    zsock_t *client = stage_client ();
    stage_publish (stage_view (true, 1));
    ck_assert_uint_eq (stage_ask (client, OP_CLUSTER, NULL, NULL, NULL).status, ZGRID_BADOP);
    ck_assert_uint_eq (stage_ask (client, OP_ADMIN, NULL, NULL, NULL).status, ZGRID_BADOP);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_single_copy_answers_at_once_and_not_without_its_lease)
{
    zsock_t *client = stage_client ();
    stage_publish (stage_view (true, 1));
    ck_assert_uint_eq (stage_ask (client, OP_PUT, "key", "value", NULL).status, ZGRID_OK);
    reply_t reply = stage_ask (client, OP_GET, "key", NULL, NULL);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert (bytes_equal (reply.value.bytes, bytes_str ("value")));
    lease_set (&stage.lease, 1, 0);
    ck_assert_uint_eq (stage_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_TRYAGAIN);
    lease_set (&stage.lease, LEASE_FOREVER, 1); // Of another generation than the view's
    ck_assert_uint_eq (stage_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_TRYAGAIN);
    lease_set (&stage.lease, LEASE_FOREVER, 0);
    ck_assert_uint_eq (stage_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_OK);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_write_is_told_when_the_other_copy_has_it)
{
    zsock_t *client = stage_client (), *reader = stage_client ();
    stage_publish (stage_view (true, 2));
    stage_send (client, OP_PUT, 1, "key", "value", NULL);
    stage_data_t repl = stage_await_write ();
    stage_assert_silent (client);
    stage_send (reader, OP_GET, 2, "key", NULL, NULL); // Would tell what is not committed
    stage_assert_silent (reader);
    ck_assert_uint_eq (stage_ask (client, OP_PING, NULL, NULL, NULL).status, ZGRID_OK);
    stage_acknowledge (&repl);
    reply_t reply = stage_reply (client);
    ck_assert_uint_eq (reply.id, 1);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    reply = stage_reply (reader);
    ck_assert_uint_eq (reply.id, 2);
    ck_assert (bytes_equal (reply.value.bytes, bytes_str ("value")));
    ck_assert_uint_gt (stage_stat (client, "peer_sent"), 0);
    ck_assert_uint_eq (stage_stat (client, "peer_dropped"), 0);
    zsock_destroy (&client);
    zsock_destroy (&reader);
}
END_TEST

START_TEST (the_router_gets_back_what_it_gave_with_the_reply)
{
    stage_publish (stage_view (true, 2));
    buf_t body = BUF_INIT;
    bytes_t key = bytes_str ("key");
    value_t value = value_bytes (bytes_str ("value"));
    wire_begin (&body);
    wire_request (&body, 9, OP_PUT, bytes_str ("m"), &key, &value, NULL);
    zmsg_t *message = zmsg_new ();
    zmsg_addstr (message, "cROUTE");
    zmsg_addstr (message, "envelope");
    zmsg_addmem (message, "", 0);
    zmsg_addmem (message, body.data, body.size);
    ck_assert_int_eq (zmsg_send (&message, stage.router), 0);
    buf_clear (&body);
    stage_data_t repl = stage_await_write ();
    stage_assert_silent (stage.router);
    stage_acknowledge (&repl);
    reply_t reply = stage_reply (stage.router);
    ck_assert_uint_eq (reply.id, 9);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    ck_assert_uint_eq (zmsg_size (stage.reply), 4);
    ck_assert (zframe_streq (zmsg_first (stage.reply), "cROUTE"));
    ck_assert (zframe_streq (zmsg_next (stage.reply), "envelope"));
    ck_assert_uint_eq (zframe_size (zmsg_next (stage.reply)), 0);
}
END_TEST

START_TEST (the_beacon_is_told_of_a_copy_that_is_silent)
{
    zsock_t *client = stage_client ();
    stage_publish (stage_view (true, 2));
    stage_send (client, OP_PUT, 1, "key", "value", NULL);
    stage_data_t repl = stage_await_write ();
    inner_t ask;
    do {
        ask = stage_heard (); // Perhaps of other partitions before it
        ck_assert_uint_eq (ask.kind, INNER_ASK);
        ck_assert_uint_eq (ask.what, PEER_RECONF);
    } while (ask.partition != repl.fields[0]);
    ck_assert_uint_eq (ask.epoch, 1);
    ck_assert_uint_eq (ask.node, STAGE_OTHER);
    //  It is removed: the write is committed without it
    view_t *view = stage_view (true, 2);
    view->parts[ask.partition].epoch = 2;
    view->parts[ask.partition].reps_count = 1;
    stage_publish (view);
    ck_assert_uint_eq (stage_reply (client).status, ZGRID_OK);
    zsock_destroy (&client);
}
END_TEST

START_TEST (a_partition_is_handed_over)
{
    zsock_t *client = stage_client ();
    stage_publish (stage_view (true, 2));
    stage_send (client, OP_PUT, 1, "key", "value", NULL);
    stage_data_t repl = stage_await_write ();
    stage_tell ((inner_t) {
        .kind = INNER_HAND_OVER, .partition = (uint32_t) repl.fields[0], .epoch = 1, .node = STAGE_OTHER });
    stage_acknowledge (&repl);
    ck_assert_uint_eq (stage_reply (client).status, ZGRID_OK);
    inner_t ask;
    do
        ask = stage_heard (); // Perhaps of other partitions before it
    while (ask.what != PEER_HANDOVER);
    ck_assert_uint_eq (ask.partition, repl.fields[0]);
    ck_assert_uint_eq (ask.node, STAGE_OTHER);
    ck_assert_uint_ne (stage_ask (client, OP_GET, "key", NULL, NULL).status, ZGRID_OK); // Sealed
    view_t *view = stage_view (true, 2);
    view->parts[ask.partition].epoch = 2;
    view->parts[ask.partition].primary = STAGE_OTHER;
    stage_publish (view);
    reply_t moved;
    do
        moved = stage_ask (client, OP_GET, "key", NULL, NULL);
    while (moved.status == ZGRID_TRYAGAIN);
    ck_assert_uint_eq (moved.status, ZGRID_MOVED);
    zsock_destroy (&client);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("storage actor");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, stage_set_up, stage_tear_down);
    tcase_add_test (all, the_doors_open_with_the_first_view_that_names_the_node);
    tcase_add_test (all, hello_tells_the_view_and_gives_a_fresh_session);
    tcase_add_test (all, a_new_view_is_pushed_to_who_asked_for_it);
    tcase_add_test (all, each_door_refuses_what_belongs_at_the_other);
    tcase_add_test (all, who_is_refused_is_in_the_log);
    tcase_add_test (all, refusals_are_added_up);
    tcase_add_test (all, cluster_operations_are_for_the_router);
    tcase_add_test (all, a_single_copy_answers_at_once_and_not_without_its_lease);
    tcase_add_test (all, a_write_is_told_when_the_other_copy_has_it);
    tcase_add_test (all, the_router_gets_back_what_it_gave_with_the_reply);
    tcase_add_test (all, the_beacon_is_told_of_a_copy_that_is_silent);
    tcase_add_test (all, a_partition_is_handed_over);
    suite_add_tcase (suite, all);
    return suite;
}
