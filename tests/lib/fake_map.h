//  fake_map: what a storage actor would answer, as simply as possible, for tests of clients. Nothing
//  expires; a TTL is only remembered.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FAKE_MAP_H_INCLUDED
#define FAKE_MAP_H_INCLUDED

#include "wire.h"

typedef struct fake_map fake_map_t;

typedef struct {
    unsigned status;
    value_t value; // Readable until the next call
    uint64_t version;
    meta_t meta;
} fake_answer_t;

fake_map_t *
    fake_map_new (uint32_t partitions);
void
    fake_map_destroy (fake_map_t **self_p);

//  Answers operations on keys and partitions; all others with BADOP.
void
    fake_map_run (fake_map_t *self, const request_t *request, const options_t *options,
                  fake_answer_t *answer);

#endif
