"""bad_clients: clients that behave badly, for bad_input.py.

SPDX-License-Identifier: MPL-2.0
"""
import collections
import random
import socket
import struct
import time

import zmq

from zgp import BUSY, NOTFOUND, OK, body, check, reply_of, records_of

ATTACKS = []


def attack(title):
    def add(function):
        ATTACKS.append((title, function))
        return function

    return add


def until(target, condition, text):
    """Waits for a condition, with a budget."""
    end = time.monotonic() + target.timeout
    while not condition():
        check(time.monotonic() < end, text)
        target.rss()


@attack("a million requests before reading one")
def million(target):
    count, size = int(1000000 * target.scale), 100
    before = target.stats()
    with target.peer() as peer:
        for first in range(1, count + 1, size):
            peer.send(
                b"ZG\x01"
                + b"".join(
                    b"\x94\xce" + struct.pack(">I", number) + b"\xa3GET\xa4kept\xa2no"
                    for number in range(first, first + size)
                )
            )
            if first % 100000 == 1:
                target.rss()
        found = collections.Counter()
        ids = set()
        while len(ids) < count:
            frames = peer.receive(2.0)
            if frames is None:
                break
            for record in records_of(frames[0]):
                reply = reply_of(record)
                check(reply.id not in ids, "two replies to one request")
                ids.add(reply.id)
                found[reply.status] += 1
            target.rss()
        check(set(found) <= {NOTFOUND, BUSY}, "statuses %r" % found)
        after = target.stats()
        lost = after["dropped"] + after["discarded"] - before["dropped"] - before["discarded"]
        check(len(ids) == count or lost > 0, "%d of %d replies, and nothing was counted" % (len(ids), count))
        check(after["busy"] - before["busy"] >= found[BUSY], "BUSY is not counted")
    with target.peer() as peer:
        check(peer.ask("GET", "kept", b"no").status == NOTFOUND, "a new connection is not served")
    print("  answered %d: %s; lost messages %d" % (len(ids), dict(found), lost))


def owned_by(target, endpoint):
    """A key that this endpoint serves."""
    with target.peer(endpoint) as peer:
        keys = [b"large %d" % number for number in range(1000)]
        return next(key for key in keys if peer.ask("GET", "bad", key).status == NOTFOUND)


def never_reads(target, endpoint):
    """It asks for large values, takes no reply, is muted, and is served again when it has read."""
    before = target.stats()
    key = owned_by(target, endpoint)
    large = min(target.hello["value_max"], 1 << 18)
    check(target.good.ask("PUT", "bad", key, b"v" * large).status == OK, "PUT")
    silent = target.context.socket(zmq.DEALER)
    silent.linger, silent.rcvhwm, silent.rcvbuf, silent.sndhwm = 0, 1, 16384, 100000
    silent.connect(endpoint)
    sent = 0

    def send(request):
        nonlocal sent
        sent += 1
        try:
            silent.send(body([sent] + request), zmq.DONTWAIT)
        except zmq.Again:
            pass

    def after_pushing(name):
        for _ in range(50):
            send(["GET", "bad", key])
        return target.stats()[name] > before[name]

    def served():
        """Reads what is there, and asks for a sign of life."""
        while silent.poll(20):
            if any(record[2] == b"alive" for record in records_of(silent.recv_multipart()[0])):
                return True
        send(["PING", None, None, b"alive"])
        return False

    until(target, lambda: after_pushing("muted"), "a client that takes no replies is not muted")
    until(target, lambda: after_pushing("discarded"), "the messages of a muted client are not discarded")
    until(target, served, "a client that has read everything is not served again")
    silent.close()
    target.good.ask("DESTROY", "bad")


@attack("a client of the public endpoint that never reads")
def public_never_reads(target):
    never_reads(target, target.endpoint)


@attack("a client of a storage endpoint that never reads")
def storage_never_reads(target):
    never_reads(target, target.endpoints[-1])


@attack("clients that come, ask and go")
def come_and_go(target):
    for number in range(int(200 * target.scale)):
        with target.peer(target.endpoints[number % len(target.endpoints)]) as peer:
            peer.send(body([1, "PING"], [2, "GET", "kept", b"1"]))
            if number % 3:
                check(peer.receive() is not None, "no answer to client %d" % number)
        if number % 50 == 0:
            target.rss()


def address(endpoint):
    host, port = endpoint.rsplit("/", 1)[1].rsplit(":", 1)
    return host, int(port)


GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x00" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x05READY\x0bSocket-Type" + struct.pack(">I", 6) + b"DEALER"


def is_closed(connection):
    """Whether the other side has closed; never waits."""
    try:
        while True:
            if not connection.recv(65536):
                return True
    except BlockingIOError:
        return False
    except OSError:
        return True


@attack("half-open connections")
def half_open(target):
    """Those that never end their handshake are closed by the server; others connect meanwhile."""
    connections = []
    for endpoint in target.endpoints:
        for number in range(60):
            connection = socket.create_connection(address(endpoint))
            connection.sendall((b"", GREETING[:5], GREETING[:40], GREETING)[number % 4])
            connection.setblocking(False)
            connections.append(connection)
        with target.peer(endpoint) as peer:
            check(peer.ask("PING").status == OK, "nobody else can connect")
    waiting = set(connections)

    def all_closed():
        waiting.difference_update([connection for connection in waiting if is_closed(connection)])
        return not waiting

    until(target, all_closed, "stalled handshakes are not ended")
    for connection in connections:
        connection.close()


def frame(payload, flags=0):
    if len(payload) < 256:
        return bytes([flags, len(payload)]) + payload
    return bytes([flags | 2]) + struct.pack(">Q", len(payload)) + payload


@attack("random bytes on every port")
def random_bytes(target):
    chance = random.Random(11)
    for endpoint in target.endpoints:
        for number in range(120):
            kind = number % 6
            data = chance.randbytes(chance.randint(1, 20000))
            if kind == 1:
                data = GREETING + data
            elif kind == 2:
                data = GREETING + frame(READY, 4) + data
            elif kind == 3:
                data = GREETING + frame(READY, 4) + frame(body([1, "PING"]), 1) + frame(data)
            elif kind == 4:  # Ends within a frame of a body
                data = GREETING + frame(READY, 4) + frame(b"ZG\x01" + data)[: len(data) // 2]
            elif kind == 5:
                data = b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n" + data
            with socket.create_connection(address(endpoint)) as connection:
                try:
                    connection.sendall(data)
                    if number % 2:
                        connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # Closed by the server already
        with target.peer(endpoint) as peer:
            check(peer.ask("PING").status == OK, "no connection afterwards")
