//  info: the text of INFO, as clients and tools read it ("INFO", Redis documentation): names of Redis where
//  there is something to say, its value for "none" where there is not.
//  SPDX-License-Identifier: MPL-2.0
#ifndef INFO_H_INCLUDED
#define INFO_H_INCLUDED

#include "../storage.h"

#define INFO_VERSION "7.0.15"  // Of Redis, whose answers these are
#define INFO_DATABASES_MAX 64 // Told of

//  Bits, in the order of the text.
enum {
#define INFO_SECTION(name, title, usual) INFO_##name,
#include "info_section.def"
#undef INFO_SECTION
    INFO_SECTIONS
};

//  What the node says of its process (STATS process) and of its entries (STATS).
#define INFO_FACTS(FACT)                                                                       \
    FACT (pid) FACT (cores) FACT (uptime_ms) FACT (rss_bytes) FACT (rss_max_bytes)             \
    FACT (cpu_user_ms) FACT (cpu_system_ms) FACT (entries) FACT (data_bytes) FACT (used_bytes) \
    FACT (index_bytes) FACT (reserved_bytes) FACT (expiring) FACT (expired) FACT (idled)       \
    FACT (evicted) FACT (get_hits) FACT (get_misses) FACT (records) FACT (files_max)

typedef struct {
#define FACT(name) uint64_t name;
    INFO_FACTS (FACT)
#undef FACT
    char system[128], machine[64], compiler[64]; // "": not known
    uint64_t databases[INFO_DATABASES_MAX];     // Entries
    uint64_t databases_known;                   // Bits
} info_facts_t;

//  What the gateway itself knows.
typedef struct {
    const char *version; // zgrid's; "": not told
    const char *run_id;
    bool clustered; // Clients shall take it for a cluster
    bool slots;     // It answers CLUSTER SLOTS
    uint32_t port;
    int64_t wall;        // Milliseconds since 1970
    uint64_t started;    // The same
    uint64_t memory_limit, connections, connections_max, accepted, rejected;
    uint64_t commands, errors, bytes_in, bytes_out;
    uint64_t hits, misses, channels, patterns;
} info_gateway_t;

//  Adds what a reply of STATS tells to what is known; names that are not looked for are passed over. What
//  cannot be read is left at 0.
void
    info_take (info_facts_t *facts, bytes_t tree);

//  The bits of a word, in any case: a section, "default", "all" or "everything". 0: there is none of that
//  name.
uint32_t
    info_section (bytes_t word);

//  Adds the sections that are wanted.
void
    info_write (const info_facts_t *facts, const info_gateway_t *gateway, uint32_t sections, buf_t *out);

#endif
