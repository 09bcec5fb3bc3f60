//  large: see large.h. A client is known while something is on its way to it; there are few.
//
//  The counter of a client is shared with libzmq's I/O threads, which subtract; whoever lets go of it
//  last frees it.
//  SPDX-License-Identifier: MPL-2.0
#include "large.h"

#include <stdatomic.h>

#include "mem.h"

typedef struct client {
    struct client *next;
    _Atomic uint64_t bytes;
    _Atomic uint32_t holders; // The list, and each message on its way
    size_t id_size;
    uint8_t id[255];
} client_t;

//  In front of the bytes of a message.
typedef struct {
    client_t *client;
    size_t size;
    _Atomic bool written; // Orders the writing of the bytes before their freeing
} s_head_t;

struct large {
    uint64_t most;
    client_t *clients;
};

large_t *
large_new (uint64_t most)
{
    large_t *self = mem_alloc_zero (1, sizeof (large_t));
    if (self)
        self->most = most;
    return self;
}

static void
s_let_go (client_t *client)
{
    if (atomic_fetch_sub (&client->holders, 1) == 1)
        mem_free (client);
}

void
large_destroy (large_t **self_p)
{
    large_t *self = *self_p;
    if (!self)
        return;
    while (self->clients) {
        client_t *client = self->clients;
        self->clients = client->next;
        s_let_go (client);
    }
    mem_free (self);
    *self_p = NULL;
}

//  The client of that routing id; those to whom nothing is on its way are forgotten meanwhile.
static client_t *
s_find (large_t *self, bytes_t route)
{
    client_t *found = NULL;
    for (client_t **link = &self->clients; *link;) {
        client_t *client = *link;
        if (bytes_equal (bytes_of (client->id, client->id_size), route))
            found = client;
        else if (atomic_load (&client->bytes) == 0) {
            *link = client->next;
            s_let_go (client);
            continue;
        }
        link = &client->next;
    }
    return found;
}

bool
large_fits (large_t *self, bytes_t route, uint64_t bytes)
{
    client_t *client = s_find (self, route);
    uint64_t present = client ? atomic_load (&client->bytes) : 0;
    return present == 0 || present + bytes <= self->most;
}

static client_t *
s_make (large_t *self, bytes_t route)
{
    client_t *client = route.size <= 255 ? mem_alloc_zero (1, sizeof (client_t)) : NULL;
    if (!client)
        return NULL;
    memcpy (client->id, route.data, route.size);
    client->id_size = route.size;
    atomic_store (&client->holders, 1);
    client->next = self->clients;
    return self->clients = client;
}

//  On an I/O thread, or wherever libzmq gives the message up.
static void
s_left (void *data, void *hint)
{
    s_head_t *head = hint;
    client_t *client = head->client;
    (void) data;
    (void) atomic_load_explicit (&head->written, memory_order_acquire);
    atomic_fetch_sub (&client->bytes, head->size);
    mem_free (head);
    s_let_go (client);
}

bool
large_message (large_t *self, bytes_t route, bytes_t frame, zmq_msg_t *message)
{
    client_t *client = s_find (self, route);
    if (!client && !(client = s_make (self, route)))
        return false;
    s_head_t *head = mem_alloc (sizeof (s_head_t) + frame.size);
    if (!head)
        return false;
    head->client = client;
    head->size = frame.size;
    memcpy (head + 1, frame.data, frame.size);
    atomic_fetch_add (&client->bytes, frame.size);
    atomic_fetch_add (&client->holders, 1);
    atomic_store_explicit (&head->written, true, memory_order_release);
    if (zmq_msg_init_data (message, head + 1, frame.size, s_left, head) == 0)
        return true;
    s_left (head + 1, head);
    return false;
}
