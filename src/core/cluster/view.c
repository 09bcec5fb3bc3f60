//  view: making, changing and asking one. view_code.c reads and writes its bytes.
//  SPDX-License-Identifier: MPL-2.0
#include "view.h"

#include "../mem.h"

view_t *
view_new (uint32_t partitions)
{
    if (partitions == 0 || partitions > VIEW_PARTITIONS_MAX)
        return NULL;
    view_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->voters_max = 1;
    self->copies = 1;
    self->partitions = partitions;
    self->parts = mem_alloc_zero (partitions, sizeof *self->parts);
    if (!self->parts)
        view_destroy (&self);
    return self;
}

//  A block of its own with the same contents; NULL if size is 0 or without memory.
static void *
s_same (const void *block, size_t size)
{
    void *copy = size ? mem_alloc (size) : NULL;
    if (copy)
        memcpy (copy, block, size);
    return copy;
}

view_t *
view_copy (const view_t *self)
{
    view_t *copy = s_same (self, sizeof *self);
    if (!copy)
        return NULL;
    copy->members = s_same (self->members, self->members_count * sizeof *self->members);
    copy->parts = s_same (self->parts, self->partitions * sizeof *self->parts);
    copy->maps = s_same (self->maps, self->maps_count * sizeof *self->maps);
    if ((self->members_count && !copy->members) || !copy->parts || (self->maps_count && !copy->maps))
        view_destroy (&copy);
    return copy;
}

void
view_destroy (view_t **self_p)
{
    view_t *self = *self_p;
    if (!self)
        return;
    mem_free (self->members);
    mem_free (self->parts);
    mem_free (self->maps);
    mem_free (self);
    *self_p = NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Members

//  The place of an id, or where it would stand.
static uint32_t
s_place (const view_t *self, node_id_t id)
{
    uint32_t low = 0, high = self->members_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (self->members[middle].id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

member_t *
view_member (const view_t *self, node_id_t id)
{
    uint32_t place = s_place (self, id);
    return place < self->members_count && self->members[place].id == id ? &self->members[place] : NULL;
}

member_t *
view_member_named (const view_t *self, const char *name)
{
    member_t *found = NULL;
    for (uint32_t index = 0; index < self->members_count; index++) {
        member_t *member = &self->members[index];
        if (strcmp (member->name, name) == 0 && (!found || found->status != MEMBER_UP))
            found = member;
    }
    return found;
}

member_t *
view_add_member (view_t *self, const member_t *member)
{
    uint32_t place = s_place (self, member->id);
    if (self->members_count >= VIEW_MEMBERS_MAX || member->id == 0
        || (place < self->members_count && self->members[place].id == member->id))
        return NULL;
    member_t *members = mem_resize (self->members, (self->members_count + 1) * sizeof *members);
    if (!members)
        return NULL;
    self->members = members;
    memmove (members + place + 1, members + place, (self->members_count - place) * sizeof *members);
    members[place] = *member;
    self->members_count++;
    return &members[place];
}

void
view_remove_member (view_t *self, node_id_t id)
{
    member_t *member = view_member (self, id);
    if (!member)
        return;
    uint32_t after = self->members_count - 1 - (uint32_t) (member - self->members);
    memmove (member, member + 1, after * sizeof *member);
    self->members_count--;
}

//  ------------------------------------------------------------------------------------------------
//  Voters

static bool
s_among (const node_id_t *ids, size_t count, node_id_t id)
{
    for (size_t index = 0; index < count; index++)
        if (ids[index] == id)
            return true;
    return false;
}

bool
view_is_voter (const view_t *self, node_id_t id)
{
    return s_among (self->voters, self->voters_count, id)
           || s_among (self->voters_new, self->voters_new_count, id);
}

size_t
view_voters (const view_t *self, node_id_t *ids)
{
    size_t count = self->voters_count;
    for (size_t index = 0; index < count; index++)
        ids[index] = self->voters[index];
    for (size_t index = 0; index < self->voters_new_count; index++)
        if (!s_among (self->voters, self->voters_count, self->voters_new[index]))
            ids[count++] = self->voters_new[index];
    return count;
}

static bool
s_majority (const node_id_t *ids, size_t count, view_has_fn *has, const void *arg)
{
    size_t have = 0;
    for (size_t index = 0; index < count; index++)
        have += has (arg, ids[index]);
    return have > count / 2;
}

bool
view_quorum (const view_t *self, view_has_fn *has, const void *arg)
{
    return s_majority (self->voters, self->voters_count, has, arg)
           && (self->voters_new_count == 0
               || s_majority (self->voters_new, self->voters_new_count, has, arg));
}

//  ------------------------------------------------------------------------------------------------
//  Partitions

bool
part_has (const part_t *self, node_id_t id)
{
    return s_among (self->reps, self->reps_count, id);
}

role_t
part_role (const part_t *self, node_id_t id)
{
    if (id == 0)
        return ROLE_NONE;
    if (self->primary == id)
        return ROLE_PRIMARY;
    if (part_has (self, id))
        return ROLE_BACKUP;
    return self->learner == id ? ROLE_LEARNER : ROLE_NONE;
}

uint32_t
view_copies (const view_t *self)
{
    uint32_t holders = 0;
    for (uint32_t index = 0; index < self->members_count; index++)
        holders += !self->members[index].witness && self->members[index].status != MEMBER_LEAVING;
    return holders < self->copies ? holders : self->copies;
}

view_health_t
view_health (const view_t *self)
{
    view_health_t health = { .swapping = self->voters_new_count > 0 };
    for (uint32_t index = 0; index < self->members_count; index++)
        if (self->members[index].status == MEMBER_SUSPECT) {
            health.suspects++;
            health.voters_suspect += view_is_voter (self, self->members[index].id);
        }
    uint32_t copies = view_copies (self);
    for (uint32_t partition = 0; partition < self->partitions; partition++) {
        const part_t *part = &self->parts[partition];
        uint32_t live = 0;
        for (unsigned rep = 0; rep < part->reps_count; rep++) {
            const member_t *member = view_member (self, part->reps[rep]);
            live += member && member->status != MEMBER_SUSPECT;
        }
        health.lost += live == 0;
        health.under_replicated += live < copies;
        health.moving += part->learner != 0 || part->reps_count > copies;
    }
    return health;
}

//  ------------------------------------------------------------------------------------------------
//  Maps

static int
s_order (const char *name, bytes_t other)
{
    size_t size = strlen (name);
    int order = memcmp (name, other.data, size < other.size ? size : other.size);
    return order ? order : size < other.size ? -1 : size > other.size;
}

//  The place of a map, or where it would stand.
static uint32_t
s_map_place (const view_t *self, bytes_t name, bool *there)
{
    uint32_t low = 0, high = self->maps_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (s_order (self->maps[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < self->maps_count && s_order (self->maps[low].name, name) == 0;
    return low;
}

const map_settings_t *
view_map (const view_t *self, bytes_t name)
{
    static const map_settings_t s_default = {
#define MAP_SETTING(type, name, kind, least, most, usual, purpose) .name = usual,
#include "map_setting.def"
#undef MAP_SETTING
    };
    if (self->maps_count == 0 || name.size == 0)
        return &s_default;
    bool there;
    uint32_t place = s_map_place (self, name, &there);
    return there ? &self->maps[place] : &s_default;
}

bool
view_set_map (view_t *self, const map_settings_t *settings)
{
    bool there;
    uint32_t place = s_map_place (self, bytes_str (settings->name), &there);
    if (!there) {
        if (self->maps_count >= VIEW_MAPS_MAX)
            return false;
        map_settings_t *maps = mem_resize (self->maps, (self->maps_count + 1) * sizeof *maps);
        if (!maps)
            return false;
        self->maps = maps;
        memmove (maps + place + 1, maps + place, (self->maps_count - place) * sizeof *maps);
        self->maps_count++;
    }
    self->maps[place] = *settings;
    return true;
}

void
view_remove_map (view_t *self, bytes_t name)
{
    bool there;
    uint32_t place = s_map_place (self, name, &there);
    if (!there)
        return;
    self->maps_count--;
    memmove (self->maps + place, self->maps + place + 1, (self->maps_count - place) * sizeof *self->maps);
}
