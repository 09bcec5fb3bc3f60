//  say: see say.h.
//  SPDX-License-Identifier: MPL-2.0
#include "say.h"

#include <stdarg.h>
#include <stdio.h>

//  A line: its first letter, a number.
static void
s_head (say_t say, char letter, uint64_t number)
{
    uint8_t text[24], *at = text + sizeof text;
    *--at = '\n';
    *--at = '\r';
    do
        *--at = (uint8_t) ('0' + number % 10);
    while (number /= 10);
    *--at = (uint8_t) letter;
    buf_add (say.out, at, (size_t) (text + sizeof text - at));
}

static void
s_line (say_t say, char letter, bytes_t text)
{
    buf_add (say.out, &letter, 1);
    size_t first = say.out->size;
    buf_add (say.out, text.data, text.size);
    for (size_t at = first; at < say.out->size; at++)
        if (say.out->data[at] == '\r' || say.out->data[at] == '\n')
            say.out->data[at] = ' ';
    buf_add (say.out, "\r\n", 2);
}

void
say_status (say_t say, const char *text)
{
    s_line (say, '+', bytes_str (text));
}

void
say_error (say_t say, const char *text)
{
    s_line (say, '-', bytes_str (text));
}

void
say_error_bytes (say_t say, bytes_t text)
{
    s_line (say, '-', text);
}

void
say_errorf (say_t say, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    say_error (say, text);
}

void
say_int (say_t say, int64_t number)
{
    if (number >= 0) {
        s_head (say, ':', (uint64_t) number);
        return;
    }
    buf_add (say.out, ":", 1);
    s_head (say, '-', 0 - (uint64_t) number);
}

void
say_bulk (say_t say, bytes_t bytes)
{
    if (!buf_reserve (say.out, bytes.size + 32))
        return;
    s_head (say, '$', bytes.size);
    buf_add (say.out, bytes.data, bytes.size);
    buf_add (say.out, "\r\n", 2);
}

void
say_text (say_t say, const char *text)
{
    say_bulk (say, bytes_str (text));
}

void
say_nil (say_t say)
{
    const char *text = say.protocol == 3 ? "_\r\n" : "$-1\r\n";
    buf_add (say.out, text, strlen (text));
}

void
say_nil_array (say_t say)
{
    const char *text = say.protocol == 3 ? "_\r\n" : "*-1\r\n";
    buf_add (say.out, text, strlen (text));
}

void
say_bool (say_t say, bool yes)
{
    if (say.protocol == 3)
        buf_add (say.out, yes ? "#t\r\n" : "#f\r\n", 4);
    else
        say_int (say, yes);
}

void
say_double (say_t say, double number)
{
    char text[40];
    int size = snprintf (text, sizeof text, "%.17g", number);
    if (say.protocol == 3)
        s_line (say, ',', bytes_of (text, (size_t) size));
    else
        say_bulk (say, bytes_of (text, (size_t) size));
}

void
say_verbatim (say_t say, const char *format, bytes_t text)
{
    if (say.protocol != 3) {
        say_bulk (say, text);
        return;
    }
    s_head (say, '=', text.size + 4);
    buf_add (say.out, format, 3);
    buf_add (say.out, ":", 1);
    buf_add (say.out, text.data, text.size);
    buf_add (say.out, "\r\n", 2);
}

void
say_array (say_t say, uint64_t count)
{
    s_head (say, '*', count);
}

void
say_map (say_t say, uint64_t pairs)
{
    s_head (say, say.protocol == 3 ? '%' : '*', say.protocol == 3 ? pairs : 2 * pairs);
}

void
say_set (say_t say, uint64_t count)
{
    s_head (say, say.protocol == 3 ? '~' : '*', count);
}

void
say_push (say_t say, uint64_t count)
{
    s_head (say, say.protocol == 3 ? '>' : '*', count);
}
