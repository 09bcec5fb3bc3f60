//  do_info: INFO. What the grid must be asked for is: this node's statistics, and how many keys the
//  databases that were used here have.
//  SPDX-License-Identifier: MPL-2.0
#include <zgrid_version.h>

#include "cluster_note.h"
#include "do.h"
#include "gateway_impl.h"
#include "info.h"
#include "words.h"

#define S_STATS 1001 // Marks; below: a database
#define S_PROCESS 1000

typedef struct {
    uint32_t sections;
    info_facts_t facts;
} s_info_t;

static bool
s_wants (const s_info_t *info, unsigned first, unsigned second, unsigned third)
{
    return info->sections & (1u << first | 1u << second | 1u << third);
}

static uint64_t
s_memory_limit (const gateway_t *gateway)
{
    int64_t limit;
    const char *text = gateway->port.setting ? gateway->port.setting (gateway->port.arg, "memory.limit") : "";
    return word_int (bytes_str (text), &limit) && limit > 0 ? (uint64_t) limit : 0;
}

static void
s_fill (const call_t *call, info_gateway_t *about)
{
    gateway_t *gateway = call_gateway (call);
    const gateway_config_t *config = &gateway->config;
    const gateway_stats_t *stats = gateway_stats (gateway);
    *about = (info_gateway_t) { .version = ZGRID_VERSION, .run_id = config->run_id, .port = config->port };
    about->clustered = cluster_shown (gateway);
    about->slots = config->redirect != REDIRECT_NEVER; // redis-py looks for it even if there is one node
    about->wall = call_moment (call).wall;
    about->started = config->started;
    about->memory_limit = s_memory_limit (gateway);
    about->connections = stats->connections;
    about->connections_max = config->talks_max;
    about->accepted = stats->accepted;
    about->rejected = stats->rejected;
    about->commands = stats->commands;
    about->errors = stats->errors;
    about->bytes_in = stats->bytes_in;
    about->bytes_out = stats->bytes_out;
    about->hits = stats->hits;
    about->misses = stats->misses;
}

static void
s_answer (call_t *call, const s_info_t *info)
{
    buf_t *out = call_scratch (call);
    info_gateway_t about;
    s_fill (call, &about);
    info_write (&info->facts, &about, info->sections, out);
    if (out->failed)
        call_fail (call, "ERR out of memory");
    else {
        say_verbatim (call_say (call), "txt", buf_bytes (out));
        call_done (call);
    }
}

//  What cannot be had is told as 0, or left out: INFO is asked of nodes that are not well, too.
static void
s_reply (call_t *call, const reply_t *reply, uint64_t mark)
{
    s_info_t *info = call_state (call, sizeof *info);
    if (!info)
        return;
    if (mark >= S_PROCESS && reply->status == ZGRID_OK && reply->value.kind == VALUE_TREE)
        info_take (&info->facts, reply->value.bytes);
    else if (mark < INFO_DATABASES_MAX && reply->status == ZGRID_OK && reply->value.kind == VALUE_INT) {
        info->facts.databases[mark] = (uint64_t) reply->value.integer;
        info->facts.databases_known |= UINT64_C (1) << mark;
    }
    if (call_pending (call) == 0)
        s_answer (call, info);
}

static bool
s_ask_sizes (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    buf_t name = BUF_INIT;
    bool good = true;
    for (uint32_t at = 0; good && at < INFO_DATABASES_MAX && at < gateway->config.databases; at++) {
        if (!(gateway->used >> at & 1))
            continue;
        if (!gateway_map (gateway, at, &name)) {
            call_fail (call, "ERR out of memory");
            good = false;
            break;
        }
        ask_t ask = { .op = OP_SIZE, .map = buf_bytes (&name), .value = value_nil () };
        good = call_ask (call, &ask, s_reply, at);
    }
    buf_clear (&name);
    return good;
}

static bool
s_ask (call_t *call, const s_info_t *info)
{
    ask_t ask = { .op = OP_STATS, .map = call_map (call), .value = value_nil () };
    if (s_wants (info, INFO_memory, INFO_stats, INFO_memory) && !call_ask (call, &ask, s_reply, S_STATS))
        return false;
    ask.value = value_bytes (bytes_str ("process"));
    if (s_wants (info, INFO_server, INFO_memory, INFO_cpu) && !call_ask (call, &ask, s_reply, S_PROCESS))
        return false;
    return !(info->sections & 1u << INFO_keyspace) || s_ask_sizes (call);
}

void
do_info (call_t *call)
{
    s_info_t *info = call_state (call, sizeof *info);
    if (!info)
        return;
    if (call_count (call) == 1)
        info->sections = info_section (bytes_str ("default"));
    for (uint32_t at = 1; at < call_count (call); at++)
        info->sections |= info_section (call_arg (call, at));
    if (!call_in_multi (call) && !s_ask (call, info))
        return;
    if (call_pending (call) == 0)
        s_answer (call, info);
}
