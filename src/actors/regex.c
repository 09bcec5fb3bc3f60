//  regex: see regex.h.
//
//  PCRE2 does not tell how much work a match was, only that it came to a limit. So each key is tried with
//  a small limit first, which nearly all expressions keep to, and with a large one if that was too small:
//  what is counted is the limit.
//  SPDX-License-Identifier: MPL-2.0
#include "regex.h"

#ifdef HAVE_PCRE2
#    define PCRE2_CODE_UNIT_WIDTH 8
#    include <pcre2.h>
#    include <stdio.h>

#    include "mem.h"

#    define S_SMALL 100 // Calls of its matching function
#    define S_LARGE 10000
#    define S_STEPS 20  // A call takes so many nanoseconds, about
#    define S_DEPTH 500 // Of backtracking
#    define S_HEAP 1024 // KiB
#    define S_NESTED 50 // Brackets

typedef struct {
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
} s_regex_t;

static void
s_destroy (void *compiled)
{
    s_regex_t *self = compiled;
    pcre2_match_context_free (self->context);
    pcre2_match_data_free (self->data);
    pcre2_code_free (self->code);
    mem_free (self);
}

static pcre2_code *
s_code (bytes_t pattern, int *error, PCRE2_SIZE *at)
{
    pcre2_compile_context *context = pcre2_compile_context_create (NULL);
    *error = PCRE2_ERROR_NOMEMORY;
    *at = 0;
    if (!context)
        return NULL;
    pcre2_set_parens_nest_limit (context, S_NESTED);
    pcre2_code *code = pcre2_compile (
        pattern.size ? pattern.data : (PCRE2_SPTR) "", pattern.size,
        PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_CAPTURE, error, at, context);
    pcre2_compile_context_free (context);
    return code;
}

static void *
s_compile (bytes_t pattern, char *text, size_t room, const char **why)
{
    int error;
    PCRE2_SIZE at;
    pcre2_code *code = s_code (pattern, &error, &at);
    if (!code) {
        unsigned char message[100];
        pcre2_get_error_message (error, message, sizeof message);
        snprintf (text, room, "regex: %s at byte %zu", (const char *) message, (size_t) at);
        *why = text;
        return NULL;
    }
    s_regex_t *self = mem_alloc_zero (1, sizeof *self);
    *why = "out of memory";
    if (!self) {
        pcre2_code_free (code);
        return NULL;
    }
    self->code = code;
    self->data = pcre2_match_data_create (1, NULL);
    self->context = pcre2_match_context_create (NULL);
    if (!self->data || !self->context) {
        s_destroy (self);
        return NULL;
    }
    pcre2_set_depth_limit (self->context, S_DEPTH);
    pcre2_set_heap_limit (self->context, S_HEAP);
    return self;
}

static int
s_match_within (const s_regex_t *self, bytes_t key, uint32_t limit, uint64_t *steps)
{
    pcre2_set_match_limit (self->context, limit);
    *steps += (uint64_t) limit * S_STEPS + key.size;
    return pcre2_match (self->code, key.size ? key.data : (PCRE2_SPTR) "", key.size, 0, 0, self->data,
                        self->context);
}

static int
s_match (void *compiled, bytes_t key, uint64_t *steps)
{
    int answer = s_match_within (compiled, key, S_SMALL, steps);
    if (answer == PCRE2_ERROR_MATCHLIMIT)
        answer = s_match_within (compiled, key, S_LARGE + (uint32_t) key.size, steps);
    return answer >= 0 ? 1 : answer == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

const regex_port_t *
regex_port (void)
{
    static const regex_port_t s_port = { s_compile, s_match, s_destroy };
    return &s_port;
}

#else

const regex_port_t *
regex_port (void)
{
    return NULL;
}

#endif
