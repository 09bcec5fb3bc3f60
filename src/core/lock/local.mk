#  SPDX-License-Identifier: MPL-2.0
#  Locks of a partition
libzgrid_core_la_SOURCES += \
    src/core/lock/lock.c src/core/lock/lock.h src/core/lock/lock_change.c src/core/lock/lock_change.h \
    src/core/lock/lock_code.c src/core/lock/lock_heap.c src/core/lock/lock_impl.h \
    src/core/lock/parked.c src/core/lock/parked.h
