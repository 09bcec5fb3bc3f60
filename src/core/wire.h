//  wire: protocol 1, between bytes and records. doc/protocol.md is the contract.
//
//  A body is the signature "ZG\1" and one or more records, each a MessagePack array:
//    request  [id, op, map, key, value, options]   trailing elements may be missing
//    reply    [id, status, value, version, meta]
//  Decoding looks at the bytes where they lie: everything that a decoded record points to lives as
//  long as the body. Encoding goes through msgpack-c into a buf_t, whose failure sticks.
//  SPDX-License-Identifier: MPL-2.0
#ifndef WIRE_H_INCLUDED
#define WIRE_H_INCLUDED

#include "buf.h"
#include "mp.h"

#define WIRE_SIGNATURE "ZG\1"
#define WIRE_SIGNATURE_SIZE 3
#define WIRE_ENVELOPE_MAX 8  // Envelope frames at most
#define WIRE_ATTACHED 1      // MessagePack ext type: the value is in an attachment frame
#define WIRE_MAP_NAME_MAX 255 // Bytes

typedef enum {
    OP_NONE = 0, // Not in the list
#define OP(name, number, routing, writes, repeatable, arguments, reply, statuses, purpose) OP_##name = number,
#include "op.def"
#undef OP
    OP_LIMIT // One more than the largest
} op_t;

typedef enum { ROUTING_KEY, ROUTING_PART, ROUTING_NODE } routing_t;

typedef struct {
    const char *name; // NULL for a number that is not in the list
    size_t name_size;
    routing_t routing;
    bool writes;
    bool repeatable;
    const char *arguments, *reply, *statuses, *purpose;
} op_info_t;

extern const op_info_t op_infos[OP_LIMIT];

//  Never NULL; a number outside the list gives the entry of OP_NONE.
static inline const op_info_t *
op_info (unsigned op)
{
    return &op_infos[op < OP_LIMIT ? op : OP_NONE];
}

//  OP_NONE if there is no such operation.
op_t
    op_find (bytes_t name);

//  Wider than int, which ISO C allows from C23 on.
__extension__ enum {
#define OPTION(name, bit, type, purpose) OPT_##name = UINT64_C (1) << bit,
#include "option.def"
#undef OPTION
};

//  A value on its way in or out.
typedef enum {
    VALUE_NIL,
    VALUE_BYTES,
    VALUE_INT,
    VALUE_REAL,
    VALUE_TREE,    // Any other MessagePack value: bytes is its encoding
    VALUE_ATTACHED // In the attachment frame number `integer`, counted from 0
} value_kind_t;

typedef struct {
    value_kind_t kind;
    bytes_t bytes;
    int64_t integer;
    double real;
} value_t;

static inline value_t
value_nil (void)
{
    return (value_t) { .kind = VALUE_NIL };
}

static inline value_t
value_bytes (bytes_t bytes)
{
    return (value_t) { .kind = VALUE_BYTES, .bytes = bytes };
}

static inline value_t
value_int (int64_t integer)
{
    return (value_t) { .kind = VALUE_INT, .integer = integer };
}

//  ------------------------------------------------------------------------------------------------
//  Requests

typedef struct {
    uint64_t id;
    unsigned op;       // op_t
    unsigned faulty;   // 0, or the status that the record deserves as it stands
    const char *fault; // Then: why, for people
    bytes_t map;
    bytes_t key;
    bool has_key;      // False where the protocol has nil
    value_t value;
    bytes_t options;   // The encoded map, or empty; see options_decode
    bytes_t raw;       // The whole record as it lies in the body
} request_t;

//  Options of one record, decoded.
typedef struct {
    uint64_t given;  // OPT_… bits of those that are present (a flag: and true)
    uint64_t time;   // ex, px, exat or pxat, whichever is given
    uint64_t ifversion;
    value_t ifeq;    // VALUE_NIL or VALUE_BYTES
    value_t initial; // VALUE_INT or VALUE_BYTES
    uint64_t cursor, count, partition, deadline, ack, attach, epoch;
    bytes_t match, read, regex, into;
    uint64_t wait;
    uint64_t fence, offset;
    value_t session;
} options_t;

typedef enum {
    WIRE_RECORD, // One record decoded; look at faulty
    WIRE_END,    // No more
    WIRE_BROKEN  // The rest of the body cannot be read; id is set if it could be, else 0
} wire_step_t;

//  Checks the signature and positions the reader behind it. False: not protocol 1.
bool
    wire_open (bytes_t body, mp_t *reader);

//  Decodes the next request. faulty is set for a record that is a MessagePack value but not a
//  request: MALFORMED (id missing or 0, wrong types, too many elements) or BADOP.
wire_step_t
    wire_next_request (mp_t *reader, request_t *request);

//  Decodes an encoded options map. Unknown names are passed over unless the option `must` lists
//  them. False if a value has the wrong type or two of ex, px, exat, pxat are given; *why is then a
//  sentence.
bool
    options_decode (bytes_t encoded, options_t *options, const char **why);

//  Adds the signature; a body begins with it.
void
    wire_begin (buf_t *out);

//  Adds one request. options may be NULL. A value of kind VALUE_ATTACHED adds a reference to the
//  attachment.
void
    wire_request (buf_t *out, uint64_t id, op_t op, bytes_t map, const bytes_t *key, const value_t *value,
                  const options_t *options);

//  ------------------------------------------------------------------------------------------------
//  Replies

typedef struct {
    uint64_t id;
    unsigned status;
    value_t value;
    uint64_t version;
    bytes_t meta; // The encoded map, or empty; see meta_decode
} reply_t;

//  What stands in meta, all of it optional.
typedef struct {
    uint32_t given;  // META_… bits
    bytes_t error;   // Text for people
    int64_t ttl;     // Milliseconds left, -1: none
    uint64_t cursor; // SCAN: where the next page begins, 0: at the end
    uint64_t retry;  // Milliseconds after which it is worth trying again
    uint64_t epoch;  // MOVED: of the partition table; stale reads: of the partition
    bytes_t owner;   // MOVED: endpoint
    bytes_t missed;  // PARTIAL: encoded array of partitions that did not answer
    uint64_t seq;    // Stale reads: the last write that the copy knows to be committed
    uint64_t age;    // Stale reads: milliseconds since the copy heard of its primary
} meta_t;

enum {
    META_error = 1u << 0,
    META_ttl = 1u << 1,
    META_cursor = 1u << 2,
    META_retry = 1u << 3,
    META_epoch = 1u << 4,
    META_owner = 1u << 5,
    META_missed = 1u << 6,
    META_dropped = 1u << 7, // A repeated request: its value was not kept
    META_seq = 1u << 8,
    META_age = 1u << 9
};

//  Decodes the next reply. WIRE_BROKEN also for something that is not a reply.
wire_step_t
    wire_next_reply (mp_t *reader, reply_t *reply);

//  False if it is not a map or a known name has a value of the wrong type. Empty bytes are an empty
//  map.
bool
    meta_decode (bytes_t encoded, meta_t *meta);

//  Adds one reply; meta may be NULL. `value.kind` VALUE_TREE adds the bytes as they are.
void
    wire_reply (buf_t *out, uint64_t id, unsigned status, value_t value, uint64_t version,
                const meta_t *meta);

//  Adds one value of type bin.
void
    wire_add_bytes (buf_t *out, bytes_t bytes);

//  Parts of trees: an unsigned integer, text, the heads of an array and of a map.
void
    wire_add_uint (buf_t *out, uint64_t number);
void
    wire_add_text (buf_t *out, const char *text);
void
    wire_add_array (buf_t *out, uint32_t count);
void
    wire_add_map (buf_t *out, uint32_t pairs);

//  Adds one OK reply whose value is an array of `count` encoded values.
void
    wire_reply_array (buf_t *out, uint64_t id, uint32_t count, bytes_t encoded, const meta_t *meta);

//  Adds one reply without value that says in meta.error what was wrong. text may be NULL.
void
    wire_reply_error (buf_t *out, uint64_t id, unsigned status, const char *text);

//  ------------------------------------------------------------------------------------------------
//  Envelopes

//  Which of the frames of a message (without the routing id that a ROUTER puts first) is the body:
//  the first that begins with "ZG", is longer than 4 bytes, and is the first frame or follows an
//  empty one. Returns its index, or -1: not this protocol, or -2: more than WIRE_ENVELOPE_MAX frames
//  before it. count is the number of frames given.
int
    wire_find_body (const bytes_t *frames, size_t count);

#endif
