//  net: see net.h.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/net.h"

owners_t *net;

void
net_begin (const forward_config_t *config)
{
    net = owners_new (config);
    ck_assert_ptr_nonnull (net->forward);
    owners_publish (net);
}

void
net_set_up (void)
{
    static const forward_config_t plain = { .records_max = 0 };
    net_begin (&plain);
}

void
net_tear_down (void)
{
    owners_destroy (&net);
}

void
net_ask (uint64_t id, op_t op, uint32_t partition, int64_t value)
{
    owners_ask (net, "ann", id, op, partition, value, NULL);
}

void
net_answered (const char *client, uint64_t id, unsigned status, int64_t value)
{
    const answer_t *answer = owners_answer (net, client, id);
    ck_assert_msg (answer != NULL, "%llu was not answered", (unsigned long long) id);
    ck_assert_uint_eq (answer->status, status);
    ck_assert_int_eq (answer->value, value);
}

void
net_open_still (uint64_t id)
{
    ck_assert_ptr_null (owners_answer (net, "ann", id));
}

void
net_all_gone (void)
{
    ck_assert_uint_eq (forward_count (net->forward), 0);
    ck_assert_uint_eq (forward_stats (net->forward)->bytes, 0);
}
