//  do_client: CLIENT: what a connection is called, who else is there, who shall go.
//  SPDX-License-Identifier: MPL-2.0
#include "client_note.h"
#include "do.h"
#include "gateway_impl.h"
#include "help.h"
#include "words.h"

#define S_IDS_MAX 1000 // Of CLIENT LIST ID

static void
s_ok (call_t *call)
{
    say_status (call_say (call), "OK");
    call_done (call);
}

void
do_client_id (call_t *call)
{
    say_int (call_say (call), (int64_t) call_talk (call)->id);
    call_done (call);
}

void
do_client_getname (call_t *call)
{
    const client_note_t *note = &call_talk (call)->note;
    if (note->name.size)
        say_bulk (call_say (call), buf_bytes (&note->name));
    else
        say_nil (call_say (call));
    call_done (call);
}

void
do_client_setname (call_t *call)
{
    const char *why = client_note_name (&call_talk (call)->note, call_arg (call, 2));
    if (why)
        call_fail (call, why);
    else
        s_ok (call);
}

//  LIB-NAME, LIB-VER (Redis 7.2, but clients of today send it to whoever answers)
void
do_client_setinfo (call_t *call)
{
    bytes_t word = call_arg (call, 2);
    client_note_t *note = &call_talk (call)->note;
    const char *why = NULL;
    if (word_is (word, "LIB-NAME"))
        why = client_note_library (note, call_arg (call, 3), "lib-name");
    else if (word_is (word, "LIB-VER"))
        why = client_note_library (note, call_arg (call, 3), "lib-ver");
    else {
        help_fail_word (call, "ERR Unrecognized option '", word, "'");
        return;
    }
    if (why)
        call_fail (call, why);
    else
        s_ok (call);
}

static void
s_line (const call_t *call, const talk_t *talk, buf_t *out)
{
    const hearer_t *hearer = talk->hearer;
    const command_t *command = talk->last ? talk->last->command : NULL;
    bool in_multi = talk->multi.open || talk->multi.bundle;
    uint64_t now = (uint64_t) call_moment (call).wall;
    char name[64];
    size_t size = 0;
    for (; command && command->name[size] && size + 1 < sizeof name; size++)
        name[size] = (char) (command->name[size]
                             | (command->name[size] >= 'A' && command->name[size] <= 'Z' ? 32 : 0));
    name[size] = 0;
    client_line_t line = { .id = talk->id,
                           .address = talk->address,
                           .local = talk->local,
                           .age = now > talk->began ? (now - talk->began) / 1000 : 0,
                           .flag = in_multi                    ? 'x'
                                   : talk_is_subscribed (talk) ? 'P'
                                                               : 'N',
                           .database = talk->database,
                           .queued = in_multi ? (int64_t) talk->multi.count : -1,
                           .input = talk->input.size - talk->read,
                           .input_free = talk->input.room - talk->input.size,
                           .output = talk->output.size - talk->written,
                           .memory = talk->counted,
                           .command = name,
                           .protocol = talk->protocol };
    if (hearer) {
        line.channels = hearer_count (hearer, HEAR_CHANNEL);
        line.patterns = hearer_count (hearer, HEAR_PATTERN);
        line.shards = hearer_count (hearer, HEAR_SHARD);
    }
    client_note_line (&talk->note, &line, out);
}

void
do_client_info (call_t *call)
{
    buf_t *out = call_scratch (call);
    s_line (call, call_talk (call), out);
    if (out->failed)
        call_fail (call, "ERR out of memory");
    else {
        say_verbatim (call_say (call), "txt", buf_bytes (out));
        call_done (call);
    }
}

//  ------------------------------------------------------------------------------------------------
//  LIST and KILL

typedef enum { KIND_ANY, KIND_NORMAL, KIND_MASTER, KIND_REPLICA, KIND_PUBSUB } s_kind_t;

static bool
s_kind (call_t *call, bytes_t word, s_kind_t *kind)
{
    *kind = word_is (word, "NORMAL")                               ? KIND_NORMAL
            : word_is (word, "MASTER")                             ? KIND_MASTER
            : word_is (word, "REPLICA") || word_is (word, "SLAVE") ? KIND_REPLICA
            : word_is (word, "PUBSUB")                             ? KIND_PUBSUB
                                                                   : KIND_ANY;
    if (*kind != KIND_ANY)
        return true;
    help_fail_word (call, "ERR Unknown client type '", word, "'");
    return false;
}

static bool
s_is_kind (const talk_t *talk, s_kind_t kind)
{
    return kind == KIND_ANY || kind == (talk_is_subscribed (talk) ? KIND_PUBSUB : KIND_NORMAL);
}

//  Connections stand in their list the newest first.
static talk_t *
s_oldest (const call_t *call)
{
    talk_t *talk = call_gateway (call)->talks;
    while (talk->next)
        talk = talk->next;
    return talk;
}

static void
s_say_list (call_t *call)
{
    buf_t *out = call_scratch (call);
    if (out->failed)
        call_fail (call, "ERR out of memory");
    else {
        say_verbatim (call_say (call), "txt", buf_bytes (out));
        call_done (call);
    }
}

static void
s_list_ids (call_t *call)
{
    int64_t id;
    if (call_count (call) > 3 + S_IDS_MAX) { // Each is looked for among all connections
        call_fail (call, "ERR too many client IDs");
        return;
    }
    for (uint32_t at = 3; at < call_count (call); at++)
        if (!word_int (call_arg (call, at), &id)) {
            call_fail (call, "ERR Invalid client ID");
            return;
        }
    for (uint32_t at = 3; at < call_count (call); at++) {
        if (!word_int (call_arg (call, at), &id))
            continue;
        for (talk_t *talk = s_oldest (call); talk; talk = talk->previous)
            if ((int64_t) talk->id == id)
                s_line (call, talk, call_scratch (call));
    }
    s_say_list (call);
}

void
do_client_list (call_t *call)
{
    uint32_t count = call_count (call);
    s_kind_t kind = KIND_ANY;
    if (count > 3 && word_is (call_arg (call, 2), "ID")) {
        s_list_ids (call);
        return;
    }
    if (count != 2 && (count != 4 || !word_is (call_arg (call, 2), "TYPE"))) {
        call_fail_syntax (call);
        return;
    }
    if (count == 4 && !s_kind (call, call_arg (call, 3), &kind))
        return;
    for (talk_t *talk = s_oldest (call); talk; talk = talk->previous)
        if (s_is_kind (talk, kind))
            s_line (call, talk, call_scratch (call));
    s_say_list (call);
}

typedef struct {
    bytes_t address, local;
    int64_t id; // 0: any
    s_kind_t kind;
    bool skip_me;
} s_kill_t;

//  One pair of words. False: the call was answered.
static bool
s_kill_option (call_t *call, bytes_t name, bytes_t value, s_kill_t *kill)
{
    if (word_is (name, "ID")) {
        if (word_int (value, &kill->id) && kill->id > 0)
            return true;
        call_fail (call, "ERR client-id should be greater than 0");
    } else if (word_is (name, "TYPE"))
        return s_kind (call, value, &kill->kind);
    else if (word_is (name, "ADDR")) {
        kill->address = value;
        return true;
    } else if (word_is (name, "LADDR")) {
        kill->local = value;
        return true;
    } else if (word_is (name, "USER")) {
        if (bytes_equal (value, bytes_str ("default")))
            return true;
        help_fail_word (call, "ERR No such user '", value, "'");
    } else if (word_is (name, "SKIPME") && (word_is (value, "YES") || word_is (value, "NO"))) {
        kill->skip_me = word_is (value, "YES");
        return true;
    } else
        call_fail_syntax (call);
    return false;
}

//  The one that asks is told before it goes.
static int64_t
s_kill (const call_t *call, const s_kill_t *kill)
{
    int64_t killed = 0;
    for (talk_t *talk = s_oldest (call); talk; talk = talk->previous) {
        if (talk->end != TALK_OPEN || (kill->id && (int64_t) talk->id != kill->id)
            || (kill->address.data && !bytes_equal (kill->address, bytes_str (talk->address)))
            || (kill->local.data && !bytes_equal (kill->local, bytes_str (talk->local)))
            || !s_is_kind (talk, kill->kind) || (kill->skip_me && talk == call_talk (call)))
            continue;
        talk_close (talk, talk == call_talk (call) ? TALK_LAST : TALK_DEAD);
        killed++;
    }
    return killed;
}

void
do_client_kill (call_t *call)
{
    uint32_t count = call_count (call);
    s_kill_t kill = { .skip_me = true };
    if (count == 3) { // The old form: an address, and itself as well
        kill.address = call_arg (call, 2);
        kill.skip_me = false;
        if (s_kill (call, &kill))
            s_ok (call);
        else
            call_fail (call, "ERR No such client");
        return;
    }
    for (uint32_t at = 2; at < count; at += 2) {
        if (at + 1 == count) {
            call_fail_syntax (call);
            return;
        }
        if (!s_kill_option (call, call_arg (call, at), call_arg (call, at + 1), &kill))
            return;
    }
    say_int (call_say (call), s_kill (call, &kill));
    call_done (call);
}

//  ------------------------------------------------------------------------------------------------
//  REPLY

void
do_client_reply (call_t *call)
{
    talk_t *talk = call_talk (call);
    bytes_t word = call_arg (call, 2);
    if (word_is (word, "ON")) {
        talk->mute = call->mute = false;
        s_ok (call);
    } else if (word_is (word, "OFF")) {
        talk->mute = true;
        call_done (call);
    } else if (word_is (word, "SKIP")) {
        talk->skip = true; // The next one; this one says nothing, either
        call_done (call);
    } else
        call_fail_syntax (call);
}

//  ------------------------------------------------------------------------------------------------
//  PAUSE

void
do_client_pause (call_t *call)
{
    int64_t wait;
    uint64_t now = call_moment (call).now;
    bytes_t kind = call_count (call) > 3 ? call_arg (call, 3) : bytes_str ("ALL");
    if (call_count (call) > 4)
        help_fail (call, "CLIENT");
    else if (!word_is (kind, "ALL") && !word_is (kind, "WRITE"))
        call_fail (call, "ERR CLIENT PAUSE mode must be WRITE or ALL");
    else if (!word_int (call_arg (call, 2), &wait))
        call_fail (call, "ERR timeout is not an integer or out of range");
    else if (wait < 0)
        call_fail (call, "ERR timeout is negative");
    else {
        uint64_t most = UINT64_MAX - now;
        pause_add (&call_gateway (call)->pause, now + ((uint64_t) wait < most ? (uint64_t) wait : most),
                   word_is (kind, "ALL"));
        s_ok (call);
    }
}

void
do_client_unpause (call_t *call)
{
    gateway_unpause (call_gateway (call));
    s_ok (call);
}

//  ------------------------------------------------------------------------------------------------
//  What there is nothing of

static void
s_on_off (call_t *call)
{
    if (word_is (call_arg (call, 2), "ON") || word_is (call_arg (call, 2), "OFF"))
        s_ok (call);
    else
        call_fail_syntax (call);
}

//  Connections are never closed for want of memory, but for their own limits
void
do_client_no_evict (call_t *call)
{
    s_on_off (call);
}

void
do_client_no_touch (call_t *call)
{
    s_on_off (call);
}

//  Nothing here blocks
void
do_client_unblock (call_t *call)
{
    int64_t id;
    if (call_count (call) > 4)
        help_fail (call, "CLIENT");
    else if (call_count (call) == 4 && !word_is (call_arg (call, 3), "TIMEOUT")
             && !word_is (call_arg (call, 3), "ERROR"))
        call_fail (call, "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
    else if (!word_int (call_arg (call, 2), &id))
        call_fail_integer (call);
    else {
        say_int (call_say (call), 0);
        call_done (call);
    }
}

void
do_client_getredir (call_t *call)
{
    say_int (call_say (call), -1);
    call_done (call);
}

void
do_client_trackinginfo (call_t *call)
{
    say_t say = call_say (call);
    say_map (say, 3);
    say_text (say, "flags");
    say_set (say, 1);
    say_text (say, "off");
    say_text (say, "redirect");
    say_int (say, -1);
    say_text (say, "prefixes");
    say_array (say, 0);
    call_done (call);
}

void
do_client_caching (call_t *call)
{
    call_fail (call,
               "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or "
               "OPTOUT mode enabled");
}

//  Tracking is not there; what is off may be switched off.
void
do_client_tracking (call_t *call)
{
    if (word_is (call_arg (call, 2), "OFF"))
        s_ok (call);
    else if (word_is (call_arg (call, 2), "ON"))
        call_fail (call, "ERR CLIENT TRACKING is not supported");
    else
        call_fail_syntax (call);
}

void
do_client_help (call_t *call)
{
    static const char *const lines[] = {
        "GETNAME",
        "    Tell what this connection is called.",
        "ID",
        "    Tell its number.",
        "INFO",
        "    Tell of this connection.",
        "KILL <ip:port>",
        "    Close the connection from there.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Close connections by ADDR, LADDR, ID, TYPE, USER; SKIPME.",
        "LIST [TYPE <type> | ID <id> [<id> ...]]",
        "    Tell of connections.",
        "PAUSE <timeout> [WRITE|ALL]",
        "    Let commands wait, for milliseconds.",
        "REPLY (ON|OFF|SKIP)",
        "    Answer, or not, or not the next command.",
        "SETINFO (LIB-NAME|LIB-VER) <text>",
        "    Say which library this is.",
        "SETNAME <name>",
        "    Call this connection so.",
        "NO-EVICT (ON|OFF)",
        "    Accepted.",
        "NO-TOUCH (ON|OFF)",
        "    Accepted.",
        "UNPAUSE",
        "    Let commands go on.",
        "UNBLOCK <id> [TIMEOUT|ERROR]",
        "    Nothing blocks here: 0.",
        "TRACKINGINFO",
        "    Tell that nothing is tracked.",
    };
    help_say (call, "CLIENT", lines, sizeof lines / sizeof lines[0]);
}
