"""rules_time: checks of the time to live (R28 to R32).

SPDX-License-Identifier: MPL-2.0
"""
import time

from rules import rule, status, ttl_between, until_gone, value
from zgp import MALFORMED, MISMATCH, NOTFOUND, OK, TOOBIG, check, is_int

DAY = 86400 * 1000


@rule(28, "time to live")
def lifetimes(server):
    peer = server.peer()
    name = server.map
    now = int(time.time())
    for options, most in (
        ({"ex": 100}, 100000),
        ({"px": 100000}, 100000),
        ({"exat": now + 100}, 100000 + 1000),
        ({"pxat": (now + 100) * 1000}, 100000 + 1000),
        ({"px": 300000, "nx": True}, 300000),
    ):
        peer.ask("DEL", name, b"k")
        status(peer.ask("PUT", name, b"k", b"v", options), OK, "PUT %r" % (options,))
        ttl_between(peer.ask("TTL", name, b"k"), most - 20000, most, "%r" % (options,))
        left = peer.ask("GET", name, b"k", None, {"withttl": True}).meta.get("ttl")
        check(is_int(left) and most - 20000 <= left <= most, "meta.ttl is %r" % (left,))
    peer.ask("PUT", name, b"k", b"v")
    value(peer.ask("TTL", name, b"k"), -1, "TTL without an end")
    check(
        peer.ask("GET", name, b"k", None, {"withttl": True}).meta.get("ttl") == -1, "meta.ttl without an end"
    )
    check("ttl" not in peer.ask("GET", name, b"k").meta, "meta.ttl that nobody asked for")
    status(peer.ask("TTL", name, b"none"), NOTFOUND, "TTL of an absent key")
    for option in ("px", "pxat"):
        begin = time.monotonic()
        options = {option: 250 if option == "px" else int(time.time() * 1000) + 250}
        peer.ask("PUT", name, b"short", b"v", options)
        until_gone(peer, name, b"short")
        check(
            time.monotonic() - begin > 0.2,
            "%r: gone after %d ms" % (options, (time.monotonic() - begin) * 1000),
        )
        for op in ("EXISTS", "TTL", "DEL", "PERSIST", "GETDEL"):
            status(peer.ask(op, name, b"short"), NOTFOUND, "%s after the end" % op)


@rule(81, "IDLE")
def unused(server):
    peer, name = server.peer(), server.map
    status(peer.ask("IDLE", name, b"none"), NOTFOUND, "IDLE of an absent key")
    begin = time.monotonic()
    peer.ask("PUT", name, b"k", b"v")

    def idle():
        found = peer.ask("IDLE", name, b"k")
        check(found.status == OK and is_int(found.value) and found.value >= 0, "IDLE: %r" % (found,))
        return found.value

    while idle() < 600:
        check(time.monotonic() - begin < 20, "IDLE does not grow")
        for op in ("TTL", "EXISTS"):
            status(peer.ask(op, name, b"k"), OK, op)
    check((time.monotonic() - begin) * 1000 >= 600, "IDLE grows faster than time")
    for op, given in (("GET", None), ("TOUCH", None), ("PUT", b"w")):
        while idle() < 300:
            check(time.monotonic() - begin < 20, "IDLE does not grow")
        before = time.monotonic()
        status(peer.ask(op, name, b"k", given), OK, op)
        found = idle()
        check(found <= (time.monotonic() - before) * 1000, "%s, and IDLE says %d" % (op, found))


@rule(29, "impossible lengths of time")
def odd_times(server):
    peer = server.peer()
    name = server.map
    century = 101 * 366 * 86400
    peer.ask("PUT", name, b"k", b"v")
    for options in ({"ex": 0}, {"px": 0}):
        status(peer.ask("PUT", name, b"k", b"w", options), MALFORMED, "PUT %r" % (options,))
    now = int(time.time())
    for options in (
        {"ex": century},
        {"px": century * 1000},
        {"exat": now + century},
        {"pxat": (now + century) * 1000},
        {"ex": 2**63},
        {"px": 2**64 - 1},
        {"exat": 2**64 - 1},
        {"pxat": 2**63 - 1},
    ):
        status(peer.ask("PUT", name, b"k", b"w", options), TOOBIG, "PUT %r" % (options,))
    for op, number in (
        ("EXPIRE", century),
        ("PEXPIRE", century * 1000),
        ("EXPIREAT", now + century),
        ("EXPIRE", 2**63 - 1),
    ):
        status(peer.ask(op, name, b"k", number), TOOBIG, "%s %d" % (op, number))
    value(peer.ask("GET", name, b"k"), b"v", "after refusals")
    value(peer.ask("TTL", name, b"k"), -1, "TTL after refusals")
    status(peer.ask("PUT", name, b"k", b"w", {"ex": 99 * 365 * 86400}), OK, "99 years")


@rule(30, "which operations keep the end of life")
def keeping(server):
    peer = server.peer()
    name = server.map
    keep = (
        ("INCR", 1, {}),
        ("DECR", 1, {}),
        ("INCRBYFLOAT", b"1", {}),
        ("GETPUT", b"5", {}),
        ("CAS", b"6", {"ifeq": b"5"}),
        ("APPEND", b"7", {}),
        ("PUT", b"5", {"keepttl": True}),
        ("TOUCH", None, {}),
        ("GET", None, {}),
    )
    for op, argument, options in keep:
        peer.ask("PUT", name, b"k", b"5", {"px": DAY})
        status(peer.ask(op, name, b"k", argument, options), OK, op)
        ttl_between(peer.ask("TTL", name, b"k"), DAY - 60000, DAY, "after %s" % op)
    for op, argument, options in keep[:6]:
        for given, most in (
            ({"ex": 100}, 100000),
            ({"px": 5000000}, 5000000),
            ({"exat": int(time.time()) + 100}, 101000),
            ({"pxat": int(time.time() * 1000) + 100000}, 100000),
        ):
            peer.ask("PUT", name, b"k", b"5", {"px": DAY})
            status(peer.ask(op, name, b"k", argument, dict(options, **given)), OK, "%s %r" % (op, given))
            ttl_between(peer.ask("TTL", name, b"k"), most - 60000, most, "after %s %r" % (op, given))
    peer.ask("PUT", name, b"k", b"5", {"px": DAY})
    peer.ask("PUT", name, b"k", b"5")
    value(peer.ask("TTL", name, b"k"), -1, "after PUT")
    status(peer.ask("PUT", name, b"new", b"5", {"keepttl": True}), OK, "keepttl on an absent key")
    value(peer.ask("TTL", name, b"new"), -1, "keepttl on an absent key")


@rule(31, "EXPIRE and its kin")
def expire(server):
    peer = server.peer()
    name = server.map
    now = int(time.time())
    for op, number in (
        ("EXPIRE", 100),
        ("PEXPIRE", 100000),
        ("EXPIREAT", now + 100),
        ("PEXPIREAT", (now + 100) * 1000),
    ):
        status(peer.ask(op, name, b"none", number), NOTFOUND, "%s of an absent key" % op)
        for argument in (number, b"%d" % number):
            peer.ask("PUT", name, b"k", b"v")
            status(peer.ask(op, name, b"k", argument), OK, "%s %r" % (op, argument))
            ttl_between(peer.ask("TTL", name, b"k"), 40000, 101000, "%s %r" % (op, argument))
            value(peer.ask("GET", name, b"k"), b"v", "the value after %s" % op)
        for wrong in (b"soon", b"", b"1x", None, 1.5, [1]):
            status(peer.ask(op, name, b"k", wrong), MALFORMED, "%s %r" % (op, wrong))
        for past in (-1, b"-5", 0, 1 if op.endswith("AT") else 0):
            peer.ask("PUT", name, b"k", b"v")
            status(peer.ask(op, name, b"k", past), OK, "%s %r" % (op, past))
            status(peer.ask("GET", name, b"k"), NOTFOUND, "GET after %s %r" % (op, past))
    peer.ask("PUT", name, b"k", b"v")
    for seconds, option, state, left in (
        (100, "xx", MISMATCH, None),
        (100, "gt", MISMATCH, None),
        (100, "nx", OK, 100),
        (200, "nx", MISMATCH, 100),
        (200, "xx", OK, 200),
        (100, "gt", MISMATCH, 200),
        (300, "gt", OK, 300),
        (400, "lt", MISMATCH, 300),
        (50, "lt", OK, 50),
    ):
        status(
            peer.ask("EXPIRE", name, b"k", seconds, {option: True}), state, "EXPIRE %d %s" % (seconds, option)
        )
        if left is None:
            value(peer.ask("TTL", name, b"k"), -1, "after EXPIRE %s" % option)
        else:
            ttl_between(
                peer.ask("TTL", name, b"k"), left * 1000 - 40000, left * 1000, "after EXPIRE %s" % option
            )
    peer.ask("PUT", name, b"k", b"v")
    status(peer.ask("EXPIRE", name, b"k", 100, {"lt": True}), OK, "lt without an end")


@rule(32, "PERSIST and TOUCH")
def persist(server):
    peer = server.peer()
    name = server.map
    for op in ("PERSIST", "TOUCH"):
        status(peer.ask(op, name, b"none"), NOTFOUND, "%s of an absent key" % op)
    peer.ask("PUT", name, b"k", b"v", {"ex": 100})
    status(peer.ask("TOUCH", name, b"k"), OK, "TOUCH")
    ttl_between(peer.ask("TTL", name, b"k"), 60000, 100000, "after TOUCH")
    value(peer.ask("PERSIST", name, b"k"), 1, "PERSIST")
    value(peer.ask("TTL", name, b"k"), -1, "after PERSIST")
    value(peer.ask("PERSIST", name, b"k"), 0, "PERSIST without an end")
    value(peer.ask("GET", name, b"k"), b"v", "the value")
