#!/usr/bin/python3 -B
"""check_moves_kill: while partitions move to a member that joins: kill -9 of a source, the target, or the coordinator.
Nothing that was acknowledged is lost, every entry is always found, and the moves are done again until all is even.
ROUNDS=n: so many rounds.

SPDX-License-Identifier: MPL-2.0
"""
import random

from cluster import SANITIZED, Cluster, check, main, rounds, say, wait

ENTRIES = 10000 if SANITIZED else 60000


def victim_of(cluster, role):
    """A living node that plays this role in a move under way, or None."""
    moving = cluster.moving()
    if not moving:
        return None
    row = random.choice(moving)
    if role == "coordinator":
        return cluster.coordinator()
    return cluster.nodes.get(row[2] if role == "source" else row[4])


def scenario():
    count = rounds(1 if SANITIZED else 3)
    first = random.randrange(3)
    with Cluster(copies=2, partitions=64, sets={"cluster.move_rate": 300000}) as cluster:
        cluster.up(4)
        cluster.add("n5")
        entries = cluster.entries("--entries", str(ENTRIES), "--rate", "200")
        load = cluster.load("--clients", "4")
        for number in range(count):
            role = ("source", "target", "coordinator")[(first + number) % 3]
            #  The one that is not there comes; what moves to it is disturbed
            cluster.start("n5").ready()
            victim = wait("a move with a %s" % role, lambda: victim_of(cluster, role), 30)
            say("round %d: kill -9 %s, the %s" % (number + 1, victim.name, role))
            victim.kill()
            cluster.wait_healed(4, 120)
            check(cluster.start(victim.name).ready(), "%s does not come back" % victim.name)
            cluster.wait_safe(5, 120)
            check(cluster.nodes["n5"].leave(120) == 0, "n5 does not leave in good order")
            cluster.wait_safe(4, 120)
            say(entries.report())
        report = load.finish()
        found = entries.finish()
    return "%d rounds, %d reads, %d scans, %d judged operations, longest gap %d ms" % (
        count, found["reads"], found["scans"], report["operations"], report["longest_gap_ms"])


main("kill -9 in the middle of moves", scenario, 400)
