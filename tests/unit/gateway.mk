#  SPDX-License-Identifier: MPL-2.0
#  What Redis clients are served with

check_PROGRAMS += tests/unit/check_lent
TESTS += tests/unit/check_lent
tests_unit_check_lent_SOURCES = tests/unit/check_lent.c $(TEST_MAIN)
tests_unit_check_lent_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_lent_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_say
TESTS += tests/unit/check_say
tests_unit_check_say_SOURCES = tests/unit/check_say.c $(TEST_MAIN)
tests_unit_check_say_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_say_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_command
TESTS += tests/unit/check_do_command
tests_unit_check_do_command_SOURCES = tests/unit/check_do_command.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_command_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_command_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_multi
TESTS += tests/unit/check_do_multi
tests_unit_check_do_multi_SOURCES = tests/unit/check_do_multi.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_multi_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_multi_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_pause
TESTS += tests/unit/check_pause
tests_unit_check_pause_SOURCES = tests/unit/check_pause.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_pause_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_pause_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_script
TESTS += tests/unit/check_do_script
tests_unit_check_do_script_SOURCES = tests/unit/check_do_script.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_script_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_script_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_sha1
TESTS += tests/unit/check_sha1
tests_unit_check_sha1_SOURCES = tests/unit/check_sha1.c $(TEST_MAIN)
tests_unit_check_sha1_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_sha1_LDADD = $(UNIT_LIBS)
