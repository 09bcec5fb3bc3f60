//  door: a ROUTER socket that clients come through: which frames are the body, who is slow, what is
//  junk. Used by the router and by storage actors alike.
//  SPDX-License-Identifier: MPL-2.0
#ifndef DOOR_H_INCLUDED
#define DOOR_H_INCLUDED

#include <czmq.h>

#include "flow.h"
#include "frames.h"
#include "guests.h"
#include "sheet.h"

typedef struct {
    flow_config_t flow;
    int sndhwm, rcvhwm;    // Messages, per connection
    uint64_t large_max;    // Bytes of large replies on their way, per connection
    int64_t frame_max;     // Bytes
    int io_affinity;       // 0: any I/O thread
    uint32_t guests_max;   // Clients that are known one by one, for statistics; 0: none
} door_config_t;

typedef struct door door_t;

//  Binds a ROUTER at the endpoints (NULL ones are passed over). NULL: cannot; why says so. The
//  caller owns it. Counters are the owner's statistics; not owned.
door_t *
    door_new (const door_config_t *config, const char *const *endpoints, size_t count, stats_t *counters,
              buf_t *why);

//  Unbinds and closes. Accepts NULL.
void
    door_destroy (door_t **self_p);

zsock_t *
    door_socket (door_t *self);

//  The TCP endpoint that it is bound to, with the real port; "" if there is none. Readable until the
//  door is destroyed.
const char *
    door_endpoint (const door_t *self);

//  A message that has come in.
typedef struct {
    bytes_t route;             // Routing id
    const bytes_t *envelope;   // Frames to be echoed in front of a reply
    size_t envelope_count;
    bytes_t body;
    const bytes_t *attachments;
    size_t attachment_count;
    frames_t *frames;          // Which they lie in; they may leave it (frames_pass)
    mp_t records;              // Behind the signature
    bool busy;                 // Its sender takes no replies: answer each record with BUSY
} arrival_t;

typedef enum {
    DOOR_EMPTY, // Nothing was there
    DOOR_JUNK,  // A message that was discarded, or answered, and counted
    DOOR_TAKEN  // arrival is set; readable until the next call
} door_step_t;

//  Takes one message, without blocking.
door_step_t
    door_receive (door_t *self, arrival_t *arrival, uint64_t now);

//  Sends a reply of some records, or keeps it for later, or drops and counts it. frames are body and
//  attachments; envelope goes before them.
void
    door_reply (door_t *self, bytes_t route, const bytes_t *envelope, size_t envelope_count,
                const bytes_t *frames,
                size_t count, uint64_t records, uint64_t now);

//  Sends what nobody asked for (a flow_send_fn; arg is the door): never kept, FLOW_FULL if the client
//  takes nothing at present.
flow_sent_t
    door_push (void *arg, bytes_t route, const bytes_t *frames, size_t count);

//  For statistics: the message that came last holds so many records.
void
    door_records (door_t *self, uint64_t records);

//  Something of a client is on its way (change 1…), or no longer (-1…).
void
    door_flight (door_t *self, bytes_t route, int64_t change);

//  Adds the rows of the table clients; name: of this door. False without memory.
bool
    door_report (door_t *self, const char *name, sheet_t *sheet, uint64_t now);

//  Tries again to send what waits. Returns milliseconds as flow_next.
uint64_t
    door_turn (door_t *self, uint64_t now);

//  True if no reply waits.
bool
    door_is_idle (const door_t *self);

#endif
