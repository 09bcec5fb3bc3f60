//  fuzz_resp: however the bytes of a Redis client are cut, the same commands are found, and the same end; a
//  command written as an array is read as itself. Two bytes in front say how the rest is cut, and the limits.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <stdlib.h>

#include "fuzz/fuzz.h"
#include "gateway/resp.h"
#include "gateway/say.h"

static resp_limits_t s_limits;

//  Commands as arrays of bulks, and how it ended.
static void
s_tell (buf_t *told, const resp_t *resp, resp_step_t step)
{
    uint32_t count;
    const bytes_t *args = resp_args (resp, &count);
    say_t say = { told, 2 };
    if (step == RESP_COMMAND) {
        say_array (say, count);
        for (uint32_t at = 0; at < count; at++)
            say_bulk (say, args[at]);
    } else if (step == RESP_BAD)
        say_error_bytes (say, resp_error (resp));
    else
        say_status (say, "hostile");
}

//  Pieces of `piece` bytes, 0: all at once. What is given stands in memory of its own, no larger than itself.
//  Returns false if it was refused.
static bool
s_read (bytes_t input, size_t piece, buf_t *told)
{
    resp_t *resp = resp_new (&s_limits);
    assert (resp);
    size_t from = 0, end = 0, used;
    resp_step_t step = RESP_MORE;
    while (end < input.size && step == RESP_MORE) {
        end = piece && input.size - end > piece ? end + piece : input.size;
        do {
            size_t size = end - from;
            uint8_t *copy = malloc (size ? size : 1);
            assert (copy);
            memcpy (copy, input.data + from, size);
            step = resp_next (resp, bytes_of (copy, size), &used);
            assert (step != RESP_NOMEM && used <= size && (used || step != RESP_COMMAND));
            if (step != RESP_MORE)
                s_tell (told, resp, step);
            free (copy);
            from += used;
        } while (step == RESP_COMMAND);
    }
    resp_destroy (&resp);
    return step == RESP_MORE;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (size < 2 || size > 4096)
        return 0;
    bool guest = data[1] & 1;
    s_limits.args_max = guest ? RESP_GUEST_ARGS_MAX : RESP_ARGS_MAX;
    s_limits.bulk_max = guest ? RESP_GUEST_BULK_MAX : UINT64_C (512) << 20;
    s_limits.request_max = data[1] & 2 ? 100 : UINT64_C (1) << 30;
    bytes_t input = bytes_of (data + 2, size - 2);
    buf_t whole = BUF_INIT, cut = BUF_INIT, again = BUF_INIT;
    bool fine = s_read (input, 0, &whole);
    bool fine_cut = s_read (input, data[0] ? data[0] : 1, &cut);
    assert (!whole.failed && !cut.failed);
    assert (fine == fine_cut && bytes_equal (buf_bytes (&whole), buf_bytes (&cut)));
    if (fine && !guest && !(data[1] & 2)) {
        bool fine_again = s_read (buf_bytes (&whole), 0, &again);
        assert (fine_again && bytes_equal (buf_bytes (&whole), buf_bytes (&again)));
    }
    buf_clear (&whole);
    buf_clear (&cut);
    buf_clear (&again);
    return 0;
}
