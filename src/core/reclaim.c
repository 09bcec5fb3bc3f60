//  reclaim: see reclaim.h.
//  SPDX-License-Identifier: MPL-2.0
#include "reclaim.h"

#include <assert.h>

#include "mem.h"

#define S_LINE 64 // Bytes of a cache line

typedef struct {
    _Alignas(S_LINE) _Atomic uint64_t epoch; // In which the reader began; 0: not inside
    _Atomic bool taken;
    _Atomic uint64_t reads; // Written by the reader alone
} s_place_t;

struct epochs {
    _Alignas(S_LINE) _Atomic uint64_t now; // Starts at 1
    uint32_t count;
    void *block; // What to free
    s_place_t places[];
};

typedef struct {
    reclaim_fn *release;
    void *owner;
    void *what;
    size_t size;
    uint64_t epoch; // Readers that began in it, or before, may see it; set by the next turn
} s_item_t;

struct reclaim {
    epochs_t *epochs;
    bool readers;
    s_item_t *items; // Ring, oldest at first
    size_t room;     // A power of two, or 0
    size_t first;
    size_t count;
    size_t fresh;   // Of them, those that came since the last turn
    size_t waiting; // Bytes
};

epochs_t *
epochs_new (uint32_t readers)
{
    size_t size = sizeof (epochs_t) + readers * sizeof (s_place_t);
    uint8_t *block = mem_alloc_zero (1, size + S_LINE);
    if (!block)
        return NULL;
    epochs_t *self = (epochs_t *) (block + S_LINE - ((uintptr_t) block & (S_LINE - 1)));
    self->block = block;
    self->count = readers;
    atomic_store (&self->now, 1);
    return self;
}

void
epochs_destroy (epochs_t **self_p)
{
    if (*self_p)
        mem_free ((*self_p)->block);
    *self_p = NULL;
}

int
epochs_join (epochs_t *self)
{
    for (uint32_t at = 0; at < self->count; at++) {
        bool taken = false;
        if (atomic_compare_exchange_strong (&self->places[at].taken, &taken, true))
            return (int) at;
    }
    return -1;
}

void
epochs_leave (epochs_t *self, int place)
{
    assert (atomic_load (&self->places[place].epoch) == 0);
    atomic_store (&self->places[place].taken, false);
}

//  Sequentially consistent on purpose: either the owner sees this reader's epoch, or the reader sees
//  that the owner has unlinked.
void
epochs_enter (epochs_t *self, int place)
{
    uint64_t now = atomic_load_explicit (&self->now, memory_order_acquire);
    atomic_exchange_explicit (&self->places[place].epoch, now, memory_order_seq_cst);
}

void
epochs_exit (epochs_t *self, int place)
{
    atomic_store_explicit (&self->places[place].epoch, 0, memory_order_release);
}

void
epochs_count (epochs_t *self, int place, uint64_t reads)
{
    uint64_t sum = atomic_load_explicit (&self->places[place].reads, memory_order_relaxed) + reads;
    atomic_store_explicit (&self->places[place].reads, sum, memory_order_relaxed);
}

uint64_t
epochs_reads (epochs_t *self)
{
    uint64_t sum = 0;
    for (uint32_t at = 0; at < self->count; at++)
        sum += atomic_load_explicit (&self->places[at].reads, memory_order_relaxed);
    return sum;
}

//  The oldest epoch in which somebody who is inside began; UINT64_MAX if nobody is.
static uint64_t
s_oldest (epochs_t *self)
{
    uint64_t oldest = UINT64_MAX;
    for (uint32_t at = 0; at < self->count; at++) {
        uint64_t epoch = atomic_load_explicit (&self->places[at].epoch, memory_order_seq_cst);
        if (epoch && epoch < oldest)
            oldest = epoch;
    }
    return oldest;
}

reclaim_t *
reclaim_new (epochs_t *epochs)
{
    reclaim_t *self = mem_alloc_zero (1, sizeof (reclaim_t));
    if (self)
        self->epochs = epochs;
    return self;
}

static void
s_release_first (reclaim_t *self)
{
    s_item_t item = self->items[self->first];
    self->first = (self->first + 1) & (self->room - 1);
    self->count--;
    self->waiting -= item.size;
    item.release (item.owner, item.what, item.size);
}

void
reclaim_destroy (reclaim_t **self_p)
{
    reclaim_t *self = *self_p;
    if (!self)
        return;
    while (self->count)
        s_release_first (self);
    mem_free (self->items);
    mem_free (self);
    *self_p = NULL;
}

void
reclaim_set_readers (reclaim_t *self, bool readers)
{
    assert (!readers || self->epochs);
    self->readers = readers;
}

bool
reclaim_deferred (const reclaim_t *self)
{
    return self->readers;
}

static bool
s_grow (reclaim_t *self)
{
    size_t room = self->room ? self->room * 2 : 1024;
    s_item_t *items = mem_alloc (room * sizeof (s_item_t));
    if (!items)
        return false;
    for (size_t at = 0; at < self->count; at++)
        items[at] = self->items[(self->first + at) & (self->room - 1)];
    mem_free (self->items);
    self->items = items;
    self->room = room;
    self->first = 0;
    return true;
}

//  Ends an epoch and returns it. Who enters in a later one sees everything that this owner unlinked
//  before. That is why items get their epoch here and not when they come: another owner may end that
//  epoch, and a reader begin in the next, while what this one wrote is still on its way.
static uint64_t
s_advance (reclaim_t *self)
{
    return atomic_fetch_add_explicit (&self->epochs->now, 1, memory_order_seq_cst);
}

void
reclaim_later (reclaim_t *self, reclaim_fn *release, void *owner, void *what, size_t size)
{
    if (!self->readers && self->count == 0) {
        release (owner, what, size);
        return;
    }
    if (self->count == self->room && !s_grow (self)) {
        uint64_t epoch = s_advance (self);
        while (s_oldest (self->epochs) <= epoch)
            ; // Readers leave within microseconds
        release (owner, what, size);
        return;
    }
    size_t at = (self->first + self->count++) & (self->room - 1);
    self->items[at] = (s_item_t) { release, owner, what, size, 0 };
    self->fresh++;
    self->waiting += size;
}

void
reclaim_turn (reclaim_t *self)
{
    if (self->count == 0)
        return;
    uint64_t epoch = s_advance (self);
    for (; self->fresh; self->fresh--)
        self->items[(self->first + self->count - self->fresh) & (self->room - 1)].epoch = epoch;
    uint64_t oldest = s_oldest (self->epochs);
    while (self->count && self->items[self->first].epoch < oldest)
        s_release_first (self);
}

size_t
reclaim_waiting (const reclaim_t *self)
{
    return self->waiting;
}
