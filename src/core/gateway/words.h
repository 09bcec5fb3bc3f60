//  words: what stands in an argument: a word in any case, a number.
//  SPDX-License-Identifier: MPL-2.0
#ifndef WORDS_H_INCLUDED
#define WORDS_H_INCLUDED

#include "../bytes.h"

//  True if it is that word, which is given in upper case.
static inline bool
word_is (bytes_t word, const char *name)
{
    size_t size = strlen (name);
    if (word.size != size)
        return false;
    for (size_t at = 0; at < size; at++) {
        uint8_t letter = word.data[at];
        if ((letter >= 'a' && letter <= 'z' ? letter - 32 : letter) != (uint8_t) name[at])
            return false;
    }
    return true;
}

//  A decimal integer as Redis takes it: "-" before it or not, no "+", no spaces, no zeros before others.
static inline bool
word_int (bytes_t word, int64_t *number)
{
    bool minus = word.size && word.data[0] == '-';
    size_t at = minus;
    uint64_t sum = 0, most = (uint64_t) INT64_MAX + minus;
    if (at == word.size || (word.data[at] == '0' && word.size > 1))
        return false;
    for (; at < word.size; at++) {
        uint8_t digit = (uint8_t) (word.data[at] - '0');
        if (digit > 9 || sum > (most - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *number = minus ? (int64_t) (0 - sum) : (int64_t) sum;
    return true;
}

#endif
