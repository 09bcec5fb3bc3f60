//  utf8: what is UTF-8 and what is not (RFC 3629, section 4).
//  SPDX-License-Identifier: MPL-2.0
#ifndef UTF8_H_INCLUDED
#define UTF8_H_INCLUDED

#include "bytes.h"

//  Bytes of the UTF-8 sequence at the start of at[0 … left - 1], 1 to 4; 0 if there is none: a stray
//  byte, a sequence cut short, an overlong form, a surrogate, or a number past U+10FFFF.
static inline size_t
utf8_sequence (const uint8_t *at, size_t left)
{
    if (left == 0)
        return 0;
    if (at[0] < 0x80)
        return 1;
    size_t size = at[0] < 0xc2 ? 0 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : at[0] < 0xf5 ? 4 : 0;
    if (size == 0 || left < size)
        return 0;
    for (size_t index = 1; index < size; index++)
        if ((at[index] & 0xc0) != 0x80)
            return 0;
    bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
    bool surrogate = at[0] == 0xed && at[1] >= 0xa0;
    bool too_large = at[0] == 0xf4 && at[1] >= 0x90;
    return overlong || surrogate || too_large ? 0 : size;
}

//  True if all of it is UTF-8; a zero byte is, too.
static inline bool
utf8_is_valid (bytes_t bytes)
{
    for (size_t at = 0; at < bytes.size;) {
        size_t size = utf8_sequence (bytes.data + at, bytes.size - at);
        if (size == 0)
            return false;
        at += size;
    }
    return true;
}

//  True if all of it is UTF-8 and no byte is zero.
static inline bool
utf8_is_text (bytes_t bytes)
{
    return utf8_is_valid (bytes) && (bytes.size == 0 || !memchr (bytes.data, 0, bytes.size));
}

#endif
