//  forward: records that the router passes to the members that own their partitions, until they are
//  answered or their time is over (doc/consistency.md 8). A function of its state, the messages, and
//  the time it is told.
//
//  What a client sends becomes a group of records. Each is kept, sent to its owner, and sent again when
//  it was refused, when the owner changes, and when nothing is heard; writes bear a session, so that
//  none runs twice. Records of one client for one partition run in order of arrival: they are sent in it,
//  but not while one before them is tried again; and what concerns the same key, while one of it is a
//  write, not before that was answered. A LOCK that may stand in line is answered late: it is in nobody's
//  way, and is sent again at once where owner or epoch change, so that it keeps its place.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FORWARD_H_INCLUDED
#define FORWARD_H_INCLUDED

#include "cluster/view.h"
#include "replica/session.h"
#include "wire.h"

typedef struct forward forward_t;
typedef struct group group_t;

//  Milliseconds, records, bytes. 0: what stands behind it.
typedef struct {
    node_id_t self;          // This node; never 0
    uint32_t records_max;    // In flight, of all clients: 65,536
    uint64_t bytes_max;      // Of them: 256 MiB
    uint64_t window_records; // Of one client: 8,192
    uint64_t window_bytes;   // Of one client, beyond one record: 4 MiB. Also of the replies in one message
    uint32_t body_records;   // Sent in one message: 1,024
    uint64_t body_bytes;     // 1 MiB, beyond one record
    uint64_t deadline;       // Of a record that names none: 5,000
    uint64_t silence;        // After which a record is sent again: 500
    uint64_t patience;       // How long UNAVAILABLE may be a failover under way: 3,000
    uint64_t linger;         // How long replies wait for others of their group: 2
    uint8_t seed[HASH_SEED_SIZE]; // Random
} forward_config_t;

//  Called from within the functions below; must not call them.
typedef struct {
    void *arg;
    //  Sends a body to the client endpoint of a storage actor. The mark comes back with its replies.
    //  False: it cannot be taken now, and nothing of it was sent.
    bool (*send) (void *arg, node_id_t node, uint32_t actor, uint64_t mark, bytes_t body);
    //  Sends some replies to a client.
    void (*reply) (void *arg, bytes_t route, const bytes_t *envelope, size_t envelope_count, bytes_t body,
                   uint64_t records);
    //  A new session (session_id.h). False: none can be had.
    bool (*session) (void *arg, uint8_t session[SESSION_SIZE]);
} forward_port_t;

//  NULL without memory. The caller owns it.
forward_t *
    forward_new (const forward_config_t *config, const forward_port_t *port);
void
    forward_destroy (forward_t **self_p);

//  Who owns what from now on. Takes over the view; older ones are passed over.
void
    forward_set_view (forward_t *self, view_t **view_p, uint64_t now);

//  NULL before the first.
const view_t *
    forward_view (const forward_t *self);

//  "tcp://host:port" of a storage actor's client endpoint. False: no such member or actor.
bool
    forward_endpoint (const forward_t *self, node_id_t node, uint32_t actor, char *text, size_t room);

//  ------------------------------------------------------------------------------------------------
//  From clients

//  Begins a group: what one message of a client asks for. With an envelope all replies come in one
//  message (REQ). NULL: without memory.
group_t *
    forward_open (forward_t *self, bytes_t route, const bytes_t *envelope, size_t envelope_count);

//  False, and *why: a session that is none.
bool
    forward_check_session (const options_t *options, const char **why);

//  Notes what WITH says for the records after it. Its session is in order.
void
    forward_with (group_t *group, const options_t *options);

//  Adds a record that names a key, or partitions. options: its own, decoded. Without room, and when it
//  cannot be sent, it is answered at once.
void
    forward_record (forward_t *self, group_t *group, const request_t *request, const options_t *options,
                    const bytes_t *attachments, size_t attachment_count, uint64_t now);

//  Adds a record that somebody else answers, by forward_give with the number returned, within so many
//  milliseconds; otherwise it is answered TIMEOUT, or MAYBE if it `writes`. 0: no room, and it was answered
//  BUSY.
uint64_t
    forward_outside (forward_t *self, group_t *group, uint64_t id, uint64_t within, bool writes,
                     uint64_t now);

//  Where replies go that need no waiting: forward_said afterwards, with their count.
buf_t *
    forward_replies (group_t *group);
void
    forward_said (group_t *group, uint64_t records);

//  All records of the message are in. The group must not be used after this.
void
    forward_close (forward_t *self, group_t *group, uint64_t now);

//  ------------------------------------------------------------------------------------------------
//  Answers, and time

//  A body with replies, to bodies with this mark. Whatever is wrong with it is counted and changes
//  nothing.
void
    forward_receive (forward_t *self, uint64_t mark, bytes_t body, uint64_t now);

//  A reply record to what forward_outside has numbered.
void
    forward_give (forward_t *self, uint64_t number, bytes_t record, uint64_t now);

//  Sends what is due and ends what is late. Once at the end of a turn. Returns the milliseconds after
//  which it wants to be called again; UINT64_MAX: not before something happens.
uint64_t
    forward_turn (forward_t *self, uint64_t now);

//  Records in flight.
uint32_t
    forward_count (const forward_t *self);

//  Those among them that may stand in line for a lock, which takes as long as it takes.
uint32_t
    forward_waiting (const forward_t *self);

//  Answers all of these, with MAYBE where they were sent: nobody will be here to take their answers.
void
    forward_dismiss (forward_t *self, uint64_t now);

typedef struct {
    uint64_t bodies;   // Sent
    uint64_t sent;     // Records in them
    uint64_t resent;   // Of those, not for the first time
    uint64_t moved;    // Answers MOVED
    uint64_t busy;     // Records that found no room
    uint64_t timeouts; // Records whose time was over, certainly not executed or of no effect
    uint64_t maybes;   // Writes whose time was over, perhaps executed
    uint64_t late;     // Replies that nobody waited for any more
    uint64_t broken;   // Bodies that could not be read
    uint64_t bytes;    // Held now
} forward_stats_t;
const forward_stats_t *
    forward_stats (const forward_t *self);

#endif
