//  news: what happened lately, numbered, for clients that are told of everything (HELLO with the option
//  `events`). Of what is older than the last NEWS_ROOM events they are told how much it was.
//  SPDX-License-Identifier: MPL-2.0
#ifndef NEWS_H_INCLUDED
#define NEWS_H_INCLUDED

#include "buf.h"

#define NEWS_ROOM 1024      // Events that are kept
#define NEWS_TEXT_MAX 4096  // Bytes of one; what is longer counts as lost
#define NEWS_BODY_MAX 65536 // Bytes of one push, about

typedef struct news news_t;

//  NULL without memory. The caller owns it.
news_t *
    news_new (void);
//  Accepts NULL.
void
    news_destroy (news_t **self_p);

//  Takes an event, one JSON object, and its number: above all earlier ones; those left out are lost.
//  What cannot be kept is lost, too. version: of the view at that time.
void
    news_add (news_t *self, uint64_t number, uint64_t version, bytes_t json);

//  The number of the newest event, lost or not; 0: there was none.
uint64_t
    news_last (const news_t *self);

//  Adds push records [0, "EVENT", json, version, nil] of the events after the number `told`, as many
//  as go into one push. Returns the number up to which they tell: above `told`, which must be below
//  news_last. Where some are lost the next JSON object begins with "lost": how many. For watchers.h.
uint64_t
    news_tell (const void *self, uint64_t told, buf_t *out);

#endif
