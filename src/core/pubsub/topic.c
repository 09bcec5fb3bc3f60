//  topic: see topic.h.
//  SPDX-License-Identifier: MPL-2.0
#include "topic.h"

bool
topic_name_valid (bytes_t name)
{
    return name.size && name.size <= TOPIC_NAME_MAX && !memchr (name.data, 0, name.size);
}

topic_kind_t
topic_read (bytes_t frame, bytes_t *name)
{
    *name = bytes_of (NULL, 0);
    if (frame.size < 3 || frame.size > TOPIC_SIZE_MAX || frame.data[frame.size - 1] != 0)
        return TOPIC_NONE;
    uint8_t kind = frame.data[0];
    *name = bytes_of (frame.data + 1, frame.size - 2);
    if ((kind != TOPIC_CHANNEL && kind != TOPIC_PATTERN && kind != TOPIC_SYNC) || !topic_name_valid (*name))
        return TOPIC_NONE;
    return (topic_kind_t) kind;
}

size_t
topic_write (topic_kind_t kind, bytes_t name, uint8_t *frame)
{
    frame[0] = (uint8_t) kind;
    memcpy (frame + 1, name.data, name.size);
    frame[name.size + 1] = 0;
    return name.size + 2;
}

uint64_t
topic_cost (bytes_t pattern)
{
    const uint8_t *star = memchr (pattern.data, '*', pattern.size);
    //  Up to the first star nothing is tried twice; behind a star that ends the pattern nothing at all
    if (!star || (size_t) (star - pattern.data) + 1 == pattern.size)
        return pattern.size + 1;
    return (uint64_t) (TOPIC_NAME_MAX + 1) * (pattern.size + 1);
}
