#!/usr/bin/python3 -B
"""check_cluster_cuts: members are cut off from each other under load: one, a minority, one way, the coordinator from a
primary. The minority refuses, the majority serves, all heal. Clients reach everybody all the time.

SPDX-License-Identifier: MPL-2.0
"""
import net

net.enter()

from cluster import Cluster, check, main, rounds, say, wait, zgp  # noqa: E402

LEASES = 4  # How long a cut lasts


def refuses(node):
    """A node without a majority neither reads nor writes, and says so; whatever it holds."""
    state = node.state()
    check(state and not state["ready"], "%s says that it is ready without a majority" % node.name)
    refusals = (zgp.UNAVAILABLE, zgp.TRYAGAIN, zgp.MOVED, zgp.TIMEOUT)
    for op, value in (("GET", None), ("PUT", b"x")):
        with zgp.Peer(node.cluster.context, node.endpoint) as peer:
            for key in range(16):
                reply = peer.ask(op, "cut", b"k%d" % key, value, {"deadline": 300, "fwd": True})
                check(reply.status in refusals or (reply.status == zgp.MAYBE and op == "PUT"),
                      "%s answers %r to %s without a majority" % (node.name, reply, op))


def hold(cluster, minority):
    """Until the majority has healed without the minority, and the minority refuses."""
    majority = [node for node in cluster.living if node not in minority]
    cluster.wait_healed(len(majority), among=majority)
    for node in minority:
        wait("%s gives up its lease" % node.name, lambda: not (node.state() or {"ready": True})["ready"], 10)
        refuses(node)
    for node in majority:
        state = node.state()
        check(state["ready"], "%s of the majority is not ready" % node.name)


def pick(cluster, members, *, coordinator):
    """So many members, with the coordinator or without it."""
    first = cluster.coordinator()
    others = [node for node in cluster.living if node is not first]
    return [first] + others[:members - 1] if coordinator else others[:members]


def scenario():
    count = rounds(1)
    said = []
    with net.make() as network, Cluster(copies=2, net=network) as cluster:
        cluster.up(5)
        pids = {node.name: node.process.pid for node in cluster.living}
        load = cluster.load("--think", "20")
        for number in range(count):
            for members, coordinator in ((1, number % 2 == 0), (2, number % 2 == 1)):
                #  Of two members each holds the other's copies: with two copies that would be a loss, so a minority
                #  of two is cut while there are three
                if members == 2:
                    cluster.admin("set", "copies", "3")
                    cluster.wait_safe(5)
                minority = pick(cluster, members, coordinator=coordinator)
                names = [node.name for node in minority]
                say("cut off: %s" % " ".join(names))
                network.cut(names, [name for name in cluster.nodes if name not in names])
                hold(cluster, minority)
                network.heal()
                cluster.wait_safe(5)
                said.append("minority of %d" % members)
            cluster.admin("set", "copies", "2")
            cluster.wait_safe(5)
            for one_way in (True, False):
                first = cluster.coordinator()
                other = next(node for node in cluster.living if node is not first)
                sender, receiver = (first, other) if number % 2 else (other, first)
                say("cut %s: %s, %s" % ("one way" if one_way else "between two", sender.name, receiver.name))
                if one_way:
                    network.cut_one_way(sender.name, receiver.name)
                else:
                    network.cut([sender.name], [receiver.name])
                #  Whatever the members make of it: it serves, because the load goes on; then all heal
                beat = cluster.newest()["version"]
                settled = wait("somebody is heard while it is cut", cluster.newest, 10)
                check(settled["version"] >= beat, "views went back")
                watched(cluster)
                network.heal()
                cluster.wait_safe(5)
                said.append("one way" if one_way else "coordinator and another")
        check(pids == {node.name: node.process.pid for node in cluster.living}, "somebody did not survive")
        report = load.finish()
    return "%s; %d operations, slowest %.0f ms" % (", ".join(said), report["operations"], report["slowest_ms"])


def watched(cluster):
    """Every partition executes a write during the cut."""
    import time
    watch = cluster.load("--watch", "--keys", str(cluster.partitions), "--timeout", "5000")
    watch.mark(time.monotonic() + LEASES * cluster.lease)
    watch.finish()


main("cuts", scenario)
