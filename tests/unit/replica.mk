#  SPDX-License-Identifier: MPL-2.0

check_PROGRAMS += tests/unit/check_session_id
TESTS += tests/unit/check_session_id
tests_unit_check_session_id_SOURCES = tests/unit/check_session_id.c $(TEST_MAIN)
tests_unit_check_session_id_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_session_id_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_watchers
TESTS += tests/unit/check_watchers
tests_unit_check_watchers_SOURCES = tests/unit/check_watchers.c $(TEST_MAIN)
tests_unit_check_watchers_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_watchers_LDADD = $(UNIT_LIBS)

#  The checker of histories (tests/lib/linear.h)
check_PROGRAMS += tests/unit/check_linear
TESTS += tests/unit/check_linear
tests_unit_check_linear_SOURCES = tests/unit/check_linear.c tests/lib/linear.c tests/lib/linear.h $(TEST_MAIN)
tests_unit_check_linear_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_linear_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_shared_word
TESTS += tests/unit/check_shared_word
tests_unit_check_shared_word_SOURCES = tests/unit/check_shared_word.c $(TEST_MAIN)
tests_unit_check_shared_word_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_shared_word_LDADD = $(UNIT_LIBS)

#  The router's records in flight
check_PROGRAMS += tests/unit/check_forward
TESTS += tests/unit/check_forward
tests_unit_check_forward_SOURCES = tests/unit/check_forward.c \
    tests/lib/fake_owners.c tests/lib/fake_owners.h tests/lib/net.c tests/lib/net.h $(TEST_MAIN)
tests_unit_check_forward_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_forward_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_forward_sessions
TESTS += tests/unit/check_forward_sessions
tests_unit_check_forward_sessions_SOURCES = tests/unit/check_forward_sessions.c \
    tests/lib/fake_owners.c tests/lib/fake_owners.h tests/lib/net.c tests/lib/net.h $(TEST_MAIN)
tests_unit_check_forward_sessions_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_forward_sessions_LDADD = $(UNIT_LIBS)

#  Copies of one partition
check_PROGRAMS += tests/unit/check_replica
TESTS += tests/unit/check_replica
tests_unit_check_replica_SOURCES = tests/unit/check_replica.c tests/lib/copies.c tests/lib/copies.h \
    tests/lib/rig.c tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_replica_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_replica_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_storage_settings
TESTS += tests/unit/check_storage_settings
tests_unit_check_storage_settings_SOURCES = tests/unit/check_storage_settings.c \
    tests/lib/copies.c tests/lib/copies.h tests/lib/rig.c tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_storage_settings_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_storage_settings_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_scan_filter
TESTS += tests/unit/check_scan_filter
tests_unit_check_scan_filter_SOURCES = tests/unit/check_scan_filter.c tests/lib/rig.c tests/lib/rig.h \
    $(TEST_MAIN)
tests_unit_check_scan_filter_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_scan_filter_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_session
TESTS += tests/unit/check_session
tests_unit_check_session_SOURCES = tests/unit/check_session.c $(TEST_MAIN)
tests_unit_check_session_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_session_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_ap tests/unit/check_ap_moves
TESTS += tests/unit/check_ap tests/unit/check_ap_moves
AP_NET = tests/lib/ap_net.c tests/lib/ap_net.h
tests_unit_check_ap_SOURCES = tests/unit/check_ap.c $(AP_NET) $(TEST_MAIN)
tests_unit_check_ap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ap_LDADD = $(UNIT_LIBS)
tests_unit_check_ap_moves_SOURCES = tests/unit/check_ap_moves.c $(AP_NET) $(TEST_MAIN)
tests_unit_check_ap_moves_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ap_moves_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_forward_locks
TESTS += tests/unit/check_forward_locks
tests_unit_check_forward_locks_SOURCES = tests/unit/check_forward_locks.c \
    tests/lib/fake_owners.c tests/lib/fake_owners.h tests/lib/net.c tests/lib/net.h $(TEST_MAIN)
tests_unit_check_forward_locks_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_forward_locks_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_forward_refusals
TESTS += tests/unit/check_forward_refusals
tests_unit_check_forward_refusals_SOURCES = tests/unit/check_forward_refusals.c \
    tests/lib/fake_owners.c tests/lib/fake_owners.h tests/lib/net.c tests/lib/net.h $(TEST_MAIN)
tests_unit_check_forward_refusals_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_forward_refusals_LDADD = $(UNIT_LIBS)

#  Moves: their pace, and what stands in front of batches
check_PROGRAMS += tests/unit/check_rate tests/unit/check_batch
TESTS += tests/unit/check_rate tests/unit/check_batch
tests_unit_check_rate_SOURCES = tests/unit/check_rate.c $(TEST_MAIN)
tests_unit_check_rate_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_rate_LDADD = $(UNIT_LIBS)
tests_unit_check_batch_SOURCES = tests/unit/check_batch.c $(TEST_MAIN)
tests_unit_check_batch_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_batch_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_news
TESTS += tests/unit/check_news
tests_unit_check_news_SOURCES = tests/unit/check_news.c $(TEST_MAIN)
tests_unit_check_news_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_news_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_move
TESTS += tests/unit/check_move
tests_unit_check_move_SOURCES = tests/unit/check_move.c $(TEST_MAIN)
tests_unit_check_move_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_move_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_moving
TESTS += tests/unit/check_moving
tests_unit_check_moving_SOURCES = tests/unit/check_moving.c tests/lib/copies.c tests/lib/copies.h \
    tests/lib/rig.c tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_moving_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_moving_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_feed
TESTS += tests/unit/check_feed
tests_unit_check_feed_SOURCES = tests/unit/check_feed.c tests/lib/copies.c tests/lib/copies.h \
    tests/lib/rig.c tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_feed_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_feed_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_track
TESTS += tests/unit/check_track
tests_unit_check_track_SOURCES = tests/unit/check_track.c $(TEST_MAIN)
tests_unit_check_track_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_track_LDADD = $(UNIT_LIBS)

#  Locks
check_PROGRAMS += tests/unit/check_lock tests/unit/check_lock_copies tests/unit/check_ops_lock
TESTS += tests/unit/check_lock tests/unit/check_lock_copies tests/unit/check_ops_lock
tests_unit_check_lock_SOURCES = tests/unit/check_lock.c tests/lib/dice.c tests/lib/dice.h tests/lib/rig.c \
    tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_lock_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_lock_LDADD = $(UNIT_LIBS)
tests_unit_check_lock_copies_SOURCES = tests/unit/check_lock_copies.c tests/lib/copies.c tests/lib/copies.h \
    tests/lib/rig.c tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_lock_copies_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_lock_copies_LDADD = $(UNIT_LIBS)
tests_unit_check_ops_lock_SOURCES = tests/unit/check_ops_lock.c tests/lib/rig.c tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_ops_lock_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ops_lock_LDADD = $(UNIT_LIBS)

#  Several records as one
check_PROGRAMS += tests/unit/check_ops_exec
TESTS += tests/unit/check_ops_exec
tests_unit_check_ops_exec_SOURCES = tests/unit/check_ops_exec.c tests/lib/copies.c tests/lib/copies.h tests/lib/dice.c \
    tests/lib/dice.h tests/lib/rig.c tests/lib/rig.h $(TEST_MAIN)
tests_unit_check_ops_exec_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ops_exec_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_cache
TESTS += tests/unit/check_cache
tests_unit_check_cache_SOURCES = tests/unit/check_cache.c $(TEST_MAIN)
tests_unit_check_cache_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_cache_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_key_event
TESTS += tests/unit/check_key_event
tests_unit_check_key_event_SOURCES = tests/unit/check_key_event.c $(TEST_MAIN)
tests_unit_check_key_event_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_key_event_LDADD = $(UNIT_LIBS)
