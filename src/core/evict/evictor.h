//  evictor: chooses what is removed to make room, among the entries of one map or of all maps that have
//  no evictor of their own. Two ways:
//
//  LRU: what was not used for longest, by sampling. The oldest of what the samples have shown are kept
//  as candidates from one eviction to the next (Sanfilippo, "Random notes on improving the Redis LRU
//  algorithm", 2016). Looking is no access.
//
//  S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023): new entries stay
//  in a short queue, a tenth of all, that they leave for the others if they were used twice, and
//  else for good; the keys of the latter are remembered for a while, and go to the others at once if
//  they come back. Of the others the oldest goes, but is spared once for each of up to three uses. The
//  queue is a real one; the oldest of the others is found by sampling.
//  For storage*.c and evict/*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef EVICTOR_H_INCLUDED
#define EVICTOR_H_INCLUDED

#include "../storage.h"
#include "ages.h"
#include "fifo.h"
#include "ghost.h"

#define EVICTOR_POOL 32 // Candidates

struct map;

//  An entry that looked old when it was seen. Everything may have changed since.
typedef struct {
    slot_t *slot;
    entry_t *entry;
    uint32_t map, local; // Where it was
    uint32_t access;     // Its clock then
    bool expired;        // Its time was over
} candidate_t;

//  Running sums of weights, for drawing by weight; renewed now and then.
typedef struct {
    uint64_t *sums; // NULL: not yet, or no memory
    uint32_t count, room;
    uint32_t left;  // Draws until they are renewed
} weights_t;

typedef struct evictor {
    struct map *map;    // Whose entries; NULL: of all maps without an evictor of their own
    uint8_t policy;     // map_policy_t, never MAP_POLICY_NODE
    tally_t all;        // The entries it may choose from
    uint64_t entries_max, bytes_max; // This actor's share of the map's limits; 0: none
    weights_t weights;  // Of the maps, by number
    candidate_t pool[EVICTOR_POOL];
    unsigned pool_count;
    fifo_t fresh;       // Entries with ENTRY_FRESH, and what was removed meanwhile
    ghost_t ghost;
} evictor_t;

//  bytes: counts the memory it takes.
void
    evictor_open (evictor_t *self, struct map *map, size_t *bytes);
void
    evictor_close (evictor_t *self);

//  MAP_POLICY_NONE, LRU or S3FIFO. What the last one had learnt is forgotten.
void
    evictor_set_policy (evictor_t *self, map_policy_t policy);

//  An entry was stored whose key was not there.
void
    evictor_added (storage_t *storage, evictor_t *self, const store_t *store, entry_t *entry, uint64_t hash);

//  Removes one entry, but never `keep` (may be NULL). False: there is none that could go now, or the
//  policy is none.
bool
    evictor_evict (storage_t *storage, evictor_t *self, const entry_t *keep, uint64_t now);

//  evictor_draw.c: a store with entries that this actor is primary of, by chance, the fuller the more
//  likely; NULL: there is none.
store_t *
    evictor_draw (storage_t *storage, evictor_t *self);

void
    weights_close (weights_t *self);

//  A number by chance, from a generator that always begins the same.
uint64_t
    evictor_random (storage_t *storage);

#endif
