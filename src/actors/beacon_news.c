//  beacon_news: what happened, for clients that listen, and how far this node's moves are.
//  SPDX-License-Identifier: MPL-2.0
#include <stdatomic.h>

#include "beacon_impl.h"

#define S_EVENTS_MAX 65536 // Bytes for one turn; beyond that events are lost, which their numbers say
#define S_REFUSED_MS 1000

static void
s_add (beacon_t *self, const event_record_t *event)
{
    beacon_news_t *news = &self->news;
    buf_t json = BUF_INIT;
    news->number++;
    if (news->events.size > S_EVENTS_MAX || self->inners[self->actors].route_size == 0)
        return;
    event_encode (event, &json);
    size_t before = news->events.size;
    wire_add_array (&news->events, 3);
    wire_add_uint (&news->events, news->number);
    wire_add_uint (&news->events, self->view ? self->view->version : 0);
    wire_add_bytes (&news->events, buf_bytes (&json));
    if (json.failed || news->events.failed) {
        news->events.size = before;
        news->events.failed = false;
    }
    buf_clear (&json);
}

static const char *
s_name (const beacon_t *self, node_id_t node)
{
    const member_t *member = self->view && node ? view_member (self->view, node) : NULL;
    return member ? member->name : node == self->id ? self->name : NULL;
}

void
beacon_happened (beacon_t *self, cluster_event_t kind, uint32_t partition, node_id_t node, const char *text)
{
    event_record_t event = { .kind = kind,
                             .at = self->wall,
                             .node = self->name,
                             .partition = partition,
                             .id = node,
                             .member = s_name (self, node),
                             .text = text };
    if (kind == EVENT_REFUSED) {
        if (self->now < self->news.refused_at + S_REFUSED_MS && self->news.refused_at)
            return;
        self->news.refused_at = self->now;
        event.id = 0; // It says so itself, and may lie
        event.member = NULL;
    } else if (kind >= EVENT_MEMBER_ADDED && kind <= EVENT_MEMBER_FORGOTTEN) {
        event.member = text;
        event.text = NULL;
    }
    s_add (self, &event);
}

static move_info_t *
s_find (beacon_t *self, uint32_t partition)
{
    for (uint32_t at = 0; at < self->moves.count; at++)
        if (self->moves.list[at].partition == partition)
            return &self->moves.list[at];
    return NULL;
}

void
beacon_moved (beacon_t *self, const inner_t *message)
{
    beacon_moves_t *moves = &self->moves;
    move_info_t move = { .partition = message->partition,
                         .epoch = message->epoch,
                         .target = message->node,
                         .state = (move_state_t) message->state,
                         .entries = message->entries,
                         .bytes = message->bytes,
                         .total = message->total };
    move_info_t *known = s_find (self, move.partition);
    atomic_fetch_add (&self->status->moved, 1);
    bool news = !known || known->state != move.state || known->epoch != move.epoch
                || known->target != move.target;
    if (move.state == MOVE_DONE || move.state == MOVE_ABORTED) {
        if (known)
            *known = moves->list[--moves->count];
    } else if (known)
        *known = move;
    else if (moves->count < BEACON_MOVES_MAX)
        moves->list[moves->count++] = move;
    if (!news)
        return;
    event_record_t event = { .kind = EVENT_MOVE,
                             .at = self->wall,
                             .node = self->name,
                             .partition = move.partition,
                             .id = move.target,
                             .member = s_name (self, move.target),
                             .move = &move };
    s_add (self, &event);
}

void
beacon_end_moves (beacon_t *self)
{
    beacon_moves_t *moves = &self->moves;
    for (uint32_t at = moves->count; at-- > 0;) {
        const move_info_t *move = &moves->list[at];
        if (move->partition >= self->view->partitions
            || self->view->parts[move->partition].epoch > move->epoch)
            moves->list[at] = moves->list[--moves->count];
    }
}

void
beacon_tell_news (beacon_t *self)
{
    buf_t *events = &self->news.events;
    if (events->size == 0)
        return;
    inner_t message = { .kind = INNER_EVENTS, .record = buf_bytes (events) };
    beacon_send_inner (self, &self->inners[self->actors], &message);
    if (self->pubsub < self->inners_count)
        beacon_send_inner (self, &self->inners[self->pubsub], &message);
    buf_reset (events);
}
