//  mem: see mem.h. The hook costs one relaxed load on the way to malloc.
//  SPDX-License-Identifier: MPL-2.0
#include "mem.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

static _Atomic uint64_t s_fail_at; // 0: never
static _Atomic uint64_t s_count;   // Only counted while the hook is in use, or has been

static int
s_refused (void)
{
    uint64_t at = atomic_load_explicit (&s_fail_at, memory_order_relaxed);
    if (at == 0)
        return 0;
    return atomic_fetch_add_explicit (&s_count, 1, memory_order_relaxed) + 1 >= at;
}

void *
mem_alloc (size_t size)
{
    return s_refused () ? NULL : malloc (size);
}

void *
mem_alloc_zero (size_t count, size_t size)
{
    return s_refused () ? NULL : calloc (count, size);
}

void *
mem_resize (void *block, size_t size)
{
    return s_refused () ? NULL : realloc (block, size);
}

void
mem_free (void *block)
{
    free (block);
}

void *
mem_map (size_t size)
{
    if (s_refused ())
        return NULL;
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE;
    void *block = mmap (NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

void
mem_release (void *start, size_t size)
{
    madvise (start, size, MADV_DONTNEED);
}

void *
mem_map_aligned (size_t size)
{
    assert (size && (size & (size - 1)) == 0);
    if (s_refused ())
        return NULL;
    //  Map twice as much and cut off what is not aligned
    uint8_t *raw = mmap (NULL, size * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (raw == MAP_FAILED)
        return NULL;
    size_t lead = (size - ((uintptr_t) raw & (size - 1))) & (size - 1);
    if (lead)
        munmap (raw, lead);
    munmap (raw + lead + size, size - lead);
    return raw + lead;
}

void
mem_unmap (void *block, size_t size)
{
    if (block)
        munmap (block, size);
}

void
mem_fail_at (uint64_t countdown)
{
    atomic_store_explicit (&s_count, 0, memory_order_relaxed);
    atomic_store_explicit (&s_fail_at, countdown, memory_order_relaxed);
}

uint64_t
mem_count (void)
{
    return atomic_load_explicit (&s_count, memory_order_relaxed);
}
