#!/usr/bin/python3 -B
"""check_cluster_ap: an ap map: a cut with writes on both sides, and the heal. Both sides answer for the keys of which
they hold a copy, then converge; no removal is undone; each write that is dropped for one that had not seen it is
counted once.

SPDX-License-Identifier: MPL-2.0
"""
import os
import sys
import time

import net

net.enter()
if os.environ.get("CUTS") != "namespaces":
    print("proxies do not cut what routers pass on: each side would get the other's requests")
    sys.exit(77)

from cluster import Cluster, check, main, rounds, say, wait, zgp  # noqa: E402

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


def spread(cluster):
    """The state when all know the same, nothing moves, and nothing is left to move: safe comes before. Or None."""
    states = [cluster.state(node) for node in cluster.living]
    if not all(states) or len({state["version"] for state in states}) > 1:
        return None
    table = states[0]["table"]
    counts = [sum(node.name in row[3] for row in table) for node in cluster.living]
    return states[0] if max(counts) - min(counts) <= 1 and not any(row[4] for row in table) else None


def held(state, group):
    """The keys of which somebody in a group of members holds a copy."""
    names = {node.name for node in group}
    rows = {row[0]: set(row[3]) for row in state["table"]}
    return [key for key in ALL if rows[zgp.partition_of(key, state["partitions"])] & names]


ALL = [b"k%d" % number for number in range(KEYS)]


def play(cluster, network, number):
    one, rest = cluster.living[number % 3], [node for node in cluster.living if node is not cluster.living[number % 3]]
    near, far = Side(one), Side(rest[0])
    state = wait("copies are spread evenly", lambda: spread(cluster), 60)
    first = near.all("PUT", ALL, lambda key: b"before")
    check(all(status == zgp.OK for status, _ in first.values()), "PUT before the cut: %s" % first)
    mine, theirs = held(state, [one]), held(state, rest)
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
    #  Conflicts for certain: each side has what it wrote, and nothing of the other's
    kept = [key for key in both if key not in gone]
    check_all(near.all("GET", both), both, b"near")
    check_all(far.all("GET", kept), kept, b"far")
    check(all(status == zgp.NOTFOUND for status, _ in far.all("GET", gone).values()), "a removed key is there")
    before = dropped(cluster)
    for op in ("INCR", "CAS"):
        answer = near.peer.ask(op, MAP, both[0], 1 if op == "INCR" else b"x", None if op == "INCR" else {"ifeq": None})
        check(answer.status == zgp.NOT_IN_AP_MODE, "%s answers %r" % (op, answer))
    network.heal()
    cluster.wait_safe(3)
    #  Safe before everything has been handed over: members that are not listed pass on what they are asked.
    #  What is replaced twice before it is noticed is not counted: a PUT and a DEL
    wait("%d writes are counted as dropped" % len(kept), lambda: dropped(cluster) >= before + len(kept), 60)

    def settled():
        answers = [Side(node).all("GET", ALL) for node in cluster.living]
        return answers[0] if all(answer == answers[0] for answer in answers) else None

    final = wait("all members answer the same", settled, 60)
    for key in both:
        wanted = (zgp.NOTFOUND, None) if key in gone else (zgp.OK, b"far")
        check(final[key] == wanted, "%s is %r, not %r: the last writer is not the one who won" % (key, final[key], wanted))
    cluster.wait_safe(3)
    count = dropped(cluster) - before
    check(count == len(kept), "%d writes are dropped, %d are counted" % (len(kept), count))
    say("converged")
    return len(both), count


def check_status(answers, keys):
    for key in keys:
        check(answers[key][0] == zgp.OK, "%s answers %r, not OK" % (key, answers[key]))


def check_all(answers, keys, value):
    for key in keys:
        check(answers[key] == (zgp.OK, value), "%s answers %r, not %r" % (key, answers[key], value))


def dropped(cluster):
    """How many writes gave way to one that had not seen them, over all members."""
    total = 0
    for node in cluster.living:
        reply = wait("%s tells its statistics" % node.name, lambda: node.ask(2, "STATS"), 20)
        total += reply.value["ap_lost"]
    return total


def scenario():
    with net.make() as network, Cluster(copies=2, partitions=16, net=network) as cluster:
        cluster.up(3)
        cluster.admin("map", MAP, "mode", "ap", "min_sync", "1")
        wait("all know the map", lambda: all(cluster.state(node)["maps"] for node in cluster.living), 20)
        played = [play(cluster, network, number) for number in range(rounds(1))]
    return "%d keys written on both sides, %d writes dropped" % tuple(map(sum, zip(*played)))


main("an ap map, cut and healed", scenario)
