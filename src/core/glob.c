//  glob: see glob.h. Only the last star is ever tried again, which is enough: what an earlier star
//  matched can stay as short as it was. That is fast for names and patterns as people have them. Where
//  it takes long all the same, every way through the pattern is followed at once, 64 of its elements a
//  step: R. Baeza-Yates, G. Gonnet, "A new approach to text searching", 1992.
//  SPDX-License-Identifier: MPL-2.0
#include "glob.h"

#define S_PATIENCE 65536 // Steps of the first way
#define S_WORDS (GLOB_PATTERN_MAX / 64 + 1)

//  A class from behind its '[' on. Returns where the pattern goes on; a class that does not end
//  reaches to the end of the pattern.
static size_t
s_class (bytes_t pattern, size_t at, uint8_t byte, bool *matches)
{
    bool negated = at < pattern.size && pattern.data[at] == '^';
    bool inside = false;
    at += negated;
    while (at < pattern.size && pattern.data[at] != ']') {
        if (pattern.data[at] == '\\' && at + 1 < pattern.size)
            at++;
        uint8_t low = pattern.data[at++];
        uint8_t high = low;
        if (at + 1 < pattern.size && pattern.data[at] == '-' && pattern.data[at + 1] != ']') {
            at++;
            if (pattern.data[at] == '\\' && at + 1 < pattern.size)
                at++;
            high = pattern.data[at++];
        }
        if (low > high) {
            uint8_t swap = low;
            low = high;
            high = swap;
        }
        inside = inside || (byte >= low && byte <= high);
    }
    *matches = inside != negated;
    return at < pattern.size ? at + 1 : at;
}

//  One element of the pattern, no star, against one byte. Returns where the pattern goes on. A class
//  counts with its length.
static size_t
s_element (bytes_t pattern, size_t at, uint8_t byte, bool *matches, uint64_t *steps)
{
    uint8_t head = pattern.data[at];
    *matches = true;
    if (head == '?')
        return at + 1;
    if (head == '[') {
        size_t next = s_class (pattern, at + 1, byte, matches);
        *steps += next - at - 1;
        return next;
    }
    if (head == '\\' && at + 1 < pattern.size)
        head = pattern.data[++at];
    *matches = head == byte;
    return at + 1;
}

//  ------------------------------------------------------------------------------------------------
//  All ways at once

//  A state is how many elements have matched. accepts: by byte, the states whose next element takes it;
//  stays: those with a star before their next element.
typedef struct {
    uint64_t accepts[256][S_WORDS];
    uint64_t stays[S_WORDS];
    size_t elements, words;
} s_states_t;

static void
s_set (uint64_t *words, size_t bit)
{
    words[bit / 64] |= UINT64_C (1) << bit % 64;
}

static void
s_compile (s_states_t *self, bytes_t pattern, uint64_t *steps)
{
    memset (self, 0, sizeof *self);
    for (size_t at = 0; at < pattern.size;) {
        if (pattern.data[at] == '*') {
            s_set (self->stays, self->elements);
            at++;
            continue;
        }
        size_t next = at;
        for (unsigned byte = 0; byte < 256; byte++) {
            bool matches;
            next = s_element (pattern, at, (uint8_t) byte, &matches, steps);
            if (matches)
                s_set (self->accepts[byte], self->elements);
        }
        *steps += 256;
        self->elements++;
        at = next;
    }
    self->words = self->elements / 64 + 1;
}

static bool
s_match_all_ways (bytes_t pattern, bytes_t name, uint64_t *steps)
{
    s_states_t states;
    uint64_t active[S_WORDS] = { 1 };
    s_compile (&states, pattern, steps);
    for (size_t in = 0; in < name.size; in++) {
        const uint64_t *accepts = states.accepts[name.data[in]];
        uint64_t carry = 0, any = 0;
        for (size_t at = 0; at < states.words; at++) {
            uint64_t moves = active[at] & accepts[at];
            active[at] = (active[at] & states.stays[at]) | moves << 1 | carry;
            carry = moves >> 63;
            any |= active[at];
        }
        *steps += states.words;
        if (!any)
            return false;
    }
    return active[states.elements / 64] >> states.elements % 64 & 1;
}

//  ------------------------------------------------------------------------------------------------

bool
glob_match_within (bytes_t pattern, bytes_t name, uint64_t patience, uint64_t *steps)
{
    size_t at = 0, in = 0;             // In the pattern, in the name
    size_t star = SIZE_MAX, again = 0; // Behind the last star, and where in the name to try next
    uint64_t until = *steps + patience;
    while (in < name.size) {
        if (++*steps > until && pattern.size <= GLOB_PATTERN_MAX)
            return s_match_all_ways (pattern, name, steps);
        if (at < pattern.size && pattern.data[at] == '*') {
            star = ++at;
            again = in;
            if (at == pattern.size)
                return true;
            continue;
        }
        bool matches = false;
        size_t next = at < pattern.size ? s_element (pattern, at, name.data[in], &matches, steps) : 0;
        if (matches) {
            at = next;
            in++;
        } else if (star != SIZE_MAX) {
            at = star;
            in = ++again;
        } else
            return false;
    }
    while (at < pattern.size && pattern.data[at] == '*')
        at++;
    return at == pattern.size;
}

bool
glob_match (bytes_t pattern, bytes_t name, uint64_t *steps)
{
    return glob_match_within (pattern, name, S_PATIENCE, steps);
}
