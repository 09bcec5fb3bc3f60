//  say: see say.h.
//  SPDX-License-Identifier: MPL-2.0
#include "say.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

//  Kind, number, line end. Numbers are said with most replies: this is shorter than printing them.
static void
s_head (say_t say, char kind, uint64_t number, bool minus)
{
    char text[32];
    size_t at = sizeof text;
    text[--at] = '\n';
    text[--at] = '\r';
    do
        text[--at] = (char) ('0' + number % 10);
    while (number /= 10);
    if (minus)
        text[--at] = '-';
    text[--at] = kind;
    buf_add (say.out, text + at, sizeof text - at);
}

static void
s_line (say_t say, const char *kind, bytes_t text)
{
    if (!buf_reserve (say.out, text.size + 4))
        return;
    buf_add (say.out, kind, strlen (kind));
    uint8_t *to = say.out->data + say.out->size;
    for (size_t at = 0; at < text.size; at++)
        to[at] = text.data[at] == '\r' || text.data[at] == '\n' ? ' ' : text.data[at];
    say.out->size += text.size;
    buf_add (say.out, "\r\n", 2);
}

void
say_status (say_t say, const char *text)
{
    s_line (say, "+", bytes_str (text));
}

void
say_error (say_t say, const char *text)
{
    s_line (say, "-", bytes_str (text));
}

void
say_error_bytes (say_t say, bytes_t text)
{
    s_line (say, "-", text);
}

void
say_errorf (say_t say, const char *format, ...)
{
    char text[1024];
    va_list list;
    va_start (list, format);
    vsnprintf (text, sizeof text, format, list);
    va_end (list);
    say_error (say, text);
}

void
say_int (say_t say, int64_t number)
{
    s_head (say, ':', number < 0 ? 0 - (uint64_t) number : (uint64_t) number, number < 0);
}

void
say_bulk (say_t say, bytes_t bytes)
{
    if (!buf_reserve (say.out, bytes.size + 32))
        return;
    s_head (say, '$', bytes.size, false);
    buf_add (say.out, bytes.data, bytes.size);
    buf_add (say.out, "\r\n", 2);
}

void
say_text (say_t say, const char *text)
{
    say_bulk (say, bytes_str (text));
}

static void
s_text (say_t say, const char *text)
{
    buf_add (say.out, text, strlen (text));
}

void
say_nil (say_t say)
{
    s_text (say, say.protocol < 3 ? "$-1\r\n" : "_\r\n");
}

void
say_nil_array (say_t say)
{
    s_text (say, say.protocol < 3 ? "*-1\r\n" : "_\r\n");
}

void
say_bool (say_t say, bool yes)
{
    if (say.protocol < 3)
        say_int (say, yes);
    else
        s_text (say, yes ? "#t\r\n" : "#f\r\n");
}

void
say_double (say_t say, double number)
{
    char text[40];
    if (isinf (number))
        snprintf (text, sizeof text, "%s", number < 0 ? "-inf" : "inf");
    else
        snprintf (text, sizeof text, "%.17g", number);
    if (say.protocol < 3)
        say_text (say, text);
    else
        s_line (say, ",", bytes_str (text));
}

void
say_verbatim (say_t say, const char *format, bytes_t text)
{
    if (say.protocol < 3) {
        say_bulk (say, text);
        return;
    }
    if (!buf_reserve (say.out, text.size + 40))
        return;
    s_head (say, '=', text.size + 4, false);
    buf_add (say.out, format, 3);
    buf_add (say.out, ":", 1);
    buf_add (say.out, text.data, text.size);
    buf_add (say.out, "\r\n", 2);
}

void
say_array (say_t say, uint64_t count)
{
    s_head (say, '*', count, false);
}

void
say_map (say_t say, uint64_t pairs)
{
    s_head (say, say.protocol < 3 ? '*' : '%', say.protocol < 3 ? pairs * 2 : pairs, false);
}

void
say_set (say_t say, uint64_t count)
{
    s_head (say, say.protocol < 3 ? '*' : '~', count, false);
}

void
say_push (say_t say, uint64_t count)
{
    s_head (say, say.protocol < 3 ? '*' : '>', count, false);
}
