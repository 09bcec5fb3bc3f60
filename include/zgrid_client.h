/*  zgrid_client.h: the map, from a program's side.

    SPDX-License-Identifier: MPL-2.0

    One handle per thread: a zgrid_client_t and everything made from it (futures, pipelines) are
    used by one thread at a time. Handles of different threads share nothing.

    Three forms of each call: blocking (returns when the answer is there), future (returns at once;
    many may be in flight), and batch (zgrid_client_mget and the like, and zgrid_pipeline_t).

    Bytes go in as zgrid_bytes_t and are copied before a call returns. What comes out in a
    zgrid_entry_t belongs to the library; each call says until when it may be read.

    Each call has a deadline (timeout_ms). Until then the library does what it takes: it follows keys
    that have moved to another member, goes on with another member when one does not answer, waits while
    a partition has no owner, and sends again what may have been lost. Servers give each handle a
    session, under which a write is executed once however often it is sent. So what faults of servers
    and networks cost is time, as long as there is some left. Where the deadline ends it, the status says
    what is known: ZGRID_MAYBE only if a write was sent and its outcome is not known.

    Where the answer to a write was lost and then asked for again, a large value in it (of getput, getdel)
    may be missing: ZGRID_OK with has_value false. Servers keep answers of up to 64 KiB.

    Operations on one key are executed in the order in which they were started on the handle, as long as
    no server refuses one; an operation that is started while an earlier one on its key waits for another
    try waits behind it.

    Errors that every call that reaches a server may return, besides those it names itself:
      ZGRID_TIMEOUT      no answer in time, and nothing happened (a write: it was never sent, or was
                         refused each time)
      ZGRID_MAYBE        no answer in time; a write may have happened (writes only). Also of servers that
                         give no sessions, and after an outage of many minutes in which a session expired
      ZGRID_BUSY         a queue was full until the deadline; nothing happened
      ZGRID_UNAVAILABLE  until the deadline nobody could serve this partition; nothing happened
      ZGRID_MALFORMED    an argument is outside of what the protocol allows
      ZGRID_TOOBIG       key, value or map name past a limit; nothing happened
      ZGRID_NOMEM        no memory, here or at the owner; the old value stays
      ZGRID_DENIED       the server does not allow this
      ZGRID_WRONGTYPE    a server answered something that is not the protocol's
*/
#ifndef ZGRID_CLIENT_H_INCLUDED
#define ZGRID_CLIENT_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zgrid_error.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zgrid_client zgrid_client_t;
typedef struct zgrid_future zgrid_future_t;
typedef struct zgrid_pipeline zgrid_pipeline_t;

//  Bytes that somebody else owns. data may be NULL if size is 0.
typedef struct {
    const void *data;
    size_t size; // Bytes
} zgrid_bytes_t;

//  What an operation answered.
typedef struct {
    int status;           // zgrid_status_t
    bool has_value;       // False where the protocol answers nil
    zgrid_bytes_t value;  // See each call for how long it may be read
    int64_t integer;      // Where the operation answers a number (TTL, INCR, SIZE…), else 0
    uint64_t version;     // The entry's version, 0 without one
    int64_t ttl_ms;       // Milliseconds left; -1: no TTL; -2: not asked for
    const char *error;    // Text for people, or NULL; readable as long as value
} zgrid_entry_t;

//  ----------------------------------------------------------------------------------------------
//  Making a client

typedef struct {
    size_t size;             // sizeof (zgrid_client_options_t): lets the struct grow
    const char *endpoints;   // One or more, separated by commas: "tcp://127.0.0.1:3320". Of any members
                             // of one cluster: the others are found by themselves
    uint32_t timeout_ms;     // For calls that do not say (0: 5,000)
    uint32_t window_records; // Records in flight per server endpoint at most (0: what HELLO says)
    uint32_t batch_records;  // Records per message at most (0: 256)
    uint32_t batch_bytes;    // Bytes per message, about (0: 65,536)
    bool indirect;           // Talk to the given endpoints only, never straight to the owners, nor to
                             // members that are not named here
} zgrid_client_options_t;

#define ZGRID_CLIENT_OPTIONS_INIT { sizeof (zgrid_client_options_t), NULL, 0, 0, 0, 0, false }

//  Makes a client of the servers that listen at the endpoints, and waits until one of them has
//  answered HELLO; the others may be dead. The caller owns it. Returns ZGRID_OK; ZGRID_MALFORMED if
//  an endpoint cannot be used; ZGRID_TIMEOUT if no server answered within timeout_ms; ZGRID_NOMEM.
//  *self_p is NULL unless it returned ZGRID_OK.
//  The handle stays with the cluster that answered, whichever of its members come and go. Only when none
//  of them answers any more, and another cluster does at one of these endpoints (as when a server was
//  started anew), it goes on with that one; writes that were under way end with ZGRID_MAYBE, and
//  zgrid_client_error says why.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_client_new (zgrid_client_t **self_p, const zgrid_client_options_t *options);

//  Ends a client. Unfinished futures end with ZGRID_MAYBE (writes that were sent) or ZGRID_TIMEOUT, and
//  stay readable until each is destroyed; pipelines must be destroyed before. Sets *self_p to NULL.
//  Accepts NULL.
ZGRID_EXPORT void
    zgrid_client_destroy (zgrid_client_t **self_p);

//  What went wrong in the last call that failed, for people, with the offending name. Never NULL.
//  Readable until the next call.
ZGRID_EXPORT const char *
    zgrid_client_error (const zgrid_client_t *self);

//  ----------------------------------------------------------------------------------------------
//  Options of single operations. NULL means none. 0 means absent unless said otherwise.

typedef struct {
    size_t size;               // sizeof (zgrid_options_t)
    uint64_t ttl_ms;           // EX, PX: time to live
    uint64_t expire_at_ms;     // EXAT, PXAT: Unix time in milliseconds
    bool keep_ttl;             // PUT: keep the TTL that the entry has
    bool if_absent;            // NX
    bool if_present;           // XX
    bool if_greater;           // EXPIRE family: GT
    bool if_less;              // EXPIRE family: LT
    bool want_old;             // PUT: answer the old value
    bool want_ttl;             // GET: answer the TTL
    const uint64_t *if_version; // IFVERSION; NULL: absent; a 0 inside: only if there is no entry
    const zgrid_bytes_t *if_equal; // IFEQ; NULL: absent
    const char *initial;       // INCR family: what an absent key counts as, as text; NULL: 0
    uint32_t timeout_ms;       // Deadline of this call, retries included; 0: the client's
    uint64_t fence;            // Writes: the token of the lock that protects the key; see below
    bool fresh;                // GET: not from the near cache; see zgrid_client_near_cache
} zgrid_options_t;

#define ZGRID_OPTIONS_INIT                                                                             \
    { sizeof (zgrid_options_t), 0, 0, false, false, false, false, false, false, false, NULL, NULL,      \
      NULL, 0, 0, false }

//  ----------------------------------------------------------------------------------------------
//  Blocking form. entry may be NULL where only the status matters; what it shows may be read until
//  the next call on the same client. The return value is entry->status.

//  Reads. Returns ZGRID_OK or ZGRID_NOTFOUND.
ZGRID_EXPORT int
    zgrid_client_get (zgrid_client_t *self, const char *map, zgrid_bytes_t key,
                      const zgrid_options_t *options,
                      zgrid_entry_t *entry);

//  Stores; entry->version is the new version. Returns ZGRID_OK; ZGRID_EXISTS (if_absent),
//  ZGRID_NOTFOUND (if_present) or ZGRID_MISMATCH (if_version, if_equal) if nothing was stored.
ZGRID_EXPORT int
    zgrid_client_put (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                      const zgrid_options_t *options, zgrid_entry_t *entry);

//  Removes. Returns ZGRID_OK if there was an entry and it is gone; ZGRID_NOTFOUND; ZGRID_MISMATCH.
ZGRID_EXPORT int
    zgrid_client_del (zgrid_client_t *self, const char *map, zgrid_bytes_t key,
                      const zgrid_options_t *options,
                      zgrid_entry_t *entry);

//  Asks whether there is an entry. Returns ZGRID_OK or ZGRID_NOTFOUND.
ZGRID_EXPORT int
    zgrid_client_exists (zgrid_client_t *self, const char *map, zgrid_bytes_t key);

//  *ttl_ms becomes the milliseconds left, -1 without a TTL. Returns ZGRID_OK or ZGRID_NOTFOUND.
ZGRID_EXPORT int
    zgrid_client_ttl (zgrid_client_t *self, const char *map, zgrid_bytes_t key, int64_t *ttl_ms);

//  Sets the TTL; options carry ttl_ms or expire_at_ms and the conditions. A time in the past
//  removes the entry. Returns ZGRID_OK; ZGRID_NOTFOUND; ZGRID_MISMATCH if a condition does not hold.
ZGRID_EXPORT int
    zgrid_client_expire (zgrid_client_t *self, const char *map, zgrid_bytes_t key,
                         const zgrid_options_t *options);

//  Removes the TTL. Returns ZGRID_OK, whether there was one or not, or ZGRID_NOTFOUND.
ZGRID_EXPORT int
    zgrid_client_persist (zgrid_client_t *self, const char *map, zgrid_bytes_t key);

//  Makes the entry recently used. Returns ZGRID_OK or ZGRID_NOTFOUND.
ZGRID_EXPORT int
    zgrid_client_touch (zgrid_client_t *self, const char *map, zgrid_bytes_t key);

//  Adds delta (which may be negative) to an integer; an absent key counts as 0 or as
//  options->initial; the TTL stays. *result becomes the new value; it may be NULL.
//  Returns ZGRID_OK; ZGRID_WRONGTYPE if the value is not an integer; ZGRID_OVERFLOW. After an error
//  the value is what it was.
ZGRID_EXPORT int
    zgrid_client_incr (zgrid_client_t *self, const char *map, zgrid_bytes_t key, int64_t delta,
                       const zgrid_options_t *options, int64_t *result);

//  The same for decimal numbers; entry->value is the new value as text.
ZGRID_EXPORT int
    zgrid_client_incr_float (zgrid_client_t *self, const char *map, zgrid_bytes_t key, double delta,
                             const zgrid_options_t *options, zgrid_entry_t *entry);

//  Stores a value and answers the old one (entry->has_value false if there was none). Keeps the
//  TTL unless options set another. Returns ZGRID_OK.
ZGRID_EXPORT int
    zgrid_client_getput (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                         const zgrid_options_t *options, zgrid_entry_t *entry);

//  Removes an entry and answers its value. Returns ZGRID_OK or ZGRID_NOTFOUND.
ZGRID_EXPORT int
    zgrid_client_getdel (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_entry_t *entry);

//  Stores value if the present value equals *old, or, with old NULL, if there is no entry.
//  Returns ZGRID_OK; ZGRID_MISMATCH, and entry shows the present value (has_value false if absent).
ZGRID_EXPORT int
    zgrid_client_cas (zgrid_client_t *self, const char *map, zgrid_bytes_t key, const zgrid_bytes_t *old,
                      zgrid_bytes_t value, const zgrid_options_t *options, zgrid_entry_t *entry);

//  Adds bytes to the end of a value; an absent key counts as empty. *length becomes the new length
//  in bytes; it may be NULL. Returns ZGRID_OK.
ZGRID_EXPORT int
    zgrid_client_append (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                         uint64_t *length);

//  Counts the entries of a map, over all partitions, in parallel. Returns ZGRID_OK; ZGRID_PARTIAL
//  if some partitions did not answer (*count is then what the others hold).
ZGRID_EXPORT int
    zgrid_client_size (zgrid_client_t *self, const char *map, uint64_t *count);

//  Removes every entry of a map, partition by partition. *count becomes the number removed; it may
//  be NULL. Returns ZGRID_OK; ZGRID_PARTIAL.
ZGRID_EXPORT int
    zgrid_client_destroy_map (zgrid_client_t *self, const char *map, uint64_t *count);

//  One request as the protocol knows it, for tools and for operations without a function of their
//  own: op is the protocol's name ("STATS", "ROUTES", "PING"). key and value may be NULL. What no
//  session covers ("ADMIN", or "DESTROY" of all partitions at once) is not sent twice: without an
//  answer it is ZGRID_MAYBE. Where the reply's value is not bytes or an integer, entry->value is the
//  value's MessagePack encoding. ADMIN takes an array of words, EXEC one of conditions and of records
//  (protocol.md, 10.9): value is its MessagePack encoding.
//  Returns the reply's status; ZGRID_BADOP if the server does not know the operation.
ZGRID_EXPORT int
    zgrid_client_call (zgrid_client_t *self, const char *op, const char *map, const zgrid_bytes_t *key,
                       const zgrid_bytes_t *value, const zgrid_options_t *options, zgrid_entry_t *entry);

//  ----------------------------------------------------------------------------------------------
//  Locks. A lock has a name: a map and a key, in a table of its own: entries, their TTL and eviction do not
//  touch it. Who waits for it stands in line, in the order of arrival. A lock that was taken bears a token,
//  larger than every one before it under its name, and a lease: lease_ms milliseconds (0: 30,000; at most an
//  hour), after which it is somebody else's, whatever its holder believes. So a holder shows its token
//  where it writes (zgrid_options_t.fence): a write with a smaller token than one that the entry has seen
//  returns ZGRID_FENCED, and nothing happens; examples/lock.c shows it.
//
//  Locks survive the death of members, and so do places in line. But where an outage ends a call
//  (ZGRID_MAYBE), the lock may be held for nobody; so it may if a future is destroyed before it is done. The
//  handle goes on asking for a minute, while it is used, and gives back what it was granted; what nobody
//  gives back ends with its lease. Maps in ap mode have no locks: ZGRID_NOT_IN_AP_MODE.

//  Takes a lock, and waits for it: wait_ms milliseconds, and then at most timeout_ms of the client for the
//  answer. More than 60,000 are several waits, each of which begins at the end of the line. Returns ZGRID_OK,
//  and *token; ZGRID_LOCKED if others have held it all the time; ZGRID_BUSY if too many stand in line;
//  ZGRID_TOOBIG for a lease of more than an hour.
ZGRID_EXPORT int
    zgrid_client_lock (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms,
                       uint32_t wait_ms, uint64_t *token);

//  The same without waiting.
ZGRID_EXPORT int
    zgrid_client_trylock (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms,
                          uint64_t *token);

//  Gives a lock back. Returns ZGRID_OK; ZGRID_NOSUCHLOCK if it is not held under this token (any more).
ZGRID_EXPORT int
    zgrid_client_unlock (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token);

//  Its lease ends lease_ms from now, be that later than before or sooner. Returns ZGRID_OK;
//  ZGRID_NOSUCHLOCK; ZGRID_TOOBIG.
ZGRID_EXPORT int
    zgrid_client_lease (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token,
                        uint32_t lease_ms);

//  ----------------------------------------------------------------------------------------------
//  Many keys in one call. Results are in the order of the keys; each has a status of its own. What
//  entries show may be read until the next call on the same client. Not atomic together.
//  Return ZGRID_OK if each record's status is ZGRID_OK or ZGRID_NOTFOUND, else ZGRID_PARTIAL.

ZGRID_EXPORT int
    zgrid_client_mget (zgrid_client_t *self, const char *map, const zgrid_bytes_t *keys, size_t count,
                       zgrid_entry_t *entries);

//  options hold for every record. entries may be NULL.
ZGRID_EXPORT int
    zgrid_client_mput (zgrid_client_t *self, const char *map, const zgrid_bytes_t *keys,
                       const zgrid_bytes_t *values, size_t count, const zgrid_options_t *options,
                       zgrid_entry_t *entries);

//  *removed becomes the number of entries that were there and are gone.
ZGRID_EXPORT int
    zgrid_client_mdel (zgrid_client_t *self, const char *map, const zgrid_bytes_t *keys, size_t count,
                       uint64_t *removed);

//  ----------------------------------------------------------------------------------------------
//  Typed helpers: text without its final zero byte, and integers as decimal text.

ZGRID_EXPORT zgrid_bytes_t
    zgrid_str (const char *text);

ZGRID_EXPORT int
    zgrid_client_put_str (zgrid_client_t *self, const char *map, const char *key, const char *value);

//  *value becomes a fresh string that the caller frees with free (). Returns ZGRID_OK or
//  ZGRID_NOTFOUND; ZGRID_WRONGTYPE if the value holds a zero byte (*value is then NULL).
ZGRID_EXPORT int
    zgrid_client_get_str (zgrid_client_t *self, const char *map, const char *key, char **value);

ZGRID_EXPORT int
    zgrid_client_put_int (zgrid_client_t *self, const char *map, const char *key, int64_t value);

//  Returns ZGRID_OK or ZGRID_NOTFOUND; ZGRID_WRONGTYPE if the value is not a decimal integer.
ZGRID_EXPORT int
    zgrid_client_get_int (zgrid_client_t *self, const char *map, const char *key, int64_t *value);

//  ----------------------------------------------------------------------------------------------
//  Future form. Each call returns at once; NULL only without memory. The future belongs to the
//  caller. It is sent when the client next waits, when a batch is full, or on zgrid_client_flush.

ZGRID_EXPORT zgrid_future_t *
    zgrid_client_get_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key,
                             const zgrid_options_t *options);
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_put_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                             const zgrid_options_t *options);
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_del_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key,
                             const zgrid_options_t *options);
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_incr_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, int64_t delta,
                              const zgrid_options_t *options);
//  Locks. The entry's integer is the token, its ttl_ms the lease. A wait of more than 60,000 is ZGRID_TOOBIG.
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_lock_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms,
                              uint32_t wait_ms);
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_trylock_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint32_t lease_ms);
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_unlock_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token);
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_lease_future (zgrid_client_t *self, const char *map, zgrid_bytes_t key, uint64_t token,
                               uint32_t lease_ms);
//  Any operation; see zgrid_client_call.
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_call_future (zgrid_client_t *self, const char *op, const char *map, const zgrid_bytes_t *key,
                              const zgrid_bytes_t *value, const zgrid_options_t *options);

//  Waits until the future has its answer or the timeout (0: until its own deadline) is over.
//  Returns true if it is done. Other futures of the client make progress meanwhile.
ZGRID_EXPORT bool
    zgrid_future_wait (zgrid_future_t *self, uint32_t timeout_ms);

//  True once the answer, or its failure, is known.
ZGRID_EXPORT bool
    zgrid_future_done (const zgrid_future_t *self);

//  The answer; readable until the future is destroyed. Before it is done its status is
//  ZGRID_TRYAGAIN. Never NULL.
ZGRID_EXPORT const zgrid_entry_t *
    zgrid_future_entry (const zgrid_future_t *self);

//  Calls fn (future, arg) once when the future is done, from within zgrid_client_process,
//  zgrid_client_destroy, or any call that waits on this client; at once if it is done already. fn may
//  destroy the future and may start new ones; a blocking form returns ZGRID_MALFORMED there.
typedef void (zgrid_future_fn) (zgrid_future_t *future, void *arg);
ZGRID_EXPORT void
    zgrid_future_then (zgrid_future_t *self, zgrid_future_fn *fn, void *arg);

//  Gives a future back, done or not. An unfinished operation may still happen. Accepts NULL.
ZGRID_EXPORT void
    zgrid_future_destroy (zgrid_future_t **self_p);

//  Sends what is waiting to be sent, as far as windows allow. Never blocks.
ZGRID_EXPORT void
    zgrid_client_flush (zgrid_client_t *self);

//  ----------------------------------------------------------------------------------------------
//  Foreign event loops. The descriptor becomes readable when there may be something to do; call
//  zgrid_client_process then, and after zgrid_client_timeout milliseconds at the latest.

ZGRID_EXPORT int
    zgrid_client_fd (zgrid_client_t *self);

//  Sends and receives without blocking, finishes futures, calls their functions. Returns the number
//  of futures that it finished.
ZGRID_EXPORT size_t
    zgrid_client_process (zgrid_client_t *self);

//  Milliseconds until zgrid_client_process should be called even if the descriptor is silent; -1:
//  not needed.
ZGRID_EXPORT int
    zgrid_client_timeout (const zgrid_client_t *self);

//  ----------------------------------------------------------------------------------------------
//  Events: what happens in the cluster, as the server that this client talks to sees it. Each is one
//  JSON object; doc/protocol.md lists them.

//  Readable during the call, which must not use the client.
typedef void (zgrid_event_fn) (void *arg, zgrid_bytes_t json, uint64_t version);

//  Calls fn (arg, json, version) for each event from now on, from within zgrid_client_process or any
//  call that waits on this client. A client that goes on with another server asks that one; events
//  meanwhile are missed. fn NULL: no longer.
ZGRID_EXPORT void
    zgrid_client_on_event (zgrid_client_t *self, zgrid_event_fn *fn, void *arg);

//  ----------------------------------------------------------------------------------------------
//  Near cache: copies of what this handle has read, found or not, in its own memory. With it GET (blocking,
//  future, mget, in a pipeline; without options other than timeout_ms) is answered from such a copy if it is
//  younger than max_age_ms; else the owner is asked, and tells the handle when the key changes.
//
//  A read may then be behind by up to max_age_ms, whatever fails, and mostly is by no more than a message
//  takes: it is not linearizable. What the handle itself has written it reads. `fresh` in zgrid_options_t
//  asks the owner. With `indirect`, and for maps in ap mode, nobody tells of changes: copies last max_age_ms.

typedef struct {
    size_t size;             // sizeof (zgrid_near_cache_t)
    uint64_t max_bytes;      // Of copies, all told (0: 64 MiB)
    uint32_t max_entries;    // (0: 100,000)
    uint32_t max_age_ms;     // After it was asked for (0: 1,000; at most 3,600,000)
    const char *const *maps; // Of these alone, at most 64; a NULL ends the list; copied. NULL: of all maps
} zgrid_near_cache_t;

#define ZGRID_NEAR_CACHE_INIT { sizeof (zgrid_near_cache_t), 0, 0, 0, NULL }

//  Begins, empty, also if there was one; options NULL: ends. Returns ZGRID_OK; ZGRID_MALFORMED;
//  ZGRID_NOMEM, and then there is none.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_client_near_cache (zgrid_client_t *self, const zgrid_near_cache_t *options);

typedef struct {
    size_t size;            // sizeof (zgrid_near_cache_stats_t), set by the caller
    uint64_t hits, misses;  // GETs that were, and were not, answered from a copy
    uint64_t invalidations; // Copies that were dropped because something was written, or may have been
    uint64_t entries, bytes; // Copies that are there
} zgrid_near_cache_stats_t;

//  All 0 without a near cache.
ZGRID_EXPORT void
    zgrid_client_near_cache_stats (const zgrid_client_t *self, zgrid_near_cache_stats_t *stats);

//  ----------------------------------------------------------------------------------------------
//  Pipeline: the batch form for any mix of operations. Add records, execute, read the results by
//  index. The fastest way; records are grouped by the storage actor that owns them.

//  The caller owns it. NULL without memory.
ZGRID_EXPORT zgrid_pipeline_t *
    zgrid_pipeline_new (zgrid_client_t *client);
ZGRID_EXPORT void
    zgrid_pipeline_destroy (zgrid_pipeline_t **self_p);

//  Each adds one record, copies its arguments, and returns its index (0, 1, 2…), or -1 without
//  memory.
ZGRID_EXPORT int
    zgrid_pipeline_get (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key,
                        const zgrid_options_t *options);
ZGRID_EXPORT int
    zgrid_pipeline_put (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                        const zgrid_options_t *options);
ZGRID_EXPORT int
    zgrid_pipeline_del (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key,
                        const zgrid_options_t *options);
ZGRID_EXPORT int
    zgrid_pipeline_incr (zgrid_pipeline_t *self, const char *map, zgrid_bytes_t key, int64_t delta,
                         const zgrid_options_t *options);
//  Any operation that names a key; see zgrid_client_call.
ZGRID_EXPORT int
    zgrid_pipeline_call (zgrid_pipeline_t *self, const char *op, const char *map, const zgrid_bytes_t *key,
                         const zgrid_bytes_t *value, const zgrid_options_t *options);

//  Sends all records and waits for all answers. timeout_ms 0: the client's. Returns ZGRID_OK if
//  each record's status is ZGRID_OK or ZGRID_NOTFOUND, else ZGRID_PARTIAL. May be called once per
//  filling.
ZGRID_EXPORT int
    zgrid_pipeline_execute (zgrid_pipeline_t *self, uint32_t timeout_ms);

//  The number of records.
ZGRID_EXPORT size_t
    zgrid_pipeline_count (const zgrid_pipeline_t *self);

//  The answer of one record; readable until the pipeline is reset or destroyed. Never NULL: an
//  index that does not exist shows ZGRID_MALFORMED; before execute, ZGRID_TRYAGAIN.
ZGRID_EXPORT const zgrid_entry_t *
    zgrid_pipeline_entry (const zgrid_pipeline_t *self, size_t index);

//  Empties the pipeline for another filling; keeps its memory.
ZGRID_EXPORT void
    zgrid_pipeline_reset (zgrid_pipeline_t *self);

//  ----------------------------------------------------------------------------------------------
//  Iterator: every key of a map, partition by partition.

typedef struct zgrid_iterator zgrid_iterator_t;

//  How an iterator goes about it. Every key that is there from the first call to the last is told at
//  least once, whatever members come, go or fail meanwhile; none whose time is over. Looking at an entry
//  is no use of it (idle time, eviction).
typedef struct {
    size_t size;          // sizeof (zgrid_iterator_options_t)
    const char *match;    // Glob that keys must match, at most 512 bytes; NULL: any
    const char *regex;    // Regular expression (PCRE2) that must match in the key; NULL: any. Where a server
                          // has none, the first step ends with ZGRID_BADOP; ZGRID_TOOBIG: it takes too long
    bool with_values;
    uint32_t page;        // Entries per request, about (0: 1,000; at most 10,000)
    uint32_t parallel;    // Partitions that are asked at a time (0: 16; at most 64). Each may take 1 MiB,
                          // and the largest value, of memory here
} zgrid_iterator_options_t;

#define ZGRID_ITERATOR_OPTIONS_INIT { sizeof (zgrid_iterator_options_t), NULL, NULL, false, 0, 0 }

//  options NULL: the usual ones. Everything is copied. The caller owns it. NULL without memory.
ZGRID_EXPORT zgrid_iterator_t *
    zgrid_iterator_open (zgrid_client_t *client, const char *map, const zgrid_iterator_options_t *options);

//  match: glob, or NULL. page: entries per request, about (0: 1,000). The caller owns it. NULL
//  without memory.
ZGRID_EXPORT zgrid_iterator_t *
    zgrid_iterator_new (zgrid_client_t *client, const char *map, const char *match, bool with_values,
                        uint32_t page);
ZGRID_EXPORT void
    zgrid_iterator_destroy (zgrid_iterator_t **self_p);

//  The next key (and value). Readable until the next call on this iterator. Returns ZGRID_OK;
//  ZGRID_NOTFOUND at the end; any other status is an error that ended this step: the same call
//  may be repeated.
ZGRID_EXPORT int
    zgrid_iterator_next (zgrid_iterator_t *self, zgrid_bytes_t *key, zgrid_bytes_t *value);

#ifdef __cplusplus
}
#endif

#endif
