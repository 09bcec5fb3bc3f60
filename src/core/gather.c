//  gather: see gather.h.
//  SPDX-License-Identifier: MPL-2.0
#include "gather.h"

#include <assert.h>

#include "mem.h"
#include "split.h"
#include "status.h"

#define S_SUMS_MAX 64 // Records of one message that several actors answer
#define S_FRAMES_MAX (WIRE_ENVELOPE_MAX + 1)
#define S_ACTORS_MAX 64

//  A record that several actors answer.
typedef struct {
    uint64_t id;
    op_t op;
    uint64_t asked, answered; // Bits of actors
    uint64_t sum;
    unsigned status;  // First that was not OK
    uint32_t scanner; // SCAN: who was asked
    stats_t *parts;   // STATS: by actor
    sheet_t *sheet;   // STATS with a word: the table; then no parts
} s_sum_t;

struct ticket {
    ticket_t *next, *prev;
    gather_t *gather;
    uint64_t id;
    uint64_t owner;
    uint64_t deadline;
    uint64_t asked, answered; // Bits of actors
    buf_t replies;
    uint32_t sum_count;
    s_sum_t *sums;
    size_t frame_count;
    size_t frame_sizes[S_FRAMES_MAX];
    uint8_t frames[];
};

struct gather {
    uint32_t tickets_max, count;
    uint32_t actors, partitions;
    uint64_t last_id;
    ticket_t *first, *last; // In the order of opening, which is nearly that of deadlines
};

gather_t *
gather_new (uint32_t tickets_max, uint32_t actors, uint32_t partitions)
{
    assert (actors <= S_ACTORS_MAX);
    gather_t *self = mem_alloc_zero (1, sizeof (gather_t));
    if (self) {
        self->tickets_max = tickets_max;
        self->actors = actors;
        self->partitions = partitions;
    }
    return self;
}

void
gather_close (gather_t *self, ticket_t **ticket_p)
{
    ticket_t *ticket = *ticket_p;
    *(ticket->prev ? &ticket->prev->next : &self->first) = ticket->next;
    *(ticket->next ? &ticket->next->prev : &self->last) = ticket->prev;
    self->count--;
    for (uint32_t at = 0; at < ticket->sum_count; at++) {
        mem_free (ticket->sums[at].parts);
        sheet_destroy (&ticket->sums[at].sheet);
    }
    mem_free (ticket->sums);
    buf_clear (&ticket->replies);
    mem_free (ticket);
    *ticket_p = NULL;
}

void
gather_destroy (gather_t **self_p)
{
    gather_t *self = *self_p;
    if (!self)
        return;
    while (self->first) {
        ticket_t *ticket = self->first;
        gather_close (self, &ticket);
    }
    mem_free (self);
    *self_p = NULL;
}

uint32_t
gather_count (const gather_t *self)
{
    return self->count;
}

ticket_t *
gather_open (gather_t *self, const bytes_t *frames, size_t count, uint64_t deadline)
{
    if (self->count >= self->tickets_max || count > S_FRAMES_MAX)
        return NULL;
    size_t size = 0;
    for (size_t at = 0; at < count; at++)
        size += frames[at].size;
    ticket_t *ticket = mem_alloc_zero (1, sizeof (ticket_t) + size);
    if (!ticket)
        return NULL;
    ticket->gather = self;
    ticket->id = ++self->last_id;
    ticket->deadline = deadline;
    ticket->frame_count = count;
    uint8_t *to = ticket->frames;
    for (size_t at = 0; at < count; at++) {
        ticket->frame_sizes[at] = frames[at].size;
        if (frames[at].size)
            memcpy (to, frames[at].data, frames[at].size);
        to += frames[at].size;
    }
    ticket->prev = self->last;
    *(self->last ? &self->last->next : &self->first) = ticket;
    self->last = ticket;
    self->count++;
    return ticket;
}

uint64_t
ticket_id (const ticket_t *self)
{
    return self->id;
}

void
ticket_set_owner (ticket_t *self, uint64_t owner)
{
    self->owner = owner;
}

uint64_t
ticket_owner (const ticket_t *self)
{
    return self->owner;
}

buf_t *
ticket_replies (ticket_t *self)
{
    return &self->replies;
}

size_t
ticket_frames (const ticket_t *self, bytes_t *frames, size_t room)
{
    assert (room >= self->frame_count);
    const uint8_t *data = self->frames;
    for (size_t at = 0; at < self->frame_count; at++) {
        frames[at] = bytes_of (data, self->frame_sizes[at]);
        data += self->frame_sizes[at];
    }
    return self->frame_count;
}

void
ticket_expect (ticket_t *self, uint32_t actor)
{
    self->asked |= UINT64_C (1) << actor;
}

bool
ticket_add_sum (ticket_t *self, uint64_t id, op_t op, uint32_t actor)
{
    if (self->sum_count == S_SUMS_MAX)
        return false;
    if (!self->sums && !(self->sums = mem_alloc (S_SUMS_MAX * sizeof (s_sum_t))))
        return false;
    uint64_t all = self->gather->actors == 64 ? UINT64_MAX : (UINT64_C (1) << self->gather->actors) - 1;
    s_sum_t sum = {
        .id = id, .op = op, .asked = op == OP_SCAN ? UINT64_C (1) << actor : all, .scanner = actor
    };
    self->sums[self->sum_count++] = sum;
    return true;
}

bool
ticket_add_stats (ticket_t *self, uint64_t id, sheet_id_t which, uint32_t most)
{
    if (!ticket_add_sum (self, id, OP_STATS, 0))
        return false;
    s_sum_t *sum = &self->sums[self->sum_count - 1];
    if (which == SHEET_NONE)
        sum->parts = mem_alloc_zero (self->gather->actors + 1, sizeof (stats_t));
    else
        sum->sheet = sheet_new (which, most);
    if (sum->parts || sum->sheet)
        return true;
    self->sum_count--;
    return false;
}

bool
ticket_complete (const ticket_t *self)
{
    return (self->asked & ~self->answered) == 0;
}

static s_sum_t *
s_find_sum (ticket_t *self, uint64_t id, uint32_t actor)
{
    uint64_t bit = UINT64_C (1) << actor;
    for (uint32_t at = 0; at < self->sum_count; at++)
        if (self->sums[at].id == id && (self->sums[at].asked & ~self->sums[at].answered & bit))
            return &self->sums[at];
    return NULL;
}

//  A page of one actor. Where its own partitions end, the scan goes on with the next actor's.
static void
s_take_page (ticket_t *self, const s_sum_t *sum, const reply_t *reply)
{
    meta_t meta;
    if (!meta_decode (reply->meta, &meta))
        meta.given = 0;
    uint32_t stride = self->gather->actors, partitions = self->gather->partitions;
    if (reply->status == ZGRID_OK && (meta.given & META_cursor)) {
        uint32_t last = sum->scanner + (partitions - 1 - sum->scanner) / stride * stride;
        meta.cursor = split_cursor (meta.cursor, last, stride, partitions);
    }
    wire_reply (&self->replies, reply->id, reply->status, reply->value, reply->version, &meta);
}

static void
s_take_sum (ticket_t *self, s_sum_t *sum, uint32_t actor, const reply_t *reply)
{
    sum->answered |= UINT64_C (1) << actor;
    if (sum->op == OP_SCAN) {
        s_take_page (self, sum, reply);
        return;
    }
    if (reply->status != ZGRID_OK) {
        sum->status = sum->status ? sum->status : reply->status;
        return;
    }
    if (sum->sheet) {
        if (!sheet_take (sum->sheet, reply->value.bytes))
            sum->status = ZGRID_NOMEM;
    } else if (sum->op == OP_STATS)
        stats_decode (reply->value.bytes, &sum->parts[actor]);
    else if (reply->value.kind == VALUE_INT)
        sum->sum += (uint64_t) reply->value.integer;
}

ticket_t *
gather_take (gather_t *self, uint64_t id, uint32_t actor, bytes_t body)
{
    ticket_t *ticket = self->first;
    while (ticket && ticket->id != id)
        ticket = ticket->next;
    if (!ticket)
        return NULL;
    ticket->answered |= UINT64_C (1) << actor;
    mp_t reader;
    reply_t reply;
    if (wire_open (body, &reader))
        for (;;) {
            const uint8_t *start = reader.at;
            if (wire_next_reply (&reader, &reply) != WIRE_RECORD)
                break;
            s_sum_t *sum = ticket->sum_count ? s_find_sum (ticket, reply.id, actor) : NULL;
            if (sum)
                s_take_sum (ticket, sum, actor, &reply);
            else
                buf_add (&ticket->replies, start, (size_t) (reader.at - start));
        }
    return ticket_complete (ticket) ? ticket : NULL;
}

ticket_t *
gather_expired (gather_t *self, uint64_t now)
{
    for (ticket_t *ticket = self->first; ticket; ticket = ticket->next)
        if (now >= ticket->deadline)
            return ticket;
    return NULL;
}

//  The partitions of the actors in `missing`, as an encoded array.
static void
s_missed (const gather_t *gather, uint64_t missing, buf_t *out)
{
    uint32_t count = 0;
    buf_t list = BUF_INIT;
    for (uint32_t partition = 0; partition < gather->partitions; partition++)
        if (missing & UINT64_C (1) << (partition % gather->actors)) {
            wire_add_uint (&list, partition);
            count++;
        }
    wire_add_array (out, count);
    buf_add (out, list.data, list.size);
    buf_clear (&list);
}

static void
s_finish_sum (ticket_t *self, s_sum_t *sum, gather_stats_fn *stats_reply, void *arg)
{
    uint64_t missing = sum->asked & ~sum->answered;
    if (sum->op == OP_SCAN) {
        if (missing)
            wire_reply_error (&self->replies, sum->id, ZGRID_TIMEOUT, "no answer in time");
        return;
    }
    if (sum->status) {
        wire_reply_error (&self->replies, sum->id, sum->status, NULL);
        return;
    }
    buf_t extra = BUF_INIT;
    meta_t meta = { .given = 0 };
    value_t value = value_int ((int64_t) sum->sum);
    if (missing) {
        s_missed (self->gather, missing, &extra);
        meta = (meta_t) { .given = META_missed, .missed = buf_bytes (&extra) };
    }
    buf_t tree = BUF_INIT;
    if (sum->op == OP_STATS) {
        stats_t total = { 0 };
        for (uint32_t at = 0; sum->parts && at < self->gather->actors; at++)
            stats_add (&total, &sum->parts[at]);
        stats_reply (arg, &total, sum->parts, sum->sheet, &tree);
        value = (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) };
    }
    if (extra.failed || tree.failed)
        wire_reply_error (&self->replies, sum->id, ZGRID_NOMEM, "out of memory");
    else
        wire_reply (&self->replies, sum->id, missing ? ZGRID_PARTIAL : ZGRID_OK, value, 0, &meta);
    buf_clear (&extra);
    buf_clear (&tree);
}

void
ticket_finish (ticket_t *self, gather_stats_fn *stats_reply, void *arg)
{
    for (uint32_t at = 0; at < self->sum_count; at++)
        s_finish_sum (self, &self->sums[at], stats_reply, arg);
}
