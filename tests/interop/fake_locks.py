"""fake_locks: the locks of the fake server, written from doc/protocol.md 10.8 alone.

SPDX-License-Identifier: MPL-2.0
"""
import time

from fake_store import Refused, integer
from zgp import FENCED, LOCKED, MALFORMED, NOSUCHLOCK, OK, SIGNATURE, TOOBIG, pack

LEASE, LEASE_MAX, WAIT_MAX = 30000, 3600000, 60000
OPS = ("LOCK", "TRYLOCK", "UNLOCK", "LEASE")
FENCED_OPS = ("PUT", "DEL", "GETPUT", "GETDEL", "CAS", "APPEND", "INCR", "DECR", "INCRBYFLOAT")


def now():
    return time.monotonic() * 1000


class Waiter:
    def __init__(self, lease, ends):
        self.lease, self.ends = lease, ends


class Lock:
    def __init__(self):
        self.token, self.ends, self.line = 0, 0, []


class Locks:
    def __init__(self, wrong, sessions):
        self.wrong, self.sessions = wrong, sessions
        self.locks, self.floors = {}, {}
        self.last = 0
        self.parked = []  # By the present message

    def fence(self, op, name, options):
        """Refuses a write whose fence is too small."""
        if op not in FENCED_OPS or "fence" not in options or 65 in self.wrong:
            return
        if options["fence"] < self.floors.get(name, 0):
            raise Refused(FENCED)
        self.floors[name] = options["fence"]

    def lease(self, options):
        if "exat" in options or "pxat" in options:
            raise Refused(MALFORMED, "a lease is a length of time")
        lease = options["ex"] * 1000 if "ex" in options else options.get("px", LEASE)
        if lease == 0:
            raise Refused(MALFORMED, "a lease of 0")
        if lease > LEASE_MAX and 66 not in self.wrong:
            raise Refused(TOOBIG, "more than an hour")
        return lease

    def execute(self, op, name, value, options, number, arrival):
        """The answer, or None where it comes later."""
        self.turn()
        lock = self.locks.setdefault(name, Lock())
        if op in ("UNLOCK", "LEASE"):
            return self.change(op, lock, value, options)
        lease, wait = self.lease(options), 0
        if op == "LOCK":
            wait = options.get("wait", options.get("deadline", 5000))
            if wait > WAIT_MAX:
                raise Refused(TOOBIG, "more than a minute")
        if not lock.token and not lock.line:
            return self.grant(lock, lease)
        if not wait:
            raise Refused(LOCKED)
        request = self.sessions.request
        waiter = next((one for one in lock.line if request and one.request == request), None)
        if not waiter or 64 in self.wrong:
            waiter = Waiter(lease, now() + wait)
            lock.line.insert(0 if 63 in self.wrong else len(lock.line), waiter)
        waiter.request, waiter.number, waiter.arrival = request, number, arrival
        waiter.joined = None
        self.parked.append(waiter)
        return None

    def join(self, out):
        """What has come with those that stand in line now is sent with their answers, in one message."""
        joined = [len(self.parked), out]
        for waiter in self.parked:
            waiter.joined = joined

    def change(self, op, lock, value, options):
        token = integer(value, Refused(MALFORMED, "no token"))
        if token <= 0 or isinstance(value, bool):
            raise Refused(MALFORMED, "no token")
        lease = self.lease(options) if op == "LEASE" else 0
        if token != lock.token and not (62 in self.wrong and lock.token):
            raise Refused(NOSUCHLOCK)
        lock.ends = now() + lease
        if op == "LEASE":
            return OK, None, token, {"ttl": lease}
        lock.token = 0
        self.turn()
        return OK, None, token, None

    def grant(self, lock, lease):
        self.last += 61 not in self.wrong or not self.last
        lock.token, lock.ends = self.last, now() + lease
        return OK, lock.token, lock.token, {"ttl": lease} if 60 not in self.wrong else None

    def turn(self):
        """Ends of leases and of waits, and who is next."""
        for lock in self.locks.values():
            if lock.token and lock.ends <= now():
                lock.token = 0
            for waiter in [one for one in lock.line if one.ends <= now()]:
                lock.line.remove(waiter)
                self.tell(waiter, (LOCKED, None, 0, None))
            if not lock.token and lock.line:
                waiter = lock.line.pop(0)
                self.tell(waiter, self.grant(lock, waiter.lease))

    def tell(self, waiter, answer):
        self.sessions.note(waiter.request, answer)
        socket, route, envelope = waiter.arrival
        joined = waiter.joined or [1, []]
        joined[0] -= 1
        joined[1].append(pack([waiter.number] + list(answer)))
        if joined[0] == 0:
            socket.send_multipart([route] + envelope + [SIGNATURE + b"".join(joined[1])])

    def waits(self):
        return any(lock.line for lock in self.locks.values())
