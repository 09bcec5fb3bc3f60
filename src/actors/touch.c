//  touch: see touch.h.
//  SPDX-License-Identifier: MPL-2.0
#include "touch.h"

static _Thread_local bool s_touched;

void
touch (void)
{
    s_touched = true;
}

bool
touch_taken (void)
{
    bool touched = s_touched;
    s_touched = false;
    return touched;
}
