#!/usr/bin/python3 -B
"""check_redis_go: go-redis at a node that asks for a password, and at three, of which one is killed under load.

SPDX-License-Identifier: MPL-2.0
"""
import scripts
import servers


def scenario():
    script = scripts.of_go()
    script.one()
    return script.three()


servers.cluster.main("go-redis", scenario)
