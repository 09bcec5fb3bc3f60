//  ap_record: what is known of one key, how two of them are compared, and how it ends.
//  SPDX-License-Identifier: MPL-2.0
#include "../wire.h"
#include "ap_impl.h"

#define RECORD_FIELDS 7

//  The finalizer of splitmix64 (Steele, Lea, Flood, 2014)
static uint64_t
s_mix (uint64_t word)
{
    word = (word ^ word >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
    word = (word ^ word >> 27) * UINT64_C (0x94d049bb133111eb);
    return word ^ word >> 31;
}

uint64_t
record_tie (const ap_t *self, const record_t *record)
{
    uint64_t tie = hash_key (&self->secret, record->value) + (record->flags & AP_DEAD);
    tie = s_mix (tie + record->base * UINT64_C (0x9e3779b97f4a7c15));
    return s_mix (tie + record->ends * UINT64_C (0xd6e8feb86659fd93));
}

uint64_t
record_digest (uint64_t hash, const record_t *record)
{
    return s_mix (s_mix (hash + record->version * UINT64_C (0x9e3779b97f4a7c15)) + record->tie);
}

//  When it may be forgotten, by the wall clock; UINT64_MAX: never as it stands.
static uint64_t
s_forget_at (const ap_t *self, const record_t *record)
{
    uint64_t from = hlc_wall (record->version);
    if (!(record->flags & (AP_DEAD | AP_OVER)))
        return UINT64_MAX;
    if ((record->flags & AP_OVER) && record->ends > from)
        from = record->ends;
    return from > UINT64_MAX - self->config.grace ? UINT64_MAX : from + self->config.grace;
}

bool
record_of (const entry_t *entry, record_t *record)
{
    bytes_t value = entry_value (entry);
    if (value.size < AP_HEAD)
        return false;
    record->version = entry_version (entry);
    record->flags = value.data[0];
    record->tie = bytes_load8 (value.data + 1);
    record->base = bytes_load8 (value.data + 9);
    record->ends = bytes_load8 (value.data + 17);
    record->value = bytes_of (value.data + AP_HEAD, value.size - AP_HEAD);
    return true;
}

//  A time of the wall clock by the boot clock, for a sweep that looks again when it has come.
static uint64_t
s_boot (const ap_t *self, uint64_t wall, uint64_t now)
{
    uint64_t present = ap_wall (self, now), left = wall > present ? wall - present : 1;
    return left > ENTRY_DEADLINE_MAX - now ? ENTRY_DEADLINE_MAX : now + left;
}

static uint64_t
s_deadline (const ap_t *self, const record_t *record, uint64_t now)
{
    uint64_t forget_at = s_forget_at (self, record);
    if (forget_at != UINT64_MAX)
        return s_boot (self, forget_at, now);
    return record->ends ? s_boot (self, record->ends, now) : 0;
}

//  What a record is to its share: its part of a digest, and whether it counts as an entry.
static void
s_account (share_t *share, uint64_t hash, const record_t *record, bool add)
{
    share->digests[ap_bucket (hash)] ^= record_digest (hash, record);
    if (!(record->flags & (AP_DEAD | AP_OVER)))
        share->live += add ? 1 : (uint64_t) -1;
}

bool
record_put (ap_t *self, share_t *share, place_t *place, const record_t *record, uint64_t now)
{
    uint8_t head[AP_HEAD];
    record_t before;
    bool had = place->entry && record_of (place->entry, &before);
    head[0] = record->flags;
    memcpy (head + 1, &record->tie, 8);
    memcpy (head + 9, &record->base, 8);
    memcpy (head + 17, &record->ends, 8);
    if (!store_set (share->store, place, bytes_of (head, sizeof head), record->value, record->version,
                    s_deadline (self, record, now), entry_clock (now)))
        return false;
    if (had)
        s_account (share, place->hash, &before, false);
    s_account (share, place->hash, record, true);
    return true;
}

static void
s_remove (ap_t *self, share_t *share, place_t *place)
{
    record_t record;
    (void) self;
    if (record_of (place->entry, &record))
        s_account (share, place->hash, &record, false);
    store_remove (share->store, place);
}

//  Keeps what has to be known of an entry whose time is over.
static void
s_end (record_t *record)
{
    record->flags |= AP_OVER;
    record->value = bytes_of (NULL, 0);
}

bool
record_expire (void *arg, store_t *store, place_t *place, uint64_t now)
{
    ap_t *self = arg;
    ap_map_t *map = store->map;
    share_t *share = map->shares[store->partition];
    record_t record;
    uint64_t wall = ap_wall (self, now);
    place->key = entry_key (place->entry);
    place->hash = hash_key (&self->secret, place->key);
    if (!record_of (place->entry, &record))
        return true;
    uint64_t forget_at = s_forget_at (self, &record);
    if (forget_at <= wall) {
        s_account (share, place->hash, &record, false);
        return true;
    }
    if (forget_at == UINT64_MAX && record.ends && record.ends <= wall) {
        s_end (&record);
        (void) record_put (self, share, place, &record, now); // Without memory: it is hidden anyway
    } else                                                    // The wall clock was set back
        store_set_deadline (store, place, record.version, s_deadline (self, &record, now));
    return false;
}

bool
record_fits (ap_t *self, const record_t *record, bytes_t key)
{
    if (self->config.memory_limit == 0)
        return true;
    uint64_t used = self->pool.used_bytes + self->pool.index_bytes;
    if (self->port.used)
        used += self->port.used (self->port.arg);
    return used + entry_size_for (key.size, AP_HEAD + record->value.size) <= self->config.memory_limit;
}

//  ------------------------------------------------------------------------------------------------
//  From elsewhere

static bool
s_greater (const record_t *a, const record_t *b)
{
    return a->version > b->version || (a->version == b->version && a->tie > b->tie);
}

//  Whether dropping one record for another is a loss: who wrote the other one had not seen it, and it was
//  to be seen.
static bool
s_is_loss (const record_t *dropped, const record_t *kept, uint64_t wall)
{
    bool over = !(dropped->flags & AP_DEAD) && !record_alive (dropped, wall);
    return !over && kept->base < dropped->version;
}

//  False: from too far in the future.
static bool
s_receive (ap_t *self, record_t *record, uint64_t wall)
{
    bool good = hlc_see (&self->clock, record->version, wall, self->config.ahead);
    self->stats.refused += !good;
    if (!(record->flags & AP_OVER))
        record->tie = record_tie (self, record);
    return good;
}

merge_t
record_merge (ap_t *self, share_t *share, bytes_t key, uint64_t hash, record_t *record, uint64_t now)
{
    uint64_t wall = ap_wall (self, now);
    if (!s_receive (self, record, wall))
        return MERGE_REFUSED;
    place_t place = store_find (share->store, hash, key);
    record_t present;
    bool has = place.entry && record_of (place.entry, &present);
    if (has && !s_greater (record, &present)) { // Known already, or older
        bool loses = s_greater (&present, record) && s_is_loss (record, &present, wall);
        *record = present;
        return loses ? MERGE_LOSES : MERGE_KNOWN;
    }
    if (!(record->flags & (AP_DEAD | AP_OVER)) && !record_alive (record, wall))
        s_end (record);
    if (s_forget_at (self, record) <= wall) {
        if (has)
            s_remove (self, share, &place);
        return MERGE_KNOWN;
    }
    bool lost = has && s_is_loss (&present, record, wall); // `present` is gone afterwards
    if (!record_fits (self, record, key) || !record_put (self, share, &place, record, now)) {
        self->stats.refused++;
        return MERGE_REFUSED;
    }
    self->stats.lost += lost;
    self->stats.merged++;
    return MERGE_KNOWN;
}

void
record_yield (ap_t *self, share_t *share, bytes_t key, uint64_t hash, record_t *record, uint64_t now)
{
    uint64_t wall = ap_wall (self, now);
    place_t place = store_find (share->store, hash, key);
    record_t present;
    if (!s_receive (self, record, wall) || !place.entry || !record_of (place.entry, &present)
        || !s_greater (record, &present))
        return;
    self->stats.lost += s_is_loss (&present, record, wall);
    s_remove (self, share, &place);
}

void
record_encode (buf_t *out, bytes_t key, const record_t *record)
{
    wire_add_array (out, RECORD_FIELDS);
    wire_add_bytes (out, key);
    wire_add_uint (out, record->version);
    wire_add_uint (out, record->flags);
    wire_add_uint (out, record->tie);
    wire_add_uint (out, record->base);
    wire_add_uint (out, record->ends);
    wire_add_bytes (out, record->value);
}

bool
record_decode (mp_t *reader, bytes_t *key, record_t *record)
{
    uint32_t count;
    uint64_t flags;
    if (!mp_array (reader, &count) || count != RECORD_FIELDS || !mp_bytes (reader, key)
        || !mp_uint (reader, &record->version) || !mp_uint (reader, &flags) || !mp_uint (reader, &record->tie)
        || !mp_uint (reader, &record->base) || !mp_uint (reader, &record->ends)
        || !mp_bytes (reader, &record->value))
        return false;
    record->flags = (uint8_t) flags;
    return flags <= AP_OVER && (flags == 0 || record->value.size == 0) && (flags != AP_OVER || record->ends)
           && record->version != 0 && record->base < record->version;
}
