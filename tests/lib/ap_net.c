//  ap_net: see ap_net.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/ap_net.h"

#include "lib/block.h"
#include "lib/test.h"
#include "slot.h"
#include "status.h"

ap_net_t ap_net;
static buf_t s_out;

uint32_t
ap_net_roll (uint32_t sides)
{
    ap_net.random = ap_net.random * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
    return (uint32_t) (ap_net.random >> 33) % sides;
}

static moment_t
s_moment (uint32_t node)
{
    return (moment_t) { ap_net.now,
                        (uint64_t) ((int64_t) (ap_net.now + 1700000000000) + ap_net.nodes[node].skew) };
}

static void
s_send (void *arg, node_id_t to, uint32_t actor, bytes_t message)
{
    uint32_t from = (uint32_t) ((ap_node_t *) arg - ap_net.nodes), target = (uint32_t) to - 1;
    assert (target < AP_NODES && target != from && actor == 0);
    if (ap_net.cut[from][target] || ap_net_roll (100) < ap_net.loss)
        return;
    assert (ap_net.flying_count < AP_FLYING_MAX);
    ap_net.flying[ap_net.flying_count++] = (ap_flying_t) { ap_net.now + 1 + ap_net_roll (30), from, target,
                                                           block_of (message.data, message.size) };
}

//  The first `reps` members have each partition.
void
ap_net_start (uint32_t reps, uint64_t seed)
{
    memset (&ap_net, 0, sizeof ap_net);
    ap_net.now = 1000;
    assert (buf_reserve (&s_out, 1000)); // A reply never lacks memory
    ap_net.random = seed * 7919 + 13;
    view_t *view = ap_net.view = view_new (AP_PARTITIONS);
    assert (view);
    view->cluster = 1;
    view->version = 1;
    for (node_id_t id = 1; id <= AP_NODES; id++) {
        member_t member = { .id = id, .weight = 100, .actors = 1 };
        assert (view_add_member (view, &member));
    }
    for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++) {
        part_t *part = &view->parts[partition];
        *part = (part_t) { .epoch = 1, .primary = 1, .reps_count = (uint8_t) reps };
        for (uint32_t rep = 0; rep < reps; rep++)
            part->reps[rep] = rep + 1;
    }
    map_settings_t map = { .name = "m", .mode = MAP_AP, .min_sync = 1 };
    assert (view_set_map (view, &map));
    for (uint32_t index = 0; index < AP_NODES; index++) {
        ap_node_t *node = &ap_net.nodes[index];
        ap_config_t config = { .actors = 1,
                               .partitions = AP_PARTITIONS,
                               .maps_max = 10,
                               .value_max = 1u << 24,
                               .grace = AP_GRACE,
                               .round = 2000 };
        ap_port_t port = { node, s_send, NULL };
        node->ap = ap_new (&config, view->seed, index + 1, &port);
        node->view = view_copy (view);
        assert (node->ap && node->view);
        ap_clock (node->ap, s_moment (index));
        ap_set_view (node->ap, node->view, ap_net.now);
    }
}

void
ap_net_stop (void)
{
    for (uint32_t index = 0; index < AP_NODES; index++) {
        ap_verify (ap_net.nodes[index].ap);
        ap_destroy (&ap_net.nodes[index].ap);
        view_destroy (&ap_net.nodes[index].view);
    }
    for (uint32_t index = 0; index < ap_net.flying_count; index++)
        block_free (ap_net.flying[index].message);
    view_destroy (&ap_net.view);
    buf_clear (&s_out);
}

void
ap_net_give_view (uint32_t index)
{
    ap_node_t *node = &ap_net.nodes[index];
    view_t *old = node->view;
    node->view = view_copy (ap_net.view);
    assert (node->view);
    ap_set_view (node->ap, node->view, ap_net.now);
    view_destroy (&old);
}

bool
ap_net_receive (uint32_t to, node_id_t from, bytes_t message)
{
    mp_t reader = mp_of (message);
    uint32_t count;
    peer_type_t type = peer_next (&reader, &count);
    return ap_peer (ap_net.nodes[to].ap, from, type, &reader, count, ap_net.now);
}

void
ap_net_run (uint64_t duration)
{
    for (uint64_t end = ap_net.now + duration; ap_net.now < end; ap_net.now += 5) {
        for (uint32_t index = 0; index < ap_net.flying_count; index++) {
            ap_flying_t flying = ap_net.flying[index];
            if (flying.at > ap_net.now)
                continue;
            ap_net.flying[index--] = ap_net.flying[--ap_net.flying_count];
            ck_assert (ap_net_receive (flying.to, flying.from + 1, flying.message));
            block_free (flying.message);
        }
        for (uint32_t index = 0; index < AP_NODES; index++) {
            ap_clock (ap_net.nodes[index].ap, s_moment (index));
            ap_tick (ap_net.nodes[index].ap, ap_net.now);
        }
    }
}

void
ap_net_cut (uint32_t a, uint32_t b, bool cut)
{
    ap_net.cut[a][b] = ap_net.cut[b][a] = cut;
}

//  ------------------------------------------------------------------------------------------------
//  Requests

//  Executes an operation at a node. The reply lives until the next one; status MOVED: not listed.
reply_t
ap_net_ask (uint32_t node, op_t op, const char *key, value_t value, const options_t *options)
{
    static const options_t s_none;
    request_t request = { .id = 7,
                          .op = op,
                          .map = bytes_str ("m"),
                          .key = bytes_str (key),
                          .has_key = key != NULL,
                          .value = value };
    const options_t *given = options ? options : &s_none;
    uint32_t partition = key ? slot_partition (slot_of_key (request.key), AP_PARTITIONS)
                             : (uint32_t) given->partition;
    buf_reset (&s_out);
    ap_call_t call = { &request, given, value.bytes, partition, s_moment (node), &s_out };
    unsigned status = ap_execute (ap_net.nodes[node].ap, &call);
    reply_t reply = { .id = 7, .status = status };
    if (status == ZGRID_MOVED) {
        ck_assert_uint_eq (s_out.size, 0);
        return reply;
    }
    mp_t reader = mp_of (buf_bytes (&s_out));
    ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
    ck_assert (mp_at_end (&reader) && reply.id == 7 && reply.status == status);
    return reply;
}

uint64_t
ap_net_put (uint32_t node, const char *key, const char *text)
{
    reply_t reply = ap_net_ask (node, OP_PUT, key, value_bytes (bytes_str (text)), NULL);
    ck_assert_uint_eq (reply.status, ZGRID_OK);
    return reply.version;
}

void
ap_net_expect (uint32_t node, const char *key, const char *text)
{
    reply_t reply = ap_net_ask (node, OP_GET, key, value_nil (), NULL);
    ck_assert_uint_eq (reply.status, text ? ZGRID_OK : ZGRID_NOTFOUND);
    if (text)
        ck_assert (bytes_equal (reply.value.bytes, bytes_str (text)));
}

void
ap_net_expect_everywhere (uint32_t nodes, const char *key, const char *text)
{
    for (uint32_t node = 0; node < nodes; node++)
        ap_net_expect (node, key, text);
}

uint64_t
ap_net_lost (void)
{
    uint64_t lost = 0;
    for (uint32_t index = 0; index < AP_NODES; index++)
        lost += ap_stats (ap_net.nodes[index].ap).lost;
    return lost;
}

void
ap_net_check_converged (void)
{
    for (uint32_t partition = 0; partition < AP_PARTITIONS; partition++) {
        const part_t *part = &ap_net.view->parts[partition];
        uint64_t digest = ap_digest (ap_net.nodes[part->reps[0] - 1].ap, partition);
        for (unsigned rep = 1; rep < part->reps_count; rep++)
            ck_assert_uint_eq (ap_digest (ap_net.nodes[part->reps[rep] - 1].ap, partition), digest);
    }
}

void
ap_net_set_reps (uint32_t partition, const node_id_t *ids, uint8_t count)
{
    part_t *part = &ap_net.view->parts[partition];
    part->epoch++;
    part->reps_count = count;
    part->primary = ids[0];
    part->learner = 0;
    for (uint8_t rep = 0; rep < count; rep++)
        part->reps[rep] = ids[rep];
    ap_net.view->version++;
}
