#!/usr/bin/python3 -B
"""check_cluster_kill: 5 members, 2 copies; kill -9 of one at a time under load, each followed by healing, voters
included. No acknowledged write is lost, every answer can be explained.

SPDX-License-Identifier: MPL-2.0
"""
import random

from cluster import Cluster, main, rounds, say


def scenario():
    count = rounds(3)
    dice = random.Random()
    with Cluster(copies=2) as cluster:
        cluster.up(5)
        load = cluster.load()
        for number in range(count):
            #  Coordinators, voters and primaries in turn with anybody
            victim = cluster.coordinator() if number % 3 == 0 else dice.choice(cluster.serving())
            say("round %d: kill -9 %s" % (number + 1, victim.name))
            victim.kill()
            cluster.wait_healed(4)
            say("healed with 4")
            cluster.start(victim.name)
            victim.ready()
            cluster.wait_safe(5)
            say("healed with 5")
        report = load.finish()
    return "%d rounds, %d operations, slowest %.0f ms, longest gap %d ms" % (
        count, report["operations"], report["slowest_ms"], report["longest_gap_ms"])


main("kill -9, one at a time", scenario)
