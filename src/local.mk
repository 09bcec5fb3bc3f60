#  SPDX-License-Identifier: MPL-2.0
noinst_LTLIBRARIES += libzgrid-core.la
libzgrid_core_la_CPPFLAGS = $(CORE_CPPFLAGS)
libzgrid_core_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libzgrid_core_la_SOURCES = \
    src/core/op.def src/core/option.def src/core/setting.def src/core/sheet.def src/core/stat.def \
    src/core/bytes.h src/core/entry.h \
    src/core/big.c src/core/big.h \
    src/core/census.c src/core/census.h \
    src/core/flow.c src/core/flow.h \
    src/core/gather.c src/core/gather.h \
    src/core/glob.c src/core/glob.h \
    src/core/guests.c src/core/guests.h \
    src/core/handover.h \
    src/core/hash.c src/core/hash.h \
    src/core/heap.c src/core/heap.h \
    src/core/histogram.c src/core/histogram.h \
    src/core/hot.c src/core/hot.h \
    src/core/index.c src/core/index.h src/core/index_impl.h src/core/index_visit.c \
    src/core/ops.c src/core/ops_change.c src/core/ops_copy.c src/core/ops_exec.c \
    src/core/ops_key.c src/core/ops_lock.c src/core/ops_number.c \
    src/core/reclaim.c src/core/reclaim.h \
    src/core/report.c src/core/report.h \
    src/core/scan_filter.c src/core/scan_filter.h \
    src/core/storage.c src/core/storage.h src/core/storage_impl.h src/core/storage_map.c \
    src/core/storage_settings.c \
    src/core/storage_limits.c src/core/storage_memory.c src/core/storage_partition.c \
    src/core/storage_report.c src/core/storage_shared.c \
    src/core/store.c src/core/store.h \
    src/core/buf.c src/core/buf.h \
    src/core/mem.c src/core/mem.h \
    src/core/mp.c src/core/mp.h \
    src/core/sheet.c src/core/sheet.h \
    src/core/sha1.c src/core/sha1.h src/core/slot.c src/core/slot.h \
    src/core/slow.c src/core/slow.h \
    src/core/split.c src/core/split.h \
    src/core/stats.c src/core/status.h src/core/utf8.h \
    src/core/wire.h src/core/wire_impl.h src/core/wire_op.c src/core/wire_options.c \
    src/core/wire_reply.c src/core/wire_request.c
include src/core/cluster/local.mk
include src/core/evict/local.mk
include src/core/gateway/local.mk
include src/core/lock/local.mk
include src/core/move/local.mk
include src/core/pubsub/local.mk
include src/core/replica/local.mk

#  Everything but the core; tests link it to reach hidden symbols
noinst_LTLIBRARIES += libzgrid-inner.la
libzgrid_inner_la_CPPFLAGS = $(NODE_CPPFLAGS)
libzgrid_inner_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden
libzgrid_inner_la_LIBADD = libzgrid-core.la $(CZMQ_LIBS) $(ZMQ_LIBS) $(LZ4_LIBS) $(PCRE2_LIBS)
libzgrid_inner_la_SOURCES = src/node/status.c

lib_LTLIBRARIES += libzgrid.la
libzgrid_la_LDFLAGS = $(AM_LDFLAGS) -version-info 0:0:0 -no-undefined
libzgrid_la_LIBADD = libzgrid-inner.la
libzgrid_la_SOURCES =

#  src/client
include src/client/local.mk
#  src/node: settings, log
include src/node/local.mk
#  src/cmd
include src/cmd/local.mk
