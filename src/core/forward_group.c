//  forward_group: clients, what one message of them asks for, and the replies to it.
//  SPDX-License-Identifier: MPL-2.0
#include "forward_impl.h"
#include "mem.h"

//  ------------------------------------------------------------------------------------------------
//  Clients

static client_t *
s_find_client (const forward_t *self, bytes_t route, uint64_t hash)
{
    for (link_t *link = table_find (&self->clients, hash); link; link = table_next (link)) {
        client_t *client = (client_t *) link;
        if (bytes_equal (bytes_of (client->route, client->route_size), route))
            return client;
    }
    return NULL;
}

//  The client of that routing id, known or new. NULL without memory.
static client_t *
s_client (forward_t *self, bytes_t route)
{
    uint64_t hash = hash_key (&self->secret, route);
    client_t *client = s_find_client (self, route, hash);
    if (client || !table_reserve (&self->clients))
        return client;
    client = mem_alloc_zero (1, sizeof (client_t) + route.size);
    if (!client)
        return NULL;
    client->link.hash = hash;
    client->route_size = route.size;
    if (route.size)
        memcpy (client->route, route.data, route.size);
    table_add (&self->clients, &client->link);
    return client;
}

//  ------------------------------------------------------------------------------------------------
//  Groups

group_t *
forward_open (forward_t *self, bytes_t route, const bytes_t *envelope, size_t envelope_count)
{
    size_t size = 0;
    assert (envelope_count <= WIRE_ENVELOPE_MAX);
    for (size_t at = 0; at < envelope_count; at++)
        size += envelope[at].size;
    group_t *group = mem_alloc_zero (1, sizeof (group_t) + size);
    client_t *client = group ? s_client (self, route) : NULL;
    if (!client) {
        mem_free (group);
        return NULL;
    }
    group->client = client;
    client->groups++;
    group->number = ++self->last_number;
    group->whole = envelope_count > 0;
    group->envelope_count = envelope_count;
    uint8_t *to = group->envelope;
    for (size_t at = 0; at < envelope_count; at++) {
        group->envelope_sizes[at] = envelope[at].size;
        if (envelope[at].size)
            memcpy (to, envelope[at].data, envelope[at].size);
        to += envelope[at].size;
    }
    wire_begin (&group->replies);
    return group;
}

bool
forward_check_session (const options_t *options, const char **why)
{
    if (!(options->given & OPT_session) || options->session.kind == VALUE_NIL)
        return true;
    *why = "a session is 16 bytes";
    return options->session.kind == VALUE_BYTES && options->session.bytes.size == SESSION_SIZE;
}

void
forward_with (group_t *group, const options_t *options)
{
    if (options->given & OPT_session) {
        group->with_session = options->session.kind == VALUE_BYTES;
        if (group->with_session)
            memcpy (group->session, options->session.bytes.data, SESSION_SIZE);
    }
    if (options->given & OPT_ack)
        group->ack = options->ack;
    if (options->given & OPT_deadline)
        group->deadline = options->deadline;
}

static void
s_list (forward_t *self, group_t *group, uint64_t now)
{
    if (group->listed)
        return;
    group->listed = true;
    group->since = now;
    group->prev = self->replying_last;
    group->next = NULL;
    *(self->replying_last ? &self->replying_last->next : &self->replying_first) = group;
    self->replying_last = group;
}

static void
s_unlist (forward_t *self, group_t *group)
{
    if (!group->listed)
        return;
    group->listed = false;
    *(group->prev ? &group->prev->next : &self->replying_first) = group->next;
    *(group->next ? &group->next->prev : &self->replying_last) = group->prev;
}

static void
s_destroy (forward_t *self, group_t *group)
{
    client_t *client = group->client;
    s_unlist (self, group);
    if (--client->groups == 0) {
        assert (client->records == 0);
        table_remove (&self->clients, &client->link);
        mem_free (client);
    }
    buf_clear (&group->replies);
    mem_free (group);
}

//  Sends the replies that are there.
static void
s_emit (forward_t *self, group_t *group)
{
    buf_t *replies = &group->replies;
    if (!replies->failed && replies->size > WIRE_SIGNATURE_SIZE) {
        bytes_t envelope[WIRE_ENVELOPE_MAX];
        const uint8_t *at = group->envelope;
        for (size_t index = 0; index < group->envelope_count; index++) {
            envelope[index] = bytes_of (at, group->envelope_sizes[index]);
            at += group->envelope_sizes[index];
        }
        self->port.reply (self->port.arg, bytes_of (group->client->route, group->client->route_size),
                          envelope, group->envelope_count, buf_bytes (replies), group->said);
    }
    buf_reset (replies);
    wire_begin (replies);
    group->said = 0;
}

void
group_settle (forward_t *self, group_t *group, uint64_t now)
{
    bool complete = group->closed && group->pending == 0;
    bool full = !group->whole && group->replies.size >= self->config.body_bytes;
    if (complete || full)
        s_emit (self, group);
    if (complete)
        s_destroy (self, group);
    else if (full)
        s_unlist (self, group);
    else if (group->replies.size > WIRE_SIGNATURE_SIZE && !group->whole)
        s_list (self, group, now);
}

void
forward_close (forward_t *self, group_t *group, uint64_t now)
{
    group->closed = true;
    group_settle (self, group, now);
}

void
groups_turn (forward_t *self, uint64_t now)
{
    group_t *group;
    while ((group = self->replying_first) && now - group->since >= self->config.linger) {
        s_emit (self, group);
        s_unlist (self, group);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Replies

buf_t *
forward_replies (group_t *group)
{
    return &group->replies;
}

void
forward_said (group_t *group, uint64_t records)
{
    group->said += records;
}

//  Where a reply stands behind its id, and how many elements it has in all. False: it is not one.
static bool
s_behind_id (bytes_t record, uint32_t *count, bytes_t *rest)
{
    mp_t reader = mp_of (record);
    uint64_t id;
    if (!mp_array (&reader, count) || !mp_uint (&reader, &id))
        return false;
    *rest = bytes_of (reader.at, (size_t) (reader.end - reader.at));
    return true;
}

//  A reply goes back as it came, but for its id. spare: BUSY is as true where the message is full.
void
group_reply_raw (forward_t *self, group_t *group, uint64_t id, bytes_t record, bool spare)
{
    uint32_t count;
    bytes_t rest;
    buf_t *out = &group->replies;
    bool full = group->whole && group->said && out->size + record.size > self->config.window_bytes;
    if (!s_behind_id (record, &count, &rest))
        wire_reply_error (out, id, ZGRID_MAYBE, "the answer cannot be read");
    else if (full && spare)
        wire_reply_error (out, id, ZGRID_BUSY, "the replies exceed limits.window_bytes");
    else {
        wire_add_array (out, count);
        wire_add_uint (out, id);
        buf_add (out, rest.data, rest.size);
    }
    group->said++;
}

void
group_reply_error (group_t *group, uint64_t id, unsigned status, const char *text)
{
    wire_reply_error (&group->replies, id, status, text);
    group->said++;
}

//  ------------------------------------------------------------------------------------------------
//  Sums

static void
s_sum_reply (sum_t *sum)
{
    buf_t *out = &sum->group->replies;
    buf_t missed = BUF_INIT;
    meta_t meta = { .given = 0 };
    if (sum->missed_count) {
        wire_add_array (&missed, sum->missed_count);
        buf_add (&missed, sum->missed.data, sum->missed.size);
        meta = (meta_t) { .given = META_missed, .missed = buf_bytes (&missed) };
    }
    if (sum->status)
        wire_reply_error (out, sum->id, sum->status, NULL);
    else if (missed.failed || sum->missed.failed)
        wire_reply_error (out, sum->id, ZGRID_NOMEM, "out of memory");
    else
        wire_reply (out, sum->id, sum->missed_count ? ZGRID_PARTIAL : ZGRID_OK,
                    value_int ((int64_t) sum->total), 0, &meta);
    sum->group->said++;
    buf_clear (&missed);
}

void
sum_answer (sum_t *sum, uint32_t partition, const reply_t *reply)
{
    if (!reply) {
        wire_add_uint (&sum->missed, partition);
        sum->missed_count++;
    } else if (reply->status != ZGRID_OK)
        sum->status = sum->status ? sum->status : reply->status;
    else if (reply->value.kind == VALUE_INT)
        sum->total += (uint64_t) reply->value.integer;
    if (--sum->pending)
        return;
    s_sum_reply (sum);
    buf_clear (&sum->missed);
    mem_free (sum);
}
