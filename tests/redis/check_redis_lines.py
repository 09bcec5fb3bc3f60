#!/usr/bin/python3 -B
"""check_redis_lines: what redis-server answers to the lines in lines/, the gateway answers too, byte by byte, in both
protocols. By hand: HOST:PORT of a gateway, or the word redis, as argument; LINES=name for one file.

SPDX-License-Identifier: MPL-2.0
"""
import glob
import os
import sys

import servers
import transcript


def differences_at(redis, gateway):
    wanted = os.environ.get("LINES", "")
    found, count = [], 0
    for path in sorted(glob.glob(os.path.join(servers.HERE, "lines", "*.txt"))):
        if wanted not in path:
            continue
        for protocol in (2, 3):
            try:
                differences, lines = transcript.play(path, redis, gateway, protocol)
            except (OSError, transcript.Closed, AssertionError) as fault:
                differences, lines = ["%s RESP%d: %r" % (os.path.basename(path), protocol, fault)], 0
            found += differences
            count += lines
    servers.check(count > 0, "there are no lines")
    servers.check(not found, "%d of %d lines differ:\n%s" % (len(found), count, "\n".join(found)))
    return "%d lines, the same replies" % count


def scenario():
    with servers.Redis() as redis:
        if sys.argv[1:] == ["redis"]:
            #  The lines themselves: two servers of one kind must say the same
            with servers.Redis() as other:
                return differences_at(redis.address, other.address)
        if len(sys.argv) > 1:
            host, port = sys.argv[1].rsplit(":", 1)
            return differences_at(redis.address, (host, int(port)))
        with servers.one_node() as grid:
            grid.up()
            return differences_at(redis.address, grid.address)


servers.cluster.main("redis lines", scenario)
