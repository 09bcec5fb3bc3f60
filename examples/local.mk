#  SPDX-License-Identifier: MPL-2.0
#  Examples see what users see: the public headers and the library. tests/system/check_example*.sh run them.
EXAMPLES = examples/hello_embedded examples/pipeline examples/event_loop examples/lock examples/zloop_host \
    examples/bare_zsock examples/publisher examples/subscriber
check_PROGRAMS += $(EXAMPLES)

examples_hello_embedded_CPPFLAGS = $(USER_CPPFLAGS)
examples_hello_embedded_SOURCES = examples/hello_embedded.c
examples_hello_embedded_LDADD = libzgrid.la

examples_pipeline_CPPFLAGS = $(USER_CPPFLAGS)
examples_pipeline_SOURCES = examples/pipeline.c
examples_pipeline_LDADD = libzgrid.la

examples_event_loop_CPPFLAGS = $(USER_CPPFLAGS)
examples_event_loop_SOURCES = examples/event_loop.c
examples_event_loop_LDADD = libzgrid.la

examples_lock_CPPFLAGS = $(USER_CPPFLAGS)
examples_lock_SOURCES = examples/lock.c
examples_lock_LDADD = libzgrid.la

examples_zloop_host_CPPFLAGS = $(USER_CPPFLAGS) $(CZMQ_CFLAGS) $(ZMQ_CFLAGS)
examples_zloop_host_SOURCES = examples/zloop_host.c
examples_zloop_host_LDADD = libzgrid.la $(CZMQ_LIBS) $(ZMQ_LIBS)

examples_publisher_CPPFLAGS = $(USER_CPPFLAGS)
examples_publisher_SOURCES = examples/publisher.c
examples_publisher_LDADD = libzgrid.la

examples_subscriber_CPPFLAGS = $(USER_CPPFLAGS)
examples_subscriber_SOURCES = examples/subscriber.c
examples_subscriber_LDADD = libzgrid.la

#  No libzgrid: nothing but the protocol document
examples_bare_zsock_CPPFLAGS = $(CZMQ_CFLAGS) $(ZMQ_CFLAGS) $(MSGPACK_CFLAGS)
examples_bare_zsock_SOURCES = examples/bare_zsock.c
examples_bare_zsock_LDADD = $(CZMQ_LIBS) $(ZMQ_LIBS) $(MSGPACK_LIBS)

EXTRA_DIST += examples/python/client.py examples/python/subscriber.py examples/perl/client.pl

#  The main job of ./quickstart
include examples/quickstart/local.mk
