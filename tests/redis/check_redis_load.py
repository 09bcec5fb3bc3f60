#!/usr/bin/python3 -B
"""check_redis_load: 3,000 connections at once, those that do not read what they asked for, large values, and nodes that
forward nothing.

SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import json
import os
import resource

import servers
from servers import PATIENCE, Closed, Grid, Wire, check, say, wait
from wire import Error, request

CONNECTIONS = 3000
MIB = 1 << 20
SLOW = 200 * MIB  # What a slow reader asks for


def open_many_files():
    """For this process, and for the nodes that it starts."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    wanted = CONNECTIONS + 500
    check(most == resource.RLIM_INFINITY or most >= wanted, "%d open files are allowed, %d are needed" % (most, wanted))
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def connect(address):
    return Wire(address, 30.0 * PATIENCE)


def equal(found, wanted, what):
    check(found == wanted, "%s: %.200r, not %.200r" % (what, found, wanted))


def statistic(wire, name):
    return json.loads(wire.value("STATS"))[name]


def many(address):
    """Each has asked before the first reads its answer."""
    with contextlib.ExitStack() as stack:
        wires = [stack.enter_context(connect(address)) for _ in range(CONNECTIONS)]
        for number, wire in enumerate(wires):
            wire.send(request("SET", "many:%d" % number, "value %d" % number))
        for wire in wires:
            equal(wire.reply(), (b"+", b"OK"), "SET")
        for number, wire in enumerate(wires):
            wire.send(request("GET", "many:%d" % number))
        for number, wire in enumerate(wires):
            equal(wire.reply(), (b"$", b"value %d" % number), "GET")
        equal(statistic(wires[0], "gateway_connections"), CONNECTIONS, "connections")
        #  A reply of 3,000 lines
        lines = wires[-1].value("CLIENT", "LIST").count(b"\n")
        equal(lines, CONNECTIONS, "lines of CLIENT LIST")
    say("%d connections" % CONNECTIONS)


def serves(wire):
    for number in range(200):
        equal(wire.value("SET", "served", number), b"OK", "SET beside a slow reader")
        equal(wire.value("GET", "served"), b"%d" % number, "GET beside a slow reader")


def waits(address, other):
    """Commands in a row: they wait until what was answered is read, and the node keeps no more than some of it."""
    value = os.urandom(MIB // 16)
    equal(other.value("SET", "small", value), b"OK", "SET")
    count = SLOW // len(value)
    with connect(address) as slow:
        slow.send(request("GET", "small") * count)
        wait("a full connection", lambda: statistic(other, "gateway_buffered") > MIB, 20)
        serves(other)
        check(statistic(other, "gateway_buffered") < 16 * MIB, "too much waits for one connection")
        for _ in range(count):
            check(slow.reply() == (b"$", value), "a slow reader gets other bytes")
    say("a slow reader: waits")


def ended(address, other, ask):
    """What asks for more than the node keeps for a connection, and does not read it, is closed."""
    before = statistic(other, "gateway_slow")
    with connect(address) as slow:
        ask(slow)
        wait("a slow reader is closed", lambda: statistic(other, "gateway_slow") > before, 20)
        serves(other)
        equal(statistic(other, "gateway_slow"), before + 1, "slow readers")
        said = slow.is_closed()
        check(len(said) < SLOW, "a slow reader was closed after it had all")
    wait("memory of slow readers is free", lambda: statistic(other, "gateway_buffered") < MIB, 20)
    say("a slow reader: closed")


def at_once(slow):
    """More in one reply than may wait."""
    slow.send(request("MGET", *["large"] * (SLOW // MIB)))


def subscribes(other):
    def ask(slow):
        equal(slow.value("SUBSCRIBE", "flood"), [b"subscribe", b"flood", 1], "SUBSCRIBE")
        text = b"x" * 60000
        for _ in range(SLOW // len(text)):
            if other.value("PUBLISH", "flood", text) == 0:
                return
    return ask


def values(address, most):
    """Bytes of every kind, both ways; what is too long is refused with Redis's text."""
    with connect(address) as wire, connect(address) as other:
        for size in (MIB, 16 * MIB, most):
            value = os.urandom(size)
            equal(wire.value("SET", "{large}", value), b"OK", "SET of %d bytes" % size)
            check(other.value("GET", "{large}") == value, "%d bytes come back changed" % size)
            equal(other.value("STRLEN", "{large}"), size, "STRLEN")
            equal(other.value("GETRANGE", "{large}", -10, -1), value[-10:], "GETRANGE")
        equal(other.value("APPEND", "{large}", "x"),
              Error("ERR string exceeds maximum allowed size (proto-max-bulk-len)"), "APPEND beyond the limit")
        wire.send(b"*3\r\n$3\r\nSET\r\n$7\r\n{large}\r\n$%d\r\n" % (most + 1))
        equal(wire.reply(), (b"-", b"ERR Protocol error: invalid bulk length"), "SET beyond the limit")
        equal(wire.is_closed(), b"", "what comes after it")
        check(other.value("GET", "{large}") == value, "a refused value changed the one before")
        equal(other.value("DEL", "{large}"), 1, "DEL")
    say("large values")


def one():
    most = 24 * MIB
    settings = {"gateway.output_hard": 16 * MIB, "gateway.pubsub_hard": 4 * MIB}
    with servers.one_node(**settings) as grid:
        grid.up()
        many(grid.address)
        with connect(grid.address) as other:
            waits(grid.address, other)
            equal(other.value("SET", "large", os.urandom(MIB)), b"OK", "SET")
            ended(grid.address, other, at_once)
            ended(grid.address, other, subscribes(other))
    with servers.one_node(**{"limits.value_max": most}) as grid:
        grid.up()
        values(grid.address, most)
        many_large(grid.address, 20, 16 * MIB)


def many_large(address, count, size):
    """More than a connection's buffers take, asked for at once and read all the while."""
    with connect(address) as wire:
        value = os.urandom(size)
        equal(wire.value("SET", "{large}", value), b"OK", "SET of %d bytes" % size)
        before = statistic(wire, "gateway_slow")
        wire.send(request("GET", "{large}") * count)
        for _ in range(count):
            check(wire.reply() == (b"$", value), "a reader that is not slow gets other bytes")
        equal(statistic(wire, "gateway_slow"), before, "slow readers")


def moved(wires, first, *words):
    """Asks a node, and the one that it names; that one's address and answer."""
    found = wires[first].value(*words)
    if not isinstance(found, Error):
        return first, found
    word, slot, owner = found.split()
    equal((word, int(slot)), ("MOVED", wires[first].value("CLUSTER", "KEYSLOT", words[1])), "an answer of a wrong node")
    host, port = owner.rsplit(":", 1)
    owner = (host, int(port))
    check(owner != first and owner in wires, "%s is sent to %s" % (words[1], found))
    return owner, wires[owner].value(*words)


def redirected(grid):
    """Each key at each node: the owner does it, the others name the owner."""
    with contextlib.ExitStack() as stack:
        wires = {address: stack.enter_context(connect(address)) for address in grid.addresses.values()}
        owners = {}
        for number in range(300):
            key = "moved:%d" % number
            first = list(wires)[number % len(wires)]
            owners[key], found = moved(wires, first, "SET", key, number)
            equal(found, b"OK", "SET at the owner")
        equal(set(owners.values()), set(wires), "owners of 300 keys")
        for first in wires:
            for number, (key, owner) in enumerate(owners.items()):
                equal(moved(wires, first, "GET", key), (owner, b"%d" % number), "GET at the owner")
        some = {owner: key for key, owner in owners.items()}
        check(wires[first].value("MGET", *some.values()).startswith("CROSSSLOT"), "MGET of several slots is done")
        for wire in wires.values():
            equal(wire.value("SELECT", 1), b"OK", "SELECT")
        equal(moved(wires, first, "GET", "moved:0"), (owners["moved:0"], None), "GET in another database")
    say("redirected")


def three():
    with Grid(copies=2, sets={"gateway.redirect": "always"}) as grid:
        grid.up(3)
        redirected(grid)
    with Grid(copies=2, sets={"gateway.output_hard": 64 * MIB}) as grid:
        grid.up(3)
        for address in grid.addresses.values():
            many_large(address, 300, MIB)
    say("many large replies")


def scenario():
    open_many_files()
    one()
    three()


servers.cluster.main("redis load", scenario)
