//  kept: replies that stay as long as results point into them, and memory for encoded records.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"

#define S_MESSAGES 16           // Messages in a chunk
#define S_BLOCK 131072          // Bytes in a block of an arena, unless a record needs more
#define S_ARENA_MAX (16u << 20) // An emptied arena keeps no more than this

//  A message must not be moved: small ones hold their bytes inside
struct kept_chunk {
    kept_chunk_t *next;
    size_t used; // Messages that are held; one more may hold the newest
    zmq_msg_t messages[S_MESSAGES];
};

struct kept_text {
    kept_text_t *next;
    char text[];
};

zmq_msg_t *
kept_slot (kept_t *self)
{
    kept_chunk_t *chunk = self->chunks;
    if (!chunk || chunk->used == S_MESSAGES) {
        chunk = mem_alloc (sizeof *chunk);
        if (!chunk)
            return NULL;
        chunk->used = 0;
        chunk->next = self->chunks;
        for (size_t at = 0; at < S_MESSAGES; at++)
            zmq_msg_init (&chunk->messages[at]);
        self->chunks = chunk;
    }
    return &chunk->messages[chunk->used];
}

void
kept_hold (kept_t *self)
{
    self->chunks->used++;
}

const char *
kept_copy (kept_t *self, bytes_t bytes)
{
    kept_text_t *text = mem_alloc (sizeof *text + bytes.size + 1);
    if (!text)
        return NULL;
    if (bytes.size)
        memcpy (text->text, bytes.data, bytes.size);
    text->text[bytes.size] = 0;
    text->next = self->texts;
    self->texts = text;
    return text->text;
}

void
kept_release (kept_t *self)
{
    //  One chunk stays for the next call
    while (self->chunks) {
        kept_chunk_t *chunk = self->chunks;
        size_t used = chunk->used < S_MESSAGES ? chunk->used + 1 : S_MESSAGES;
        for (size_t at = 0; at < used; at++) {
            zmq_msg_close (&chunk->messages[at]);
            zmq_msg_init (&chunk->messages[at]);
        }
        chunk->used = 0;
        if (!chunk->next)
            break;
        self->chunks = chunk->next;
        mem_free (chunk);
    }
    while (self->texts) {
        kept_text_t *text = self->texts;
        self->texts = text->next;
        mem_free (text);
    }
}

void
kept_clear (kept_t *self)
{
    kept_release (self);
    mem_free (self->chunks);
    self->chunks = NULL;
}

//  ------------------------------------------------------------------------------------------------

struct arena_block {
    arena_block_t *next;
    size_t used;
    size_t room;
    uint8_t data[];
};

uint8_t *
arena_room (arena_t *self, size_t size)
{
    arena_block_t *block = self->current;
    while (block && block->room - block->used < size) {
        block = block->next;
        if (block)
            self->current = block;
    }
    if (!block) {
        size_t room = size > S_BLOCK ? size : S_BLOCK;
        block = mem_alloc (sizeof *block + room);
        if (!block)
            return NULL;
        *block = (arena_block_t) { .room = room };
        if (self->last)
            self->last->next = block;
        else
            self->first = block;
        self->last = self->current = block;
    }
    return block->data + block->used;
}

void
arena_use (arena_t *self, size_t size)
{
    self->current->used += size;
}

void
arena_reset (arena_t *self)
{
    size_t room = 0;
    arena_block_t *last = NULL;
    for (arena_block_t *block = self->first, *next; block; block = next) {
        next = block->next;
        room += block->room;
        block->used = 0;
        if (room > S_ARENA_MAX) {
            if (last)
                last->next = next;
            else
                self->first = next;
            mem_free (block);
        } else
            last = block;
    }
    self->last = last;
    self->current = self->first;
}

void
arena_clear (arena_t *self)
{
    for (arena_block_t *block = self->first, *next; block; block = next) {
        next = block->next;
        mem_free (block);
    }
    *self = (arena_t) { NULL, NULL, NULL };
}
