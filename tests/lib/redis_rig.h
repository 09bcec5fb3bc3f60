//  redis_rig: a gateway whose records are executed by a storage in the same thread: what a Redis client sends
//  goes in, what it is told comes out. Time is what the test says it is.
//  SPDX-License-Identifier: MPL-2.0
#ifndef REDIS_RIG_H_INCLUDED
#define REDIS_RIG_H_INCLUDED

#include "gateway/talk.h"

#define REDIS_RIG_TALKS 4

typedef struct {
    gateway_t *gateway;
    storage_t *storage;
    talk_t *talks[REDIS_RIG_TALKS];
    buf_t said[REDIS_RIG_TALKS]; // What each was told since it was last asked
    moment_t moment;
    bool local;                  // Reads find what they look for without asking the grid
    unsigned refuse;             // So many records are refused with BUSY before one is executed
    uint64_t records, reads;     // Executed; looked for without asking
} redis_rig_t;

//  What a gateway has without settings.
gateway_config_t
    redis_rig_config (void);
//  config NULL: that.
void
    redis_rig_open (redis_rig_t *self, const gateway_config_t *config);
void
    redis_rig_close (redis_rig_t *self);

//  Bytes of a client; then turns until nothing happens any more.
void
    redis_rig_send (redis_rig_t *self, unsigned talk, bytes_t bytes);
//  Small replies, until the talk begins many commands before the first is answered.
void
    redis_rig_warm (redis_rig_t *self, unsigned talk);
//  Turns alone.
void
    redis_rig_turn (redis_rig_t *self);
void
    redis_rig_pass (redis_rig_t *self, uint64_t milliseconds);

//  Sends and compares: the first talk. Asserts.
void
    redis_rig_says (redis_rig_t *self, const char *request, const char *reply);
//  The same with words separated by single spaces, as an array; 'reply' without the last line end.
void
    redis_rig_words (redis_rig_t *self, const char *words, const char *reply);

//  The same line by line.
typedef struct {
    const char *words, *reply;
} redis_line_t;
void
    redis_rig_play (redis_rig_t *self, const redis_line_t *lines, size_t count);
#define REDIS_PLAY(rig, lines) redis_rig_play (rig, lines, sizeof lines / sizeof lines[0])

#endif
