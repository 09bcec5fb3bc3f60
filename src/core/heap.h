//  heap: memory for the entries of one storage actor, in size classes 8 bytes apart for small
//  entries, with exact accounting. Pages that empty go back to their chunk, chunks that empty go
//  back to the system. One owner, one thread.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HEAP_H_INCLUDED
#define HEAP_H_INCLUDED

#include "bytes.h"

typedef struct heap heap_t;

//  NULL without memory. The caller owns it.
heap_t *
    heap_new (void);

//  Everything that was allocated from it must have been freed. Accepts NULL.
void
    heap_destroy (heap_t **self_p);

#define HEAP_SMALL_MAX 8192u // Larger blocks are allocated one by one

//  size bytes, aligned to 8. NULL without memory.
void *
    heap_alloc (heap_t *self, size_t size);

//  size must be what heap_alloc was asked for.
void
    heap_free (heap_t *self, void *block, size_t size);

//  Bytes that a block of this size really takes.
size_t
    heap_block_size (size_t size);

//  Bytes of blocks in use, rounded up to what they take.
size_t
    heap_used (const heap_t *self);

//  Bytes held from the system for them: pages with at least one block, and large blocks. What is kept until
//  heap_trim is not in it.
size_t
    heap_reserved (const heap_t *self);

//  True if the page of this block has much room, and is not the one that the next block of this size
//  comes from, so that moving the block helps to empty the page. Large blocks never are.
bool
    heap_is_sparse (const heap_t *self, const void *block, size_t size);

//  Gives up to `pages` unused pages back to the system, and large blocks that were kept since the call
//  before; those that are kept since then count as well. Returns how many; fewer than asked: there are no
//  more.
size_t
    heap_trim (heap_t *self, size_t pages);

#endif
