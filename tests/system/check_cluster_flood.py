#!/usr/bin/python3 -B
"""check_cluster_flood: clients send as fast as they can for many leases, and no lease is missed: nobody is suspected,
nobody is elected, no partition changes hands.

SPDX-License-Identifier: MPL-2.0
"""
import os
import subprocess
import time

from cluster import BUILD, Cluster, check, main, rounds, say


def flood(cluster, number):
    command = [os.path.join(BUILD, "zgrid-bench"), "-s", cluster.endpoints, "--json", "--mix", "put", "--window", "4096",
               "--batch", "64", "--keys", "20000", "--seconds", str(max(6, 6 * cluster.lease))]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def sums(cluster):
    """What must not have happened, over all members; and the view."""
    states = [cluster.state(node) for node in cluster.living]
    check(all(states), "somebody does not answer: %s" % cluster.describe())
    names = ("suspects", "elections", "failovers", "removals", "voter_swaps")
    return {name: sum(state["counters"][name] for state in states) for name in names}


def scenario():
    with Cluster(copies=2) as cluster:
        cluster.up(3)
        for number in range(rounds(1)):
            before = sums(cluster)
            floods = [flood(cluster, one) for one in range(3)]
            least = cluster.lease * 1000
            while any(one.poll() is None for one in floods):
                for node in cluster.living:
                    state = cluster.state(node)
                    check(state is not None, "%s does not answer in the flood" % node.name)
                    check(state["ready"], "%s lost its lease in the flood" % node.name)
                    least = min(least, state["lease_ms"])
                time.sleep(0.1)
            texts = [one.communicate()[0] for one in floods]
            check(all(one.returncode == 0 for one in floods), "zgrid-bench failed: %s" % texts)
            after = sums(cluster)
            say("round %d: least lease left %d ms; %s" % (number + 1, least, after))
            check(after == before, "the flood had consequences: %s, then %s" % (before, after))
    return "the shortest lease seen had %d ms left" % least


main("a flood of clients", scenario)
