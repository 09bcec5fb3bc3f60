#  SPDX-License-Identifier: MPL-2.0

#  The daemon, and the command-line tool
bin_PROGRAMS += zgridd zgrid
zgridd_CPPFLAGS = $(USER_CPPFLAGS)
zgridd_LDADD = libzgrid.la
zgridd_SOURCES = src/cmd/zgridd.c
#  From the core: from a key to its partition
zgrid_CPPFLAGS = $(USER_CPPFLAGS) -I$(top_srcdir)/src/core $(MSGPACK_CFLAGS) $(JANSSON_CFLAGS)
zgrid_LDADD = libzgrid-core.la libzgrid.la $(MSGPACK_LIBS) $(JANSSON_LIBS)
zgrid_SOURCES = \
    src/cmd/zgrid.c src/cmd/zgrid-tool.c src/cmd/zgrid-tool.h \
    src/cmd/zgrid-entries.c \
    src/cmd/zgrid-locks.c \
    src/cmd/zgrid-map.c \
    src/cmd/zgrid-maps.c \
    src/cmd/zgrid-nodes.c \
    src/cmd/zgrid-cluster.c src/cmd/zgrid-cluster.h \
    src/cmd/zgrid-check.c \
    src/cmd/zgrid-admin.c \
    src/cmd/zgrid-events.c \
    src/cmd/zgrid-fleet.c src/cmd/zgrid-fleet.h \
    src/cmd/zgrid-json.c \
    src/cmd/zgrid-moves.c \
    src/cmd/zgrid-crowd.c src/cmd/zgrid-crowd.h \
    src/cmd/zgrid-progress.c src/cmd/zgrid-progress.h \
    src/cmd/zgrid-stats.c src/cmd/zgrid-top.c \
    src/cmd/zgrid-watch.c src/cmd/zgrid-watch.h \
    src/cmd/zgrid-line.c src/cmd/zgrid-line.h \
    src/cmd/zgrid-load.c \
    src/cmd/zgrid-dump.c \
    src/cmd/zgrid-topics.c

#  zgrid-bench: from the core, its histogram
bin_PROGRAMS += zgrid-bench
zgrid_bench_CPPFLAGS = $(USER_CPPFLAGS) -I$(top_srcdir)/src/core
zgrid_bench_LDADD = libzgrid-core.la libzgrid.la -lm
zgrid_bench_SOURCES = \
    src/cmd/zgrid-bench.c \
    src/cmd/zgrid-bench-future.c \
    src/cmd/zgrid-bench-keys.c src/cmd/zgrid-bench-keys.h \
    src/cmd/zgrid-bench-plan.c src/cmd/zgrid-bench-plan.h \
    src/cmd/zgrid-bench-report.c src/cmd/zgrid-bench-report.h \
    src/cmd/zgrid-bench-worker.c src/cmd/zgrid-bench-worker.h
