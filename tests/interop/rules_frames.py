"""rules_frames: checks of envelopes, records, options and faulty input (R1 to R17).

SPDX-License-Identifier: MPL-2.0
"""
import random
import re

import zmq

from rules import rule, status
from zgp import BADOP, EXISTS, MALFORMED, NOTFOUND, OK, body, check, is_int, pack, records_of, reply_of


def hex_of(document, begin, end):
    """The bytes of one dump in the document."""
    part = document[document.index(begin) :]
    part = part[: part.index(end)]
    return bytes.fromhex("".join(re.findall(r"^((?:[0-9a-f]{2} )+)", part, re.M)))


@rule(1, "the exchange of section 5")
def exchange(server):
    request = hex_of(server.document, "\nrequest, ", "\nreply, ")
    wanted = records_of(hex_of(server.document, "\nreply, ", "\n```"))
    check(len(request) > 20 and len(wanted) == 3, "the document's dumps cannot be read")
    peer = server.peer()
    peer.batch([("DEL", "fruit", b"apple"), ("DEL", "fruit", b"pear")])
    peer.send(request)
    found = {}
    while len(found) < len(wanted):
        frames = peer.receive()
        check(frames is not None and len(frames) == 1, "no reply of one frame")
        found.update({record[0]: record for record in records_of(frames[0])})
    for record in wanted:
        mine = found[record[0]]
        check(mine[:3] == record[:3] and mine[4] == record[4], "%r, not %r" % (mine, record))
        check((mine[3] > 0) == (record[3] > 0), "version %r of id %r" % (mine[3], record[0]))
    check(found[1][3] == found[2][3], "two versions of one entry")
    peer.ask("DEL", "fruit", b"apple")


@rule(2, "no envelope: the reply has none")
def bare(server):
    peer = server.peer()
    for request in (("PING",), ("GET", server.map, b"k"), ("SIZE", server.map), ("HELLO",)):
        record = peer.request(*request)
        peer.send(body(record))
        frames = peer.receive()
        check(frames is not None, "no reply to %s" % request[0])
        check(len(frames) == 1, "%d frames" % len(frames))
        check(records_of(frames[0])[0][0] == record[0], "another id")


@rule(3, "envelopes are echoed")
def envelopes(server):
    peer = server.peer()
    for envelope in (
        [b""],
        [b"1234", b""],
        [b"", b""],
        [b"x", b"ZG\x01 no body", b""],
        [b"\0abcd", b"", b"y", b""],
        [bytes([65 + at]) * (at * 9) for at in range(1, 8)] + [b""],
    ):
        for request in (
            ("PING", None, None, b"pong"),
            ("GET", server.map, b"k"),
            ("SIZE", server.map),
            ("NONE",),
        ):
            record = peer.request(*request)
            peer.send(*envelope, body(record))
            frames = peer.receive()
            check(frames is not None, "no reply behind %d frames" % len(envelope))
            check(frames[:-1] == envelope, "envelope %r came back as %r" % (envelope, frames[:-1]))
            check(records_of(frames[-1])[0][0] == record[0], "another id")
    for correlate in (0, 1):
        caller = server.peer(kind=zmq.REQ)
        caller.socket.setsockopt(zmq.REQ_CORRELATE, correlate)
        for number in range(3):
            caller.send(body([number + 1, "PING", None, None, b"%d" % number]))
            frames = caller.receive()
            check(frames is not None, "a REQ socket got no reply (correlate %d)" % correlate)
            check(records_of(frames[0])[0][:3] == [number + 1, OK, b"%d" % number], "a wrong reply to REQ")


def counted(server, name, messages):
    """Each message is discarded without an answer, and counted."""
    peer = server.peer()
    for frames in messages:
        before = peer.stats()[name]
        peer.silent(*frames)
        after = peer.stats()[name]
        check(after == before + 1, "%s grew by %d for %d frames" % (name, after - before, len(frames)))


@rule(4, "more than eight envelope frames")
def too_many_frames(server):
    ping = body([1, "PING"])
    counted(server, "envelopes", [[b"x"] * 8 + [b"", ping], [b""] * 9 + [ping], [b"x"] * 40 + [b"", ping]])


@rule(5, "messages without a body")
def foreign(server):
    ping = body([1, "PING"])
    counted(
        server,
        "foreign",
        [
            [b"hello, is this a server?"],
            [b""],
            [b"ZG"],
            [b"ZG\x01"],
            [b"ZG\x01\xc0"],
            [b"x", ping],
            [ping[1:]],
            [b"zg" + ping[2:]],
            [b"GET / HTTP/1.1\r\n\r\n"],
            [b"", b"", b"x"],
        ],
    )


@rule(6, "one reply message to one request message with an envelope")
def one_message(server):
    peer = server.peer()
    requests = [("PUT", server.map, b"key %d" % at, b"v") for at in range(150)]
    requests += [("GET", server.map, b"key %d" % at) for at in range(150)]
    requests += [
        ("SIZE", server.map),
        ("SCAN", server.map),
        ("PING",),
        ("NONE",),
        ("PUT", server.map),
        ("HELLO",),
    ]
    for envelope in ([b""], [b"id", b""]):
        records = [peer.request(*request) for request in requests]
        peer.send(*envelope, body(*records, [0, "PING"]))
        frames = peer.receive()
        check(frames is not None and frames[: len(envelope)] == envelope, "no reply, or another envelope")
        found = sorted(record[0] for record in records_of(frames[len(envelope)]))
        check(
            found == [0] + [record[0] for record in records],
            "%d of %d replies in the message" % (len(found), len(records) + 1),
        )
        peer.expect_nothing()


@rule(7, "another version in the signature")
def versions(server):
    peer = server.peer()
    for version in (0, 2, 3, 0x31, 255):
        for envelope in ([], [b""]):
            peer.send(*envelope, b"ZG" + bytes([version]) + pack([7, "PING"]))
            frames = peer.receive()
            check(frames is not None and frames[:-1] == envelope, "no reply to version %d" % version)
            records = records_of(frames[-1])
            check(len(records) == 1, "%d records" % len(records))
            check(records[0][:2] == [0, MALFORMED], "%r" % records[0])
            check(
                isinstance(records[0][4], dict) and isinstance(records[0][4].get("error"), str),
                "no meta.error",
            )


@rule(8, "the shape of replies")
def shapes(server):
    peer = server.peer()
    name = server.map
    for request in (
        ("PING",),
        ("PUT", name, b"k", b"v", {"px": 60000}),
        ("GET", name, b"k", None, {"withttl": True}),
        ("GET", name, b"none"),
        ("TTL", name, b"k"),
        ("INCR", name, b"k"),
        ("SCAN", name),
        ("SIZE", name),
        ("NONE",),
        ("PUT", name, b"k" * 70000, b"v"),
        ("HELLO",),
        ("STATS",),
        ("ROUTES",),
        ("DESTROY", name),
    ):
        peer.send(body(peer.request(*request)))
        frames = peer.receive()
        check(frames is not None, "no reply to %s" % request[0])
        for record in records_of(frames[0]):
            good = (
                isinstance(record, list)
                and len(record) == 5
                and all(is_int(record[at]) and record[at] >= 0 for at in (0, 1, 3))
                and (
                    record[4] is None
                    or (isinstance(record[4], dict) and all(isinstance(k, str) for k in record[4]))
                )
            )
            check(good, "%s: %r" % (request[0], record))


@rule(9, "one reply to each record, with its id")
def ids(server):
    peer = server.peer()
    sizes = [1, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, 2**63, 2**64 - 1]
    for op in ("PING", "GET"):
        replies = peer.raw(body(*([number, op, server.map, b"k"] for number in sizes)), *sizes)
        check(all(reply.status in (OK, NOTFOUND) for reply in replies), "%s: %r" % (op, replies))
    wide = body(b"\x92\xcf" + (77).to_bytes(8, "big") + b"\xa4PING")
    status(peer.raw(wide, 77)[0], OK, "an id of nine bytes")
    many = list(range(1000, 3000))
    random.Random(1).shuffle(many)
    peer.raw(body(*([number, "GET", server.map, b"%d" % number] for number in many)), *many)
    peer.expect_nothing()


@rule(10, "missing elements are nil")
def missing(server):
    peer = server.peer()
    for record, wanted in (
        ([1, "PING"], None),
        ([2, "PING", None], None),
        ([3, "PING", None, None, b"x"], b"x"),
    ):
        reply = peer.raw(body(record), record[0])[0]
        check((reply.status, reply.value) == (OK, wanted), "%r" % (reply,))
    status(peer.raw(body([4, "PUT", server.map, b"k", b"v", None]), 4)[0], OK, "options nil")
    status(peer.raw(body([5, "GET", server.map, b"k"]), 5)[0], OK, "four elements")
    check(peer.raw(body([6, "INCR", server.map, b"n"]), 6)[0].value == 1, "INCR without a value")


@rule(11, "bin and str")
def kinds(server):
    peer = server.peer()
    for key, value in (("text", "värde"), (b"bytes", b"\x00\xff"), ("mixed", b"x"), (b"mixed too", "y")):
        status(peer.ask("PUT", server.map, key, value), OK, "PUT")
        raw = value.encode() if isinstance(value, str) else value
        other = key.encode() if isinstance(key, str) else key.decode()
        for name in (key, other):
            found = peer.ask("GET", server.map, name).value
            check(isinstance(found, bytes) and found == raw, "GET %r answers %r" % (name, found))
    keys = peer.ask("SCAN", server.map, None, None, {"count": 10000})
    check(all(isinstance(key, bytes) for key in keys.value), "SCAN answers %r" % (keys.value,))
    status(peer.ask(b"PUT", server.map.encode(), b"odd", b"z", {b"nx": True}), OK, "all names as bin")
    status(peer.ask("PUT", server.map, "odd", "z", {b"nx": True}), EXISTS, "an option's name as bin")
    status(peer.ask("CAS", server.map, "text", b"new", {"ifeq": "värde"}), OK, "ifeq as str")
    check(peer.ask("PING", None, None, "text").value in ("text", b"text"), "PING with str")


FAULTY = (
    (7, 0),
    (None, 0),
    ("text", 0),
    ({"a": 1}, 0),
    ([], 0),
    ([5], 5),
    (["5", "PING"], 0),
    ([-5, "PING"], 0),
    ([5.0, "PING"], 0),
    ([0, "PING"], 0),
    ([None, "PING"], 0),
    ([5, 7], 5),
    ([5, None], 5),
    ([5, ["PING"]], 5),
    ([5, "GET", 7, b"k"], 5),
    ([5, "GET", "m", 7], 5),
    ([5, "GET", "m", ["k"]], 5),
    ([5, "GET", "m", {"k": 1}], 5),
    ([5, "GET", "m", b"k", None, "nx"], 5),
    ([5, "GET", "m", b"k", None, [1]], 5),
    ([5, "PING", None, None, None, None, None], 5),
    ([5, "PUT", "m", b"k", 7], 5),
    ([5, "PUT", "m", b"k", ["v"]], 5),
    ([5, "PUT", "m", b"k"], 5),
    ([5, "INCR", "m", b"k", ["1"]], 5),
    ([5, "APPEND", "m", b"k", {"v": 1}], 5),
)


@rule(12, "values that are no requests")
def no_requests(server):
    peer = server.peer()
    for record, number in FAULTY:
        first, last = peer.fresh() + 100, peer.fresh() + 100
        peer.send(body([first, "PING"], record, [last, "PUT", server.map, b"%d" % last, b"v"]))
        replies = {reply.id: reply for reply in peer.wait([first, number, last])}
        status(replies[number], MALFORMED, "%r" % (record,))
        status(replies[first], OK, "the record before %r" % (record,))
        status(replies[last], OK, "the record after %r" % (record,))
        status(peer.ask("GET", server.map, b"%d" % last), OK, "what the record after %r stored" % (record,))


@rule(13, "unknown operations")
def unknown(server):
    peer = server.peer()
    for name in ("NOSUCH", "get", "", "GETT", "G", "PUT ", "X" * 5000, "G\0T"):
        replies = peer.batch([("PING",), (name, server.map, b"k", b"v"), ("PING",)])
        check([reply.status for reply in replies] == [OK, BADOP, OK], "%r: %r" % (name[:20], replies))


BROKEN = (  # What stands behind a good record, and the id of the reply, None: 0 or 9
    (b"\x94\x09\xa3GET\xa1m\xc4\x0aabc", 9),
    (b"\x94\x09\xa3GET\xa1m\xc6\xff\xff\xff\xffabc", 9),
    (b"\xdd\x00\xff\xff\xff\x09", 0),
    (b"\xdf\x01\xff\xff\xff\x09", 0),
    (b"\xdc\xff\xff\x09", 0),
    (b"\x92\x09", None),
    (b"\xc1", 0),
    (b"\x92\x09\xc1", 9),
    (b"\x96\x09\xa3GET\xa1m\xa1k\xc0\xdf\xff\xff\xff\xff", 9),
    (b"\x92\xcf\x01", 0),
    (b"\x94\x09\xa3PUT\xa1m\xdb\x7f\xff\xff\xffk", 9),
    (b"\x95\x09\xa4PING\xc0\xc0\xc9\xff\xff\xff\xff\x01x", 9),
)


@rule(14, "bytes that cannot be read")
def unreadable(server):
    peer = server.peer()
    for number, (tail, wanted) in enumerate(BROKEN):
        first = 1000 + number
        frame = body([first, "PUT", server.map, b"%d" % number, b"v"], tail)
        peer.send(frame)
        found = {}
        while len(found) < 2:
            frames = peer.receive()
            check(frames is not None, "%d of 2 replies to %s" % (len(found), tail.hex()))
            found.update({record[0]: reply_of(record) for record in records_of(frames[0])})
        status(found.pop(first), OK, "the record before %s" % tail.hex())
        number_of, reply = found.popitem()
        check(
            number_of in ((0, 9) if wanted is None else (wanted,)), "id %d for %s" % (number_of, tail.hex())
        )
        status(reply, MALFORMED, tail.hex())
        offsets = [int(digits) for digits in re.findall(r"\d+", str(reply.meta.get("error", "")))]
        check(any(3 <= offset <= len(frame) for offset in offsets), "no offset in %r" % (reply.meta,))
        peer.expect_nothing()
        status(peer.ask("GET", server.map, b"%d" % number), OK, "what was stored before")
    dropped = body([20, "PING"], b"\xc1", [21, "PING"])
    check(
        [reply.status for reply in peer.raw(dropped, 20, 0)] == [OK, MALFORMED], "the byte C1 in the middle"
    )
    peer.expect_nothing()


def nested(depth, pairs=False):
    return (b"\x81\xa1k" if pairs else b"\x91") * depth + b"\x07"


@rule(15, "nesting")
def nesting(server):
    peer = server.peer()
    for pairs in (False, True):
        for depth in (1, 16):
            reply = peer.raw(body(b"\x95\x05\xa4PING\xc0\xc0" + nested(depth, pairs)), 5)[0]
            check(
                reply.status == OK and pack(reply.value) == nested(depth, pairs),
                "%d levels: %r" % (depth, reply.status),
            )
        for depth in (17, 100, 50000):
            peer.send(body([4, "PING"], b"\x95\x05\xa4PING\xc0\xc0" + nested(depth, pairs), [6, "PING"]))
            replies = peer.wait([4, 5])
            check([reply.status for reply in replies] == [OK, MALFORMED], "%d levels: %r" % (depth, replies))
            peer.expect_nothing()


@rule(16, "unknown options, and must")
def options(server):
    peer = server.peer()
    name = server.map
    odd = {"nonsense": [1, {"a": None}], "NX": True, "": 1}
    status(peer.ask("PUT", name, b"k", b"1", odd), OK, "unknown options")
    status(peer.ask("PUT", name, b"k", b"2", {"must": ["nonsense"]}), MALFORMED, "must with an unknown name")
    status(
        peer.ask("PUT", name, b"k", b"3", {"must": ["nx", "nonsense"], "px": 9}), MALFORMED, "must, two names"
    )
    check(peer.ask("GET", name, b"k").value == b"1", "a refused record was executed")
    for op in ("PING", "HELLO", "ROUTES", "STATS", "SIZE", "SCAN"):
        status(peer.ask(op, name, None, None, {"must": ["nonsense"]}), MALFORMED, "%s with must" % op)
    status(
        peer.ask("PUT", name, b"k", b"4", {"must": ["px", "xx"], "px": 60000}), OK, "must with known names"
    )
    status(peer.ask("PUT", name, b"k", b"5", {"must": []}), OK, "must without names")
    check(peer.ask("GET", name, b"k").value == b"5", "not stored")


@rule(17, "options of a wrong type")
def option_types(server):
    peer = server.peer()
    name = server.map
    twice = b"\x96\x05\xa3PUT" + pack(name) + b"\xa1k\xa1w" + b"\x82\xa2px\xcd\x27\x10\xa2px\xcd\x27\x11"
    peer.ask("PUT", name, b"k", b"v")
    for given in (
        {"px": "soon"},
        {"px": -1},
        {"px": 1.5},
        {"px": None},
        {"nx": "yes"},
        {"nx": 2},
        {"ifversion": b"1"},
        {"ex": 10, "px": 10},
        {"exat": 2**33, "ex": 10},
        {"ifeq": 7},
        {"ifeq": ["v"]},
        {7: 8},
        {"must": "nx"},
        {"read": "loose"},
    ):
        status(peer.ask("PUT", name, b"k", b"w", given), MALFORMED, "PUT %r" % (given,))
    status(peer.raw(body(twice), 5)[0], MALFORMED, "px twice")
    for given in ({"cursor": "0"}, {"count": -1}, {"match": 7}, {"partition": "1"}):
        status(peer.ask("SCAN", name, None, None, given), MALFORMED, "SCAN %r" % (given,))
    for given in ({"nx": False}, {"nx": None}, {"keepttl": False}):
        status(peer.ask("PUT", name, b"k", b"v", given), OK, "PUT %r" % (given,))
    check(peer.ask("GET", name, b"k").value == b"v", "a refused record was executed")
