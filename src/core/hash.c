//  hash: see hash.h.
//  SPDX-License-Identifier: MPL-2.0
#include "hash.h"

#include <assert.h>

#define XXH_INLINE_ALL
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

void
hash_secret (hash_secret_t *secret, const uint8_t seed[HASH_SEED_SIZE])
{
    _Static_assert(HASH_SECRET_SIZE >= XXH3_SECRET_SIZE_MIN, "XXH3 needs a longer secret");
    XXH_errorcode code = XXH3_generateSecret (secret->bytes, HASH_SECRET_SIZE, seed, HASH_SEED_SIZE);
    assert (code == XXH_OK);
    (void) code;
}

uint64_t
hash_key (const hash_secret_t *secret, bytes_t key)
{
    return XXH3_64bits_withSecret (key.data, key.size, secret->bytes, HASH_SECRET_SIZE);
}

uint64_t
hash_bytes (bytes_t bytes)
{
    return XXH3_64bits (bytes.data, bytes.size);
}
