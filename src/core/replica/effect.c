//  effect: see effect.h.
//  SPDX-License-Identifier: MPL-2.0
#include "effect.h"

static void
s_put32 (buf_t *out, uint32_t number)
{
    buf_add (out, &number, sizeof number);
}

static void
s_put64 (buf_t *out, uint64_t number)
{
    buf_add (out, &number, sizeof number);
}

static uint32_t
s_get32 (const uint8_t *at)
{
    uint32_t number;
    memcpy (&number, at, sizeof number);
    return number;
}

static uint64_t
s_get64 (const uint8_t *at)
{
    uint64_t number;
    memcpy (&number, at, sizeof number);
    return number;
}

size_t
effect_begin (buf_t *out)
{
    size_t begin = out->size;
    s_put64 (out, 0); // size, session at
    return begin;
}

static void
s_add_change (buf_t *out, const uint8_t head[4], bytes_t map, bytes_t key, bytes_t first, bytes_t second,
              uint64_t left)
{
    buf_add (out, head, 4);
    s_put32 (out, (uint32_t) key.size);
    s_put32 (out, (uint32_t) (first.size + second.size));
    s_put64 (out, left);
    buf_add (out, map.data, map.size);
    buf_add (out, key.data, key.size);
    buf_add (out, first.data, first.size);
    buf_add (out, second.data, second.size);
}

void
effect_change (buf_t *out, change_kind_t kind, bytes_t map, bytes_t key, bytes_t first, bytes_t second,
               uint64_t left)
{
    uint8_t head[4] = { (uint8_t) kind, (uint8_t) map.size, REMOVAL_DELETED, 0 };
    s_add_change (out, head, map, key, first, second, left);
}

void
effect_remove (buf_t *out, bytes_t map, bytes_t key, removal_t reason)
{
    uint8_t head[4] = { CHANGE_REMOVE, (uint8_t) map.size, (uint8_t) reason, 0 };
    bytes_t none = bytes_of (NULL, 0);
    s_add_change (out, head, map, key, none, none, 0);
}

void
effect_lock (buf_t *out, const lock_change_t *change)
{
    uint8_t value[LOCK_VALUE_MAX];
    size_t size = lock_change_encode (change, value);
    effect_change (out, (change_kind_t) (CHANGE_LOCK + (int) change->kind), change->map, change->key,
                   bytes_of (value, size), bytes_of (NULL, 0), change->left);
}

bool
effect_lock_change (const change_t *change, lock_change_t *lock)
{
    if (change->kind < CHANGE_LOCK || change->kind >= CHANGE_LIMIT)
        return false;
    lock->kind = (lock_kind_t) (change->kind - CHANGE_LOCK);
    lock->map = change->map;
    lock->key = change->key;
    lock->left = change->left;
    return lock_change_decode (change->value, lock);
}

void
effect_session (buf_t *out, size_t begin, const request_key_t *request, bytes_t result)
{
    uint32_t at = (uint32_t) (out->size - begin);
    if (!out->failed)
        memcpy (out->data + begin + 4, &at, sizeof at);
    buf_add (out, request->session, SESSION_SIZE);
    s_put64 (out, request->id);
    s_put64 (out, request->ack);
    buf_add (out, result.data, result.size);
}

void
effect_end (buf_t *out, size_t begin)
{
    uint32_t size = (uint32_t) (out->size - begin);
    if (!out->failed)
        memcpy (out->data + begin, &size, sizeof size);
}

//  Passes over one change; false if the bytes do not hold it.
static bool
s_change (const uint8_t **at, const uint8_t *end, change_t *change)
{
    const uint8_t *head = *at;
    if (end - head < EFFECT_CHANGE_HEAD)
        return false;
    change->kind = (change_kind_t) head[0];
    change->reason = (removal_t) head[2];
    size_t map = head[1], key = s_get32 (head + 4), value = s_get32 (head + 8);
    change->left = s_get64 (head + 12);
    if (change->kind < CHANGE_PUT || change->kind >= CHANGE_LIMIT
        || head[2] > (change->kind == CHANGE_REMOVE ? REMOVAL_EVICTED : 0)
        || map + key + value > (size_t) (end - head - EFFECT_CHANGE_HEAD))
        return false;
    head += EFFECT_CHANGE_HEAD;
    change->map = bytes_of (head, map);
    change->key = bytes_of (head + map, key);
    change->value = bytes_of (head + map + key, value);
    *at = head + map + key + value;
    lock_change_t lock;
    return change->kind < CHANGE_LOCK || effect_lock_change (change, &lock);
}

bool
effect_open (bytes_t bytes, effect_t *effect)
{
    if (bytes.size < EFFECT_HEAD)
        return false;
    uint32_t size = s_get32 (bytes.data), session_at = s_get32 (bytes.data + 4);
    if (size < EFFECT_HEAD || size > bytes.size)
        return false;
    if (session_at
        && (session_at < EFFECT_HEAD || session_at > size || size - session_at < EFFECT_SESSION_HEAD))
        return false;
    effect->entry = bytes_of (bytes.data, size);
    effect->at = bytes.data + EFFECT_HEAD;
    effect->end = bytes.data + (session_at ? session_at : size);
    effect->has_session = session_at != 0;
    if (session_at) {
        const uint8_t *at = bytes.data + session_at;
        memcpy (effect->request.session, at, SESSION_SIZE);
        effect->request.id = s_get64 (at + SESSION_SIZE);
        effect->request.ack = s_get64 (at + SESSION_SIZE + 8);
        effect->result = bytes_of (at + EFFECT_SESSION_HEAD, size - session_at - EFFECT_SESSION_HEAD);
    }
    const uint8_t *at = effect->at;
    change_t change;
    while (at < effect->end)
        if (!s_change (&at, effect->end, &change))
            return false;
    return true;
}

bool
effect_next (effect_t *effect, change_t *change)
{
    return effect->at < effect->end && s_change (&effect->at, effect->end, change);
}
