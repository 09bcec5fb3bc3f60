//  do_lcs: LCS: the longest common subsequence of two values, by the table of Wagner and Fischer ("The
//  string-to-string correction problem", 1974): a cell holds how long that of two beginnings is.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include <zgrid_error.h>

#include "../mem.h"
#include "do.h"
#include "gateway_impl.h"
#include "words.h"

#define S_CELLS_MAX (UINT64_C (1) << 24) // 64 MiB, and some 50 ms

typedef struct {
    bool length, ranges, with_length; // LEN, IDX, WITHMATCHLEN
    int64_t least;                    // MINMATCHLEN
    uint32_t left;                    // Values that are not there yet
    size_t first_size;
    bool swapped; // The second one came first
} s_lcs_t;

typedef struct {
    bytes_t first, second;
    uint32_t *cells; // (first.size + 1) rows of second.size + 1
} s_table_t;

static uint32_t *
s_cell (const s_table_t *table, size_t row, size_t column)
{
    return table->cells + row * (table->second.size + 1) + column;
}

static void
s_fill (const s_table_t *table)
{
    for (size_t row = 1; row <= table->first.size; row++) {
        const uint32_t *above = s_cell (table, row - 1, 0);
        uint32_t *cell = s_cell (table, row, 0);
        uint8_t letter = table->first.data[row - 1];
        for (size_t at = 1; at <= table->second.size; at++)
            cell[at] = letter == table->second.data[at - 1] ? above[at - 1] + 1
                       : above[at] > cell[at - 1]           ? above[at]
                                                            : cell[at - 1];
    }
}

//  A run of bytes that both have, by the index of its first byte.
typedef struct {
    size_t first, second, size;
} s_run_t;

//  The next run, from the end of both; *row and *column are where the rest ends. False: there is none.
static bool
s_next (const s_table_t *table, size_t *row, size_t *column, s_run_t *run)
{
    run->size = 0;
    while (*row && *column) {
        if (table->first.data[*row - 1] == table->second.data[*column - 1]) {
            --*row;
            --*column;
            *run = (s_run_t) { *row, *column, run->size + 1 };
            continue;
        }
        if (run->size)
            return true;
        //  Where both ways are as good, that which shortens the second, as Redis goes
        if (*s_cell (table, *row - 1, *column) > *s_cell (table, *row, *column - 1))
            --*row;
        else
            --*column;
    }
    return run->size != 0;
}

static void
s_say_text (say_t say, const s_table_t *table, buf_t *text)
{
    size_t row = table->first.size, column = table->second.size, end = *s_cell (table, row, column);
    s_run_t run;
    bytes_t common = bytes_of (text->data, end);
    while (s_next (table, &row, &column, &run)) {
        end -= run.size;
        memcpy (text->data + end, table->first.data + run.first, run.size);
    }
    say_bulk (say, common);
}

static void
s_say_range (say_t say, size_t first, size_t size)
{
    say_array (say, 2);
    say_int (say, (int64_t) first);
    say_int (say, (int64_t) (first + size - 1));
}

static void
s_say_ranges (say_t say, const s_table_t *table, const s_lcs_t *lcs)
{
    size_t rows = table->first.size, columns = table->second.size, row = rows, column = columns;
    uint64_t count = 0;
    s_run_t run;
    while (s_next (table, &row, &column, &run))
        count += (int64_t) run.size >= lcs->least;
    say_map (say, 2);
    say_text (say, "matches");
    say_array (say, count);
    row = rows;
    column = columns;
    while (s_next (table, &row, &column, &run)) {
        if ((int64_t) run.size < lcs->least)
            continue;
        say_array (say, lcs->with_length ? 3 : 2);
        s_say_range (say, run.first, run.size);
        s_say_range (say, run.second, run.size);
        if (lcs->with_length)
            say_int (say, (int64_t) run.size);
    }
    say_text (say, "len");
    say_int (say, *s_cell (table, rows, columns));
}

static const char s_too_long[] =
    "ERR values are too long for LCS: the product of their lengths is above 16,777,216";

static void
s_compare (call_t *call, const s_lcs_t *lcs)
{
    static const char memory[] = "OOM command not allowed when used memory > 'maxmemory'.";
    buf_t *both = call_scratch (call), text = BUF_INIT;
    if (both->failed) {
        call_fail (call, memory);
        return;
    }
    bytes_t one = bytes_of (both->data, lcs->first_size);
    bytes_t other = bytes_of (both->data + lcs->first_size, both->size - lcs->first_size);
    s_table_t table = { lcs->swapped ? other : one, lcs->swapped ? one : other, NULL };
    uint64_t cells = ((uint64_t) one.size + 1) * (other.size + 1);
    if (cells > S_CELLS_MAX) {
        call_fail (call, s_too_long);
        return;
    }
    table.cells = mem_alloc_zero (cells, sizeof (uint32_t));
    if (!table.cells || !buf_reserve (&text, one.size + 1)) {
        mem_free (table.cells);
        call_fail (call, memory);
        return;
    }
    s_fill (&table);
    if (lcs->length)
        say_int (call_say (call), *s_cell (&table, table.first.size, table.second.size));
    else if (lcs->ranges)
        s_say_ranges (call_say (call), &table, lcs);
    else
        s_say_text (call_say (call), &table, &text);
    mem_free (table.cells);
    buf_clear (&text);
    call_done (call);
}

//  mark: the value of the first key, or that of the second.
static void
s_value (call_t *call, const reply_t *reply, uint64_t mark)
{
    char room[24];
    s_lcs_t *lcs = call_state (call, sizeof (s_lcs_t));
    buf_t *both = call_scratch (call);
    bytes_t value = reply->value.bytes;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND) {
        call_fail_status (call, reply);
        return;
    }
    if (reply->value.kind == VALUE_INT)
        value = bytes_of (room,
                          (size_t) snprintf (room, sizeof room, "%lld", (long long) reply->value.integer));
    if (value.size > S_CELLS_MAX) { // Not even looked at
        call_fail (call, s_too_long);
        return;
    }
    if (lcs->left == 2)
        lcs->swapped = mark == 1;
    if (reply->status == ZGRID_OK)
        buf_add (both, value.data, value.size);
    if (lcs->left == 2)
        lcs->first_size = both->size;
    if (--lcs->left == 0)
        s_compare (call, lcs);
}

//  False: answered.
static bool
s_options (call_t *call, s_lcs_t *lcs)
{
    for (uint32_t at = 3; at < call_count (call); at++) {
        bytes_t word = call_arg (call, at);
        if (word_is (word, "IDX"))
            lcs->ranges = true;
        else if (word_is (word, "LEN"))
            lcs->length = true;
        else if (word_is (word, "WITHMATCHLEN"))
            lcs->with_length = true;
        else if (word_is (word, "MINMATCHLEN") && at + 1 < call_count (call)) {
            if (!word_int (call_arg (call, ++at), &lcs->least)) {
                call_fail_integer (call);
                return false;
            }
        } else {
            call_fail_syntax (call);
            return false;
        }
    }
    if (lcs->length && lcs->ranges)
        call_fail (call, "ERR If you want both the length and indexes, please just use IDX.");
    return !(lcs->length && lcs->ranges);
}

void
do_lcs (call_t *call)
{
    s_lcs_t *lcs = call_state (call, sizeof (s_lcs_t));
    if (!lcs || !s_options (call, lcs))
        return;
    lcs->left = 2;
    for (uint32_t at = 0; at < 2 && !call_is_done (call); at++)
        if (!call_read (call, call_arg (call, at + 1), false, s_value, at))
            return;
}
