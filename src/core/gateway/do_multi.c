//  do_multi: transactions: MULTI, EXEC, DISCARD, WATCH, UNWATCH.
//  SPDX-License-Identifier: MPL-2.0
#include <zgrid_error.h>

#include "bundle.h"
#include "do.h"
#include "gateway_impl.h"

static void
s_ok (call_t *call)
{
    say_status (call_say (call), "OK");
    call_done (call);
}

void
do_multi (call_t *call)
{
    multi_t *multi = &call_talk (call)->multi;
    if (multi->open) {
        call_fail (call, "ERR MULTI calls can not be nested");
        return;
    }
    multi->open = true;
    s_ok (call);
}

void
do_discard (call_t *call)
{
    multi_t *multi = &call_talk (call)->multi;
    if (!multi->open) {
        call_fail (call, "ERR DISCARD without MULTI");
        return;
    }
    multi_clear (multi);
    s_ok (call);
}

void
do_exec (call_t *call)
{
    multi_t *multi = &call_talk (call)->multi;
    if (!multi->open)
        call_fail (call, "ERR EXEC without MULTI");
    else if (multi->broken) {
        multi_clear (multi);
        call_fail (call, "EXECABORT Transaction discarded because of previous errors.");
    } else
        bundle_run (call);
}

//  ------------------------------------------------------------------------------------------------
//  WATCH

//  mark: which of the watched keys it is.
static void
s_known (call_t *call, const reply_t *reply, uint64_t mark)
{
    multi_t *multi = &call_talk (call)->multi;
    if (reply->status != ZGRID_OK && reply->status != ZGRID_NOTFOUND) {
        multi_unwatch_unknown (multi);
        call_fail_status (call, reply);
        return;
    }
    multi->watched[mark].known = true;
    multi->watched[mark].version = reply->status == ZGRID_OK ? reply->version : 0;
    if (call_pending (call) == 0)
        s_ok (call);
}

void
do_watch (call_t *call)
{
    talk_t *talk = call_talk (call);
    multi_t *multi = &talk->multi;
    if (multi->open) {
        call_fail (call, "ERR WATCH inside MULTI is not allowed");
        return;
    }
    uint32_t before = multi->watched_count, count = call_count (call) - 1;
    const char *why = multi_watch (multi, talk->database, call->args + 1, count,
                                   call_gateway (call)->config.limits.bulk_max);
    if (why) {
        call_gateway (call)->stats.transactions_refused++;
        call_fail (call, why);
        return;
    }
    for (uint32_t at = before; at < multi->watched_count; at++) {
        ask_t ask = { .op = OP_EXISTS,
                      .map = call_map (call),
                      .key = buf_bytes (&multi->watched[at].key),
                      .has_key = true };
        if (!call_ask (call, &ask, s_known, at)) {
            multi_unwatch_unknown (multi);
            return;
        }
    }
    if (before == multi->watched_count)
        s_ok (call);
}

void
do_unwatch (call_t *call)
{
    //  Between EXEC's commands nothing is watched any more
    if (!call_in_multi (call))
        multi_unwatch (&call_talk (call)->multi);
    s_ok (call);
}
