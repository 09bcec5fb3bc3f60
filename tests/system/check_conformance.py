#!/usr/bin/python3 -B
"""check_conformance: every line of tests/conformance that does not need members to stay, again and again, while
members join, leave, are killed and come back; with 2 copies, straight to the owners and through a router.

SPDX-License-Identifier: MPL-2.0
"""
import os
import subprocess

from cluster import BUILD, PATIENCE, Cluster, check, main, rounds, say


class Lines:
    """The program at work."""

    def __init__(self, cluster):
        self.log = os.path.join(cluster.folder, "lines.log")
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "tests", "conformance", "conformance"),
                                             "--endpoints", cluster.endpoints], stdin=subprocess.PIPE, stdout=log,
                                            stderr=log)

    def said(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return log.read()

    def rounds(self):
        check(self.process.poll() is None, "the program has ended")
        return self.said().count("round ")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def finish(self):
        self.process.stdin.close()
        self.process.wait(120 * PATIENCE)
        check(self.process.returncode == 0, self.said())
        return self.said().splitlines()[-1]


def come_and_go(cluster, joins, leaves):
    cluster.start(joins)
    cluster.nodes[joins].ready()
    cluster.wait_safe(4)
    check(cluster.nodes[leaves].leave() == 0, "%s does not leave in good order" % leaves)
    cluster.wait_safe(3)
    victim = cluster.coordinator()
    victim.kill()
    cluster.wait_healed(2)
    cluster.start(victim.name)
    victim.ready()
    cluster.wait_safe(3)
    say("%s has joined, %s has left, %s was killed and is back" % (joins, leaves, victim.name))


def scenario():
    turns = 0
    with Cluster(copies=2, partitions=64, sets={"cluster.move_rate": 0}) as cluster:
        cluster.up(3)
        cluster.add("n4")
        lines = Lines(cluster)
        cluster.loads.append(lines)
        names = ["n4", "n1", "n2", "n3"]
        while lines.rounds() < rounds(1):
            come_and_go(cluster, names[turns % 4], names[(turns + 1) % 4])
            turns += 1
        last = lines.finish()
    return "%d turns; %s" % (turns, last)


main("lines of conformance while members come and go", scenario, 300)
