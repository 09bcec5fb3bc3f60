//  hits: how often a cache has what it is asked for. Traces of accesses from a seed, the share of hits of
//  exact LRU and of the best that is possible (Belady, "A study of replacement algorithms for a
//  virtual-storage computer", 1966), and that of a storage that is asked, and given what it has not got.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HITS_H_INCLUDED
#define HITS_H_INCLUDED

#include "storage.h"

typedef enum {
    TRACE_ZIPF_08, // Key k with a probability that falls as 1 / k ^ 0.8
    TRACE_ZIPF_10, // 1 / k
    TRACE_SCANS,   // The same; every fourth access is part of a scan over keys that never come again
    TRACE_LOOP,    // Over and over 1.5 times what fits
    TRACE_MIXED,   // Half a loop over 1.5 times what fits, half zipf 1.0
    TRACES
} trace_kind_t;
extern const char *const hits_names[TRACES];

typedef struct {
    uint32_t *keys;
    uint32_t count; // Accesses
    uint32_t range; // Keys are below
} trace_t;

//  capacity: entries that fit. Ten times as many keys (zipf). Aborts without memory.
void
    trace_make (trace_t *self, trace_kind_t kind, uint32_t count, uint32_t capacity, uint64_t seed);
void
    trace_free (trace_t *self);

//  Shares of hits in the second half of the trace: by then every cache is full.
double
    hits_lru (const trace_t *trace, uint32_t capacity);
double
    hits_belady (const trace_t *trace, uint32_t capacity);

//  Of one storage actor with memory.entries = capacity. rate: accesses in a millisecond.
double
    hits_storage (const trace_t *trace, uint32_t capacity, map_policy_t policy, uint32_t rate);

#endif
