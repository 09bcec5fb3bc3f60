//  lines_node: what members say of themselves.
//  SPDX-License-Identifier: MPL-2.0
#include <stdlib.h>

#include "conformance.h"
#include "mp.h"
#include "slot.h"

//  The value of a name in a map that a member answers; `at` stands on it. Fails if it is not there.
static mp_t
s_find (subject_t *self, const zgrid_entry_t *entry, const char *name)
{
    mp_t reader = mp_of (bytes_of (entry->value.data, entry->value.size));
    uint32_t pairs;
    bytes_t found;
    EXPECT (self, mp_map (&reader, &pairs));
    while (pairs--) {
        EXPECT (self, mp_bytes (&reader, &found));
        if (bytes_equal (found, bytes_str (name)))
            return reader;
        EXPECT (self, mp_skip (&reader));
    }
    subject_fail (self, __FILE__, __LINE__, "%s is not there", name);
}

static uint64_t
s_number (subject_t *self, const zgrid_entry_t *entry, const char *name)
{
    mp_t reader = s_find (self, entry, name);
    uint64_t number;
    EXPECT (self, mp_uint (&reader, &number));
    return number;
}

static zgrid_entry_t
s_ask (subject_t *self, zgrid_client_t *client, const char *op)
{
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_call (client, op, NULL, NULL, NULL, NULL, &entry), ZGRID_OK);
    return entry;
}

void
routes_name_an_owner_for_each_partition (subject_t *self)
{
    for (int at = 0; at < 2; at++) {
        zgrid_entry_t entry = s_ask (self, at ? self->other : self->client, "ROUTES");
        EXPECT_INT (self, s_number (self, &entry, "partitions"), self->partitions);
        mp_t reader = s_find (self, &entry, "owners");
        bytes_t owners;
        EXPECT (self, mp_bytes (&reader, &owners));
        EXPECT_INT (self, owners.size, 2 * self->partitions);
        for (size_t pair = 0; pair < owners.size; pair += 2)
            EXPECT (self, owners.data[pair] != 0xff);
        reader = s_find (self, &entry, "routers");
        uint32_t routers;
        EXPECT (self, mp_array (&reader, &routers));
        EXPECT_INT (self, routers, self->members);
    }
}

void
members_have_names_ids_and_one_coordinator (subject_t *self)
{
    bytes_t coordinators[2];
    char copy[64] = "";
    for (int at = 0; at < 2; at++) {
        zgrid_entry_t entry = s_ask (self, at ? self->other : self->client, "CLUSTER");
        mp_t reader = s_find (self, &entry, "members");
        uint32_t members;
        EXPECT (self, mp_array (&reader, &members));
        EXPECT_INT (self, members, self->members);
        while (members--) {
            uint32_t pairs;
            unsigned known = 0;
            EXPECT (self, mp_map (&reader, &pairs));
            while (pairs--) {
                bytes_t name, value;
                mp_token_t token;
                EXPECT (self, mp_bytes (&reader, &name));
                mp_t at_value = reader;
                EXPECT (self, mp_skip (&reader) && mp_next (&at_value, &token));
                value = token.kind == MP_BYTES ? token.bytes : bytes_of (NULL, 0);
                known += bytes_equal (name, bytes_str ("id")) && value.size == 16;
                known += bytes_equal (name, bytes_str ("name")) && value.size > 0;
                known += bytes_equal (name, bytes_str ("status")) && bytes_equal (value, bytes_str ("UP"));
            }
            EXPECT_INT (self, known, 3);
        }
        reader = s_find (self, &entry, "coordinator");
        EXPECT (self, mp_bytes (&reader, &coordinators[at]) && coordinators[at].size < sizeof copy);
        if (at == 0) {
            memcpy (copy, coordinators[0].data, coordinators[0].size);
            coordinators[0] = bytes_of (copy, coordinators[0].size);
        }
    }
    EXPECT (self, coordinators[0].size && bytes_equal (coordinators[0], coordinators[1]));
}

//  Reads the names of an array into a set of member numbers ("n0" is 0).
static unsigned
s_names (subject_t *self, mp_t *reader)
{
    uint32_t count;
    unsigned set = 0;
    EXPECT (self, mp_array (reader, &count));
    while (count--) {
        bytes_t name;
        EXPECT (self, mp_bytes (reader, &name) && name.size == 2);
        unsigned bit = 1u << (name.data[1] - '0');
        EXPECT (self, !(set & bit)); // Never twice the same member
        set |= bit;
    }
    return set;
}

void
members_hold_equal_shares (subject_t *self)
{
    zgrid_entry_t entry = s_ask (self, self->client, "CLUSTER");
    mp_t reader = s_find (self, &entry, "table");
    uint32_t rows, fields, shares[8] = { 0 };
    EXPECT (self, mp_array (&reader, &rows));
    EXPECT_INT (self, rows, self->partitions);
    while (rows--) {
        uint64_t partition, epoch;
        bytes_t primary;
        EXPECT (self, mp_array (&reader, &fields) && fields == 5 && mp_uint (&reader, &partition)
                          && mp_uint (&reader, &epoch) && mp_bytes (&reader, &primary) && primary.size == 2);
        unsigned number = (unsigned) (primary.data[1] - '0') % 8, set = s_names (self, &reader);
        EXPECT (self, set & 1u << number);
        EXPECT_INT (self, __builtin_popcount (set), self->copies);
        EXPECT (self, mp_skip (&reader)); // The learner
        shares[number]++;
    }
    for (unsigned member = 0; member < self->members; member++)
        EXPECT (self, shares[member] >= self->partitions / self->members
                          && shares[member] <= self->partitions / self->members + 1);
}

//  One counter of all members: sums what both clients' members and the third say.
static uint64_t
s_stat (subject_t *self, const char *name)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    zgrid_entry_t routes = s_ask (self, self->client, "ROUTES");
    mp_t reader = s_find (self, &routes, "routers");
    uint32_t routers;
    uint64_t sum = 0;
    char endpoint[256];
    EXPECT (self, mp_array (&reader, &routers));
    while (routers--) {
        bytes_t text;
        zgrid_client_t *client;
        EXPECT (self, mp_bytes (&reader, &text) && text.size < sizeof endpoint);
        memcpy (endpoint, text.data, text.size);
        endpoint[text.size] = 0;
        options.endpoints = endpoint;
        options.indirect = true;
        EXPECT_INT (self, zgrid_client_new (&client, &options), ZGRID_OK);
        zgrid_entry_t entry = s_ask (self, client, "STATS");
        sum += s_number (self, &entry, name);
        zgrid_client_destroy (&client);
    }
    return sum;
}

void
statistics_count_what_was_done (subject_t *self)
{
    uint64_t puts = s_stat (self, "puts"), hits = s_stat (self, "del_hits"),
             misses = s_stat (self, "del_misses");
    uint64_t entries = s_stat (self, "entries"), lost = s_stat (self, "get_misses");
    for (unsigned at = 0; at < 10; at++)
        EXPECT_INT (self, subject_put (self, subject_key (self, at), "v"), ZGRID_OK);
    EXPECT_INT (self, s_stat (self, "puts") - puts, 10);
    EXPECT (self, s_stat (self, "entries") >= entries + 10);
    for (unsigned at = 0; at < 12; at++)
        zgrid_client_del (self->client, self->map, subject_key (self, at), NULL, NULL);
    EXPECT_INT (self, s_stat (self, "del_hits") - hits, 10);
    EXPECT_INT (self, s_stat (self, "del_misses") - misses, 2);
    //  A local read of an embedded node is counted as such
    if (self->way != WAY_EMBEDDED) {
        for (unsigned at = 0; at < 5; at++)
            subject_lacks (self, self->client, subject_key (self, at));
        EXPECT_INT (self, s_stat (self, "get_misses") - lost, 5);
    }
}

void
a_thousand_keys_reach_every_member (subject_t *self)
{
    unsigned owned[8] = { 0 };
    for (unsigned at = 0; at < 1000; at++) {
        char key[32];
        int size = snprintf (key, sizeof key, "key-%u", at);
        uint32_t partition = slot_partition (slot_of_key (bytes_of (key, (size_t) size)), self->partitions);
        owned[(unsigned) (self->owners[partition][1] - '0') % 8]++;
        EXPECT_INT (self,
                    zgrid_client_put (self->client, self->map, zgrid_str (key), zgrid_str ("v"), NULL, NULL),
                    ZGRID_OK);
    }
    for (unsigned member = 0; member < self->members; member++)
        EXPECT (self, owned[member] > 200);
    uint64_t count;
    EXPECT_INT (self, zgrid_client_size (self->other, self->map, &count), ZGRID_OK);
    EXPECT_INT (self, count, 1000);
}
