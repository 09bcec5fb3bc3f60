//  lines_maps: settings of a map, changed while it is in use.
//  SPDX-License-Identifier: MPL-2.0
#include <poll.h>

#include "conformance.h"

#define S_KEYS 40
#define S_IDLE 1500      // Milliseconds
#define S_PATIENCE 30000 // Milliseconds until every member knows a setting, or has done what it says

//  ADMIN takes an array of words (MessagePack).
static int
s_admin (subject_t *self, const char *const *words, size_t count)
{
    uint8_t encoded[256];
    size_t size = 0;
    encoded[size++] = (uint8_t) (0x90 | count);
    for (size_t at = 0; at < count; at++) {
        size_t length = strlen (words[at]);
        EXPECT (self, count < 16 && size + 2 + length < sizeof encoded);
        encoded[size++] = 0xd9;
        encoded[size++] = (uint8_t) length;
        memcpy (encoded + size, words[at], length);
        size += length;
    }
    zgrid_bytes_t value = { encoded, size };
    uint64_t end = subject_now () + S_PATIENCE;
    for (;;) {
        int status = zgrid_client_call (self->client, "ADMIN", NULL, NULL, &value, NULL, NULL);
        bool again = status == ZGRID_MAYBE || status == ZGRID_TIMEOUT || status == ZGRID_UNAVAILABLE;
        //  No session covers it: while members go, it is asked for again, which changes nothing
        if (self->members || !again || subject_now () > end)
            return status;
    }
}

static void
s_set (subject_t *self, const char *setting, const char *value)
{
    const char *words[] = { "map", self->map, setting, value };
    EXPECT_INT (self, s_admin (self, words, 4), ZGRID_OK);
}

static void
s_reset (subject_t *self)
{
    const char *words[] = { "map", self->map, "reset" };
    EXPECT_INT (self, s_admin (self, words, 3), ZGRID_OK);
}

static int64_t
s_ttl (subject_t *self, zgrid_bytes_t key)
{
    int64_t ttl;
    EXPECT_INT (self, zgrid_client_ttl (self->other, self->map, key, &ttl), ZGRID_OK);
    return ttl;
}

//  Until entries that are put get a TTL: the member that owns the key knows the setting then.
static void
s_await_ttl (subject_t *self, zgrid_bytes_t key)
{
    uint64_t end = subject_now () + S_PATIENCE;
    do {
        EXPECT (self, subject_now () < end);
        EXPECT_INT (self, subject_put (self, key, "v"), ZGRID_OK);
    } while (s_ttl (self, key) < 0);
}

void
a_map_has_a_usual_ttl (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    EXPECT_INT (self, subject_put (self, key, "v"), ZGRID_OK);
    EXPECT_INT (self, s_ttl (self, key), -1);
    s_set (self, "ttl", "600000");
    s_await_ttl (self, key);
    EXPECT (self, s_ttl (self, key) > 300000 && s_ttl (self, key) <= 600000);
    options.ttl_ms = 5000000;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("v"), &options, NULL),
                ZGRID_OK);
    EXPECT (self, s_ttl (self, key) > 600000); // Its own
    EXPECT_INT (self, zgrid_client_del (self->client, self->map, key, NULL, NULL), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_incr (self->client, self->map, key, 1, NULL, NULL), ZGRID_OK);
    EXPECT (self, s_ttl (self, key) > 300000 && s_ttl (self, key) <= 600000);
    s_reset (self);
}

//  How many of the keys with even and odd numbers a scan finds, which uses none of them.
static void
s_count (subject_t *self, unsigned counts[2])
{
    zgrid_iterator_t *iterator = zgrid_iterator_new (self->other, self->map, NULL, false, 0);
    zgrid_bytes_t key;
    int status;
    counts[0] = counts[1] = 0;
    while ((status = zgrid_iterator_next (iterator, &key, NULL)) == ZGRID_OK)
        counts[((const char *) key.data)[0] == 'o']++;
    EXPECT_INT (self, status, ZGRID_NOTFOUND);
    zgrid_iterator_destroy (&iterator);
}

static zgrid_bytes_t
s_key (char *room, unsigned number)
{
    snprintf (room, 32, "%s-%u", number % 2 ? "odd" : "even", number);
    return zgrid_str (room);
}

//  Reads a key that is used all the time. It may be gone only if this process had no time for it.
static void
s_use (subject_t *self, unsigned number, uint64_t *used_at)
{
    char room[32];
    uint64_t now = subject_now ();
    int status = zgrid_client_get (number % 4 ? self->client : self->other, self->map, s_key (room, number),
                                   NULL, NULL);
    if (status == ZGRID_NOTFOUND && subject_now () - *used_at >= S_IDLE)
        status = subject_put (self, s_key (room, number), "v");
    EXPECT_INT (self, status, ZGRID_OK);
    *used_at = now;
}

void
idle_entries_go_and_used_ones_stay (subject_t *self)
{
    char room[32];
    unsigned counts[2];
    uint64_t used_at[S_KEYS];
    s_set (self, "idle", "1500");
    for (unsigned at = 0; at < S_KEYS; at++) {
        used_at[at] = subject_now ();
        EXPECT_INT (self, subject_put (self, s_key (room, at), "v"), ZGRID_OK);
    }
    uint64_t began = subject_now ();
    do {
        for (unsigned at = 0; at < S_KEYS; at += 2)
            s_use (self, at, &used_at[at]);
        s_count (self, counts);
        EXPECT (self, subject_now () < began + S_PATIENCE);
        poll (NULL, 0, 50);
    } while (counts[1]);
    EXPECT (self, subject_now () >= used_at[1] + S_IDLE);
    for (unsigned at = 1; at < S_KEYS; at += 2)
        subject_lacks (self, self->client, s_key (room, at));
    s_reset (self);
}

//  Puts until the member that owns each key knows the limit; returns how many were refused.
static unsigned
s_fill (subject_t *self, unsigned first, unsigned count)
{
    char room[32];
    unsigned refused = 0;
    for (unsigned at = first; at < first + count; at++) {
        int status = subject_put (self, s_key (room, at), "v");
        if (status == ZGRID_NOMEM)
            refused++;
        else
            EXPECT_INT (self, status, ZGRID_OK);
    }
    return refused;
}

void
a_full_map_refuses_what_is_new (subject_t *self)
{
    uint64_t count, end = subject_now () + S_PATIENCE;
    unsigned next = 0, refused;
    s_set (self, "policy", "none");
    s_set (self, "max_entries", "300");
    //  Some owners may hear of it later than others; and who takes over partitions takes over their share
    do {
        refused = s_fill (self, next, 100);
        next += 100;
        EXPECT (self, subject_now () < end);
    } while (refused < 100);
    EXPECT_INT (self, zgrid_client_size (self->other, self->map, &count), ZGRID_OK);
    EXPECT (self, count >= 270 && count <= 600);
    s_reset (self);
}

void
a_full_map_evicts_if_it_may (subject_t *self)
{
    uint64_t count, end = subject_now () + S_PATIENCE;
    unsigned next = 0;
    s_set (self, "policy", "lru");
    s_set (self, "max_entries", "300");
    do {
        EXPECT (self, subject_now () < end);
        EXPECT_INT (self, s_fill (self, next, 1000), 0);
        next += 1000;
        EXPECT_INT (self, zgrid_client_size (self->other, self->map, &count), ZGRID_OK);
        EXPECT (self, count >= 200);
    } while (count > 330);
    s_reset (self);
}
