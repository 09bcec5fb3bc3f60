#  SPDX-License-Identifier: MPL-2.0
check_PROGRAMS += tests/unit/check_view tests/unit/check_placement tests/unit/check_plan tests/unit/check_swim
TESTS += tests/unit/check_view tests/unit/check_placement tests/unit/check_plan tests/unit/check_swim
tests_unit_check_view_SOURCES = tests/unit/check_view.c $(TEST_MAIN)
tests_unit_check_view_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_view_LDADD = $(UNIT_LIBS)
tests_unit_check_placement_SOURCES = tests/unit/check_placement.c $(TEST_MAIN)
tests_unit_check_placement_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_placement_LDADD = $(UNIT_LIBS)
tests_unit_check_plan_SOURCES = tests/unit/check_plan.c tests/lib/least_cost.c tests/lib/least_cost.h \
    $(TEST_MAIN)
tests_unit_check_plan_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_plan_LDADD = $(UNIT_LIBS)
tests_unit_check_swim_SOURCES = tests/unit/check_swim.c $(TEST_MAIN)
tests_unit_check_swim_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_swim_LDADD = $(UNIT_LIBS) -lm

check_PROGRAMS += tests/unit/check_view_delta
TESTS += tests/unit/check_view_delta
tests_unit_check_view_delta_SOURCES = tests/unit/check_view_delta.c $(TEST_MAIN)
tests_unit_check_view_delta_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_view_delta_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_map_words
TESTS += tests/unit/check_map_words
tests_unit_check_map_words_SOURCES = tests/unit/check_map_words.c $(TEST_MAIN)
tests_unit_check_map_words_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_map_words_LDADD = $(UNIT_LIBS)

#  Control planes on a small network with virtual time
GRID = tests/lib/grid.c tests/lib/grid.h
check_PROGRAMS += tests/unit/check_founding
TESTS += tests/unit/check_founding
tests_unit_check_founding_SOURCES = tests/unit/check_founding.c $(GRID) $(TEST_MAIN)
tests_unit_check_founding_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_founding_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_coordinator
TESTS += tests/unit/check_coordinator
tests_unit_check_coordinator_SOURCES = tests/unit/check_coordinator.c $(GRID) $(TEST_MAIN)
tests_unit_check_coordinator_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_coordinator_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_register
TESTS += tests/unit/check_register
tests_unit_check_register_SOURCES = tests/unit/check_register.c $(GRID) $(TEST_MAIN)
tests_unit_check_register_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_register_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_members
TESTS += tests/unit/check_members
tests_unit_check_members_SOURCES = tests/unit/check_members.c $(GRID) $(TEST_MAIN)
tests_unit_check_members_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_members_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_even
TESTS += tests/unit/check_even
tests_unit_check_even_SOURCES = tests/unit/check_even.c $(GRID) $(TEST_MAIN)
tests_unit_check_even_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_even_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_deltas
TESTS += tests/unit/check_deltas
tests_unit_check_deltas_SOURCES = tests/unit/check_deltas.c $(GRID) $(TEST_MAIN)
tests_unit_check_deltas_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_deltas_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_map_admin
TESTS += tests/unit/check_map_admin
tests_unit_check_map_admin_SOURCES = tests/unit/check_map_admin.c $(GRID) $(TEST_MAIN)
tests_unit_check_map_admin_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_map_admin_LDADD = $(UNIT_LIBS)

#  The files that hold mutation points are compiled with them; the library has the rest
check_PROGRAMS += tests/unit/check_rules
TESTS += tests/unit/check_rules
tests_unit_check_rules_SOURCES = tests/unit/check_rules.c $(GRID) $(TEST_MAIN) \
    src/core/cluster/coordinator_parts.c src/core/cluster/coordinator_voters.c \
    src/core/cluster/heartbeat.c src/core/cluster/register.c
tests_unit_check_rules_CPPFLAGS = $(UNIT_CPPFLAGS) -DMUTANTS
tests_unit_check_rules_LDADD = $(UNIT_LIBS)
