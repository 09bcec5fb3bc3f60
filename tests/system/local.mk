#  SPDX-License-Identifier: MPL-2.0
#  Documents
dist_check_SCRIPTS += tests/system/check_docs.sh tests/system/check_conformance_doc.sh
TESTS += tests/system/check_docs.sh tests/system/check_conformance_doc.sh

#  The daemon and the tool
TOOL_TESTS = tests/system/check_zgridd.sh tests/system/check_zgrid.sh tests/system/check_zgrid_cluster.sh tests/system/check_key_events.sh tests/system/check_stats.sh
dist_check_SCRIPTS += $(TOOL_TESTS)
TESTS += $(TOOL_TESTS)
EXTRA_DIST += tests/system/zgridd.sh
#  Nodes that find each other
dist_check_SCRIPTS += tests/system/check_discover.sh
TESTS += tests/system/check_discover.sh

#  Examples
EXAMPLE_TESTS = tests/system/check_examples.sh tests/system/check_example_python.sh tests/system/check_example_perl.sh
dist_check_SCRIPTS += $(EXAMPLE_TESTS)
TESTS += $(EXAMPLE_TESTS)
#  Bad input
dist_check_SCRIPTS += tests/system/check_bad_input.sh
TESTS += tests/system/check_bad_input.sh

#  README
dist_check_SCRIPTS += tests/system/check_readme.sh
TESTS += tests/system/check_readme.sh

#  zgrid-bench
dist_check_SCRIPTS += tests/system/check_bench.sh
TESTS += tests/system/check_bench.sh

#  A recorded load, and what judges it
check_PROGRAMS += tests/system/histories
tests_system_histories_SOURCES = tests/system/histories.c tests/system/histories.h tests/system/histories_load.c \
    tests/system/histories_check.c tests/system/histories_locks.c tests/system/histories_watch.c \
    tests/lib/linear.c tests/lib/linear.h
tests_system_histories_CPPFLAGS = -I$(top_srcdir)/tests -I$(top_srcdir)/src/core $(USER_CPPFLAGS)
tests_system_histories_LDADD = libzgrid-core.la libzgrid.la
tests_system_histories_LDFLAGS = -pthread
dist_check_SCRIPTS += tests/system/check_histories.sh
TESTS += tests/system/check_histories.sh

#  Entries that never change, looked at all the time
check_PROGRAMS += tests/system/entries
tests_system_entries_SOURCES = tests/system/entries.c
tests_system_entries_CPPFLAGS = -I$(top_srcdir)/src/core $(USER_CPPFLAGS)
tests_system_entries_LDADD = libzgrid-core.la libzgrid.la
tests_system_entries_LDFLAGS = -pthread

#  Near caches that nothing old is read from
check_PROGRAMS += tests/system/near
tests_system_near_SOURCES = tests/system/near.c
tests_system_near_CPPFLAGS = $(USER_CPPFLAGS)
tests_system_near_LDADD = libzgrid.la
tests_system_near_LDFLAGS = -pthread

#  Clusters of real processes; each is a row of the table in doc/consistency.md
CLUSTER_TESTS = tests/system/check_cluster_kill.py tests/system/check_cluster_kill_two.py \
    tests/system/check_cluster_pause.py tests/system/check_cluster_cuts.py tests/system/check_cluster_failover.py \
    tests/system/check_cluster_start.py tests/system/check_cluster_flood.py tests/system/check_cluster_two.py \
    tests/system/check_cluster_bad_peers.py tests/system/check_cluster_script.py tests/system/check_cluster_ap.py \
    tests/system/check_cluster_recover.py tests/system/check_cluster_admin.py tests/system/check_cluster_stats.py \
    tests/system/check_cluster_progress.py tests/system/check_moves_grow.py tests/system/check_moves_kill.py \
    tests/system/check_moves_odd.py tests/system/check_conformance.py tests/system/check_cluster_scan.py \
    tests/system/check_cluster_topics.py tests/system/check_cluster_near.py
dist_check_SCRIPTS += $(CLUSTER_TESTS) tests/system/check_clock.py
TESTS += $(CLUSTER_TESTS) tests/system/check_clock.py
EXTRA_DIST += tests/system/cluster.py tests/system/net.py tests/system/naive.py tests/system/proxy.py \
    tests/system/soak-live.sh
CLEANFILES += cluster-tests-0.lock cluster-tests-1.lock soak-live.log

#  The same in full, until SECONDS are over
soak-live: all $(check_PROGRAMS)
	ZGRID_BUILD='$(abs_top_builddir)' ZGRID_SOURCE='$(abs_top_srcdir)' ZG_SANITIZER='$(ZG_SANITIZER)' \
	    $(SHELL) $(srcdir)/tests/system/soak-live.sh $(or $(SECONDS),3600)
.PHONY: soak-live
