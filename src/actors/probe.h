//  probe: asks whether addresses refuse connections, which a process that was killed lets its host say
//  at once. Says nothing about those that do not answer.
//  SPDX-License-Identifier: MPL-2.0
#ifndef PROBE_H_INCLUDED
#define PROBE_H_INCLUDED

#include "cluster/view.h"

#define PROBES_MAX 64 // Under way at the same time

typedef struct {
    node_id_t node;
    int fd;
    uint64_t until;
} probe_t;

typedef struct {
    uint32_t count;
    probe_t list[PROBES_MAX];
} probes_t;

//  Called when a connection to the address of this node was refused.
typedef void (probe_refused_fn) (void *arg, node_id_t node, uint64_t now);

//  Begins to connect to a numeric host, without blocking; names are passed over: looking them up would
//  block. One that is under way for the node goes on.
void
    probes_begin (probes_t *self, node_id_t node, const char *host, uint16_t port, uint64_t now);

//  Looks what has come of them. Returns the milliseconds after which it wants to be called again;
//  UINT64_MAX: none is under way.
uint64_t
    probes_turn (probes_t *self, probe_refused_fn *refused, void *arg, uint64_t now);

void
    probes_end (probes_t *self);

#endif
