//  conformance: every operation as a user sees it, line by line as doc/conformance.md lists them, each
//  run embedded and remote, for keys of the member that is talked to and of others, with 1, 2 and 3
//  copies; or against a cluster that is given, whatever happens to its members meanwhile.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CONFORMANCE_H_INCLUDED
#define CONFORMANCE_H_INCLUDED

#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <zgrid.h>

//  Who asks, and how.
typedef enum {
    WAY_EMBEDDED, // A node in this process
    WAY_DIRECT,   // A client that sends each record to its owner
    WAY_ROUTER    // A client that knows one public endpoint and nothing else
} way_t;

//  Whose the keys are.
typedef enum {
    PLACE_HERE,  // Of the member that the client talks to
    PLACE_AWAY,  // Of other members
    PLACE_ANY
} place_t;

#define SUBJECT_CLIENTS 4

typedef struct {
    zgrid_client_t *client; // Acts
    zgrid_client_t *other;  // The same way, at another member
    way_t way;
    place_t place;
    unsigned copies;        // 0: not known
    unsigned members;       // 0: they come and go
    const char *endpoint;   // Of the member that `client` talks to
    const char *elsewhere;  // Of the one that `other` talks to
    zgrid_node_t *node;     // Of `client`, if it is embedded
    const char *map;        // Empty when a line begins, and its alone
    const char *owner;      // Name of the member that PLACE_HERE is
    uint32_t partitions;    // Of the table below; 0: not known
    char (*owners)[64];     // By partition: the primary's name
    char key_text[16][48];  // See subject_key
    unsigned key_next;
    unsigned key_seed;
    jmp_buf failed;
    const char *line;
} subject_t;

//  Ends the line.
__attribute__ ((noreturn, format (printf, 4, 5))) void
    subject_fail (subject_t *self, const char *file, int number, const char *format, ...);

#define EXPECT(self, condition)                                                                         \
    do {                                                                                                \
        if (!(condition))                                                                               \
            subject_fail ((self), __FILE__, __LINE__, "%s", #condition);                                \
    } while (0)

#define EXPECT_INT(self, got, wanted)                                                                   \
    do {                                                                                                \
        long long got_ = (long long) (got), wanted_ = (long long) (wanted);                             \
        if (got_ != wanted_)                                                                            \
            subject_fail ((self), __FILE__, __LINE__, "%s is %lld, not %lld; %s", #got, got_, wanted_,  \
                          zgrid_client_error ((self)->client));                                         \
    } while (0)

#define EXPECT_TEXT(self, got, wanted)                                                                  \
    do {                                                                                                \
        zgrid_bytes_t got_ = (got);                                                                     \
        const char *wanted_ = (wanted);                                                                 \
        if (got_.size != strlen (wanted_) || memcmp (got_.data, wanted_, got_.size) != 0)               \
            subject_fail ((self), __FILE__, __LINE__, "%s is '%.*s', not '%s'", #got, (int) got_.size,  \
                          got_.size ? (const char *) got_.data : "", wanted_);                          \
    } while (0)

//  The key number n of a line, at the place that the subject stands for. The last 16 stay readable.
zgrid_bytes_t
    subject_key (subject_t *self, unsigned number);

//  Names that are not a map's: of channels, say. Fresh for each line, as the map is.
const char *
    subject_name (subject_t *self, const char *what);

//  Milliseconds of a clock that never goes back.
uint64_t
    subject_now (void);

//  Reads the key until it is not there, and returns when that was; fails after `most` milliseconds.
uint64_t
    subject_await_absent (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key, uint64_t most);

//  Removes the map. No session covers that: while members come and go it may be in doubt, and is asked for
//  again, which changes nothing else. False then: nobody knows how many entries there were.
bool
    subject_destroy (subject_t *self, uint64_t *count);

//  In short: with the subject's client and map.
int
    subject_put (subject_t *self, zgrid_bytes_t key, const char *value);
//  The value must be that text.
void
    subject_holds (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key, const char *value);
void
    subject_lacks (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key);

//  Another client, the same way as `client`. The line destroys it.
zgrid_client_t *
    subject_client (subject_t *self);

typedef void (line_fn) (subject_t *self);

#define LINE(name, text, flags) line_fn name;
#include "lines.def"
#undef LINE

#define CALM 1u     // Needs members that neither come nor go
#define CLUSTER 2u  // Needs several members
#define ONCE 4u     // Whose the keys are makes no difference

#endif
