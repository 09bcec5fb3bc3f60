//  lines_locks: locks, leases and fencing tokens.
//  SPDX-License-Identifier: MPL-2.0
#include "conformance.h"

#define S_LONG 600000 // Milliseconds: longer than any line takes
#define S_MANY 100

static uint64_t
s_lock (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key, uint32_t lease)
{
    uint64_t token = 0;
    EXPECT_INT (self, zgrid_client_lock (client, self->map, key, lease, 20000, &token), ZGRID_OK);
    EXPECT (self, token > 0);
    return token;
}

static void
s_unlock (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key, uint64_t token)
{
    EXPECT_INT (self, zgrid_client_unlock (client, self->map, key, token), ZGRID_OK);
}

//  Until it is free, which must not be before that time.
static void
s_await_free (subject_t *self, zgrid_bytes_t key, uint64_t earliest)
{
    uint64_t token, end = subject_now () + 20000;
    int status;
    while ((status = zgrid_client_trylock (self->other, self->map, key, S_LONG, &token)) == ZGRID_LOCKED)
        EXPECT (self, subject_now () < end);
    EXPECT_INT (self, status, ZGRID_OK);
    EXPECT (self, subject_now () >= earliest);
    s_unlock (self, self->other, key, token);
}

void
a_lock_is_taken_and_given_back (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t token = s_lock (self, self->client, key, S_LONG);
    s_unlock (self, self->client, key, token);
    EXPECT_INT (self, zgrid_client_unlock (self->client, self->map, key, token), ZGRID_NOSUCHLOCK);
    token = s_lock (self, self->other, key, S_LONG);
    EXPECT_INT (self, zgrid_client_unlock (self->client, self->map, key, token + 1), ZGRID_NOSUCHLOCK);
    s_unlock (self, self->client, key, token); // Who has the token holds the lock
}

void
a_held_lock_is_not_acquired (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t token = s_lock (self, self->client, key, S_LONG), another = 7;
    EXPECT_INT (self, zgrid_client_trylock (self->other, self->map, key, S_LONG, &another), ZGRID_LOCKED);
    EXPECT_INT (self, zgrid_client_trylock (self->client, self->map, key, S_LONG, &another), ZGRID_LOCKED);
    uint64_t began = subject_now ();
    EXPECT_INT (self, zgrid_client_lock (self->other, self->map, key, S_LONG, 30, &another), ZGRID_LOCKED);
    EXPECT (self, subject_now () - began >= 30);
    s_unlock (self, self->client, key, token);
    EXPECT_INT (self, zgrid_client_trylock (self->other, self->map, key, S_LONG, &another), ZGRID_OK);
    s_unlock (self, self->other, key, another);
}

void
a_lock_whose_lease_ran_out_is_none (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t began = subject_now (), token = s_lock (self, self->client, key, 40);
    s_await_free (self, key, began + 40);
    EXPECT_INT (self, zgrid_client_unlock (self->client, self->map, key, token), ZGRID_NOSUCHLOCK);
    EXPECT_INT (self, zgrid_client_lease (self->client, self->map, key, token, S_LONG), ZGRID_NOSUCHLOCK);
}

void
a_lease_may_be_made_longer (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t token = s_lock (self, self->client, key, 5000), another;
    EXPECT_INT (self, zgrid_client_lease (self->other, self->map, key, token, S_LONG), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_trylock (self->other, self->map, key, S_LONG, &another), ZGRID_LOCKED);
    EXPECT_INT (self, zgrid_client_lease (self->client, self->map, key, token + 1, S_LONG), ZGRID_NOSUCHLOCK);
    //  And shorter
    uint64_t began = subject_now ();
    EXPECT_INT (self, zgrid_client_lease (self->client, self->map, key, token, 40), ZGRID_OK);
    s_await_free (self, key, began + 40);
}

void
a_lock_that_ran_out_is_acquired_again (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t first = s_lock (self, self->client, key, 30);
    uint64_t second = s_lock (self, self->other, key, S_LONG); // Waits until then
    EXPECT (self, second > first);
    EXPECT_INT (self, zgrid_client_unlock (self->client, self->map, key, first), ZGRID_NOSUCHLOCK);
    s_unlock (self, self->other, key, second);
}

void
tokens_only_grow (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t last = 0;
    for (int at = 0; at < 20; at++) {
        uint64_t token = s_lock (self, at % 2 ? self->client : self->other, key, S_LONG);
        EXPECT (self, token > last);
        last = token;
        s_unlock (self, self->client, key, token);
    }
}

void
waiters_get_the_lock_in_their_order (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_future_t *futures[5];
    uint64_t token = s_lock (self, self->client, key, S_LONG), last = token;
    for (int at = 0; at < 5; at++) {
        futures[at] = zgrid_client_lock_future (self->client, self->map, key, S_LONG, 20000);
        EXPECT (self, futures[at]);
    }
    zgrid_client_flush (self->client);
    EXPECT (self, !zgrid_future_wait (futures[0], 20));
    s_unlock (self, self->other, key, token);
    for (int at = 0; at < 5; at++) {
        EXPECT (self, zgrid_future_wait (futures[at], 0));
        EXPECT_INT (self, zgrid_future_entry (futures[at])->status, ZGRID_OK);
        token = zgrid_future_entry (futures[at])->version;
        EXPECT (self, token > last);
        last = token;
        if (at < 4)
            EXPECT (self, !zgrid_future_done (futures[at + 1]));
        s_unlock (self, self->other, key, token);
        zgrid_future_destroy (&futures[at]);
    }
}

void
a_hundred_locks_are_leased_and_given_back (subject_t *self)
{
    uint64_t tokens[S_MANY], another;
    for (unsigned at = 0; at < S_MANY; at++)
        tokens[at] = s_lock (self, self->client, subject_key (self, at), S_LONG);
    for (unsigned at = 0; at < S_MANY; at++)
        EXPECT_INT (self,
                    zgrid_client_trylock (self->other, self->map, subject_key (self, at), 1000, &another),
                    ZGRID_LOCKED);
    for (unsigned at = 0; at < S_MANY; at += 2)
        EXPECT_INT (self,
                    zgrid_client_lease (self->client, self->map, subject_key (self, at), tokens[at], 60000),
                    ZGRID_OK);
    for (unsigned at = 0; at < S_MANY; at++)
        s_unlock (self, self->other, subject_key (self, at), tokens[at]);
}

void
locks_are_no_entries (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    uint64_t token = s_lock (self, self->client, key, S_LONG), another, count;
    subject_lacks (self, self->client, key);
    EXPECT_INT (self, subject_put (self, key, "v"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_del (self->other, self->map, key, NULL, NULL), ZGRID_OK);
    if (subject_destroy (self, &count))
        EXPECT_INT (self, count, 0);
    EXPECT_INT (self, zgrid_client_trylock (self->other, self->map, key, S_LONG, &another), ZGRID_LOCKED);
    s_unlock (self, self->client, key, token);
}

void
a_write_with_an_old_token_is_fenced (subject_t *self)
{
    zgrid_options_t first = ZGRID_OPTIONS_INIT, second = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    first.fence = s_lock (self, self->client, key, S_LONG);
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("1"), &first, NULL),
                ZGRID_OK);
    s_unlock (self, self->client, key, first.fence);
    second.fence = s_lock (self, self->other, key, S_LONG);
    EXPECT_INT (self, zgrid_client_put (self->other, self->map, key, zgrid_str ("2"), &second, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("3"), &first, NULL),
                ZGRID_FENCED);
    EXPECT_INT (self, zgrid_client_del (self->client, self->map, key, &first, NULL), ZGRID_FENCED);
    EXPECT_INT (self, zgrid_client_incr (self->client, self->map, key, 1, &first, NULL), ZGRID_FENCED);
    subject_holds (self, self->other, key, "2");
    //  Also when the entry is gone
    EXPECT_INT (self, zgrid_client_del (self->other, self->map, key, &second, NULL), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("4"), &first, NULL),
                ZGRID_FENCED);
    subject_lacks (self, self->other, key);
    s_unlock (self, self->other, key, second.fence);
}

void
wrong_arguments_of_locks_lock_nothing (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0), text = zgrid_str ("no token");
    uint64_t token;
    EXPECT_INT (self, zgrid_client_lock (self->client, self->map, key, 3600001, 0, &token), ZGRID_TOOBIG);
    EXPECT_INT (self, zgrid_client_call (self->client, "LOCK", self->map, NULL, NULL, NULL, NULL),
                ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_call (self->client, "UNLOCK", self->map, &key, &text, NULL, NULL),
                ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_call (self->client, "UNLOCK", self->map, &key, NULL, NULL, NULL),
                ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_lease (self->client, self->map, key, 1, S_LONG), ZGRID_NOSUCHLOCK);
    EXPECT_INT (self, zgrid_client_trylock (self->other, self->map, key, 1000, &token), ZGRID_OK);
    s_unlock (self, self->other, key, token);
}
