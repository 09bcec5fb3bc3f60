//  settings_check: the environment, and what settings mean for each other.
//  SPDX-License-Identifier: MPL-2.0
#include "settings_impl.h"

#include <assert.h>
#include <ctype.h>
#include <inttypes.h>
#include <zgrid_error.h>

#include "text.h"

#define PREFIX "ZGRID_"
#define FRAME_MARGIN (UINT64_C (1) << 20) // What a frame holds beside the largest value, in bytes

extern char **environ;

//  Container platforms set such variables for a service that is called zgrid.
static bool
s_is_platform (const char *name)
{
    return strncmp (name, PREFIX "PORT", sizeof PREFIX "PORT" - 1) == 0
           || strncmp (name, PREFIX "SERVICE_", sizeof PREFIX "SERVICE_" - 1) == 0;
}

//  "ZGRID_LIMITS_KEY_MAX" becomes "limits.key_max". False if it has not that form.
static bool
s_variable_name (bytes_t variable, char *name, size_t room)
{
    size_t prefix = sizeof PREFIX - 1;
    if (variable.size <= prefix || variable.size - prefix >= room)
        return false;
    bool dot = false;
    for (size_t at = prefix; at < variable.size; at++) {
        char byte = (char) variable.data[at];
        name[at - prefix] = (char) (byte == '_' && !dot ? '.' : tolower (byte));
        dot |= byte == '_';
    }
    name[variable.size - prefix] = 0;
    return dot;
}

static void
s_unknown_variable (bytes_t variable, int nearest, buf_t *why)
{
    text_quote (why, variable);
    text_printf (why, ": no such setting");
    if (nearest < 0)
        return;
    char upper[80];
    size_t size = 0;
    for (const char *at = settings_infos[nearest].full; *at && size < sizeof upper - 1; at++)
        upper[size++] = (char) (*at == '.' ? '_' : toupper ((unsigned char) *at));
    text_printf (why, "; did you mean " PREFIX "%.*s?", (int) size, upper);
}

static int
s_take_variable (settings_t *self, const char *variable, buf_t *why)
{
    const char *equals = strchr (variable, '=');
    if (!equals || !equals[1] || strncmp (variable, PREFIX, sizeof PREFIX - 1) || s_is_platform (variable))
        return ZGRID_OK;
    bytes_t own = bytes_of (variable, (size_t) (equals - variable));
    char name[80] = "";
    bool formed = s_variable_name (own, name, sizeof name);
    int id = formed ? settings_find (name) : -1;
    if (id < 0) {
        //  Without a second '_' it may be anybody's, unless it is nearly a setting
        int nearest = *name ? settings_nearest (bytes_str (name)) : -1;
        if (!formed && nearest < 0)
            return ZGRID_OK;
        s_unknown_variable (own, nearest, why);
        return ZGRID_MALFORMED;
    }
    size_t before = why ? why->size : 0;
    text_printf (why, "%.*s: ", (int) own.size, (const char *) own.data);
    int rc = settings_assign (self, (setting_t) id, equals + 1, why);
    if (rc == ZGRID_OK && why)
        why->size = before;
    return rc;
}

int
settings_environment (settings_t *self, buf_t *why)
{
    assert (self);
    settings_t *copy = settings_clone (self);
    if (!copy)
        return ZGRID_NOMEM;
    int result = ZGRID_OK;
    for (char **at = environ; at && *at && result != ZGRID_NOMEM; at++) {
        buf_t line = BUF_INIT;
        int rc = s_take_variable (copy, *at, &line);
        if (rc) {
            text_printf (why, "%s%.*s", result ? "\n" : "", (int) line.size, (const char *) line.data);
            result = rc;
        }
        buf_clear (&line);
    }
    if (result)
        settings_destroy (&copy);
    else
        settings_take (self, &copy);
    return result;
}

//  What is wrong with an endpoint, or NULL. The node finds out the rest when it binds.
static const char *
s_endpoint_fault (const char *endpoint)
{
    if (strncmp (endpoint, "ipc://", 6) == 0 || strncmp (endpoint, "inproc://", 9) == 0)
        return strchr (endpoint, '/')[2] ? NULL : "has no name behind ://";
    if (strncmp (endpoint, "tcp://", 6))
        return "does not begin with tcp://, ipc:// or inproc://";
    const char *colon = strrchr (endpoint + 6, ':');
    if (!colon || colon == endpoint + 6)
        return "has not the form tcp://ADDRESS:PORT";
    const char *port = colon + 1;
    if (strcmp (port, "*") == 0)
        return NULL;
    size_t digits = strspn (port, "0123456789");
    unsigned number = 0;
    for (size_t at = 0; at < digits && at < 6; at++)
        number = number * 10 + (unsigned) (port[at] - '0');
    bool good = digits && digits < 6 && !port[digits] && number < 65536;
    return good ? NULL : "has a port that is not 0 to 65535 or *";
}

//  Says what is wrong with a setting's value, or a part of it. NULL: nothing is.
static int
s_say (setting_t id, bytes_t value, const char *fault, buf_t *why)
{
    if (!fault)
        return ZGRID_OK;
    text_printf (why, "%s%s: ", why && why->size ? "\n" : "", settings_infos[id].full);
    text_quote (why, value);
    text_printf (why, " %s", fault);
    return ZGRID_MALFORMED;
}

static int
s_check_endpoint (const settings_t *self, setting_t id, const char *other, buf_t *why)
{
    const char *value = settings_text (self, id);
    return s_say (id, bytes_str (value), strcmp (value, other) ? s_endpoint_fault (value) : NULL, why);
}

//  Members reach each other over TCP, and so do Redis clients this node.
static int
s_check_peer (const settings_t *self, setting_t id, buf_t *why)
{
    const char *value = settings_text (self, id);
    const char *fault = *value ? s_endpoint_fault (value) : NULL;
    if (*value && !fault && strncmp (value, "tcp://", 6))
        fault = "does not begin with tcp://";
    return s_say (id, bytes_str (value), fault, why);
}

static int
s_check_seeds (const settings_t *self, buf_t *why)
{
    int result = ZGRID_OK;
    const char *at = settings_text (self, SETTING_cluster_seeds);
    for (unsigned count = 1; *at; count++) {
        size_t size = strcspn (at, ",");
        char seed[256] = "";
        const char *fault = "is no endpoint";
        if (size && size < sizeof seed) {
            memcpy (seed, at, size);
            fault = s_endpoint_fault (seed);
            if (!fault && (strncmp (seed, "tcp://", 6) || seed[size - 1] == '*'))
                fault = "has not the form tcp://ADDRESS:PORT";
            if (!fault && count > SETTINGS_SEEDS_MAX)
                fault = "is one too many";
        }
        if (s_say (SETTING_cluster_seeds, bytes_of (at, size), fault, why))
            result = ZGRID_MALFORMED;
        at += size + (at[size] == ',');
    }
    return result;
}

//  What needs node.peer, and what cannot go together.
static int
s_check_cluster (const settings_t *self, buf_t *why)
{
    static const setting_t needs_peer[] = { SETTING_cluster_seeds,         SETTING_cluster_expect,
                                            SETTING_node_witness,          SETTING_node_storage_peer,
                                            SETTING_cluster_move_endpoint, SETTING_discover_interface };
    int result = ZGRID_OK;
    for (size_t at = 0; at < sizeof needs_peer / sizeof needs_peer[0]; at++) {
        setting_t id = needs_peer[at];
        setting_type_t type = settings_infos[id].type;
        bool given = type == SETTING_TYPE_TEXT ? *settings_text (self, id) != 0 : self->numbers[id] != 0;
        if (given && !*settings_text (self, SETTING_node_peer)) {
            text_printf (why, "%s%s: needs node.peer, where other members connect",
                         why && why->size ? "\n" : "", settings_infos[id].full);
            result = ZGRID_MALFORMED;
        }
    }
    if (settings_uint (self, SETTING_cluster_voters) % 2 == 0) {
        text_printf (why, "%scluster.voters: 1, 3 or 5: an even number survives no more failures",
                     why && why->size ? "\n" : "");
        result = ZGRID_MALFORMED;
    }
    if (settings_bool (self, SETTING_cluster_bootstrap) && settings_uint (self, SETTING_cluster_expect)) {
        text_printf (why, "%scluster.expect: a node that bootstraps expects nobody",
                     why && why->size ? "\n" : "");
        result = ZGRID_MALFORMED;
    }
    return result;
}

int
settings_check (const settings_t *self, buf_t *why)
{
    assert (self);
    uint64_t frame = settings_uint (self, SETTING_limits_frame_max);
    uint64_t value = settings_uint (self, SETTING_limits_value_max);
    int result = ZGRID_OK;
    if (frame < value + FRAME_MARGIN) {
        text_printf (why,
                     "limits.frame_max: %" PRIu64 " bytes are too few; with limits.value_max at %" PRIu64
                     " it takes at least %" PRIu64 " (1 MiB more)",
                     frame, value, value + FRAME_MARGIN);
        result = ZGRID_MALFORMED;
    }
    if (s_check_endpoint (self, SETTING_node_client, "none", why))
        result = ZGRID_MALFORMED;
    if (s_check_endpoint (self, SETTING_storage_endpoint, "", why))
        result = ZGRID_MALFORMED;
    if (s_check_peer (self, SETTING_node_peer, why))
        result = ZGRID_MALFORMED;
    if (s_check_peer (self, SETTING_node_storage_peer, why))
        result = ZGRID_MALFORMED;
    if (s_check_peer (self, SETTING_cluster_move_endpoint, why))
        result = ZGRID_MALFORMED;
    if (s_check_peer (self, SETTING_gateway_endpoint, why))
        result = ZGRID_MALFORMED;
    if (s_check_seeds (self, why) || s_check_cluster (self, why))
        result = ZGRID_MALFORMED;
    return result;
}
