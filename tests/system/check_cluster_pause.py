#!/usr/bin/python3 -B
"""check_cluster_pause: SIGSTOP of a primary, then of the coordinator, for three leases, then SIGCONT, under load.
Nothing stale is read, nothing is lost, and the one that was stopped comes back by itself.

SPDX-License-Identifier: MPL-2.0
"""
import time

from cluster import Cluster, check, main, rounds, say


def pause(cluster, victim, seconds):
    """A pause cannot be waited for otherwise: it is the fault itself."""
    victim.pause()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        #  The others go on; somebody asks them all the time
        cluster.newest()
        time.sleep(0.05)
    victim.resume()


def scenario():
    count = rounds(2)
    with Cluster(copies=2) as cluster:
        cluster.up(5)
        load = cluster.load()
        for number in range(count):
            for role in ("primary", "coordinator"):
                coordinator = cluster.coordinator()
                victim = coordinator if role == "coordinator" else cluster.primary(b"h%d" % number)
                if role == "primary" and victim is coordinator:
                    victim = next(node for node in cluster.living if node is not coordinator)
                say("round %d: SIGSTOP of %s, %s" % (number + 1, role, victim.name))
                pid = victim.process.pid
                pause(cluster, victim, 3 * cluster.lease)
                cluster.wait_safe(5)
                check(victim.alive and victim.process.pid == pid, "%s did not come back by itself" % victim.name)
                say("healed")
        report = load.finish()
    return "%d rounds, %d operations, slowest %.0f ms" % (count, report["operations"], report["slowest_ms"])


main("SIGSTOP for three leases", scenario)
