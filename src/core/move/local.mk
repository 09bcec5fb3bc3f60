#  SPDX-License-Identifier: MPL-2.0
#  Moves: their states, their pace, and what stands in front of their batches
libzgrid_core_la_SOURCES += \
    src/core/move/batch.c src/core/move/batch.h \
    src/core/move/rate.c src/core/move/rate.h \
    src/core/move/move.c src/core/move/move.h src/core/move/move_state.def
