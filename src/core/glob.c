//  glob: see glob.h. Only the last star is ever tried again, which is enough: what an earlier star
//  matched can stay as short as it was.
//  SPDX-License-Identifier: MPL-2.0
#include "glob.h"

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

//  One element of the pattern against one byte. Returns where the pattern goes on, 0: no match. A
//  class counts with its length.
static size_t
s_element (bytes_t pattern, size_t at, uint8_t byte, uint64_t *steps)
{
    bool matches;
    uint8_t head = pattern.data[at];
    if (head == '?')
        return at + 1;
    if (head == '[') {
        size_t next = s_class (pattern, at + 1, byte, &matches);
        *steps += next - at - 1;
        return matches ? next : 0;
    }
    if (head == '\\' && at + 1 < pattern.size)
        head = pattern.data[++at];
    return head == byte ? at + 1 : 0;
}

bool
glob_match (bytes_t pattern, bytes_t name, uint64_t *steps)
{
    size_t at = 0, in = 0;             // In the pattern, in the name
    size_t star = SIZE_MAX, again = 0; // Behind the last star, and where in the name to try next
    while (in < name.size) {
        ++*steps;
        if (at < pattern.size && pattern.data[at] == '*') {
            star = ++at;
            again = in;
            continue;
        }
        size_t next = at < pattern.size ? s_element (pattern, at, name.data[in], steps) : 0;
        if (next) {
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
