//  model: see model.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/model.h"

#include <assert.h>
#include <stdlib.h>

#include "glob.h"
#include "lib/model_impl.h"
#include "slot.h"

//  ------------------------------------------------------------------------------------------------
//  The list

bytes_t
model_copy (bytes_t first, bytes_t second)
{
    uint8_t *copy = malloc (first.size + second.size + 1);
    assert (copy);
    if (first.size)
        memcpy (copy, first.data, first.size);
    if (second.size)
        memcpy (copy + first.size, second.data, second.size);
    return bytes_of (copy, first.size + second.size);
}

void
model_free (bytes_t bytes)
{
    free ((void *) (uintptr_t) bytes.data);
}

item_t *
model_find (model_t *self, bytes_t map, bytes_t key)
{
    for (item_t *item = self->items; item; item = item->next)
        if (bytes_equal (item->map, map) && bytes_equal (item->key, key))
            return item;
    return NULL;
}

void
model_remove (model_t *self, item_t *item)
{
    item_t **at = &self->items;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    model_free (item->map);
    model_free (item->key);
    model_free (item->value);
    free (item);
}

static void
s_expire (model_t *self, moment_t moment)
{
    for (item_t *item = self->items, *next; item; item = next) {
        next = item->next;
        if (item->deadline && item->deadline <= moment.now) {
            model_remove (self, item);
            self->ghosts++;
        }
    }
}

bool
model_know_map (model_t *self, bytes_t map)
{
    for (uint32_t at = 0; at < self->map_count; at++)
        if (bytes_equal (self->maps[at], map))
            return true;
    if (self->map_count == self->limits.maps_max)
        return false;
    assert (self->map_count < MODEL_MAPS);
    self->maps[self->map_count++] = model_copy (map, bytes_of (NULL, 0));
    return true;
}

static uint32_t
s_partition (const model_t *self, bytes_t key)
{
    return slot_partition (slot_of_key (key), self->limits.partitions);
}

model_t *
model_new (const model_limits_t *limits)
{
    model_t *self = calloc (1, sizeof *self);
    assert (self);
    self->limits = *limits;
    self->last = calloc (limits->partitions, sizeof self->last[0]);
    assert (self->last);
    return self;
}

void
model_destroy (model_t **self_p)
{
    model_t *self = *self_p;
    while (self->items)
        model_remove (self, self->items);
    for (uint32_t at = 0; at < self->map_count; at++)
        model_free (self->maps[at]);
    model_free (self->scanned);
    free (self->last);
    free (self);
    *self_p = NULL;
}

size_t
model_size (model_t *self, moment_t moment)
{
    size_t size = 0;
    s_expire (self, moment);
    for (item_t *item = self->items; item; item = item->next)
        size++;
    return size;
}

//  ------------------------------------------------------------------------------------------------
//  Whole maps

static bool
s_concerns (model_t *self, const ask_t *ask, const item_t *item)
{
    return bytes_equal (item->map, ask->map)
           && (!(ask->options.given & OPT_partition)
               || s_partition (self, item->key) == ask->options.partition);
}

//  SIZE and DESTROY. The caller asks one actor that has everything, or names the partition.
static const char *
s_count (model_t *self, const ask_t *ask, const answer_t *answer)
{
    if ((ask->options.given & OPT_partition) && ask->options.partition >= self->limits.partitions)
        return answer->status == ZGRID_MALFORMED ? NULL : "a partition that does not exist";
    uint64_t count = 0;
    for (item_t *item = self->items, *next; item; item = next) {
        next = item->next;
        if (!s_concerns (self, ask, item))
            continue;
        count++;
        if (ask->op == OP_DESTROY)
            model_remove (self, item);
    }
    if (answer->status != ZGRID_OK || answer->value.kind != VALUE_INT)
        return "SIZE or DESTROY did not answer a number";
    uint64_t told = (uint64_t) answer->value.integer;
    return told >= count && told <= count + self->ghosts ? NULL : "the number of entries";
}

//  One page from the beginning: only keys that are there, none twice.
static const char *
s_page (model_t *self, const ask_t *ask, const answer_t *answer)
{
    const options_t *options = &ask->options;
    bool wrong = ((options->given & OPT_partition) && options->partition >= self->limits.partitions)
                 || ((options->given & OPT_count) && (options->count == 0 || options->count > 10000))
                 || ((options->given & OPT_match) && options->match.size > 512);
    if (wrong || answer->status == ZGRID_MALFORMED)
        return wrong == (answer->status == ZGRID_MALFORMED) ? NULL : "the arguments of SCAN";
    mp_t reader = mp_of (answer->value.bytes);
    uint32_t count;
    if (answer->status != ZGRID_OK || answer->value.kind != VALUE_TREE || !mp_array (&reader, &count)
        || !(answer->meta.given & META_cursor))
        return "SCAN did not answer a page";
    for (item_t *item = self->items; item; item = item->next)
        item->on_page = false;
    bool with_values = options->given & OPT_withvalues;
    for (uint32_t at = 0; at < count; at += with_values ? 2 : 1) {
        bytes_t key, value;
        uint64_t steps = 0;
        if (!mp_bytes (&reader, &key) || (with_values && !mp_bytes (&reader, &value)))
            return "a page of something else than bytes";
        item_t *item = model_find (self, ask->map, key);
        if (!item || !s_concerns (self, ask, item) || item->on_page)
            return "a key on the page that does not belong there";
        if ((options->given & OPT_match) && !glob_match (options->match, key, &steps))
            return "a key that does not match";
        if (with_values && !bytes_equal (value, item->value))
            return "a value on the page";
        item->on_page = true;
    }
    return NULL;
}

//  ------------------------------------------------------------------------------------------------
//  Comparing

static bool
s_is_name (bytes_t name)
{
    //  The tests use plain ASCII, and bytes that are no UTF-8 whatever follows
    for (size_t at = 0; at < name.size; at++)
        if (name.data[at] >= 0x80)
            return false;
    return name.size > 0;
}

static const char *
s_compare (model_t *self, const ask_t *ask, const expected_t *expected, const answer_t *answer)
{
    if (answer->status != expected->status)
        return "the status";
    if (answer->value.kind != expected->value.kind
        || !bytes_equal (answer->value.bytes, expected->value.bytes)
        || (expected->value.kind == VALUE_INT && answer->value.integer != expected->value.integer))
        return "the value";
    if (expected->with_ttl && (!(answer->meta.given & META_ttl) || answer->meta.ttl != expected->ttl))
        return "the TTL";
    if (expected->kind == OLD)
        return answer->version == expected->version ? NULL : "the version";
    uint64_t *last = &self->last[s_partition (self, ask->key)];
    if (answer->version <= *last)
        return "the new version is not newer";
    *last = answer->version;
    item_t *item = model_find (self, ask->map, ask->key);
    if (item)
        item->version = answer->version;
    return NULL;
}

const char *
model_check (model_t *self, const ask_t *ask, moment_t moment, const answer_t *answer)
{
    static expected_t expected;
    s_expire (self, moment);
    routing_t routing = op_info (ask->op)->routing;
    if (!s_is_name (ask->map) || (routing == ROUTING_KEY && !ask->has_key))
        return answer->status == ZGRID_MALFORMED ? NULL : "a map's name or key is missing";
    if (ask->key.size > self->limits.key_max)
        return answer->status == ZGRID_TOOBIG ? NULL : "the key is too big";
    if (ask->op == OP_SCAN)
        return s_page (self, ask, answer);
    if (routing == ROUTING_PART)
        return s_count (self, ask, answer);
    expected.status = ZGRID_OK;
    expected.value = value_nil ();
    expected.kind = OLD;
    expected.version = 0;
    expected.with_ttl = false;
    model_run (self, ask, moment, &expected);
    return s_compare (self, ask, &expected, answer);
}

//  ------------------------------------------------------------------------------------------------
//  Scans

void
model_scan_begin (model_t *self, bytes_t map, moment_t moment)
{
    s_expire (self, moment);
    model_free (self->scanned);
    self->scanned = model_copy (map, bytes_of (NULL, 0));
    for (item_t *item = self->items; item; item = item->next) {
        item->marked = bytes_equal (item->map, map);
        item->seen = 0;
    }
}

const char *
model_scan_page (model_t *self, const answer_t *page, bool with_values, moment_t moment)
{
    mp_t reader = mp_of (page->value.bytes);
    uint32_t count;
    s_expire (self, moment);
    if (page->status != ZGRID_OK || page->value.kind != VALUE_TREE || !mp_array (&reader, &count))
        return "SCAN did not answer a page";
    for (uint32_t at = 0; at < count; at += with_values ? 2 : 1) {
        bytes_t key, value;
        if (!mp_bytes (&reader, &key) || (with_values && !mp_bytes (&reader, &value)))
            return "a page of something else than bytes";
        item_t *item = model_find (self, self->scanned, key);
        if (!item)
            return "a key that is not there";
        if (with_values && !bytes_equal (value, item->value))
            return "a value on the page";
        if (item->seen++)
            return "a key twice";
    }
    return mp_at_end (&reader) ? NULL : "a page longer than it says";
}

const char *
model_scan_end (model_t *self, moment_t moment)
{
    s_expire (self, moment);
    for (item_t *item = self->items; item; item = item->next)
        if (item->marked && !item->seen)
            return "a key that was there all the time was passed over";
    return NULL;
}

//  Scans a map at each actor, from begin to end.
static const char *
s_whole_scan (model_t *self, rig_t *rig, bytes_t map)
{
    model_scan_begin (self, map, rig->moment);
    for (uint32_t actor = 0; actor < rig->actors; actor++) {
        ask_t ask = { .op = OP_SCAN, .map = map, .options = { .given = OPT_withvalues } };
        do {
            answer_t page = rig_ask_at (rig, actor, &ask);
            const char *wrong = model_scan_page (self, &page, true, rig->moment);
            if (wrong)
                return wrong;
            ask.options.given |= OPT_cursor;
            ask.options.cursor = page.meta.cursor;
        } while (ask.options.cursor);
    }
    return model_scan_end (self, rig->moment);
}

const char *
model_compare (model_t *self, rig_t *rig, bool settled)
{
    uint64_t live = 0;
    s_expire (self, rig->moment);
    for (item_t *item = self->items; item; item = item->next, live++) {
        ask_t ask = { .op = OP_GET,
                      .map = item->map,
                      .key = item->key,
                      .has_key = true,
                      .options = { .given = OPT_withttl } };
        answer_t answer = rig_ask (rig, &ask);
        const char *wrong = model_check (self, &ask, rig->moment, &answer);
        if (wrong)
            return wrong;
    }
    for (uint32_t at = 0; at < self->map_count; at++) {
        const char *wrong = s_whole_scan (self, rig, self->maps[at]);
        if (wrong)
            return wrong;
    }
    stats_t stats = rig_stats (rig);
    if (settled)
        self->ghosts = 0;
    return stats.entries >= live && stats.entries <= live + self->ghosts ? NULL : "the number of entries";
}
