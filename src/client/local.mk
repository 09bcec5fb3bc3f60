#  SPDX-License-Identifier: MPL-2.0
libzgrid_inner_la_SOURCES += \
    src/client/adopt.c src/client/batch.c src/client/cached.c src/client/call.c src/client/calls.c \
    src/client/client.c src/client/client_cached.h \
    src/client/client_batch.h src/client/client_impl.h src/client/client_inner.h src/client/client_retry.h \
    src/client/client_scout.h \
    src/client/connection.c src/client/fanout.c src/client/future.c src/client/guard.c \
    src/client/hello.c src/client/host.c src/client/iterator.c src/client/kept.c \
    src/client/learn.c src/client/local.h src/client/locks.c src/client/loop.c src/client/many.c \
    src/client/near.c \
    src/client/pending.c src/client/pipeline.c src/client/publish.c src/client/refuse.c src/client/reply.c \
    src/client/request.c src/client/retry.c src/client/routes.c src/client/scout.c src/client/typed.c \
    src/client/topic.c src/client/topic_impl.h src/client/topic_inner.h src/client/topic_link.c \
    src/client/topic_table.c src/client/wait.c
