//  gateway: what the connections of Redis clients have in common: their requests to the grid, what is told
//  about this node. A function of its state, what arrives, and the time it is told. Its connections are talks
//  (talk.h); what a command does stands in do_*.c, through call.h.
//
//  Records for the grid leave in bodies, those of all connections of a turn together: gateway_body. Where the
//  answer is BUSY or TRYAGAIN the record was not executed: it is sent again until its time is over, and the
//  client is told nothing of it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef GATEWAY_H_INCLUDED
#define GATEWAY_H_INCLUDED

#include "../cluster/view.h"
#include "../lent.h"
#include "../storage.h"
#include "resp.h"

typedef struct gateway gateway_t;
typedef struct talk talk_t;

typedef enum { REDIRECT_AUTO, REDIRECT_NEVER, REDIRECT_ALWAYS } gateway_redirect_t;

//  Copied; texts are good for as long as the gateway.
typedef struct {
    resp_limits_t limits;      // Of requests, behind AUTH
    const char *map;           // Where keys of database 0 land; database n: "map:n"
    uint32_t databases;
    uint32_t partitions;       // Of the cluster
    const char *password;      // "": none is asked for
    gateway_redirect_t redirect; // MOVED: to whom
    uint32_t talks_max;        // Connections
    uint32_t calls_max;        // Commands of one connection that wait for answers: 4,096
    uint64_t input_max;        // Bytes of one connection that are read ahead, beyond one command
    uint64_t output_hard, output_soft, output_soft_ms;       // client-output-buffer-limit normal; 0: none
    uint64_t pubsub_hard, pubsub_soft, pubsub_soft_ms;       // …pubsub
    uint64_t memory_max;       // Bytes of all buffers together; beyond, nothing more is read
    uint32_t window_records;   // In flight to the grid; those beyond wait here
    uint64_t window_bytes;
    uint64_t deadline;         // Milliseconds of a record: 5,000
    uint64_t subscriptions_max; // Of one connection
    uint64_t names_max;        // Bytes of the names of all channels and patterns that are subscribed to
    node_id_t node;
    const char *run_id;        // 40 hexadecimal digits
    const char *endpoint_host; // As clients see it; "": none
    uint32_t port;
    uint64_t started;          // moment_t.wall
    uint8_t seed[HASH_SEED_SIZE]; // Random
} gateway_config_t;

//  What a read on the spot found (client/local.h has the same shape).
typedef struct {
    int status;    // ZGRID_OK, ZGRID_NOTFOUND, or -1: the grid must be asked
    size_t offset, size; // Of the value in `copy`
    uint64_t version;
    int64_t ttl;   // Milliseconds left, -1: none
} gateway_found_t;
#define GATEWAY_READS_MAX 64

//  Called from within the functions below; must not call them.
typedef struct {
    void *arg;
    //  Reads entries where they lie, if this member may. NULL: it never can.
    void (*read) (void *arg, bytes_t map, const bytes_t *keys, size_t count, buf_t *copy,
                  gateway_found_t *found);
    //  Asks the node's pubsub actor for something, or not any more: a ZeroMQ subscription (hearers.h). NULL:
    //  there is no such actor.
    void (*follow) (void *arg, bytes_t asked, bool on);
    //  Random bytes.
    void (*random) (void *arg, uint8_t *bytes, size_t size);
    //  A line for INFO or CONFIG that only the node knows (setting's name). "": unknown. Lives until the next
    //  call.
    const char *(*setting) (void *arg, const char *name);
} gateway_port_t;

//  NULL without memory. The caller owns it.
gateway_t *
    gateway_new (const gateway_config_t *config, const gateway_port_t *port);
//  All talks must have been destroyed. Accepts NULL.
void
    gateway_destroy (gateway_t **self_p);

//  The time that everything until the next call happens at.
void
    gateway_clock (gateway_t *self, moment_t moment);

//  Who owns what. Takes over the view. NULL view: this node is alone.
void
    gateway_set_view (gateway_t *self, view_t **view_p);

//  Ends what the turn began: reads that waited, and the body for the grid. Once a turn, before gateway_body.
void
    gateway_settle (gateway_t *self);

//  A message for the router. Good until the next call of any function; the value as long as it is held.
typedef struct {
    bytes_t body;
    uint64_t records; // In it
    bytes_t value;    // Its only attachment, of its only record
    lent_t *owner;    // Of the value; NULL: there is no attachment
} gateway_body_t;
//  The next one. False: none now.
bool
    gateway_body (gateway_t *self, gateway_body_t *body);

//  A body of replies from the router. What is wrong with it is counted and changes nothing.
void
    gateway_receive (gateway_t *self, bytes_t body);

//  A message of the pubsub actor: topic and body (pubsub/message.h), for those who have subscribed.
void
    gateway_message (gateway_t *self, bytes_t topic, bytes_t body);

//  The next talk that has output, or has to end, since it was last returned here. NULL: none.
talk_t *
    gateway_ready (gateway_t *self);

//  Sends again what is due, ends what is late. Returns the milliseconds after which it wants to be called
//  again; UINT64_MAX: not before something happens.
uint64_t
    gateway_turn (gateway_t *self);

//  True: nothing is asked of the grid, and nobody has to be told anything.
bool
    gateway_is_idle (const gateway_t *self);

//  False: all buffers together hold more than memory_max; read nothing now.
bool
    gateway_has_room (const gateway_t *self);

//  By the names of gateway_stat.def, for INFO and STATS.
typedef struct {
#define STAT(name, kind, unit, purpose) uint64_t name;
#include "gateway_stat.def"
#undef STAT
} gateway_stats_t;
gateway_stats_t *
    gateway_stats (gateway_t *self);

#endif
