//  json: see json.h.
//  SPDX-License-Identifier: MPL-2.0
#include "json.h"

#include <inttypes.h>
#include <stdio.h>

#include "utf8.h"

void
json_text (buf_t *out, bytes_t text)
{
    const uint8_t *at = text.data;
    size_t left = text.size;
    buf_add (out, "\"", 1);
    while (left) {
        char escape[8];
        size_t size = utf8_sequence (at, left);
        if (size == 0)
            buf_add (out, "\\ufffd", 6);
        else if (size == 1 && (*at < 0x20 || *at == 0x7f || *at == '"' || *at == '\\')) {
            snprintf (escape, sizeof escape, "\\u%04x", (unsigned) *at);
            buf_add (out, escape, 6);
        } else
            buf_add (out, at, size);
        at += size ? size : 1;
        left -= size ? size : 1;
    }
    buf_add (out, "\"", 1);
}

void
json_number (buf_t *out, const char *name, uint64_t number)
{
    char text[64];
    snprintf (text, sizeof text, ",\"%s\":%" PRIu64, name, number);
    json_add (out, text);
}

void
json_base64 (buf_t *out, bytes_t bytes)
{
    static const char s_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t word = (uint32_t) bytes.data[at] << 16;
        word |= left > 1 ? (uint32_t) bytes.data[at + 1] << 8 : 0;
        word |= left > 2 ? bytes.data[at + 2] : 0;
        char four[4] = { s_digits[word >> 18], s_digits[word >> 12 & 63], s_digits[word >> 6 & 63],
                         s_digits[word & 63] };
        if (left < 3)
            four[3] = '=';
        if (left < 2)
            four[2] = '=';
        buf_add (out, four, sizeof four);
    }
}
