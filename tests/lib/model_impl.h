//  model_impl: what the files of the model share. For model*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MODEL_IMPL_H_INCLUDED
#define MODEL_IMPL_H_INCLUDED

#include "lib/model.h"

#define MODEL_MAPS 64

typedef struct item {
    struct item *next;
    bytes_t map, key, value; // Owned
    uint64_t version;
    uint64_t deadline; // 0: none
    bool marked;       // There since the scan began
    unsigned seen;     // By the scan
    bool on_page;      // Of the page that is looked at
} item_t;

struct model {
    model_limits_t limits;
    item_t *items;
    uint64_t *last;       // Newest version, by partition
    uint64_t ghosts;      // Expired entries that SIZE may still count
    bytes_t maps[MODEL_MAPS]; // That exist
    uint32_t map_count;
    bytes_t scanned; // The map of the scan under way
};

//  What the answer must be. An answer without value has nil.
typedef struct {
    unsigned status;
    value_t value;
    enum { OLD, NEW } kind;
    uint64_t version; // OLD
    bool with_ttl;
    int64_t ttl;
    char text[8192];
} expected_t;

//  Two pieces one after the other; the caller frees them.
bytes_t
    model_copy (bytes_t first, bytes_t second);
void
    model_free (bytes_t bytes);

item_t *
    model_find (model_t *self, bytes_t map, bytes_t key);
void
    model_remove (model_t *self, item_t *item);
//  False: no more maps.
bool
    model_know_map (model_t *self, bytes_t map);

//  Executes an operation on one entry.
void
    model_run (model_t *self, const ask_t *ask, moment_t moment, expected_t *expected);

#endif
