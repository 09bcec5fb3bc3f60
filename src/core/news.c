//  news: see news.h.
//  SPDX-License-Identifier: MPL-2.0
#include "news.h"

#include <inttypes.h>
#include <stdio.h>

#include "mem.h"
#include "wire.h"

typedef struct {
    uint64_t number; // 0: nothing is here
    uint64_t version;
    buf_t json;
} s_event_t;

struct news {
    uint64_t last;
    s_event_t events[NEWS_ROOM]; // By number, modulo
};

news_t *
news_new (void)
{
    return mem_alloc_zero (1, sizeof (news_t));
}

void
news_destroy (news_t **self_p)
{
    news_t *self = *self_p;
    if (!self)
        return;
    for (size_t at = 0; at < NEWS_ROOM; at++)
        buf_clear (&self->events[at].json);
    mem_free (self);
    *self_p = NULL;
}

void
news_add (news_t *self, uint64_t number, uint64_t version, bytes_t json)
{
    s_event_t *event = &self->events[number % NEWS_ROOM];
    if (number <= self->last)
        return;
    self->last = number;
    event->number = 0;
    buf_reset (&event->json);
    if (json.size < 2 || json.size > NEWS_TEXT_MAX || json.data[0] != '{')
        return;
    buf_add (&event->json, json.data, json.size);
    event->number = event->json.failed ? 0 : number;
    event->version = version;
}

uint64_t
news_last (const news_t *self)
{
    return self->last;
}

static void
s_push (buf_t *out, bytes_t before, bytes_t json, uint64_t version)
{
    buf_t text = BUF_INIT;
    wire_add_array (out, 5);
    wire_add_uint (out, 0);
    wire_add_text (out, "EVENT");
    if (before.size) {
        buf_add (&text, before.data, before.size);
        buf_add (&text, json.data, json.size);
        json = buf_bytes (&text);
        out->failed = out->failed || text.failed;
    }
    wire_add_bytes (out, json);
    wire_add_uint (out, version);
    buf_add (out, "\xc0", 1);
    buf_clear (&text);
}

static void
s_tell (const s_event_t *event, uint64_t lost, buf_t *out)
{
    char before[40] = "";
    bytes_t json = buf_bytes (&event->json);
    if (lost) {
        //  In the place of the object's opening brace
        snprintf (before, sizeof before, "{\"lost\":%" PRIu64 ",", lost);
        json = bytes_of (json.data + 1, json.size - 1);
    }
    s_push (out, bytes_str (before), json, event->version);
}

uint64_t
news_tell (const void *self_arg, uint64_t told, buf_t *out)
{
    const news_t *self = self_arg;
    uint64_t number = self->last - told > NEWS_ROOM ? self->last - NEWS_ROOM : told, version = 0;
    uint64_t said = told; // Lost or told: up to here
    while (number < self->last && out->size < NEWS_BODY_MAX) {
        const s_event_t *event = &self->events[++number % NEWS_ROOM];
        if (event->number != number)
            continue;
        s_tell (event, number - said - 1, out);
        said = number;
        version = event->version;
    }
    if (said == number)
        return number;
    //  Nothing follows that could say how many are lost
    char lost[40];
    snprintf (lost, sizeof lost, "{\"lost\":%" PRIu64 "}", number - said);
    s_push (out, bytes_of (NULL, 0), bytes_str (lost), version);
    return number;
}
