#  SPDX-License-Identifier: MPL-2.0
#  One block for each program; they see the core alone.

check_PROGRAMS += tests/unit/check_mp
TESTS += tests/unit/check_mp
tests_unit_check_mp_SOURCES = tests/unit/check_mp.c $(TEST_MAIN)
tests_unit_check_mp_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_mp_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_slot
TESTS += tests/unit/check_slot
tests_unit_check_slot_SOURCES = tests/unit/check_slot.c $(TEST_MAIN)
tests_unit_check_slot_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_slot_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_buf
TESTS += tests/unit/check_buf
tests_unit_check_buf_SOURCES = tests/unit/check_buf.c $(TEST_MAIN)
tests_unit_check_buf_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_buf_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_mem
TESTS += tests/unit/check_mem
tests_unit_check_mem_SOURCES = tests/unit/check_mem.c $(TEST_MAIN)
tests_unit_check_mem_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_mem_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_wire
TESTS += tests/unit/check_wire
tests_unit_check_wire_SOURCES = tests/unit/check_wire.c $(TEST_MAIN)
tests_unit_check_wire_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_wire_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_wire_reply
TESTS += tests/unit/check_wire_reply
tests_unit_check_wire_reply_SOURCES = tests/unit/check_wire_reply.c $(TEST_MAIN)
tests_unit_check_wire_reply_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_wire_reply_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_wire_options
TESTS += tests/unit/check_wire_options
tests_unit_check_wire_options_SOURCES = tests/unit/check_wire_options.c $(TEST_MAIN)
tests_unit_check_wire_options_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_wire_options_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_settings tests/unit/check_log
TESTS += tests/unit/check_settings tests/unit/check_log
tests_unit_check_settings_SOURCES = tests/unit/check_settings.c $(TEST_MAIN)
tests_unit_check_settings_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_unit_check_settings_LDADD = $(ACTOR_LIBS)
tests_unit_check_log_SOURCES = tests/unit/check_log.c $(TEST_MAIN)
tests_unit_check_log_CPPFLAGS = $(ACTOR_CPPFLAGS) $(JANSSON_CFLAGS)
tests_unit_check_log_LDADD = $(ACTOR_LIBS) $(JANSSON_LIBS)

#  Histograms, and parts of zgrid-bench
check_PROGRAMS += tests/unit/check_histogram tests/unit/check_bench_keys
TESTS += tests/unit/check_histogram tests/unit/check_bench_keys
tests_unit_check_histogram_SOURCES = tests/unit/check_histogram.c $(TEST_MAIN)
tests_unit_check_histogram_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_histogram_LDADD = $(UNIT_LIBS)
tests_unit_check_bench_keys_SOURCES = tests/unit/check_bench_keys.c src/cmd/zgrid-bench-keys.c $(TEST_MAIN)
tests_unit_check_bench_keys_CPPFLAGS = $(UNIT_CPPFLAGS) -I$(top_srcdir)/src
tests_unit_check_bench_keys_LDADD = $(CHECK_LIBS) -lm

#  The store, from the allocator to operations. What some of them share:
RIG = tests/lib/rig.c tests/lib/rig.h
MODEL = $(RIG) tests/lib/model.c tests/lib/model.h tests/lib/model_ops.c tests/lib/model_impl.h \
    tests/lib/dice.c tests/lib/dice.h

check_PROGRAMS += tests/unit/check_model
TESTS += tests/unit/check_model
tests_unit_check_model_SOURCES = tests/unit/check_model.c $(MODEL) $(TEST_MAIN)
tests_unit_check_model_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_model_LDADD = $(UNIT_LIBS) -lm

check_PROGRAMS += tests/unit/check_heap tests/unit/check_index
TESTS += tests/unit/check_heap tests/unit/check_index
tests_unit_check_heap_SOURCES = tests/unit/check_heap.c $(MODEL) $(TEST_MAIN)
tests_unit_check_heap_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_heap_LDADD = $(UNIT_LIBS) -lm
tests_unit_check_index_SOURCES = tests/unit/check_index.c $(MODEL) $(TEST_MAIN)
tests_unit_check_index_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_index_LDADD = $(UNIT_LIBS) -lm

check_PROGRAMS += tests/unit/check_reclaim
TESTS += tests/unit/check_reclaim
tests_unit_check_reclaim_SOURCES = tests/unit/check_reclaim.c $(TEST_MAIN)
tests_unit_check_reclaim_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_reclaim_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_house
TESTS += tests/unit/check_house
tests_unit_check_house_SOURCES = tests/unit/check_house.c $(MODEL) $(TEST_MAIN)
tests_unit_check_house_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_house_LDADD = $(UNIT_LIBS) -lm

#  Slow clients, and the router's arithmetic
check_PROGRAMS += tests/unit/check_flow tests/unit/check_gather
TESTS += tests/unit/check_flow tests/unit/check_gather
tests_unit_check_flow_SOURCES = tests/unit/check_flow.c $(TEST_MAIN)
tests_unit_check_flow_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_flow_LDADD = $(UNIT_LIBS)
tests_unit_check_gather_SOURCES = tests/unit/check_gather.c $(TEST_MAIN)
tests_unit_check_gather_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_gather_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_storage_memory
TESTS += tests/unit/check_storage_memory
tests_unit_check_storage_memory_SOURCES = tests/unit/check_storage_memory.c $(MODEL) $(TEST_MAIN)
tests_unit_check_storage_memory_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_storage_memory_LDADD = $(UNIT_LIBS) -lm

check_PROGRAMS += tests/unit/check_nomem tests/unit/check_glob
TESTS += tests/unit/check_nomem tests/unit/check_glob
tests_unit_check_nomem_SOURCES = tests/unit/check_nomem.c $(MODEL) $(TEST_MAIN)
tests_unit_check_nomem_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_nomem_LDADD = $(UNIT_LIBS) -lm
tests_unit_check_glob_SOURCES = tests/unit/check_glob.c $(MODEL) $(TEST_MAIN)
tests_unit_check_glob_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_glob_LDADD = $(UNIT_LIBS) -lm

check_PROGRAMS += tests/unit/check_faults tests/unit/check_storage
TESTS += tests/unit/check_faults tests/unit/check_storage
tests_unit_check_faults_SOURCES = tests/unit/check_faults.c $(RIG) $(TEST_MAIN)
tests_unit_check_faults_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_faults_LDADD = $(UNIT_LIBS)
tests_unit_check_storage_SOURCES = tests/unit/check_storage.c $(RIG) $(TEST_MAIN)
tests_unit_check_storage_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_storage_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_ops_key
TESTS += tests/unit/check_ops_key
tests_unit_check_ops_key_SOURCES = tests/unit/check_ops_key.c $(RIG) $(TEST_MAIN)
tests_unit_check_ops_key_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_ops_key_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_storage_shared
TESTS += tests/unit/check_storage_shared
tests_unit_check_storage_shared_SOURCES = tests/unit/check_storage_shared.c $(MODEL) $(TEST_MAIN)
tests_unit_check_storage_shared_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_storage_shared_LDADD = $(UNIT_LIBS) -lm

check_PROGRAMS += tests/unit/check_store tests/unit/check_storage_partition
TESTS += tests/unit/check_store tests/unit/check_storage_partition
tests_unit_check_store_SOURCES = tests/unit/check_store.c $(TEST_MAIN)
tests_unit_check_store_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_store_LDADD = $(UNIT_LIBS)
tests_unit_check_storage_partition_SOURCES = tests/unit/check_storage_partition.c $(RIG) $(TEST_MAIN)
tests_unit_check_storage_partition_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_storage_partition_LDADD = $(UNIT_LIBS)

#  Statistics
check_PROGRAMS += tests/unit/check_sheet tests/unit/check_hot tests/unit/check_slow
TESTS += tests/unit/check_sheet tests/unit/check_hot tests/unit/check_slow
tests_unit_check_sheet_SOURCES = tests/unit/check_sheet.c $(TEST_MAIN)
tests_unit_check_sheet_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_sheet_LDADD = $(UNIT_LIBS)
tests_unit_check_hot_SOURCES = tests/unit/check_hot.c $(TEST_MAIN)
tests_unit_check_hot_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_hot_LDADD = $(UNIT_LIBS) -lm
tests_unit_check_slow_SOURCES = tests/unit/check_slow.c $(TEST_MAIN)
tests_unit_check_slow_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_slow_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/check_census
TESTS += tests/unit/check_census
tests_unit_check_census_SOURCES = tests/unit/check_census.c $(RIG) $(TEST_MAIN)
tests_unit_check_census_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_census_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/check_guests
TESTS += tests/unit/check_guests
tests_unit_check_guests_SOURCES = tests/unit/check_guests.c $(TEST_MAIN)
tests_unit_check_guests_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_guests_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/check_slots
TESTS += tests/unit/check_slots
tests_unit_check_slots_SOURCES = tests/unit/check_slots.c $(TEST_MAIN)
tests_unit_check_slots_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_slots_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/check_info
TESTS += tests/unit/check_info
tests_unit_check_info_SOURCES = tests/unit/check_info.c $(TEST_MAIN)
tests_unit_check_info_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_info_LDADD = $(UNIT_LIBS)
check_PROGRAMS += tests/unit/check_client_note
TESTS += tests/unit/check_client_note
tests_unit_check_client_note_SOURCES = tests/unit/check_client_note.c $(TEST_MAIN)
tests_unit_check_client_note_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_client_note_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_resp
TESTS += tests/unit/check_resp
tests_unit_check_resp_SOURCES = tests/unit/check_resp.c $(TEST_MAIN)
tests_unit_check_resp_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_resp_LDADD = $(UNIT_LIBS)

#  A gateway with a storage behind it
REDIS_RIG = tests/lib/redis_rig.c tests/lib/redis_rig.h

check_PROGRAMS += tests/unit/check_do_string
TESTS += tests/unit/check_do_string
tests_unit_check_do_string_SOURCES = tests/unit/check_do_string.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_string_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_string_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_many
TESTS += tests/unit/check_do_many
tests_unit_check_do_many_SOURCES = tests/unit/check_do_many.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_many_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_many_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_generic
TESTS += tests/unit/check_do_generic
tests_unit_check_do_generic_SOURCES = tests/unit/check_do_generic.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_generic_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_generic_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_connection
TESTS += tests/unit/check_do_connection
tests_unit_check_do_connection_SOURCES = tests/unit/check_do_connection.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_connection_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_connection_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_do_olric
TESTS += tests/unit/check_do_olric
tests_unit_check_do_olric_SOURCES = tests/unit/check_do_olric.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_do_olric_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_do_olric_LDADD = $(UNIT_LIBS)

check_PROGRAMS += tests/unit/check_talk
TESTS += tests/unit/check_talk
tests_unit_check_talk_SOURCES = tests/unit/check_talk.c $(REDIS_RIG) $(TEST_MAIN)
tests_unit_check_talk_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_unit_check_talk_LDADD = $(UNIT_LIBS)
