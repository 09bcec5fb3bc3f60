//  cluster_impl: what the files of the control plane share. For those files only.
//
//  Who does what: cluster.c takes messages and time and deals them out; founding.c meets others until
//  there is a cluster; register.c agrees on states; heartbeat.c learns committed ones and holds the
//  lease; coordinator*.c decides what the next state shall be; admin.c carries operators' requests.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLUSTER_IMPL_H_INCLUDED
#define CLUSTER_IMPL_H_INCLUDED

#include "../mutant.h"
#include "../wire.h"
#include "cluster.h"
#include "placement.h"
#include "swim.h"

#define CLUSTER_NEVER UINT64_MAX
#define CLUSTER_ENDPOINT_MAX (VIEW_HOST_MAX + 16)
#define CLUSTER_CONTACTS_MAX 256 // Strangers that a node which knows no cluster remembers
#define CLUSTER_OTHERS_MAX 64    // Of them in one MEET_ANSWER
#define CLUSTER_SEEDS_MAX 64
#define CLUSTER_GONE_MAX 1024    // Ids that were forgotten: never accepted again
#define CLUSTER_ASKS_MAX 4096    // Of primaries, at the coordinator
#define CLUSTER_JOINERS_MAX 64   // At the coordinator
#define CLUSTER_ADMIN_MAX 32     // Operators' requests that are open: of this node, and at the coordinator
#define CLUSTER_WORDS_MAX 24     // All settings of a map fit in one request
#define CLUSTER_WORD_MAX 255     // Bytes
#define CLUSTER_TEXT_MAX 200     // Of an answer
#define CLUSTER_ADMIN_MS 5000
#define CLUSTER_PLEAS_MAX 64     // Handovers that are asked for at the same time
#define CLUSTER_BLOCKED_MAX 64   // Learners that could not go on and are left alone for a while
#define CLUSTER_COUNTER_MAX (UINT64_C (1) << 48) // Ballots above are forged: nobody votes that often
#define CLUSTER_STEPS_MAX 16     // Deltas that a coordinator keeps, and that a message may have
#define CLUSTER_LEFT_VERSIONS 1000 // A refounded state is this much newer than what it came from

typedef struct {
    uint64_t counter;
    node_id_t node;
} ballot_t;

static inline int
ballot_order (ballot_t a, ballot_t b)
{
    if (a.counter != b.counter)
        return a.counter < b.counter ? -1 : 1;
    return a.node < b.node ? -1 : a.node > b.node;
}

//  One version of the view with its bytes; several may hold it.
typedef struct {
    unsigned holders;
    view_t *view;
    buf_t bytes;
    uint64_t digest; // Of bytes
} edition_t;

//  What leads from one version to the next one.
typedef struct {
    uint64_t from, to;
    buf_t bytes;
} step_t;

//  A message's: steps one after the other, and the digest of the state to which they lead.
typedef struct {
    uint64_t digest;
    uint32_t count;
    bytes_t steps[CLUSTER_STEPS_MAX];
} deltas_t;

//  What this node knows of a member, itself included. By id, ascending.
typedef struct {
    node_id_t id;
    uint64_t heard_at;         // Its heartbeat came, or it began to be waited for; kept by voters
    bool heard;                // It was a heartbeat
    uint64_t gone_at;          // SWIM or its address said so, and nothing was heard since; 0: no
    uint64_t known_version, deaf; // As its last heartbeat said
    uint64_t fresh_at;         // Our time that it had read when it sent the last heartbeat that came
    uint64_t clock;            // Its time, as its last answer to a heartbeat said
    uint64_t suspect_at;       // Coordinator: when it saw the commit of SUSPECT; 0: it is not SUSPECT
    uint64_t suspect_version;  // Which state that was, at least
    uint64_t deaf_hold, held_until; // It was deaf: so long it stays SUSPECT
    uint64_t published_at, published_version;
    bool published_delta;      // That was by deltas
    uint64_t offered_version, offered_at; // Was offered by deltas for the first time
    uint64_t whole_version;    // It has asked for all of that one
    uint64_t fetched_at;       // FETCH was sent to it
    uint64_t accepted_counter, accepted_version, accepted_at; // Its last ACCEPTED for a ballot of ours
    uint64_t ack_sent_at, ack_cfg; // The newest HB_ACK
    char endpoint[CLUSTER_ENDPOINT_MAX];
} peer_t;

//  One that was a member.
typedef struct {
    node_id_t id;
    uint64_t published_at;
    char endpoint[CLUSTER_ENDPOINT_MAX];
} gone_t;

//  Somebody met before there is a cluster, or an address to ask.
typedef struct {
    node_id_t id;       // 0: a seed that has not answered yet
    uint64_t heard_at;  // 0: never
    uint64_t added_at;
    node_id_t promise;  // Whom it would found a cluster with; 0: nobody yet
    bool seed;
    member_t member;    // Once heard
    char endpoint[CLUSTER_ENDPOINT_MAX];
} contact_t;

typedef enum { REGISTER_IDLE, REGISTER_ASKING, REGISTER_CANDIDATE, REGISTER_COORDINATOR } register_role_t;

//  consistency 2 and 3. accepted is NULL on who is no voter.
typedef struct {
    ballot_t promised, accepted_ballot, mine;
    uint64_t counter_seen;
    edition_t *accepted;
    uint64_t accepted_version; // Stays, with its ballot, when the state is dropped
    register_role_t role;
    bool barrier;       // Coordinator: a state is committed under this ballot
    bool pending;       // Coordinator: accepted is proposed, not committed
    node_id_t votes[2 * VIEW_VOTERS_MAX];
    uint8_t votes_count;
    uint64_t heard_at;  // A coordinator
    uint64_t election_at;
    uint64_t rounds;    // Elections without success, in a row
} register_t;

typedef struct {
    peer_type_t what;
    uint32_t partition;
    uint64_t epoch;
    node_id_t from, node;
} ask_t;

//  An operator's request at the coordinator.
typedef enum { REQUEST_FREE, REQUEST_WAITING, REQUEST_PROPOSED, REQUEST_ANSWERED } order_state_t;
typedef struct {
    order_state_t state;
    node_id_t from;
    uint64_t number, at;
    buf_t words;       // Encoded array
    unsigned status;
    char text[CLUSTER_TEXT_MAX];
} order_t;

//  An operator's request at the node that it was made to.
typedef struct {
    uint64_t number;   // 0: free
    uint64_t sent_at, until;
    bool answered;
    unsigned status;
    buf_t words;
    char text[CLUSTER_TEXT_MAX];
} admin_t;

//  A learner that could not go on.
typedef struct {
    uint32_t partition;
    node_id_t node;
    uint64_t until;
    uint64_t pause;
} blocked_t;

//  A primary was asked to hand over in that epoch.
typedef struct {
    uint32_t partition;
    uint64_t epoch;
    node_id_t node;
    uint64_t at;       // The last time; 0: free
} plea_t;

typedef struct {
    uint64_t decide_at;      // NEVER: nothing is to be decided
    uint64_t check_at;       // Nobody is silent for too long before that
    uint64_t since;          // When the barrier was committed
    uint64_t era_at;
    bool restless;           // Something waits for time to pass: decide again at…
    uint64_t restless_at;
    uint64_t even_version;   // Primaries and copies are even in this version
    uint32_t cursor;         // The partition that is looked at first the next time
    plea_t pleas[CLUSTER_PLEAS_MAX];
    node_id_t target[VIEW_VOTERS_MAX]; // The voters that shall be, and since when
    uint8_t target_count;
    uint64_t target_at;
    ask_t *asks;             // Room for CLUSTER_ASKS_MAX, or NULL
    uint32_t asks_count;
    uint16_t *asked;         // By partition: place in asks + 1
    uint8_t *lost;           // By partition: 1: has no live copy, and that was told
    member_t *joiners;
    uint32_t joiners_count;
    blocked_t blocked[CLUSTER_BLOCKED_MAX];
    order_t requests[CLUSTER_ADMIN_MAX];
} coordinator_t;

struct cluster {
    cluster_config_t config;
    cluster_port_t port;
    lease_t *lease;
    node_id_t id;
    uint64_t cluster;          // 0: knows none
    cluster_state_t state;
    char why[CLUSTER_TEXT_MAX];
    uint64_t random;
    uint64_t now, ticked_at;
    bool ticked;
    uint64_t meet_cluster;     // Of the head of the message that is being handled
    swim_t *swim;
    uint64_t swim_at;
    register_t reg;
    coordinator_t coord;

    step_t steps[CLUSTER_STEPS_MAX]; // Coordinator: each begins where the one before ends
    uint32_t steps_count;
    edition_t *known;          // The newest committed view, or NULL
    uint64_t known_at;         // When it was learned
    uint64_t generation_at;    // Since when it has this generation: older acknowledgements do not count
    uint64_t heartbeat_at;     // The next one
    uint64_t sent_at;          // The last one
    uint64_t leased_until;
    uint64_t leased_at;        // When it last had a lease, or could not have one
    uint64_t unleased_at;      // When it last had none, or was stopped
    uint32_t rotation;         // Whom a node without lease asks next
    node_id_t coordinator;     // Last heard of
    uint64_t coordinator_at;
    bool leaving;

    peer_t *peers;
    uint32_t peers_count;
    gone_t *gone;              // A ring
    uint32_t gone_count, gone_next;
    contact_t *contacts;
    uint32_t contacts_count, contacts_room;
    uint64_t meet_at;
    node_id_t promise;
    uint64_t met_at, majority_at; // Enough have met, have promised themselves to this node; or NEVER
    uint64_t promised_at;
    bool founding;             // v = 1 is proposed by this node

    admin_t admins[CLUSTER_ADMIN_MAX];
    uint64_t admin_number;
    uint64_t leave_at;

    buf_t message, body;       // What is being written
    cluster_stats_t stats;
    uint32_t under_replicated; // As coordinator: partitions, in the last view
    uint64_t refused_at;       // The last EVENT_REFUSED: at most one a second
    bool refused_once;
};

//  ------------------------------------------------------------------------------------------------
//  cluster.c

//  A number from the configured randomness.
uint64_t
    cluster_random (cluster_t *self);
uint64_t
    cluster_heartbeat (const cluster_t *self);
//  Two heartbeats and what the network adds: who was heard within is heard now.
uint64_t
    cluster_recent (const cluster_t *self);
//  Counts a message that was refused, and tells so at most once a second.
void
    cluster_refuse (cluster_t *self, node_id_t from, const char *why);
void
    cluster_event (cluster_t *self, cluster_event_t event, uint32_t partition, node_id_t node,
                   const char *text);
//  The process must end.
void
    cluster_end (cluster_t *self, cluster_state_t state, const char *why);

//  ------------------------------------------------------------------------------------------------
//  cluster_peers.c

//  Takes the view, also when it fails: NULL without memory. bytes: its encoding; empty: not made yet.
edition_t *
    edition_new (view_t *view, bytes_t bytes);
edition_t *
    edition_hold (edition_t *self);
void
    edition_drop (edition_t **self_p);
//  The edition of those bytes: one that is here already, or decoded. NULL: not a view, or no memory.
edition_t *
    edition_of (cluster_t *self, bytes_t bytes, const char **why);

peer_t *
    peer_find (const cluster_t *self, node_id_t id);
//  Makes peers the members of the known and the accepted view. False without memory.
bool
    peers_follow (cluster_t *self, const edition_t *known, const edition_t *accepted);
void
    member_endpoint (const member_t *member, char *endpoint);
bool
    gone_has (const cluster_t *self, node_id_t id);
gone_t *
    gone_find (const cluster_t *self, node_id_t id);
void
    gone_add (cluster_t *self, node_id_t id, const char *endpoint);

//  ------------------------------------------------------------------------------------------------
//  cluster_post.c: wire_add_… the fields to self->message between these

void
    post_begin (cluster_t *self, peer_type_t type, uint32_t fields);
void
    post_to (cluster_t *self, node_id_t to);
void
    post_at (cluster_t *self, node_id_t to, const char *endpoint, uint64_t cluster);
void
    post_edition (cluster_t *self, const edition_t *edition);
void
    post_ballot (cluster_t *self, ballot_t ballot);

//  ------------------------------------------------------------------------------------------------
//  register.c. Handlers return false if the message was malformed; `reader` is at its fields.

typedef bool (cluster_handler_fn) (cluster_t *self, node_id_t from, mp_t *reader);

cluster_handler_fn register_on_prevote, register_on_prevote_answer, register_on_req_vote, register_on_vote,
    register_on_accepted, register_on_nack;
void
    register_tick (cluster_t *self);
uint64_t
    register_next (const cluster_t *self);
//  Each heartbeat: says to the voters that this is still the coordinator.
void
    register_heartbeat (cluster_t *self);
//  Proposes a state; takes it. False without memory: nothing happened.
bool
    register_propose (cluster_t *self, view_t *view);
//  Proposes the first state of a cluster that this node founds.
bool
    register_found (cluster_t *self, view_t *view);
//  Goes on alone with that state. False without memory: nothing happened.
bool
    register_refound (cluster_t *self, const view_t *from);
void
    register_await (cluster_t *self); // A coordinator: from now on
bool
    register_read_ballot (mp_t *reader, ballot_t *ballot);
//  Takes the edition.
void
    register_set_accepted (register_t *reg, edition_t *edition);
bool
    register_votes (const cluster_t *self); // In its own accepted state
bool
    register_coordinates (const cluster_t *self); // Is coordinator, and its barrier is committed
void
    register_step_down (cluster_t *self);

//  register_accept.c

cluster_handler_fn register_on_accept, register_on_accept_delta, register_on_accept_whole;
//  To all voters; to who has it already only a sign of life.
void
    register_send_accept (cluster_t *self);
view_has_fn register_accepted_by; // Under this node's ballot

//  ------------------------------------------------------------------------------------------------
//  cluster_deltas.c

//  Remembers what leads from one state to the next, and forgets all of it.
void
    deltas_add (cluster_t *self, const edition_t *before, const edition_t *after);
void
    deltas_forget (cluster_t *self);
//  The newest committed version that the peer has said to have.
uint64_t
    deltas_base (const cluster_t *self, const peer_t *peer);
//  Adds the fields `digest` and `deltas` to self->message. False: nothing shorter than the whole leads
//  there from that version; then nothing was added.
bool
    deltas_write (cluster_t *self, uint64_t from, const edition_t *edition);
//  Reads these fields. False: malformed.
bool
    deltas_open (mp_t *reader, deltas_t *deltas);
//  The state to which they lead from what is known or accepted here. NULL: nowhere, or without memory.
edition_t *
    deltas_edition (cluster_t *self, const deltas_t *deltas, uint64_t version);

//  ------------------------------------------------------------------------------------------------
//  heartbeat.c

cluster_handler_fn heartbeat_on_hb, heartbeat_on_hb_ack, heartbeat_on_publish, heartbeat_on_publish_delta,
    heartbeat_on_fetch;
void
    heartbeat_tick (cluster_t *self);
//  Makes a committed state the known one.  False: older, or without memory.
bool
    heartbeat_learn (cluster_t *self, edition_t *edition);
//  Unless it may be on its way.
void
    heartbeat_publish (cluster_t *self, peer_t *peer);
//  By deltas the first time, if that can be.
void
    heartbeat_publish_now (cluster_t *self, peer_t *peer);
//  As a whole.
void
    heartbeat_publish_at (cluster_t *self, node_id_t to, const char *endpoint);
const member_t *
    heartbeat_self (const cluster_t *self); // As the known view has this node; NULL: it does not

//  ------------------------------------------------------------------------------------------------
//  founding.c

cluster_handler_fn founding_on_meet, founding_on_meet_answer, founding_on_refused;
void
    founding_tick (cluster_t *self);
uint64_t
    founding_next (const cluster_t *self);
void
    founding_add_seed (cluster_t *self, const char *endpoint);
//  MEET to one address.
void
    founding_meet (cluster_t *self, node_id_t to, const char *endpoint);
//  Whether an ACCEPT of a first state may come from that node.
bool
    founding_expects (const cluster_t *self, node_id_t from);

//  ------------------------------------------------------------------------------------------------
//  coordinator.c and the files of its name

//  The state that is being made from the known one. Each partition is changed once at most.
typedef struct {
    cluster_t *cluster;
    const view_t *base;
    view_t *view;
    bool changed;
} draft_t;

//  Copies and primaries on their way, while a draft is made.
typedef struct {
    draft_t *draft;
    placement_t *placement;           // Where all shall be
    uint32_t *feeds, *learns, *hands; // By place in the view's members: how much each does at present
    uint32_t copies;                  // Wanted
    bool missing;                     // There are too few somewhere: nothing is moved for evenness
    bool waits;                       // There is more to do than can be done now
} moving_t;

bool
    coordinator_new (cluster_t *self);
void
    coordinator_free (cluster_t *self);
void
    coordinator_tick (cluster_t *self);
uint64_t
    coordinator_next (const cluster_t *self);
//  Something may have to be decided soon.
void
    coordinator_wake (cluster_t *self);
void
    coordinator_start (cluster_t *self); // The election is won
void
    coordinator_stop (cluster_t *self);
//  A state was committed; before: the known one until then, NULL if none. first: the barrier.
void
    coordinator_committed (cluster_t *self, const view_t *before, bool first);
bool
    coordinator_on_ask (cluster_t *self, node_id_t from, peer_type_t what, mp_t *reader);
void
    coordinator_take (cluster_t *self, const ask_t *ask);
void
    coordinator_join (cluster_t *self, const member_t *member);
//  Was heard within two heartbeats, and had heard this node shortly before that: neither what has lain
//  in a queue for long nor who hears nobody counts.
bool
    coordinator_hears (const cluster_t *self, node_id_t id);
bool
    member_is (const view_t *view, node_id_t id, member_status_t status);
//  +1, if there is one left.
bool
    part_raise (draft_t *draft, uint32_t partition);

void
    coordinator_members (draft_t *draft);
void
    coordinator_parts (draft_t *draft);
//  Begins a partition anew, empty, on another member. False: there is none.
bool
    coordinator_wipe (draft_t *draft, uint32_t partition);
//  Copies that are missing or too many, and what is not even. coordinator_copies.c
void
    coordinator_copies (draft_t *draft);
//  Takes the next step of a partition for the sake of evenness, if it can be taken now. Without
//  `moving->missing`, and unless moves are paused.
void
    coordinator_even (moving_t *moving, uint32_t partition);
//  Adds the learner that a partition shall have, if source and target have the time.
void
    coordinator_learn (moving_t *moving, uint32_t partition);
//  Asks for the handover that a partition shall have, once until it is made or was not for a while.
void
    coordinator_hand_over (moving_t *moving, uint32_t partition);
//  How many moves there are in all, for whoever watches.
void
    coordinator_total (draft_t *draft);
//  Asks the primary of a partition to hand it over.
void
    coordinator_plea (cluster_t *self, uint32_t partition, node_id_t node);
//  Whether that was asked for and may still be done.
bool
    coordinator_pleaded (const cluster_t *self, const plea_t *plea);
//  That learner could not go on: it is left alone for a while.
void
    coordinator_block (cluster_t *self, uint32_t partition, node_id_t node);
void
    coordinator_voters (draft_t *draft);
void
    coordinator_requests (draft_t *draft);
void
    coordinator_requests_committed (cluster_t *self);
void
    coordinator_requests_drop (cluster_t *self);
//  The proposal was not made.
void
    coordinator_requests_again (cluster_t *self);
void
    coordinator_request (cluster_t *self, node_id_t from, uint64_t number, bytes_t words);
void
    coordinator_events (cluster_t *self, const view_t *before, const view_t *after);
//  ------------------------------------------------------------------------------------------------
//  admin.c

cluster_handler_fn admin_on_request, admin_on_answer;
void
    admin_tick (cluster_t *self);
void
    admin_free (cluster_t *self);
//  Sends the message that was begun to the coordinator, or to all voters if nobody knows who it is.
void
    admin_post (cluster_t *self);
void
    admin_answered (cluster_t *self, uint64_t number, unsigned status, const char *text);
//  Reads the words of a request. 0: malformed.
size_t
    admin_words (bytes_t encoded, bytes_t words[CLUSTER_WORDS_MAX]);

#endif
