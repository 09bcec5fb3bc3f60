//  hash: from a key to its place in a table: XXH3 with a secret that clients do not know, so that
//  nobody can choose keys that collide. Slots (slot.h) are another hash, and public.
//  SPDX-License-Identifier: MPL-2.0
#ifndef HASH_H_INCLUDED
#define HASH_H_INCLUDED

#include "bytes.h"

#define HASH_SEED_SIZE 16    // Bytes of secret that the cluster shares
#define HASH_SECRET_SIZE 192 // What XXH3 makes of it

typedef struct {
    uint8_t bytes[HASH_SECRET_SIZE];
} hash_secret_t;

//  Expands the cluster's 128-bit secret. The same seed gives the same hashes on every member.
void
    hash_secret (hash_secret_t *secret, const uint8_t seed[HASH_SEED_SIZE]);

uint64_t
    hash_key (const hash_secret_t *secret, bytes_t key);

//  XXH3 without a secret: tells what differs by chance, not by intent.
uint64_t
    hash_bytes (bytes_t bytes);

#endif
