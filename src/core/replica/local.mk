#  SPDX-License-Identifier: MPL-2.0
#  Copies of partitions: log, sessions, replicas
libzgrid_core_la_SOURCES += \
    src/core/rule.def src/core/mutant.h src/core/replica/shared_word.h \
    src/core/replica/ap.c src/core/replica/ap.h src/core/replica/ap_call.c src/core/replica/ap_execute.c \
    src/core/replica/ap_impl.h src/core/replica/ap_part.c src/core/replica/ap_record.c \
    src/core/replica/ap_sync.c src/core/replica/hlc.h \
    src/core/replica/chunk.c src/core/replica/chunk.h src/core/replica/cut.c src/core/replica/cut.h \
    src/core/replica/effect.c src/core/replica/effect.h \
    src/core/replica/held.c src/core/replica/held.h \
    src/core/replica/oplog.c src/core/replica/oplog.h \
    src/core/replica/replica.c src/core/replica/replica.h src/core/replica/replica_apply.c \
    src/core/replica/replica_backup.c src/core/replica/replica_call.c src/core/replica/replica_learner.c src/core/replica/replica_lock.c \
    src/core/replica/replica_move.c \
    src/core/replica/replica_out.c src/core/replica/replica_primary.c src/core/replica/replica_settle.c \
    src/core/replica/replica_snapshot.c src/core/replica/replica_view.c \
    src/core/replica/session.c src/core/replica/session.h \
    src/core/replica/session_id.c src/core/replica/session_id.h src/core/watchers.c src/core/watchers.h \
    src/core/news.c src/core/news.h src/core/feed.c src/core/feed.h src/core/track.c src/core/track.h src/core/cache.c src/core/cache.h \
    src/core/json.c src/core/json.h src/core/key_event.c src/core/key_event.def src/core/key_event.h src/core/replica/replica_feed.c \
    src/core/forward.c src/core/forward.h src/core/forward_answer.c src/core/forward_group.c \
    src/core/forward_impl.h src/core/forward_record.c src/core/forward_send.c src/core/forward_table.c
