//  status: the list of include/zgrid_status.def, for the core.
//  SPDX-License-Identifier: MPL-2.0
#ifndef STATUS_H_INCLUDED
#define STATUS_H_INCLUDED

#include <zgrid_error.h>

//  Never NULL; see zgrid_status_name and zgrid_status_text.
const char *
    status_name (int status);
const char *
    status_text (int status);
const char *
    status_advice (int status);

#endif
