//  stats: counters as MessagePack; the list is stat.def.
//  SPDX-License-Identifier: MPL-2.0
#include "storage.h"
#include "wire_impl.h"

#define COUNTER(sum, more) ((sum) + (more))
#define GAUGE(sum, more) ((sum) + (more))
#define SHARED(sum, more) ((sum) > (more) ? (sum) : (more))

void
stats_add (stats_t *sum, const stats_t *more)
{
#define STAT(name, kind, unit, purpose) sum->name = kind (sum->name, more->name);
#include "stat.def"
#undef STAT
}

void
stats_encode (const stats_t *stats, buf_t *out)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
#define STAT(name, kind, unit, purpose)                                                                      \
    wire_pack_str (&packer, #name);                                                                          \
    msgpack_pack_uint64 (&packer, stats->name);
#include "stat.def"
#undef STAT
}

bool
stats_decode (bytes_t encoded, stats_t *stats)
{
    *stats = (stats_t) { 0 };
    mp_t reader = mp_of (encoded);
    uint32_t count;
    if (!mp_map (&reader, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name))
            return false;
        uint64_t *number = NULL;
#define STAT(field, kind, unit, purpose)                                                                     \
    if (bytes_equal (name, bytes_str (#field)))                                                              \
        number = &stats->field;
#include "stat.def"
#undef STAT
        if (number ? !mp_uint (&reader, number) : !mp_skip (&reader))
            return false;
    }
    return true;
}
