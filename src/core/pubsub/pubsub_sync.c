//  pubsub_sync: answers to subscribers that want to know when all members know their subscriptions. What this
//  node subscribes to at another member is read there in order: one subscription more, to a token that says
//  who asks and which time, is answered when all before it have been read.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "pubsub_impl.h"

#define S_TOKEN_ROOM 40

static bytes_t
s_token (const pubsub_t *self, char *text)
{
    int size = snprintf (text, S_TOKEN_ROOM, "s%016llx%016llx", (unsigned long long) self->config.node,
                         (unsigned long long) self->syncs.round);
    return bytes_of (text, (size_t) size + 1);
}

void
pubsub_sync (pubsub_t *self, bytes_t token)
{
    buf_t *next = &self->syncs.next;
    size_t before = next->size;
    uint16_t size = (uint16_t) token.size;
    if (self->syncs.waiting >= PUBSUB_SYNCS_MAX || next->failed)
        return; // Whoever asks will ask again
    buf_add (next, &size, sizeof size);
    buf_add (next, token.data, token.size);
    if (next->failed) {
        next->size = before;
        next->failed = false;
    } else
        self->syncs.waiting++;
}

//  Everybody has answered.
static void
s_end (pubsub_t *self)
{
    pubsub_syncs_t *syncs = &self->syncs;
    const buf_t *now = &syncs->now;
    bytes_t body = bytes_of (WIRE_SIGNATURE, WIRE_SIGNATURE_SIZE);
    for (size_t at = 0; at < now->size;) {
        uint16_t size;
        memcpy (&size, now->data + at, sizeof size);
        at += sizeof size;
        self->port.send (self->port.arg, bytes_of (now->data + at, size), body, true, false);
        at += size;
        syncs->waiting--;
    }
    if (syncs->round) {
        char text[S_TOKEN_ROOM];
        self->port.follow (self->port.arg, s_token (self, text), false);
    }
    syncs->round = 0;
    buf_reset (&syncs->now);
    mem_free (syncs->missing);
    syncs->missing = NULL;
    syncs->missing_count = 0;
}

static void
s_drop (pubsub_syncs_t *syncs, uint32_t at)
{
    syncs->missing[at] = syncs->missing[--syncs->missing_count];
}

void
pubsub_synced (pubsub_t *self, bytes_t token, node_id_t node)
{
    pubsub_syncs_t *syncs = &self->syncs;
    char text[S_TOKEN_ROOM];
    if (!syncs->round || !bytes_equal (token, s_token (self, text)))
        return; // Of a round that has ended
    for (uint32_t at = syncs->missing_count; at-- > 0;)
        if (syncs->missing[at] == node)
            s_drop (syncs, at);
    if (syncs->missing_count == 0)
        s_end (self);
}

void
pubsub_sync_view (pubsub_t *self)
{
    pubsub_syncs_t *syncs = &self->syncs;
    for (uint32_t at = syncs->missing_count; at-- > 0;) {
        bool stays = false;
        for (uint32_t other = 0; other < self->members_count && !stays; other++)
            stays = self->members[other] == syncs->missing[at];
        if (!stays)
            s_drop (syncs, at);
    }
    if (syncs->round && syncs->missing_count == 0)
        s_end (self);
}

void
pubsub_sync_turn (pubsub_t *self)
{
    pubsub_syncs_t *syncs = &self->syncs;
    if (syncs->round || syncs->next.size == 0)
        return;
    size_t size = self->members_count * sizeof (node_id_t);
    if (size && !(syncs->missing = mem_alloc (size)))
        return; // At the next turn
    buf_t swap = syncs->now;
    syncs->now = syncs->next;
    syncs->next = swap;
    syncs->missing_count = self->members_count;
    if (self->members_count == 0) {
        s_end (self);
        return;
    }
    memcpy (syncs->missing, self->members, size);
    syncs->round = ++syncs->rounds;
    char text[S_TOKEN_ROOM];
    self->port.follow (self->port.arg, s_token (self, text), true);
}

void
pubsub_sync_clear (pubsub_t *self)
{
    mem_free (self->syncs.missing);
    buf_clear (&self->syncs.now);
    buf_clear (&self->syncs.next);
}
