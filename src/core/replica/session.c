//  session: see session.h.
//  SPDX-License-Identifier: MPL-2.0
#include "session.h"

#include <assert.h>

#include "../mem.h"

#define S_INLINE 24 // Bytes of a result that need no block: all but values
#define S_ROOM 4

typedef struct {
    uint64_t id;
    uint64_t seq;
    uint32_t size; // Of the result; 0: not kept
    union {
        uint8_t bytes[S_INLINE];
        uint8_t *block;
    } result;
} s_done_t;

struct session {
    uint8_t id[SESSION_SIZE];
    uint64_t ack;
    uint32_t first, count, room; // done[first … first + count - 1], by id, ascending
    size_t results;              // Bytes
    s_done_t *done;
};

typedef struct session session_t;

static uint32_t
s_era (const uint8_t *id)
{
    return (uint32_t) id[0] << 24 | (uint32_t) id[1] << 16 | (uint32_t) id[2] << 8 | id[3];
}

static uint64_t
s_mix (uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static uint64_t
s_hash (const uint8_t *id)
{
    uint64_t halves[2];
    memcpy (halves, id, sizeof halves);
    return s_mix (halves[0] ^ s_mix (halves[1]));
}

static bytes_t
s_result (const s_done_t *done)
{
    return bytes_of (done->size > S_INLINE ? done->result.block : done->result.bytes, done->size);
}

static void
s_free_result (sessions_t *self, session_t *session, s_done_t *done)
{
    session->results -= done->size;
    if (done->size > S_INLINE) {
        self->bytes -= done->size;
        mem_free (done->result.block);
    }
    done->size = 0;
}

static void
s_free (sessions_t *self, session_t *session)
{
    for (uint32_t at = 0; at < session->count; at++)
        s_free_result (self, session, &session->done[session->first + at]);
    self->bytes -= sizeof (session_t) + session->room * sizeof (s_done_t);
    mem_free (session->done);
    mem_free (session);
}

void
sessions_clear (sessions_t *self)
{
    for (uint32_t at = 0; at < self->room; at++)
        if (self->table[at])
            s_free (self, self->table[at]);
    mem_free (self->table);
    *self = (sessions_t) { .table = NULL };
}

//  The place of a session, or the empty one where it would go. The table is never full.
static session_t **
s_place (const sessions_t *self, const uint8_t *id)
{
    uint32_t at = (uint32_t) s_hash (id) & (self->room - 1);
    while (self->table[at] && memcmp (self->table[at]->id, id, SESSION_SIZE) != 0)
        at = (at + 1) & (self->room - 1);
    return &self->table[at];
}

//  The first that is not below id.
static uint32_t
s_search (const session_t *session, uint64_t id)
{
    uint32_t low = session->first, high = session->first + session->count;
    if (high > low && session->done[high - 1].id < id) // Ids mostly grow
        return high;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (session->done[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

request_verdict_t
sessions_find (const sessions_t *self, const request_key_t *request, request_done_t *done)
{
    if (s_era (request->session) < self->floor)
        return REQUEST_EXPIRED;
    session_t *session = self->room ? *s_place (self, request->session) : NULL;
    if (!session)
        return self->count >= SESSIONS_MAX ? REQUEST_FULL : REQUEST_NEW;
    uint32_t at = s_search (session, request->id);
    if (at < session->first + session->count && session->done[at].id == request->id) {
        done->seq = session->done[at].seq;
        done->result = s_result (&session->done[at]);
        return REQUEST_KNOWN;
    }
    if (request->id < session->ack)
        return REQUEST_STALE;
    return session->count >= SESSION_WINDOW ? REQUEST_FULL : REQUEST_NEW;
}

static bool
s_grow_table (sessions_t *self)
{
    if ((self->count + 1) * 2 <= self->room)
        return true;
    uint32_t room = self->room ? self->room * 2 : 8;
    session_t **table = mem_alloc_zero (room, sizeof *table);
    if (!table)
        return false;
    session_t **old = self->table;
    uint32_t old_room = self->room;
    self->table = table;
    self->room = room;
    for (uint32_t at = 0; at < old_room; at++)
        if (old[at])
            *s_place (self, old[at]->id) = old[at];
    mem_free (old);
    self->shuffles++;
    return true;
}

static session_t *
s_make (sessions_t *self, const uint8_t *id)
{
    session_t **place = self->room ? s_place (self, id) : NULL;
    if (place && *place)
        return *place;
    session_t *session = s_grow_table (self) ? mem_alloc_zero (1, sizeof (session_t)) : NULL;
    if (!session)
        return NULL;
    memcpy (session->id, id, SESSION_SIZE);
    *s_place (self, id) = session;
    self->count++;
    self->bytes += sizeof (session_t);
    return session;
}

static bool
s_grow_done (sessions_t *self, session_t *session)
{
    if (session->first + session->count < session->room)
        return true;
    if (session->first > session->room / 2) {
        memmove (session->done, session->done + session->first, session->count * sizeof (s_done_t));
        session->first = 0;
        return true;
    }
    uint32_t room = session->room ? session->room * 2 : S_ROOM;
    s_done_t *done = mem_resize (session->done, room * sizeof (s_done_t));
    if (!done)
        return false;
    self->bytes += (room - session->room) * sizeof (s_done_t);
    session->done = done;
    session->room = room;
    return true;
}

bool
sessions_reserve (sessions_t *self, const request_key_t *request)
{
    session_t *session = s_make (self, request->session);
    return session && s_grow_done (self, session);
}

static void
s_acknowledge (sessions_t *self, session_t *session, uint64_t ack)
{
    if (ack <= session->ack)
        return;
    session->ack = ack;
    while (session->count && session->done[session->first].id < ack) {
        s_free_result (self, session, &session->done[session->first]);
        session->first++;
        session->count--;
    }
    if (session->count == 0)
        session->first = 0;
}

static void
s_keep_result (sessions_t *self, session_t *session, s_done_t *done, bytes_t result)
{
    done->size = 0;
    if (result.size > SESSION_RESULT_MAX || session->results + result.size > SESSION_RESULTS_MAX)
        return;
    uint8_t *to = done->result.bytes;
    if (result.size > S_INLINE) {
        to = mem_alloc (result.size);
        if (!to)
            return;
        done->result.block = to;
        self->bytes += result.size;
    }
    if (result.size)
        memcpy (to, result.data, result.size);
    done->size = (uint32_t) result.size;
    session->results += result.size;
}

bool
sessions_record (sessions_t *self, const request_key_t *request, uint64_t seq, bytes_t result)
{
    if (s_era (request->session) < self->floor)
        return true;
    session_t *session = s_make (self, request->session);
    if (!session || !s_grow_done (self, session))
        return false;
    s_acknowledge (self, session, request->ack);
    if (request->id < session->ack)
        return true;
    uint32_t at = s_search (session, request->id), end = session->first + session->count;
    if (at < end && session->done[at].id == request->id)
        return true;
    memmove (session->done + at + 1, session->done + at, (end - at) * sizeof (s_done_t));
    session->done[at].id = request->id;
    session->done[at].seq = seq;
    session->count++;
    s_keep_result (self, session, &session->done[at], result);
    return true;
}

//  Removes sessions of older eras.
static void
s_filter (sessions_t *self, uint32_t floor)
{
    uint32_t room = self->room;
    self->shuffles++;
    for (uint32_t at = 0; at < room; at++)
        if (self->table[at] && s_era (self->table[at]->id) < floor) {
            s_free (self, self->table[at]);
            self->table[at] = NULL;
            self->count--;
        }
    //  Holes break the runs: put every session where a search finds it (each moves towards its place)
    for (bool moved = true; moved;) {
        moved = false;
        for (uint32_t at = 0; at < room; at++) {
            session_t *session = self->table[at];
            if (!session)
                continue;
            self->table[at] = NULL;
            session_t **place = s_place (self, session->id);
            *place = session;
            moved = moved || place != &self->table[at];
        }
    }
}

void
sessions_raise_floor (sessions_t *self, uint32_t era)
{
    if (era <= self->floor)
        return;
    self->floor = era;
    s_filter (self, era);
}

//  ------------------------------------------------------------------------------------------------
//  To another copy: session 16, ack u64, count u32, (id u64, seq u64, size u32, result)…; first of all
//  floor u32.

uint32_t
sessions_encode (const sessions_t *self, uint32_t from, uint32_t to, size_t most, buf_t *out)
{
    size_t begin = out->size;
    uint32_t end = to && to < self->room ? to : self->room;
    buf_add (out, &self->floor, sizeof self->floor);
    for (uint32_t place = from; place < end; place++) {
        const session_t *session = self->table[place];
        if (!session)
            continue;
        if (out->size - begin >= most)
            return place;
        buf_add (out, session->id, SESSION_SIZE);
        buf_add (out, &session->ack, sizeof session->ack);
        buf_add (out, &session->count, sizeof session->count);
        for (uint32_t at = 0; at < session->count; at++) {
            const s_done_t *done = &session->done[session->first + at];
            buf_add (out, &done->id, sizeof done->id);
            buf_add (out, &done->seq, sizeof done->seq);
            buf_add (out, &done->size, sizeof done->size);
            bytes_t result = s_result (done);
            buf_add (out, result.data, result.size);
        }
    }
    return end < self->room ? end : 0;
}

static bool
s_take (bytes_t *from, void *to, size_t size)
{
    if (from->size < size)
        return false;
    memcpy (to, from->data, size);
    *from = bytes_of (from->data + size, from->size - size);
    return true;
}

bool
sessions_merge (sessions_t *self, bytes_t encoded)
{
    uint32_t floor;
    if (!s_take (&encoded, &floor, sizeof floor))
        return false;
    sessions_raise_floor (self, floor);
    while (encoded.size) {
        request_key_t request;
        uint64_t ack;
        uint32_t count;
        if (!s_take (&encoded, request.session, SESSION_SIZE) || !s_take (&encoded, &ack, sizeof ack)
            || !s_take (&encoded, &count, sizeof count))
            return false;
        request.ack = ack;
        if (s_era (request.session) >= self->floor) {
            session_t *session = s_make (self, request.session);
            if (!session)
                return false;
            s_acknowledge (self, session, ack);
        }
        while (count--) {
            uint64_t seq;
            uint32_t size;
            if (!s_take (&encoded, &request.id, 8) || !s_take (&encoded, &seq, 8)
                || !s_take (&encoded, &size, 4) || size > encoded.size)
                return false;
            if (!sessions_record (self, &request, seq, bytes_of (encoded.data, size)))
                return false;
            encoded = bytes_of (encoded.data + size, encoded.size - size);
        }
    }
    return true;
}

uint64_t
sessions_digest (const sessions_t *self)
{
    uint64_t sum = self->floor;
    for (uint32_t place = 0; place < self->room; place++) {
        const session_t *session = self->table[place];
        //  One that only has room for what may come is no contents
        if (!session || (session->count == 0 && session->ack == 0))
            continue;
        uint64_t own = s_hash (session->id) ^ s_mix (session->ack);
        for (uint32_t at = 0; at < session->count; at++) {
            const s_done_t *done = &session->done[session->first + at];
            own += s_mix (done->id * 3 + s_mix (done->seq));
        }
        sum += s_mix (own);
    }
    return sum;
}
