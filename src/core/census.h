//  census: what one storage actor counts and times beside the counters of stat.def: per operation, and which
//  keys are hot, which entries big, which records slow. One owner, one thread.
//
//  Records are timed in the groups that storage executes them in, up to 16 of one message; SCAN, SIZE and
//  DESTROY each by itself. The clock is read when a message comes and after each group, not for each record.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CENSUS_H_INCLUDED
#define CENSUS_H_INCLUDED

#include "big.h"
#include "histogram.h"
#include "hot.h"
#include "slow.h"
#include "status.h"
#include "wire.h"

#define HOT_ROOM 256 // Keys that are counted at a time

typedef struct {
    uint64_t (*clock) (void); // Nanoseconds; never goes back
    uint32_t sampling;        // One record in so many, about, is a sample of hot keys; at least 1
    uint64_t slow;            // Nanoseconds: what takes longer is remembered; 0: nothing is
} census_config_t;

typedef struct {
    uint64_t records, failed, bytes_in, bytes_out;
    uint64_t time; // Nanoseconds
} census_op_t;

_Static_assert (OP_LIMIT <= 64, "a bit for each operation");

typedef struct {
    census_config_t config;
    census_op_t ops[OP_LIMIT];
    histogram_t *execute[OP_LIMIT]; // NULL: not used yet, or no memory for it
    histogram_t *answer[OP_LIMIT];
    hot_t *hot;
    slow_t *slow;
    big_t big;
    //  The message that is executed, and the present group of its records
    uint64_t began, lapped;
    uint64_t body_ops, group_ops;   // Bits of operations
    uint32_t body[OP_LIMIT], group[OP_LIMIT], group_count;
    uint32_t until_sample;
    uint64_t random;
    slow_record_t largest;          // Of the group; its bytes lie in the message
    bytes_t client;
} census_t;

//  NULL without memory. The caller owns it.
census_t *
    census_new (const census_config_t *config);
void
    census_destroy (census_t **self_p);

//  A message has come. client: who sent it; must stay until census_answer or census_pack.
void
    census_begin (census_t *self, bytes_t client);

//  The present group ends. wall: milliseconds since 1970.
void
    census_lap (census_t *self, uint64_t wall);

//  The answer to the message leaves now.
void
    census_answer (census_t *self);

//  The answer to the message waits: what census_answer_later has to know when it leaves.
#define CENSUS_PACKED_MAX (8 + 5 * OP_LIMIT)
size_t
    census_pack (census_t *self, uint8_t packed[CENSUS_PACKED_MAX]);
void
    census_answer_later (census_t *self, bytes_t packed);

//  What was decided; other statuses are failures.
static inline bool
census_is_decided (unsigned status)
{
    return status == ZGRID_OK || status == ZGRID_NOTFOUND || status == ZGRID_EXISTS
           || status == ZGRID_MISMATCH;
}

//  A record of the present group was executed.
static inline void
census_note (census_t *self, const request_t *request, unsigned status, uint64_t bytes_out)
{
    unsigned op = request->op < OP_LIMIT ? request->op : OP_NONE;
    census_op_t *counts = &self->ops[op];
    uint64_t bytes_in = request->raw.size;
    counts->records++;
    counts->failed += !census_is_decided (status);
    counts->bytes_in += bytes_in;
    counts->bytes_out += bytes_out;
    if (op == OP_WITH) // It is not answered, and the time is that of those it belongs to
        return;
    self->group_ops |= UINT64_C (1) << op;
    self->group[op]++;
    if (self->group_count++ == 0 || bytes_in + bytes_out > self->largest.bytes_in + self->largest.bytes_out) {
        self->largest.op = op;
        self->largest.status = status;
        self->largest.bytes_in = bytes_in;
        self->largest.bytes_out = bytes_out;
        self->largest.map = request->map;
        self->largest.key = request->key;
    }
}

//  True for one record in so many: hot_add is to be called for it.
static inline bool
census_samples (census_t *self)
{
    return --self->until_sample == 0;
}

//  How many records until the next sample: at random, so that no pattern hides between two.
void
    census_set_sample (census_t *self);

#endif
