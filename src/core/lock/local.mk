#  SPDX-License-Identifier: MPL-2.0
#  Locks of a partition
libzgrid_core_la_SOURCES += \
    src/core/lock/lock.h src/core/lock/lock_change.h
