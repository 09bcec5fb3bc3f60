//  fake_owners: see fake_owners.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/fake_owners.h"

#include <stdio.h>

#include "lib/test.h"
#include "slot.h"
#include "status.h"

#define S_COUNT(array) (sizeof (array) / sizeof (array)[0])

//  ------------------------------------------------------------------------------------------------
//  Ports

static bool
s_send (void *arg, node_id_t node, uint32_t actor, uint64_t mark, bytes_t body)
{
    owners_t *self = arg;
    assert (node >= 101 && node < 101 + OWNERS_MEMBERS && actor < OWNERS_ACTORS);
    if (self->full)
        return false;
    self->bodies++;
    buf_reset (&self->last);
    buf_add (&self->last, body.data, body.size);
    parcel_t *parcel = malloc (sizeof *parcel + body.size);
    assert (parcel);
    *parcel = (parcel_t) { .member = (uint32_t) node - 101, .actor = actor, .mark = mark, .size = body.size };
    memcpy (parcel->body, body.data, body.size);
    *self->end = parcel;
    self->end = &parcel->next;
    return true;
}

static void
s_reply (void *arg, bytes_t route, const bytes_t *envelope, size_t envelope_count, bytes_t body,
         uint64_t records)
{
    owners_t *self = arg;
    mp_t reader;
    reply_t reply;
    uint64_t count = 0;
    (void) envelope;
    assert (wire_open (body, &reader));
    while (wire_next_reply (&reader, &reply) == WIRE_RECORD) {
        meta_t meta;
        assert (self->answer_count < S_COUNT (self->answers) && meta_decode (reply.meta, &meta));
        answer_t *answer = &self->answers[self->answer_count++];
        *answer = (answer_t) { .envelopes = envelope_count,
                               .message = self->messages,
                               .id = reply.id,
                               .status = reply.status,
                               .value = reply.value.kind == VALUE_INT ? reply.value.integer : 0,
                               .cursor = meta.cursor,
                               .retry = meta.retry };
        assert (route.size < sizeof answer->route && meta.owner.size < sizeof answer->owner);
        memcpy (answer->route, route.data, route.size);
        if (meta.owner.size)
            memcpy (answer->owner, meta.owner.data, meta.owner.size);
        mp_t missed = mp_of (meta.missed);
        if (meta.given & META_missed)
            assert (mp_array (&missed, &answer->missed));
        count++;
    }
    assert (mp_at_end (&reader) && count == records);
    self->messages++;
}

static bool
s_session (void *arg, uint8_t session[SESSION_SIZE])
{
    owners_t *self = arg;
    if (self->no_sessions)
        return false;
    memset (session, 0xab, SESSION_SIZE);
    self->sessions++;
    memcpy (session, &self->sessions, sizeof self->sessions);
    return true;
}

owners_t *
owners_new (const forward_config_t *config)
{
    owners_t *self = calloc (1, sizeof *self);
    assert (self);
    forward_config_t mine = *config;
    mine.self = owners_id (0);
    forward_port_t port = { self, s_send, s_reply, s_session };
    self->now = 1000;
    self->era = 1;
    self->end = &self->first;
    self->refuse_partition = OWNERS_ANY;
    for (uint32_t at = 0; at < OWNERS_PARTITIONS; at++)
        self->owner[at] = self->listed[at] = owners_id (at % OWNERS_MEMBERS);
    self->forward = forward_new (&mine, &port);
    return self;
}

void
owners_destroy (owners_t **self_p)
{
    owners_t *self = *self_p;
    forward_destroy (&self->forward);
    while (self->first) {
        parcel_t *parcel = self->first;
        self->first = parcel->next;
        free (parcel);
    }
    buf_clear (&self->last);
    free (self);
    *self_p = NULL;
}

void
owners_publish (owners_t *self)
{
    view_t *view = view_new (OWNERS_PARTITIONS);
    assert (view);
    view->cluster = 7;
    view->version = ++self->version;
    view->era = self->era;
    for (uint32_t at = 0; at < OWNERS_MEMBERS; at++) {
        member_t member = { .id = owners_id (at), .weight = 100, .actors = OWNERS_ACTORS };
        snprintf (member.host, sizeof member.host, "host%u", at);
        snprintf (member.name, sizeof member.name, "member%u", at);
        member.status = self->status[at];
        for (uint16_t actor = 0; actor < OWNERS_ACTORS; actor++)
            member.client_ports[actor] = (uint16_t) (5000 + actor);
        assert (view_add_member (view, &member));
    }
    for (uint32_t at = 0; at < OWNERS_PARTITIONS; at++) {
        part_t *part = &view->parts[at];
        part->epoch = self->version;
        part->primary = self->listed[at];
        //  The next member has a copy, too
        if (part->primary) {
            part->reps[part->reps_count++] = part->primary;
            part->reps[part->reps_count++] = owners_id ((uint32_t) (part->primary - 100) % OWNERS_MEMBERS);
        }
    }
    map_settings_t map = { .name = "map", .mode = MAP_AP, .min_sync = 1 };
    assert (!self->ap || view_set_map (view, &map));
    forward_set_view (self->forward, &view, self->now);
}

//  ------------------------------------------------------------------------------------------------
//  Clients

static bytes_t
s_key (const char *prefix, uint32_t partition, char *key, size_t room)
{
    for (unsigned number = 0; key[0] == 0; number++) {
        char made[16];
        snprintf (made, sizeof made, "%s-%u", prefix, number);
        if (slot_partition (slot_of_key (bytes_str (made)), OWNERS_PARTITIONS) == partition)
            memcpy (key, made, room);
    }
    return bytes_str (key);
}

bytes_t
owners_key (uint32_t partition)
{
    static char s_keys[OWNERS_PARTITIONS][16];
    return s_key ("key", partition, s_keys[partition], sizeof s_keys[partition]);
}

bytes_t
owners_other_key (uint32_t partition)
{
    static char s_keys[OWNERS_PARTITIONS][16];
    return s_key ("other", partition, s_keys[partition], sizeof s_keys[partition]);
}

void
owners_say (owners_t *self, const char *route, bool whole, const buf_t *body)
{
    bytes_t empty = bytes_of (NULL, 0);
    mp_t reader;
    request_t request;
    group_t *group = forward_open (self->forward, bytes_str (route), &empty, whole ? 1 : 0);
    if (!group)
        return;
    assert (wire_open (buf_bytes (body), &reader));
    while (wire_next_request (&reader, &request) == WIRE_RECORD) {
        options_t options;
        const char *why = NULL;
        bool good = options_decode (request.options, &options, &why);
        assert (good);
        if (request.op == OP_WITH)
            forward_with (group, &options);
        else
            forward_record (self->forward, group, &request, &options, NULL, 0, self->now);
    }
    forward_close (self->forward, group, self->now);
}

void
owners_ask (owners_t *self, const char *route, uint64_t id, op_t op, uint32_t partition, int64_t value,
            const options_t *options)
{
    buf_t body = BUF_INIT;
    wire_begin (&body);
    value_t number = value_int (value);
    bool keyed = op_info (op)->routing == ROUTING_KEY;
    bytes_t key = keyed ? owners_key (partition) : bytes_of (NULL, 0);
    wire_request (&body, id, op, bytes_str ("map"), keyed ? &key : NULL, value ? &number : NULL, options);
    if (!body.failed)
        owners_say (self, route, false, &body);
    buf_clear (&body);
}

const answer_t *
owners_answer (const owners_t *self, const char *route, uint64_t id)
{
    for (uint32_t at = self->answer_count; at-- > 0;)
        if (self->answers[at].id == id && strcmp (self->answers[at].route, route) == 0)
            return &self->answers[at];
    return NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Owners

static void
s_refuse (owners_t *self, const request_t *request, buf_t *out)
{
    meta_t meta = { .given = self->refuse_retry ? META_retry : 0, .retry = self->refuse_retry };
    self->refuse_count--;
    wire_reply (out, request->id, self->refuse, value_nil (), 0, &meta);
}

//  The result of a request that was executed already.
static const int64_t *
s_known (const owners_t *self, const run_t *run)
{
    for (uint32_t at = 0; run->with_session && at < self->known_count; at++)
        if (self->known[at].run.id == run->id && self->known[at].run.partition == run->partition
            && memcmp (self->known[at].run.session, run->session, SESSION_SIZE) == 0)
            return &self->known[at].result;
    return NULL;
}

static int64_t
s_execute (owners_t *self, const run_t *run)
{
    int64_t *number = &self->numbers[run->partition];
    assert (self->run_count < S_COUNT (self->runs));
    self->runs[self->run_count++] = *run;
    if (run->op == OP_INCR)
        *number += run->value ? run->value : 1;
    else if (run->op == OP_PUT)
        *number = run->value;
    int64_t result = *number;
    if (run->op == OP_DESTROY)
        *number = 0;
    if (run->with_session) {
        assert (self->known_count < S_COUNT (self->known));
        self->known[self->known_count].run = *run;
        self->known[self->known_count++].result = result;
    }
    return result;
}

//  A page with the number of a partition, if it is not 0.
static void
s_scan (const owners_t *self, const request_t *request, uint32_t partition, buf_t *out)
{
    meta_t meta = { .given = META_cursor, .cursor = 0 };
    buf_t page = BUF_INIT;
    if (self->numbers[partition])
        wire_add_uint (&page, (uint64_t) self->numbers[partition]);
    wire_reply_array (out, request->id, self->numbers[partition] ? 1 : 0, buf_bytes (&page), &meta);
    buf_clear (&page);
}

static void
s_park (owners_t *self, const run_t *run, const options_t *options, uint64_t mark)
{
    uint32_t at = 0;
    while (at < self->parked_count
           && (self->parked[at].run.id != run->id
               || memcmp (self->parked[at].run.session, run->session, SESSION_SIZE) != 0))
        at++;
    assert (at < S_COUNT (self->parked));
    self->parked_count += at == self->parked_count;
    parked_t *parked = &self->parked[at];
    *parked = (parked_t) { .run = *run, .mark = mark, .wait = options->wait, .askings = parked->askings + 1 };
}

void
owners_grant (owners_t *self, uint32_t which, int64_t token, bool lost)
{
    const parked_t *parked = &self->parked[which];
    buf_t out = BUF_INIT;
    assert (which < self->parked_count);
    self->known[self->known_count].run = parked->run;
    self->known[self->known_count++].result = token;
    wire_begin (&out);
    wire_reply (&out, parked->run.id, ZGRID_OK, value_int (token), (uint64_t) token, NULL);
    if (!lost)
        forward_receive (self->forward, parked->mark, buf_bytes (&out), self->now);
    buf_clear (&out);
}

static void
s_serve (owners_t *self, const parcel_t *parcel, const request_t *request, buf_t *out)
{
    options_t options;
    const char *why;
    assert (request->faulty == 0 && options_decode (request->options, &options, &why));
    bool part = op_info (request->op)->routing == ROUTING_PART;
    assert (!part || (options.given & OPT_partition));
    run_t run = { .op = request->op, .id = request->id };
    run.partition = part ? (uint32_t) options.partition
                         : slot_partition (slot_of_key (request->key), OWNERS_PARTITIONS);
    run.value = request->value.kind == VALUE_INT ? request->value.integer : 0;
    run.with_session = options.given & OPT_session;
    if (run.with_session)
        memcpy (run.session, options.session.bytes.data, SESSION_SIZE);
    self->records++;
    assert (parcel->actor == run.partition % OWNERS_ACTORS);
    bool refused = self->refuse_count
                   && (self->refuse_partition == OWNERS_ANY || self->refuse_partition == run.partition);
    if (self->astray || (self->owner[run.partition] != owners_id (parcel->member) && !self->ap)) {
        char owner[64];
        uint32_t named = self->astray ? 3 - parcel->member : (uint32_t) (self->owner[run.partition] - 101);
        snprintf (owner, sizeof owner, "tcp://host%u:%u", named, 5000 + run.partition % OWNERS_ACTORS);
        meta_t meta = { .given = META_owner, .owner = bytes_str (owner) };
        wire_reply (out, request->id, ZGRID_MOVED, value_nil (), 0, &meta);
        return;
    }
    if (refused) {
        s_refuse (self, request, out);
        return;
    }
    const int64_t *known = s_known (self, &run);
    bool ours = run.with_session && run.session[15] == 0xab;
    if (ours) { // What was said to be answered is never asked again
        uint64_t *acked = &self->acked[run.op == OP_LOCK][run.partition];
        assert (known || run.id >= *acked);
        if (options.ack > *acked)
            *acked = options.ack;
        assert (options.ack <= run.id);
    }
    assert (!op_info (request->op)->writes || run.with_session);
    if (request->op == OP_LOCK && self->locked && !known)
        s_park (self, &run, &options, parcel->mark);
    else if (request->op == OP_SCAN)
        s_scan (self, request, run.partition, out);
    else
        wire_reply (out, request->id, ZGRID_OK, value_int (known ? *known : s_execute (self, &run)), 0, NULL);
}

static void
s_deliver (owners_t *self, const parcel_t *parcel)
{
    if (self->lose_requests) {
        self->lose_requests--;
        return;
    }
    if (self->dead[parcel->member])
        return;
    mp_t reader;
    request_t request;
    buf_t out = BUF_INIT;
    assert (wire_open (bytes_of (parcel->body, parcel->size), &reader));
    wire_begin (&out);
    while (wire_next_request (&reader, &request) == WIRE_RECORD)
        s_serve (self, parcel, &request, &out);
    assert (mp_at_end (&reader));
    if (self->lose_replies)
        self->lose_replies--;
    else if (out.size > WIRE_SIGNATURE_SIZE)
        forward_receive (self->forward, parcel->mark, buf_bytes (&out), self->now);
    buf_clear (&out);
}

void
owners_run (owners_t *self)
{
    for (unsigned rounds = 0;; rounds++) {
        assert (rounds < 10000); // Or records go round in a circle
        uint64_t next = forward_turn (self->forward, self->now);
        if (next && (!self->first || self->hold))
            return;
        while (self->first && !self->hold) {
            parcel_t *parcel = self->first;
            self->first = parcel->next;
            if (!self->first)
                self->end = &self->first;
            s_deliver (self, parcel);
            free (parcel);
        }
    }
}

void
owners_pass (owners_t *self, uint64_t milliseconds)
{
    uint64_t until = self->now + milliseconds;
    for (;;) {
        owners_run (self);
        uint64_t next = forward_turn (self->forward, self->now);
        if (next == UINT64_MAX || self->now + next > until)
            break;
        self->now += next;
    }
    self->now = until;
    owners_run (self);
}
