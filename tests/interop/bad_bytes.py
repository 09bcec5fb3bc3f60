"""bad_bytes: faulty messages for bad_input.py: each gets its status, or is discarded and counted.

SPDX-License-Identifier: MPL-2.0
"""
import random

import msgpack

from zgp import BADOP, MALFORMED, NOTFOUND, OK, TOOBIG, Failure, body, check, pack, records_of

ATTACKS = []


def attack(title):
    def add(function):
        ATTACKS.append((title, function))
        return function

    return add


def answers(peer, frame):
    """All records that answer one body. Behind an empty frame they come in one message."""
    peer.send(b"", frame)
    frames = peer.receive()
    check(frames is not None and len(frames) > 1 and frames[0] == b"", "no answer to %s" % frame[:40].hex())
    return records_of(frames[1])


@attack("truncated MessagePack, at every length")
def truncated(target):
    with target.peer() as peer:
        whole = body(
            [1, "PUT", "bad", b"key", b"v" * 300, {"px": 100000}],
            [2, "GET", "bad", b"key"],
            [3, "SCAN", "bad", None, None, {"count": 10, "match": b"*"}],
        )
        for length in range(5, len(whole)):
            before = target.stats()
            found = answers(peer, whole[:length])
            broken = [record for record in found if record[1] == MALFORMED]
            ends = [len(whole[:at]) for at in record_ends(whole)]
            check(len(broken) == (0 if length in ends else 1), "%d bytes: %r" % (length, found))
            check(
                len(found) - len(broken) == sum(end <= length for end in ends),
                "%d bytes: %r" % (length, found),
            )
            if length % 40 == 0:
                target.grew(before, malformed=len(broken), foreign=0)


def record_ends(whole):
    reader = msgpack.Unpacker(raw=True)
    reader.feed(whole[3:])
    ends = []
    for _ in reader:
        ends.append(3 + reader.tell())
    return ends


LIES = (
    "dd00ffffff",
    "df01ffffff",
    "dc7fff",
    "de7fff",
    "ddffffffff",
    "dfffffffff",
    "c4ff",
    "c5ffff",
    "c6ffffffff",
    "d9ff",
    "daffff",
    "dbffffffff",
    "c7ff01",
    "c8ffff01",
    "c9ffffffff01",
    "9f",
    "8f",
    "bf",
    "c1",
    "d8",
    "cf00",
    "cb",
)


@attack("lengths and counts that promise too much")
def lying(target):
    before = target.stats()
    sent = 0
    with target.peer() as peer:
        for lie in LIES:
            for head in (
                "",
                "9205",
                "9305a3474554",
                "9405a3474554a16d",
                "9505a3505554a16da16b",
                "9605a3505554a16da16bc0",
                "9605a3505554a16da16ba17681a26e78",
                "9505a450494e47c0c091",
            ):
                found = answers(peer, b"ZG\x01" + bytes.fromhex(head + lie) + b"\0")
                check(len(found) == 1 and found[0][1] == MALFORMED, "%s%s: %r" % (head, lie, found))
                sent += 1
    target.grew(before, malformed=sent)
    check(target.rss() < 100000, "no memory figure")


@attack("deep nesting")
def nested(target):
    before = target.stats()
    sent = 0
    with target.peer() as peer:
        for depth in (17, 33, 1000, 100000, 1000000):
            for level in (b"\x91", b"\x81\xa1k", b"\x92\x00", b"\xdc\x00\x01"):
                deep = level * depth + b"\xc0"
                for frame in (
                    b"\x95\x05\xa4PING\xc0\xc0" + deep,
                    b"\x96\x05\xa3PUT\xa1m\xa1k\xa1v\x81\xa1x" + deep,
                    deep,
                ):
                    if len(frame) > 3500000:
                        continue
                    found = answers(peer, b"ZG\x01" + frame)
                    #  Arrays of one element or two are records that are wrong before they are too deep
                    check(
                        found and all(record[1] == MALFORMED for record in found),
                        "%d levels: %r" % (depth, found[:3]),
                    )
                    sent += len(found)
    target.grew(before, malformed=sent)


@attack("unknown operations")
def unknown(target):
    before = target.stats()
    with target.peer() as peer:
        names = ["NOSUCH", "", "get", "\0", "é", "PUT\0", "X" * 100000] + [
            "OP%d" % number for number in range(3000)
        ]
        replies = peer.batch([(name, "bad", b"k", b"v") for name in names])
        check(all(reply.status == BADOP for reply in replies), "not all of them are BADOP")
    target.grew(before, badop=len(names))


@attack("wrong types in every place")
def types(target):
    odd = [
        None,
        True,
        -1,
        1.5,
        b"b",
        "s",
        [],
        [1],
        {},
        {"a": 1},
        2**64 - 1,
        msgpack.ExtType(5, b"x"),
        msgpack.ExtType(1, b"\0"),
    ]
    good = [1, "PUT", "bad", b"k", b"v", {"px": 100000}]
    before = target.stats()
    malformed = 0
    with target.peer() as peer:
        for place in range(6):
            for value in odd:
                found = answers(peer, body(good[:place] + [value] + good[place + 1 :]))
                check(len(found) == 1, "%r in place %d: %r" % (value, place, found))
                check(found[0][1] in (OK, MALFORMED, BADOP), "%r in place %d: %r" % (value, place, found))
                malformed += found[0][1] == MALFORMED
        for option in (
            "ex",
            "px",
            "exat",
            "nx",
            "get",
            "ifversion",
            "ifeq",
            "must",
            "attach",
            "deadline",
            "partition",
            "cursor",
        ):
            for value in odd:
                found = answers(peer, body(good[:5] + [{option: value}]))
                check(len(found) == 1 and found[0][1] not in (BADOP,), "%s %r: %r" % (option, value, found))
                malformed += found[0][1] == MALFORMED
        check(malformed > 100, "only %d records were MALFORMED" % malformed)
    target.grew(before, malformed=malformed)
    target.good.ask("DESTROY", "bad")


@attack("foreign messages")
def foreign(target):
    before = target.stats()
    chance = random.Random(7)
    with target.peer() as peer:
        frames = [
            [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"],
            [b"*1\r\n$4\r\nPING\r\n"],
            [b""],
            [b"", b""],
            [b"ZG"],
            [b"ZG\x01"],
            [b"G" * 100000],
        ]
        frames += [[b"\xff" + chance.randbytes(chance.randrange(200))] for _ in range(500)]
        frames += [[b"a", b"b", b"c"] for _ in range(100)]
        for message in frames:
            peer.send(*message)
        peer.expect_nothing()
    target.grew(before, foreign=len(frames), malformed=0)


@attack("nine envelope frames and more")
def envelopes(target):
    before = target.stats()
    ping = body([1, "PING"])
    with target.peer() as peer:
        for count in (9, 10, 100, 5000):
            peer.send(*[b"x"] * (count - 1), b"", ping)
            peer.send(*[b""] * count, ping)
        peer.expect_nothing()
        peer.send(*[b"x"] * 7, b"", ping)
        check(len(peer.receive() or []) == 9, "eight envelope frames are not answered")
    target.grew(before, envelopes=8, foreign=0)


@attack("keys and values past their limits")
def oversized(target):
    before = target.stats()
    key_max, value_max = target.hello["key_max"], target.hello["value_max"]
    with target.peer() as peer:
        sent = 0
        for op in ("GET", "PUT", "DEL", "INCR", "APPEND"):
            reply = peer.ask(op, "large", b"k" * (key_max + 1), b"1")
            check(
                reply.status == TOOBIG and "key_max" in reply.meta["error"],
                "%s with a long key: %r" % (op, reply),
            )
            sent += 1
        for op in ("PUT", "GETPUT", "APPEND"):
            reply = peer.ask(op, "large", b"k", b"v" * (value_max + 1))
            check(
                reply.status == TOOBIG and "value_max" in reply.meta["error"],
                "%s with a long value: %r" % (op, reply),
            )
            sent += 1
        reply = peer.ask("PUT", "m" * 256, b"k", b"v")
        check(reply.status == TOOBIG, "a long name of a map: %r" % (reply,))
        check(peer.ask("GET", "large", b"k" * key_max).status == NOTFOUND, "a key was cut short")
        check(peer.ask("SIZE", "large").value == 0, "something was stored")
    target.grew(before, toobig=sent + 1)


@attack("frames past their limit")
def large_frames(target):
    """ZeroMQ ends the connection of whoever sends one. It connects again, and is served."""
    for endpoint in target.endpoints:
        with target.peer(endpoint) as peer:
            peer.ask("PING")
            watch = peer.socket.get_monitor_socket()
            peer.send(body([5, "PING", None, None, b"v" * target.hello["frame"]]))
            check(watch.poll(int(target.timeout * 1000)), "the connection does not end")
            peer.socket.disable_monitor()
            watch.close()
        with target.peer(endpoint) as peer:
            check(peer.ask("PING").status == OK, "no connection afterwards")


@attack("random bodies")
def random_bodies(target):
    chance = random.Random(9)
    alphabet = [
        pack(v)
        for v in (
            0,
            1,
            2**64 - 1,
            -1,
            None,
            True,
            "GET",
            "PUT",
            "SCAN",
            "bad",
            b"k",
            {"px": 5},
            [],
            {},
            "HELLO",
            1.5,
        )
    ]
    with target.peer() as peer:
        for _ in range(int(3000 * target.scale)):
            if chance.random() < 0.5:
                frame = chance.randbytes(chance.randint(2, 100))
            else:
                frame = b"".join(
                    chance.choice(alphabet + [b"\x96", b"\x92", b"\x81"])
                    for _ in range(chance.randint(2, 20))
                )
            peer.send(b"", b"ZG\x01" + frame)
            frames = peer.receive()
            if frames is None or len(frames) < 2 or not records_of(frames[1]):
                raise Failure("no answer to %s" % frame.hex())
        peer.expect_nothing()
    target.good.ask("DESTROY", "bad")
