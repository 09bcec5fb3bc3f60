#  SPDX-License-Identifier: MPL-2.0
CLIENT_TEST_SOURCES = $(TEST_MAIN) tests/lib/fake_server.c tests/lib/fake_server.h \
    tests/lib/fake_port.c tests/lib/fake_port.h \
    tests/lib/fake_sessions.c tests/lib/fake_sessions.h tests/lib/fake_map.c tests/lib/fake_map.h tests/lib/fake_local.c tests/lib/fake_local.h

check_PROGRAMS += tests/actor/check_client_calls
tests_actor_check_client_calls_SOURCES = tests/actor/check_client_calls.c $(CLIENT_TEST_SOURCES)
tests_actor_check_client_calls_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_calls_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_calls

check_PROGRAMS += tests/actor/check_client_futures
tests_actor_check_client_futures_SOURCES = tests/actor/check_client_futures.c $(CLIENT_TEST_SOURCES)
tests_actor_check_client_futures_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_futures_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_futures

check_PROGRAMS += tests/actor/check_client_many
tests_actor_check_client_many_SOURCES = tests/actor/check_client_many.c $(CLIENT_TEST_SOURCES)
tests_actor_check_client_many_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_many_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_many

check_PROGRAMS += tests/actor/check_client_faults
tests_actor_check_client_faults_SOURCES = tests/actor/check_client_faults.c $(CLIENT_TEST_SOURCES)
tests_actor_check_client_faults_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_faults_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_faults

check_PROGRAMS += tests/actor/check_client_sessions
tests_actor_check_client_sessions_SOURCES = tests/actor/check_client_sessions.c $(CLIENT_TEST_SOURCES)
tests_actor_check_client_sessions_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_sessions_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_sessions

check_PROGRAMS += tests/actor/check_client_failover
tests_actor_check_client_failover_SOURCES = tests/actor/check_client_failover.c tests/actor/one_client.c \
    tests/actor/one_client.h $(CLIENT_TEST_SOURCES)
tests_actor_check_client_failover_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_failover_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_failover

check_PROGRAMS += tests/actor/check_client_scouts
tests_actor_check_client_scouts_SOURCES = tests/actor/check_client_scouts.c tests/actor/one_client.c \
    tests/actor/one_client.h $(CLIENT_TEST_SOURCES)
tests_actor_check_client_scouts_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_scouts_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_scouts

check_PROGRAMS += tests/actor/check_node
tests_actor_check_node_SOURCES = tests/actor/check_node.c tests/lib/fake_port.c tests/lib/fake_port.h $(TEST_MAIN)
tests_actor_check_node_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_node_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_node

check_PROGRAMS += tests/actor/check_storage_actor
tests_actor_check_storage_actor_SOURCES = tests/actor/check_storage_actor.c tests/actor/stage.c \
    tests/actor/stage.h tests/actor/talk.c tests/actor/talk.h $(TEST_MAIN)
tests_actor_check_storage_actor_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_storage_actor_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_storage_actor

check_PROGRAMS += tests/actor/check_actor
tests_actor_check_actor_SOURCES = tests/actor/check_actor.c $(TEST_MAIN)
tests_actor_check_actor_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_actor_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_actor

check_PROGRAMS += tests/actor/check_regex
tests_actor_check_regex_SOURCES = tests/actor/check_regex.c $(TEST_MAIN)
tests_actor_check_regex_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_regex_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_regex

check_PROGRAMS += tests/actor/check_links
tests_actor_check_links_SOURCES = tests/actor/check_links.c $(TEST_MAIN)
tests_actor_check_links_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_links_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_links

check_PROGRAMS += tests/actor/check_beacon
tests_actor_check_beacon_SOURCES = tests/actor/check_beacon.c tests/actor/beacons.c \
    tests/actor/beacons.h $(TEST_MAIN)
tests_actor_check_beacon_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_beacon_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_beacon

check_PROGRAMS += tests/actor/check_node_cluster
tests_actor_check_node_cluster_SOURCES = tests/actor/check_node_cluster.c $(TEST_MAIN)
tests_actor_check_node_cluster_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_node_cluster_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_node_cluster

check_PROGRAMS += tests/actor/check_router
tests_actor_check_router_SOURCES = tests/actor/check_router.c tests/actor/talk.c tests/actor/talk.h \
    $(TEST_MAIN)
tests_actor_check_router_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_router_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_router

check_PROGRAMS += tests/actor/check_near_cluster
tests_actor_check_near_cluster_SOURCES = tests/actor/check_near_cluster.c $(TEST_MAIN)
tests_actor_check_near_cluster_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_near_cluster_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_near_cluster

check_PROGRAMS += tests/actor/check_client_locks
tests_actor_check_client_locks_SOURCES = tests/actor/check_client_locks.c $(TEST_MAIN)
tests_actor_check_client_locks_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_client_locks_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_client_locks

check_PROGRAMS += tests/actor/check_rebalancer
tests_actor_check_rebalancer_SOURCES = tests/actor/check_rebalancer.c tests/actor/carrier.c \
    tests/actor/carrier.h $(TEST_MAIN)
tests_actor_check_rebalancer_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_rebalancer_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_rebalancer

check_PROGRAMS += tests/actor/check_tracking
tests_actor_check_tracking_SOURCES = tests/actor/check_tracking.c tests/actor/stage.c \
    tests/actor/stage.h tests/actor/talk.c tests/actor/talk.h $(TEST_MAIN)
tests_actor_check_tracking_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_tracking_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_tracking

check_PROGRAMS += tests/actor/check_topic
tests_actor_check_topic_SOURCES = tests/actor/check_topic.c $(TEST_MAIN)
tests_actor_check_topic_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_topic_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_topic

check_PROGRAMS += tests/actor/check_router_pubsub
tests_actor_check_router_pubsub_SOURCES = tests/actor/check_router_pubsub.c tests/actor/talk.c \
    tests/actor/talk.h $(TEST_MAIN)
tests_actor_check_router_pubsub_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_router_pubsub_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_router_pubsub

check_PROGRAMS += tests/actor/check_near_cache
tests_actor_check_near_cache_SOURCES = tests/actor/check_near_cache.c \
    tests/lib/fake_server.c tests/lib/fake_server.h tests/lib/fake_port.c tests/lib/fake_port.h \
    tests/lib/fake_sessions.c tests/lib/fake_sessions.h tests/lib/fake_map.c tests/lib/fake_map.h $(TEST_MAIN)
tests_actor_check_near_cache_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_near_cache_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_near_cache

check_PROGRAMS += tests/actor/check_pubsub_actor
tests_actor_check_pubsub_actor_SOURCES = tests/actor/check_pubsub_actor.c tests/actor/pubsubs.c \
    tests/actor/pubsubs.h $(TEST_MAIN)
tests_actor_check_pubsub_actor_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_pubsub_actor_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_pubsub_actor

check_PROGRAMS += tests/actor/check_gateway
tests_actor_check_gateway_SOURCES = tests/actor/check_gateway.c $(TEST_MAIN)
tests_actor_check_gateway_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_actor_check_gateway_LDADD = $(ACTOR_LIBS)
TESTS += tests/actor/check_gateway
