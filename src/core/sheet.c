//  sheet: see sheet.h.
//  SPDX-License-Identifier: MPL-2.0
#include "sheet.h"

#include <assert.h>
#include <stdlib.h>

#include "mem.h"
#include "wire.h"

#define S_ROWS_MAX 65536 // Added to one table; more would be nobody's answer

static const column_t s_columns[] = {
#define SHEET(word, most, direction, order, purpose)
#define COLUMN(word, name, kind, unit, purpose) { #name, CELL_##kind, unit, purpose },
#include "sheet.def"
#undef SHEET
#undef COLUMN
};

enum { UP, DOWN };

static const struct {
    const char *word;
    uint32_t most;
    unsigned begin, order;
    int direction;
    const char *purpose;
} s_sheets[] = {
#define SHEET(word, most, direction, order, purpose)                                                         \
    { #word, most, CELL_##word##_begin, CELL_##word##_##order, direction, purpose },
#define COLUMN(word, name, kind, unit, purpose)
#include "sheet.def"
#undef SHEET
#undef COLUMN
    { NULL, 0, CELLS_ALL, 0, UP, NULL }
};

typedef struct row {
    const column_t *columns;
    unsigned columns_count, order;
    bool down;
    cell_t cells[];
} row_t;

struct sheet {
    sheet_id_t which;
    sheet_info_t info;
    uint32_t most;
    row_t **rows;
    uint32_t count, room;
    bool more;
    row_t *bound; // Of a part that has more: its last row; nothing behind the smallest of these is whole
};

sheet_info_t
sheet_info (sheet_id_t which)
{
    assert (which >= 0 && which < SHEETS);
    return (sheet_info_t) { .word = s_sheets[which].word,
                            .most = s_sheets[which].most,
                            .order = s_sheets[which].order,
                            .down = s_sheets[which].direction == DOWN,
                            .purpose = s_sheets[which].purpose,
                            .columns = s_columns + s_sheets[which].begin,
                            .columns_count = s_sheets[which + 1].begin - s_sheets[which].begin };
}

sheet_id_t
sheet_find (bytes_t word)
{
    for (int which = 0; which < SHEETS; which++)
        if (bytes_equal (word, bytes_str (s_sheets[which].word)))
            return (sheet_id_t) which;
    return SHEET_NONE;
}

sheet_t *
sheet_new (sheet_id_t which, uint32_t most)
{
    sheet_t *self = mem_alloc_zero (1, sizeof (sheet_t));
    if (!self)
        return NULL;
    self->which = which;
    self->info = sheet_info (which);
    assert (self->info.columns_count <= SHEET_COLUMNS_MAX);
    bool own = most == UINT32_MAX || (most && most < self->info.most);
    self->most = own ? most : self->info.most;
    return self;
}

void
sheet_destroy (sheet_t **self_p)
{
    sheet_t *self = *self_p;
    if (!self)
        return;
    for (uint32_t at = 0; at < self->count; at++)
        mem_free (self->rows[at]);
    mem_free (self->rows);
    mem_free (self->bound);
    mem_free (self);
    *self_p = NULL;
}

sheet_id_t
sheet_which (const sheet_t *self)
{
    return self->which;
}

//  ------------------------------------------------------------------------------------------------
//  Rows

//  A row and all that its cells point to, in one block.
static row_t *
s_copy (const sheet_t *self, const cell_t *cells)
{
    unsigned count = self->info.columns_count;
    size_t head = sizeof (row_t) + count * sizeof (cell_t), size = head;
    size_t histogram = sizeof (histogram_t) + SHEET_ROOM * sizeof (uint64_t);
    for (unsigned at = 0; at < count; at++)
        size += self->info.columns[at].kind == CELL_HISTOGRAM ? histogram : cells[at].bytes.size;
    row_t *row = mem_alloc (size);
    if (!row)
        return NULL;
    row->columns = self->info.columns;
    row->columns_count = count;
    row->order = self->info.order;
    row->down = self->info.down;
    uint8_t *to = (uint8_t *) row + head;
    for (unsigned at = 0; at < count; at++) {
        row->cells[at] = (cell_t) { .number = cells[at].number };
        if (self->info.columns[at].kind != CELL_HISTOGRAM)
            continue;
        histogram_t *own = (histogram_t *) (void *) to; // First: they want to be aligned
        histogram_init (own, SHEET_BITS, SHEET_TOP, (uint64_t *) (void *) (to + sizeof (histogram_t)));
        if (cells[at].histogram)
            histogram_merge (own, cells[at].histogram);
        row->cells[at].histogram = own;
        to += histogram;
    }
    for (unsigned at = 0; at < count; at++) {
        if (self->info.columns[at].kind == CELL_HISTOGRAM)
            continue;
        row->cells[at].bytes = bytes_of (to, cells[at].bytes.size);
        if (cells[at].bytes.size)
            memcpy (to, cells[at].bytes.data, cells[at].bytes.size);
        to += cells[at].bytes.size;
    }
    return row;
}

bool
sheet_add (sheet_t *self, const cell_t *cells)
{
    if (self->count == self->room) {
        uint32_t room = self->room ? self->room * 2 : 16;
        row_t **rows = room <= S_ROWS_MAX ? mem_resize (self->rows, room * sizeof (row_t *)) : NULL;
        if (!rows)
            return false;
        self->rows = rows;
        self->room = room;
    }
    row_t *row = s_copy (self, cells);
    if (row)
        self->rows[self->count++] = row;
    return row != NULL;
}

void
sheet_more (sheet_t *self)
{
    self->more = true;
}

//  ------------------------------------------------------------------------------------------------
//  Order

static int
s_compare_numbers (uint64_t one, uint64_t other)
{
    return one < other ? -1 : one > other;
}

static int
s_compare_bytes (bytes_t one, bytes_t other)
{
    size_t size = one.size < other.size ? one.size : other.size;
    int order = size ? memcmp (one.data, other.data, size) : 0;
    return order ? order : s_compare_numbers (one.size, other.size);
}

static int
s_compare_ids (const row_t *one, const row_t *other)
{
    int order = 0;
    for (unsigned at = 0; at < one->columns_count && order == 0; at++) {
        cell_kind_t kind = one->columns[at].kind;
        if (kind == CELL_ID_NUMBER)
            order = s_compare_numbers (one->cells[at].number, other->cells[at].number);
        else if (kind == CELL_ID_TEXT || kind == CELL_ID_BYTES)
            order = s_compare_bytes (one->cells[at].bytes, other->cells[at].bytes);
    }
    return order;
}

static int
s_by_id (const void *one, const void *other)
{
    return s_compare_ids (*(row_t *const *) one, *(row_t *const *) other);
}

static int
s_by_order (const void *one_p, const void *other_p)
{
    const row_t *one = *(row_t *const *) one_p, *other = *(row_t *const *) other_p;
    const cell_t *a = &one->cells[one->order], *b = &other->cells[other->order];
    int order = s_compare_bytes (a->bytes, b->bytes);
    order = order ? order : s_compare_numbers (a->number, b->number);
    order = one->down ? -order : order;
    return order ? order : s_compare_ids (one, other);
}

//  Adds a row's figures to another's with the same ids.
static void
s_join (row_t *to, const row_t *from)
{
    for (unsigned at = 0; at < to->columns_count; at++) {
        cell_t *cell = &to->cells[at];
        uint64_t number = from->cells[at].number;
        if (to->columns[at].kind == CELL_SUM)
            cell->number += number;
        else if (to->columns[at].kind == CELL_MOST)
            cell->number = number > cell->number ? number : cell->number;
        else if (to->columns[at].kind == CELL_HISTOGRAM)
            histogram_merge ((histogram_t *) (uintptr_t) cell->histogram, from->cells[at].histogram);
    }
}

uint32_t
sheet_settle (sheet_t *self)
{
    uint32_t count = 0;
    if (self->count)
        qsort (self->rows, self->count, sizeof (row_t *), s_by_id);
    for (uint32_t at = 0; at < self->count; at++) {
        row_t *row = self->rows[at];
        bool beyond = self->bound && s_compare_ids (row, self->bound) > 0;
        bool same = count && s_compare_ids (self->rows[count - 1], row) == 0;
        if (same && !beyond)
            s_join (self->rows[count - 1], row);
        self->more = self->more || beyond;
        if (same || beyond)
            mem_free (row);
        else
            self->rows[count++] = row;
    }
    if (count)
        qsort (self->rows, count, sizeof (row_t *), s_by_order);
    while (count > self->most) {
        mem_free (self->rows[--count]);
        self->more = true;
    }
    return self->count = count;
}

const cell_t *
sheet_row (const sheet_t *self, uint32_t row)
{
    assert (row < self->count);
    return self->rows[row]->cells;
}

bool
sheet_has_more (const sheet_t *self)
{
    return self->more;
}

//  ------------------------------------------------------------------------------------------------
//  Encoding

static void
s_add_flag (buf_t *out, bool flag)
{
    buf_add (out, flag ? "\xc3" : "\xc2", 1);
}

//  str; map names are UTF-8, and may have any byte but no zero in them.
static void
s_add_string (buf_t *out, bytes_t text)
{
    uint8_t head[3] = { 0xda, (uint8_t) (text.size >> 8), (uint8_t) text.size };
    assert (text.size <= UINT16_MAX);
    buf_add (out, head, sizeof head);
    buf_add (out, text.data, text.size);
}

static void
s_add_histogram (buf_t *out, const histogram_t *histogram)
{
    static const struct {
        const char *name;
        double percent;
    } percents[] = { { "p50", 50 }, { "p90", 90 }, { "p99", 99 }, { "p999", 99.9 } };
    size_t percents_count = sizeof percents / sizeof percents[0];
    wire_add_map (out, (uint32_t) (5 + percents_count));
    wire_add_text (out, "count");
    wire_add_uint (out, histogram->count);
    wire_add_text (out, "sum");
    wire_add_uint (out, (uint64_t) histogram->sum);
    wire_add_text (out, "min");
    wire_add_uint (out, histogram->count ? histogram->min : 0);
    wire_add_text (out, "max");
    wire_add_uint (out, histogram->max);
    for (size_t at = 0; at < percents_count; at++) {
        wire_add_text (out, percents[at].name);
        wire_add_uint (out, histogram_percentile (histogram, percents[at].percent));
    }
    uint32_t used = 0;
    for (unsigned bucket = 0; bucket < SHEET_ROOM; bucket++)
        used += histogram->buckets[bucket] != 0;
    wire_add_text (out, "buckets");
    wire_add_array (out, 2 * used);
    for (unsigned bucket = 0; bucket < SHEET_ROOM; bucket++)
        if (histogram->buckets[bucket]) {
            wire_add_uint (out, histogram_low (histogram, bucket));
            wire_add_uint (out, histogram->buckets[bucket]);
        }
}

static void
s_add_cell (buf_t *out, const column_t *column, const cell_t *cell)
{
    wire_add_text (out, column->name);
    switch (column->kind) {
        case CELL_ID_TEXT:
        case CELL_TEXT:
            s_add_string (out, cell->bytes);
            break;
        case CELL_ID_BYTES:
        case CELL_BYTES:
            wire_add_bytes (out, cell->bytes);
            break;
        case CELL_HISTOGRAM:
            s_add_histogram (out, cell->histogram);
            break;
        default:
            wire_add_uint (out, cell->number);
            break;
    }
}

void
sheet_encode (sheet_t *self, buf_t *out)
{
    uint32_t count = sheet_settle (self);
    wire_add_text (out, "rows");
    wire_add_array (out, count);
    for (uint32_t row = 0; row < count; row++) {
        wire_add_map (out, self->info.columns_count);
        for (unsigned at = 0; at < self->info.columns_count; at++)
            s_add_cell (out, &self->info.columns[at], &self->rows[row]->cells[at]);
    }
    wire_add_text (out, "more");
    s_add_flag (out, self->more);
}

//  ------------------------------------------------------------------------------------------------
//  Decoding

//  What stands in a histogram's map is made anew but for its bounds and its sum.
static bool
s_take_histogram (mp_t *reader, histogram_t *histogram)
{
    uint32_t pairs, count;
    uint64_t sum = 0, min = 0, max = 0, low, times, number;
    if (!mp_map (reader, &pairs))
        return false;
    for (; pairs; pairs--) {
        bytes_t name;
        if (!mp_bytes (reader, &name))
            return false;
        if (!bytes_equal (name, bytes_str ("buckets"))) {
            if (!mp_uint (reader, &number))
                return false;
            sum = bytes_equal (name, bytes_str ("sum")) ? number : sum;
            min = bytes_equal (name, bytes_str ("min")) ? number : min;
            max = bytes_equal (name, bytes_str ("max")) ? number : max;
            continue;
        }
        if (!mp_array (reader, &count) || count % 2)
            return false;
        for (; count; count -= 2) {
            if (!mp_uint (reader, &low) || !mp_uint (reader, &times))
                return false;
            histogram_add_many (histogram, low, times);
        }
    }
    histogram->sum = (double) sum;
    histogram->min = histogram->count ? min : UINT64_MAX;
    histogram->max = max;
    return true;
}

static bool
s_take_row (sheet_t *self, mp_t *reader, histogram_t *histograms, uint64_t (*buckets)[SHEET_ROOM])
{
    cell_t cells[SHEET_COLUMNS_MAX] = { 0 };
    uint32_t pairs;
    if (!mp_map (reader, &pairs))
        return false;
    for (; pairs; pairs--) {
        bytes_t name;
        unsigned at = 0;
        if (!mp_bytes (reader, &name))
            return false;
        while (at < self->info.columns_count && !bytes_equal (name, bytes_str (self->info.columns[at].name)))
            at++;
        if (at == self->info.columns_count) { // Of a later version
            if (!mp_skip (reader))
                return false;
            continue;
        }
        cell_kind_t kind = self->info.columns[at].kind;
        bool text = kind == CELL_ID_TEXT || kind == CELL_TEXT || kind == CELL_ID_BYTES || kind == CELL_BYTES;
        bool taken;
        if (kind == CELL_HISTOGRAM) {
            histogram_init (&histograms[at], SHEET_BITS, SHEET_TOP, buckets[at]);
            cells[at].histogram = &histograms[at];
            taken = s_take_histogram (reader, &histograms[at]);
        } else
            taken = text ? mp_bytes (reader, &cells[at].bytes) && cells[at].bytes.size <= UINT16_MAX
                         : mp_uint (reader, &cells[at].number);
        if (!taken)
            return false;
    }
    return sheet_add (self, cells);
}

//  Of several parts, rows are whole up to the smallest of their last ones.
static bool
s_take_bound (sheet_t *self, bool any)
{
    const row_t *last = any ? self->rows[self->count - 1] : NULL;
    self->more = true;
    if (self->info.down || (last && self->bound && s_compare_ids (last, self->bound) >= 0))
        return true;
    if (!last) // Nothing of it is known: nothing is whole
        return true;
    row_t *bound = s_copy (self, last->cells);
    mem_free (self->bound);
    self->bound = bound;
    return bound != NULL;
}

static bool
s_take_rows (sheet_t *self, mp_t *reader, uint32_t *taken)
{
    //  By column; only tables with few of them have any
    histogram_t histograms[SHEET_COLUMNS_MAX];
    uint64_t (*buckets)[SHEET_ROOM] = NULL;
    for (unsigned at = 0; at < self->info.columns_count && !buckets; at++)
        if (self->info.columns[at].kind == CELL_HISTOGRAM)
            if (!(buckets = mem_alloc (SHEET_COLUMNS_MAX * sizeof *buckets)))
                return false;
    bool whole = mp_array (reader, taken);
    for (uint32_t row = 0; whole && row < *taken; row++)
        whole = s_take_row (self, reader, histograms, buckets);
    mem_free (buckets);
    return whole;
}

bool
sheet_take (sheet_t *self, bytes_t encoded)
{
    mp_t reader = mp_of (encoded);
    uint32_t pairs, taken = 0;
    bool found = false;
    if (!mp_map (&reader, &pairs))
        return false;
    for (; pairs; pairs--) {
        bytes_t name;
        mp_token_t token;
        if (!mp_bytes (&reader, &name))
            return false;
        if (bytes_equal (name, bytes_str ("rows"))) {
            if (found || !s_take_rows (self, &reader, &taken))
                return false;
            found = true;
        } else if (bytes_equal (name, bytes_str ("more"))) {
            if (!mp_next (&reader, &token) || token.kind != MP_BOOL)
                return false;
            if (token.integer && found && !s_take_bound (self, taken > 0))
                return false;
        } else if (!mp_skip (&reader))
            return false;
    }
    return found;
}
