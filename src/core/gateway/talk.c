//  talk: see talk.h.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "gateway_impl.h"

#define S_READ_SIZE 16384 // Bytes that are worth reading at once
#define S_ROOM_FACTOR 4   // Of what has come of a large argument, for what is still to come
#define S_KEEP_ROOM 65536 // Of a buffer that is empty

static char *
s_copy (const char *text)
{
    size_t size = strlen (text) + 1;
    char *copy = mem_alloc (size);
    if (copy)
        memcpy (copy, text, size);
    return copy;
}

static void
s_limit (talk_t *self)
{
    self->limits = self->gateway->config.limits;
    if (self->known)
        return;
    self->limits.args_max = RESP_GUEST_ARGS_MAX;
    self->limits.bulk_max = RESP_GUEST_BULK_MAX;
}

talk_t *
talk_new (gateway_t *gateway, const char *address, const char *local, void *owner)
{
    talk_t *self = mem_alloc_zero (1, sizeof (talk_t));
    if (!self)
        return NULL;
    self->gateway = gateway;
    self->owner = owner;
    self->id = ++gateway->last_id;
    self->began = gateway->moment.wall;
    self->protocol = 2;
    self->expected = GATEWAY_OUTPUT_PAUSE; // A slow start
    self->next = gateway->talks;
    if (self->next)
        self->next->previous = self;
    gateway->talks = self;
    gateway->stats.connections++;
    gateway->stats.accepted++;
    talk_know (self, !*gateway->config.password);
    self->address = s_copy (address);
    self->local = s_copy (local);
    self->resp = resp_new (&self->limits);
    if (!self->address || !self->local || !self->resp || !talk_select (self, 0))
        talk_destroy (&self);
    return self;
}

static void
s_unlink (talk_t **list, size_t link, talk_t *self)
{
    for (talk_t **at = list; *at; at = (talk_t **) (void *) ((uint8_t *) *at + link))
        if (*at == self) {
            *at = *(talk_t **) (void *) ((uint8_t *) self + link);
            return;
        }
}

void
talk_destroy (talk_t **self_p)
{
    talk_t *self = *self_p;
    if (!self)
        return;
    gateway_t *gateway = self->gateway;
    call_orphan_all (self);
    multi_clear (&self->multi);
    if (self->is_ready)
        s_unlink (&gateway->ready, offsetof (talk_t, next_ready), self);
    if (self->is_resuming)
        s_unlink (&gateway->resuming, offsetof (talk_t, next_resuming), self);
    if (self->previous)
        self->previous->next = self->next;
    else
        gateway->talks = self->next;
    if (self->next)
        self->next->previous = self->previous;
    gateway->stats.connections--;
    gateway->stats.buffered -= self->counted;
    resp_destroy (&self->resp);
    buf_clear (&self->input);
    buf_clear (&self->output);
    buf_clear (&self->held);
    buf_clear (&self->map);
    hearer_destroy (&self->hearer);
    client_note_clear (&self->note);
    mem_free (self->address);
    mem_free (self->local);
    mem_free (self);
    *self_p = NULL;
}

void *
talk_owner (const talk_t *self)
{
    return self->owner;
}

unsigned
talk_protocol (const talk_t *self)
{
    return self->protocol;
}

void
talk_know (talk_t *self, bool known)
{
    self->known = known;
    s_limit (self);
}

bool
talk_is_subscribed (const talk_t *self)
{
    return hearer_listens (self->hearer);
}

hearer_t *
talk_hearer (talk_t *self, bool make)
{
    if (!self->hearer && make)
        self->hearer = hearer_new (self->gateway->hearers, self);
    return self->hearer;
}

bool
talk_select (talk_t *self, uint32_t database)
{
    if (database >= self->gateway->config.databases || !gateway_map (self->gateway, database, &self->map))
        return false;
    self->database = database;
    self->gateway->used |= database < 64 ? UINT64_C (1) << database : 0;
    return true;
}

static void
s_count (talk_t *self)
{
    uint64_t bytes = self->input.room + self->output.room + self->held.room + self->multi.bytes;
    self->gateway->stats.buffered += bytes - self->counted;
    self->counted = bytes;
}

//  ------------------------------------------------------------------------------------------------
//  Output

//  As Redis's client-output-buffer-limit: at once above the hard limit, after a while above the soft one.
static void
s_judge (talk_t *self, uint64_t waiting)
{
    const gateway_config_t *config = &self->gateway->config;
    bool hears = talk_is_subscribed (self);
    uint64_t hard = hears ? config->pubsub_hard : config->output_hard;
    uint64_t soft = hears ? config->pubsub_soft : config->output_soft;
    uint64_t time = hears ? config->pubsub_soft_ms : config->output_soft_ms;
    uint64_t now = self->gateway->moment.now;
    if (!soft || waiting <= soft)
        self->soft_since = 0;
    else if (!self->soft_since)
        self->soft_since = now ? now : 1;
    bool slow = (hard && waiting > hard)
                || (self->soft_since && now - self->soft_since >= time && now > self->soft_since);
    if (!slow || self->end == TALK_DEAD)
        return;
    self->gateway->stats.slow++;
    self->end = TALK_DEAD;
}

void
talk_touch (talk_t *self)
{
    gateway_t *gateway = self->gateway;
    if (self->output.failed || self->held.failed)
        self->end = TALK_DEAD; // A reply is not whole: nothing behind it could be understood
    s_judge (self, self->output.size - self->written + self->held.size);
    s_count (self);
    if (self->is_ready || (self->output.size == self->written && self->end == TALK_OPEN))
        return;
    self->is_ready = true;
    self->next_ready = gateway->ready;
    gateway->ready = self;
}

void
talk_push (talk_t *self, bytes_t said)
{
    if (self->end == TALK_DEAD)
        return;
    //  Never into the middle of a reply
    buf_t *out = self->first && self->saying ? &self->held : &self->output;
    buf_add (out, said.data, said.size);
    talk_touch (self);
}

bytes_t
talk_output (const talk_t *self)
{
    return bytes_of (self->output.data + self->written, self->output.size - self->written);
}

void
talk_wrote (talk_t *self, size_t size)
{
    self->written += size;
    self->gateway->stats.bytes_out += size;
    if (self->written == self->output.size) {
        if (self->output.room > S_KEEP_ROOM)
            buf_clear (&self->output);
        buf_reset (&self->output);
        self->written = 0;
    } else if (self->written > GATEWAY_OUTPUT_PAUSE && self->written > self->output.size / 2) {
        memmove (self->output.data, self->output.data + self->written, self->output.size - self->written);
        self->output.size -= self->written;
        self->written = 0;
    }
    s_judge (self, self->output.size - self->written);
    s_count (self);
    if (self->read < self->input.size)
        talk_resume (self);
}

talk_end_t
talk_end (const talk_t *self)
{
    return self->end == TALK_LAST && self->first ? TALK_OPEN : self->end;
}

void
talk_close (talk_t *self, talk_end_t end)
{
    if (self->end < end)
        self->end = end;
    talk_touch (self);
}

//  ------------------------------------------------------------------------------------------------
//  Input

uint8_t *
talk_room (talk_t *self, size_t *room)
{
    size_t want = S_READ_SIZE, wanted = resp_wanted (self->resp);
    size_t have = self->input.size - self->read;
    //  Room follows what has come, not what was announced
    if (wanted > want)
        want = wanted < S_ROOM_FACTOR * have + want ? wanted : S_ROOM_FACTOR * have + want;
    *room = buf_reserve (&self->input, want) ? self->input.room - self->input.size : 0;
    s_count (self);
    return self->input.data + self->input.size;
}

void
talk_read (talk_t *self, size_t size)
{
    self->input.size += size;
    self->gateway->stats.bytes_in += size;
    talk_run (self);
}

void
talk_finish (talk_t *self)
{
    self->finished = true;
    talk_resume (self);
}

//  What has been asked for comes, whether or not it is read: replies under way count as well. How large they
//  are is known of those before them.
static bool
s_is_full (const talk_t *self)
{
    const gateway_config_t *config = &self->gateway->config;
    uint64_t waiting = self->output.size - self->written;
    return self->calls >= config->calls_max || waiting > GATEWAY_OUTPUT_PAUSE
           || (self->calls && self->calls * self->expected > GATEWAY_OUTPUT_PAUSE)
           || gateway_is_full (self->gateway);
}

bool
talk_wants (const talk_t *self)
{
    if (self->end != TALK_OPEN)
        return false;
    return self->input.size - self->read < self->gateway->config.input_max
           || !(self->alone || self->paused || s_is_full (self));
}

void
talk_resume (talk_t *self)
{
    gateway_t *gateway = self->gateway;
    if (self->is_resuming || self->end != TALK_OPEN)
        return;
    self->is_resuming = true;
    self->next_resuming = gateway->resuming;
    gateway->resuming = self;
}

//  What cannot be understood ends the connection; commands before it are answered.
static void
s_end (talk_t *self, resp_step_t step)
{
    gateway_stats_t *stats = &self->gateway->stats;
    if (step == RESP_BAD) {
        call_t *call = call_new (self, NULL, 0);
        stats->protocol_errors++;
        if (call) {
            say_error_bytes (call_say (call), resp_error (self->resp));
            stats->errors++;
            call_done (call);
        }
        talk_close (self, TALK_LAST);
        return;
    }
    stats->hostile += step == RESP_HOSTILE;
    talk_close (self, TALK_DEAD);
}

//  Executes one command after the other. Returns true if it stopped before the input was done with: others
//  have to end first.
static bool
s_go_on (talk_t *self)
{
    size_t used = 0;
    uint32_t count;
    while (self->end == TALK_OPEN && self->read < self->input.size) {
        if (self->paused || s_is_full (self))
            return true;
        bytes_t rest = bytes_of (self->input.data + self->read, self->input.size - self->read);
        resp_step_t step = resp_next (self->resp, rest, &used);
        if (step == RESP_MORE)
            return false;
        if (step != RESP_COMMAND) {
            s_end (self, step);
            return false;
        }
        const bytes_t *args = resp_args (self->resp, &count);
        if (count && !talk_execute (self, args, count))
            return true; // It is read again when it may begin
        if (count && (args[0].data < rest.data || args[0].data >= rest.data + rest.size))
            call_flush_reads (self->gateway); // The words of an inline command are gone with the next one
        self->read += used;
    }
    return false;
}

lent_t *
talk_lend (talk_t *self, bytes_t bytes)
{
    const buf_t *input = &self->input;
    //  Within talk_run alone, and only if most of what would be kept is the value
    bool there = self->running && input->size && bytes.data >= input->data
                 && bytes.data < input->data + input->size;
    if (!there || bytes.size < input->room / 4)
        return NULL;
    if (!self->lent)
        self->lent = lent_new (input);
    return self->lent;
}

//  Others hold the input now: what is not read of it moves into memory of this connection's own.
static void
s_part (talk_t *self)
{
    buf_t rest = BUF_INIT;
    buf_add (&rest, self->input.data + self->read, self->input.size - self->read);
    lent_take (self->lent, &self->input);
    lent_let_go (&self->lent);
    self->input = rest;
    self->read = 0;
    if (!rest.failed)
        return;
    self->end = TALK_DEAD;
    talk_touch (self);
}

//  What was read makes room.
static void
s_tidy (talk_t *self)
{
    if (self->lent)
        s_part (self);
    if (self->read == self->input.size) {
        if (self->input.room > S_KEEP_ROOM)
            buf_clear (&self->input);
        buf_reset (&self->input);
        self->read = 0;
    } else if (self->read > self->input.size / 2) {
        memmove (self->input.data, self->input.data + self->read, self->input.size - self->read);
        self->input.size -= self->read;
        self->read = 0;
    }
}

void
talk_run (talk_t *self)
{
    self->running = true;
    bool stopped = s_go_on (self);
    call_flush_reads (self->gateway); // Their keys lie in the input
    s_tidy (self);
    self->running = false;
    self->alone = stopped && self->first;
    //  Who waits for output to be taken, for the grid, or for the end of a pause goes on after that
    if (stopped && !self->first && !self->paused && !s_is_full (self))
        talk_resume (self);
    if (self->finished && !stopped)
        talk_close (self, TALK_LAST);
    s_count (self);
}
