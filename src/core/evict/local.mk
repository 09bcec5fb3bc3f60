#  SPDX-License-Identifier: MPL-2.0
#  Limits, and what makes room
libzgrid_core_la_SOURCES += \
    src/core/evict/ages.c src/core/evict/ages.h \
    src/core/evict/evictor.c src/core/evict/evictor.h \
    src/core/evict/evictor_draw.c \
    src/core/evict/fifo.c src/core/evict/fifo.h \
    src/core/evict/ghost.c src/core/evict/ghost.h
