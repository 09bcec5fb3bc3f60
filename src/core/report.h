//  report: what a STATS asks for. A function of the request.
//  SPDX-License-Identifier: MPL-2.0
#ifndef REPORT_H_INCLUDED
#define REPORT_H_INCLUDED

#include "sheet.h"
#include "wire.h"

typedef enum {
    REPORT_COUNTERS, // No word: the figures of stat.def
    REPORT_PROCESS,  // "process"
    REPORT_SHEET     // A word of sheet.def
} report_kind_t;

typedef struct {
    report_kind_t kind;
    sheet_id_t which; // Of REPORT_SHEET
    uint32_t most;    // Rows, as sheet_new takes it
    bytes_t after;    // Maps: those behind this name
    uint64_t first;   // Partitions: from this one on, one more than the key says
} report_t;

//  Bytes in hex, with a zero at the end; cut to the room. Returns text.
const char *
    report_hex (bytes_t bytes, char *text, size_t room);

//  False, and *why, if it is none.
bool
    report_decode (const request_t *request, report_t *report, const char **why);

#endif
