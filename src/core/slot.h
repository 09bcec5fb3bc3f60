//  slot: from a key to its slot, and from the slot to its partition.
//
//  The slot is CRC16/XMODEM mod 16384 over the key, or over what stands between the first '{' and
//  the first '}' after it, if that is not empty (Redis Cluster specification, "Hash tags"). The
//  map's name is not part of it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SLOT_H_INCLUDED
#define SLOT_H_INCLUDED

#include "bytes.h"

#define SLOT_COUNT 16384u

//  CRC16/XMODEM: polynomial 0x1021, initial value 0, not reflected.
uint16_t
    slot_crc16 (const uint8_t *data, size_t size);

//  0 … SLOT_COUNT - 1
uint32_t
    slot_of_key (bytes_t key);

//  0 … partitions - 1; partitions is 1 … SLOT_COUNT
static inline uint32_t
slot_partition (uint32_t slot, uint32_t partitions)
{
    return slot * partitions / SLOT_COUNT;
}

#endif
