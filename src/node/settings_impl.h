//  settings_impl: what the files of the settings share. For settings*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SETTINGS_IMPL_H_INCLUDED
#define SETTINGS_IMPL_H_INCLUDED

#include "settings.h"

typedef enum { SETTING_TYPE_UINT, SETTING_TYPE_BOOL, SETTING_TYPE_TEXT, SETTING_TYPE_CHOICE } setting_type_t;

typedef struct {
    const char *section, *name;
    const char *full; // "section.name"
    setting_type_t type;
    const char *standard;
    uint64_t min, max; // UINT: of the number; TEXT: of the bytes
    const char *unit;  // CHOICE: the words that it takes, separated by spaces
    const char *purpose;
} setting_info_t;

extern const setting_info_t settings_infos[SETTING_LIMIT];

struct settings {
    uint64_t numbers[SETTING_LIMIT]; // UINT and BOOL
    char *texts[SETTING_LIMIT];      // TEXT and CHOICE
    char number[24];                 // What settings_value showed last
};

//  Makes *self what *from_p is, and destroys *from_p.
void
    settings_take (settings_t *self, settings_t **from_p);

//  settings_set for a setting that is known.
int
    settings_assign (settings_t *self, setting_t id, const char *value, buf_t *why);

//  The setting whose name comes nearest to "section.name", or -1 if none is near.
int
    settings_nearest (bytes_t name);

//  The section whose name is nearest, or NULL. exact: only if it is that.
const char *
    settings_section (bytes_t name, bool exact);

#endif
