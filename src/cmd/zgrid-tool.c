//  zgrid-tool: what every command needs: exit codes, messages, values.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VALUE_MAX ((size_t) 1 << 30) // No server takes more

int
tool_exit_code (int status)
{
    switch (status) {
        case ZGRID_OK:
            return EXIT_DONE;
        case ZGRID_NOTFOUND:
        case ZGRID_EXISTS:
        case ZGRID_MISMATCH:
        case ZGRID_LOCKED:
        case ZGRID_NOSUCHLOCK:
        case ZGRID_FENCED:
            return EXIT_NO;
        case ZGRID_MALFORMED:
            return EXIT_USAGE;
        case ZGRID_TIMEOUT:
        case ZGRID_UNAVAILABLE:
        case ZGRID_MAYBE:
            return EXIT_UNREACHABLE;
        case ZGRID_PARTIAL:
            return EXIT_PARTLY;
        default:
            return EXIT_REFUSED;
    }
}

//  Text of others, within a JSON string; what is not UTF-8 is left out as a whole.
static json_t *
s_text (const char *text)
{
    json_t *string = json_string (text);
    return string ? string : json_string ("(not text)");
}

static void
s_say (const tool_t *self, const char *status, const char *text, const char *detail)
{
    const char *between = detail && *detail ? ": " : "", *more = detail ? detail : "";
    if (!self->json) {
        fprintf (stderr, "zgrid: %s%s%s\n", text, between, more);
        return;
    }
    size_t size = strlen (text) + strlen (between) + strlen (more) + 1;
    char *sentence = malloc (size);
    json_t *error = json_object ();
    if (sentence && error) {
        snprintf (sentence, size, "%s%s%s", text, between, more);
        json_object_set_new (error, "error", s_text (sentence));
        json_object_set_new (error, "status", json_string (status));
        json_dumpf (error, stderr, JSON_COMPACT);
        fputc ('\n', stderr);
    }
    json_decref (error);
    free (sentence);
}

int
tool_fail (const tool_t *self, int status, const char *detail)
{
    const char *text = zgrid_status_text (status);
    //  Where the library has nothing to add, it repeats the sentence
    s_say (self, zgrid_status_name (status), text, detail && strcmp (detail, text) ? detail : NULL);
    return tool_exit_code (status);
}

int
tool_complain (const tool_t *self, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (text, sizeof text, format, arguments);
    va_end (arguments);
    s_say (self, "USAGE", text, NULL);
    return EXIT_USAGE;
}

int
tool_print_json (json_t *value)
{
    int rc = value ? json_dumpf (value, stdout, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION (6))
                   : -1;
    json_decref (value);
    if (rc || putchar ('\n') == EOF)
        return EXIT_PARTLY;
    return EXIT_DONE;
}

int
tool_flush (int code)
{
    if (fflush (stdout) == 0 && !ferror (stdout))
        return code;
    fprintf (stderr, "zgrid: stdout: %s\n", strerror (errno));
    return EXIT_PARTLY;
}

bool
tool_integer (const char *text, int64_t min, int64_t max, int64_t *value)
{
    bool minus = *text == '-';
    const char *at = text + (minus ? 1 : 0);
    if (strspn (at, "0123456789") != strlen (at) || !*at)
        return false;
    errno = 0;
    long long number = strtoll (text, NULL, 10);
    if (errno || number < min || number > max)
        return false;
    *value = number;
    return true;
}

//  All of stdin. NULL, and errno, if that fails.
static char *
s_read_all (size_t *size)
{
    size_t room = 65536;
    char *data = malloc (room);
    *size = 0;
    while (data) {
        size_t more = fread (data + *size, 1, room - *size, stdin);
        *size += more;
        if (ferror (stdin) || *size > VALUE_MAX) {
            errno = ferror (stdin) ? errno : EFBIG;
            free (data);
            return NULL;
        }
        if (more == 0)
            break;
        if (*size == room) {
            char *larger = realloc (data, room * 2);
            if (!larger)
                free (data);
            data = larger;
            room *= 2;
        }
    }
    return data;
}

bool
tool_value (const tool_t *self, const char *operand, zgrid_bytes_t *value, char **own)
{
    *own = NULL;
    if (strcmp (operand, "-")) {
        *value = zgrid_str (operand);
        return true;
    }
    size_t size = 0;
    *own = s_read_all (&size);
    *value = (zgrid_bytes_t) { *own, size };
    if (!*own)
        tool_complain (self, "stdin: %s", strerror (errno));
    return *own;
}

void
tool_print_escaped (zgrid_bytes_t text)
{
    const unsigned char *bytes = text.data;
    json_t *whole = json_stringn (text.data ? text.data : "", text.size); // NULL: not UTF-8
    for (size_t at = 0; at < text.size; at++) {
        bool escape = bytes[at] < 0x20 || bytes[at] == 0x7f || bytes[at] == '\\'
                      || (bytes[at] >= 0x80 && !whole);
        //  U+0080 to U+009f are control characters, too
        escape |= whole && bytes[at] == 0xc2 && bytes[at + 1] < 0xa0;
        escape |= whole && at && bytes[at - 1] == 0xc2 && bytes[at] >= 0x80 && bytes[at] < 0xa0;
        if (escape)
            printf ("\\x%02x", bytes[at]);
        else
            putchar (bytes[at]);
    }
    json_decref (whole);
}
