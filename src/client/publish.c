//  publish: messages to subscribers, and questions about them, through the router.
//  SPDX-License-Identifier: MPL-2.0
#include <zgrid_topic.h>

#include "client_impl.h"

int
zgrid_client_publish (zgrid_client_t *self, zgrid_bytes_t channel, zgrid_bytes_t message, uint64_t *receivers)
{
    bytes_t named = request_bytes (channel);
    value_t said = value_bytes (request_bytes (message));
    zgrid_entry_t entry;
    int status = call_run (self, (record_t) { .op = OP_PUBLISH, .key = &named, .value = &said }, NULL,
                           &entry);
    if (receivers)
        *receivers = (uint64_t) entry.integer;
    return status;
}

//  Asks for an array. Returns the status; the reader stands behind the head of the array, which has so many
//  values.
static int
s_ask_array (zgrid_client_t *self, op_t op, const value_t *value, mp_t *reader, uint32_t *count)
{
    zgrid_entry_t entry;
    int status = call_run (self, (record_t) { .op = op, .value = value }, NULL, &entry);
    *count = 0;
    *reader = mp_of (request_bytes (entry.value));
    if ((status == ZGRID_OK || status == ZGRID_PARTIAL) && !mp_array (reader, count))
        return client_fail (self, ZGRID_WRONGTYPE, op_info (op)->name, bytes_of (NULL, 0), NULL);
    return status;
}

int
zgrid_client_channels (zgrid_client_t *self, const char *match, const zgrid_bytes_t **channels, size_t *count)
{
    value_t glob = match ? value_bytes (bytes_str (match)) : value_nil ();
    mp_t reader;
    uint32_t found;
    *channels = NULL;
    *count = 0;
    int status = s_ask_array (self, OP_CHANNELS, &glob, &reader, &found);
    if (status != ZGRID_OK && status != ZGRID_PARTIAL)
        return status;
    buf_reset (&self->listed);
    for (uint32_t at = 0; at < found; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name))
            return client_fail (self, ZGRID_WRONGTYPE, "CHANNELS", bytes_of (NULL, 0), NULL);
        zgrid_bytes_t channel = { name.data, name.size };
        buf_add (&self->listed, &channel, sizeof channel);
    }
    if (self->listed.failed)
        return client_fail (self, ZGRID_NOMEM, "CHANNELS", bytes_of (NULL, 0), NULL);
    *channels = (const zgrid_bytes_t *) (const void *) self->listed.data;
    *count = found;
    return status;
}

int
zgrid_client_numsub (zgrid_client_t *self, const zgrid_bytes_t *channels, size_t count, uint64_t *counts)
{
    mp_t reader;
    uint32_t found = 0;
    buf_t *encoded = &self->listed;
    buf_reset (encoded);
    wire_add_array (encoded, (uint32_t) count);
    for (size_t at = 0; at < count; at++)
        wire_add_bytes (encoded, request_bytes (channels[at]));
    memset (counts, 0, count * sizeof *counts);
    if (encoded->failed || count > UINT32_MAX / 2)
        return client_fail (self, ZGRID_NOMEM, "NUMSUB", bytes_of (NULL, 0), NULL);
    value_t names = { .kind = VALUE_TREE, .bytes = buf_bytes (encoded) };
    int status = s_ask_array (self, OP_NUMSUB, &names, &reader, &found);
    for (size_t at = 0; status == ZGRID_OK && at < count; at++) {
        bytes_t name;
        if (found != 2 * count || !mp_bytes (&reader, &name)
            || !bytes_equal (name, request_bytes (channels[at])) || !mp_uint (&reader, &counts[at]))
            status = client_fail (self, ZGRID_WRONGTYPE, "NUMSUB", bytes_of (NULL, 0), NULL);
    }
    return status;
}

int
zgrid_client_numpat (zgrid_client_t *self, uint64_t *patterns)
{
    zgrid_entry_t entry;
    int status = call_run (self, (record_t) { .op = OP_NUMPAT }, NULL, &entry);
    *patterns = (uint64_t) entry.integer;
    return status;
}
