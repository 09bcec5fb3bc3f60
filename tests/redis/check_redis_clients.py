#!/usr/bin/python3 -B
"""check_redis_clients: redis-cli, redis-benchmark and redis-py at a node, and at three: by one address, and as clients
of a cluster. One of the three is killed under load, comes back, and leaves: clients go on by themselves, and nothing
that was acknowledged is lost.

SPDX-License-Identifier: MPL-2.0
"""
import importlib.util
import json
import os

import servers
from servers import HERE, Grid, Load, check, run, say, wait

SCRIPT = ["/usr/bin/python3", "-B", os.path.join(HERE, "redis_py_script.py")]


def cli(address, *words):
    return run(["redis-cli", "-h", address[0], "-p", str(address[1]), *words]).strip()


def benchmark(address, *flags):
    text = run(["redis-benchmark", "-h", address[0], "-p", str(address[1]), "-q", "-n", "3000", "-r", "1000", *flags])
    check("rror" not in text, "redis-benchmark: %s" % text)


def script(kind, address):
    text = run([*SCRIPT, kind, "%s:%d" % address])
    check(text.strip().endswith("done"), "redis-py: %s" % text)


def load(kind, address):
    """Keys of four threads of redis-py."""
    return Load([*SCRIPT, kind, "%s:%d" % address, "load"])


def one():
    with servers.one_node() as grid:
        grid.up()
        check(cli(grid.address, "set", "a", "1") == "OK" and cli(grid.address, "incr", "a") == "2", "redis-cli")
        check(cli(grid.address, "get", "a") == "2", "redis-cli")
        check("zgrid_version" in cli(grid.address, "-3", "info", "server"), "redis-cli -3")
        benchmark(grid.address, "-t", "ping,set,get,incr,mset")
        benchmark(grid.address, "-t", "set,get", "-P", "16")
        script("one", grid.address)


def three():
    with Grid(copies=2) as grid:
        grid.up(3)
        grid.wait_safe(3)
        names = sorted(grid.addresses)
        first, last = grid.addresses[names[0]], grid.addresses[names[2]]
        script("one", last)
        script("cluster", first)
        check(cli(last, "-c", "set", "far", "away") == "OK" and cli(first, "-c", "get", "far") == "away", "redis-cli -c")
        benchmark(first, "-t", "set,get", "--cluster")
        with load("one", first) as plain, load("cluster", first) as cluster:
            victim = grid.nodes[names[1]]
            wait("some writes", lambda: int(cli(first, "dbsize")) > 600, 30)
            say("kill -9 %s" % victim.name)
            victim.kill()
            grid.wait_healed(2, 120)
            check(grid.start(victim.name).ready(), "%s does not come back" % victim.name)
            grid.wait_safe(3, 120)
            say("%s leaves" % victim.name)
            check(victim.leave() == 0, "%s does not leave" % victim.name)
            grid.wait_safe(2, 120)
            found = [plain.finish(), cluster.finish()]
    return found


def scenario():
    servers.need("redis-cli", "redis-benchmark")
    if not importlib.util.find_spec("redis"):
        servers.absent("python3-redis")
    one()
    return json.dumps(three())


servers.cluster.main("redis clients", scenario)
