//  client_impl: what the files of the client library share. For src/client and its tests only.
//
//  An operation is an item: its encoded record, where it goes, and how far it is. Items belong to a
//  batch (blocking forms, pipelines), to a future, or to the client itself (ROUTES). An item waits in
//  the queue of its connection, is sent under an id of the pending table, and is done; a refusal puts
//  it among those that wait for another try.
//
//      NEW --> QUEUED --> SENT --> DONE
//                ^          |
//                +- LATER <-+  refused, or no answer
//
//  Within the caller's deadline a record is sent as often as it takes, always under the same id: with
//  a session (guard.c) the servers execute it once. What is not guarded so is sent again only after a
//  refusal, which says that nothing happened.
//
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLIENT_IMPL_H_INCLUDED
#define CLIENT_IMPL_H_INCLUDED

#include <czmq.h>
#include <zgrid_client.h>

#include "local.h"
#include "status.h"
#include "wire.h"

#define CLIENT_TIMEOUT_MS 5000u       // Also what a server assumes without the option deadline
#define CLIENT_BATCH_RECORDS 256u
#define CLIENT_BATCH_BYTES 65536u
#define CLIENT_WINDOW_RECORDS 8192u   // Until HELLO says otherwise
#define CLIENT_WINDOW_BYTES 4194304u
#define CLIENT_FRAME_MAX 68157440u
#define CLIENT_QUEUE_WINDOWS 4u       // Futures may queue so many windows; then BUSY
#define CLIENT_CONNECTIONS_MAX 1024u  // Beyond, everything else goes through the router
#define CLIENT_MOVES_DIRECT 3u        // After so many MOVED: through the router
#define CLIENT_BACKOFF_MS 50u         // Longest pause between tries, unless the server names one
#define CLIENT_ABSENCE_MS 200u        // The same after UNAVAILABLE
#define CLIENT_RETRY_MS 1000u         // Longest pause that a server may ask for
#define CLIENT_TURN_MESSAGES 64u      // Messages taken from one connection before others have a turn
#define CLIENT_SILENCE_MS 500u        // Without an answer for so long it is sent again, then twice as long…
#define CLIENT_SILENCE_LEARN_MS 250u  // The same for HELLO and ROUTES: somebody else may know more
#define CLIENT_DOUBT_MS 2000u         // A storage endpoint that was silent is passed over for so long
#define CLIENT_LEARN_MS 100u          // Between two ROUTES at least
#define CLIENT_CONFIRM_MS 10000u      // While it is used, the router is asked so often whose it is
#define CLIENT_WATCH_MS 1500u         // The same while something stands in line for a lock, which is silent
#define CLIENT_FORSAKEN_MAX 1024u     // Locks that were given up and are still asked about
#define CLIENT_FORSAKEN_MS 60000u     // For so long
#define CLIENT_ROUTERS_MAX 64u        // Public endpoints that are remembered
#define CLIENT_LANES 256u             // Groups of slots that wait together for another try
#define CLIENT_SCOUTS 3u              // Routers that are asked at once when another one is needed
#define CLIENT_GUARDS 8u              // Sessions that are remembered for requests under way

//  What a record costs in a window beside its bytes, were it alone in its body
#define CLIENT_CHARGE 3u
#define CLIENT_CHARGE_GUARD 50u

#define PARTITION_NONE UINT32_MAX
#define SLOT_NONE UINT16_MAX
#define TIME_NEVER UINT64_MAX

typedef struct connection connection_t;
typedef struct item item_t;
typedef struct batch batch_t;

typedef enum { ITEM_NEW, ITEM_QUEUED, ITEM_SENT, ITEM_LATER, ITEM_DONE } item_state_t;
typedef enum { ITEM_OF_BATCH, ITEM_OF_FUTURE, ITEM_OF_ROUTES, ITEM_OF_HELLO, ITEM_OF_SCOUT } item_kind_t;

struct item {
    item_t *next;             // In the queue of its connection, or in a lane
    connection_t *connection; // Where it goes, while QUEUED and SENT
    uint8_t *data;            // The encoded record
    uint64_t id;              // What servers know it by, from the first sending until it is DONE; else 0
    uint32_t size;
    uint32_t index;           // In its batch
    uint32_t sent_at;         // While SENT: milliseconds, modulo 2^32
    uint16_t slot;            // SLOT_NONE: whoever the router finds
    uint16_t guard;           // Number of the session that it was sent under; 0: none
    uint8_t op, kind, state;
    uint8_t moves, tries;     // MOVED; BUSY, TRYAGAIN and the like so far
    uint8_t sends;            // Sendings since the last refusal
    uint8_t refused;          // The status of the last refusal
    uint32_t stamp;           // Of the near cache, for an answer that it shall keep; 0: for none
    uint32_t asked_at;        // Then: milliseconds of the boot clock, modulo 2^32
    bool writes;
    bool guarded;             // A session makes it safe to send it twice
    bool routed;              // Its slot says only what it must not overtake: it goes to the router
    bool doubt;               // It may have been executed though no answer came
    bool waits;               // LOCK: its answer may take as long as it stands in line
    bool apart;               // Sent under the session of those: not counted in the ack of others
};

//  What a record says.
typedef struct {
    op_t op;
    bytes_t map;
    const bytes_t *key;       // NULL: nil
    const value_t *value;     // NULL: nil
    const options_t *options; // NULL: none
} record_t;

//  Replies that results point into, and texts made from them.
typedef struct kept_chunk kept_chunk_t;
typedef struct kept_text kept_text_t;
typedef struct {
    kept_chunk_t *chunks; // Newest first
    kept_text_t *texts;
} kept_t;

//  Memory for encoded records that never moves.
typedef struct arena_block arena_block_t;
typedef struct {
    arena_block_t *first, *last, *current;
} arena_t;

//  What HELLO says of whose cluster it is.
typedef struct {
    uint8_t data[32];
    size_t size; // 0: nothing
} cluster_id_t;

struct connection {
    zsock_t *sock;
    void *handle;           // The same, for libzmq
    char *endpoint;
    item_t *head, *tail;    // To be sent
    size_t queued, queued_bytes;
    size_t flying, flying_bytes; // Sent and not answered: what the window bounds
    size_t waiting;         // Of those, such as stand in line for a lock, which the window does not count
    zmq_msg_t unsent;       // A batch that the socket would not take yet
    bool has_unsent;
    bool lost;              // The socket is of no use any more
    bool watched;           // In the client's epoll set
    bool given_up;          // Another one has taken its place: what is under way here goes there
    bool foreign;           // A member of another cluster answers there: nothing is sent to it
    cluster_id_t cluster;   // As HELLO there named it last
    uint32_t number;        // The client's own, never given twice
    uint64_t invalidated;   // Number of the last push INVALIDATE
    uint32_t heard_at;      // When the last message came, modulo 2^32
    uint64_t doubt_until;   // Passed over until then; 0: not
    int receive_ms;         // ZMQ_RCVTIMEO as it is set
};

//  Where partitions live, as ROUTES told.
typedef struct {
    char *endpoint;
    connection_t *connection; // Made on first need
    bool unusable;            // Everything goes through the router
} route_end_t;

typedef struct {
    uint64_t epoch;
    uint32_t partitions; // 0: unknown
    uint16_t *owners;    // By partition: index into ends; 0xffff: nobody. NULL: all through the router
    route_end_t *ends;
    size_t end_count;
    char *routers;       // Public endpoints of the members, separated by commas; NULL: none named
} routes_t;

//  Items of some slots that wait for another try. They go on together, in the order of their ids, and
//  behind them what was started meanwhile.
typedef struct lane {
    struct lane *next;    // Of the lanes that have items
    item_t *head, *tail;
    item_t *last_sent;    // The last of those with an id, which come first; NULL: none
    uint64_t due;
} lane_t;

//  A session, and the WITH record that names it but for its last eight bytes: ack.
typedef struct {
    uint8_t session[16];
    uint64_t era;
    uint8_t with[CLIENT_CHARGE_GUARD];
    bool expired;
    bool apart; // For those that stand in line for a lock
} guard_t;

typedef struct {
    item_t **slots; // By id modulo size
    size_t size;    // Power of two
    size_t used;
    uint64_t last;  // Id given last
    uint64_t low;   // Every id below it is answered, or apart
    uint64_t low_apart; // Every one below it that is apart is answered
    size_t waiting; // Of those used, such as stand in line for a lock
} pending_t;

#include "client_scout.h"

typedef struct cached cached_t;

typedef struct {
    uint64_t foreign;  // Messages that are not this protocol
    uint64_t broken;   // Bodies whose rest could not be read
    uint64_t ignored;  // Replies that nobody waits for: late, twice, or to an id never used
    uint64_t wrong;    // Replies of the wrong shape
    uint64_t retried;  // Records sent again after a refusal other than MOVED
    uint64_t moved;    // Records sent elsewhere after MOVED
    uint64_t resent;   // Records sent again because no answer came
    uint64_t failovers; // Routers given up for others
    uint64_t adopted;  // Clusters that took the place of the one before
    uint64_t scouts;   // Candidates that were asked before
    uint64_t sessions; // Sessions taken over
    uint64_t pushes;   // Pushes of a new view
    uint64_t events;   // Pushes of an event
    uint64_t expired;  // Records whose time was over
    uint64_t learned;  // ROUTES that were taken over
} client_counters_t;

//  Records that one call sends and waits for.
struct batch {
    item_t *items;
    zgrid_entry_t *entries; // Results, by index
    size_t count;
    size_t room;
    size_t left;            // Not done yet
    size_t failed;          // Done, and neither OK nor NOTFOUND
    arena_t arena;          // The encoded records
    kept_t *kept;           // Where replies stay
    bool with_entries;      // entries belongs to the batch
};

struct zgrid_client {
    uint32_t timeout_ms, batch_records, batch_bytes, window_records;
    size_t window_bytes, frame_max;
    bool indirect;
    bool inner;              // Of a node in this process
    bool closing;            // zgrid_client_destroy has begun
    bool inside;             // A future's function is running
    bool poked;              // Something was sent or left unread outside of zgrid_client_process
    bool roomless;           // The reply at hand cannot stay, for want of memory
    bool trim;               // Routes have changed: close what nobody uses
    connection_t **connections; // [0] is the router's
    size_t connection_count;
    routes_t routes;
    pending_t pending;
    lane_t lanes[CLIENT_LANES + 1]; // What waits for another try; the last one: of no slot
    lane_t *waiting;         // Those with items
    uint64_t later_at;       // When the first of them is due, at the earliest
    uint64_t look_at;        // When to look for requests without an answer
    uint64_t glance_at;      // When to look for pushes
    size_t later_count, later_bytes; // Of all lanes
    bool divert;             // Something was refused: what is queued behind it waits, too
    zgrid_future_t *open, *ready; // Unfinished; finished, but their function has not been called
    uint64_t expire_at;      // No future and no ROUTES is due before
    item_t learning[2];      // HELLO and ROUTES
    uint8_t learning_data[2][48];
    uint64_t learning_until;
    uint64_t learn_at;       // When to ask next; TIME_NEVER
    uint64_t learned_at;     // When it was asked last
    char *endpoints;         // As the caller gave them
    uint8_t older;           // Tables in a row that were older than the present one
    uint64_t router_epoch;   // What the router's HELLO said last
    cluster_id_t cluster;    // As the first HELLO named it
    scouting_t scouting;
    guard_t guards[CLIENT_GUARDS]; // By their numbers, modulo
    uint16_t guard;          // Number of the present one; 0: servers gave none
    uint16_t guard_apart;    // Of the one for those that stand in line for a lock; 0: none yet
    uint16_t guard_last;     // The number given last
    bool asked_apart;        // It has been waited for
    size_t forsaken;         // Locks that were given up and may yet be granted
    char **inner_ends;       // Of a node in this process: pairs of public and inproc endpoint, then NULL
    size_t finished;         // Futures finished since the last look
    batch_t *batch;          // The one that a blocking call waits for
    batch_t one;             // For calls of one record
    batch_t many;            // For calls of many
    kept_t kept;             // What results of blocking calls point into
    kept_t stale;            // The same of the call before: its results may be arguments of this one
    buf_t spare_entries;     // Results that the caller does not want to see
    buf_t scratch;           // Encoding of futures
    local_t *near;           // Local reads, or NULL
    cached_t *cached;        // Copies of what was read, or NULL
    uint32_t numbers;        // Of connections, given so far
    buf_t copy;              // What local reads found
    buf_t listed;            // Names that were asked for
    int epoll;               // -1: nobody asked for the descriptor
    zgrid_event_fn *on_event; // NULL: nobody wants to know
    void *event_arg;
    client_counters_t counters;
    char error[320];
};

//  ------------------------------------------------------------------------------------------------
//  client.c

//  Starts a blocking call. Returns ZGRID_OK, or ZGRID_MALFORMED from within a future's function.
int
    client_enter (zgrid_client_t *self);

//  The arguments have been encoded: forgets the results of the call before.
void
    client_forget (zgrid_client_t *self);

//  Writes the text of zgrid_client_error and returns status.
int
    client_fail (zgrid_client_t *self, int status, const char *what, bytes_t map, const char *why);

//  For one already filled entry: the same, unless its status is an ordinary answer.
int
    client_result (zgrid_client_t *self, const char *what, bytes_t map, const zgrid_entry_t *entry);

//  Lets CZMQ keep its hands off the host's signals and stdout. Before any other use of CZMQ.
void
    client_prepare_host (void);

//  ------------------------------------------------------------------------------------------------
//  hello.c

//  Asks every endpoint for HELLO and takes over limits and session of the first that answers, whose
//  text it copies to *endpoint (the caller frees it). Returns as zgrid_client_new.
int
    hello_find (zgrid_client_t *self, const char *endpoints, char **endpoint);

//  ------------------------------------------------------------------------------------------------
//  connection.c

//  A socket on its way to endpoint, that takes frames of so many bytes (0: no limit) and keeps so
//  many replies that have not been read. NULL if the endpoint is not usable, or without memory
//  (errno ENOMEM).
connection_t *
    connection_new (const char *endpoint, size_t frame_max, uint32_t replies_max);
void
    connection_destroy (connection_t **self_p);

void
    connection_queue (connection_t *self, item_t *item);

//  Sends while the window has room; `all`: also a message that is not full.
void
    connection_flush (connection_t *self, zgrid_client_t *client, bool all);

//  True if connection_flush would send something.
bool
    connection_ready (const connection_t *self, const zgrid_client_t *client);

//  Takes an item that is SENT out of the window.
void
    connection_land (connection_t *self, const item_t *item);

//  An item becomes DONE, out of window and pending table. Queues and lanes are swept by the caller.
void
    connection_end (zgrid_client_t *client, item_t *item);

//  Takes items that are DONE out of the queue.
void
    connection_sweep (connection_t *self);

//  The client's connection to an endpoint, made if there is none. NULL if that is not possible.
connection_t *
    connection_to (zgrid_client_t *client, const char *endpoint);

//  ------------------------------------------------------------------------------------------------
//  routes.c

//  Never NULL: the router's where nobody better is known.
connection_t *
    routes_connection (zgrid_client_t *client, uint16_t slot);

//  MOVED named the owner of a slot.
void
    routes_correct (zgrid_client_t *client, uint16_t slot, uint64_t epoch, const connection_t *owner);

//  Takes over the value of a ROUTES reply. False, and nothing changed, if it is not one.
bool
    routes_take (zgrid_client_t *client, bytes_t tree);

//  A push of a view named public endpoints: they are those to try, if it is newer than the table.
void
    routes_take_routers (zgrid_client_t *client, mp_t *reader, uint64_t epoch);

//  Whether an endpoint that a server named may be connected to.
bool
    routes_usable (bytes_t endpoint);

//  Takes over a table that the caller made, and sends what is under way to the owners it names.
void
    routes_set (zgrid_client_t *client, routes_t *routes);
void
    routes_clear (routes_t *self);

//  An answer from this connection is overdue.
void
    routes_silent (zgrid_client_t *client, connection_t *connection);

//  Closes connections that no route names and no item uses.
void
    routes_trim (zgrid_client_t *client);

//  ------------------------------------------------------------------------------------------------
//  request.c

//  The options of the wire from those of the interface. Returns ZGRID_OK or ZGRID_MALFORMED.
//  *timeout_ms becomes the call's deadline.
int
    request_options (const zgrid_client_t *client, const zgrid_options_t *given, options_t *options,
                     uint32_t *timeout_ms);

//  LOCK stands in line as long as it says, or else until the deadline, and is answered after that.
void
    request_wait (const zgrid_client_t *client, op_t op, options_t *options, uint32_t *timeout_ms);

//  Whether the library can send this at all: ZGRID_OK, ZGRID_MALFORMED, or ZGRID_TOOBIG.
int
    request_check (const zgrid_client_t *client, const record_t *record);

//  Adds the record, with room for an id.
void
    request_encode (buf_t *out, const record_t *record);

#define REQUEST_SPARE 4u // Bytes that a record becomes shorter by if its id fits into 32 bits

//  Copies an encoded record with its id. Returns the end of the copy.
static inline uint8_t *
request_copy (uint8_t *to, const item_t *item, bool small)
{
    uint64_t id = item->id;
    size_t head = small ? 6 : 10;
    to[0] = item->data[0];
    to[1] = small ? 0xce : 0xcf;
    for (size_t at = head; at-- > 2; id >>= 8)
        to[at] = (uint8_t) id;
    memcpy (to + head, item->data + 10, item->size - 10);
    return to + head + item->size - 10;
}

//  Fills an item, but for what it belongs to.
void
    request_item (const zgrid_client_t *client, const record_t *record, bytes_t encoded, item_t *item);

static inline bytes_t
request_bytes (zgrid_bytes_t bytes)
{
    return bytes_of (bytes.data, bytes.size);
}

//  ------------------------------------------------------------------------------------------------
//  reply.c

//  Receives one message and hands out its records. False if there was none.
bool
    reply_receive (zgrid_client_t *client, connection_t *connection, int flags);

//  Ends an item that is not SENT (any more). Queues and lanes are swept by the caller.
void
    reply_fail (zgrid_client_t *client, item_t *item, int status, const char *why);

//  What an item ends with when its time is over, or its client.
int
    reply_overdue (const item_t *item);

static inline zgrid_entry_t
entry_of (int status)
{
    return (zgrid_entry_t) { .status = status, .ttl_ms = -2 };
}

//  ------------------------------------------------------------------------------------------------
//  wait.c

uint64_t
    wait_clock (void);

//  Sends, waits for a message until `until` at most, and hands out what has come.
void
    wait_turn (zgrid_client_t *self, uint64_t until);

//  Sends and receives without waiting.
void
    wait_none (zgrid_client_t *self);

//  Takes what is there, on all connections: also what nobody has asked for.
void
    wait_glance (zgrid_client_t *self);

//  Sends full messages and takes what is there.
void
    wait_some (zgrid_client_t *self);

//  Queues an item for its partition, or behind those that wait.
void
    wait_start (zgrid_client_t *self, item_t *item);

//  Sends what can be sent; `all`: also messages that are not full.
void
    wait_flush (zgrid_client_t *self, bool all);

//  When somebody has to look, even if nothing comes; TIME_NEVER.
uint64_t
    wait_next (const zgrid_client_t *self);

//  Takes items that are DONE out of all queues.
void
    wait_sweep (zgrid_client_t *self);

//  ------------------------------------------------------------------------------------------------
//  call.c, future.c, near.c

//  One record, blocking; its options are made from those of the interface. entry may be NULL.
//  Returns its status.
int
    call_run (zgrid_client_t *self, record_t record, const zgrid_options_t *given, zgrid_entry_t *entry);

//  The same with options of the wire.
int
    call_wire (zgrid_client_t *self, const record_t *record, uint32_t timeout_ms, zgrid_entry_t *entry);

//  An item of kind ITEM_OF_FUTURE has its answer. The entry points into the reply and is copied.
void
    future_finish (zgrid_client_t *client, item_t *item, const zgrid_entry_t *entry, bytes_t error);

//  An operation from options of the wire, as the future form. status: what is wrong with them, or ZGRID_OK.
//  NULL without memory.
zgrid_future_t *
    future_start (zgrid_client_t *client, record_t record, const options_t *options, uint32_t timeout_ms,
                  int status);

//  An item is over without an answer. A lock that may be granted yet is asked about for some time more, and
//  given back if it was. Queues are swept by the caller.
void
    future_forsake (zgrid_client_t *client, item_t *item);

//  locks.c: gives back the lock that the answer to this item has granted: nobody wants it any more.
void
    lock_give_back (zgrid_client_t *client, const item_t *item, uint64_t token);

//  Ends futures that are due, and finds when the next will be.
void
    future_expire (zgrid_client_t *client, uint64_t now);

//  Calls the functions of finished futures.
void
    future_call (zgrid_client_t *client);

//  Ends all futures because their client ends.
void
    future_abandon (zgrid_client_t *client);

//  Local reads. True if the entry is filled.
bool
    near_get (zgrid_client_t *self, bytes_t map, zgrid_bytes_t key, bool want_ttl, zgrid_entry_t *entry);

//  Fills the entries that can be read locally and marks the others ZGRID_TRYAGAIN; returns how many
//  it filled. Keys may point into *stale; the caller clears it when they have been encoded.
size_t
    near_mget (zgrid_client_t *self, bytes_t map, const zgrid_bytes_t *keys, size_t count,
               zgrid_entry_t *entries, buf_t *stale);

//  Puts a socket's descriptor into the client's epoll set, if there is one.
void
    loop_watch (zgrid_client_t *self, connection_t *connection);

#include "client_batch.h"
#include "client_cached.h"
#include "client_retry.h"

#endif
