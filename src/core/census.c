//  census: see census.h.
//  SPDX-License-Identifier: MPL-2.0
#include "census.h"

#include "mem.h"
#include "sheet.h"

census_t *
census_new (const census_config_t *config)
{
    census_t *self = mem_alloc_zero (1, sizeof (census_t));
    if (!self)
        return NULL;
    self->config = *config;
    self->random = 0x9e3779b97f4a7c15;
    self->hot = hot_new (HOT_ROOM);
    self->slow = slow_new ();
    if (!self->hot || !self->slow)
        census_destroy (&self);
    else
        census_set_sample (self);
    return self;
}

void
census_destroy (census_t **self_p)
{
    census_t *self = *self_p;
    if (!self)
        return;
    for (unsigned op = 0; op < OP_LIMIT; op++) {
        mem_free (self->execute[op]);
        mem_free (self->answer[op]);
    }
    hot_destroy (&self->hot);
    slow_destroy (&self->slow);
    mem_free (self);
    *self_p = NULL;
}

void
census_set_sample (census_t *self)
{
    //  xorshift64* (Vigna, 2016); 1 to 2 * sampling - 1, so that its mean is sampling
    uint64_t random = self->random;
    random ^= random >> 12;
    random ^= random << 25;
    random ^= random >> 27;
    self->random = random;
    uint64_t span = 2 * (uint64_t) self->config.sampling - 1;
    self->until_sample = 1 + (uint32_t) ((random * 0x2545f4914f6cdd1d >> 32) % span);
}

//  ------------------------------------------------------------------------------------------------
//  Times

//  Without memory for a histogram its values are not told.
static void
s_add (histogram_t **histogram_p, uint64_t value, uint64_t times)
{
    if (!*histogram_p) {
        histogram_t *fresh = mem_alloc (sizeof (histogram_t) + SHEET_ROOM * sizeof (uint64_t));
        if (!fresh)
            return;
        histogram_init (fresh, SHEET_BITS, SHEET_TOP, (uint64_t *) (void *) (fresh + 1));
        *histogram_p = fresh;
    }
    histogram_add_many (*histogram_p, value, times);
}

void
census_begin (census_t *self, bytes_t client)
{
    for (uint64_t ops = self->body_ops; ops; ops &= ops - 1) // Nobody was answered
        self->body[__builtin_ctzll (ops)] = 0;
    self->body_ops = 0;
    self->began = self->lapped = self->config.clock ();
    self->client = client;
}

void
census_add (census_t *self, const census_run_t *run)
{
    unsigned op = run->op < OP_LIMIT ? run->op : OP_NONE;
    census_op_t *counts = &self->ops[op];
    counts->records += run->records;
    counts->failed += run->failed;
    counts->bytes_in += run->bytes_in;
    counts->bytes_out += run->bytes_out;
    if (op == OP_WITH) // It is not answered, and the time is that of those it belongs to
        return;
    self->group_ops |= UINT64_C (1) << op;
    self->group[op] += run->records;
    self->group_count += run->records;
}

uint64_t
census_lap (census_t *self)
{
    if (self->group_count == 0)
        return 0;
    uint64_t now = self->config.clock (), took = now - self->lapped, each = took / self->group_count;
    for (uint64_t ops = self->group_ops; ops; ops &= ops - 1) {
        unsigned op = (unsigned) __builtin_ctzll (ops);
        s_add (&self->execute[op], each, self->group[op]);
        self->ops[op].time += each * self->group[op];
        self->body[op] += self->group[op];
        self->group[op] = 0;
    }
    self->body_ops |= self->group_ops;
    self->group_ops = 0;
    self->group_count = 0;
    self->lapped = now;
    return self->config.slow && took >= self->config.slow ? took : 0;
}

void
census_slow (census_t *self, slow_record_t *record, uint64_t took, uint32_t group, uint64_t wall)
{
    record->at = wall;
    record->took = took;
    record->group = group;
    record->client = self->client;
    slow_add (self->slow, record);
}

//  ------------------------------------------------------------------------------------------------
//  Answers

void
census_answer (census_t *self)
{
    uint64_t took = self->lapped - self->began;
    for (uint64_t ops = self->body_ops; ops; ops &= ops - 1) {
        unsigned op = (unsigned) __builtin_ctzll (ops);
        s_add (&self->answer[op], took, self->body[op]);
        self->body[op] = 0;
    }
    self->body_ops = 0;
    self->client = bytes_of (NULL, 0);
}

size_t
census_pack (census_t *self, uint8_t packed[CENSUS_PACKED_MAX])
{
    uint8_t *at = packed;
    memcpy (at, &self->began, sizeof self->began);
    at += sizeof self->began;
    for (uint64_t ops = self->body_ops; ops; ops &= ops - 1) {
        unsigned op = (unsigned) __builtin_ctzll (ops);
        *at++ = (uint8_t) op;
        memcpy (at, &self->body[op], sizeof self->body[op]);
        at += sizeof self->body[op];
        self->body[op] = 0;
    }
    self->body_ops = 0;
    self->client = bytes_of (NULL, 0);
    return (size_t) (at - packed);
}

void
census_answer_later (census_t *self, bytes_t packed)
{
    uint64_t began;
    uint32_t times;
    if (packed.size < sizeof began)
        return;
    memcpy (&began, packed.data, sizeof began);
    uint64_t took = self->config.clock () - began;
    for (size_t at = sizeof began; at + 1 + sizeof times <= packed.size; at += 1 + sizeof times) {
        memcpy (&times, packed.data + at + 1, sizeof times);
        if (packed.data[at] < OP_LIMIT)
            s_add (&self->answer[packed.data[at]], took, times);
    }
}
