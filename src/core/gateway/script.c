//  script: see script.h.
//  SPDX-License-Identifier: MPL-2.0
#include "script.h"

#include <stdio.h>

#define S_TEXT_MAX 8192  // Bytes of a text that is looked at; the usual ones are shorter
#define S_PLAIN_MAX 1024 // Without what does not matter

static const script_t s_scripts[] = {
#define SCRIPT(name, check, change, answer, text)                                                            \
    { name, SCRIPT_##check, SCRIPT_##change, SCRIPT_##answer, text },
#include "script.def"
#undef SCRIPT
};

//  Texts that clients do not always send before they name them: RedisCluster of redis-py 4 sends them only to
//  nodes that it takes for primaries, and has one role for each node.
static const struct {
    const char *id, *name;
} s_unsent[] = {
    { "c3f8721cbb97f72bc19e972846bd7aaf91901658", "redis-py release" },
    { "a4e8783852e6b949f9ef3a97212805108459a890", "redis-py extend" },
    { "1cac51482acf5858da00f6d685d68f886cd6b6b2", "redis-py reacquire" },
};

static bool
s_is_space (uint8_t letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r') || letter == ';';
}

static bool
s_is_word (uint8_t letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '_';
}

//  Passes over a comment of Lua: to the end of the line, or "--[[ ]]".
static size_t
s_pass (bytes_t text, size_t at)
{
    if (at + 3 < text.size && text.data[at + 2] == '[' && text.data[at + 3] == '[') {
        for (at += 4; at + 1 < text.size; at++)
            if (text.data[at] == ']' && text.data[at + 1] == ']')
                return at + 2;
        return text.size;
    }
    while (at < text.size && text.data[at] != '\n')
        at++;
    return at;
}

//  The text in small letters, with a space only where it separates two words. False: it is too long.
static bool
s_plain (bytes_t text, uint8_t plain[S_PLAIN_MAX], size_t *size)
{
    bool space = false;
    *size = 0;
    for (size_t at = 0; at < text.size;) {
        uint8_t letter = text.data[at];
        if (s_is_space (letter)) {
            space = true;
            at++;
            continue;
        }
        if (letter == '-' && at + 1 < text.size && text.data[at + 1] == '-') {
            at = s_pass (text, at);
            space = true;
            continue;
        }
        letter = letter == '\'' ? '"' : letter >= 'A' && letter <= 'Z' ? (uint8_t) (letter + 32) : letter;
        if (*size + 2 > S_PLAIN_MAX)
            return false;
        if (space && *size && s_is_word (plain[*size - 1]) && s_is_word (letter))
            plain[(*size)++] = ' ';
        plain[(*size)++] = letter;
        space = false;
        at++;
    }
    return true;
}

const script_t *
script_find (bytes_t text)
{
    uint8_t plain[S_PLAIN_MAX], own[S_PLAIN_MAX];
    size_t size, own_size;
    if (text.size > S_TEXT_MAX || !s_plain (text, plain, &size))
        return NULL;
    for (size_t at = 0; at < sizeof s_scripts / sizeof s_scripts[0]; at++)
        if (s_plain (bytes_str (s_scripts[at].text), own, &own_size)
            && bytes_equal (bytes_of (plain, size), bytes_of (own, own_size)))
            return &s_scripts[at];
    return NULL;
}

//  ------------------------------------------------------------------------------------------------

static const script_t *
s_known (const scripts_t *self, const uint8_t digest[SHA1_SIZE])
{
    for (uint32_t at = 0; at < self->count; at++)
        if (memcmp (self->known[at].digest, digest, SHA1_SIZE) == 0)
            return self->known[at].script;
    return NULL;
}

const script_t *
scripts_add (scripts_t *self, bytes_t text, char id[SCRIPT_ID_SIZE + 1])
{
    uint8_t digest[SHA1_SIZE];
    sha1 (text, digest);
    for (unsigned byte = 0; byte < SHA1_SIZE; byte++)
        snprintf (id + 2 * byte, 3, "%02x", digest[byte]);
    const script_t *script = s_known (self, digest);
    if (script || !(script = script_find (text)))
        return script;
    memcpy (self->known[self->next].digest, digest, SHA1_SIZE);
    self->known[self->next].script = script;
    self->next = (self->next + 1) % SCRIPTS_MAX;
    self->count += self->count < SCRIPTS_MAX;
    return script;
}

//  -1: not a hexadecimal digit.
static int
s_digit (uint8_t letter)
{
    uint8_t small = letter | 0x20;
    return letter >= '0' && letter <= '9' ? letter - '0'
           : small >= 'a' && small <= 'f' ? small - 'a' + 10
                                          : -1;
}

const script_t *
script_find_unsent (bytes_t id)
{
    for (size_t at = 0; at < sizeof s_unsent / sizeof s_unsent[0]; at++) {
        if (!bytes_equal (id, bytes_str (s_unsent[at].id)))
            continue;
        const script_t *script = s_scripts;
        while (strcmp (script->name, s_unsent[at].name) != 0)
            script++;
        return script;
    }
    return NULL;
}

const script_t *
scripts_find (const scripts_t *self, bytes_t id)
{
    uint8_t digest[SHA1_SIZE];
    if (id.size != SCRIPT_ID_SIZE)
        return NULL;
    for (unsigned byte = 0; byte < SHA1_SIZE; byte++) {
        int high = s_digit (id.data[2 * byte]), low = s_digit (id.data[2 * byte + 1]);
        if (high < 0 || low < 0)
            return NULL;
        digest[byte] = (uint8_t) (high << 4 | low);
    }
    return s_known (self, digest);
}
