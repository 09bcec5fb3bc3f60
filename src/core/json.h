//  json: strings of JSON (RFC 8259, section 7), and bytes as Base64 (RFC 4648, section 4).
//  SPDX-License-Identifier: MPL-2.0
#ifndef JSON_H_INCLUDED
#define JSON_H_INCLUDED

#include "buf.h"

//  Adds a string with its quotes. What is not UTF-8 becomes U+FFFD.
void
    json_text (buf_t *out, bytes_t text);

//  Adds text as it stands.
static inline void
json_add (buf_t *out, const char *text)
{
    buf_add (out, text, strlen (text));
}

//  Adds `,"name":number`.
void
    json_number (buf_t *out, const char *name, uint64_t number);

//  Adds Base64, with padding and without quotes.
void
    json_base64 (buf_t *out, bytes_t bytes);

#endif
