//  zgrid-stats: statistics of members, for people and as JSON: stats, hot, big, slow, latency, clients.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage.h"
#include "zgrid-crowd.h"

//  What belongs to one member: rows of several are not added up, but shown with their member's name.
static bool
s_is_own (sheet_id_t which)
{
    return which == SHEET_partitions || which == SHEET_slow || which == SHEET_clients;
}

//  ----------------------------------------------------------------------------------------------
//  JSON

static json_t *
s_json_histogram (const histogram_t *histogram)
{
    return json_pack (
        "{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "count", (json_int_t) histogram->count, "mean",
        (json_int_t) histogram_mean (histogram), "min", (json_int_t) (histogram->count ? histogram->min : 0),
        "p50", (json_int_t) histogram_percentile (histogram, 50), "p90",
        (json_int_t) histogram_percentile (histogram, 90), "p99",
        (json_int_t) histogram_percentile (histogram, 99), "p999",
        (json_int_t) histogram_percentile (histogram, 99.9), "max", (json_int_t) histogram->max);
}

static json_t *
s_json_row (const sheet_info_t *info, const cell_t *cells, const char *node)
{
    json_t *row = json_object ();
    if (node)
        json_set_bytes (row, "node", zgrid_str (node));
    for (unsigned at = 0; row && at < info->columns_count; at++) {
        const column_t *column = &info->columns[at];
        bool text = column->kind == CELL_ID_TEXT || column->kind == CELL_TEXT || column->kind == CELL_ID_BYTES
                    || column->kind == CELL_BYTES;
        if (text)
            json_set_bytes (row, column->name,
                            (zgrid_bytes_t) { cells[at].bytes.data, cells[at].bytes.size });
        else
            json_object_set_new (row, column->name,
                                 column->kind == CELL_HISTOGRAM
                                     ? s_json_histogram (cells[at].histogram)
                                     : json_integer ((json_int_t) cells[at].number));
    }
    return row;
}

static void
s_json_rows (json_t *rows, sheet_t *sheet, const char *node)
{
    sheet_info_t info = sheet_info (sheet_which (sheet));
    uint32_t count = sheet_settle (sheet);
    for (uint32_t row = 0; row < count; row++)
        json_array_append_new (rows, s_json_row (&info, sheet_row (sheet, row), node));
}

//  ----------------------------------------------------------------------------------------------
//  Text

#define CELL_SIZE 24 // Of a number

static void
s_cell (const column_t *column, const cell_t *cell, char text[CELL_SIZE])
{
    text[0] = 0;
    if (column->kind >= CELL_NUMBER || column->kind == CELL_ID_NUMBER)
        snprintf (text, CELL_SIZE, "%llu", (unsigned long long) cell->number);
}

static size_t
s_width (const sheet_t *sheet, uint32_t rows, const column_t *column, unsigned at)
{
    size_t width = strlen (column->name);
    for (uint32_t row = 0; row < rows; row++) {
        char text[CELL_SIZE];
        const cell_t *cell = &sheet_row (sheet, row)[at];
        s_cell (column, cell, text);
        size_t size = *text ? strlen (text) : cell->bytes.size;
        width = size > width ? size : width;
    }
    return width;
}

static void
s_print_cell (const column_t *column, const cell_t *cell, size_t width, bool last)
{
    char text[CELL_SIZE];
    s_cell (column, cell, text);
    if (*text)
        printf ("%*s", (int) width, text);
    else {
        tool_print_escaped ((zgrid_bytes_t) { cell->bytes.data, cell->bytes.size });
        size_t left = cell->bytes.size < width && !last ? width - cell->bytes.size : 0;
        printf ("%*s", (int) left, "");
    }
    printf (last ? "\n" : "  ");
}

//  Numbers to the right, text to the left.
static void
s_print_sheet (sheet_t *sheet)
{
    sheet_info_t info = sheet_info (sheet_which (sheet));
    size_t widths[SHEET_COLUMNS_MAX];
    uint32_t rows = sheet_settle (sheet);
    for (unsigned at = 0; at < info.columns_count; at++) {
        const column_t *column = &info.columns[at];
        bool number = column->kind >= CELL_NUMBER || column->kind == CELL_ID_NUMBER;
        widths[at] = s_width (sheet, rows, column, at);
        bool last = at + 1 == info.columns_count;
        if (number)
            printf ("%*s", (int) widths[at], column->name);
        else
            printf ("%-*s", last ? 0 : (int) widths[at], column->name);
        printf (last ? "\n" : "  ");
    }
    for (uint32_t row = 0; row < rows; row++)
        for (unsigned at = 0; at < info.columns_count; at++)
            s_print_cell (&info.columns[at], &sheet_row (sheet, row)[at], widths[at],
                          at + 1 == info.columns_count);
    if (sheet_has_more (sheet))
        puts ("and more");
}

static void
s_print_latency (sheet_t *sheet, const char *title, unsigned cell)
{
    printf ("%-11s %12s %10s %10s %10s %10s %10s %10s\n", title, "records", "mean us", "p50", "p90", "p99",
            "p99.9", "max");
    for (uint32_t row = 0; row < sheet_settle (sheet); row++) {
        const cell_t *cells = sheet_row (sheet, row);
        const histogram_t *times = cells[cell].histogram;
        printf ("%-11.*s %12llu %10.1f", (int) cells[CELL_latency_op].bytes.size,
                (const char *) cells[CELL_latency_op].bytes.data, (unsigned long long) times->count,
                histogram_mean (times) / 1e3);
        static const double percents[] = { 50, 90, 99, 99.9 };
        for (size_t at = 0; at < sizeof percents / sizeof percents[0]; at++)
            printf (" %10.1f", (double) histogram_percentile (times, percents[at]) / 1e3);
        printf (" %10.1f\n", (double) times->max / 1e3);
    }
}

static void
s_print (sheet_t *sheet)
{
    if (sheet_which (sheet) == SHEET_latency) {
        s_print_latency (sheet, "execute", CELL_latency_execute);
        s_print_latency (sheet, "answer", CELL_latency_answer);
    } else
        s_print_sheet (sheet);
}

//  ----------------------------------------------------------------------------------------------
//  Tables

//  What is gathered of a table.
typedef struct {
    sheet_id_t which;
    sheet_t *sum;  // Of all members that were asked
    json_t *rows;  // With --json, of tables that are not added up
    json_t *names; // Of members that answered
} s_table_t;

static int
s_take (tool_t *tool, s_table_t *table, zgrid_client_t *client, const char *name, bool several)
{
    int status;
    sheet_t *sheet = crowd_sheet (client, table->which, &status);
    if (!sheet)
        return tool_fail (tool, status, zgrid_client_error (client));
    if (name)
        json_array_append_new (table->names, json_string (name));
    uint32_t rows = sheet_settle (sheet);
    int code = EXIT_DONE;
    if (s_is_own (table->which) && tool->json)
        s_json_rows (table->rows, sheet, name);
    else if (s_is_own (table->which)) {
        if (several && name)
            printf ("%s:\n", name);
        s_print (sheet);
    } else {
        bool added = true;
        for (uint32_t row = 0; row < rows && added; row++)
            added = sheet_add (table->sum, sheet_row (sheet, row));
        code = added ? EXIT_DONE : tool_fail (tool, ZGRID_NOMEM, NULL);
    }
    if (sheet_has_more (sheet))
        sheet_more (table->sum);
    sheet_destroy (&sheet);
    return code;
}

static int
s_show (tool_t *tool, s_table_t *table)
{
    if (tool->json) {
        if (!s_is_own (table->which))
            s_json_rows (table->rows, table->sum, NULL);
        return tool_print_json (json_pack ("{s:s, s:O, s:O, s:b}", "table", sheet_info (table->which).word,
                                           "nodes", table->names, "rows", table->rows, "more",
                                           sheet_has_more (table->sum)));
    }
    if (!s_is_own (table->which))
        s_print (table->sum);
    return EXIT_DONE;
}

//  Of the members of a crowd; NULL: of the node that answers.
static int
s_table (tool_t *tool, sheet_id_t which, crowd_t *crowd)
{
    int code = EXIT_DONE;
    s_table_t table = { which, sheet_new (which, s_is_own (which) ? 0 : UINT32_MAX), json_array (),
                        json_array () };
    if (!table.sum || !table.rows || !table.names)
        code = tool_fail (tool, ZGRID_NOMEM, NULL);
    else if (!crowd)
        code = s_take (tool, &table, tool->client, NULL, false);
    for (size_t at = 0; crowd && table.sum && at < crowd_count (crowd); at++) {
        int one = s_take (tool, &table, crowd_client (crowd, at), crowd_name (crowd, at),
                          crowd_count (crowd) > 1);
        code = one != EXIT_DONE ? EXIT_PARTLY : code;
    }
    if (table.sum && (code == EXIT_DONE || code == EXIT_PARTLY)) {
        int shown = s_show (tool, &table);
        code = code == EXIT_DONE ? shown : code;
    }
    sheet_destroy (&table.sum);
    json_decref (table.rows);
    json_decref (table.names);
    return code == EXIT_DONE && crowd && crowd->silent ? EXIT_PARTLY : code;
}

//  ----------------------------------------------------------------------------------------------
//  Counters, and the process

static json_t *
s_json_counters (const stats_t *stats)
{
    json_t *object = json_object ();
#define STAT(name, kind, unit, purpose)                                                                      \
    json_object_set_new (object, #name, json_integer ((json_int_t) stats->name));
#include "stat.def"
#undef STAT
    return object;
}

//  Each member's answer by its name, and the sum of counters under "all".
static int
s_trees (tool_t *tool, const char *word, crowd_t *crowd)
{
    json_t *trees = json_object ();
    stats_t sum = { 0 };
    int code = crowd->silent ? EXIT_PARTLY : EXIT_DONE;
    for (size_t at = 0; trees && at < crowd_count (crowd); at++) {
        zgrid_entry_t entry;
        stats_t stats;
        int status = crowd_ask (crowd_client (crowd, at), word, &entry);
        json_t *tree = status == ZGRID_OK ? tree_to_json (entry.value) : NULL;
        if (!json_is_object (tree)) {
            json_decref (tree);
            tool_fail (tool, status == ZGRID_OK ? ZGRID_WRONGTYPE : status,
                       zgrid_client_error (crowd_client (crowd, at)));
            code = EXIT_PARTLY;
            continue;
        }
        if (!word && stats_decode ((bytes_t) { entry.value.data, entry.value.size }, &stats))
            stats_add (&sum, &stats);
        json_object_set_new (trees, crowd_name (crowd, at), tree);
    }
    json_t *all = word ? json_pack ("{s:O}", "nodes", trees)
                       : json_pack ("{s:O, s:o}", "nodes", trees, "all", s_json_counters (&sum));
    json_decref (trees);
    if (!all)
        return tool_fail (tool, ZGRID_NOMEM, NULL);
    if (tool->json) {
        int printed = tool_print_json (all);
        return code == EXIT_DONE ? printed : code;
    }
    json_t *show = word ? json_object_get (all, "nodes") : json_object_get (all, "all");
    tree_print (show);
    json_decref (all);
    return code;
}

//  The same of the node that answers.
static int
s_tree (tool_t *tool, const char *word)
{
    zgrid_entry_t entry;
    int status = crowd_ask (tool->client, word, &entry);
    if (status != ZGRID_OK)
        return tool_fail (tool, status, zgrid_client_error (tool->client));
    json_t *tree = tree_to_json (entry.value);
    if (!json_is_object (tree)) {
        json_decref (tree);
        return tool_fail (tool, ZGRID_WRONGTYPE, "the answer is not a map");
    }
    if (tool->json)
        return tool_print_json (tree);
    tree_print (tree);
    json_decref (tree);
    return EXIT_DONE;
}

//  ----------------------------------------------------------------------------------------------
//  Commands

int
command_stats (tool_t *self)
{
    const char *word = self->operand_count ? self->operands[0] : NULL;
    bool tree = !word || strcmp (word, "process") == 0, crowded = self->all || self->node;
    sheet_id_t which = tree ? SHEET_NONE : sheet_find ((bytes_t) { (const uint8_t *) word, strlen (word) });
    crowd_t crowd;
    int code = EXIT_DONE;
    if (!tree && which == SHEET_NONE)
        return tool_complain (self, "there are no statistics called %s; see zgrid --help", word);
    if (!crowded)
        return tree ? s_tree (self, word) : s_table (self, which, NULL);
    if (crowd_begin (&crowd, self, &code))
        code = tree ? s_trees (self, word, &crowd) : s_table (self, which, &crowd);
    crowd_end (&crowd);
    return code;
}

//  Of all members, unless --node names one.
static int
s_of_all (tool_t *self, sheet_id_t which)
{
    crowd_t crowd;
    int code = EXIT_DONE;
    if (crowd_begin (&crowd, self, &code))
        code = s_table (self, which, &crowd);
    crowd_end (&crowd);
    return code;
}

int
command_hot (tool_t *self)
{
    return s_of_all (self, SHEET_hot);
}

int
command_big (tool_t *self)
{
    return s_of_all (self, SHEET_big);
}

int
command_slow (tool_t *self)
{
    return s_of_all (self, SHEET_slow);
}

int
command_latency (tool_t *self)
{
    return s_of_all (self, SHEET_latency);
}

int
command_clients (tool_t *self)
{
    return s_of_all (self, SHEET_clients);
}
