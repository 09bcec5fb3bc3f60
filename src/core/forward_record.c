//  forward_record: a client's record becomes one that is kept: in the table, and in its order.
//  SPDX-License-Identifier: MPL-2.0
#include "forward_impl.h"
#include "mem.h"
#include "slot.h"

//  ------------------------------------------------------------------------------------------------
//  What is kept of a request

//  Options that the router sets itself, or that are meant for it. attach: replies are joined, so that
//  the numbers of attachments would clash.
static bool
s_is_own_option (bytes_t name, const record_t *record)
{
    static const char *const s_names[] = { "session", "ack", "deadline", "fwd", "attach", "epoch" };
    for (size_t at = 0; at < sizeof s_names / sizeof s_names[0]; at++)
        if (bytes_equal (name, bytes_str (s_names[at])))
            return true;
    return (record->by_partition && bytes_equal (name, bytes_str ("partition")))
           || (record->by_cursor && bytes_equal (name, bytes_str ("cursor")))
           || (record->waits && bytes_equal (name, bytes_str ("wait")));
}

//  Copies the pairs that are to be sent on as they are. Returns how many.
static uint32_t
s_copy_pairs (bytes_t options, const record_t *record, buf_t *out)
{
    mp_t reader = mp_of (options);
    uint32_t count, kept = 0;
    if (options.size == 0 || !mp_map (&reader, &count))
        return 0;
    while (count-- > 0) {
        const uint8_t *start = reader.at;
        bytes_t name;
        if (!mp_bytes (&reader, &name) || !mp_skip (&reader))
            break;
        if (!s_is_own_option (name, record)) {
            buf_add (out, start, (size_t) (reader.at - start));
            kept++;
        }
    }
    return kept;
}

//  Copies the elements between id and options. Returns how many. A value that came as an attachment is
//  put where it belongs; a reference to one that is not there stays, for the owner to complain of.
static uint8_t
s_copy_elements (const request_t *request, const bytes_t *attachments, size_t attachment_count, buf_t *out)
{
    mp_t reader = mp_of (request->raw);
    uint32_t count;
    uint8_t kept = 0;
    if (!mp_array (&reader, &count) || !mp_skip (&reader))
        return 0;
    while (kept + 1u < count && kept < 4) {
        const uint8_t *start = reader.at;
        if (!mp_skip (&reader))
            break;
        bool inlined = kept == 3 && request->value.kind == VALUE_ATTACHED
                       && (uint64_t) request->value.integer < attachment_count;
        if (inlined)
            wire_add_bytes (out, attachments[request->value.integer]);
        else
            buf_add (out, start, (size_t) (reader.at - start));
        kept++;
    }
    return kept;
}

static uint64_t
s_within (const forward_t *self, const group_t *group, const options_t *options)
{
    uint64_t within = (options->given & OPT_deadline) ? options->deadline : group->deadline;
    if (within == 0)
        within = self->config.deadline;
    return within < DEADLINE_MOST_MS ? within : DEADLINE_MOST_MS;
}

//  How long it may take. A LOCK that says how long it stands in line is answered after that.
static void
s_set_times (const forward_t *self, const group_t *group, const options_t *options, uint64_t now,
             record_t *record)
{
    uint64_t within = s_within (self, group, options);
    uint64_t wait = within < LOCK_WAIT_MAX ? within : LOCK_WAIT_MAX;
    if (options->given & OPT_wait)
        wait = options->wait;
    record->waits = record->op == OP_LOCK && wait > 0 && wait <= LOCK_WAIT_MAX;
    if (record->waits && within < wait + WAIT_SLACK_MS)
        within = wait + WAIT_SLACK_MS;
    record->wait_until = now + wait;
    record->deadline = now + within;
}

record_t *
record_new (forward_t *self, group_t *group, const request_t *request, const options_t *options,
            const bytes_t *attachments, size_t attachment_count, uint64_t now)
{
    const op_info_t *info = op_info (request->op);
    bool whole = info->routing == ROUTING_PART && !(options->given & OPT_partition);
    record_t made = { .group = group,
                      .client_id = request->id,
                      .op = (uint16_t) request->op,
                      .write = info->writes,
                      .ap = view_map (self->view, request->map)->mode == MAP_AP,
                      .stays = options->given & OPT_fwd,
                      .by_partition = whole,
                      .by_cursor = whole && request->op == OP_SCAN };
    s_set_times (self, group, options, now, &made);
    buf_t *kept = &self->body; // Is empty between messages
    buf_reset (kept);
    made.elements = s_copy_elements (request, attachments, attachment_count, kept);
    made.elements_size = kept->size;
    made.pair_count = s_copy_pairs (request->options, &made, kept);
    made.pairs_size = kept->size - made.elements_size;
    record_t *record = kept->failed ? NULL : mem_alloc (sizeof (record_t) + kept->size);
    if (!record)
        return NULL;
    *record = made;
    memcpy (record->data, kept->data, kept->size);
    if (info->routing == ROUTING_KEY) {
        record->partition = slot_partition (slot_of_key (request->key), self->view->partitions);
        record->key = (uint32_t) hash_key (&self->secret, request->key) | 1;
    } else if (!whole)
        record->partition = (uint32_t) options->partition;
    //  One that it gives itself comes with its own ack; nil is none
    bool own = options->given & OPT_session;
    record->session_given = own ? options->session.kind == VALUE_BYTES : group->with_session;
    if (record->session_given) {
        memcpy (record->session, own ? options->session.bytes.data : group->session, SESSION_SIZE);
        record->ack = (options->given & OPT_ack) ? options->ack : own ? 0 : group->ack;
    }
    return record;
}

static uint64_t
s_weight (const record_t *record)
{
    return sizeof (record_t) + record->elements_size + record->pairs_size;
}

//  ------------------------------------------------------------------------------------------------
//  Orders

static uint64_t
s_order_hash (const client_t *client, uint32_t partition)
{
    return table_hash ((uintptr_t) client, partition + 1);
}

static order_t *
s_order (forward_t *self, client_t *client, uint32_t partition)
{
    uint64_t hash = s_order_hash (client, partition);
    for (link_t *link = table_find (&self->orders, hash); link; link = table_next (link)) {
        order_t *order = (order_t *) link;
        if (order->client == client && order->partition == partition)
            return order;
    }
    order_t *order = table_reserve (&self->orders) ? mem_alloc_zero (1, sizeof (order_t)) : NULL;
    if (!order)
        return NULL;
    order->link.hash = hash;
    order->client = client;
    order->partition = partition;
    table_add (&self->orders, &order->link);
    return order;
}

//  What the order of two records decides: they touch the same, and one of them changes it.
static bool
s_collide (const record_t *one, const record_t *other)
{
    return (one->write || other->write) && (one->key == other->key || one->key == 0 || other->key == 0);
}

//  True if a record may be sent although those before it, all of them active, have not been answered.
//  One that may run later than it was sent holds up everything whose order counts.
static bool
s_may_run (const order_t *order, const record_t *record)
{
    if (order->active >= ORDER_ACTIVE_MAX)
        return false;
    for (const record_t *before = order->first; before != record; before = before->next)
        if (s_collide (before, record) || (before->again && (before->write || record->write)))
            return false;
    return true;
}

static void
s_unlink (order_t *order, record_t *record)
{
    *(record->prev ? &record->prev->next : &order->first) = record->next;
    *(record->next ? &record->next->prev : &order->last) = record->prev;
    record->next = record->prev = NULL;
    record->order = NULL;
}

//  One that stands in line for a lock has had its turn when it is sent: nothing waits for it.
static void
s_activate (forward_t *self, order_t *order)
{
    record_t *record = order->waiting;
    while (record && s_may_run (order, record)) {
        record_t *next = record->next;
        record_due (self, record);
        if (record->waits)
            s_unlink (order, record);
        else
            order->active++;
        record = next;
    }
    order->waiting = record;
    if (order->first)
        return;
    table_remove (&self->orders, &order->link);
    mem_free (order);
}

static void
s_append (forward_t *self, order_t *order, record_t *record)
{
    record->order = order;
    record->prev = order->last;
    *(order->last ? &order->last->next : &order->first) = record;
    order->last = record;
    record->state = RECORD_WAITING;
    if (order->waiting)
        return;
    order->waiting = record;
    s_activate (self, order);
}

//  Takes a record out; those that it held up may go on.
static void
s_leave (forward_t *self, order_t *order, record_t *record)
{
    if (record->state != RECORD_WAITING)
        order->active--;
    if (order->waiting == record)
        order->waiting = record->next;
    s_unlink (order, record);
    s_activate (self, order);
}

bool
record_aim (forward_t *self, record_t *record, uint32_t partition)
{
    order_t *order = s_order (self, record->group->client, partition);
    if (!order)
        return false;
    if (record->state == RECORD_DUE)
        due_remove (self, record);
    table_remove (&self->sent, &record->link);
    s_leave (self, record->order, record);
    record->wire_id = 0;
    record->hint = 0;
    record->tries = record->hops = 0;
    record->again = false;
    record->partition = partition;
    s_append (self, order, record);
    record_wake (self, record, record->deadline);
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  The table

static bool
s_has_room (const forward_t *self, const record_t *record)
{
    uint64_t weight = s_weight (record);
    if (self->count >= self->config.records_max
        || (self->stats.bytes && self->stats.bytes + weight > self->config.bytes_max))
        return false;
    if (record->sum)
        return true;
    const client_t *client = record->group->client;
    if (record->waits)
        return client->waiting < self->config.window_records;
    return client->records < self->config.window_records
           && (client->bytes == 0 || client->bytes + weight <= self->config.window_bytes);
}

//  What is in flight counts in its client's window; who waits for a lock would fill it for long.
static void
s_count (forward_t *self, const record_t *record, bool in)
{
    client_t *client = record->group->client;
    uint64_t one = in ? 1 : UINT64_MAX; // Modulo 2^64
    uint64_t weight = one * s_weight (record);
    self->count += (uint32_t) one;
    self->stats.bytes += weight;
    if (record->waits) {
        self->waiting += (uint32_t) one;
        client->waiting += one;
    } else if (!record->sum) {
        client->records += one;
        client->bytes += weight;
    }
}

bool
record_place (forward_t *self, record_t *record)
{
    client_t *client = record->group->client;
    if (!s_has_room (self, record) || !wakes_reserve (&self->wakes) || !table_reserve (&self->sent))
        return false;
    order_t *order = NULL;
    if (record->state != RECORD_OUTSIDE && !(order = s_order (self, client, record->partition)))
        return false;
    s_count (self, record, true);
    record->group->pending++;
    record->wake = record->deadline;
    wakes_add (&self->wakes, record);
    if (order)
        s_append (self, order, record);
    return true;
}

void
own_remove (forward_t *self, record_t *record)
{
    if (!record->session_own)
        return;
    own_t *own = &self->owned[record->partition].own[record->waits];
    *(record->own_prev ? &record->own_prev->own_next : &own->first) = record->own_next;
    *(record->own_next ? &record->own_next->own_prev : &own->last) = record->own_prev;
    record->own_next = record->own_prev = NULL;
    record->session_own = false;
}

void
record_end (forward_t *self, record_t *record, uint64_t now)
{
    group_t *group = record->group;
    if (record->state == RECORD_DUE)
        due_remove (self, record);
    if (record->wire_id)
        table_remove (&self->sent, &record->link);
    own_remove (self, record);
    wakes_remove (&self->wakes, record);
    if (record->order)
        s_leave (self, record->order, record);
    s_count (self, record, false);
    mem_free (record);
    group->pending--;
    group_settle (self, group, now);
}

void
due_remove (forward_t *self, record_t *record)
{
    *(record->due_prev ? &record->due_prev->due_next : &self->due_first) = record->due_next;
    *(record->due_next ? &record->due_next->due_prev : &self->due_last) = record->due_prev;
    record->due_next = record->due_prev = NULL;
}

void
record_due (forward_t *self, record_t *record)
{
    if (record->state == RECORD_DUE) // An answer and the end of patience in the same turn
        return;
    record->state = RECORD_DUE;
    record->due_prev = self->due_last;
    record->due_next = NULL;
    *(self->due_last ? &self->due_last->due_next : &self->due_first) = record;
    self->due_last = record;
}

void
record_delay (forward_t *self, record_t *record, uint64_t until)
{
    record->state = RECORD_DELAYED;
    record->again = true;
    record_wake (self, record, until);
}

void
record_wake (forward_t *self, record_t *record, uint64_t at)
{
    record->wake = at < record->deadline ? at : record->deadline;
    wakes_move (&self->wakes, record);
}
