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
    uint64_t body_ops, group_ops; // Bits of operations
    uint32_t body[OP_LIMIT], group[OP_LIMIT], group_count;
    uint32_t until_sample;
    uint64_t random;
    bytes_t client;
} census_t;

//  Records of one operation, one after the other in a group.
typedef struct {
    unsigned op;
    uint32_t records, failed;
    uint64_t bytes_in, bytes_out;
} census_run_t;

//  NULL without memory. The caller owns it.
census_t *
    census_new (const census_config_t *config);
void
    census_destroy (census_t **self_p);

//  A message has come. client: who sent it; must stay until census_answer or census_pack.
void
    census_begin (census_t *self, bytes_t client);

//  Records of the present group were executed.
void
    census_add (census_t *self, const census_run_t *run);

//  The present group ends. Returns how many nanoseconds it took if one of its records is to be remembered as
//  slow, with census_slow; 0 otherwise.
uint64_t
    census_lap (census_t *self);

//  at, took, group and client are set here.
void
    census_slow (census_t *self, slow_record_t *record, uint64_t took, uint32_t group, uint64_t wall);

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

//  How many records until the next sample: at random, so that no pattern hides between two.
void
    census_set_sample (census_t *self);

//  So many records were executed, besides those that were told before. If one of them is a sample, for which
//  hot_add is to be called: its number, from 1; the records after it have not been told then. 0: none is.
static inline uint32_t
census_sample (census_t *self, uint32_t records)
{
    uint32_t until = self->until_sample;
    if (until > records) {
        self->until_sample = until - records;
        return 0;
    }
    census_set_sample (self);
    return until;
}

#endif
