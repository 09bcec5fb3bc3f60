//  node_settings: the part of the node's public face that is about settings and texts.
//  SPDX-License-Identifier: MPL-2.0
#include "mem.h"
#include "node_impl.h"

zgrid_node_t *
zgrid_node_new (void)
{
    zgrid_node_t *self = mem_alloc_zero (1, sizeof (zgrid_node_t));
    if (!self)
        return NULL;
    self->settings = settings_new ();
    //  Inside of another program it is quiet and listens nowhere unless it is told to
    if (!self->settings || settings_set (self->settings, "node.client", "none", &self->why) != ZGRID_OK
        || settings_set (self->settings, "log.level", "warning", &self->why) != ZGRID_OK)
        zgrid_node_destroy (&self);
    return self;
}

//  Settings are fixed once actors have been given them.
static bool
s_may_change (zgrid_node_t *self)
{
    buf_reset (&self->why);
    if (self->running)
        node_fail (self, "the node is running: its settings are fixed");
    return !self->running;
}

static int
s_told (zgrid_node_t *self, int status)
{
    buf_add (&self->why, "", 1);
    return status;
}

int
zgrid_node_set (zgrid_node_t *self, const char *name, const char *value)
{
    if (!s_may_change (self))
        return ZGRID_DENIED;
    return s_told (self, settings_set (self->settings, name, value, &self->why));
}

int
zgrid_node_load (zgrid_node_t *self, const char *file)
{
    if (!s_may_change (self))
        return ZGRID_DENIED;
    return s_told (self, settings_load (self->settings, file, &self->why));
}

int
zgrid_node_environment (zgrid_node_t *self)
{
    if (!s_may_change (self))
        return ZGRID_DENIED;
    return s_told (self, settings_environment (self->settings, &self->why));
}

int
zgrid_node_check (zgrid_node_t *self)
{
    buf_reset (&self->why);
    return s_told (self, settings_check (self->settings, &self->why));
}

const char *
zgrid_node_setting (const zgrid_node_t *self, const char *name)
{
    int id = settings_find (name);
    return id < 0 ? NULL : settings_value (self->settings, (setting_t) id);
}

char *
zgrid_node_print_settings (const zgrid_node_t *self)
{
    buf_t text = BUF_INIT;
    settings_print (self->settings, &text);
    buf_add (&text, "", 1);
    if (!text.failed)
        return (char *) text.data; // mem_alloc is malloc: the caller frees it with free ()
    buf_clear (&text);
    return NULL;
}

const char *
zgrid_node_endpoint (const zgrid_node_t *self)
{
    return self->endpoint ? self->endpoint : "";
}

int
zgrid_node_reopen_log (zgrid_node_t *self)
{
    if (log_reopen (self->log))
        return ZGRID_OK;
    node_fail (self, "cannot open %s: %s", settings_text (self->settings, SETTING_log_file),
               strerror (errno));
    return ZGRID_UNAVAILABLE;
}

const char *
zgrid_node_error (const zgrid_node_t *self)
{
    return self->why.size && !self->why.failed ? (const char *) self->why.data : "";
}
