//  fake_sessions: see fake_sessions.h.
//  SPDX-License-Identifier: MPL-2.0
#include "fake_sessions.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    char session[FAKE_SESSION_SIZE];
    uint64_t id;
    fake_answer_t answer; // Its bytes are a copy
} s_done_t;

struct fake_sessions {
    s_done_t *done;
    size_t count, room;
    uint64_t issued;
};

fake_sessions_t *
fake_sessions_new (void)
{
    fake_sessions_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

static void
s_clear (s_done_t *done)
{
    free ((void *) (uintptr_t) done->answer.value.bytes.data);
}

void
fake_sessions_destroy (fake_sessions_t **self_p)
{
    fake_sessions_t *self = *self_p;
    for (size_t at = 0; at < self->count; at++)
        s_clear (&self->done[at]);
    free (self->done);
    free (self);
    *self_p = NULL;
}

void
fake_sessions_issue (fake_sessions_t *self, uint64_t era, char session[FAKE_SESSION_SIZE + 1])
{
    snprintf (session, FAKE_SESSION_SIZE + 1, "%08u%08u", (unsigned) era % 100000000u,
              (unsigned) ++self->issued % 100000000u);
}

uint64_t
fake_sessions_era (bytes_t session)
{
    char text[9] = "";
    if (session.size == FAKE_SESSION_SIZE)
        memcpy (text, session.data, 8);
    return strtoull (text, NULL, 10);
}

static bool
s_is (const s_done_t *done, bytes_t session)
{
    return session.size == FAKE_SESSION_SIZE && memcmp (done->session, session.data, session.size) == 0;
}

bool
fake_sessions_find (const fake_sessions_t *self, bytes_t session, uint64_t id, fake_answer_t *answer)
{
    for (size_t at = 0; at < self->count; at++)
        if (self->done[at].id == id && s_is (&self->done[at], session)) {
            *answer = self->done[at].answer;
            return true;
        }
    return false;
}

void
fake_sessions_record (fake_sessions_t *self, bytes_t session, uint64_t id, uint64_t ack,
                      const fake_answer_t *answer)
{
    assert (session.size == FAKE_SESSION_SIZE);
    size_t kept = 0;
    for (size_t at = 0; at < self->count; at++)
        if (s_is (&self->done[at], session) && self->done[at].id < ack)
            s_clear (&self->done[at]);
        else
            self->done[kept++] = self->done[at];
    self->count = kept;
    if (self->count == self->room) {
        self->room = self->room ? self->room * 2 : 64;
        self->done = realloc (self->done, self->room * sizeof *self->done);
        assert (self->done);
    }
    s_done_t *done = &self->done[self->count++];
    *done = (s_done_t) { .id = id, .answer = *answer };
    memcpy (done->session, session.data, session.size);
    bytes_t *bytes = &done->answer.value.bytes;
    void *copy = bytes->size ? malloc (bytes->size) : NULL;
    if (copy)
        memcpy (copy, bytes->data, bytes->size);
    bytes->data = copy;
}

size_t
fake_sessions_count (const fake_sessions_t *self)
{
    return self->count;
}
