//  check_watchers: clients hear of new views, not too often, and are forgotten when they are gone.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/test.h"
#include "mem.h"
#include "watchers.h"
#include "wire.h"

static watchers_t *s_watchers;

//  Notes what was sent: routes in one text, the body of the last push.
typedef struct {
    char routes[4096];
    char before[64];
    uint8_t body[512];
    size_t body_size;
    unsigned sent;
    char refused;        // Routes that begin so…
    flow_sent_t refusal; // …meet this
} s_world_t;

static flow_sent_t
s_send (void *arg, bytes_t route, const bytes_t *frames, size_t count)
{
    s_world_t *world = arg;
    if (world->refused && route.data[0] == world->refused)
        return world->refusal;
    strncat (world->routes, (const char *) route.data, route.size);
    for (size_t at = 0; at + 1 < count; at++) {
        strncat (world->before, (const char *) frames[at].data, frames[at].size);
        strcat (world->before, ".");
    }
    assert (count && frames[count - 1].size <= sizeof world->body);
    memcpy (world->body, frames[count - 1].data, frames[count - 1].size);
    world->body_size = frames[count - 1].size;
    world->sent++;
    return FLOW_SENT;
}

static void
s_set_up (void)
{
    s_watchers = watchers_new (3);
    ck_assert_ptr_nonnull (s_watchers);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    watchers_destroy (&s_watchers);
}

static void
s_add (const char *route, uint64_t known)
{
    ck_assert (watchers_add (s_watchers, bytes_str (route), NULL, 0, known));
}

START_TEST (a_push_names_the_version)
{
    s_world_t world = { .sent = 0 };
    const uint8_t body[] = { 'Z', 'G', 1, 0x95, 0, 0xa4, 'V', 'I', 'E', 'W', 0xc0, 0xcd, 0x01, 0x02, 0xc0 };
    bytes_t envelope[] = { bytes_str ("outer"), bytes_of (NULL, 0) };
    ck_assert (watchers_add (s_watchers, bytes_str ("a"), envelope, 2, 1));
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1000), UINT64_MAX);
    watchers_publish (s_watchers, 0x102);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1000), UINT64_MAX);
    ck_assert_uint_eq (world.sent, 1);
    ck_assert_str_eq (world.before, "outer..");
    ck_assert_uint_eq (world.body_size, sizeof body);
    ck_assert_mem_eq (world.body, body, sizeof body);
}
END_TEST

//  Sixteen at most, of those that will be there for a while.
START_TEST (a_push_of_a_view_names_routers)
{
    s_world_t world = { .sent = 0 };
    view_t *view = view_new (1);
    s_add ("a", 0);
    for (node_id_t id = 1; id <= 20; id++) {
        member_t member = { .id = id, .weight = 100, .router_port = (uint16_t) (4000 + id) };
        snprintf (member.host, sizeof member.host, "h%u", (unsigned) id);
        member.status = id == 1 ? MEMBER_LEAVING : id == 2 ? MEMBER_SUSPECT : MEMBER_UP;
        member.router_port = id == 3 ? 0 : member.router_port;
        ck_assert (view_add_member (view, &member));
        view->version = id;
        watchers_publish_view (s_watchers, view);
    }
    view->version = 3;
    watchers_publish_view (s_watchers, view); // Older than what is known
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1000), UINT64_MAX);

    mp_t reader;
    uint32_t count, named;
    uint64_t number;
    bytes_t text;
    ck_assert (wire_open (bytes_of (world.body, world.body_size), &reader));
    ck_assert (mp_array (&reader, &count) && count == 5 && mp_uint (&reader, &number) && number == 0);
    ck_assert (mp_bytes (&reader, &text) && bytes_equal (text, bytes_str ("VIEW")));
    ck_assert (mp_array (&reader, &named) && named == WATCHERS_ROUTERS);
    for (unsigned id = 4; id < 4 + WATCHERS_ROUTERS; id++) {
        char endpoint[32];
        snprintf (endpoint, sizeof endpoint, "tcp://h%u:%u", id, 4000 + id);
        ck_assert (mp_bytes (&reader, &text) && bytes_equal (text, bytes_str (endpoint)));
    }
    ck_assert (mp_uint (&reader, &number) && number == 20 && mp_skip (&reader) && mp_at_end (&reader));
    view_destroy (&view);
}
END_TEST

START_TEST (a_push_without_memory_names_nobody)
{
    s_world_t world = { .sent = 0 };
    view_t *view = view_new (1);
    member_t member = { .id = 1, .weight = 100, .router_port = 4000, .host = "h" };
    ck_assert (view_add_member (view, &member));
    view->version = 1;
    s_add ("a", 0);
    mem_fail_at (1);
    watchers_publish_view (s_watchers, view);
    mem_fail_at (0);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1000), UINT64_MAX);
    const uint8_t body[] = { 'Z', 'G', 1, 0x95, 0, 0xa4, 'V', 'I', 'E', 'W', 0xc0, 1, 0xc0 };
    ck_assert_uint_eq (world.body_size, sizeof body);
    ck_assert_mem_eq (world.body, body, sizeof body);
    view_destroy (&view);
}
END_TEST

START_TEST (who_knows_it_is_not_told)
{
    s_world_t world = { .sent = 0 };
    watchers_publish (s_watchers, 5);
    s_add ("a", 5);
    s_add ("b", 4);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1000), UINT64_MAX);
    ck_assert_str_eq (world.routes, "b");
    watchers_publish (s_watchers, 5);
    watchers_publish (s_watchers, 3);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 2000), UINT64_MAX);
    ck_assert_uint_eq (world.sent, 1);
}
END_TEST

START_TEST (at_most_four_a_second_and_the_newest_alone)
{
    s_world_t world = { .sent = 0 };
    s_add ("a", 0);
    for (uint64_t now = 1000; now < 2000; now++) {
        watchers_publish (s_watchers, now);
        uint64_t next = watchers_turn (s_watchers, s_send, &world, now);
        ck_assert_uint_le (next == UINT64_MAX ? 0 : next, WATCHERS_INTERVAL);
    }
    ck_assert_uint_eq (world.sent, 4);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 2000), UINT64_MAX);
    ck_assert_uint_eq (world.sent, 5);
    ck_assert_uint_eq (world.body[12] * 256u + world.body[13], 1999);
}
END_TEST

START_TEST (the_gone_are_forgotten_and_the_full_are_tried_again)
{
    s_world_t world = { .refused = 'b', .refusal = FLOW_GONE };
    s_add ("a", 0);
    s_add ("b", 0);
    s_add ("c", 0);
    watchers_publish (s_watchers, 1);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1000), UINT64_MAX);
    ck_assert_str_eq (world.routes, "ac");
    ck_assert_uint_eq (watchers_count (s_watchers), 2);
    world.refused = 'a';
    world.refusal = FLOW_FULL;
    watchers_publish (s_watchers, 2);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 2000), WATCHERS_INTERVAL);
    ck_assert_str_eq (world.routes, "acc");
    world.refused = 0;
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 2100), 150);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 2250), UINT64_MAX);
    ck_assert_str_eq (world.routes, "acca");
}
END_TEST

START_TEST (beyond_the_bound_the_oldest_is_forgotten)
{
    s_world_t world = { .sent = 0 };
    const char *routes[] = { "a", "b", "c", "a", "d", "e" }; // a comes again and is young then
    for (int at = 0; at < 6; at++)
        s_add (routes[at], 0);
    ck_assert_uint_eq (watchers_count (s_watchers), 3);
    watchers_publish (s_watchers, 1);
    watchers_turn (s_watchers, s_send, &world, 1000);
    ck_assert_str_eq (world.routes, "ade");
}
END_TEST

START_TEST (many_are_kept)
{
    watchers_t *many = watchers_new (WATCHERS_MAX);
    char route[8];
    for (unsigned at = 0; at < 2 * WATCHERS_MAX; at++) {
        snprintf (route, sizeof route, "%u", at);
        ck_assert (watchers_add (many, bytes_str (route), NULL, 0, 0));
    }
    ck_assert_uint_eq (watchers_count (many), WATCHERS_MAX);
    watchers_destroy (&many);
}
END_TEST

START_TEST (a_huge_envelope_is_refused)
{
    uint8_t large[WATCHERS_ENVELOPE_MAX + 1] = { 0 };
    bytes_t one = bytes_of (large, sizeof large), frames[WIRE_ENVELOPE_MAX + 1] = { { 0 } };
    ck_assert (!watchers_add (s_watchers, bytes_str ("a"), &one, 1, 0));
    ck_assert (!watchers_add (s_watchers, bytes_str ("a"), frames, WIRE_ENVELOPE_MAX + 1, 0));
    one.size--;
    ck_assert (watchers_add (s_watchers, bytes_str ("a"), &one, 1, 0));
    ck_assert (watchers_add (s_watchers, bytes_str ("a"), frames, WIRE_ENVELOPE_MAX, 0));
    ck_assert_uint_eq (watchers_count (s_watchers), 1);
}
END_TEST

START_TEST (without_memory_nobody_is_added)
{
    s_world_t world = { .sent = 0 };
    for (unsigned step = 1; step <= 2; step++) {
        mem_fail_at (step);
        ck_assert (!watchers_add (s_watchers, bytes_str ("a"), NULL, 0, 0));
    }
    mem_fail_at (0);
    s_add ("a", 0);
    watchers_publish (s_watchers, 1);
    mem_fail_at (1);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1000), WATCHERS_INTERVAL);
    mem_fail_at (0);
    ck_assert_uint_eq (watchers_turn (s_watchers, s_send, &world, 1250), UINT64_MAX);
    ck_assert_uint_eq (world.sent, 1);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("watchers");
    TCase *all = tcase_create ("all");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, a_push_names_the_version);
    tcase_add_test (all, a_push_of_a_view_names_routers);
    tcase_add_test (all, a_push_without_memory_names_nobody);
    tcase_add_test (all, who_knows_it_is_not_told);
    tcase_add_test (all, at_most_four_a_second_and_the_newest_alone);
    tcase_add_test (all, the_gone_are_forgotten_and_the_full_are_tried_again);
    tcase_add_test (all, beyond_the_bound_the_oldest_is_forgotten);
    tcase_add_test (all, many_are_kept);
    tcase_add_test (all, a_huge_envelope_is_refused);
    tcase_add_test (all, without_memory_nobody_is_added);
    suite_add_tcase (suite, all);
    return suite;
}
