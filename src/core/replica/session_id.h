//  session_id: the names of sessions (doc/consistency.md 8). 16 bytes, never used twice in a cluster:
//
//      era (4) | mark (2) | node (6) | actor (7 bits), counter (25 bits)      all big endian
//
//  The era says until when a session is remembered; a node id is random and never used again, nor are
//  its low 48 bits, so that each actor of a node numbers its own. The mark is the cluster's: where a
//  member of another cluster has got the port of one that is gone, a client is connected to it without
//  a word, and nothing that it sends must be executed there.
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

//  A new session of that cluster. An older era than before counts as that one. False: this era's are
//  used up, or node is 0: nobody.
bool
    session_issue (session_issuer_t *self, uint64_t cluster, uint32_t era, uint8_t session[SESSION_SIZE]);

//  False: another cluster has issued it. One in 65,536 of those is not found out.
bool
    session_is_of (const uint8_t session[SESSION_SIZE], uint64_t cluster);

//  Which era a session was issued in.
uint32_t
    session_era (const uint8_t session[SESSION_SIZE]);

//  By which node (the low 48 bits of its id) and actor. They may have been made up.
uint64_t
    session_node (const uint8_t session[SESSION_SIZE]);
uint32_t
    session_actor (const uint8_t session[SESSION_SIZE]);

#endif
