//  key_note: see key_note.h.
//  SPDX-License-Identifier: MPL-2.0
#include "key_note.h"

#include <inttypes.h>
#include <stdio.h>

#define S_SPACE KEY_NOTE_PREFIX "space@"
#define S_EVENT KEY_NOTE_PREFIX "event@"
#define S_END "__:"
#define S_DIGITS 9

//  ------------------------------------------------------------------------------------------------
//  Reading

static bool
s_skip (bytes_t *at, const char *text)
{
    size_t size = strlen (text);
    if (at->size < size || memcmp (at->data, text, size) != 0)
        return false;
    *at = bytes_of (at->data + size, at->size - size);
    return true;
}

//  Up to the next quotation mark, without it.
static bool
s_quoted (bytes_t *at, bytes_t *text)
{
    const uint8_t *end = at->size ? memchr (at->data, '"', at->size) : NULL;
    if (!end)
        return false;
    *text = bytes_of (at->data, (size_t) (end - at->data));
    *at = bytes_of (end + 1, at->size - text->size - 1);
    return true;
}

static int
s_digit (uint8_t digit)
{
    return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

//  Our own texts escape single bytes only, as \u00XX; U+FFFD would stand for what was not UTF-8.
static bool
s_unescape (bytes_t text, buf_t *out)
{
    for (size_t at = 0; at < text.size;) {
        const uint8_t *escape = memchr (text.data + at, '\\', text.size - at);
        size_t plain = escape ? (size_t) (escape - text.data) - at : text.size - at;
        buf_add (out, text.data + at, plain);
        at += plain;
        if (!escape)
            break;
        if (text.size - at < 6 || memcmp (escape, "\\u00", 4) != 0)
            return false;
        int high = s_digit (escape[4]), low = s_digit (escape[5]);
        if (high < 0 || high > 7 || low < 0)
            return false;
        uint8_t byte = (uint8_t) (high * 16 + low);
        buf_add (out, &byte, 1);
        at += 6;
    }
    return true;
}

static int
s_six_bits (uint8_t digit)
{
    return digit >= 'A' && digit <= 'Z'   ? digit - 'A'
           : digit >= 'a' && digit <= 'z' ? digit - 'a' + 26
           : digit >= '0' && digit <= '9' ? digit - '0' + 52
           : digit == '+'                 ? 62
           : digit == '/'                 ? 63
                                          : -1;
}

//  RFC 4648, section 4.
static bool
s_base64 (bytes_t text, buf_t *out)
{
    if (text.size % 4)
        return false;
    for (size_t at = 0; at < text.size; at += 4) {
        const uint8_t *four = text.data + at;
        bool last = at + 4 == text.size;
        unsigned padding = last && four[3] == '=' ? (four[2] == '=' ? 2 : 1) : 0;
        uint32_t word = 0;
        for (unsigned digit = 0; digit < 4; digit++) {
            int bits = digit + padding >= 4 ? 0 : s_six_bits (four[digit]);
            if (bits < 0)
                return false;
            word = word << 6 | (uint32_t) bits;
        }
        uint8_t bytes[3] = { (uint8_t) (word >> 16), (uint8_t) (word >> 8), (uint8_t) word };
        buf_add (out, bytes, 3 - padding);
    }
    return true;
}

static const char *
s_event (bytes_t name)
{
    static const char *const names[][2] = {
        { "put", "set" }, { "delete", "del" }, { "expire", "expired" }, { "evict", "evicted" }
    };
    for (size_t at = 0; at < sizeof names / sizeof names[0]; at++)
        if (bytes_equal (name, bytes_str (names[at][0])))
            return names[at][1];
    return NULL;
}

bool
key_note_read (bytes_t json, buf_t *key, key_note_t *note)
{
    bytes_t name, map, text;
    bool good = false;
    buf_reset (key);
    if (!s_skip (&json, "{\"event\":\"") || !s_quoted (&json, &name) || !s_skip (&json, ",\"map\":\"")
        || !s_quoted (&json, &map))
        return false;
    if (s_skip (&json, ",\"key\":\""))
        good = s_quoted (&json, &text) && s_unescape (text, key);
    else if (s_skip (&json, ",\"key64\":\""))
        good = s_quoted (&json, &text) && s_base64 (text, key);
    note->event = s_event (name);
    note->key = buf_bytes (key);
    return good && note->event && !key->failed;
}

//  ------------------------------------------------------------------------------------------------
//  Channels

static bool
s_number (bytes_t *at, uint32_t *number)
{
    size_t digits = 0;
    *number = 0;
    while (digits < at->size && digits < S_DIGITS && at->data[digits] >= '0' && at->data[digits] <= '9')
        *number = *number * 10 + at->data[digits++] - '0';
    *at = bytes_of (at->data + digits, at->size - digits);
    return digits > 0;
}

bool
key_note_wanted (bytes_t name, bool pattern, uint32_t *database)
{
    bytes_t rest = name;
    if ((s_skip (&rest, S_SPACE) || s_skip (&rest, S_EVENT)) && s_number (&rest, database)
        && s_skip (&rest, S_END))
        return true;
    *database = KEY_NOTE_ALL;
    return pattern && s_skip (&name, KEY_NOTE_PREFIX);
}

bytes_t
key_note_write (const key_note_t *note, key_note_channel_t which, uint32_t database, buf_t *out)
{
    char text[KEY_NOTE_ROOM];
    bytes_t event = bytes_str (note->event);
    bytes_t name = which == KEY_NOTE_SPACE ? note->key : event;
    int size = snprintf (text, sizeof text, "%s%" PRIu32 S_END, which == KEY_NOTE_SPACE ? S_SPACE : S_EVENT,
                         database);
    buf_reset (out);
    buf_add (out, text, (size_t) size);
    buf_add (out, name.data, name.size);
    return which == KEY_NOTE_SPACE ? event : note->key;
}
