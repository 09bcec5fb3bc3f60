//  log: one line per event, to stderr or a file, as text, logfmt or JSON. The sink is the one shared
//  mutable thing of a node, behind a mutex; it never blocks on anything but the write.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LOG_H_INCLUDED
#define LOG_H_INCLUDED

#include <stdbool.h>

typedef enum { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG } log_level_t;
typedef struct log log_t;

//  level, format and file as the settings say; node is the name that each line bears. NULL, and
//  errno, if the file cannot be opened or there is no memory. The caller owns it. A NULL log_t takes
//  every line and does nothing.
log_t *
    log_new (const char *level, const char *format, const char *file, const char *node);
void
    log_destroy (log_t **self_p);

//  Opens the file anew, as after it was renamed. False, and errno, if that fails: lines go on to the
//  old one. With a NULL log_t, or one that writes to stderr, nothing happens.
bool
    log_reopen (log_t *self);

//  event: a few words without line breaks, the same for the same kind of event. The rest are pairs
//  of const char *name, const char *value, ended by NULL: log_line (log, LEVEL_INFO, "bound", "endpoint",
//  text, NULL). Values may hold any text; they are escaped, and cut behind LOG_VALUE_MAX bytes; pairs
//  that do not fit into a line of LOG_LINE_MAX bytes are left out, which the pair cut=true shows.
#define LOG_VALUE_MAX 512
#define LOG_LINE_MAX 4096
void
    log_line (log_t *self, log_level_t level, const char *event, ...) __attribute__ ((sentinel));

//  The same, with the pairs in an array that NULL ends.
void
    log_pairs (log_t *self, log_level_t level, const char *event, const char *const *pairs);

#endif
