//  hiredis_script: every group of commands, as a program in C sends them with hiredis. Arguments: HOST PORT,
//  and the password if there is one.
//  SPDX-License-Identifier: MPL-2.0
#include <hiredis/hiredis.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

//  Replies as text: +status "string" 41 nil [array] -error
#define TEXT_MAX 65536

//  A command and its reply: a reply that ends with * may go on, one that begins with * stands somewhere in
//  it, ~100 is a number of 70 to 100
typedef struct {
    const char *command;
    const char *reply;
} line_t;

static const char *s_host;
static int s_port;
static const char *s_password;

static void
s_fail (const char *command, const char *found, const char *wanted)
{
    fprintf (stderr, "FAILED: %s: %s, not %s\n", command, found, wanted);
    exit (1);
}

static size_t
s_print (char *text, size_t size, const redisReply *reply)
{
    size_t used;
    switch (reply->type) {
        case REDIS_REPLY_STATUS:
            return (size_t) snprintf (text, size, "+%s", reply->str);
        case REDIS_REPLY_ERROR:
            return (size_t) snprintf (text, size, "-%s", reply->str);
        case REDIS_REPLY_STRING:
            return (size_t) snprintf (text, size, "\"%s\"", reply->str);
        case REDIS_REPLY_INTEGER:
            return (size_t) snprintf (text, size, "%lld", reply->integer);
        case REDIS_REPLY_NIL:
            return (size_t) snprintf (text, size, "nil");
        case REDIS_REPLY_ARRAY:
            break;
        default:
            s_fail ("a reply", "a type that hiredis does not know", "another");
    }
    used = (size_t) snprintf (text, size, "[");
    for (size_t at = 0; at < reply->elements; at++) {
        if (at && used < size)
            used += (size_t) snprintf (text + used, size - used, " ");
        if (used < size)
            used += s_print (text + used, size - used, reply->element[at]);
    }
    return used + (used < size ? (size_t) snprintf (text + used, size - used, "]") : 0);
}

static bool
s_fits (const char *found, const char *wanted)
{
    size_t size = strlen (wanted);
    if (wanted[0] == '~') {
        long long number = atoll (found), most = atoll (wanted + 1);
        return number <= most && number >= most - 30;
    }
    if (wanted[0] == '*')
        return strstr (found, wanted + 1) != NULL;
    if (wanted[size - 1] == '*')
        return strncmp (found, wanted, size - 1) == 0;
    return strcmp (found, wanted) == 0;
}

//  Compares a reply, and frees it
static void
s_expect (redisContext *redis, redisReply *reply, const char *command, const char *wanted)
{
    static char text[TEXT_MAX];
    if (!reply)
        s_fail (command, redis->errstr, wanted);
    if (s_print (text, sizeof text, reply) >= sizeof text)
        s_fail (command, "more than fits here", wanted);
    if (!s_fits (text, wanted))
        s_fail (command, text, wanted);
    freeReplyObject (reply);
}

static void
s_ask (redisContext *redis, const char *command, const char *wanted)
{
    s_expect (redis, redisCommand (redis, command), command, wanted);
}

static void
s_next (redisContext *redis, const char *what, const char *wanted)
{
    void *reply = NULL;
    if (redisGetReply (redis, &reply) != REDIS_OK)
        s_fail (what, redis->errstr, wanted);
    s_expect (redis, reply, what, wanted);
}

static redisContext *
s_connect (void)
{
    struct timeval patience = { 20, 0 };
    redisContext *redis = redisConnectWithTimeout (s_host, s_port, patience);
    if (!redis || redis->err)
        s_fail ("connect", redis ? redis->errstr : "no memory", "a connection");
    if (redisSetTimeout (redis, patience) != REDIS_OK)
        s_fail ("timeout", redis->errstr, "20 s");
    return redis;
}

static const line_t s_strings[] = {
    { "SET {h}a one EX 100", "+OK" },
    { "GET {h}a", "\"one\"" },
    { "GET {h}none", "nil" },
    { "SET {h}a two NX", "nil" },
    { "SET {h}a two XX GET", "\"one\"" },
    { "GETSET {h}a three", "\"two\"" },
    { "SETNX {h}a four", "0" },
    { "SETEX {h}e 100 five", "+OK" },
    { "PSETEX {h}e 100000 six", "+OK" },
    { "GETEX {h}e PERSIST", "\"six\"" },
    { "GETDEL {h}e", "\"six\"" },
    { "MSET {h}x 1 {h}y 2", "+OK" },
    { "MGET {h}x {h}none {h}y", "[\"1\" nil \"2\"]" },
    { "APPEND {h}a !", "6" },
    { "STRLEN {h}a", "6" },
    { "GETRANGE {h}a 1 -2", "\"hree\"" },
    { "SUBSTR {h}a 0 1", "\"th\"" },
    { "SETRANGE {h}a 0 T", "6" },
    { "GET {h}a", "\"Three!\"" },
    { "SET {h}a", "-ERR wrong number of arguments for 'set' command" },
    { "SET {h}a b EX 0", "-ERR invalid expire time in 'set' command" },
    { NULL, NULL },
};

static const line_t s_counters[] = {
    { "INCR {h}n", "1" },
    { "INCRBY {h}n 41", "42" },
    { "DECR {h}n", "41" },
    { "DECRBY {h}n 50", "-9" },
    { "INCRBYFLOAT {h}f 0.5", "\"0.5\"" },
    { "INCRBYFLOAT {h}f -1.25e1", "\"-12\"" },
    { "INCR {h}f x", "-ERR wrong number of arguments for 'incr' command" },
    { "INCR {h}a", "-ERR value is not an integer or out of range" },
    { "SET {h}n 9223372036854775807", "+OK" },
    { "INCR {h}n", "-ERR increment or decrement would overflow" },
    { NULL, NULL },
};

static const line_t s_generic[] = {
    { "EXISTS {h}a {h}n {h}none {h}a", "3" },
    { "TYPE {h}a", "+string" },
    { "TYPE {h}none", "+none" },
    { "TOUCH {h}a {h}none", "1" },
    { "RENAME {h}a {h}b", "+OK" },
    { "RENAMENX {h}b {h}n", "0" },
    { "RENAME {h}none {h}b", "-ERR no such key" },
    { "COPY {h}b {h}c", "1" },
    { "COPY {h}b {h}c", "0" },
    { "COPY {h}x {h}c REPLACE", "1" },
    { "OBJECT ENCODING {h}c", "\"int\"" },
    { "OBJECT REFCOUNT {h}c", "1" },
    { "UNLINK {h}c {h}none", "1" },
    { "DEL {h}b {h}x {h}y", "3" },
    { "KEYS {h}*", "*{h}n" },
    { "RANDOMKEY", "\"*" },
    { NULL, NULL },
};

static const line_t s_expiry[] = {
    { "SET {h}t v", "+OK" },
    { "TTL {h}t", "-1" },
    { "TTL {h}none", "-2" },
    { "EXPIRE {h}t 100", "1" },
    { "EXPIRE {h}t 200 LT", "0" },
    { "EXPIRE {h}t 50 GT", "0" },
    { "EXPIRE {h}t 50 NX", "0" },
    { "TTL {h}t", "~100" },
    { "PEXPIRE {h}t 200000 XX", "1" },
    { "TTL {h}t", "~200" },
    { "PERSIST {h}t", "1" },
    { "PERSIST {h}t", "0" },
    { "EXPIRETIME {h}t", "-1" },
    { "EXPIREAT {h}t 4102444800", "1" },
    { "EXPIRETIME {h}t", "4102444800" },
    { "PEXPIREAT {h}t 4102444800000", "1" },
    { "PEXPIRETIME {h}t", "410244*" },
    { "PSETEX {h}p 100000 v", "+OK" },
    { "EXPIRE {h}t -1", "1" },
    { "EXISTS {h}t", "0" },
    { NULL, NULL },
};

static const line_t s_transactions[] = {
    { "MULTI", "+OK" },
    { "SET {h}m 1", "+QUEUED" },
    { "INCR {h}m", "+QUEUED" },
    { "GET {h}none", "+QUEUED" },
    { "EXEC", "[+OK 2 nil]" },
    { "WATCH {h}m", "+OK" },
    { "SET {h}m 7", "+OK" },
    { "MULTI", "+OK" },
    { "GET {h}m", "+QUEUED" },
    { "EXEC", "nil" },
    { "MULTI", "+OK" },
    { "NONESUCH", "-ERR unknown command*" },
    { "EXEC", "-EXECABORT Transaction discarded because of previous errors." },
    { "EVALSHA 0000000000000000000000000000000000000000 0",
      "-NOSCRIPT No matching script. Please use EVAL." },
    { "MSETNX {h}m 1 {h}u 2", "0" },
    { "DEL {h}m {h}u", "1" },
    { NULL, NULL },
};

static const line_t s_connection[] = {
    { "PING", "+PONG" },
    { "PING hello", "\"hello\"" },
    { "ECHO hello", "\"hello\"" },
    { "HELLO 2 SETNAME script", "[\"server\" \"redis\" \"version\" \"7.*" },
    { "HELLO 9", "-NOPROTO unsupported protocol version" },
    { "CLIENT GETNAME", "\"script\"" },
    { "CLIENT SETNAME other", "+OK" },
    { "CLIENT GETNAME", "\"other\"" },
    { "CLIENT SETINFO LIB-NAME hiredis", "+OK" },
    { "CLIENT INFO", "* name=other " },
    { "CLIENT INFO", "* lib-name=hiredis " },
    { "CLIENT LIST", "* name=other " },
    { "CLIENT KILL ID 999999999", "0" },
    { "CLIENT NO-EVICT ON", "+OK" },
    { "CLIENT TRACKINGINFO", "[\"flags\" [\"off\"] \"redirect\" -1 \"prefixes\" []]" },
    { "SELECT 1", "+OK" },
    { "GET {h}n", "nil" },
    { "SELECT 99999", "-ERR DB index is out of range" },
    { "SELECT 0", "+OK" },
    { "NONESUCH a", "-ERR unknown command 'NONESUCH', with args beginning with: 'a' " },
    { NULL, NULL },
};

static const line_t s_server[] = {
    { "INFO", "*redis_version:7." },
    { "INFO stats", "*total_commands_processed:" },
    { "INFO keyspace", "*db0:keys=" },
    { "CONFIG GET maxmemory", "[\"maxmemory\" \"*" },
    { "CONFIG GET nonesuch", "[]" },
    { "CONFIG RESETSTAT", "+OK" },
    { "COMMAND INFO get nonesuch", "[[\"get\" 2 [+readonly*" },
    { "COMMAND GETKEYS MSET a 1 b 2", "[\"a\" \"b\"]" },
    { "ROLE", "[\"master\" *" },
    { "TIME", "[\"*" },
    { "MEMORY USAGE {h}none", "nil" },
    { "SLOWLOG LEN", "0" },
    { "LATENCY LATEST", "[]" },
    { "ACL WHOAMI", "\"default\"" },
    { "MODULE LIST", "[]" },
    { NULL, NULL },
};

//  The last: whoever asked for the table is sent to the owners of keys from then on
static const line_t s_cluster[] = {
    { "CLUSTER KEYSLOT foo", "12182" },
    { "CLUSTER KEYSLOT {foo}bar", "12182" },
    { "CLUSTER INFO", "*cluster_state:ok" },
    { "CLUSTER INFO", "*cluster_slots_ok:16384" },
    { "CLUSTER COUNTKEYSINSLOT 99999", "-ERR Invalid slot" },
    { "READONLY", "+OK" },
    { "READWRITE", "+OK" },
    { "CLUSTER SLOTS", "[[0 *" },
    { "CLUSTER SLOTS", "* 16383 [\"" },
    { "CLUSTER NODES", "*myself,master" },
    { "CLUSTER SHARDS", "[[\"slots\" [0 *" },
    { "RESET", "+RESET" },
    { NULL, NULL },
};

static const line_t s_maps[] = {
    { "DM.PUT map key one EX 100", "+OK" },
    { "DM.PUT map key two NX", "-KEYFOUND key found" },
    { "DM.PUT map none two XX", "-KEYNOTFOUND key not found" },
    { "DM.GET map key", "\"one\"" },
    { "DM.GET map none", "-KEYNOTFOUND key not found" },
    { "DM.GETPUT map key two", "\"one\"" },
    { "DM.CAS map key one three", "0" },
    { "DM.CAS map key two three", "1" },
    { "DM.EXPIRE map key 50", "+OK" },
    { "DM.PEXPIRE map key 50000", "+OK" },
    { "DM.INCR map n 5", "5" },
    { "DM.DECR map n 7", "-2" },
    { "DM.INCRBYFLOAT map f 0.5", "\"0.5\"" },
    { "DM.DEL map key", "1" },
    { "DM.DEL map key", "0" },
    { "DM.DESTROY map", "+OK" },
    { "DM.GET map n", "-KEYNOTFOUND key not found" },
    { "CLUSTER.MEMBERS", "[[\"*" },
    { "STATS", "\"{*" },
    { NULL, NULL },
};

static void
s_lines (redisContext *redis, const line_t *line)
{
    for (; line->command; line++)
        s_ask (redis, line->command, line->reply);
}

static long long
s_number (redisContext *redis, const char *command, long long least)
{
    redisReply *reply = redisCommand (redis, command);
    if (!reply || reply->type != REDIS_REPLY_INTEGER || reply->integer < least)
        s_fail (command, reply ? "something else, or less" : redis->errstr, "a number");
    long long number = reply->integer;
    freeReplyObject (reply);
    return number;
}

static void
s_logs_in (redisContext *redis)
{
    if (!s_password) {
        s_ask (redis, "AUTH nonesuch", "-ERR AUTH <password> called without any password configured*");
        return;
    }
    s_ask (redis, "PING", "-NOAUTH Authentication required.");
    s_ask (redis, "AUTH nonesuch", "-WRONGPASS invalid username-password pair or user is disabled.");
    s_expect (redis, redisCommand (redis, "HELLO 2 AUTH default %s", s_password), "HELLO", "[\"server\"*");
    s_expect (redis, redisCommand (redis, "AUTH %s", s_password), "AUTH", "+OK");
}

//  The lock of Redis's documentation
static void
s_script (redisContext *redis)
{
    static const char release[] = "if redis.call(\"get\",KEYS[1]) == ARGV[1] then "
                                  "return redis.call(\"del\",KEYS[1]) else return 0 end";
    s_ask (redis, "SET {h}lock mine NX PX 10000", "+OK");
    s_expect (redis, redisCommand (redis, "EVAL %s 1 {h}lock other", release), "EVAL", "0");
    s_expect (redis, redisCommand (redis, "EVAL %s 1 {h}lock mine", release), "EVAL", "1");
    s_expect (redis, redisCommand (redis, "EVAL %s 0", "return 1"), "EVAL", "-ERR There is no Lua here*");
}

//  Bytes of every kind, in key and value
static void
s_bytes (redisContext *redis)
{
    char every[256];
    for (int at = 0; at < 256; at++)
        every[at] = (char) at;
    s_expect (redis, redisCommand (redis, "SET %b %b", every, sizeof every, every, sizeof every), "SET bytes",
              "+OK");
    redisReply *reply = redisCommand (redis, "GET %b", every, sizeof every);
    if (!reply || reply->type != REDIS_REPLY_STRING || reply->len != sizeof every
        || memcmp (reply->str, every, sizeof every) != 0)
        s_fail ("GET bytes", "others", "the same");
    freeReplyObject (reply);
    s_expect (redis, redisCommand (redis, "DEL %b", every, sizeof every), "DEL bytes", "1");
}

static void
s_pipeline (redisContext *redis)
{
    for (int number = 0; number < 1000; number++) {
        redisAppendCommand (redis, "SET h:p%d %d", number, number);
        redisAppendCommand (redis, "GET h:p%d", number);
    }
    for (int number = 0; number < 1000; number++) {
        char text[16];
        snprintf (text, sizeof text, "\"%d\"", number);
        s_next (redis, "SET in a pipeline", "+OK");
        s_next (redis, "GET in a pipeline", text);
    }
}

//  All keys of the pipeline, each once: nothing is changed meanwhile
static void
s_scan (redisContext *redis)
{
    static bool seen[1000];
    char cursor[32] = "0";
    int found = 0;
    do {
        redisReply *reply = redisCommand (redis, "SCAN %s MATCH h:p* COUNT 100", cursor);
        if (!reply || reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
            s_fail ("SCAN", reply ? "something else" : redis->errstr, "[cursor [keys]]");
        for (size_t at = 0; at < reply->element[1]->elements; at++) {
            int number = atoi (reply->element[1]->element[at]->str + 3);
            if (number < 0 || number >= 1000 || seen[number])
                s_fail ("SCAN", reply->element[1]->element[at]->str, "each key once");
            seen[number] = true;
            found++;
        }
        snprintf (cursor, sizeof cursor, "%s", reply->element[0]->str);
        freeReplyObject (reply);
    } while (strcmp (cursor, "0") != 0);
    if (found != 1000)
        s_fail ("SCAN", "fewer", "1000 keys");
    s_number (redis, "DBSIZE", 1000);
}

static void
s_topics (redisContext *redis)
{
    redisContext *hearer = s_connect ();
    if (s_password)
        s_expect (hearer, redisCommand (hearer, "AUTH %s", s_password), "AUTH", "+OK");
    s_ask (hearer, "SUBSCRIBE news", "[\"subscribe\" \"news\" 1]");
    s_ask (hearer, "PSUBSCRIBE w*", "[\"psubscribe\" \"w*\" 2]");
    s_ask (hearer, "GET a", "-ERR Can't execute 'get': only*");
    s_ask (redis, "PUBSUB CHANNELS", "[\"news\"]");
    s_ask (redis, "PUBSUB NUMSUB news none", "[\"news\" 1 \"none\" 0]");
    s_ask (redis, "PUBSUB NUMPAT", "1");
    s_ask (redis, "PUBLISH news hello", "1");
    s_ask (redis, "PUBLISH weather rain", "1");
    s_ask (redis, "PUBLISH nobody x", "0");
    s_next (hearer, "a message", "[\"message\" \"news\" \"hello\"]");
    s_next (hearer, "a message", "[\"pmessage\" \"w*\" \"weather\" \"rain\"]");
    s_ask (hearer, "UNSUBSCRIBE", "[\"unsubscribe\" \"news\" 1]");
    s_ask (hearer, "PUNSUBSCRIBE w*", "[\"punsubscribe\" \"w*\" 0]");
    s_ask (hearer, "PING", "+PONG");
    s_ask (hearer, "QUIT", "+OK");
    redisFree (hearer);
}

static void
s_locks (redisContext *redis)
{
    redisReply *reply = redisCommand (redis, "DM.LOCK map lock 5 EX 10");
    if (!reply || (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS))
        s_fail ("DM.LOCK", reply && reply->str ? reply->str : redis->errstr, "a token");
    s_expect (redis, redisCommand (redis, "DM.LOCKLEASE map lock %s 20", reply->str), "DM.LOCKLEASE", "+OK");
    s_expect (redis, redisCommand (redis, "DM.PLOCKLEASE map lock %s 20000", reply->str), "DM.PLOCKLEASE",
              "+OK");
    s_ask (redis, "DM.UNLOCK map lock nonesuch", "-NOSUCHLOCK*");
    s_expect (redis, redisCommand (redis, "DM.UNLOCK map lock %s", reply->str), "DM.UNLOCK", "+OK");
    s_expect (redis, redisCommand (redis, "DM.UNLOCK map lock %s", reply->str), "DM.UNLOCK", "-NOSUCHLOCK*");
    freeReplyObject (reply);
    s_ask (redis, "DM.PUT map seen v", "+OK");
    s_ask (redis, "DM.SCAN 0 map 0 COUNT 1000", "[\"0\" [*");
}

int
main (int argc, char **argv)
{
    if (argc != 3 && argc != 4)
        return 2;
    s_host = argv[1];
    s_port = atoi (argv[2]);
    s_password = argc == 4 ? argv[3] : NULL;
    redisContext *redis = s_connect ();
    s_logs_in (redis);
    s_ask (redis, "FLUSHALL", "+OK");
    s_lines (redis, s_strings);
    s_lines (redis, s_counters);
    s_lines (redis, s_generic);
    s_lines (redis, s_expiry);
    s_lines (redis, s_transactions);
    s_script (redis);
    s_lines (redis, s_connection);
    s_lines (redis, s_server);
    s_number (redis, "COMMAND COUNT", 80);
    s_number (redis, "MEMORY USAGE {h}n", 8);
    s_number (redis, "PTTL {h}p", 70000);
    s_number (redis, "WAIT 0 0", 0);
    s_bytes (redis);
    s_pipeline (redis);
    s_scan (redis);
    s_topics (redis);
    s_lines (redis, s_maps);
    s_locks (redis);
    s_lines (redis, s_cluster);
    redisFree (redis);
    puts ("done");
    return 0;
}
