//  sheet: the tables that STATS answers (sheet.def): made by storage actors and doors, added up by routers
//  and by tools. As MessagePack a table is a map: "rows", an array of maps, one for each row, and "more",
//  true if there are rows that do not fit.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SHEET_H_INCLUDED
#define SHEET_H_INCLUDED

#include "buf.h"
#include "histogram.h"

typedef enum {
#define SHEET(word, most, direction, order, purpose) SHEET_##word,
#define COLUMN(word, name, kind, unit, purpose)
#include "sheet.def"
#undef SHEET
#undef COLUMN
    SHEETS,
    SHEET_NONE = -1
} sheet_id_t;

//  Columns, numbered within each table: CELL_maps_entries…
enum {
#define SHEET(word, most, direction, order, purpose)                                                         \
    CELL_##word##_begin, CELL_##word##_before = CELL_##word##_begin - 1,
#define COLUMN(word, name, kind, unit, purpose) CELL_ALL_##word##_##name,
#include "sheet.def"
#undef SHEET
#undef COLUMN
    CELLS_ALL
};
enum {
#define SHEET(word, most, direction, order, purpose)
#define COLUMN(word, name, kind, unit, purpose)                                                              \
    CELL_##word##_##name = CELL_ALL_##word##_##name - CELL_##word##_begin,
#include "sheet.def"
#undef SHEET
#undef COLUMN
};
#define SHEET_COLUMNS_MAX 16

typedef enum {
    CELL_ID_TEXT,
    CELL_ID_BYTES,
    CELL_ID_NUMBER,
    CELL_TEXT,
    CELL_BYTES,
    CELL_NUMBER,
    CELL_SUM,
    CELL_MOST,
    CELL_HISTOGRAM
} cell_kind_t;

typedef struct {
    const char *name;
    cell_kind_t kind;
    const char *unit, *purpose;
} column_t;

typedef struct {
    const char *word;
    uint32_t most;        // Rows of one answer
    unsigned order;       // Column
    bool down;            // The largest first
    const char *purpose;
    const column_t *columns;
    unsigned columns_count;
} sheet_info_t;

sheet_info_t
    sheet_info (sheet_id_t which);

//  SHEET_NONE if there is no such table.
sheet_id_t
    sheet_find (bytes_t word);

//  The shape of histograms in tables: within 3.2 %, up to 18 minutes in nanoseconds.
#define SHEET_BITS 4
#define SHEET_TOP 40
#define SHEET_ROOM HISTOGRAM_ROOM (SHEET_BITS, SHEET_TOP)

//  One figure. What is NULL, empty or 0 in a row that is added stands for itself.
typedef struct {
    uint64_t number;
    bytes_t bytes;                // TEXT, BYTES
    const histogram_t *histogram; // Of the shape above; NULL: an empty one
} cell_t;

typedef struct sheet sheet_t;

//  most: how many rows it shows, at most as many as sheet.def says; 0: that many;
//  UINT32_MAX: all. NULL without memory.
sheet_t *
    sheet_new (sheet_id_t which, uint32_t most);
void
    sheet_destroy (sheet_t **self_p);

sheet_id_t
    sheet_which (const sheet_t *self);

//  Adds a row, cells in the order of the columns; copies it. False without memory.
bool
    sheet_add (sheet_t *self, const cell_t *cells);

//  There are more rows than were added, all of them behind those (for tables sorted by their id).
void
    sheet_more (sheet_t *self);

//  Adds the rows of a table as sheet_encode has made it, alone or among other pairs of a map. False: not
//  such a table, or no memory; rows before the wrong one are in.
bool
    sheet_take (sheet_t *self, bytes_t encoded);

//  Puts rows with equal ids together, sorts them, and leaves out those that are too many. Returns how many
//  there are, for sheet_cell.
uint32_t
    sheet_settle (sheet_t *self);
const cell_t *
    sheet_row (const sheet_t *self, uint32_t row);
bool
    sheet_has_more (const sheet_t *self);

//  Settles it and adds two pairs of a map: "rows" and "more".
#define SHEET_PAIRS 2
void
    sheet_encode (sheet_t *self, buf_t *out);

#endif
