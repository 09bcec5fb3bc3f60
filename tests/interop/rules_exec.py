"""rules_exec: checks of several records as one, and of entries that get another key (R76 to R80).

SPDX-License-Identifier: MPL-2.0
"""
from rules import rule, status, value
from zgp import (
    EXISTS,
    MALFORMED,
    MISMATCH,
    NOTFOUND,
    OK,
    TOOBIG,
    WRONGTYPE,
    check,
    partition_of,
)


def execute(peer, server, records, conditions=()):
    """EXEC of records [op, key, value, options], whose keys are in {t}'s partition."""
    shaped = [[at + 1, record[0], server.map, *record[1:]] for at, record in enumerate(records)]
    return peer.ask("EXEC", server.map, b"{t}", [[[server.map, *one] for one in conditions], shaped])


def answers(reply, *wanted):
    """What the records were answered: status and value of each."""
    status(reply, OK, "EXEC")
    check(isinstance(reply.value, list) and all(isinstance(one, list) for one in reply.value), "%r" % (reply,))
    found = [(one[0], one[1], one[2]) for one in reply.value]
    check(found == [(at + 1, *one) for at, one in enumerate(wanted)], "EXEC: %r, not %r" % (found, wanted))


def elsewhere(peer):
    """A key of another partition than {t}'s."""
    partitions = peer.ask("HELLO").value["partitions"]
    here = partition_of(b"{t}", partitions)
    return next(b"k%d" % at for at in range(10000) if partition_of(b"k%d" % at, partitions) != here)


@rule(76, "EXEC")
def several(server):
    peer = server.peer()
    peer.ask("PUT", server.map, b"{t}n", b"5")
    reply = execute(
        peer,
        server,
        [
            ["INCR", b"{t}n"],
            ["GET", b"{t}n"],
            ["PUT", b"{t}a", b"text"],
            ["INCR", b"{t}a"],
            ["APPEND", b"{t}a", b"s"],
            ["DEL", b"{t}none"],
            ["PUT", b"{t}b", b"1", {"nx": True}],
        ],
    )
    wanted = [(OK, 6), (OK, b"6"), (OK, None), (WRONGTYPE, None), (OK, 5), (NOTFOUND, None), (OK, None)]
    answers(reply, *wanted)
    found = [peer.ask("GET", server.map, key) for key in (b"{t}n", b"{t}a", b"{t}b")]
    check([one.value for one in found] == [b"6", b"texts", b"1"], "what EXEC stored: %r" % (found,))
    check(len({one.version for one in found}) == 1, "versions of what one EXEC stored: %r" % (found,))
    answers(execute(peer, server, []))


@rule(77, "conditions of EXEC")
def conditions(server):
    peer = server.peer()
    version = peer.ask("PUT", server.map, b"{t}a", b"1").version
    put = [["PUT", b"{t}b", b"2"]]
    for wrong in ([b"{t}a", version + 1], [b"{t}a", 0], [b"{t}none", version]):
        value(execute(peer, server, put, [wrong]), None, "EXEC if %r" % (wrong,), MISMATCH)
        status(peer.ask("GET", server.map, b"{t}b"), NOTFOUND, "what EXEC refused")
    answers(execute(peer, server, put, [[b"{t}a", version], [b"{t}b", 0]]), (OK, None))
    status(execute(peer, server, put, [[b"{t}a", version], [b"{t}b", 0]]), MISMATCH, "EXEC again")


@rule(78, "what is no EXEC")
def no_exec(server):
    peer, other = server.peer(), elsewhere(server.peer())
    put = ["PUT", b"{t}a", b"1"]
    for bad in (
        ["LOCK", b"{t}l"],
        ["SIZE"],
        ["PING", b"{t}", b"1"],
        ["EXEC", b"{t}", [[], []]],
        ["GET", other],
        ["PUT", b"{t}b", b"1", {"fence": 1}],
        ["PUT", None, b"1"],
    ):
        status(execute(peer, server, [put, bad]), MALFORMED, "EXEC of %s" % bad[0])
    status(execute(peer, server, [put], [[other, 0]]), MALFORMED, "a condition elsewhere")
    for tree in (None, b"x", 5, [], [[]], [[], [], []], [[], [5]], [[[server.map, b"{t}"]], []]):
        status(peer.ask("EXEC", server.map, b"{t}", tree), MALFORMED, "EXEC of %r" % (tree,))
    status(execute(peer, server, [put] * 1025), TOOBIG, "EXEC of 1,025 records")
    status(peer.ask("GET", server.map, b"{t}a"), NOTFOUND, "what EXEC refused")


@rule(79, "SETRANGE")
def overwritten(server):
    peer = server.peer()
    most = peer.ask("HELLO").value["value_max"]

    def overwrite(data, offset, length):
        value(peer.ask("SETRANGE", server.map, b"k", data, {"offset": offset}), length, "SETRANGE at %d" % offset)

    overwrite(b"", 5, 0)
    status(peer.ask("GET", server.map, b"k"), NOTFOUND, "GET after SETRANGE of nothing")
    overwrite(b"ab", 3, 5)
    overwrite(b"x", 0, 5)
    overwrite(b"", 50, 5)
    value(peer.ask("GET", server.map, b"k"), b"x\0\0ab", "GET after SETRANGE")
    for offset in (most, 2**64 - 1):
        status(peer.ask("SETRANGE", server.map, b"k", b"x", {"offset": offset}), TOOBIG, "SETRANGE at the limit")


@rule(80, "RENAME and COPY")
def renamed(server):
    peer = server.peer()

    def both(op, source, target, state, **options):
        value(peer.ask(op, server.map, source, target, options), None, "%s %r" % (op, options), state)

    peer.ask("PUT", server.map, b"{t}a", b"1", {"ex": 1000})
    peer.ask("PUT", server.map, b"{t}b", b"2")
    for op in ("RENAME", "COPY"):
        both(op, b"{t}a", b"{t}b", EXISTS, nx=True)
        both(op, b"{t}none", b"{t}b", NOTFOUND)
        both(op, b"{t}a", elsewhere(peer), MALFORMED)
    both("RENAME", b"{t}a", b"{t}b", OK)
    status(peer.ask("GET", server.map, b"{t}a"), NOTFOUND, "GET of the old key")
    found = peer.ask("GET", server.map, b"{t}b", None, {"withttl": True})
    value(found, b"1", "GET of the new key")
    check(990000 < found.meta.get("ttl", 0) <= 1000000, "the TTL after RENAME: %r" % (found.meta,))
    both("COPY", b"{t}b", b"{t}c", OK, nx=True)
    both("COPY", b"{t}b", b"{t}b", OK, into=server.map + "-other")
    value(peer.ask("GET", server.map, b"{t}b"), b"1", "GET of what was copied")
    value(peer.ask("GET", server.map, b"{t}c"), b"1", "GET of the copy")
    value(peer.ask("GET", server.map + "-other", b"{t}b"), b"1", "GET in another map")
    peer.ask("DESTROY", server.map + "-other")
