//  resp: see resp.h.
//  SPDX-License-Identifier: MPL-2.0
#include "resp.h"

#include <stdio.h>
#include <stdlib.h>

#include "../mem.h"

#define S_ARGS_FIRST 16
#define S_NONE UINT64_MAX

struct resp {
    const resp_limits_t *limits;
    bytes_t *args; // While a command is read: where in the input they begin, not where in memory
    uint32_t room, count;
    //  Of the command that is read
    bool begun;    // Its count is known
    uint32_t left; // Arguments
    uint64_t bulk; // Bytes of the next one; S_NONE: unknown yet
    size_t at;     // What is before this has been understood
    size_t looked; // No line end was found before this
    buf_t words;   // Of an inline command: they may have been written otherwise
    char error[96];
};

resp_t *
resp_new (const resp_limits_t *limits)
{
    resp_t *self = mem_alloc_zero (1, sizeof (resp_t));
    if (self) {
        self->limits = limits;
        self->bulk = S_NONE;
    }
    return self;
}

void
resp_destroy (resp_t **self_p)
{
    resp_t *self = *self_p;
    if (!self)
        return;
    mem_free (self->args);
    buf_clear (&self->words);
    mem_free (self);
    *self_p = NULL;
}

const bytes_t *
resp_args (const resp_t *self, uint32_t *count)
{
    *count = self->count;
    return self->args;
}

bytes_t
resp_error (const resp_t *self)
{
    return bytes_str (self->error);
}

uint64_t
resp_wanted (const resp_t *self)
{
    return self->begun && self->bulk != S_NONE ? self->bulk + 2 : 0;
}

static resp_step_t
s_bad (resp_t *self, const char *text)
{
    snprintf (self->error, sizeof self->error, "ERR Protocol error: %s", text);
    return RESP_BAD;
}

//  Takes one more argument. False: without memory.
static bool
s_add (resp_t *self, const uint8_t *data, size_t size)
{
    if (self->count == self->room) {
        //  As many as have come, not as many as were announced
        uint32_t room = self->room ? self->room * 2 : S_ARGS_FIRST;
        bytes_t *args = mem_resize (self->args, room * sizeof (bytes_t));
        if (!args)
            return false;
        self->args = args;
        self->room = room;
    }
    self->args[self->count++] = bytes_of (data, size);
    return true;
}

//  The line that begins where everything before has been understood, without its end; what is done with is
//  behind it then. False: it has not ended yet.
static bool
s_line (resp_t *self, bytes_t input, bool carriage, bytes_t *line)
{
    size_t from = self->looked > self->at ? self->looked : self->at;
    const uint8_t *end = from < input.size ? memchr (input.data + from, '\n', input.size - from) : NULL;
    //  A count ends in \r\n alone; Redis looks for the \r
    while (end && carriage && (end == input.data + self->at || end[-1] != '\r')) {
        from = (size_t) (end - input.data) + 1;
        end = from < input.size ? memchr (input.data + from, '\n', input.size - from) : NULL;
    }
    if (!end) {
        self->looked = input.size;
        return false;
    }
    size_t size = (size_t) (end - input.data) - self->at;
    if (size && end[-1] == '\r')
        size--;
    *line = bytes_of (input.data + self->at, size);
    self->at = (size_t) (end - input.data) + 1;
    self->looked = 0;
    return true;
}

//  A decimal number as Redis reads one: no spaces, no sign but -, no leading zeros.
static bool
s_number (bytes_t text, int64_t *number)
{
    size_t at = text.size && text.data[0] == '-';
    uint64_t value = 0;
    if (at == text.size || text.size - at > 18 || (text.data[at] == '0' && text.size > 1))
        return false;
    for (size_t digit = at; digit < text.size; digit++) {
        if (text.data[digit] < '0' || text.data[digit] > '9')
            return false;
        value = value * 10 + (text.data[digit] - '0');
    }
    *number = at ? -(int64_t) value : (int64_t) value;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  Inline commands

static int
s_hex (uint8_t byte)
{
    return byte >= '0' && byte <= '9'   ? byte - '0'
           : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10
           : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10
                                        : -1;
}

static bool
s_is_space (uint8_t byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

//  Reads what stands behind a backslash between double quotes; returns how many bytes.
static size_t
s_escape (bytes_t line, size_t at, uint8_t *byte)
{
    static const char letters[] = "nrtba", meant[] = "\n\r\t\b\a";
    if (line.data[at] == 'x' && at + 2 < line.size && s_hex (line.data[at + 1]) >= 0
        && s_hex (line.data[at + 2]) >= 0) {
        *byte = (uint8_t) (s_hex (line.data[at + 1]) * 16 + s_hex (line.data[at + 2]));
        return 3;
    }
    const char *found = line.data[at] ? strchr (letters, line.data[at]) : NULL;
    *byte = found ? (uint8_t) meant[found - letters] : line.data[at];
    return 1;
}

//  One word from *at on, without its quotes, to the end of words. False: a quote that does not end, or goes on
//  without a space.
static bool
s_word (bytes_t line, size_t *at, buf_t *words)
{
    uint8_t quote = 0;
    while (*at < line.size) {
        uint8_t byte = line.data[*at];
        ++*at;
        if (!quote && s_is_space (byte))
            return true;
        if (!quote && (byte == '"' || byte == '\'')) {
            quote = byte;
            continue;
        }
        if (quote && byte == quote)
            return *at == line.size || s_is_space (line.data[*at]);
        if (quote == '"' && byte == '\\' && *at < line.size)
            *at += s_escape (line, *at, &byte);
        else if (quote == '\'' && byte == '\\' && *at < line.size && line.data[*at] == '\'')
            byte = line.data[(*at)++];
        buf_add (words, &byte, 1);
    }
    return !quote;
}

static resp_step_t
s_inline (resp_t *self, bytes_t input, size_t *used)
{
    bytes_t line;
    if (!s_line (self, input, false, &line))
        return input.size - self->at > RESP_INLINE_MAX ? s_bad (self, "too big inline request") : RESP_MORE;
    buf_reset (&self->words);
    //  A word is never longer than what was written for it, so the words stay where they are
    if (!buf_reserve (&self->words, line.size + 1))
        return RESP_NOMEM;
    self->count = 0;
    for (size_t at = 0; at < line.size;) {
        if (s_is_space (line.data[at])) {
            at++;
            continue;
        }
        size_t first = self->words.size;
        if (!s_word (line, &at, &self->words))
            return s_bad (self, "unbalanced quotes in request");
        if (!s_add (self, self->words.data + first, self->words.size - first))
            return RESP_NOMEM;
    }
    *used = self->at;
    self->at = 0;
    return RESP_COMMAND;
}

//  ------------------------------------------------------------------------------------------------
//  Arrays of bulks

//  The line that announces how many arguments there are.
static resp_step_t
s_count (resp_t *self, bytes_t input)
{
    bytes_t line;
    int64_t count;
    if (!s_line (self, input, true, &line))
        return input.size > RESP_INLINE_MAX ? s_bad (self, "too big mbulk count string") : RESP_MORE;
    if (!s_number (bytes_of (line.data + 1, line.size - 1), &count) || count > (int64_t) RESP_ARGS_MAX)
        return s_bad (self, "invalid multibulk length");
    if (count > (int64_t) self->limits->args_max)
        return s_bad (self, self->limits->args_max == RESP_GUEST_ARGS_MAX ? "unauthenticated multibulk length"
                                                                          : "invalid multibulk length");
    self->begun = true;
    self->left = count < 0 ? 0 : (uint32_t) count;
    self->count = 0;
    return RESP_COMMAND;
}

//  The line that announces how long the next argument is.
static resp_step_t
s_size (resp_t *self, bytes_t input)
{
    bytes_t line;
    int64_t size;
    char text[32];
    size_t begin = self->at;
    if (!s_line (self, input, true, &line))
        return input.size - begin > RESP_INLINE_MAX ? s_bad (self, "too big bulk count string") : RESP_MORE;
    if (line.size == 0 || line.data[0] != '$') {
        snprintf (text, sizeof text, "expected '$', got '%c'", line.size ? line.data[0] : '\r');
        return s_bad (self, text);
    }
    if (!s_number (bytes_of (line.data + 1, line.size - 1), &size) || size < 0)
        return s_bad (self, "invalid bulk length");
    if ((uint64_t) size > self->limits->bulk_max)
        return s_bad (self, self->limits->bulk_max == RESP_GUEST_BULK_MAX ? "unauthenticated bulk length"
                                                                          : "invalid bulk length");
    if ((uint64_t) size + self->at > self->limits->request_max)
        return s_bad (self, "the command is longer than client-query-buffer-limit");
    self->bulk = (uint64_t) size;
    return RESP_COMMAND;
}

static resp_step_t
s_array (resp_t *self, bytes_t input, size_t *used)
{
    resp_step_t step = self->begun ? RESP_COMMAND : s_count (self, input);
    while (step == RESP_COMMAND && self->left) {
        if (self->bulk == S_NONE && (step = s_size (self, input)) != RESP_COMMAND)
            break;
        if (input.size - self->at < self->bulk + 2)
            return RESP_MORE;
        //  NULL plus a distance, until the command is whole: the input may move meanwhile
        if (!s_add (self, (const uint8_t *) (uintptr_t) self->at, (size_t) self->bulk))
            return RESP_NOMEM;
        self->at += (size_t) self->bulk + 2;
        self->bulk = S_NONE;
        self->left--;
    }
    if (step != RESP_COMMAND)
        return step;
    for (uint32_t arg = 0; arg < self->count; arg++)
        self->args[arg].data = input.data + (uintptr_t) self->args[arg].data;
    *used = self->at;
    self->at = 0;
    self->begun = false;
    return RESP_COMMAND;
}

//  Letters in either case; word is in lower case.
static bool
s_is_word (bytes_t text, const char *word)
{
    size_t size = strlen (word);
    if (text.size != size)
        return false;
    for (size_t at = 0; at < size; at++)
        if ((text.data[at] | (text.data[at] >= 'A' && text.data[at] <= 'Z' ? 0x20 : 0)) != (uint8_t) word[at])
            return false;
    return true;
}

resp_step_t
resp_next (resp_t *self, bytes_t input, size_t *used)
{
    if (!self->begun && self->at == 0 && input.size == 0)
        return RESP_MORE;
    bool array = self->begun || input.data[0] == '*';
    resp_step_t step = array ? s_array (self, input, used) : s_inline (self, input, used);
    if (step == RESP_COMMAND && self->count
        && (s_is_word (self->args[0], "post") || s_is_word (self->args[0], "host:")))
        return RESP_HOSTILE;
    return step;
}
