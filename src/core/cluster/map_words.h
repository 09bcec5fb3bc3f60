//  map_words: a map's settings (map_setting.def) as operators write them and as they are shown. On the
//  wire they are plain numbers and words; `zgrid map` reads units as well.
//  SPDX-License-Identifier: MPL-2.0
#ifndef MAP_WORDS_H_INCLUDED
#define MAP_WORDS_H_INCLUDED

#include "view.h"

typedef enum {
    MAP_KIND_MODE, MAP_KIND_COUNT, MAP_KIND_TIME, MAP_KIND_SIZE, MAP_KIND_POLICY, MAP_KIND_EVENTS
} map_kind_t;

enum {
#define MAP_SETTING(type, name, kind, least, most, usual, purpose) MAP_SETTING_##name,
#include "map_setting.def"
#undef MAP_SETTING
    MAP_SETTINGS
};

typedef struct {
    const char *name;
    map_kind_t kind;
    uint64_t least, most, usual;
    const char *purpose;
} map_setting_t;

//  By number, below MAP_SETTINGS.
extern const map_setting_t map_settings_list[MAP_SETTINGS];

uint64_t
    map_settings_get (const map_settings_t *self, unsigned number);
void
    map_settings_put (map_settings_t *self, unsigned number, uint64_t value);

//  The number of the setting with that name; MAP_SETTINGS: there is none.
unsigned
    map_settings_find (bytes_t name);

//  True if people write and read the setting as a word.
static inline bool
map_setting_is_word (unsigned number)
{
    map_kind_t kind = map_settings_list[number].kind;
    return kind == MAP_KIND_MODE || kind == MAP_KIND_POLICY || kind == MAP_KIND_EVENTS;
}

//  Reads what stands on the wire. False: it is not what the setting takes, or out of its range.
bool
    map_setting_read (unsigned number, bytes_t word, uint64_t *value);

//  The same, with units: ms, s, m, h and d behind times; K, M, G and T, or KiB to TiB, behind sizes and
//  counts (1,024 each, 1,000 for counts).
bool
    map_setting_read_units (unsigned number, bytes_t word, uint64_t *value);

//  What stands on the wire for a value. Returns `text`.
#define MAP_WORD_MAX 32
const char *
    map_setting_print (unsigned number, uint64_t value, char text[MAP_WORD_MAX]);

//  The same with the largest unit that fits without a rest; "-" for a limit or time of 0.
const char *
    map_setting_print_units (unsigned number, uint64_t value, char text[MAP_WORD_MAX]);

//  What a setting takes: "cp or ap", "milliseconds".
const char *
    map_setting_range (unsigned number);

//  One sentence: "ttl takes milliseconds, 0 to 3162240000000". Returns `text`.
#define MAP_SENTENCE_MAX 200
const char *
    map_setting_explain (unsigned number, char text[MAP_SENTENCE_MAX]);

//  Changes settings as pairs of words say: name, value. Returns ZGRID_OK; or MALFORMED, MISMATCH (the
//  mode of a map that was declared; what ap maps do not have) and a sentence that names the word: some
//  settings may have changed then. `copies`: of the cluster, the most that min_sync can be.
unsigned
    map_settings_change (map_settings_t *self, uint8_t copies, const bytes_t *words, size_t count,
                         char why[MAP_SENTENCE_MAX]);

//  Takes all settings back, but for the mode.
void
    map_settings_reset (map_settings_t *self);

#endif
