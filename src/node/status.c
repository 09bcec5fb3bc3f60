//  status: the public face of the status list.
//  SPDX-License-Identifier: MPL-2.0
#include "status.h"

const char *
zgrid_status_text (int status)
{
    return status_text (status);
}

const char *
zgrid_status_name (int status)
{
    return status_name (status);
}
