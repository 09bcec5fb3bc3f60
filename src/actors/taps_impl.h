//  taps_impl: what the files of the taps share. For taps*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef TAPS_IMPL_H_INCLUDED
#define TAPS_IMPL_H_INCLUDED

#include "buf.h"

#define TAPS_ENDPOINT_MAX 280

//  Binds and listens. endpoint as in taps.h; bound: the same with the real port. The descriptor, or -1, and
//  why says so.
int
    taps_listen (const char *endpoint, int backlog, char bound[TAPS_ENDPOINT_MAX], uint16_t *port,
                 buf_t *why);

//  "address:port" of a connection, at its other end or here.
void
    taps_name (int fd, bool peer, char name[TAPS_ENDPOINT_MAX]);

#endif
