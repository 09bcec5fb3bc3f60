//  say: replies to a Redis client, RESP2 and RESP3 (Redis serialization protocol specification). What RESP3
//  has words for and RESP2 has not is said as Redis 7 says it to a client of RESP2.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SAY_H_INCLUDED
#define SAY_H_INCLUDED

#include "../buf.h"

typedef struct {
    buf_t *out;
    unsigned protocol; // 2 or 3
} say_t;

//  +text, -text: without line ends, which become spaces. An error begins with its word ("ERR …").
void
    say_status (say_t say, const char *text);
void
    say_error (say_t say, const char *text);
void
    say_error_bytes (say_t say, bytes_t text);
//  At most 1,023 bytes of it.
__attribute__ ((format (printf, 2, 3))) void
    say_errorf (say_t say, const char *format, ...);
void
    say_int (say_t say, int64_t number);
void
    say_bulk (say_t say, bytes_t bytes);
void
    say_text (say_t say, const char *text); // A bulk
//  RESP2: $-1. Of an array: *-1. RESP3: _ for both.
void
    say_nil (say_t say);
void
    say_nil_array (say_t say);
//  RESP2: 1 and 0
void
    say_bool (say_t say, bool yes);
//  Seventeen digits, as Redis 7 says it. RESP2: a bulk
void
    say_double (say_t say, double number);
//  A bulk in RESP2. format: three letters, "txt" or "mkd"
void
    say_verbatim (say_t say, const char *format, bytes_t text);
//  Heads: that many elements follow; of a map, so many pairs (RESP2: an array of twice as many)
void
    say_array (say_t say, uint64_t count);
void
    say_map (say_t say, uint64_t pairs);
void
    say_set (say_t say, uint64_t count);
//  RESP2: an array
void
    say_push (say_t say, uint64_t count);

#endif
