//  info: see info.h.
//  SPDX-License-Identifier: MPL-2.0
#include "info.h"

#include <stdio.h>

#include "../mp.h"

static const struct {
    const char *name, *title;
    bool usual;
} s_sections[INFO_SECTIONS] = {
#define INFO_SECTION(name, title, usual) { #name, title, usual },
#include "info_section.def"
#undef INFO_SECTION
};

static bool
s_is_word (bytes_t word, const char *name)
{
    size_t size = strlen (name);
    for (size_t at = 0; at < size && word.size == size; at++) {
        uint8_t letter = word.data[at];
        letter = letter >= 'A' && letter <= 'Z' ? (uint8_t) (letter + 32) : letter;
        if (letter != (uint8_t) name[at])
            return false;
    }
    return word.size == size;
}

uint32_t
info_section (bytes_t word)
{
    uint32_t usual = 0, all = (UINT32_C (1) << INFO_SECTIONS) - 1;
    for (unsigned at = 0; at < INFO_SECTIONS; at++) {
        if (s_is_word (word, s_sections[at].name))
            return UINT32_C (1) << at;
        usual |= s_sections[at].usual ? UINT32_C (1) << at : 0;
    }
    if (s_is_word (word, "default"))
        return usual;
    return s_is_word (word, "all") || s_is_word (word, "everything") ? all : 0;
}

//  ------------------------------------------------------------------------------------------------
//  Facts

static void
s_text (bytes_t value, char *text, size_t room)
{
    size_t size = value.size < room ? value.size : room - 1;
    memcpy (text, value.data, size);
    text[size] = 0;
}

static void
s_take_text (info_facts_t *facts, bytes_t name, bytes_t value)
{
    if (bytes_equal (name, bytes_str ("system")))
        s_text (value, facts->system, sizeof facts->system);
    else if (bytes_equal (name, bytes_str ("machine")))
        s_text (value, facts->machine, sizeof facts->machine);
    else if (bytes_equal (name, bytes_str ("compiler")))
        s_text (value, facts->compiler, sizeof facts->compiler);
}

static void
s_take_number (info_facts_t *facts, bytes_t name, uint64_t number)
{
#define FACT(word)                                                                                           \
    if (bytes_equal (name, bytes_str (#word)))                                                               \
        facts->word = number;
    INFO_FACTS (FACT)
#undef FACT
}

void
info_take (info_facts_t *facts, bytes_t tree)
{
    mp_t reader = mp_of (tree);
    uint32_t pairs;
    bytes_t name, raw, text;
    if (!mp_map (&reader, &pairs))
        return;
    for (; pairs && mp_bytes (&reader, &name) && mp_raw (&reader, &raw); pairs--) {
        mp_t number_reader = mp_of (raw), text_reader = number_reader;
        uint64_t number;
        if (mp_uint (&number_reader, &number))
            s_take_number (facts, name, number);
        else if (mp_bytes (&text_reader, &text))
            s_take_text (facts, name, text);
    }
}

//  ------------------------------------------------------------------------------------------------
//  Text

#define LINE(...)                                                                                            \
    do {                                                                                                     \
        char line[400];                                                                                      \
        int length = snprintf (line, sizeof line, __VA_ARGS__);                                              \
        buf_add (out, line,                                                                                  \
                 length < 0                      ? 0                                                         \
                 : (size_t) length < sizeof line ? (size_t) length                                           \
                                                 : sizeof line - 1);                                         \
        buf_add (out, "\r\n", 2);                                                                            \
    } while (0)
#define NUMBER(name, number) LINE (name ":%llu", (unsigned long long) (number))

//  The number, and once more for people, as Redis does.
static void
s_memory (buf_t *out, const char *name, uint64_t bytes)
{
    double human = (double) bytes;
    const char *units = "BKMGTP";
    while (human >= 1024 && units[1]) {
        human /= 1024;
        units++;
    }
    LINE ("%s:%llu", name, (unsigned long long) bytes);
    if (*units == 'B')
        LINE ("%s_human:%lluB", name, (unsigned long long) bytes);
    else
        LINE ("%s_human:%.2f%c", name, human, *units);
}

static void
s_server (const info_facts_t *facts, const info_gateway_t *gateway, buf_t *out)
{
    uint64_t seconds = (uint64_t) gateway->wall > gateway->started
                           ? ((uint64_t) gateway->wall - gateway->started) / 1000
                           : 0;
    LINE ("redis_version:" INFO_VERSION);
    LINE ("redis_git_sha1:00000000");
    LINE ("redis_git_dirty:0");
    LINE ("redis_build_id:0");
    LINE ("redis_mode:%s", gateway->clustered ? "cluster" : "standalone");
    LINE ("zgrid_version:%s", gateway->version);
    LINE ("os:%s %s", facts->system, facts->machine);
    LINE ("arch_bits:%d", (int) sizeof (void *) * 8);
    LINE ("multiplexing_api:epoll");
    LINE ("gcc_version:%s", facts->compiler);
    NUMBER ("process_id", facts->pid);
    LINE ("process_supervised:no");
    LINE ("run_id:%s", gateway->run_id);
    NUMBER ("tcp_port", gateway->port);
    LINE ("server_time_usec:%llu", (unsigned long long) gateway->wall * 1000);
    NUMBER ("uptime_in_seconds", seconds);
    NUMBER ("uptime_in_days", seconds / 86400);
    LINE ("hz:10");
    LINE ("configured_hz:10");
    NUMBER ("lru_clock", (uint64_t) gateway->wall / 1000 & 0xffffff);
    LINE ("executable:");
    LINE ("config_file:");
    LINE ("io_threads_active:0");
}

static void
s_clients (const info_gateway_t *gateway, buf_t *out)
{
    NUMBER ("connected_clients", gateway->connections);
    LINE ("cluster_connections:0");
    NUMBER ("maxclients", gateway->connections_max);
    LINE ("client_recent_max_input_buffer:0");
    LINE ("client_recent_max_output_buffer:0");
    LINE ("blocked_clients:0");
    LINE ("tracking_clients:0");
    LINE ("clients_in_timeout_table:0");
}

static void
s_memories (const info_facts_t *facts, const info_gateway_t *gateway, buf_t *out)
{
    uint64_t used = facts->used_bytes + facts->index_bytes;
    s_memory (out, "used_memory", used);
    s_memory (out, "used_memory_rss", facts->rss_bytes);
    s_memory (out, "used_memory_peak", facts->rss_max_bytes);
    NUMBER ("used_memory_overhead", used > facts->data_bytes ? used - facts->data_bytes : 0);
    NUMBER ("used_memory_startup", 0);
    NUMBER ("used_memory_dataset", facts->data_bytes);
    NUMBER ("allocator_allocated", used);
    NUMBER ("allocator_active", facts->reserved_bytes);
    NUMBER ("allocator_resident", facts->reserved_bytes);
    s_memory (out, "used_memory_lua", 0);
    s_memory (out, "used_memory_scripts", 0);
    NUMBER ("number_of_cached_scripts", 0);
    s_memory (out, "maxmemory", gateway->memory_limit);
    LINE ("maxmemory_policy:noeviction");
    LINE ("mem_fragmentation_ratio:%.2f", used ? (double) facts->rss_bytes / (double) used : 0.0);
    LINE ("mem_allocator:zgrid");
    LINE ("active_defrag_running:0");
    LINE ("lazyfree_pending_objects:0");
    LINE ("lazyfreed_objects:0");
}

static void
s_persistence (const info_gateway_t *gateway, buf_t *out)
{
    LINE ("loading:0");
    LINE ("async_loading:0");
    LINE ("rdb_changes_since_last_save:0");
    LINE ("rdb_bgsave_in_progress:0");
    NUMBER ("rdb_last_save_time", gateway->started / 1000);
    LINE ("rdb_last_bgsave_status:ok");
    LINE ("rdb_last_bgsave_time_sec:-1");
    LINE ("rdb_current_bgsave_time_sec:-1");
    LINE ("rdb_saves:0");
    LINE ("aof_enabled:0");
    LINE ("aof_rewrite_in_progress:0");
    LINE ("aof_rewrite_scheduled:0");
    LINE ("aof_last_rewrite_time_sec:-1");
    LINE ("aof_current_rewrite_time_sec:-1");
    LINE ("aof_last_bgrewrite_status:ok");
    LINE ("aof_last_write_status:ok");
}

static void
s_stats (const info_facts_t *facts, const info_gateway_t *gateway, buf_t *out)
{
    NUMBER ("total_connections_received", gateway->accepted);
    NUMBER ("total_commands_processed", gateway->commands);
    LINE ("instantaneous_ops_per_sec:0");
    NUMBER ("total_net_input_bytes", gateway->bytes_in);
    NUMBER ("total_net_output_bytes", gateway->bytes_out);
    LINE ("instantaneous_input_kbps:0.00");
    LINE ("instantaneous_output_kbps:0.00");
    NUMBER ("rejected_connections", gateway->rejected);
    LINE ("sync_full:0");
    LINE ("sync_partial_ok:0");
    LINE ("sync_partial_err:0");
    NUMBER ("expired_keys", facts->expired + facts->idled);
    NUMBER ("evicted_keys", facts->evicted);
    NUMBER ("keyspace_hits", gateway->hits);
    NUMBER ("keyspace_misses", gateway->misses);
    NUMBER ("pubsub_channels", gateway->channels);
    NUMBER ("pubsub_patterns", gateway->patterns);
    LINE ("latest_fork_usec:0");
    LINE ("total_forks:0");
    LINE ("migrate_cached_sockets:0");
    LINE ("unexpected_error_replies:0");
    NUMBER ("total_error_replies", gateway->errors);
    NUMBER ("zgrid_records", facts->records);
}

static void
s_replication (const info_gateway_t *gateway, buf_t *out)
{
    LINE ("role:master");
    LINE ("connected_slaves:0");
    LINE ("master_failover_state:no-failover");
    LINE ("master_replid:%s", gateway->run_id);
    LINE ("master_replid2:0000000000000000000000000000000000000000");
    LINE ("master_repl_offset:0");
    LINE ("second_repl_offset:-1");
    LINE ("repl_backlog_active:0");
    LINE ("repl_backlog_size:0");
    LINE ("repl_backlog_first_byte_offset:0");
    LINE ("repl_backlog_histlen:0");
}

static void
s_cpu (const info_facts_t *facts, buf_t *out)
{
    LINE ("used_cpu_sys:%.6f", (double) facts->cpu_system_ms / 1000);
    LINE ("used_cpu_user:%.6f", (double) facts->cpu_user_ms / 1000);
    LINE ("used_cpu_sys_children:0.000000");
    LINE ("used_cpu_user_children:0.000000");
}

static void
s_keyspace (const info_facts_t *facts, buf_t *out)
{
    for (unsigned at = 0; at < INFO_DATABASES_MAX; at++)
        if (facts->databases_known >> at & 1 && facts->databases[at])
            LINE ("db%u:keys=%llu,expires=0,avg_ttl=0", at, (unsigned long long) facts->databases[at]);
}

void
info_write (const info_facts_t *facts, const info_gateway_t *gateway, uint32_t sections, buf_t *out)
{
    bool more = false;
    for (unsigned at = 0; at < INFO_SECTIONS; at++) {
        if (!(sections >> at & 1))
            continue;
        if (more)
            buf_add (out, "\r\n", 2);
        more = true;
        LINE ("# %s", s_sections[at].title);
        if (at == INFO_server)
            s_server (facts, gateway, out);
        else if (at == INFO_clients)
            s_clients (gateway, out);
        else if (at == INFO_memory)
            s_memories (facts, gateway, out);
        else if (at == INFO_persistence)
            s_persistence (gateway, out);
        else if (at == INFO_stats)
            s_stats (facts, gateway, out);
        else if (at == INFO_replication)
            s_replication (gateway, out);
        else if (at == INFO_cpu)
            s_cpu (facts, out);
        else if (at == INFO_errorstats && gateway->errors)
            LINE ("errorstat_ERR:count=%llu", (unsigned long long) gateway->errors);
        else if (at == INFO_cluster)
            LINE ("cluster_enabled:%d", gateway->slots);
        else if (at == INFO_keyspace)
            s_keyspace (facts, out);
    }
}
