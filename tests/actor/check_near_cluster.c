//  check_near_cluster: clients of embedded nodes that are members of one cluster: what they read without
//  an actor is never older than what others were told is written, wherever the partitions are.
//  SPDX-License-Identifier: MPL-2.0
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include <zgrid.h>

#include "lib/test.h"

#define S_KEYS 64
#define S_WRITERS 2
#define S_READERS 2

static zgrid_node_t *
s_node (const char *name, const char *seeds)
{
    const char *settings[][2] = { { "node.name", name },
                                  { "node.client", "tcp://127.0.0.1:*" },
                                  { "node.peer", "tcp://127.0.0.1:*" },
                                  { "cluster.seeds", seeds },
                                  { "cluster.partitions", "16" },
                                  { "cluster.lease", "5000" },
                                  { "storage.actors", "2" },
                                  { "log.level", "error" } };
    zgrid_node_t *node = zgrid_node_new ();
    ck_assert_ptr_nonnull (node);
    for (size_t at = 0; at < sizeof settings / sizeof settings[0]; at++)
        ck_assert_int_eq (zgrid_node_set (node, settings[at][0], settings[at][1]), ZGRID_OK);
    int status = zgrid_node_start (node);
    ck_assert_msg (status == ZGRID_OK, "%s: %s", name, zgrid_node_error (node));
    return node;
}

//  What the threads share. Key k is written by writer k mod S_WRITERS alone, with growing numbers.
typedef struct {
    _Atomic uint64_t told[S_KEYS]; // Written and answered
    _Atomic bool over;
    _Atomic uint64_t writes, reads;
} s_world_t;

typedef struct {
    s_world_t *world;
    zgrid_client_t *client;
    unsigned number;
} s_thread_t;

static void
s_key (char *key, size_t room, unsigned number)
{
    snprintf (key, room, "key-%u", number);
}

static void *
s_write (void *arg)
{
    s_thread_t *self = arg;
    char key[16], value[24];
    for (uint64_t round = 1; !atomic_load (&self->world->over); round++)
        for (unsigned k = self->number; k < S_KEYS; k += S_WRITERS) {
            s_key (key, sizeof key, k);
            snprintf (value, sizeof value, "%" PRIu64, round);
            int status = zgrid_client_put (self->client, "m", zgrid_str (key), zgrid_str (value), NULL, NULL);
            assert (status == ZGRID_OK);
            atomic_store (&self->world->told[k], round);
            atomic_fetch_add (&self->world->writes, 1);
        }
    return NULL;
}

//  What it finds is at least what had been told before it asked, and what it found before. Reads until
//  `over` says so, or for the main thread, which names no such word, once.
static void
s_read_some (s_thread_t *self, uint64_t *seen, const _Atomic bool *over)
{
    char key[16];
    for (unsigned k = self->number;; k = (k + 7) % S_KEYS) {
        if (over && atomic_load ((_Atomic bool *) (uintptr_t) over))
            return;
        uint64_t told = atomic_load (&self->world->told[k]), found = 0;
        zgrid_entry_t entry;
        s_key (key, sizeof key, k);
        int status = zgrid_client_get (self->client, "m", zgrid_str (key), NULL, &entry);
        assert (status == ZGRID_OK || status == ZGRID_NOTFOUND);
        if (status == ZGRID_OK) {
            char text[24] = "";
            assert (entry.value.size < sizeof text);
            memcpy (text, entry.value.data, entry.value.size);
            found = strtoull (text, NULL, 10);
        }
        assert (found >= told && found >= seen[k]);
        seen[k] = found;
        atomic_fetch_add (&self->world->reads, 1);
        if (!over)
            return;
    }
}

static void *
s_read (void *arg)
{
    s_thread_t *self = arg;
    uint64_t seen[S_KEYS] = { 0 };
    s_read_some (self, seen, &self->world->over);
    return NULL;
}

static uint64_t
s_clock (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

//  The load goes on for a while, in which partitions move: primaries are evened out once a second.
static void
s_pass (s_thread_t *self)
{
    s_world_t *world = self->world;
    uint64_t seen[S_KEYS] = { 0 };
    uint64_t until = s_clock () + 2500;
    uint64_t write = atomic_load (&world->writes) + 500, read = atomic_load (&world->reads) + 500;
    while (s_clock () < until || atomic_load (&world->writes) < write || atomic_load (&world->reads) < read)
        s_read_some (self, seen, NULL);
}

START_TEST (reads_without_an_actor_are_never_stale)
{
    static s_world_t world;
    zgrid_node_t *nodes[3] = { s_node ("one", "") };
    nodes[1] = s_node ("two", zgrid_node_peer (nodes[0]));
    s_thread_t threads[S_WRITERS + S_READERS + 1]; // The last is this one
    pthread_t ids[S_WRITERS + S_READERS];
    for (unsigned at = 0; at < S_WRITERS + S_READERS; at++) {
        threads[at] = (s_thread_t) { &world, NULL, at % S_WRITERS };
        ck_assert_int_eq (zgrid_node_client (nodes[at % 2], &threads[at].client), ZGRID_OK);
        void *(*body) (void *) = at < S_WRITERS ? s_write : s_read;
        ck_assert_int_eq (pthread_create (&ids[at], NULL, body, &threads[at]), 0);
    }
    s_thread_t *main_thread = &threads[S_WRITERS + S_READERS];
    *main_thread = (s_thread_t) { &world, NULL, 0 };
    ck_assert_int_eq (zgrid_node_client (nodes[0], &main_thread->client), ZGRID_OK);
    s_pass (main_thread);
    //  Partitions move to a third node, and back again
    nodes[2] = s_node ("three", zgrid_node_peer (nodes[0]));
    s_pass (main_thread);
    zgrid_node_destroy (&nodes[2]);
    s_pass (main_thread);
    atomic_store (&world.over, true);
    for (unsigned at = 0; at < S_WRITERS + S_READERS; at++) {
        pthread_join (ids[at], NULL);
        zgrid_client_destroy (&threads[at].client);
    }
    zgrid_client_destroy (&main_thread->client);
    zgrid_node_destroy (&nodes[1]);
    zgrid_node_destroy (&nodes[0]);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("near cluster");
    TCase *all = tcase_create ("all");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_test (all, reads_without_an_actor_are_never_stale);
    suite_add_tcase (suite, all);
    return suite;
}
