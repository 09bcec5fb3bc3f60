//  placement: see placement.h. Loads are compared as fractions, load / weight, by multiplying across.
//  SPDX-License-Identifier: MPL-2.0
#include "placement.h"

//  How much each member has, by its place in the view.
typedef struct {
    uint32_t copies[VIEW_MEMBERS_MAX]; // Reps and learners
    uint32_t primaries[VIEW_MEMBERS_MAX];
    uint32_t shared[VIEW_MEMBERS_MAX]; // Copies of partitions that have the same primary as one of them
} load_t;

static uint32_t
s_place (const view_t *view, const member_t *member)
{
    return (uint32_t) (member - view->members);
}

static void
s_count_part (const view_t *view, const part_t *part, node_id_t primary, load_t *load)
{
    node_id_t ids[VIEW_REPS_MAX + 1];
    unsigned count = 0;
    for (unsigned rep = 0; rep < part->reps_count; rep++)
        ids[count++] = part->reps[rep];
    if (part->learner)
        ids[count++] = part->learner;
    for (unsigned index = 0; index < count; index++) {
        const member_t *member = view_member (view, ids[index]);
        if (!member)
            continue;
        uint32_t place = s_place (view, member);
        load->copies[place]++;
        load->primaries[place] += part->primary == ids[index];
        load->shared[place] += primary && part->primary == primary;
    }
}

static void
s_count (const view_t *view, node_id_t primary, load_t *load)
{
    memset (load, 0, sizeof *load);
    for (uint32_t partition = 0; partition < view->partitions; partition++)
        s_count_part (view, &view->parts[partition], primary, load);
}

//  -1, 0, 1: a / weight_a is less than, equal to, greater than b / weight_b.
static int
s_compare (uint32_t a, uint32_t weight_a, uint32_t b, uint32_t weight_b)
{
    uint64_t left = (uint64_t) a * weight_b, right = (uint64_t) b * weight_a;
    return left < right ? -1 : left > right;
}

static bool
s_holds (const member_t *member)
{
    return !member->witness && member->status == MEMBER_UP && member->weight > 0;
}

//  A zone without a name is nobody else's.
static bool
s_same_zone (const member_t *a, const member_t *b)
{
    return a->zone[0] && strcmp (a->zone, b->zone) == 0;
}

//  True if one of the members, other than `but`, is in its zone.
static bool
s_zone_taken (const member_t *const *members, unsigned count, const member_t *member, const member_t *but)
{
    for (unsigned index = 0; index < count; index++)
        if (members[index] != but && members[index] != member && s_same_zone (member, members[index]))
            return true;
    return false;
}

//  The members that are in sync. Returns how many.
static unsigned
s_reps (const view_t *view, const part_t *part, const member_t **members)
{
    unsigned count = 0;
    for (unsigned rep = 0; rep < part->reps_count; rep++) {
        members[count] = view_member (view, part->reps[rep]);
        count += members[count] != NULL;
    }
    return count;
}

//  ------------------------------------------------------------------------------------------------
//  More copies, and fewer

//  True if `member` is the better place for a further copy beside the reps. spread: backups of one
//  primary go to all others in turn; otherwise what counts first is how much each has.
static bool
s_better (const view_t *view, const load_t *load, bool spread, const member_t *const *reps, unsigned count,
          const member_t *member, const member_t *best)
{
    bool taken = s_zone_taken (reps, count, member, NULL),
         best_taken = s_zone_taken (reps, count, best, NULL);
    if (taken != best_taken)
        return best_taken;
    uint32_t place = s_place (view, member), best_place = s_place (view, best);
    int shared = s_compare (load->shared[place] + 1, member->weight, load->shared[best_place] + 1,
                            best->weight);
    int copies = s_compare (load->copies[place] + 1, member->weight, load->copies[best_place] + 1,
                            best->weight);
    if (spread)
        return shared ? shared < 0 : copies < 0;
    return copies ? copies < 0 : shared < 0;
}

static const member_t *
s_further (const view_t *view, const part_t *part, const load_t *load, bool spread, placement_busy_fn *busy,
           const void *arg)
{
    const member_t *reps[VIEW_REPS_MAX], *best = NULL;
    unsigned count = s_reps (view, part, reps);
    for (uint32_t place = 0; place < view->members_count; place++) {
        const member_t *member = &view->members[place];
        if (s_holds (member) && part_role (part, member->id) == ROLE_NONE && !(busy && busy (arg, member->id))
            && (!best || s_better (view, load, spread, reps, count, member, best)))
            best = member;
    }
    return best;
}

node_id_t
placement_learner (const view_t *view, uint32_t partition, placement_busy_fn *busy, const void *arg)
{
    const part_t *part = &view->parts[partition];
    if (part->reps_count >= VIEW_REPS_MAX)
        return 0;
    static const load_t s_none = { { 0 }, { 0 }, { 0 } };
    if (!s_further (view, part, &s_none, false, busy, arg))
        return 0; // Counting would be in vain
    load_t load;
    s_count (view, part->primary, &load);
    return s_further (view, part, &load, false, busy, arg)->id;
}

//  The rep that goes when there is one too many. The primary only if it is one of two, as then there
//  is nobody else whose going would make room.
static const member_t *
s_goes (const view_t *view, const load_t *load, node_id_t primary, const member_t *const *reps,
        unsigned count)
{
    const member_t *goes = NULL;
    for (unsigned index = 0; index < count; index++) {
        const member_t *rep = reps[index];
        if (rep->id == primary && count > 2)
            continue;
        if (!goes) {
            goes = rep;
            continue;
        }
        static const uint8_t s_rank[] = { [MEMBER_UP] = 0, [MEMBER_LEAVING] = 1, [MEMBER_SUSPECT] = 2 };
        int order = (int) s_rank[rep->status] - (int) s_rank[goes->status];
        if (order == 0)
            order = s_zone_taken (reps, count, rep, NULL) - s_zone_taken (reps, count, goes, NULL);
        if (order == 0)
            order = s_compare (load->copies[s_place (view, rep)], rep->weight,
                               load->copies[s_place (view, goes)], goes->weight);
        if (order == 0)
            order = goes->id == primary; // Rather not the primary
        if (order > 0)
            goes = rep;
    }
    return goes;
}

//  Who goes, if there are more copies than wanted and one may go; the primary has to pass on its role
//  first.
static const member_t *
s_surplus (const view_t *view, const part_t *part, const load_t *load)
{
    const member_t *reps[VIEW_REPS_MAX], *primary = view_member (view, part->primary);
    unsigned count = s_reps (view, part, reps);
    uint32_t copies = view_copies (view);
    if (count <= copies || count < 2 || !primary || primary->status == MEMBER_SUSPECT)
        return NULL;
    if (primary->status == MEMBER_LEAVING && count - 1 <= copies)
        return primary;
    return s_goes (view, load, part->primary, reps, count);
}

node_id_t
placement_surplus (const view_t *view, uint32_t partition)
{
    const part_t *part = &view->parts[partition];
    if (part->reps_count < 2 || part->reps_count <= view_copies (view))
        return 0;
    load_t load;
    s_count (view, 0, &load);
    const member_t *surplus = s_surplus (view, part, &load);
    return surplus && surplus->id != part->primary ? surplus->id : 0;
}

node_id_t
placement_primary (const view_t *view, uint32_t partition)
{
    const part_t *part = &view->parts[partition];
    const member_t *reps[VIEW_REPS_MAX], *primary = view_member (view, part->primary), *best = NULL;
    unsigned count = s_reps (view, part, reps);
    if (!primary || count < 2)
        return 0;
    load_t load;
    s_count (view, 0, &load);
    const member_t *surplus = s_surplus (view, part, &load);
    for (unsigned index = 0; index < count; index++)
        if (reps[index] != primary && reps[index] != surplus && s_holds (reps[index])
            && (!best
                || s_compare (load.primaries[s_place (view, reps[index])] + 1, reps[index]->weight,
                              load.primaries[s_place (view, best)] + 1, best->weight)
                       < 0))
            best = reps[index];
    if (!best)
        return 0;
    if (primary->status == MEMBER_LEAVING || surplus == primary)
        return best->id;
    //  Only if the two are more even afterwards; so it comes to an end
    return s_compare (load.primaries[s_place (view, best)] + 1, best->weight,
                      load.primaries[s_place (view, primary)], primary->weight)
                   < 0
               ? best->id
               : 0;
}

//  ------------------------------------------------------------------------------------------------
//  Moving

//  Zones of the reps, those without a name counted each for itself.
static unsigned
s_zones (const member_t *const *reps, unsigned count, const member_t *but)
{
    unsigned zones = 0;
    for (unsigned index = 0; index < count; index++) {
        if (reps[index] == but)
            continue;
        bool seen = false;
        for (unsigned before = 0; before < index; before++)
            seen |= reps[before] != but && s_same_zone (reps[before], reps[index]);
        zones += !seen;
    }
    return zones;
}

//  True if a copy at `target` lets a copy go from elsewhere that is worse placed. reps has room for one.
static bool
s_improves (const view_t *view, const part_t *part, load_t *load, const member_t **reps, unsigned count,
            const member_t *target)
{
    uint32_t *copies = &load->copies[s_place (view, target)];
    reps[count] = target;
    ++*copies;
    const member_t *goes = s_goes (view, load, part->primary, reps, count + 1);
    unsigned zones = s_zones (reps, count, NULL), zones_then = s_zones (reps, count + 1, goes);
    bool better = goes != target
                  && (zones_then > zones
                      || (zones_then == zones
                          && s_compare (*copies, target->weight, load->copies[s_place (view, goes)],
                                        goes->weight)
                                 < 0));
    --*copies;
    return better;
}

static bool
s_movable (const view_t *view, const part_t *part, uint32_t copies, const member_t **reps, unsigned *count)
{
    if (part->learner || part->reps_count != copies || part->reps_count >= VIEW_REPS_MAX)
        return false;
    *count = s_reps (view, part, reps);
    for (unsigned index = 0; index < *count; index++)
        if (!s_holds (reps[index]))
            return false;
    return *count == copies;
}

//  Fills `places` with the members that may take a copy, the least loaded first. Returns how many.
static uint32_t
s_targets (const view_t *view, const load_t *load, placement_busy_fn *busy, const void *arg, uint32_t *places)
{
    uint32_t count = 0;
    for (uint32_t place = 0; place < view->members_count; place++) {
        const member_t *member = &view->members[place];
        if (!s_holds (member) || (busy && busy (arg, member->id)))
            continue;
        uint32_t at = count++;
        for (; at > 0; at--) {
            const member_t *other = &view->members[places[at - 1]];
            if (s_compare (load->copies[places[at - 1]], other->weight, load->copies[place], member->weight)
                <= 0)
                break;
            places[at] = places[at - 1];
        }
        places[at] = place;
    }
    return count;
}

//  True if no copy anywhere can be worse placed than at `target`: nobody has more for its weight, and
//  zones are as they should be. So it is when all is even, and so it is found without a long search.
static bool
s_is_even (const view_t *view, const load_t *load, bool zones_even, uint32_t target)
{
    if (!zones_even)
        return false;
    for (uint32_t place = 0; place < view->members_count; place++)
        if (s_compare (load->copies[target] + 1, view->members[target].weight, load->copies[place],
                       view->members[place].weight)
            < 0)
            return false;
    return true;
}

//  True if no two copies of any partition are in one zone.
static bool
s_zones_even (const view_t *view)
{
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        const member_t *reps[VIEW_REPS_MAX];
        unsigned count = s_reps (view, &view->parts[partition], reps);
        if (s_zones (reps, count, NULL) < count)
            return false;
    }
    return true;
}

node_id_t
placement_move (const view_t *view, placement_busy_fn *busy, const void *arg, uint32_t *partition)
{
    uint32_t copies = view_copies (view), places[VIEW_MEMBERS_MAX];
    load_t load;
    s_count (view, 0, &load);
    uint32_t places_count = s_targets (view, &load, busy, arg, places);
    bool zones_even = s_zones_even (view);
    for (uint32_t at = 0; at < places_count && !s_is_even (view, &load, zones_even, places[at]); at++)
        for (uint32_t index = 0; index < view->partitions; index++) {
            const part_t *part = &view->parts[index];
            const member_t *reps[VIEW_REPS_MAX + 1], *target = &view->members[places[at]];
            unsigned count;
            if (s_movable (view, part, copies, reps, &count) && part_role (part, target->id) == ROLE_NONE
                && s_improves (view, part, &load, reps, count, target)) {
                *partition = index;
                return target->id;
            }
        }
    return 0;
}

//  ------------------------------------------------------------------------------------------------
//  A new cluster

//  The member with the fewest primaries for its weight.
static const member_t *
s_first (const view_t *view, const load_t *load)
{
    const member_t *best = NULL;
    for (uint32_t place = 0; place < view->members_count; place++) {
        const member_t *member = &view->members[place];
        if (s_holds (member)
            && (!best
                || s_compare (load->primaries[place] + 1, member->weight,
                              load->primaries[s_place (view, best)] + 1, best->weight)
                       < 0))
            best = member;
    }
    return best;
}

//  Backups of one member's primaries. `shared` is of that member alone.
static void
s_found_backups (view_t *view, node_id_t primary, uint32_t copies, load_t *load)
{
    memset (load->shared, 0, sizeof load->shared);
    for (uint32_t partition = 0; partition < view->partitions; partition++) {
        part_t *part = &view->parts[partition];
        const member_t *further;
        while (part->primary == primary && part->reps_count < copies
               && (further = s_further (view, part, load, true, NULL, NULL))) {
            part->reps[part->reps_count++] = further->id;
            load->copies[s_place (view, further)]++;
            load->shared[s_place (view, further)]++;
        }
    }
}

bool
placement_found (view_t *view)
{
    uint32_t copies = view_copies (view), partition;
    load_t load = { 0 };
    for (partition = 0; partition < view->partitions; partition++) {
        const member_t *first = s_first (view, &load);
        if (!first)
            return false;
        view->parts[partition] = (part_t) {
            .epoch = 1, .primary = first->id, .reps = { first->id }, .reps_count = 1
        };
        load.primaries[s_place (view, first)]++;
        load.copies[s_place (view, first)]++;
    }
    for (uint32_t place = 0; place < view->members_count; place++)
        s_found_backups (view, view->members[place].id, copies, &load);
    //  What would be moved later is put in its place now. A single copy is where its primary is
    node_id_t target;
    while (copies > 1 && (target = placement_move (view, NULL, NULL, &partition))) {
        part_t *part = &view->parts[partition];
        part->reps[part->reps_count++] = target;
        node_id_t surplus = placement_surplus (view, partition);
        for (unsigned rep = 0; rep < part->reps_count; rep++)
            if (part->reps[rep] == surplus)
                part->reps[rep] = part->reps[--part->reps_count];
    }
    return true;
}
