//  check_swim: members over a virtual network with loss, delay, crashes and pauses. Time is counted,
//  not waited for.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster/swim.h"
#include "lib/block.h"
#include "lib/test.h"
#include "wire.h"

#define MEMBERS_MAX 64
#define FLYING_MAX 4096
#define PERIOD 1000u

typedef struct {
    uint64_t at;
    uint32_t from, to;
    bytes_t message;
} flying_t;

typedef struct {
    swim_t *swim;
    uint64_t tick_at;
    uint64_t sent, sent_bytes;
    bool down;       // Crashed
    uint64_t paused; // Until then it does nothing; what arrives waits
    uint64_t slow;   // Each message waits up to so long before it is read
} node_t;

static struct {
    node_t nodes[MEMBERS_MAX];
    uint32_t count;
    flying_t flying[FLYING_MAX];
    uint32_t flying_count;
    uint32_t loss; // Percent
    uint64_t now, random;
    uint32_t split;               // Nodes below and from here on do not hear each other; 0: they do
    uint32_t deaths[MEMBERS_MAX]; // How often somebody took it for dead
    uint64_t last_death[MEMBERS_MAX];
} s_net;

static uint32_t
s_roll (uint32_t sides)
{
    s_net.random = s_net.random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (uint32_t) (s_net.random >> 33) % sides;
}

static node_id_t
s_id (uint32_t index)
{
    return (index + 1) * UINT64_C (0x9e3779b97f4a7c15);
}

static uint32_t
s_index (node_id_t id)
{
    for (uint32_t index = 0; index < s_net.count; index++)
        if (s_id (index) == id)
            return index;
    ck_abort_msg ("a message to nobody");
    return 0;
}

static void
s_send (void *arg, node_id_t to, bytes_t message)
{
    uint32_t from = (uint32_t) ((node_t *) arg - s_net.nodes), target = s_index (to);
    ck_assert_uint_ne (from, target);
    s_net.nodes[from].sent++;
    s_net.nodes[from].sent_bytes += message.size;
    bool cut = s_net.split && (from < s_net.split) != (target < s_net.split);
    if (cut || s_roll (100) < s_net.loss)
        return;
    ck_assert_uint_lt (s_net.flying_count, FLYING_MAX);
    uint64_t at = s_net.now + 1 + s_roll (20);
    if (s_net.nodes[target].slow)
        at += s_roll ((uint32_t) s_net.nodes[target].slow);
    s_net.flying[s_net.flying_count++] = (flying_t) { at, from, target,
                                                      block_of (message.data, message.size) };
}

static void
s_changed (void *arg, node_id_t id, swim_status_t status)
{
    (void) arg;
    uint32_t index = s_index (id);
    if (status != SWIM_DEAD)
        return;
    s_net.deaths[index]++;
    s_net.last_death[index] = s_net.now;
}

static void
s_start (uint32_t count, uint64_t seed)
{
    memset (&s_net, 0, sizeof s_net);
    s_net.random = seed * 7919 + 1;
    s_net.count = count;
    s_net.now = 1000000;
    node_id_t ids[MEMBERS_MAX];
    for (uint32_t index = 0; index < count; index++)
        ids[index] = s_id (index);
    for (uint32_t index = 0; index < count; index++) {
        node_t *node = &s_net.nodes[index];
        swim_config_t config = { ids[index], PERIOD, PERIOD / 2, 3, seed * 1000 + index };
        swim_port_t port = { node, s_send, s_changed };
        node->swim = swim_new (&config, &port, s_net.now);
        assert (node->swim);
        swim_set_members (node->swim, ids, count, s_net.now);
        node->tick_at = swim_tick (node->swim, s_net.now);
    }
}

static void
s_stop (void)
{
    for (uint32_t index = 0; index < s_net.count; index++)
        swim_destroy (&s_net.nodes[index].swim);
    for (uint32_t index = 0; index < s_net.flying_count; index++)
        block_free (s_net.flying[index].message);
}

static void
s_deliver (const flying_t *flying)
{
    node_t *node = &s_net.nodes[flying->to];
    if (!node->down) {
        mp_t reader = mp_of (flying->message);
        uint32_t count;
        peer_type_t type = peer_next (&reader, &count);
        ck_assert (swim_receive (node->swim, s_id (flying->from), type, &reader, count, s_net.now));
        ck_assert (mp_at_end (&reader));
        //  Time has its say after each message, as in a beacon
        node->tick_at = swim_tick (node->swim, s_net.now);
    }
    block_free (flying->message);
}

static void
s_run (uint64_t duration)
{
    for (uint64_t end = s_net.now + duration; s_net.now < end; s_net.now++) {
        for (uint32_t index = 0; index < s_net.flying_count; index++) {
            flying_t flying = s_net.flying[index];
            if (flying.at > s_net.now || s_net.nodes[flying.to].paused > s_net.now)
                continue;
            s_net.flying[index--] = s_net.flying[--s_net.flying_count];
            s_deliver (&flying);
        }
        for (uint32_t index = 0; index < s_net.count; index++) {
            node_t *node = &s_net.nodes[index];
            if (!node->down && node->paused <= s_net.now && node->tick_at <= s_net.now) {
                node->tick_at = swim_tick (node->swim, s_net.now);
                ck_assert_uint_gt (node->tick_at, s_net.now);
            }
        }
    }
}

//  How many of the living take it for this.
static uint32_t
s_count_status (uint32_t index, swim_status_t status)
{
    uint32_t count = 0;
    for (uint32_t other = 0; other < s_net.count; other++)
        if (other != index && !s_net.nodes[other].down)
            count += swim_status (s_net.nodes[other].swim, s_id (index)) == status;
    return count;
}

static uint32_t
s_all_deaths (uint32_t but)
{
    uint32_t deaths = 0;
    for (uint32_t index = 0; index < s_net.count; index++)
        deaths += index == but ? 0 : s_net.deaths[index];
    return deaths;
}

static const uint32_t s_sizes[] = { 2, 3, 5, 8, 16, 32, 64 };

START_TEST (crashes_are_found_and_only_these)
{
    uint32_t count = s_sizes[_i];
    for (uint64_t seed = 1; seed <= 3; seed++) {
        s_start (count, seed);
        s_net.loss = 2;
        s_run (20 * PERIOD);
        ck_assert_uint_eq (s_all_deaths (MEMBERS_MAX), 0);
        uint32_t victim = s_roll (count);
        s_net.nodes[victim].down = true;
        uint64_t crashed = s_net.now;
        //  Probed within two periods or so for each member of the smallest clusters; at 64, some round
        //  of others is quicker. Then the suspicion, which confirmations make short.
        s_run (40 * PERIOD);
        ck_assert_uint_eq (s_count_status (victim, SWIM_DEAD), count - 1);
        ck_assert_uint_eq (s_net.deaths[victim], count - 1);
        ck_assert_uint_le (s_net.last_death[victim] - crashed, (count == 2 ? 12 : 25) * PERIOD);
        ck_assert_uint_eq (s_all_deaths (victim), 0);
        s_stop ();
    }
}
END_TEST

//  A member that is paused for a while, again and again, and one that is slow to read: neither they
//  nor those whom they probe are taken for dead.
START_TEST (slow_members_bury_nobody)
{
    s_start (16, (uint64_t) _i + 1);
    s_net.loss = 3;
    s_net.nodes[5].slow = 1500;
    unsigned slow_health = 0, health = 0;
    for (int round = 0; round < 20; round++) {
        s_net.nodes[9].paused = s_net.now + 500 + s_roll (2000);
        for (int period = 0; period < 8; period++) {
            s_run (PERIOD);
            slow_health += swim_health (s_net.nodes[5].swim);
            health += swim_health (s_net.nodes[2].swim);
        }
    }
    for (uint32_t index = 0; index < s_net.count; index++)
        ck_assert_uint_eq (s_net.deaths[index], 0);
    ck_assert_uint_gt (slow_health, 3 * health); // It has noticed that it is slow
    s_net.nodes[5].slow = 0;
    s_run (60 * PERIOD);
    ck_assert_uint_le (swim_health (s_net.nodes[5].swim), 1);
    ck_assert_uint_eq (s_count_status (5, SWIM_ALIVE), 15);
    s_stop ();
}
END_TEST

//  Stopped for longer than any suspicion lasts, then continued.
START_TEST (who_wakes_up_is_alive_again)
{
    s_start (8, (uint64_t) _i + 1);
    s_run (10 * PERIOD);
    s_net.nodes[3].paused = s_net.now + 60 * PERIOD;
    s_run (60 * PERIOD);
    ck_assert_uint_eq (s_count_status (3, SWIM_DEAD), 7);
    s_run (30 * PERIOD);
    ck_assert_uint_eq (s_count_status (3, SWIM_ALIVE), 7);
    ck_assert_uint_eq (s_all_deaths (3), 0); // It did not take others for dead either
    s_stop ();
}
END_TEST

START_TEST (sides_find_each_other_again)
{
    s_start (9, (uint64_t) _i + 1);
    s_run (5 * PERIOD);
    s_net.split = 4;
    s_run (120 * PERIOD);
    for (uint32_t index = 0; index < 9; index++)
        for (uint32_t other = 0; other < 9; other++)
            ck_assert_int_eq (swim_status (s_net.nodes[index].swim, s_id (other)),
                              (index < 4) == (other < 4) ? SWIM_ALIVE : SWIM_DEAD);
    s_net.split = 0;
    s_run (60 * PERIOD);
    for (uint32_t index = 0; index < 9; index++)
        ck_assert_uint_eq (s_count_status (index, SWIM_ALIVE), 8);
    s_stop ();
}
END_TEST

//  Messages and bytes of each member in a period, when nothing happens and while one is dead.
START_TEST (load_does_not_grow)
{
    double most_messages = 0, most_bytes = 0;
    for (uint32_t size = 3; size < 7; size++) {
        s_start (s_sizes[size], 1);
        s_run (10 * PERIOD);
        for (int crash = 0; crash < 2; crash++) {
            for (uint32_t index = 0; index < s_net.count; index++)
                s_net.nodes[index].sent = s_net.nodes[index].sent_bytes = 0;
            s_run (100 * PERIOD);
            uint64_t sent = 0, bytes = 0;
            for (uint32_t index = 0; index < s_net.count; index++) {
                sent += s_net.nodes[index].sent;
                bytes += s_net.nodes[index].sent_bytes;
            }
            double messages = (double) sent / s_net.count / 100;
            most_messages = messages > most_messages ? messages : most_messages;
            most_bytes = (double) bytes / s_net.count / 100 > most_bytes ? (double) bytes / s_net.count / 100
                                                                         : most_bytes;
            ck_assert_double_gt (messages, 1.5);
            s_net.nodes[0].down = true;
        }
        s_stop ();
    }
    ck_assert_double_lt (most_messages, 3);
    ck_assert_double_lt (most_bytes, 300);
}
END_TEST

START_TEST (members_come_and_go)
{
    s_start (5, 3);
    node_id_t ids[5];
    for (uint32_t index = 0; index < 5; index++)
        ids[index] = s_id (4 - index); // In any order
    s_net.nodes[1].down = true;
    s_run (40 * PERIOD);
    swim_t *swim = s_net.nodes[0].swim;
    ck_assert_int_eq (swim_status (swim, s_id (1)), SWIM_DEAD);
    swim_set_members (swim, ids, 5, s_net.now); // The same: nothing is forgotten
    ck_assert_int_eq (swim_status (swim, s_id (1)), SWIM_DEAD);
    swim_set_members (swim, ids, 3, s_net.now); // Without 0 (itself) and 1
    ck_assert_int_eq (swim_status (swim, s_id (0)), SWIM_ALIVE);
    ck_assert_int_eq (swim_status (swim, s_id (2)), SWIM_ALIVE);
    swim_set_members (swim, ids, 5, s_net.now);
    ck_assert_int_eq (swim_status (swim, s_id (1)), SWIM_ALIVE); // Begins anew
    swim_set_members (swim, NULL, 0, s_net.now);
    s_net.nodes[0].tick_at = swim_tick (swim, s_net.now);
    ck_assert_uint_gt (s_net.nodes[0].tick_at, s_net.now);
    s_stop ();
}
END_TEST

static bool
s_give (swim_t *swim, peer_type_t type, const buf_t *body, uint32_t count)
{
    bytes_t block = block_of (body->data, body->size);
    mp_t reader = mp_of (block);
    bool taken = swim_receive (swim, s_id (1), type, &reader, count, s_net.now);
    block_free (block);
    return taken;
}

START_TEST (malformed_messages_change_nothing)
{
    s_start (3, 1);
    swim_t *swim = s_net.nodes[0].swim;
    buf_t body = BUF_INIT;
    wire_add_uint (&body, 5);
    wire_add_array (&body, 8);
    uint64_t fields[8] = { s_id (1), SWIM_DEAD, 9, s_id (2), s_id (2), 3, 0, s_id (1) }; // No such status
    for (int index = 0; index < 8; index++)
        wire_add_uint (&body, fields[index]);
    ck_assert (!s_give (swim, PEER_SWIM_PING, &body, 2));
    ck_assert_int_eq (swim_status (swim, s_id (1)), SWIM_ALIVE);
    ck_assert (!s_give (swim, PEER_SWIM_PING, &body, 3));
    ck_assert (!s_give (swim, PEER_SWIM_PING_REQ, &body, 3));
    ck_assert (!s_give (swim, PEER_HB, &body, 2));
    for (size_t size = body.size; body.size > 0; size--) {
        body.size = size ? size - 1 : 0;
        ck_assert (!s_give (swim, PEER_SWIM_ACK, &body, 2));
        if (size == 0)
            break;
    }
    buf_reset (&body);
    wire_add_uint (&body, 5);
    wire_add_array (&body, 4);
    wire_add_uint (&body, s_id (0));
    wire_add_uint (&body, SWIM_DEAD);
    wire_add_uint (&body, UINT64_MAX); // An incarnation that could never be passed
    wire_add_uint (&body, s_id (2));
    ck_assert (!s_give (swim, PEER_SWIM_PING, &body, 2));
    ck_assert_uint_eq (swim_health (swim), 0);
    buf_clear (&body);
    s_stop ();
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("swim");
    TCase *tests = tcase_create ("swim");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_loop_test (tests, crashes_are_found_and_only_these, 0, 7);
    tcase_add_loop_test (tests, slow_members_bury_nobody, 0, 5);
    tcase_add_loop_test (tests, who_wakes_up_is_alive_again, 0, 3);
    tcase_add_loop_test (tests, sides_find_each_other_again, 0, 3);
    tcase_add_test (tests, load_does_not_grow);
    tcase_add_test (tests, members_come_and_go);
    tcase_add_test (tests, malformed_messages_change_nothing);
    suite_add_tcase (suite, tests);
    return suite;
}
