//  wire_op: the lists of operations and statuses, expanded.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"
#include "wire.h"

#define KEY ROUTING_KEY
#define PART ROUTING_PART
#define NODE ROUTING_NODE

const op_info_t op_infos[OP_LIMIT] = {
#define OP(name, number, routing, writes, repeatable, arguments, reply, statuses, purpose)                   \
    [number] = { #name, sizeof #name - 1, routing, writes, repeatable, arguments, reply, statuses, purpose },
#include "op.def"
#undef OP
};

op_t
op_find (bytes_t name)
{
    //  Most are one of two
    if (name.size == 3 && name.data[1] == 'E' && name.data[0] == 'G' && name.data[2] == 'T')
        return OP_GET;
    if (name.size == 3 && name.data[1] == 'U' && name.data[0] == 'P' && name.data[2] == 'T')
        return OP_PUT;
    for (unsigned op = 1; op < OP_LIMIT; op++) {
        const op_info_t *known = &op_infos[op];
        if (known->name_size == name.size && name.size && known->name[0] == (char) name.data[0]
            && memcmp (known->name, name.data, name.size) == 0)
            return (op_t) op;
    }
    return OP_NONE;
}

typedef struct {
    const char *name, *text, *advice;
} s_status_t;

static const s_status_t s_status[ZGRID_STATUS_LIMIT] = {
#define STATUS(name, number, text, advice) [number] = { #name, text, advice },
#include <zgrid_status.def>
#undef STATUS
};

const char *
status_name (int status)
{
    return status >= 0 && status < ZGRID_STATUS_LIMIT ? s_status[status].name : "UNKNOWN";
}

const char *
status_text (int status)
{
    return status >= 0 && status < ZGRID_STATUS_LIMIT ? s_status[status].text : "Unknown status";
}

const char *
status_advice (int status)
{
    return status >= 0 && status < ZGRID_STATUS_LIMIT ? s_status[status].advice : "";
}
