//  zgrid-cluster.h: what the answer to CLUSTER says, for the commands that look at it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_CLUSTER_H_INCLUDED
#define ZGRID_CLUSTER_H_INCLUDED

#include "zgrid-tool.h"

//  Asks for the cluster's state; a map with the names that doc/protocol.md lists. NULL, and said why,
//  if there is none; *code is then the exit code. The caller owns it.
json_t *
    cluster_ask (tool_t *self, int *code);

//  The same for a client of its own, of a part of it ("moves", "plan"; NULL: all). Says nothing; NULL,
//  and the status, if there is no answer.
json_t *
    cluster_ask_for (zgrid_client_t *client, const char *map, const char *part, int *status);

//  Sends an operator's request: an array of words. Returns ZGRID_OK, and the answer's text in `entry`;
//  or another status, of which tool_fail says more.
int
    cluster_order (tool_t *self, const char *const *words, size_t count, zgrid_entry_t *entry);

//  Sends an operator's request and prints what came of it. Returns an exit code.
int
    cluster_carry_out (tool_t *self, const char *const *words, size_t count);

//  Says why an order was refused. Returns the exit code.
int
    cluster_refused (tool_t *self, int status, const zgrid_entry_t *entry);

//  The map of `health`, or an empty answer: never NULL as an argument of the functions below.
json_t *
    cluster_health (json_t *tree);

//  A member of a map, as what it should be; 0, false, "" or "-" if it is not there.
json_int_t
    cluster_number (json_t *map, const char *name);
bool
    cluster_flag (json_t *map, const char *name);
const char *
    cluster_text (json_t *map, const char *name);

//  Prints text of others, and blanks up to the width.
void
    cluster_column (const char *text, size_t width);

//  Shows how moves stand, until the process is ended (zgrid-moves.c).
int
    moves_watch (tool_t *self);

#endif
