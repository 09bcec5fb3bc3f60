//  sha1: SHA-1 (FIPS 180-4, 6.1), by which Redis clients name scripts. Not for anything that must be kept
//  from forgers.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SHA1_H_INCLUDED
#define SHA1_H_INCLUDED

#include "bytes.h"

#define SHA1_SIZE 20

void
    sha1 (bytes_t message, uint8_t digest[SHA1_SIZE]);

#endif
