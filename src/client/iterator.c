//  iterator: every key of a map. Several partitions are asked at a time, each in a lane of its own; a
//  lane that failed asks again for the same page.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"
#include "mem.h"

#define S_LANES 16
#define S_LANES_MAX 64
#define S_PAGE 1000
#define S_PAGE_MAX 10000

typedef struct {
    bool busy;          // Has a partition that is not at its end
    bool answered;      // Its page has not been read yet
    uint32_t partition; // PARTITION_NONE: all of them, by the router
    uint64_t cursor;    // Where its next page begins
} s_lane_t;

struct zgrid_iterator {
    zgrid_client_t *client;
    char *map;
    char *match, *regex; // NULL: all keys
    bool with_values;
    uint32_t page;
    uint32_t partitions; // 0: the router walks over them
    uint32_t next;       // Partition that has not been given to a lane yet
    size_t parallel;     // Lanes in use
    s_lane_t lanes[S_LANES_MAX];
    batch_t batch; // One round: the page of each lane
    kept_t kept;
    mp_t reader;   // What is left of the page at hand
    uint32_t left; // Elements in it
    int failed;    // Status of a lane that failed, until it has been told
};

static char *
s_copy (const char *text)
{
    size_t size = strlen (text) + 1;
    char *copy = mem_alloc (size);
    if (copy)
        memcpy (copy, text, size);
    return copy;
}

zgrid_iterator_t *
zgrid_iterator_open (zgrid_client_t *client, const char *map, const zgrid_iterator_options_t *options)
{
    static const zgrid_iterator_options_t s_usual = ZGRID_ITERATOR_OPTIONS_INIT;
    zgrid_iterator_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    if (!options)
        options = &s_usual;
    self->client = client;
    self->with_values = options->with_values;
    self->page = options->page == 0 ? S_PAGE : options->page < S_PAGE_MAX ? options->page : S_PAGE_MAX;
    self->parallel = options->parallel == 0            ? S_LANES
                     : options->parallel < S_LANES_MAX ? options->parallel
                                                       : S_LANES_MAX;
    self->partitions = client->routes.partitions;
    self->batch.with_entries = true;
    self->batch.kept = &self->kept;
    self->map = s_copy (map ? map : "");
    self->match = options->match ? s_copy (options->match) : NULL;
    self->regex = options->regex ? s_copy (options->regex) : NULL;
    if (!self->map || (options->match && !self->match) || (options->regex && !self->regex)
        || !batch_reserve (&self->batch, self->parallel))
        zgrid_iterator_destroy (&self);
    return self;
}

zgrid_iterator_t *
zgrid_iterator_new (zgrid_client_t *client, const char *map, const char *match, bool with_values,
                    uint32_t page)
{
    zgrid_iterator_options_t options = ZGRID_ITERATOR_OPTIONS_INIT;
    options.match = match;
    options.with_values = with_values;
    options.page = page;
    return zgrid_iterator_open (client, map, &options);
}

void
zgrid_iterator_destroy (zgrid_iterator_t **self_p)
{
    zgrid_iterator_t *self = *self_p;
    if (self) {
        kept_clear (&self->kept);
        batch_clear (&self->batch);
        mem_free (self->map);
        mem_free (self->match);
        mem_free (self->regex);
        mem_free (self);
        *self_p = NULL;
    }
}

//  A page is used only if all of it can be read, so that no key is told twice.
static bool
s_sound (const zgrid_iterator_t *self, bytes_t page)
{
    mp_t reader = mp_of (page);
    uint32_t count;
    bytes_t bytes;
    if (!mp_array (&reader, &count) || (self->with_values && count % 2))
        return false;
    while (count--)
        if (!mp_bytes (&reader, &bytes))
            return false;
    return true;
}

//  Gives partitions to idle lanes. True if there is any to ask.
static bool
s_assign (zgrid_iterator_t *self)
{
    bool any = false;
    uint32_t end = self->partitions ? self->partitions : 1;
    for (size_t at = 0; at < self->parallel; at++) {
        s_lane_t *lane = &self->lanes[at];
        if (!lane->busy && self->next < end) {
            lane->partition = self->partitions ? self->next : PARTITION_NONE;
            lane->busy = true;
            lane->cursor = 0;
            self->next++;
        }
        any = any || lane->busy;
    }
    return any;
}

static void
s_take (zgrid_iterator_t *self, s_lane_t *lane, const zgrid_entry_t *entry)
{
    int status = entry->status;
    bool whole = status == ZGRID_OK;
    //  A page that begins where it was asked to begin would never end
    if (whole
        && (!s_sound (self, request_bytes (entry->value))
            || (lane->cursor && (uint64_t) entry->integer == lane->cursor)))
        status = ZGRID_WRONGTYPE;
    lane->answered = status == ZGRID_OK;
    if (!lane->answered && self->failed == ZGRID_OK) {
        self->failed = status;
        client_fail (self->client, status, "SCAN", bytes_str (self->map), entry->error);
    }
}

//  Asks for the next page of every busy lane.
static int
s_round (zgrid_iterator_t *self)
{
    zgrid_client_t *client = self->client;
    options_t options;
    uint32_t timeout_ms;
    int status = client_enter (client);
    if (status == ZGRID_OK)
        status = request_options (client, NULL, &options, &timeout_ms);
    if (status != ZGRID_OK)
        return status;
    client_forget (client);
    kept_release (&self->kept);
    batch_reset (&self->batch);
    options.given |= OPT_cursor | OPT_count | (self->match ? OPT_match : 0) | (self->regex ? OPT_regex : 0)
                     | (self->with_values ? OPT_withvalues : 0) | (self->partitions ? OPT_partition : 0);
    options.count = self->page;
    options.match = bytes_str (self->match);
    options.regex = bytes_str (self->regex);
    bytes_t map = bytes_str (self->map);
    for (size_t at = 0; at < self->parallel; at++) {
        s_lane_t *lane = &self->lanes[at];
        options.cursor = lane->cursor;
        options.partition = lane->partition;
        item_t *item = lane->busy ? batch_add (&self->batch, client, at,
                                               &(record_t) { OP_SCAN, map, NULL, NULL, &options })
                                  : batch_refuse (&self->batch, at, ZGRID_NOTFOUND);
        if (!item)
            return ZGRID_NOMEM;
    }
    batch_run (&self->batch, client, timeout_ms);
    for (size_t at = 0; at < self->parallel; at++)
        if (self->lanes[at].busy)
            s_take (self, &self->lanes[at], &self->batch.entries[at]);
    return ZGRID_OK;
}

//  Goes on to a page that has been answered. False if there is none.
static bool
s_turn_page (zgrid_iterator_t *self)
{
    for (size_t at = 0; at < self->parallel; at++) {
        s_lane_t *lane = &self->lanes[at];
        if (!lane->answered)
            continue;
        const zgrid_entry_t *entry = &self->batch.entries[at];
        lane->answered = false;
        lane->cursor = (uint64_t) entry->integer;
        lane->busy = lane->cursor != 0;
        self->reader = mp_of (request_bytes (entry->value));
        return mp_array (&self->reader, &self->left);
    }
    return false;
}

int
zgrid_iterator_next (zgrid_iterator_t *self, zgrid_bytes_t *key, zgrid_bytes_t *value)
{
    bytes_t bytes = { NULL, 0 };
    while (self->left == 0) {
        if (s_turn_page (self))
            continue;
        if (self->failed != ZGRID_OK) {
            int status = self->failed;
            self->failed = ZGRID_OK;
            return status;
        }
        if (!s_assign (self))
            return ZGRID_NOTFOUND;
        int status = s_round (self);
        if (status != ZGRID_OK)
            return status;
    }
    mp_bytes (&self->reader, &bytes); // s_sound has seen that it can be read
    self->left--;
    *key = (zgrid_bytes_t) { bytes.data, bytes.size };
    if (value)
        *value = (zgrid_bytes_t) { NULL, 0 };
    if (self->with_values) {
        mp_bytes (&self->reader, &bytes);
        self->left--;
        if (value)
            *value = (zgrid_bytes_t) { bytes.data, bytes.size };
    }
    return ZGRID_OK;
}
