//  conformance: runs the lines. Without arguments it starts nodes of its own in this process, three of
//  them for each number of copies; with --endpoints A,B… it runs against that cluster, again and again
//  until its standard input ends. --list prints the lines; further arguments are names of lines.
//  SPDX-License-Identifier: MPL-2.0
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "conformance.h"
#include "mp.h"
#include "slot.h"

#define S_MEMBERS 3
#define S_PARTITIONS 271
#define S_PARTITIONS_TEXT "271"
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define S_COPIES_LEAST 2 // The others are for programs that are fast
#    define S_COPIES_MOST 2
#else
#    define S_COPIES_LEAST 1
#    define S_COPIES_MOST S_MEMBERS
#endif
#define S_PATIENCE 60000 // Milliseconds until a cluster must be balanced

typedef struct {
    const char *name, *text;
    line_fn *fn;
    unsigned flags;
} s_line_t;

static const s_line_t s_lines[] = {
#define LINE(name, text, flags) { #name, text, name, flags },
#include "lines.def"
#undef LINE
};
#define S_COUNT (sizeof s_lines / sizeof s_lines[0])

static unsigned s_passed, s_failed, s_maps;
static char **s_wanted;

//  ------------------------------------------------------------------------------------------------
//  What lines use

void
subject_fail (subject_t *self, const char *file, int number, const char *format, ...)
{
    static const char *const s_ways[] = { "embedded", "direct", "router" };
    static const char *const s_places[] = { "here", "away", "any" };
    va_list arguments;
    va_start (arguments, format);
    printf ("FAILED %s (%s, keys %s, %u copies) %s:%d: ", self->line, s_ways[self->way],
            s_places[self->place], self->copies, file, number);
    vprintf (format, arguments);
    printf ("\n");
    fflush (stdout);
    va_end (arguments);
    longjmp (self->failed, 1);
}

zgrid_bytes_t
subject_key (subject_t *self, unsigned number)
{
    char *text = self->key_text[self->key_next++ % 16];
    unsigned seed = number * 1000;
    for (;; seed++) {
        int size = snprintf (text, sizeof self->key_text[0], "key-%u-%u", self->key_seed, seed);
        if (self->place == PLACE_ANY || self->partitions == 0)
            break;
        uint32_t partition = slot_partition (slot_of_key (bytes_of (text, (size_t) size)), self->partitions);
        if ((strcmp (self->owners[partition], self->owner) == 0) == (self->place == PLACE_HERE))
            break;
    }
    return zgrid_str (text);
}

const char *
subject_name (subject_t *self, const char *what)
{
    static char s_names[4][96];
    static unsigned s_next;
    char *text = s_names[s_next++ % 4];
    snprintf (text, sizeof s_names[0], "%s-%s", self->map, what);
    return text;
}

uint64_t
subject_now (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return (uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000;
}

uint64_t
subject_await_absent (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key, uint64_t most)
{
    uint64_t end = subject_now () + most;
    for (;;) {
        int status = zgrid_client_get (client, self->map, key, NULL, NULL);
        if (status == ZGRID_NOTFOUND)
            return subject_now ();
        EXPECT_INT (self, status, ZGRID_OK);
        EXPECT (self, subject_now () < end);
    }
}

bool
subject_destroy (subject_t *self, uint64_t *count)
{
    uint64_t end = subject_now () + S_PATIENCE;
    for (bool first = true;; first = false) {
        int status = zgrid_client_destroy_map (self->client, self->map, count);
        bool again = status == ZGRID_MAYBE || status == ZGRID_TIMEOUT || status == ZGRID_UNAVAILABLE;
        if (self->members || !again || subject_now () > end) {
            EXPECT_INT (self, status, ZGRID_OK);
            return first;
        }
    }
}

int
subject_put (subject_t *self, zgrid_bytes_t key, const char *value)
{
    return zgrid_client_put (self->client, self->map, key, zgrid_str (value), NULL, NULL);
}

void
subject_holds (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key, const char *value)
{
    zgrid_entry_t entry;
    EXPECT_INT (self, zgrid_client_get (client, self->map, key, NULL, &entry), ZGRID_OK);
    EXPECT_TEXT (self, entry.value, value);
}

void
subject_lacks (subject_t *self, zgrid_client_t *client, zgrid_bytes_t key)
{
    EXPECT_INT (self, zgrid_client_get (client, self->map, key, NULL, NULL), ZGRID_NOTFOUND);
}

static zgrid_client_t *
s_connect (const char *endpoints, bool indirect)
{
    zgrid_client_options_t options = ZGRID_CLIENT_OPTIONS_INIT;
    zgrid_client_t *client;
    options.endpoints = endpoints;
    options.indirect = indirect;
    options.timeout_ms = 20000;
    int status = zgrid_client_new (&client, &options);
    if (status == ZGRID_OK)
        return client;
    fprintf (stderr, "no client of %s: %s\n", endpoints, zgrid_status_name (status));
    exit (1);
}

zgrid_client_t *
subject_client (subject_t *self)
{
    zgrid_client_t *client;
    if (!self->node)
        return s_connect (self->endpoint, self->way == WAY_ROUTER);
    EXPECT_INT (self, zgrid_node_client (self->node, &client), ZGRID_OK);
    return client;
}

//  ------------------------------------------------------------------------------------------------
//  Running

static bool
s_is_wanted (const char *name)
{
    bool any = false;
    for (char **word = s_wanted; *word; word++) {
        if (strcmp (*word, name) == 0)
            return true;
        any = true;
    }
    return !any;
}

static void
s_run_line (subject_t *self, const s_line_t *line)
{
    char map[32];
    //  Of this process alone: a cluster that is given may have seen others
    snprintf (map, sizeof map, "conformance-%d-%u", (int) getpid (), ++s_maps % 256);
    self->map = map;
    self->line = line->name;
    self->key_seed = s_maps;
    place_t place = self->place;
    if (setjmp (self->failed) == 0) {
        line->fn (self);
        subject_destroy (self, NULL);
        s_passed++;
    } else
        s_failed++;
    self->place = place;
}

static void
s_run_lines (subject_t *self)
{
    for (size_t at = 0; at < S_COUNT; at++) {
        const s_line_t *line = &s_lines[at];
        if (!s_is_wanted (line->name) || ((line->flags & CALM) && !self->members)
            || ((line->flags & CLUSTER) && self->members == 1)
            || ((line->flags & ONCE) && self->place == PLACE_HERE))
            continue;
        s_run_line (self, line);
    }
}

//  ------------------------------------------------------------------------------------------------
//  A cluster in this process

typedef struct {
    zgrid_node_t *nodes[S_MEMBERS];
    char owners[S_PARTITIONS][64];
} s_cluster_t;

static void
s_set (zgrid_node_t *node, const char *name, const char *value)
{
    if (zgrid_node_set (node, name, value) == ZGRID_OK)
        return;
    fprintf (stderr, "%s\n", zgrid_node_error (node));
    exit (1);
}

static zgrid_client_t *
s_embed (zgrid_node_t *node)
{
    zgrid_client_t *client;
    if (zgrid_node_client (node, &client) == ZGRID_OK)
        return client;
    fprintf (stderr, "%s\n", zgrid_node_error (node));
    exit (1);
}

static zgrid_node_t *
s_node (unsigned number, unsigned copies, const char *seed)
{
    char name[8], text[8];
    zgrid_node_t *node = zgrid_node_new ();
    if (!node)
        exit (1);
    snprintf (name, sizeof name, "n%u", number);
    snprintf (text, sizeof text, "%u", copies);
    s_set (node, "node.name", name);
    s_set (node, "node.client", "tcp://127.0.0.1:*");
    s_set (node, "node.peer", "tcp://127.0.0.1:*");
    s_set (node, "storage.actors", "2");
    s_set (node, "cluster.partitions", S_PARTITIONS_TEXT);
    s_set (node, "cluster.copies", text);
    s_set (node, "cluster.move_rate", "0");
    s_set (node, "log.level", "error");
    if (seed)
        s_set (node, "cluster.seeds", seed);
    if (zgrid_node_start (node) != ZGRID_OK) {
        fprintf (stderr, "%s\n", zgrid_node_error (node));
        exit (1);
    }
    return node;
}

//  Takes one row [partition, epoch, primary…] of the table. False: the row has no primary.
static bool
s_take_row (mp_t *reader, char (*owners)[64])
{
    mp_t row = *reader;
    uint32_t fields;
    uint64_t partition, epoch;
    bytes_t primary;
    if (!mp_skip (reader) || !mp_array (&row, &fields) || fields < 3 || !mp_uint (&row, &partition)
        || partition >= S_PARTITIONS || !mp_uint (&row, &epoch) || !mp_bytes (&row, &primary)
        || primary.size >= sizeof owners[0])
        return false;
    memcpy (owners[partition], primary.data, primary.size);
    owners[partition][primary.size] = 0;
    return true;
}

//  Reads who owns what; true if the members hold equal shares and the cluster is safe.
static bool
s_is_balanced (zgrid_client_t *client, char (*owners)[64])
{
    zgrid_entry_t entry;
    uint32_t pairs, rows = 0, shares[S_MEMBERS + 1] = { 0 };
    bool safe = false;
    if (zgrid_client_call (client, "CLUSTER", NULL, NULL, NULL, NULL, &entry) != ZGRID_OK)
        return false;
    mp_t reader = mp_of (bytes_of (entry.value.data, entry.value.size));
    if (!mp_map (&reader, &pairs))
        return false;
    for (; pairs; pairs--) {
        bytes_t name;
        if (!mp_bytes (&reader, &name))
            return false;
        mp_t value = reader;
        mp_token_t token;
        if (!mp_skip (&reader))
            return false;
        if (bytes_equal (name, bytes_str ("safe")))
            safe = mp_next (&value, &token) && token.integer;
        else if (bytes_equal (name, bytes_str ("table")) && mp_array (&value, &rows))
            for (uint32_t row = 0; row < rows; row++)
                if (!s_take_row (&value, owners))
                    return false;
    }
    for (uint32_t row = 0; row < rows; row++)
        shares[(unsigned) (owners[row][1] - '0') % (S_MEMBERS + 1)]++;
    for (unsigned member = 0; member < S_MEMBERS; member++)
        if (shares[member] < S_PARTITIONS / S_MEMBERS)
            return false;
    return safe && rows == S_PARTITIONS;
}

static void
s_start (s_cluster_t *self, unsigned copies)
{
    for (unsigned at = 0; at < S_MEMBERS; at++)
        self->nodes[at] = s_node (at, copies, at ? zgrid_node_peer (self->nodes[0]) : NULL);
    zgrid_client_t *client = s_embed (self->nodes[0]);
    uint64_t end = subject_now () + S_PATIENCE;
    while (!s_is_balanced (client, self->owners)) {
        if (subject_now () > end) {
            fprintf (stderr, "the cluster does not come to rest\n");
            exit (1);
        }
        poll (NULL, 0, 20);
    }
    zgrid_client_destroy (&client);
}

static void
s_run_cluster (unsigned copies)
{
    static const struct {
        way_t way;
        place_t place;
    } s_runs[] = { { WAY_EMBEDDED, PLACE_HERE },
                   { WAY_EMBEDDED, PLACE_AWAY },
                   { WAY_DIRECT, PLACE_ANY },
                   { WAY_ROUTER, PLACE_HERE },
                   { WAY_ROUTER, PLACE_AWAY } };
    s_cluster_t cluster;
    s_start (&cluster, copies);
    for (size_t at = 0; at < sizeof s_runs / sizeof s_runs[0]; at++) {
        subject_t subject = { .way = s_runs[at].way, .place = s_runs[at].place };
        zgrid_node_t *first = cluster.nodes[at % S_MEMBERS], *second = cluster.nodes[(at + 1) % S_MEMBERS];
        char owner[8];
        snprintf (owner, sizeof owner, "n%u", (unsigned) (at % S_MEMBERS));
        subject.copies = copies;
        subject.members = S_MEMBERS;
        subject.owner = owner;
        subject.partitions = S_PARTITIONS;
        subject.owners = cluster.owners;
        subject.endpoint = zgrid_node_endpoint (first);
        subject.elsewhere = zgrid_node_endpoint (second);
        if (subject.way == WAY_EMBEDDED) {
            subject.node = first;
            subject.client = s_embed (first);
            subject.other = s_embed (second);
        } else {
            subject.client = s_connect (subject.endpoint, subject.way == WAY_ROUTER);
            subject.other = s_connect (subject.elsewhere, subject.way == WAY_ROUTER);
        }
        s_run_lines (&subject);
        zgrid_client_destroy (&subject.client);
        zgrid_client_destroy (&subject.other);
    }
    for (unsigned at = S_MEMBERS; at-- > 0;)
        zgrid_node_destroy (&cluster.nodes[at]);
}

//  A cluster that is given: until standard input ends.
static void
s_run_given (const char *endpoints)
{
    struct pollfd input = { STDIN_FILENO, POLLIN, 0 };
    subject_t subjects[2] = { { .way = WAY_DIRECT, .place = PLACE_ANY },
                              { .way = WAY_ROUTER, .place = PLACE_ANY } };
    for (unsigned at = 0; at < 2; at++) {
        subjects[at].endpoint = subjects[at].elsewhere = endpoints;
        subjects[at].client = s_connect (endpoints, at);
        subjects[at].other = s_connect (endpoints, at);
    }
    unsigned rounds = 0;
    do {
        for (unsigned at = 0; at < 2; at++)
            s_run_lines (&subjects[at]);
        printf ("round %u\n", ++rounds);
        fflush (stdout);
    } while (poll (&input, 1, 0) == 0);
    for (unsigned at = 0; at < 2; at++) {
        zgrid_client_destroy (&subjects[at].client);
        zgrid_client_destroy (&subjects[at].other);
    }
}

int
main (int argc, char **argv)
{
    s_wanted = argv + 1;
    if (argc > 1 && strcmp (argv[1], "--list") == 0) {
        for (size_t at = 0; at < S_COUNT; at++)
            printf ("%s\t%s\n", s_lines[at].name, s_lines[at].text);
        return 0;
    }
    if (argc > 2 && strcmp (argv[1], "--endpoints") == 0) {
        s_wanted = argv + 3;
        s_run_given (argv[2]);
    } else
        for (unsigned copies = S_COPIES_LEAST; copies <= S_COPIES_MOST; copies++)
            s_run_cluster (copies);
    printf ("conformance: %u passed, %u failed\n", s_passed, s_failed);
    fflush (stdout);
    if (s_failed)
        _exit (1); // Lines that failed have left sockets behind, for which CZMQ would wait
    return s_passed == 0;
}
