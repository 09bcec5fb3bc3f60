//  cut: see cut.h.
//  SPDX-License-Identifier: MPL-2.0
#include "cut.h"

#include <stdlib.h>

#include "chunk.h"

void
cut_begin (cut_t *self, uint64_t base, size_t most)
{
    *self = (cut_t) { .base = base, .most = most };
}

void
cut_end (cut_t *self)
{
    buf_clear (&self->large);
    buf_clear (&self->items);
}

void
cut_forget_large (cut_t *self)
{
    if (self->large_at < self->large.size)
        return;
    buf_clear (&self->large);
    self->large_at = 0;
    self->large_waits = false;
}

uint64_t
cut_estimate (storage_t *storage, const partition_t *part)
{
    uint32_t local = (uint32_t) (part - storage->partitions);
    uint64_t bytes = part->sessions.bytes + part->locks.bytes;
    for (uint32_t number = 0;; number++) {
        map_t *map = map_numbered (storage, number);
        if (!map)
            return bytes;
        const store_t *store = map_store (map, local);
        if (store)
            bytes += store->data_bytes + store_entries (store) * CHUNK_ENTRY_HEAD + store->expiring * 8;
    }
}

//  ------------------------------------------------------------------------------------------------
//  Entries of one bucket

typedef struct {
    cut_t *cut;
    buf_t *out;
    size_t full;        // Of out: more does not go in
    uint64_t low, last; // Hashes, both included
    uint64_t now;
    const ages_t *ages;
    uint64_t entries;
    bool overflows;
    bool made_large;
} s_visit_t;

static void
s_describe (const s_visit_t *visit, const entry_t *entry, chunk_entry_t *item)
{
    uint64_t deadline = entry_deadline (entry);
    entry_parts (entry, &item->key, &item->value);
    item->version = entry_version (entry);
    //  One that is over is removed by the primary's effect, not by the copy's clock: it lives on a little
    item->left = deadline == 0 ? 0 : deadline > visit->now ? deadline - visit->now : 1;
    item->age = (uint32_t) (ages_since (visit->ages, entry_access (entry)) >> AGES_TICK_SHIFT);
}

//  What is newer than the beginning goes to the learner by the log.
static bool
s_is_meant (const s_visit_t *visit, const entry_t *entry, uint64_t hash)
{
    return hash >= visit->low && hash <= visit->last && entry_version (entry) <= visit->cut->base;
}

static void
s_visit_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_visit_t *visit = arg;
    (void) slot;
    if (visit->overflows || !s_is_meant (visit, entry, hash))
        return;
    chunk_entry_t item;
    s_describe (visit, entry, &item);
    visit->overflows = visit->out->size + chunk_entry_size (&item) > visit->full;
    if (visit->overflows)
        return;
    chunk_add_entry (visit->out, &item);
    visit->entries++;
}

//  A bucket whose entries do not go into one piece: by hash, one after the other.

typedef struct {
    uint64_t hash;
    const entry_t *entry;
} s_item_t;

static void
s_collect_one (void *arg, slot_t *slot, entry_t *entry, uint64_t hash)
{
    s_visit_t *visit = arg;
    s_item_t item = { hash, entry };
    (void) slot;
    if (s_is_meant (visit, entry, hash))
        buf_add (&visit->cut->items, &item, sizeof item);
}

static int
s_by_hash (const void *a, const void *b)
{
    uint64_t left = ((const s_item_t *) a)->hash, right = ((const s_item_t *) b)->hash;
    return left < right ? -1 : left > right;
}

//  Entries of one hash stay together. Adds as many groups as go in, and of the first one, if that is too
//  large, all of it to cut->large. Returns the last hash that was added; *any: whether one was.
static uint64_t
s_add_items (s_visit_t *visit, const chunk_map_t *map, bool *any)
{
    cut_t *cut = visit->cut;
    const s_item_t *items = (const s_item_t *) (const void *) cut->items.data;
    size_t count = cut->items.size / sizeof *items;
    uint64_t last = 0;
    *any = false;
    for (size_t at = 0, next; at < count; at = next) {
        chunk_entry_t item;
        size_t size = 0;
        for (next = at; next < count && items[next].hash == items[at].hash; next++) {
            s_describe (visit, items[next].entry, &item);
            size += chunk_entry_size (&item);
        }
        buf_t *out = visit->out;
        if (out->size + size > visit->full) {
            if (*any || cut->large.size)
                break;
            out = &cut->large;
            visit->made_large = true;
            buf_reserve (out, CHUNK_MAP_HEAD + map->name.size + size); // All at once, it may be much
            chunk_add_map (out, map);
        }
        for (size_t i = at; i < next; i++) {
            s_describe (visit, items[i].entry, &item);
            chunk_add_entry (out, &item);
            visit->entries++;
        }
        last = items[at].hash;
        *any = true;
        if (visit->made_large)
            break;
    }
    return last;
}

//  Returns where to go on; *any: whether there was anything to read. cut->large: the first of it goes
//  there. Neither: it has to wait for the large one before it.
static uint64_t
s_split_bucket (s_visit_t *visit, store_t *store, const chunk_map_t *map, bool *any)
{
    cut_t *cut = visit->cut;
    buf_reset (&cut->items);
    index_visit (&store->index, visit->low >> 32, s_collect_one, visit);
    if (cut->items.failed) {
        visit->out->failed = true;
        return visit->low;
    }
    size_t count = cut->items.size / sizeof (s_item_t);
    if (count)
        qsort (cut->items.data, count, sizeof (s_item_t), s_by_hash);
    uint64_t last = s_add_items (visit, map, any);
    return *any ? last + 1 : visit->low; // Behind the last of all hashes: 0
}

//  ------------------------------------------------------------------------------------------------
//  Entries of one map

//  Reads on from place->hash until out is full, or the map ends: then place->hash is 0. True if there is
//  more of it.
static bool
s_read_map (s_visit_t *visit, store_t *store, const chunk_map_t *map, cut_place_t *place)
{
    buf_t *out = visit->out;
    visit->low = place->hash;
    while (visit->low <= visit->last) {
        size_t before = out->size;
        uint64_t entries = visit->entries;
        visit->overflows = false;
        uint64_t next = index_visit (&store->index, visit->low >> 32, s_visit_one, visit);
        if (visit->overflows) {
            out->size = before;
            visit->entries = entries;
            bool any = false;
            if (entries == 0) { // Else this bucket comes first in the next piece
                visit->low = s_split_bucket (visit, store, map, &any);
                visit->cut->large_waits = !any;
            }
            place->hash = visit->low;
            return !any || visit->low != 0;
        }
        if (next == INDEX_END)
            break;
        visit->low = next << 32;
    }
    place->hash = 0;
    return false;
}

static bool
s_is_behind (const cut_place_t *place, const cut_place_t *end)
{
    return end && (place->map > end->map || (place->map == end->map && place->hash >= end->hash));
}

//  Up to `end`, if it is given.
static void
s_read (storage_t *storage, const partition_t *part, cut_place_t *place, const cut_place_t *end,
        s_visit_t *visit)
{
    uint32_t local = (uint32_t) (part - storage->partitions);
    buf_t *out = visit->out;
    for (bool more = false; !more && !out->failed && !visit->made_large; place->map += !more) {
        map_t *map = map_numbered (storage, place->map);
        if (!map || s_is_behind (place, end))
            return;
        store_t *store = map_store (map, local);
        if (!store || store_entries (store) == 0) {
            place->hash = 0;
            continue;
        }
        chunk_map_t item = { map_name (map), store_entries (store) };
        size_t before = out->size;
        if (visit->entries && before + CHUNK_MAP_HEAD + item.name.size >= visit->full)
            return;
        chunk_add_map (out, &item);
        size_t begin = out->size;
        visit->last = end && end->map == place->map ? end->hash - 1 : UINT64_MAX;
        more = s_read_map (visit, store, &item, place);
        if (out->size == begin)
            out->size = before; // Nothing of it
        if (end && end->map == place->map)
            return;
    }
}

//  ------------------------------------------------------------------------------------------------
//  Pieces

static bool
s_cut_entries (cut_t *self, storage_t *storage, partition_t *part, buf_t *out, cut_piece_t *piece,
               uint64_t now)
{
    size_t begin = out->size;
    s_visit_t visit = {
        .cut = self, .out = out, .full = begin + self->most, .now = now, .ages = &storage->ages
    };
    *piece = (cut_piece_t) { .kind = CUT_ENTRIES, .from = self->place, .to = self->place };
    self->large_waits = false;
    s_read (storage, part, &piece->to, NULL, &visit);
    if (out->failed || self->large.failed)
        return false;
    self->place = piece->to;
    self->entries += visit.entries;
    if (out->size == begin && !visit.made_large && !self->large_waits)
        self->stage = CUT_AT_LOCKS;
    return out->size > begin;
}

static void
s_cut_large (cut_t *self, const partition_t *part, buf_t *out, cut_piece_t *piece)
{
    size_t left = self->large.size - self->large_at;
    size_t size = left < self->most ? left : self->most;
    *piece = (cut_piece_t) { .kind = CUT_LARGE,
                             .flags = (size < left ? CHUNK_MORE : 0)
                                      | (self->stage == CUT_AT_LOCKS ? CHUNK_LOCKS : 0),
                             .begin = self->large_at,
                             .end = self->large_at + size };
    buf_add (out, self->large.data + piece->begin, size);
    if (out->failed)
        return;
    self->large_at = piece->end;
    if (self->stage == CUT_AT_LOCKS && size == left) {
        self->stage = CUT_AT_SESSIONS;
        self->shuffles = part->sessions.shuffles;
    }
}

//  All locks as they are now: they are not many, and what waits for one has to be seen as a whole. They
//  are kept until the learner has them, as a large entry is, and wait for one that is on its way.
static void
s_load_locks (cut_t *self, const partition_t *part, uint64_t now)
{
    const locks_t none = { .count = 0 };
    if (self->large.size == 0)
        locks_encode (LEFT_OUT (locks_move) ? &none : &part->locks, part->sequence, now, &self->large);
    else if (self->large_at == self->large.size)
        self->large_waits = true;
}

//  Consistency 9, rule 3: sessions come at the end.
static void
s_cut_sessions (cut_t *self, const partition_t *part, buf_t *out, cut_piece_t *piece)
{
    if (self->shuffles != part->sessions.shuffles) {
        self->sessions_at = 0;
        self->shuffles = part->sessions.shuffles;
    }
    *piece = (cut_piece_t) {
        .kind = CUT_SESSIONS, .flags = CHUNK_SESSIONS, .first = self->sessions_at, .shuffles = self->shuffles
    };
    if (LEFT_OUT (sessions_move))
        sessions_encode (&(sessions_t) { .floor = part->sessions.floor }, 0, 0, 1, out);
    else
        piece->next = sessions_encode (&part->sessions, piece->first, 0, self->most, out);
    if (out->failed)
        return;
    self->sessions_at = piece->next;
    if (piece->next == 0)
        self->stage = CUT_AT_LAST;
}

//  The last piece is on its way only when all others have arrived: sessions change their places, and pieces
//  of before and after that, put together, would not be all of them.
static void
s_cut_last (cut_t *self, const partition_t *part, buf_t *out, cut_piece_t *piece)
{
    *piece = (cut_piece_t) { .kind = CUT_LAST, .flags = CHUNK_SESSIONS | CHUNK_LAST };
    sessions_encode (&(sessions_t) { .floor = part->sessions.floor }, 0, 0, 1, out);
    if (!out->failed)
        self->stage = CUT_AT_END;
}

bool
cut_next (cut_t *self, storage_t *storage, partition_t *part, buf_t *out, cut_piece_t *piece, bool all_there,
          uint64_t now)
{
    size_t begin = out->size;
    self->upto = part->sequence;
    if (self->large_at == self->large.size && self->stage == CUT_AT_ENTRIES)
        s_cut_entries (self, storage, part, out, piece, now);
    if (self->stage == CUT_AT_LOCKS && !out->failed && out->size == begin)
        s_load_locks (self, part, now);
    if (self->large.failed) {
        buf_clear (&self->large);
        out->failed = true;
    }
    if (!out->failed && out->size == begin && self->large_at < self->large.size)
        s_cut_large (self, part, out, piece);
    else if (!out->failed && out->size == begin && self->stage == CUT_AT_SESSIONS)
        s_cut_sessions (self, part, out, piece);
    else if (!out->failed && self->stage == CUT_AT_LAST && all_there)
        s_cut_last (self, part, out, piece);
    piece->bytes = out->size - begin;
    return !out->failed && out->size > begin;
}

void
cut_again (cut_t *self, storage_t *storage, partition_t *part, buf_t *out, const cut_piece_t *piece,
           uint64_t now)
{
    s_visit_t visit = { .cut = self, .out = out, .full = SIZE_MAX, .now = now, .ages = &storage->ages };
    cut_place_t place = piece->from;
    self->upto = part->sequence;
    if (piece->kind == CUT_ENTRIES)
        s_read (storage, part, &place, &piece->to, &visit);
    else if (piece->kind == CUT_LARGE)
        buf_add (out, self->large.data + piece->begin, piece->end - piece->begin);
    else if (piece->kind == CUT_SESSIONS && piece->shuffles == part->sessions.shuffles)
        sessions_encode (&part->sessions, piece->first, piece->next, SIZE_MAX, out);
    else
        sessions_encode (&(sessions_t) { .floor = part->sessions.floor }, 0, 0, 1, out);
    //  They have changed their places: all of them come again behind this piece
    if (piece->kind == CUT_SESSIONS && piece->shuffles != part->sessions.shuffles) {
        self->stage = CUT_AT_SESSIONS;
        self->sessions_at = 0;
    }
}
