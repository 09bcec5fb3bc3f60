//  zgrid-crowd.h: statistics of one member, of the one that answers, or of all of them.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_CROWD_H_INCLUDED
#define ZGRID_CROWD_H_INCLUDED

#include "sheet.h"
#include "zgrid-fleet.h"

typedef struct {
    tool_t *tool;
    fleet_t fleet;
    size_t silent; // Members that do not answer
} crowd_t;

//  Connects to all members, or to the one that --node names. False, and said why, if there is none; *code is
//  then the exit code. To be ended in both cases.
bool
    crowd_begin (crowd_t *self, tool_t *tool, int *code);
void
    crowd_end (crowd_t *self);

//  Members that answer, and one of them.
size_t
    crowd_count (const crowd_t *self);
const char *
    crowd_name (const crowd_t *self, size_t at);
zgrid_client_t *
    crowd_client (const crowd_t *self, size_t at);

//  A member's table, with all pages of it. NULL, and *status: it has not answered. The caller owns it.
sheet_t *
    crowd_sheet (zgrid_client_t *client, sheet_id_t which, int *status);

//  A member's answer to STATS without a word (NULL), or with one; entry points to it.
int
    crowd_ask (zgrid_client_t *client, const char *word, zgrid_entry_t *entry);

#endif
