//  note: how an actor says something to the log of its node, which it does not know.
//  SPDX-License-Identifier: MPL-2.0
#ifndef NOTE_H_INCLUDED
#define NOTE_H_INCLUDED

typedef enum { NOTE_ERROR, NOTE_WARNING, NOTE_INFO } note_level_t;

//  One line: an event, and pairs of names and values, ended by NULL. Called on the actor's thread.
typedef struct {
    void (*line) (void *arg, note_level_t level, const char *event, const char *const *pairs);
    void *arg;
} note_t;

#endif
