#!/usr/bin/python3 -B
"""check_cluster_kill_two: 5 members, 3 copies; two are killed at once under load. No acknowledged write is lost,
every answer can be explained.

SPDX-License-Identifier: MPL-2.0
"""
import random

from cluster import Cluster, main, rounds, say


def scenario():
    count = rounds(2)
    dice = random.Random()
    with Cluster(copies=3) as cluster:
        cluster.up(5)
        load = cluster.load()
        for number in range(count):
            coordinator = cluster.coordinator()
            others = [node for node in cluster.serving() if node is not coordinator]
            victims = dice.sample(others, 2) if number % 2 else [coordinator, dice.choice(others)]
            say("round %d: kill -9 %s" % (number + 1, " ".join(victim.name for victim in victims)))
            for victim in victims:
                victim.kill()
            cluster.wait_healed(3)
            say("healed with 3")
            for victim in victims:
                cluster.start(victim.name)
            for victim in victims:
                victim.ready()
            cluster.wait_safe(5)
            say("healed with 5")
        report = load.finish()
    return "%d rounds, %d operations, slowest %.0f ms" % (count, report["operations"], report["slowest_ms"])


main("kill -9, two at once of 5 with 3 copies", scenario)
