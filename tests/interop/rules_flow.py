"""rules_flow: checks of batches, order, window and attachments (R41 to R45), and of what faulty messages do to
others (R49).

SPDX-License-Identifier: MPL-2.0
"""
import random

import msgpack
import zmq

from rules import rule, status
from zgp import BUSY, MALFORMED, NOTFOUND, OK, Failure, body, check, records_of, reference


@rule(41, "more records than batch")
def long_batch(server):
    peer = server.peer()
    limit = peer.ask("HELLO").value["batch"]
    check(limit <= 1 << 17, "batch is %d: start the server with limits.batch_records of 65,536" % limit)
    ping = b"".join(b"\x92\xce" + number.to_bytes(4, "big") + b"\xa4PING" for number in range(1, limit + 11))
    peer.next_id = limit + 100
    replies = peer.raw(b"ZG\x01" + ping, *range(1, limit + 11))
    check(all(reply.status in (OK, BUSY) for reply in replies), "neither OK nor BUSY")
    check(all(reply.status == BUSY for reply in replies[limit:]), "a record beyond batch was executed")
    check(replies[0].status == OK, "the first record got %d" % replies[0].status)


@rule(42, "the records of one key in order")
def order(server):
    peer = server.peer()
    records = []
    for number in range(2000):
        records.append(peer.request("APPEND", server.map, b"log", b"%04d" % number))
        if number % 7 == 0:
            records.append(peer.request("GET", server.map, b"other %d" % number))
    sizes = random.Random(2)
    at = 0
    while at < len(records):
        size = sizes.choice((1, 1, 2, 50))
        peer.send(body(*records[at : at + size]))
        at += size
    peer.wait([record[0] for record in records])
    wanted = b"".join(b"%04d" % number for number in range(2000))
    check(peer.ask("GET", server.map, b"log").value == wanted, "APPENDs out of order")
    batch = []
    for number in range(300):
        batch += [("PUT", server.map, b"k", b"%d" % number), ("GET", server.map, b"k")]
    replies = peer.batch(batch)
    check(
        [reply.value for reply in replies[1::2]] == [b"%d" % number for number in range(300)],
        "a GET does not see the PUT before it",
    )


@rule(43, "no BUSY within the window")
def window(server):
    peer = server.peer()
    records, size = peer.ask("HELLO").value["window"]
    records = min(records, 100000)
    check(records >= 64 and size >= 65536, "a window of %d records and %d bytes" % (records, size))
    for _ in range(3):
        requests = [peer.request("GET", server.map, b"key %d" % number) for number in range(records)]
        for at in range(0, records, 256):
            peer.send(body(*requests[at : at + 256]))
        replies = peer.wait([request[0] for request in requests])
        check(all(reply.status == NOTFOUND for reply in replies), "not all %d GETs were NOTFOUND" % records)
    count = size // 65536
    requests = [peer.request("PUT", server.map, b"%d" % number, b"v" * 65000) for number in range(count)]
    for request in requests:
        peer.send(body(request))
    check(
        all(reply.status == OK for reply in peer.wait([request[0] for request in requests])), "BUSY by bytes"
    )


@rule(44, "attachments of requests")
def attachments(server):
    peer = server.peer()
    for size in (1, 2, 3, 4):
        one, two, three = (
            peer.request("PUT", server.map, b"k%d" % at, reference(at % 2, size)) for at in range(3)
        )
        peer.send(body(one, two, three), b"first", b"second" * 50000, b"named by nobody")
        check([reply.status for reply in peer.wait([one[0], two[0], three[0]])] == [OK] * 3, "not stored")
        values = [peer.ask("GET", server.map, b"k%d" % at).value for at in range(3)]
        check(values == [b"first", b"second" * 50000, b"first"], "values are not the attachments")
    wrong = peer.request("PUT", server.map, b"k0", reference(3))
    good = peer.request("APPEND", server.map, b"k0", reference(1))
    huge = peer.request("PUT", server.map, b"k0", reference(2**32 - 1, 4))
    peer.send(b"", body(wrong, good, huge), b"a", b"bc", b"d")
    frames = peer.receive()
    check(frames is not None and frames[0] == b"", "no reply behind an envelope")
    found = {record[0]: record[1] for record in records_of(frames[1])}
    check([found.get(r[0]) for r in (wrong, good, huge)] == [MALFORMED, OK, MALFORMED], "statuses %r" % found)
    status(peer.ask("PUT", server.map, b"k0", reference(0)), MALFORMED, "a reference without attachments")
    check(peer.ask("GET", server.map, b"k0").value == b"firstbc", "an attachment to APPEND")


@rule(45, "attachments of replies")
def reply_attachments(server):
    peer = server.peer()
    big, small = b"B" * 100000, b"s" * 99
    peer.batch([("PUT", server.map, b"big", big), ("PUT", server.map, b"small", small)])
    for limit, large in ((100, True), (100000, True), (100001, False), (None, False)):
        given = {"attach": limit} if limit else None
        for envelope in ([], [b""]):
            records = [peer.request("GET", server.map, key, None, given) for key in (b"big", b"small")]
            peer.send(*envelope, body(*records))
            found = {}
            while len(found) < 2:
                frames = peer.receive()
                check(frames is not None and frames[: len(envelope)] == envelope, "no reply")
                frames = frames[len(envelope) :]
                for record in records_of(frames[0]):
                    found[record[0]] = (record[2], frames[1:])
            value, frames = found[records[0][0]]
            check(
                isinstance(value, msgpack.ExtType) == large,
                "attach %r: the value is a %s" % (limit, type(value).__name__),
            )
            if large:
                check(
                    value.code == 1 and frames[int.from_bytes(value.data, "big")] == big, "a wrong attachment"
                )
            else:
                check(value == big, "another value")
            value, frames = found[records[1][0]]
            check(value == small, "a small value was attached")
            check(large or not frames, "an attachment that nobody asked for")


def mutants(seed, count):
    """Bodies that are wrong in some byte, or too short, or too long."""
    chance = random.Random(seed)
    good = body(
        [1, "PUT", "conformance-49", b"k", b"v" * 40, {"px": 1000, "nx": True}],
        [2, "GET", "conformance-49", b"k"],
        [3, "SCAN", "conformance-49", None, None, {"count": 10}],
    )
    for _ in range(count):
        mutant = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            mutant[chance.randrange(3, len(mutant))] = chance.randrange(256)
        if chance.random() < 0.3:
            del mutant[chance.randrange(3, len(mutant)) :]
        yield bytes(mutant)


@rule(49, "faulty messages harm nobody else")
def survives(server):
    good, bad = server.peer(), server.peer()
    keys = [b"sentinel %d" % number for number in range(200)]
    good.batch([("PUT", server.map + "-kept", key, key * 3) for key in keys])
    for number, frame in enumerate(mutants(49, 600)):
        bad.send(frame)
        if number % 50 == 0:
            try:
                while bad.receive(0) is not None:
                    pass
            except zmq.ZMQError as error:
                raise Failure("the connection broke: %s" % error)
            replies = good.batch([("GET", server.map + "-kept", key) for key in keys[:20]])
            check(
                [reply.value for reply in replies] == [key * 3 for key in keys[:20]], "another client's data"
            )
    replies = good.batch([("GET", server.map + "-kept", key) for key in keys])
    check([reply.value for reply in replies] == [key * 3 for key in keys], "stored data changed")
    good.ask("DESTROY", server.map + "-kept")
