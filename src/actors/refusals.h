//  refusals: messages of other members that were refused, as lines of the log. Whoever sends them may
//  send many: they are added up, one line in REFUSALS_MS.
//  SPDX-License-Identifier: MPL-2.0
#ifndef REFUSALS_H_INCLUDED
#define REFUSALS_H_INCLUDED

#include "cluster/view.h"
#include "note.h"

#define REFUSALS_MS 10000
#define REFUSED_FOREIGN "not a message between nodes"

typedef struct {
    uint64_t count; // Since the last line
    char why[160];  // Of the last one
    char from[96];
    uint64_t next;
} refusals_t;

//  So many more. address: where the last one came from, NULL: not known. node: who it says has sent it,
//  0: it does not say.
void
    refusals_add (refusals_t *self, uint64_t count, const char *why, const char *address, node_id_t node);

//  Writes what has been added up, if it is time. by: who refuses. Returns the milliseconds until it is;
//  UINT64_MAX: nothing waits.
uint64_t
    refusals_turn (refusals_t *self, const note_t *note, const char *by, uint64_t now);

#endif
