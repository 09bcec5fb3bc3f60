"""fake_topics: what of the fake server publishes: an XPUB socket, and who has subscribed to what.

SPDX-License-Identifier: MPL-2.0
"""
import zmq

from fake_store import Refused, glob
from zgp import BADOP, DENIED, MALFORMED, OK, SIGNATURE, TOOBIG, pack

OPS = ("PUBLISH", "CHANNELS", "NUMSUB", "NUMPAT")
MESSAGE_MAX = 65536
OWN = 7  # As a publisher


def matches(pattern, name):
    return glob(pattern).fullmatch(name) is not None


def is_name(name):
    return isinstance(name, bytes) and 0 < len(name) < 256 and b"\0" not in name


class Topics:
    def __init__(self, context, wrong):
        self.wrong = wrong
        self.socket = context.socket(zmq.XPUB)
        self.socket.linger, self.socket.sndhwm, self.socket.rcvhwm = 0, 0, 0
        self.socket.setsockopt(zmq.XPUB_VERBOSER, 1)
        self.endpoint = "tcp://127.0.0.1:%d" % self.socket.bind_to_random_port("tcp://127.0.0.1")
        self.wanted, self.sent, self.published = {}, {}, 0

    def heard(self):
        """A subscription, or the end of one."""
        frame = self.socket.recv()
        on, topic = frame[0] == 1, frame[1:]
        if topic[:1] == b"s":
            if on and 72 not in self.wrong:
                self.socket.send_multipart([topic, SIGNATURE])
            return
        count = self.wanted.get(topic, 0) + (1 if on else -1)
        if count > 0:
            self.wanted[topic] = count
        else:
            self.wanted.pop(topic, None)

    def send(self, topic, channel, message):
        number = self.sent[topic] = self.sent.get(topic, 0) + 1
        if 74 in self.wrong:
            number += number // 300
        self.socket.send_multipart([topic, SIGNATURE + pack([OWN, channel, number, message])])

    def publish(self, channel, message):
        if not is_name(channel) or not isinstance(message, bytes):
            raise Refused(MALFORMED, "a channel and a message are bytes")
        if len(message) > MESSAGE_MAX and 67 not in self.wrong:
            raise Refused(TOOBIG, "pubsub.message_max")
        if channel.startswith(b"zgrid."):
            raise Refused(DENIED, "a channel of the servers")
        receivers = 0
        self.published += 1
        if 71 in self.wrong and self.published == 333:
            return 1
        for topic, count in list(self.wanted.items()):
            name = topic[1:-1]
            if name == channel if topic[:1] == b"c" else matches(name, channel):
                self.send(topic, channel, message)
                receivers += count
        if 73 in self.wrong and receivers == 0 and message == b"third":
            return 1
        return receivers

    def answer(self, index, op, key, value):
        if index >= 0 and 69 not in self.wrong:
            raise Refused(BADOP, "ask the router")
        while self.socket.poll(0):
            self.heard()
        channels = {topic[1:-1]: count for topic, count in self.wanted.items() if topic[:1] == b"c"}
        if op == "PUBLISH":
            found = self.publish(key, value)
        elif op == "CHANNELS":
            if value is not None and (not isinstance(value, bytes) or len(value) > 512):
                raise Refused(MALFORMED, "a glob is bytes")
            found = [name for name in channels if value is None or matches(value, name)]
        elif op == "NUMSUB":
            if isinstance(value, list) and len(value) > 65536:
                raise Refused(TOOBIG, "too many channels")
            if not isinstance(value, list) or not all(map(is_name, value)):
                raise Refused(MALFORMED, "an array of channels")
            found = [part for name in value for part in (name, channels.get(name, int(68 in self.wrong)))]
        else:
            found = len(self.wanted) - len(channels)
        return OK, found, 0, None
