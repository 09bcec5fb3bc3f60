#  SPDX-License-Identifier: MPL-2.0
#  Part B of the list of behaviour, line by line (doc/conformance.md)
check_PROGRAMS += tests/conformance/conformance
tests_conformance_conformance_SOURCES = tests/conformance/conformance.c tests/conformance/conformance.h \
    tests/conformance/lines.def tests/conformance/lines_keys.c tests/conformance/lines_numbers.c \
    tests/conformance/lines_time.c tests/conformance/lines_many.c tests/conformance/lines_node.c \
    tests/conformance/lines_topics.c \
    tests/conformance/lines_locks.c tests/conformance/lines_maps.c
tests_conformance_conformance_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_conformance_conformance_LDADD = libzgrid-inner.la
TESTS += tests/conformance/conformance
