//  scan_filter: see scan_filter.h.
//  SPDX-License-Identifier: MPL-2.0
#include "scan_filter.h"

#include "glob.h"
#include "status.h"

_Static_assert(SCAN_PATTERN_MAX == GLOB_PATTERN_MAX, "one limit of patterns");

void
scan_regex_clear (scan_regex_t *self)
{
    if (self->compiled)
        self->port->destroy (self->compiled);
    self->compiled = NULL;
    buf_clear (&self->pattern);
}

//  The pages of one iteration have the same expression.
static unsigned
s_compile (scan_regex_t *self, bytes_t pattern, char *text, const char **why)
{
    if (self->compiled && bytes_equal (buf_bytes (&self->pattern), pattern))
        return ZGRID_OK;
    scan_regex_clear (self);
    buf_add (&self->pattern, pattern.data, pattern.size);
    if (self->pattern.failed) {
        scan_regex_clear (self);
        *why = "out of memory";
        return ZGRID_NOMEM;
    }
    self->compiled = self->port->compile (pattern, text, SCAN_WHY_MAX, why);
    return self->compiled ? ZGRID_OK : ZGRID_MALFORMED;
}

unsigned
scan_filter_begin (scan_filter_t *self, const options_t *options, scan_regex_t *regex, char *text,
                   const char **why)
{
    *self = (scan_filter_t) { .options = options, .regex = regex };
    if ((options->given & OPT_match) && options->match.size > SCAN_PATTERN_MAX) {
        *why = "match is longer than 512 bytes";
        return ZGRID_MALFORMED;
    }
    if (!(options->given & OPT_regex))
        return ZGRID_OK;
    if (!regex->port) {
        *why = "this server was built without regular expressions";
        return ZGRID_BADOP;
    }
    if (options->regex.size > SCAN_PATTERN_MAX) {
        *why = "regex is longer than 512 bytes";
        return ZGRID_MALFORMED;
    }
    return s_compile (regex, options->regex, text, why);
}

bool
scan_filter_takes (scan_filter_t *self, bytes_t key)
{
    const options_t *options = self->options;
    if (self->gave_up || ((options->given & OPT_match) && !glob_match (options->match, key, &self->steps)))
        return false;
    if (!(options->given & OPT_regex))
        return true;
    int answer = self->regex->port->match (self->regex->compiled, key, &self->steps);
    self->gave_up = answer < 0;
    return answer > 0;
}
