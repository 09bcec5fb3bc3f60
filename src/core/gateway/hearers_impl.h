//  hearers_impl: what the files of hearers share. For hearers*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HEARERS_IMPL_H_INCLUDED
#define HEARERS_IMPL_H_INCLUDED

#include "hearers.h"

//  One connection and one entry.
typedef struct wish {
    struct wish *next_in_bucket;
    struct wish *next, *before;   // Of the connection, of one kind, in the order in which they came
    struct wish *sibling, *elder; // Of the entry
    hearer_t *of;
    struct entry *entry;
    uint64_t round; // It hears nothing before this one is answered
} wish_t;

//  A channel or a pattern that somebody wants, or that the pubsub actor has yet to be told that nobody does.
typedef struct entry {
    struct entry *next; // In the bucket
    struct entry *next_changed;
    struct entry *next_noted, *before_noted; // Patterns that changes of keys are compared with
    uint64_t hash;
    wish_t *wishes;
    uint32_t count, told;
    bool changed;
    uint8_t kind; // hear_t
    uint8_t size;
    uint8_t name[];
} entry_t;

struct hearer {
    hearers_t *hearers;
    void *owner;
    wish_t *first[HEAR_KINDS], *last[HEAR_KINDS];
    uint32_t counts[HEAR_KINDS];
    bool waits;
    uint64_t round; // That it waits for
    void *waiter;
    hearer_t *next_waiting;
};

struct hearers {
    hearers_config_t config;
    hearers_port_t port;
    hash_secret_t secret;
    entry_t **entries;
    size_t entries_room, entries_count;
    wish_t **wishes;
    size_t wishes_room;
    entry_t *changed;
    entry_t *noted;
    uint32_t *notes; // Of each database: channels and patterns that want its changes
    buf_t note_key, note_name;
    hearer_t *waiting, *last_waiting;
    uint64_t asked, answered; // Rounds; one at a time is under way
    uint64_t wanted;          // The one that somebody waits for, or a new wish
    uint64_t asked_at;
    uint64_t serial; // Tells tokens of this gateway from others'
    hearers_stats_t stats;
};

static inline bytes_t
hearers_name (const entry_t *entry)
{
    return bytes_of (entry->name, entry->size);
}

//  NULL: nobody wants it.
entry_t *
    hearers_find (const hearers_t *self, hear_t kind, bytes_t name);

//  The token of the round that is under way.
bytes_t
    hearers_token (const hearers_t *self, char *text, size_t room);
//  It has been answered.
void
    hearers_answered (hearers_t *self);

//  hearers_hear.c

//  A channel or pattern is wanted now, or not any more: perhaps for changes of keys.
void
    hearers_note (hearers_t *self, entry_t *entry, bool on);

#endif
