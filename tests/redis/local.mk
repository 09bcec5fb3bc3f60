#  SPDX-License-Identifier: MPL-2.0
#  Clients of Redis at the gateway; skipped where there is no redis-server
EXTRA_DIST += tests/redis/servers.py tests/redis/transcript.py tests/redis/wire.py tests/redis/redis_py_script.py \
    tests/redis/hiredis_script.c tests/redis/node/package.json tests/redis/node/package-lock.json \
    tests/redis/node/redis_script.js tests/redis/lines
REDIS_TESTS = tests/redis/check_redis_lines.py tests/redis/check_redis_clients.py
dist_check_SCRIPTS += $(REDIS_TESTS)
TESTS += $(REDIS_TESTS)

check-redis: all
	$(MAKE) $(AM_MAKEFLAGS) check TESTS='$(REDIS_TESTS)'
.PHONY: check-redis
