#  SPDX-License-Identifier: MPL-2.0
#  Topics, who wants them, and what they get: see pubsub.h
libzgrid_core_la_SOURCES += \
    src/core/pubsub/message.h \
    src/core/pubsub/topic.h
