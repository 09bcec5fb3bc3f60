//  index_visit: the entries of an index, one after the other; see index.h.
//  SPDX-License-Identifier: MPL-2.0
#include "index_impl.h"

#define S_AHEAD 2 // Buckets

//  The buckets after this one, in the order of visits, lie somewhere else, and so do their entries: lets
//  them come.
static void
s_visit_ahead (const table_t *table, uint32_t rank)
{
    if (rank + 2 * S_AHEAD >= table->buckets)
        return;
    uint32_t far = index_in_home ((uint32_t) index_in_first_position (rank + 2 * S_AHEAD, table), table);
    __builtin_prefetch (table->slots + (size_t) far * INDEX_BUCKET);
    uint32_t near = index_in_home ((uint32_t) index_in_first_position (rank + S_AHEAD, table), table);
    const slot_t *slots = table->slots + (size_t) near * INDEX_BUCKET;
    for (int at = 0; at < INDEX_BUCKET; at++) {
        const char *entry = (const char *) index_entry (index_in_load (&slots[at]));
        __builtin_prefetch (entry); // Asks for nothing if there is none
        __builtin_prefetch (entry + INDEX_LINE);
        __builtin_prefetch (entry + 2 * INDEX_LINE);
    }
}

//  Visits the entries of one table whose position is in [low, high), which lie in one home bucket.
static void
s_visit_range (index_t *self, table_t *table, uint64_t low, uint64_t high, index_visit_fn *visit, void *arg)
{
    uint32_t bucket = index_in_home ((uint32_t) low, table);
    for (uint32_t walked = 0; walked < table->buckets; walked++) {
        slot_t *slots = table->slots + (size_t) bucket * INDEX_BUCKET;
        bool ends = false;
        for (int at = 0; at < INDEX_BUCKET; at++) {
            uint64_t slot = index_in_load (&slots[at]);
            if (slot == 0)
                ends = true;
            if (!index_is_entry (slot))
                continue;
            uint64_t hash = hash_key (self->secret, entry_key (index_entry (slot)));
            if (index_position (hash) >= low && index_position (hash) < high)
                visit (arg, &slots[at], index_entry (slot), hash);
        }
        if (ends)
            break;
        if (++bucket == table->buckets)
            bucket = 0;
    }
}

uint64_t
index_visit (index_t *self, uint64_t position, index_visit_fn *visit, void *arg)
{
    if (position >= INDEX_END || !index_in_table (self))
        return INDEX_END;
    table_t *table = index_in_table_for (self, (uint32_t) position);
    uint64_t high = index_in_first_position ((uint64_t) index_in_rank ((uint32_t) position, table) + 1,
                                             table);
    table_t *old = index_in_old (self);
    if (old && table != old) {
        uint64_t border = index_in_first_position (index_in_moved (self), old);
        if (border > position && border < high)
            high = border; // What lies behind is still in the old table
    }
    s_visit_ahead (table, index_in_rank ((uint32_t) position, table));
    s_visit_range (self, table, position, high, visit, arg);
    return high;
}

//  Walks both tables in the order of memory; codes NULL: every entry.
static uint64_t
s_walk (index_t *self, uint64_t from, uint32_t count, const index_codes_t *codes, index_sweep_fn *visit,
        void *arg)
{
    table_t *tables[] = { index_in_old (self), index_in_table (self) };
    uint64_t place = from;
    uint64_t base = 0;
    for (int which = 0; which < 2; which++) {
        table_t *table = tables[which];
        uint64_t buckets = table ? table->buckets : 0;
        for (; place < base + buckets; place++) {
            if (count-- == 0)
                return place;
            slot_t *slots = table->slots + (size_t) (place - base) * INDEX_BUCKET;
            for (int at = 0; at < INDEX_BUCKET; at++) {
                uint64_t slot = index_in_load (&slots[at]);
                unsigned code = (unsigned) (slot >> 56);
                if (codes && (code == 0 || (code - 1 + 255 - codes->first) % 255 > codes->span))
                    continue;
                if (index_is_entry (slot))
                    visit (arg, &slots[at], index_entry (slot));
            }
        }
        base += buckets;
    }
    return 0;
}

uint64_t
index_sweep (index_t *self, uint64_t from, uint32_t count, index_codes_t codes, index_sweep_fn *visit,
             void *arg)
{
    return s_walk (self, from, count, &codes, visit, arg);
}

uint64_t
index_each (index_t *self, uint64_t from, uint32_t count, index_sweep_fn *visit, void *arg)
{
    return s_walk (self, from, count, NULL, visit, arg);
}

static bool
s_inside (const table_t *table, const slot_t *slot)
{
    return table && slot >= table->slots && slot < table->slots + (size_t) table->buckets * INDEX_BUCKET;
}

bool
index_holds (const index_t *self, const slot_t *slot, const entry_t *entry)
{
    if (!s_inside (index_in_table (self), slot) && !s_inside (index_in_old (self), slot))
        return false;
    uint64_t content = index_in_load (slot);
    return index_is_entry (content) && index_entry (content) == entry;
}

slot_t *
index_find_marked (const index_t *self, uint64_t hash, uint32_t marks)
{
    table_t *table = index_in_table_for (self, index_position (hash));
    uint32_t bucket = table ? index_in_home (index_position (hash), table) : 0;
    for (uint32_t walked = 0; table && walked < table->buckets; walked++) {
        slot_t *slots = table->slots + (size_t) bucket * INDEX_BUCKET;
        bool ends = false;
        for (int at = 0; at < INDEX_BUCKET; at++) {
            uint64_t slot = index_in_load (&slots[at]);
            ends = ends || slot == 0;
            if (((slot >> 48) & 0xff) != (hash & 0xff) || !index_is_entry (slot))
                continue;
            const entry_t *entry = index_entry (slot);
            if ((entry_marks (entry) & marks) && hash_key (self->secret, entry_key (entry)) == hash)
                return &slots[at];
        }
        if (ends)
            return NULL;
        if (++bucket == table->buckets)
            bucket = 0;
    }
    return NULL;
}
