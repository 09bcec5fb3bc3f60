//  placement_copies: where copies shall be. The fewest copies that have to be made are a flow of least
//  cost: from partitions that miss copies, and members that have too many, to members that have too few.
//  An edge goes from one member to another if there is a partition of which a copy can be at the latter
//  instead of the former; it costs 1 if the latter does not have that copy now, and one less if the former
//  has not either. Each unit of the flow takes the shortest path (successive shortest paths: Ahuja,
//  Magnanti, Orlin, "Network Flows", 1993, section 9.7); nearly always it is a single edge.
//  SPDX-License-Identifier: MPL-2.0
#include "../mem.h"
#include "placement_impl.h"

#define ENOUGH 256                // Partitions of a pair of members of which the best one is taken
#define CHOICE 4                  // Members of which the best one gets a copy
#define WORK (UINT64_C (1) << 26) // Words that one search for paths after the other may look at, in all
#define COST 4096                 // Of a copy; each edge costs 1 in addition
#define FAR INT32_MAX
#define NO_PARTITION UINT32_MAX

typedef struct {
    int32_t distance[VIEW_MEMBERS_MAX];
    uint32_t by[VIEW_MEMBERS_MAX];     // The partition of the last edge of the path
    uint16_t before[VIEW_MEMBERS_MAX]; // And where that edge comes from; NOBODY: the path begins
    uint16_t queue[VIEW_MEMBERS_MAX];  // A ring
    bool queued[VIEW_MEMBERS_MAX];
    uint32_t first, length;
    uint64_t work;
} path_t;

static int32_t
s_over (const placement_t *self, uint32_t place)
{
    return (int32_t) self->count[place] - (int32_t) self->quota[place];
}

static unsigned
s_in_zone (const placement_t *self, const row_t *row, uint32_t zone)
{
    unsigned count = 0;
    for (unsigned at = 0; at < row->count; at++)
        count += self->zone[row->places[at]] == zone;
    return count;
}

//  Copies in zones that have another one of the same partition.
static unsigned
s_doubles (const placement_t *self, const row_t *row)
{
    unsigned doubles = 0;
    for (unsigned at = 1; at < row->count; at++)
        for (unsigned before = 0; before < at; before++)
            if (self->zone[row->places[before]] == self->zone[row->places[at]]) {
                doubles++;
                break;
            }
    return doubles;
}

//  Whether a row that gets one more copy there can still be in enough zones when it is full.
static bool
s_may_join (const placement_t *self, const row_t *row, uint32_t place)
{
    return s_in_zone (self, row, self->zone[place]) == 0
           || s_doubles (self, row) < self->copies - self->zones;
}

//  Whether a copy may be at `to` instead of `from` without fewer zones.
static bool
s_may_go (const placement_t *self, const row_t *row, uint32_t from, uint32_t to)
{
    return self->zone[from] == self->zone[to] || s_in_zone (self, row, self->zone[to]) == 0
           || s_in_zone (self, row, self->zone[from]) > 1;
}

static void
s_move (placement_t *self, uint32_t partition, uint32_t from, uint32_t to)
{
    bool primary = self->rows[partition].primary == from;
    placement_remove (self, partition, from);
    placement_add (self, partition, to);
    if (primary)
        placement_role (self, partition, to);
}

//  ------------------------------------------------------------------------------------------------
//  Edges and paths

static int
s_new_at (const placement_t *self, uint32_t partition, uint32_t place)
{
    return !placement_bit (self->had, self, place, partition);
}

//  The partition of which a copy should go from one member to another: the cheapest, rather not one of
//  the former's primaries, then one whose primary shares the fewest with the latter.
static uint32_t
s_best (const placement_t *self, uint32_t from, uint32_t to, int32_t *cost, uint32_t *rank_p)
{
    const uint64_t *mine = self->held + (size_t) from * self->words,
                   *its = self->held + (size_t) to * self->words;
    uint32_t best = NO_PARTITION, best_rank = UINT32_MAX;
    unsigned seen = 0;
    for (uint32_t word = 0; word < self->words && seen < ENOUGH; word++)
        for (uint64_t bits = mine[word] & ~its[word]; bits && seen < ENOUGH; bits &= bits - 1) {
            uint32_t partition = word * 64 + (uint32_t) __builtin_ctzll (bits);
            const row_t *row = &self->rows[partition];
            if (!s_may_go (self, row, from, to))
                continue;
            int price = s_new_at (self, partition, to) - s_new_at (self, partition, from);
            uint32_t rank = (uint32_t) (price + 1) << 24;
            rank |= (uint32_t) (row->primary == from && self->copies > 1) << 23;
            if (row->primary != NOBODY)
                rank |= self->shared[(size_t) row->primary * self->members + to];
            if (rank < best_rank) {
                best_rank = rank;
                best = partition;
                *cost = price;
            }
            seen++;
        }
    *rank_p = best_rank;
    return best;
}

static void
s_reach (path_t *path, uint32_t place, int32_t distance, uint32_t before, uint32_t by)
{
    path->distance[place] = distance;
    path->before[place] = (uint16_t) before;
    path->by[place] = by;
    if (path->queued[place])
        return;
    path->queued[place] = true;
    path->queue[(path->first + path->length++) % VIEW_MEMBERS_MAX] = (uint16_t) place;
}

static uint32_t
s_next (path_t *path)
{
    uint32_t place = path->queue[path->first];
    path->first = (path->first + 1) % VIEW_MEMBERS_MAX;
    path->length--;
    path->queued[place] = false;
    return place;
}

//  All that is reached from what is in the queue.
static void
s_spread (const placement_t *self, path_t *path)
{
    //  Distances go down only finitely often as long as no circle is cheaper than nothing; none is
    for (uint64_t rounds = (uint64_t) 8 * self->members * self->members + 64;
         path->length && rounds && path->work < WORK; rounds--) {
        uint32_t from = s_next (path);
        path->work += (uint64_t) self->members * (self->words + 8);
        for (uint32_t to = 0; to < self->members; to++) {
            int32_t cost;
            uint32_t rank;
            if (!self->takes[to] || self->closed[to] || to == from
                || path->distance[to] <= path->distance[from] - COST)
                continue;
            uint32_t partition = s_best (self, from, to, &cost, &rank);
            if (partition != NO_PARTITION && path->distance[from] + cost * COST + 1 < path->distance[to])
                s_reach (path, to, path->distance[from] + cost * COST + 1, from, partition);
        }
    }
}

//  Follows a path from its end. False: it could not be followed to its beginning. *last: where it began.
static bool
s_follow (placement_t *self, const path_t *path, uint32_t *last)
{
    uint32_t end = NOBODY;
    for (uint32_t place = 0; place < self->members; place++)
        if (path->distance[place] != FAR && s_over (self, place) < 0 && !self->closed[place]
            && (end == NOBODY || path->distance[place] < path->distance[end]))
            end = place;
    if (end == NOBODY)
        return false;
    for (; path->before[end] != NOBODY; end = path->before[end]) {
        uint32_t from = path->before[end], partition = path->by[end];
        if (!placement_bit (self->held, self, from, partition)
            || placement_bit (self->held, self, end, partition)
            || !s_may_go (self, &self->rows[partition], from, end))
            return false;
        s_move (self, partition, from, end);
    }
    *last = end;
    return true;
}

static void
s_clear (const placement_t *self, path_t *path)
{
    memset (path->queued, 0, sizeof path->queued);
    path->first = path->length = 0;
    for (uint32_t place = 0; place < self->members; place++)
        path->distance[place] = FAR;
}

//  ------------------------------------------------------------------------------------------------
//  Copies too many

//  True if a's copy should rather go than b's.
static bool
s_rather (const placement_t *self, const row_t *row, uint32_t a, uint32_t b)
{
    int order = (int) self->takes[b] - (int) self->takes[a];
    if (order == 0)
        order = (s_in_zone (self, row, self->zone[a]) > 1) - (s_in_zone (self, row, self->zone[b]) > 1);
    if (order == 0)
        order = s_over (self, a) - s_over (self, b);
    if (order == 0)
        order = (row->primary == b) - (row->primary == a);
    return order > 0;
}

//  Takes copies away from a row that has too many, or too many of them in one zone.
static void
s_trim (placement_t *self, uint32_t partition)
{
    const row_t *row = &self->rows[partition];
    while (row->count > self->copies
           || (!self->frozen && s_doubles (self, row) > self->copies - self->zones)) {
        uint32_t goes = row->places[0];
        for (unsigned at = 1; at < row->count; at++)
            if (s_rather (self, row, row->places[at], goes))
                goes = row->places[at];
        placement_remove (self, partition, goes);
    }
}

//  Reaches those that have a copy now which goes, and could stay instead of that at `from`.
static void
s_reach_free (const placement_t *self, path_t *path, uint32_t from)
{
    const uint64_t *mine = self->held + (size_t) from * self->words;
    for (uint32_t word = 0; word < self->words; word++)
        for (uint64_t bits = mine[word] & self->pending[word]; bits; bits &= bits - 1) {
            uint32_t partition = word * 64 + (uint32_t) __builtin_ctzll (bits);
            const part_t *part = &self->view->parts[partition];
            for (unsigned rep = 0; rep <= part->reps_count; rep++) {
                node_id_t id = rep < part->reps_count ? part->reps[rep] : part->learner;
                const member_t *member = id ? view_member (self->view, id) : NULL;
                uint32_t to = member ? (uint32_t) (member - self->view->members) : from;
                if (self->takes[to] && path->distance[to] == FAR
                    && !placement_bit (self->held, self, to, partition)
                    && s_may_go (self, &self->rows[partition], from, to))
                    s_reach (path, to, path->distance[from] + 1, from, partition);
            }
        }
}

//  Which of several copies goes was decided one partition after the other: what can be set right among
//  them costs nothing.
static void
s_set_right (placement_t *self, path_t *path)
{
    for (uint32_t place = 0; place < self->members; place++)
        while (self->takes[place] && s_over (self, place) > 0) {
            uint32_t last;
            s_clear (self, path);
            s_reach (path, place, 0, NOBODY, NO_PARTITION);
            while (path->length)
                s_reach_free (self, path, s_next (path));
            if (!s_follow (self, path, &last))
                break;
        }
}

//  ------------------------------------------------------------------------------------------------
//  Copies missing

static bool
s_is_barred (const placement_t *self, uint32_t partition, uint32_t place)
{
    return self->barred && self->barred (self->arg, partition, placement_id (self, place));
}

//  True if a is the better place for a further copy. What counts first is that backups of one primary go
//  to all others, as each gets its quota anyway; where quotas do not count, how much each has.
static bool
s_better (const placement_t *self, const row_t *row, bool quotas, uint32_t a, uint32_t b)
{
    int order = (s_in_zone (self, row, self->zone[a]) > 0) - (s_in_zone (self, row, self->zone[b]) > 0);
    if (order)
        return order < 0;
    int copies = placement_lighter (self, self->count, a, b), shared = 0;
    if (row->primary != NOBODY) {
        const uint16_t *with = self->shared + (size_t) row->primary * self->members;
        shared = placement_compare (with[a] + 1U, placement_weight (self, a), with[b] + 1U,
                                    placement_weight (self, b));
    }
    return quotas ? (shared ? shared < 0 : copies < 0) : (copies ? copies < 0 : shared < 0);
}

//  Where a further copy can be, or NOBODY. quotas: only at who has too few; zones: only where the row can
//  be in enough zones then.
static uint32_t
s_place (const placement_t *self, uint32_t partition, bool quotas, bool zones)
{
    const row_t *row = &self->rows[partition];
    uint32_t best = NOBODY;
    for (uint32_t place = 0; place < self->members; place++)
        if (self->takes[place] && !placement_bit (self->held, self, place, partition)
            && (!quotas || s_over (self, place) < 0) && (!zones || s_may_join (self, row, place))
            && (best == NOBODY || s_better (self, row, quotas, place, best))
            && !s_is_barred (self, partition, place))
            best = place;
    return best;
}

//  A further copy by way of members that have enough, each of which passes on another one.
static bool
s_place_by_path (placement_t *self, path_t *path, uint32_t partition)
{
    const row_t *row = &self->rows[partition];
    uint32_t last;
    s_clear (self, path);
    for (uint32_t place = 0; place < self->members; place++)
        if (self->takes[place] && !placement_bit (self->held, self, place, partition)
            && s_may_join (self, row, place) && !s_is_barred (self, partition, place))
            s_reach (path, place, s_new_at (self, partition, place) * COST + 1, NOBODY, partition);
    s_spread (self, path);
    if (!s_follow (self, path, &last) || placement_bit (self->held, self, last, partition)
        || !s_may_join (self, row, last))
        return false;
    placement_add (self, partition, last);
    return true;
}

//  Two members could both have the last copy by D'Hondt's rule, and the one that shall have it cannot be
//  reached: then the other shall.
static uint32_t
s_place_instead (placement_t *self, uint32_t partition)
{
    for (uint32_t place = 0; place < self->members; place++) {
        if (!self->takes[place] || s_over (self, place) != 0 || self->quota[place] >= self->partitions
            || placement_bit (self->held, self, place, partition)
            || !s_may_join (self, &self->rows[partition], place) || s_is_barred (self, partition, place))
            continue;
        for (uint32_t other = 0; other < self->members; other++)
            if (self->takes[other] && s_over (self, other) < 0
                && (self->one_each || self->zone[place] == self->zone[other])
                && placement_compare (self->quota[place] + 1, placement_weight (self, place),
                                      self->quota[other], placement_weight (self, other))
                       == 0) {
                self->quota[place]++;
                self->quota[other]--;
                return place;
            }
    }
    return NOBODY;
}

static void
s_fill (placement_t *self, path_t *path, uint32_t partition)
{
    while (self->rows[partition].count < self->copies) {
        uint32_t place = self->frozen ? NOBODY : s_place (self, partition, true, true);
        if (place == NOBODY && !self->frozen)
            place = s_place_instead (self, partition);
        if (place == NOBODY && !self->frozen && s_place_by_path (self, path, partition))
            continue;
        if (place == NOBODY)
            place = s_place (self, partition, false, !self->frozen);
        if (place == NOBODY)
            place = s_place (self, partition, false, false);
        if (place == NOBODY)
            return;
        placement_add (self, partition, place);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Members that have too many, and too few

//  The one with the most too many, of those that have not been tried.
static uint32_t
s_richest (const placement_t *self, const bool *tried)
{
    uint32_t richest = NOBODY;
    for (uint32_t place = 0; place < self->members; place++)
        if (self->takes[place] && !tried[place] && s_over (self, place) > 0
            && (richest == NOBODY || s_over (self, place) > s_over (self, richest)))
            richest = place;
    return richest;
}

static uint32_t
s_poorest (const placement_t *self, const bool *tried)
{
    uint32_t poorest = NOBODY;
    for (uint32_t place = 0; place < self->members; place++)
        if (self->takes[place] && !self->closed[place] && !tried[place] && s_over (self, place) < 0
            && (poorest == NOBODY || s_over (self, place) < s_over (self, poorest)))
            poorest = place;
    return poorest;
}

//  Gives a copy to who has too few, without a detour. All of these get theirs in the end: which one is
//  first may depend on where backups are spread best.
static bool
s_give_directly (placement_t *self, uint32_t from)
{
    bool tried[VIEW_MEMBERS_MAX] = { false };
    uint32_t to, best = NO_PARTITION, best_to = NOBODY, best_rank = UINT32_MAX;
    unsigned found = 0;
    while (found < CHOICE && (to = s_poorest (self, tried)) != NOBODY) {
        int32_t cost;
        uint32_t rank, partition = s_best (self, from, to, &cost, &rank);
        tried[to] = true;
        if (partition == NO_PARTITION || cost > 1)
            continue;
        found++;
        if (rank >= best_rank)
            continue;
        best_rank = rank;
        best_to = to;
        best = partition;
    }
    if (best != NO_PARTITION)
        s_move (self, best, from, best_to);
    return best != NO_PARTITION;
}

static bool
s_give (placement_t *self, path_t *path, uint32_t from)
{
    uint32_t last;
    if (s_give_directly (self, from))
        return true;
    s_clear (self, path);
    s_reach (path, from, 0, NOBODY, NO_PARTITION);
    s_spread (self, path);
    return s_follow (self, path, &last);
}

bool
placement_make_even (placement_t *self)
{
    path_t *path = mem_alloc_zero (1, sizeof *path);
    if (!path)
        return false;
    uint32_t seats = self->partitions * self->copies;
    for (uint32_t place = 0; place < self->members; place++)
        seats -= self->takes[place] || self->count[place] > seats ? 0 : self->count[place];
    placement_quotas (self, seats);
    for (uint32_t partition = 0; partition < self->partitions; partition++)
        s_trim (self, partition);
    placement_quotas (self, seats); // Where two could have the last one: whoever kept it
    if (!self->frozen)
        s_set_right (self, path);
    placement_name_primaries (self);
    for (uint32_t partition = 0; partition < self->partitions; partition++)
        s_fill (self, path, partition);
    bool tried[VIEW_MEMBERS_MAX] = { false };
    uint32_t from;
    while (!self->frozen && (from = s_richest (self, tried)) != NOBODY)
        tried[from] = !s_give (self, path, from);
    mem_free (path);
    return true;
}
