#!/usr/bin/python3 -B
"""check_redis_ioredis: ioredis and ioredis.Cluster at a node that asks for a password, and at three, of which one is killed
under load.

SPDX-License-Identifier: MPL-2.0
"""
import scripts
import servers


def scenario():
    script = scripts.of_node("ioredis", "ioredis_script.js")
    script.one()
    return script.three()


servers.cluster.main("ioredis", scenario)
