#!/usr/bin/python3 -B
"""check_cluster_bad_peers: whatever arrives at any port of a member, and is not what another member of the same cluster
says in its place, changes nothing: random bytes, foreign protocols, another cluster's id, messages of clients to members
and of members to clients, older and future epochs, truncated views, chunks without a copy, another partition count. It
is counted, and told in the log once per interval.

SPDX-License-Identifier: MPL-2.0
"""
import os
import random
import re
import socket
import time

from cluster import Cluster, check, main, rounds, say, wait, zgp, zmq

MEET, REFUSED, ACCEPT, ACCEPTED, PUBLISH, FETCH, HB, HB_ACK = 1, 3, 14, 15, 17, 18, 20, 21
RECONF, JOIN, HANDOVER, DROP_LEARNER, ADMIN_ANSWER, SWIM_PING = 22, 23, 24, 25, 28, 30
NEW_EPOCH, NEW_EPOCH_ACK, REPL, REPL_PART, REPL_ACK = 40, 41, 42, 43, 44
SNAP_BEGIN, SNAP_CHUNK, SNAP_ACK, CONFIRM_ACK, AP_PUSH = 45, 47, 48, 50, 60
TYPES = [1, 2, 3, *range(10, 19), *range(20, 29), 30, 31, 32, *range(40, 51), 60, 61, 62]
LOG_INTERVAL = 10


def listening(pid):
    """The TCP ports at which a process listens."""
    inodes = set()
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            found = re.match(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except OSError:
            continue
        if found:
            inodes.add(found.group(1))
    ports = []
    with open("/proc/net/tcp", encoding="ascii") as table:
        for line in list(table)[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes:
                ports.append(int(words[1].split(":")[1], 16))
    check(len(ports) >= 3, "only ports %s are open" % ports)
    return ports


def body(cluster, sender, receiver, *messages):
    return b"ZP\x01" + zgp.pack([cluster, sender, receiver]) + b"".join(map(zgp.pack, messages))


def forged(state, node_id, dice):
    """Bodies that carry this cluster's id and a member's name, and are wrong all the same."""
    cluster = int(state["cluster"], 16)
    ids = [int(member["id"], 16) for member in state["members"]]
    sender = dice.choice([one for one in ids if one != node_id])
    version = state["version"]
    found = []

    def say_as(who, *messages):
        found.append(body(cluster, who, node_id, *messages))

    for row in state["table"]:
        partition, epoch = row[0], row[1]
        for wrong in (0, epoch - 1, epoch + 1, epoch + 1000, 1 << 63):
            say_as(sender, [NEW_EPOCH, partition, wrong, wrong, 0, 0], [NEW_EPOCH_ACK, partition, wrong, 1 << 40])
            say_as(sender, [REPL, partition, wrong, 0, 1, 1, 1 << 40, b"\x00" * 40], [REPL, partition, wrong, 0, 1, 0, 0, b""])
            say_as(sender, [REPL_PART, partition, wrong, 0, 1, 0, 100, b"x" * 100, 0], [REPL_ACK, partition, wrong, 0, 1 << 40])
            say_as(sender, [RECONF, partition, wrong, node_id], [JOIN, partition, wrong, sender])
            say_as(sender, [HANDOVER, partition, wrong, sender], [DROP_LEARNER, partition, wrong, sender])
            say_as(sender, [SNAP_BEGIN, partition, wrong, 7, 0, wrong], [CONFIRM_ACK, partition, wrong, 1])
        #  This epoch, but no copy is being made: chunks of nothing, which skip
        for index in (1, 5, 1 << 31):
            say_as(sender, [SNAP_CHUNK, partition, epoch, 99, index, True, 0, b""], [SNAP_ACK, partition, epoch, 99, index, 0])
        #  Partitions that are not there
        say_as(sender, [REPL, partition + 10000, epoch, 0, 1, 0, 0, b""], [NEW_EPOCH, 1 << 40, epoch, epoch, 0, 0])
    #  Older views and ballots; views that are none
    whole = bytes([0x9f, 1, 2, 3])
    for what in (ACCEPT, PUBLISH):
        head = [what, 0, sender] if what == ACCEPT else [what]
        for view in (b"", whole, os.urandom(200), b"\xdd\xff\xff\xff\xff", b"\x90" * 100):
            say_as(sender, [*head, version + 1, view])
            say_as(sender, [*head, 1, view])
    say_as(sender, [ACCEPTED, 0, sender, version], [HB_ACK, 1, 0], [HB_ACK, 1 << 62, 1 << 40])
    #  Strangers
    for who in (0, 1, 1 << 60):
        say_as(who, [HB, 1, 1, 1], [HB_ACK, 1, 1], [RECONF, 0, state["table"][0][1], node_id], [FETCH, 0])
    found.append(body(cluster + 1, sender, node_id, [HB, 1, 1, 1], [PUBLISH, version + 100, b""]))
    found.append(body(cluster, sender, node_id ^ 1, [REFUSED, "go away"], [NEW_EPOCH, 0, 1 << 40, 1 << 40, 0, 0]))
    found.append(body(cluster + 1, 77, 0, [MEET, 7, b"", 0, 0]))
    #  Every type with fields that are too few, too many, and of the wrong kind
    for kind in TYPES + [0, 99, 1 << 40]:
        for fields in ([], [None], ["x", {}], [-1] * 3, [[[[]]]] * 4, [1 << 63] * 9, list(range(40))):
            found.append(body(cluster, sender, node_id, [kind, *fields]))
    say_as(sender, {"a": 1}, "text", 5, [])
    found.append(body(cluster, sender, node_id) + b"\xdd\xff\xff\xff\xff")
    found.append(b"ZP\x01" + zgp.pack([cluster, sender]))
    found.append(b"ZP\x02" + zgp.pack([cluster, sender, node_id]))
    return found


def to_everybody(dice):
    """What is wrong at any port."""
    return [[b""], [b"ZP\x01"], [b"ZG\x01"], [os.urandom(1)], [os.urandom(3000)], [b"ZP\x01" + os.urandom(300)],
            [b"x"] * 40, [b"", b"", b"ZP\x01\x93"], [b"ZP\x01\xdd\xff\xff\xff\xff"], [b"ZG\x01" + os.urandom(50)],
            [zgp.body([1, "PING"])], [zgp.body([1, "GET", "m", b"k"], [2, "PUT", "m", b"forged", b"v", {"partition": 3}])],
            [b"ZP\x01" + zgp.pack([dice.getrandbits(64), dice.getrandbits(64), 0]) + zgp.pack([HB, 1, 1, 1])]]


def raw(host, port):
    """Other protocols, and beginnings of this one's transport."""
    greeting = b"\xff" + b"\x00" * 8 + b"\x7f\x03\x00NULL" + b"\x00" * 48
    for text in (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"*1\r\n$4\r\nPING\r\n", b"\x16\x03\x01\x02\x00\x01", os.urandom(500),
                 greeting + os.urandom(100), greeting[:20], b""):
        with socket.create_connection((host, port), 5) as link:
            try:
                link.sendall(text)
                link.settimeout(0.05)
                link.recv(100)
            except OSError:
                pass


def attack(cluster, node, dice):
    """Everything to every port of a node. Returns how many messages went to each."""
    state = cluster.state(node)
    node_id = next(int(one["id"], 16) for one in state["members"] if one["name"] == node.name and one["status"] == "UP")
    wrong = forged(state, node_id, dice)
    messages = [[one] for one in wrong] + to_everybody(dice)
    for port in listening(node.process.pid):
        raw(node.host, port)
        link = cluster.context.socket(zmq.DEALER)
        link.linger, link.sndhwm, link.sndtimeo = 2000, 0, 0
        link.connect("tcp://%s:%d" % (node.host, port))
        try:
            for frames in messages:
                link.send_multipart(frames)
        except zmq.Again:
            #  Without a limit this means: no connection any more. Publishers end one with a DEALER at once
            pass
        #  A link of its own for each attack, and it stays until everything has left
        link.close()
    return len(messages)


def noticed(cluster, node):
    counters = cluster.state(node)["counters"]
    return counters["refused"] + counters["foreign"]


def essence(state):
    """What must not change."""
    return {name: state[name] for name in ("cluster", "version", "cfg", "voters", "copies", "members", "table", "maps")}


def another_count(cluster):
    """A node that counts its partitions otherwise is not let in, and ends."""
    cluster.add("odd")
    odd = cluster.nodes.pop("odd")
    cluster.nodes["odd"] = odd
    cluster.start("odd", "--set", "cluster.partitions=7")
    try:
        code = wait("the node with another partition count ends", lambda: odd.process.poll(), 40)
        check(code not in (None, 0), "it ended with %s" % code)
    finally:
        if odd.alive:
            odd.kill()
        del cluster.nodes["odd"]


def scenario():
    dice = random.Random()
    with Cluster(copies=2, partitions=8) as cluster:
        cluster.up(3)
        load = cluster.load()
        total = 0
        for number in range(rounds(1)):
            before, began = essence(cluster.newest()), time.monotonic()
            for node in cluster.living:
                counted = noticed(cluster, node)
                sent = attack(cluster, node, dice)
                total += sent
                #  These counters are the beacon's; a few of its messages are no more than out of date
                wait("%s counts what it refused" % node.name,
                     lambda: noticed(cluster, node) >= counted + sent * 7 // 10, 20)
            cluster.wait_safe(3)
            after = essence(cluster.newest())
            for name, value in before.items():
                check(after[name] == value, "%s was %r and is %r" % (name, value, after[name]))
            for node in cluster.living:
                with open(node.log, encoding="utf-8", errors="replace") as log:
                    lines = sum("refused" in line for line in log)
                allowed = (number + 1) * ((time.monotonic() - began) / LOG_INTERVAL + 4)
                check(1 <= lines <= allowed, "%s logged it in %d lines, %d are allowed" % (node.name, lines, allowed))
            say("round %d: %d messages refused" % (number + 1, total))
        another_count(cluster)
        cluster.wait_safe(3)
        load.finish()
    return "%d messages, nothing changed" % total


main("bad input at peer ports", scenario)
