#  SPDX-License-Identifier: MPL-2.0
#  Unit tests see the core alone; the other kinds see the library.
UNIT_CPPFLAGS = -I$(top_srcdir)/tests $(CORE_CPPFLAGS) $(CHECK_CFLAGS)
UNIT_LIBS = libzgrid-core.la $(CHECK_LIBS)
ACTOR_CPPFLAGS = -I$(top_srcdir)/tests $(NODE_CPPFLAGS) $(CHECK_CFLAGS)
#  The objects of the library, with their hidden symbols
ACTOR_LIBS = libzgrid-inner.la $(CHECK_LIBS)

TEST_MAIN = tests/lib/main.c tests/lib/test.h tests/lib/block.h

if HAVE_CHECK
include tests/unit/local.mk
include tests/unit/cluster.mk
include tests/unit/evict.mk
include tests/unit/pubsub.mk
include tests/unit/gateway.mk
include tests/unit/replica.mk
include tests/actor/local.mk
include tests/conformance/local.mk
endif
include tests/system/local.mk
include tests/interop/local.mk
include tests/fuzz/local.mk
include tests/redis/local.mk
include tests/regress/local.mk
include tests/sim/local.mk
