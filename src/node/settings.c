//  settings: the values of all settings, each by its number. See settings.h; the list is
//  src/core/setting.def, the file format is in settings_file.c.
//  SPDX-License-Identifier: MPL-2.0
#include "settings_impl.h"

#include <assert.h>
#include <zgrid_error.h>

#include "mem.h"
#include "text.h"

const setting_info_t settings_infos[SETTING_LIMIT] = {
#define SETTING(section, name, type, standard, min, max, unit, purpose)                                      \
    [SETTING_##section##_##name] = {                                                                         \
        #section, #name, #section "." #name, SETTING_TYPE_##type, standard, min, max, unit, purpose          \
    },
#include "setting.def"
#undef SETTING
};

settings_t *
settings_new (void)
{
    settings_t *self = mem_alloc_zero (1, sizeof *self);
    if (!self)
        return NULL;
    for (unsigned id = 0; id < SETTING_LIMIT; id++) {
        int rc = settings_assign (self, id, settings_infos[id].standard, NULL);
        assert (rc == ZGRID_OK || rc == ZGRID_NOMEM); // The list's defaults are within its own ranges
        if (rc) {
            settings_destroy (&self);
            return NULL;
        }
    }
    return self;
}

void
settings_destroy (settings_t **self_p)
{
    assert (self_p);
    settings_t *self = *self_p;
    if (!self)
        return;
    for (unsigned id = 0; id < SETTING_LIMIT; id++)
        mem_free (self->texts[id]);
    mem_free (self);
    *self_p = NULL;
}

settings_t *
settings_clone (const settings_t *self)
{
    settings_t *copy = mem_alloc_zero (1, sizeof *copy);
    if (!copy)
        return NULL;
    for (unsigned id = 0; id < SETTING_LIMIT; id++) {
        copy->numbers[id] = self->numbers[id];
        if (!self->texts[id])
            continue;
        size_t size = strlen (self->texts[id]) + 1;
        copy->texts[id] = mem_alloc (size);
        if (!copy->texts[id]) {
            settings_destroy (&copy);
            return NULL;
        }
        memcpy (copy->texts[id], self->texts[id], size);
    }
    return copy;
}

void
settings_take (settings_t *self, settings_t **from_p)
{
    settings_t old = *self;
    *self = **from_p;
    **from_p = old;
    settings_destroy (from_p);
}

int
settings_find (const char *name)
{
    assert (name);
    for (unsigned id = 0; id < SETTING_LIMIT; id++)
        if (strcmp (settings_infos[id].full, name) == 0)
            return (int) id;
    return -1;
}

//  A name is near if about a third of it is different at most
static bool
s_near (unsigned distance, size_t size)
{
    return distance <= (size < 6 ? 1 : size < 12 ? 2 : 3);
}

int
settings_nearest (bytes_t name)
{
    const uint8_t *dot = name.size ? memchr (name.data, '.', name.size) : NULL;
    bytes_t last = dot ? bytes_of (dot + 1, name.size - (size_t) (dot + 1 - name.data)) : name;
    int nearest = -1;
    unsigned best = TEXT_FAR;
    for (unsigned id = 0; id < SETTING_LIMIT; id++) {
        bytes_t own = bytes_str (settings_infos[id].name);
        unsigned full = text_distance (name, bytes_str (settings_infos[id].full));
        //  The right name in the wrong section, or without one
        unsigned short_of = text_distance (last, own) + 1;
        bool near_full = s_near (full, name.size);
        bool near_short = s_near (short_of, last.size) && short_of <= own.size / 2 + 1;
        unsigned distance = near_full ? full : TEXT_FAR;
        if (near_short && short_of < distance)
            distance = short_of;
        if (distance < best) {
            best = distance;
            nearest = (int) id;
        }
    }
    return nearest;
}

const char *
settings_section (bytes_t name, bool exact)
{
    const char *nearest = NULL;
    unsigned best = TEXT_FAR;
    for (unsigned id = 0; id < SETTING_LIMIT; id++) {
        bytes_t own = bytes_str (settings_infos[id].section);
        unsigned distance = bytes_equal (name, own) ? 0 : 1 + text_distance (name, own);
        if (distance == 0)
            return settings_infos[id].section;
        if (!exact && s_near (distance - 1, name.size) && distance < best) {
            best = distance;
            nearest = settings_infos[id].section;
        }
    }
    return nearest;
}

int
settings_set (settings_t *self, const char *name, const char *value, buf_t *why)
{
    assert (self && name && value);
    int id = settings_find (name);
    if (id >= 0)
        return settings_assign (self, (setting_t) id, value, why);
    text_printf (why, "no such setting: ");
    text_quote (why, bytes_str (name));
    int nearest = settings_nearest (bytes_str (name));
    if (nearest >= 0)
        text_printf (why, "; did you mean %s?", settings_infos[nearest].full);
    return ZGRID_MALFORMED;
}

uint64_t
settings_uint (const settings_t *self, setting_t id)
{
    assert (self && id < SETTING_LIMIT && settings_infos[id].type == SETTING_TYPE_UINT);
    return self->numbers[id];
}

bool
settings_bool (const settings_t *self, setting_t id)
{
    assert (self && id < SETTING_LIMIT && settings_infos[id].type == SETTING_TYPE_BOOL);
    return self->numbers[id];
}

const char *
settings_text (const settings_t *self, setting_t id)
{
    assert (self && id < SETTING_LIMIT && self->texts[id]);
    return self->texts[id];
}
