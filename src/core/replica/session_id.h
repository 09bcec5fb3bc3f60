//  session_id: the names of sessions (doc/consistency.md 8). 16 bytes, never used twice in a cluster:
//
//      era (4) | node (8) | actor (7 bits), counter (25 bits)      all big endian
//
//  The era says until when a session is remembered; a node id is never used again, so that each actor
//  of a node numbers its own.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SESSION_ID_H_INCLUDED
#define SESSION_ID_H_INCLUDED

#include "../storage.h"

#define SESSION_ACTORS_MAX 128          // Storage actors and the router
#define SESSION_ROUTER VIEW_ACTORS_MAX  // As an actor: behind the last storage actor
#define SESSION_COUNT_MAX (1u << 25)    // Of one actor in one era

//  One actor's own: who it is, and what it has issued.
typedef struct {
    node_id_t node;
    uint32_t actor;
    uint32_t era;    // Of the last one
    uint32_t issued; // In that era
} session_issuer_t;

//  A new session. An older era than before counts as that one. False: this era's are used up, or node
//  is 0: nobody.
bool
    session_issue (session_issuer_t *self, uint32_t era, uint8_t session[SESSION_SIZE]);

//  Which era a session was issued in.
uint32_t
    session_era (const uint8_t session[SESSION_SIZE]);

//  By which node and actor. They may have been made up.
node_id_t
    session_node (const uint8_t session[SESSION_SIZE]);
uint32_t
    session_actor (const uint8_t session[SESSION_SIZE]);

#endif
