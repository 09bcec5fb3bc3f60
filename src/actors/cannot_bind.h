//  cannot_bind: why an endpoint could not be bound, in words.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CANNOT_BIND_H_INCLUDED
#define CANNOT_BIND_H_INCLUDED

#include "buf.h"

//  Right after the call that failed.
void
    cannot_bind (const char *endpoint, buf_t *why);

#endif
