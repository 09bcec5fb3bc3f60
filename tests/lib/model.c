//  model: see model.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/model.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "glob.h"
#include "slot.h"

#define S_TTL_MAX (UINT64_C (100) * 366 * 24 * 3600 * 1000)
#define S_MAPS 64

typedef struct item {
    struct item *next;
    bytes_t map, key, value; // Owned
    uint64_t version;
    uint64_t deadline; // 0: none
    bool marked;       // There since the scan began
    unsigned seen;     // By the scan
    bool on_page;      // Of the page that is looked at
} item_t;

struct model {
    model_limits_t limits;
    item_t *items;
    uint64_t *last;       // Newest version, by partition
    uint64_t ghosts;      // Expired entries that SIZE may still count
    bytes_t maps[S_MAPS]; // That exist
    uint32_t map_count;
    bytes_t scanned; // The map of the scan under way
};

//  What the answer must be. An answer without value has nil.
typedef struct {
    unsigned status;
    value_t value;
    enum { OLD, NEW } kind;
    uint64_t version; // OLD
    bool with_ttl;
    int64_t ttl;
    char text[8192];
} expected_t;

//  ------------------------------------------------------------------------------------------------
//  The list

static bytes_t
s_copy (bytes_t first, bytes_t second)
{
    uint8_t *copy = malloc (first.size + second.size + 1);
    assert (copy);
    if (first.size)
        memcpy (copy, first.data, first.size);
    if (second.size)
        memcpy (copy + first.size, second.data, second.size);
    return bytes_of (copy, first.size + second.size);
}

static void
s_free (bytes_t bytes)
{
    free ((void *) (uintptr_t) bytes.data);
}

static item_t *
s_find (model_t *self, bytes_t map, bytes_t key)
{
    for (item_t *item = self->items; item; item = item->next)
        if (bytes_equal (item->map, map) && bytes_equal (item->key, key))
            return item;
    return NULL;
}

static void
s_remove (model_t *self, item_t *item)
{
    item_t **at = &self->items;
    while (*at != item)
        at = &(*at)->next;
    *at = item->next;
    s_free (item->map);
    s_free (item->key);
    s_free (item->value);
    free (item);
}

static void
s_expire (model_t *self, moment_t moment)
{
    for (item_t *item = self->items, *next; item; item = next) {
        next = item->next;
        if (item->deadline && item->deadline <= moment.now) {
            s_remove (self, item);
            self->ghosts++;
        }
    }
}

//  False: no more maps.
static bool
s_know_map (model_t *self, bytes_t map)
{
    for (uint32_t at = 0; at < self->map_count; at++)
        if (bytes_equal (self->maps[at], map))
            return true;
    if (self->map_count == self->limits.maps_max)
        return false;
    assert (self->map_count < S_MAPS);
    self->maps[self->map_count++] = s_copy (map, bytes_of (NULL, 0));
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
        s_remove (self, self->items);
    for (uint32_t at = 0; at < self->map_count; at++)
        s_free (self->maps[at]);
    s_free (self->scanned);
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
//  What the pieces of a request mean

static unsigned
s_fail (expected_t *expected, unsigned status)
{
    expected->status = status;
    expected->value = value_nil ();
    expected->kind = OLD;
    expected->version = 0;
    return status;
}

//  Deadline that the options ask for. past: it is over.
static unsigned
s_deadline (const ask_t *ask, moment_t moment, uint64_t otherwise, uint64_t *deadline, bool *past)
{
    uint32_t given = ask->options.given;
    long double time = (long double) ask->options.time;
    *deadline = otherwise;
    *past = false;
    if (!(given & (OPT_ex | OPT_px | OPT_exat | OPT_pxat)))
        return ZGRID_OK;
    if (given & (OPT_ex | OPT_exat))
        time *= 1000;
    if (given & (OPT_exat | OPT_pxat)) {
        time -= (long double) moment.wall;
        *past = time <= 0;
        if (*past)
            return ZGRID_OK;
    } else if (time == 0)
        return ZGRID_MALFORMED;
    if (time > (long double) S_TTL_MAX)
        return ZGRID_TOOBIG;
    *deadline = moment.now + (uint64_t) time;
    return ZGRID_OK;
}

//  A whole number: text that prints as itself.
static bool
s_whole (value_t value, int64_t *number)
{
    char text[32], again[32];
    if (value.kind == VALUE_INT)
        *number = value.integer;
    if (value.kind != VALUE_BYTES || value.bytes.size >= sizeof text)
        return value.kind == VALUE_INT;
    memcpy (text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = 0;
    *number = strtoll (text, NULL, 10);
    snprintf (again, sizeof again, "%lld", (long long) *number);
    return strlen (text) == value.bytes.size && strcmp (text, again) == 0;
}

static bool
s_real (value_t value, long double *number)
{
    char text[65], *end = text;
    if (value.kind == VALUE_INT)
        *number = (long double) value.integer;
    if (value.kind == VALUE_REAL)
        *number = (long double) value.real;
    if (value.kind != VALUE_BYTES || value.bytes.size == 0 || value.bytes.size > 64)
        return value.kind == VALUE_INT || value.kind == VALUE_REAL;
    memcpy (text, value.bytes.data, value.bytes.size);
    text[value.bytes.size] = 0;
    if (strspn (text, "0123456789+-.eE") != value.bytes.size)
        return false;
    *number = strtold (text, &end);
    return end == text + value.bytes.size;
}

//  Writes the value of the request's key, or removes it if its time is over.
static void
s_write (model_t *self, const ask_t *ask, item_t *item, bytes_t value, uint64_t deadline, bool past,
         expected_t *expected)
{
    uint64_t most = self->limits.value_max;
    if (value.size > most) {
        s_fail (expected, ZGRID_TOOBIG);
        return;
    }
    if (!past && !s_know_map (self, ask->map)) {
        s_fail (expected, ZGRID_TOOBIG);
        return;
    }
    expected->status = ZGRID_OK;
    expected->kind = NEW;
    if (past) {
        if (item)
            s_remove (self, item);
        return;
    }
    if (!item) {
        item = calloc (1, sizeof *item);
        assert (item);
        item->map = s_copy (ask->map, bytes_of (NULL, 0));
        item->key = s_copy (ask->key, bytes_of (NULL, 0));
        item->next = self->items;
        self->items = item;
    }
    bytes_t before = item->value;
    item->value = s_copy (value, bytes_of (NULL, 0));
    s_free (before);
    item->deadline = deadline;
}

//  ifversion and ifeq.
static bool
s_holds (const ask_t *ask, const item_t *item)
{
    const options_t *options = &ask->options;
    if ((options->given & OPT_ifversion) && options->ifversion != (item ? item->version : 0))
        return false;
    if (!(options->given & OPT_ifeq))
        return true;
    if (options->ifeq.kind == VALUE_NIL)
        return !item;
    return item && bytes_equal (item->value, options->ifeq.bytes);
}

//  ------------------------------------------------------------------------------------------------
//  Operations

//  The old value outlives its entry in expected->text, or in the reply of a GET as it is.
static value_t
s_shown (model_t *self, const item_t *item)
{
    static bytes_t s_kept; // One model runs at a time
    (void) self;
    if (!item)
        return value_nil ();
    s_free (s_kept);
    s_kept = s_copy (item->value, bytes_of (NULL, 0));
    return value_bytes (s_kept);
}

static void
s_put (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    uint32_t given = ask->options.given;
    uint64_t deadline, present = item ? item->deadline : 0;
    bool past;
    if (ask->value.kind != VALUE_BYTES) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (ask->op == OP_PUT && (given & OPT_nx) && (given & OPT_xx)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (ask->op == OP_CAS && !(given & OPT_ifeq)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    bool keeps = ask->op != OP_PUT || (given & OPT_keepttl);
    unsigned status = s_deadline (ask, moment, keeps ? present : 0, &deadline, &past);
    if (status != ZGRID_OK) {
        s_fail (expected, status);
        return;
    }
    if (ask->op == OP_PUT && (given & OPT_nx) && item)
        status = ZGRID_EXISTS;
    else if (ask->op == OP_PUT && (given & OPT_xx) && !item)
        status = ZGRID_NOTFOUND;
    else if ((ask->op == OP_PUT || ask->op == OP_CAS) && !s_holds (ask, item))
        status = ZGRID_MISMATCH;
    bool shows = ask->op == OP_GETPUT || (ask->op == OP_PUT && (given & OPT_get));
    if (status != ZGRID_OK) {
        expected->status = status;
        expected->version = item ? item->version : 0;
        if (shows || ask->op == OP_CAS)
            expected->value = s_shown (self, item);
        return;
    }
    if (shows)
        expected->value = s_shown (self, item);
    s_write (self, ask, item, ask->value.bytes, deadline, past, expected);
}

static void
s_append (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    uint64_t deadline;
    bool past;
    unsigned status = ask->value.kind == VALUE_BYTES
                          ? s_deadline (ask, moment, item ? item->deadline : 0, &deadline, &past)
                          : ZGRID_MALFORMED;
    if (status != ZGRID_OK) {
        s_fail (expected, status);
        return;
    }
    bytes_t whole = s_copy (item ? item->value : bytes_of (NULL, 0), ask->value.bytes);
    expected->value = value_int ((int64_t) whole.size);
    s_write (self, ask, item, whole, deadline, past, expected);
    s_free (whole);
}

static void
s_store_number (model_t *self, const ask_t *ask, item_t *item, moment_t moment, value_t reply,
                expected_t *expected)
{
    uint64_t deadline;
    bool past;
    unsigned status = s_deadline (ask, moment, item ? item->deadline : 0, &deadline, &past);
    if (status != ZGRID_OK) {
        s_fail (expected, status);
        return;
    }
    expected->value = reply;
    s_write (self, ask, item, bytes_str (expected->text), deadline, past, expected);
}

static value_t
s_start (const ask_t *ask, const item_t *item)
{
    return item                                 ? value_bytes (item->value)
           : (ask->options.given & OPT_initial) ? ask->options.initial
                                                : value_int (0);
}

static void
s_incr (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    int64_t delta = 1, number;
    if (ask->value.kind != VALUE_NIL && !s_whole (ask->value, &delta)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (!s_whole (s_start (ask, item), &number)) {
        s_fail (expected, ZGRID_WRONGTYPE);
        return;
    }
    __int128 sum = (__int128) number + (ask->op == OP_DECR ? -(__int128) delta : (__int128) delta);
    if (sum > INT64_MAX || sum < INT64_MIN) {
        s_fail (expected, ZGRID_OVERFLOW);
        return;
    }
    snprintf (expected->text, sizeof expected->text, "%lld", (long long) sum);
    s_store_number (self, ask, item, moment, value_int ((int64_t) sum), expected);
}

static void
s_incr_float (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    long double delta, number;
    if (!s_real (ask->value, &delta)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    if (!s_real (s_start (ask, item), &number)) {
        s_fail (expected, ZGRID_WRONGTYPE);
        return;
    }
    number += delta;
    if (!isfinite (number)) {
        s_fail (expected, ZGRID_OVERFLOW);
        return;
    }
    snprintf (expected->text, sizeof expected->text, "%.17Lf", number);
    char *end = expected->text + strlen (expected->text);
    while (end[-1] == '0')
        *--end = 0;
    if (end[-1] == '.')
        *--end = 0;
    if (strcmp (expected->text, "-0") == 0)
        strcpy (expected->text, "0");
    s_store_number (self, ask, item, moment, value_bytes (bytes_str (expected->text)), expected);
}

static void
s_expire_at (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    int64_t number;
    if (!s_whole (ask->value, &number)) {
        s_fail (expected, ZGRID_MALFORMED);
        return;
    }
    long double time = (long double) number;
    if (ask->op == OP_EXPIRE || ask->op == OP_EXPIREAT)
        time *= 1000;
    if (ask->op == OP_EXPIREAT || ask->op == OP_PEXPIREAT)
        time -= (long double) moment.wall;
    if (time > (long double) S_TTL_MAX) {
        s_fail (expected, ZGRID_TOOBIG);
        return;
    }
    if (!item) {
        s_fail (expected, ZGRID_NOTFOUND);
        return;
    }
    uint64_t wanted = time > 0 ? moment.now + (uint64_t) time : moment.now;
    uint64_t present = item->deadline ? item->deadline : UINT64_MAX;
    uint32_t given = ask->options.given;
    bool refused = ((given & OPT_nx) && item->deadline) || ((given & OPT_xx) && !item->deadline)
                   || ((given & OPT_gt) && wanted <= present) || ((given & OPT_lt) && wanted >= present);
    if (refused) {
        expected->status = ZGRID_MISMATCH;
        expected->version = item->version;
        return;
    }
    expected->kind = NEW;
    if (time > 0)
        item->deadline = wanted;
    else
        s_remove (self, item);
}

//  DEL, GETDEL
static void
s_delete (model_t *self, const ask_t *ask, item_t *item, expected_t *expected)
{
    if (!item) {
        s_fail (expected, ZGRID_NOTFOUND);
        return;
    }
    if (ask->op == OP_DEL && !s_holds (ask, item)) {
        expected->status = ZGRID_MISMATCH;
        expected->version = item->version;
        return;
    }
    if (ask->op == OP_GETDEL)
        expected->value = s_shown (self, item);
    expected->kind = NEW;
    s_remove (self, item);
}

//  GET, EXISTS, TTL, TOUCH, PERSIST
static void
s_look (model_t *self, const ask_t *ask, item_t *item, moment_t moment, expected_t *expected)
{
    if (!item) {
        s_fail (expected, ZGRID_NOTFOUND);
        return;
    }
    expected->version = item->version;
    int64_t ttl = item->deadline ? (int64_t) (item->deadline - moment.now) : -1;
    if (ask->op == OP_GET) {
        expected->value = s_shown (self, item);
        expected->with_ttl = ask->options.given & OPT_withttl;
        expected->ttl = ttl;
    } else if (ask->op == OP_TTL)
        expected->value = value_int (ttl);
    else if (ask->op == OP_PERSIST) {
        expected->value = value_int (item->deadline != 0);
        if (item->deadline)
            expected->kind = NEW;
        item->deadline = 0;
    }
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
            s_remove (self, item);
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
        item_t *item = s_find (self, ask->map, key);
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

static void
s_run (model_t *self, const ask_t *ask, moment_t moment, expected_t *expected)
{
    item_t *item = s_find (self, ask->map, ask->key);
    switch (ask->op) {
        case OP_PUT:
        case OP_GETPUT:
        case OP_CAS:
            s_put (self, ask, item, moment, expected);
            break;
        case OP_APPEND:
            s_append (self, ask, item, moment, expected);
            break;
        case OP_INCR:
        case OP_DECR:
            s_incr (self, ask, item, moment, expected);
            break;
        case OP_INCRBYFLOAT:
            s_incr_float (self, ask, item, moment, expected);
            break;
        case OP_EXPIRE:
        case OP_PEXPIRE:
        case OP_EXPIREAT:
        case OP_PEXPIREAT:
            s_expire_at (self, ask, item, moment, expected);
            break;
        case OP_DEL:
        case OP_GETDEL:
            s_delete (self, ask, item, expected);
            break;
        default:
            s_look (self, ask, item, moment, expected);
    }
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
    item_t *item = s_find (self, ask->map, ask->key);
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
    s_run (self, ask, moment, &expected);
    return s_compare (self, ask, &expected, answer);
}

//  ------------------------------------------------------------------------------------------------
//  Scans

void
model_scan_begin (model_t *self, bytes_t map, moment_t moment)
{
    s_expire (self, moment);
    s_free (self->scanned);
    self->scanned = s_copy (map, bytes_of (NULL, 0));
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
        item_t *item = s_find (self, self->scanned, key);
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
