#  SPDX-License-Identifier: MPL-2.0
#  Clients of Redis at the gateway. Not part of check: redis-server must be installed; see README.md
EXTRA_DIST += tests/redis/check_redis_lines.py tests/redis/servers.py tests/redis/transcript.py tests/redis/wire.py \
    tests/redis/redis_py_script.py tests/redis/hiredis_script.c tests/redis/node/package.json \
    tests/redis/node/package-lock.json tests/redis/node/redis_script.js $(REDIS_LINES)
REDIS_LINES = $(wildcard $(srcdir)/tests/redis/lines/*.txt)
check-redis: all
	ZGRID_BUILD='$(abs_top_builddir)' ZGRID_SOURCE='$(abs_top_srcdir)' ZG_SANITIZER='$(ZG_SANITIZER)' \
	    /usr/bin/python3 -B $(srcdir)/tests/redis/check_redis_lines.py
.PHONY: check-redis
