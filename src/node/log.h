//  log: one line per event, to stderr or a file, as text, logfmt or JSON. The sink is the one shared
//  mutable thing of a node, behind a mutex; it never blocks on anything but the write.
//  SPDX-License-Identifier: MPL-2.0
#ifndef LOG_H_INCLUDED
#define LOG_H_INCLUDED

#include <stdbool.h>

typedef enum { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG } log_level_t;
typedef struct log log_t;

//  level, format and file as the settings say. NULL, and errno, if the file cannot be opened. The
//  caller owns it. A NULL log_t takes every line and does nothing.
log_t *
    log_new (const char *level, const char *format, const char *file, const char *node);
void
    log_destroy (log_t **self_p);

//  event: a few words without line breaks, the same for the same kind of event. The rest are pairs
//  of const char *name, const char *value, ended by NULL: log_line (log, LOG_INFO, "bound", "endpoint",
//  text, NULL). Values may hold any text; they are escaped.
void
    log_line (log_t *self, log_level_t level, const char *event, ...) __attribute__ ((sentinel));

#endif
