//  client_scout: looking for another router. A part of client_impl.h, in its middle.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLIENT_SCOUT_H_INCLUDED
#define CLIENT_SCOUT_H_INCLUDED

//  What HELLO says. Points into the reply.
typedef struct {
    bytes_t session, cluster; // Empty: none
    uint64_t era, epoch;
} hello_t;

//  Looking for another router.
typedef struct {
    item_t items[CLIENT_SCOUTS]; // HELLO to the candidates of this round
    uint8_t data[48];
    uint64_t until;          // When the round ends; 0: nobody is asked
    uint32_t begun;          // Modulo 2^32
    bool silent;             // The present one does not answer; else it refuses
    bool whole;              // With this round all have been asked
    bool chosen;             // best is not behind
    connection_t *best;      // Of this round; NULL: nobody has answered
    uint64_t best_epoch;
    size_t told_turn, own_turn; // Places in the learned list and the caller's
    size_t asked;            // In this cycle through both
    uint32_t cycle_begun;    // Modulo 2^32
    bool alone;              // There is nobody to be asked
    bool ours;               // In this cycle somebody of the cluster has answered
    uint8_t barren;          // Whole cycles in a row in which nobody has
    uint8_t cycles;          // Whole ones, since a router answered
    uint8_t doublings;
    uint64_t refused_from, refused_last; // 0: nothing was
} scouting_t;

//  ------------------------------------------------------------------------------------------------
//  hello.c

//  Reads the value of a HELLO reply. False if it is not one.
bool
    hello_read (bytes_t tree, hello_t *hello);

//  Notes whose the connection's endpoint is. Whether it is of the same cluster as the first one that
//  named it, or names none.
bool
    hello_ours (zgrid_client_t *self, const hello_t *hello, connection_t *connection);

//  ------------------------------------------------------------------------------------------------
//  scout.c

//  Looks for another router: the present one is silent, or refuses.
void
    scout_begin (zgrid_client_t *client, bool silent);

//  Something was refused that another router might not refuse. After a while of that it looks around.
void
    scout_refused (zgrid_client_t *client);

//  There is a newer view: what was refused may not be any more.
void
    scout_content (zgrid_client_t *client);

//  A candidate has answered, or refused to.
void
    scout_answered (zgrid_client_t *client, const item_t *item, int status, bytes_t tree);

//  The router has answered, for the known cluster.
void
    scout_ours (zgrid_client_t *client);

//  Goes on with the one that was found, or asks others, if it is time.
void
    scout_turn (zgrid_client_t *client, uint64_t now);

//  adopt.c: the cluster is gone, and another one answers at an endpoint that the caller gave: goes on with
//  that one. What was sent and has no answer ends with MAYBE if it is a write, and is not sent again.
void
    adopt (zgrid_client_t *client, connection_t *connection);

#endif
