#  SPDX-License-Identifier: MPL-2.0
#  Copies of partitions: log, sessions, replicas
libzgrid_core_la_SOURCES += \
    src/core/rule.def src/core/mutant.h src/core/replica/shared_word.h \
    src/core/replica/session_id.c src/core/replica/session_id.h src/core/watchers.c src/core/watchers.h \
    src/core/forward.c src/core/forward.h src/core/forward_answer.c src/core/forward_group.c \
    src/core/forward_impl.h src/core/forward_record.c src/core/forward_send.c src/core/forward_table.c
