//  lock_change: see lock_change.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lock_change.h"

#define S_OVER 1u // Flag
#define S_FIXED 32

size_t
lock_change_encode (const lock_change_t *change, uint8_t value[LOCK_VALUE_MAX])
{
    uint64_t numbers[4] = { change->over ? S_OVER : 0, change->token, change->number, change->lease };
    memcpy (value, numbers, S_FIXED);
    if (!change->has_request)
        return S_FIXED;
    memcpy (value + S_FIXED, change->request.session, LOCK_SESSION_SIZE);
    memcpy (value + S_FIXED + LOCK_SESSION_SIZE, &change->request.id, sizeof change->request.id);
    return LOCK_VALUE_MAX;
}

bool
lock_change_decode (bytes_t value, lock_change_t *change)
{
    uint64_t numbers[4];
    if (value.size != S_FIXED && value.size != LOCK_VALUE_MAX)
        return false;
    memcpy (numbers, value.data, S_FIXED);
    change->over = numbers[0] & S_OVER;
    change->token = numbers[1];
    change->number = numbers[2];
    change->lease = numbers[3];
    change->has_request = value.size == LOCK_VALUE_MAX;
    memset (&change->request, 0, sizeof change->request);
    if (change->has_request) {
        memcpy (change->request.session, value.data + S_FIXED, LOCK_SESSION_SIZE);
        memcpy (&change->request.id, value.data + S_FIXED + LOCK_SESSION_SIZE, sizeof change->request.id);
    }
    return true;
}
