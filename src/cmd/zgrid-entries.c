//  zgrid-entries: the commands that name keys.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "zgrid-tool.h"

static int
s_fail (const tool_t *self, int status)
{
    return tool_fail (self, status, zgrid_client_error (self->client));
}

int
command_get (tool_t *self)
{
    zgrid_bytes_t key = zgrid_str (self->operands[0]);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.want_ttl = self->json;
    zgrid_entry_t entry;
    int status = zgrid_client_get (self->client, self->map, key, &options, &entry);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    if (!self->json) {
        fwrite (entry.value.data, 1, entry.value.size, stdout);
        if (!self->raw)
            putchar ('\n');
        return EXIT_DONE;
    }
    json_t *object = json_object ();
    bool good = object && json_set_bytes (object, "key", key) && json_set_bytes (object, "value", entry.value)
                && json_object_set_new (object, "version", json_integer ((json_int_t) entry.version)) == 0
                && (entry.ttl_ms < 0
                    || json_object_set_new (object, "ttl_ms", json_integer (entry.ttl_ms)) == 0);
    if (good)
        return tool_print_json (object);
    json_decref (object);
    return tool_fail (self, ZGRID_NOMEM, NULL);
}

int
command_put (tool_t *self)
{
    zgrid_bytes_t value;
    char *own;
    if (!tool_value (self, self->operands[1], &value, &own))
        return EXIT_USAGE;
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.ttl_ms = self->ttl_ms;
    options.if_absent = self->if_absent;
    options.if_present = self->if_present;
    options.fence = self->fence;
    zgrid_entry_t entry;
    int status = zgrid_client_put (self->client, self->map, zgrid_str (self->operands[0]), value, &options,
                                   &entry);
    free (own);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    if (!self->json)
        return EXIT_DONE;
    return tool_print_json (json_pack ("{s:s, s:I}", "status", "OK", "version", (json_int_t) entry.version));
}

int
command_del (tool_t *self)
{
    size_t count = (size_t) self->operand_count;
    zgrid_bytes_t *keys = calloc (count, sizeof *keys);
    if (!keys)
        return tool_fail (self, ZGRID_NOMEM, NULL);
    for (size_t at = 0; at < count; at++)
        keys[at] = zgrid_str (self->operands[at]);
    uint64_t removed = 0;
    int status = zgrid_client_mdel (self->client, self->map, keys, count, &removed);
    free (keys);
    if (self->json)
        tool_print_json (json_pack ("{s:I}", "removed", (json_int_t) removed));
    else
        printf ("%" PRIu64 "\n", removed);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    return removed ? EXIT_DONE : EXIT_NO;
}

int
command_incr (tool_t *self)
{
    int64_t delta = 1, result = 0;
    if (self->operand_count > 1)
        (void) tool_integer (self->operands[1], INT64_MIN, INT64_MAX, &delta); // main has looked at it
    int status = zgrid_client_incr (self->client, self->map, zgrid_str (self->operands[0]), delta, NULL,
                                    &result);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    if (self->json)
        return tool_print_json (json_pack ("{s:I}", "value", (json_int_t) result));
    printf ("%" PRId64 "\n", result);
    return EXIT_DONE;
}

int
command_ttl (tool_t *self)
{
    int64_t ttl_ms = 0;
    int status = zgrid_client_ttl (self->client, self->map, zgrid_str (self->operands[0]), &ttl_ms);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    if (self->json)
        return tool_print_json (json_pack ("{s:I}", "ttl_ms", (json_int_t) ttl_ms));
    printf ("%" PRId64 "\n", ttl_ms);
    return EXIT_DONE;
}

int
command_expire (tool_t *self)
{
    int64_t ttl_ms = 0;
    if (!tool_integer (self->operands[1], 1, INT64_MAX, &ttl_ms))
        return tool_complain (self, "not a number of milliseconds: %s", self->operands[1]);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.ttl_ms = (uint64_t) ttl_ms;
    int status = zgrid_client_expire (self->client, self->map, zgrid_str (self->operands[0]), &options);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    return self->json ? tool_print_json (json_pack ("{s:s}", "status", "OK")) : EXIT_DONE;
}
