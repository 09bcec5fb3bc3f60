//  zgrid-fleet: see zgrid-fleet.h.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-fleet.h"

#include <stdlib.h>
#include <string.h>

#include "zgrid-cluster.h"
#include "zgrid-progress.h"

#define PATIENCE_MS 1000
#define AGAIN 5.0 // Seconds

static void
s_open (fleet_t *self, fleet_ship_t *ship)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    options.endpoints = ship->endpoint;
    options.timeout_ms = PATIENCE_MS;
    options.indirect = true; // It shall not go on with another member
    if (ship->client || progress_now () < ship->again_at)
        return;
    if (zgrid_client_new (&ship->client, &options) != ZGRID_OK)
        ship->again_at = progress_now () + AGAIN;
    else if (self->opened)
        self->opened (self->arg, ship->client);
}

static void
s_close (fleet_ship_t *ship)
{
    zgrid_client_destroy (&ship->client);
    ship->again_at = progress_now () + AGAIN;
}

//  True if the member can be asked: SUSPECT ones would take their time.
static bool
s_is_at (json_t *member, const char *endpoint)
{
    return strcmp (cluster_text (member, "router"), endpoint) == 0
           && strcmp (cluster_text (member, "status"), "SUSPECT") != 0;
}

static bool
s_has (json_t *members, const char *endpoint)
{
    size_t index;
    json_t *member;
    json_array_foreach (members, index, member)
    {
        if (s_is_at (member, endpoint))
            return true;
    }
    return false;
}

static void
s_add (fleet_t *self, json_t *member)
{
    const char *endpoint = cluster_text (member, "router");
    if (!s_is_at (member, endpoint) || strcmp (endpoint, "-") == 0 || self->count == FLEET_MAX)
        return;
    for (size_t at = 0; at < self->count; at++)
        if (strcmp (self->ships[at].endpoint, endpoint) == 0)
            return;
    fleet_ship_t ship = { .endpoint = strdup (endpoint), .name = strdup (cluster_text (member, "name")) };
    if (ship.endpoint && ship.name)
        self->ships[self->count++] = ship;
    else {
        free (ship.endpoint);
        free (ship.name);
    }
}

void
fleet_leave (fleet_t *self, size_t at)
{
    zgrid_client_destroy (&self->ships[at].client);
    free (self->ships[at].endpoint);
    free (self->ships[at].name);
    self->ships[at] = self->ships[--self->count];
}

void
fleet_follow (fleet_t *self, json_t *tree)
{
    json_t *members = json_object_get (tree, "members"), *member;
    size_t index;
    for (size_t at = self->count; at-- > 0;)
        if (!s_has (members, self->ships[at].endpoint))
            fleet_leave (self, at);
    json_array_foreach (members, index, member) s_add (self, member);
    for (size_t at = 0; at < self->count; at++)
        s_open (self, &self->ships[at]);
}

static double
s_parts (json_t *moves)
{
    double parts = 0;
    size_t index;
    json_t *move;
    json_array_foreach (json_object_get (moves, "active"), index, move)
    {
        double bytes = (double) cluster_number (move, "bytes");
        double total = (double) cluster_number (move, "total");
        parts += total > 0 ? (bytes < total ? bytes / total : 1) : 0;
    }
    return parts;
}

void
fleet_ask (fleet_t *self, int64_t *streamed, double *parts)
{
    *streamed = 0;
    *parts = 0;
    for (size_t at = 0; at < self->count; at++) {
        fleet_ship_t *ship = &self->ships[at];
        int status = ZGRID_OK;
        json_t *tree = ship->client ? cluster_ask_for (ship->client, "default", "moves", &status) : NULL;
        json_t *moves = json_object_get (tree, "moves");
        if (tree) {
            ship->streamed = cluster_number (moves, "streamed");
            ship->parts = s_parts (moves);
        } else if (ship->client)
            s_close (ship);
        json_decref (tree);
        *streamed += ship->streamed;
        *parts += ship->parts;
    }
}

void
fleet_end (fleet_t *self)
{
    while (self->count)
        fleet_leave (self, self->count - 1);
}
