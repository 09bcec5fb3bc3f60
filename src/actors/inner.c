//  inner: see inner.h. A message is a head, one MessagePack array of numbers, and four frames of bytes.
//  SPDX-License-Identifier: MPL-2.0
#include "inner.h"

#define S_NUMBERS 12
#define S_FRAMES 5

bool
inner_send (void *handle, const bytes_t *route, const inner_t *message)
{
    buf_t head = BUF_INIT;
    wire_add_array (&head, S_NUMBERS);
    wire_add_uint (&head, message->kind);
    wire_add_uint (&head, message->index);
    wire_add_uint (&head, message->what);
    wire_add_uint (&head, message->partition);
    wire_add_uint (&head, message->epoch);
    wire_add_uint (&head, message->node);
    wire_add_uint (&head, message->number);
    wire_add_uint (&head, message->hello_pairs);
    wire_add_uint (&head, message->state);
    wire_add_uint (&head, message->entries);
    wire_add_uint (&head, message->bytes);
    wire_add_uint (&head, message->total);
    bytes_t frames[S_FRAMES] = { buf_bytes (&head), message->view, message->hello, message->routes,
                                 message->record };
    bytes_t none = bytes_of (NULL, 0);
    bool sent = !head.failed
                && frames_send (handle, route ? *route : none, none, frames, S_FRAMES, NULL) == 0;
    buf_clear (&head);
    return sent;
}

bool
inner_receive (void *handle, frames_t *frames, bool routed, inner_t *message)
{
    *message = (inner_t) { .kind = 0 };
    if (!frames_receive (frames, handle))
        return false;
    size_t first = routed ? 1 : 0;
    if (frames->count != first + S_FRAMES || frames->overflow)
        return true;
    const bytes_t *parts = frames->frames + first;
    mp_t reader = mp_of (parts[0]);
    uint32_t count = 0;
    uint64_t numbers[S_NUMBERS] = { 0 };
    bool good = mp_array (&reader, &count) && count == S_NUMBERS;
    for (size_t at = 0; good && at < S_NUMBERS; at++)
        good = mp_uint (&reader, &numbers[at]);
    if (!good || numbers[0] < INNER_HERE || numbers[0] >= INNER_LIMIT)
        return true;
    *message = (inner_t) { .kind = (inner_kind_t) numbers[0],
                           .index = (uint32_t) numbers[1],
                           .what = (peer_type_t) numbers[2],
                           .partition = (uint32_t) numbers[3],
                           .epoch = numbers[4],
                           .node = numbers[5],
                           .number = numbers[6],
                           .hello_pairs = (uint32_t) numbers[7],
                           .state = (uint32_t) numbers[8],
                           .entries = numbers[9],
                           .bytes = numbers[10],
                           .total = numbers[11],
                           .view = parts[1],
                           .hello = parts[2],
                           .routes = parts[3],
                           .record = parts[4] };
    return true;
}
