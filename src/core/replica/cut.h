//  cut: reads the tables and sessions of a partition, piece by piece, while they change, for a learner
//  (consistency 9). What changes after the reading began goes whole into the log, so it is passed over: a
//  piece that is lost is read again from where it began to where it ended, and holds no more than before.
//  For replica/*.c only.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CUT_H_INCLUDED
#define CUT_H_INCLUDED

#include "../storage_impl.h"

//  Of maps with a smaller number everything, and of that map everything with a smaller hash, was read.
typedef struct {
    uint32_t map;
    uint64_t hash;
} cut_place_t;

typedef enum { CUT_ENTRIES, CUT_LARGE, CUT_SESSIONS, CUT_LAST } cut_kind_t;

//  One piece: enough to read it again.
typedef struct {
    cut_kind_t kind;
    unsigned flags;        // CHUNK_LAST…
    cut_place_t from, to;  // ENTRIES: `to` not included
    size_t begin, end;     // LARGE: of cut_t.large
    uint32_t first, next;  // SESSIONS: places in their table; next 0: to the end
    uint32_t shuffles;     // Of that table then
    size_t bytes;          // When it was read first
} cut_piece_t;

typedef enum { CUT_AT_ENTRIES, CUT_AT_LOCKS, CUT_AT_SESSIONS, CUT_AT_LAST, CUT_AT_END } cut_stage_t;

typedef struct {
    cut_stage_t stage;
    uint64_t base;       // Entries that are newer are in the log
    uint64_t upto;       // The log's end when something was read last
    size_t most;         // Bytes of one piece
    cut_place_t place;   // The next piece begins here
    uint32_t sessions_at, shuffles;
    buf_t large;         // An entry that is more than one piece, or the locks, and how much of it was cut
    size_t large_at;
    bool large_waits;    // Another such entry comes next: when the learner has this one
    buf_t items;         // Scratch
    uint64_t entries;    // Read so far, each once
} cut_t;

void
    cut_begin (cut_t *self, uint64_t base, size_t most);
void
    cut_end (cut_t *self);

//  Adds the next piece to out. all_there: the learner has every piece so far; the last one waits for that.
//  False: not now (large_waits, or the last one), or without memory (out->failed): nothing has changed then.
bool
    cut_next (cut_t *self, storage_t *storage, partition_t *part, buf_t *out, cut_piece_t *piece,
              bool all_there, uint64_t now);

//  Adds a piece again.
void
    cut_again (cut_t *self, storage_t *storage, partition_t *part, buf_t *out, const cut_piece_t *piece,
               uint64_t now);

//  The learner has everything that was cut of the large entry.
void
    cut_forget_large (cut_t *self);

//  Bytes that there are to cut, about.
uint64_t
    cut_estimate (storage_t *storage, const partition_t *part);

#endif
