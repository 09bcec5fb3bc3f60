//  zgrid-top: what the members of a cluster are doing, from one second to the next.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "storage.h"
#include "zgrid-cluster.h"
#include "zgrid-crowd.h"
#include "zgrid-progress.h"

#define INTERVAL_MS 1000

//  What a member says of itself at one moment.
typedef struct {
    double at; // Seconds; 0: it has not answered
    stats_t stats;
    sheet_t *operations;
    uint64_t cpu_ms, rss_bytes;
} s_moment_t;

static void
s_clear (s_moment_t *self)
{
    sheet_destroy (&self->operations);
    *self = (s_moment_t) { 0 };
}

//  False: it does not answer.
static bool
s_ask (zgrid_client_t *client, s_moment_t *moment)
{
    zgrid_entry_t entry;
    int status;
    s_clear (moment);
    moment->operations = crowd_sheet (client, SHEET_operations, &status);
    if (!moment->operations || crowd_ask (client, NULL, &entry) != ZGRID_OK
        || !stats_decode ((bytes_t) { entry.value.data, entry.value.size }, &moment->stats))
        return false;
    moment->at = progress_now ();
    json_t *process = crowd_ask (client, "process", &entry) == ZGRID_OK ? tree_to_json (entry.value) : NULL;
    moment->cpu_ms = (uint64_t) (cluster_number (process, "cpu_user_ms")
                                 + cluster_number (process, "cpu_system_ms"));
    moment->rss_bytes = (uint64_t) cluster_number (process, "rss_bytes");
    json_decref (process);
    return true;
}

//  ----------------------------------------------------------------------------------------------
//  From two moments to rates

typedef struct {
    const char *name;
    double records, bytes_in, bytes_out; // A second
    double cpu;                          // Cores
    uint64_t rss_bytes, entries;
} s_node_t;

//  A node that began anew counts from 0 again.
static double
s_rate (uint64_t before, uint64_t now, double seconds)
{
    return now > before && seconds > 0 ? (double) (now - before) / seconds : 0;
}

static s_node_t
s_node (const char *name, const s_moment_t *before, const s_moment_t *now)
{
    double seconds = now->at - before->at;
    return (s_node_t) { .name = name,
                        .records = s_rate (before->stats.records, now->stats.records, seconds),
                        .bytes_in = s_rate (before->stats.bytes_in, now->stats.bytes_in, seconds),
                        .bytes_out = s_rate (before->stats.bytes_out, now->stats.bytes_out, seconds),
                        .cpu = s_rate (before->cpu_ms, now->cpu_ms, seconds) / 1000,
                        .rss_bytes = now->rss_bytes,
                        .entries = now->stats.entries };
}

//  The figures of an operation at that moment; zeros if there are none.
static const cell_t *
s_find (const s_moment_t *moment, bytes_t op)
{
    static const cell_t s_none[SHEET_COLUMNS_MAX];
    uint32_t rows = sheet_settle (moment->operations);
    for (uint32_t row = 0; row < rows; row++)
        if (bytes_equal (sheet_row (moment->operations, row)[CELL_operations_op].bytes, op))
            return sheet_row (moment->operations, row);
    return s_none;
}

//  What was added between two moments of a member, as a row for the sum of all. Figures become figures a
//  thousand seconds, for they are whole numbers.
static void
s_add_rates (sheet_t *sum, const s_moment_t *before, const s_moment_t *now)
{
    double seconds = (now->at - before->at) / 1000;
    for (uint32_t row = 0; row < sheet_settle (now->operations); row++) {
        const cell_t *cells = sheet_row (now->operations, row);
        const cell_t *old = s_find (before, cells[CELL_operations_op].bytes);
        cell_t rates[SHEET_COLUMNS_MAX] = { 0 };
        rates[CELL_operations_op].bytes = cells[CELL_operations_op].bytes;
        for (unsigned at = CELL_operations_records; at <= CELL_operations_time_ns; at++)
            rates[at].number = (uint64_t) s_rate (old[at].number, cells[at].number, seconds);
        if (rates[CELL_operations_records].number)
            sheet_add (sum, rates);
    }
}

//  ----------------------------------------------------------------------------------------------
//  Showing

typedef struct {
    const tool_t *tool;
    bool terminal;
    s_node_t *nodes;
    size_t count;
    sheet_t *rates; // s_add_rates of all members
} s_picture_t;

static double
s_each (const cell_t *cells, unsigned column)
{
    return (double) cells[column].number / 1000;
}

//  Microseconds that a record took.
static double
s_mean (const cell_t *cells)
{
    double records = (double) cells[CELL_operations_records].number;
    return records > 0 ? (double) cells[CELL_operations_time_ns].number / records / 1000 : 0;
}

static int
s_show_json (const s_picture_t *self)
{
    json_t *nodes = json_array (), *operations = json_array ();
    for (size_t at = 0; at < self->count; at++) {
        const s_node_t *node = &self->nodes[at];
        json_array_append_new (nodes, json_pack ("{s:s, s:f, s:f, s:f, s:f, s:I, s:I}", "name", node->name,
                                                 "records_per_s", node->records, "bytes_in_per_s",
                                                 node->bytes_in, "bytes_out_per_s", node->bytes_out, "cores",
                                                 node->cpu, "rss_bytes", (json_int_t) node->rss_bytes,
                                                 "entries", (json_int_t) node->entries));
    }
    for (uint32_t row = 0; row < sheet_settle (self->rates); row++) {
        const cell_t *cells = sheet_row (self->rates, row);
        bytes_t op = cells[CELL_operations_op].bytes;
        json_array_append_new (
            operations, json_pack ("{s:s%, s:f, s:f, s:f, s:f, s:f}", "op", (const char *) op.data, op.size,
                                   "records_per_s", s_each (cells, CELL_operations_records), "failed_per_s",
                                   s_each (cells, CELL_operations_failed), "bytes_in_per_s",
                                   s_each (cells, CELL_operations_bytes_in), "bytes_out_per_s",
                                   s_each (cells, CELL_operations_bytes_out), "mean_us", s_mean (cells)));
    }
    int code = tool_print_json (json_pack ("{s:o, s:o}", "nodes", nodes, "operations", operations));
    return fflush (stdout) ? EXIT_PARTLY : code;
}

static int
s_show (const s_picture_t *self)
{
    if (self->tool->json)
        return s_show_json (self);
    if (self->terminal)
        fputs ("\033[H\033[J", stdout);
    size_t width = strlen ("NODE");
    for (size_t at = 0; at < self->count; at++)
        width = strlen (self->nodes[at].name) > width ? strlen (self->nodes[at].name) : width;
    printf ("%-*s  %11s %10s %10s %6s %10s %12s\n", (int) width, "NODE", "RECORDS/S", "IN MB/S", "OUT MB/S",
            "CORES", "RSS MB", "ENTRIES");
    for (size_t at = 0; at < self->count; at++) {
        const s_node_t *node = &self->nodes[at];
        cluster_column (node->name, width);
        printf ("%11.0f %10.3f %10.3f %6.2f %10.1f %12" PRIu64 "\n", node->records, node->bytes_in / 1e6,
                node->bytes_out / 1e6, node->cpu, (double) node->rss_bytes / 1e6, node->entries);
    }
    printf ("\n%-11s %11s %10s %10s %10s %10s\n", "OPERATION", "RECORDS/S", "FAILED/S", "IN MB/S", "OUT MB/S",
            "MEAN US");
    for (uint32_t row = 0; row < sheet_settle (self->rates); row++) {
        const cell_t *cells = sheet_row (self->rates, row);
        bytes_t op = cells[CELL_operations_op].bytes;
        printf ("%-11.*s %11.1f %10.1f %10.3f %10.3f %10.1f\n", (int) op.size, (const char *) op.data,
                s_each (cells, CELL_operations_records), s_each (cells, CELL_operations_failed),
                s_each (cells, CELL_operations_bytes_in) / 1e6,
                s_each (cells, CELL_operations_bytes_out) / 1e6, s_mean (cells));
    }
    return fflush (stdout) ? EXIT_PARTLY : EXIT_DONE;
}

//  ----------------------------------------------------------------------------------------------
//  The command

static void
s_pause (const tool_t *tool)
{
    uint64_t interval = tool->interval_ms ? tool->interval_ms : INTERVAL_MS;
    const struct timespec pause = { .tv_sec = (time_t) (interval / 1000),
                                    .tv_nsec = (long) (interval % 1000) * 1000000 };
    nanosleep (&pause, NULL);
}

//  Asks all members again, and shows what has changed. before: of each of them.
static int
s_round (crowd_t *crowd, s_moment_t *before, bool terminal, bool show)
{
    s_node_t nodes[FLEET_MAX];
    s_picture_t picture = { crowd->tool, terminal, nodes, 0, sheet_new (SHEET_operations, 0) };
    if (!picture.rates)
        return tool_fail (crowd->tool, ZGRID_NOMEM, NULL);
    int code = EXIT_DONE;
    for (size_t at = 0; at < crowd_count (crowd); at++) {
        s_moment_t now = { 0 };
        bool answered = s_ask (crowd_client (crowd, at), &now);
        if (answered && before[at].at > 0) {
            nodes[picture.count++] = s_node (crowd_name (crowd, at), &before[at], &now);
            s_add_rates (picture.rates, &before[at], &now);
        } else if (!answered) {
            tool_complain (crowd->tool, "member %s does not answer", crowd_name (crowd, at));
            code = EXIT_PARTLY;
        }
        s_clear (&before[at]);
        if (answered)
            before[at] = now;
        else
            s_clear (&now);
    }
    int shown = show ? s_show (&picture) : EXIT_DONE;
    sheet_destroy (&picture.rates);
    return shown != EXIT_DONE ? shown : code;
}

int
command_top (tool_t *self)
{
    crowd_t crowd;
    s_moment_t before[FLEET_MAX] = { 0 };
    int code = EXIT_DONE;
    bool terminal = !self->json && isatty (STDOUT_FILENO);
    uint64_t rounds = self->once ? 1 : self->count;
    if (crowd_begin (&crowd, self, &code)) {
        code = s_round (&crowd, before, terminal, false);
        for (uint64_t round = 0; code != EXIT_REFUSED && (rounds == 0 || round < rounds); round++) {
            s_pause (self);
            if (round && !self->json && !terminal)
                putchar ('\n');
            int one = s_round (&crowd, before, terminal, true);
            code = one != EXIT_DONE ? one : code;
            if (ferror (stdout))
                break;
        }
        for (size_t at = 0; at < FLEET_MAX; at++)
            s_clear (&before[at]);
        code = code == EXIT_DONE && crowd.silent ? EXIT_PARTLY : code;
    }
    crowd_end (&crowd);
    return code;
}
