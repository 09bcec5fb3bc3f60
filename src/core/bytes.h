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

static inline uint64_t
bytes_load8 (const uint8_t *at)
{
    uint64_t word;
    memcpy (&word, at, sizeof word);
    return word;
}

static inline uint32_t
bytes_load4 (const uint8_t *at)
{
    uint32_t word;
    memcpy (&word, at, sizeof word);
    return word;
}

//  Names and keys are short: comparing them here is cheaper than a call. The last word overlaps the
//  one before it.
static inline bool
bytes_equal (bytes_t a, bytes_t b)
{
    size_t size = a.size;
    if (size != b.size)
        return false;
    if (size > 64)
        return memcmp (a.data, b.data, size) == 0;
    if (size >= 8) {
        for (size_t at = 0; at + 8 < size; at += 8)
            if (bytes_load8 (a.data + at) != bytes_load8 (b.data + at))
                return false;
        return bytes_load8 (a.data + size - 8) == bytes_load8 (b.data + size - 8);
    }
    if (size >= 4)
        return bytes_load4 (a.data) == bytes_load4 (b.data)
               && bytes_load4 (a.data + size - 4) == bytes_load4 (b.data + size - 4);
    for (size_t at = 0; at < size; at++)
        if (a.data[at] != b.data[at])
            return false;
    return true;
}

#endif
