//  call: one record, sent and waited for.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

int
call_wire (zgrid_client_t *self, const record_t *record, uint32_t timeout_ms, zgrid_entry_t *entry)
{
    batch_t *one = &self->one;
    zgrid_entry_t unseen;
    one->entries = entry ? entry : &unseen;
    one->entries[0] = entry_of (ZGRID_NOMEM);
    batch_reset (one);
    bool added = batch_reserve (one, 1) && batch_add (one, self, 0, record);
    client_forget (self);
    if (added)
        batch_run (one, self, timeout_ms);
    return client_result (self, op_info (record->op)->name, record->map, one->entries);
}

int
call_run (zgrid_client_t *self, record_t record, const zgrid_options_t *given, zgrid_entry_t *entry)
{
    options_t options;
    uint32_t timeout_ms;
    const char *why = "called from within a future's function";
    int status = client_enter (self);
    if (status == ZGRID_OK) {
        why = "options that exclude each other";
        status = request_options (self, given, &options, &timeout_ms);
        request_wait (self, record.op, &options, &timeout_ms);
    }
    if (status != ZGRID_OK) {
        if (entry)
            *entry = entry_of (status);
        return client_fail (self, status, op_info (record.op)->name, record.map, why);
    }
    record.options = &options;
    return call_wire (self, &record, timeout_ms, entry);
}
