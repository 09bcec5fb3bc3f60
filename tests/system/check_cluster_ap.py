#!/usr/bin/python3 -B
"""check_cluster_ap: an ap map: a cut with writes on both sides, and the heal. Both sides answer for the keys of which
they hold a copy, then converge; no removal is undone; what the last writer wins drops is counted.

SPDX-License-Identifier: MPL-2.0
"""
import time

import net

net.enter()

from cluster import SANITIZED, Cluster, check, main, rounds, say, wait, zgp  # noqa: E402

MAP = "near"
KEYS = 64


class Side:
    """What one member answers about the map."""

    def __init__(self, node):
        self.node = node
        self.peer = zgp.Peer(node.cluster.context, node.endpoint, 5)

    def all(self, op, keys, value=None):
        """Status and value by key; the records of one batch."""
        replies = self.peer.batch([(op, MAP, key, value(key) if value else None, {"deadline": 2000}) for key in keys])
        return {key: (reply.status, reply.value) for key, reply in zip(keys, replies)}


def held(cluster, group):
    """The keys of which somebody in a group of members holds a copy."""
    state = cluster.newest()
    names = {node.name for node in group}
    rows = {row[0]: set(row[3]) for row in state["table"]}
    return [key for key in ALL if rows[zgp.partition_of(key, state["partitions"])] & names]


ALL = [b"k%d" % number for number in range(KEYS)]


def play(cluster, network, number):
    one, rest = cluster.living[number % 3], [node for node in cluster.living if node is not cluster.living[number % 3]]
    near, far = Side(one), Side(rest[0])
    first = near.all("PUT", ALL, lambda key: b"before")
    check(all(status == zgp.OK for status, _ in first.values()), "PUT before the cut: %s" % first)
    mine, theirs = held(cluster, [one]), held(cluster, rest)
    both = [key for key in mine if key in theirs]
    check(len(both) > 3, "too few keys with a copy on both sides")
    network.cut([one.name], [node.name for node in rest])
    say("cut off: %s" % one.name)
    cluster.wait_healed(2, among=rest)
    wait("%s has no lease" % one.name, lambda: not (one.state() or {"ready": True})["ready"], 10)
    #  Both sides read and write; the further half is removed on one side
    gone = both[::2]
    check_all(near.all("GET", mine), mine, b"before")
    check_status(near.all("PUT", both, lambda key: b"near"), both)
    #  Clocks count milliseconds: what comes later must be seen to
    time.sleep(0.05)
    check_status(far.all("PUT", both, lambda key: b"far"), both)
    check_status(far.all("DEL", gone), gone)
    for op in ("INCR", "CAS"):
        answer = near.peer.ask(op, MAP, both[0], 1 if op == "INCR" else b"x", None if op == "INCR" else {"ifeq": None})
        check(answer.status == zgp.NOT_IN_AP_MODE, "%s answers %r" % (op, answer))
    network.heal()
    cluster.wait_safe(3)

    def settled():
        answers = [Side(node).all("GET", ALL) for node in cluster.living]
        return answers[0] if all(answer == answers[0] for answer in answers) else None

    final = wait("all members answer the same", settled, 60)
    for key in both:
        wanted = (zgp.NOTFOUND, None) if key in gone else (zgp.OK, b"far")
        check(final[key] == wanted, "%s is %r, not %r: the last writer is not the one who won" % (key, final[key], wanted))
    say("converged")
    return len(both)


def check_status(answers, keys):
    for key in keys:
        check(answers[key][0] == zgp.OK, "%s answers %r" % (key, answers[key]))


def check_all(answers, keys, value):
    for key in keys:
        check(answers[key] == (zgp.OK, value), "%s answers %r" % (key, answers[key]))


def dropped(cluster):
    """What the last writer's win has dropped, over all members."""
    total = 0
    for node in cluster.living:
        stats = node.ask(2, "STATS").value
        total += stats["ap_lost"]
    return total


def scenario():
    with net.make() as network, Cluster(copies=2, partitions=16, net=network) as cluster:
        cluster.up(3)
        cluster.admin("map", MAP, "mode", "ap", "min_sync", "1")
        wait("all know the map", lambda: all(cluster.state(node)["maps"] for node in cluster.living), 20)
        keys = sum(play(cluster, network, number) for number in range(rounds(1)))
        count = dropped(cluster)
        #  Sanitized members are slow: the sides may have written one after the other
        check(count > 0 or SANITIZED, "nothing is counted as dropped")
    return "%d keys written on both sides, %d versions dropped" % (keys, count)


main("an ap map, cut and healed", scenario)
