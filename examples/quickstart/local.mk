#  SPDX-License-Identifier: MPL-2.0
#  The main job of ./quickstart
check_PROGRAMS += examples/quickstart/names
examples_quickstart_names_CPPFLAGS = $(USER_CPPFLAGS)
examples_quickstart_names_LDADD = libzgrid.la
examples_quickstart_names_SOURCES = examples/quickstart/names.c examples/quickstart/data.c examples/quickstart/data.h

dist_check_SCRIPTS += examples/quickstart/names.py examples/quickstart/check_names.sh
TESTS += examples/quickstart/check_names.sh
