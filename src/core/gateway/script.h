//  script: the scripts of the usual locks (script.def), recognised by their text, and which of them clients
//  have sent, by SHA-1. There is no Lua: what a script would do is done by operations of the grid.
//  SPDX-License-Identifier: MPL-2.0
#ifndef SCRIPT_H_INCLUDED
#define SCRIPT_H_INCLUDED

#include "../bytes.h"
#include "../sha1.h"

//  What must be so, of all keys.
typedef enum {
    SCRIPT_EQUAL,  // The value is ARGV[1]
    SCRIPT_OWN,    // Keys whose value is not ARGV[1] are left alone
    SCRIPT_ABSENT  // There is no value
} script_check_t;

//  What is done to each.
typedef enum {
    SCRIPT_DELETE,
    SCRIPT_EXPIRE,  // In ARGV[2] seconds
    SCRIPT_PEXPIRE, // In ARGV[2] milliseconds
    SCRIPT_ADD,     // In ARGV[2] milliseconds more than now; a key that does not end fails the check
    SCRIPT_PROLONG, // The same if ARGV[3] is "0", otherwise in ARGV[2] milliseconds
    SCRIPT_SET      // ARGV[1] for ARGV[2] milliseconds
} script_change_t;

//  What is answered. If the check fails it is 0; nil with SCRIPT_ABSENT and SCRIPT_STATUS.
typedef enum {
    SCRIPT_ONE,   // 1
    SCRIPT_COUNT, // How many keys were changed
    SCRIPT_STATUS // OK
} script_answer_t;

typedef struct {
    const char *name; // For doc/redis.md
    script_check_t check;
    script_change_t change;
    script_answer_t answer;
    const char *text;
} script_t;

//  NULL: it is none of them. Spaces, comments, kinds of quotes, semicolons and the case of letters do not
//  matter.
const script_t *
    script_find (bytes_t text);

//  Some are known by the SHA-1 of the text as a client writes it, whether or not it was sent. NULL: this one
//  is not.
const script_t *
    script_find_unsent (bytes_t id);

#define SCRIPT_ID_SIZE 40 // Hexadecimal digits of a SHA-1
#define SCRIPTS_MAX 128   // That are remembered; the one that came first makes room

//  All zero: none.
typedef struct {
    struct {
        uint8_t digest[SHA1_SIZE];
        const script_t *script;
    } known[SCRIPTS_MAX];
    uint32_t count, next;
} scripts_t;

//  Remembers a text, and tells its SHA-1 with a zero behind. NULL: not a script that is known.
const script_t *
    scripts_add (scripts_t *self, bytes_t text, char id[SCRIPT_ID_SIZE + 1]);

//  NULL: it was not sent.
const script_t *
    scripts_find (const scripts_t *self, bytes_t id);

#endif
