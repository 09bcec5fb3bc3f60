//  check_gateway: Redis clients at a node, as bytes of plain connections.
//  SPDX-License-Identifier: MPL-2.0
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zgrid.h>

#include "lib/test.h"

#define S_PATIENCE 20 // Seconds that a test waits for bytes at most

static zgrid_node_t *
s_node (const char *name, const char *value)
{
    zgrid_node_t *node = zgrid_node_new ();
    assert (node);
    assert (zgrid_node_set (node, "storage.actors", "2") == ZGRID_OK);
    assert (zgrid_node_set (node, "log.level", "error") == ZGRID_OK);
    assert (zgrid_node_set (node, "gateway.endpoint", "tcp://127.0.0.1:*") == ZGRID_OK);
    if (name)
        assert (zgrid_node_set (node, name, value) == ZGRID_OK);
    return node;
}

static zgrid_node_t *
s_start (const char *name, const char *value)
{
    zgrid_node_t *node = s_node (name, value);
    if (zgrid_node_start (node) != ZGRID_OK)
        ck_abort_msg ("%s", zgrid_node_error (node));
    return node;
}

static int
s_connect (const zgrid_node_t *node)
{
    const char *endpoint = zgrid_node_redis (node);
    assert (strncmp (endpoint, "tcp://127.0.0.1:", 16) == 0);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons ((uint16_t) atoi (endpoint + 16)),
                                   .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    struct timeval patience = { .tv_sec = S_PATIENCE };
    assert (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) == 0);
    setsockopt (fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    setsockopt (fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    return fd;
}

static void
s_send (int fd, const char *text)
{
    for (size_t at = 0, size = strlen (text); at < size;) {
        ssize_t sent = send (fd, text + at, size - at, MSG_NOSIGNAL);
        assert (sent > 0);
        at += (size_t) sent;
    }
}

//  The next bytes are these, and if `last`, there are no others.
static void
s_hear (int fd, const char *text, bool last)
{
    char got[1024] = "";
    size_t size = strlen (text), at = 0;
    assert (size < sizeof got);
    while (at < size) {
        ssize_t more = recv (fd, got + at, size - at, 0);
        if (more <= 0)
            break;
        at += (size_t) more;
    }
    ck_assert_str_eq (got, text);
    if (last) {
        ck_assert_int_eq (recv (fd, got, 1, 0), 0);
        close (fd);
    }
}

//  Bytes may come one by one; replies come in the order of the commands, whoever answers them.
START_TEST (replies_come_in_order_however_bytes_are_cut)
{
    static const char text[] =
        "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\n1\r\n23\r\nGET a\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n";
    zgrid_node_t *node = s_start (NULL, NULL);
    int fd = s_connect (node);
    for (size_t at = 0; at + 1 < sizeof text; at++) {
        char byte[2] = { text[at], 0 };
        s_send (fd, byte);
    }
    s_hear (fd, "+OK\r\n$5\r\n1\r\n23\r\n$-1\r\n", false);
    s_send (fd, "SET n 1\r\nINCR n\r\nGET n\r\nPING\r\nDEL n a\r\nEXISTS n\r\nGET n\r\n");
    s_hear (fd, "+OK\r\n:2\r\n$1\r\n2\r\n+PONG\r\n:2\r\n:0\r\n$-1\r\n", false);
    close (fd);
    zgrid_node_destroy (&node);
}
END_TEST

//  From the connection's buffer to the entry, by either storage actor, together with a small one.
START_TEST (large_values_come_back_whole)
{
    enum { S_SIZE = 1 << 20 };
    zgrid_node_t *node = s_start (NULL, NULL);
    int fd = s_connect (node);
    char *value = malloc (S_SIZE + 1), *got = malloc (S_SIZE + 1), head[80];
    assert (value && got);
    value[S_SIZE] = 0;
    for (int round = 0; round < 8; round++) {
        snprintf (head, sizeof head, "*5\r\n$4\r\nMSET\r\n$1\r\ns\r\n$1\r\n%d\r\n$1\r\n%d\r\n$%d\r\n", round,
                  round, S_SIZE);
        for (size_t at = 0; at < S_SIZE; at++)
            value[at] = (char) ('a' + (at + at / 251 + (size_t) round) % 26);
        s_send (fd, head);
        s_send (fd, value);
        s_send (fd, "\r\n");
        s_hear (fd, "+OK\r\n", false);
    }
    for (int round = 0; round < 8; round++) {
        snprintf (head, sizeof head, "GET %d\r\nGET s\r\n", round);
        s_send (fd, head);
        s_hear (fd, "$1048576\r\n", false);
        ck_assert_int_eq (recv (fd, got, S_SIZE, MSG_WAITALL), S_SIZE);
        for (size_t at = 0; at < S_SIZE; at++)
            ck_assert_int_eq (got[at], 'a' + (int) ((at + at / 251 + (size_t) round) % 26));
        s_hear (fd, "\r\n$1\r\n7\r\n", false);
    }
    free (value);
    free (got);
    close (fd);
    zgrid_node_destroy (&node);
}
END_TEST

//  Who sends no more is told the rest.
START_TEST (who_sends_no_more_is_told_the_rest)
{
    zgrid_node_t *node = s_start (NULL, NULL);
    int fd = s_connect (node);
    s_send (fd, "SET a 1\r\nAPPEND a 2\r\nGET a\r\n");
    shutdown (fd, SHUT_WR);
    s_hear (fd, "+OK\r\n:2\r\n$2\r\n12\r\n", true);
    fd = s_connect (node);
    shutdown (fd, SHUT_WR);
    s_hear (fd, "", true);
    zgrid_node_destroy (&node);
}
END_TEST

//  What is no Redis client is closed, others go on.
START_TEST (strangers_are_closed)
{
    zgrid_node_t *node = s_start (NULL, NULL);
    int other = s_connect (node), fd = s_connect (node);
    s_send (fd, "*1\r\nPING\r\n");
    s_hear (fd, "-ERR Protocol error: expected '$', got 'P'\r\n", false);
    close (fd);
    fd = s_connect (node);
    s_send (fd, "POST / HTTP/1.1\r\n");
    s_hear (fd, "", true);
    s_send (other, "PING\r\n");
    s_hear (other, "+PONG\r\n", false);
    close (other);
    zgrid_node_destroy (&node);
}
END_TEST

START_TEST (too_many_are_told_so)
{
    zgrid_node_t *node = s_start ("gateway.clients", "2");
    int first = s_connect (node), second = s_connect (node);
    s_send (first, "PING\r\n");
    s_hear (first, "+PONG\r\n", false);
    s_send (second, "PING\r\n");
    s_hear (second, "+PONG\r\n", false);
    s_hear (s_connect (node), "-ERR max number of clients reached\r\n", true);
    //  Whose place is free again, others have; it is free when its end was seen
    s_send (first, "QUIT\r\n");
    s_hear (first, "+OK\r\n", true);
    int third = s_connect (node);
    s_send (third, "PING\r\n");
    s_hear (third, "+PONG\r\n", false);
    close (third);
    close (second);
    zgrid_node_destroy (&node);
}
END_TEST

//  Who does not read is closed when more waits for it than may; the others are served meanwhile.
START_TEST (a_slow_reader_is_bounded)
{
    enum { SIZE = 1 << 20, COUNT = 64 };
    zgrid_node_t *node = s_start ("gateway.output_hard", "2000000");
    int other = s_connect (node), slow = s_connect (node);
    char *value = calloc (1, SIZE + 1), head[64];
    assert (value);
    memset (value, 'v', SIZE);
    snprintf (head, sizeof head, "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$%d\r\n", (int) SIZE);
    s_send (other, head);
    s_send (other, value);
    s_send (other, "\r\n");
    s_hear (other, "+OK\r\n", false);
    for (int count = 0; count < COUNT; count++)
        s_send (slow, "GET a\r\n");
    size_t got = 0;
    s_send (other, "PING\r\nSTRLEN a\r\n");
    s_hear (other, "+PONG\r\n:1048576\r\n", false);
    ssize_t more;
    while ((more = recv (slow, value, SIZE, 0)) > 0)
        got += (size_t) more;
    ck_assert (more == 0 || errno == ECONNRESET || got == COUNT * (SIZE + 12));
    ck_assert_uint_le (got, COUNT * (SIZE + 12));
    s_send (other, "PING\r\n");
    s_hear (other, "+PONG\r\n", false);
    free (value);
    close (slow);
    close (other);
    zgrid_node_destroy (&node);
}
END_TEST

//  Nothing is open to others by mistake.
START_TEST (nothing_is_open_by_mistake)
{
    zgrid_node_t *node = s_node ("gateway.endpoint", "tcp://0.0.0.0:*");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_DENIED);
    ck_assert (strstr (zgrid_node_error (node), "gateway.password"));
    ck_assert_int_eq (zgrid_node_set (node, "gateway.password", "secret"), ZGRID_OK);
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_OK);
    zgrid_node_destroy (&node);
    node = s_node ("gateway.endpoint", "ipc://somewhere");
    ck_assert_int_eq (zgrid_node_start (node), ZGRID_MALFORMED);
    zgrid_node_destroy (&node);
    //  A port that is taken
    node = s_start (NULL, NULL);
    zgrid_node_t *second = s_node ("gateway.endpoint", zgrid_node_redis (node));
    ck_assert_int_eq (zgrid_node_start (second), ZGRID_UNAVAILABLE);
    ck_assert (strstr (zgrid_node_error (second), "gateway.endpoint"));
    zgrid_node_destroy (&second);
    zgrid_node_destroy (&node);
    //  Off
    node = s_start ("gateway.endpoint", "");
    ck_assert_str_eq (zgrid_node_redis (node), "");
    zgrid_node_destroy (&node);
}
END_TEST

START_TEST (a_password_is_asked_for)
{
    zgrid_node_t *node = s_start ("gateway.password", "secret");
    int fd = s_connect (node);
    s_send (fd, "GET a\r\nAUTH secret\r\nGET a\r\n");
    s_hear (fd, "-NOAUTH Authentication required.\r\n+OK\r\n$-1\r\n", false);
    close (fd);
    zgrid_node_destroy (&node);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("gateway");
    TCase *tests = tcase_create ("all");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, replies_come_in_order_however_bytes_are_cut);
    tcase_add_test (tests, large_values_come_back_whole);
    tcase_add_test (tests, who_sends_no_more_is_told_the_rest);
    tcase_add_test (tests, strangers_are_closed);
    tcase_add_test (tests, too_many_are_told_so);
    tcase_add_test (tests, a_slow_reader_is_bounded);
    tcase_add_test (tests, nothing_is_open_by_mistake);
    tcase_add_test (tests, a_password_is_asked_for);
    suite_add_tcase (suite, tests);
    return suite;
}
