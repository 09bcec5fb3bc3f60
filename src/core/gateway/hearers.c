//  hearers: see hearers.h. A table of what is wanted, and a table of pairs: who wants what.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "hearers_impl.h"

#define S_BUCKETS 256 // At first

hearers_t *
hearers_new (const hearers_config_t *config, const hearers_port_t *port)
{
    hearers_t *self = mem_alloc_zero (1, sizeof (hearers_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->port = *port;
    hash_secret (&self->secret, config->seed);
    self->serial = hash_key (&self->secret, bytes_str ("rounds"));
    self->entries_room = self->wishes_room = S_BUCKETS;
    self->entries = mem_alloc_zero (S_BUCKETS, sizeof (entry_t *));
    self->wishes = mem_alloc_zero (S_BUCKETS, sizeof (wish_t *));
    self->notes = mem_alloc_zero ((size_t) config->databases + 1, sizeof (uint32_t));
    if (!self->entries || !self->wishes || !self->notes)
        hearers_destroy (&self);
    return self;
}

void
hearers_destroy (hearers_t **self_p)
{
    hearers_t *self = *self_p;
    if (!self)
        return;
    for (size_t at = 0; self->entries && at < self->entries_room; at++)
        while (self->entries[at]) {
            entry_t *entry = self->entries[at];
            self->entries[at] = entry->next;
            mem_free (entry);
        }
    mem_free (self->entries);
    mem_free (self->wishes);
    mem_free (self->notes);
    buf_clear (&self->note_key);
    buf_clear (&self->note_name);
    mem_free (self);
    *self_p = NULL;
}

const hearers_stats_t *
hearers_stats (const hearers_t *self)
{
    return &self->stats;
}

//  ------------------------------------------------------------------------------------------------
//  What is wanted

static uint64_t
s_hash (const hearers_t *self, hear_t kind, bytes_t name)
{
    return hash_key (&self->secret, name) + (uint64_t) kind * UINT64_C (0x9e3779b97f4a7c15);
}

static entry_t **
s_place (const hearers_t *self, uint64_t hash, hear_t kind, bytes_t name)
{
    entry_t **place = &self->entries[hash & (self->entries_room - 1)];
    while (
        *place
        && ((*place)->hash != hash || (*place)->kind != kind || !bytes_equal (hearers_name (*place), name)))
        place = &(*place)->next;
    return place;
}

entry_t *
hearers_find (const hearers_t *self, hear_t kind, bytes_t name)
{
    return *s_place (self, s_hash (self, kind, name), kind, name);
}

//  Without memory the chains get longer.
static void
s_grow_entries (hearers_t *self)
{
    size_t room = self->entries_room * 2;
    entry_t **entries = mem_alloc_zero (room, sizeof (entry_t *));
    if (!entries)
        return;
    for (size_t at = 0; at < self->entries_room; at++)
        while (self->entries[at]) {
            entry_t *entry = self->entries[at];
            self->entries[at] = entry->next;
            entry->next = entries[entry->hash & (room - 1)];
            entries[entry->hash & (room - 1)] = entry;
        }
    mem_free (self->entries);
    self->entries = entries;
    self->entries_room = room;
}

static entry_t *
s_add_entry (hearers_t *self, hear_t kind, bytes_t name)
{
    if (self->entries_count >= self->entries_room)
        s_grow_entries (self);
    entry_t *entry = mem_alloc_zero (1, sizeof (entry_t) + name.size);
    if (!entry)
        return NULL;
    entry->hash = s_hash (self, kind, name);
    entry->kind = (uint8_t) kind;
    entry->size = (uint8_t) name.size;
    memcpy (entry->name, name.data, name.size);
    entry->next = self->entries[entry->hash & (self->entries_room - 1)];
    self->entries[entry->hash & (self->entries_room - 1)] = entry;
    self->entries_count++;
    return entry;
}

static void
s_remove_entry (hearers_t *self, entry_t *entry)
{
    entry_t **place = s_place (self, entry->hash, (hear_t) entry->kind, hearers_name (entry));
    *place = entry->next;
    self->entries_count--;
    mem_free (entry);
}

//  Somebody wants it, or nobody any more.
static void
s_charge (hearers_t *self, entry_t *entry, bool on)
{
    uint64_t cost = entry->kind == HEAR_PATTERN ? topic_cost (hearers_name (entry)) : 0;
    self->stats.names += on ? entry->size : -(uint64_t) entry->size;
    self->stats.costs += on ? cost : -cost;
    hearers_note (self, entry, on);
}

static void
s_changed (hearers_t *self, entry_t *entry)
{
    if (entry->changed)
        return;
    entry->changed = true;
    entry->next_changed = self->changed;
    self->changed = entry;
}

//  ------------------------------------------------------------------------------------------------
//  Who wants what

static size_t
s_pair (const hearer_t *of, const entry_t *entry)
{
    uint64_t hash = ((uint64_t) (uintptr_t) of ^ entry->hash) * UINT64_C (0x9e3779b97f4a7c15);
    return (size_t) (hash ^ hash >> 32);
}

static wish_t **
s_wish (const hearers_t *self, const hearer_t *of, const entry_t *entry)
{
    wish_t **place = &self->wishes[s_pair (of, entry) & (self->wishes_room - 1)];
    while (*place && ((*place)->of != of || (*place)->entry != entry))
        place = &(*place)->next_in_bucket;
    return place;
}

static void
s_grow_wishes (hearers_t *self)
{
    size_t room = self->wishes_room * 2;
    wish_t **wishes = mem_alloc_zero (room, sizeof (wish_t *));
    if (!wishes)
        return;
    for (size_t at = 0; at < self->wishes_room; at++)
        while (self->wishes[at]) {
            wish_t *wish = self->wishes[at];
            wish_t **bucket = &wishes[s_pair (wish->of, wish->entry) & (room - 1)];
            self->wishes[at] = wish->next_in_bucket;
            wish->next_in_bucket = *bucket;
            *bucket = wish;
        }
    mem_free (self->wishes);
    self->wishes = wishes;
    self->wishes_room = room;
}

static void
s_link (hearers_t *self, wish_t *wish)
{
    hearer_t *of = wish->of;
    entry_t *entry = wish->entry;
    wish_t **bucket = s_wish (self, of, entry);
    *bucket = wish;
    wish->before = of->last[entry->kind];
    *(wish->before ? &wish->before->next : &of->first[entry->kind]) = wish;
    of->last[entry->kind] = wish;
    of->counts[entry->kind]++;
    wish->sibling = entry->wishes;
    if (wish->sibling)
        wish->sibling->elder = wish;
    entry->wishes = wish;
    self->stats.subscriptions++;
    if (entry->count++ == 0)
        s_charge (self, entry, true);
    s_changed (self, entry);
}

static void
s_unlink (hearers_t *self, wish_t *wish)
{
    hearer_t *of = wish->of;
    entry_t *entry = wish->entry;
    *s_wish (self, of, entry) = wish->next_in_bucket;
    *(wish->before ? &wish->before->next : &of->first[entry->kind]) = wish->next;
    *(wish->next ? &wish->next->before : &of->last[entry->kind]) = wish->before;
    of->counts[entry->kind]--;
    *(wish->elder ? &wish->elder->sibling : &entry->wishes) = wish->sibling;
    if (wish->sibling)
        wish->sibling->elder = wish->elder;
    self->stats.subscriptions--;
    if (--entry->count == 0)
        s_charge (self, entry, false);
    s_changed (self, entry);
    mem_free (wish);
}

hearer_t *
hearer_new (hearers_t *hearers, void *owner)
{
    hearer_t *self = mem_alloc_zero (1, sizeof (hearer_t));
    if (!self)
        return NULL;
    self->hearers = hearers;
    self->owner = owner;
    return self;
}

static void
s_wait_no_more (hearer_t *self)
{
    hearers_t *hearers = self->hearers;
    hearer_t *before = NULL, *at = hearers->waiting;
    while (at && at != self) {
        before = at;
        at = at->next_waiting;
    }
    if (!at)
        return;
    *(before ? &before->next_waiting : &hearers->waiting) = self->next_waiting;
    if (hearers->last_waiting == self)
        hearers->last_waiting = before;
    self->waits = false;
}

void
hearer_destroy (hearer_t **self_p)
{
    hearer_t *self = *self_p;
    if (!self)
        return;
    for (int kind = 0; kind < HEAR_KINDS; kind++)
        hearer_trim (self, (hear_t) kind, 0);
    if (self->waits)
        s_wait_no_more (self);
    mem_free (self);
    *self_p = NULL;
}

bool
hearers_name_valid (hear_t kind, bytes_t name)
{
    if (!topic_name_valid (name))
        return false;
    return kind == HEAR_SHARD ? name.size < TOPIC_NAME_MAX : name.data[0] != HEARERS_SHARD;
}

hearer_result_t
hearer_add (hearer_t *self, hear_t kind, bytes_t name)
{
    hearers_t *hearers = self->hearers;
    const hearers_stats_t *stats = &hearers->stats;
    if (!hearers_name_valid (kind, name))
        return HEARER_INVALID;
    entry_t *entry = hearers_find (hearers, kind, name);
    if (entry && *s_wish (hearers, self, entry))
        return HEARER_OK;
    uint64_t mine = 0;
    for (int at = 0; at < HEAR_KINDS; at++)
        mine += self->counts[at];
    bool fresh = !entry || entry->count == 0;
    if (mine >= hearers->config.subscriptions_max || stats->subscriptions >= HEARERS_MAX
        || (fresh && stats->names + name.size > hearers->config.names_max)
        || (fresh && kind == HEAR_PATTERN && stats->costs + topic_cost (name) > HEARERS_COSTS_MAX))
        return HEARER_EXCESS;
    if (stats->subscriptions >= hearers->wishes_room)
        s_grow_wishes (hearers);
    wish_t *wish = mem_alloc_zero (1, sizeof (wish_t));
    if (wish && !entry)
        entry = s_add_entry (hearers, kind, name);
    if (!wish || !entry) {
        mem_free (wish);
        return HEARER_NOMEM;
    }
    wish->of = self;
    wish->entry = entry;
    wish->round = hearers->wanted = hearers->asked + 1;
    s_link (hearers, wish);
    return HEARER_OK;
}

bool
hearer_remove (hearer_t *self, hear_t kind, bytes_t name)
{
    const entry_t *entry = topic_name_valid (name) ? hearers_find (self->hearers, kind, name) : NULL;
    wish_t *wish = entry ? *s_wish (self->hearers, self, entry) : NULL;
    if (wish)
        s_unlink (self->hearers, wish);
    return wish != NULL;
}

void
hearer_trim (hearer_t *self, hear_t kind, uint32_t count)
{
    while (self->counts[kind] > count)
        s_unlink (self->hearers, self->last[kind]);
}

uint32_t
hearer_count (const hearer_t *self, hear_t kind)
{
    return self ? self->counts[kind] : 0;
}

bool
hearer_listens (const hearer_t *self)
{
    return self && (self->first[HEAR_CHANNEL] || self->first[HEAR_PATTERN] || self->first[HEAR_SHARD]);
}

bytes_t
hearer_first (const hearer_t *self, hear_t kind)
{
    return self->first[kind] ? hearers_name (self->first[kind]->entry) : bytes_of (NULL, 0);
}

//  ------------------------------------------------------------------------------------------------
//  Rounds

bool
hearer_wait (hearer_t *self, void *waiter)
{
    hearers_t *hearers = self->hearers;
    if (!hearers->port.follow || self->waits)
        return false;
    self->waits = true;
    self->waiter = waiter;
    self->round = hearers->wanted = hearers->asked + 1;
    self->next_waiting = NULL;
    *(hearers->waiting ? &hearers->last_waiting->next_waiting : &hearers->waiting) = self;
    hearers->last_waiting = self;
    return true;
}

bytes_t
hearers_token (const hearers_t *self, char *text, size_t room)
{
    int size = snprintf (text, room, "sg%016llx%016llx", (unsigned long long) self->serial,
                         (unsigned long long) self->asked);
    return bytes_of (text, (size_t) size + 1);
}

//  Those who waited may wait again, for a later round.
void
hearers_answered (hearers_t *self)
{
    char text[40];
    self->port.follow (self->port.arg, hearers_token (self, text, sizeof text), false);
    self->answered = self->asked;
    while (self->waiting && self->waiting->round <= self->answered) {
        hearer_t *hearer = self->waiting;
        self->waiting = hearer->next_waiting;
        hearer->waits = false;
        self->port.settled (self->port.arg, hearer->owner, hearer->waiter);
    }
}

static void
s_ask (hearers_t *self, uint64_t now)
{
    char text[40];
    self->asked++;
    self->asked_at = now;
    self->port.follow (self->port.arg, hearers_token (self, text, sizeof text), true);
}

//  ------------------------------------------------------------------------------------------------
//  What the pubsub actor is told

//  Room for TOPIC_SIZE_MAX bytes.
static size_t
s_topic (const entry_t *entry, uint8_t *frame)
{
    if (entry->kind != HEAR_SHARD)
        return topic_write (entry->kind == HEAR_PATTERN ? TOPIC_PATTERN : TOPIC_CHANNEL, hearers_name (entry),
                            frame);
    uint8_t name[TOPIC_NAME_MAX] = { HEARERS_SHARD };
    memcpy (name + 1, entry->name, entry->size);
    return topic_write (TOPIC_CHANNEL, bytes_of (name, entry->size + 1u), frame);
}

static void
s_tell_count (const hearers_t *self, const entry_t *entry, uint32_t count, bool on)
{
    uint8_t frame[1 + TOPIC_SIZE_MAX + 12];
    frame[0] = 'n';
    size_t size = 1 + s_topic (entry, frame + 1);
    char digits[12];
    snprintf (digits, sizeof digits, "%u", count);
    memcpy (frame + size, digits, strlen (digits));
    self->port.follow (self->port.arg, bytes_of (frame, size + strlen (digits)), on);
}

//  One counts for itself. The new count is told before the old one is taken back.
static void
s_tell (const hearers_t *self, entry_t *entry)
{
    uint8_t frame[TOPIC_SIZE_MAX];
    size_t size = s_topic (entry, frame);
    if (entry->count && !entry->told)
        self->port.follow (self->port.arg, bytes_of (frame, size), true);
    if (entry->count > 1 && entry->count != entry->told)
        s_tell_count (self, entry, entry->count, true);
    if (entry->told > 1 && entry->count != entry->told)
        s_tell_count (self, entry, entry->told, false);
    if (!entry->count && entry->told)
        self->port.follow (self->port.arg, bytes_of (frame, size), false);
    entry->told = entry->count;
}

static void
s_tell_changes (hearers_t *self)
{
    while (self->changed) {
        entry_t *entry = self->changed;
        self->changed = entry->next_changed;
        entry->changed = false;
        if (self->port.follow)
            s_tell (self, entry);
        if (entry->count == 0)
            s_remove_entry (self, entry);
    }
}

uint64_t
hearers_turn (hearers_t *self, uint64_t now)
{
    s_tell_changes (self);
    if (!self->port.follow)
        return UINT64_MAX;
    if (self->asked != self->answered && now - self->asked_at >= HEARERS_ROUND_MS) {
        self->stats.late++;
        hearers_answered (self);
    }
    if (self->asked == self->answered && self->changed)
        s_tell_changes (self);
    if (self->asked == self->answered && self->wanted > self->asked)
        s_ask (self, now);
    return self->asked == self->answered ? UINT64_MAX : HEARERS_ROUND_MS - (now - self->asked_at);
}
