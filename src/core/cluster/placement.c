//  placement: see placement.h. Here: the tables, and what follows from them. Loads are compared as
//  fractions, load / weight, by multiplying across.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "placement_impl.h"

//  ------------------------------------------------------------------------------------------------
//  Changes of rows

static void
s_flip (uint64_t *bits, const placement_t *self, uint32_t place, uint32_t partition)
{
    bits[(size_t) place * self->words + partition / 64] ^= UINT64_C (1) << (partition % 64);
}

static uint16_t *
s_shared (placement_t *self, uint32_t primary, uint32_t place)
{
    return &self->shared[(size_t) primary * self->members + place];
}

void
placement_add (placement_t *self, uint32_t partition, uint32_t place)
{
    row_t *row = &self->rows[partition];
    row->places[row->count++] = (uint16_t) place;
    s_flip (self->held, self, place, partition);
    self->count[place]++;
    if (row->primary != NOBODY)
        ++*s_shared (self, row->primary, place);
}

void
placement_remove (placement_t *self, uint32_t partition, uint32_t place)
{
    row_t *row = &self->rows[partition];
    if (row->primary == place)
        placement_role (self, partition, NOBODY);
    unsigned at = 0;
    while (row->places[at] != place)
        at++;
    row->count--;
    for (; at < row->count; at++)
        row->places[at] = row->places[at + 1];
    s_flip (self->held, self, place, partition);
    self->count[place]--;
    if (row->primary != NOBODY)
        --*s_shared (self, row->primary, place);
}

void
placement_role (placement_t *self, uint32_t partition, uint32_t place)
{
    row_t *row = &self->rows[partition];
    for (unsigned at = 0; at < row->count; at++) {
        if (row->primary != NOBODY)
            --*s_shared (self, row->primary, row->places[at]);
        if (place != NOBODY)
            ++*s_shared (self, place, row->places[at]);
    }
    if (row->primary != NOBODY)
        self->roles[row->primary]--;
    if (place != NOBODY)
        self->roles[place]++;
    row->primary = (uint16_t) place;
}

//  ------------------------------------------------------------------------------------------------
//  Tables

static size_t
s_rounded (size_t size)
{
    return (size + 15) / 16 * 16;
}

//  One block with all tables, so that there is one thing that can fail.
static bool
s_allocate (placement_t *self)
{
    size_t members = self->members ? self->members : 1, bits = members * self->words * sizeof *self->held;
    size_t sizes[] = { self->partitions * sizeof *self->rows,
                       bits,
                       bits,
                       members * sizeof *self->count,
                       members * sizeof *self->quota,
                       members * sizeof *self->roles,
                       members * members * sizeof *self->shared,
                       members * sizeof *self->zone,
                       members,
                       members,
                       self->words * sizeof *self->pending };
    void **tables[] = { (void **) &self->rows,   (void **) &self->held,   (void **) &self->had,
                        (void **) &self->count,  (void **) &self->quota,  (void **) &self->roles,
                        (void **) &self->shared, (void **) &self->zone,   (void **) &self->takes,
                        (void **) &self->closed, (void **) &self->pending };
    size_t total = 0;
    for (unsigned index = 0; index < sizeof sizes / sizeof *sizes; index++)
        total += s_rounded (sizes[index]);
    self->block = mem_alloc_zero (total, 1);
    if (!self->block)
        return false;
    uint8_t *at = self->block;
    for (unsigned index = 0; index < sizeof sizes / sizeof *sizes; index++) {
        *tables[index] = at;
        at += s_rounded (sizes[index]);
    }
    return true;
}

//  Zones get numbers below that of members; a member without a zone is one of its own.
static void
s_number_zones (placement_t *self)
{
    enum { S_SLOTS = 4 * VIEW_MEMBERS_MAX };
    uint16_t slots[S_SLOTS]; // Places, by a hash of the zone's name
    memset (slots, 0xff, sizeof slots);
    for (uint32_t place = 0; place < self->members; place++) {
        const char *name = self->view->members[place].zone;
        self->zone[place] = (uint16_t) place;
        if (!name[0])
            continue;
        uint32_t hash = 2166136261U;
        for (const char *at = name; *at; at++)
            hash = (hash ^ (uint8_t) *at) * 16777619U;
        while (slots[hash % S_SLOTS] != NOBODY
               && strcmp (self->view->members[slots[hash % S_SLOTS]].zone, name) != 0)
            hash++;
        if (slots[hash % S_SLOTS] == NOBODY)
            slots[hash % S_SLOTS] = (uint16_t) place;
        self->zone[place] = slots[hash % S_SLOTS];
    }
}

static void
s_look_at_members (placement_t *self)
{
    bool seen[VIEW_MEMBERS_MAX] = { false };
    uint32_t takers = 0;
    for (uint32_t place = 0; place < self->members; place++) {
        const member_t *member = &self->view->members[place];
        self->frozen |= !member->witness && member->status == MEMBER_SUSPECT;
        self->takes[place] = !member->witness && member->status == MEMBER_UP && member->weight > 0;
        takers += self->takes[place];
        if (!self->takes[place] || seen[self->zone[place]])
            continue;
        seen[self->zone[place]] = true;
        self->zones_all++;
    }
    self->one_each = self->zones_all == takers;
    self->zones = self->zones_all < self->copies ? self->zones_all : self->copies;
    self->idle = self->copies == 0 || self->zones_all == 0;
}

//  A row begins with the copies that are there and may stay.
static void
s_look_at_part (placement_t *self, uint32_t partition)
{
    const view_t *view = self->view;
    const part_t *part = &view->parts[partition];
    self->rows[partition].primary = NOBODY;
    for (unsigned rep = 0; rep < part->reps_count; rep++) {
        const member_t *member = view_member (view, part->reps[rep]);
        if (!member)
            continue;
        uint32_t place = (uint32_t) (member - view->members);
        s_flip (self->had, self, place, partition);
        if (member->status == MEMBER_LEAVING && !self->idle)
            continue;
        placement_add (self, partition, place);
        if (part->primary == member->id)
            placement_role (self, partition, place);
    }
    const member_t *learner = part->learner ? view_member (view, part->learner) : NULL;
    if (learner && self->takes[learner - view->members] && !part_has (part, learner->id)) {
        s_flip (self->had, self, (uint32_t) (learner - view->members), partition);
        placement_add (self, partition, (uint32_t) (learner - view->members));
    }
    if (self->rows[partition].count > self->copies)
        self->pending[partition / 64] |= UINT64_C (1) << (partition % 64);
}

//  With the members, and rows that nobody is in.
static placement_t *
s_new (const view_t *view)
{
    placement_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->view = view;
    self->members = view->members_count;
    self->partitions = view->partitions;
    self->copies = view_copies (view);
    self->words = (view->partitions + 63) / 64;
    if (!s_allocate (self)) {
        mem_free (self);
        return NULL;
    }
    s_number_zones (self);
    s_look_at_members (self);
    return self;
}

void
placement_destroy (placement_t **self_p)
{
    if (*self_p)
        mem_free ((*self_p)->block);
    mem_free (*self_p);
    *self_p = NULL;
}

placement_t *
placement_new (const view_t *view, placement_barred_fn *barred, const void *arg)
{
    placement_t *self = s_new (view);
    if (!self)
        return NULL;
    self->barred = barred;
    self->arg = arg;
    for (uint32_t place = 0; barred && place < self->members; place++)
        self->closed[place] = barred (arg, UINT32_MAX, placement_id (self, place));
    for (uint32_t partition = 0; partition < self->partitions; partition++)
        s_look_at_part (self, partition);
    if (!self->idle && (!placement_make_even (self) || !placement_even_primaries (self)))
        placement_destroy (&self);
    return self;
}

//  ------------------------------------------------------------------------------------------------
//  Steps

static const member_t *
s_primary (const placement_t *self, uint32_t partition)
{
    return view_member (self->view, self->view->parts[partition].primary);
}

node_id_t
placement_learner (const placement_t *self, uint32_t partition)
{
    const part_t *part = &self->view->parts[partition];
    const row_t *row = &self->rows[partition];
    if (part->learner || part->reps_count >= VIEW_REPS_MAX)
        return 0;
    for (unsigned at = 0; at < row->count; at++)
        if (!placement_bit (self->had, self, row->places[at], partition))
            return placement_id (self, row->places[at]);
    return 0;
}

node_id_t
placement_surplus (const placement_t *self, uint32_t partition)
{
    static const uint8_t s_rank[] = { [MEMBER_UP] = 0, [MEMBER_LEAVING] = 1, [MEMBER_SUSPECT] = 2 };
    const part_t *part = &self->view->parts[partition];
    const member_t *primary = s_primary (self, partition), *goes = NULL;
    if (self->idle || part->reps_count < 2 || part->reps_count <= self->copies || !primary
        || primary->status == MEMBER_SUSPECT)
        return 0;
    for (unsigned rep = 0; rep < part->reps_count; rep++) {
        const member_t *member = view_member (self->view, part->reps[rep]);
        if (member && member != primary
            && !placement_bit (self->held, self, (uint32_t) (member - self->view->members), partition)
            && (!goes || s_rank[member->status] > s_rank[goes->status]))
            goes = member;
    }
    return goes ? goes->id : 0;
}

node_id_t
placement_primary (const placement_t *self, uint32_t partition)
{
    const part_t *part = &self->view->parts[partition];
    const member_t *primary = s_primary (self, partition);
    uint32_t wanted = self->rows[partition].primary;
    if (self->idle || wanted == NOBODY || !primary || primary->status == MEMBER_SUSPECT)
        return 0;
    const member_t *member = &self->view->members[wanted];
    return member->id != part->primary && member->status == MEMBER_UP && part_has (part, member->id)
               ? member->id
               : 0;
}

node_id_t
placement_anyone (const view_t *view, uint32_t partition)
{
    uint32_t loads[VIEW_MEMBERS_MAX] = { 0 };
    for (uint32_t index = 0; index < view->partitions; index++)
        for (unsigned rep = 0; rep < view->parts[index].reps_count; rep++) {
            const member_t *member = view_member (view, view->parts[index].reps[rep]);
            if (member)
                loads[member - view->members]++;
        }
    const member_t *best = NULL;
    for (uint32_t place = 0; place < view->members_count; place++) {
        const member_t *member = &view->members[place];
        if (member->witness || member->status != MEMBER_UP || member->weight == 0
            || part_role (&view->parts[partition], member->id) != ROLE_NONE)
            continue;
        if (!best
            || placement_compare (loads[place] + 1, member->weight, loads[best - view->members] + 1,
                                  best->weight)
                   < 0)
            best = member;
    }
    return best ? best->id : 0;
}

//  ------------------------------------------------------------------------------------------------
//  A new cluster

bool
placement_found (view_t *view)
{
    placement_t *self = s_new (view);
    if (!self)
        return false;
    self->founding = true;
    for (uint32_t partition = 0; partition < self->partitions; partition++)
        self->rows[partition].primary = NOBODY;
    bool found = !self->idle;
    if (found) {
        placement_name_primaries (self);
        found = placement_make_even (self) && placement_even_primaries (self);
    }
    for (uint32_t partition = 0; found && partition < self->partitions; partition++) {
        const row_t *row = &self->rows[partition];
        part_t part = { .epoch = 1, .reps_count = row->count };
        for (unsigned at = 0; at < row->count; at++)
            part.reps[at] = placement_id (self, row->places[at]);
        part.primary = placement_id (self, row->primary);
        view->parts[partition] = part;
    }
    placement_destroy (&self);
    return found;
}
