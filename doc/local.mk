#  SPDX-License-Identifier: MPL-2.0
#  Documents with generated parts: tests/system/check_docs.sh compares them, `make doc` rewrites them
DOC_TABLES = doc/consistency.md doc/protocol.md doc/redis.md doc/settings.md doc/statistics.md

check_PROGRAMS += tools/print-tables
tools_print_tables_CPPFLAGS = $(CORE_CPPFLAGS)
tools_print_tables_SOURCES = tools/print-tables.c tools/print-commands.c tools/print-commands.h
tools_print_tables_LDADD = libzgrid-core.la

EXTRA_DIST += $(DOC_TABLES)

.PHONY: doc
doc: tools/print-tables
	@for file in $(DOC_TABLES); do \
	    tools/print-tables "$(srcdir)/$$file" > doc.made || exit 1; \
	    cmp -s doc.made "$(srcdir)/$$file" || { cp doc.made "$(srcdir)/$$file" && echo "  DOC      $$file"; }; \
	done; rm -f doc.made

dist_man_MANS += doc/man/zgridd.8 doc/man/zgrid.1 doc/man/zgrid.conf.5
dist_man_MANS += doc/man/zgrid-bench.1
EXTRA_DIST += doc/benchmarks.md
