//  settings_assign: from text to a value of the right type and within its range.
//  SPDX-License-Identifier: MPL-2.0
#include "settings_impl.h"

#include <assert.h>
#include <inttypes.h>
#include <zgrid_error.h>

#include "mem.h"
#include "text.h"
#include "utf8.h"

typedef struct {
    const char *suffix;
    const char *unit; // Of the settings that take it
    uint64_t factor;
} suffix_t;

static const suffix_t s_suffixes[] = {
    { "KiB", "bytes", UINT64_C (1) << 10 }, { "MiB", "bytes", UINT64_C (1) << 20 },
    { "GiB", "bytes", UINT64_C (1) << 30 }, { "ms", "milliseconds", 1 },
    { "s", "milliseconds", 1000 },          { "m", "milliseconds", 60000 },
};
#define SUFFIXES (sizeof s_suffixes / sizeof s_suffixes[0])

//  0 if the unit does not take the suffix.
static uint64_t
s_factor (const char *suffix, const char *unit)
{
    if (!*suffix)
        return 1;
    for (size_t index = 0; index < SUFFIXES; index++)
        if (strcmp (s_suffixes[index].suffix, suffix) == 0 && strcmp (s_suffixes[index].unit, unit) == 0)
            return s_suffixes[index].factor;
    return 0;
}

static int
s_wrong_number (const setting_info_t *info, const char *value, const char *wrong, buf_t *why)
{
    text_printf (why, "%s: ", info->full);
    text_quote (why, bytes_str (value));
    text_printf (why, " is %s; it takes %" PRIu64 " to %" PRIu64 " %s", wrong, info->min, info->max,
                 info->unit);
    if (strcmp (info->unit, "bytes") == 0)
        text_printf (why, " (the number may end in KiB, MiB or GiB)");
    else if (strcmp (info->unit, "milliseconds") == 0)
        text_printf (why, " (the number may end in ms, s or m)");
    return ZGRID_MALFORMED;
}

static int
s_assign_uint (settings_t *self, setting_t id, const char *value, buf_t *why)
{
    const setting_info_t *info = &settings_infos[id];
    uint64_t number = 0;
    bool too_large = false;
    const char *at = value;
    for (; *at >= '0' && *at <= '9'; at++)
        too_large |= __builtin_mul_overflow (number, 10, &number)
                     || __builtin_add_overflow (number, (uint64_t) (*at - '0'), &number);
    uint64_t factor = s_factor (at, info->unit);
    if (at == value || factor == 0)
        return s_wrong_number (info, value, "not a number", why);
    too_large |= __builtin_mul_overflow (number, factor, &number);
    if (too_large || number < info->min || number > info->max)
        return s_wrong_number (info, value, "out of range", why);
    self->numbers[id] = number;
    return ZGRID_OK;
}

static int
s_assign_bool (settings_t *self, setting_t id, const char *value, buf_t *why)
{
    bool yes = strcmp (value, "true") == 0 || strcmp (value, "1") == 0;
    bool no = strcmp (value, "false") == 0 || strcmp (value, "0") == 0;
    if (yes || no) {
        self->numbers[id] = yes;
        return ZGRID_OK;
    }
    text_printf (why, "%s: ", settings_infos[id].full);
    text_quote (why, bytes_str (value));
    text_printf (why, " is neither true nor false");
    return ZGRID_MALFORMED;
}

static int
s_store (settings_t *self, setting_t id, const char *value)
{
    size_t size = strlen (value) + 1;
    char *text = mem_alloc (size);
    if (!text)
        return ZGRID_NOMEM;
    memcpy (text, value, size); // Before the old one goes: value may be it
    mem_free (self->texts[id]);
    self->texts[id] = text;
    return ZGRID_OK;
}

static int
s_assign_text (settings_t *self, setting_t id, const char *value, buf_t *why)
{
    const setting_info_t *info = &settings_infos[id];
    size_t size = strlen (value);
    if (size < info->min || size > info->max) {
        text_printf (why, "%s: ", info->full);
        text_quote (why, bytes_str (value));
        text_printf (why, " has %zu bytes; it takes %" PRIu64 " to %" PRIu64, size, info->min, info->max);
        return ZGRID_MALFORMED;
    }
    //  What the file format could not hold does not come in by other ways either
    const uint8_t *bytes = (const uint8_t *) value;
    for (size_t at = 0; at < size;) {
        size_t sequence = utf8_sequence (bytes + at, size - at);
        if (sequence == 0 || bytes[at] < 0x20 || bytes[at] == 0x7f) {
            text_printf (why, "%s: byte 0x%02x is not text", info->full, (unsigned) bytes[at]);
            return ZGRID_MALFORMED;
        }
        at += sequence;
    }
    if (strchr (value, '"') && strchr (value, '\'')) {
        text_printf (why, "%s: both kinds of quotation marks in one value", info->full);
        return ZGRID_MALFORMED;
    }
    return s_store (self, id, value);
}

//  The next word of a list, or false at its end.
static bool
s_next_word (const char **list, bytes_t *word)
{
    const char *start = *list + strspn (*list, " ");
    size_t size = strcspn (start, " ");
    *list = start + size;
    *word = bytes_of (start, size);
    return size > 0;
}

static int
s_assign_choice (settings_t *self, setting_t id, const char *value, buf_t *why)
{
    const setting_info_t *info = &settings_infos[id];
    const char *list = info->unit;
    bytes_t word;
    while (s_next_word (&list, &word))
        if (bytes_equal (word, bytes_str (value)))
            return s_store (self, id, value);
    text_printf (why, "%s: ", info->full);
    text_quote (why, bytes_str (value));
    text_printf (why, " is none of");
    list = info->unit;
    for (const char *before = " "; s_next_word (&list, &word); before = ", ")
        text_printf (why, "%s%.*s", before, (int) word.size, (const char *) word.data);
    return ZGRID_MALFORMED;
}

int
settings_assign (settings_t *self, setting_t id, const char *value, buf_t *why)
{
    assert (self && id < SETTING_LIMIT && value);
    switch (settings_infos[id].type) {
        case SETTING_TYPE_UINT:
            return s_assign_uint (self, id, value, why);
        case SETTING_TYPE_BOOL:
            return s_assign_bool (self, id, value, why);
        case SETTING_TYPE_TEXT:
            return s_assign_text (self, id, value, why);
        case SETTING_TYPE_CHOICE:
            return s_assign_choice (self, id, value, why);
    }
    assert (!"a type that is not in the list");
    return ZGRID_MALFORMED;
}
