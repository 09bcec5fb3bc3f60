//  print-tables: copies a Markdown file to stdout with its generated parts made anew. A generated part
//  stands between the lines
//    <!-- table NAME -->
//    <!-- end of table -->
//  and comes from the project's lists (*.def) or from its own codec, so that a document cannot say
//  something else than the code.
//  Usage: print-tables FILE, or print-tables --list for the names, one a line
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "cluster/map_words.h"
#include "move/move.h"
#include "print-commands.h"
#include "sheet.h"
#include "slot.h"
#include "status.h"
#include "wire.h"

#define LINE_MAX_SIZE 4096

//  ------------------------------------------------------------------------------------------------
//  Cells

//  One cell of a table: a bar inside it would end it.
static void
s_cell (const char *text)
{
    printf (" ");
    for (; *text; text++) {
        if (*text == '|')
            putchar ('\\');
        putchar (*text);
    }
    printf (" |");
}

static void
s_code_cell (const char *text)
{
    printf (*text ? " `%s` |" : " |", text);
}

//  ------------------------------------------------------------------------------------------------
//  Lists

static void
s_operations (void)
{
    static const char *const s_names[] = { "map, key", "map", "nothing" };
    printf ("| Operation | Effect | Names | Value and options | Value of the reply |"
            " Statuses of its own | Repeatable |\n");
    printf ("|---|---|---|---|---|---|---|\n");
    for (unsigned op = 1; op < OP_LIMIT; op++) {
        const op_info_t *info = op_info (op);
        if (!info->name)
            continue;
        printf ("|");
        s_code_cell (info->name);
        s_cell (info->purpose);
        s_cell (s_names[info->routing]);
        s_cell (info->arguments);
        s_cell (info->reply);
        s_cell (info->statuses);
        s_cell (info->repeatable ? "yes" : "no");
        printf ("\n");
    }
}

static void
s_options (void)
{
    enum { FLAG, UINT, BYTES, VALUE, NUMBER, LIST };
    static const char *const s_types[] = { [FLAG] = "flag",
                                           [UINT] = "unsigned integer",
                                           [BYTES] = "bin or str",
                                           [VALUE] = "bin, str or nil",
                                           [NUMBER] = "integer, float, or decimal text",
                                           [LIST] = "array of str" };
    static const struct {
        const char *name;
        int type;
        const char *purpose;
    } s_list[] = {
#define OPTION(name, bit, type, purpose) { #name, type, purpose },
#include "option.def"
#undef OPTION
    };
    printf ("| Option | Type | Meaning |\n|---|---|---|\n");
    for (size_t at = 0; at < sizeof s_list / sizeof s_list[0]; at++) {
        printf ("|");
        s_code_cell (s_list[at].name);
        s_cell (s_types[s_list[at].type]);
        s_cell (s_list[at].purpose);
        printf ("\n");
    }
}

static void
s_statuses (void)
{
    printf ("| Number | Name | Meaning | What a client does |\n|---:|---|---|---|\n");
    for (int status = 0; status < ZGRID_STATUS_LIMIT; status++) {
        printf ("| %d |", status);
        s_cell (status_name (status));
        s_cell (status_text (status));
        s_cell (status_advice (status));
        printf ("\n");
    }
}

//  The first of some words.
static void
s_first_word (const char *words)
{
    printf (" `%.*s` |", (int) strcspn (words, " "), words);
}

static void
s_settings (void)
{
    enum { UINT, BOOL, TEXT, CHOICE };
    static const char *const s_types[] = { "integer", "true or false", "text", "one of" };
    static const struct {
        const char *name;
        int type;
        const char *standard;
        unsigned long long min, max;
        const char *unit, *purpose;
    } s_list[] = {
#define SETTING(section, name, type, standard, min, max, unit, purpose)                                      \
    { #section "." #name, type, standard, min, max, unit, purpose },
#include "setting.def"
#undef SETTING
    };
    printf ("| Setting | Type | Default | Range | Unit | Meaning |\n|---|---|---|---|---|---|\n");
    for (size_t at = 0; at < sizeof s_list / sizeof s_list[0]; at++) {
        int type = s_list[at].type;
        printf ("|");
        s_code_cell (s_list[at].name);
        s_cell (s_types[type]);
        if (type == CHOICE)
            s_first_word (s_list[at].unit);
        else
            s_code_cell (s_list[at].standard);
        if (type == UINT)
            printf (" %llu to %llu |", s_list[at].min, s_list[at].max);
        else if (type == TEXT)
            printf (" at most %llu bytes |", s_list[at].max);
        else
            s_cell (type == CHOICE ? s_list[at].unit : "");
        s_cell (type == CHOICE ? "" : s_list[at].unit);
        s_cell (s_list[at].purpose);
        printf ("\n");
    }
}

static void
s_statistics (void)
{
    static const char *const s_kinds[] = { "counter", "gauge", "gauge, the largest" };
    enum { COUNTER, GAUGE, SHARED };
    static const struct {
        const char *name;
        int kind;
        const char *unit, *purpose;
    } s_list[] = {
#define STAT(name, kind, unit, purpose) { #name, kind, unit, purpose },
#include "stat.def"
#undef STAT
    };
    printf ("| Name | Kind | Unit | Meaning |\n|---|---|---|---|\n");
    for (size_t at = 0; at < sizeof s_list / sizeof s_list[0]; at++) {
        printf ("|");
        s_code_cell (s_list[at].name);
        s_cell (s_kinds[s_list[at].kind]);
        s_cell (s_list[at].unit);
        s_cell (s_list[at].purpose);
        printf ("\n");
    }
}

//  What STATS answers to each of its words.
static void
s_sheets (void)
{
    static const char *const s_kinds[] = { "name",   "name, bin", "name, number", "text",     "bin",
                                           "number", "sum",       "largest",      "histogram" };
    for (int which = 0; which < SHEETS; which++) {
        sheet_info_t info = sheet_info ((sheet_id_t) which);
        printf ("%s**`%s`**: %s. At most %u rows, by `%s`%s.\n\n", which ? "\n" : "", info.word, info.purpose,
                info.most, info.columns[info.order].name, info.down ? ", the largest first" : "");
        printf ("| Name | Kind | Unit | Meaning |\n|---|---|---|---|\n");
        for (unsigned at = 0; at < info.columns_count; at++) {
            printf ("|");
            s_code_cell (info.columns[at].name);
            s_cell (s_kinds[info.columns[at].kind]);
            s_cell (info.columns[at].unit);
            s_cell (info.columns[at].purpose);
            printf ("\n");
        }
    }
}

//  Words with a comma between them, as code.
static void
s_words_cell (const char *words)
{
    const char *between = " ";
    for (; *words; words += strspn (words, " ")) {
        int size = (int) strcspn (words, " ");
        printf ("%s`%.*s`", between, size, words);
        words += size;
        between = ", ";
    }
    printf (" |");
}

static void
s_key_members (void)
{
    printf ("| Member | Type | Meaning |\n|---|---|---|\n");
#define KEY_FIELD(name, type, purpose) printf ("| `%s` | %s | %s |\n", name, type, purpose);
#include "key_event.def"
#undef KEY_FIELD
}

static void
s_key_events (void)
{
    printf ("| `event` | Meaning |\n|---|---|\n");
#define KEY_EVENT(NAME, name, purpose) printf ("| `%s` | %s |\n", name, purpose);
#include "key_event.def"
#undef KEY_EVENT
}

static void
s_events (void)
{
    static const struct {
        const char *name, *fields, *purpose;
    } s_list[] = {
#define EVENT(NAME, name, fields, purpose) { name, fields, purpose },
#include "cluster/event.def"
#undef EVENT
    };
    printf ("| `event` | Meaning | Further members |\n|---|---|---|\n");
    for (size_t at = 0; at < sizeof s_list / sizeof s_list[0]; at++) {
        printf ("|");
        s_code_cell (s_list[at].name);
        s_cell (s_list[at].purpose);
        s_words_cell (s_list[at].fields);
        printf ("\n");
    }
}

static void
s_states (void)
{
    static const struct {
        const char *name, *purpose;
    } s_list[] = {
#define MOVE_STATE(NAME, name, next, text) { name, text },
#include "move/move_state.def"
#undef MOVE_STATE
    };
    printf ("| `state` | Meaning | Next |\n|---|---|---|\n");
    for (size_t at = 0; at < sizeof s_list / sizeof s_list[0]; at++) {
        printf ("|");
        s_code_cell (s_list[at].name);
        s_cell (s_list[at].purpose);
        const char *between = " ";
        for (move_state_t next = MOVE_NONE + 1; next < MOVE_STATES; next++)
            if (move_state_follows ((move_state_t) (at + 1), next)) {
                printf ("%s`%s`", between, move_state_name (next));
                between = ", ";
            }
        printf (" |\n");
    }
}

//  ------------------------------------------------------------------------------------------------
//  Test vectors

//  Keys are shown in hex, too: some of them are no text.
static void
s_slots (void)
{
    static const struct {
        const char *key;
        size_t size;
    } s_keys[] = {
        { "", 0 },
        { "a", 1 },
        { "foo", 3 },
        { "123456789", 9 },
        { "{}", 2 },
        { "{}foo", 5 },
        { "foo{}", 5 },
        { "{foo}", 5 },
        { "{user1000}.following", 20 },
        { "{user1000}.followers", 20 },
        { "foo{}{bar}", 10 },
        { "foo{{bar}}zap", 13 },
        { "foo{bar}{zap}", 13 },
        { "foo{bar", 7 },
        { "foo}bar{", 8 },
        { "}{a}", 4 },
        { "caf\xc3\xa9", 5 },
        { "\x00", 1 },
        { "\x00\xff{\x80}", 5 },
        { "a key of 27 bytes, all told", 27 },
    };
    printf ("| Key | Key in hex | Slot | Partition of 271 | Partition of 16 |\n|---|---|---:|---:|---:|\n");
    for (size_t at = 0; at < sizeof s_keys / sizeof s_keys[0]; at++) {
        bytes_t key = bytes_of (s_keys[at].key, s_keys[at].size);
        bool text = key.size > 0;
        for (size_t byte = 0; byte < key.size; byte++)
            text = text && key.data[byte] >= ' ' && key.data[byte] <= '~';
        uint32_t slot = slot_of_key (key);
        printf ("|");
        if (text)
            s_code_cell (s_keys[at].key);
        else
            s_cell (key.size ? "(not ASCII)" : "(empty)");
        printf (" ");
        for (size_t byte = 0; byte < key.size; byte++)
            printf ("%02x", key.data[byte]);
        printf (" | %u | %u | %u |\n", slot, slot_partition (slot, 271), slot_partition (slot, 16));
    }
}

//  ------------------------------------------------------------------------------------------------
//  One exchange, byte by byte

#define DUMP_BYTES 9 // Bytes on a line of the dump

//  Bytes in hex, and beside the first line of them what they mean.
static void
s_dump (const uint8_t *from, const uint8_t *to, const char *meaning)
{
    while (from < to) {
        size_t left = (size_t) (to - from);
        size_t size = left < DUMP_BYTES ? left : DUMP_BYTES;
        int width = 0;
        for (size_t at = 0; at < size; at++)
            width += printf ("%02x ", from[at]);
        if (*meaning)
            printf ("%*s%s", DUMP_BYTES * 3 + 1 - width, "", meaning);
        printf ("\n");
        meaning = "";
        from += size;
    }
}

//  One MessagePack value and what is in it. role: the place it has in its record.
static void
s_dump_value (mp_t *reader, const char *role, int indent)
{
    const uint8_t *start = reader->at;
    mp_token_t token;
    char text[256];
    bool read = mp_next (reader, &token);
    assert (read); // The codec wrote it
    int size = snprintf (text, sizeof text, "%*s%s%s", indent * 2, "", role, *role ? ": " : "");
    char *rest = text + size;
    size_t room = sizeof text - (size_t) size;
    switch (token.kind) {
        case MP_NIL:
            snprintf (rest, room, "nil");
            break;
        case MP_BOOL:
            snprintf (rest, room, token.integer ? "true" : "false");
            break;
        case MP_INT:
            snprintf (rest, room, "%lld", (long long) token.integer);
            break;
        case MP_BYTES:
            snprintf (rest, room, "%s \"%.*s\"", *start >= 0xa0 && *start <= 0xbf ? "str" : "bin",
                      (int) token.bytes.size, (const char *) token.bytes.data);
            break;
        case MP_ARRAY:
            snprintf (rest, room, "array of %lld elements", (long long) token.integer);
            break;
        case MP_MAP:
            snprintf (rest, room, "map of %lld pair%s", (long long) token.integer,
                      token.integer == 1 ? "" : "s");
            break;
        default:
            assert (false); // The exchange has no other kinds
    }
    s_dump (start, reader->at, text);
    for (int64_t at = 0; token.kind == MP_MAP && at < token.integer; at++) {
        s_dump_value (reader, "name", indent + 1);
        s_dump_value (reader, "value", indent + 1);
    }
}

static void
s_dump_body (const char *title, const buf_t *body, const char *const roles[6])
{
    printf ("%s, %zu bytes\n\n", title, body->size);
    s_dump (body->data, body->data + WIRE_SIGNATURE_SIZE, "signature: Z, G, version 1");
    mp_t reader;
    bool open = wire_open (buf_bytes (body), &reader);
    assert (open);
    while (!mp_at_end (&reader)) {
        const uint8_t *start = reader.at;
        uint32_t count;
        bool array = mp_array (&reader, &count);
        assert (array && count <= 6);
        char text[64];
        snprintf (text, sizeof text, "record: array of %u elements", count);
        s_dump (start, reader.at, text);
        for (uint32_t at = 0; at < count; at++)
            s_dump_value (&reader, roles[at], 1);
    }
}

static void
s_maps (void)
{
    static const char *const s_units[] = {
        [MAP_KIND_TIME] = "milliseconds", [MAP_KIND_SIZE] = "bytes", [MAP_KIND_EVENTS] = ""
    };
    char usual[MAP_WORD_MAX], range[64];
    printf ("| Setting | Usual | Range | Unit | Meaning |\n|---|---|---|---|---|\n");
    for (unsigned number = 0; number < MAP_SETTINGS; number++) {
        const map_setting_t *setting = &map_settings_list[number];
        const char *unit = s_units[setting->kind];
        snprintf (range, sizeof range, "%llu to %llu", (unsigned long long) setting->least,
                  (unsigned long long) setting->most);
        printf ("|");
        s_code_cell (setting->name);
        s_code_cell (map_setting_print (number, setting->usual, usual));
        s_cell (map_setting_is_word (number) ? map_setting_range (number) : range);
        s_cell (unit ? unit : "");
        s_cell (setting->purpose);
        printf ("\n");
    }
}

static void
s_exchange (void)
{
    static const char *const s_request[6] = { "id", "op", "map", "key", "value", "options" };
    static const char *const s_reply[6] = { "id", "status", "value", "version", "meta", "" };
    bytes_t map = bytes_str ("fruit"), key = bytes_str ("apple"), lost = bytes_str ("pear");
    value_t red = value_bytes (bytes_str ("red"));
    options_t absent = { .given = OPT_nx };
    buf_t body = BUF_INIT;
    wire_begin (&body);
    wire_request (&body, 1, OP_PUT, map, &key, &red, &absent);
    wire_request (&body, 2, OP_GET, map, &key, NULL, NULL);
    wire_request (&body, 300, OP_GET, map, &lost, NULL, NULL);
    assert (!body.failed);
    printf ("```\n");
    s_dump_body ("request", &body, s_request);
    buf_reset (&body);
    wire_begin (&body);
    wire_reply (&body, 1, ZGRID_OK, value_nil (), 1, NULL);
    wire_reply (&body, 2, ZGRID_OK, red, 1, NULL);
    wire_reply (&body, 300, ZGRID_NOTFOUND, value_nil (), 0, NULL);
    assert (!body.failed);
    printf ("\n");
    s_dump_body ("reply", &body, s_reply);
    printf ("```\n");
    buf_clear (&body);
}

//  ------------------------------------------------------------------------------------------------
//  The file

static const struct {
    const char *name;
    void (*print) (void);
} s_tables[] = {
    { "operations", s_operations },
    { "options", s_options },
    { "statuses", s_statuses },
    { "settings", s_settings },
    { "statistics", s_statistics },
    { "sheets", s_sheets },
    { "slots", s_slots },
    { "exchange", s_exchange },
    { "events", s_events },
    { "keymembers", s_key_members },
    { "keyevents", s_key_events },
    { "states", s_states },
    { "maps", s_maps },
    { "commands", print_commands },
    { "absentcommands", print_absent_commands },
    { "scripts", print_scripts },
};

#define S_COUNT (sizeof s_tables / sizeof s_tables[0])

//  Prints the table that a marker names. False: there is no such table.
static bool
s_print (const char *name)
{
    for (size_t at = 0; at < S_COUNT; at++)
        if (strcmp (s_tables[at].name, name) == 0) {
            s_tables[at].print ();
            return true;
        }
    return false;
}

static int
s_fail (const char *file, int line, const char *text)
{
    fprintf (stderr, "%s:%d: %s\n", file, line, text);
    return EXIT_FAILURE;
}

static int
s_copy (FILE *in, const char *file)
{
    char text[LINE_MAX_SIZE], name[32];
    bool inside = false;
    int line = 0, found = 0;
    while (fgets (text, sizeof text, in)) {
        line++;
        if (!strchr (text, '\n'))
            return s_fail (file, line, "a line is too long, or the last one has no end");
        if (sscanf (text, "<!-- table %31[a-z] -->", name) == 1) {
            if (inside)
                return s_fail (file, line, "a table begins inside another");
            inside = true;
            found++;
            fputs (text, stdout);
            if (!s_print (name))
                return s_fail (file, line, "there is no table of this name");
        } else if (strcmp (text, "<!-- end of table -->\n") == 0) {
            if (!inside)
                return s_fail (file, line, "a table ends that did not begin");
            inside = false;
            fputs (text, stdout);
        } else if (!inside)
            fputs (text, stdout);
    }
    if (inside)
        return s_fail (file, line, "the last table does not end");
    if (!found)
        return s_fail (file, line, "no table in this file");
    return EXIT_SUCCESS;
}

int
main (int argc, char *argv[])
{
    if (argc != 2) {
        fprintf (stderr, "usage: print-tables FILE | --list\n");
        return 2;
    }
    if (strcmp (argv[1], "--list") == 0) {
        for (size_t at = 0; at < S_COUNT; at++)
            puts (s_tables[at].name);
        return EXIT_SUCCESS;
    }
    FILE *in = fopen (argv[1], "r");
    if (!in) {
        perror (argv[1]);
        return EXIT_FAILURE;
    }
    int result = s_copy (in, argv[1]);
    fclose (in);
    if (fflush (stdout) != 0 || ferror (stdout)) {
        perror ("print-tables: stdout");
        return EXIT_FAILURE;
    }
    return result;
}
