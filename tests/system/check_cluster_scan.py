#!/usr/bin/python3 -B
"""check_cluster_scan: scans in small pages, one after the other, while a member joins, one leaves, and two are killed
with kill -9: each scan that comes to its end has told every key that was there all the time, whatever happened on
its way. ENTRIES=n: so many.

SPDX-License-Identifier: MPL-2.0
"""
import os

from cluster import SANITIZED, Cluster, check, main, rounds, say

ENTRIES = int(os.environ.get("ENTRIES", "0")) or (5000 if SANITIZED else 20000)


def scenario():
    with Cluster(copies=2, partitions=64) as cluster:
        cluster.up(3)
        entries = cluster.entries("--entries", str(ENTRIES), "--rate", "50", "--page", "50", "--parallel", "4")
        last = entries.report()["scans"]

        def scanned(text):
            nonlocal last
            report = entries.report()
            check(report["scans"] > last, "no scan has come to its end: %s" % text)
            check(report["missing"] == 0, "%s: %s" % (text, entries.complaints()))
            say("%s: %d scans" % (text, report["scans"] - last))
            last = report["scans"]

        cluster.add("n4")
        cluster.start("n4")
        cluster.nodes["n4"].ready()
        cluster.wait_safe(4, 120)
        scanned("a member joined")
        check(cluster.nodes["n1"].leave(120) == 0, "n1 does not leave in good order")
        cluster.wait_safe(3, 120)
        scanned("a member left")
        for number in range(2 * rounds(1)):
            victim = cluster.coordinator() if number % 2 else cluster.serving()[0]
            victim.kill()
            cluster.wait_healed(2, 120)
            scanned("kill -9 %s" % victim.name)
            cluster.start(victim.name)
            victim.ready()
            cluster.wait_safe(3, 120)
        found = entries.finish()
    return "%d scans of %d entries" % (found["scans"], ENTRIES)


main("scans while members come, go and fail", scenario)
