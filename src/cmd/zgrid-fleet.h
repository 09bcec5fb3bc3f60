//  zgrid-fleet.h: a client for each member of a cluster, for what each of them knows of itself alone.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_FLEET_H_INCLUDED
#define ZGRID_FLEET_H_INCLUDED

#include "zgrid-tool.h"

#define FLEET_MAX 64 // Members; more are passed over

typedef struct {
    char *endpoint;
    char *name;
    zgrid_client_t *client; // NULL: it does not answer
    double again_at;        // When to try it again
    int64_t streamed;       // Bytes of moves that it has sent
    double parts;           // Of its moves under way: how much of them is done, together
} fleet_ship_t;

typedef struct {
    fleet_ship_t ships[FLEET_MAX];
    size_t count;
    void (*opened) (void *arg, zgrid_client_t *client); // Called for each new client; NULL: nobody
    void *arg;
} fleet_t;

//  Makes clients for the members of an answer to CLUSTER that it has none for, and forgets those that are
//  not among them. A member that does not answer within a second is tried again later.
void
    fleet_follow (fleet_t *self, json_t *tree);

//  Asks all members for their moves: the bytes that they have sent since each of them began, and how
//  much of what is under way is done. What a member does not answer stays as it was.
void
    fleet_ask (fleet_t *self, int64_t *streamed, double *parts);

//  Forgets one of them; the last one takes its place.
void
    fleet_leave (fleet_t *self, size_t at);

void
    fleet_end (fleet_t *self);

#endif
