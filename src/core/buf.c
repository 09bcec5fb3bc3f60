//  buf: see buf.h.
//  SPDX-License-Identifier: MPL-2.0
#include "buf.h"

#include "mem.h"

void
buf_clear (buf_t *self)
{
    mem_free (self->data);
    *self = (buf_t) BUF_INIT;
}

bool
buf_grow (buf_t *self, size_t more)
{
    if (self->failed)
        return false;
    if (self->room - self->size >= more)
        return true;
    size_t room = self->room ? self->room : 256;
    while (room - self->size < more) {
        if (room > SIZE_MAX / 2) {
            self->failed = true;
            return false;
        }
        room *= 2;
    }
    uint8_t *data = mem_resize (self->data, room);
    if (!data) {
        self->failed = true;
        return false;
    }
    self->data = data;
    self->room = room;
    return true;
}
