"""rules_locks: checks of locks and fencing tokens (R60 to R66).

SPDX-License-Identifier: MPL-2.0
"""
import time

from rules import rule, status, value
from rules_sessions import guarded, session
from zgp import FENCED, LOCKED, MALFORMED, NOSUCHLOCK, NOTFOUND, OK, TOOBIG, body, check, is_int, records_of


def taken(reply, what, lease=30000):
    """The token of a lock that was taken."""
    status(reply, OK, what)
    check(is_int(reply.value) and 0 < reply.value < 2**63, "%s: the token is %r" % (what, reply.value))
    check(reply.version == reply.value, "%s: version %r, token %r" % (what, reply.version, reply.value))
    check(reply.meta.get("ttl") == lease, "%s: a lease of %r" % (what, reply.meta))
    return reply.value


def freed(peer, server, key, token):
    value(peer.ask("UNLOCK", server.map, key, token), None, "UNLOCK")


def waits(peer, server, key, **options):
    """Sends a LOCK that stands in line; its id. A TRYLOCK behind it shows that it has come."""
    record = peer.request("LOCK", server.map, key, None, options)
    peer.send(body(record))
    status(peer.ask("TRYLOCK", server.map, key), LOCKED, "TRYLOCK of a lock that is held")
    return record[0]


@rule(60, "TRYLOCK, LOCK that does not wait")
def take(server):
    peer, key = server.peer(), b"lock"
    token = taken(peer.ask("TRYLOCK", server.map, key), "TRYLOCK")
    for op, options in (("TRYLOCK", None), ("LOCK", {"wait": 0})):
        status(peer.ask(op, server.map, key, None, options), LOCKED, "%s of a lock that is held" % op)
    status(peer.ask("GET", server.map, key), NOTFOUND, "GET of a lock's name")
    for op, given in (("PUT", b"v"), ("DEL", None)):
        status(peer.ask(op, server.map, key, given), OK, op)
    peer.ask("DESTROY", server.map)
    status(peer.ask("TRYLOCK", server.map, key), LOCKED, "TRYLOCK after DESTROY")
    freed(peer, server, key, token)
    token = taken(peer.ask("LOCK", server.map, key, None, {"wait": 0, "px": 70000}), "LOCK", 70000)
    freed(peer, server, key, token)
    token = taken(peer.ask("LOCK", server.map, key, None, {"ex": 60}), "LOCK with ex", 60000)
    freed(peer, server, key, token)


@rule(61, "tokens grow")
def tokens(server):
    peer, last = server.peer(), 0
    for count in range(30):
        key = b"lock"
        token = taken(peer.ask("TRYLOCK", server.map, key, None, {"px": 3600000}), "TRYLOCK", 3600000)
        check(token > last, "token %d after %d" % (token, last))
        last = token
        if count % 10 == 9:
            status(peer.ask("LEASE", server.map, key, token, {"px": 1}), OK, "LEASE")
            begin = time.monotonic()
            while peer.ask("UNLOCK", server.map, key, token + 1).status != NOSUCHLOCK or (
                time.monotonic() - begin < 0.02
            ):
                pass
        else:
            freed(peer, server, key, token)


@rule(62, "UNLOCK and LEASE")
def holders(server):
    peer, key = server.peer(), b"lock"
    for op in ("UNLOCK", "LEASE"):
        status(peer.ask(op, server.map, key, 1), NOSUCHLOCK, "%s of a free lock" % op)
    token = taken(peer.ask("TRYLOCK", server.map, key), "TRYLOCK")
    for op in ("UNLOCK", "LEASE"):
        status(peer.ask(op, server.map, key, token + 1), NOSUCHLOCK, "%s with another token" % op)
    answer = peer.ask("LEASE", server.map, key, b"%d" % token, {"px": 90000})
    value(answer, None, "LEASE")
    check(answer.meta.get("ttl") == 90000, "LEASE says %r" % (answer.meta,))
    status(peer.ask("LEASE", server.map, key, token, {"px": 1}), OK, "LEASE")
    begin = time.monotonic()
    found = peer.ask("LOCK", server.map, key, None, {"wait": 20000})
    check(time.monotonic() - begin < 10, "the lease does not end")
    other = taken(found, "LOCK after the lease")
    status(peer.ask("UNLOCK", server.map, key, token), NOSUCHLOCK, "UNLOCK by who has lost it")
    freed(peer, server, key, other)
    status(peer.ask("UNLOCK", server.map, key, other), NOSUCHLOCK, "UNLOCK again")


@rule(63, "standing in line")
def line(server):
    peers, key = [server.peer() for _ in range(3)], b"lock"
    token = taken(peers[0].ask("TRYLOCK", server.map, key), "TRYLOCK")
    ids = [waits(peer, server, key, wait=60000) for peer in peers]
    #  In one body with others
    record = peers[0].request("LOCK", server.map, key, None, {"wait": 60000})
    ping, get = peers[0].request("PING"), peers[0].request("GET", server.map, key)
    peers[0].send(body(ping, record, get))
    status(peers[0].wait([ping[0]])[0], OK, "PING in the body of a LOCK")
    status(peers[0].wait([get[0]])[0], NOTFOUND, "GET in the body of a LOCK")
    last = record[0]
    begin = time.monotonic()
    late = peers[1].ask("LOCK", server.map, key, None, {"wait": 300})
    status(late, LOCKED, "LOCK after its wait")
    check(time.monotonic() - begin >= 0.29, "the wait was cut short")
    #  A message with an envelope has one answer
    record, more = peers[2].request("LOCK", server.map, key, None, {"wait": 50}), peers[2].request("PING")
    peers[2].send(b"", body(record, more))
    found = peers[2].receive()
    check(found and len(found) == 2, "the answer to a LOCK with an envelope is %r" % (found,))
    check(sorted(one[:2] for one in records_of(found[1])) == [[record[0], LOCKED], [more[0], OK]], "what it says")
    for peer, number in list(zip(peers, ids)) + [(peers[0], last)]:
        freed(peers[2], server, key, token)
        token = taken(peer.wait([number])[0], "LOCK that stood in line")
    freed(peers[2], server, key, token)


@rule(64, "LOCK sent again")
def again(server):
    holder, first, second, other = [server.peer() for _ in range(4)]
    key, given, number = b"lock", session(server), 1000
    token = taken(holder.ask("TRYLOCK", server.map, key), "TRYLOCK")
    record = [number, "LOCK", server.map, key, None, {"wait": 60000}]
    first.send(body([1, "WITH", None, None, None, {"session": given}], record))
    status(first.ask("TRYLOCK", server.map, key), LOCKED, "TRYLOCK")
    behind = waits(other, server, key, wait=60000)
    second.send(body([1, "WITH", None, None, None, {"session": given}], record))
    status(second.ask("TRYLOCK", server.map, key), LOCKED, "TRYLOCK")
    freed(holder, server, key, token)
    token = taken(second.wait([number])[0], "LOCK sent again")
    check(taken(guarded(holder, key, given, record), "LOCK after it was granted") == token, "another token")
    freed(holder, server, key, token)
    after = taken(other.wait([behind])[0], "LOCK behind it")
    freed(holder, server, key, after)
    check(taken(guarded(holder, key, given, record), "LOCK after UNLOCK") == token, "another token")
    taken(holder.ask("TRYLOCK", server.map, key, None, {"px": 1}), "TRYLOCK in the end", 1)


@rule(65, "fence")
def fences(server):
    peer = server.peer()
    for op, given, more in (
        ("PUT", b"v", {}),
        ("GETPUT", b"v", {}),
        ("APPEND", b"v", {}),
        ("INCR", 1, {}),
        ("DECR", 1, {}),
        ("INCRBYFLOAT", 1, {}),
        ("CAS", b"v", {"ifeq": b"5"}),
        ("DEL", None, {}),
        ("GETDEL", None, {}),
    ):
        key = b"fence " + op.encode()
        #  Over the ends of servers that have been asked before
        base = int(time.time() * 1000) * 1000
        status(peer.ask("PUT", server.map, key, b"5", {"fence": base}), OK, "PUT with fence")
        status(peer.ask(op, server.map, key, given, dict(more, fence=base - 1)), FENCED, "%s with a smaller" % op)
        value(peer.ask("GET", server.map, key), b"5", "GET after %s" % op)
        status(peer.ask(op, server.map, key, given, dict(more, fence=base)), OK, "%s with the same" % op)
        status(peer.ask("PUT", server.map, key, b"5"), OK, "PUT without fence")
        status(peer.ask(op, server.map, key, given, dict(more, fence=base + 1)), OK, "%s with a larger" % op)
        peer.ask("DEL", server.map, key)
        status(peer.ask("PUT", server.map, key, b"5", {"fence": base}), FENCED, "PUT after %s and DEL" % op)
        status(peer.ask("GET", server.map, key), NOTFOUND, "GET after that")


@rule(66, "limits of locks")
def limits(server):
    peer, key = server.peer(), b"lock"
    hour = 3600000
    for op in ("LOCK", "TRYLOCK"):
        status(peer.ask(op, server.map, key, None, {"px": hour + 1}), TOOBIG, "%s for more than an hour" % op)
        status(peer.ask(op, server.map, key, None, {"ex": 3601}), TOOBIG, "%s for 3,601 seconds" % op)
        for name in ("px", "ex"):
            status(peer.ask(op, server.map, key, None, {name: 0}), MALFORMED, "%s for no time" % op)
        for name in ("pxat", "exat"):
            status(peer.ask(op, server.map, key, None, {name: 1 << 40}), MALFORMED, "%s with %s" % (op, name))
    status(peer.ask("LOCK", server.map, key, None, {"wait": 60001}), TOOBIG, "LOCK with a wait of 60,001")
    token = taken(peer.ask("LOCK", server.map, key, None, {"px": hour, "wait": 60000}), "LOCK", hour)
    for bad in (None, b"", b"x", -1, 0, 1.5, True, [token]):
        for op in ("UNLOCK", "LEASE"):
            status(peer.ask(op, server.map, key, bad), MALFORMED, "%s of %r" % (op, bad))
    status(peer.ask("LEASE", server.map, key, token, {"px": hour + 1}), TOOBIG, "LEASE of more than an hour")
    freed(peer, server, key, token)
