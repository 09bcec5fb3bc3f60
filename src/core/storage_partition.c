//  storage_partition: operations on a map's share in partitions: SCAN, SIZE, DESTROY.
//
//  A cursor is (partition + 1) << 33 | position among all hashes (index.h). It means the same whatever
//  the table's size and on every copy, so a page goes on where the last one ended, each key exactly
//  once.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "storage_impl.h"

#define S_COUNT 100 // Entries looked at for one page, without the option count
#define S_COUNT_MAX 10000
#define S_PAGE_BYTES (1u << 20) // A page ends when it holds so much
#define S_PAGE_BUCKETS 65536    // or when so many buckets were looked at

typedef struct {
    call_t *call;
    const partition_t *partition; // That is being read
    buf_t *page;                  // Encoded keys (and values)
    uint32_t items;               // In it
    uint64_t looked;              // Entries
    scan_filter_t filter;
} s_page_t;

static void
s_malformed (call_t *call, const char *why)
{
    call->storage->stats.malformed++;
    call_refuse (call, ZGRID_MALFORMED, why);
}

static void
s_scan_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_page_t *page = arg;
    bytes_t key, value;
    (void) slot;
    (void) hash;
    page->looked++;
    const call_t *call = page->call;
    if (entry_expired (entry, call->moment.now)
        || (!call->stale
            && entry_is_idle (call->storage, call->map, page->partition, entry, call->moment.now)))
        return;
    entry_parts (entry, &key, &value);
    const options_t *options = &page->call->options;
    if (!scan_filter_takes (&page->filter, key))
        return;
    wire_add_bytes (page->page, key);
    page->items++;
    if (options->given & OPT_withvalues) {
        wire_add_bytes (page->page, value);
        page->items++;
    }
}

//  Fills the page from one partition. Returns the position that comes next.
static uint64_t
s_scan_partition (s_page_t *page, uint32_t local, uint64_t position, uint64_t count, uint32_t *buckets)
{
    store_t *store = page->call->map ? map_store (page->call->map, local) : NULL;
    page->partition = &page->call->storage->partitions[local];
    while (store && position < INDEX_END && page->looked < count && *buckets
           && page->filter.steps < SCAN_PAGE_STEPS && page->page->size < S_PAGE_BYTES) {
        position = index_visit (&store->index, position, s_scan_one, page);
        --*buckets;
    }
    return store ? position : INDEX_END;
}

//  False, and replied, if there cannot be such a filter.
static bool
s_begin_filter (call_t *call, scan_filter_t *filter)
{
    char text[SCAN_WHY_MAX];
    const char *why = NULL;
    unsigned status = scan_filter_begin (filter, &call->options, &call->storage->regex, text, &why);
    if (status == ZGRID_OK)
        return true;
    stats_t *stats = &call->storage->stats;
    ++*(status == ZGRID_MALFORMED ? &stats->malformed
        : status == ZGRID_BADOP   ? &stats->badop
                                  : &stats->nomem);
    call_refuse (call, status, why);
    return false;
}

static void
s_reply_page (call_t *call, s_page_t *page, uint64_t cursor)
{
    if (page->filter.gave_up) {
        call->storage->stats.toobig++;
        call_refuse (call, ZGRID_TOOBIG, SCAN_GAVE_UP);
        return;
    }
    if (page->page->failed) {
        call->storage->stats.nomem++;
        call_refuse (call, ZGRID_NOMEM, "out of memory");
        return;
    }
    meta_t meta = { .given = META_cursor, .cursor = cursor };
    call->status = ZGRID_OK;
    wire_reply_array (call->out, call->request->id, page->items, buf_bytes (page->page), &meta);
}

static void
s_scan (call_t *call)
{
    storage_t *self = call->storage;
    const options_t *options = &call->options;
    uint64_t count = options->given & OPT_count ? options->count : S_COUNT;
    bool single = options->given & OPT_partition;
    uint64_t partition = single ? options->partition : self->config.index;
    uint64_t position = 0;
    if (count == 0 || count > S_COUNT_MAX) {
        s_malformed (call, "count is not 1 to 10,000");
        return;
    }
    if ((options->given & OPT_cursor) && options->cursor) {
        uint64_t named = (options->cursor >> 33) - 1;
        position = options->cursor & (2 * INDEX_END - 1);
        if (named >= self->config.partitions || position > INDEX_END || (single && named != partition)
            || named % self->config.actors != self->config.index) {
            s_malformed (call, "no such cursor");
            return;
        }
        partition = named;
    }
    s_page_t page = { .call = call, .page = &self->scratch };
    if (!s_begin_filter (call, &page.filter))
        return;
    buf_reset (&self->scratch);
    uint32_t buckets = S_PAGE_BUCKETS;
    for (;;) {
        position = s_scan_partition (&page, (uint32_t) (partition / self->config.actors), position, count,
                                     &buckets);
        if (position < INDEX_END)
            break;
        position = 0;
        partition += self->config.actors;
        if (single || partition >= self->config.partitions || page.looked >= count || buckets == 0)
            break;
        buckets--;
    }
    bool over = position == 0 && (single || partition >= self->config.partitions);
    s_reply_page (call, &page, over ? 0 : (partition + 1) << 33 | position);
    if (self->scratch.room > 4 * S_PAGE_BYTES)
        buf_clear (&self->scratch);
}

//  DESTROY cuts the store off as a whole: atomic for the partition. False, and replied, without memory
//  for its log entry.
static bool
s_destroy_partition (call_t *call, uint32_t local, uint64_t *removed)
{
    store_t *store = call->map ? map_store (call->map, local) : NULL;
    partition_t *part = &call->storage->partitions[local];
    bytes_t none = bytes_of (NULL, 0);
    if (!store)
        return true;
    if (!call_open (call, CHANGE_DESTROY, none, none, 0))
        return false;
    *removed += store_entries (store);
    part->removed = ++part->sequence;
    shared_word_remove (part->shared, part->removed);
    if (call->storage->feeding && !part->streaming)
        replica_feed (
            call->storage, part,
            (feed_change_t) { .kind = FEED_DESTROY, .version = part->sequence, .map = map_name (call->map) });
    map_drop_store (call->map, local);
    return true;
}

//  One partition's share. What SCAN and SIZE saw may not be committed yet: they wait for all of it.
static bool
s_one_partition (call_t *call, uint32_t local, uint64_t *sum)
{
    call->partition = &call->storage->partitions[local];
    if (call->request->op == OP_DESTROY)
        return s_destroy_partition (call, local, sum);
    store_t *store = call->map ? map_store (call->map, local) : NULL;
    *sum += store ? store_entries (store) : 0;
    return true;
}

static void
s_operate (call_t *call)
{
    storage_t *self = call->storage;
    const options_t *options = &call->options;
    if (call->request->op == OP_SCAN) {
        s_scan (call);
        return;
    }
    uint64_t sum = 0;
    bool done = true;
    if (options->given & OPT_partition)
        done = s_one_partition (call, (uint32_t) (options->partition / self->config.actors), &sum);
    else
        for (uint32_t local = 0; local < self->local_partitions; local++)
            done = done && s_one_partition (call, local, &sum);
    if (done)
        call_answer (call, ZGRID_OK, value_int ((int64_t) sum), 0);
}

void
partition_operation (call_t *call)
{
    storage_t *self = call->storage;
    const options_t *options = &call->options;
    if (!(options->given & OPT_partition)) {
        if (!self->cluster.alone) {
            s_malformed (call, "in a cluster, one partition has to be named");
            return;
        }
        s_operate (call);
        return;
    }
    if (options->partition >= self->config.partitions) {
        s_malformed (call, "no such partition");
        return;
    }
    if (options->partition % self->config.actors != self->config.index) {
        call_moved (call, (uint32_t) options->partition);
        return;
    }
    call->partition = &self->partitions[options->partition / self->config.actors];
    if (!call_admit (call))
        return;
    call->saw = call->before = call->partition->sequence;
    s_operate (call);
    call_finish (call);
}
