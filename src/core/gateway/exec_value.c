//  exec_value: see exec_value.h.
//  SPDX-License-Identifier: MPL-2.0
#include "exec_value.h"

#include <zgrid_error.h>

void
exec_value_condition (exec_value_t *self, bytes_t map, bytes_t key, uint64_t version)
{
    wire_add_array (&self->conditions, 3);
    wire_add_bytes (&self->conditions, map);
    wire_add_bytes (&self->conditions, key);
    wire_add_uint (&self->conditions, version);
    self->conditions_count++;
}

void
exec_value_record (exec_value_t *self, const ask_t *ask)
{
    self->records_count++;
    wire_request (&self->records, self->records_count, ask->op, ask->map, ask->has_key ? &ask->key : NULL,
                  &ask->value, ask->options);
}

bool
exec_value_write (const exec_value_t *self, buf_t *out)
{
    wire_add_array (out, 2);
    wire_add_array (out, self->conditions_count);
    buf_add (out, self->conditions.data, self->conditions.size);
    wire_add_array (out, self->records_count);
    buf_add (out, self->records.data, self->records.size);
    return !out->failed && !self->conditions.failed && !self->records.failed;
}

void
exec_value_clear (exec_value_t *self)
{
    buf_clear (&self->conditions);
    buf_clear (&self->records);
    self->conditions_count = self->records_count = 0;
}

bool
exec_value_open (const reply_t *reply, uint32_t count, mp_t *reader)
{
    uint32_t told = 0;
    *reader = mp_of (reply->value.bytes);
    return reply->status == ZGRID_OK && reply->value.kind == VALUE_TREE && mp_array (reader, &told)
           && told == count;
}

void
exec_value_next (mp_t *reader, reply_t *reply)
{
    if (wire_next_reply (reader, reply) != WIRE_RECORD)
        *reply = (reply_t) { .status = ZGRID_MAYBE };
}
