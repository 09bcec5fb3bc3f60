//  regex: regular expressions for SCAN, by PCRE2 where that is built in.
//  SPDX-License-Identifier: MPL-2.0
#ifndef REGEX_H_INCLUDED
#define REGEX_H_INCLUDED

#include "scan_filter.h"

//  NULL: not built in. Expressions see bytes, not characters; they match anywhere in a key unless they
//  are anchored. What a key may cost is limited, in time, depth and memory.
const regex_port_t *
    regex_port (void);

#endif
