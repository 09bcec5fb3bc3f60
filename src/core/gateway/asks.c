//  asks: see asks.h.
//  SPDX-License-Identifier: MPL-2.0
#include "asks.h"

#include <zgrid_error.h>

#include "../mem.h"

#define S_FIRST 1024
#define S_SPARE_MAX 16 // Bodies that are kept for later
#define S_SPARE_BYTES (2 * ASKS_BODY_BYTES)
#define S_LOOK_MS 500 // Between two looks for records that were lost

typedef struct body body_t;
struct body {
    body_t *next;            // Behind it in the queue, or spare
    body_t *before, *behind; // In the list of those that hold records
    buf_t bytes;
    uint32_t records;
    uint32_t refs; // Records without a reply
};

typedef struct {
    call_t *call; // NULL: free
    call_reply_fn *then;
    uint64_t mark;
    body_t *body;
    uint64_t offset, size; // Of the record in the body
    uint64_t until;        // Sent again until then
    uint64_t due;          // Of one that waits to be sent again; 0: it does not wait
    uint32_t next;         // Free, or waiting
    uint16_t generation;   // Tells its records apart
    bool writes;
} s_slot_t;

struct asks {
    const gateway_config_t *config;
    gateway_stats_t *stats;
    s_slot_t *slots;                // The first is nobody's
    uint32_t room, used;            // used: taken into use so far
    uint32_t free;                  // A list; 0: empty
    uint32_t waiting, waiting_last; // To be sent again, in order
    uint32_t count;
    body_t *first, *last; // To be sent; the last is filled
    body_t *all;          // That hold records
    body_t *spare;
    uint32_t spares;
    uint64_t bytes, flying_records, flying_bytes;
    uint64_t looked;
};

#define S_SLOT_BITS 21
_Static_assert(ASKS_MAX == 1u << S_SLOT_BITS, "a record's id holds its slot");

asks_t *
asks_new (const gateway_config_t *config, gateway_stats_t *stats)
{
    asks_t *self = mem_alloc_zero (1, sizeof (asks_t));
    if (!self)
        return NULL;
    self->config = config;
    self->stats = stats;
    self->used = 1;
    self->slots = mem_alloc_zero (S_FIRST, sizeof (s_slot_t));
    self->room = S_FIRST;
    if (!self->slots)
        asks_destroy (&self);
    return self;
}

static void
s_free_body (body_t *body)
{
    buf_clear (&body->bytes);
    mem_free (body);
}

void
asks_destroy (asks_t **self_p)
{
    asks_t *self = *self_p;
    if (!self)
        return;
    for (body_t *body = self->all, *next; body; body = next) {
        next = body->behind;
        s_free_body (body);
    }
    for (body_t *body = self->spare, *next; body; body = next) {
        next = body->next;
        s_free_body (body);
    }
    mem_free (self->slots);
    mem_free (self);
    *self_p = NULL;
}

uint32_t
asks_count (const asks_t *self)
{
    return self->count;
}

uint64_t
asks_bytes (const asks_t *self)
{
    return self->bytes;
}

//  ------------------------------------------------------------------------------------------------
//  Bodies

//  One that takes a record; NULL without memory.
static body_t *
s_open (asks_t *self)
{
    body_t *body = self->last;
    if (body && body->records < ASKS_BODY_RECORDS && body->bytes.size < ASKS_BODY_BYTES)
        return body;
    body = self->spare;
    if (body) {
        self->spare = body->next;
        self->spares--;
        buf_reset (&body->bytes);
    } else if (!(body = mem_alloc_zero (1, sizeof (body_t))))
        return NULL;
    wire_begin (&body->bytes);
    if (body->bytes.failed) { // Nobody could read what is behind it
        s_free_body (body);
        return NULL;
    }
    body->next = body->before = NULL;
    body->behind = self->all;
    if (self->all)
        self->all->before = body;
    self->all = body;
    body->records = body->refs = 0;
    if (self->last)
        self->last->next = body;
    else
        self->first = body;
    self->last = body;
    return body;
}

//  A record in a body that was sent is done with.
static void
s_release (asks_t *self, body_t *body)
{
    if (--body->refs)
        return;
    self->flying_records -= body->records;
    self->flying_bytes -= body->bytes.size;
    self->bytes -= body->bytes.size;
    if (body->before)
        body->before->behind = body->behind;
    else
        self->all = body->behind;
    if (body->behind)
        body->behind->before = body->before;
    if (self->spares < S_SPARE_MAX && body->bytes.room <= S_SPARE_BYTES) {
        body->next = self->spare;
        self->spare = body;
        self->spares++;
    } else
        s_free_body (body);
}

bool
asks_body (asks_t *self, bytes_t *body, uint64_t *records)
{
    body_t *first = self->first;
    if (!first || first->records == 0)
        return false;
    if (self->flying_records
        && (self->flying_records + first->records > self->config->window_records
            || self->flying_bytes + first->bytes.size > self->config->window_bytes))
        return false;
    self->first = first->next;
    if (!self->first)
        self->last = NULL;
    self->flying_records += first->records;
    self->flying_bytes += first->bytes.size;
    self->stats->asked += first->records;
    *body = buf_bytes (&first->bytes);
    *records = first->records;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Records

static uint32_t
s_take (asks_t *self)
{
    uint32_t slot = self->free;
    if (slot) {
        self->free = self->slots[slot].next;
        return slot;
    }
    if (self->used == self->room) {
        if (self->room >= ASKS_MAX)
            return 0;
        s_slot_t *slots = mem_resize (self->slots, 2 * self->room * sizeof (s_slot_t));
        if (!slots)
            return 0;
        self->slots = slots;
        memset (slots + self->room, 0, self->room * sizeof (s_slot_t));
        self->room *= 2;
    }
    return self->used++;
}

static void
s_give_back (asks_t *self, uint32_t slot)
{
    self->slots[slot].call = NULL;
    self->slots[slot].generation++;
    self->slots[slot].next = self->free;
    self->free = slot;
    self->count--;
}

//  How long it may stand in line (LOCK), by itself.
static uint64_t
s_wait_of (const ask_t *ask)
{
    return ask->options && ask->options->given & OPT_wait ? ask->options->wait : 0;
}

bool
asks_add (asks_t *self, call_t *call, const ask_t *ask, call_reply_fn *then, uint64_t mark, uint64_t now)
{
    uint32_t slot = s_take (self);
    body_t *body = slot ? s_open (self) : NULL;
    if (!slot)
        return false;
    self->count++;
    s_slot_t *it = &self->slots[slot];
    uint64_t id = (uint64_t) (it->generation & 0x7ff) << S_SLOT_BITS | slot;
    if (body) {
        size_t before = body->bytes.size;
        wire_request (&body->bytes, id, ask->op, ask->map, ask->has_key ? &ask->key : NULL, &ask->value,
                      ask->options);
        if (!body->bytes.failed) {
            *it = (s_slot_t) { .call = call,
                               .then = then,
                               .mark = mark,
                               .body = body,
                               .offset = before,
                               .size = body->bytes.size - before,
                               .until = now + self->config->deadline + s_wait_of (ask),
                               .generation = it->generation,
                               .writes = op_info (ask->op)->writes };
            body->records++;
            body->refs++;
            self->bytes += it->size + (before == WIRE_SIGNATURE_SIZE ? before : 0);
            return true;
        }
        body->bytes.size = before;
        body->bytes.failed = false;
    }
    s_give_back (self, slot);
    return false;
}

//  Sends a record again, in another body. False: without memory.
static bool
s_again (asks_t *self, s_slot_t *it)
{
    body_t *body = s_open (self);
    if (!body)
        return false;
    size_t before = body->bytes.size;
    buf_add (&body->bytes, it->body->bytes.data + it->offset, it->size);
    if (body->bytes.failed) {
        body->bytes.failed = false;
        return false;
    }
    self->bytes += it->size + (before == WIRE_SIGNATURE_SIZE ? before : 0);
    body->records++;
    body->refs++;
    s_release (self, it->body);
    it->body = body;
    it->offset = before;
    self->stats->again++;
    return true;
}

static void
s_answer (asks_t *self, uint32_t slot, const reply_t *reply, asks_reply_fn *fn)
{
    s_slot_t it = self->slots[slot];
    s_give_back (self, slot);
    s_release (self, it.body);
    fn (it.call, it.then, reply, it.mark);
}

//  Records keep their order: they may be for the same key.
static void
s_append (asks_t *self, uint32_t slot)
{
    self->slots[slot].next = 0;
    if (self->waiting)
        self->slots[self->waiting_last].next = slot;
    else
        self->waiting = slot;
    self->waiting_last = slot;
}

static void
s_wait (asks_t *self, uint32_t slot, const reply_t *reply, uint64_t now)
{
    meta_t meta;
    s_slot_t *it = &self->slots[slot];
    bool told = meta_decode (reply->meta, &meta) && meta.given & META_retry;
    it->due = now + (told && meta.retry < 1000 ? meta.retry : ASKS_AGAIN_MS);
    s_append (self, slot);
}

void
asks_receive (asks_t *self, bytes_t body, asks_reply_fn *fn, uint64_t now)
{
    mp_t reader;
    reply_t reply;
    wire_step_t step = WIRE_BROKEN;
    if (wire_open (body, &reader))
        while ((step = wire_next_reply (&reader, &reply)) == WIRE_RECORD) {
            uint32_t slot = (uint32_t) (reply.id & (ASKS_MAX - 1));
            s_slot_t *it = slot < self->used ? &self->slots[slot] : &self->slots[0];
            if (!it->call || (it->generation & 0x7ffu) != reply.id >> S_SLOT_BITS || it->due) {
                self->stats->late += reply.id != 0;
                continue;
            }
            if ((reply.status == ZGRID_BUSY || reply.status == ZGRID_TRYAGAIN) && now < it->until)
                s_wait (self, slot, &reply, now);
            else {
                if (reply.status == ZGRID_BUSY || reply.status == ZGRID_TRYAGAIN)
                    reply.status = ZGRID_TIMEOUT; // Its time is over, and nothing happened
                s_answer (self, slot, &reply, fn);
            }
        }
    self->stats->broken += step == WIRE_BROKEN;
}

void
asks_end (asks_t *self, asks_reply_fn *fn)
{
    for (uint32_t slot = 1; slot < self->used; slot++) {
        s_slot_t it = self->slots[slot];
        if (!it.call)
            continue;
        reply_t lost = { .status = it.writes ? ZGRID_MAYBE : ZGRID_TIMEOUT };
        s_give_back (self, slot); // Its body ends with all others
        fn (it.call, it.then, &lost, it.mark);
    }
}

//  What was sent, and of which nothing was heard.
static void
s_look (asks_t *self, asks_reply_fn *fn, uint64_t now)
{
    self->looked = now;
    for (uint32_t slot = 1; slot < self->used && self->count; slot++) {
        s_slot_t *it = &self->slots[slot];
        if (!it->call || it->due || now < it->until + ASKS_LINGER_MS)
            continue;
        reply_t lost = { .status = it->writes ? ZGRID_MAYBE : ZGRID_TIMEOUT };
        bool queued = false;
        for (const body_t *body = self->first; body && !queued; body = body->next)
            queued = body == it->body;
        if (queued)
            continue; // The window is closed: those that are sent end first
        s_answer (self, slot, &lost, fn);
    }
}

uint64_t
asks_turn (asks_t *self, asks_reply_fn *fn, uint64_t now)
{
    uint64_t next = UINT64_MAX;
    uint32_t list = self->waiting;
    self->waiting = 0;
    while (list) {
        uint32_t slot = list;
        s_slot_t *it = &self->slots[slot];
        list = it->next;
        if (it->due > now || !s_again (self, it)) {
            uint64_t wait = it->due > now ? it->due - now : ASKS_AGAIN_MS;
            s_append (self, slot);
            next = wait < next ? wait : next;
        } else
            it->due = 0;
    }
    if (self->count == 0)
        return next;
    if (now - self->looked >= S_LOOK_MS)
        s_look (self, fn, now);
    return next < S_LOOK_MS ? next : S_LOOK_MS;
}
