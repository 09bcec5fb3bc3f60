//  text: see text.h.
//  SPDX-License-Identifier: MPL-2.0
#include "text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

#define QUOTED_MAX 60 // Bytes of somebody's text in a message

void
text_printf (buf_t *out, const char *format, ...)
{
    if (!out)
        return;
    va_list arguments, again;
    va_start (arguments, format);
    va_copy (again, arguments);
    int size = vsnprintf (NULL, 0, format, arguments);
    //  One byte more for the zero that vsnprintf puts at the end
    if (size > 0 && buf_reserve (out, (size_t) size + 1)) {
        vsnprintf ((char *) out->data + out->size, (size_t) size + 1, format, again);
        out->size += (size_t) size;
    }
    va_end (again);
    va_end (arguments);
}

void
text_quote (buf_t *out, bytes_t text)
{
    if (!out)
        return;
    buf_add (out, "\"", 1);
    size_t at = 0;
    while (at < text.size) {
        size_t size = utf8_sequence (text.data + at, text.size - at);
        if (at + (size ? size : 1) > QUOTED_MAX) {
            buf_add (out, "...", 3);
            break;
        }
        //  U+0080 to U+009f are control characters, too
        bool control = size == 1 ? text.data[at] < 0x20 || text.data[at] == 0x7f
                                 : size == 2 && text.data[at] == 0xc2 && text.data[at + 1] < 0xa0;
        if (size == 0 || control)
            buf_add (out, "?", 1);
        else
            buf_add (out, text.data + at, size);
        at += size ? size : 1;
    }
    buf_add (out, "\"", 1);
}

static bool
s_same (uint8_t a, uint8_t b)
{
    return tolower (a) == tolower (b);
}

unsigned
text_distance (bytes_t a, bytes_t b)
{
    if (a.size > TEXT_NEAR_MAX || b.size > TEXT_NEAR_MAX)
        return TEXT_FAR;
    unsigned rows[3][TEXT_NEAR_MAX + 1]; // The present row of the table, and the two before it
    for (size_t j = 0; j <= b.size; j++)
        rows[0][j] = (unsigned) j;
    for (size_t i = 1; i <= a.size; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = (unsigned) i;
        for (size_t j = 1; j <= b.size; j++) {
            unsigned best = above[j - 1] + (s_same (a.data[i - 1], b.data[j - 1]) ? 0 : 1);
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && s_same (a.data[i - 1], b.data[j - 2])
                           && s_same (a.data[i - 2], b.data[j - 1]);
            if (swapped && two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a.size % 3][b.size];
}
