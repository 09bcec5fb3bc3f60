//  zgrid-locks: the commands on locks, and a command of somebody else's that runs while a lock is held.
//  SPDX-License-Identifier: MPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "zgrid-tool.h"

#define LEASE_STANDARD_MS 30000
#define LEASE_MAX_MS 3600000
#define RENEWALS 3       // In a lease
#define EXIT_NOT_RUN 126 // As env and nice say it
#define EXIT_NOT_FOUND 127
#define EXIT_SIGNAL 128 // And its number

extern char **environ;

static int
s_fail (const tool_t *self, int status)
{
    return tool_fail (self, status, zgrid_client_error (self->client));
}

static int
s_say_done (const tool_t *self)
{
    return self->json ? tool_print_json (json_pack ("{s:s}", "status", "OK")) : EXIT_DONE;
}

//  False, and said why, if it is none.
static bool
s_token (const tool_t *self, const char *text, uint64_t *token)
{
    int64_t number;
    bool good = tool_integer (text, 1, INT64_MAX, &number);
    if (!good)
        tool_complain (self, "not a token: %s", text);
    *token = good ? (uint64_t) number : 0;
    return good;
}

int
command_trylock (tool_t *self)
{
    uint64_t token;
    int status = zgrid_client_trylock (self->client, self->map, zgrid_str (self->operands[0]), self->lease_ms,
                                       &token);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    if (self->json)
        return tool_print_json (json_pack ("{s:I}", "token", (json_int_t) token));
    printf ("%" PRIu64 "\n", token);
    return EXIT_DONE;
}

int
command_unlock (tool_t *self)
{
    uint64_t token;
    if (!s_token (self, self->operands[1], &token))
        return EXIT_USAGE;
    int status = zgrid_client_unlock (self->client, self->map, zgrid_str (self->operands[0]), token);
    return status == ZGRID_OK ? s_say_done (self) : s_fail (self, status);
}

int
command_lease (tool_t *self)
{
    uint64_t token;
    int64_t lease_ms;
    if (!s_token (self, self->operands[1], &token))
        return EXIT_USAGE;
    if (!tool_integer (self->operands[2], 1, LEASE_MAX_MS, &lease_ms))
        return tool_complain (self, "not a lease, 1 to %d milliseconds: %s", LEASE_MAX_MS, self->operands[2]);
    int status = zgrid_client_lease (self->client, self->map, zgrid_str (self->operands[0]), token,
                                     (uint32_t) lease_ms);
    return status == ZGRID_OK ? s_say_done (self) : s_fail (self, status);
}

//  ----------------------------------------------------------------------------------------------
//  While a command runs

typedef struct {
    tool_t *tool;
    zgrid_bytes_t key;
    uint64_t token;
    uint32_t lease_ms;
    int64_t renew_at, ends_at; // The lease, as far as is known here
    bool lost;
    pid_t child;
} s_hold_t;

static int64_t
s_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_BOOTTIME, &now);
    return now.tv_sec * INT64_C (1000) + now.tv_nsec / 1000000;
}

static void
s_note_lease (s_hold_t *self, int64_t asked_at)
{
    self->ends_at = asked_at + self->lease_ms;
    self->renew_at = asked_at + self->lease_ms / RENEWALS;
}

//  The lock is somebody else's, or may be: the command must not go on.
static void
s_lose (s_hold_t *self, int status)
{
    self->lost = true;
    s_fail (self->tool, status);
    kill (self->child, SIGTERM);
}

static void
s_renew (s_hold_t *self)
{
    int64_t asked_at = s_now ();
    int status = zgrid_client_lease (self->tool->client, self->tool->map, self->key, self->token,
                                     self->lease_ms);
    if (status == ZGRID_OK)
        s_note_lease (self, asked_at);
    else if (status == ZGRID_NOSUCHLOCK || s_now () >= self->ends_at)
        s_lose (self, status);
    else
        self->renew_at = s_now () + (self->ends_at - s_now ()) / 2;
}

//  Starts it with the signals that it would have without us. Returns 0 or an error number.
static int
s_spawn (s_hold_t *self, const sigset_t *mask)
{
    char token[32];
    snprintf (token, sizeof token, "%" PRIu64, self->token);
    if (setenv ("ZGRID_TOKEN", token, 1) != 0)
        return errno;
    posix_spawnattr_t attributes;
    posix_spawnattr_init (&attributes);
    posix_spawnattr_setsigmask (&attributes, mask);
    posix_spawnattr_setflags (&attributes, POSIX_SPAWN_SETSIGMASK);
    //  The words are this process's own; nobody writes to them
    char **words = (char **) (uintptr_t) (self->tool->operands + 1);
    int error = posix_spawnp (&self->child, words[0], NULL, &attributes, words, environ);
    posix_spawnattr_destroy (&attributes);
    return error;
}

//  Waits for the command's end, renewing the lease. Signals go on to the command. Returns its exit code.
static int
s_attend (s_hold_t *self, const sigset_t *waited)
{
    int result;
    while (waitpid (self->child, &result, WNOHANG) == 0) {
        int64_t left = self->lost ? 1000 : self->renew_at - s_now ();
        left = left > 0 ? left : 0;
        struct timespec pause = { left / 1000, left % 1000 * 1000000 };
        int number = sigtimedwait (waited, NULL, &pause);
        if (number > 0 && number != SIGCHLD)
            kill (self->child, number);
        if (!self->lost && s_now () >= self->renew_at)
            s_renew (self);
    }
    return WIFEXITED (result) ? WEXITSTATUS (result) : EXIT_SIGNAL + WTERMSIG (result);
}

static int
s_run (s_hold_t *self)
{
    sigset_t waited, before;
    sigemptyset (&waited);
    sigaddset (&waited, SIGCHLD);
    sigaddset (&waited, SIGINT);
    sigaddset (&waited, SIGTERM);
    sigaddset (&waited, SIGHUP);
    sigprocmask (SIG_BLOCK, &waited, &before);
    int error = s_spawn (self, &before);
    if (error) {
        tool_complain (self->tool, "%s: %s", self->tool->operands[1], strerror (error));
        return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN;
    }
    return s_attend (self, &waited);
}

int
command_lock (tool_t *self)
{
    s_hold_t hold = { .tool = self, .key = zgrid_str (self->operands[0]), .lease_ms = self->lease_ms };
    if (!hold.lease_ms)
        hold.lease_ms = LEASE_STANDARD_MS;
    uint32_t wait_ms = self->wait_ms ? (uint32_t) self->wait_ms : UINT32_MAX;
    int status = zgrid_client_lock (self->client, self->map, hold.key, hold.lease_ms, wait_ms, &hold.token);
    if (status != ZGRID_OK)
        return s_fail (self, status);
    //  From when it counts is not known: it may have been granted long before the answer came
    hold.ends_at = s_now () + hold.lease_ms;
    hold.renew_at = s_now ();
    int code = s_run (&hold);
    if (hold.lost)
        return code ? code : EXIT_NO;
    status = zgrid_client_unlock (self->client, self->map, hold.key, hold.token);
    return code || status == ZGRID_OK ? code : s_fail (self, status);
}
