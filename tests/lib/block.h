//  block: bytes in a heap block of exactly their size, so that AddressSanitizer sees every look past
//  the end.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BLOCK_H_INCLUDED
#define BLOCK_H_INCLUDED

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>

#include "bytes.h"

//  A copy. The caller frees it with block_free.
static inline bytes_t
block_of (const void *data, size_t size)
{
    uint8_t *copy = malloc (size ? size : 1);
    assert (copy);
    if (size)
        memcpy (copy, data, size);
    return bytes_of (copy, size);
}

static inline unsigned
block_digit (char digit)
{
    assert (isxdigit ((unsigned char) digit));
    return isdigit ((unsigned char) digit) ? (unsigned) (digit - '0')
                                           : (unsigned) (tolower ((unsigned char) digit) - 'a' + 10);
}

//  The bytes of "dd 00 ff"; blanks may stand anywhere between them.
static inline bytes_t
block_hex (const char *hex)
{
    uint8_t *bytes = malloc (strlen (hex) / 2 + 1);
    assert (bytes);
    size_t size = 0;
    while (*hex) {
        if (isspace ((unsigned char) *hex)) {
            hex++;
            continue;
        }
        bytes[size++] = (uint8_t) (block_digit (hex[0]) << 4 | block_digit (hex[1]));
        hex += 2;
    }
    bytes_t block = block_of (bytes, size);
    free (bytes);
    return block;
}

static inline void
block_free (bytes_t block)
{
    free ((void *) (uintptr_t) block.data);
}

#endif
