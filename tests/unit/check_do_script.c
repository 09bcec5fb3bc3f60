//  check_do_script: the scripts of locks, as clients send them. The replies are those of redis-server 7.0.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "gateway/script.h"
#include "lib/redis_rig.h"
#include "lib/test.h"
#include "mem.h"

#define RELEASE                                                                                              \
    "if redis.call(\"get\",KEYS[1]) == ARGV[1] then return redis.call(\"del\",KEYS[1]) else return 0 end"
#define RELEASE_ID "b70c2384248f88e6b75b9f89241a180f856ad852"

static redis_rig_t s_rig;

static void
s_set_up (void)
{
    redis_rig_open (&s_rig, NULL);
    s_rig.local = true;
}

static void
s_tear_down (void)
{
    redis_rig_close (&s_rig);
}

//  The words "EVAL", the script, and others behind it that spaces separate.
static void
s_eval (const char *script, const char *words, const char *reply)
{
    char text[4096];
    size_t count = 3, used = 0;
    for (const char *at = words; *at; at++)
        count += *at == ' ';
    used += (size_t) snprintf (text, sizeof text, "*%zu\r\n$4\r\nEVAL\r\n$%zu\r\n%s\r\n", count,
                               strlen (script), script);
    for (const char *at = words; *at;) {
        size_t size = strcspn (at, " ");
        used += (size_t) snprintf (text + used, sizeof text - used, "$%zu\r\n%.*s\r\n", size, (int) size, at);
        at += size + (at[size] == ' ');
    }
    redis_rig_says (&s_rig, text, reply);
}

//  As redis-py writes them.
START_TEST (some_are_known_before_they_are_sent)
{
    static const char head[] = "\n        local token = redis.call('get', KEYS[1])\n"
                               "        if not token or token ~= ARGV[1] then\n            return 0\n"
                               "        end\n";
    static const struct {
        const char *rest, *name;
    } sent[] = {
        { "        redis.call('del', KEYS[1])\n        return 1\n    ", "redis-py release" },
        { "        local expiration = redis.call('pttl', KEYS[1])\n        if not expiration then\n"
          "            expiration = 0\n        end\n        if expiration < 0 then\n            return 0\n"
          "        end\n\n        local newttl = ARGV[2]\n        if ARGV[3] == \"0\" then\n"
          "            newttl = ARGV[2] + expiration\n        end\n"
          "        redis.call('pexpire', KEYS[1], newttl)\n        return 1\n    ",
          "redis-py extend" },
        { "        redis.call('pexpire', KEYS[1], ARGV[2])\n        return 1\n    ", "redis-py reacquire" },
    };
    for (size_t at = 0; at < sizeof sent / sizeof sent[0]; at++) {
        char text[1024], id[SCRIPT_ID_SIZE + 1];
        scripts_t scripts = { .count = 0 };
        snprintf (text, sizeof text, "%s%s", head, sent[at].rest);
        const script_t *script = scripts_add (&scripts, bytes_str (text), id);
        ck_assert_ptr_nonnull (script);
        ck_assert_str_eq (script->name, sent[at].name);
        ck_assert_ptr_eq (script_find_unsent (bytes_str (id)), script);
    }
    redis_rig_words (&s_rig, "SET lock token", "+OK");
    redis_rig_words (&s_rig, "EVALSHA c3f8721cbb97f72bc19e972846bd7aaf91901658 1 lock other", ":0");
    redis_rig_words (&s_rig, "EVALSHA c3f8721cbb97f72bc19e972846bd7aaf91901658 1 lock token", ":1");
    redis_rig_words (&s_rig, "SCRIPT EXISTS c3f8721cbb97f72bc19e972846bd7aaf91901658", "*1\r\n:0");
}
END_TEST

START_TEST (a_lock_is_released_by_its_holder_only)
{
    static const char *const spellings[] = {
        RELEASE,
        "if redis.call('get', KEYS[1]) == ARGV[1] then\n    return redis.call('del', KEYS[1])\n"
        "else\n    return 0\nend",
        "\n\tif redis.call(\"GET\", KEYS[1]) == ARGV[1] then\n\t\treturn redis.call(\"DEL\", KEYS[1])\n"
        "\telse\n\t\treturn 0\n\tend\n",
        "-- whose is it?\nif (redis.call('get',KEYS[1]) == ARGV[1]) then return redis.call('del',KEYS[1]); "
        "end; return 0;",
        "--[[ release\n ]] if redis.call('get',KEYS[1])==ARGV[1] then return redis.call('del',KEYS[1]) else "
        "return 0 end",
    };
    for (size_t at = 0; at < sizeof spellings / sizeof spellings[0]; at++) {
        redis_rig_words (&s_rig, "SET lock mine", "+OK");
        s_eval (spellings[at], "1 lock other", ":0\r\n");
        s_eval (spellings[at], "1 lock", ":0\r\n");
        s_eval (spellings[at], "1 lock mine", ":1\r\n");
        s_eval (spellings[at], "1 lock mine", ":0\r\n");
        redis_rig_words (&s_rig, "EXISTS lock", ":0");
    }
}
END_TEST

START_TEST (scripts_are_named_by_their_digest)
{
    redis_rig_words (&s_rig, "SET lock mine", "+OK");
    redis_rig_words (&s_rig, "EVALSHA " RELEASE_ID " 1 lock mine",
                     "-NOSCRIPT No matching script. Please use EVAL.");
    redis_rig_words (&s_rig, "SCRIPT EXISTS " RELEASE_ID, "*1\r\n:0");
    s_eval (RELEASE, "1 lock other", ":0\r\n");
    redis_rig_words (&s_rig, "SCRIPT EXISTS " RELEASE_ID " x", "*2\r\n:1\r\n:0");
    redis_rig_words (&s_rig, "EVALSHA B70C2384248F88E6B75B9F89241A180F856AD852 1 lock mine", ":1");
    redis_rig_words (&s_rig, "SCRIPT FLUSH", "+OK");
    redis_rig_words (&s_rig, "SCRIPT EXISTS " RELEASE_ID, "*1\r\n:0");
}
END_TEST

START_TEST (words_are_checked)
{
    static const redis_line_t lines[] = {
        { "EVAL x", "-ERR wrong number of arguments for 'eval' command" },
        { "EVAL x y", "-ERR value is not an integer or out of range" },
        { "EVAL x y z", "-ERR value is not an integer or out of range" },
        { "EVAL x 2 z", "-ERR Number of keys can't be greater than number of args" },
        { "EVAL x -1 z", "-ERR Number of keys can't be negative" },
        { "EVAL x 0",
          "-ERR There is no Lua here: only the scripts of usual locks are known, see doc/redis.md" },
        { "EVALSHA x", "-ERR wrong number of arguments for 'evalsha' command" },
        { "EVALSHA x y z", "-NOSCRIPT No matching script. Please use EVAL." },
        { "EVALSHA " RELEASE_ID " x", "-ERR value is not an integer or out of range" },
        { "SCRIPT", "-ERR wrong number of arguments for 'script' command" },
        { "SCRIPT NONE", "-ERR unknown subcommand 'NONE'. Try SCRIPT HELP." },
        { "SCRIPT LOAD x",
          "-ERR There is no Lua here: only the scripts of usual locks are known, see doc/redis.md" },
        { "SCRIPT KILL", "-NOTBUSY No scripts in execution right now." },
        { "SCRIPT FLUSH SYNC", "+OK" },
        { "SCRIPT FLUSH NOW", "-ERR SCRIPT FLUSH only support SYNC|ASYNC option" },
    };
    REDIS_PLAY (&s_rig, lines);
    s_eval (RELEASE, "0", "-ERR Lua redis lib command arguments must be strings or integers\r\n");
}
END_TEST

#define TOKEN "local token = redis.call('get', KEYS[1]) if not token or token ~= ARGV[1] then return 0 end "

START_TEST (locks_are_prolonged)
{
    static const char extend[] = TOKEN
        "local expiration = redis.call('pttl', KEYS[1]) if not expiration then expiration = 0 end "
        "if expiration < 0 then return 0 end local newttl = ARGV[2] "
        "if ARGV[3] == \"0\" then newttl = ARGV[2] + expiration end "
        "redis.call('pexpire', KEYS[1], newttl) return 1";
    static const char reacquire[] = TOKEN "redis.call('pexpire', KEYS[1], ARGV[2]) return 1";
    static const char usual[] =
        "if redis.call('get',KEYS[1]) == ARGV[1] then return redis.call('pexpire',KEYS[1],ARGV[2]) "
        "else return 0 end";
    redis_rig_words (&s_rig, "SET lock mine PX 1000", "+OK");
    s_eval (extend, "1 lock other 5000 0", ":0\r\n");
    s_eval (extend, "1 lock mine 5000 0", ":1\r\n");
    redis_rig_words (&s_rig, "PTTL lock", ":6000");
    s_eval (extend, "1 lock mine 500 1", ":1\r\n");
    redis_rig_words (&s_rig, "PTTL lock", ":500");
    s_eval (reacquire, "1 lock other 700", ":0\r\n");
    s_eval (reacquire, "1 lock mine 700", ":1\r\n");
    redis_rig_words (&s_rig, "PTTL lock", ":700");
    s_eval (usual, "1 lock mine 800", ":1\r\n");
    redis_rig_words (&s_rig, "PTTL lock", ":800");
    s_eval (usual, "1 lock mine x", "-ERR value is not an integer or out of range\r\n");
    redis_rig_words (&s_rig, "PERSIST lock", ":1");
    s_eval (extend, "1 lock mine 5000 0", ":0\r\n"); // It does not end
    s_eval (usual, "1 lock mine -1", ":1\r\n");
    redis_rig_words (&s_rig, "EXISTS lock", ":0");
    s_eval (usual, "1 lock mine 800", ":0\r\n");
}
END_TEST

#define EACH "for i, key in ipairs(KEYS) do "

START_TEST (several_keys_are_one_lock)
{
    static const char acquire[] = EACH "if redis.call(\"exists\", key) == 1 then return 0 end end " EACH
                                       "redis.call(\"set\", key, ARGV[1], \"PX\", ARGV[2]) end return #KEYS";
    static const char extend[] = EACH "if redis.call(\"get\", key) ~= ARGV[1] then return 0 end end " EACH
                                      "redis.call(\"set\", key, ARGV[1], \"PX\", ARGV[2]) end return #KEYS";
    static const char release[] = "local count = 0 " EACH
                                  "if redis.call(\"get\", key) == ARGV[1] then redis.pcall(\"del\", key) "
                                  "count = count + 1 end end return count";
    s_eval (acquire, "2 {l}a {l}b mine 1000", ":2\r\n");
    s_eval (acquire, "2 {l}b {l}c mine 1000", ":0\r\n");
    redis_rig_words (&s_rig, "EXISTS {l}a {l}b {l}c", ":2");
    s_eval (extend, "2 {l}a {l}b mine 5000", ":2\r\n");
    redis_rig_words (&s_rig, "PTTL {l}b", ":5000");
    redis_rig_words (&s_rig, "SET {l}b other", "+OK");
    s_eval (extend, "2 {l}a {l}b mine 5000", ":0\r\n");
    s_eval (release, "2 {l}a {l}b mine", ":1\r\n");
    redis_rig_words (&s_rig, "MGET {l}a {l}b", "*2\r\n$-1\r\n$5\r\nother");
    s_eval (release, "2 {l}a {l}b mine", ":0\r\n");
    s_eval (release, "2 a b mine", "-CROSSSLOT Keys in request don't hash to the same slot\r\n");
    s_eval (acquire, "0", ":0\r\n");
}
END_TEST

START_TEST (a_lock_is_taken)
{
    static const char set[] = "return redis.call('set', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])";
    s_eval (set, "1 lock mine 1000", "+OK\r\n");
    s_eval (set, "1 lock mine 1000", "$-1\r\n");
    s_eval (set, "1 lock mine 0", "-ERR invalid expire time in 'set' command\r\n");
    s_eval (set, "1 lock", "-ERR Lua redis lib command arguments must be strings or integers\r\n");
    redis_rig_words (&s_rig, "PTTL lock", ":1000");
}
END_TEST

//  The first that came makes room for the one that is too many.
START_TEST (as_many_are_remembered_as_there_is_room_for)
{
    static scripts_t scripts;
    char text[256], id[SCRIPT_ID_SIZE + 1], first[SCRIPT_ID_SIZE + 1];
    ck_assert_ptr_null (scripts_add (&scripts, bytes_str ("return 1"), id));
    ck_assert_uint_eq (scripts.count, 0);
    for (int at = 0; at <= SCRIPTS_MAX; at++) {
        snprintf (text, sizeof text, "%*s" RELEASE, at, "");
        ck_assert_ptr_nonnull (scripts_add (&scripts, bytes_str (text), at ? id : first));
        ck_assert_ptr_nonnull (scripts_find (&scripts, bytes_str (at ? id : first)));
    }
    ck_assert_uint_eq (scripts.count, SCRIPTS_MAX);
    ck_assert_ptr_null (scripts_find (&scripts, bytes_str (first)));
    ck_assert_ptr_null (scripts_find (&scripts, bytes_str ("b70c2384248f88e6b75b9f89241a180f856ad85g")));
}
END_TEST

START_TEST (long_texts_are_unknown)
{
    static char text[9000];
    memset (text, ' ', sizeof text);
    memcpy (text, RELEASE, strlen (RELEASE));
    ck_assert_ptr_nonnull (script_find (bytes_of (text, 8192)));
    ck_assert_ptr_null (script_find (bytes_of (text, 8193)));
    memset (text, 'x', sizeof text);
    ck_assert_ptr_null (script_find (bytes_of (text, 8192)));
    ck_assert_ptr_null (script_find (bytes_str ("--[[")));
    ck_assert_ptr_null (script_find (bytes_of (NULL, 0)));
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_script");
    TCase *all = tcase_create ("scripts");
    tcase_add_checked_fixture (all, s_set_up, s_tear_down);
    tcase_add_test (all, a_lock_is_released_by_its_holder_only);
    tcase_add_test (all, some_are_known_before_they_are_sent);
    tcase_add_test (all, scripts_are_named_by_their_digest);
    tcase_add_test (all, words_are_checked);
    tcase_add_test (all, locks_are_prolonged);
    tcase_add_test (all, several_keys_are_one_lock);
    tcase_add_test (all, a_lock_is_taken);
    tcase_add_test (all, as_many_are_remembered_as_there_is_room_for);
    tcase_add_test (all, long_texts_are_unknown);
    suite_add_tcase (suite, all);
    return suite;
}
