//  forward_table: what the records in flight hang in: by number, and by time.
//  SPDX-License-Identifier: MPL-2.0
#include "forward_impl.h"
#include "mem.h"

#define S_ROOM_FIRST 64

bool
table_reserve (table_t *self)
{
    if (self->count < self->room)
        return true;
    uint32_t room = self->room ? self->room * 2 : S_ROOM_FIRST;
    link_t **heads = mem_alloc_zero (room, sizeof *heads);
    if (!heads)
        return self->room > 0; // The chains become longer instead
    for (uint32_t at = 0; at < self->room; at++)
        for (link_t *link = self->heads[at], *next; link; link = next) {
            next = link->next;
            link->next = heads[link->hash & (room - 1)];
            heads[link->hash & (room - 1)] = link;
        }
    mem_free (self->heads);
    self->heads = heads;
    self->room = room;
    return true;
}

void
table_add (table_t *self, link_t *link)
{
    assert (self->room);
    link_t **head = &self->heads[link->hash & (self->room - 1)];
    link->next = *head;
    *head = link;
    self->count++;
}

void
table_remove (table_t *self, link_t *link)
{
    link_t **at = &self->heads[link->hash & (self->room - 1)];
    while (*at != link)
        at = &(*at)->next;
    *at = link->next;
    self->count--;
}

static link_t *
s_same (link_t *link, uint64_t hash)
{
    while (link && link->hash != hash)
        link = link->next;
    return link;
}

link_t *
table_find (const table_t *self, uint64_t hash)
{
    return self->room ? s_same (self->heads[hash & (self->room - 1)], hash) : NULL;
}

link_t *
table_next (const link_t *link)
{
    return s_same (link->next, link->hash);
}

//  ------------------------------------------------------------------------------------------------
//  A binary heap

bool
wakes_reserve (wakes_t *self)
{
    if (self->count < self->room)
        return true;
    uint32_t room = self->room ? self->room * 2 : S_ROOM_FIRST;
    record_t **records = mem_resize (self->records, room * sizeof *records);
    if (!records)
        return false;
    self->records = records;
    self->room = room;
    return true;
}

static void
s_put (wakes_t *self, uint32_t at, record_t *record)
{
    self->records[at] = record;
    record->heap_at = at;
}

static void
s_up (wakes_t *self, record_t *record)
{
    uint32_t at = record->heap_at;
    while (at && self->records[(at - 1) / 2]->wake > record->wake) {
        s_put (self, at, self->records[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    s_put (self, at, record);
}

static void
s_down (wakes_t *self, record_t *record)
{
    uint32_t at = record->heap_at;
    for (;;) {
        uint32_t child = 2 * at + 1;
        if (child + 1 < self->count && self->records[child + 1]->wake < self->records[child]->wake)
            child++;
        if (child >= self->count || self->records[child]->wake >= record->wake)
            break;
        s_put (self, at, self->records[child]);
        at = child;
    }
    s_put (self, at, record);
}

void
wakes_add (wakes_t *self, record_t *record)
{
    assert (self->count < self->room);
    record->heap_at = self->count++;
    s_up (self, record);
}

void
wakes_move (wakes_t *self, record_t *record)
{
    s_up (self, record);
    s_down (self, record);
}

void
wakes_remove (wakes_t *self, record_t *record)
{
    record_t *last = self->records[--self->count];
    if (last == record)
        return;
    s_put (self, record->heap_at, last);
    wakes_move (self, last);
}
