//  swim_impl: what the files of swim share. For swim*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SWIM_IMPL_H_INCLUDED
#define SWIM_IMPL_H_INCLUDED

#include "../mem.h"
#include "../wire.h"
#include "swim.h"

#define SWIM_UPDATES_MAX 8 // In one message
#define SWIM_UPDATE_FIELDS 4
#define SWIM_CONFIRM_MAX 3 // Further suspecters that shorten a suspicion
#define SWIM_RELAYS_MAX 64 // Probes at a time on behalf of others
#define SWIM_HEALTH_MAX 8
#define SWIM_SPREAD 3 // Each news is sent so often, times log2 of the members
#define SWIM_ALPHA 4  // The shortest suspicion: periods, times log10 of the members
#define SWIM_BETA 6   // The longest: times the shortest
#define SWIM_INCARNATION_MAX (UINT64_C (1) << 48)

typedef struct {
    node_id_t id;
    uint64_t incarnation;
    uint8_t status;                     // swim_status_t
    uint8_t confirms;                   // SUSPECT: how many others confirmed it
    uint8_t sends;                      // Messages that shall still carry its status
    uint64_t since;                     // SUSPECT: begun
    node_id_t by[SWIM_CONFIRM_MAX + 1]; // SUSPECT: who says so, the first one first
} peer_state_t;

//  A probe of our own; number 0: none runs.
typedef struct {
    uint64_t number;
    node_id_t target;
    uint64_t indirect_at; // Then others are asked
    uint64_t ends;
    uint32_t nacks_wanted, nacks;
    bool asked; // Others were
    bool answered;
} probe_t;

//  A probe for somebody else; number 0: free.
typedef struct {
    uint64_t number; // Ours
    uint64_t their_number;
    node_id_t asker;
    uint64_t nack_at;
} relay_t;

struct swim {
    swim_config_t config;
    swim_port_t port;
    uint64_t random, number;
    uint64_t incarnation; // This node's
    uint8_t sends;        // Of this node's own news
    unsigned health;
    peer_state_t *peers;  // By id
    uint32_t *order;      // Places in peers, shuffled
    uint32_t count, next; // next: in order
    probe_t probe;
    uint64_t probe_at; // The next one
    uint64_t wake_at;  // What swim_tick returned last
    relay_t relays[SWIM_RELAYS_MAX];
    uint32_t relays_next;
    buf_t out;
};

peer_state_t *
    swim_peer (const swim_t *self, node_id_t id);

//  Lowers or raises the local health multiplier.
void
    swim_health_by (swim_t *self, int by);

//  Takes an update, whoever it is from.
void
    swim_learn (swim_t *self, node_id_t id, uint64_t status, uint64_t incarnation, node_id_t by,
                uint64_t now);

//  When this suspicion ends in death.
uint64_t
    swim_suspicion_ends (const swim_t *self, const peer_state_t *peer);

//  Adds what is news, that about `to` first if it is not ALIVE.
void
    swim_add_updates (swim_t *self, node_id_t to);

//  Reads them. False: malformed, nothing learned.
bool
    swim_read_updates (swim_t *self, mp_t *reader, uint64_t now);

#endif
