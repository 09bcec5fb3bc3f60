//  view_delta: see view_delta.h.
//
//      [cluster, from, to, digest, [field, value…], [id…], [member…], [partition, part…], [name…], [map…]]
//
//  field: place of what has changed in the head. id, name: members and maps that are gone. Members, rows
//  and maps are those that are new or have changed, in their order; rows name members by their places in
//  the list of the result.
//  SPDX-License-Identifier: MPL-2.0
#include "view_delta.h"

#include "../mem.h"
#include "../mutant.h"
#include "../wire.h"
#include "view_code.h"

#define DELTA_FIELDS 10
#define HEAD_FIRST 2 // Cluster and version stand in the delta itself

uint64_t
view_digest (bytes_t encoded)
{
    return hash_bytes (encoded);
}

//  ------------------------------------------------------------------------------------------------
//  Making one

//  A list whose length is known in the end, and room to compare encodings.
typedef struct {
    const view_t *before, *after;
    buf_t *out;
    uint32_t count;
    buf_t list, one, other;
} s_maker_t;

static void
s_end_list (s_maker_t *maker)
{
    wire_add_array (maker->out, maker->count);
    buf_add (maker->out, maker->list.data, maker->list.size);
    maker->out->failed = maker->out->failed || maker->list.failed;
    maker->count = 0;
    buf_reset (&maker->list);
}

static void
s_add_head (s_maker_t *maker)
{
    buf_reset (&maker->one);
    buf_reset (&maker->other);
    view_head_encode (maker->before, &maker->one);
    view_head_encode (maker->after, &maker->other);
    mp_t one = mp_of (buf_bytes (&maker->one)), other = mp_of (buf_bytes (&maker->other));
    bytes_t was, is;
    for (uint32_t field = 0; field < VIEW_HEAD_FIELDS && mp_raw (&one, &was) && mp_raw (&other, &is); field++)
        if (field >= HEAD_FIRST && !bytes_equal (was, is)) {
            wire_add_uint (&maker->list, field);
            buf_add (&maker->list, is.data, is.size);
            maker->count += 2;
        }
    maker->out->failed = maker->out->failed || maker->one.failed || maker->other.failed;
    s_end_list (maker);
}

//  Adds what `other` holds if that is not what `one` holds.
static void
s_add_different (s_maker_t *maker)
{
    maker->out->failed = maker->out->failed || maker->one.failed || maker->other.failed;
    if (bytes_equal (buf_bytes (&maker->one), buf_bytes (&maker->other)))
        return;
    buf_add (&maker->list, maker->other.data, maker->other.size);
    maker->count++;
}

static void
s_add_members (s_maker_t *maker)
{
    const view_t *before = maker->before, *after = maker->after;
    for (uint32_t index = 0; index < before->members_count; index++)
        if (!view_member (after, before->members[index].id)) {
            wire_add_uint (&maker->list, before->members[index].id);
            maker->count++;
        }
    s_end_list (maker);
    for (uint32_t index = 0; index < after->members_count; index++) {
        const member_t *old = view_member (before, after->members[index].id);
        buf_reset (&maker->one);
        buf_reset (&maker->other);
        if (old)
            member_encode (old, &maker->one);
        member_encode (&after->members[index], &maker->other);
        s_add_different (maker);
    }
    s_end_list (maker);
}

static bool
s_same_part (const part_t *one, const part_t *other)
{
    if (one->epoch != other->epoch || one->primary != other->primary || one->learner != other->learner
        || one->reps_count != other->reps_count)
        return false;
    for (unsigned rep = 0; rep < one->reps_count; rep++)
        if (one->reps[rep] != other->reps[rep])
            return false;
    return true;
}

static void
s_add_parts (s_maker_t *maker)
{
    for (uint32_t index = 0; index < maker->after->partitions; index++)
        if (!s_same_part (&maker->before->parts[index], &maker->after->parts[index])) {
            wire_add_uint (&maker->list, index);
            part_encode (maker->after, &maker->after->parts[index], &maker->list);
            maker->count += 2;
        }
    s_end_list (maker);
}

//  The map of that name; NULL: it was not declared.
static map_settings_t *
s_map (const view_t *view, bytes_t name)
{
    const map_settings_t *map = view_map (view, name);
    return *map->name ? &view->maps[map - view->maps] : NULL;
}

static void
s_add_maps (s_maker_t *maker)
{
    const view_t *before = maker->before, *after = maker->after;
    for (uint32_t index = 0; index < before->maps_count; index++)
        if (!s_map (after, bytes_str (before->maps[index].name))) {
            wire_add_text (&maker->list, before->maps[index].name);
            maker->count++;
        }
    s_end_list (maker);
    for (uint32_t index = 0; index < after->maps_count; index++) {
        const map_settings_t *old = s_map (before, bytes_str (after->maps[index].name));
        buf_reset (&maker->one);
        buf_reset (&maker->other);
        if (old)
            map_encode (old, &maker->one);
        map_encode (&after->maps[index], &maker->other);
        s_add_different (maker);
    }
    s_end_list (maker);
}

bool
view_delta (const view_t *before, const view_t *after, buf_t *out)
{
    if (before->cluster != after->cluster || before->partitions != after->partitions)
        return false;
    size_t size = out->size;
    s_maker_t maker = { before, after, out, 0, BUF_INIT, BUF_INIT, BUF_INIT };
    view_encode (after, &maker.list);
    bool failed = maker.list.failed;
    wire_add_array (out, DELTA_FIELDS);
    wire_add_uint (out, before->cluster);
    wire_add_uint (out, before->version);
    wire_add_uint (out, after->version);
    wire_add_uint (out, view_digest (buf_bytes (&maker.list)));
    buf_reset (&maker.list);
    s_add_head (&maker);
    s_add_members (&maker);
    s_add_parts (&maker);
    s_add_maps (&maker);
    buf_clear (&maker.list);
    buf_clear (&maker.one);
    buf_clear (&maker.other);
    if (failed || out->failed)
        out->size = size;
    return !failed && !out->failed;
}

//  ------------------------------------------------------------------------------------------------
//  Applying one

typedef struct {
    uint64_t cluster, from, to, digest;
} s_ends_t;

static bool
s_read_ends (mp_t *reader, s_ends_t *ends)
{
    uint32_t fields;
    return mp_array (reader, &fields) && fields == DELTA_FIELDS && mp_uint (reader, &ends->cluster)
           && mp_uint (reader, &ends->from) && mp_uint (reader, &ends->to) && mp_uint (reader, &ends->digest);
}

bool
view_delta_ends (bytes_t delta, uint64_t *from, uint64_t *to)
{
    mp_t reader = mp_of (delta);
    s_ends_t ends;
    if (!s_read_ends (&reader, &ends))
        return false;
    *from = ends.from;
    *to = ends.to;
    return true;
}

static bool
s_wrong (const char **why, const char *text)
{
    *why = text;
    return false;
}

//  The head as it was, with the fields of the delta instead of its own; and the new version.
static bool
s_apply_head (view_t *view, mp_t *reader, const char **why)
{
    uint32_t count, field = 0;
    if (!mp_array (reader, &count) || count % 2 || count / 2 > VIEW_HEAD_FIELDS)
        return s_wrong (why, "a delta's list of fields is none");
    buf_t was = BUF_INIT, is = BUF_INIT;
    view_head_encode (view, &was);
    mp_t old = mp_of (buf_bytes (&was));
    bytes_t raw;
    bool good = true;
    for (; good && count; count -= 2) {
        uint64_t changed;
        good = mp_uint (reader, &changed) && changed >= HEAD_FIRST && changed >= field
               && changed < VIEW_HEAD_FIELDS;
        for (; good && field < changed && mp_raw (&old, &raw); field++)
            buf_add (&is, raw.data, raw.size);
        good = good && mp_raw (&old, &raw) && mp_raw (reader, &raw);
        if (good)
            buf_add (&is, raw.data, raw.size);
        field++;
    }
    while (mp_raw (&old, &raw))
        buf_add (&is, raw.data, raw.size);
    if (was.failed || is.failed)
        good = s_wrong (why, "out of memory");
    else if (!good)
        s_wrong (why, "a delta's list of fields is none");
    mp_t fields = mp_of (buf_bytes (&is));
    good = good && view_head_decode (view, &fields, why)
           && (mp_at_end (&fields) || s_wrong (why, "too long"));
    buf_clear (&was);
    buf_clear (&is);
    return good;
}

static bool
s_apply_members (view_t *view, mp_t *reader, const char **why)
{
    uint32_t count;
    uint64_t id;
    if (!mp_array (reader, &count))
        return s_wrong (why, "a delta's list of former members is none");
    for (; count; count--) {
        if (!mp_uint (reader, &id) || !view_member (view, id))
            return s_wrong (why, "a delta's former member was none");
        view_remove_member (view, id);
    }
    if (!mp_array (reader, &count) || count > VIEW_MEMBERS_MAX)
        return s_wrong (why, "a delta's list of members is none");
    for (; count; count--) {
        member_t member, *old;
        if (!member_decode (reader, &member, why))
            return false;
        if ((old = view_member (view, member.id)))
            *old = member;
        else if (!view_add_member (view, &member))
            return s_wrong (why, view->members_count < VIEW_MEMBERS_MAX ? "out of memory"
                                                                        : "a delta's members are too many");
    }
    return true;
}

static bool
s_apply_parts (view_t *view, mp_t *reader, const char **why)
{
    uint32_t count;
    uint64_t partition, least = 0;
    if (!mp_array (reader, &count) || count % 2)
        return s_wrong (why, "a delta's list of rows is none");
    for (; count; count -= 2) {
        if (!mp_uint (reader, &partition) || partition < least || partition >= view->partitions
            || !part_decode (view, &view->parts[partition], reader))
            return s_wrong (why, "a delta's row is wrong");
        least = partition + 1;
    }
    return true;
}

static bool
s_apply_maps (view_t *view, mp_t *reader, const char **why)
{
    uint32_t count;
    if (!mp_array (reader, &count))
        return s_wrong (why, "a delta's list of former maps is none");
    for (; count; count--) {
        bytes_t name;
        map_settings_t *map = mp_bytes (reader, &name) ? s_map (view, name) : NULL;
        if (!map)
            return s_wrong (why, "a delta's former map was none");
        view_remove_map (view, name);
    }
    if (!mp_array (reader, &count) || count > VIEW_MAPS_MAX)
        return s_wrong (why, "a delta's list of maps is none");
    for (; count; count--) {
        map_settings_t map;
        memset (&map, 0, sizeof map);
        if (!map_decode (reader, &map))
            return s_wrong (why, "a delta's map is wrong");
        if (!view_set_map (view, &map))
            return s_wrong (why, view->maps_count < VIEW_MAPS_MAX ? "out of memory"
                                                                  : "a delta's maps are too many");
    }
    return true;
}

//  What was made of a delta is taken only if it is, byte for byte, what the delta was made for; and a
//  view, which is found out as if all of it had come.
static view_t *
s_judge (const view_t *made, uint64_t digest, const char **why)
{
    buf_t bytes = BUF_INIT;
    view_encode (made, &bytes);
    view_t *view = NULL;
    if (bytes.failed)
        *why = "out of memory";
    else if (!HOLDS (delta_base, view_digest (buf_bytes (&bytes)) == digest))
        *why = "a delta does not lead to what it says";
    else
        view = view_decode (buf_bytes (&bytes), why);
    buf_clear (&bytes);
    return view;
}

view_t *
view_apply (const view_t *before, bytes_t delta, const char **why)
{
    mp_t reader = mp_of (delta);
    s_ends_t ends;
    //  Consistency 3: to the state that it was made from only
    if (!s_read_ends (&reader, &ends) || ends.cluster != before->cluster
        || !HOLDS (delta_base, ends.from == before->version)) {
        *why = "not a delta of that view";
        return NULL;
    }
    view_t *made = view_copy (before), *view = NULL;
    if (!made) {
        *why = "out of memory";
        return NULL;
    }
    made->version = ends.to;
    if (s_apply_head (made, &reader, why) && s_apply_members (made, &reader, why)
        && s_apply_parts (made, &reader, why) && s_apply_maps (made, &reader, why)) {
        if (mp_at_end (&reader))
            view = s_judge (made, ends.digest, why);
        else
            *why = "there are bytes behind a delta";
    }
    view_destroy (&made);
    return view;
}
