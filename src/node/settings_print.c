//  settings_print: values as text.
//  SPDX-License-Identifier: MPL-2.0
#include "settings_impl.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "text.h"

const char *
settings_value (settings_t *self, setting_t id)
{
    assert (self && id < SETTING_LIMIT);
    if (self->texts[id])
        return self->texts[id];
    if (settings_infos[id].type == SETTING_TYPE_BOOL)
        return self->numbers[id] ? "true" : "false";
    snprintf (self->number, sizeof self->number, "%" PRIu64, self->numbers[id]);
    return self->number;
}

static void
s_print_value (settings_t *self, setting_t id, buf_t *out)
{
    const char *value = settings_value (self, id);
    bool quotes = settings_infos[id].type == SETTING_TYPE_TEXT;
    const char *mark = !quotes ? "" : strchr (value, '"') ? "'" : "\"";
    text_printf (out, "    %s = %s%s%s\n", settings_infos[id].name, mark, value, mark);
}

static void
s_print_purpose (const setting_info_t *info, buf_t *out)
{
    text_printf (out, "    #  %s", info->purpose);
    switch (info->type) {
        case SETTING_TYPE_UINT:
            text_printf (out, " (%s, %" PRIu64 " to %" PRIu64 ")\n", info->unit, info->min, info->max);
            break;
        case SETTING_TYPE_BOOL:
            text_printf (out, " (true or false)\n");
            break;
        case SETTING_TYPE_TEXT:
            text_printf (out, " (%s, at most %" PRIu64 " bytes)\n", *info->unit ? info->unit : "text",
                         info->max);
            break;
        case SETTING_TYPE_CHOICE:
            text_printf (out, " (one of: %s)\n", info->unit);
            break;
    }
}

void
settings_print (settings_t *self, buf_t *out)
{
    assert (self && out);
    text_printf (out, "#  Settings of a zgrid node\n");
    const char *section = "";
    for (unsigned id = 0; id < SETTING_LIMIT; id++) {
        const setting_info_t *info = &settings_infos[id];
        if (strcmp (section, info->section)) {
            section = info->section;
            text_printf (out, "%s\n", section);
        }
        s_print_purpose (info, out);
        s_print_value (self, id, out);
    }
}
