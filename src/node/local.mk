#  SPDX-License-Identifier: MPL-2.0
libzgrid_inner_la_SOURCES += \
    src/node/text.c src/node/text.h \
    src/node/settings.c src/node/settings.h src/node/settings_impl.h src/node/settings_assign.c \
    src/node/settings_check.c src/node/settings_file.c src/node/settings_print.c \
    src/node/log.c src/node/log.h
