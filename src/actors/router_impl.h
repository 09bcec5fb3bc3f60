//  router_impl: what the files of the router share. For router_*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ROUTER_IMPL_H_INCLUDED
#define ROUTER_IMPL_H_INCLUDED

#include "forward.h"
#include "gather.h"
#include "lines.h"
#include "news.h"
#include "refusals.h"
#include "replica/session_id.h"
#include "router_actor.h"
#include "split.h"
#include "status.h"
#include "watchers.h"

#define ROUTER_TICKETS_MAX 4096
#define ROUTER_TICKET_MS 5000

//  A storage actor of this node, as the router sees it.
typedef struct {
    zsock_t *socket;
    void *handle;
    buf_t part;       // What the present message has for it
    uint32_t records; // In it
    bool attachments; // One of them names an attachment
    size_t with;      // How much of the message's WITH it has been told
    uint32_t sent;    // Messages without an answer
    uint64_t bytes;   // Of them
    uint64_t *sizes;  // Of each, oldest at first: nearly all answers come in order
    uint32_t first;
} peer_t;

//  How it works.
typedef enum {
    ROUTER_CLOSED,  // Until this node is a member
    ROUTER_ALONE,   // All partitions are this node's: messages pass through (router_alone.c)
    ROUTER_FORWARDS // Records are kept until their owners have answered (router_forward.c)
} router_mode_t;

typedef struct {
    door_t *clients;
    stats_t counters;
    gather_t *gather;
    peer_t *peers;
    uint32_t actors;
    uint32_t partitions;
    uint32_t peer_hwm;
    uint64_t peer_bytes;
    uint64_t batch_max;
    frames_t answer; // Of a storage actor
    buf_t here;      // Replies that the router makes itself
    uint64_t here_records;
    uint64_t here_ops[OP_LIMIT]; // Records that it answered itself, or had answered by the beacon
    buf_t with;      // All WITH of the present message
    buf_t apart;     // They, and those of its records that do not pass through
    uint64_t apart_records;
    uint32_t attached; // Storage actors that still have to be sent its attachments
    bool deferred;   // The present message is not for router_alone.c after all
    uint64_t now;
    //  The cluster
    node_id_t node;
    router_mode_t mode, wanted;
    uint64_t wanted_since;
    zsock_t *pubsub; // NULL: there is no such actor
    void *pubsub_handle;
    buf_t pubsub_body; // What the present message has for it
    zsock_t *beacon;
    void *beacon_handle;
    frames_t beacon_frames;
    bool view_lost;        // For want of memory: asked for again
    uint64_t ask_view_at;
    node_info_t info;
    buf_t info_copies;
    session_issuer_t issuer;
    news_t *news;
    watchers_t *listeners; // Of the news
    watchers_t *watchers;
    forward_t *forward;
    lines_t *lines;
    note_t note;
    refusals_t refusals;
    char **storage_inprocs; // Of this node's storage actors
} router_t;

//  router_alone.c
void
    router_divide (router_t *self, const arrival_t *arrival);
bool
    router_receive_peer (router_t *self, uint32_t actor);
//  Sends the joined replies of a ticket to whom they are for, and closes it.
void
    router_finish (router_t *self, ticket_t **ticket);
//  Messages at this node's storage actors.
uint64_t
    router_outstanding (const router_t *self);
void
    router_clear_parts (router_t *self);
void
    router_add_part (router_t *self, uint32_t actor, const request_t *request);
//  Sends every part on its way.
void
    router_send_parts (router_t *self, const arrival_t *arrival, ticket_t *ticket);
//  A fault of a record, of a body, or of its options: counted, and answered into out.
void
    router_refuse (router_t *self, buf_t *out, uint64_t id, unsigned status, const char *text);
//  What is wrong with a record as it stands, options included. 0: nothing.
unsigned
    router_fault (router_t *self, const request_t *request, options_t *options, const char **why);
//  How a body ended that was not whole, or held no record; false: it was in order.
bool
    router_broken (router_t *self, const arrival_t *arrival, const mp_t *reader, wire_step_t step,
                   uint64_t count, uint64_t id, buf_t *out);

//  router_pubsub.c
bool
    router_is_pubsub (const request_t *request);
//  Adds a record to what is sent next. Its options have been decoded.
void
    router_pubsub_add (router_t *self, group_t *group, const arrival_t *arrival, const request_t *request,
                       const options_t *options);
void
    router_pubsub_send (router_t *self);
bool
    router_receive_pubsub (router_t *self);
//  NULL: there is no actor. False: cannot.
bool
    router_pubsub_join (router_t *self, const char *inproc);
void
    router_pubsub_leave (router_t *self);

//  router_stats.c
//  Whether a STATS needs no storage actor: then it is answered into out. Else what it asks for.
bool
    router_stats_here (router_t *self, const request_t *request, report_t *report, buf_t *out);
//  A gather_stats_fn; arg is the router.
void
    router_stats_reply (void *arg, const stats_t *sum, const stats_t *parts, sheet_t *sheet, buf_t *out);

//  router_forward.c
//  False: cannot; why says so.
bool
    router_join (router_t *self, const router_actor_args_t *given, buf_t *why);
void
    router_leave (router_t *self);
void
    router_forward (router_t *self, const arrival_t *arrival);
//  HELLO, ROUTES and PING.
void
    router_answer_node (router_t *self, const arrival_t *arrival, const request_t *request, buf_t *out);
bool
    router_receive_beacon (router_t *self);
bool
    router_receive_line (router_t *self);
uint64_t
    router_turn_cluster (router_t *self);

#endif
