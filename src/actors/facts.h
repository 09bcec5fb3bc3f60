//  facts: what the system says of this process, for STATS "process".
//  SPDX-License-Identifier: MPL-2.0
#ifndef FACTS_H_INCLUDED
#define FACTS_H_INCLUDED

#include "node_info.h"

//  Adds a map: names, and numbers or text, as doc/statistics.md lists them.
void
    facts_add (const node_info_t *info, uint64_t now, buf_t *out);

#endif
