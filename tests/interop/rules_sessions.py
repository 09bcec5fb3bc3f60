"""rules_sessions: checks of what a cluster adds: CLUSTER, routers, views, sessions (R50 to R59),
and of copies of keys (R75).

SPDX-License-Identifier: MPL-2.0
"""
import binascii
import json
import os

from rules import rule, status, value
from rules_routes import routes
from zgp import BADOP, MALFORMED, OK, SESSION_EXPIRED, STALE_REQUEST, body, check, is_int, partition_of, records_of


def session(server):
    found = server.peer().ask("HELLO").value.get("session")
    check(isinstance(found, bytes) and len(found) == 16, "HELLO gives no session: %r" % (found,))
    return found


def guarded(peer, key, given, record, ack=None):
    """Sends one write under a session; its reply."""
    options = {"session": given}
    if ack is not None:
        options["ack"] = ack
    peer.send(body([1, "WITH", None, None, None, options], record))
    return peer.wait([record[0]])[0]


def places(server, key):
    """Fresh connections: two to the public endpoint, one to the owner of a key."""
    _, endpoints, owners = routes(server)
    owner = endpoints[owners[partition_of(key, len(owners))]]
    return [server.peer(), server.peer(), server.peer(owner)]


@rule(50, "CLUSTER")
def cluster(server):
    answer = server.peer().ask("CLUSTER")
    status(answer, OK, "CLUSTER")
    found = answer.value
    _, endpoints, owners = routes(server)
    for name, kind in (
        ("cluster", str),
        ("version", int),
        ("era", int),
        ("copies", int),
        ("partitions", int),
        ("state", str),
        ("safe", bool),
        ("ready", bool),
        ("members", list),
        ("table", list),
        ("maps", list),
    ):
        check(type(found.get(name)) is kind, "%s is %r" % (name, found.get(name)))
    check(len(found["table"]) == found["partitions"] == len(owners), "a table of %d" % len(found["table"]))
    for at, row in enumerate(found["table"]):
        check(len(row) == 5 and row[0] == at and is_int(row[1]) and isinstance(row[3], list), "a row is %r" % row)
    check(found["members"], "no members")
    for member in found["members"]:
        texts = [member.get(name) for name in ("id", "name", "status", "router")]
        check(all(isinstance(text, str) for text in texts), "a member is %r" % (member,))
        check(member["status"] in ("UP", "SUSPECT", "LEAVING"), "a member is %r" % member["status"])
    for endpoint in endpoints:
        for op in ("CLUSTER", "ADMIN"):
            status(server.peer(endpoint).ask(op), BADOP, "%s at a storage endpoint" % op)


@rule(51, "routers and backups of ROUTES")
def more_routes(server):
    answer = server.peer().ask("ROUTES").value
    routers, backups = answer.get("routers"), answer.get("backups")
    check(isinstance(routers, list) and server.endpoint in routers, "routers are %r" % (routers,))
    for endpoint in routers:
        status(server.peer(endpoint).ask("PING"), OK, "PING at %s" % endpoint)
    check(isinstance(backups, bytes) and len(backups) == len(answer["owners"]), "backups")
    for at in range(0, len(backups), 2):
        place = int.from_bytes(backups[at : at + 2], "big")
        check(place == 0xFFFF or place < len(answer["endpoints"]), "a backup without endpoint")
        check(place == 0xFFFF or backups[at : at + 2] != answer["owners"][at : at + 2], "an owner is its own backup")


@rule(52, "pushes of views")
def views(server):
    watcher, other = server.peer(), server.peer()
    before = watcher.ask("HELLO", None, None, None, {"views": True}).value["epoch"]
    other.ask("HELLO")
    name = "conformance-view-%s" % binascii.hexlify(os.urandom(4)).decode()
    admin = server.peer().ask("ADMIN", None, None, ["map", name, "mode", "cp", "min_sync", "1"])
    status(admin, OK, "ADMIN map")
    frames = watcher.receive()
    check(frames is not None, "no push")
    for push in records_of(frames[-1]):
        check(
            isinstance(push, list) and len(push) == 5 and push[:2] == [0, "VIEW"] and push[4] is None,
            "a push is %r" % (push,),
        )
        check(push[2] is None or (isinstance(push[2], list) and len(push[2]) <= 16), "routers %r" % (push[2],))
        for router in push[2] or ():
            check(isinstance(router, str) and router.startswith("tcp://"), "a router is %r" % (router,))
        check(is_int(push[3]) and push[3] > before, "version %r after %r" % (push[3], before))
    check(server.peer().ask("ROUTES").value["epoch"] >= push[3], "ROUTES is older than the push")
    other.expect_nothing()


@rule(59, "pushes of events")
def events(server):
    listener, other = server.peer(), server.peer()
    listener.ask("HELLO", None, None, None, {"events": True})
    other.ask("HELLO")
    name = "conformance-event-%s" % binascii.hexlify(os.urandom(4)).decode()
    admin = server.peer().ask("ADMIN", None, None, ["map", name, "mode", "cp", "min_sync", "1"])
    status(admin, OK, "ADMIN map")
    frames = listener.receive()
    check(frames is not None, "no push")
    for push in records_of(frames[-1]):
        check(
            isinstance(push, list) and len(push) == 5 and push[:2] == [0, "EVENT"] and push[4] is None,
            "a push is %r" % (push,),
        )
        check(isinstance(push[2], bytes) and is_int(push[3]), "a push is %r" % (push,))
        told = json.loads(push[2])
        names = [isinstance(told.get(one), kind) for one, kind in (("event", str), ("at", int), ("node", str))]
        check(all(names) or is_int(told.get("lost")), "an event is %r" % (told,))
    other.expect_nothing()


def told(peer, name, number):
    """What the next message of a reader says is no longer good; it is the push of that number."""
    frames = peer.receive()
    check(frames is not None, "no push")
    pushes = records_of(frames[-1])
    check(len(pushes) == 1 and isinstance(pushes[0], list) and len(pushes[0]) == 5, "a push is %r" % (pushes,))
    zero, event, what, count, meta = pushes[0]
    check([zero, event, meta] == [0, "INVALIDATE", None] and count == number, "a push is %r" % (pushes,))
    check(isinstance(what, list) and len(what) == 2, "a push tells %r" % (what,))
    check(what[0] in (name, str(name).encode()), "of the map %r" % (what[0],))
    return what[1]


@rule(75, "copies of keys")
def tracked(server):
    key = b"copy"
    writer, _, reader = places(server, key)
    other = places(server, key)[2]
    partition = partition_of(key, len(routes(server)[2]))
    for peer, options in ((reader, {"track": True}), (other, None)):
        peer.ask("GET", server.map, key, None, options)
    for number, (op, given) in enumerate((("PUT", b"1"), ("INCR", 1), ("PEXPIRE", 60000), ("DEL", None)), 1):
        status(writer.ask(op, server.map, key, given), OK, op)
        check(told(reader, server.map, number) == key, "another key after %s" % op)
        writer.ask("PUT", server.map, key, b"1")  # Nobody has read it since
        reader.expect_nothing()
        status(reader.ask("GET", server.map, key, None, {"track": True}), OK, "GET")
    status(writer.ask("DESTROY", server.map, None, None, {"partition": partition}), OK, "DESTROY")
    check(told(reader, server.map, 5) in (key, partition), "something else after DESTROY")
    other.expect_nothing()


@rule(53, "HELLO gives sessions")
def sessions(server):
    _, endpoints, _ = routes(server)
    found = []
    for endpoint in [server.endpoint] + endpoints:
        peer = server.peer(endpoint)
        for _ in range(20):
            answer = peer.ask("HELLO").value
            check(is_int(answer.get("era")), "era is %r" % (answer.get("era"),))
            found.append(answer.get("session"))
    check(all(isinstance(one, bytes) and len(one) == 16 for one in found), "a session is %r" % (found[0],))
    check(len(set(found)) == len(found), "a session was given twice")


@rule(54, "WITH")
def with_record(server):
    for peer, key in zip(places(server, b"w"), (b"{w}1", b"{w}2", b"{w}3")):
        one, other = session(server), session(server)
        incr = [100, "INCR", server.map, key]
        value(guarded(peer, key, one, incr), 1, "under WITH")
        peer.expect_nothing()
        value(peer.raw(body(incr + [None, {"session": one}]), 100)[0], 1, "as if the record gave it")
        value(peer.raw(body(incr), 100)[0], 2, "WITH in another body")
        value(guarded(peer, key, one, incr + [None, {"session": other}]), 3, "a record's own session")
        #  A later WITH leaves alone what it does not give, and nil ends the session
        parts = [
            [1, "WITH", None, None, None, {"session": one}],
            [1, "WITH", None, None, None, {"ack": 50}],
            [101, "INCR", server.map, key],
            [1, "WITH", None, None, None, {"session": other}],
            [102, "INCR", server.map, key],
            [1, "WITH", None, None, None, {"session": None}],
            [103, "INCR", server.map, key],
        ]
        numbers = [101, 102, 103]
        first = [reply.value for reply in peer.raw(body(*parts), *numbers)]
        again = [reply.value for reply in peer.raw(body(*parts), *numbers)]
        check(first == [4, 5, 6] and again == [4, 5, 7], "%r, and again %r" % (first, again))
        for bad in ({"session": 5}, {"ack": -1}, {"ack": b"x"}, {"must": ["frobnicate"]}):
            faulty = peer.raw(body([104, "WITH", None, None, None, bad]), 104)[0]
            status(faulty, MALFORMED, "WITH %r" % bad)


WRITES = (
    ("PUT", b"new", {"nx": True}),
    ("PUT", b"newer", {"get": True}),
    ("PUT", b"never", {"nx": True}),
    ("INCR", None, None),
    ("PUT", b"10", None),
    ("INCR", 5, None),
    ("DECR", b"2", None),
    ("INCRBYFLOAT", b"0.5", None),
    ("APPEND", b"99", None),
    ("CAS", b"cas", {"ifeq": b"wrong"}),
    ("GETPUT", b"7", None),
    ("PEXPIRE", 100000, {"nx": True}),
    ("PEXPIRE", 100000, {"nx": True}),
    ("PERSIST", None, None),
    ("PERSIST", None, None),
    ("GETDEL", None, None),
    ("DEL", None, None),
)


@rule(55, "a request that is sent again")
def again(server):
    key = b"again"
    one = session(server)
    peers = places(server, key)
    mirror = server.peer()
    for number, (op, given, options) in enumerate(WRITES, 10):
        record = [number, op, server.map, key, given, options]
        plain = mirror.ask(op, server.map, b"mirror", given, options)
        first = guarded(peers[0], key, one, record)
        check((first.status, first.value) == (plain.status, plain.value), "%s: %r, not %r" % (op, first, plain))
        for peer in peers * 2:
            second = guarded(peer, key, one, record)
            check(second[:4] == first[:4], "%s again: %r, not %r" % (op, second, first))
        seen = [peers[1].ask("GET", server.map, name) for name in (key, b"mirror")]
        check(seen[0][1:3] == seen[1][1:3], "after %s: %r, not %r" % (op, seen[0], seen[1]))
    #  Out of turn, and many at a time
    incrs = [[number, "INCR", server.map, b"sum"] for number in range(1000, 1300)]
    for _ in range(3):
        for peer in peers[:2]:
            peer.send(body([1, "WITH", None, None, None, {"session": one}], *incrs))
            replies = peer.wait([record[0] for record in incrs])
            check([reply.value for reply in replies] == list(range(1, 301)), "300 INCRs, sent again")
            incrs.reverse()
            peer.send(body([1, "WITH", None, None, None, {"session": one}], *incrs))
            replies = peer.wait([record[0] for record in incrs])
            check([reply.value for reply in replies] == list(range(300, 0, -1)), "300 INCRs, backwards")
            incrs.reverse()
    #  Another client's write comes between: it stays
    put = [2000, "PUT", server.map, key, b"mine"]
    status(guarded(peers[0], key, one, put), OK, "PUT")
    status(peers[1].ask("PUT", server.map, key, b"theirs"), OK, "PUT of another")
    status(guarded(peers[2], key, one, put), OK, "PUT again")
    value(peers[1].ask("GET", server.map, key), b"theirs", "GET")


@rule(56, "other requests are others")
def others(server):
    for at, peer in enumerate(places(server, b"o")):
        one, other = session(server), session(server)
        key = b"{o}%d" % at
        incr = [500, "INCR", server.map, key]
        value(guarded(peer, key, one, incr), 1, "one session")
        value(guarded(peer, key, other, incr), 2, "another session")
        value(guarded(peer, key, one, [501] + incr[1:]), 3, "another id")
        value(peer.raw(body(incr), 500)[0], 4, "no session")
        value(peer.raw(body(incr), 500)[0], 5, "no session again")
        value(guarded(peer, key, one, incr), 1, "the first again")


@rule(57, "ids below ack")
def stale(server):
    key = b"stale"
    for peer in places(server, key):
        one, other = session(server), session(server)
        before = peer.ask("GET", server.map, key).value or b"0"
        status(guarded(peer, key, one, [10, "INCR", server.map, key], 0), OK, "id 10")
        status(guarded(peer, key, one, [12, "INCR", server.map, key], 12), OK, "id 12")
        status(guarded(peer, key, one, [5, "INCR", server.map, key], 0), STALE_REQUEST, "id 5, never sent")
        status(guarded(peer, key, other, [5, "INCR", server.map, key], 0), OK, "id 5 of another")
        value(peer.ask("GET", server.map, key), b"%d" % (int(before) + 3), "the sum")


@rule(58, "sessions that are none")
def bad_sessions(server):
    foreign = ("text of 16 bytes", b"of another one..", b"\0" * 16, b"\xff" * 16)
    for at, peer in enumerate(places(server, b"b")):
        key = b"{b}%d" % at
        status(peer.raw(body([7, "PUT", server.map, key, b"1", {"session": None}]), 7)[0], OK, "session nil")
        missed = 0
        for other in foreign:
            reply = peer.raw(body([7, "INCR", server.map, key, None, {"session": other}]), 7)[0]
            missed += reply.status == OK
            check(missed < 2, "sessions that nobody has given are taken")
            if reply.status != OK:
                status(reply, SESSION_EXPIRED, "session %r" % other)
        for bad in (b"short", b"17 bytes are more"):
            reply = peer.raw(body([7, "INCR", server.map, key, None, {"session": bad}]), 7)[0]
            status(reply, MALFORMED, "session %r" % bad)
        value(peer.ask("GET", server.map, key), b"%d" % (1 + missed), "what was stored")
