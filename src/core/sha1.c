//  sha1: see sha1.h. The names are those of FIPS 180-4.
//  SPDX-License-Identifier: MPL-2.0
#include "sha1.h"

#define S_BLOCK 64

static uint32_t
s_rotate (uint32_t word, unsigned by)
{
    return word << by | word >> (32 - by);
}

//  6.1.2, of one block.
static void
s_block (uint32_t h[5], const uint8_t *block)
{
    uint32_t w[80], a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
    for (unsigned t = 0; t < 16; t++)
        w[t] = (uint32_t) block[4 * t] << 24 | (uint32_t) block[4 * t + 1] << 16
               | (uint32_t) block[4 * t + 2] << 8 | block[4 * t + 3];
    for (unsigned t = 16; t < 80; t++)
        w[t] = s_rotate (w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (unsigned t = 0; t < 80; t++) {
        uint32_t f = t < 20   ? ((b & c) ^ (~b & d)) + 0x5a827999u
                     : t < 40 ? (b ^ c ^ d) + 0x6ed9eba1u
                     : t < 60 ? ((b & c) ^ (b & d) ^ (c & d)) + 0x8f1bbcdcu
                              : (b ^ c ^ d) + 0xca62c1d6u;
        uint32_t next = s_rotate (a, 5) + f + e + w[t];
        e = d;
        d = c;
        c = s_rotate (b, 30);
        b = a;
        a = next;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
}

void
sha1 (bytes_t message, uint8_t digest[SHA1_SIZE])
{
    uint32_t h[5] = { 0x67452301u, 0xefcdab89u, 0x98badcfeu, 0x10325476u, 0xc3d2e1f0u };
    uint8_t last[2 * S_BLOCK] = { 0 };
    size_t whole = message.size / S_BLOCK * S_BLOCK, rest = message.size - whole;
    size_t size = rest < S_BLOCK - 8 ? S_BLOCK : 2 * S_BLOCK;
    for (size_t at = 0; at < whole; at += S_BLOCK)
        s_block (h, message.data + at);
    //  5.1.1: a one, zeros, and the length in bits
    if (rest)
        memcpy (last, message.data + whole, rest);
    last[rest] = 0x80;
    for (unsigned byte = 0; byte < 8; byte++)
        last[size - 1 - byte] = (uint8_t) ((uint64_t) message.size * 8 >> 8 * byte);
    for (size_t at = 0; at < size; at += S_BLOCK)
        s_block (h, last + at);
    for (unsigned byte = 0; byte < SHA1_SIZE; byte++)
        digest[byte] = (uint8_t) (h[byte / 4] >> (24 - 8 * (byte % 4)));
}
