//  check_links: connections to other members: what arrives, what is dropped, what is closed.
//  SPDX-License-Identifier: MPL-2.0
#include <arpa/inet.h>
#include <czmq.h>
#include <unistd.h>

#include "actors/links.h"
#include "actors/probe.h"
#include "lib/test.h"

//  A peer port, as the beacon has one.
static zsock_t *
s_port (char **endpoint)
{
    zsock_t *port = zsock_new (ZMQ_ROUTER);
    assert (port && zsock_bind (port, "tcp://127.0.0.1:*") > 0);
    zsock_set_rcvtimeo (port, 5000);
    *endpoint = zsock_last_endpoint (port);
    return port;
}

//  What comes next at a port; "" if nothing does.
static char *
s_next (zsock_t *port)
{
    zmsg_t *message = zmsg_recv (port);
    if (!message)
        return strdup ("");
    ck_assert_uint_eq (zmsg_size (message), 2);
    zframe_t *route = zmsg_pop (message);
    char *text = zmsg_popstr (message);
    zframe_destroy (&route);
    zmsg_destroy (&message);
    return text;
}

static void
s_expect (zsock_t *port, const char *text)
{
    char *got = s_next (port);
    ck_assert_str_eq (got, text);
    zstr_free (&got);
}

//  A port that refuses connections as long as the socket is open.
static int
s_closed (uint16_t *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert (fd >= 0 && bind (fd, (struct sockaddr *) &address, size) == 0);
    assert (getsockname (fd, (struct sockaddr *) &address, &size) == 0);
    *port = ntohs (address.sin_port);
    return fd;
}

static uint64_t
s_now (void)
{
    return (uint64_t) zclock_mono ();
}

//  Lets the links work until what was kept for a new one has left.
static void
s_settle (links_t *links)
{
    uint64_t until = s_now () + 5000;
    while (links_turn (links, s_now ()) == 1 && s_now () < until)
        zmq_poll (NULL, 0, 1);
}

START_TEST (the_first_messages_wait_for_the_connection_and_keep_their_order)
{
    char *endpoint, text[16];
    zsock_t *port = s_port (&endpoint);
    links_config_t config = LINKS_CONFIG_INIT;
    links_t *links = links_new (&config);
    for (int at = 0; at < 20; at++) {
        snprintf (text, sizeof text, "%d", at);
        ck_assert (links_send (links, 1, endpoint, bytes_str (text), s_now ()));
    }
    s_settle (links);
    for (int at = 0; at < 20; at++) {
        snprintf (text, sizeof text, "%d", at);
        s_expect (port, text);
    }
    ck_assert_uint_eq (links_stats (links)->opened, 1);
    ck_assert_uint_eq (links_stats (links)->sent, 20);
    ck_assert_uint_eq (links_stats (links)->dropped, 0);
    links_destroy (&links);
    ck_assert_ptr_null (links);
    zsock_destroy (&port);
    zstr_free (&endpoint);
}
END_TEST

START_TEST (what_nobody_takes_is_dropped_and_counted)
{
    char endpoint[64];
    uint16_t closed;
    int fd = s_closed (&closed);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", closed);
    links_config_t config = LINKS_CONFIG_INIT;
    links_t *links = links_new (&config);
    uint64_t now = s_now ();
    ck_assert (links_send (links, 1, endpoint, bytes_str ("early"), now)); // Kept for a second
    links_turn (links, now + 1001);
    ck_assert_uint_eq (links_stats (links)->dropped, 1);
    ck_assert (!links_send (links, 1, endpoint, bytes_str ("late"), now + 1002));
    ck_assert_uint_eq (links_stats (links)->dropped, 2);
    ck_assert_uint_eq (links_stats (links)->sent, 0);
    links_destroy (&links);
    close (fd);
}
END_TEST

START_TEST (a_full_queue_drops_and_does_not_block)
{
    char *endpoint;
    zsock_t *port = s_port (&endpoint); // Reads nothing
    zsock_set_rcvhwm (port, 1);
    links_config_t config = LINKS_CONFIG_INIT;
    config.sndhwm = 4;
    links_t *links = links_new (&config);
    static char large[1 << 20];
    bool refused = false;
    for (int at = 0; at < 1000 && !refused; at++) {
        refused = !links_send (links, 1, endpoint, bytes_of (large, sizeof large), s_now ());
        s_settle (links);
    }
    ck_assert (refused);
    ck_assert_uint_ge (links_stats (links)->dropped, 1);
    links_destroy (&links);
    zsock_destroy (&port);
    zstr_free (&endpoint);
}
END_TEST

START_TEST (idle_ones_are_closed_and_opened_anew)
{
    char *endpoint;
    zsock_t *port = s_port (&endpoint);
    links_config_t config = LINKS_CONFIG_INIT;
    config.idle = 10000;
    links_t *links = links_new (&config);
    ck_assert_uint_eq (links_turn (links, s_now ()), UINT64_MAX);
    ck_assert (links_send (links, 1, endpoint, bytes_str ("one"), s_now ()));
    s_settle (links);
    s_expect (port, "one");
    uint64_t later = s_now () + 60000;
    links_turn (links, later);
    ck_assert_uint_eq (links_turn (links, later), UINT64_MAX); // None is left
    ck_assert (links_send (links, 1, endpoint, bytes_str ("two"), s_now ()));
    s_settle (links);
    s_expect (port, "two");
    ck_assert_uint_eq (links_stats (links)->opened, 2);
    links_destroy (&links);
    zsock_destroy (&port);
    zstr_free (&endpoint);
}
END_TEST

START_TEST (there_are_no_more_than_allowed)
{
    char *endpoint;
    zsock_t *port = s_port (&endpoint);
    links_config_t config = LINKS_CONFIG_INIT;
    config.links_max = 3;
    links_t *links = links_new (&config);
    uint64_t now = s_now ();
    for (node_id_t node = 1; node <= 4; node++) {
        ck_assert (links_send (links, node, endpoint, bytes_str ("x"), now + node));
        s_settle (links);
    }
    ck_assert_uint_eq (links_stats (links)->opened, 4);
    //  2, 3 and 4 are open; 1 went, as the one that was idle longest
    for (node_id_t node = 2; node <= 4; node++)
        ck_assert (links_send (links, node, endpoint, bytes_str ("y"), now + 10));
    ck_assert_uint_eq (links_stats (links)->opened, 4);
    ck_assert (links_send (links, 1, endpoint, bytes_str ("y"), now + 11));
    ck_assert_uint_eq (links_stats (links)->opened, 5);
    links_destroy (&links);
    zsock_destroy (&port);
    zstr_free (&endpoint);
}
END_TEST

START_TEST (an_endpoint_that_is_none_is_dropped)
{
    static const char *const wrong[] = { "", "tcp://", "nonsense", "udp://1.2.3.4:5" };
    links_config_t config = LINKS_CONFIG_INIT;
    links_t *links = links_new (&config);
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        ck_assert_msg (!links_send (links, 1, wrong[at], bytes_str ("x"), s_now ()), "%s", wrong[at]);
    ck_assert_uint_eq (links_stats (links)->dropped, sizeof wrong / sizeof wrong[0]);
    links_destroy (&links);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Probes

static void
s_count (void *arg, node_id_t node, uint64_t now)
{
    (void) now;
    ((uint32_t *) arg)[node]++;
}

START_TEST (a_probe_tells_a_refusal_from_a_port_that_is_open)
{
    char *endpoint;
    zsock_t *port = s_port (&endpoint);
    uint16_t open = (uint16_t) atoi (strrchr (endpoint, ':') + 1);
    uint16_t closed;
    int fd = s_closed (&closed);
    probes_t probes = { 0 };
    uint32_t refused[4] = { 0 };
    probes_begin (&probes, 1, "127.0.0.1", closed, s_now ());
    probes_begin (&probes, 1, "127.0.0.1", closed, s_now ()); // Under way
    while (probes_turn (&probes, s_count, refused, s_now ()) != UINT64_MAX)
        ;
    ck_assert_uint_eq (refused[1], 1);
    probes_begin (&probes, 2, "127.0.0.1", open, s_now ());
    probes_begin (&probes, 3, "a.name.that.is.not.looked.up", closed, s_now ());
    probes_begin (&probes, 3, "127.0.0.1", 0, s_now ());
    while (probes_turn (&probes, s_count, refused, s_now ()) != UINT64_MAX)
        ;
    ck_assert_uint_eq (refused[2], 0);
    ck_assert_uint_eq (refused[3], 0);
    probes_end (&probes);
    zsock_destroy (&port);
    zstr_free (&endpoint);
    close (fd);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("links");
    TCase *tests = tcase_create ("links");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, the_first_messages_wait_for_the_connection_and_keep_their_order);
    tcase_add_test (tests, what_nobody_takes_is_dropped_and_counted);
    tcase_add_test (tests, a_full_queue_drops_and_does_not_block);
    tcase_add_test (tests, idle_ones_are_closed_and_opened_anew);
    tcase_add_test (tests, there_are_no_more_than_allowed);
    tcase_add_test (tests, an_endpoint_that_is_none_is_dropped);
    tcase_add_test (tests, a_probe_tells_a_refusal_from_a_port_that_is_open);
    suite_add_tcase (suite, tests);
    return suite;
}
