//  buf: bytes that grow. A failure sticks: after one, nothing is added and buf_failed says so.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BUF_H_INCLUDED
#define BUF_H_INCLUDED

#include "bytes.h"

typedef struct {
    uint8_t *data;
    size_t size; // Bytes in use
    size_t room; // Bytes allocated
    bool failed; // An allocation failed since the last reset
} buf_t;

#define BUF_INIT { NULL, 0, 0, false }

//  Frees the memory; the buffer may be used again.
void
    buf_clear (buf_t *self);

//  Makes room for `more` further bytes. False, and failed set, without memory.
bool
    buf_grow (buf_t *self, size_t more);

//  Empties the buffer, keeps its memory, forgets a failure.
static inline void
buf_reset (buf_t *self)
{
    self->size = 0;
    self->failed = false;
}

static inline bool
buf_reserve (buf_t *self, size_t more)
{
    if (self->room - self->size >= more && !self->failed)
        return true;
    return buf_grow (self, more);
}

static inline void
buf_add (buf_t *self, const void *data, size_t size)
{
    if (size && buf_reserve (self, size)) {
        memcpy (self->data + self->size, data, size);
        self->size += size;
    }
}

static inline bytes_t
buf_bytes (const buf_t *self)
{
    return bytes_of (self->data, self->size);
}

#endif
