//  actor: runs any actor of a node on a thread of its own. Holds everything about threads that is
//  easy to get wrong, once: how a start fails, how a stop ends, who is served first, what the time is.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ACTOR_H_INCLUDED
#define ACTOR_H_INCLUDED

#include <czmq.h>

#include "buf.h"
#include "storage.h"

typedef struct actor actor_t;

#define ACTOR_SOCKETS_MAX 72 // Of one actor: the router has one for each storage actor

//  What an actor is. All functions run on its thread; self is what create returned.
typedef struct {
    const char *name;
    //  Makes the actor's state and binds its sockets. NULL: it cannot run; why says so.
    void *(*create) (const void *args, buf_t *why);
    void (*destroy) (void **self_p);
    //  The sockets that it reads, most urgent first. Returns how many.
    size_t (*sockets) (void *self, zsock_t **sockets);
    //  A descriptor beside those of the sockets: when it can be read there is a turn. NULL: there is none.
    int (*descriptor) (void *self);
    //  False: messages of this socket have to wait for now. NULL: never.
    bool (*wants) (void *self, size_t which);
    //  Takes one message from socket `which`, which may have none: false then. Never blocks.
    bool (*receive) (void *self, size_t which, const moment_t *moment);
    //  After the messages of a turn. Returns the milliseconds after which it wants another turn even if no
    //  message comes; UINT64_MAX: none.
    uint64_t (*turn) (void *self, const moment_t *moment);
    //  A command of the creator (actor_command), with its arguments; the answer's frames go to reply.
    void (*command) (void *self, const char *name, zmsg_t *arguments, zmsg_t *reply);
    //  While stopping: true when nothing is left to do. Messages are still received meanwhile.
    bool (*drained) (void *self, const moment_t *moment);
} actor_spec_t;

//  Starts an actor and waits until it can serve. args must live until this returns. NULL: it could
//  not start, and why says so. The caller owns it.
actor_t *
    actor_new (const actor_spec_t *spec, const void *args, buf_t *why);

//  Lets the actor finish what has arrived, for drain_ms at most, stops it, and waits for its thread.
//  Accepts NULL.
void
    actor_destroy (actor_t **self_p, uint64_t drain_ms);

//  Sends a command and waits for its answer, which the caller owns. Takes over arguments; they may be
//  NULL. Used by the thread that made the actor only.
zmsg_t *
    actor_command (actor_t *self, const char *name, zmsg_t **arguments_p);

//  Now, on both clocks.
moment_t
    actor_moment (void);

//  Nanoseconds of a clock that never goes back, to measure with.
uint64_t
    actor_nanoseconds (void);

//  Milliseconds of the boot clock alone.
uint64_t
    actor_boot (void);

#endif
