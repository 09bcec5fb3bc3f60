//  check_ap_moves: ap maps whose replicas change: handing over, and random schedules of writes and faults.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/ap_net.h"
#include "lib/test.h"
#include "slot.h"
#include "status.h"

//  Members 1 and 2 had everything; 3 and 4 have it now. What 1 accepted while it was cut off gets there.
START_TEST (who_is_no_longer_listed_hands_over)
{
    ap_net_start (2, (uint64_t) _i + 5);
    char key[24];
    for (int index = 0; index < 2000; index++) {
        snprintf (key, sizeof key, "key%d", index);
        ap_net_put (0, key, key);
    }
    ap_net_run (500);
    for (uint32_t other = 1; other < AP_NODES; other++)
        ap_net_cut (0, other, true);
    ap_net_put (0, "late", "only here");
    ap_net_put (0, "key7", "changed");
    node_id_t present[] = { 3, 4 };
    for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++)
        ap_net_set_reps (partition, present, 2);
    for (uint32_t index = 1; index < AP_NODES; index++)
        ap_net_give_view (index);
    ap_net_run (5000);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[1].ap).entries, 0);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[1].ap).handed_over, AP_PARTITIONS);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[3].ap).entries, 2000);
    ap_net_expect (2, "key7", "key7");
    ap_net_put (0, "key8", "lost");
    ap_net_run (50);
    ap_net_put (2, "key8", "won");
    ck_assert_uint_eq (ap_net_lost (), 0);
    ck_assert_uint_eq (ap_net_ask (1, OP_GET, "key7", value_nil (), NULL).status, ZGRID_MOVED);
    for (uint32_t other = 1; other < AP_NODES; other++)
        ap_net_cut (0, other, false);
    ap_net.loss = 20;
    ap_net_give_view (0);
    ck_assert_uint_eq (ap_net_ask (0, OP_PUT, "key7", value_bytes (bytes_str ("no")), NULL).status,
                       ZGRID_MOVED);
    for (int index = 0; index < 100; index++) { // Life goes on meanwhile
        ap_net_put (2, "busy", "x");
        ap_net_run (100);
    }
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).entries, 0);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).handed_over, AP_PARTITIONS);
    ap_net_expect (2, "late", "only here");
    ap_net_expect (3, "late", "only here");
    ap_net_expect (3, "key7", "changed");
    ap_net_expect (3, "key8", "won");
    ap_net.loss = 0;
    ap_net_run (6000);
    ap_net_check_converged ();
    ck_assert_uint_eq (ap_net_lost (), 1); // "lost", however often it was sent
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).lost, 1);
    ap_net_stop ();
}
END_TEST

#define MANY 40

//  Every step-th of MANY keys.
static void
s_put_many (uint32_t node, int step, const char *text)
{
    char key[24];
    for (int index = 0; index < MANY; index += step) {
        snprintf (key, sizeof key, "key%d", index);
        ap_net_put (node, key, text);
    }
}

//  Member 1 is suspected, or up, in the view that is given to all; learner: it is to get everything again.
static void
s_view_of_first (member_status_t status, bool learner)
{
    view_member (ap_net.view, 1)->status = status;
    for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++)
        ap_net.view->parts[partition].learner = learner ? 1 : 0;
    ap_net.view->version++;
}

//  Whoever hands over learns which of its writes are lost, although nobody answers while it is suspected, and
//  also if all others know it as a learner already.
START_TEST (what_is_handed_over_and_lost_is_counted_once)
{
    node_id_t present[] = { 2, 3 };
    ap_net_start (2, (uint64_t) _i + 30);
    s_put_many (0, 1, "before");
    ap_net_run (500);
    for (uint32_t other = 1; other < AP_NODES; other++)
        ap_net_cut (0, other, true);
    s_put_many (0, 1, "left");
    for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++)
        ap_net_set_reps (partition, present, 2);
    s_view_of_first (MEMBER_SUSPECT, false);
    for (uint32_t index = 1; index < AP_NODES; index++)
        ap_net_give_view (index);
    ap_net_run (5000);
    s_put_many (1, 2, "right");
    ap_net_run (500);
    for (uint32_t other = 1; other < AP_NODES; other++)
        ap_net_cut (0, other, false);
    ap_net_give_view (0);
    ap_net_run (5000);
    s_view_of_first (MEMBER_UP, _i % 2);
    for (uint32_t index = 1; index < AP_NODES; index++)
        ap_net_give_view (index);
    ap_net_run (5000);
    ap_net_give_view (0);
    ap_net_run (5000);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).lost, MANY / 2);
    ck_assert_uint_eq (ap_net_lost (), MANY / 2);
    for (uint32_t node = 1; node < 3; node++) {
        ap_net_expect (node, "key0", "right");
        ap_net_expect (node, "key1", "left");
    }
    ap_net_check_converged ();
    ap_net_stop ();
}
END_TEST

//  Everybody who is listed must have it before it goes: not just one of them, and not while they refuse it.
START_TEST (who_hands_over_keeps_it_until_all_have_it)
{
    ap_net_start (1, 9);
    ap_net_put (0, "a", "x");
    ap_net.nodes[0].skew = 8000; // Too far in the future for the others
    ap_net_put (0, "b", "x");
    ap_net.nodes[0].skew = 0;
    node_id_t present[] = { 2, 3 };
    for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++)
        ap_net_set_reps (partition, present, 2);
    for (uint32_t index = 0; index < AP_NODES; index++)
        ap_net_give_view (index);
    ap_net_run (5000);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).entries, 1);
    ap_net_expect (1, "a", "x");
    ap_net_expect (2, "b", NULL);
    ap_net_cut (0, 2, true);
    ap_net_cut (1, 2, true);
    ap_net_run (12000);
    ap_net_expect (1, "b", "x");
    ap_net_expect (2, "b", NULL);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).entries, 1);
    ap_net_cut (0, 2, false);
    ap_net_run (5000);
    ap_net_expect (2, "b", "x");
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).handed_over, 2);
    ck_assert_uint_eq (ap_stats (ap_net.nodes[0].ap).entries, 0);
    ap_net_stop ();
}
END_TEST

START_TEST (large_values_and_many)
{
    ap_net_start (2, 1);
    ap_net_cut (0, 1, true);
    size_t size = 400000;
    char *text = malloc (size + 1), key[24];
    assert (text);
    memset (text, 'x', size);
    text[size] = 0;
    for (int index = 0; index < 12; index++) {
        snprintf (key, sizeof key, "large%d", index);
        ap_net_put (0, key, text);
    }
    for (int index = 0; index < 5000; index++) {
        snprintf (key, sizeof key, "small%d", index);
        ap_net_put (0, key, "value");
    }
    ap_net_cut (0, 1, false);
    ap_net_run (10000);
    ap_net_check_converged ();
    ck_assert_uint_eq (ap_stats (ap_net.nodes[1].ap).entries, 5012);
    ap_net_expect (1, "large7", text);
    free (text);
    ap_net_stop ();
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Random schedules

typedef struct {
    uint64_t version;
    bool alive, twice; // twice: another write has the same version
    char text[24];
} s_last_t;

#define KEYS 24

static s_last_t s_last[KEYS];

static void
s_note (uint32_t key, uint64_t version, bool alive, const char *text)
{
    s_last_t *last = &s_last[key];
    if (version < last->version)
        return;
    last->twice = version == last->version;
    last->version = version;
    last->alive = alive;
    snprintf (last->text, sizeof last->text, "%s", text);
}

static void
s_random_write (uint32_t number)
{
    char name[16], text[24];
    uint32_t key = ap_net_roll (KEYS), node = ap_net_roll (AP_NODES);
    snprintf (name, sizeof name, "k%u", key);
    snprintf (text, sizeof text, "v%u", number);
    uint32_t what = ap_net_roll (10);
    options_t options = { .given = OPT_px, .time = 1 + ap_net_roll (8000) };
    reply_t reply = what < 3 ? ap_net_ask (node, OP_DEL, name, value_nil (), NULL)
                             : ap_net_ask (node, OP_PUT, name, value_bytes (bytes_str (text)),
                                           what < 5 ? &options : NULL);
    if (reply.status == ZGRID_OK) //  With a TTL it is over in the end
        s_note (key, reply.version, what >= 5, text);
    else
        ck_assert (reply.status == ZGRID_MOVED || (what < 3 && reply.status == ZGRID_NOTFOUND));
}

static void
s_random_fault (void)
{
    switch (ap_net_roll (5)) {
        case 0:
            ap_net_cut (ap_net_roll (AP_NODES), ap_net_roll (AP_NODES), ap_net_roll (2));
            break;
        case 1:
            ap_net.loss = ap_net_roll (30);
            break;
        case 2:
            ap_net_give_view (ap_net_roll (AP_NODES));
            break;
        case 3: {
            node_id_t ids[AP_NODES] = { 1, 2, 3, 4 };
            for (uint32_t at = AP_NODES; at > 1; at--) {
                uint32_t other = ap_net_roll (at);
                node_id_t kept = ids[at - 1];
                ids[at - 1] = ids[other];
                ids[other] = kept;
            }
            ap_net_set_reps (ap_net_roll (AP_PARTITIONS), ids, (uint8_t) (1 + ap_net_roll (3)));
            break;
        }
        default:
            ap_net.nodes[ap_net_roll (AP_NODES)].skew = (int64_t) ap_net_roll (400) - 200;
            break;
    }
}

START_TEST (random_schedules_converge)
{
    ap_net_start (3, (uint64_t) _i + 100);
    memset (s_last, 0, sizeof s_last);
    for (uint32_t step = 0; step < 400; step++) {
        for (uint32_t write = ap_net_roll (4); write > 0; write--)
            s_random_write (step * 4 + write);
        if (ap_net_roll (4) == 0)
            s_random_fault ();
        ap_net_run (5 + ap_net_roll (60));
    }
    memset (ap_net.cut, 0, sizeof ap_net.cut);
    ap_net.loss = 0;
    for (uint32_t index = 0; index < AP_NODES; index++) {
        ap_net.nodes[index].skew = 0;
        ap_net_give_view (index);
    }
    ap_net_run (20000);
    ap_net_check_converged ();
    for (uint32_t key = 0; key < KEYS; key++) {
        char name[16];
        snprintf (name, sizeof name, "k%u", key);
        const part_t *part =
            &ap_net.view->parts[slot_partition (slot_of_key (bytes_str (name)), AP_PARTITIONS)];
        for (uint32_t node = 0; node < AP_NODES; node++) {
            if (!part_has (part, node + 1))
                ck_assert_uint_eq (ap_net_ask (node, OP_GET, name, value_nil (), NULL).status, ZGRID_MOVED);
            else if (!s_last[key].twice)
                ap_net_expect (node, name, s_last[key].alive ? s_last[key].text : NULL);
        }
    }
    uint64_t shares = 0;
    for (uint32_t index = 0; index < AP_NODES; index++)
        for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++)
            shares += !part_has (&ap_net.view->parts[partition], index + 1)
                      && ap_digest (ap_net.nodes[index].ap, partition) != 0;
    ck_assert_uint_eq (shares, 0); // Whoever is not listed has let go
    ap_net_stop ();
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("ap_moves");
    TCase *tests = tcase_create ("ap_moves");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_loop_test (tests, who_is_no_longer_listed_hands_over, 0, 3);
    tcase_add_loop_test (tests, what_is_handed_over_and_lost_is_counted_once, 0, 6);
    tcase_add_test (tests, who_hands_over_keeps_it_until_all_have_it);
    tcase_add_test (tests, large_values_and_many);
    tcase_add_loop_test (tests, random_schedules_converge, 0, 40);
    suite_add_tcase (suite, tests);
    return suite;
}
