//  exec_value: the value of the grid's EXEC (op.def), and of its reply: conditions and records go out as one,
//  the replies to these records come back as one.
//  SPDX-License-Identifier: MPL-2.0
#ifndef EXEC_VALUE_H_INCLUDED
#define EXEC_VALUE_H_INCLUDED

#include "../wire.h"
#include "call.h"

#define EXEC_RECORDS_MAX 1024 // As many the grid takes, of records and of conditions

//  All zero at first.
typedef struct {
    buf_t conditions, records;
    uint32_t conditions_count, records_count;
} exec_value_t;

//  The key must have this version; 0: there must be no such key.
void
    exec_value_condition (exec_value_t *self, bytes_t map, bytes_t key, uint64_t version);
void
    exec_value_record (exec_value_t *self, const ask_t *ask);
//  Adds all of it to `out`. False: without memory, now or before.
bool
    exec_value_write (const exec_value_t *self, buf_t *out);
void
    exec_value_clear (exec_value_t *self);

//  Where the replies to so many records begin. False: the reply has no such replies, though the records may
//  have been executed.
bool
    exec_value_open (const reply_t *reply, uint32_t count, mp_t *reader);
//  The next one; MAYBE if it cannot be read.
void
    exec_value_next (mp_t *reader, reply_t *reply);

#endif
