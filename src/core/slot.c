//  slot: see slot.h. CRC eight bytes at a time ("slicing-by-8": Kounavis and Berry, "A Systematic
//  Approach to Building High Performance Software-Based CRC Generators", ISCC 2005). The tables are
//  computed once, before main.
//  SPDX-License-Identifier: MPL-2.0
#include "slot.h"

static uint16_t s_table[8][256];

__attribute__ ((constructor)) static void
s_make_table (void)
{
    for (unsigned at = 0; at < 256; at++) {
        unsigned crc = at << 8;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1;
        s_table[0][at] = (uint16_t) crc;
    }
    for (int row = 1; row < 8; row++)
        for (unsigned at = 0; at < 256; at++) {
            uint16_t crc = s_table[row - 1][at];
            s_table[row][at] = (uint16_t) (crc << 8) ^ s_table[0][crc >> 8];
        }
}

uint16_t
slot_crc16 (const uint8_t *data, size_t size)
{
    uint16_t crc = 0;
    while (size >= 8) {
        crc = s_table[7][data[0] ^ (crc >> 8)] ^ s_table[6][data[1] ^ (crc & 0xff)] ^ s_table[5][data[2]]
              ^ s_table[4][data[3]] ^ s_table[3][data[4]] ^ s_table[2][data[5]] ^ s_table[1][data[6]]
              ^ s_table[0][data[7]];
        data += 8;
        size -= 8;
    }
    while (size--)
        crc = (uint16_t) (crc << 8) ^ s_table[0][(crc >> 8) ^ *data++];
    return crc;
}

//  The first '{', or NULL. Eight bytes at a time: a byte of `word` is zero where the key has one
//  (Mycroft's test for a zero byte).
static const uint8_t *
s_find_open (bytes_t key)
{
    size_t at = 0;
    for (; at + 8 <= key.size; at += 8) {
        uint64_t word = bytes_load8 (key.data + at) ^ UINT64_C (0x7b7b7b7b7b7b7b7b);
        if ((word - UINT64_C (0x0101010101010101)) & ~word & UINT64_C (0x8080808080808080))
            break;
    }
    //  Found in the last word, or among the bytes behind it
    for (; at < key.size; at++)
        if (key.data[at] == '{')
            return key.data + at;
    return NULL;
}

uint32_t
slot_of_key (bytes_t key)
{
    const uint8_t *open = s_find_open (key);
    if (open) {
        const uint8_t *start = open + 1;
        const uint8_t *end = key.data + key.size;
        const uint8_t *close = memchr (start, '}', (size_t) (end - start));
        if (close && close > start)
            return slot_crc16 (start, (size_t) (close - start)) % SLOT_COUNT;
    }
    return slot_crc16 (key.data, key.size) % SLOT_COUNT;
}
