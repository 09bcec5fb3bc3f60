#!/usr/bin/python3 -B
"""check_cluster_admin: what operators change on a running cluster, with the tool: the number of copies, min_sync of a
map, a witness, a drain; and what the tool says meanwhile.

SPDX-License-Identifier: MPL-2.0
"""
import json
import os
import subprocess

from cluster import BUILD, Cluster, check, main, rounds, say, wait, zgp


def tool(node, *words):
    command = [os.path.join(BUILD, "zgrid"), "-s", node.endpoint, "--timeout", "8000", "--json", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout.strip()


def answer(node, *words):
    code, text = tool(node, *words)
    check(code == 0, "zgrid %s: %d: %s" % (" ".join(words), code, text))
    return json.loads(text)


def put(node, map_name, key):
    with zgp.Peer(node.cluster.context, node.endpoint, 8) as peer:
        return peer.ask("PUT", map_name, key, b"v", {"deadline": 1000}).status


USUAL = {"mode": "cp", "min_sync": 1, "ttl": 0, "idle": 0, "max_entries": 0, "max_bytes": 0, "policy": "node", "events": "none"}


def settings(cluster):
    """Each member shows what was set through another one; nothing of a wrong request is left."""
    nodes = cluster.living
    answer(nodes[0], "map", "set", "cache", "ttl", "10s", "max_bytes", "64M", "policy", "lru")
    wanted = dict(USUAL, name="cache", ttl=10000, max_bytes=64 << 20, policy="lru")
    for node in nodes:
        wait("%s knows the settings" % node.name, lambda node=node: answer(node, "map", "show", "cache") == [wanted], 20)
    code, text = tool(nodes[-1], "map", "set", "cache", "idle", "5s", "min_sync", "7")
    check(code != 0 and "min_sync" in text, "min_sync 7 of 2 copies: %s" % text)
    check(answer(nodes[0], "map", "show", "cache") == [wanted], "half a request was carried out")
    answer(nodes[-1], "map", "reset", "cache")
    for node in nodes:
        wait("%s has forgotten them" % node.name, lambda node=node: not any(one["declared"] for one in answer(node, "map", "list")), 20)
    kept = {one["name"]: one for one in answer(nodes[0], "map", "list")}
    check(kept["default"]["entries"] == 1 and not kept["default"]["declared"], "a map that nobody declared: %s" % kept)
    say("settings of maps")


def with_witness(cluster):
    """Two members and a witness: three voters, so that either member may fail; the witness holds nothing."""
    cluster.add("n1", "n2", "w")
    flags = ["--set", "cluster.expect=3"]
    for name in ("n1", "n2"):
        cluster.start(name, *flags)
    cluster.start("w", *flags, "--set", "node.witness=true")
    for node in cluster.nodes.values():
        node.ready()
    cluster.wait_safe(3)
    members = {member["name"]: member for member in answer(cluster.nodes["n1"], "members")}
    check(members["w"]["witness"] and members["w"]["voter"] and members["w"]["copies"] == 0, "the witness: %s" % members["w"])
    check(all(members[name]["copies"] == cluster.partitions for name in ("n1", "n2")), "copies: %s" % members)
    victim = cluster.coordinator()
    victim = victim if victim.name != "w" else cluster.nodes["n1"]
    victim.kill()
    survivor = next(node for node in cluster.living if node.name != "w")
    wait("the other member serves", lambda: put(survivor, "default", b"k") == zgp.OK, 20)
    #  The witness passes requests on
    check(put(cluster.nodes["w"], "default", b"k") == zgp.OK, "the witness does not forward")
    say("a witness keeps two members going")
    return victim, survivor


def min_sync(cluster, victim, survivor):
    """One copy is left."""
    answer(survivor, "map", "create", "careful", "--min-sync", "2")
    wait("all know the map", lambda: all(cluster.state(node)["maps"] for node in cluster.living), 20)
    check(answer(survivor, "map", "show", "careful") == [dict(USUAL, name="careful", min_sync=2)], "map show")
    found = [one for one in answer(survivor, "map", "list") if one["name"] == "careful"]
    check(found == [dict(USUAL, name="careful", min_sync=2, declared=True, entries=0, bytes=0)], "map list: %s" % found)
    check(put(survivor, "careful", b"k") == zgp.UNAVAILABLE, "min_sync 2 with one copy is not refused")
    check(put(survivor, "default", b"k") == zgp.OK, "another map is refused, too")
    code, text = tool(survivor, "map", "create", "careful", "--mode", "ap")
    check(code != 0, "a map's mode was changed: %s" % text)
    cluster.start(victim.name)
    victim.ready()
    cluster.wait_safe(3)
    check(put(survivor, "careful", b"k") == zgp.OK, "min_sync 2 with two copies is refused")
    say("min_sync")


def holds_nothing(cluster, node, name):
    found = [member for member in cluster.state(node)["members"] if member["name"] == name]
    return all(not member["copies"] and not member["voter"] for member in found)


def copies_and_drain(cluster):
    cluster.add("n3", "n4")
    for name in ("n3", "n4"):
        cluster.start(name)
        cluster.nodes[name].ready()
    cluster.wait_safe(5)
    node = cluster.nodes["n3"]
    check(tool(node, "set", "copies", "9")[0] != 0, "nine copies were accepted")
    answer(node, "set", "copies", "3")
    wait("three copies", lambda: all(len(row["copies"]) == 3 for row in answer(node, "partitions")), 30)
    cluster.wait_safe(5)
    answer(node, "set", "copies", "2")
    wait("two copies", lambda: all(len(row["copies"]) == 2 for row in answer(node, "partitions")), 30)
    cluster.wait_safe(5)
    leaving = cluster.coordinator()
    leaving = leaving if leaving.name not in ("w", "n3") else cluster.nodes["n4"]
    say("drain %s" % leaving.name)
    answer(node, "drain", leaving.name, "--no-wait")
    wait("%s holds nothing" % leaving.name, lambda: holds_nothing(cluster, node, leaving.name), 40)
    code = leaving.leave()
    check(code == 0, "the drained member ended with %s" % code)
    cluster.wait_safe(4)
    check(tool(node, "drain", "nobody")[0] != 0, "nobody was drained")
    say("copies and drain")


def scenario():
    for _ in range(rounds(1)):
        with Cluster(copies=2, partitions=16) as cluster:
            victim, survivor = with_witness(cluster)
            settings(cluster)
            min_sync(cluster, victim, survivor)
            load = cluster.load()
            copies_and_drain(cluster)
            load.finish()
    return "witness, settings of maps, min_sync, copies, drain"


main("what operators change", scenario)
