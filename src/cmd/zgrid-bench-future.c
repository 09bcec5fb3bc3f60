//  future: the driver that keeps many clients busy from one thread: each has up to `window`
//  operations in flight, and a wait covers all of them. Also open loop: operations become due at
//  a fixed rate, and what they took counts from then, however late they could be sent.
//  SPDX-License-Identifier: MPL-2.0
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "zgrid-bench-worker.h"

#define EVENTS_MAX 64
#define SPIN_NS 50000 // A wait shorter than this is not worth a sleep

typedef struct driver driver_t;
typedef struct connection connection_t;

//  One operation in flight.
typedef struct slot {
    connection_t *connection;
    struct slot *next; // In the list of free ones
    uint64_t began_ns; // When it was begun, or was due
    uint64_t left;     // Records without an answer
    uint64_t records;
    operation_t kind;
} slot_t;

struct connection {
    driver_t *driver;
    zgrid_client_t *client;
    slot_t *free;
    uint64_t room; // Free slots
};

struct driver {
    worker_t *worker;
    connection_t *connections;
    size_t turn;        // Open loop: whose turn it is
    uint64_t in_flight; // Operations
    uint64_t begun;     // Operations
    uint64_t room_min;  // See s_room_min
    bool over;          // No more may begin
    step_t step;
    slot_t *slots;
    int poll_fd;
};

//  ----------------------------------------------------------------------------------------------
//  One operation

static void
s_release (slot_t *slot)
{
    connection_t *connection = slot->connection;
    slot->next = connection->free;
    connection->free = slot;
    connection->room++;
    connection->driver->in_flight--;
}

static void
s_done (zgrid_future_t *future, void *arg)
{
    slot_t *slot = arg;
    worker_t *worker = slot->connection->driver->worker;
    worker_count_status (worker, zgrid_future_entry (future)->status);
    zgrid_future_destroy (&future);
    if (--slot->left > 0)
        return;
    worker_count (worker, slot->kind, worker_now_ns () - slot->began_ns, slot->records);
    s_release (slot);
}

static zgrid_future_t *
s_ask (driver_t *self, zgrid_client_t *client)
{
    const char *map = self->worker->plan->map;
    const step_t *step = &self->step;
    if (step->kind == OPERATION_put)
        return zgrid_client_put_future (client, map, step->key, step->value,
                                        worker_put_options (self->worker));
    if (step->kind == OPERATION_incr)
        return zgrid_client_incr_future (client, map, step->key, 1, NULL);
    if (step->kind == OPERATION_del)
        return zgrid_client_del_future (client, map, step->key, NULL);
    return zgrid_client_get_future (client, map, step->key, NULL);
}

static void
s_begin (driver_t *self, connection_t *connection, uint64_t began_ns)
{
    slot_t *slot = connection->free;
    connection->free = slot->next;
    connection->room--;
    self->in_flight++;
    self->begun++;
    worker_draw (self->worker, &self->step);
    slot->kind = self->step.kind;
    slot->records = slot->left = self->step.count;
    slot->began_ns = began_ns;
    for (uint64_t at = slot->records; at > 0; at--) {
        zgrid_future_t *future = s_ask (self, connection->client);
        if (!future) {
            self->worker->error = "no memory";
            self->over = true;
            slot->left -= at; // The rest of an mget was never asked for
            if (slot->left == 0)
                s_release (slot);
            return;
        }
        if (at > 1)
            worker_draw_key (self->worker, &self->step);
        zgrid_future_then (future, s_done, slot); // May end the operation at once
    }
}

//  ----------------------------------------------------------------------------------------------
//  Which operations begin

//  So much room must be there before a window is filled up again. With batches it waits for several
//  batches' worth, because whatever there is when the client is served next leaves in a message of its
//  own, full or not.
static uint64_t
s_room_min (const plan_t *plan)
{
    uint64_t room = plan->window / 8 < plan->batch * 8 ? plan->window / 8 : plan->batch * 8;
    return plan->batch > 1 && room > 1 ? room : 1;
}

//  Closed loop: as many as the window has room for.
static void
s_fill (driver_t *self, connection_t *connection)
{
    bool begun = false;
    if (connection->room < self->room_min)
        return;
    while (!self->over && connection->free) {
        uint64_t now = worker_now_ns ();
        if (!worker_may_begin (self->worker, now))
            self->over = true;
        else {
            s_begin (self, connection, now);
            begun = true;
        }
    }
    if (begun)
        zgrid_client_flush (connection->client);
}

//  Open loop: when the next operation is due.
static uint64_t
s_due_ns (const driver_t *self)
{
    return self->worker->begin_ns + (uint64_t) ((double) self->begun * 1e9 / self->worker->rate);
}

//  The next connection with room, in turn; NULL if all windows are full.
static connection_t *
s_next_connection (driver_t *self)
{
    for (size_t tried = 0; tried < self->worker->client_count; tried++) {
        connection_t *connection = &self->connections[self->turn];
        self->turn = self->turn + 1 < self->worker->client_count ? self->turn + 1 : 0;
        if (connection->free)
            return connection;
    }
    return NULL;
}

//  Open loop: whatever is due. Returns nanoseconds until something is due, UINT64_MAX if that
//  depends on an answer or nothing will be.
static uint64_t
s_begin_due (driver_t *self)
{
    while (!self->over) {
        uint64_t now = worker_now_ns (), due = s_due_ns (self);
        if (due >= self->worker->end_ns) {
            self->over = true;
            break;
        }
        if (due > now)
            return due - now;
        if (now >= self->worker->end_ns + self->worker->plan->timeout_ms * 1000000) {
            self->over = true; // Hopelessly behind: say so instead of catching up
            double seconds = (double) (self->worker->end_ns - due) / 1e9;
            self->worker->tally.missed = (uint64_t) (seconds * self->worker->rate);
            break;
        }
        connection_t *connection = s_next_connection (self);
        if (!connection)
            break;
        if (!worker_may_begin (self->worker, due))
            self->over = true;
        else {
            s_begin (self, connection, due);
            zgrid_client_flush (connection->client);
        }
    }
    return UINT64_MAX;
}

//  ----------------------------------------------------------------------------------------------
//  Waiting

//  Milliseconds until a client wants to be called even if its descriptor is silent; -1: for ever.
static int
s_patience_ms (const driver_t *self)
{
    int patience = -1;
    for (size_t at = 0; at < self->worker->client_count; at++) {
        int ms = zgrid_client_timeout (self->connections[at].client);
        if (ms >= 0 && (patience < 0 || ms < patience))
            patience = ms;
    }
    return patience;
}

//  Serves one client until its descriptor may be trusted again.
static void
s_serve (driver_t *self, connection_t *connection)
{
    do {
        zgrid_client_process (connection->client);
        if (self->worker->rate == 0)
            s_fill (self, connection);
    } while (zgrid_client_timeout (connection->client) == 0);
}

//  Waits until a descriptor is readable or the time is over, and serves those that are.
static void
s_wait (driver_t *self, uint64_t wait_ns)
{
    int patience_ms = s_patience_ms (self);
    if (wait_ns != UINT64_MAX && (patience_ms < 0 || wait_ns < (uint64_t) patience_ms * 1000000)) {
        //  Finer than epoll's milliseconds
        struct pollfd item = { self->poll_fd, POLLIN, 0 };
        struct timespec time = { (time_t) (wait_ns / 1000000000u), (long) (wait_ns % 1000000000u) };
        if (wait_ns >= SPIN_NS)
            ppoll (&item, 1, &time, NULL);
        patience_ms = 0;
    }
    struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait (self->poll_fd, events, EVENTS_MAX, patience_ms);
    for (int at = 0; at < ready; at++)
        s_serve (self, events[at].data.ptr);
    for (size_t at = 0; ready <= 0 && at < self->worker->client_count; at++) {
        if (zgrid_client_timeout (self->connections[at].client) == 0)
            s_serve (self, &self->connections[at]); // Sent outside of its turn, or something is late
    }
}

//  ----------------------------------------------------------------------------------------------

static bool
s_open (driver_t *self)
{
    worker_t *worker = self->worker;
    size_t window = (size_t) worker->plan->window;
    self->connections = calloc (worker->client_count, sizeof *self->connections);
    self->slots = calloc (worker->client_count * window, sizeof *self->slots);
    self->step.name = malloc (worker->plan->key_size);
    self->poll_fd = epoll_create1 (EPOLL_CLOEXEC);
    if (!self->connections || !self->slots || !self->step.name || self->poll_fd < 0)
        return false;
    for (size_t at = 0; at < worker->client_count; at++) {
        connection_t *connection = &self->connections[at];
        connection->driver = self;
        connection->client = worker->clients[at];
        for (size_t slot = at * window; slot < (at + 1) * window; slot++) {
            self->slots[slot].connection = connection;
            self->slots[slot].next = connection->free;
            connection->room++;
            connection->free = &self->slots[slot];
        }
        struct epoll_event event = { .events = EPOLLIN, .data.ptr = connection };
        if (epoll_ctl (self->poll_fd, EPOLL_CTL_ADD, zgrid_client_fd (connection->client), &event) != 0)
            return false;
    }
    return true;
}

void
worker_run_future (worker_t *worker)
{
    driver_t self = { .worker = worker, .room_min = s_room_min (worker->plan), .poll_fd = -1 };
    if (!s_open (&self)) {
        worker->error = "no memory or no descriptors";
        self.over = true;
    }
    for (size_t at = 0; !self.over && worker->rate == 0 && at < worker->client_count; at++)
        s_fill (&self, &self.connections[at]);
    while (!self.over || self.in_flight > 0) {
        uint64_t wait_ns = worker->rate > 0 ? s_begin_due (&self) : UINT64_MAX;
        s_wait (&self, wait_ns);
    }
    if (self.poll_fd >= 0)
        close (self.poll_fd);
    free (self.step.name);
    free (self.slots);
    free (self.connections);
}
