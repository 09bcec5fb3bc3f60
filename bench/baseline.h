//  baseline: the hash table that embedded reads are measured against.
//  SPDX-License-Identifier: MPL-2.0
#ifndef BASELINE_H_INCLUDED
#define BASELINE_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>

#define BASELINE_KEY_SIZE 16
#define BASELINE_VALUE_SIZE 100

typedef struct baseline baseline_t;

//  An empty table. The caller owns it. Ends the program without memory, as everything here does.
baseline_t *
    baseline_new (void);
void
    baseline_destroy (baseline_t **self_p);

//  Adds a key that is not there yet.
void
    baseline_add (baseline_t *self, const void *key, const void *value);

//  Copies the value. False if there is no such key.
bool
    baseline_get (const baseline_t *self, const void *key, void *value);

//  Finds the key and looks at nothing else.
bool
    baseline_find (const baseline_t *self, const void *key);

#endif
