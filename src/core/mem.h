//  mem: the one door to the allocator, so that tests can make any allocation fail.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MEM_H_INCLUDED
#define MEM_H_INCLUDED

#include <stddef.h>
#include <stdint.h>

//  Like malloc, calloc, realloc and free. Return NULL without memory, never abort. Safe from any
//  thread.
void *
    mem_alloc (size_t size);
void *
    mem_alloc_zero (size_t count, size_t size);
void *
    mem_resize (void *block, size_t size);
void
    mem_free (void *block);

//  size bytes, a power of two, aligned to size, straight from the system. Contents are zero. NULL
//  without memory.
void *
    mem_map_aligned (size_t size);

//  size bytes, a multiple of 4,096, straight from the system, and all of them at once: they are about to be
//  written. Contents are zero. NULL without memory.
void *
    mem_map (size_t size);

//  Gives the memory of whole pages back but keeps the addresses; what stands there becomes zero.
void
    mem_release (void *start, size_t size);

//  Gives back what mem_map or mem_map_aligned gave. Accepts NULL.
void
    mem_unmap (void *block, size_t size);

//  Test hook: the allocation number `countdown` from now on fails (1: the next), and so does every
//  one after it until the hook is set to 0. Process-wide; for tests of one thread.
void
    mem_fail_at (uint64_t countdown);

//  Test hook: how many allocations were asked for so far.
uint64_t
    mem_count (void);

#endif
