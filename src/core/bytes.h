//  bytes: a view of bytes that somebody else owns.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BYTES_H_INCLUDED
#define BYTES_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct {
    const uint8_t *data; // May be NULL if size is 0
    size_t size;
} bytes_t;

static inline bytes_t
bytes_of (const void *data, size_t size)
{
    return (bytes_t) { (const uint8_t *) data, size };
}

static inline bytes_t
bytes_str (const char *text)
{
    return (bytes_t) { (const uint8_t *) text, text ? strlen (text) : 0 };
}

static inline bool
bytes_equal (bytes_t a, bytes_t b)
{
    return a.size == b.size && (a.size == 0 || memcmp (a.data, b.data, a.size) == 0);
}

#endif
