#!/usr/bin/python3 -B
"""check_redis_node_redis: node-redis, its createClient and its createCluster, at a node that asks for a password, and at
three, of which one is killed under load.

SPDX-License-Identifier: MPL-2.0
"""
import scripts
import servers


def scenario():
    script = scripts.of_node("redis", "node_redis_script.js")
    script.one()
    #  It asks for the table again when it is told MOVED, not when a node is gone: commands wait until it is back
    return script.three(meanwhile=False)


servers.cluster.main("node-redis", scenario)
