//  storage_report: what a storage actor tells of its maps, partitions, keys and records (sheet.def).
//  SPDX-License-Identifier: MPL-2.0
#include <stdlib.h>

#include "mem.h"
#include "status.h"
#include "storage_impl.h"
#include "utf8.h"

#define S_STORES_MAX 65536 // Stores looked at for one page of maps, about
#define S_LOOK_BUCKETS 32  // For big entries, in one tick

static cell_t
s_number (uint64_t number)
{
    return (cell_t) { .number = number };
}

static cell_t
s_text (const char *text)
{
    return (cell_t) { .bytes = bytes_str (text) };
}

//  A map's name out of a record that may be malformed.
static cell_t
s_name (bytes_t name)
{
    return (cell_t) { .bytes = utf8_is_valid (name) ? name : bytes_of (NULL, 0) };
}

static cell_t
s_op (unsigned op)
{
    const char *name = op_info (op)->name;
    return s_text (name ? name : "unknown");
}

//  ------------------------------------------------------------------------------------------------
//  Operations

static bool
s_operations (storage_t *self, sheet_t *sheet)
{
    for (unsigned op = 0; op < OP_LIMIT; op++) {
        const census_op_t *counts = &self->census->ops[op];
        if (counts->records == 0)
            continue;
        cell_t cells[SHEET_COLUMNS_MAX] = { [CELL_operations_op] = s_op (op),
                                            [CELL_operations_records] = s_number (counts->records),
                                            [CELL_operations_failed] = s_number (counts->failed),
                                            [CELL_operations_bytes_in] = s_number (counts->bytes_in),
                                            [CELL_operations_bytes_out] = s_number (counts->bytes_out),
                                            [CELL_operations_time_ns] = s_number (counts->time) };
        if (!sheet_add (sheet, cells))
            return false;
    }
    return true;
}

static bool
s_latency (storage_t *self, sheet_t *sheet)
{
    for (unsigned op = 0; op < OP_LIMIT; op++) {
        cell_t cells[SHEET_COLUMNS_MAX] = { [CELL_latency_op] = s_op (op) };
        cells[CELL_latency_execute].histogram = self->census->execute[op];
        cells[CELL_latency_answer].histogram = self->census->answer[op];
        if (self->census->execute[op] && !sheet_add (sheet, cells))
            return false;
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Maps

//  A map of a page: of this storage, or in ap mode.
typedef struct {
    bytes_t name;
    map_t *map;      // NULL: in ap mode
    uint32_t number; // There
} s_map_t;

static int
s_compare (bytes_t one, bytes_t other)
{
    size_t size = one.size < other.size ? one.size : other.size;
    int order = size ? memcmp (one.data, other.data, size) : 0;
    return order ? order : one.size < other.size ? -1 : one.size > other.size;
}

//  Puts it in its place among the first `most` by name. True if one had to stay out.
static bool
s_rank (s_map_t *maps, uint32_t *count, uint32_t most, s_map_t map)
{
    bool full = *count == most;
    if (full && s_compare (map.name, maps[most - 1].name) >= 0)
        return true;
    uint32_t low = 0, high = *count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (s_compare (maps[middle].name, map.name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    uint32_t kept = full ? *count - 1 : *count;
    memmove (maps + low + 1, maps + low, (kept - low) * sizeof (s_map_t));
    maps[low] = map;
    *count = kept + 1;
    return full;
}

static void
s_counts (cell_t *cells, const map_counts_t *counts)
{
    cells[CELL_maps_get_hits].number = counts->get_hits;
    cells[CELL_maps_get_misses].number = counts->get_misses;
    cells[CELL_maps_puts].number = counts->puts;
    cells[CELL_maps_del_hits].number = counts->del_hits;
    cells[CELL_maps_del_misses].number = counts->del_misses;
    cells[CELL_maps_expired].number = counts->expired;
    cells[CELL_maps_evicted].number = counts->evicted;
}

static bool
s_add_map (storage_t *self, sheet_t *sheet, const s_map_t *one)
{
    cell_t cells[SHEET_COLUMNS_MAX] = {
        [CELL_maps_map] = { .bytes = one->name }, [CELL_maps_mode] = s_text (one->map ? "cp" : "ap")
    };
    if (!one->map) {
        ap_map_info_t info = ap_map_info (self->cluster.ap, one->number);
        s_counts (cells, &info.counts);
        cells[CELL_maps_entries].number = info.entries;
        cells[CELL_maps_copies].number = info.copies;
        cells[CELL_maps_data_bytes].number = info.data_bytes;
        cells[CELL_maps_used_bytes].number = info.used_bytes;
        return sheet_add (sheet, cells);
    }
    s_counts (cells, one->map->counts);
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        const store_t *store = map_store (one->map, local);
        if (!store)
            continue;
        bool primary = self->partitions[local].role == ROLE_PRIMARY;
        cells[primary ? CELL_maps_entries : CELL_maps_copies].number += store_entries (store);
        cells[CELL_maps_used_bytes].number += store->used_bytes;
        cells[CELL_maps_data_bytes].number += primary ? store->data_bytes : 0;
        cells[CELL_maps_expiring].number += primary ? store->expiring : 0;
    }
    return sheet_add (sheet, cells);
}

static bool
s_maps (storage_t *self, sheet_t *sheet, const report_t *report)
{
    uint32_t most = report->most && report->most < sheet_info (SHEET_maps).most
                        ? report->most
                        : sheet_info (SHEET_maps).most;
    uint32_t affordable = S_STORES_MAX / (self->local_partitions + 1) + 1, count = 0;
    most = most < affordable ? most : affordable;
    s_map_t *maps = mem_alloc ((most + 1) * sizeof (s_map_t));
    if (!maps)
        return false;
    bool more = false, added = true;
    map_t *map;
    for (uint32_t number = 0; (map = map_numbered (self, number)); number++)
        if (s_compare (map_name (map), report->after) > 0)
            more |= s_rank (maps, &count, most, (s_map_t) { map_name (map), map, number });
    bytes_t name;
    const ap_t *ap = self->cluster.ap;
    for (uint32_t number = 0; ap && (name = ap_map_name (ap, number)).size; number++)
        if (s_compare (name, report->after) > 0)
            more |= s_rank (maps, &count, most, (s_map_t) { name, NULL, number });
    for (uint32_t at = 0; at < count && added; at++)
        added = s_add_map (self, sheet, &maps[at]);
    mem_free (maps);
    if (more)
        sheet_more (sheet);
    return added;
}

//  ------------------------------------------------------------------------------------------------
//  Partitions

static bool
s_partitions (storage_t *self, sheet_t *sheet, const report_t *report)
{
    static const char *const roles[] = { "none", "primary", "backup", "learner" };
    uint32_t most = report->most && report->most < sheet_info (SHEET_partitions).most
                        ? report->most
                        : sheet_info (SHEET_partitions).most;
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        const partition_t *part = &self->partitions[local];
        const store_tally_t *tally = &self->tallies[local];
        bool told = part->role != ROLE_NONE || tally->entries || part->reads || part->writes;
        if (part->id < report->first || !told)
            continue;
        if (most-- == 0) {
            sheet_more (sheet);
            return true;
        }
        cell_t cells[SHEET_COLUMNS_MAX] = { [CELL_partitions_partition] = s_number (part->id),
                                            [CELL_partitions_role] = s_text (
                                                part->role <= ROLE_LEARNER ? roles[part->role] : "?"),
                                            [CELL_partitions_epoch] = s_number (part->epoch),
                                            [CELL_partitions_entries] = s_number (tally->entries),
                                            [CELL_partitions_data_bytes] = s_number (tally->data_bytes),
                                            [CELL_partitions_used_bytes] = s_number (tally->used_bytes),
                                            [CELL_partitions_reads] = s_number (part->reads),
                                            [CELL_partitions_writes] = s_number (part->writes),
                                            [CELL_partitions_log_bytes] = s_number (oplog_size (&part->log)),
                                            [CELL_partitions_waiting] = s_number (part->waits.count),
                                            [CELL_partitions_sessions] = s_number (part->sessions.count) };
        if (!sheet_add (sheet, cells))
            return false;
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Keys

//  What of a hash may be told: enough to tell keys apart, too little to find others that collide.
static uint64_t
s_tag (uint64_t hash)
{
    return (hash * 0x9e3779b97f4a7c15) >> 48;
}

static bool
s_hot (storage_t *self, sheet_t *sheet, uint64_t now)
{
    uint32_t most = HOT_ROOM;
    double scale = self->census->config.sampling;
    hot_key_t *keys = mem_alloc (most * sizeof (hot_key_t));
    if (!keys)
        return false;
    uint32_t count = hot_list (self->census->hot, keys, most, now);
    bool added = true;
    for (uint32_t at = 0; at < count && added; at++) {
        const hot_key_t *key = &keys[at];
        cell_t cells[SHEET_COLUMNS_MAX] = { [CELL_hot_map] = s_name (key->map),
                                            [CELL_hot_key] = { .bytes = key->key },
                                            [CELL_hot_key_size] = s_number (key->key_size),
                                            [CELL_hot_tag] = s_number (s_tag (key->hash)),
                                            [CELL_hot_per_s] = s_number ((uint64_t) (key->rate * scale)),
                                            [CELL_hot_error] = s_number ((uint64_t) (key->error * scale)),
                                            [CELL_hot_writes] = s_number ((uint64_t) (key->writes * scale)) };
        added = sheet_add (sheet, cells);
    }
    mem_free (keys);
    return added;
}

//  Looks for the entry of a hash, where the index has it.
typedef struct {
    uint64_t hash, key_size;
    const entry_t *entry;
} s_search_t;

static void
s_search_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_search_t *search = arg;
    (void) slot;
    if (hash == search->hash && entry_key (entry).size == search->key_size)
        search->entry = entry;
}

static const entry_t *
s_find_big (storage_t *self, const big_key_t *key, map_t **map)
{
    s_search_t search = { key->hash, key->key_size, NULL };
    *map = map_numbered (self, key->map);
    store_t *store = *map ? map_store (*map, key->partition) : NULL;
    if (store)
        index_visit (&store->index, index_position (key->hash), s_search_one, &search);
    return search.entry;
}

//  Only of primaries, so that an entry stands in one member's list.
static bool
s_big (storage_t *self, sheet_t *sheet, uint64_t now)
{
    big_t *big = &self->census->big;
    for (uint32_t at = 0; at < big->count;) {
        big_key_t *key = &big->keys[at];
        map_t *map;
        const entry_t *entry = s_find_big (self, key, &map);
        if (!entry || entry_expired (entry, now)) {
            big_drop (big, at);
            continue;
        }
        at++;
        key->bytes = entry_key (entry).size + entry_value (entry).size;
        if (self->partitions[key->partition].role != ROLE_PRIMARY)
            continue;
        uint64_t deadline = entry_deadline (entry);
        cell_t cells[SHEET_COLUMNS_MAX] = {
            [CELL_big_map] = { .bytes = map_name (map) },
            [CELL_big_key] = { .bytes = bytes_of (key->prefix, key->prefix_size) },
            [CELL_big_key_size] = s_number (key->key_size),
            [CELL_big_tag] = s_number (s_tag (key->hash)),
            [CELL_big_partition] = s_number (self->partitions[key->partition].id),
            [CELL_big_bytes] = s_number (key->bytes),
            [CELL_big_ttl_ms] = s_number (deadline ? deadline - now : 0)
        };
        if (!sheet_add (sheet, cells))
            return false;
    }
    big_settle (big);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Slow records

static bool
s_slow (storage_t *self, sheet_t *sheet)
{
    for (uint32_t at = 0; at < slow_count (self->census->slow); at++) {
        slow_record_t record = slow_at (self->census->slow, at);
        char client[2 * SLOW_CLIENT_MAX + 1];
        cell_t cells[SHEET_COLUMNS_MAX] = { [CELL_slow_at] = s_number (record.at),
                                            [CELL_slow_actor] = s_number (self->config.index),
                                            [CELL_slow_number] = s_number (record.number),
                                            [CELL_slow_op] = s_op (record.op),
                                            [CELL_slow_map] = s_name (record.map),
                                            [CELL_slow_key] = { .bytes = record.key },
                                            [CELL_slow_key_size] = s_number (record.key_size),
                                            [CELL_slow_status] = s_text (status_name ((int) record.status)),
                                            [CELL_slow_took_ns] = s_number (record.took),
                                            [CELL_slow_group] = s_number (record.group),
                                            [CELL_slow_bytes_in] = s_number (record.bytes_in),
                                            [CELL_slow_bytes_out] = s_number (record.bytes_out),
                                            [CELL_slow_client] = s_text (
                                                report_hex (record.client, client, sizeof client)) };
        if (!sheet_add (sheet, cells))
            return false;
    }
    return true;
}

bool
storage_report (storage_t *self, sheet_t *sheet, const report_t *report, moment_t moment)
{
    switch (report->which) {
        case SHEET_maps:
            return s_maps (self, sheet, report);
        case SHEET_partitions:
            return s_partitions (self, sheet, report);
        case SHEET_operations:
            return !self->census || s_operations (self, sheet);
        case SHEET_latency:
            return !self->census || s_latency (self, sheet);
        case SHEET_hot:
            return !self->census || s_hot (self, sheet, moment.now);
        case SHEET_big:
            return !self->census || s_big (self, sheet, moment.now);
        case SHEET_slow:
            return !self->census || s_slow (self, sheet);
        default: // clients: the actor's
            return true;
    }
}

//  ------------------------------------------------------------------------------------------------
//  Looking for big entries

typedef struct {
    big_t *big;
    const store_t *store;
    uint32_t map;
} s_look_t;

static void
s_look_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_look_t *look = arg;
    bytes_t key, value;
    (void) slot;
    entry_parts (entry, &key, &value);
    if (big_wants (look->big, key.size + value.size))
        big_add (look->big, look->map, look->store->partition, hash, key, key.size + value.size);
}

void
storage_look (storage_t *self)
{
    uint32_t steps = S_LOOK_BUCKETS;
    for (uint32_t buckets = 0; buckets < S_LOOK_BUCKETS && steps; buckets++) {
        store_t *store = storage_next_store (self, &self->look, &steps);
        if (!store)
            return;
        s_look_t look = { &self->census->big, store, ((map_t *) store->map)->number };
        self->look_position = index_visit (&store->index, self->look_position, s_look_one, &look);
        if (self->look_position >= INDEX_END) {
            self->look_position = 0;
            self->look.partition++;
        }
    }
}
