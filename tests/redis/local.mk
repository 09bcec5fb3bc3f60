#  SPDX-License-Identifier: MPL-2.0
#  Clients of Redis at the gateway; skipped where there is no redis-server, or not that client
EXTRA_DIST += tests/redis/servers.py tests/redis/transcript.py tests/redis/wire.py tests/redis/redis_py_script.py \
    tests/redis/scripts.py tests/redis/node/package.json tests/redis/node/package-lock.json \
    tests/redis/node/install.sh tests/redis/node/script.js tests/redis/node/ioredis_script.js \
    tests/redis/node/node_redis_script.js tests/redis/go/go.mod \
    tests/redis/go/go.sum tests/redis/go/main.go tests/redis/go/load.go tests/redis/lines
REDIS_TESTS = tests/redis/check_redis_lines.py tests/redis/check_redis_clients.py tests/redis/check_redis_hiredis.py \
    tests/redis/check_redis_ioredis.py tests/redis/check_redis_node_redis.py tests/redis/check_redis_go.py \
    tests/redis/check_redis_load.py
dist_check_SCRIPTS += $(REDIS_TESTS)
TESTS += $(REDIS_TESTS)

if HAVE_HIREDIS
check_PROGRAMS += tests/redis/hiredis_script
endif
tests_redis_hiredis_script_SOURCES = tests/redis/hiredis_script.c
tests_redis_hiredis_script_CPPFLAGS = $(HIREDIS_CFLAGS)
tests_redis_hiredis_script_LDADD = $(HIREDIS_LIBS)

check-redis: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(REDIS_TESTS)'
#  From the registry of npm, by package-lock.json
redis-clients:
	$(SHELL) $(srcdir)/tests/redis/node/install.sh '$(abs_top_builddir)/redis-clients'
clean-local:
	rm -rf '$(abs_top_builddir)/redis-clients' '$(abs_top_builddir)/redis-go'
.PHONY: check-redis redis-clients
