//  view_code: a view as bytes.
//
//      [cluster, version, cfg, [voter…], [voter…] new, voters_max, copies, on_lost, era, seed,
//       move_rate, moves_paused, moves_total, [member…], [part…], [map…]]
//      member  [id, name, zone, host, weight, witness, status, generation, router port, beacon port,
//               move port, pubsub port, mesh port, gateway port, [client port…],
//               [peer port…]]
//      part    [epoch, primary, learner + 1, rep…]   places in the list of members; `primary` is the
//                                                    place in the list of reps
//      map     [name, mode, …]   the settings in the order of map_setting.def
//
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "../utf8.h"
#include "../wire.h"
#include "view_code.h"

#define VIEW_FIELDS (VIEW_HEAD_FIELDS + 3)
#define MEMBER_FIELDS 16
#define PART_FIELDS 3 // Before the reps
#define MAP_FIELDS (1 + MAP_SETTINGS)
#define NOWHERE UINT32_MAX

enum {
#define MAP_SETTING(type, name, kind, least, most, usual, purpose) PLACE_##name,
#include "map_setting.def"
#undef MAP_SETTING
    MAP_SETTINGS
};

//  ------------------------------------------------------------------------------------------------
//  Encoding

static void
s_add_ports (buf_t *out, const uint16_t *ports, size_t count)
{
    wire_add_array (out, (uint32_t) count);
    for (size_t index = 0; index < count; index++)
        wire_add_uint (out, ports[index]);
}

void
member_encode (const member_t *self, buf_t *out)
{
    wire_add_array (out, MEMBER_FIELDS);
    wire_add_uint (out, self->id);
    wire_add_text (out, self->name);
    wire_add_text (out, self->zone);
    wire_add_text (out, self->host);
    wire_add_uint (out, self->weight);
    wire_add_uint (out, self->witness);
    wire_add_uint (out, self->status);
    wire_add_uint (out, self->generation);
    wire_add_uint (out, self->router_port);
    wire_add_uint (out, self->beacon_port);
    wire_add_uint (out, self->move_port);
    wire_add_uint (out, self->pubsub_port);
    wire_add_uint (out, self->mesh_port);
    wire_add_uint (out, self->gateway_port);
    s_add_ports (out, self->client_ports, self->actors);
    s_add_ports (out, self->peer_ports, self->actors);
}

static void
s_add_ids (buf_t *out, const node_id_t *ids, size_t count)
{
    wire_add_array (out, (uint32_t) count);
    for (size_t index = 0; index < count; index++)
        wire_add_uint (out, ids[index]);
}

//  NOWHERE is not taken by view_decode: what is no view does not become one by being encoded.
static uint32_t
s_member_place (const view_t *self, node_id_t id)
{
    const member_t *member = view_member (self, id);
    return member ? (uint32_t) (member - self->members) : NOWHERE;
}

void
part_encode (const view_t *self, const part_t *part, buf_t *out)
{
    uint32_t primary = part->primary || part->reps_count ? NOWHERE : 0;
    for (unsigned rep = 0; rep < part->reps_count; rep++)
        if (part->reps[rep] == part->primary)
            primary = rep;
    wire_add_array (out, PART_FIELDS + part->reps_count);
    wire_add_uint (out, part->epoch);
    wire_add_uint (out, primary);
    wire_add_uint (out, part->learner ? (uint64_t) s_member_place (self, part->learner) + 1 : 0);
    for (unsigned rep = 0; rep < part->reps_count; rep++)
        wire_add_uint (out, s_member_place (self, part->reps[rep]));
}

void
map_encode (const map_settings_t *self, buf_t *out)
{
    wire_add_array (out, MAP_FIELDS);
    wire_add_text (out, self->name);
#define MAP_SETTING(type, name, kind, least, most, usual, purpose) wire_add_uint (out, self->name);
#include "map_setting.def"
#undef MAP_SETTING
}

void
view_head_encode (const view_t *self, buf_t *out)
{
    wire_add_uint (out, self->cluster);
    wire_add_uint (out, self->version);
    wire_add_uint (out, self->cfg);
    s_add_ids (out, self->voters, self->voters_count);
    s_add_ids (out, self->voters_new, self->voters_new_count);
    wire_add_uint (out, self->voters_max);
    wire_add_uint (out, self->copies);
    wire_add_uint (out, self->on_lost);
    wire_add_uint (out, self->era);
    wire_add_bytes (out, bytes_of (self->seed, sizeof self->seed));
    wire_add_uint (out, self->move_rate);
    wire_add_uint (out, self->moves_paused);
    wire_add_uint (out, self->moves_total);
}

void
view_encode (const view_t *self, buf_t *out)
{
    wire_add_array (out, VIEW_FIELDS);
    view_head_encode (self, out);
    wire_add_array (out, self->members_count);
    for (uint32_t index = 0; index < self->members_count; index++)
        member_encode (&self->members[index], out);
    wire_add_array (out, self->partitions);
    for (uint32_t index = 0; index < self->partitions; index++)
        part_encode (self, &self->parts[index], out);
    wire_add_array (out, self->maps_count);
    for (uint32_t index = 0; index < self->maps_count; index++)
        map_encode (&self->maps[index], out);
}

bool
view_equal (const view_t *self, const view_t *other)
{
    buf_t bytes = BUF_INIT, others = BUF_INIT;
    view_encode (self, &bytes);
    view_encode (other, &others);
    bool equal = !bytes.failed && !others.failed && bytes_equal (buf_bytes (&bytes), buf_bytes (&others));
    buf_clear (&bytes);
    buf_clear (&others);
    return equal;
}

//  ------------------------------------------------------------------------------------------------
//  Decoding

//  An unsigned integer within bounds, into *number.
static bool
s_number (mp_t *reader, uint64_t least, uint64_t most, uint64_t *number)
{
    return mp_uint (reader, number) && *number >= least && *number <= most;
}

static bool
s_byte (mp_t *reader, uint8_t least, uint8_t most, uint8_t *byte)
{
    uint64_t number;
    if (!s_number (reader, least, most, &number))
        return false;
    *byte = (uint8_t) number;
    return true;
}

static bool
s_port (mp_t *reader, uint16_t *port)
{
    uint64_t number;
    if (!s_number (reader, 0, UINT16_MAX, &number))
        return false;
    *port = (uint16_t) number;
    return true;
}

//  Text of `least` to `most` bytes; there is room for a zero behind.
static bool
s_text (mp_t *reader, size_t least, size_t most, char *text)
{
    bytes_t bytes;
    if (!mp_bytes (reader, &bytes) || bytes.size < least || bytes.size > most || !utf8_is_text (bytes))
        return false;
    if (bytes.size)
        memcpy (text, bytes.data, bytes.size);
    text[bytes.size] = 0;
    return true;
}

static bool
s_ports (mp_t *reader, uint16_t *ports, uint32_t *count)
{
    if (!mp_array (reader, count) || *count > VIEW_ACTORS_MAX)
        return false;
    for (uint32_t index = 0; index < *count; index++)
        if (!s_port (reader, &ports[index]))
            return false;
    return true;
}

static bool
s_wrong (const char **why, const char *text)
{
    *why = text;
    return false;
}

bool
member_decode (mp_t *reader, member_t *member, const char **why)
{
    memset (member, 0, sizeof *member);
    uint32_t fields, clients, peers;
    uint64_t weight;
    uint8_t witness;
    if (!mp_array (reader, &fields) || fields != MEMBER_FIELDS)
        return s_wrong (why, "a member is not an array of 16");
    if (!s_number (reader, 1, UINT64_MAX, &member->id))
        return s_wrong (why, "a member's id is not a number above 0");
    if (!s_text (reader, 0, VIEW_NAME_MAX, member->name) || !s_text (reader, 0, VIEW_NAME_MAX, member->zone)
        || !s_text (reader, 0, VIEW_HOST_MAX, member->host))
        return s_wrong (why, "a member's name, zone or host is not text or too long");
    if (!s_number (reader, 1, 1000, &weight) || !s_byte (reader, 0, 1, &witness)
        || !s_byte (reader, MEMBER_UP, MEMBER_LEAVING, &member->status)
        || !s_number (reader, 0, UINT64_MAX, &member->generation))
        return s_wrong (why, "a member's weight, kind, status or generation is out of range");
    member->weight = (uint32_t) weight;
    member->witness = witness;
    if (!s_port (reader, &member->router_port) || !s_port (reader, &member->beacon_port)
        || !s_port (reader, &member->move_port) || !s_port (reader, &member->pubsub_port)
        || !s_port (reader, &member->mesh_port) || !s_port (reader, &member->gateway_port)
        || !s_ports (reader, member->client_ports, &clients) || !s_ports (reader, member->peer_ports, &peers))
        return s_wrong (why, "a member's port is not one, or it has too many");
    if (clients != peers || (clients == 0) != member->witness)
        return s_wrong (why, "a member's storage actors are not what its kind has");
    member->actors = (uint16_t) clients;
    return true;
}

static bool
s_voters (mp_t *reader, node_id_t *ids, uint8_t *count)
{
    uint32_t many;
    if (!mp_array (reader, &many) || many > VIEW_VOTERS_MAX)
        return false;
    for (uint32_t index = 0; index < many; index++) {
        if (!mp_uint (reader, &ids[index]))
            return false;
        for (uint32_t before = 0; before < index; before++)
            if (ids[before] == ids[index])
                return false;
    }
    *count = (uint8_t) many;
    return true;
}

bool
view_head_decode (view_t *self, mp_t *reader, const char **why)
{
    uint64_t era;
    bytes_t seed;
    if (!s_number (reader, 1, UINT64_MAX, &self->cluster) || !mp_uint (reader, &self->version)
        || !mp_uint (reader, &self->cfg))
        return s_wrong (why, "the cluster's id, the version or cfg is not a number");
    if (!s_voters (reader, self->voters, &self->voters_count)
        || !s_voters (reader, self->voters_new, &self->voters_new_count))
        return s_wrong (why, "the voters are too many, or one stands there twice");
    if (!s_byte (reader, 1, VIEW_VOTERS_MAX, &self->voters_max) || self->voters_max % 2 == 0
        || !s_byte (reader, 1, VIEW_COPIES_MAX, &self->copies)
        || !s_byte (reader, ON_LOST_REFUSE, ON_LOST_WIPE, &self->on_lost)
        || !s_number (reader, 0, UINT32_MAX, &era))
        return s_wrong (why, "a setting of the cluster is out of range");
    self->era = (uint32_t) era;
    if (!mp_bytes (reader, &seed) || seed.size != sizeof self->seed)
        return s_wrong (why, "the hash seed is not 16 bytes");
    memcpy (self->seed, seed.data, sizeof self->seed);
    uint64_t total;
    if (!mp_uint (reader, &self->move_rate) || !s_byte (reader, 0, 1, &self->moves_paused)
        || !s_number (reader, 0, UINT32_MAX, &total))
        return s_wrong (why, "what is said of moves is out of range");
    self->moves_total = (uint32_t) total;
    return true;
}

//  A list of at most `most` things of `size` bytes: *list and *count. False without memory, too.
static bool
s_list (mp_t *reader, uint32_t most, size_t size, void **list, uint32_t *count, const char **why)
{
    uint32_t many;
    if (!mp_array (reader, &many) || many > most)
        return s_wrong (why, "a list is missing or too long");
    *list = many ? mem_alloc_zero (many, size) : NULL;
    if (many && !*list)
        return s_wrong (why, "out of memory");
    *count = many;
    return true;
}

static bool
s_members (view_t *self, mp_t *reader, const char **why)
{
    void *list;
    if (!s_list (reader, VIEW_MEMBERS_MAX, sizeof *self->members, &list, &self->members_count, why))
        return false;
    self->members = list;
    for (uint32_t index = 0; index < self->members_count; index++) {
        if (!member_decode (reader, &self->members[index], why))
            return false;
        if (index && self->members[index - 1].id >= self->members[index].id)
            return s_wrong (why, "the members are not in the order of their ids");
    }
    for (unsigned index = 0; index < self->voters_count; index++)
        if (!view_member (self, self->voters[index]))
            return s_wrong (why, "a voter is not a member");
    for (unsigned index = 0; index < self->voters_new_count; index++)
        if (!view_member (self, self->voters_new[index]))
            return s_wrong (why, "a voter is not a member");
    return true;
}

//  The id at a place of the list of members; 0: no member that holds data is there.
static node_id_t
s_holder (const view_t *self, uint64_t place)
{
    return place < self->members_count && !self->members[place].witness ? self->members[place].id : 0;
}

bool
part_decode (const view_t *self, part_t *part, mp_t *reader)
{
    memset (part, 0, sizeof *part);
    uint32_t fields;
    uint64_t primary, learner, rep;
    if (!mp_array (reader, &fields) || fields < PART_FIELDS || fields > PART_FIELDS + VIEW_REPS_MAX
        || !s_number (reader, 0, VIEW_EPOCH_MAX, &part->epoch) || !mp_uint (reader, &primary)
        || !mp_uint (reader, &learner))
        return false;
    part->reps_count = (uint8_t) (fields - PART_FIELDS);
    for (unsigned index = 0; index < part->reps_count; index++) {
        if (!mp_uint (reader, &rep) || (part->reps[index] = s_holder (self, rep)) == 0)
            return false;
        for (unsigned before = 0; before < index; before++)
            if (part->reps[before] == part->reps[index])
                return false;
    }
    if (part->reps_count == 0) // Nobody has it yet
        return primary == 0 && learner == 0;
    if (primary >= part->reps_count)
        return false;
    part->primary = part->reps[primary];
    if (learner == 0)
        return true;
    part->learner = s_holder (self, learner - 1);
    return part->learner && !part_has (part, part->learner);
}

static bool
s_parts (view_t *self, mp_t *reader, const char **why)
{
    void *list;
    if (!s_list (reader, VIEW_PARTITIONS_MAX, sizeof *self->parts, &list, &self->partitions, why))
        return false;
    self->parts = list;
    if (self->partitions == 0)
        return s_wrong (why, "there are no partitions");
    for (uint32_t index = 0; index < self->partitions; index++)
        if (!part_decode (self, &self->parts[index], reader))
            return s_wrong (why, "a partition's row is wrong");
    return true;
}

bool
map_decode (mp_t *reader, map_settings_t *map)
{
    uint32_t fields;
    uint64_t number;
    if (!mp_array (reader, &fields) || fields != MAP_FIELDS || !s_text (reader, 1, VIEW_MAP_MAX, map->name))
        return false;
#define MAP_SETTING(type, name, kind, least, most, usual, purpose)                                           \
    if (!s_number (reader, least, most, &number))                                                            \
        return false;                                                                                        \
    map->name = (type) number;
#include "map_setting.def"
#undef MAP_SETTING
    return true;
}

static bool
s_maps (view_t *self, mp_t *reader, const char **why)
{
    void *list;
    if (!s_list (reader, VIEW_MAPS_MAX, sizeof *self->maps, &list, &self->maps_count, why))
        return false;
    self->maps = list;
    for (uint32_t index = 0; index < self->maps_count; index++) {
        map_settings_t *map = &self->maps[index];
        if (!map_decode (reader, map))
            return s_wrong (why, "a map's settings are wrong");
        //  No name holds a zero byte: strcmp is the order of the bytes
        if (index && strcmp (map[-1].name, map->name) >= 0)
            return s_wrong (why, "the maps are not in the order of their names");
    }
    return true;
}

view_t *
view_decode (bytes_t encoded, const char **why)
{
    view_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self) {
        *why = "out of memory";
        return NULL;
    }
    mp_t reader = mp_of (encoded);
    uint32_t fields;
    bool good = mp_array (&reader, &fields) && fields == VIEW_FIELDS;
    if (!good)
        s_wrong (why, "it is not an array of 16");
    good = good && view_head_decode (self, &reader, why) && s_members (self, &reader, why)
           && s_parts (self, &reader, why) && s_maps (self, &reader, why);
    if (good && !mp_at_end (&reader))
        good = s_wrong (why, "there are bytes behind it");
    if (!good)
        view_destroy (&self);
    return self;
}
