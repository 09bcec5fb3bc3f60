#  SPDX-License-Identifier: MPL-2.0
#  Not built by make all: `make bench-programs`, and `make bench` measures.
EXTRA_PROGRAMS = bench-echo bench-fanout bench-hits bench-local bench-near bench-operations bench-scan bench-stream
CLEANFILES += $(EXTRA_PROGRAMS)
bench_echo_CPPFLAGS = $(ZMQ_CFLAGS)
bench_echo_SOURCES = bench/echo.c
bench_echo_LDADD = $(ZMQ_LIBS)
#  From inside the core, as tests see it
bench_hits_CPPFLAGS = $(UNIT_CPPFLAGS)
bench_hits_SOURCES = bench/hits.c $(HITS) $(MODEL)
bench_hits_LDADD = libzgrid-core.la -lm
bench_local_CPPFLAGS = $(USER_CPPFLAGS)
bench_local_SOURCES = bench/local_read.c bench/uthash.c bench/baseline.h
bench_local_LDADD = libzgrid.la
bench_near_CPPFLAGS = $(USER_CPPFLAGS)
bench_near_SOURCES = bench/near_cache.c bench/uthash.c bench/baseline.h
bench_near_LDADD = libzgrid.la
bench_operations_CPPFLAGS = $(USER_CPPFLAGS)
bench_operations_SOURCES = bench/operations.c
bench_operations_LDADD = libzgrid.la
bench_operations_LDFLAGS = -pthread
bench_fanout_CPPFLAGS = $(NODE_CPPFLAGS)
bench_fanout_SOURCES = bench/fanout.c
bench_fanout_LDADD = libzgrid-inner.la $(CZMQ_LIBS) $(ZMQ_LIBS)
bench_fanout_LDFLAGS = -pthread
#  From inside the library: two rebalancers
bench_stream_CPPFLAGS = $(NODE_CPPFLAGS)
bench_stream_SOURCES = bench/stream.c
bench_stream_LDADD = libzgrid-inner.la $(CZMQ_LIBS) $(ZMQ_LIBS)
bench_scan_CPPFLAGS = $(USER_CPPFLAGS)
bench_scan_SOURCES = bench/scan.c
bench_scan_LDADD = libzgrid.la
EXTRA_DIST += bench/README.md bench/run bench/failover bench/moves bench/harness/__init__.py bench/harness/document.py \
    bench/harness/expiry.py bench/harness/gateway.py bench/harness/machine.py bench/harness/processes.py \
    bench/harness/rows.py

bench-programs: $(EXTRA_PROGRAMS)
bench: all
	$(MAKE) bench-programs
	$(top_srcdir)/bench/run --build $(abs_builddir)
.PHONY: bench bench-programs
