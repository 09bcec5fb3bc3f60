//  rebalancer_actor: carries batches of moves between the storage actors of this node and other members:
//  a PULL where they arrive, a PUSH to each member that is sent any, and the pace that the view sets.
//  SPDX-License-Identifier: MPL-2.0
#ifndef REBALANCER_ACTOR_H_INCLUDED
#define REBALANCER_ACTOR_H_INCLUDED

#include "actor.h"
#include "note.h"

typedef enum { SQUEEZE_AUTO, SQUEEZE_NEVER, SQUEEZE_ALWAYS } rebalancer_squeeze_t;

//  What it has counted; anybody may look. The names are those of stat.def behind "move_".
#define REBALANCER_COUNTS(COUNT) \
    COUNT (sent) \
    COUNT (received) \
    COUNT (refused) \
    COUNT (dropped) \
    COUNT (bytes) \
    COUNT (wire_bytes) \
    COUNT (bytes_in) \
    COUNT (squeezed) \
    COUNT (grants) \
    COUNT (granted_bytes)

typedef struct {
#define COUNT(name) _Atomic uint64_t name;
    REBALANCER_COUNTS (COUNT)
#undef COUNT
} rebalancer_status_t;

typedef struct {
    node_id_t node;             // Which member
    uint32_t actors;            // Storage actors of this node
    const char *endpoint;       // Where batches of other members arrive (tcp)
    const char *inproc;         // Where the storage actors come (haul.h)
    const char *beacon_inproc;  // The beacon's ROUTER "inner"; need not be bound yet
    int io_affinity;            // 0: any I/O thread
    uint64_t batch_max;         // Bytes of a body at most
    rebalancer_squeeze_t squeeze;
    rebalancer_status_t *status; // Lives until it stops
    note_t note;                // To the log
} rebalancer_actor_args_t;

//  Commands: "ENDPOINT" answers where it is bound, with the real port.
extern const actor_spec_t rebalancer_actor_spec;

#endif
