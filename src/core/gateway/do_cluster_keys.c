//  do_cluster_keys: CLUSTER COUNTKEYSINSLOT and GETKEYSINSLOT. A partition's keys are asked for page by
//  page, and those of the slot are picked.
//  SPDX-License-Identifier: MPL-2.0
#include "../mp.h"
#include "../slot.h"
#include "do.h"
#include "gateway_impl.h"
#include "words.h"

#define S_PAGE 1000                     // Entries to look at, for one page
#define S_BYTES_MAX (16u * 1024 * 1024) // Of the keys of one reply

//  What a call remembers from page to page. Its scratch holds keys, each behind its size.
typedef struct {
    uint32_t slot;
    bool keys;      // Wanted, not only counted
    uint64_t limit; // Keys
    uint64_t found;
    char map[WIRE_MAP_NAME_MAX];
    size_t map_size;
} s_search_t;

static void
s_reply (call_t *call, const reply_t *reply, uint64_t mark);

static void
s_ask (call_t *call, s_search_t *search, uint64_t cursor)
{
    const view_t *view = call_gateway (call)->view;
    options_t options = { .given = OPT_cursor | OPT_count, .cursor = cursor, .count = S_PAGE };
    if (view) {
        options.given |= OPT_partition;
        options.partition = slot_partition (search->slot, view->partitions);
    }
    ask_t ask = { .op = OP_SCAN,
                  .map = bytes_of (search->map, search->map_size),
                  .value = value_nil (),
                  .options = &options };
    call_ask (call, &ask, s_reply, 0);
}

static void
s_take (buf_t *out, s_search_t *search, bytes_t key)
{
    if (slot_of_key (key) != search->slot || search->found == search->limit)
        return;
    uint32_t size = (uint32_t) key.size;
    if (search->keys && out->size + sizeof size + key.size > S_BYTES_MAX) {
        search->limit = search->found;
        return;
    }
    search->found++;
    if (search->keys) {
        buf_add (out, &size, sizeof size);
        buf_add (out, key.data, key.size);
    }
}

static void
s_answer (call_t *call, const s_search_t *search)
{
    const buf_t *keys = call_scratch (call);
    if (!search->keys)
        say_int (call_say (call), (int64_t) search->found);
    else {
        say_array (call_say (call), search->found);
        for (size_t at = 0; at < keys->size;) {
            uint32_t size = bytes_load4 (keys->data + at);
            say_bulk (call_say (call), bytes_of (keys->data + at + sizeof size, size));
            at += sizeof size + size;
        }
    }
    call_done (call);
}

static void
s_reply (call_t *call, const reply_t *reply, uint64_t mark)
{
    (void) mark;
    s_search_t *search = call_state (call, sizeof *search);
    buf_t *out = call_scratch (call);
    meta_t meta;
    uint32_t count;
    if (!search)
        return;
    mp_t reader = mp_of (reply->value.bytes);
    if (reply->status != ZGRID_OK || !meta_decode (reply->meta, &meta) || reply->value.kind != VALUE_TREE
        || !mp_array (&reader, &count)) {
        call_fail_status (call, reply);
        return;
    }
    for (bytes_t key; count && mp_bytes (&reader, &key); count--)
        s_take (out, search, key);
    if (out->failed)
        call_fail (call, "ERR out of memory");
    else if (meta.given & META_cursor && meta.cursor && search->found < search->limit)
        s_ask (call, search, meta.cursor);
    else
        s_answer (call, search);
}

static void
s_begin (call_t *call, uint32_t slot, bool keys, uint64_t limit)
{
    s_search_t *search = call_state (call, sizeof *search);
    if (!search)
        return;
    bytes_t map = call_map (call);
    *search = (s_search_t) { .slot = slot, .keys = keys, .limit = limit, .map_size = map.size };
    memcpy (search->map, map.data, map.size);
    if (limit)
        s_ask (call, search, 0);
    else
        s_answer (call, search);
}

void
do_cluster_countkeysinslot (call_t *call)
{
    int64_t slot;
    if (!word_int (call_arg (call, 2), &slot))
        call_fail_integer (call);
    else if (slot < 0 || slot >= SLOT_COUNT)
        call_fail (call, "ERR Invalid slot");
    else
        s_begin (call, (uint32_t) slot, false, UINT64_MAX);
}

void
do_cluster_getkeysinslot (call_t *call)
{
    int64_t slot, limit;
    if (!word_int (call_arg (call, 2), &slot) || !word_int (call_arg (call, 3), &limit))
        call_fail_integer (call);
    else if (slot < 0 || slot >= SLOT_COUNT || limit < 0)
        call_fail (call, "ERR Invalid slot or number of keys");
    else
        s_begin (call, (uint32_t) slot, true, (uint64_t) limit);
}
