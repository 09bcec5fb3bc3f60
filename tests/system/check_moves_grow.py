#!/usr/bin/python3 -B
"""check_moves_grow: 1 member becomes 3, then 5, then 3, then 1, and the entries move along, with 2 copies and again
with 1, while all of them are read, scanned, and some are changed by clients whose histories are judged. None is ever
missing, from GET or from SCAN; every answer can be explained. ENTRIES=n: so many.

SPDX-License-Identifier: MPL-2.0
"""
import os
import time

from cluster import SANITIZED, Cluster, check, main, say

ENTRIES = int(os.environ.get("ENTRIES", "0")) or (20000 if SANITIZED else 100000)


def grow(copies):
    with Cluster(copies=copies, partitions=64) as cluster:
        cluster.up(1)
        entries = cluster.entries("--entries", str(ENTRIES), "--rate", "200")
        load = cluster.load("--clients", "4")

        def settled(members, text, began):
            cluster.wait_safe(members, 120)
            say("%s: %.1f s, %s" % (text, time.monotonic() - began, entries.report()))

        for names in (("n2", "n3"), ("n4", "n5")):
            began = time.monotonic()
            cluster.add(*names)
            for name in names:
                cluster.start(name)
            for name in names:
                cluster.nodes[name].ready()
            settled(len(cluster.nodes), "%d members" % len(cluster.nodes), began)
        for members, names in ((3, ("n1", "n5")), (1, ("n2", "n4"))):
            began = time.monotonic()
            for name in names:
                check(cluster.nodes[name].leave(120) == 0, "%s does not leave in good order" % name)
            settled(members, "%d members" % members, began)
        report = load.finish()
        found = entries.finish()
        check(found["scans"] > 0 and found["sweeps"] > 0, "nothing was looked at")
    return "%d copies: %d entries, %d reads, %d scans, %d judged operations" % (
        copies, ENTRIES, found["reads"], found["scans"], report["operations"])


def scenario():
    return "; ".join([grow(2), grow(1)])


main("growing and shrinking", scenario, 400)
