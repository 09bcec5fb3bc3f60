//  router_forward: the router as part of a cluster: what the beacon tells it, clients' records on their
//  way to the members that own them (forward.h), and what else is not passed on as it came.
//  SPDX-License-Identifier: MPL-2.0
#include "router_impl.h"

#include <sys/random.h>

#include "mem.h"

#define S_LINES_MAX 2048
#define S_LINE_HWM 1000
#define S_LINE_IDLE_MS 60000
#define S_BEACON_MS 6000 // An operator's request ends after 5,000 in the beacon
#define S_NEWS_MS 50     // Between two pushes of events to the same client
#define S_AGAIN_MS 50    // Without memory for a view: until the next attempt
#define S_SWITCH_MS 1000 // What passes through may take so long to come back before records are forwarded

//  ------------------------------------------------------------------------------------------------
//  What records in flight want done (forward_port_t)

static bool
s_send (void *arg, node_id_t node, uint32_t actor, uint64_t mark, bytes_t body)
{
    router_t *self = arg;
    if (!lines_knows (self->lines, node, actor)) {
        char text[VIEW_HOST_MAX + 16];
        const char *endpoint = text;
        if (node == self->node && actor < self->actors)
            endpoint = self->storage_inprocs[actor];
        else if (!forward_endpoint (self->forward, node, actor, text, sizeof text))
            return false;
        if (!lines_open (self->lines, node, actor, endpoint, self->now))
            return false;
    }
    bool sent = lines_send (self->lines, node, actor, mark, body, self->now);
    self->counters.forwarded += sent;
    return sent;
}

static void
s_reply (void *arg, bytes_t route, const bytes_t *envelope, size_t envelope_count, bytes_t body,
         uint64_t records)
{
    router_t *self = arg;
    door_flight (self->clients, route, -(int64_t) records);
    door_reply (self->clients, route, envelope, envelope_count, &body, 1, records, self->now);
}

static bool
s_session (void *arg, uint8_t session[SESSION_SIZE])
{
    router_t *self = arg;
    const view_t *view = forward_view (self->forward);
    return view && session_issue (&self->issuer, view->cluster, view->era, session);
}

//  ------------------------------------------------------------------------------------------------
//  From clients

void
router_answer_node (router_t *self, const arrival_t *arrival, const request_t *request, buf_t *out)
{
    self->here_ops[request->op]++;
    if (request->op != OP_HELLO) {
        node_info_reply (&self->info, request, out);
        return;
    }
    uint8_t session[SESSION_SIZE];
    node_info_hello (&self->info, request, s_session (self, session) ? session : NULL, out);
    uint32_t wants = node_info_wants (request);
    if (wants & OPT_views)
        watchers_add (self->watchers, arrival->route, arrival->envelope, arrival->envelope_count,
                      self->info.view_version);
    if (wants & OPT_events)
        watchers_add (self->listeners, arrival->route, arrival->envelope, arrival->envelope_count,
                      news_last (self->news));
}

//  Answers at once what somebody else was to answer, and has no room for.
static void
s_give_busy (router_t *self, const request_t *request, uint64_t number, const char *text)
{
    buf_t reply = BUF_INIT;
    router_refuse (self, &reply, request->id, ZGRID_BUSY, text);
    forward_give (self->forward, number, buf_bytes (&reply), self->now);
    buf_clear (&reply);
}

//  STATS is about this node's storage actors.
static void
s_ask_stats (router_t *self, group_t *group, const arrival_t *arrival, const request_t *request)
{
    report_t report;
    if (router_stats_here (self, request, &report, forward_replies (group))) {
        forward_said (group, 1);
        return;
    }
    uint64_t number = forward_outside (self->forward, group, request->id, S_BEACON_MS, false, self->now);
    ticket_t *ticket = number ? gather_open (self->gather, NULL, 0, self->now + ROUTER_TICKET_MS) : NULL;
    if (number == 0)
        return;
    if (ticket && ticket_add_stats (ticket, request->id, report.which, report.most)) {
        ticket_set_owner (ticket, number);
        router_clear_parts (self);
        buf_reset (&self->here);
        for (uint32_t actor = 0; actor < self->actors; actor++)
            router_add_part (self, actor, request);
        router_send_parts (self, arrival, ticket);
        return;
    }
    if (ticket)
        gather_close (self->gather, &ticket);
    s_give_busy (self, request, number, "too many requests that concern all storage actors");
}

//  CLUSTER and ADMIN: the beacon knows.
static void
s_ask_beacon (router_t *self, group_t *group, const request_t *request)
{
    self->here_ops[request->op]++;
    uint64_t number = forward_outside (self->forward, group, request->id, S_BEACON_MS, false, self->now);
    inner_t message = {
        .kind = INNER_RECORD, .index = INNER_ROUTER, .number = number, .record = request->raw
    };
    if (number == 0)
        return;
    if (!inner_send (self->beacon_handle, NULL, &message))
        s_give_busy (self, request, number, "too many requests that concern the cluster");
}

static void
s_too_early (group_t *group, uint64_t id)
{
    static const char s_text[] = "this node is not a member of its cluster yet";
    meta_t meta = { .given = META_error | META_retry, .error = bytes_str (s_text), .retry = 100 };
    wire_reply (forward_replies (group), id, ZGRID_TRYAGAIN, value_nil (), 0, &meta);
    forward_said (group, 1);
}

static void
s_refuse (router_t *self, group_t *group, uint64_t id, unsigned status, const char *text)
{
    router_refuse (self, forward_replies (group), id, status, text);
    forward_said (group, 1);
}

static void
s_take (router_t *self, group_t *group, const arrival_t *arrival, const request_t *request)
{
    options_t options;
    const char *why;
    unsigned status = router_fault (self, request, &options, &why);
    if (status) {
        s_refuse (self, group, request->id, status, why);
        return;
    }
    bool open = self->mode != ROUTER_CLOSED;
    switch (request->op) {
        case OP_CLUSTER:
        case OP_ADMIN:
            s_ask_beacon (self, group, request);
            break;
        case OP_STATS:
            s_ask_stats (self, group, arrival, request);
            break;
        case OP_PUBLISH:
        case OP_CHANNELS:
        case OP_NUMSUB:
        case OP_NUMPAT:
            if (open)
                router_pubsub_add (self, group, arrival, request, &options);
            else
                s_too_early (group, request->id);
            break;
        case OP_WITH:
            forward_with (group, &options);
            break;
        case OP_HELLO:
        case OP_ROUTES:
        case OP_PING:
            if (!open && request->op != OP_PING) {
                s_too_early (group, request->id);
                break;
            }
            router_answer_node (self, arrival, request, forward_replies (group));
            forward_said (group, 1);
            break;
        default:
            if (open)
                forward_record (self->forward, group, request, &options, arrival->attachments,
                                arrival->attachment_count, self->now);
            else
                s_too_early (group, request->id);
    }
}

void
router_forward (router_t *self, const arrival_t *arrival)
{
    mp_t reader = arrival->records;
    request_t request;
    wire_step_t step;
    uint64_t count = 0;
    group_t *group = forward_open (self->forward, arrival->route, arrival->envelope, arrival->envelope_count);
    if (!group) {
        self->counters.dropped++;
        return;
    }
    while ((step = wire_next_request (&reader, &request)) == WIRE_RECORD) {
        if (arrival->busy)
            s_refuse (self, group, request.id, ZGRID_BUSY, "replies wait to be read");
        else if (count >= self->batch_max)
            s_refuse (self, group, request.id, ZGRID_BUSY, "more records than limits.batch_records");
        else
            s_take (self, group, arrival, &request);
        count++;
    }
    door_records (self->clients, count);
    door_flight (self->clients, arrival->route, (int64_t) count);
    if (router_broken (self, arrival, &reader, step, count, request.id, forward_replies (group)))
        forward_said (group, 1);
    router_pubsub_send (self);
    forward_close (self->forward, group, self->now);
}

//  ------------------------------------------------------------------------------------------------
//  From the beacon, and from storage actors

//  What this view asks of the router. Alone is who holds all the data, and is the only one to.
static router_mode_t
s_mode (const router_t *self, const view_t *view)
{
    const member_t *own = view_member (view, self->node);
    uint32_t others = 0;
    for (uint32_t at = 0; at < view->members_count; at++)
        others += !view->members[at].witness && view->members[at].id != self->node;
    if (!own)
        return self->mode == ROUTER_CLOSED ? ROUTER_CLOSED : ROUTER_FORWARDS;
    return others == 0 && self->actors && view->partitions == self->partitions ? ROUTER_ALONE
                                                                               : ROUTER_FORWARDS;
}

static void
s_hear_view (router_t *self, const inner_t *message)
{
    const char *why;
    view_t *view = view_decode (message->view, &why);
    if (!view || !node_info_set_view (&self->info, &self->info_copies, message, view)) {
        self->view_lost = true;
        view_destroy (&view);
        return;
    }
    router_mode_t wanted = s_mode (self, view);
    if (wanted != self->wanted)
        self->wanted_since = self->now;
    self->wanted = wanted;
    if (self->mode == ROUTER_CLOSED)
        self->mode = wanted;
    watchers_publish_view (self->watchers, view);
    lines_set_view (self->lines, view);
    forward_set_view (self->forward, &view, self->now);
}

static void
s_hear_events (router_t *self, const inner_t *message)
{
    mp_t reader = mp_of (message->record);
    uint32_t count;
    uint64_t number, version;
    bytes_t json;
    while (!mp_at_end (&reader) && mp_array (&reader, &count) && count == 3 && mp_uint (&reader, &number)
           && mp_uint (&reader, &version) && mp_bytes (&reader, &json))
        news_add (self->news, number, version, json);
    watchers_publish (self->listeners, news_last (self->news));
}

bool
router_receive_beacon (router_t *self)
{
    inner_t message;
    frames_close (&self->beacon_frames);
    if (!inner_receive (self->beacon_handle, &self->beacon_frames, false, &message))
        return false;
    if (message.kind == INNER_VIEW)
        s_hear_view (self, &message);
    else if (message.kind == INNER_ANSWER)
        forward_give (self->forward, message.number, message.record, self->now);
    else if (message.kind == INNER_EVENTS)
        s_hear_events (self, &message);
    return true;
}

bool
router_receive_line (router_t *self)
{
    uint64_t mark;
    bytes_t body;
    if (!lines_receive (self->lines, &mark, &body))
        return false;
    if (body.size)
        forward_receive (self->forward, mark, body, self->now);
    else {
        self->counters.foreign++;
        refusals_add (&self->refusals, 1, "not a reply", lines_address (self->lines), 0);
    }
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Time

//  From passing on to forwarding what was passed on comes back first, so that nothing overtakes it
//  (router_actor.c reads no client meanwhile); the other way when nothing is in flight.
static void
s_switch (router_t *self)
{
    if (self->mode == self->wanted)
        return;
    bool ready = self->wanted == ROUTER_ALONE
                     ? forward_count (self->forward) == forward_waiting (self->forward)
                     : router_outstanding (self) == 0 || self->now - self->wanted_since >= S_SWITCH_MS;
    if (ready)
        self->mode = self->wanted;
}

static void
s_say_here (router_t *self)
{
    inner_t message = { .kind = INNER_HERE, .index = INNER_ROUTER };
    self->view_lost = !inner_send (self->beacon_handle, NULL, &message);
    self->ask_view_at = self->now + S_AGAIN_MS;
}

uint64_t
router_turn_cluster (router_t *self)
{
    if (self->view_lost && self->now >= self->ask_view_at)
        s_say_here (self);
    s_switch (self);
    uint64_t next = forward_turn (self->forward, self->now);
    uint64_t push = watchers_turn (self->watchers, door_push, self->clients, self->now);
    lines_turn (self->lines, self->now);
    uint64_t told = refusals_turn (&self->refusals, &self->note, "router", self->now);
    next = push < next ? push : next;
    push = watchers_turn (self->listeners, door_push, self->clients, self->now);
    next = push < next ? push : next;
    next = told < next ? told : next;
    bool soon = self->view_lost || self->mode != self->wanted;
    return soon && next > S_AGAIN_MS ? S_AGAIN_MS : next;
}

//  ------------------------------------------------------------------------------------------------
//  Beginning and end

static bool
s_copy_inprocs (router_t *self, const char *const *inprocs)
{
    self->storage_inprocs = mem_alloc_zero (self->actors + 1, sizeof (char *));
    bool copied = self->storage_inprocs != NULL;
    for (uint32_t actor = 0; copied && actor < self->actors; actor++)
        copied = (self->storage_inprocs[actor] = strdup (inprocs[actor])) != NULL;
    return copied;
}

static bool
s_connect_beacon (router_t *self, const char *endpoint)
{
    self->beacon = zsock_new (ZMQ_DEALER);
    if (!self->beacon)
        return false;
    zsock_set_linger (self->beacon, 0);
    self->beacon_handle = zsock_resolve (self->beacon);
    if (zmq_connect (self->beacon_handle, endpoint) != 0)
        return false;
    s_say_here (self);
    return true;
}

bool
router_join (router_t *self, const router_actor_args_t *given, buf_t *why)
{
    forward_config_t config = { .self = given->node,
                                .window_records = given->door.flow.window_records,
                                .window_bytes = given->door.flow.window_bytes };
    forward_port_t port = { self, s_send, s_reply, s_session };
    lines_config_t lines = { .most = S_LINES_MAX,
                             .hwm = S_LINE_HWM,
                             .frame_max = given->door.frame_max + (int64_t) given->door.flow.window_bytes,
                             .idle = S_LINE_IDLE_MS,
                             .io_affinity = given->links_affinity };
    if (lines.frame_max > INT32_MAX)
        lines.frame_max = INT32_MAX;
    self->node = given->node;
    self->note = given->note;
    self->issuer = (session_issuer_t) { .node = given->node, .actor = SESSION_ROUTER };
    self->info = (node_info_t) { .name = given->info->name,
                                 .version = given->info->version,
                                 .started = given->info->started };
    if (getrandom (config.seed, sizeof config.seed, 0) != (ssize_t) sizeof config.seed) {
        buf_add (why, "no random bytes from the system", 31);
        return false;
    }
    self->forward = forward_new (&config, &port);
    self->lines = lines_new (&lines);
    self->watchers = watchers_new (WATCHERS_MAX);
    self->listeners = watchers_new (WATCHERS_MAX);
    self->news = news_new ();
    if (self->listeners)
        watchers_set_words (self->listeners, news_tell, self->news, S_NEWS_MS);
    if (self->forward && self->lines && self->watchers && self->listeners && self->news
        && s_copy_inprocs (self, given->storage_inprocs) && s_connect_beacon (self, given->beacon_inproc))
        return true;
    buf_add (why, "out of memory or sockets", 24);
    return false;
}

void
router_leave (router_t *self)
{
    frames_close (&self->beacon_frames);
    forward_destroy (&self->forward);
    lines_destroy (&self->lines);
    watchers_destroy (&self->watchers);
    watchers_destroy (&self->listeners);
    news_destroy (&self->news);
    zsock_destroy (&self->beacon);
    for (uint32_t actor = 0; self->storage_inprocs && actor < self->actors; actor++)
        free (self->storage_inprocs[actor]);
    mem_free (self->storage_inprocs);
    buf_clear (&self->info_copies);
}
