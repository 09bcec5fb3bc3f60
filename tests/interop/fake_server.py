#!/usr/bin/python3
"""fake_server: a small server written from doc/protocol.md alone. It proves that the document suffices, and
with --wrong N it breaks rule N, which proves that the check of that rule can fail.

    fake_server.py [--wrong N]...

Prints "ready client=ENDPOINT" and serves until its standard input ends.

SPDX-License-Identifier: MPL-2.0
"""
import argparse
import os
import re
import sys
import time

import msgpack
import zmq

import fake_exec
import fake_locks
import fake_msgpack
import fake_sessions
import fake_topics
import fake_tracking
from fake_msgpack import Attached, Broken, Twice
from fake_store import KEY_MAX, VALUE_MAX, Refused, Store, TIMES
from zgp import BADOP, BUSY, MALFORMED, MOVED, OK, SIGNATURE, TOOBIG, pack, partition_of

HERE = os.path.dirname(os.path.abspath(__file__))
PARTITIONS, ACTORS, BATCH, WINDOW = 32, 2, 4096, 2048
KEY_OPS = """GET PUT DEL EXISTS TTL EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST TOUCH INCR DECR INCRBYFLOAT GETPUT GETDEL CAS
APPEND EXEC SETRANGE RENAME COPY IDLE""".split()
NEED_VALUE = ("PUT", "GETPUT", "CAS", "APPEND")
FLAGS = ("nx", "xx", "keepttl", "get", "withttl", "gt", "lt", "withvalues", "fwd", "views", "events", "track")
UINTS = (
    "ex",
    "px",
    "exat",
    "pxat",
    "offset",
    "ifversion",
    "cursor",
    "count",
    "partition",
    "deadline",
    "ack",
    "attach",
    "wait",
    "fence",
)
BYTES = ("match", "read", "into")


def options_of(given, wrong):
    """The options that are known, checked."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise Refused(MALFORMED, "the options are no map, or one is given twice")
    found = {}
    for name, value in given.items():
        if not isinstance(name, bytes):
            raise Refused(MALFORMED, "an option's name is no text")
        name = name.decode("utf-8", "replace")
        good = True
        if name in FLAGS:
            if value is None or value is False:
                continue
            good = value is True
        elif name in UINTS:
            good = type(value) is int and value >= 0
            if not good and 17 in wrong:
                continue
        elif name in BYTES:
            good = isinstance(value, bytes) and (name != "read" or value in (b"lease", b"confirm", b"stale"))
        elif name in ("ifeq", "session"):
            good = value is None or isinstance(value, bytes)
        elif name == "initial":
            good = isinstance(value, (bytes, int, float))
        elif name == "must":
            known = FLAGS + UINTS + BYTES + ("ifeq", "initial", "session", "must")
            good = isinstance(value, list) and (16 in wrong or all(one.decode() in known for one in value))
        if not good:
            raise Refused(MALFORMED, "the option %s" % name)
        found[name] = value
    if sum(name in found for name in TIMES) > 1:
        raise Refused(MALFORMED, "two times")
    return found


class Fake:
    def __init__(self, wrong):
        self.wrong = wrong
        self.context = zmq.Context()
        self.store = Store(PARTITIONS, wrong)
        parts = [op for op in KEY_OPS if op != "EXEC"]
        self.exec = fake_exec.Exec(self.store, parts, options_of)
        self.sessions = fake_sessions.Sessions(wrong)
        self.locks = fake_locks.Locks(wrong, self.sessions)
        self.topics = fake_topics.Topics(self.context, wrong)
        self.tracking = fake_tracking.Tracking(wrong, PARTITIONS)
        self.epoch = 1
        self.began = time.monotonic()
        with open(os.path.join(HERE, "..", "..", "doc", "protocol.md"), encoding="utf-8") as file:
            self.names = re.findall(r"^\| `([a-z_]+)` \| (?:counter|gauge)", file.read(), re.M)
        self.count = dict.fromkeys(self.names, 0)
        self.sockets, self.endpoints = [], []
        for _ in range(1 + ACTORS):
            socket = self.context.socket(zmq.ROUTER)
            socket.linger, socket.sndhwm, socket.rcvhwm = 0, 0, 0
            port = socket.bind_to_random_port("tcp://127.0.0.1")
            self.sockets.append(socket)
            self.endpoints.append("tcp://127.0.0.1:%d" % port)

    def serve(self):
        poller = zmq.Poller()
        for socket in self.sockets:
            poller.register(socket, zmq.POLLIN)
        poller.register(self.topics.socket, zmq.POLLIN)
        poller.register(sys.stdin.fileno(), zmq.POLLIN)
        print("ready client=%s" % self.endpoints[0], flush=True)
        while True:
            ready = dict(poller.poll(10 if self.locks.waits() else None))
            self.locks.turn()
            if sys.stdin.fileno() in ready:
                return
            if self.topics.socket in ready:
                self.topics.heard()
            for at, socket in enumerate(self.sockets):
                if socket in ready:
                    frames = socket.recv_multipart()
                    self.message(at - 1, socket, frames[0], frames[1:])

    def find_body(self, frames):
        for at, frame in enumerate(frames):
            if at > 8 and 4 not in self.wrong:
                return "envelopes"
            if len(frame) > 4 and frame[:2] == b"ZG" and (at == 0 or not frames[at - 1]):
                return at
        return "envelopes" if len(frames) > 9 else "foreign"

    def message(self, index, socket, route, frames):
        """One message that came to a storage endpoint (index 0 and up) or to the public one (-1)."""
        at = self.find_body(frames)
        self.count["messages"] += 1
        self.count["bytes_in"] += sum(map(len, frames))
        if isinstance(at, str):
            self.count[at] += 1
            if at == "foreign" and 5 in self.wrong:
                socket.send_multipart([route] + frames)
            return
        envelope, body, attachments = frames[:at], frames[at], frames[at + 1 :]
        if 2 in self.wrong and not envelope:
            envelope = [b""]
        if 3 in self.wrong and len(envelope) > 1:
            envelope = envelope[-2:]
        out, extra = [], []
        self.arrival = (socket, route, envelope)
        self.sessions.body()
        self.locks.parked = []
        if body[2] != 1:
            shape = (
                [0, MALFORMED, None, 0, {"error": "version"}] if 7 not in self.wrong else [0, MALFORMED, None, 0, None]
            )
            out.append(pack(shape))
        else:
            self.records(index, body, attachments, out, extra)
        if 9 in self.wrong and len(out) > 100:
            out.pop()
        if 1 in self.wrong and len(out) == 3:
            out[1] = pack([2, OK, b"green", 9, None])
        if envelope and self.locks.parked:
            self.locks.join(out)
            return
        parts = [out]
        if not envelope and len(out) > 300 or 6 in self.wrong:
            parts = [out[at : at + 300] for at in range(0, len(out), 300)]
        for part in parts if out else ():
            socket.send_multipart([route] + envelope + [SIGNATURE + b"".join(part)] + extra)

    def records(self, index, body, attachments, out, extra):
        at, count = 3, 0
        postponed = []
        while at < len(body):
            number = 0
            try:
                kind, given, end = fake_msgpack.head(body, at)
                if kind == "array" and given:
                    first = fake_msgpack.value(body, end)[0]
                    number = first if type(first) is int and 0 < first < 2**64 else 0
                record = self.record(body, at)
                at = record.pop()
            except Broken as fault:
                where = str(fault) if 14 not in self.wrong else "somewhere"
                out.append(pack([number, MALFORMED, None, 0, {"error": where}]))
                self.count["malformed"] += 1
                break
            count += 1
            if count > BATCH and 41 not in self.wrong or 43 in self.wrong and count > 250:
                answer = (BUSY, None, 0, None)
            else:
                answer = self.answer(index, number, record, attachments)
            self.count["records"] += 1
            if answer is None:
                continue
            shaped = [number] + self.attached(answer, record, extra)
            if self.tree and shaped[1] == OK and record[1] == b"PING":  # Which answers arrays and maps as they came
                out.append(b"\x95" + pack(number) + b"\x00" + self.tree + b"\x00\xc0")
                continue
            if 8 in self.wrong:
                shaped = shaped[: 4 if shaped[4] is None else 5]
            if 42 in self.wrong and len(record) > 1 and record[1] == b"GET":
                postponed.append((len(out), number, record))
            out.append(pack(shaped))
        for place, number, record in postponed:
            out[place] = pack([number] + list(self.answer(index, number, record, attachments)))

    def record(self, body, at):
        """The elements of a record, or one that is no array, and where it ends."""
        kind, given, end = fake_msgpack.head(body, at)
        limit = 16 if 15 not in self.wrong else 20
        if kind != "array":
            value, end = fake_msgpack.value(body, at)
            self.tree = None
            return [None, end]
        found, self.tree = [], None
        for number in range(given):
            start = end
            one, end = fake_msgpack.value(body, start, 0, limit)
            found.append(one)
            if number == 4 and isinstance(one, (list, dict)):
                self.tree = body[start:end]
        return found + [end]

    def attached(self, answer, record, extra):
        status, value, version, meta = answer
        options = record[5] if len(record) > 5 and isinstance(record[5], dict) else {}
        limit = options.get(b"attach")
        if isinstance(value, bytes) and type(limit) is int and len(value) >= limit and 45 not in self.wrong:
            extra.append(value)
            value = msgpack.ExtType(1, (len(extra) - 1).to_bytes(4, "big"))
        return [status, value, version, meta]

    def answer(self, index, number, record, attachments):
        try:
            return self.execute(index, number, record, attachments)
        except Refused as refusal:
            return refusal.answer

    def execute(self, index, number, record, attachments):
        if not 2 <= len(record) <= 6 or not number:
            if 12 in self.wrong and len(record) > 6:
                return OK, None, 0, None
            raise Refused(MALFORMED, "no request")
        op, name, key, value, given = (record[1:] + [None] * 5)[:5]
        if not isinstance(op, bytes) or not all(one is None or isinstance(one, bytes) for one in (name, key)):
            raise Refused(MALFORMED, "a wrong type")
        if 10 in self.wrong and len(record) < 3:
            raise Refused(MALFORMED, "too short")
        op = op.decode("utf-8", "replace")
        if isinstance(value, Attached):
            if value.index >= len(attachments):
                raise Refused(MALFORMED, "no such attachment")
            value = attachments[0 if 44 in self.wrong else value.index]
        if isinstance(given, Twice):
            given = 0
        options = options_of(given, self.wrong)
        if op == "WITH":
            return self.sessions.take_with(options)
        if op in ("CLUSTER", "ADMIN") and index < 0:
            return self.ask_cluster(op)
        if op == "HELLO" and options.get("views"):
            self.sessions.watch(*self.arrival)
        if op == "HELLO" and options.get("events"):
            self.sessions.listen(*self.arrival)
        if op == "PING":
            return OK, value if 38 not in self.wrong or value is None else b"pong", 0, None
        if op in fake_topics.OPS:
            return self.topics.answer(index, op, key, value)
        if op in ("HELLO", "ROUTES", "STATS"):
            return OK, getattr(self, op.lower())(), 0, None
        if op not in KEY_OPS + list(fake_locks.OPS) + ["SCAN", "SIZE", "DESTROY"]:
            raise Refused(BADOP if 13 not in self.wrong else MALFORMED, "no such operation")
        self.check_names(op, name, key, value)
        if op in KEY_OPS or op in fake_locks.OPS:
            return self.keyed(index, number, op, name, key, value, options)
        return self.whole(index, op, name, options)

    def check_names(self, op, name, key, value):
        if name is not None and len(name) > 255:
            raise Refused(TOOBIG, "a map's name has at most 255 bytes")
        try:
            good = name is not None and name.decode("utf-8") != ""
        except UnicodeDecodeError:
            good = False
        if not good or (op in KEY_OPS + list(fake_locks.OPS) and key is None and 19 not in self.wrong):
            raise Refused(MALFORMED, "no map or no key")
        if op in KEY_OPS and key is not None and len(key) > KEY_MAX:
            raise Refused(TOOBIG, "key_max")
        if op in NEED_VALUE and not isinstance(value, bytes):
            raise Refused(MALFORMED, "the value is neither bin nor str")

    def ask_cluster(self, op):
        if op == "CLUSTER":
            return OK, fake_sessions.cluster(self, PARTITIONS, ACTORS), 0, None
        self.epoch += 1
        self.sessions.push(self.epoch)
        self.sessions.happened(self.epoch)
        return OK, "done", 0, None

    def keyed(self, index, number, op, name, key, value, options):
        partition = partition_of(key or b"", PARTITIONS)
        if index >= 0 and partition % ACTORS != index:
            raise self.moved(partition)

        def execute():
            if op in fake_locks.OPS:
                return self.locks.execute(op, (name, key), value, options, number, self.arrival)
            self.locks.fence(op, (name, key), options)
            if op in fake_exec.OPS:
                return self.exec.execute(op, name, key, value, options)
            return self.store.execute(op, name, key, value, options)

        answer = self.sessions.once(number, partition, op, options, execute)
        if answer is None:
            return None
        status, found, version, meta = answer
        if 11 in self.wrong and isinstance(found, bytes) and key == b"text":
            found = found.decode()
        if status == OK:
            self.count["puts"] += op == "PUT"
        if op == "GET" and options.get("track") and index >= 0:
            self.tracking.read(name, key, self.arrival)
        if op in KEY_OPS and op not in ("GET", "EXISTS", "TTL", "IDLE", "TOUCH") and status == OK:
            self.tracking.changed(name, key)
        if op == "GET":
            self.count["get_hits" if status == OK else "get_misses"] += 1
        if 49 in self.wrong and op == "GET" and key == b"sentinel 199":
            found = b"lost"
        return status, found, version, meta

    def moved(self, partition):
        refusal = Refused(MOVED)
        refusal.answer = (
            MOVED,
            None,
            0,
            {"owner": self.endpoints[1 + partition % ACTORS], "epoch": self.epoch + (47 in self.wrong)},
        )
        return refusal

    def whole(self, index, op, name, options):
        partition = options.get("partition")
        if partition is not None and partition >= PARTITIONS:
            raise Refused(MALFORMED, "no such partition")
        if partition is not None and index >= 0 and partition % ACTORS != index and 48 not in self.wrong:
            raise self.moved(partition)
        every = range(PARTITIONS) if index < 0 else range(index, PARTITIONS, ACTORS)
        chosen = set(every) if partition is None else {partition}
        if op == "SCAN":
            return self.store.scan(name, chosen, options)
        if op == "DESTROY":
            self.tracking.destroyed(name, chosen)
        return getattr(self.store, op.lower())(name, chosen)

    def hello(self):
        answer = {
            "protocol": 1,
            "versions": [1],
            "server": "zgrid fake",
            "node": "n1",
            "name": "fake",
            "cluster": "c1",
            "epoch": self.epoch,
            "era": 0,
            "session": self.sessions.fresh(),
            "pubsub": self.topics.endpoint,
            "partitions": PARTITIONS,
            "window": [WINDOW, 1 << 20],
            "frame": VALUE_MAX + (1 << 20),
            "batch": BATCH,
            "key_max": KEY_MAX,
            "value_max": VALUE_MAX,
        }
        if 39 in self.wrong:
            del answer["cluster"]
        return answer

    def routes(self):
        owners = [partition % ACTORS for partition in range(PARTITIONS)]
        if 46 in self.wrong:
            owners.pop()
        return {
            "epoch": self.epoch,
            "partitions": PARTITIONS,
            "endpoints": self.endpoints[1:],
            "pubsub": [self.topics.endpoint] if 70 not in self.wrong else [],
            "routers": self.endpoints[:1] if 51 not in self.wrong else [],
            "backups": b"\xff" * (2 * PARTITIONS),
            "owners": b"".join(owner.to_bytes(2, "big") for owner in owners),
        }

    def stats(self):
        figures = dict(self.count, maps=len(self.store.maps), entries=sum(map(len, self.store.maps.values())))
        rest = [dict.fromkeys(self.names, 0) for _ in range(ACTORS - 1)]
        if 40 in self.wrong:
            del figures["rehashes"]
        return dict(
            figures,
            uptime_ms=int((time.monotonic() - self.began) * 1000),
            name="fake",
            version="0",
            storage=[figures] + rest,
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--wrong", action="append", type=int, default=[], metavar="RULE")
    Fake(set(parser.parse_args().wrong)).serve()


if __name__ == "__main__":
    main()
