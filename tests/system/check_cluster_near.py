#!/usr/bin/python3 -B
"""check_cluster_near: near caches while owners are killed, stopped for three leases, and come back: nothing is read
that is older than the stated time. What the owners cannot tell any more, nobody relies on.

SPDX-License-Identifier: MPL-2.0
"""
import json
import os
import subprocess
import time

from cluster import BUILD, PATIENCE, Cluster, check, main, rounds, say


def pause(cluster, victim, seconds):
    """A pause cannot be waited for otherwise: it is the fault itself."""
    victim.pause()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        cluster.newest()
        time.sleep(0.05)
    victim.resume()


def scenario():
    with Cluster(copies=2, partitions=64) as cluster:
        cluster.up(3)
        command = [os.path.join(BUILD, "tests", "system", "near"), "-s", cluster.endpoints]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as near:
            try:
                check(near.stdout.readline() == b"begun\n", "near does not begin")
                for number in range(rounds(1)):
                    victim = cluster.primary(b"near-%d" % number)
                    say("round %d: kill -9 %s" % (number + 1, victim.name))
                    victim.kill()
                    cluster.wait_healed(2, 120)
                    check(cluster.start(victim.name).ready(), "%s does not come back" % victim.name)
                    cluster.wait_safe(3, 120)
                    victim = cluster.primary(b"near-%d" % (number + 7))
                    say("SIGSTOP of %s" % victim.name)
                    pause(cluster, victim, 3 * cluster.lease)
                    cluster.wait_safe(3, 120)
                near.stdin.close()
                result = json.loads(near.stdout.readline())
                near.wait(60 * PATIENCE)
                check(near.returncode == 0 and result["old"] == 0, "near: %s" % result)
                check(result["invalidations"] > 0, "nobody was told of a change: %s" % result)
                check(result["refused"] == 0, "refused: %s" % result)
            finally:
                near.kill()
    return json.dumps(result)


main("near caches while owners fail", scenario)
