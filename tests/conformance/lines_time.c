//  lines_time: entries that end.
//  SPDX-License-Identifier: MPL-2.0
#include <time.h>

#include "conformance.h"

#define S_SHORT 40    // Milliseconds
#define S_LONG 600000 // Longer than any line takes
#define S_PATIENCE 20000

static uint64_t
s_wall (void)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

void
ex_px_exat_and_pxat_end_an_entry (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t relative = subject_key (self, 0), absolute = subject_key (self, 1),
                  seconds = subject_key (self, 2);
    zgrid_bytes_t one = zgrid_str ("1");
    options.ttl_ms = S_SHORT;
    uint64_t began = subject_now (), wall = s_wall ();
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, relative, one, &options, NULL), ZGRID_OK);
    options.ttl_ms = 0;
    options.expire_at_ms = wall + S_SHORT;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, absolute, one, &options, NULL), ZGRID_OK);
    EXPECT_INT (self, subject_put (self, seconds, "1"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_call (self->client, "EXPIRE", self->map, &seconds, &one, NULL, NULL),
                ZGRID_OK);
    EXPECT (self, subject_await_absent (self, self->client, relative, S_PATIENCE) - began >= S_SHORT);
    subject_await_absent (self, self->client, absolute, S_PATIENCE);
    EXPECT (self, s_wall () + 1 >= wall + S_SHORT); // Two clocks of whole milliseconds
    EXPECT (self, subject_await_absent (self, self->client, seconds, S_PATIENCE) - began >= 1000);
}

void
expired_at_one_member_is_expired_at_all (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    options.ttl_ms = S_SHORT;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("v"), &options, NULL),
                ZGRID_OK);
    subject_await_absent (self, self->other, key, S_PATIENCE);
    subject_lacks (self, self->client, key);
}

void
px_and_nx_are_both_honoured (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    int64_t ttl;
    options.if_absent = true;
    options.ttl_ms = S_LONG;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("a"), &options, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("b"), &options, NULL),
                ZGRID_EXISTS);
    EXPECT_INT (self, zgrid_client_ttl (self->other, self->map, key, &ttl), ZGRID_OK);
    EXPECT (self, ttl > S_LONG / 2 && ttl <= S_LONG);
    options.ttl_ms = S_SHORT;
    options.if_absent = false;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("c"), &options, NULL),
                ZGRID_OK);
    subject_await_absent (self, self->client, key, S_PATIENCE);
    options.if_absent = true;
    options.ttl_ms = S_LONG;
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("d"), &options, NULL),
                ZGRID_OK);
    subject_holds (self, self->client, key, "d");
}

void
expire_keeps_the_value_until_then (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    EXPECT_INT (self, subject_put (self, key, "value"), ZGRID_OK);
    options.ttl_ms = S_LONG;
    EXPECT_INT (self, zgrid_client_expire (self->other, self->map, key, &options), ZGRID_OK);
    subject_holds (self, self->client, key, "value");
    subject_holds (self, self->other, key, "value");
    options.ttl_ms = S_SHORT;
    uint64_t began = subject_now ();
    EXPECT_INT (self, zgrid_client_expire (self->client, self->map, key, &options), ZGRID_OK);
    EXPECT (self, subject_await_absent (self, self->other, key, S_PATIENCE) - began >= S_SHORT);
}

void
expire_of_a_missing_key_is_notfound (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    options.ttl_ms = S_LONG;
    EXPECT_INT (self, zgrid_client_expire (self->client, self->map, key, &options), ZGRID_NOTFOUND);
    EXPECT_INT (self, zgrid_client_persist (self->client, self->map, key), ZGRID_NOTFOUND);
    int64_t ttl;
    EXPECT_INT (self, zgrid_client_ttl (self->client, self->map, key, &ttl), ZGRID_NOTFOUND);
}

static int
s_expire (subject_t *self, zgrid_bytes_t key, uint64_t ttl, const char *condition)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.ttl_ms = ttl;
    options.if_absent = strcmp (condition, "nx") == 0;
    options.if_present = strcmp (condition, "xx") == 0;
    options.if_greater = strcmp (condition, "gt") == 0;
    options.if_less = strcmp (condition, "lt") == 0;
    return zgrid_client_expire (self->client, self->map, key, &options);
}

void
expire_obeys_nx_xx_gt_and_lt (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    EXPECT_INT (self, subject_put (self, key, "v"), ZGRID_OK);
    EXPECT_INT (self, s_expire (self, key, S_LONG, "xx"), ZGRID_MISMATCH);
    EXPECT_INT (self, s_expire (self, key, S_LONG, "gt"), ZGRID_MISMATCH);
    EXPECT_INT (self, s_expire (self, key, S_LONG, "nx"), ZGRID_OK);
    EXPECT_INT (self, s_expire (self, key, S_LONG, "nx"), ZGRID_MISMATCH);
    EXPECT_INT (self, s_expire (self, key, 2 * S_LONG, "lt"), ZGRID_MISMATCH);
    EXPECT_INT (self, s_expire (self, key, 2 * S_LONG, "gt"), ZGRID_OK);
    EXPECT_INT (self, s_expire (self, key, S_LONG, "lt"), ZGRID_OK);
    EXPECT_INT (self, s_expire (self, key, S_LONG, "xx"), ZGRID_OK);
    subject_holds (self, self->other, key, "v");
}

void
ttl_tells_what_is_left (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT, want = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    int64_t ttl;
    EXPECT_INT (self, subject_put (self, key, "v"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_ttl (self->other, self->map, key, &ttl), ZGRID_OK);
    EXPECT_INT (self, ttl, -1);
    options.ttl_ms = S_LONG;
    EXPECT_INT (self, zgrid_client_expire (self->client, self->map, key, &options), ZGRID_OK);
    want.want_ttl = true;
    EXPECT_INT (self, zgrid_client_get (self->other, self->map, key, &want, &entry), ZGRID_OK);
    EXPECT (self, entry.ttl_ms > S_LONG / 2 && entry.ttl_ms <= S_LONG && entry.version > 0);
    EXPECT_TEXT (self, entry.value, "v");
    EXPECT_INT (self, zgrid_client_persist (self->other, self->map, key), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_ttl (self->client, self->map, key, &ttl), ZGRID_OK);
    EXPECT_INT (self, ttl, -1);
}

void
a_plain_put_takes_the_ttl_away_unless_kept (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    int64_t ttl;
    options.ttl_ms = S_LONG;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("a"), &options, NULL),
                ZGRID_OK);
    options.ttl_ms = 0;
    options.keep_ttl = true;
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("b"), &options, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_ttl (self->client, self->map, key, &ttl), ZGRID_OK);
    EXPECT (self, ttl > S_LONG / 2);
    EXPECT_INT (self, subject_put (self, key, "c"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_ttl (self->other, self->map, key, &ttl), ZGRID_OK);
    EXPECT_INT (self, ttl, -1);
}

void
cas_may_set_a_ttl (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    options.ttl_ms = 50;
    uint64_t began = subject_now ();
    EXPECT_INT (self, zgrid_client_cas (self->client, self->map, key, NULL, zgrid_str ("a"), &options, NULL),
                ZGRID_OK);
    EXPECT (self, subject_await_absent (self, self->other, key, S_PATIENCE) - began >= 50);
}

void
a_time_in_the_past_removes (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    EXPECT_INT (self, subject_put (self, key, "a"), ZGRID_OK);
    options.expire_at_ms = 1000;
    EXPECT_INT (self, zgrid_client_expire (self->other, self->map, key, &options), ZGRID_OK);
    subject_lacks (self, self->client, key);
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("b"), &options, NULL),
                ZGRID_OK);
    subject_lacks (self, self->other, key);
}
