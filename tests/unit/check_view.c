//  check_view: views and their bytes; the frame of messages between nodes.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/peer.h"
#include "lib/block.h"
#include "lib/test.h"
#include "mem.h"
#include "wire.h"

static member_t
s_member (node_id_t id, const char *name)
{
    member_t member = { .id = id, .weight = 100, .actors = 2, .generation = 3, .router_port = 5000 };
    snprintf (member.name, sizeof member.name, "%s", name);
    snprintf (member.host, sizeof member.host, "host-%s", name);
    member.client_ports[0] = 5001;
    member.client_ports[1] = 65535;
    member.peer_ports[1] = 1;
    member.pubsub_port = 65534;
    member.mesh_port = 7;
    member.gateway_port = 6379;
    return member;
}

static void
s_add (view_t *view, node_id_t id, const char *name)
{
    member_t member = s_member (id, name);
    assert (view_add_member (view, &member));
}

//  Four members, one of them a witness; seven partitions, the last one nobody's; two maps.
static view_t *
s_view (void)
{
    view_t *view = view_new (7);
    assert (view);
    view->cluster = 99;
    view->version = UINT64_C (1) << 40;
    view->cfg = 4;
    view->copies = 2;
    view->voters_max = 3;
    view->era = 7;
    view->seed[15] = 200;
    s_add (view, 30, "c");
    s_add (view, 10, "a");
    s_add (view, UINT64_MAX, "d");
    member_t witness = { .id = 20, .weight = 1, .witness = true, .name = "w\xc3\xa4", .zone = "z" };
    assert (view_add_member (view, &witness));
    view->voters[0] = 30;
    view->voters[1] = 20;
    view->voters[2] = 10;
    view->voters_count = 3;
    for (uint32_t index = 0; index < 6; index++)
        view->parts[index] = (part_t) { .epoch = index, .primary = 30, .reps_count = 2, .reps = { 10, 30 } };
    view->parts[2].learner = UINT64_MAX;
    map_settings_t map = { .name = "orders", .mode = MAP_AP, .min_sync = 1 };
    assert (view_set_map (view, &map));
    map = (map_settings_t) { .name = "accounts",
                             .mode = MAP_CP,
                             .min_sync = 2,
                             .ttl = VIEW_TTL_MAX,
                             .idle = VIEW_IDLE_MAX,
                             .max_entries = VIEW_LIMIT_MAX,
                             .max_bytes = 4096,
                             .policy = MAP_POLICY_S3FIFO,
                             .events = MAP_EVENT_EXPIRE | MAP_EVENT_PUT };
    assert (view_set_map (view, &map));
    return view;
}

static view_t *
s_again (const view_t *view, const char **why)
{
    buf_t bytes = BUF_INIT;
    view_encode (view, &bytes);
    assert (!bytes.failed);
    bytes_t block = block_of (bytes.data, bytes.size);
    view_t *again = view_decode (block, why);
    block_free (block);
    buf_clear (&bytes);
    return again;
}

START_TEST (what_is_encoded_is_decoded)
{
    const char *why = NULL;
    view_t *view = s_view (), *again = s_again (view, &why), *copy = view_copy (view);
    ck_assert_ptr_null (why);
    ck_assert (again && view_equal (view, again) && copy && view_equal (view, copy));
    ck_assert_int_eq (again->members_count, 4);
    ck_assert_uint_eq (again->members[3].id, UINT64_MAX);
    ck_assert_uint_eq (again->members[3].client_ports[1], 65535);
    ck_assert_uint_eq (again->members[3].pubsub_port, 65534);
    ck_assert_uint_eq (again->members[3].mesh_port, 7);
    ck_assert_uint_eq (again->members[3].gateway_port, 6379);
    ck_assert (again->members[1].witness);
    ck_assert_str_eq (again->members[1].name, "w\xc3\xa4");
    ck_assert_uint_eq (again->parts[2].learner, UINT64_MAX);
    ck_assert_uint_eq (again->parts[5].primary, 30);
    ck_assert_uint_eq (again->parts[5].reps[0], 10);
    ck_assert_uint_eq (again->parts[6].primary, 0);
    ck_assert_uint_eq (again->seed[15], 200);
    ck_assert_uint_eq (again->version, UINT64_C (1) << 40);
    copy->parts[0].epoch++;
    ck_assert (!view_equal (view, copy) && view_equal (view, again));
    view_destroy (&view);
    view_destroy (&again);
    view_destroy (&copy);
    ck_assert_ptr_null (view);
}
END_TEST

//  What each number spoils in a good view.
static void
s_spoil_head (view_t *view, int how)
{
    switch (how) {
        case 0:
            view->cluster = 0;
            break;
        case 1:
            view->copies = 0;
            break;
        case 2:
            view->copies = VIEW_COPIES_MAX + 1;
            break;
        case 3:
            view->voters_max = 2;
            break;
        case 4:
            view->on_lost = 2;
            break;
        case 5:
            view->voters[1] = 77; // Not a member
            break;
        case 6:
            view->voters[1] = view->voters[0];
            break;
        case 7:
            view->members[0].weight = 0;
            break;
        case 8:
            view->members[0].status = 3;
            break;
        case 9:
            view->members[0].actors = 0;
            break;
        case 10:
            view->members[1].actors = 1; // The witness
            break;
        case 11:
            view->members[0].name[0] = (char) 0xff;
            break;
        case 12:
            view->members[1].id = view->members[0].id;
            break;
        default:
            ck_abort ();
    }
}

static void
s_spoil (view_t *view, int how)
{
    part_t *part = &view->parts[0];
    switch (how) {
        case 13:
            part->primary = UINT64_MAX; // A member, but not a rep
            break;
        case 14:
            part->primary = 0;
            break;
        case 15:
            part->reps[0] = 77;
            break;
        case 16:
            part->reps[0] = 30; // Twice
            break;
        case 17:
            part->reps[0] = 20; // The witness
            break;
        case 18:
            part->learner = 10; // A rep
            break;
        case 19:
            part->learner = 20;
            break;
        case 20:
            part->reps_count = 0;
            break;
        case 21:
            part->epoch = VIEW_EPOCH_MAX + 1;
            break;
        case 22:
            view->maps[0].min_sync = 0;
            break;
        case 23:
            view->maps[0].mode = 2;
            break;
        case 24:
            view->maps[0].name[0] = 0;
            break;
        case 25:
            view->maps[0].name[0] = 'z'; // No longer in order
            break;
        case 26:
            view->voters_new_count = 1;
            view->voters_new[0] = 78;
            break;
        case 27:
            view->maps[0].ttl++;
            break;
        case 28:
            view->maps[0].idle++;
            break;
        case 29:
            view->maps[0].max_entries++;
            break;
        case 30:
            view->maps[0].max_bytes = UINT64_MAX;
            break;
        case 31:
            view->maps[0].policy++;
            break;
        case 32:
            view->maps[0].events = MAP_EVENT_ALL + 1;
            break;
        default:
            s_spoil_head (view, how);
    }
}
#define SPOILT 33

START_TEST (a_change_of_any_setting_of_a_map_is_a_change)
{
    view_t *view = s_view (), *copy = view_copy (view);
    const char *why = NULL;
    map_settings_t *map = &copy->maps[0];
    ck_assert (view && copy && view_equal (view, copy));
#define MAP_SETTING(type, name, kind, least, most, usual, purpose)                                           \
    map->name--;                                                                                             \
    ck_assert_msg (!view_equal (view, copy), #name);                                                         \
    map->name++;                                                                                             \
    ck_assert (view_equal (view, copy));
    map->mode = view->maps[0].mode = MAP_AP;
#include "cluster/map_setting.def"
#undef MAP_SETTING
    view_t *again = s_again (view, &why);
    ck_assert_ptr_nonnull (again);
    map = &again->maps[0];
    ck_assert (map->ttl == VIEW_TTL_MAX && map->idle == VIEW_IDLE_MAX && map->max_entries == VIEW_LIMIT_MAX
               && map->max_bytes == 4096 && map->policy == MAP_POLICY_S3FIFO && map->events == 5);
    view_destroy (&view);
    view_destroy (&copy);
    view_destroy (&again);
}
END_TEST

START_TEST (what_is_no_view_is_refused)
{
    view_t *view = s_view ();
    s_spoil (view, _i);
    const char *why = NULL;
    ck_assert_ptr_null (s_again (view, &why));
    ck_assert_ptr_nonnull (why);
    view_destroy (&view);
}
END_TEST

//  Cut anywhere, lengthened, or with any one byte changed: a view or a reason, never more.
START_TEST (no_bytes_do_harm)
{
    view_t *view = s_view ();
    buf_t bytes = BUF_INIT;
    view_encode (view, &bytes);
    for (size_t size = 0; size < bytes.size; size++) {
        bytes_t block = block_of (bytes.data, size);
        const char *why = NULL;
        ck_assert_ptr_null (view_decode (block, &why));
        ck_assert_ptr_nonnull (why);
        block_free (block);
    }
    for (size_t at = 0; at < bytes.size; at++)
        for (unsigned byte = 0; byte < 256; byte += 5) {
            bytes_t block = block_of (bytes.data, bytes.size);
            ((uint8_t *) (uintptr_t) block.data)[at] = (uint8_t) byte;
            const char *why = NULL;
            view_t *other = view_decode (block, &why), *again = other ? s_again (other, &why) : NULL;
            ck_assert (other ? again && view_equal (other, again) : why != NULL);
            view_destroy (&other);
            view_destroy (&again);
            block_free (block);
        }
    buf_add (&bytes, "\xc0", 1);
    const char *why = NULL;
    ck_assert_ptr_null (view_decode (buf_bytes (&bytes), &why));
    buf_clear (&bytes);
    view_destroy (&view);
}
END_TEST

START_TEST (without_memory_nothing_is_lost)
{
    view_t *view = s_view ();
    buf_t bytes = BUF_INIT;
    view_encode (view, &bytes);
    for (uint64_t countdown = 1; countdown <= 4; countdown++) {
        const char *why = NULL;
        mem_fail_at (countdown);
        view_t *other = view_decode (buf_bytes (&bytes), &why);
        mem_fail_at (0);
        ck_assert_ptr_null (other);
        ck_assert_str_eq (why, "out of memory");
        mem_fail_at (countdown);
        ck_assert_ptr_null (view_copy (view));
        mem_fail_at (0);
    }
    mem_fail_at (1);
    ck_assert_ptr_null (view_new (5));
    member_t member = s_member (15, "e");
    ck_assert_ptr_null (view_add_member (view, &member));
    map_settings_t map = { .name = "b", .min_sync = 1 };
    ck_assert (!view_set_map (view, &map));
    mem_fail_at (0);
    const char *why;
    view_t *again = view_decode (buf_bytes (&bytes), &why);
    ck_assert (again && view_equal (view, again));
    view_destroy (&view);
    view_destroy (&again);
    buf_clear (&bytes);
}
END_TEST

START_TEST (members_are_found)
{
    view_t *view = s_view ();
    ck_assert_str_eq (view_member (view, 30)->name, "c");
    ck_assert_ptr_null (view_member (view, 0));
    ck_assert_ptr_null (view_member (view, 31));
    s_add (view, 5, "a");
    view_member (view, 5)->status = MEMBER_SUSPECT;
    ck_assert_uint_eq (view_member_named (view, "a")->id, 10);
    view_member (view, 5)->status = MEMBER_UP;
    view_member (view, 10)->status = MEMBER_SUSPECT;
    ck_assert_uint_eq (view_member_named (view, "a")->id, 5);
    ck_assert_ptr_null (view_member_named (view, "nobody"));
    member_t twice = s_member (30, "x"), nobody = s_member (0, "x");
    ck_assert_ptr_null (view_add_member (view, &twice));
    ck_assert_ptr_null (view_add_member (view, &nobody));
    view_remove_member (view, 20);
    view_remove_member (view, 20);
    ck_assert_uint_eq (view->members_count, 4);
    ck_assert_ptr_null (view_member (view, 20));
    for (uint32_t index = 1; index < view->members_count; index++)
        ck_assert_uint_lt (view->members[index - 1].id, view->members[index].id);
    view_destroy (&view);
    view = view_new (1);
    for (node_id_t id = 1; id <= VIEW_MEMBERS_MAX; id++)
        s_add (view, id * 7919 % 104729 + 1, "m");
    member_t more = s_member (104731, "m");
    ck_assert_ptr_null (view_add_member (view, &more));
    view_destroy (&view);
    ck_assert_ptr_null (view_new (0));
    ck_assert_ptr_null (view_new (VIEW_PARTITIONS_MAX + 1));
}
END_TEST

static bool
s_has (const void *arg, node_id_t id)
{
    for (const node_id_t *ids = arg; *ids; ids++)
        if (*ids == id)
            return true;
    return false;
}

START_TEST (majorities)
{
    view_t *view = s_view ();
    node_id_t one[] = { 10, 0 }, two[] = { 10, 20, 0 }, three[] = { 10, 20, UINT64_MAX, 0 }, ids[10];
    ck_assert (!view_quorum (view, s_has, one) && view_quorum (view, s_has, two));
    view->voters_new[0] = UINT64_MAX;
    view->voters_new[1] = 10;
    view->voters_new[2] = 30;
    view->voters_new_count = 3;
    ck_assert (!view_quorum (view, s_has, two) && view_quorum (view, s_has, three));
    ck_assert (view_is_voter (view, UINT64_MAX) && view_is_voter (view, 20) && !view_is_voter (view, 5));
    ck_assert_uint_eq (view_voters (view, ids), 4);
    view->voters_new_count = view->voters_count = 0;
    ck_assert (!view_quorum (view, s_has, three)); // Nobody is not everybody
    view_destroy (&view);
}
END_TEST

START_TEST (roles_and_health)
{
    view_t *view = s_view ();
    const part_t *part = &view->parts[2];
    ck_assert (part_role (part, 30) == ROLE_PRIMARY && part_role (part, 10) == ROLE_BACKUP
               && part_role (part, UINT64_MAX) == ROLE_LEARNER && part_role (part, 20) == ROLE_NONE);
    ck_assert (part_role (&view->parts[6], 0) == ROLE_NONE && part_has (part, 10) && !part_has (part, 20));
    view_health_t health = view_health (view);
    ck_assert_uint_eq (health.lost, 1); // That which nobody has
    ck_assert_uint_eq (health.under_replicated, 1);
    ck_assert_uint_eq (health.moving, 1);
    ck_assert_uint_eq (health.suspects, 0);
    ck_assert_uint_eq (view_copies (view), 2);
    view_member (view, 10)->status = MEMBER_SUSPECT;
    view_member (view, 30)->status = MEMBER_LEAVING;
    view->parts[0].reps[1] = view->parts[0].primary = UINT64_MAX;
    health = view_health (view);
    ck_assert_uint_eq (health.lost, 1);
    ck_assert_uint_eq (health.under_replicated, 7);
    ck_assert_uint_eq (health.suspects, 1);
    ck_assert_uint_eq (health.voters_suspect, 1);
    view_member (view, UINT64_MAX)->status = MEMBER_LEAVING;
    ck_assert_uint_eq (view_copies (view), 1);
    view->voters_new_count = 1;
    view->voters_new[0] = 30;
    ck_assert (view_health (view).swapping);
    view_destroy (&view);
}
END_TEST

START_TEST (maps_have_settings)
{
    view_t *view = s_view ();
    ck_assert_int_eq (view_map (view, bytes_str ("orders"))->mode, MAP_AP);
    ck_assert_int_eq (view_map (view, bytes_str ("accounts"))->min_sync, 2);
    ck_assert_int_eq (view_map (view, bytes_str ("order"))->mode, MAP_CP);
    ck_assert_int_eq (view_map (view, bytes_of ("orders\0", 7))->mode, MAP_CP);
    ck_assert_int_eq (view_map (view, bytes_of (NULL, 0))->min_sync, 1);
    ck_assert_uint_eq (view_map (view, bytes_str ("order"))->ttl, 0);
    ck_assert_uint_eq (view_map (view, bytes_str ("order"))->policy, MAP_POLICY_NODE);
    map_settings_t map = { .name = "accounts", .mode = MAP_CP, .min_sync = 1 };
    ck_assert (view_set_map (view, &map));
    ck_assert_uint_eq (view->maps_count, 2);
    ck_assert_int_eq (view_map (view, bytes_str ("accounts"))->min_sync, 1);
    for (int index = 0; index < VIEW_MAPS_MAX - 2; index++) {
        snprintf (map.name, sizeof map.name, "m%d", index * 37 % 1024);
        ck_assert (view_set_map (view, &map));
    }
    snprintf (map.name, sizeof map.name, "one too many");
    ck_assert (!view_set_map (view, &map));
    ck_assert_int_eq (view_map (view, bytes_str ("orders"))->mode, MAP_AP);
    view_t *again = s_again (view, &(const char *) { NULL });
    ck_assert (again && view_equal (view, again));
    view_destroy (&again);
    view_remove_map (view, bytes_str ("accounts"));
    view_remove_map (view, bytes_str ("one too many"));
    ck_assert_uint_eq (view->maps_count, VIEW_MAPS_MAX - 1);
    ck_assert_uint_eq (*view_map (view, bytes_str ("accounts"))->name, 0);
    ck_assert_str_eq (view_map (view, bytes_str ("orders"))->name, "orders");
    ck_assert (view_set_map (view, &map));
    view_destroy (&view);
}
END_TEST

START_TEST (peer_messages)
{
    buf_t body = BUF_INIT;
    peer_head_t head = { 1, UINT64_MAX, 0 }, read;
    peer_begin (&body, &head);
    wire_add_array (&body, 2);
    wire_add_uint (&body, PEER_FETCH);
    wire_add_uint (&body, 5);
    wire_add_array (&body, 1);
    wire_add_uint (&body, 39); // A number without a message
    mp_t reader;
    ck_assert (peer_open (buf_bytes (&body), &read, &reader));
    ck_assert (read.cluster == 1 && read.from == UINT64_MAX && read.to == 0);
    uint32_t count;
    uint64_t version;
    ck_assert_int_eq (peer_next (&reader, &count), PEER_FETCH);
    ck_assert_uint_eq (count, 1);
    ck_assert (mp_uint (&reader, &version) && version == 5);
    ck_assert_int_eq (peer_next (&reader, &count), PEER_NONE);
    ck_assert_uint_eq (count, 1);
    reader = mp_of (bytes_of (NULL, 0));
    ck_assert_int_eq (peer_next (&reader, &count), PEER_NONE);
    ck_assert_uint_eq (count, 0);
    for (size_t size = 0; size < 13; size++) // The head alone has more bytes
        ck_assert (!peer_open (bytes_of (body.data, size), &read, &reader));
    head.from = 0;
    buf_reset (&body);
    peer_begin (&body, &head);
    ck_assert (!peer_open (buf_bytes (&body), &read, &reader));
    ck_assert (!peer_open (bytes_str ("ZG\1\x93\1\1\1"), &read, &reader));
    ck_assert (!peer_open (bytes_str ("ZP\1\x94\1\1\1\1"), &read, &reader));
    buf_clear (&body);
    ck_assert_str_eq (peer_name (PEER_REQ_VOTE), "REQ_VOTE");
    ck_assert_str_eq (peer_name (0), "?");
    ck_assert_str_eq (peer_name (UINT32_MAX), "?");
    ck_assert (peer_plane (PEER_HB) == PLANE_CONTROL && peer_plane (PEER_REPL) == PLANE_DATA);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("view");
    TCase *tests = tcase_create ("view");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, what_is_encoded_is_decoded);
    tcase_add_test (tests, a_change_of_any_setting_of_a_map_is_a_change);
    tcase_add_loop_test (tests, what_is_no_view_is_refused, 0, SPOILT);
    tcase_add_test (tests, no_bytes_do_harm);
    tcase_add_test (tests, without_memory_nothing_is_lost);
    tcase_add_test (tests, members_are_found);
    tcase_add_test (tests, majorities);
    tcase_add_test (tests, roles_and_health);
    tcase_add_test (tests, maps_have_settings);
    tcase_add_test (tests, peer_messages);
    suite_add_tcase (suite, tests);
    return suite;
}
