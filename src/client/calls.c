//  calls: the blocking form of each operation.
//  SPDX-License-Identifier: MPL-2.0
#include <locale.h>
#include <math.h>

#include "client_impl.h"

#define S_NUMBER_SIZE 64 // A decimal number of 17 digits, in any locale

int
zgrid_client_get (zgrid_client_t *self, const char *map, zgrid_bytes_t key, const zgrid_options_t *options,
                  zgrid_entry_t *entry)
{
    //  An embedded node's own keys need none of the machinery
    if (self->near && !self->inside) {
        zgrid_entry_t unseen;
        zgrid_entry_t *found = entry ? entry : &unseen;
        if (near_get (self, bytes_str (map), key, options && options->want_ttl, found))
            return found->status;
    }
    bytes_t named = request_bytes (key);
    if (self->cached && !self->inside && cached_allows (options)) {
        zgrid_entry_t unseen;
        zgrid_entry_t *found = entry ? entry : &unseen;
        if (cached_get (self, bytes_str (map), named, found))
            return found->status;
    }
    return call_run (self, (record_t) { OP_GET, bytes_str (map), &named, NULL, NULL }, options, entry);
}

int
zgrid_client_put (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                  const zgrid_options_t *options, zgrid_entry_t *entry)
{
    bytes_t named = request_bytes (key);
    value_t stored = value_bytes (request_bytes (value));
    return call_run (self, (record_t) { OP_PUT, bytes_str (map), &named, &stored, NULL }, options, entry);
}

int
zgrid_client_del (zgrid_client_t *self, const char *map, zgrid_bytes_t key, const zgrid_options_t *options,
                  zgrid_entry_t *entry)
{
    bytes_t named = request_bytes (key);
    return call_run (self, (record_t) { OP_DEL, bytes_str (map), &named, NULL, NULL }, options, entry);
}

int
zgrid_client_exists (zgrid_client_t *self, const char *map, zgrid_bytes_t key)
{
    bytes_t named = request_bytes (key);
    return call_run (self, (record_t) { OP_EXISTS, bytes_str (map), &named, NULL, NULL }, NULL, NULL);
}

int
zgrid_client_ttl (zgrid_client_t *self, const char *map, zgrid_bytes_t key, int64_t *ttl_ms)
{
    bytes_t named = request_bytes (key);
    zgrid_entry_t entry;
    int status = call_run (self, (record_t) { OP_TTL, bytes_str (map), &named, NULL, NULL }, NULL, &entry);
    *ttl_ms = status == ZGRID_OK ? entry.integer : -1;
    return status;
}

int
zgrid_client_expire (zgrid_client_t *self, const char *map, zgrid_bytes_t key, const zgrid_options_t *options)
{
    bytes_t named = request_bytes (key);
    zgrid_options_t given = ZGRID_OPTIONS_INIT;
    if (options)
        memcpy (&given, options, options->size < sizeof given ? options->size : sizeof given);
    given.size = sizeof given;
    bool at = given.expire_at_ms != 0;
    uint64_t time = at ? given.expire_at_ms : given.ttl_ms;
    if ((at && given.ttl_ms) || time == 0 || time > INT64_MAX)
        return client_fail (self, ZGRID_MALFORMED, "EXPIRE", bytes_str (map),
                            "one of ttl_ms and expire_at_ms is needed");
    //  The time travels as the value
    given.ttl_ms = given.expire_at_ms = 0;
    value_t value = value_int ((int64_t) time);
    return call_run (self,
                     (record_t) { at ? OP_PEXPIREAT : OP_PEXPIRE, bytes_str (map), &named, &value, NULL },
                     &given, NULL);
}

int
zgrid_client_persist (zgrid_client_t *self, const char *map, zgrid_bytes_t key)
{
    bytes_t named = request_bytes (key);
    return call_run (self, (record_t) { OP_PERSIST, bytes_str (map), &named, NULL, NULL }, NULL, NULL);
}

int
zgrid_client_touch (zgrid_client_t *self, const char *map, zgrid_bytes_t key)
{
    bytes_t named = request_bytes (key);
    return call_run (self, (record_t) { OP_TOUCH, bytes_str (map), &named, NULL, NULL }, NULL, NULL);
}

int
zgrid_client_incr (zgrid_client_t *self, const char *map, zgrid_bytes_t key, int64_t delta,
                   const zgrid_options_t *options, int64_t *result)
{
    bytes_t named = request_bytes (key);
    value_t added = value_int (delta);
    zgrid_entry_t entry;
    int status = call_run (self, (record_t) { OP_INCR, bytes_str (map), &named, &added, NULL }, options,
                           &entry);
    if (result)
        *result = entry.integer;
    return status;
}

//  The shortest decimal text that means the same number, with a full stop in any locale.
static void
s_print (double number, char text[S_NUMBER_SIZE])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf (text, S_NUMBER_SIZE, "%.*g", digits, number);
        if (strtod (text, NULL) == number)
            break;
    }
    const char *point = localeconv ()->decimal_point;
    char *found = strcmp (point, ".") == 0 || !*point ? NULL : strstr (text, point);
    if (found) {
        *found = '.';
        memmove (found + 1, found + strlen (point), strlen (found + strlen (point)) + 1);
    }
}

int
zgrid_client_incr_float (zgrid_client_t *self, const char *map, zgrid_bytes_t key, double delta,
                         const zgrid_options_t *options, zgrid_entry_t *entry)
{
    if (!isfinite (delta)) {
        if (entry)
            *entry = entry_of (ZGRID_OVERFLOW);
        return client_fail (self, ZGRID_OVERFLOW, "INCRBYFLOAT", bytes_str (map), "the number is not finite");
    }
    char text[S_NUMBER_SIZE];
    s_print (delta, text);
    bytes_t named = request_bytes (key);
    value_t added = value_bytes (bytes_str (text));
    return call_run (self, (record_t) { OP_INCRBYFLOAT, bytes_str (map), &named, &added, NULL }, options,
                     entry);
}

int
zgrid_client_getput (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                     const zgrid_options_t *options, zgrid_entry_t *entry)
{
    bytes_t named = request_bytes (key);
    value_t stored = value_bytes (request_bytes (value));
    return call_run (self, (record_t) { OP_GETPUT, bytes_str (map), &named, &stored, NULL }, options, entry);
}

int
zgrid_client_getdel (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_entry_t *entry)
{
    bytes_t named = request_bytes (key);
    return call_run (self, (record_t) { OP_GETDEL, bytes_str (map), &named, NULL, NULL }, NULL, entry);
}

int
zgrid_client_cas (zgrid_client_t *self, const char *map, zgrid_bytes_t key, const zgrid_bytes_t *old,
                  zgrid_bytes_t value, const zgrid_options_t *options, zgrid_entry_t *entry)
{
    options_t wire;
    uint32_t timeout_ms;
    int status = client_enter (self);
    if (status == ZGRID_OK)
        status = request_options (self, options, &wire, &timeout_ms);
    if (status == ZGRID_OK && old && old->size && !old->data)
        status = ZGRID_MALFORMED;
    if (status != ZGRID_OK) {
        if (entry)
            *entry = entry_of (status);
        return client_fail (self, status, "CAS", bytes_str (map), "arguments that exclude each other");
    }
    wire.given |= OPT_ifeq;
    wire.ifeq = old ? value_bytes (request_bytes (*old)) : value_nil ();
    bytes_t named = request_bytes (key);
    value_t stored = value_bytes (request_bytes (value));
    record_t record = { OP_CAS, bytes_str (map), &named, &stored, &wire };
    return call_wire (self, &record, timeout_ms, entry);
}

int
zgrid_client_append (zgrid_client_t *self, const char *map, zgrid_bytes_t key, zgrid_bytes_t value,
                     uint64_t *length)
{
    bytes_t named = request_bytes (key);
    value_t added = value_bytes (request_bytes (value));
    zgrid_entry_t entry;
    int status = call_run (self, (record_t) { OP_APPEND, bytes_str (map), &named, &added, NULL }, NULL,
                           &entry);
    if (length)
        *length = (uint64_t) entry.integer;
    return status;
}

//  ADMIN takes words, EXEC conditions and records: the value is their encoding. False if it is not one
//  MessagePack value.
static bool
s_tree (value_t *value)
{
    mp_t reader = mp_of (value->bytes);
    value->kind = VALUE_TREE;
    return mp_skip (&reader) && mp_at_end (&reader);
}

int
zgrid_client_call (zgrid_client_t *self, const char *op, const char *map, const zgrid_bytes_t *key,
                   const zgrid_bytes_t *value, const zgrid_options_t *options, zgrid_entry_t *entry)
{
    op_t known = op_find (bytes_str (op));
    if (known == OP_NONE) {
        if (entry)
            *entry = entry_of (ZGRID_BADOP);
        return client_fail (self, ZGRID_BADOP, op, bytes_str (map), NULL);
    }
    bytes_t named = key ? request_bytes (*key) : bytes_of (NULL, 0);
    value_t given = value ? value_bytes (request_bytes (*value)) : value_nil ();
    if (value && (known == OP_ADMIN || known == OP_EXEC) && !s_tree (&given)) {
        if (entry)
            *entry = entry_of (ZGRID_MALFORMED);
        return client_fail (self, ZGRID_MALFORMED, op, bytes_str (map),
                            "the value is not a MessagePack value");
    }
    record_t record = { known, bytes_str (map), key ? &named : NULL, &given, NULL };
    return call_run (self, record, options, entry);
}
