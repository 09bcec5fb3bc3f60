"""rules_data: checks of reading and writing single entries (R18 to R27).

SPDX-License-Identifier: MPL-2.0
"""
from rules import rule, status, ttl_between, value
from zgp import EXISTS, MALFORMED, MISMATCH, NOTFOUND, OK, TOOBIG, check


@rule(18, "sizes up to the limits and past them")
def sizes(server):
    peer = server.peer()
    hello = peer.ask("HELLO").value
    key, large = hello["key_max"], hello["value_max"]
    check(large <= 1 << 28, "value_max is %d: too large to be tried" % large)
    for op, options in (("PUT", None), ("GETPUT", None), ("CAS", {"ifeq": None}), ("APPEND", None)):
        reply = peer.ask(op, server.map, b"k" * (key + 1), b"v", options)
        status(reply, TOOBIG, "%s with a key too long" % op)
        check("key_max" in reply.meta.get("error", ""), "meta %r" % (reply.meta,))
        reply = peer.ask(op, server.map, b"k", b"v" * (large + 1), options)
        status(reply, TOOBIG, "%s with a value too long" % op)
        check("value_max" in reply.meta.get("error", ""), "meta %r" % (reply.meta,))
        reply = peer.ask(op, "m" * 256, b"k", b"v", options)
        status(reply, TOOBIG, "%s with a map's name too long" % op)
        check("255" in reply.meta.get("error", ""), "meta %r" % (reply.meta,))
    status(peer.ask("GET", server.map, b"k" * (key + 1)), TOOBIG, "GET with a key too long")
    status(
        peer.ask("GET", server.map, b"k" * key),
        NOTFOUND,
        "a key was cut short, or reading one of full length",
    )
    value(peer.ask("SIZE", server.map), 0, "something was stored")
    status(peer.ask("PUT", server.map, b"k" * key, b"v" * large), OK, "PUT up to the limits")
    check(peer.ask("GET", server.map, b"k" * key).value == b"v" * large, "GET up to the limits")
    reply = peer.ask("APPEND", server.map, b"k" * key, b"v")
    status(reply, TOOBIG, "APPEND past the limit")
    status(peer.ask("DEL", server.map, b"k" * key), OK, "DEL")
    long_name = server.map + "-" + "é" * ((254 - len(server.map)) // 2)
    status(peer.ask("PUT", long_name, b"k", b"v"), OK, "a map's name of %d bytes" % len(long_name.encode()))
    value(peer.ask("DESTROY", long_name), 1, "DESTROY")


KEY_OPERATIONS = (
    ("GET", None),
    ("PUT", b"1"),
    ("DEL", None),
    ("EXISTS", None),
    ("TTL", None),
    ("IDLE", None),
    ("EXPIRE", 9),
    ("PEXPIRE", 9),
    ("EXPIREAT", 2**33),
    ("PEXPIREAT", 2**42),
    ("PERSIST", None),
    ("TOUCH", None),
    ("INCR", 1),
    ("DECR", 1),
    ("INCRBYFLOAT", b"1"),
    ("GETPUT", b"1"),
    ("GETDEL", None),
    ("CAS", b"1"),
    ("APPEND", b"1"),
    ("SETRANGE", b"1"),
    ("RENAME", b"k"),
    ("COPY", b"k"),
)


@rule(19, "nil keys, nil and wrong names of maps")
def names(server):
    peer = server.peer()
    for op, argument in KEY_OPERATIONS:
        options = {"ifeq": None} if op == "CAS" else None
        status(peer.ask(op, server.map, None, argument, options), MALFORMED, "%s without a key" % op)
        for name in (None, "", b"", b"\xff\xfe", b"ab\xc3", b"\xed\xa0\x80", b"\xc0\x80"):
            status(peer.ask(op, name, b"k", argument, options), MALFORMED, "%s in the map %r" % (op, name))
    for op in ("SCAN", "SIZE", "DESTROY"):
        for name in (None, "", b"\xff\xfe"):
            status(peer.ask(op, name), MALFORMED, "%s of the map %r" % (op, name))
    status(peer.ask("PUT", "conformance-19-\u00e9\u4e2d\U0001f600", b"", b"v"), OK, "a map's name in UTF-8")
    peer.ask("DESTROY", "conformance-19-\u00e9\u4e2d\U0001f600")


@rule(20, "a map that does not exist")
def no_map(server):
    peer = server.peer()
    name = server.map + "-that-nobody-made"
    before = peer.stats()["maps"]
    for op in ("GET", "DEL", "EXISTS", "TTL", "IDLE", "PERSIST", "TOUCH", "GETDEL"):
        status(peer.ask(op, name, b"k"), NOTFOUND, op)
    value(peer.ask("SIZE", name), 0, "SIZE")
    value(peer.ask("DESTROY", name), 0, "DESTROY")
    page = peer.ask("SCAN", name)
    check(page.status == OK and page.value == [], "SCAN: %r" % (page,))
    check(peer.stats()["maps"] <= before, "reading made the map")


@rule(21, "PUT, GET, EXISTS")
def put_get(server):
    peer = server.peer()
    every = bytes(range(256))
    for key, data in (
        (b"", b"empty key"),
        (b"empty value", b""),
        (every, every),
        (b"\0", b"\0\0"),
        (b"big", b"v" * 1000000),
    ):
        check(peer.ask("GET", server.map, key)[1:4] == (NOTFOUND, None, 0), "GET of an absent key")
        status(peer.ask("EXISTS", server.map, key), NOTFOUND, "EXISTS of an absent key")
        stored = peer.ask("PUT", server.map, key, data)
        status(stored, OK, "PUT")
        found = peer.ask("GET", server.map, key)
        value(found, data, "GET")
        check(found.version == stored.version > 0, "versions %d and %d" % (stored.version, found.version))
        status(peer.ask("EXISTS", server.map, key), OK, "EXISTS")
        status(peer.ask("GET", server.map + "-other", key), NOTFOUND, "the same key of another map")


@rule(22, "versions grow")
def versions(server):
    peer = server.peer()
    last = 0
    for op, argument, options in (
        ("PUT", b"1", None),
        ("PUT", b"1", None),
        ("INCR", 1, None),
        ("DECR", 1, None),
        ("INCRBYFLOAT", 1, None),
        ("GETPUT", b"5", None),
        ("CAS", b"6", {"ifeq": b"5"}),
        ("APPEND", b"7", None),
        ("DEL", None, None),
        ("PUT", b"8", None),
        ("GETDEL", None, None),
        ("CAS", b"9", {"ifeq": None}),
    ):
        reply = peer.ask(op, server.map, b"k", argument, options)
        status(reply, OK, op)
        check(reply.version > last, "%s: version %d after %d" % (op, reply.version, last))
        last = reply.version
        found = peer.ask("GET", server.map, b"k")
        check(
            found.version == (last if found.status == OK else 0),
            "GET after %s: version %d" % (op, found.version),
        )


@rule(23, "DEL")
def delete(server):
    peer = server.peer()
    name = server.map
    status(peer.ask("DEL", name, b"k"), NOTFOUND, "DEL of an absent key")
    for options in ({"ifversion": 5}, {"ifversion": 0}, {"ifeq": b"v"}, {"ifeq": None}):
        status(peer.ask("DEL", name, b"k", None, options), NOTFOUND, "DEL of an absent key, %r" % options)
    stored = peer.ask("PUT", name, b"k", b"v").version
    status(peer.ask("DEL", name, b"k", None, {"ifversion": stored + 1}), MISMATCH, "another version")
    status(peer.ask("DEL", name, b"k", None, {"ifeq": b"w"}), MISMATCH, "another value")
    value(peer.ask("GET", name, b"k"), b"v", "the entry after MISMATCH")
    status(peer.ask("DEL", name, b"k", None, {"ifversion": stored}), OK, "this version")
    status(peer.ask("GET", name, b"k"), NOTFOUND, "GET after DEL")
    peer.ask("PUT", name, b"k", b"v")
    status(peer.ask("DEL", name, b"k", None, {"ifeq": b"v"}), OK, "this value")
    status(peer.ask("DEL", name, b"k"), NOTFOUND, "DEL twice")


@rule(24, "PUT with conditions")
def put_conditions(server):
    peer = server.peer()
    name = server.map

    def put(data, state, **options):
        before = peer.ask("GET", name, b"k")
        reply = peer.ask("PUT", name, b"k", data, options)
        status(reply, state, "PUT %r" % (options,))
        after = peer.ask("GET", name, b"k")
        if state == OK:
            check(after.value == data and after.version == reply.version > before.version, "not stored")
        else:
            check(after == before._replace(id=after.id), "a refused PUT changed the entry")
            check(reply.version == before.version, "version %d, not %d" % (reply.version, before.version))
        return reply.version

    put(b"0", NOTFOUND, xx=True)
    put(b"0", MISMATCH, ifversion=5)
    put(b"0", MISMATCH, ifeq=b"")
    put(b"1", OK, nx=True)
    version = put(b"2", OK, xx=True)
    put(b"0", EXISTS, nx=True)
    put(b"0", MISMATCH, ifversion=0)
    put(b"0", MISMATCH, ifversion=version + 1)
    put(b"0", MISMATCH, ifeq=None)
    put(b"0", MISMATCH, ifeq=b"1")
    version = put(b"3", OK, ifversion=version)
    put(b"4", OK, ifeq=b"3")
    put(b"0", MISMATCH, ifversion=version)
    status(peer.ask("PUT", name, b"k", b"0", {"nx": True, "xx": True}), MALFORMED, "nx and xx")
    value(peer.ask("GET", name, b"k"), b"4", "after nx and xx")
    for options in ({"ifversion": 0}, {"ifeq": None}):
        peer.ask("DEL", name, b"k")
        put(b"5", OK, **options)
    put(b"6", OK, xx=True, px=60000)
    ttl_between(peer.ask("TTL", name, b"k"), 1, 60000, "xx and px")


@rule(25, "PUT with get")
def put_get_old(server):
    peer = server.peer()
    name = server.map
    for data, options, state, old in (
        (b"0", {"xx": True}, NOTFOUND, None),
        (b"1", {}, OK, None),
        (b"2", {}, OK, b"1"),
        (b"3", {"nx": True}, EXISTS, b"2"),
        (b"3", {"ifeq": b"x"}, MISMATCH, b"2"),
        (b"3", {"ifversion": 0}, MISMATCH, b"2"),
        (b"3", {"xx": True}, OK, b"2"),
    ):
        value(
            peer.ask("PUT", name, b"k", data, dict(options, get=True)),
            old,
            "PUT %r with get" % (options,),
            state,
        )
    value(peer.ask("PUT", name, b"k", b"4"), None, "PUT without get")


@rule(26, "GETPUT, GETDEL, APPEND")
def get_and(server):
    peer = server.peer()
    name = server.map
    value(peer.ask("GETPUT", name, b"k", b"1"), None, "GETPUT of an absent key")
    value(peer.ask("GETPUT", name, b"k", b""), b"1", "GETPUT")
    value(peer.ask("GETPUT", name, b"k", b"3"), b"", "GETPUT over an empty value")
    value(peer.ask("GETDEL", name, b"k"), b"3", "GETDEL")
    status(peer.ask("GETDEL", name, b"k"), NOTFOUND, "GETDEL of an absent key")
    value(peer.ask("APPEND", name, b"k", b"ab"), 2, "APPEND to an absent key")
    value(peer.ask("APPEND", name, b"k", b""), 2, "APPEND of nothing")
    value(peer.ask("APPEND", name, b"k", b"c" * 5000), 5002, "APPEND")
    value(peer.ask("GET", name, b"k"), b"ab" + b"c" * 5000, "GET after APPEND")


@rule(27, "CAS")
def compare_and_swap(server):
    peer = server.peer()
    name = server.map
    status(peer.ask("CAS", name, b"k", b"1"), MALFORMED, "CAS without ifeq")
    value(peer.ask("CAS", name, b"k", b"1", {"ifeq": b""}), None, "an absent key is not empty", MISMATCH)
    status(peer.ask("CAS", name, b"k", b"", {"ifeq": None}), OK, "absent")
    reply = peer.ask("CAS", name, b"k", b"2", {"ifeq": None})
    value(reply, b"", "an empty value is not absent", MISMATCH)
    stored = peer.ask("CAS", name, b"k", b"2", {"ifeq": b""})
    status(stored, OK, "CAS")
    reply = peer.ask("CAS", name, b"k", b"3", {"ifeq": b"1"})
    value(reply, b"2", "CAS with another value", MISMATCH)
    check(reply.version == stored.version, "the version of MISMATCH")
    value(peer.ask("GET", name, b"k"), b"2", "GET")
