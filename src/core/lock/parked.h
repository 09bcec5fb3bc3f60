//  parked: where the reply of a record goes that waits for its turn (LOCK): the frames that came before its
//  body, kept until somebody knows what to say. Bounded; whoever finds no room is refused.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PARKED_H_INCLUDED
#define PARKED_H_INCLUDED

#include "../bytes.h"

#define PARKED_MAX 65536              // Of one storage actor
#define PARKED_BYTES_MAX (16u << 20)  // The frames of all of them
#define PARKED_FRAMES_MAX 16

typedef struct parked parked_t;

typedef struct {
    parked_t *first;
    uint32_t count;
    size_t bytes;
} parked_list_t;

//  True if one more has no room.
bool
    parked_full (const parked_list_t *list);

//  id: of the record. All is copied. NULL without memory, or with more frames than PARKED_FRAMES_MAX.
parked_t *
    parked_new (parked_list_t *list, unsigned tag, const bytes_t *before, size_t before_count, uint64_t id);
void
    parked_destroy (parked_list_t *list, parked_t **self_p);

//  What came with it. frames: at least PARKED_FRAMES_MAX; they lie in it.
size_t
    parked_before (const parked_t *self, bytes_t *frames);
unsigned
    parked_tag (const parked_t *self);
uint64_t
    parked_id (const parked_t *self);

#endif
