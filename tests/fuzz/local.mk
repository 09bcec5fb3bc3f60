#  SPDX-License-Identifier: MPL-2.0
#  Each target X: fuzz_X.c, corpus/X/ with files whose names say why, and a block as below.
#    make check                          replays every corpus, in every configuration
#    make fuzz TARGET=wire SECONDS=60    needs ./configure --enable-fuzzers CC=clang
FUZZ_TARGETS = wire
FUZZ_REPLAY = tests/fuzz/replay.c tests/fuzz/fuzz.h
FUZZ_CPPFLAGS = $(UNIT_CPPFLAGS)
FUZZ_LIBS = libzgrid-core.la

check_PROGRAMS += tests/fuzz/replay_wire
tests_fuzz_replay_wire_SOURCES = tests/fuzz/fuzz_wire.c $(FUZZ_REPLAY)
tests_fuzz_replay_wire_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_wire_LDADD = $(FUZZ_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_wire
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz_wire.c
tests_fuzz_fuzz_wire_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_wire_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_wire_LDADD = $(FUZZ_LIBS)
endif

FUZZ_TARGETS += settings
check_PROGRAMS += tests/fuzz/replay_settings
tests_fuzz_replay_settings_SOURCES = tests/fuzz/fuzz_settings.c $(FUZZ_REPLAY)
tests_fuzz_replay_settings_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_fuzz_replay_settings_LDADD = libzgrid-inner.la
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_settings
tests_fuzz_fuzz_settings_SOURCES = tests/fuzz/fuzz_settings.c
tests_fuzz_fuzz_settings_CPPFLAGS = $(ACTOR_CPPFLAGS)
tests_fuzz_fuzz_settings_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_settings_LDADD = libzgrid-inner.la
endif

FUZZ_TARGETS += store
check_PROGRAMS += tests/fuzz/replay_store
tests_fuzz_replay_store_SOURCES = tests/fuzz/fuzz_store.c $(MODEL) $(FUZZ_REPLAY)
tests_fuzz_replay_store_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_store_LDADD = $(FUZZ_LIBS) -lm
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_store
tests_fuzz_fuzz_store_SOURCES = tests/fuzz/fuzz_store.c $(MODEL)
tests_fuzz_fuzz_store_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_store_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_store_LDADD = $(FUZZ_LIBS) -lm
endif

FUZZ_TARGETS += view
check_PROGRAMS += tests/fuzz/replay_view
tests_fuzz_replay_view_SOURCES = tests/fuzz/fuzz_view.c $(FUZZ_REPLAY)
tests_fuzz_replay_view_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_view_LDADD = $(FUZZ_LIBS) -lm
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_view
tests_fuzz_fuzz_view_SOURCES = tests/fuzz/fuzz_view.c
tests_fuzz_fuzz_view_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_view_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_view_LDADD = $(FUZZ_LIBS) -lm
endif

FUZZ_TARGETS += pubsub
check_PROGRAMS += tests/fuzz/replay_pubsub
tests_fuzz_replay_pubsub_SOURCES = tests/fuzz/fuzz_pubsub.c $(FUZZ_REPLAY)
tests_fuzz_replay_pubsub_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_pubsub_LDADD = $(FUZZ_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_pubsub
tests_fuzz_fuzz_pubsub_SOURCES = tests/fuzz/fuzz_pubsub.c
tests_fuzz_fuzz_pubsub_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_pubsub_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_pubsub_LDADD = $(FUZZ_LIBS)
endif

FUZZ_TARGETS += batch
check_PROGRAMS += tests/fuzz/replay_batch
tests_fuzz_replay_batch_SOURCES = tests/fuzz/fuzz_batch.c $(FUZZ_REPLAY)
tests_fuzz_replay_batch_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_batch_LDADD = $(FUZZ_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_batch
tests_fuzz_fuzz_batch_SOURCES = tests/fuzz/fuzz_batch.c
tests_fuzz_fuzz_batch_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_batch_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_batch_LDADD = $(FUZZ_LIBS)
endif

FUZZ_TARGETS += resp
check_PROGRAMS += tests/fuzz/replay_resp
tests_fuzz_replay_resp_SOURCES = tests/fuzz/fuzz_resp.c $(FUZZ_REPLAY)
tests_fuzz_replay_resp_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_replay_resp_LDADD = $(FUZZ_LIBS)
if FUZZERS
noinst_PROGRAMS += tests/fuzz/fuzz_resp
tests_fuzz_fuzz_resp_SOURCES = tests/fuzz/fuzz_resp.c
tests_fuzz_fuzz_resp_CPPFLAGS = $(FUZZ_CPPFLAGS)
tests_fuzz_fuzz_resp_LDFLAGS = $(AM_LDFLAGS) -fsanitize=fuzzer
tests_fuzz_fuzz_resp_LDADD = $(FUZZ_LIBS)
endif

dist_check_SCRIPTS += tests/fuzz/replay.sh
TESTS += tests/fuzz/replay.sh
EXTRA_DIST += tests/fuzz/corpus

#  Finds are kept in the build folder; give those worth keeping a name and put them into corpus/
SECONDS = 60
fuzz:
	@test -n "$(TARGET)" || { echo "usage: make fuzz TARGET=wire SECONDS=60"; exit 2; }
	$(MAKE) $(AM_MAKEFLAGS) tests/fuzz/fuzz_$(TARGET)$(EXEEXT)
	@mkdir -p fuzz/$(TARGET)
	./tests/fuzz/fuzz_$(TARGET)$(EXEEXT) -max_total_time=$(SECONDS) -timeout=10 -rss_limit_mb=2048 \
	    -artifact_prefix=fuzz/$(TARGET)- fuzz/$(TARGET) $(srcdir)/tests/fuzz/corpus/$(TARGET)
.PHONY: fuzz
