//  message: see message.h.
//  SPDX-License-Identifier: MPL-2.0
#include "message.h"

#include "../wire.h"

#define S_FIELDS 4

void
message_add (buf_t *out, const message_t *message)
{
    if (out->size == 0)
        wire_begin (out);
    wire_add_array (out, S_FIELDS);
    wire_add_uint (out, message->publisher);
    wire_add_bytes (out, message->channel);
    wire_add_uint (out, message->number);
    wire_add_bytes (out, message->message);
}

bool
message_open (bytes_t body, mp_t *reader)
{
    return wire_open (body, reader);
}

bool
message_next (mp_t *reader, message_t *message, bool *broken)
{
    uint32_t count = 0;
    *broken = false;
    if (mp_at_end (reader))
        return false;
    *broken = !mp_array (reader, &count) || count != S_FIELDS || !mp_uint (reader, &message->publisher)
              || !mp_bytes (reader, &message->channel) || !mp_uint (reader, &message->number)
              || !mp_bytes (reader, &message->message);
    return !*broken;
}
