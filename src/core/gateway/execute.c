//  execute: from the words of a command to the function that executes it: whether there is such a command,
//  whether it has as many words as it needs, whether this connection may.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "cluster_note.h"
#include "do.h"
#include "gateway_impl.h"

#define S_SHOWN 128 // Bytes of what an error shows again

static const command_t s_none = { .name = "", .state = COMMAND_ABSENT };

static int
s_shown (bytes_t word)
{
    return (int) (word.size < S_SHOWN ? word.size : S_SHOWN);
}

//  Clients read this text: letter for letter Redis's.
static void
s_unknown (call_t *call)
{
    buf_t *text = call_scratch (call);
    char part[S_SHOWN + 32];
    bytes_t name = call_arg (call, 0);
    size_t begin, room;
    int size = snprintf (part, sizeof part,
                         "ERR unknown command '%.*s', with args beginning with: ", s_shown (name),
                         (const char *) name.data);
    buf_add (text, part, (size_t) size);
    begin = text->size;
    for (uint32_t arg = 1; arg < call_count (call) && (room = text->size - begin) < S_SHOWN; arg++) {
        bytes_t word = call_arg (call, arg);
        room = S_SHOWN - room;
        size = snprintf (part, sizeof part, "'%.*s' ", (int) (word.size < room ? word.size : room),
                         (const char *) word.data);
        buf_add (text, part, (size_t) size);
    }
    buf_add (text, "", 1);
    call_fail (call, text->failed ? "ERR unknown command" : (const char *) text->data);
}

//  A container, and a word that is none of its subcommands.
static void
s_unknown_sub (call_t *call, const command_t *command)
{
    char text[S_SHOWN + 64];
    bytes_t word = call_arg (call, 1);
    snprintf (text, sizeof text, "ERR unknown subcommand '%.*s'. Try %s HELP.", s_shown (word),
              (const char *) word.data, command->name);
    call_fail (call, text);
}

static bool
s_has_arity (const command_t *command, uint32_t count)
{
    return command->arity < 0 ? count >= (uint32_t) -command->arity : count == (uint32_t) command->arity;
}

//  Only what concerns subscriptions: in RESP2 other replies could not be told from messages.
static void
s_fail_subscribed (call_t *call)
{
    static const char allowed[] =
        "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
    char text[256], name[64];
    size_t at = 0;
    for (const char *letter = call_command (call)->name; *letter && at + 1 < sizeof name; letter++)
        name[at++] = *letter >= 'A' && *letter <= 'Z' ? (char) (*letter + 32) : *letter;
    name[at] = 0;
    snprintf (text, sizeof text, "ERR Can't execute '%s': %s", name, allowed);
    call_fail (call, text);
}

//  Whether commands before it have to be answered first.
static bool
s_must_wait (talk_t *self, const command_t *command)
{
    if (command && command->flags & COMMAND_BEHIND && self->writes)
        return true;
    if (!self->first
        || !((command && command->flags & COMMAND_ALONE) || self->last->command->flags & COMMAND_ALONE))
        return false;
    call_flush_reads (self->gateway);
    return self->first != NULL;
}

//  What is refused anyway is not held by CLIENT PAUSE.
static bool
s_must_pause (talk_t *self, const command_t *command, uint32_t count)
{
    self->paused = command && command->run && s_has_arity (command, count)
                   && (self->known || command->flags & COMMAND_NO_AUTH)
                   && pause_holds (&self->gateway->pause, command, &self->multi);
    return self->paused;
}

static bool
s_has_subs (const command_t *command)
{
    const command_t *next = command + 1;
    return next < commands + commands_count && strncmp (next->name, command->name, command->size) == 0
           && next->name[command->size] == '|';
}

//  Between MULTI and EXEC.
static void
s_queue (call_t *call)
{
    talk_t *talk = call_talk (call);
    const char *why = multi_queue (&talk->multi, call_command (call), call->args, call_count (call),
                                   call_gateway (call)->config.limits.bulk_max);
    if (why) {
        call_gateway (call)->stats.transactions_refused++;
        talk->multi.broken = true;
        call_fail (call, why);
        return;
    }
    say_status (call_say (call), "QUEUED");
    call_done (call);
}

//  EXEC with words behind it ends what it was to execute.
static void
s_fail_exec (call_t *call)
{
    multi_clear (&call_talk (call)->multi);
    call_fail (call,
               "EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command");
}

//  `inner`: command, or its subcommand, or NULL. False: the call was answered, it may not.
static bool
s_may (call_t *call, const command_t *command, const command_t *inner)
{
    const talk_t *talk = call_talk (call);
    uint32_t count = call_count (call);
    if (!command || command->state == COMMAND_ABSENT)
        s_unknown (call);
    else if (inner != command && count == 1)
        call_fail_arity (call);
    else if (!inner || !inner->run)
        s_unknown_sub (call, command);
    else if (!s_has_arity (inner, count) && inner->run == do_exec)
        s_fail_exec (call);
    else if (!s_has_arity (inner, count))
        call_fail_arity (call);
    else if (!talk->known && !(inner->flags & COMMAND_NO_AUTH))
        call_fail (call, "NOAUTH Authentication required.");
    else if (talk->multi.open && inner->flags & COMMAND_NO_MULTI)
        call_fail (call, "ERR Command not allowed inside a transaction");
    else if (talk->protocol == 2 && !(inner->flags & COMMAND_SUBSCRIBED) && talk_is_subscribed (talk))
        s_fail_subscribed (call);
    else
        return cluster_check (call);
    return false;
}

bool
talk_execute (talk_t *self, const bytes_t *args, uint32_t count)
{
    const command_t *command = command_find (args[0]), *inner = command;
    //  COMMAND is a command by itself, too
    if (command && (command->state == COMMAND_CONTAINER || (count > 1 && s_has_subs (command))))
        inner = count > 1 ? command_find_sub (command, args[1]) : NULL;
    bool queues = self->multi.open && !(inner && inner->flags & COMMAND_IN_MULTI);
    if (s_must_pause (self, inner, count) || (!queues && s_must_wait (self, inner)))
        return false;
    call_t *call = call_new (self, args, count);
    if (!call) {
        talk_close (self, TALK_DEAD);
        return true;
    }
    self->gateway->stats.commands++;
    call->command = inner ? inner : command ? command : &s_none;
    call->held = true;
    if (!s_may (call, command, inner))
        self->multi.broken = self->multi.open;
    else if (queues)
        s_queue (call);
    else
        inner->run (call);
    call_release (call);
    return true;
}
