//  client_batch: what an operation is made of on its way: ids, batches, and memory for requests and replies.
//  A part of client_impl.h.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLIENT_BATCH_H_INCLUDED
#define CLIENT_BATCH_H_INCLUDED

//  ------------------------------------------------------------------------------------------------
//  pending.c

#define PENDING_FIRST 2u // The first id: 1 is WITH's

//  Makes room for `count` more. False without memory.
bool
    pending_reserve (pending_t *self, size_t count);

//  Gives the item an id of its own; there must be room.
void
    pending_add (pending_t *self, item_t *item);
void
    pending_remove (pending_t *self, item_t *item);
void
    pending_clear (pending_t *self);

//  The item gets the id back that another one had.
void
    pending_restore (pending_t *self, item_t *item, uint64_t id);

//  Every id below it that is (not) apart is answered, or will never be sent.
uint64_t
    pending_low (pending_t *self, bool apart);

static inline item_t *
pending_find (const pending_t *self, uint64_t id)
{
    item_t *item = self->size ? self->slots[id & (self->size - 1)] : NULL;
    return item && item->id == id ? item : NULL;
}

//  ------------------------------------------------------------------------------------------------
//  batch.c, kept.c

//  Makes room for `count` records in all. False without memory.
bool
    batch_reserve (batch_t *self, size_t count);
void
    batch_reset (batch_t *self);
void
    batch_clear (batch_t *self);

//  Adds a record whose result goes to entries[index]; one that cannot be sent is done at once. NULL
//  without memory; there must be room.
item_t *
    batch_add (batch_t *self, zgrid_client_t *client, size_t index, const record_t *record);

//  Adds a record that is done.
item_t *
    batch_refuse (batch_t *self, size_t index, int status);

//  Queues the records from index `from` on.
void
    batch_start (batch_t *self, zgrid_client_t *client, size_t from);

//  Waits for all of them. Returns ZGRID_OK or ZGRID_PARTIAL.
int
    batch_finish (batch_t *self, zgrid_client_t *client, uint64_t until);

//  The same in one, and functions of futures that finished meanwhile.
int
    batch_run (batch_t *self, zgrid_client_t *client, uint32_t timeout_ms);

//  A slot to receive into, the newest; it stays only if kept_hold is called. NULL without memory.
zmq_msg_t *
    kept_slot (kept_t *self);
void
    kept_hold (kept_t *self);

//  A copy with a zero byte behind it. NULL without memory.
const char *
    kept_copy (kept_t *self, bytes_t bytes);
//  Forgets everything, and frees the memory too.
void
    kept_release (kept_t *self);
void
    kept_clear (kept_t *self);

//  Room for size bytes in one piece; what is really used is told to arena_use. NULL without memory.
uint8_t *
    arena_room (arena_t *self, size_t size);
void
    arena_use (arena_t *self, size_t size);
void
    arena_reset (arena_t *self);
void
    arena_clear (arena_t *self);

#endif
