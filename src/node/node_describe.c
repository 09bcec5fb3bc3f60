//  node_describe: what HELLO and ROUTES answer. doc/protocol.md names the fields.
//  SPDX-License-Identifier: MPL-2.0
#include "node_impl.h"
#include "wire.h"

#define S_EPOCH 1 // Of the partition table: it does not change yet

static void
s_number (buf_t *out, const char *name, uint64_t number)
{
    wire_add_text (out, name);
    wire_add_uint (out, number);
}

static void
s_text (buf_t *out, const char *name, const char *text)
{
    wire_add_text (out, name);
    wire_add_text (out, text);
}

static void
s_hello (const zgrid_node_t *self, buf_t *out)
{
    const settings_t *settings = self->settings;
    wire_add_map (out, 13);
    s_number (out, "protocol", 1);
    wire_add_text (out, "versions");
    wire_add_array (out, 1);
    wire_add_uint (out, 1);
    s_text (out, "node", self->name);
    s_text (out, "name", self->name);
    s_text (out, "cluster", self->name);
    s_number (out, "epoch", S_EPOCH);
    s_number (out, "partitions", self->partitions);
    wire_add_text (out, "window");
    wire_add_array (out, 2);
    wire_add_uint (out, settings_uint (settings, SETTING_limits_window_records));
    wire_add_uint (out, settings_uint (settings, SETTING_limits_window_bytes));
    s_number (out, "frame", settings_uint (settings, SETTING_limits_frame_max));
    s_number (out, "batch", settings_uint (settings, SETTING_limits_batch_records));
    s_number (out, "key_max", settings_uint (settings, SETTING_limits_key_max));
    s_number (out, "value_max", settings_uint (settings, SETTING_limits_value_max));
    s_text (out, "server", "zgrid " ZGRID_VERSION);
}

static void
s_routes (const zgrid_node_t *self, buf_t *out)
{
    bool reachable = *self->endpoints[0] != 0;
    buf_t owners = BUF_INIT;
    for (uint32_t partition = 0; partition < self->partitions; partition++) {
        uint32_t owner = reachable ? partition % self->actors : 0xffff;
        uint8_t pair[2] = { (uint8_t) (owner >> 8), (uint8_t) owner };
        buf_add (&owners, pair, sizeof pair);
    }
    wire_add_map (out, 4);
    s_number (out, "epoch", S_EPOCH);
    s_number (out, "partitions", self->partitions);
    wire_add_text (out, "endpoints");
    wire_add_array (out, reachable ? self->actors : 0);
    for (uint32_t index = 0; reachable && index < self->actors; index++)
        wire_add_text (out, self->endpoints[index]);
    wire_add_text (out, "owners");
    wire_add_bytes (out, buf_bytes (&owners));
    out->failed = out->failed || owners.failed;
    buf_clear (&owners);
}

bool
node_describe (zgrid_node_t *self, uint64_t started)
{
    buf_reset (&self->hello);
    buf_reset (&self->routes);
    s_hello (self, &self->hello);
    s_routes (self, &self->routes);
    self->info = (node_info_t) { .hello = buf_bytes (&self->hello),
                                 .routes = buf_bytes (&self->routes),
                                 .name = self->name,
                                 .version = ZGRID_VERSION,
                                 .started = started };
    return !self->hello.failed && !self->routes.failed;
}
