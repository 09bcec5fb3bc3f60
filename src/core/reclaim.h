//  reclaim: when may memory that a local reader could still look at be used again?
//
//  Epoch-based reclamation (Fraser, "Practical lock-freedom", 2004, section 5.2.3): a reader notes
//  the epoch in which it began; what the owner unlinked in an epoch is freed once every reader that
//  is inside began in a later one. Readers never wait, and the owner never waits for them.
//
//  Without readers (a server) everything is freed at once and nothing of this costs anything.
//  SPDX-License-Identifier: MPL-2.0
#ifndef RECLAIM_H_INCLUDED
#define RECLAIM_H_INCLUDED

#include <stdatomic.h>

#include "bytes.h"

//  Shared by all readers and owners of one node. The one who made it owns it.
typedef struct epochs epochs_t;

//  readers: how many there can be at a time. NULL without memory.
epochs_t *
    epochs_new (uint32_t readers);
void
    epochs_destroy (epochs_t **self_p);

//  A reader's place: 0 … readers - 1, or -1 if all are taken. Any thread.
int
    epochs_join (epochs_t *self);
void
    epochs_leave (epochs_t *self, int place);

//  Everything that is reachable after enter stays readable until exit. Not nested.
void
    epochs_enter (epochs_t *self, int place);
void
    epochs_exit (epochs_t *self, int place);

//  Counts what the reader at this place has read, and tells the sum of all, for statistics.
void
    epochs_count (epochs_t *self, int place, uint64_t reads);
uint64_t
    epochs_reads (epochs_t *self);

//  ------------------------------------------------------------------------------------------------
//  The owner's side: one per storage actor

typedef void (reclaim_fn) (void *owner, void *what, size_t size);
typedef struct reclaim reclaim_t;

//  epochs may be NULL: there will never be readers. NULL without memory.
reclaim_t *
    reclaim_new (epochs_t *epochs);

//  Frees everything that waits; there must be no reader inside. Accepts NULL.
void
    reclaim_destroy (reclaim_t **self_p);

//  From now on there may be readers (or, again, not). Must be called, and have taken effect, before
//  the first reader enters.
void
    reclaim_set_readers (reclaim_t *self, bool readers);

//  True while things are kept for readers, so that nothing that can be found may be changed in place.
bool
    reclaim_deferred (const reclaim_t *self);

//  Calls release (owner, what, size) as soon as no reader can see it: at once without readers.
//  `what` must be unlinked already. Without memory for its list it waits for the readers (they are
//  inside for microseconds) and calls release then.
void
    reclaim_later (reclaim_t *self, reclaim_fn *release, void *owner, void *what, size_t size);

//  Releases what is due. To be called once a turn.
void
    reclaim_turn (reclaim_t *self);

//  Bytes that wait.
size_t
    reclaim_waiting (const reclaim_t *self);

#endif
