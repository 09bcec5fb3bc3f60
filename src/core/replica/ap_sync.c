//  ap_sync: how replicas of ap maps come to the same. Writes are pushed as they happen. Every round, and
//  after each change of the view, digests are compared; who sees a difference asks for the buckets, and
//  gets them in pushes that are acknowledged one by one. Each side sees to what itself lacks.
//  SPDX-License-Identifier: MPL-2.0
#include "ap_impl.h"

#define S_SHARES_PER_TICK 64 // Whose digests are sent
#define S_LEAVE_STEPS 4096   // Places looked at for shares that are to go
#define S_TICK 20
#define S_LEAVE_TICK 100

//  The head of a message in self->message; the fields follow.
static void
s_begin (ap_t *self, peer_type_t type, uint32_t fields)
{
    buf_reset (&self->message);
    wire_add_array (&self->message, 1 + fields);
    wire_add_uint (&self->message, type);
}

static void
s_send (ap_t *self, uint32_t local, node_id_t to)
{
    const member_t *member = view_member (self->view, to);
    if (member && member->actors && member->status != MEMBER_SUSPECT && !self->message.failed)
        self->port.send (self->port.arg, to, ap_partition (self, local) % member->actors,
                         buf_bytes (&self->message));
}

static void
s_begin_push (ap_t *self, const ap_map_t *map, uint64_t number)
{
    s_begin (self, PEER_AP_PUSH, 3);
    wire_add_uint (&self->message, number);
    wire_add_bytes (&self->message, map->name);
    wire_add_bytes (&self->message, buf_bytes (&self->entries));
}

//  All others that have, or are getting, the partition. Returns how many.
static unsigned
s_others (const ap_t *self, uint32_t local, node_id_t *ids)
{
    const part_t *row = ap_row (self, local);
    unsigned count = 0;
    for (unsigned rep = 0; rep < row->reps_count; rep++)
        if (row->reps[rep] != self->id)
            ids[count++] = row->reps[rep];
    if (row->learner && row->learner != self->id)
        ids[count++] = row->learner;
    return count;
}

void
ap_push (ap_t *self, const ap_map_t *map, uint32_t local)
{
    node_id_t ids[VIEW_REPS_MAX + 1];
    unsigned count = s_others (self, local, ids);
    if (self->entries.size && !self->entries.failed && count) {
        s_begin_push (self, map, 0);
        for (unsigned index = 0; index < count; index++)
            s_send (self, local, ids[index]);
    }
    buf_reset (&self->entries); // Without memory: a later round repairs it
    if (self->entries.room > 8 * AP_PUSH_MAX)
        buf_clear (&self->entries);
    if (self->message.room > 8 * AP_PUSH_MAX)
        buf_clear (&self->message);
}

static void
s_send_digests (ap_t *self, const ap_map_t *map, uint32_t local, node_id_t to)
{
    const share_t *share = map->shares[local];
    s_begin (self, PEER_AP_DIGEST, 4);
    wire_add_bytes (&self->message, map->name);
    wire_add_uint (&self->message, ap_partition (self, local));
    wire_add_uint (&self->message, ap_row (self, local)->epoch);
    wire_add_bytes (&self->message, bytes_of (share->digests, sizeof share->digests));
    s_send (self, local, to);
}

//  ------------------------------------------------------------------------------------------------
//  Repairing: pushes of whole buckets

//  This replica has everything of a share that is to go.
static void
s_done (share_t *share, uint64_t epoch, node_id_t id)
{
    if (epoch != share->leave_epoch || share->done_count == VIEW_REPS_MAX)
        return;
    for (unsigned index = 0; index < share->done_count; index++)
        if (share->done[index] == id)
            return;
    share->done[share->done_count++] = id;
}

static share_t *
s_job_share (const ap_t *self, const job_t *job)
{
    const part_t *row = ap_row (self, job->local);
    return part_role (row, job->to) == ROLE_NONE ? NULL : self->maps[job->map]->shares[job->local];
}

typedef struct {
    ap_t *ap;
    uint64_t mask, wall;
    const job_t *alone; // Each entry is a message of its own
} s_fill_t;

static void
s_fill_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_fill_t *fill = arg;
    ap_t *self = fill->ap;
    record_t record;
    (void) slot;
    if (!(fill->mask >> ap_bucket (hash) & 1) || !record_of (entry, &record))
        return;
    if (!(record.flags & (AP_DEAD | AP_OVER)) && !record_alive (&record, fill->wall)) {
        record.flags |= AP_OVER;
        record.value = bytes_of (NULL, 0);
    }
    record_encode (&self->entries, entry_key (entry), &record);
    self->stats.repaired++;
    if (fill->alone && !self->entries.failed) {
        s_begin_push (self, self->maps[fill->alone->map], 0);
        s_send (self, fill->alone->local, fill->alone->to);
        buf_reset (&self->entries);
    }
}

//  Fills self->entries from the job's position on. Returns the position behind what it holds.
static uint64_t
s_fill (ap_t *self, job_t *job, share_t *share, uint64_t now)
{
    s_fill_t fill = { self, job->mask, ap_wall (self, now), NULL };
    uint64_t position = job->position;
    const unsigned shift = 32 - AP_BUCKET_BITS;
    buf_reset (&self->entries);
    while (position < INDEX_END && self->entries.size < AP_PUSH_MAX && !self->entries.failed) {
        if (!(job->mask >> (position >> shift) & 1)) {
            position = ((position >> shift) + 1) << shift;
            continue;
        }
        size_t before = self->entries.size;
        uint64_t next = index_visit (&share->store->index, position, s_fill_one, &fill);
        if (self->entries.size > 8 * AP_PUSH_MAX) { // Large values: what came before goes alone
            self->entries.size = before;
            if (before)
                return position;
            fill.alone = job;
            job->unproven = true;
            next = index_visit (&share->store->index, position, s_fill_one, &fill);
            fill.alone = NULL;
        }
        position = next;
    }
    return position;
}

//  Sends what comes next, or ends the job.
static void
s_go_on (ap_t *self, job_t *job, uint64_t now)
{
    share_t *share = s_job_share (self, job);
    if (!share) {
        job->to = 0;
        return;
    }
    job->next = s_fill (self, job, share, now);
    job->sent_at = now;
    job->tries++;
    job->number = ++self->number;
    if (self->entries.failed) { // Once more later
        buf_reset (&self->entries);
        return;
    }
    if (self->entries.size == 0) {
        if (!job->unproven)
            s_done (share, job->epoch, job->to);
        job->to = 0;
        return;
    }
    s_begin_push (self, self->maps[job->map], job->number);
    s_send (self, job->local, job->to);
    buf_reset (&self->entries);
}

static void
s_start (ap_t *self, node_id_t to, const ap_map_t *map, uint32_t local, uint64_t epoch, uint64_t mask,
         uint64_t now)
{
    job_t *spare = NULL;
    for (unsigned index = 0; index < AP_JOBS_MAX; index++) {
        job_t *job = &self->jobs[index];
        if (job->to == to && job->map == map->number && job->local == local)
            return; // It is at it; what is left to do then shows in the next round
        if (job->to == 0)
            spare = job;
    }
    if (!spare)
        return;
    *spare = (job_t) { .to = to, .map = map->number, .local = local, .epoch = epoch, .mask = mask };
    s_go_on (self, spare, now);
}

static bool
s_tick_jobs (ap_t *self, uint64_t now)
{
    bool busy = false;
    for (unsigned index = 0; index < AP_JOBS_MAX; index++) {
        job_t *job = &self->jobs[index];
        if (job->to == 0)
            continue;
        if (job->sent_at + AP_JOB_WAIT <= now) {
            if (job->tries >= AP_JOB_TRIES)
                job->to = 0; // The next round begins it anew
            else
                s_go_on (self, job, now);
        }
        busy |= job->to != 0;
    }
    return busy;
}

//  ------------------------------------------------------------------------------------------------
//  Rounds, and leaving

static void
s_round_step (ap_t *self, uint64_t now)
{
    uint64_t all = (uint64_t) self->maps_count * self->local_partitions;
    unsigned shares = S_SHARES_PER_TICK, steps = S_LEAVE_STEPS;
    for (; self->round_share < all && shares && steps; self->round_share++, steps--) {
        ap_map_t *map = self->maps[self->round_share / self->local_partitions];
        uint32_t local = (uint32_t) (self->round_share % self->local_partitions);
        if (!map->shares[local] || ap_listed (self, local) != 2)
            continue;
        node_id_t ids[VIEW_REPS_MAX + 1];
        unsigned count = s_others (self, local, ids);
        for (unsigned index = 0; index < count; index++)
            s_send_digests (self, map, local, ids[index]);
        shares--;
    }
    if (self->round_share < all)
        return;
    self->round_share = 0;
    self->in_round = false;
    self->round_at = self->round_again ? now : now + self->config.round;
    self->round_again = false;
}

//  A share of a partition that is no longer ours: asks the present replicas what they lack; goes when
//  none of them lacks anything.
static void
s_leave (ap_t *self, ap_map_t *map, uint32_t local, uint64_t now)
{
    share_t *share = map->shares[local];
    const part_t *row = ap_row (self, local);
    if (share->leave_epoch != row->epoch) {
        share->leave_epoch = row->epoch;
        share->done_count = 0;
        share->leave_ask_at = now;
    }
    bool ask = share->leave_ask_at <= now;
    unsigned done = 0;
    for (unsigned rep = 0; rep < row->reps_count; rep++) {
        bool has = false;
        for (unsigned index = 0; index < share->done_count; index++)
            has |= share->done[index] == row->reps[rep];
        done += has;
        if (!has && ask)
            s_send_digests (self, map, local, row->reps[rep]);
    }
    if (ask)
        share->leave_ask_at = now + AP_LEAVE_ASK;
    if (row->reps_count && done == row->reps_count) {
        ap_drop_share (self, map, local);
        self->stats.handed_over++;
    }
}

static void
s_leave_step (ap_t *self, uint64_t now)
{
    uint64_t all = (uint64_t) self->maps_count * self->local_partitions;
    for (unsigned steps = S_LEAVE_STEPS; steps && self->leave_share < all; steps--, self->leave_share++) {
        ap_map_t *map = self->maps[self->leave_share / self->local_partitions];
        uint32_t local = (uint32_t) (self->leave_share % self->local_partitions);
        if (!map->shares[local] || ap_listed (self, local))
            continue;
        self->leave_found = true;
        s_leave (self, map, local, now);
    }
    if (self->leave_share < all)
        return;
    self->leave_share = 0;
    self->leaving = self->leave_found;
    self->leave_found = false;
}

uint64_t
ap_sync_tick (ap_t *self, uint64_t now)
{
    bool busy = s_tick_jobs (self, now);
    if (self->leaving)
        s_leave_step (self, now);
    if (!self->in_round && self->round_at <= now)
        self->in_round = true;
    if (self->in_round)
        s_round_step (self, now);
    if (busy || self->in_round)
        return S_TICK;
    uint64_t wait = self->round_at > now ? self->round_at - now : S_TICK;
    return self->leaving && wait > S_LEAVE_TICK ? S_LEAVE_TICK : wait;
}

//  ------------------------------------------------------------------------------------------------
//  Messages

bool
ap_takes (peer_type_t type)
{
    return type == PEER_AP_PUSH || type == PEER_AP_ACK || type == PEER_AP_DIGEST || type == PEER_AP_PULL;
}

static bool
s_is_ap (const ap_t *self, bytes_t name)
{
    return name.size > 0 && name.size <= VIEW_MAP_MAX && view_map (self->view, name)->mode == MAP_AP;
}

//  Sends self->entries back to whoever pushed, and empties it.
static void
s_answer (ap_t *self, node_id_t to, const ap_map_t *map, uint32_t local)
{
    if (self->entries.size && !self->entries.failed) {
        s_begin_push (self, map, 0);
        s_send (self, local, to);
    }
    buf_reset (&self->entries);
    if (self->entries.room > 8 * AP_PUSH_MAX)
        buf_clear (&self->entries);
}

//  One entry of a push. False if it could not be taken, or loses: whoever holds a write that is lost is shown
//  by what, counts it, and may then push again, or forget.
static bool
s_take (ap_t *self, node_id_t from, bytes_t name, bytes_t key, record_t *record, uint64_t now)
{
    uint32_t partition = slot_partition (slot_of_key (key), self->config.partitions);
    uint32_t local = partition / self->config.actors;
    uint64_t hash = hash_key (&self->secret, key);
    if (partition % self->config.actors != self->config.index || record->value.size > self->config.value_max)
        return false;
    bool listed = ap_listed (self, local);
    ap_map_t *map = ap_map (self, name, listed);
    share_t *share = map ? ap_share (self, map, local, listed) : NULL;
    if (share && !listed && part_role (ap_row (self, local), from) != ROLE_NONE)
        record_yield (self, share, key, hash, record, now);
    if (!share || !listed)
        return false;
    merge_t merged = record_merge (self, share, key, hash, record, now);
    if (merged == MERGE_LOSES) {
        record_encode (&self->entries, key, record);
        if (self->entries.size > AP_PUSH_MAX)
            s_answer (self, from, map, local);
    }
    return merged == MERGE_KNOWN;
}

static bool
s_pushed (ap_t *self, node_id_t from, mp_t *reader, uint64_t now)
{
    uint64_t number;
    bytes_t name, entries, key;
    record_t record;
    if (!mp_uint (reader, &number) || !mp_bytes (reader, &name) || !mp_bytes (reader, &entries))
        return false;
    if (!s_is_ap (self, name))
        return true; // The view that says so is on its way
    bool all = true;
    uint32_t partition = 0;
    buf_reset (&self->entries);
    for (mp_t at = mp_of (entries); !mp_at_end (&at);) {
        if (!record_decode (&at, &key, &record))
            return false;
        all &= s_take (self, from, name, key, &record, now);
        partition = slot_partition (slot_of_key (key), self->config.partitions);
    }
    if (self->entries.size) // There is such a map
        s_answer (self, from, ap_map (self, name, false), partition / self->config.actors);
    if (number && all && partition % self->config.actors == self->config.index) {
        s_begin (self, PEER_AP_ACK, 1);
        wire_add_uint (&self->message, number);
        s_send (self, partition / self->config.actors, from);
    }
    return true;
}

static bool
s_acked (ap_t *self, node_id_t from, mp_t *reader, uint64_t now)
{
    uint64_t number;
    if (!mp_uint (reader, &number))
        return false;
    for (unsigned index = 0; number && index < AP_JOBS_MAX; index++) {
        job_t *job = &self->jobs[index];
        if (job->to != from || job->number != number)
            continue;
        job->position = job->next;
        job->tries = 0;
        s_go_on (self, job, now);
        break;
    }
    return true;
}

//  The head that AP_DIGEST and AP_PULL have in common. False: malformed.
static bool
s_place (ap_t *self, mp_t *reader, bytes_t *name, uint64_t *partition, uint64_t *epoch)
{
    return mp_bytes (reader, name) && mp_uint (reader, partition) && mp_uint (reader, epoch)
           && *partition < self->config.partitions && *partition % self->config.actors == self->config.index;
}

static bool
s_digested (ap_t *self, node_id_t from, mp_t *reader)
{
    bytes_t name, digests;
    uint64_t partition, epoch;
    if (!s_place (self, reader, &name, &partition, &epoch) || !mp_bytes (reader, &digests)
        || digests.size != AP_DIGESTS_SIZE)
        return false;
    uint32_t local = (uint32_t) partition / self->config.actors;
    if (!s_is_ap (self, name) || !ap_listed (self, local))
        return true;
    ap_map_t *map = ap_map (self, name, false);
    const share_t *share = map ? map->shares[local] : NULL;
    uint64_t mask = 0;
    for (unsigned bucket = 0; bucket < AP_BUCKETS; bucket++)
        if (bytes_load8 (digests.data + 8 * bucket) != (share ? share->digests[bucket] : 0))
            mask |= UINT64_C (1) << bucket;
    //  Who is to go wants to hear of no difference as well
    if (mask == 0 && part_role (ap_row (self, local), from) != ROLE_NONE)
        return true;
    s_begin (self, PEER_AP_PULL, 4);
    wire_add_bytes (&self->message, name);
    wire_add_uint (&self->message, partition);
    wire_add_uint (&self->message, epoch);
    wire_add_uint (&self->message, mask);
    s_send (self, local, from);
    return true;
}

static bool
s_pulled (ap_t *self, node_id_t from, mp_t *reader, uint64_t now)
{
    bytes_t name;
    uint64_t partition, epoch, mask;
    if (!s_place (self, reader, &name, &partition, &epoch) || !mp_uint (reader, &mask))
        return false;
    uint32_t local = (uint32_t) partition / self->config.actors;
    ap_map_t *map = s_is_ap (self, name) ? ap_map (self, name, false) : NULL;
    share_t *share = map ? map->shares[local] : NULL;
    if (!share || part_role (ap_row (self, local), from) == ROLE_NONE)
        return true;
    if (mask)
        s_start (self, from, map, local, epoch, mask, now);
    else
        s_done (share, epoch, from);
    return true;
}

bool
ap_peer (ap_t *self, node_id_t from, peer_type_t type, mp_t *reader, uint32_t count, uint64_t now)
{
    static const uint8_t s_fields[PEER_LIMIT] = {
        [PEER_AP_PUSH] = 3, [PEER_AP_ACK] = 1, [PEER_AP_DIGEST] = 4, [PEER_AP_PULL] = 4
    };
    bool ready = self->clock_known && self->view && view_member (self->view, from) && from != self->id;
    if (!ap_takes (type) || count != s_fields[type] || !ready) {
        self->stats.refused++;
        bool whole = ap_takes (type);
        for (uint32_t field = 0; whole && field < count; field++)
            whole = mp_skip (reader);
        return whole && count == s_fields[type];
    }
    bool sound = type == PEER_AP_PUSH     ? s_pushed (self, from, reader, now)
                 : type == PEER_AP_ACK    ? s_acked (self, from, reader, now)
                 : type == PEER_AP_DIGEST ? s_digested (self, from, reader)
                                          : s_pulled (self, from, reader, now);
    self->stats.refused += !sound;
    return sound;
}
