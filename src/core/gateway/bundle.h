//  bundle: EXEC on its way. The records of all queued commands with keys leave as one; when the reply has
//  come each command is given its own, and says its part of EXEC's reply. Commands without keys begin in
//  their turn.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BUNDLE_H_INCLUDED
#define BUNDLE_H_INCLUDED

#include "call.h"
#include "multi.h"

//  Executes what the call's connection has queued, under the condition that its watched keys are unchanged.
//  The call is answered, perhaps later; then nothing is queued or watched any more.
void
    bundle_run (call_t *call);

//  The connection goes: whoever waits for replies goes with it. Accepts NULL.
void
    bundle_destroy (bundle_t **self_p);

//  For call.c, of the commands of EXEC: takes a record that is to be executed with the others. False: it must
//  be asked for by itself.
bool
    bundle_takes (const bundle_t *self, const ask_t *ask);
//  False: without memory, or too many; none of them will be executed.
bool
    bundle_add (bundle_t *self, call_t *call, const ask_t *ask, call_reply_fn *then, uint64_t mark);
//  One of them is done.
void
    bundle_done (bundle_t *self);

#endif
