#  SPDX-License-Identifier: MPL-2.0
#  Documents
dist_check_SCRIPTS += tests/system/check_docs.sh
TESTS += tests/system/check_docs.sh

#  The daemon and the tool
TOOL_TESTS = tests/system/check_zgridd.sh tests/system/check_zgrid.sh tests/system/check_zgrid_cluster.sh
dist_check_SCRIPTS += $(TOOL_TESTS)
TESTS += $(TOOL_TESTS)
EXTRA_DIST += tests/system/zgridd.sh
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
    tests/system/histories_check.c tests/system/histories_watch.c tests/lib/linear.c tests/lib/linear.h
tests_system_histories_CPPFLAGS = -I$(top_srcdir)/tests -I$(top_srcdir)/src/core $(USER_CPPFLAGS)
tests_system_histories_LDADD = libzgrid-core.la libzgrid.la
tests_system_histories_LDFLAGS = -pthread
dist_check_SCRIPTS += tests/system/check_histories.sh
TESTS += tests/system/check_histories.sh
