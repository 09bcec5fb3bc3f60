//  cluster_deltas: states on their way as what has changed in them (view_delta.h). A coordinator keeps the
//  last steps that it has proposed. To who has told which version it knows, the steps from there go; who
//  cannot go them asks for the whole. A delta leads to one state only, wherever it is applied: what is
//  accepted and learned is always a whole state with the digest that was meant (consistency 3).
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_impl.h"
#include "view_delta.h"

//  ------------------------------------------------------------------------------------------------
//  Sending

void
deltas_forget (cluster_t *self)
{
    for (uint32_t index = 0; index < self->steps_count; index++)
        buf_clear (&self->steps[index].bytes);
    self->steps_count = 0;
}

void
deltas_add (cluster_t *self, const edition_t *before, const edition_t *after)
{
    if (self->steps_count && self->steps[self->steps_count - 1].to != before->view->version)
        deltas_forget (self);
    step_t step = { before->view->version, after->view->version, BUF_INIT };
    //  One that is no less than the whole is none, and nothing leads across the gap
    if (!view_delta (before->view, after->view, &step.bytes) || step.bytes.size >= after->bytes.size) {
        buf_clear (&step.bytes);
        deltas_forget (self);
        return;
    }
    if (self->steps_count == CLUSTER_STEPS_MAX) {
        buf_clear (&self->steps[0].bytes);
        memmove (self->steps, self->steps + 1, --self->steps_count * sizeof *self->steps);
    }
    self->steps[self->steps_count++] = step;
}

uint64_t
deltas_base (const cluster_t *self, const peer_t *peer)
{
    const register_t *reg = &self->reg;
    //  What it has accepted under this ballot and is committed since, it has as well
    if (reg->role == REGISTER_COORDINATOR && self->known && peer->accepted_counter == reg->mine.counter
        && peer->accepted_version > peer->known_version
        && peer->accepted_version <= self->known->view->version)
        return peer->accepted_version;
    return peer->known_version;
}

bool
deltas_write (cluster_t *self, uint64_t from, const edition_t *edition)
{
    uint64_t to = edition->view->version;
    uint32_t first = 0, end = 0;
    size_t size = 0;
    if (from != to) {
        while (first < self->steps_count && self->steps[first].from != from)
            first++;
        for (end = first; end < self->steps_count && self->steps[end].from != to; end++)
            size += self->steps[end].bytes.size;
        if (first == end || self->steps[end - 1].to != to)
            return false;
    }
    if (from == 0 || size >= edition->bytes.size)
        return false;
    wire_add_uint (&self->message, edition->digest);
    wire_add_array (&self->message, end - first);
    for (; first < end; first++)
        wire_add_bytes (&self->message, buf_bytes (&self->steps[first].bytes));
    self->stats.deltas_sent++;
    if (edition->bytes.size > self->message.size)
        self->stats.delta_bytes_saved += edition->bytes.size - self->message.size;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Receiving

bool
deltas_open (mp_t *reader, deltas_t *deltas)
{
    if (!mp_uint (reader, &deltas->digest) || !mp_array (reader, &deltas->count)
        || deltas->count > CLUSTER_STEPS_MAX)
        return false;
    for (uint32_t index = 0; index < deltas->count; index++)
        if (!mp_bytes (reader, &deltas->steps[index]))
            return false;
    return true;
}

//  That edition itself, if it is here.
static edition_t *
s_here (const cluster_t *self, const deltas_t *deltas, uint64_t version)
{
    edition_t *const here[] = { self->reg.accepted, self->known };
    for (size_t index = 0; index < sizeof here / sizeof *here; index++)
        if (here[index] && here[index]->view->version == version && here[index]->digest == deltas->digest)
            return edition_hold (here[index]);
    return NULL;
}

//  Where the steps lead from there; those before it are passed over. NULL: nowhere.
static view_t *
s_follow (const view_t *base, const deltas_t *deltas)
{
    view_t *view = NULL;
    for (uint32_t index = 0; index < deltas->count; index++) {
        const view_t *last = view ? view : base;
        uint64_t from, to;
        const char *why;
        bool ends = view_delta_ends (deltas->steps[index], &from, &to);
        if (ends && !view && !HOLDS (delta_base, from == last->version))
            continue;
        view_t *next = ends ? view_apply (last, deltas->steps[index], &why) : NULL;
        view_destroy (&view);
        if (!next)
            return NULL;
        view = next;
    }
    return view;
}

edition_t *
deltas_edition (cluster_t *self, const deltas_t *deltas, uint64_t version)
{
    edition_t *edition = s_here (self, deltas, version);
    edition_t *const bases[] = { self->known, self->reg.accepted };
    for (size_t index = 0; !edition && index < sizeof bases / sizeof *bases; index++) {
        view_t *view = bases[index] ? s_follow (bases[index]->view, deltas) : NULL;
        edition = view ? edition_new (view, bytes_of (NULL, 0)) : NULL;
        if (!edition)
            continue;
        if (edition->view->version == version && HOLDS (delta_base, edition->digest == deltas->digest))
            self->stats.deltas_applied++;
        else
            edition_drop (&edition);
    }
    return edition;
}
