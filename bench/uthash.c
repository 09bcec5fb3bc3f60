//  uthash: the baseline of embedded reads: uthash with its default hash function, one allocation an
//  entry, key and value inside of it.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline.h"

#if __has_include(<uthash.h>)
#    include <uthash.h>
#else
#    error "uthash.h is missing: install Debian's uthash-dev to build the benchmarks"
#endif

typedef struct {
    UT_hash_handle hh;
    char key[BASELINE_KEY_SIZE];
    char value[BASELINE_VALUE_SIZE];
} entry_t;

struct baseline {
    entry_t *head;
};

static void *
s_memory (size_t size)
{
    void *memory = calloc (1, size);
    if (!memory) {
        fputs ("bench: no memory\n", stderr);
        exit (1);
    }
    return memory;
}

baseline_t *
baseline_new (void)
{
    return s_memory (sizeof (baseline_t));
}

void
baseline_destroy (baseline_t **self_p)
{
    baseline_t *self = *self_p;
    if (!self)
        return;
    entry_t *entry, *next;
    HASH_ITER (hh, self->head, entry, next)
    {
        HASH_DEL (self->head, entry);
        free (entry);
    }
    free (self);
    *self_p = NULL;
}

void
baseline_add (baseline_t *self, const void *key, const void *value)
{
    entry_t *entry = s_memory (sizeof *entry);
    memcpy (entry->key, key, sizeof entry->key);
    memcpy (entry->value, value, sizeof entry->value);
    HASH_ADD (hh, self->head, key, sizeof entry->key, entry);
}

static const entry_t *
s_find (const baseline_t *self, const void *key)
{
    entry_t *entry;
    HASH_FIND (hh, self->head, key, BASELINE_KEY_SIZE, entry);
    return entry;
}

bool
baseline_get (const baseline_t *self, const void *key, void *value)
{
    const entry_t *entry = s_find (self, key);
    if (entry)
        memcpy (value, entry->value, sizeof entry->value);
    return entry != NULL;
}

bool
baseline_find (const baseline_t *self, const void *key)
{
    return s_find (self, key) != NULL;
}
