#  SPDX-License-Identifier: MPL-2.0
#  Publish and subscribe
check_PROGRAMS += tests/unit/check_topic tests/unit/check_message tests/unit/check_topics \
    tests/unit/check_audience tests/unit/check_pubsub
TESTS += tests/unit/check_topic tests/unit/check_message tests/unit/check_topics \
    tests/unit/check_audience tests/unit/check_pubsub
tests_unit_check_topic_SOURCES = tests/unit/check_topic.c $(TEST_MAIN)
tests_unit_check_topic_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_topic_LDADD = $(UNIT_LIBS)
tests_unit_check_message_SOURCES = tests/unit/check_message.c $(TEST_MAIN)
tests_unit_check_message_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_message_LDADD = $(UNIT_LIBS)
tests_unit_check_topics_SOURCES = tests/unit/check_topics.c $(TEST_MAIN)
tests_unit_check_topics_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_topics_LDADD = $(UNIT_LIBS)
tests_unit_check_audience_SOURCES = tests/unit/check_audience.c $(TEST_MAIN)
tests_unit_check_audience_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_audience_LDADD = $(UNIT_LIBS)
tests_unit_check_pubsub_SOURCES = tests/unit/check_pubsub.c $(TEST_MAIN)
tests_unit_check_pubsub_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_pubsub_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_hearers
TESTS += tests/unit/check_hearers
tests_unit_check_hearers_SOURCES = tests/unit/check_hearers.c $(TEST_MAIN)
tests_unit_check_hearers_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_hearers_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_key_note
TESTS += tests/unit/check_key_note
tests_unit_check_key_note_SOURCES = tests/unit/check_key_note.c $(TEST_MAIN)
tests_unit_check_key_note_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_key_note_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_pubsub
TESTS += tests/unit/check_do_pubsub
tests_unit_check_do_pubsub_SOURCES = tests/unit/check_do_pubsub.c $(TEST_MAIN)
tests_unit_check_do_pubsub_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_pubsub_LDADD = $(UNIT_LIBS)
