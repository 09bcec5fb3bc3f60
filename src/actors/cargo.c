//  cargo: see cargo.h. The counter is shared with libzmq's I/O threads and other actors, which subtract;
//  whoever lets go of it last frees it.
//  SPDX-License-Identifier: MPL-2.0
#include "cargo.h"

#include <stdatomic.h>

#include "handover.h"
#include "mem.h"

struct cargo {
    _Atomic uint64_t bytes;
    _Atomic uint64_t holders; // The owner, and each message
};

typedef struct {
    cargo_t *cargo;
    zmq_msg_t message;
    _Atomic bool written; // Orders the writing of this before its reading
} s_item_t;

cargo_t *
cargo_new (void)
{
    cargo_t *self = mem_alloc_zero (1, sizeof (cargo_t));
    if (self)
        atomic_store (&self->holders, 1);
    return self;
}

static void
s_let_go (cargo_t *self)
{
    if (atomic_fetch_sub (&self->holders, 1) == 1)
        mem_free (self);
}

void
cargo_release (cargo_t **self_p)
{
    if (*self_p)
        s_let_go (*self_p);
    *self_p = NULL;
}

uint64_t
cargo_bytes (const cargo_t *self)
{
    return atomic_load (&self->bytes);
}

//  Wherever the message is closed.
static void
s_left (void *data, void *hint)
{
    s_item_t *item = hint;
    (void) data;
    (void) atomic_load_explicit (&item->written, memory_order_acquire);
    atomic_fetch_sub (&item->cargo->bytes, zmq_msg_size (&item->message) + CARGO_EACH);
    s_let_go (item->cargo);
    zmq_msg_close (&item->message);
    mem_free (item);
}

bool
cargo_load (cargo_t *self, zmq_msg_t *message)
{
    s_item_t *item = mem_alloc_zero (1, sizeof (s_item_t));
    if (!item)
        return false;
    zmq_msg_init (&item->message);
    zmq_msg_move (&item->message, message);
    size_t size = zmq_msg_size (&item->message);
    item->cargo = self;
    atomic_store_explicit (&item->written, true, memory_order_release);
    if (zmq_msg_init_data (message, zmq_msg_data (&item->message), size, s_left, item) != 0) {
        zmq_msg_init (message);
        zmq_msg_move (message, &item->message);
        zmq_msg_close (&item->message);
        mem_free (item);
        return false;
    }
    atomic_fetch_add (&self->bytes, size + CARGO_EACH);
    atomic_fetch_add (&self->holders, 1);
    return true;
}

static void
s_free (void *data, void *hint)
{
    (void) hint;
    handover_take (data);
    mem_free (data);
}

bool
cargo_message (buf_t *bytes, zmq_msg_t *message)
{
    if (bytes->failed)
        return false;
    if (bytes->size == 0) {
        zmq_msg_init (message);
        buf_clear (bytes);
        return true;
    }
    handover_give (bytes->data);
    if (zmq_msg_init_data (message, bytes->data, bytes->size, s_free, NULL) != 0)
        return false;
    *bytes = (buf_t) BUF_INIT;
    return true;
}
