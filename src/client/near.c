//  near: reads of an embedded node's own keys, without an actor. What is found lands in the client's
//  own buffer.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

#define S_GROUP 16             // Keys that are looked up together
#define S_COPY_MAX (16u << 20) // A buffer beyond this is given back at the next call

//  Readable, though nothing was copied.
static const char s_empty[1];

static inline void
s_fill (zgrid_entry_t *entry, const local_entry_t *found, const buf_t *copy, int64_t ttl_ms)
{
    bool has_value = found->status == ZGRID_OK;
    *entry = (zgrid_entry_t) {
        .status = found->status, .has_value = has_value, .ttl_ms = ttl_ms, .version = found->version
    };
    if (has_value)
        entry->value = (zgrid_bytes_t) { found->size ? (const char *) copy->data + found->offset : s_empty,
                                         found->size };
}

static inline bool
s_within (const buf_t *copy, const void *data)
{
    return (uintptr_t) data - (uintptr_t) copy->data < copy->room;
}

//  Empties the buffer; but where a key is what an earlier call found in it, it must live on for this
//  call: the caller clears *before in the end.
static inline void
s_begin (zgrid_client_t *self, const zgrid_bytes_t *keys, size_t count, buf_t *before)
{
    bool within = self->copy.room > S_COPY_MAX;
    for (size_t at = 0; at < count && !within; at++)
        within = s_within (&self->copy, keys[at].data);
    if (within) {
        *before = self->copy;
        self->copy = (buf_t) BUF_INIT;
    }
    buf_reset (&self->copy);
}

bool
near_get (zgrid_client_t *self, bytes_t map, zgrid_bytes_t key, bool want_ttl, zgrid_entry_t *entry)
{
    local_entry_t found;
    buf_t before = BUF_INIT;
    bytes_t named = request_bytes (key);
    s_begin (self, &key, 1, &before);
    local_read (self->near, map, &named, 1, &self->copy, &found);
    bool here = found.status != LOCAL_ASK;
    if (here)
        s_fill (entry, &found, &self->copy, want_ttl && found.status == ZGRID_OK ? found.ttl_ms : -2);
    if (before.data) {
        //  A key that goes to the storage actor is encoded before anything is freed
        if (here)
            buf_clear (&before);
        else {
            buf_clear (&self->copy);
            self->copy = before;
        }
    }
    return here;
}

//  The buffer has moved: so have the values that were found before.
static void
s_rebase (const buf_t *copy, const uint8_t *before, zgrid_entry_t *entries, size_t count)
{
    for (size_t at = 0; at < count; at++)
        if (entries[at].value.size)
            entries[at].value.data = copy->data + ((uintptr_t) entries[at].value.data - (uintptr_t) before);
}

size_t
near_mget (zgrid_client_t *self, bytes_t map, const zgrid_bytes_t *keys, size_t count, zgrid_entry_t *entries,
           buf_t *stale)
{
    bytes_t group[S_GROUP];
    local_entry_t found[S_GROUP];
    size_t asked = 0;
    s_begin (self, keys, count, stale);
    for (size_t at = 0; at < count; at += S_GROUP) {
        size_t size = count - at < S_GROUP ? count - at : S_GROUP;
        const uint8_t *before = self->copy.data;
        for (size_t k = 0; k < size; k++)
            group[k] = request_bytes (keys[at + k]);
        local_read (self->near, map, group, size, &self->copy, found);
        if (self->copy.data != before)
            s_rebase (&self->copy, before, entries, at);
        for (size_t k = 0; k < size; k++) {
            if (found[k].status == LOCAL_ASK) {
                entries[at + k] = entry_of (ZGRID_TRYAGAIN);
                asked++;
            } else
                s_fill (&entries[at + k], &found[k], &self->copy, -2);
        }
    }
    return count - asked;
}
