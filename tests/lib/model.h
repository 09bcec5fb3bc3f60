//  model: what the map must do, written as plainly as possible: a list of entries that is searched
//  from its beginning. It tells what the reply to a request must be, and whether one is that.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MODEL_H_INCLUDED
#define MODEL_H_INCLUDED

#include "lib/rig.h"

typedef struct model model_t;

typedef struct {
    uint32_t partitions;
    uint64_t key_max, value_max;
    uint32_t maps_max;
} model_limits_t;

model_t *
    model_new (const model_limits_t *limits);
void
    model_destroy (model_t **self_p);

//  Executes the request and compares. NULL, or what is wrong with the answer.
const char *
    model_check (model_t *self, const ask_t *ask, moment_t moment, const answer_t *answer);

//  Compares everything: each key by GET with its TTL, sizes, and a scan of every map. NULL, or what
//  is wrong. settled: nothing that has expired may be left (rig_settle).
const char *
    model_compare (model_t *self, rig_t *rig, bool settled);

//  Live entries, of all maps.
size_t
    model_size (model_t *self, moment_t moment);

//  A scan under way: begins, takes the keys of a page, ends. Each key at most once, each key that is
//  there from begin to end exactly once. NULL, or what is wrong.
void
    model_scan_begin (model_t *self, bytes_t map, moment_t moment);
const char *
    model_scan_page (model_t *self, const answer_t *page, bool with_values, moment_t moment);
const char *
    model_scan_end (model_t *self, moment_t moment);

#endif
