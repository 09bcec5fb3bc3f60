//  sim: whole clusters of the production cores, with clients, a network and faults, on one thread, in
//  virtual time, from one seed. What the files of tests/sim share; sim_main.c says how it is used.
//
//  Times are microseconds of the simulation (`time_us`), unless they are called local: milliseconds of
//  one node's own clock, which drifts.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SIM_H_INCLUDED
#define SIM_H_INCLUDED

#include "cluster/cluster.h"
#include "forward.h"
#include "lib/linear.h"
#include "move/move.h"
#include "replica/session_id.h"
#include "storage.h"

#define SIM_SLOTS_MAX 64      // Machines; each runs one process at a time
#define SIM_ACTORS_MAX 3      // Storage actors of one process
#define SIM_PARTITIONS_MAX 16
#define SIM_CLIENTS_MAX 8
#define SIM_WINDOW_MAX 8      // Requests of one client that are open at the same time
#define SIM_KEYS_MAX 16
#define SIM_NOBODY UINT32_MAX
#define SIM_SECOND UINT64_C (1000000)
#define SIM_BEACON_PORT 7000
#define SIM_ROUTER_PORT 6000
#define SIM_AP_CLIENT 100 // Who asks for the map in ap mode; clients are numbered below it
#define SIM_LOCK_CLIENT 200 // Who asks for locks, from there on

typedef struct sim sim_t;
typedef struct process process_t;

//  ------------------------------------------------------------------------------------------------
//  Chance (sim_kernel.c)

typedef struct {
    uint64_t state;
} chance_t;

uint64_t
    chance_next (chance_t *self);
uint32_t
    chance_below (chance_t *self, uint32_t limit); // 0 … limit - 1
bool
    chance_of (chance_t *self, double probability);
uint64_t
    chance_between (chance_t *self, uint64_t low, uint64_t high); // high not included

//  ------------------------------------------------------------------------------------------------
//  Events (sim_kernel.c)

typedef struct event event_t;
typedef void (event_fn) (sim_t *sim, event_t *event);

//  Who answers whom. Travels as a frame beside a request and back with its reply.
typedef struct {
    uint32_t client;
    uint32_t via;  // Process whose router passed it on, or SIM_NOBODY
    uint64_t mark; // Then: what that router calls it
} route_t;

//  Something that happens later. Whoever runs it owns it then, and hands it on or frees it.
struct event {
    event_t *next;       // In a queue of an actor, or among free ones
    event_fn *run;
    uint64_t time;       // When
    uint32_t process;    // Index into sim->processes, SIM_NOBODY: whoever is at slot and port
    uint32_t slot, port;
    uint32_t from;       // Slot of the sender, SIM_NOBODY: a client
    node_id_t from_id, to_id;
    unsigned kind;       // item_t; otherwise as the receiver knows
    uint32_t actor, number;
    bool once;           // The network may lose it, but does not double it
    uint64_t a, b;
    const view_t *view;
    route_t route;
    uint32_t room;       // Of data
    uint32_t size;
    uint8_t data[];      // A body
};

//  An event with a copy of a body; everything else is 0. Never NULL.
event_t *
    event_new (event_fn *run, bytes_t body);
void
    event_free (event_t *self);
static inline bytes_t
event_body (const event_t *self)
{
    return bytes_of (self->data, self->size);
}

//  It runs at that time, after everything that was given the same time before it.
void
    sim_at (sim_t *self, uint64_t time_us, event_t *event);
//  The next event, taken out; NULL: there is none.
event_t *
    kernel_take (sim_t *self);
void
    kernel_clear (sim_t *self);

//  ------------------------------------------------------------------------------------------------
//  Network (sim_network.c)

typedef struct {
    double loss, duplication, stragglers; // Probabilities
    bool calm;             // The faults are over: nothing is late by more than heartbeats stand
    uint64_t latency_max;
    bool in_order;     // Links keep the order, as TCP does; else everything overtakes everything
    bool refuses;      // Messages to a dead process come back as "connection refused"
    uint32_t queue_max; // Messages under way from one machine to another; more are dropped
    //  By machine; clients are the last one
    bool cut[SIM_SLOTS_MAX + 1][SIM_SLOTS_MAX + 1];
    uint32_t under_way[SIM_SLOTS_MAX + 1][SIM_SLOTS_MAX + 1];
    uint64_t last[SIM_SLOTS_MAX + 1][SIM_SLOTS_MAX + 1]; // Arrival of the last message, if in order
    uint64_t touched[SIM_SLOTS_MAX]; // When it was last cut off from somebody, or was so
    bool any_cut;
} network_t;

//  Sends an event from one machine to another (SIM_NOBODY: the clients). It is consumed.
void
    network_send (sim_t *self, uint32_t from, uint32_t to, event_t *event);
//  To be called when an event that was sent arrives.
void
    network_arrived (sim_t *self, const event_t *event);
void
    network_heal (sim_t *self);
void
    network_cut (sim_t *self, uint32_t from, uint32_t to);
//  Remembers who is cut off now, before that changes.
void
    network_mark (sim_t *self);
//  True if the machine is cut off from somebody, or was within the last second.
bool
    network_troubled (const sim_t *self, uint32_t slot);
//  Reads "tcp://nSLOT:PORT". False: something else.
bool
    network_address (bytes_t endpoint, uint32_t *slot, uint32_t *port);

//  ------------------------------------------------------------------------------------------------
//  Processes (sim_process.c, sim_actor.c, sim_router.c)

//  What a storage actor receives.
typedef enum { ITEM_PEER, ITEM_CLIENT, ITEM_VIEW, ITEM_HAND_OVER, ITEM_SESSION, ITEM_WAKE,
               ITEM_STREAM } item_t;

//  A client's body between its execution and its settling.
typedef struct {
    event_t *event;
    batch_t batch;
    bytes_t before;
    buf_t out;
} served_t;

#define SIM_TURN_MAX 16 // Items that one turn takes

typedef struct {
    process_t *process;
    uint32_t index;
    storage_t *storage;
    event_t *first, *last;     // What has arrived
    bool turning;              // A turn is on its way, or stopped between its halves
    uint64_t stalled_until;    // Its thread does not run
    uint64_t turn_now;         // The clock, as it was when the turn began
    bool resumes;              // The turn has begun already
    bool dirty;                // Something ran since the invariants were checked
    served_t served;           // event: NULL, nothing is between its halves
    uint64_t tick_at;          // Local: storage_tick
    uint64_t wake_at;          // Time of the wake event that is meant; others are stale
    const view_t *view;        // The newest it was given
    partition_state_t state[SIM_PARTITIONS_MAX]; // As of the last check
    //  The channel for batches, if it has a pace
    uint64_t room;
    bool room_asked;           // It takes more later, and says so
    buf_t batch;               // The last one, to come again
    node_id_t batch_to;
    uint32_t batch_actor;
    move_state_t moves[SIM_PARTITIONS_MAX]; // As far as they have come
} actor_t;

struct process {
    sim_t *sim;
    uint32_t index;            // In sim->processes
    uint32_t slot;
    node_id_t id;
    bool alive;
    bool stop_in_turn;         // The next turn with records stops between its halves
    bool stop_actor;           // Then: only that actor, not the process
    bool stop_early;           // Then: before the records, when the clock was read
    uint64_t stop_for;
    uint64_t paused_until;
    uint64_t started;
    double rate;               // Of its clock
    uint64_t offset;           // Of its clock, microseconds
    uint32_t port;             // First of its ports
    char beacon[64];           // Endpoint
    char host[16];
    member_t self;
    lease_t lease;
    cluster_t *cluster;
    uint64_t beacon_wake;
    forward_t *forward;        // Its router
    session_issuer_t issuer;
    uint64_t router_wake;
    const view_t *view;        // The newest its beacon showed
    bool leaving;
    uint32_t actors_count;
    actor_t actors[SIM_ACTORS_MAX];
};

uint64_t
    process_local (const process_t *self);           // Its clock, now
uint64_t
    process_local_us (const process_t *self);
uint64_t
    process_time (const process_t *self, uint64_t local); // When its clock will show that
//  Starts a process on a machine, which must have none.
process_t *
    process_start (sim_t *sim, uint32_t slot);
//  Ends it at once; later another one starts there.
void
    process_kill (process_t *self, uint64_t again_after);
void
    process_destroy (process_t *self);
//  The process on a machine, NULL if none is alive.
process_t *
    process_at (sim_t *sim, uint32_t slot);
process_t *
    process_of (sim_t *sim, node_id_t id); // Alive or not; NULL: never was
bool
    process_is_up (const process_t *self);  // Alive and not paused
//  If the process of the event is stopped, puts the event off until it goes on, and returns true.
bool
    process_defer (process_t *self, event_t *event);

//  What storage actors and operators ask of its beacon.
void
    process_ask (process_t *self, peer_type_t what, uint32_t partition, uint64_t epoch, node_id_t node);
void
    process_leave (process_t *self);
uint64_t
    process_admin (process_t *self, const bytes_t *words, size_t count);

//  sim_actor.c
void
    actor_start (actor_t *self, process_t *process, uint32_t index);
void
    actor_destroy (actor_t *self);
//  Adds an item to what has arrived.
void
    actor_receive (actor_t *self, event_t *item);
//  An event with item_t in kind that is for an actor of this process.
event_fn actor_on_item;

//  Both clocks, now.
moment_t
    actor_moment (const actor_t *self);

//  sim_router.c: a record of a client goes to its owner, the reply back the same way.
event_fn router_on_request, router_on_reply;
void
    router_start (process_t *process);
void
    router_learn (process_t *process, const view_t *view);
//  Sends a reply body where the route says.
void
    route_reply (process_t *from, const route_t *route, bytes_t body);

//  ------------------------------------------------------------------------------------------------
//  Clients (sim_client.c, sim_script.c)

typedef struct {
    bool open;
    bool own;              // On a key that only this client uses
    bool exec;             // Then: an EXEC; expected is its kind
    linear_op_t op;        // Of shared keys
    op_t wire;
    uint32_t key;
    uint32_t partition;
    int64_t expected, value;
    uint64_t ttl;          // Milliseconds, 0: none
    uint32_t padding;      // Bytes after the number
    bool confirm;          // A read with read=confirm
    bool in_doubt;         // It was sent at least once
    uint64_t id;
    uint32_t session;      // Number of the client's session
    uint64_t called;
    uint32_t sends;
    uint32_t timer;        // Number of the timer that is meant
} pending_t;

//  What a client knows of the keys that only it uses: a key with a TTL, and a map of its own.
typedef enum { OWN_ABSENT, OWN_PRESENT, OWN_UNKNOWN } own_state_t;
typedef struct {
    own_state_t ttl_state;
    int64_t ttl_value;
    uint64_t ttl_not_before; // Earliest time at which it may expire
    uint64_t ttl_counter;
    bool ttl_put;            // The last operation was PUT
    uint64_t present;        // Bits: keys of its own map that exist
    uint64_t unknown;        // Bits: of which it does not know
    uint64_t doubtful;       // Bits: of which it will never know: something may still happen to them
    uint32_t partition;      // In which it does this
    char keys[8][24];        // Names that fall into the partition
    uint32_t step;
    int64_t pair_value;      // Of the two keys that EXEC changes; 0: absent
    bool pair_unknown, pair_doubtful;
} own_t;

typedef struct {
    uint32_t index;
    uint8_t session[SESSION_SIZE];
    uint32_t session_number; // 0: none yet
    uint64_t step_at;        // Time of the step event that is meant
    bool asking;             // For a session
    uint64_t asked;          // How often
    bool expired;            // It needs a new one
    uint64_t next_id;
    uint32_t window;
    uint32_t issued, wanted;
    uint32_t open;
    pending_t pending[SIM_WINDOW_MAX];
    uint8_t pending_session[SIM_WINDOW_MAX][SESSION_SIZE];
    uint32_t hint_slot[SIM_PARTITIONS_MAX], hint_port[SIM_PARTITIONS_MAX]; // SIM_NOBODY: not known
    bool plain;              // Has no session, and asks a router once
    bool patient;            // Waits long before it asks again
    bool judge;              // Reads everything in the end
    own_t own;
} client_t;

void
    clients_start (sim_t *sim);
bool
    clients_done (const sim_t *sim);
//  In the end: one client more, that reads all keys.
void
    clients_judge (sim_t *sim);
event_fn client_on_reply, client_on_session;

//  sim_script.c: what a client does next, and whether an answer can be right.
void
    script_next (sim_t *sim, client_t *client, pending_t *pending);
void
    script_trace (const sim_t *sim, const client_t *client, const pending_t *pending);
void
    script_request (sim_t *sim, const client_t *client, const pending_t *pending, buf_t *out);
//  The answer of an operation that is over.
void
    script_answer (sim_t *sim, client_t *client, pending_t *pending, const reply_t *reply);
//  An operation of which nobody knows whether it happened.
void
    script_doubt (sim_t *sim, client_t *client, pending_t *pending);
void
    script_begin (sim_t *sim, client_t *client);

//  ------------------------------------------------------------------------------------------------
//  A map in ap mode (sim_ap.c), if the plan has one

typedef struct ap_side ap_side_t;

void
    ap_side_start (sim_t *sim);
void
    ap_side_destroy (sim_t *sim);
event_fn ap_side_on_reply;
//  All copies of it are equal. why: what is missing.
bool
    ap_side_settled (sim_t *sim, char *why, size_t size);
//  Then: nothing was invented, nothing deleted is back, nothing is lost that a living member wrote.
void
    ap_side_check (sim_t *sim);

//  ------------------------------------------------------------------------------------------------
//  Locks (sim_lock.c, sim_lock_check.c), if the plan has them

typedef struct lock_side lock_side_t;

void
    lock_side_start (sim_t *sim);
void
    lock_side_destroy (sim_t *sim);
event_fn lock_side_on_reply;
//  An entry of the log is committed, for the first time.
void
    lock_side_committed (sim_t *sim, uint32_t partition, uint64_t seq, bytes_t entry);
//  Everybody has been answered, and nothing is held any more. why: what is missing.
bool
    lock_side_settled (sim_t *sim, char *why, size_t size);
//  Then: what was told can be explained.
void
    lock_side_check (sim_t *sim);

//  ------------------------------------------------------------------------------------------------
//  Faults (sim_nemesis.c)

event_fn nemesis_on_step;
void
    nemesis_stop (sim_t *sim);
//  A move has taken a step: now and then its source, its target or the coordinator is struck.
void
    nemesis_on_move (sim_t *sim, const process_t *source, const move_info_t *move);
//  Does one of them something.
typedef enum { STRIKE_KILL, STRIKE_PAUSE, STRIKE_CUT, STRIKE_STALL, STRIKES } strike_t;
typedef enum { STRIKE_SOURCE, STRIKE_TARGET, STRIKE_COORDINATOR, STRIKE_ROLES } strike_role_t;
bool
    nemesis_strike (sim_t *sim, process_t *victim, strike_t strike, uint32_t partition);
process_t *
    nemesis_coordinator (sim_t *sim);

//  ------------------------------------------------------------------------------------------------
//  Invariants (sim_check.c)

//  A log entry that was committed, by its place.
typedef struct {
    uint64_t content; // Hash; 0: none yet
    uint64_t epoch;   // Of its first commit
} committed_t;

typedef struct {
    committed_t *log[SIM_PARTITIONS_MAX];
    uint64_t room[SIM_PARTITIONS_MAX], last[SIM_PARTITIONS_MAX], base[SIM_PARTITIONS_MAX];
    const view_t **views;      // By version; copies
    uint64_t views_room, newest;
    node_id_t *primaries[SIM_PARTITIONS_MAX]; // By epoch
    uint64_t epochs_room[SIM_PARTITIONS_MAX];
} check_t;

//  A view that a beacon shows as committed. Returns the one copy of it that all share.
const view_t *
    check_view (sim_t *sim, process_t *process, const view_t *view);
void
    check_committed (void *arg, uint32_t partition, uint64_t epoch, uint64_t seq, bytes_t entry);
//  After a turn of an actor.
void
    check_actor (actor_t *actor);
//  An actor ends.
void
    check_forget (actor_t *actor);
//  After any event, while two actors call themselves primary of the same partition.
void
    check_leases (sim_t *sim);
//  All copies are there and equal, everybody agrees. why: what is missing.
bool
    check_settled (sim_t *sim, char *why, size_t size);
void
    check_history (sim_t *sim);
void
    check_destroy (sim_t *sim);
const view_t *
    check_newest (const sim_t *sim);

//  ------------------------------------------------------------------------------------------------
//  One schedule (sim_run.c)

//  Totals, in the order in which they are printed.
#define SIM_TOTALS \
    TOTAL (operations) TOTAL (retries) TOTAL (deduplicated) TOTAL (moved) TOTAL (refused) TOTAL (in_doubt) \
    TOTAL (sessions) TOTAL (expired_sessions) TOTAL (forwarded) TOTAL (confirmed) TOTAL (destroyed) \
    TOTAL (elections) TOTAL (views) TOTAL (failovers) TOTAL (joins) TOTAL (handovers) TOTAL (removals) \
    TOTAL (voter_swaps) TOTAL (suspects) TOTAL (takeovers) TOTAL (kills) TOTAL (pauses) \
    TOTAL (pauses_in_turn) TOTAL (stalls) TOTAL (isolations) TOTAL (cuts) TOTAL (role_cuts) \
    TOTAL (weather) TOTAL (leaves) TOTAL (arrivals) \
    TOTAL (moves) TOTAL (messages) TOTAL (lost_messages) TOTAL (full_queues) TOTAL (events) TOTAL (seconds) \
    TOTAL (lost_partitions) TOTAL (ap_writes) TOTAL (ap_reads) TOTAL (ap_merged) \
    TOTAL (locks_granted) TOTAL (locks_passed) TOTAL (locks_expired) TOTAL (locks_refused) \
    TOTAL (locks_lost) TOTAL (locks_fenced) TOTAL (execs) \
    TOTAL (deltas_sent) TOTAL (deltas_applied) TOTAL (asked_for_whole) TOTAL (delta_bytes_saved)

typedef struct {
#define TOTAL(name) uint64_t name;
    SIM_TOTALS
#undef TOTAL
    //  Of moves, by their state: steps into it, ends in it that are no success, strikes at it
    uint64_t entered[MOVE_STATES], ended[MOVE_STATES], struck[MOVE_STATES];
} totals_t;

void
    totals_add (totals_t *sum, const totals_t *more);

//  What a schedule is like; made from the seed.
typedef struct {
    uint32_t slots, slots_max; // Machines at first; and those that may come later
    uint32_t copies;
    uint32_t partitions;
    uint32_t voters_max;
    uint32_t witnesses;        // Machines that only vote: the last ones
    uint32_t actors[SIM_SLOTS_MAX];
    bool expect;               // Founded together, not by one
    uint32_t clients, operations, window;
    uint32_t plain;            // Clients without a session: the last ones
    uint32_t patient;          // Clients that wait long: the first ones
    uint32_t keys;
    uint64_t think;            // Microseconds between a client's operations, at most
    uint64_t inner_delay;      // Between the actors of a process, at most
    uint64_t memory_limit, log_records, log_bytes;
    uint64_t move_bytes;       // Of one batch of a move; 0: as much as may be
    uint64_t pace;             // Bytes that the channel for batches takes at a time; 0: it has no pace
    double mangled;            // Probability that a batch comes cut off, or once more much later
    bool sessions_short;       // Eras follow each other quickly
    bool same_port;            // A process that starts again uses the same ports
    cluster_timing_t timing;
    uint64_t quiet;            // Microseconds of faults
    bool ap;                   // A map in ap mode is used, too
    bool locks;                // Locks are used, too
    bool exec;                 // Clients change keys together
    bool on_time;              // No faults, no drift: for figures
} plan_t;

typedef enum { VERDICT_RIGHT, VERDICT_WRONG, VERDICT_OUTSIDE } verdict_t;

struct sim {
    uint64_t seed;
    plan_t plan;
    chance_t chance;
    uint64_t now;
    uint64_t serial;
    struct heap_item {
        uint64_t time, serial;
        event_t *event;
    } *heap;
    uint32_t heap_count, heap_room;
    network_t *network;
    process_t **processes;
    uint32_t processes_count, processes_room;
    process_t *at[SIM_SLOTS_MAX]; // The last process of each machine
    client_t clients[SIM_CLIENTS_MAX + 1];
    uint32_t clients_count;
    char keys[SIM_KEYS_MAX][24];
    int64_t recent[SIM_KEYS_MAX]; // A value that a key had lately
    linear_event_t *history;
    uint32_t history_count, history_room;
    check_t check;
    ap_side_t *ap;             // NULL: no map in ap mode
    lock_side_t *locks;        // NULL: no locks
    totals_t totals;
    bool faults_on;
    uint64_t cut_until;
    uint32_t claims[SIM_PARTITIONS_MAX]; // Actors that call themselves primary and are not sealed
    int contested;             // Partitions with more than one such actor
    bool failed;
    char why[400];
    unsigned trace;
    void (*on_move) (struct sim *sim, process_t *source, const move_info_t *move); // NULL: nobody asks
};

//  What a schedule may have beside the rest; without it nothing is any different for there being such.
#define SIDE_AP 1u    // A map in ap mode
#define SIDE_LOCKS 2u // Locks
#define SIDE_EXEC 4u  // Several records as one

//  Runs one schedule. why: at least 400 bytes.
verdict_t
    sim_run (uint64_t seed, uint32_t copies, unsigned sides, unsigned trace, totals_t *totals, char *why);

//  The simulation has found something. The first report counts.
void
    sim_fail (sim_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
void
    sim_say (const sim_t *self, const char *format, ...) __attribute__ ((format (printf, 2, 3)));
#define TRACE(sim, ...) \
    do { \
        if ((sim)->trace) \
            sim_say ((sim), __VA_ARGS__); \
    } while (0)

//  sim_plan.c
void
    plan_make (plan_t *plan, chance_t *chance, uint32_t copies);

//  sim_scale.c: a cluster at rest: without faults, delays or drift.
void
    quiet_set_up (sim_t *sim, uint32_t members);
void
    quiet_run (sim_t *sim, uint64_t time_us);
//  Runs until all is well. False: it never is.
bool
    quiet_settle (sim_t *sim, char *why, size_t size);
void
    quiet_tear_down (sim_t *sim);

//  sim_scenario.c: what chance meets too rarely, put together by hand. Each of them is about one rule, by
//  whose name it is called. False: there is no such scenario. why: empty if all was right.
bool
    scenario_run (const char *rule, char *why, size_t size);
//  All of them.
bool
    scenarios_run (void);

//  sim_moves.c: in each state of a move, its source, its target and the coordinator die, stop, are cut off,
//  one after the other.
bool
    moves_run (void);

//  How many messages a member sends and receives, by the size of the cluster. False: they
//  grow more than they may.
bool
    scale_run (void);

#endif
