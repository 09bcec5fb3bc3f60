//  gateway: see gateway.h.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "gateway_impl.h"

#define S_WINDOWS 16 // So many windows of records may wait, the one in flight included

gateway_t *
gateway_new (const gateway_config_t *config, const gateway_port_t *port)
{
    gateway_t *self = mem_alloc_zero (1, sizeof (gateway_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->port = *port;
    self->asks = asks_new (&self->config, &self->stats);
    self->listen = listen_new (config, port);
    if (!self->asks || !self->listen)
        gateway_destroy (&self);
    else
        self->hearers = listen_hearers (self->listen);
    return self;
}

void
gateway_destroy (gateway_t **self_p)
{
    gateway_t *self = *self_p;
    if (!self)
        return;
    call_flush_reads (self);
    if (self->asks)
        asks_end (self->asks, call_reply);
    asks_destroy (&self->asks);
    listen_destroy (&self->listen);
    view_destroy (&self->view);
    call_free_spares (self);
    buf_clear (&self->copy);
    mem_free (self);
    *self_p = NULL;
}

void
gateway_clock (gateway_t *self, moment_t moment)
{
    self->moment = moment;
}

void
gateway_set_view (gateway_t *self, view_t **view_p)
{
    if (self->view && *view_p && (*view_p)->version < self->view->version) {
        view_destroy (view_p);
        return;
    }
    view_destroy (&self->view);
    self->view = *view_p;
    *view_p = NULL;
}

bool
gateway_map (const gateway_t *self, uint32_t database, buf_t *name)
{
    char number[16];
    buf_reset (name);
    buf_add (name, self->config.map, strlen (self->config.map));
    if (database) {
        snprintf (number, sizeof number, ":%u", (unsigned) database);
        buf_add (name, number, strlen (number));
    }
    return !name->failed;
}

bool
gateway_is_full (gateway_t *self)
{
    bool full = asks_count (self->asks) > S_WINDOWS * self->config.window_records;
    self->stalled = self->stalled || full;
    return full;
}

void
gateway_unpause (gateway_t *self)
{
    self->pause = (pause_t) { .until = 0 };
    for (talk_t *talk = self->talks; talk; talk = talk->next)
        if (talk->paused) {
            talk->paused = false;
            talk_resume (talk);
        }
}

void
gateway_settle (gateway_t *self)
{
    if (self->pause.until && self->moment.now >= self->pause.until)
        gateway_unpause (self);
    if (self->stalled && asks_count (self->asks) <= S_WINDOWS * self->config.window_records / 2) {
        self->stalled = false;
        for (talk_t *talk = self->talks; talk; talk = talk->next)
            talk_resume (talk);
    }
    do {
        //  What goes on may make others go on
        for (talk_t *talk = self->resuming; talk; talk = self->resuming) {
            self->resuming = talk->next_resuming;
            talk->is_resuming = false;
            talk_run (talk);
        }
        call_flush_reads (self);
        hearers_turn (self->hearers, self->moment.now);
    } while (self->resuming);
}

void
gateway_message (gateway_t *self, bytes_t topic, bytes_t body)
{
    if (!listen_message (self->listen, topic, body))
        self->stats.broken++;
}

bool
gateway_body (gateway_t *self, gateway_body_t *body)
{
    return asks_body (self->asks, body);
}

void
gateway_receive (gateway_t *self, bytes_t body)
{
    asks_receive (self->asks, body, call_reply, self->moment.now);
}

bool
gateway_is_idle (const gateway_t *self)
{
    return asks_count (self->asks) == 0 && !self->ready && !self->resuming;
}

talk_t *
gateway_ready (gateway_t *self)
{
    talk_t *talk = self->ready;
    if (!talk)
        return NULL;
    self->ready = talk->next_ready;
    talk->is_ready = false;
    return talk;
}

uint64_t
gateway_turn (gateway_t *self)
{
    uint64_t asks = asks_turn (self->asks, call_reply, self->moment.now);
    uint64_t rounds = hearers_turn (self->hearers, self->moment.now);
    uint64_t next = asks < rounds ? asks : rounds, until = self->pause.until;
    uint64_t pause = !until ? UINT64_MAX : until > self->moment.now ? until - self->moment.now : 0;
    return pause < next ? pause : next;
}

bool
gateway_has_room (const gateway_t *self)
{
    return self->stats.buffered + asks_bytes (self->asks) < self->config.memory_max;
}

gateway_stats_t *
gateway_stats (gateway_t *self)
{
    const hearers_stats_t *heard = hearers_stats (self->hearers);
    self->stats.subscriptions = heard->subscriptions;
    self->stats.heard = heard->given;
    self->stats.rounds_late = heard->late;
    return &self->stats;
}
