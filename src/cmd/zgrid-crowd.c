//  zgrid-crowd: see zgrid-crowd.h.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-crowd.h"

#include <stdio.h>
#include <string.h>

#include "zgrid-cluster.h"

//  Says which members cannot be asked.
static void
s_count_silent (crowd_t *self, json_t *tree)
{
    size_t index, answering = crowd_count (self);
    json_t *members = json_object_get (tree, "members"), *member;
    json_array_foreach (members, index, member)
    {
        const char *name = cluster_text (member, "name");
        bool found = self->tool->node && strcmp (name, self->tool->node) != 0;
        for (size_t at = 0; at < answering && !found; at++)
            found = strcmp (name, crowd_name (self, at)) == 0;
        if (found)
            continue;
        self->silent++;
        tool_complain (self->tool, "member %s does not answer", name);
    }
}

bool
crowd_begin (crowd_t *self, tool_t *tool, int *code)
{
    *self = (crowd_t) { .tool = tool };
    json_t *tree = cluster_ask (tool, code);
    if (!tree)
        return false;
    fleet_follow (&self->fleet, tree);
    for (size_t at = self->fleet.count; at-- > 0;)
        if (!self->fleet.ships[at].client || (tool->node && strcmp (self->fleet.ships[at].name, tool->node)))
            fleet_leave (&self->fleet, at);
    s_count_silent (self, tree);
    json_decref (tree);
    if (crowd_count (self))
        return true;
    if (self->silent == 0)
        tool_complain (tool, "no member is called %s", tool->node ? tool->node : "anything");
    *code = self->silent ? EXIT_UNREACHABLE : EXIT_NO;
    return false;
}

void
crowd_end (crowd_t *self)
{
    fleet_end (&self->fleet);
}

size_t
crowd_count (const crowd_t *self)
{
    return self->fleet.count;
}

const char *
crowd_name (const crowd_t *self, size_t at)
{
    return self->fleet.ships[at].name;
}

zgrid_client_t *
crowd_client (const crowd_t *self, size_t at)
{
    return self->fleet.ships[at].client;
}

static int
s_call (zgrid_client_t *client, const char *word, const zgrid_bytes_t *key, zgrid_entry_t *entry)
{
    zgrid_bytes_t value = zgrid_str (word ? word : "");
    int status = zgrid_client_call (client, "STATS", "default", key, word ? &value : NULL, NULL, entry);
    return status == ZGRID_OK && !entry->has_value ? ZGRID_WRONGTYPE : status;
}

int
crowd_ask (zgrid_client_t *client, const char *word, zgrid_entry_t *entry)
{
    return s_call (client, word, NULL, entry);
}

//  Where the next page begins. False: there is none.
static bool
s_next (const sheet_t *page, uint32_t rows, char *text, size_t room, zgrid_bytes_t *key)
{
    if (rows == 0 || !sheet_has_more (page))
        return false;
    const cell_t *last = sheet_row (page, rows - 1);
    if (sheet_which (page) == SHEET_maps && last[CELL_maps_map].bytes.size <= room) {
        memcpy (text, last[CELL_maps_map].bytes.data, last[CELL_maps_map].bytes.size);
        *key = (zgrid_bytes_t) { text, last[CELL_maps_map].bytes.size };
        return true;
    }
    if (sheet_which (page) != SHEET_partitions)
        return false;
    snprintf (text, room, "%llu", (unsigned long long) last[CELL_partitions_partition].number);
    *key = zgrid_str (text);
    return true;
}

sheet_t *
crowd_sheet (zgrid_client_t *client, sheet_id_t which, int *status)
{
    sheet_t *all = sheet_new (which, UINT32_MAX);
    char text[256];
    zgrid_bytes_t key;
    bool next = false, good = all != NULL;
    *status = ZGRID_NOMEM;
    do {
        zgrid_entry_t entry;
        sheet_t *page = good ? sheet_new (which, UINT32_MAX) : NULL;
        good = page != NULL;
        if (good
            && (*status = s_call (client, sheet_info (which).word, next ? &key : NULL, &entry)) != ZGRID_OK)
            good = false;
        else if (good && !sheet_take (page, (bytes_t) { entry.value.data, entry.value.size })) {
            *status = ZGRID_WRONGTYPE;
            good = false;
        }
        uint32_t rows = good ? sheet_settle (page) : 0;
        for (uint32_t row = 0; row < rows && good; row++)
            good = sheet_add (all, sheet_row (page, row));
        next = good && s_next (page, rows, text, sizeof text, &key);
        if (good && !next && sheet_has_more (page))
            sheet_more (all);
        sheet_destroy (&page);
    } while (next);
    if (!good)
        sheet_destroy (&all);
    return all;
}
