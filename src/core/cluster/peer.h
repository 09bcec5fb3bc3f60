//  peer: what nodes say to each other. A message between nodes is
//
//      "ZP\1" [cluster, from, to] message message…
//
//  each of them a MessagePack array; a message is [type, …] with a type of peer.def. Control messages
//  travel between beacons, data messages between storage actors; neither takes the other's. All are
//  one-way: an answer is another message.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PEER_H_INCLUDED
#define PEER_H_INCLUDED

#include "view.h"

#define PEER_SIGNATURE "ZP\1"
#define PEER_SIGNATURE_SIZE 3

typedef enum { PLANE_CONTROL, PLANE_DATA } plane_t;

typedef enum {
    PEER_NONE = 0,
#define PEER(name, number, plane, fields, purpose) PEER_##name = number,
#include "peer.def"
#undef PEER
    PEER_LIMIT
} peer_type_t;

typedef struct {
    uint64_t cluster; // 0: the sender knows none
    node_id_t from;
    node_id_t to;     // 0: whoever is there (the sender knows an address only)
} peer_head_t;

//  Begins a body.
void
    peer_begin (buf_t *out, const peer_head_t *head);

//  Reads the beginning of a body. False: not a message between nodes.
bool
    peer_open (bytes_t body, peer_head_t *head, mp_t *reader);

//  Reads the head of the next message: its type and how many fields follow. PEER_NONE at the end, or
//  where the bytes are not a message; *count is then 0 at the end and 1 otherwise.
peer_type_t
    peer_next (mp_t *reader, uint32_t *count);

//  "REQ_VOTE" and so on, "?" for what is not in the list.
const char *
    peer_name (unsigned type);
plane_t
    peer_plane (unsigned type);

#endif
