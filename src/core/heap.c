//  heap: see heap.h.
//
//  Three kinds of pages, each for a range of size classes. A chunk is a block of address space,
//  aligned to its size, cut into pages of one kind; its head holds what is known about each page, so
//  that from a block's address and size everything is found by masking. Free blocks of a page form
//  a list through their first two bytes.
//  SPDX-License-Identifier: MPL-2.0
#include "heap.h"

#include <assert.h>

#include "mem.h"

#if defined(__SANITIZE_ADDRESS__)
#    define S_WATCHED
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) // clang's way to say so
#        define S_WATCHED
#    endif
#endif

#ifdef S_WATCHED
#    include <sanitizer/asan_interface.h>
#    define S_POISON(block, size) ASAN_POISON_MEMORY_REGION (block, size)
#    define S_UNPOISON(block, size) ASAN_UNPOISON_MEMORY_REGION (block, size)
#else
#    define S_POISON(block, size) ((void) 0)
#    define S_UNPOISON(block, size) ((void) 0)
#endif

#define S_CLASSES 112
#define S_NONE UINT16_MAX
#define S_MAPPED_MIN (256u * 1024) // From here on blocks are mapped one by one
#define S_SPARES 4                 // Of them that are kept when they are free,
#define S_SPARE_MAX (4u << 20)     // each not larger than this, until heap_trim

typedef struct {
    uint32_t page_size;
    uint32_t chunk_size;
} s_kind_t;

static const s_kind_t s_kinds[] = {
    { 4096, 1 << 20 },  // Blocks up to 512 bytes
    { 16384, 1 << 20 }, // up to 2,048
    { 65536, 4 << 20 }, // up to 8,192
};
#define S_KINDS (sizeof s_kinds / sizeof s_kinds[0])

typedef struct page {
    struct page *next, *prev; // Among the pages of its class that have a free block
    uint16_t used;            // Blocks in use
    uint16_t room;            // Blocks it can hold; 0: not in use, next_unused counts
    uint16_t fresh;           // Blocks from here on were never used
    uint16_t free;            // First free block before that, S_NONE: none
    uint16_t class;
    uint16_t next_unused; // Next page of the chunk that is not in use
    bool dirty;           // Not in use, but the system has not got it back
} page_t;

typedef struct chunk {
    struct chunk *next, *prev; // Among the chunks of its kind with an unused page
    uint16_t kind;
    uint16_t first;  // Pages before this one hold this head
    uint16_t count;  // Pages in all
    uint16_t unused; // Pages not in use
    uint16_t free;   // First of them
    uint16_t dirty;  // Of them
    page_t pages[];
} chunk_t;

//  A mapped block that is free. A value that replaces another of its size finds memory that is already there.
typedef struct {
    void *block; // NULL: none
    size_t size;
    bool old; // It was here when heap_trim last looked
} spare_t;

struct heap {
    spare_t spares[S_SPARES];
    unsigned oldest;            // Of the spares, when all are in use
    page_t *partial[S_CLASSES]; // Pages with a free block, by class
    chunk_t *open[S_KINDS];     // Chunks with an unused page
    size_t used;
    size_t reserved;
    size_t idle_chunks[S_KINDS]; // Wholly unused ones that are kept
};

//  ------------------------------------------------------------------------------------------------
//  Size classes

static unsigned
s_class_of (size_t size)
{
    if (size <= 512)
        return size ? (unsigned) ((size + 7) / 8 - 1) : 0;
    if (size <= 2048)
        return 64 + (unsigned) ((size - 513) / 64);
    return 88 + (unsigned) ((size - 2049) / 256);
}

static size_t
s_class_size (unsigned class)
{
    return class < 64 ? (class + 1) * 8u : class < 88 ? 512 + (class - 63) * 64u : 2048 + (class - 87) * 256u;
}

static unsigned
s_kind_of (unsigned class)
{
    return class < 64 ? 0 : class < 88 ? 1 : 2;
}

static size_t
s_large_size (size_t size)
{
    return size >= S_MAPPED_MIN ? (size + 4095) & ~(size_t) 4095 : (size + 8 + 15) & ~(size_t) 15;
}

size_t
heap_block_size (size_t size)
{
    return size > HEAP_SMALL_MAX ? s_large_size (size) : s_class_size (s_class_of (size));
}

//  ------------------------------------------------------------------------------------------------
//  Chunks and pages

static chunk_t *
s_chunk_of (const void *block, unsigned kind)
{
    return (chunk_t *) ((uintptr_t) block & ~(uintptr_t) (s_kinds[kind].chunk_size - 1));
}

static page_t *
s_page_of (const void *block, unsigned kind)
{
    chunk_t *chunk = s_chunk_of (block, kind);
    return &chunk->pages[((uintptr_t) block - (uintptr_t) chunk) / s_kinds[kind].page_size];
}

static uint8_t *
s_page_start (page_t *page, unsigned kind)
{
    chunk_t *chunk = s_chunk_of (page, kind);
    return (uint8_t *) chunk + (size_t) (page - chunk->pages) * s_kinds[kind].page_size;
}

static void
s_open_chunk (heap_t *self, chunk_t *chunk)
{
    chunk->prev = NULL;
    chunk->next = self->open[chunk->kind];
    if (chunk->next)
        chunk->next->prev = chunk;
    self->open[chunk->kind] = chunk;
}

static void
s_close_chunk (heap_t *self, chunk_t *chunk)
{
    if (chunk->prev)
        chunk->prev->next = chunk->next;
    else
        self->open[chunk->kind] = chunk->next;
    if (chunk->next)
        chunk->next->prev = chunk->prev;
}

static chunk_t *
s_new_chunk (heap_t *self, unsigned kind)
{
    chunk_t *chunk = mem_map_aligned (s_kinds[kind].chunk_size);
    if (!chunk)
        return NULL;
    size_t count = s_kinds[kind].chunk_size / s_kinds[kind].page_size;
    size_t head = sizeof (chunk_t) + count * sizeof (page_t);
    chunk->kind = (uint16_t) kind;
    chunk->count = (uint16_t) count;
    chunk->first = (uint16_t) ((head + s_kinds[kind].page_size - 1) / s_kinds[kind].page_size);
    chunk->unused = (uint16_t) (count - chunk->first);
    chunk->free = chunk->first;
    for (unsigned at = chunk->first; at < count; at++)
        chunk->pages[at].next_unused = at + 1 < count ? (uint16_t) (at + 1) : S_NONE;
    s_open_chunk (self, chunk);
    self->idle_chunks[kind]++;
    return chunk;
}

static bool
s_is_idle (const chunk_t *chunk)
{
    return chunk->unused == chunk->count - chunk->first;
}

static void
s_list_page (heap_t *self, page_t *page)
{
    page->prev = NULL;
    page->next = self->partial[page->class];
    if (page->next)
        page->next->prev = page;
    self->partial[page->class] = page;
}

static void
s_unlist_page (heap_t *self, page_t *page)
{
    if (page->prev)
        page->prev->next = page->next;
    else
        self->partial[page->class] = page->next;
    if (page->next)
        page->next->prev = page->prev;
}

static page_t *
s_new_page (heap_t *self, unsigned class)
{
    unsigned kind = s_kind_of (class);
    chunk_t *chunk = self->open[kind];
    if (!chunk && !(chunk = s_new_chunk (self, kind)))
        return NULL;
    if (s_is_idle (chunk))
        self->idle_chunks[kind]--;
    page_t *page = &chunk->pages[chunk->free];
    chunk->free = page->next_unused;
    if (--chunk->unused == 0)
        s_close_chunk (self, chunk);
    if (page->dirty) {
        page->dirty = false;
        chunk->dirty--;
    }
    page->used = 0;
    page->room = (uint16_t) (s_kinds[kind].page_size / s_class_size (class));
    page->fresh = 0;
    page->free = S_NONE;
    page->class = (uint16_t) class;
    s_list_page (self, page);
    self->reserved += s_kinds[kind].page_size;
    S_POISON (s_page_start (page, kind), s_kinds[kind].page_size);
    return page;
}

static void
s_drop_page (heap_t *self, page_t *page, unsigned kind)
{
    chunk_t *chunk = s_chunk_of (page, kind);
    s_unlist_page (self, page);
    page->room = 0;
    page->dirty = true;
    chunk->dirty++;
    page->next_unused = chunk->free;
    chunk->free = (uint16_t) (page - chunk->pages);
    if (chunk->unused++ == 0)
        s_open_chunk (self, chunk);
    self->reserved -= s_kinds[kind].page_size;
    S_UNPOISON (s_page_start (page, kind), s_kinds[kind].page_size);
    if (!s_is_idle (chunk))
        return;
    //  One idle chunk of each kind is kept, so that a page that comes and goes costs no system call
    if (self->idle_chunks[kind] > 0) {
        s_close_chunk (self, chunk);
        mem_unmap (chunk, s_kinds[kind].chunk_size);
    } else
        self->idle_chunks[kind]++;
}

//  ------------------------------------------------------------------------------------------------
//  Blocks

heap_t *
heap_new (void)
{
    return mem_alloc_zero (1, sizeof (heap_t));
}

static void
s_give_back (spare_t *spare)
{
    if (!spare->block)
        return;
    S_UNPOISON (spare->block, spare->size);
    mem_unmap (spare->block, spare->size);
    spare->block = NULL;
}

//  Chunks without an unused page are in no list: they are reached through a page that has a free
//  block, or not at all. The owner frees every entry first, so nothing is left behind.
void
heap_destroy (heap_t **self_p)
{
    heap_t *self = *self_p;
    if (!self)
        return;
    assert (self->used == 0);
    for (unsigned at = 0; at < S_SPARES; at++)
        s_give_back (&self->spares[at]);
    for (unsigned kind = 0; kind < S_KINDS; kind++)
        while (self->open[kind]) {
            chunk_t *chunk = self->open[kind];
            s_close_chunk (self, chunk);
            mem_unmap (chunk, s_kinds[kind].chunk_size);
        }
    mem_free (self);
    *self_p = NULL;
}

static void *
s_map (heap_t *self, size_t size)
{
    for (unsigned at = 0; at < S_SPARES; at++) {
        spare_t *spare = &self->spares[at];
        if (!spare->block || spare->size != size)
            continue;
        void *block = spare->block;
        spare->block = NULL;
        S_UNPOISON (block, size);
        return block;
    }
    return mem_map (size);
}

static void
s_unmap (heap_t *self, void *block, size_t size)
{
    if (size > S_SPARE_MAX) {
        mem_unmap (block, size);
        return;
    }
    spare_t *spare = NULL;
    for (unsigned at = 0; at < S_SPARES && !spare; at++)
        spare = self->spares[at].block ? NULL : &self->spares[at];
    if (!spare) {
        spare = &self->spares[self->oldest];
        self->oldest = (self->oldest + 1) % S_SPARES;
        s_give_back (spare);
    }
    *spare = (spare_t) { block, size, false };
    S_POISON (block, size);
}

static void *
s_alloc_large (heap_t *self, size_t size)
{
    //  A value may grow inside its block up to what the block takes: all of it is there. malloc's own
    //  head is the 8 bytes that s_large_size counts
    void *block = size >= S_MAPPED_MIN ? s_map (self, s_large_size (size))
                                       : mem_alloc (s_large_size (size) - 8);
    if (block) {
        self->used += s_large_size (size);
        self->reserved += s_large_size (size);
    }
    return block;
}

void *
heap_alloc (heap_t *self, size_t size)
{
    if (size > HEAP_SMALL_MAX)
        return s_alloc_large (self, size);
    unsigned class = s_class_of (size);
    page_t *page = self->partial[class];
    if (!page && !(page = s_new_page (self, class)))
        return NULL;
    size_t block_size = s_class_size (class);
    uint8_t *start = s_page_start (page, s_kind_of (class));
    uint8_t *block;
    if (page->free != S_NONE) {
        block = start + page->free * block_size;
        S_UNPOISON (block, block_size);
        memcpy (&page->free, block, sizeof page->free);
    } else {
        block = start + page->fresh++ * block_size;
        S_UNPOISON (block, block_size);
    }
    if (++page->used == page->room)
        s_unlist_page (self, page);
    self->used += block_size;
    return block;
}

void
heap_free (heap_t *self, void *block, size_t size)
{
    if (!block)
        return;
    if (size > HEAP_SMALL_MAX) {
        self->used -= s_large_size (size);
        self->reserved -= s_large_size (size);
        if (size >= S_MAPPED_MIN)
            s_unmap (self, block, s_large_size (size));
        else
            mem_free (block);
        return;
    }
    unsigned class = s_class_of (size);
    unsigned kind = s_kind_of (class);
    page_t *page = s_page_of (block, kind);
    size_t block_size = s_class_size (class);
    assert (page->class == class && page->used > 0);
    self->used -= block_size;
    memcpy (block, &page->free, sizeof page->free);
    page->free = (uint16_t) ((size_t) ((uint8_t *) block - s_page_start (page, kind)) / block_size);
    S_POISON (block, block_size);
    if (page->used-- == page->room)
        s_list_page (self, page);
    if (page->used == 0)
        s_drop_page (self, page, kind);
}

size_t
heap_used (const heap_t *self)
{
    return self->used;
}

size_t
heap_reserved (const heap_t *self)
{
    return self->reserved;
}

bool
heap_is_sparse (const heap_t *self, const void *block, size_t size)
{
    if (size > HEAP_SMALL_MAX)
        return false;
    unsigned class = s_class_of (size);
    const page_t *page = s_page_of (block, s_kind_of (class));
    return page->used * 8u < page->room * 7u && page != self->partial[class];
}

//  Unused pages that lie side by side are given back in one call.
static size_t
s_trim_chunk (chunk_t *chunk, size_t pages)
{
    size_t page_size = s_kinds[chunk->kind].page_size;
    size_t given = 0;
    for (unsigned at = chunk->first; at < chunk->count && given < pages && chunk->dirty; at++) {
        unsigned end = at;
        while (end < chunk->count && chunk->pages[end].dirty && given < pages) {
            chunk->pages[end++].dirty = false;
            chunk->dirty--;
            given++;
        }
        if (end > at) {
            mem_release ((uint8_t *) chunk + at * page_size, (end - at) * page_size);
            at = end;
        }
    }
    return given;
}

size_t
heap_trim (heap_t *self, size_t pages)
{
    size_t given = 0;
    for (unsigned at = 0; at < S_SPARES && given < pages; at++)
        if (self->spares[at].block) {
            if (self->spares[at].old)
                s_give_back (&self->spares[at]);
            self->spares[at].old = true;
            given++;
        }
    for (unsigned kind = 0; kind < S_KINDS; kind++)
        for (chunk_t *chunk = self->open[kind]; chunk && given < pages; chunk = chunk->next)
            if (chunk->dirty)
                given += s_trim_chunk (chunk, pages - given);
    return given;
}
