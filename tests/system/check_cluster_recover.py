#!/usr/bin/python3 -B
"""check_cluster_recover: what is promised no longer when too many fail at once, and the ways back, all with the tool: a
partition without copies refuses and says so; `zgrid recover`; on_lost wipe; a cluster without its majority, refounded.

SPDX-License-Identifier: MPL-2.0
"""
import os
import subprocess

from cluster import BUILD, Cluster, check, main, rounds, say, wait, zgp

KEYS = [b"k%d" % number for number in range(200)]


def tool(node, *words):
    """Exit code and output of zgrid at a node."""
    command = [os.path.join(BUILD, "zgrid"), "-s", node.endpoint, "--timeout", "8000", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout.strip()


def done(node, *words):
    code, text = tool(node, *words)
    check(code == 0, "zgrid %s: %d: %s" % (" ".join(words), code, text))
    return text


def batch(node, op, keys, value=None):
    """Statuses and values by key, through one router."""
    with zgp.Peer(node.cluster.context, node.endpoint, 8) as peer:
        replies = peer.batch([(op, "m", key, value, {"deadline": 1500}) for key in keys])
    return {key: (reply.status, reply.value) for key, reply in zip(keys, replies)}


def store(node, value):
    answers = batch(node, "PUT", KEYS, value)
    check(all(status == zgp.OK for status, _ in answers.values()), "PUT answers %s" % answers)


def lose(cluster):
    """Kills two members that are all that some partitions have. Returns a survivor and the lost partitions."""
    state = cluster.newest()
    pair = set(state["table"][zgp.partition_of(KEYS[0], state["partitions"])][3])
    lost = [row[0] for row in state["table"] if set(row[3]) <= pair]
    say("kill -9 %s: %d partitions are lost" % (" ".join(pair), len(lost)))
    for name in pair:
        cluster.nodes[name].kill()
    return cluster.living[0], lost


def back(cluster):
    for node in cluster.nodes.values():
        if not node.alive:
            cluster.start(node.name).ready()
    cluster.wait_safe(5)


def refused_and_recovered(cluster):
    store(cluster.living[0], b"before")
    node, lost = lose(cluster)
    wait("the loss is seen", lambda: cluster.state(node)["health"]["lost"] == len(lost), 20)
    wait("the rest has healed", lambda: cluster.state(node)["health"]["under_replicated"] <= len(lost)
         and not cluster.state(node)["health"]["moving"], 30)
    code, text = tool(node, "check")
    check(code == 1 and "%d partitions have lost every copy" % len(lost) in text, "zgrid check: %d: %s" % (code, text))
    check(tool(node, "safe")[0] == 1 and tool(node, "owner", KEYS[0].decode())[0] == 1, "the tool says yes")
    partitions = cluster.partitions
    mine = [key for key in KEYS if zgp.partition_of(key, partitions) in lost]
    for op in ("GET", "PUT"):
        for key, (status, _) in batch(node, op, mine, b"x" if op == "PUT" else None).items():
            check(status == zgp.UNAVAILABLE, "%s of %s, which is lost, answers %d" % (op, key, status))
    others = [key for key in KEYS if key not in mine]
    check(set(batch(node, "GET", others).values()) == {(zgp.OK, b"before")}, "other partitions are not what they were")
    #  Restarted members bring nothing back: they are new
    back_without_copies(cluster, lost)
    for partition in lost:
        done(node, "recover", str(partition), "--accept-data-loss")
    cluster.wait_safe(5)
    check(set(batch(node, "GET", mine).values()) == {(zgp.NOTFOUND, None)}, "a recovered partition is not empty")
    check(set(batch(node, "GET", others).values()) == {(zgp.OK, b"before")}, "recovering has touched others")
    store(node, b"again")
    say("refused, recovered")


def back_without_copies(cluster, lost):
    for node in cluster.nodes.values():
        if not node.alive:
            cluster.start(node.name).ready()
    wait("five members", lambda: sum(one["status"] == "UP" for one in cluster.newest()["members"]) == 5, 20)
    check(cluster.newest()["health"]["lost"] == len(lost), "a restarted member claims data")


def wiped(cluster):
    done(cluster.living[0], "set", "on_lost", "wipe")
    store(cluster.living[0], b"cached")
    node, lost = lose(cluster)
    wait("nothing is lost for long", lambda: (cluster.state(node) or {"health": {"lost": 1}})["health"]["lost"] == 0
         and cluster.settled(3, None, False), 30)
    answers = batch(node, "GET", KEYS)
    gone = [key for key, answer in answers.items() if answer == (zgp.NOTFOUND, None)]
    check(sorted(gone) == sorted(key for key in KEYS if zgp.partition_of(key, cluster.partitions) in lost),
          "what is gone is not what was lost: %s" % answers)
    back(cluster)
    done(cluster.living[0], "set", "on_lost", "refuse")
    say("wiped")


def refounded(cluster):
    """All members hold everything; three of five die."""
    done(cluster.living[0], "set", "copies", "5")
    cluster.wait_safe(5)
    store(cluster.living[0], b"kept")
    victims = cluster.living[1:4]
    say("kill -9 %s: no majority" % " ".join(node.name for node in victims))
    for node in victims:
        node.kill()
    first, second = cluster.living
    wait("nobody is ready", lambda: not any((node.state() or {"ready": True})["ready"] for node in cluster.living), 20)
    #  Keys of their own: what was sent to a member that is dead may have been executed, for all that anybody knows
    status = batch(first, "PUT", [b"other%d" % number for number in range(8)], b"x")
    check(all(answer[0] in (zgp.UNAVAILABLE, zgp.TIMEOUT, zgp.TRYAGAIN, zgp.MAYBE) for answer in status.values()),
          "PUT without a majority: %s" % status)
    done(first, "recover", "--refound", "--accept-data-loss")

    def served():
        """What is served: everything, once the dead members' leases are over."""
        found = batch(first, "GET", KEYS)
        return found if all(status in (zgp.OK, zgp.NOTFOUND) for status, _ in found.values()) else None

    found = wait("the survivors serve everything", served, 30)
    check(set(found.values()) == {(zgp.OK, b"kept")}, "refounding has lost what a survivor held: %s" % found)
    back(cluster)
    check(set(batch(second, "GET", KEYS).values()) == {(zgp.OK, b"kept")}, "data was lost after refounding")
    say("refounded")


def scenario():
    for _ in range(rounds(1)):
        with Cluster(copies=2, partitions=16) as cluster:
            cluster.up(5)
            refused_and_recovered(cluster)
            wiped(cluster)
            refounded(cluster)
    return "lost, recovered, wiped, refounded"


main("loss and the ways back", scenario)
