"""zgp: what the Python tests share: bodies, replies and one connection of protocol 1 (doc/protocol.md).

SPDX-License-Identifier: MPL-2.0
"""
import binascii
import collections
import time

import msgpack
import zmq

SIGNATURE = b"ZG\x01"
ATTACHED = 1

STATUSES = """OK NOTFOUND EXISTS MISMATCH WRONGTYPE OVERFLOW NOSUCHLOCK FENCED PARTIAL MAYBE MOVED TRYAGAIN
BUSY UNAVAILABLE TIMEOUT SESSION_EXPIRED STALE_REQUEST NOMEM TOOBIG MALFORMED BADOP DENIED NOT_IN_AP_MODE
CLUSTER_MISMATCH LOCKED""".split()
globals().update({name: number for number, name in enumerate(STATUSES)})

Reply = collections.namedtuple("Reply", "id status value version meta")


class Failure(Exception):
    """What was found is not what the document says."""


def check(condition, text):
    if not condition:
        raise Failure(text)


def is_int(value):
    """An integer; true and false are none."""
    return type(value) is int


def pack(value):
    return msgpack.packb(value, use_bin_type=True)


def body(*records):
    """A body of requests; a record that is bytes goes in as it is."""
    return SIGNATURE + b"".join(r if isinstance(r, bytes) else pack(r) for r in records)


def reference(index, size=1):
    return msgpack.ExtType(ATTACHED, index.to_bytes(size, "big"))


def records_of(frame):
    """The records of a body that a server sent, as plain lists."""
    check(frame[:3] == SIGNATURE, "the body begins with %r" % frame[:3])
    reader = msgpack.Unpacker(raw=False, strict_map_key=False, max_buffer_size=len(frame) + 1)
    reader.feed(frame[3:])
    found = []
    try:
        for record in reader:
            found.append(record)
    except (ValueError, msgpack.UnpackException) as fault:
        raise Failure("a reply cannot be decoded: %s" % fault)
    check(reader.tell() == len(frame) - 3, "bytes behind the last record of a reply")
    return found


def reply_of(record):
    check(isinstance(record, list) and 2 <= len(record) <= 16, "a reply is %r" % (record,))
    padded = (record + [None, 0, None])[:5] if len(record) < 5 else record[:5]
    return Reply(*padded[:4], padded[4] or {})


def slot_of(key):
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    return binascii.crc_hqx(key, 0) % 16384


def partition_of(key, partitions):
    return slot_of(key) * partitions // 16384


class Peer:
    """One DEALER connection. Ids count up; replies wait by id until somebody asks for them."""

    def __init__(self, context, endpoint, timeout=5.0, kind=zmq.DEALER):
        self.timeout = timeout
        self.socket = context.socket(kind)
        self.socket.linger = 0
        self.socket.sndhwm = self.socket.rcvhwm = 0
        self.socket.connect(endpoint)
        self.next_id = 0
        self.replies = {}
        self.attachments = {}

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def fresh(self):
        self.next_id += 1
        return self.next_id

    def send(self, *frames):
        self.socket.send_multipart(list(frames))

    def receive(self, timeout=None):
        """The frames of the next message, or None."""
        wait = self.timeout if timeout is None else timeout
        if not self.socket.poll(max(0, int(wait * 1000))):
            return None
        return self.socket.recv_multipart()

    def request(self, op, map=None, key=None, value=None, options=None):
        """A request with a fresh id, without the elements that are nil at its end."""
        record = [self.fresh(), op, map, key, value, options]
        while len(record) > 2 and record[-1] is None:
            record.pop()
        return record

    def take(self, timeout=None):
        """Receives one message into replies. False: none came."""
        frames = self.receive(timeout)
        if frames is None:
            return False
        for record in records_of(frames[0]):
            reply = reply_of(record)
            check(reply.id not in self.replies, "two replies to id %r" % (reply.id,))
            self.replies[reply.id] = reply
            self.attachments[reply.id] = frames[1:]
        return True

    def wait(self, ids):
        """The replies to these ids, in this order."""
        end = time.monotonic() + self.timeout
        for wanted in ids:
            while wanted not in self.replies:
                check(self.take(end - time.monotonic()), "no reply to id %r" % (wanted,))
        return [self.replies.pop(wanted) for wanted in ids]

    def batch(self, requests):
        """Sends requests (tuples of op, map, key, value, options) in one body; the replies in order."""
        records = [self.request(*r) for r in requests]
        self.send(body(*records))
        return self.wait([record[0] for record in records])

    def ask(self, *request):
        return self.batch([request])[0]

    def raw(self, frame, *ids):
        """Sends a body as it is; the replies to these ids."""
        self.send(frame)
        return self.wait(ids)

    def silent(self, *frames):
        """Sends a message that must not be answered."""
        self.send(*frames)
        self.expect_nothing()

    def expect_nothing(self):
        """Proves that nothing else is on its way: STATS asks every storage actor, so it is answered last."""
        marker = self.fresh()
        self.send(body([marker, "STATS"]))
        answer = self.receive()
        check(answer is not None, "no answer to STATS afterwards")
        check(len(answer) == 1, "an answer that should not come, of %d frames" % len(answer))
        record = records_of(answer[0])
        check(len(record) == 1 and record[0][0] == marker, "an answer that should not come: %r" % record)

    def stats(self):
        reply = self.ask("STATS")
        check(reply.status == 0 and isinstance(reply.value, dict), "STATS answers %r" % (reply,))
        return reply.value
