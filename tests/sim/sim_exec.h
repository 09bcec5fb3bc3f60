//  sim_exec: what a client does next with the two keys that it changes together, and whether an answer can be
//  right: as the functions of sim_script.c.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SIM_EXEC_H_INCLUDED
#define SIM_EXEC_H_INCLUDED

#include "sim/sim.h"

void
    exec_next (sim_t *sim, client_t *client, pending_t *pending);
void
    exec_request (const client_t *client, const pending_t *pending, buf_t *out);
void
    exec_answer (sim_t *sim, client_t *client, const pending_t *pending, const reply_t *reply);
void
    exec_doubt (client_t *client);

#endif
