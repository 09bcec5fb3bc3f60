//  fuzz_view: what is taken as a view is one: it is encoded to what is decoded to the same, and what
//  others do with a view can be done with it. The input is read as a view, as a body of a peer, and as a
//  delta.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>

#include "cluster/peer.h"
#include "cluster/placement.h"
#include "cluster/plan.h"
#include "cluster/view_delta.h"
#include "fuzz/fuzz.h"

static void
s_use (view_t *view)
{
    view_health_t health = view_health (view);
    assert (health.lost <= view->partitions && health.under_replicated <= view->partitions);
    assert (health.suspects <= view->members_count && view_copies (view) <= view->copies);
    for (uint32_t index = 0; index < view->members_count; index++)
        assert (view_member (view, view->members[index].id) == &view->members[index]);
    for (uint32_t index = 0; index < view->maps_count; index++)
        assert (view_map (view, bytes_str (view->maps[index].name)) == &view->maps[index]);
    placement_t *placement = placement_new (view, NULL, NULL);
    assert (placement);
    for (uint32_t partition = 0; partition < view->partitions && partition < 8; partition++) {
        const part_t *part = &view->parts[partition];
        node_id_t learner = placement_learner (placement, partition),
                  surplus = placement_surplus (placement, partition),
                  primary = placement_primary (placement, partition);
        assert (learner == 0 || (view_member (view, learner) && part_role (part, learner) == ROLE_NONE));
        assert (surplus == 0 || (part_has (part, surplus) && surplus != part->primary));
        assert (primary == 0 || (part_has (part, primary) && primary != part->primary));
    }
    placement_destroy (&placement);
    plan_t *plan = plan_new (view);
    assert (plan && plan->copies <= plan->count);
    for (uint32_t index = 0; index < plan->copies; index++)
        assert (part_role (&view->parts[plan->moves[index].partition], plan->moves[index].to) == ROLE_NONE);
    plan_destroy (&plan);
    if (placement_found (view)) {
        buf_t bytes = BUF_INIT;
        const char *why;
        view_encode (view, &bytes);
        view_t *again = view_decode (buf_bytes (&bytes), &why);
        assert (again);
        view_destroy (&again);
        buf_clear (&bytes);
    }
}

static void
s_read_peer (bytes_t body)
{
    peer_head_t head;
    mp_t reader;
    if (!peer_open (body, &head, &reader))
        return;
    assert (head.from != 0);
    uint32_t count;
    peer_type_t type;
    while ((type = peer_next (&reader, &count)) != PEER_NONE) {
        assert (*peer_name (type) != '?');
        while (count-- > 0)
            if (!mp_skip (&reader))
                return;
    }
    assert (count <= 1 && (count == 1 || mp_at_end (&reader)));
}

//  A view with one member that has all partitions but one.
static view_t *
s_base (void)
{
    view_t *view = view_new (3);
    member_t member = { .id = 5, .weight = 100, .actors = 1, .name = "a", .host = "h" };
    assert (view && view_add_member (view, &member));
    view->cluster = 9;
    view->version = 1;
    view->voters[view->voters_count++] = 5;
    for (uint32_t partition = 0; partition < 2; partition++)
        view->parts[partition] = (part_t) { .epoch = 1, .primary = 5, .reps_count = 1, .reps = { 5 } };
    return view;
}

//  What is taken as a delta leads to a view, to which the delta that is made of both leads as well.
static void
s_read_delta (bytes_t input)
{
    const char *why = NULL;
    view_t *base = s_base (), *view = view_apply (base, input, &why);
    assert (view || (why && *why));
    if (view) {
        buf_t delta = BUF_INIT;
        bool made = view_delta (base, view, &delta);
        assert (made);
        view_t *again = view_apply (base, buf_bytes (&delta), &why);
        assert (again && view_equal (view, again));
        view_destroy (&again);
        buf_clear (&delta);
    }
    view_destroy (&view);
    view_destroy (&base);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    s_read_peer (bytes_of (data, size));
    s_read_delta (bytes_of (data, size));
    const char *why = NULL;
    view_t *view = view_decode (bytes_of (data, size), &why);
    if (!view) {
        assert (why && *why);
        return 0;
    }
    buf_t bytes = BUF_INIT;
    view_encode (view, &bytes);
    view_t *again = view_decode (buf_bytes (&bytes), &why), *copy = view_copy (view);
    assert (again && copy && view_equal (view, again) && view_equal (view, copy));
    s_use (view);
    view_destroy (&view);
    view_destroy (&again);
    view_destroy (&copy);
    buf_clear (&bytes);
    return 0;
}
