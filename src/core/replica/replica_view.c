//  replica_view: what a new view makes of this storage's partitions (consistency 7): by the data that a
//  copy has, not by the role that it had.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../storage_impl.h"

#define S_FRESH_SHIFT 40 // A partition begun anew empty starts above the versions that it had

void
storage_join (storage_t *self, node_id_t self_id, const lease_t *lease, const storage_port_t *port)
{
    self->cluster.self = self_id;
    self->cluster.lease = self->lease = lease;
    self->cluster.port = *port;
    self->cluster.joined = true;
    self->cluster.alone = false; // Nothing is served before the first view
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        self->partitions[local].role = ROLE_NONE;
        replica_share (self, &self->partitions[local]);
    }
}

void
storage_watch (storage_t *self, storage_commit_fn *committed, void *arg)
{
    self->cluster.watch = committed;
    self->cluster.watch_arg = arg;
}

//  ------------------------------------------------------------------------------------------------
//  Roles

//  Who the other copies are, with nothing known about them yet.
static void
s_set_copies (storage_t *self, partition_t *part, const part_t *row, uint64_t now)
{
    const view_t *view = self->cluster.view;
    copy_t old[VIEW_REPS_MAX];
    unsigned old_count = LEFT_OUT (ack_epoch) ? part->others_count : 0;
    memcpy (old, part->others, sizeof old);
    part->others_count = 0;
    for (unsigned at = 0; at < row->reps_count; at++) {
        if (row->reps[at] == self->cluster.self)
            continue;
        copy_t *copy = &part->others[part->others_count++];
        *copy = (copy_t) { .id = row->reps[at], .progress_at = now, .heard_at = now };
        for (unsigned i = 0; i < old_count; i++)
            if (old[i].id == copy->id)
                copy->ack = old[i].ack;
    }
    part->learner = (copy_t) { .id = row->learner, .progress_at = now, .heard_at = now };
    for (unsigned at = 0; at <= part->others_count; at++) {
        copy_t *copy = at < part->others_count ? &part->others[at] : &part->learner;
        const member_t *member = copy->id ? view_member (view, copy->id) : NULL;
        copy->up = member && member->status != MEMBER_SUSPECT;
        copy->actor = member && member->actors ? part->id % member->actors : 0;
    }
}

//  An empty copy that is whole: of a partition that begins, or begins anew.
static void
s_begin_empty (storage_t *self, partition_t *part, const part_t *row)
{
    replica_drop_data (self, part);
    part->sequence = part->commit = row->epoch == 1 ? 0 : row->epoch << S_FRESH_SHIFT;
    oplog_reset (&part->log, part->sequence);
}

static bool
s_has_data (const partition_t *part)
{
    return part->role == ROLE_PRIMARY || (part->role == ROLE_BACKUP && !part->broken)
           || (part->role == ROLE_LEARNER && replica_learn_complete (part));
}

static void
s_become_primary (storage_t *self, partition_t *part, const part_t *row, uint64_t now)
{
    if (part->role != ROLE_PRIMARY) {
        if (s_has_data (part)) {
            //  Everything that was prepared may have been committed: into the table with it, still
            //  uncommitted. It stays in the log for the other copies.
            uint64_t commit = part->commit;
            part->role = ROLE_PRIMARY;
            if (!replica_apply (self, part, part->sequence, now)) { // Again, when there is memory
                part->role = ROLE_BACKUP;
                part->epoch--;
                return;
            }
            part->commit = commit;
            part->removed = part->sequence;
            part->told = commit > part->told_commit ? commit : part->told_commit;
            part->repeated = part->sequence;
        } else {
            s_begin_empty (self, part, row);
            part->told = part->repeated = part->sequence;
        }
        replica_learn_end (part);
        part->primary_since = now;
        locks_take_over (&part->locks, now + LOCK_REATTACH);
        self->locks_at = 0;
        part->tenure = row->epoch;
        part->tenure_start = part->sequence;
        buf_clear (&part->part);
        part->part_seq = 0;
    } else if (LEFT_OUT (tenure_start)) {
        part->tenure = row->epoch;
        part->tenure_start = part->sequence;
    }
    part->role = ROLE_PRIMARY;
    part->primary = self->cluster.self;
}

static void
s_become_backup (storage_t *self, partition_t *part, const part_t *row)
{
    if (part->role == ROLE_PRIMARY) // Handed over: everything is committed
        oplog_reset (&part->log, part->sequence);
    else if (!s_has_data (part)) {
        s_begin_empty (self, part, row);
        part->broken = row->epoch != 1; // Only a partition that begins has backups without data
    }
    replica_learn_end (part);
    part->role = ROLE_BACKUP;
}

void
replica_learn_row (storage_t *self, partition_t *part, const part_t *row, uint64_t now)
{
    role_t role = part_role (row, self->cluster.self);
    role_t old = part->role;
    shared_word_stop (part->shared);
    //  Whatever the new epoch is: what was under way in the old one is over
    bool goes_on = LEFT_OUT (move_epoch) && role == ROLE_PRIMARY && replica_learns (part)
                   && row->learner == part->move.target;
    if (!goes_on)
        replica_move_over (self, part, row, now);
    part->asked_at = 0;
    part->epoch = row->epoch;
    if (role != ROLE_PRIMARY && old == ROLE_PRIMARY)
        replica_lock_abandon (self, part);
    if (role == ROLE_PRIMARY) {
        s_become_primary (self, part, row, now);
        if (part->epoch != row->epoch)
            return;
    } else if (role == ROLE_BACKUP)
        s_become_backup (self, part, row);
    else {
        replica_learn_end (part);
        replica_drop_data (self, part);
        part->role = role;
    }
    if (role != ROLE_PRIMARY) {
        part->primary = row->primary;
        part->others_count = 0;
        part->learner.id = 0;
        part->streaming = false;
        if (old == ROLE_PRIMARY)
            replica_abandon (self, part);
        if (old == ROLE_PRIMARY && self->feeding)
            replica_feed_gone (self, part);
        return;
    }
    s_set_copies (self, part, row, now);
    part->streaming = part->others_count || self->cluster.watch;
    if (!part->streaming)
        oplog_reset (&part->log, part->sequence);
    if (row->learner && part->move.state == MOVE_NONE)
        replica_move_begin (self, part, MOVE_LEARNER, row->learner, now);
    replica_touch (self, part);
}

//  Who is UP may have changed without a new epoch.
static void
s_refresh_copies (storage_t *self, partition_t *part)
{
    for (unsigned at = 0; at <= part->others_count; at++) {
        copy_t *copy = at < part->others_count ? &part->others[at] : &part->learner;
        const member_t *member = copy->id ? view_member (self->cluster.view, copy->id) : NULL;
        bool up = member && member->status != MEMBER_SUSPECT;
        if (copy->up && !up)
            copy->heard_at = self->cluster.now;
        copy->up = up;
    }
}

//  ------------------------------------------------------------------------------------------------
//  Maps in ap mode

static void
s_ap_send (void *arg, node_id_t to, uint32_t actor, bytes_t message)
{
    buf_t *out = replica_out_plain (arg, to, actor);
    if (out)
        buf_add (out, message.data, message.size);
}

static uint64_t
s_ap_used (void *arg)
{
    const storage_t *self = arg;
    return self->pool.used_bytes + self->pool.index_bytes;
}

//  What they need is made when the first one is declared. False without memory.
static bool
s_prepare_ap (storage_t *self, const view_t *view)
{
    bool declared = false;
    for (uint32_t at = 0; at < view->maps_count; at++)
        declared = declared || view->maps[at].mode == MAP_AP;
    if (!declared || self->cluster.ap)
        return true;
    const storage_config_t *config = &self->config;
    ap_config_t ap = { .index = config->index,
                       .actors = config->actors,
                       .partitions = config->partitions,
                       .maps_max = config->maps_max,
                       .regex = config->regex,
                       .value_max = config->value_max,
                       .memory_limit = config->memory_limit,
                       .grace = config->ap_grace,
                       .round = config->ap_round };
    ap_port_t port = { self, s_ap_send, s_ap_used };
    self->cluster.ap = ap_new (&ap, view->seed, self->cluster.self, &port);
    //  From now on local readers ask: they know nothing of these maps
    if (self->cluster.ap)
        atomic_store (&self->ap_declared, true);
    return self->cluster.ap != NULL;
}

bool
storage_set_view (storage_t *self, const view_t *view, uint64_t now)
{
    cluster_side_t *cluster = &self->cluster;
    if (cluster->view && view->version <= cluster->view->version)
        return true;
    view_t *copy = view_copy (view);
    if (!copy)
        return false;
    if (!s_prepare_ap (self, copy)) {
        view_destroy (&copy);
        return false;
    }
    if (!cluster->view)
        hash_secret (&self->secret, view->seed);
    view_t *old = cluster->view;
    cluster->view = copy;
    cluster->now = now;
    ages_time (&self->ages, now);
    cluster->replicate_at = 0;
    if (cluster->ap)
        ap_set_view (cluster->ap, copy, now);
    view_destroy (&old);
    const member_t *me = view_member (copy, cluster->self);
    bool alone = me && copy->members_count == 1 && !cluster->watch;
    if (cluster->alone && !alone) // What was done alone is committed
        for (uint32_t local = 0; local < self->local_partitions; local++)
            self->partitions[local].commit = self->partitions[local].sequence;
    cluster->alone = alone;
    cluster->generation = me ? me->generation : 0;
    replica_feed_view (self);
    storage_apply_settings (self);
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        partition_t *part = &self->partitions[local];
        const part_t *row = &copy->parts[part->id];
        if (row->epoch > part->epoch)
            replica_learn_row (self, part, row, now);
        else if (part->role == ROLE_PRIMARY)
            s_refresh_copies (self, part);
        replica_share (self, part);
    }
    limits_refresh (self);
    for (uint32_t local = 0; local < self->local_partitions; local++)
        replica_advance (self, &self->partitions[local], now);
    return true;
}

//  ------------------------------------------------------------------------------------------------

bool
storage_session (storage_t *self, uint8_t session[SESSION_SIZE])
{
    cluster_side_t *cluster = &self->cluster;
    if (!cluster->view)
        return false;
    cluster->issuer.node = cluster->self;
    cluster->issuer.actor = self->config.index;
    return session_issue (&cluster->issuer, cluster->view->cluster, cluster->view->era, session);
}

partition_state_t
storage_partition_state (storage_t *self, uint32_t partition)
{
    partition_state_t state = { .role = ROLE_NONE };
    if (partition >= self->config.partitions || partition % self->config.actors != self->config.index)
        return state;
    const partition_t *part = &self->partitions[partition / self->config.actors];
    return (partition_state_t) { .role = (role_t) part->role,
                                 .epoch = part->epoch,
                                 .last = part->sequence,
                                 .commit = self->cluster.alone ? part->sequence : part->commit,
                                 .tenure = part->tenure,
                                 .tenure_start = part->tenure_start,
                                 .sealed = replica_sealed (part),
                                 .move = part->move.state,
                                 .complete = replica_learn_complete (part),
                                 .log_bytes = oplog_size (&part->log),
                                 .waiting = part->waits.count,
                                 .sessions = part->sessions.count };
}

typedef struct {
    uint64_t sum;
    uint64_t map;
    const hash_secret_t *secret;
} s_digest_t;

static uint64_t
s_mix (uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static void
s_digest_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_digest_t *digest = arg;
    (void) slot;
    uint64_t own = s_mix (hash ^ digest->map) + hash_key (digest->secret, entry_value (entry));
    own = s_mix (own + entry_version (entry) * 2 + (entry_deadline (entry) != 0));
    digest->sum += own;
}

uint64_t
storage_partition_digest (storage_t *self, uint32_t partition)
{
    uint32_t local = partition / self->config.actors;
    s_digest_t digest = { .secret = &self->secret };
    for (uint32_t number = 0;; number++) {
        map_t *map = map_numbered (self, number);
        if (!map)
            break;
        store_t *store = map_store (map, local);
        digest.map = map->hash;
        for (uint64_t at = 0; store && at < INDEX_END;)
            at = index_visit (&store->index, at, s_digest_one, &digest);
    }
    const partition_t *part = &self->partitions[local];
    return digest.sum + s_mix (sessions_digest (&part->sessions)) + s_mix (locks_digest (&part->locks));
}

uint64_t
storage_ap_digest (storage_t *self, uint32_t partition)
{
    return self->cluster.ap ? ap_digest (self->cluster.ap, partition) : 0;
}
