//  ops_lock: locks.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "storage_impl.h"

void
op_lock (call_t *call)
{
    call_fail (call, ZGRID_BADOP, "not served yet");
}

void
op_unlock (call_t *call)
{
    call_fail (call, ZGRID_BADOP, "not served yet");
}

void
op_lease (call_t *call)
{
    call_fail (call, ZGRID_BADOP, "not served yet");
}
