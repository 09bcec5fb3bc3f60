#  SPDX-License-Identifier: MPL-2.0
#  One block for each fault worth remembering; they see the core alone unless they say otherwise.
if HAVE_CHECK
check_PROGRAMS += tests/regress/scan_order
TESTS += tests/regress/scan_order
tests_regress_scan_order_SOURCES = tests/regress/scan_order.c $(TEST_MAIN)
tests_regress_scan_order_CPPFLAGS = $(UNIT_CPPFLAGS)
tests_regress_scan_order_LDADD = $(UNIT_LIBS)
endif
