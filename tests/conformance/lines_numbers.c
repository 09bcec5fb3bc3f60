//  lines_numbers: counters, and what two members do at once.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <stdlib.h>

#include "conformance.h"

#define S_MANY 50 // At each of two members

void
incr_and_decr_count (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    int64_t value;
    for (int at = 1; at <= 11; at++) {
        EXPECT_INT (self,
                    zgrid_client_incr (at % 2 ? self->client : self->other, self->map, key, 1, NULL, &value),
                    ZGRID_OK);
        EXPECT_INT (self, value, at);
    }
    subject_holds (self, self->other, key, "11");
    for (int at = 10; at >= 0; at--) {
        EXPECT_INT (self,
                    zgrid_client_incr (at % 2 ? self->client : self->other, self->map, key, -1, NULL, &value),
                    ZGRID_OK);
        EXPECT_INT (self, value, at);
    }
}

//  Many at once, half of them at each of two members; every answer is another number.
static void
s_count_at_once (subject_t *self, int64_t delta)
{
    zgrid_future_t *futures[2 * S_MANY];
    bool seen[2 * S_MANY + 1] = { false };
    zgrid_bytes_t key = subject_key (self, 0);
    int64_t last;
    for (int at = 0; at < 2 * S_MANY; at++) {
        futures[at] = zgrid_client_incr_future (at % 2 ? self->client : self->other, self->map, key, delta,
                                                NULL);
        EXPECT (self, futures[at]);
    }
    zgrid_client_flush (self->client);
    zgrid_client_flush (self->other);
    for (int at = 0; at < 2 * S_MANY; at++) {
        EXPECT (self, zgrid_future_wait (futures[at], 0));
        const zgrid_entry_t *entry = zgrid_future_entry (futures[at]);
        EXPECT_INT (self, entry->status, ZGRID_OK);
        int64_t number = entry->integer / delta;
        EXPECT (self, number >= 1 && number <= 2 * S_MANY && !seen[number]);
        seen[number] = true;
        zgrid_future_destroy (&futures[at]);
    }
    EXPECT_INT (self, zgrid_client_incr (self->client, self->map, key, 0, NULL, &last), ZGRID_OK);
    EXPECT_INT (self, last, 2 * S_MANY * delta);
}

void
increments_of_two_members_all_count (subject_t *self)
{
    s_count_at_once (self, 1);
}

void
decrements_of_two_members_all_count (subject_t *self)
{
    s_count_at_once (self, -1);
}

void
incrbyfloat_adds_as_redis_does (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    for (int at = 1; at <= 100; at++) {
        EXPECT_INT (
            self,
            zgrid_client_incr_float (at % 2 ? self->client : self->other, self->map, key, 1.2, NULL, &entry),
            ZGRID_OK);
        if (at == 11)
            EXPECT_TEXT (self, entry.value, "13.2");
    }
    subject_holds (self, self->client, key, "119.99999999999999998"); // As redis-server 7 prints it
}

void
text_is_no_number_and_stays (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    EXPECT_INT (self, subject_put (self, key, "text"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_incr (self->client, self->map, key, 1, NULL, NULL), ZGRID_WRONGTYPE);
    EXPECT_INT (self, zgrid_client_incr (self->other, self->map, key, -1, NULL, NULL), ZGRID_WRONGTYPE);
    EXPECT_INT (self, zgrid_client_incr_float (self->other, self->map, key, 1.5, NULL, NULL),
                ZGRID_WRONGTYPE);
    subject_holds (self, self->other, key, "text");
}

void
counters_overflow_without_a_change (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    EXPECT_INT (self, subject_put (self, key, "9223372036854775807"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_incr (self->client, self->map, key, 1, NULL, NULL), ZGRID_OVERFLOW);
    subject_holds (self, self->other, key, "9223372036854775807");
    EXPECT_INT (self, subject_put (self, key, "-9223372036854775808"), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_incr (self->other, self->map, key, -1, NULL, NULL), ZGRID_OVERFLOW);
    subject_holds (self, self->client, key, "-9223372036854775808");
}

void
counters_keep_their_ttl (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    int64_t ttl;
    options.ttl_ms = 600000;
    EXPECT_INT (self, zgrid_client_put (self->client, self->map, key, zgrid_str ("1"), &options, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_incr (self->other, self->map, key, 1, NULL, NULL), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_incr_float (self->client, self->map, key, 0.5, NULL, NULL), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_getput (self->other, self->map, key, zgrid_str ("7"), NULL, NULL),
                ZGRID_OK);
    EXPECT_INT (self, zgrid_client_ttl (self->client, self->map, key, &ttl), ZGRID_OK);
    EXPECT (self, ttl > 300000 && ttl <= 600000);
}

void
counters_begin_with_what_is_asked_for (subject_t *self)
{
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    zgrid_bytes_t key = subject_key (self, 0);
    int64_t value, ttl;
    options.initial = "40";
    options.ttl_ms = 600000;
    EXPECT_INT (self, zgrid_client_incr (self->client, self->map, key, 2, &options, &value), ZGRID_OK);
    EXPECT_INT (self, value, 42);
    EXPECT_INT (self, zgrid_client_incr (self->other, self->map, key, 2, &options, &value), ZGRID_OK);
    EXPECT_INT (self, value, 44);
    EXPECT_INT (self, zgrid_client_ttl (self->other, self->map, key, &ttl), ZGRID_OK);
    EXPECT (self, ttl > 300000 && ttl <= 600000);
}

static int64_t
s_number (zgrid_bytes_t text)
{
    char copy[24] = "";
    memcpy (copy, text.data, text.size < sizeof copy ? text.size : sizeof copy - 1);
    return strtoll (copy, NULL, 10);
}

void
old_values_of_getput_add_up (subject_t *self)
{
    zgrid_future_t *futures[2 * S_MANY];
    zgrid_bytes_t key = subject_key (self, 0);
    int64_t put = 0, got = 0;
    zgrid_entry_t entry;
    for (int at = 0; at < 2 * S_MANY; at++) {
        char text[24];
        snprintf (text, sizeof text, "%d", at + 1);
        put += at + 1;
        zgrid_bytes_t value = zgrid_str (text);
        futures[at] = zgrid_client_call_future (at % 2 ? self->client : self->other, "GETPUT", self->map,
                                                &key, &value, NULL);
        EXPECT (self, futures[at]);
    }
    zgrid_client_flush (self->client);
    zgrid_client_flush (self->other);
    for (int at = 0; at < 2 * S_MANY; at++) {
        EXPECT (self, zgrid_future_wait (futures[at], 0));
        const zgrid_entry_t *answer = zgrid_future_entry (futures[at]);
        EXPECT_INT (self, answer->status, ZGRID_OK);
        got += answer->has_value ? s_number (answer->value) : 0;
        zgrid_future_destroy (&futures[at]);
    }
    EXPECT_INT (self, zgrid_client_get (self->client, self->map, key, NULL, &entry), ZGRID_OK);
    EXPECT_INT (self, got + s_number (entry.value), put);
}

//  One step of a counter that is kept by CAS; true if it counted.
static bool
s_step (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key)
{
    zgrid_entry_t entry;
    char old_text[24] = "", new_text[24];
    int status = zgrid_client_get (client, self->map, key, NULL, &entry);
    if (status == ZGRID_OK)
        snprintf (old_text, sizeof old_text, "%.*s", (int) entry.value.size, (const char *) entry.value.data);
    else
        EXPECT_INT (self, status, ZGRID_NOTFOUND);
    snprintf (new_text, sizeof new_text, "%" PRId64, s_number (zgrid_str (old_text)) + 1);
    zgrid_bytes_t old = zgrid_str (old_text);
    int result = zgrid_client_cas (client, self->map, key, status == ZGRID_OK ? &old : NULL,
                                   zgrid_str (new_text), NULL, NULL);
    if (result != ZGRID_MISMATCH)
        EXPECT_INT (self, result, ZGRID_OK);
    return result == ZGRID_OK;
}

void
cas_of_two_members_loses_nothing (subject_t *self)
{
    zgrid_bytes_t key = subject_key (self, 0);
    zgrid_entry_t entry;
    EXPECT_INT (self, subject_put (self, key, "0"), ZGRID_OK);
    for (int at = 0; at < S_MANY; at++) {
        char text[24];
        EXPECT_INT (self, zgrid_client_get (self->other, self->map, key, NULL, &entry), ZGRID_OK);
        snprintf (text, sizeof text, "%.*s", (int) entry.value.size, (const char *) entry.value.data);
        zgrid_bytes_t old = zgrid_str (text);
        EXPECT (self, s_step (self, self->client, key));
        //  What the other one has read is out of date
        EXPECT_INT (self, zgrid_client_cas (self->other, self->map, key, &old, zgrid_str ("0"), NULL, NULL),
                    ZGRID_MISMATCH);
        EXPECT (self, s_step (self, self->other, key));
    }
    subject_holds (self, self->client, key, "100");
}
