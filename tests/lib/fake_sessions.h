//  fake_sessions: which requests a fake server has executed, as simply as possible.
//  SPDX-License-Identifier: MPL-2.0
#ifndef FAKE_SESSIONS_H_INCLUDED
#define FAKE_SESSIONS_H_INCLUDED

#include "fake_map.h"

#define FAKE_SESSION_SIZE 16

typedef struct fake_sessions fake_sessions_t;

fake_sessions_t *
    fake_sessions_new (void);
void
    fake_sessions_destroy (fake_sessions_t **self_p);

//  A session of that era, as text of 16 bytes.
void
    fake_sessions_issue (fake_sessions_t *self, uint64_t era, char session[FAKE_SESSION_SIZE + 1]);
uint64_t
    fake_sessions_era (bytes_t session);

//  The answer that was recorded. False: the request is new.
bool
    fake_sessions_find (const fake_sessions_t *self, bytes_t session, uint64_t id, fake_answer_t *answer);

//  Records an answer, and forgets those of the session below ack.
void
    fake_sessions_record (fake_sessions_t *self, bytes_t session, uint64_t id, uint64_t ack,
                          const fake_answer_t *answer);

//  How many are recorded.
size_t
    fake_sessions_count (const fake_sessions_t *self);

#endif
