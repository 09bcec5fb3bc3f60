//  lines_keys: one key, one operation.
//  SPDX-License-Identifier: MPL-2.0
#include <stdlib.h>

#include "conformance.h"

void
ping_answers_what_it_was_sent (subject_t *self)
{
    zgrid_entry_t entry;
    zgrid_bytes_t text = zgrid_str ("hello");
    EXPECT_INT (self, zgrid_client_call (self->client, "PING", NULL, NULL, NULL, NULL, &entry), ZGRID_OK);
    EXPECT (self, !entry.has_value);
    EXPECT_INT (self, zgrid_client_call (self->client, "PING", NULL, NULL, &text, NULL, &entry), ZGRID_OK);
    EXPECT_TEXT (self, entry.value, "hello");
}

void
what_is_put_is_got_by_everybody (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("one"), NULL, &entry),
                ZGRID_OK);
    uint64_t version = entry.version;
    EXPECT (self, version > 0);
    subject_holds (self, self->client, key, "one");
    EXPECT_INT (self, zgrid_client_get (self->other, self->map, key, NULL, &entry), ZGRID_OK);
    EXPECT_TEXT (self, entry.value, "one");
    EXPECT (self, entry.version == version);
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("two"), NULL, &entry),
                ZGRID_OK);
    EXPECT (self, entry.version > version);
    subject_holds (self, self->client, key, "two");
}

void
a_value_may_be_empty_and_is_not_absent (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    EXPECT_INT (self, subject_put (self, key, ""), ZGRID_OK);
    for (int at = 0; at < 2; at++) {
        zgrid_client_t *client = at ? self->other : self->client;
        EXPECT_INT (self, zgrid_client_get (client, self->map, key, NULL, &entry), ZGRID_OK);
        EXPECT (self, entry.has_value && entry.value.size == 0);
    }
    EXPECT_INT (self, zgrid_client_del (self->client, self->map, key, NULL, NULL), ZGRID_OK);
    subject_lacks (self, self->client, key);
    subject_lacks (self, self->other, key);
}

//  A key or a value of so many bytes.
static zgrid_bytes_t
s_bytes (char *room, size_t size, unsigned seed)
{
    for (size_t at = 0; at < size; at++)
        room[at] = (char) (at * 31 + seed);
    return (zgrid_bytes_t) { room, size };
}

void
sizes_up_to_the_limits_are_taken_exactly (subject_t *self)
{
    static const size_t s_keys[] = { 0, 1, 255, 256, 600, 65535, 65536 };
    static const size_t s_values[] = { (1u << 20) - 30, (1u << 20) - 1, 1u << 20, (1u << 20) + 1 };
    static char s_key[65537], s_value[(1u << 20) + 1];
    zgrid_entry_t entry;
    for (size_t at = 0; at < sizeof s_keys / sizeof s_keys[0]; at++) {
        zgrid_bytes_t key = s_bytes (s_key, s_keys[at], self->key_seed);
        EXPECT_INT (self, subject_put (self, key, "v"), ZGRID_OK);
        subject_holds (self, self->other, key, "v");
        EXPECT_INT (self, zgrid_client_del (self->other, self->map, key, NULL, NULL), ZGRID_OK);
        subject_lacks (self, self->client, key);
    }
    zgrid_bytes_t longer = s_bytes (s_key, sizeof s_key, self->key_seed), key = subject_key (self, 0);
    EXPECT_INT (self, subject_put (self, longer, "v"), ZGRID_TOOBIG);
    for (size_t at = 0; at < sizeof s_values / sizeof s_values[0]; at++) {
        zgrid_bytes_t value = s_bytes (s_value, s_values[at], (unsigned) at);
        EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, value, NULL, NULL), ZGRID_OK);
        EXPECT_INT (self, zgrid_client_get (self->other, self->map, key, NULL, &entry), ZGRID_OK);
        EXPECT (self,
                entry.value.size == value.size && memcmp (entry.value.data, value.data, value.size) == 0);
    }
}

void
delete_counts_what_was_there (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t removed;
    EXPECT_INT (self, subject_put (self, key, "v"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_del (self->other, self->map, key, NULL, NULL), ZGRID_OK);
    subject_lacks (self, self->client, key);
    EXPECT_INT (self, zgrid_client_del (self->client, self->map, key, NULL, NULL), ZGRID_NOTFOUND);
    EXPECT_INT (self, zgrid_client_mdel (self->client, self->map, &key, 1, &removed), ZGRID_OK);
    EXPECT_INT (self, removed, 0);
}

void
many_keys_of_all_owners_are_deleted_in_one_call (subject_t *self)
{
    zgrid_bytes_t keys[10];
    uint64_t removed;
    self->place = PLACE_ANY;
    for (unsigned at = 0; at < 10; at++) {
        keys[at] = subject_key (self, at);
        EXPECT_INT (self, subject_put (self, keys[at], "v"), ZGRID_OK);
    }
    EXPECT_INT (self, zgrid_client_mdel (self->other, self->map, keys, 10, &removed), ZGRID_OK);
    EXPECT_INT (self, removed, 10);
    for (unsigned at = 0; at < 10; at++)
        subject_lacks (self, self->client, keys[at]);
}

void
a_destroyed_map_is_empty_at_once (subject_t *self)
{
    uint64_t count;
    for (unsigned at = 0; at < 100; at++)
        EXPECT_INT (self, subject_put (self, subject_key (self, at), "v"), ZGRID_OK);
    if (subject_destroy (self, &count))
        EXPECT_INT (self, count, 100);
    EXPECT_INT (self, subject_put (self, subject_key (self, 7), "after"), ZGRID_OK);
    for (unsigned at = 0; at < 100; at++)
        if (at != 7)
            subject_lacks (self, self->other, subject_key (self, at));
    subject_holds (self, self->other, subject_key (self, 7), "after");
    EXPECT_INT (self, zgrid_client_size (self->other, self->map, &count), ZGRID_OK);
    EXPECT_INT (self, count, 1);
}

void
nx_stores_only_what_is_absent (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    options.if_absent = true;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("a"), &options, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("b"), &options, NULL),
                ZGRID_EXISTS);
    subject_holds (self, self->client, key, "a");
}

void
xx_stores_only_what_is_there (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    options.if_present = true;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("a"), &options, NULL),
                ZGRID_NOTFOUND);
    subject_lacks (self, self->other, key);
    EXPECT_INT (self, subject_put (self, key, "a"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("b"), &options, NULL),
                ZGRID_OK);
    subject_holds (self, self->client, key, "b");
}

void
put_tells_the_old_value_if_asked (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    options.want_old = true;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("a"), &options, &entry),
                ZGRID_OK);
    EXPECT (self, !entry.has_value);
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("b"), &options, &entry),
                ZGRID_OK);
    EXPECT_TEXT (self, entry.value, "a");
}

void
versions_guard_writes (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0), equal = zgrid_str ("b");
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("a"), NULL, &entry),
                ZGRID_OK);
    uint64_t version = entry.version, wrong = version + 1;
    options.if_version = &wrong;
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("b"), &options, NULL),
                ZGRID_MISMATCH);
    EXPECT_INT (self, zgrid_client_del (self->other, self->map, key, &options, NULL), ZGRID_MISMATCH);
    subject_holds (self, self->client, key, "a");
    options.if_version = &version;
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("b"), &options, NULL),
                ZGRID_OK);
    options.if_version = NULL;
    options.if_equal = &equal;
    EXPECT_INT (self, zgrid_client_del (self->client, self->map, key, &options, NULL), ZGRID_OK);
    subject_lacks (self, self->other, key);
}

void
getput_answers_nil_first_and_the_old_value_then (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_getput (self->client, self->map, key, zgrid_str ("a"), NULL, &entry),
                ZGRID_OK);
    EXPECT (self, !entry.has_value);
    EXPECT_INT (self, zgrid_client_getput (self->other, self->map, key, zgrid_str ("b"), NULL, &entry),
                ZGRID_OK);
    EXPECT_TEXT (self, entry.value, "a");
    subject_holds (self, self->client, key, "b");
}

void
getdel_takes_the_entry_away (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_getdel (self->client, self->map, key, NULL), ZGRID_NOTFOUND);
    EXPECT_INT (self, subject_put (self, key, "a"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_getdel (self->other, self->map, key, &entry), ZGRID_OK);
    EXPECT_TEXT (self, entry.value, "a");
    subject_lacks (self, self->client, key);
}

void
cas_inserts_updates_and_tells_the_present_value (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0), old = zgrid_str ("a"), wrong = zgrid_str ("x");
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_cas (self->client, self->map, key, NULL, zgrid_str ("a"), NULL, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_cas (self->other, self->map, key, NULL, zgrid_str ("b"), NULL, &entry),
                ZGRID_MISMATCH);
    EXPECT_TEXT (self, entry.value, "a");
    EXPECT_INT (self, zgrid_client_cas (self->client, self->map, key, &wrong, zgrid_str ("b"), NULL, &entry),
                ZGRID_MISMATCH);
    EXPECT_TEXT (self, entry.value, "a");
    subject_holds (self, self->client, key, "a");
    EXPECT_INT (self, zgrid_client_cas (self->other, self->map, key, &old, zgrid_str ("b"), NULL, NULL),
                ZGRID_OK);
    subject_holds (self, self->client, key, "b");
}

void
cas_tells_absent_from_empty (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0), empty = zgrid_str ("");
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_cas (self->client, self->map, key, &empty, zgrid_str ("a"), NULL, &entry),
                ZGRID_MISMATCH);
    EXPECT (self, !entry.has_value);
    subject_lacks (self, self->other, key);
    EXPECT_INT (self, subject_put (self, key, ""), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_cas (self->other, self->map, key, &empty, zgrid_str ("a"), NULL, NULL),
                ZGRID_OK);
    subject_holds (self, self->client, key, "a");
}

void
append_adds_to_the_end (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t length;
    EXPECT_INT (self, zgrid_client_append (self->client, self->map, key, zgrid_str ("ab"), &length),
                ZGRID_OK);
    EXPECT_INT (self, length, 2);
    EXPECT_INT (self, zgrid_client_append (self->other, self->map, key, zgrid_str ("cd"), &length), ZGRID_OK);
    EXPECT_INT (self, length, 4);
    subject_holds (self, self->client, key, "abcd");
}

void
exists_and_touch_see_the_key (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    EXPECT_INT (self, zgrid_client_exists (self->client, self->map, key), ZGRID_NOTFOUND);
    EXPECT_INT (self, zgrid_client_touch (self->client, self->map, key), ZGRID_NOTFOUND);
    EXPECT_INT (self, subject_put (self, key, "a"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_exists (self->other, self->map, key), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_touch (self->other, self->map, key), ZGRID_OK);
    subject_holds (self, self->client, key, "a");
}

void
wrong_arguments_change_nothing (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0), text = zgrid_str ("nonsense"), value = zgrid_str ("b");
    EXPECT_INT (self, subject_put (self, key, "a"), ZGRID_OK);
    options.if_absent = options.if_present = true;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, value, &options, NULL),
                ZGRID_MALFORMED);
    options = (zgrid_options_t) ZGRID_OPTIONS_INIT;
    options.ttl_ms = UINT64_MAX;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, value, &options, NULL), ZGRID_TOOBIG);
    EXPECT_INT (self, zgrid_client_put (self->client, "", key, value, NULL, NULL), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_put (self->client, "\xff\xfe", key, value, NULL, NULL), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_call (self->client, "NOSUCHOP", self->map, &key, &value, NULL, NULL),
                ZGRID_BADOP);
    EXPECT_INT (self, zgrid_client_call (self->client, "PEXPIRE", self->map, &key, &text, NULL, NULL),
                ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_call (self->client, "PUT", self->map, NULL, &value, NULL, NULL),
                ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_call (self->client, "PUT", self->map, &key, NULL, NULL, NULL),
                ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_call (self->client, "INCR", self->map, &key, &text, NULL, NULL),
                ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_call (self->client, "SCAN", self->map, NULL, &value, NULL, NULL),
                ZGRID_OK);
    int64_t ttl;
    EXPECT_INT (self, zgrid_client_ttl (self->client, self->map, key, &ttl), ZGRID_OK);
    EXPECT_INT (self, ttl, -1);
    subject_holds (self, self->other, key, "a");
}
