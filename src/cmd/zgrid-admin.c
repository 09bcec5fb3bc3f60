//  zgrid-admin: what operators may change: set, recover (map: zgrid-map.c). Each is one ADMIN record, an
//  array of words, that the cluster's coordinator carries out.
//  SPDX-License-Identifier: MPL-2.0
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zgrid-cluster.h"

int
cluster_order (tool_t *self, const char *const *words, size_t count, zgrid_entry_t *entry)
{
    msgpack_sbuffer body;
    msgpack_packer packer;
    msgpack_sbuffer_init (&body);
    msgpack_packer_init (&packer, &body, msgpack_sbuffer_write);
    int failed = msgpack_pack_array (&packer, count);
    for (size_t at = 0; at < count && !failed; at++) {
        size_t size = strlen (words[at]);
        failed = msgpack_pack_str (&packer, size) || msgpack_pack_str_body (&packer, words[at], size);
    }
    zgrid_bytes_t value = { body.data, body.size };
    int status = failed ? ZGRID_NOMEM
                        : zgrid_client_call (self->client, "ADMIN", self->map, NULL, &value, NULL, entry);
    msgpack_sbuffer_destroy (&body);
    if (status == ZGRID_OK && !entry->has_value)
        entry->value = zgrid_str ("");
    return status;
}

int
cluster_refused (tool_t *self, int status, const zgrid_entry_t *entry)
{
    //  Where NOTFOUND is meant, the server says what was not found
    return tool_fail (self, status, entry->error ? entry->error : zgrid_client_error (self->client));
}

int
cluster_carry_out (tool_t *self, const char *const *words, size_t count)
{
    zgrid_entry_t entry;
    int status = cluster_order (self, words, count, &entry);
    if (status != ZGRID_OK)
        return cluster_refused (self, status, &entry);
    if (self->json) {
        json_t *object = json_pack ("{s:s}", "status", "OK");
        if (!object || !json_set_bytes (object, "text", entry.value)) {
            json_decref (object);
            return tool_fail (self, ZGRID_NOMEM, NULL);
        }
        return tool_print_json (object);
    }
    tool_print_escaped (entry.value);
    if (entry.value.size)
        putchar ('\n');
    return EXIT_DONE;
}

int
command_set (tool_t *self)
{
    const char *name = self->operands[0], *value = self->operands[1];
    int64_t number;
    if (strcmp (name, "copies") == 0 || strcmp (name, "voters") == 0) {
        if (!tool_integer (value, 1, 1000, &number))
            return tool_complain (self, "%s is a number, not %s", name, value);
    } else if (strcmp (name, "on_lost") == 0) {
        if (strcmp (value, "refuse") && strcmp (value, "wipe"))
            return tool_complain (self, "on_lost is refuse or wipe, not %s", value);
    } else
        return tool_complain (self, "copies, on_lost and voters can be set, not %s", name);
    return cluster_carry_out (self, (const char *[]) { "set", name, value }, 3);
}

int
command_recover (tool_t *self)
{
    if (self->refound == (self->operand_count == 1))
        return tool_complain (self, "recover takes a partition, or --refound");
    if (!self->accept_data_loss)
        return tool_complain (self,
                              "what the lost copies held is gone for good then; say --accept-data-loss if "
                              "that is meant");
    if (self->refound)
        return cluster_carry_out (self, (const char *[]) { "refound", "accept-data-loss" }, 2);
    int64_t number;
    if (!tool_integer (self->operands[0], 0, 16383, &number))
        return tool_complain (self, "not a partition: %s", self->operands[0]);
    return cluster_carry_out (self, (const char *[]) { "recover", self->operands[0], "accept-data-loss" }, 3);
}
