#  SPDX-License-Identifier: MPL-2.0
#  Topics, who wants them, and what they get: see pubsub.h
libzgrid_core_la_SOURCES += \
    src/core/pubsub/audience.c src/core/pubsub/audience.h \
    src/core/pubsub/message.c src/core/pubsub/message.h \
    src/core/pubsub/pubsub.c src/core/pubsub/pubsub.h src/core/pubsub/pubsub_ask.c \
    src/core/pubsub/pubsub_impl.h src/core/pubsub/pubsub_sync.c \
    src/core/pubsub/topic.c src/core/pubsub/topic.h \
    src/core/pubsub/topics.c src/core/pubsub/topics.h
