//  peer: see peer.h.
//  SPDX-License-Identifier: MPL-2.0
#include "peer.h"

#include "../wire.h"

void
peer_begin (buf_t *out, const peer_head_t *head)
{
    buf_add (out, PEER_SIGNATURE, PEER_SIGNATURE_SIZE);
    wire_add_array (out, 3);
    wire_add_uint (out, head->cluster);
    wire_add_uint (out, head->from);
    wire_add_uint (out, head->to);
}

bool
peer_open (bytes_t body, peer_head_t *head, mp_t *reader)
{
    if (body.size < PEER_SIGNATURE_SIZE || memcmp (body.data, PEER_SIGNATURE, PEER_SIGNATURE_SIZE) != 0)
        return false;
    *reader = mp_of (bytes_of (body.data + PEER_SIGNATURE_SIZE, body.size - PEER_SIGNATURE_SIZE));
    uint32_t count;
    return mp_array (reader, &count) && count == 3 && mp_uint (reader, &head->cluster)
           && mp_uint (reader, &head->from) && mp_uint (reader, &head->to) && head->from != 0;
}

peer_type_t
peer_next (mp_t *reader, uint32_t *count)
{
    *count = 0;
    if (mp_at_end (reader))
        return PEER_NONE;
    uint32_t fields;
    uint64_t type;
    *count = 1;
    if (!mp_array (reader, &fields) || fields == 0 || !mp_uint (reader, &type) || type >= PEER_LIMIT
        || *peer_name ((unsigned) type) == '?')
        return PEER_NONE;
    *count = fields - 1;
    return (peer_type_t) type;
}

static const struct {
    const char *name;
    plane_t plane;
} s_peers[PEER_LIMIT] = {
#define PEER(name, number, plane, fields, purpose) [PEER_##name] = { #name, PLANE_##plane },
#include "peer.def"
#undef PEER
};

const char *
peer_name (unsigned type)
{
    return type < PEER_LIMIT && s_peers[type].name ? s_peers[type].name : "?";
}

plane_t
peer_plane (unsigned type)
{
    return type < PEER_LIMIT ? s_peers[type].plane : PLANE_CONTROL;
}
