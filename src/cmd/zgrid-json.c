//  zgrid-json: bytes and MessagePack as JSON.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <msgpack.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "zgrid-tool.h"

#define DEPTH_MAX 16 // As the protocol's

static const char s_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *
base64_encode (zgrid_bytes_t bytes)
{
    const unsigned char *from = bytes.data;
    char *text = malloc ((bytes.size + 2) / 3 * 4 + 1), *to = text;
    if (!text)
        return NULL;
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t group = (uint32_t) from[at] << 16 | (left > 1 ? (uint32_t) from[at + 1] << 8 : 0)
                         | (left > 2 ? from[at + 2] : 0);
        *to++ = s_digits[group >> 18];
        *to++ = s_digits[group >> 12 & 63];
        *to++ = left > 1 ? s_digits[group >> 6 & 63] : '=';
        *to++ = left > 2 ? s_digits[group & 63] : '=';
    }
    *to = 0;
    return text;
}

//  0 to 63, or -1.
static int
s_digit (char digit)
{
    const char *found = digit ? strchr (s_digits, digit) : NULL;
    return found ? (int) (found - s_digits) : -1;
}

void *
base64_decode (const char *text, size_t size, size_t *decoded_size)
{
    size_t padding = size && text[size - 1] == '=' ? (size > 1 && text[size - 2] == '=' ? 2 : 1) : 0;
    unsigned char *bytes = size % 4 ? NULL : malloc (size / 4 * 3 + 1);
    *decoded_size = size / 4 * 3 - padding;
    for (size_t at = 0; bytes && at < size; at += 4) {
        uint32_t group = 0;
        for (size_t index = at; index < at + 4; index++) {
            int digit = index >= size - padding ? 0 : s_digit (text[index]);
            if (digit < 0) {
                free (bytes);
                return NULL;
            }
            group = group << 6 | (uint32_t) digit;
        }
        unsigned char *to = bytes + at / 4 * 3;
        to[0] = (unsigned char) (group >> 16);
        to[1] = (unsigned char) (group >> 8);
        to[2] = (unsigned char) group;
    }
    return bytes;
}

static json_t *
s_base64 (zgrid_bytes_t bytes)
{
    char *text = base64_encode (bytes);
    json_t *string = text ? json_string (text) : NULL;
    free (text);
    return string;
}

bool
json_set_bytes (json_t *object, const char *name, zgrid_bytes_t bytes)
{
    json_t *text = json_stringn (bytes.data ? bytes.data : "", bytes.size); // NULL: not UTF-8
    if (text)
        return json_object_set_new (object, name, text) == 0;
    char name64[32];
    snprintf (name64, sizeof name64, "%s64", name);
    return json_object_set_new (object, name64, s_base64 (bytes)) == 0;
}

//  bin is always base64, so that the same member does not change its form with its bytes.
static json_t *
s_bytes (const char *data, size_t size, bool text)
{
    json_t *string = text ? json_stringn (data, size) : NULL;
    return string ? string : json_pack ("{s:o}", "base64", s_base64 ((zgrid_bytes_t) { data, size }));
}

static json_t *
s_convert (const msgpack_object *from, unsigned depth);

//  A name longer than this is cut; the servers' own are short.
#define NAME_MAX_BYTES 255

//  False if the key is neither str nor bin.
static bool
s_name (const msgpack_object *key, char name[NAME_MAX_BYTES + 1])
{
    bool text = key->type == MSGPACK_OBJECT_STR;
    if (!text && key->type != MSGPACK_OBJECT_BIN)
        return false;
    size_t size = text ? key->via.str.size : key->via.bin.size;
    size = size < NAME_MAX_BYTES ? size : NAME_MAX_BYTES;
    if (size)
        memcpy (name, text ? key->via.str.ptr : key->via.bin.ptr, size);
    name[size] = 0;
    return true;
}

static json_t *
s_convert_map (const msgpack_object_map *map, unsigned depth)
{
    json_t *object = json_object ();
    for (uint32_t at = 0; object && at < map->size; at++) {
        char name[NAME_MAX_BYTES + 1];
        bool named = s_name (&map->ptr[at].key, name);
        //  A name that is not UTF-8 is refused by jansson
        if (!named || json_object_set_new (object, name, s_convert (&map->ptr[at].val, depth + 1))) {
            json_decref (object);
            return NULL;
        }
    }
    return object;
}

static json_t *
s_convert_array (const msgpack_object_array *from, unsigned depth)
{
    json_t *array = json_array ();
    for (uint32_t at = 0; array && at < from->size; at++)
        if (json_array_append_new (array, s_convert (&from->ptr[at], depth + 1))) {
            json_decref (array);
            return NULL;
        }
    return array;
}

//  NULL without memory, or for what JSON has no form for.
static json_t *
s_convert (const msgpack_object *from, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return NULL;
    switch (from->type) {
        case MSGPACK_OBJECT_NIL:
            return json_null ();
        case MSGPACK_OBJECT_BOOLEAN:
            return json_boolean (from->via.boolean);
        case MSGPACK_OBJECT_POSITIVE_INTEGER:
            return from->via.u64 <= INT64_MAX ? json_integer ((json_int_t) from->via.u64)
                                              : json_real ((double) from->via.u64);
        case MSGPACK_OBJECT_NEGATIVE_INTEGER:
            return json_integer (from->via.i64);
        case MSGPACK_OBJECT_FLOAT32:
        case MSGPACK_OBJECT_FLOAT64:
            return json_real (from->via.f64);
        case MSGPACK_OBJECT_STR:
            return s_bytes (from->via.str.ptr, from->via.str.size, true);
        case MSGPACK_OBJECT_BIN:
            return s_bytes (from->via.bin.ptr, from->via.bin.size, false);
        case MSGPACK_OBJECT_ARRAY:
            return s_convert_array (&from->via.array, depth);
        case MSGPACK_OBJECT_MAP:
            return s_convert_map (&from->via.map, depth);
        case MSGPACK_OBJECT_EXT:
            return s_bytes (from->via.ext.ptr, from->via.ext.size, false);
    }
    return NULL;
}

//  The library has walked these bytes: counts are true, so unpacking takes memory in proportion.
json_t *
tree_to_json (zgrid_bytes_t encoded)
{
    msgpack_unpacked result;
    msgpack_unpacked_init (&result);
    size_t offset = 0;
    msgpack_unpack_return rc = msgpack_unpack_next (&result, encoded.data, encoded.size, &offset);
    json_t *tree = rc == MSGPACK_UNPACK_SUCCESS && offset == encoded.size ? s_convert (&result.data, 0)
                                                                          : NULL;
    msgpack_unpacked_destroy (&result);
    return tree;
}

//  Calls print for each leaf with its full name; returns the longest name's size.
static size_t
s_walk (const char *prefix, json_t *node, size_t width, bool print)
{
    char name[512];
    size_t longest = 0, index, size;
    const char *key;
    json_t *value;
    if (json_is_object (node)) {
        json_object_foreach (node, key, value)
        {
            snprintf (name, sizeof name, "%s%s%s", prefix, *prefix ? "." : "", key);
            size = s_walk (name, value, width, print);
            longest = size > longest ? size : longest;
        }
        return longest;
    }
    if (json_is_array (node)) {
        json_array_foreach (node, index, value)
        {
            snprintf (name, sizeof name, "%s[%zu]", prefix, index);
            size = s_walk (name, value, width, print);
            longest = size > longest ? size : longest;
        }
        return longest;
    }
    if (!print)
        return strlen (prefix);
    tool_print_escaped (zgrid_str (prefix));
    printf ("%*s", (int) (width - strlen (prefix) + 2), "");
    if (json_is_string (node))
        tool_print_escaped ((zgrid_bytes_t) { json_string_value (node), json_string_length (node) });
    else
        json_dumpf (node, stdout, JSON_ENCODE_ANY);
    putchar ('\n');
    return 0;
}

void
tree_print (json_t *tree)
{
    s_walk ("", tree, s_walk ("", tree, 0, false), true);
}
