//  squeeze: see squeeze.h.
//  SPDX-License-Identifier: MPL-2.0
#include "squeeze.h"

#include "cargo.h"

#ifdef HAVE_LZ4
#    include <limits.h>
#    include <lz4.h>

#    define S_PASS_MAX 64

bool
squeeze_built_in (void)
{
    return true;
}

static void
s_replace (zmq_msg_t *body, zmq_msg_t *other)
{
    zmq_msg_move (body, other);
    zmq_msg_close (other);
}

bool
squeeze_body (squeeze_t *self, zmq_msg_t *body)
{
    size_t size = zmq_msg_size (body);
    if (size < SQUEEZE_LEAST || size > LZ4_MAX_INPUT_SIZE)
        return false;
    if (self->pass) {
        self->pass--;
        return false;
    }
    size_t most = size - size / SQUEEZE_PAYS;
    buf_t out = BUF_INIT;
    if (!buf_grow (&out, most))
        return false;
    int made = LZ4_compress_default (zmq_msg_data (body), (char *) out.data, (int) size, (int) most);
    zmq_msg_t smaller;
    if (made > 0) {
        out.size = (size_t) made;
        self->last = 0;
        if (cargo_message (&out, &smaller)) {
            s_replace (body, &smaller);
            return true;
        }
    } else {
        self->last = self->last == 0 ? 1 : self->last < S_PASS_MAX ? self->last * 2 : S_PASS_MAX;
        self->pass = self->last;
    }
    buf_clear (&out);
    return false;
}

bool
squeeze_undo (zmq_msg_t *body, uint64_t size)
{
    buf_t out = BUF_INIT;
    size_t block = zmq_msg_size (body);
    //  lz4 makes a byte of 255 at most
    if (size > INT_MAX || block > INT_MAX || size / 255 > block || !buf_grow (&out, (size_t) size))
        return false;
    int made = LZ4_decompress_safe (zmq_msg_data (body), (char *) out.data, (int) block, (int) size);
    zmq_msg_t larger;
    out.size = (size_t) size;
    if (made >= 0 && (uint64_t) made == size && cargo_message (&out, &larger)) {
        s_replace (body, &larger);
        return true;
    }
    buf_clear (&out);
    return false;
}

#else

bool
squeeze_built_in (void)
{
    return false;
}

bool
squeeze_body (squeeze_t *self, zmq_msg_t *body)
{
    (void) self;
    (void) body;
    return false;
}

bool
squeeze_undo (zmq_msg_t *body, uint64_t size)
{
    (void) body;
    (void) size;
    return false;
}

#endif
