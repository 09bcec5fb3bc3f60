//  event: what happened in a cluster, and how clients are told (doc/protocol.md, "Events").
//  SPDX-License-Identifier: MPL-2.0
#ifndef EVENT_H_INCLUDED
#define EVENT_H_INCLUDED

#include "view.h"

typedef enum {
#define EVENT(NAME, name, fields, purpose) EVENT_##NAME,
#include "event.def"
#undef EVENT
    EVENT_LIMIT
} cluster_event_t;

struct move_info;
typedef struct {
    cluster_event_t kind;
    uint64_t at;         // Unix time in milliseconds
    const char *node;    // Name of the member that tells
    uint32_t partition;  // UINT32_MAX: none is meant
    node_id_t id;        // 0: nobody
    const char *member;  // Its name; NULL: not known
    const char *text;    // NULL: none
    const struct move_info *move; // Of MOVE alone
} event_record_t;

#define EVENT_TEXT_MAX 255 // Bytes of text that are told

//  "member added"…
const char *
    event_name (cluster_event_t kind);

//  Adds it as one JSON object. What is not UTF-8 becomes U+FFFD.
void
    event_encode (const event_record_t *self, buf_t *out);

#endif
