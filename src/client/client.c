//  client: the life of a client handle.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "client_inner.h"
#include "mem.h"

#define S_INNER_MS 1000 // A client of a node in this process waits so long for the node's word

static zgrid_client_t *
s_new (const zgrid_client_options_t *options)
{
    zgrid_client_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    self->timeout_ms = options->timeout_ms ? options->timeout_ms : CLIENT_TIMEOUT_MS;
    self->batch_records = options->batch_records ? options->batch_records : CLIENT_BATCH_RECORDS;
    self->batch_bytes = options->batch_bytes ? options->batch_bytes : CLIENT_BATCH_BYTES;
    self->window_records = options->window_records;
    self->window_bytes = CLIENT_WINDOW_BYTES;
    self->frame_max = CLIENT_FRAME_MAX;
    self->indirect = options->indirect;
    self->later_at = self->expire_at = self->look_at = self->learn_at = TIME_NEVER;
    self->epoll = -1;
    self->one.kept = self->many.kept = &self->kept;
    return self;
}

//  What HELLO did not say.
static void
s_settle (zgrid_client_t *self)
{
    if (self->window_records == 0)
        self->window_records = CLIENT_WINDOW_RECORDS;
    if (self->batch_records > self->window_records)
        self->batch_records = self->window_records;
    //  A message must fit into a frame with its last record, and with WITH
    size_t most = self->frame_max - WIRE_SIGNATURE_SIZE - CLIENT_CHARGE_GUARD;
    if (self->batch_bytes > most)
        self->batch_bytes = (uint32_t) most;
}

//  What the options of another release do not have is absent.
static bool
s_options (const zgrid_client_options_t *given, zgrid_client_options_t *options)
{
    zgrid_client_options_t standard = ZGRID_CLIENT_OPTIONS_INIT;
    if (given && given->size < sizeof given->size)
        return false;
    if (given)
        memcpy (&standard, given, given->size < sizeof standard ? given->size : sizeof standard);
    *options = standard;
    return true;
}

//  Asks for the table and for pushes of new ones; without it everything goes through the router.
static void
s_learn_first (zgrid_client_t *self, uint32_t timeout_ms)
{
    uint64_t until = wait_clock () + timeout_ms;
    learn_soon (self);
    while (learn_busy (self) && wait_clock () < until)
        wait_turn (self, until);
}

static char *
s_copy (const char *text)
{
    size_t size = strlen (text) + 1;
    char *copy = mem_alloc (size);
    if (copy)
        memcpy (copy, text, size);
    return copy;
}

int
zgrid_client_new (zgrid_client_t **self_p, const zgrid_client_options_t *options)
{
    zgrid_client_options_t used;
    *self_p = NULL;
    if (!s_options (options, &used) || !used.endpoints)
        return ZGRID_MALFORMED;
    client_prepare_host ();
    zgrid_client_t *self = s_new (&used);
    if (!self)
        return ZGRID_NOMEM;
    char *endpoint = NULL;
    self->endpoints = s_copy (used.endpoints);
    int status = self->endpoints ? hello_find (self, used.endpoints, &endpoint) : ZGRID_NOMEM;
    s_settle (self);
    if (status == ZGRID_OK && !connection_to (self, endpoint))
        status = ZGRID_NOMEM;
    mem_free (endpoint);
    if (status == ZGRID_OK) {
        if (self->indirect)
            self->learned_at = wait_clock ();
        else
            s_learn_first (self, self->timeout_ms);
        *self_p = self;
    } else
        zgrid_client_destroy (&self);
    return status;
}

//  Which public endpoint is which of this process.
static int
s_take_ends (zgrid_client_t *self, const client_local_t *local)
{
    if (!local->publics)
        return ZGRID_OK;
    self->inner_ends = mem_alloc_zero (2 * (size_t) local->actors + 1, sizeof *self->inner_ends);
    for (uint32_t at = 0; self->inner_ends && at < local->actors; at++) {
        self->inner_ends[2 * at] = s_copy (local->publics[at]);
        self->inner_ends[2 * at + 1] = s_copy (local->endpoints[at]);
        if (!self->inner_ends[2 * at] || !self->inner_ends[2 * at + 1])
            return ZGRID_NOMEM;
    }
    return self->inner_ends ? ZGRID_OK : ZGRID_NOMEM;
}

//  The table that the node knows.
static int
s_take_local (zgrid_client_t *self, const client_local_t *local)
{
    routes_t routes = { .partitions = local->partitions };
    int status = ZGRID_NOMEM;
    routes.owners = mem_alloc (local->partitions * sizeof *routes.owners);
    routes.ends = mem_alloc_zero (local->actors, sizeof *routes.ends);
    if (routes.owners && routes.ends) {
        status = ZGRID_OK;
        for (uint32_t partition = 0; partition < local->partitions; partition++)
            routes.owners[partition] = (uint16_t) (partition % local->actors);
        for (; routes.end_count < local->actors && status == ZGRID_OK; routes.end_count++) {
            char *copy = s_copy (local->endpoints[routes.end_count]);
            status = copy ? ZGRID_OK : ZGRID_NOMEM;
            routes.ends[routes.end_count].endpoint = copy;
        }
    }
    if (status == ZGRID_OK)
        routes_set (self, &routes);
    routes_clear (&routes);
    return status;
}

int
client_new_inner (zgrid_client_t **self_p, const zgrid_client_options_t *options, const client_local_t *local)
{
    zgrid_client_options_t used;
    *self_p = NULL;
    if (!s_options (options, &used))
        return ZGRID_MALFORMED;
    client_prepare_host ();
    zgrid_client_t *self = s_new (&used);
    if (!self)
        return ZGRID_NOMEM;
    self->inner = true;
    s_settle (self);
    int status = connection_to (self, local->router) ? ZGRID_OK : ZGRID_NOMEM;
    if (status == ZGRID_OK)
        status = s_take_local (self, local);
    if (status == ZGRID_OK)
        status = s_take_ends (self, local);
    if (status == ZGRID_OK) {
        s_learn_first (self, self->timeout_ms < S_INNER_MS ? self->timeout_ms : S_INNER_MS);
        self->near = local->reader;
        *self_p = self;
    } else
        zgrid_client_destroy (&self);
    return status;
}

void
zgrid_client_destroy (zgrid_client_t **self_p)
{
    zgrid_client_t *self = *self_p;
    if (!self)
        return;
    self->closing = true;
    if (self->connection_count)
        future_abandon (self);
    //  Records that orphans left behind went with them; now nothing points to a connection
    for (size_t at = 0; at < self->connection_count; at++)
        connection_destroy (&self->connections[at]);
    mem_free (self->connections);
    if (self->epoll != -1)
        close (self->epoll);
    for (char **end = self->inner_ends; end && *end; end++)
        mem_free (*end);
    mem_free (self->inner_ends);
    mem_free (self->endpoints);
    routes_clear (&self->routes);
    pending_clear (&self->pending);
    self->one.entries = self->many.entries = NULL;
    batch_clear (&self->one);
    batch_clear (&self->many);
    kept_clear (&self->kept);
    kept_clear (&self->stale);
    buf_clear (&self->scratch);
    buf_clear (&self->spare_entries);
    buf_clear (&self->copy);
    buf_clear (&self->listed);
    cached_destroy (self);
    if (self->near)
        local_close (&self->near);
    mem_free (self);
    *self_p = NULL;
}

int
client_enter (zgrid_client_t *self)
{
    if (self->inside)
        return ZGRID_MALFORMED;
    if (self->cached)
        cached_begin (self);
    kept_t stale = self->stale;
    kept_release (&stale);
    self->stale = self->kept;
    self->kept = stale;
    return ZGRID_OK;
}

void
client_forget (zgrid_client_t *self)
{
    kept_release (&self->stale);
}

int
client_fail (zgrid_client_t *self, int status, const char *what, bytes_t map, const char *why)
{
    int size = map.size < WIRE_MAP_NAME_MAX ? (int) map.size : WIRE_MAP_NAME_MAX;
    snprintf (self->error, sizeof self->error, "%s%s%.*s: %s", what ? what : "?", size ? " " : "", size,
              size ? (const char *) map.data : "", why ? why : status_text (status));
    return status;
}

int
client_result (zgrid_client_t *self, const char *what, bytes_t map, const zgrid_entry_t *entry)
{
    switch (entry->status) {
        case ZGRID_OK:
        case ZGRID_NOTFOUND:
        case ZGRID_EXISTS:
        case ZGRID_MISMATCH:
            return entry->status;
        default:
            return client_fail (self, entry->status, what, map, entry->error);
    }
}

const char *
zgrid_client_error (const zgrid_client_t *self)
{
    return self->error;
}
