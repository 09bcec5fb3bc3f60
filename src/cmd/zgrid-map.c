//  zgrid-map: the settings of maps: create, set, reset, show, list.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>

#include "cluster/map_words.h"
#include "sheet.h"
#include "zgrid-cluster.h"
#include "zgrid-crowd.h"

//  ------------------------------------------------------------------------------------------------
//  Showing

static uint64_t
s_value (json_t *map, unsigned number)
{
    json_t *value = json_object_get (map, map_settings_list[number].name);
    uint64_t read = map_settings_list[number].usual;
    if (json_is_integer (value))
        read = (uint64_t) json_integer_value (value);
    else if (json_is_string (value))
        map_setting_read (number, bytes_str (json_string_value (value)), &read);
    return read;
}

static json_t *
s_map_json (json_t *map)
{
    json_t *object = json_pack ("{s:s}", "name", cluster_text (map, "name"));
    for (unsigned number = 0; number < MAP_SETTINGS; number++) {
        char text[MAP_WORD_MAX];
        uint64_t value = s_value (map, number);
        json_object_set_new (object, map_settings_list[number].name,
                             map_setting_is_word (number)
                                 ? json_string (map_setting_print (number, value, text))
                                 : json_integer ((json_int_t) value));
    }
    static const char *const s_more[] = { "declared", "entries", "bytes" };
    for (size_t at = 0; at < sizeof s_more / sizeof *s_more; at++)
        if (json_object_get (map, s_more[at]))
            json_object_set (object, s_more[at], json_object_get (map, s_more[at]));
    return object;
}

static size_t
s_width (unsigned number)
{
    size_t size = strlen (map_settings_list[number].name);
    return size < 8 ? 8 : size;
}

static void
s_print_map (json_t *map)
{
    char text[MAP_WORD_MAX];
    for (unsigned number = 0; number < MAP_SETTINGS; number++)
        printf ("%-*s  ", (int) s_width (number),
                map_setting_print_units (number, s_value (map, number), text));
    static const char *const s_more[] = { "entries", "bytes" };
    for (size_t at = 0; at < sizeof s_more / sizeof *s_more; at++) {
        if (json_object_get (map, s_more[at]))
            printf ("%10lld  ", (long long) cluster_number (map, s_more[at]));
        else
            printf ("%10s  ", "?");
    }
    tool_print_escaped (zgrid_str (cluster_text (map, "name")));
    putchar ('\n');
}

static void
s_print_list (json_t *list)
{
    for (unsigned number = 0; number < MAP_SETTINGS; number++)
        printf ("%-*s  ", (int) s_width (number), map_settings_list[number].name);
    printf ("%10s  %10s  name\n", "entries", "bytes");
    size_t index;
    json_t *map;
    json_array_foreach (list, index, map) s_print_map (map);
}

static void
s_print_one (json_t *map)
{
    char text[MAP_WORD_MAX];
    for (unsigned number = 0; number < MAP_SETTINGS; number++)
        printf ("%-11s  %s\n", map_settings_list[number].name,
                map_setting_print_units (number, s_value (map, number), text));
}

//  The declaration of a map of that name in the cluster's answer, or an empty one. The caller owns it.
static json_t *
s_declared (json_t *tree, const char *name)
{
    size_t index;
    json_t *map;
    json_array_foreach (json_object_get (tree, "maps"), index,
                        map) if (strcmp (cluster_text (map, "name"), name) == 0) return json_incref (map);
    return json_pack ("{s:s}", "name", name);
}

//  Adds what a member knows of maps. False: it does not answer.
static bool
s_add_sizes (sheet_t *sum, zgrid_client_t *client)
{
    int status;
    sheet_t *one = client ? crowd_sheet (client, SHEET_maps, &status) : NULL;
    bool good = one && !sheet_has_more (one);
    uint32_t rows = one ? sheet_settle (one) : 0;
    for (uint32_t row = 0; row < rows; row++)
        good = sheet_add (sum, sheet_row (one, row)) && good;
    sheet_destroy (&one);
    return good;
}

//  Entries and bytes of all maps, and those that nobody declared. What not all members have told is not
//  known.
static void
s_add_known (json_t *tree, json_t *list)
{
    fleet_t fleet = { .count = 0 };
    sheet_t *sum = sheet_new (SHEET_maps, UINT32_MAX);
    fleet_follow (&fleet, tree);
    bool whole = sum && fleet.count > 0;
    for (size_t at = 0; sum && at < fleet.count; at++)
        whole = s_add_sizes (sum, fleet.ships[at].client) && whole;
    fleet_end (&fleet);
    uint32_t rows = sum ? sheet_settle (sum) : 0;
    size_t index, declared = json_array_size (list);
    json_t *map;
    json_array_foreach (list, index, map)
    {
        json_object_set_new (map, "declared", json_true ());
        if (whole)
            json_object_update_new (map, json_pack ("{s:i, s:i}", "entries", 0, "bytes", 0));
    }
    for (uint32_t row = 0; row < rows; row++) {
        const cell_t *cells = sheet_row (sum, row);
        bytes_t name = cells[CELL_maps_map].bytes;
        map = NULL;
        for (index = 0; index < declared && !map; index++)
            if (bytes_equal (name, bytes_str (cluster_text (json_array_get (list, index), "name"))))
                map = json_array_get (list, index);
        if (!map) {
            map = json_pack ("{s:s%, s:b}", "name", (const char *) name.data, name.size, "declared", 0);
            json_array_append_new (list, map);
        }
        if (whole && map)
            json_object_update_new (map, json_pack ("{s:I, s:I}", "entries",
                                                    (json_int_t) cells[CELL_maps_entries].number, "bytes",
                                                    (json_int_t) cells[CELL_maps_data_bytes].number));
    }
    sheet_destroy (&sum);
}

//  name NULL: all of them.
static int
s_show (tool_t *self, const char *name)
{
    int code = EXIT_DONE;
    json_t *tree = cluster_ask (self, &code), *list = json_array (), *map;
    if (!tree) {
        json_decref (list);
        return code;
    }
    size_t index;
    if (name)
        json_array_append_new (list, s_declared (tree, name));
    else
        json_array_foreach (json_object_get (tree, "maps"), index, map) json_array_append (list, map);
    if (!name)
        s_add_known (tree, list);
    json_decref (tree);
    if (self->json) {
        json_t *answer = json_array ();
        json_array_foreach (list, index, map) json_array_append_new (answer, s_map_json (map));
        code = tool_print_json (answer);
    } else if (name)
        s_print_one (json_array_get (list, 0));
    else
        s_print_list (list);
    json_decref (list);
    return code;
}

//  ------------------------------------------------------------------------------------------------
//  Changing

//  Sends "map" NAME and pairs of words, whose values may have units.
static int
s_set (tool_t *self, const char *name, const char *const *pairs, int count)
{
    const char *words[2 + 2 * MAP_SETTINGS] = { "map", name };
    char texts[MAP_SETTINGS][MAP_WORD_MAX], sentence[MAP_SENTENCE_MAX];
    if (count % 2 || count > 2 * MAP_SETTINGS)
        return tool_complain (self, "map set takes pairs of words: a setting and its value");
    for (int at = 0; at < count; at += 2) {
        unsigned number = map_settings_find (bytes_str (pairs[at]));
        uint64_t value;
        if (number == MAP_SETTINGS)
            return tool_complain (self, "maps have no setting %s", pairs[at]);
        if (!map_setting_read_units (number, bytes_str (pairs[at + 1]), &value))
            return tool_complain (self, "%s, not %s", map_setting_explain (number, sentence), pairs[at + 1]);
        words[2 + at] = pairs[at];
        words[3 + at] = map_setting_print (number, value, texts[at / 2]);
    }
    return cluster_carry_out (self, words, 2 + (size_t) count);
}

int
command_map (tool_t *self)
{
    const char *verb = self->operands[0], *name = self->operand_count > 1 ? self->operands[1] : NULL;
    bool create = strcmp (verb, "create") == 0, one = self->operand_count == 2;
    if (!create && (self->mode || self->min_sync))
        return tool_complain (self, "--mode and --min-sync belong to map create");
    if (create && one) {
        const char *pairs[] = { "mode", self->mode ? self->mode : "cp", "min_sync",
                                self->min_sync ? self->min_sync : "1" };
        return s_set (self, name, pairs, 4);
    }
    if (strcmp (verb, "set") == 0 && self->operand_count > 3)
        return s_set (self, name, self->operands + 2, self->operand_count - 2);
    if (strcmp (verb, "reset") == 0 && one)
        return cluster_carry_out (self, (const char *[]) { "map", name, "reset" }, 3);
    if (strcmp (verb, "show") == 0 && one)
        return s_show (self, name);
    if (strcmp (verb, "list") == 0 && !name)
        return s_show (self, NULL);
    return tool_complain (self, "usage: zgrid map create NAME [--mode cp|ap] [--min-sync N] | "
                                "set NAME SETTING VALUE... | reset NAME | show NAME | list");
}
