#  SPDX-License-Identifier: MPL-2.0
#  Limits, and what makes room
HITS = tests/lib/hits.c tests/lib/hits.h
check_PROGRAMS += tests/unit/check_ages tests/unit/check_evictor tests/unit/check_fifo tests/unit/check_ghost
TESTS += tests/unit/check_ages tests/unit/check_evictor tests/unit/check_fifo tests/unit/check_ghost
tests_unit_check_ages_SOURCES = tests/unit/check_ages.c $(MODEL) $(TEST_MAIN)
tests_unit_check_ages_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ages_LDADD = $(UNIT_LIBS) -lm
tests_unit_check_evictor_SOURCES = tests/unit/check_evictor.c $(HITS) $(MODEL) $(TEST_MAIN)
tests_unit_check_evictor_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_evictor_LDADD = $(UNIT_LIBS) -lm
tests_unit_check_fifo_SOURCES = tests/unit/check_fifo.c $(TEST_MAIN)
tests_unit_check_fifo_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_fifo_LDADD = $(UNIT_LIBS)
tests_unit_check_ghost_SOURCES = tests/unit/check_ghost.c $(MODEL) $(TEST_MAIN)
tests_unit_check_ghost_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ghost_LDADD = $(UNIT_LIBS) -lm
check_PROGRAMS += tests/unit/check_limits
TESTS += tests/unit/check_limits
tests_unit_check_limits_SOURCES = tests/unit/check_limits.c tests/lib/copies.c tests/lib/copies.h $(MODEL) $(TEST_MAIN)
tests_unit_check_limits_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_limits_LDADD = $(UNIT_LIBS) -lm
