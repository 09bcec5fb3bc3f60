//  map_words: see map_words.h.
//  SPDX-License-Identifier: MPL-2.0
#include "map_words.h"

#include <stdio.h>

#include "../status.h"

const map_setting_t map_settings_list[MAP_SETTINGS] = {
#define MAP_SETTING(type, name, kind, least, most, usual, purpose)                                           \
    { #name, MAP_KIND_##kind, least, most, usual, purpose },
#include "map_setting.def"
#undef MAP_SETTING
};

static const char *const s_modes[] = { "cp", "ap" };
static const char *const s_policies[] = { "node", "none", "lru", "s3fifo" };
static const char *const s_events[] = { "put", "delete", "expire", "evict" }; // By bit
#define COUNT_OF(list) (sizeof (list) / sizeof (list)[0])

uint64_t
map_settings_get (const map_settings_t *self, unsigned number)
{
    switch (number) {
#define MAP_SETTING(type, name, kind, least, most, usual, purpose)                                           \
    case MAP_SETTING_##name:                                                                                 \
        return self->name;
#include "map_setting.def"
#undef MAP_SETTING
        default:
            return 0;
    }
}

void
map_settings_put (map_settings_t *self, unsigned number, uint64_t value)
{
    switch (number) {
#define MAP_SETTING(type, name, kind, least, most, usual, purpose)                                           \
    case MAP_SETTING_##name:                                                                                 \
        self->name = (type) value;                                                                           \
        break;
#include "map_setting.def"
#undef MAP_SETTING
        default:
            break;
    }
}

unsigned
map_settings_find (bytes_t name)
{
    for (unsigned number = 0; number < MAP_SETTINGS; number++)
        if (bytes_equal (name, bytes_str (map_settings_list[number].name)))
            return number;
    return MAP_SETTINGS;
}

//  ------------------------------------------------------------------------------------------------
//  Reading

static bool
s_is (bytes_t word, const char *text)
{
    return bytes_equal (word, bytes_str (text));
}

static bool
s_among (const char *const *list, size_t count, bytes_t word, uint64_t *value)
{
    for (size_t at = 0; at < count; at++)
        if (s_is (word, list[at])) {
            *value = at;
            return true;
        }
    return false;
}

//  "put,expire": each at most once.
static bool
s_read_events (bytes_t word, uint64_t *value)
{
    *value = 0;
    if (s_is (word, "none"))
        return true;
    if (s_is (word, "all")) {
        *value = MAP_EVENT_ALL;
        return true;
    }
    for (;;) {
        const uint8_t *comma = word.size ? memchr (word.data, ',', word.size) : NULL;
        size_t size = comma ? (size_t) (comma - word.data) : word.size;
        uint64_t bit;
        if (!s_among (s_events, COUNT_OF (s_events), bytes_of (word.data, size), &bit)
            || (*value & UINT64_C (1) << bit))
            return false;
        *value |= UINT64_C (1) << bit;
        if (!comma)
            return true;
        word = bytes_of (comma + 1, word.size - size - 1);
    }
}

//  Digits at the beginning. Returns how many; 0: none, or more than a number holds.
static size_t
s_digits (bytes_t word, uint64_t *value)
{
    size_t at = 0;
    *value = 0;
    for (; at < word.size && word.data[at] >= '0' && word.data[at] <= '9'; at++)
        if (__builtin_mul_overflow (*value, UINT64_C (10), value)
            || __builtin_add_overflow (*value, (uint64_t) (word.data[at] - '0'), value))
            return 0;
    return at;
}

//  Of one kind: from the smallest to the largest, the name that is shown first.
static const struct {
    map_kind_t kind;
    const char *name;
    uint64_t factor;
} s_units[] = {
    { MAP_KIND_TIME, "ms", 1 },
    { MAP_KIND_TIME, "s", 1000 },
    { MAP_KIND_TIME, "m", 60000 },
    { MAP_KIND_TIME, "h", 3600000 },
    { MAP_KIND_TIME, "d", 86400000 },
    { MAP_KIND_SIZE, "K", UINT64_C (1) << 10 },
    { MAP_KIND_SIZE, "M", UINT64_C (1) << 20 },
    { MAP_KIND_SIZE, "G", UINT64_C (1) << 30 },
    { MAP_KIND_SIZE, "T", UINT64_C (1) << 40 },
    { MAP_KIND_SIZE, "KiB", UINT64_C (1) << 10 },
    { MAP_KIND_SIZE, "MiB", UINT64_C (1) << 20 },
    { MAP_KIND_SIZE, "GiB", UINT64_C (1) << 30 },
    { MAP_KIND_SIZE, "TiB", UINT64_C (1) << 40 },
    { MAP_KIND_COUNT, "K", 1000 },
    { MAP_KIND_COUNT, "M", 1000000 },
    { MAP_KIND_COUNT, "G", 1000000000 },
};

//  What a unit multiplies by; 0: there is none of that name.
static uint64_t
s_unit (map_kind_t kind, bytes_t unit)
{
    if (unit.size == 0)
        return 1;
    for (size_t at = 0; at < COUNT_OF (s_units); at++)
        if (s_units[at].kind == kind && s_is (unit, s_units[at].name))
            return s_units[at].factor;
    return 0;
}

static bool
s_read (unsigned number, bytes_t word, bool units, uint64_t *value)
{
    const map_setting_t *setting = &map_settings_list[number];
    bool good;
    if (setting->kind == MAP_KIND_MODE)
        good = s_among (s_modes, COUNT_OF (s_modes), word, value);
    else if (setting->kind == MAP_KIND_POLICY)
        good = s_among (s_policies, COUNT_OF (s_policies), word, value);
    else if (setting->kind == MAP_KIND_EVENTS)
        good = s_read_events (word, value);
    else {
        size_t digits = s_digits (word, value);
        uint64_t factor = s_unit (setting->kind, bytes_of (word.data + digits, word.size - digits));
        good = digits && factor && (units || digits == word.size)
               && !__builtin_mul_overflow (*value, factor, value);
    }
    return good && *value >= setting->least && *value <= setting->most;
}

bool
map_setting_read (unsigned number, bytes_t word, uint64_t *value)
{
    return s_read (number, word, false, value);
}

bool
map_setting_read_units (unsigned number, bytes_t word, uint64_t *value)
{
    return s_read (number, word, true, value);
}

//  ------------------------------------------------------------------------------------------------
//  Printing

const char *
map_setting_print (unsigned number, uint64_t value, char text[MAP_WORD_MAX])
{
    map_kind_t kind = map_settings_list[number].kind;
    if (kind == MAP_KIND_MODE)
        snprintf (text, MAP_WORD_MAX, "%s", value < COUNT_OF (s_modes) ? s_modes[value] : "?");
    else if (kind == MAP_KIND_POLICY)
        snprintf (text, MAP_WORD_MAX, "%s", value < COUNT_OF (s_policies) ? s_policies[value] : "?");
    else if (kind != MAP_KIND_EVENTS)
        snprintf (text, MAP_WORD_MAX, "%llu", (unsigned long long) value);
    else if (value == 0 || value == MAP_EVENT_ALL)
        snprintf (text, MAP_WORD_MAX, "%s", value ? "all" : "none");
    else {
        size_t used = 0;
        for (unsigned bit = 0; bit < COUNT_OF (s_events) && used < MAP_WORD_MAX; bit++)
            if (value & UINT64_C (1) << bit)
                used += (size_t) snprintf (text + used, MAP_WORD_MAX - used, "%s%s", used ? "," : "",
                                           s_events[bit]);
    }
    return text;
}

const char *
map_setting_print_units (unsigned number, uint64_t value, char text[MAP_WORD_MAX])
{
    if (map_setting_is_word (number))
        return map_setting_print (number, value, text);
    const char *unit = "";
    uint64_t factor = 1;
    for (size_t at = 0; at < COUNT_OF (s_units); at++)
        if (s_units[at].kind == map_settings_list[number].kind && s_units[at].factor > factor
            && value % s_units[at].factor == 0) {
            unit = s_units[at].name;
            factor = s_units[at].factor;
        }
    if (factor == 1 && map_settings_list[number].kind == MAP_KIND_TIME)
        unit = "ms";
    if (value == 0)
        snprintf (text, MAP_WORD_MAX, "-");
    else
        snprintf (text, MAP_WORD_MAX, "%llu%s", (unsigned long long) (value / factor), unit);
    return text;
}

const char *
map_setting_range (unsigned number)
{
    static const char *const s_ranges[] = {
        [MAP_KIND_MODE] = "cp or ap",
        [MAP_KIND_COUNT] = "a number",
        [MAP_KIND_TIME] = "milliseconds",
        [MAP_KIND_SIZE] = "bytes",
        [MAP_KIND_POLICY] = "node, none, lru or s3fifo",
        [MAP_KIND_EVENTS] = "all, none, or put, delete, expire and evict with commas between"
    };
    return s_ranges[map_settings_list[number].kind];
}

const char *
map_setting_explain (unsigned number, char text[MAP_SENTENCE_MAX])
{
    const map_setting_t *setting = &map_settings_list[number];
    const char *range = map_setting_range (number);
    if (map_setting_is_word (number))
        snprintf (text, MAP_SENTENCE_MAX, "%s takes %s", setting->name, range);
    else
        snprintf (text, MAP_SENTENCE_MAX, "%s takes %s, %llu to %llu", setting->name, range,
                  (unsigned long long) setting->least, (unsigned long long) setting->most);
    return text;
}

//  ------------------------------------------------------------------------------------------------
//  Changing

//  Names the word if it is one that can be shown.
static unsigned
s_unknown (bytes_t word, char why[MAP_SENTENCE_MAX])
{
    bool plain = word.size > 0 && word.size <= 40;
    for (size_t at = 0; at < word.size && plain; at++)
        plain = word.data[at] > ' ' && word.data[at] < 0x7f;
    int size = plain ? snprintf (why, MAP_SENTENCE_MAX, "maps have no setting %.*s; there are",
                                 (int) word.size, (const char *) word.data)
                     : snprintf (why, MAP_SENTENCE_MAX, "maps have no such setting; there are");
    size_t used = (size_t) size;
    for (unsigned number = 0; number < MAP_SETTINGS && used < MAP_SENTENCE_MAX; number++)
        used += (size_t) snprintf (why + used, MAP_SENTENCE_MAX - used, "%s %s", number ? "," : "",
                                   map_settings_list[number].name);
    return ZGRID_MALFORMED;
}

unsigned
map_settings_change (map_settings_t *self, uint8_t copies, const bytes_t *words, size_t count,
                     char why[MAP_SENTENCE_MAX])
{
    bool declared = *self->name != 0;
    uint8_t mode = self->mode;
    uint64_t copies_wanted = 0;
    for (size_t at = 0; at < count; at += 2) {
        unsigned number = map_settings_find (words[at]);
        uint64_t value;
        if (number == MAP_SETTINGS)
            return s_unknown (words[at], why);
        if (at + 1 >= count || !map_setting_read (number, words[at + 1], &value)) {
            map_setting_explain (number, why);
            return ZGRID_MALFORMED;
        }
        map_settings_put (self, number, value);
        if (number == MAP_SETTING_min_sync)
            copies_wanted = value;
    }
    if (copies_wanted > copies) {
        snprintf (why, MAP_SENTENCE_MAX, "min_sync takes 1 to the number of copies, which is %u", copies);
        return ZGRID_MALFORMED;
    }
    if (declared && self->mode != mode) {
        snprintf (why, MAP_SENTENCE_MAX, "mode: a map's mode is fixed for its life");
        return ZGRID_MISMATCH;
    }
    static const uint8_t s_cp_only[] = { MAP_SETTING_idle, MAP_SETTING_max_entries, MAP_SETTING_max_bytes };
    for (size_t at = 0; self->mode == MAP_AP && at < sizeof s_cp_only; at++)
        if (map_settings_get (self, s_cp_only[at])) {
            snprintf (why, MAP_SENTENCE_MAX, "%s: maps in ap mode have none",
                      map_settings_list[s_cp_only[at]].name);
            return ZGRID_MISMATCH;
        }
    return ZGRID_OK;
}

void
map_settings_reset (map_settings_t *self)
{
    for (unsigned number = 0; number < MAP_SETTINGS; number++)
        if (number != MAP_SETTING_mode)
            map_settings_put (self, number, map_settings_list[number].usual);
}
