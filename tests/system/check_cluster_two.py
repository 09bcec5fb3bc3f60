#!/usr/bin/python3 -B
"""check_cluster_two: two clusters that were founded separately and meet never merge; a newcomer belongs to one of them.

SPDX-License-Identifier: MPL-2.0
"""
from cluster import Cluster, check, main, rounds, say, wait, zgp


def put(node, key, value):
    with zgp.Peer(node.cluster.context, node.endpoint) as peer:
        return peer.ask("PUT", "two", key, value).status


def get(node, key):
    with zgp.Peer(node.cluster.context, node.endpoint) as peer:
        return peer.ask("GET", "two", key).value


def up(node):
    """Members that are up, as a node sees it."""
    return sum(member["status"] == "UP" for member in node.cluster.state(node)["members"])


def scenario():
    for _ in range(rounds(1)):
        with Cluster(copies=2) as cluster:
            cluster.add("a", "b", "c")
            a, b, c = (cluster.nodes[name] for name in "abc")
            #  Each knows where the other is
            cluster.start("a", "--set", "cluster.bootstrap=true")
            cluster.start("b", "--set", "cluster.bootstrap=true")
            a.ready()
            b.ready()
            ids = [cluster.state(node)["cluster"] for node in (a, b)]
            check(ids[0] != ids[1], "both have the id %s" % ids[0])
            check(put(a, b"k", b"of a") == put(b, b"k", b"of b") == zgp.OK, "they do not serve")
            #  The newcomer asks both, and they ask each other through it
            cluster.start("c")
            c.ready()
            home = cluster.state(c)["cluster"]
            check(home in ids, "the newcomer is in a third cluster")
            say("the newcomer is with %s" % "ab"[ids.index(home)])
            #  Both may have offered it a place; where it never came it is not up for long
            wait("two members here, one there", lambda: sorted(map(up, (a, b))) == [1, 2], 20)
            #  A message of one cluster to the other is refused by its id
            refused = [cluster.state(node)["counters"]["refused"] for node in (a, b)]
            say("refused messages: %s" % refused)
            check([cluster.state(node)["cluster"] for node in (a, b)] == ids, "an id has changed")
            check(get(a, b"k") == b"of a" and get(b, b"k") == b"of b", "data has crossed over")
            #  Without its other member's help the smaller one still serves alone
            (b if home == ids[0] else a).kill()
            other = a if home == ids[0] else b
            check(put(other, b"k", b"still") == zgp.OK, "the one that remains does not serve")
    return "two clusters stay two"


main("two clusters that meet", scenario)
