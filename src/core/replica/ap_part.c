//  ap_part: SCAN, SIZE and DESTROY of an ap map's share in one partition. Cursors are those of
//  storage_partition.c.
//  SPDX-License-Identifier: MPL-2.0
#include "ap_impl.h"

#define S_COUNT 100
#define S_COUNT_MAX 10000
#define S_PAGE_BYTES (1u << 20)
#define S_PAGE_BUCKETS 65536

typedef struct {
    const ap_call_t *call;
    uint64_t wall;
    buf_t *page;
    uint32_t items;
    uint64_t looked;
    scan_filter_t filter;
} s_page_t;

static void
s_scan_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_page_t *page = arg;
    const options_t *options = page->call->options;
    record_t record;
    (void) slot;
    (void) hash;
    page->looked++;
    if (!record_of (entry, &record) || !record_alive (&record, page->wall))
        return;
    bytes_t key = entry_key (entry);
    if (!scan_filter_takes (&page->filter, key))
        return;
    wire_add_bytes (page->page, key);
    page->items++;
    if (options->given & OPT_withvalues) {
        wire_add_bytes (page->page, record.value);
        page->items++;
    }
}

static unsigned
s_scan (ap_t *self, share_t *share, const ap_call_t *call)
{
    const options_t *options = call->options;
    uint64_t count = options->given & OPT_count ? options->count : S_COUNT, position = 0;
    if (count == 0 || count > S_COUNT_MAX)
        return ap_fail (call, ZGRID_MALFORMED, "count is not 1 to 10,000");
    if ((options->given & OPT_cursor) && options->cursor) {
        position = options->cursor & (2 * INDEX_END - 1);
        if (position > INDEX_END || (options->cursor >> 33) - 1 != call->partition)
            return ap_fail (call, ZGRID_MALFORMED, "no such cursor");
    }
    buf_reset (&self->message);
    s_page_t page = { .call = call, .wall = call->moment.wall, .page = &self->message };
    char text[SCAN_WHY_MAX];
    const char *why = NULL;
    unsigned status = scan_filter_begin (&page.filter, options, &self->regex, text, &why);
    if (status != ZGRID_OK)
        return ap_fail (call, status, why);
    for (uint32_t buckets = S_PAGE_BUCKETS;
         share && buckets && position < INDEX_END && page.looked < count
         && page.filter.steps < SCAN_PAGE_STEPS && page.page->size < S_PAGE_BYTES;
         buckets--)
        position = index_visit (&share->store->index, position, s_scan_one, &page);
    if (page.filter.gave_up)
        return ap_fail (call, ZGRID_TOOBIG, SCAN_GAVE_UP);
    if (page.page->failed)
        return ap_fail (call, ZGRID_NOMEM, "out of memory");
    bool over = !share || position >= INDEX_END;
    meta_t meta = { .given = META_cursor,
                    .cursor = over ? 0 : ((uint64_t) call->partition + 1) << 33 | position };
    wire_reply_array (call->out, call->request->id, page.items, buf_bytes (page.page), &meta);
    if (self->message.room > 4 * S_PAGE_BYTES)
        buf_clear (&self->message);
    return ZGRID_OK;
}

typedef struct {
    ap_t *ap;
    ap_map_t *map;
    share_t *share;
    const ap_call_t *call;
    uint32_t local;
    uint64_t removed;
    bool failed;
} s_destroy_t;

//  Every entry leaves a tombstone of its own: a replica that did not hear of it learns of each.
static void
s_destroy_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_destroy_t *destroy = arg;
    record_t record;
    uint64_t version;
    if (!record_of (entry, &record) || !record_alive (&record, destroy->call->moment.wall))
        return;
    place_t place = { entry_key (entry), hash, slot, entry };
    if (!ap_delete (destroy->ap, destroy->share, &place, destroy->call->moment.now, &version)) {
        destroy->failed = true;
        return;
    }
    destroy->removed++;
    if (destroy->ap->entries.size > AP_PUSH_MAX)
        ap_push (destroy->ap, destroy->map, destroy->local);
}

static unsigned
s_destroy (ap_t *self, ap_map_t *map, share_t *share, uint32_t local, const ap_call_t *call)
{
    s_destroy_t destroy = { self, map, share, call, local, 0, false };
    for (uint64_t position = 0; share && position < INDEX_END;)
        position = index_visit (&share->store->index, position, s_destroy_one, &destroy);
    if (map)
        ap_push (self, map, local);
    return destroy.failed ? ap_fail (call, ZGRID_NOMEM, "out of memory: some entries are left")
                          : ap_reply (call, ZGRID_OK, value_int ((int64_t) destroy.removed), 0);
}

unsigned
ap_part_operation (ap_t *self, const ap_call_t *call)
{
    uint32_t local = call->partition / self->config.actors;
    ap_map_t *map = ap_map (self, call->request->map, false);
    share_t *share = map ? ap_share (self, map, local, false) : NULL;
    if (call->request->op == OP_SCAN)
        return s_scan (self, share, call);
    if (call->request->op == OP_DESTROY)
        return s_destroy (self, map, share, local, call);
    return ap_reply (call, ZGRID_OK, value_int (share ? (int64_t) share->live : 0), 0);
}
