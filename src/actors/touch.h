//  touch: libzmq signals the descriptor of a socket when something new has come for it. A call that lets the
//  socket look at what is new may take that signal while a message lies unread: to send, connect, disconnect,
//  not to receive until nothing is there. Who calls such says so here; an actor then asks its sockets
//  themselves before it waits for their descriptors (actor.c). Each thread for itself.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TOUCH_H_INCLUDED
#define TOUCH_H_INCLUDED

#include <stdbool.h>

//  Says so.
void
    touch (void);

//  True if it was said since this was last asked.
bool
    touch_taken (void);

#endif
