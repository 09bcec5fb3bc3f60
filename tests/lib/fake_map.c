//  fake_map: see fake_map.h.
//  SPDX-License-Identifier: MPL-2.0
#include "fake_map.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "slot.h"
#include "status.h"

#define S_BUCKETS 4096

typedef struct entry {
    struct entry *next;
    uint8_t *map, *key, *value;
    size_t map_size, key_size, value_size;
    uint32_t partition;
    uint64_t version;
    int64_t ttl; // Milliseconds, -1: none
} s_entry_t;

struct fake_map {
    s_entry_t *buckets[S_BUCKETS];
    uint32_t partitions;
    uint64_t version;
    buf_t scratch;
};

fake_map_t *
fake_map_new (uint32_t partitions)
{
    fake_map_t *self = calloc (1, sizeof *self);
    assert (self);
    self->partitions = partitions;
    return self;
}

static void
s_free (s_entry_t *entry)
{
    free (entry->map);
    free (entry->key);
    free (entry->value);
    free (entry);
}

void
fake_map_destroy (fake_map_t **self_p)
{
    fake_map_t *self = *self_p;
    for (size_t at = 0; at < S_BUCKETS; at++)
        while (self->buckets[at]) {
            s_entry_t *entry = self->buckets[at];
            self->buckets[at] = entry->next;
            s_free (entry);
        }
    buf_clear (&self->scratch);
    free (self);
    *self_p = NULL;
}

static uint8_t *
s_copy (bytes_t bytes)
{
    uint8_t *copy = malloc (bytes.size + 1);
    assert (copy);
    if (bytes.size)
        memcpy (copy, bytes.data, bytes.size);
    copy[bytes.size] = 0; // For strtoll
    return copy;
}

//  Where the entry is linked, or where it would be.
static s_entry_t **
s_find (fake_map_t *self, const request_t *request)
{
    s_entry_t **link = &self->buckets[slot_of_key (request->key) % S_BUCKETS];
    while (*link
           && !(bytes_equal (bytes_of ((*link)->map, (*link)->map_size), request->map)
                && bytes_equal (bytes_of ((*link)->key, (*link)->key_size), request->key)))
        link = &(*link)->next;
    return link;
}

static bytes_t
s_value (const s_entry_t *entry)
{
    return bytes_of (entry->value, entry->value_size);
}

static void
s_store (fake_map_t *self, s_entry_t **link, const request_t *request, bytes_t value, fake_answer_t *answer)
{
    s_entry_t *entry = *link;
    if (!entry) {
        entry = calloc (1, sizeof *entry);
        assert (entry);
        entry->map = s_copy (request->map);
        entry->map_size = request->map.size;
        entry->key = s_copy (request->key);
        entry->key_size = request->key.size;
        entry->partition = slot_partition (slot_of_key (request->key), self->partitions);
        entry->ttl = -1;
        *link = entry;
    }
    uint8_t *copy = s_copy (value);
    free (entry->value);
    entry->value = copy;
    entry->value_size = value.size;
    entry->version = ++self->version;
    answer->version = entry->version;
}

static void
s_remove (s_entry_t **link)
{
    s_entry_t *entry = *link;
    *link = entry->next;
    s_free (entry);
}

//  The entry's value in the scratch buffer, to be answered after a change.
static value_t
s_old (fake_map_t *self, const s_entry_t *entry)
{
    buf_reset (&self->scratch);
    buf_reserve (&self->scratch, 1);
    buf_add (&self->scratch, entry->value, entry->value_size);
    return value_bytes (buf_bytes (&self->scratch));
}

static void
s_put (fake_map_t *self, const request_t *request, const options_t *options, fake_answer_t *answer)
{
    s_entry_t **link = s_find (self, request);
    s_entry_t *entry = *link;
    uint32_t given = options->given;
    if (entry && (given & OPT_get))
        answer->value = s_old (self, entry);
    if (entry && (given & OPT_nx))
        answer->status = ZGRID_EXISTS;
    else if (!entry && (given & OPT_xx))
        answer->status = ZGRID_NOTFOUND;
    else if ((given & OPT_ifversion) && options->ifversion != (entry ? entry->version : 0))
        answer->status = ZGRID_MISMATCH;
    else if ((given & OPT_ifeq) && (entry == NULL) != (options->ifeq.kind == VALUE_NIL))
        answer->status = ZGRID_MISMATCH;
    else if ((given & OPT_ifeq) && entry && !bytes_equal (options->ifeq.bytes, s_value (entry)))
        answer->status = ZGRID_MISMATCH;
    if (request->op == OP_CAS && answer->status == ZGRID_MISMATCH && entry)
        answer->value = s_old (self, entry);
    if (answer->status != ZGRID_OK) {
        answer->version = entry ? entry->version : 0;
        return;
    }
    if (request->op == OP_GETPUT && entry)
        answer->value = s_old (self, entry);
    s_store (self, link, request, request->value.bytes, answer);
    if (given & (OPT_px | OPT_pxat))
        (*link)->ttl = (int64_t) options->time;
    else if (request->op == OP_PUT && !(given & OPT_keepttl))
        (*link)->ttl = -1;
}

static void
s_add (fake_map_t *self, const request_t *request, const options_t *options, fake_answer_t *answer)
{
    s_entry_t **link = s_find (self, request);
    const char *initial = options->given & OPT_initial ? (const char *) options->initial.bytes.data : "0";
    char text[64];
    if (request->op == OP_INCRBYFLOAT) {
        char *delta = (char *) s_copy (request->value.bytes);
        double sum = (*link ? strtod ((char *) (*link)->value, NULL) : 0) + strtod (delta, NULL);
        free (delta);
        snprintf (text, sizeof text, "%.10g", sum);
    } else {
        char *end = NULL;
        const char *now = *link ? (const char *) (*link)->value : initial;
        int64_t number = strtoll (now, &end, 10);
        if (*link && *end) {
            answer->status = ZGRID_WRONGTYPE;
            return;
        }
        int64_t delta = request->value.kind == VALUE_INT ? request->value.integer : 1;
        if (__builtin_add_overflow (number, request->op == OP_DECR ? -delta : delta, &number)) {
            answer->status = ZGRID_OVERFLOW;
            return;
        }
        snprintf (text, sizeof text, "%" PRId64, number);
        answer->value = value_int (number);
    }
    s_store (self, link, request, bytes_str (text), answer);
    if (request->op == OP_INCRBYFLOAT)
        answer->value = value_bytes (s_value (*link));
}

static void
s_append (fake_map_t *self, const request_t *request, fake_answer_t *answer)
{
    s_entry_t **link = s_find (self, request);
    buf_reset (&self->scratch);
    if (*link)
        buf_add (&self->scratch, (*link)->value, (*link)->value_size);
    buf_add (&self->scratch, request->value.bytes.data, request->value.bytes.size);
    s_store (self, link, request, buf_bytes (&self->scratch), answer);
    answer->value = value_int ((int64_t) (*link)->value_size);
}

//  Operations on an entry that is there.
static void
s_present (fake_map_t *self, s_entry_t **link, const request_t *request, const options_t *options,
           fake_answer_t *answer)
{
    s_entry_t *entry = *link;
    answer->version = entry->version;
    switch (request->op) {
        case OP_GET:
            answer->value = value_bytes (s_value (entry));
            if (options->given & OPT_withttl) {
                answer->meta.given = META_ttl;
                answer->meta.ttl = entry->ttl;
            }
            break;
        case OP_TTL:
            answer->value = value_int (entry->ttl);
            break;
        case OP_PEXPIRE:
        case OP_PEXPIREAT:
            if ((options->given & OPT_nx) && entry->ttl >= 0)
                answer->status = ZGRID_MISMATCH;
            else
                entry->ttl = request->value.integer;
            break;
        case OP_PERSIST:
            answer->value = value_int (entry->ttl >= 0);
            entry->ttl = -1;
            break;
        case OP_GETDEL:
            answer->value = s_old (self, entry);
            s_remove (link);
            break;
        case OP_DEL:
            if ((options->given & OPT_ifversion) && options->ifversion != entry->version)
                answer->status = ZGRID_MISMATCH;
            else
                s_remove (link);
            break;
        default: // EXISTS, TOUCH
            break;
    }
}

//  One entry with a key after the cursor's. A page is a bucket range: the cursor is the next bucket.
static void
s_part (fake_map_t *self, const request_t *request, const options_t *options, fake_answer_t *answer)
{
    uint64_t count = 0, bucket = options->given & OPT_cursor ? options->cursor : 0;
    bool scan = request->op == OP_SCAN;
    uint64_t most = scan && (options->given & OPT_count) ? options->count : UINT64_MAX;
    buf_t keys = BUF_INIT;
    while (bucket < S_BUCKETS && count < most) {
        for (s_entry_t **link = &self->buckets[bucket]; *link;) {
            s_entry_t *entry = *link;
            bool meant = bytes_equal (bytes_of (entry->map, entry->map_size), request->map)
                         && (!(options->given & OPT_partition) || options->partition == entry->partition)
                         && (!(options->given & OPT_match) || entry->key[0] == options->match.data[0]);
            count += meant;
            if (meant && scan) {
                uint8_t head[3] = { 0xc5, (uint8_t) (entry->key_size >> 8), (uint8_t) entry->key_size };
                buf_add (&keys, head, sizeof head);
                buf_add (&keys, entry->key, entry->key_size);
                if (options->given & OPT_withvalues) {
                    head[1] = (uint8_t) (entry->value_size >> 8);
                    head[2] = (uint8_t) entry->value_size;
                    buf_add (&keys, head, sizeof head);
                    buf_add (&keys, entry->value, entry->value_size);
                }
            }
            if (meant && request->op == OP_DESTROY)
                s_remove (link);
            else
                link = &entry->next;
        }
        bucket++;
    }
    if (!scan) {
        answer->value = value_int ((int64_t) count);
        return;
    }
    uint64_t elements = options->given & OPT_withvalues ? count * 2 : count;
    uint8_t head[3] = { 0xdc, (uint8_t) (elements >> 8), (uint8_t) elements };
    buf_reset (&self->scratch);
    buf_add (&self->scratch, head, sizeof head);
    buf_add (&self->scratch, keys.data, keys.size);
    buf_clear (&keys);
    answer->value = (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&self->scratch) };
    answer->meta.given = META_cursor;
    answer->meta.cursor = bucket < S_BUCKETS ? bucket : 0;
}

void
fake_map_run (fake_map_t *self, const request_t *request, const options_t *options, fake_answer_t *answer)
{
    *answer = (fake_answer_t) { .status = ZGRID_OK };
    if (op_info (request->op)->routing == ROUTING_PART) {
        s_part (self, request, options, answer);
        return;
    }
    switch (request->op) {
        case OP_PUT:
        case OP_GETPUT:
        case OP_CAS:
            s_put (self, request, options, answer);
            return;
        case OP_INCR:
        case OP_DECR:
        case OP_INCRBYFLOAT:
            s_add (self, request, options, answer);
            return;
        case OP_APPEND:
            s_append (self, request, answer);
            return;
        default:
            break;
    }
    s_entry_t **link = s_find (self, request);
    if (op_info (request->op)->routing != ROUTING_KEY)
        answer->status = ZGRID_BADOP;
    else if (!*link)
        answer->status = ZGRID_NOTFOUND;
    else
        s_present (self, link, request, options, answer);
}
