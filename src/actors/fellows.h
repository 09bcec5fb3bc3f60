//  fellows: what connects a storage actor with the rest of its cluster: a ROUTER where other members'
//  storage actors come, links to theirs, and a DEALER to the beacon of this node.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FELLOWS_H_INCLUDED
#define FELLOWS_H_INCLUDED

#include "inner.h"
#include "links.h"
#include "move/move.h"
#include "refusals.h"
#include "storage.h"

typedef struct {
    uint32_t index;            // Which storage actor this is
    const char *data_endpoint; // Where other members' come (tcp); NULL: nowhere
    const char *beacon_inproc; // The beacon's ROUTER "inner"; need not be bound yet
    int64_t frame_max;         // Bytes of one message from another member
    int io_affinity;           // Of both directions; 0: any I/O thread
    note_t note;               // To the log
} fellows_config_t;

typedef struct fellows fellows_t;

//  NULL: cannot; why says so. The caller owns it. Counters are the owner's; not owned.
fellows_t *
    fellows_new (const fellows_config_t *config, stats_t *counters, buf_t *why);

//  Accepts NULL.
void
    fellows_destroy (fellows_t **self_p);

zsock_t *
    fellows_beacon_socket (fellows_t *self);
zsock_t *
    fellows_data_socket (fellows_t *self);

//  Where data_endpoint is bound, with the real port; "" if nowhere.
const char *
    fellows_endpoint (const fellows_t *self);

//  Takes one message of the beacon, without blocking. False: there is none. What it points to lives
//  until the next call of this function or the next one.
bool
    fellows_hear (fellows_t *self, inner_t *message);

//  Takes one message of another member, without blocking. False: there is none. The body is empty if it
//  was not a message between members, which is counted, and told in the log.
bool
    fellows_receive (fellows_t *self, bytes_t *body);

//  The message that was received last was refused.
void
    fellows_refuse (fellows_t *self, const char *why);

//  Takes over the view: who is where from now on.
void
    fellows_set_view (fellows_t *self, view_t **view_p);

//  The newest one; NULL: none yet.
const view_t *
    fellows_view (const fellows_t *self);

//  Sends a body to storage actor `actor` of a member. It may be lost, which is counted,
//  unless the view knows no such member or actor.
void
    fellows_send (fellows_t *self, node_id_t to, uint32_t actor, bytes_t body, uint64_t now);

//  Asks the beacon for the newest view, as fellows_new does. False: it was lost.
bool
    fellows_here (fellows_t *self);

//  Tells the beacon (cluster_ask). False: it was lost.
bool
    fellows_ask (fellows_t *self, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node);

//  Tells the beacon how far a move is. It may be lost.
void
    fellows_moved (fellows_t *self, const move_info_t *move);

//  Once a turn: tells the beacon twice a second how far the storage's moves are. Returns milliseconds as
//  links_turn.
uint64_t
    fellows_tell_moves (fellows_t *self, storage_t *storage, uint64_t now);

//  Once a turn. Returns milliseconds as links_turn.
uint64_t
    fellows_turn (fellows_t *self, uint64_t now);

const links_stats_t *
    fellows_links (const fellows_t *self);

#endif
