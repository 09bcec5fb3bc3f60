//  hiredis_script: every group of commands, as a program in C sends them with hiredis. Argument: HOST PORT.
//  SPDX-License-Identifier: MPL-2.0
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static redisContext *s_redis;

static void
s_expect (const redisReply *reply, const char *command, int type, const char *text, long long number)
{
    if (reply && reply->type == type
        && (type == REDIS_REPLY_INTEGER ? reply->integer == number : !text || strcmp (reply->str, text) == 0))
        return;
    fprintf (stderr, "FAILED: %s: type %d %s %lld (%s)\n", command, reply ? reply->type : -1,
             reply && reply->str ? reply->str : "", reply ? reply->integer : 0, s_redis->errstr);
    exit (1);
}

static void
s_text (const char *command, int type, const char *text)
{
    redisReply *reply = redisCommand (s_redis, command);
    s_expect (reply, command, type, text, 0);
    freeReplyObject (reply);
}

static void
s_number (const char *command, long long number)
{
    redisReply *reply = redisCommand (s_redis, command);
    s_expect (reply, command, REDIS_REPLY_INTEGER, NULL, number);
    freeReplyObject (reply);
}

static void
s_values (void)
{
    s_text ("FLUSHALL", REDIS_REPLY_STATUS, "OK");
    s_text ("PING", REDIS_REPLY_STATUS, "PONG");
    s_text ("SET h:a one EX 100", REDIS_REPLY_STATUS, "OK");
    s_text ("GET h:a", REDIS_REPLY_STRING, "one");
    s_text ("GET h:none", REDIS_REPLY_NIL, NULL);
    s_text ("SET h:a two NX", REDIS_REPLY_NIL, NULL);
    s_number ("INCRBY h:n 41", 41);
    s_number ("TTL h:a", 100);
    s_number ("APPEND h:a !", 4);
    s_number ("EXISTS h:a h:n h:none", 2);
    s_number ("DEL h:a h:none", 1);
    s_text ("INCR h:n x", REDIS_REPLY_ERROR, "ERR wrong number of arguments for 'incr' command");
    s_number ("PUBLISH nobody x", 0);
}

static void
s_pipeline (void)
{
    for (int number = 0; number < 1000; number++) {
        redisAppendCommand (s_redis, "SET h:p%d %d", number, number);
        redisAppendCommand (s_redis, "GET h:p%d", number);
    }
    for (int number = 0; number < 2000; number++) {
        redisReply *reply = NULL;
        if (redisGetReply (s_redis, (void **) &reply) != REDIS_OK) {
            fprintf (stderr, "FAILED: reply %d: %s\n", number, s_redis->errstr);
            exit (1);
        }
        char text[16];
        snprintf (text, sizeof text, "%d", number / 2);
        s_expect (reply, "pipeline", number % 2 ? REDIS_REPLY_STRING : REDIS_REPLY_STATUS,
                  number % 2 ? text : "OK", 0);
        freeReplyObject (reply);
    }
}

static void
s_transaction (void)
{
    s_text ("MULTI", REDIS_REPLY_STATUS, "OK");
    s_text ("SET {h}a 1", REDIS_REPLY_STATUS, "QUEUED");
    s_text ("INCR {h}a", REDIS_REPLY_STATUS, "QUEUED");
    redisReply *reply = redisCommand (s_redis, "EXEC");
    if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2
        || reply->element[1]->integer != 2) {
        fprintf (stderr, "FAILED: EXEC\n");
        exit (1);
    }
    freeReplyObject (reply);
}

int
main (int argc, char **argv)
{
    if (argc != 3)
        return 2;
    s_redis = redisConnect (argv[1], atoi (argv[2]));
    if (!s_redis || s_redis->err) {
        fprintf (stderr, "FAILED: %s\n", s_redis ? s_redis->errstr : "no memory");
        return 1;
    }
    s_values ();
    s_pipeline ();
    s_transaction ();
    redisFree (s_redis);
    puts ("done");
    return 0;
}
