//  do_connection: what a connection says of itself: PING, ECHO, HELLO, AUTH, SELECT, RESET, QUIT. CLIENT
//  stands in do_client.c.
//  SPDX-License-Identifier: MPL-2.0
#include "cluster_note.h"
#include "do.h"
#include "gateway_impl.h"
#include "help.h"
#include "info.h"
#include "words.h"

void
do_ping (call_t *call)
{
    say_t say = call_say (call);
    uint32_t count = call_count (call);
    bytes_t echo = count == 2 ? call_arg (call, 1) : bytes_str ("");
    if (count > 2) {
        call_fail_arity (call);
        return;
    }
    if (talk_is_subscribed (call_talk (call)) && say.protocol == 2) {
        say_array (say, 2); // In the form of what is published: nothing else may come there
        say_text (say, "pong");
        say_bulk (say, echo);
    } else if (count == 2)
        say_bulk (say, echo);
    else
        say_status (say, "PONG");
    call_done (call);
}

void
do_echo (call_t *call)
{
    say_bulk (call_say (call), call_arg (call, 1));
    call_done (call);
}

//  How long it takes tells nothing of the password but its length.
static bool
s_is_password (const gateway_t *gateway, bytes_t given)
{
    bytes_t password = bytes_str (gateway->config.password);
    uint8_t differs = given.size != password.size;
    for (size_t at = 0; at < given.size; at++)
        differs |= given.data[at] ^ password.data[password.size ? at % password.size : 0];
    return !differs;
}

//  There is one user, "default".
static bool
s_is_user (const gateway_t *gateway, bytes_t user, bytes_t password)
{
    bool good = s_is_password (gateway, password) || !*gateway->config.password;
    return bytes_equal (user, bytes_str ("default")) && good;
}

static const char s_wrong[] = "WRONGPASS invalid username-password pair or user is disabled.";

void
do_auth (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    uint32_t count = call_count (call);
    bool good;
    if (count > 3) {
        call_fail_syntax (call);
        return;
    }
    if (count == 2 && !*gateway->config.password) {
        call_fail (call,
                   "ERR AUTH <password> called without any password configured for the default user. Are "
                   "you sure your configuration is correct?");
        return;
    }
    good = count == 2 ? s_is_password (gateway, call_arg (call, 1))
                      : s_is_user (gateway, call_arg (call, 1), call_arg (call, 2));
    if (!good) {
        call_fail (call, s_wrong);
        return;
    }
    talk_know (call_talk (call), true);
    say_status (call_say (call), "OK");
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  HELLO

typedef struct {
    int64_t protocol; // 0: as it is
    bool has_user, has_name;
    bytes_t user, password, name;
} s_hello_t;

//  False: the call was answered.
static bool
s_read_hello (call_t *call, s_hello_t *hello)
{
    uint32_t count = call_count (call);
    if (count > 1 && (!word_int (call_arg (call, 1), &hello->protocol))) {
        call_fail (call, "ERR Protocol version is not an integer or out of range");
        return false;
    }
    if (count > 1 && (hello->protocol < 2 || hello->protocol > 3)) {
        call_fail (call, "NOPROTO unsupported protocol version");
        return false;
    }
    for (uint32_t at = 2; at < count; at++) {
        bytes_t word = call_arg (call, at);
        if (word_is (word, "AUTH") && at + 2 < count) {
            hello->has_user = true;
            hello->user = call_arg (call, ++at);
            hello->password = call_arg (call, ++at);
        } else if (word_is (word, "SETNAME") && at + 1 < count) {
            const char *why = client_note_check (hello->name = call_arg (call, ++at));
            hello->has_name = true;
            if (why) {
                call_fail (call, why);
                return false;
            }
        } else {
            help_fail_word (call, "ERR Syntax error in HELLO option '", word, "'");
            return false;
        }
    }
    return true;
}

static void
s_say_hello (call_t *call)
{
    say_t say = call_say (call);
    const talk_t *talk = call_talk (call);
    say_map (say, 7);
    say_text (say, "server");
    say_text (say, "redis");
    say_text (say, "version");
    say_text (say, INFO_VERSION);
    say_text (say, "proto");
    say_int (say, talk->protocol);
    say_text (say, "id");
    say_int (say, (int64_t) talk->id);
    say_text (say, "mode");
    say_text (say, cluster_shown (call_gateway (call)) ? "cluster" : "standalone");
    say_text (say, "role");
    say_text (say, "master");
    say_text (say, "modules");
    say_array (say, 0);
    call_done (call);
}

void
do_hello (call_t *call)
{
    const gateway_t *gateway = call_gateway (call);
    talk_t *talk = call_talk (call);
    s_hello_t hello = { 0 };
    if (!s_read_hello (call, &hello))
        return;
    if (hello.has_user && !s_is_user (gateway, hello.user, hello.password)) {
        call_fail (call, s_wrong);
        return;
    }
    if (hello.has_user)
        talk_know (talk, true);
    if (!talk->known) {
        call_fail (call,
                   "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO "
                   "AUTH <user> <pass> option can be used to authenticate the client and select the RESP "
                   "protocol version at the same time");
        return;
    }
    const char *why = hello.has_name ? client_note_name (&talk->note, hello.name) : NULL;
    if (why) {
        call_fail (call, why);
        return;
    }
    if (hello.protocol)
        talk->protocol = (unsigned) hello.protocol;
    s_say_hello (call);
}

//  ------------------------------------------------------------------------------------------------
//  SELECT, RESET, QUIT

void
do_select (call_t *call)
{
    int64_t database;
    if (!word_int (call_arg (call, 1), &database))
        call_fail_integer (call);
    else if (database < INT32_MIN || database > INT32_MAX)
        call_fail (call, "ERR value is out of range, value must between -2147483648 and 2147483647");
    else if (database < 0 || database >= call_gateway (call)->config.databases)
        call_fail (call, "ERR DB index is out of range");
    else if (!talk_select (call_talk (call), (uint32_t) database))
        call_fail (call, "ERR out of memory");
    else {
        say_status (call_say (call), "OK");
        call_done (call);
    }
}

//  As a connection that has just come.
void
do_reset (call_t *call)
{
    talk_t *talk = call_talk (call);
    if (!talk_select (talk, 0)) {
        call_fail (call, "ERR out of memory");
        return;
    }
    hearer_destroy (&talk->hearer);
    multi_clear (&talk->multi);
    client_note_clear (&talk->note);
    talk->protocol = 2;
    talk->clustered = talk->readonly = talk->mute = talk->skip = call->mute = false;
    talk_know (talk, !*call_gateway (call)->config.password);
    say_status (call_say (call), "RESET");
    call_done (call);
}

//  Commands behind it are not executed.
void
do_quit (call_t *call)
{
    talk_t *talk = call_talk (call);
    say_status (call_say (call), "OK");
    call_done (call);
    talk_close (talk, TALK_LAST);
}
