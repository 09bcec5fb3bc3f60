//  sim_scenario: what chance meets too rarely, put together by hand in a cluster at rest.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "cluster/view_delta.h"
#include "sim/sim.h"
#include "status.h"

static process_t *
s_coordinator (sim_t *sim)
{
    for (uint32_t slot = 0; slot < sim->plan.slots; slot++)
        if (cluster_is_coordinator (sim->at[slot]->cluster))
            return sim->at[slot];
    return NULL;
}

//  Whether a message of that type is on its way from one process to another.
static bool
s_is_under_way (const sim_t *sim, const process_t *from, const process_t *to, peer_type_t type)
{
    for (uint32_t at = 0; at < sim->heap_count; at++) {
        const event_t *event = sim->heap[at].event;
        peer_head_t head;
        mp_t reader;
        uint32_t count;
        if (event->size && event->slot == to->slot && peer_open (event_body (event), &head, &reader)
            && head.from == from->id && head.to == to->id && peer_next (&reader, &count) == type)
            return true;
    }
    return false;
}

//  Consistency 3: a voter promises upwards only. A REQ_VOTE of a lower ballot than the one that it has
//  promised, from a candidate with the newest state, comes late.
static void
s_single_vote (sim_t *sim, char *why, size_t size)
{
    process_t *coordinator = s_coordinator (sim), *voter = NULL, *candidate = NULL;
    assert (coordinator);
    for (uint32_t slot = 0; slot < sim->plan.slots; slot++)
        if (sim->at[slot] != coordinator)
            *(voter ? &candidate : &voter) = sim->at[slot];
    const view_t *view = cluster_accepted (candidate->cluster);
    buf_t body = BUF_INIT;
    peer_begin (&body, &(peer_head_t) { view->cluster, candidate->id, voter->id });
    wire_add_array (&body, 6);
    wire_add_uint (&body, PEER_REQ_VOTE);
    wire_add_uint (&body, 0); // Ballot: below every other
    wire_add_uint (&body, candidate->id);
    wire_add_uint (&body, 1000); // What it has accepted: newer than anything
    wire_add_uint (&body, candidate->id);
    wire_add_uint (&body, view->version + 1);
    cluster_receive (voter->cluster, buf_bytes (&body), process_local (voter));
    cluster_tick (voter->cluster, process_local (voter));
    buf_clear (&body);
    if (s_is_under_way (sim, voter, candidate, PEER_VOTE))
        snprintf (why, size, "a voter promised downwards");
    else if (!s_is_under_way (sim, voter, candidate, PEER_NACK))
        snprintf (why, size, "the voter did not answer");
}

//  Consistency 4: acknowledgements count with the configuration of the view that the node knows. Voters of
//  another one renew the lease of a node that is cut off and does not know it yet.
static void
s_lease_cfg (sim_t *sim, char *why, size_t size)
{
    process_t *coordinator = s_coordinator (sim), *process = NULL;
    for (uint32_t slot = 0; slot < sim->plan.slots; slot++)
        process = sim->at[slot] != coordinator ? sim->at[slot] : process;
    for (uint32_t slot = 0; slot < sim->plan.slots; slot++) {
        network_cut (sim, process->slot, slot);
        network_cut (sim, slot, process->slot);
    }
    quiet_run (sim, sim->now + 400000);
    const view_t *view = cluster_view (process->cluster);
    uint64_t cluster = view->cluster, cfg = view->cfg;
    uint64_t before = atomic_load (&process->lease.word);
    for (uint32_t slot = 0; slot < sim->plan.slots; slot++) {
        if (sim->at[slot] == process)
            continue;
        buf_t body = BUF_INIT;
        peer_begin (&body, &(peer_head_t) { cluster, sim->at[slot]->id, process->id });
        wire_add_array (&body, 5);
        wire_add_uint (&body, PEER_HB_ACK);
        wire_add_uint (&body, process_local (process) - 130); // Some heartbeat later than what was heard
        wire_add_uint (&body, cfg + 1);
        wire_add_uint (&body, 0);
        wire_add_uint (&body, 0);
        cluster_receive (process->cluster, buf_bytes (&body), process_local (process));
        buf_clear (&body);
    }
    if (atomic_load (&process->lease.word) > before)
        snprintf (why, size, "voters of another configuration have renewed a lease");
}

//  Begins a message from one process to another: its type and the number of its fields.
static void
s_begin (buf_t *body, const process_t *from, const process_t *to, peer_type_t type, uint32_t fields)
{
    buf_clear (body);
    peer_begin (body, &(peer_head_t) { cluster_view (from->cluster)->cluster, from->id, to->id });
    wire_add_array (body, fields + 1);
    wire_add_uint (body, type);
}

//  Consistency 3: what is applied to another state than its own makes one that nobody has agreed on. The
//  PUBLISH of the version before was lost: the node fetches the whole; as a voter, it asks for it.
static void
s_delta_base (sim_t *sim, char *why, size_t size)
{
    process_t *coordinator = s_coordinator (sim), *process = sim->at[sim->at[0] == coordinator];
    const view_t *view = cluster_view (process->cluster);
    uint64_t version = view->version;
    view_t *lost = view_copy (view), *next = NULL;
    lost->version++;
    lost->parts[0].epoch++;
    next = view_copy (lost);
    next->version++;
    next->parts[1].epoch++;
    buf_t delta = BUF_INIT, whole = BUF_INIT, body = BUF_INIT;
    bool made = view_delta (lost, next, &delta);
    assert (made);
    view_encode (next, &whole);
    for (int accept = 1; accept >= 0; accept--) {
        s_begin (&body, coordinator, process, accept ? PEER_ACCEPT_DELTA : PEER_PUBLISH_DELTA,
                 accept ? 5 : 3);
        if (accept) {
            wire_add_uint (&body, 1000); // A new ballot of it
            wire_add_uint (&body, coordinator->id);
        }
        wire_add_uint (&body, next->version);
        wire_add_uint (&body, view_digest (buf_bytes (&whole)));
        wire_add_array (&body, 1);
        wire_add_bytes (&body, buf_bytes (&delta));
        cluster_receive (process->cluster, buf_bytes (&body), process_local (process));
    }
    if (cluster_accepted (process->cluster)->version != version)
        snprintf (why, size, "a voter has accepted what was not proposed");
    else if (cluster_view (process->cluster)->version != version)
        snprintf (why, size, "a node has learned what was not published");
    else if (!s_is_under_way (sim, process, coordinator, PEER_ACCEPT_WHOLE)
             || !s_is_under_way (sim, process, coordinator, PEER_FETCH))
        snprintf (why, size, "whoever cannot apply a delta does not ask for the whole");
    view_destroy (&lost);
    view_destroy (&next);
    buf_clear (&delta);
    buf_clear (&whole);
    buf_clear (&body);
}

//  The status of a GET of any key of the partition, asked at once, and settled some milliseconds later.
static unsigned
s_get (actor_t *actor, uint32_t partition, uint64_t late)
{
    process_t *process = actor->process;
    buf_t request = BUF_INIT, out = BUF_INIT;
    client_t client = { .index = 0 };
    script_begin (process->sim, &client);
    while (client.own.partition != partition)
        script_begin (process->sim, &client);
    bytes_t key = bytes_str (client.own.keys[0]);
    wire_begin (&request);
    wire_request (&request, 1, OP_GET, bytes_str ("map"), &key, NULL, NULL);
    wire_begin (&out);
    batch_t batch = { .moment = { .now = process_local (process) }, .body_size = request.size };
    bool good = wire_open (buf_bytes (&request), &batch.reader);
    bool more = storage_batch (actor->storage, &batch, &out, 1 << 20);
    assert (good && !more);
    storage_verdict_t verdict = storage_settle (actor->storage, &batch, &out, process_local (process) + late);
    reply_t reply = { .status = UINT32_MAX };
    mp_t reader;
    if (verdict == STORAGE_SEND && wire_open (buf_bytes (&out), &reader))
        wire_next_reply (&reader, &reply);
    buf_clear (&request);
    buf_clear (&out);
    return reply.status;
}

//  Consistency 4: the beacon has renewed the lease in a generation of which the storage actor has not
//  heard: it may be a primary no more.
static void
s_lease_view (sim_t *sim, char *why, size_t size)
{
    const part_t *part = &check_newest (sim)->parts[0];
    process_t *process = process_of (sim, part->primary);
    actor_t *actor = &process->actors[0];
    uint64_t generation = view_member (check_newest (sim), process->id)->generation;
    lease_set (&process->lease, process_local (process) + 1000, generation);
    unsigned before = s_get (actor, 0, 0);
    lease_set (&process->lease, process_local (process) + 1000, generation + 1);
    unsigned after = s_get (actor, 0, 0);
    if (before != ZGRID_NOTFOUND)
        snprintf (why, size, "under a lease a read is answered %s", status_name ((int) before));
    else if (after != ZGRID_TRYAGAIN)
        snprintf (why, size, "under another generation's lease a read is answered %s",
                  status_name ((int) after));
}

//  Consistency 6: the process is stopped between the lookup and its reply, until the lease has ended.
static void
s_lease_after (sim_t *sim, char *why, size_t size)
{
    const part_t *part = &check_newest (sim)->parts[0];
    process_t *process = process_of (sim, part->primary);
    uint64_t generation = view_member (check_newest (sim), process->id)->generation;
    lease_set (&process->lease, process_local (process) + 50, generation);
    unsigned status = s_get (&process->actors[0], 0, 100);
    if (status != ZGRID_TRYAGAIN)
        snprintf (why, size, "a read whose lease has ended meanwhile is answered %s",
                  status_name ((int) status));
}

typedef void (s_scenario_fn) (sim_t *sim, char *why, size_t size);

static const struct {
    const char *rule;
    s_scenario_fn *run;
} s_scenarios[] = { { "single_vote", s_single_vote },
                    { "lease_view", s_lease_view },
                    { "lease_cfg", s_lease_cfg },
                    { "lease_after", s_lease_after },
                    { "delta_base", s_delta_base } };

bool
scenario_run (const char *rule, char *why, size_t size)
{
    static sim_t sim;
    size_t at = 0;
    while (at < sizeof s_scenarios / sizeof s_scenarios[0] && strcmp (s_scenarios[at].rule, rule) != 0)
        at++;
    if (at == sizeof s_scenarios / sizeof s_scenarios[0])
        return false;
    memset (&sim, 0, sizeof sim);
    why[0] = 0;
    quiet_set_up (&sim, 3);
    if (quiet_settle (&sim, why, size)) {
        why[0] = 0;
        s_scenarios[at].run (&sim, why, size);
    }
    quiet_tear_down (&sim);
    return true;
}

bool
scenarios_run (void)
{
    bool right = true;
    for (size_t at = 0; at < sizeof s_scenarios / sizeof s_scenarios[0]; at++) {
        char why[300];
        scenario_run (s_scenarios[at].rule, why, sizeof why);
        printf ("scenario %s: %s\n", s_scenarios[at].rule, why[0] ? why : "right");
        right = right && !why[0];
    }
    return right;
}
