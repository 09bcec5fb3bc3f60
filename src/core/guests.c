//  guests: see guests.h. A hash table with chains, by number.
//  SPDX-License-Identifier: MPL-2.0
#include "guests.h"

#include <assert.h>

#include "mem.h"

#define S_NOBODY UINT32_MAX

struct guests {
    uint32_t most, count, heads_count;
    uint32_t hand;   // Who gives way next
    uint32_t last;   // Who was found last: messages of one client often follow one another
    guest_t *guests; // 0 … count - 1
    uint32_t *next;  // In the chain
    uint32_t *heads; // A power of two
};

guests_t *
guests_new (uint32_t most)
{
    assert (most > 0);
    guests_t *self = mem_alloc_zero (1, sizeof (guests_t));
    if (!self)
        return NULL;
    self->most = most;
    self->heads_count = 8;
    while (self->heads_count < most)
        self->heads_count *= 2;
    self->guests = mem_alloc (most * sizeof (guest_t));
    self->next = mem_alloc (most * sizeof (uint32_t));
    self->heads = mem_alloc (self->heads_count * sizeof (uint32_t));
    if (!self->guests || !self->next || !self->heads) {
        guests_destroy (&self);
        return NULL;
    }
    for (uint32_t at = 0; at < self->heads_count; at++)
        self->heads[at] = S_NOBODY;
    return self;
}

void
guests_destroy (guests_t **self_p)
{
    guests_t *self = *self_p;
    if (!self)
        return;
    mem_free (self->guests);
    mem_free (self->next);
    mem_free (self->heads);
    mem_free (self);
    *self_p = NULL;
}

//  Routing ids are this process's own numbers, or those of its members: nobody chooses them to collide.
static uint32_t *
s_head (const guests_t *self, bytes_t route)
{
    uint64_t hash = 14695981039346656037u; // FNV-1a
    for (size_t at = 0; at < route.size; at++)
        hash = (hash ^ route.data[at]) * 1099511628211u;
    return &self->heads[(hash ^ hash >> 32) & (self->heads_count - 1)];
}

static bytes_t
s_route (const guest_t *guest)
{
    return bytes_of (guest->route, guest->route_size);
}

guest_t *
guests_find (guests_t *self, bytes_t route)
{
    if (self->last < self->count && bytes_equal (s_route (&self->guests[self->last]), route))
        return &self->guests[self->last];
    for (uint32_t at = *s_head (self, route); at != S_NOBODY; at = self->next[at])
        if (bytes_equal (s_route (&self->guests[at]), route)) {
            self->last = at;
            return &self->guests[at];
        }
    return NULL;
}

static void
s_unlink (guests_t *self, uint32_t at)
{
    uint32_t *link = s_head (self, s_route (&self->guests[at]));
    while (*link != at)
        link = &self->next[*link];
    *link = self->next[at];
}

static void
s_link (guests_t *self, uint32_t at)
{
    uint32_t *head = s_head (self, s_route (&self->guests[at]));
    self->next[at] = *head;
    *head = at;
}

//  Who has nothing in flight; after some tries, whoever it is.
static uint32_t
s_give_way (guests_t *self)
{
    for (unsigned tries = 0;; tries++) {
        self->hand = (self->hand + 1) % self->count;
        if (self->guests[self->hand].in_flight == 0 || tries == 16)
            break;
    }
    s_unlink (self, self->hand);
    return self->hand;
}

guest_t *
guests_meet (guests_t *self, bytes_t route, uint64_t now)
{
    guest_t *guest = guests_find (self, route);
    if (!guest && route.size <= sizeof guest->route) {
        uint32_t at = self->count < self->most ? self->count++ : s_give_way (self);
        guest = &self->guests[at];
        memset (guest, 0, sizeof *guest);
        guest->route_size = (uint8_t) route.size;
        if (route.size)
            memcpy (guest->route, route.data, route.size);
        guest->first = now;
        s_link (self, at);
        self->last = at;
    }
    if (guest)
        guest->last = now;
    return guest;
}

//  The last one takes the place of one that is forgotten.
static void
s_forget (guests_t *self, uint32_t at)
{
    s_unlink (self, at);
    uint32_t end = --self->count;
    if (at == end)
        return;
    s_unlink (self, end);
    self->guests[at] = self->guests[end];
    s_link (self, at);
}

const guest_t *
guests_at (guests_t *self, uint32_t number, uint64_t now)
{
    while (number < self->count) {
        const guest_t *guest = &self->guests[number];
        if (now < guest->last || now - guest->last < GUESTS_SILENT_MS)
            return guest;
        s_forget (self, number);
    }
    return NULL;
}
