#!/usr/bin/python3 -B
"""check_cluster_failover: a member is killed: how long until every partition serves again, for the profiles lan and
fast, and for the coordinator and others. The figures are printed; here they must only be sane. bench/failover takes
them on a quiet machine.

SPDX-License-Identifier: MPL-2.0
"""
import sys
import time

from cluster import LEASE_MS, SANITIZED, Cluster, check, main, rounds, say

LIMITS = {("lan", False): 2500, ("lan", True): 4000, ("fast", False): 1000, ("fast", True): 1600}
SANE = 4  # Times the limit, on a machine that does other things


def limit_of(profile, was, strict):
    """Sanitized members have one lease, which is several times that of the profile lan."""
    if SANITIZED:
        return LIMITS["lan", was] * LEASE_MS // 1000 * 2
    return LIMITS[profile, was] * (1 if strict else SANE)


def measure(profile, count, partitions):
    """Milliseconds until all serve again: lists, by whether it was the coordinator."""
    figures = {False: [], True: []}
    with Cluster(copies=2, profile=profile, partitions=partitions) as cluster:
        cluster.up(5)
        watch = cluster.load("--watch", "--keys", str(partitions), "--timeout", "20000")
        load = cluster.load("--think", "20")
        for number in range(2 * count):
            coordinator = cluster.coordinator()
            was = number % 2 == 1
            victim = coordinator if was else next(node for node in cluster.serving() if node is not coordinator)
            moment = time.monotonic()
            victim.kill()
            report = watch.mark(moment)
            say("%s, %s killed: %s" % (profile, "coordinator" if was else "member", report))
            check(report["failures"] == 0, "a client saw a failure: %s" % report)
            figures[was].append(report["served_again_ms"])
            cluster.wait_healed(4)
            cluster.start(victim.name)
            victim.ready()
            cluster.wait_safe(5)
        watch.finish()
        load.finish()
    return figures


def scenario():
    count, texts, strict = rounds(1), [], "--strict" in sys.argv
    partitions = 271 if strict else 32
    for profile in ("lan", "fast"):
        figures = measure(profile, count, partitions)
        for was, times in figures.items():
            limit = LIMITS[profile, was]
            texts.append("%s, %s: %s ms (target %d)" % (profile, "coordinator" if was else "member",
                                                        " ".join(map(str, times)), limit))
            check(max(times) <= limit_of(profile, was, strict), "too slow: %s" % texts[-1])
    return "; ".join(texts)


main("failover times", scenario)
