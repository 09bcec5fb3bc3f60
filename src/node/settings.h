//  settings: the node's settings by name; the list is src/core/setting.def.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SETTINGS_H_INCLUDED
#define SETTINGS_H_INCLUDED

#include "buf.h"

#define SETTINGS_SEEDS_MAX 64 // In cluster.seeds

typedef enum {
#define SETTING(section, name, type, standard, min, max, unit, purpose) SETTING_##section##_##name,
#include "setting.def"
#undef SETTING
    SETTING_LIMIT
} setting_t;

typedef struct settings settings_t;

//  Defaults. NULL without memory. The caller owns it.
settings_t *
    settings_new (void);
void
    settings_destroy (settings_t **self_p);

//  A copy that shares nothing. NULL without memory. The caller owns it.
settings_t *
    settings_clone (const settings_t *self);

//  Sets "section.name". Returns ZGRID_OK; ZGRID_NOMEM; or ZGRID_MALFORMED and adds one line of text
//  (without a newline) to why: no such setting, with "did you mean"; wrong type; out of range. A
//  number of bytes may end in KiB, MiB or GiB, one of milliseconds in ms, s or m. why may be NULL.
int
    settings_set (settings_t *self, const char *name, const char *value, buf_t *why);

//  Reads a ZPL file. Returns ZGRID_OK; ZGRID_NOTFOUND if it cannot be read; ZGRID_NOMEM; or
//  ZGRID_MALFORMED and adds every mistake to why, one line each: "FILE:LINE: text", without a newline
//  behind the last. After an error nothing has changed. What one setting means for another is looked
//  at by settings_check, since flags may still follow.
int
    settings_load (settings_t *self, const char *file, buf_t *why);

//  The same for text that is in memory; `file` is its name in messages.
int
    settings_parse (settings_t *self, const char *file, bytes_t text, buf_t *why);

//  Takes ZGRID_SECTION_NAME from the environment where it is set; an empty value counts as not set.
//  A variable of that form that is no setting is a mistake, but for ZGRID_PORT_… and ZGRID_SERVICE_…,
//  which container platforms set by themselves. Returns as settings_load; mistakes begin with the
//  variable's name.
int
    settings_environment (settings_t *self, buf_t *why);

//  Looks at what settings mean for each other: frame_max against value_max, the form of endpoints.
//  To be called when all of them are set, before they are used. Returns ZGRID_OK, or ZGRID_MALFORMED
//  and adds every mistake to why, one line each, without a newline behind the last.
int
    settings_check (const settings_t *self, buf_t *why);

//  -1 if there is no such setting.
int
    settings_find (const char *name);

uint64_t
    settings_uint (const settings_t *self, setting_t id);
bool
    settings_bool (const settings_t *self, setting_t id);
//  TEXT and CHOICE. Never NULL. Readable until the setting is set again.
const char *
    settings_text (const settings_t *self, setting_t id);

//  The value as text, in the form that settings_set takes. Readable until the next call.
const char *
    settings_value (settings_t *self, setting_t id);

//  All of them as a ZPL file, commented.
void
    settings_print (settings_t *self, buf_t *out);

#endif
