#!/usr/bin/python3 -B
"""check_cluster_start: five members that are started at once become one cluster; each is restarted in turn under load,
when `zgrid safe` says yes; one that is killed and started again before anybody misses it, with the same name and port,
is a new member without a claim to any data; a member of twice the weight gets twice as much.

SPDX-License-Identifier: MPL-2.0
"""
import os
import subprocess
import time

from cluster import BUILD, Cluster, check, main, rounds, say, wait


def tool_says_safe(cluster):
    """As an operator asks."""
    command = [os.path.join(BUILD, "zgrid"), "-s", cluster.endpoints, "safe"]
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def rolling(cluster):
    for name in sorted(cluster.nodes):
        node = cluster.nodes[name]
        wait("zgrid safe says yes", lambda: tool_says_safe(cluster), 60)
        cluster.wait_safe(5)
        code = node.leave()
        check(code == 0, "%s ended with %d" % (name, code))
        say("%s left" % name)
        cluster.start(name)
        node.ready()
        cluster.wait_safe(5)
        say("%s is back" % name)


def again(cluster):
    victim = cluster.primary(b"restart")
    before = {member["id"] for member in cluster.newest()["members"] if member["name"] == victim.name}
    moment = time.monotonic()
    victim.kill()
    cluster.start(victim.name)
    took = time.monotonic() - moment
    victim.ready()
    state = cluster.wait_safe(5)
    say("%s was started again after %.0f ms" % (victim.name, took * 1000))
    #  Before anybody misses it
    check(took < cluster.lease / 2, "the machine is too slow: %.0f ms" % (took * 1000))
    now = {member["id"] for member in state["members"] if member["name"] == victim.name and member["status"] == "UP"}
    check(len(now) == 1 and not now & before, "%s is not a new member: %s, %s" % (victim.name, before, now))


def heavier(cluster):
    """A member of twice the weight gets twice the copies and primaries."""
    cluster.add("n6")
    cluster.start("n6", "--weight", "200")
    cluster.nodes["n6"].ready()

    def even():
        state = cluster.settled(6, None, True)
        if not state:
            return None
        counts = {member["name"]: (member["copies"], member["primaries"]) for member in state["members"]}
        #  64 copies and 32 primaries, of which two sevenths are 18.3 and 9.1, one seventh 9.1 and 4.6
        large = counts.pop("n6")
        fits = large[0] in (18, 19) and large[1] in (9, 10)
        return fits and all(few[0] in (9, 10) and few[1] in (4, 5) for few in counts.values())
    wait("n6 has twice as much as others", even, 60)
    say("a member of weight 200 has twice as much as others")


def scenario():
    with Cluster(copies=2) as cluster:
        cluster.up(5)
        clusters = {cluster.state(node)["cluster"] for node in cluster.living}
        check(len(clusters) == 1, "there are several clusters: %s" % clusters)
        state = cluster.newest()
        check(len(state["members"]) == 5 and len(state["voters"]) == 5, "members or voters are missing: %s" % state)
        say("one cluster of five")
        load = cluster.load()
        for _ in range(rounds(1)):
            rolling(cluster)
            again(cluster)
        heavier(cluster)
        report = load.finish()
    return "rolling restart of five; %d operations, slowest %.0f ms" % (report["operations"], report["slowest_ms"])


main("start, rolling restart, restart at once", scenario)
