#!/usr/bin/python3 -B
"""check_redis_hiredis: a program in C that uses hiredis, at a node that asks for a password, and at each of three.

SPDX-License-Identifier: MPL-2.0
"""
import os

import servers
from servers import BUILD, Grid, check, run

SCRIPT = os.path.join(BUILD, "tests", "redis", "hiredis_script")
PASSWORD = "a password"


def script(address, *password):
    text = run([SCRIPT, address[0], str(address[1]), *password])
    check(text.endswith("done\n"), "hiredis: %s" % text)


def scenario():
    if not os.path.exists(SCRIPT):
        servers.absent("hiredis")
    with servers.one_node(**{"gateway.password": PASSWORD}) as grid:
        grid.up()
        script(grid.address, PASSWORD)
    with Grid(copies=2) as grid:
        grid.up(3)
        for address in grid.addresses.values():
            script(address)


servers.cluster.main("hiredis", scenario)
