//  rig: storage actors' state without actors: a request goes in as a record, the reply comes out
//  decoded. Time is what the test says it is. Asserts on everything that no input may cause.
//  SPDX-License-Identifier: MPL-2.0
#ifndef RIG_H_INCLUDED
#define RIG_H_INCLUDED

#include "status.h"
#include "storage.h"

#define RIG_ACTORS 3   // At most
#define RIG_ATTACHED 4 // Attachments that a reply may have

//  One request in pieces.
typedef struct {
    op_t op;
    bytes_t map;
    bytes_t key;
    bool has_key;
    value_t value;
    options_t options;
} ask_t;

//  Its reply. What it points to lives until the next request.
typedef struct {
    unsigned status;
    value_t value;
    uint64_t version;
    meta_t meta;
} answer_t;

typedef struct {
    storage_t *storage[RIG_ACTORS];
    uint32_t actors;
    uint32_t partitions;
    moment_t moment;
    buf_t body, out, attached;
    size_t attached_sizes[RIG_ATTACHED];
    size_t attached_count;
    const bytes_t *attachments; // Of the next requests
    size_t attachment_count;
    bool lost;          // The last reply could not be written for want of memory
} rig_t;

//  What a node has without settings; change it before rig_open_with.
storage_config_t
    rig_config (uint32_t actors, uint32_t partitions);
void
    rig_open (rig_t *self, uint32_t actors, uint32_t partitions);
//  epochs may be NULL. False without memory: nothing is held then.
bool
    rig_open_with (rig_t *self, const storage_config_t *config, epochs_t *epochs);
void
    rig_close (rig_t *self);

//  Which actor a request belongs to: by its key or its option partition, else actor 0.
uint32_t
    rig_owner (const rig_t *self, const ask_t *ask);
answer_t
    rig_ask (rig_t *self, const ask_t *ask);
answer_t
    rig_ask_at (rig_t *self, uint32_t actor, const ask_t *ask);

//  A body of records that the test wrote to self->body (behind wire_begin); the replies are in
//  self->out. Returns how many there are.
size_t
    rig_run (rig_t *self, uint32_t actor);

//  In words: rig_do (&rig, OP_PUT, "key", "value", "nx px=100 ifeq=old"). Map "m". value NULL: nil.
//  A flag stands alone; ifeq=nil is nil; initial=… is text.
answer_t
    rig_do (rig_t *self, op_t op, const char *key, const char *value, const char *options);
ask_t
    rig_words (op_t op, const char *key, const char *value, const char *options);

//  Lets time pass, with ticks as the actors want them.
void
    rig_pass (rig_t *self, uint64_t milliseconds);
//  Ticks until whole rounds are over, while time stands still: what has expired is gone.
void
    rig_settle (rig_t *self);
void
    rig_verify (rig_t *self);

//  One statistic, summed over the actors.
stats_t
    rig_stats (rig_t *self);

static inline bool
answer_is (const answer_t *answer, const char *text)
{
    return answer->value.kind == VALUE_BYTES && bytes_equal (answer->value.bytes, bytes_str (text));
}

#endif
