"""rules_topics: checks of publish and subscribe (R67 to R74). A subscriber is a SUB socket and nothing of ours.

SPDX-License-Identifier: MPL-2.0
"""
import binascii
import os
import time

import msgpack
import zmq

from rules import rule, status, value
from rules_routes import routes
from zgp import BADOP, DENIED, MALFORMED, OK, SIGNATURE, TOOBIG, check, is_int


def fresh(what=b"channel"):
    """A name that nobody else has."""
    return b"conformance-%s-%s" % (what, binascii.hexlify(os.urandom(8)))


class Subscriber:
    """A SUB socket; what came is kept as (topic, publisher, channel, number, message)."""

    def __init__(self, server, endpoint=None):
        self.timeout = server.timeout
        self.socket = server.context.socket(zmq.SUB)
        self.socket.linger = 0
        self.socket.sndhwm = 0
        self.socket.rcvhwm = 0
        self.socket.connect(endpoint or server.peer().ask("HELLO").value["pubsub"])
        server.peers.append(self)  # Is closed with the others
        self.answers, self.found = set(), []

    def close(self):
        self.socket.close()

    def take(self, timeout):
        """Receives one message. False: none came."""
        if not self.socket.poll(max(0, int(timeout * 1000))):
            return False
        frames = self.socket.recv_multipart()
        check(len(frames) == 2, "a message of %d frames" % len(frames))
        topic, body = frames
        check(topic[-1:] == b"\0" and topic[:1] in (b"c", b"p", b"s"), "a topic is %r" % topic)
        check(body[:3] == SIGNATURE, "the body begins with %r" % body[:3])
        unpacker = msgpack.Unpacker(raw=False, max_buffer_size=len(body) + 1)
        unpacker.feed(body[3:])
        messages = list(unpacker)
        if topic[:1] == b"s":
            check(not messages, "the answer to a token has messages")
            self.answers.add(topic)
        for message in messages:
            check(isinstance(message, list) and len(message) >= 4, "a message is %r" % (message,))
            publisher, channel, number, text = message[:4]
            kinds = is_int(publisher) and is_int(number) and isinstance(channel, bytes) and isinstance(text, bytes)
            check(kinds, "a message is %r" % (message,))
            self.found.append((topic, publisher, channel, number, text))
        return True

    def sync(self):
        """Waits until all members know what it has subscribed to."""
        end = time.monotonic() + self.timeout
        while time.monotonic() < end:
            token = b"s" + binascii.hexlify(os.urandom(8)) + b"\0"
            self.socket.subscribe(token)
            again = time.monotonic() + 0.5
            while token not in self.answers and time.monotonic() < again:
                self.take(again - time.monotonic())
            self.socket.unsubscribe(token)
            if token in self.answers:
                return self
        check(False, "no answer to a token")

    def subscribe(self, *topics):
        for topic in topics:
            self.socket.subscribe(topic)
        return self.sync()

    def heard(self, count):
        """Takes messages until there are so many; sees to it that there are no more."""
        end = time.monotonic() + self.timeout
        while len(self.found) < count and time.monotonic() < end:
            self.take(end - time.monotonic())
        self.sync()
        check(len(self.found) == count, "%d messages, not %d" % (len(self.found), count))
        found, self.found = self.found, []
        return found


def publishers(server):
    """A connection to the public endpoint of each member."""
    return [server.peer(endpoint) for endpoint in server.peer().ask("ROUTES").value["routers"]]


def publish(peer, channel, text, receivers=None):
    reply = peer.ask("PUBLISH", None, channel, text)
    status(reply, OK, "PUBLISH")
    check(is_int(reply.value), "PUBLISH answers %r" % (reply.value,))
    check(receivers is None or reply.value == receivers, "%r receivers, not %r" % (reply.value, receivers))


@rule(67, "PUBLISH")
def publishing(server):
    channel, peer = fresh(), server.peer()
    publish(peer, channel, b"to nobody", 0)
    one = Subscriber(server).subscribe(b"c" + channel + b"\0")
    publish(peer, channel, b"bin", 1)
    publish(peer, channel.decode(), "str", 1)
    publish(peer, channel, b"", 1)
    two = Subscriber(server).subscribe(b"c" + channel + b"\0", b"p" + channel + b"*\0")
    end = time.monotonic() + server.timeout
    while peer.ask("NUMSUB", None, None, [channel]).value[1] != 2 and time.monotonic() < end:
        pass
    publish(peer, channel, b"three", 3)
    check([found[4] for found in one.heard(4)] == [b"bin", b"str", b"", b"three"], "what came")
    two.heard(2)
    longest = b"x" * 255
    publish(peer, longest, b"x")
    for key, text, wanted in (
        (None, b"x", MALFORMED),
        (b"", b"x", MALFORMED),
        (longest + b"x", b"x", MALFORMED),
        (channel + b"\0", b"x", MALFORMED),
        (channel, None, MALFORMED),
        (channel, 5, MALFORMED),
        (channel, [b"x"], MALFORMED),
        (channel, b"x" * 17000000, TOOBIG),
        (b"zgrid.events", b"x", DENIED),
    ):
        status(peer.ask("PUBLISH", None, key, text), wanted, "PUBLISH %r %r" % (key, str(text)[:20]))
    one.heard(0)


@rule(68, "CHANNELS, NUMSUB, NUMPAT")
def asking(server):
    name = fresh(b"asked")
    news, quiet = name + b"-news", name + b"-quiet"
    peers = publishers(server)
    Subscriber(server).subscribe(b"c" + news + b"\0", b"p" + name + b"-*\0", b"p" + name + b"[a-e]\0")
    for peer in peers:
        value(peer.ask("CHANNELS", None, None, name + b"-*"), [news], "CHANNELS")
        check(news in peer.ask("CHANNELS").value, "CHANNELS of all")
        value(peer.ask("CHANNELS", None, None, name + b"-q*"), [], "CHANNELS that nobody wants")
        value(peer.ask("NUMSUB", None, None, [news, quiet]), [news, 1, quiet, 0], "NUMSUB")
        value(peer.ask("NUMSUB", None, None, []), [], "NUMSUB of nothing")
        patterns = peer.ask("NUMPAT")
        check(patterns.status == OK and is_int(patterns.value) and patterns.value >= 2, "NUMPAT %r" % (patterns,))
        for op, given, wanted in (
            ("CHANNELS", 5, MALFORMED),
            ("CHANNELS", b"x" * 513, MALFORMED),
            ("NUMSUB", None, MALFORMED),
            ("NUMSUB", b"x", MALFORMED),
            ("NUMSUB", [b"x", b""], MALFORMED),
            ("NUMSUB", [b"x\0"], MALFORMED),
            ("NUMSUB", [5], MALFORMED),
            ("NUMSUB", [b"x"] * 65537, TOOBIG),
        ):
            status(peer.ask(op, None, None, given), wanted, "%s %s" % (op, str(given)[:30]))


@rule(69, "publishing at storage endpoints")
def elsewhere(server):
    _, endpoints, _ = routes(server)
    check(endpoints, "no storage endpoints")
    for endpoint in endpoints:
        peer = server.peer(endpoint)
        status(peer.ask("PUBLISH", None, b"news", b"x"), BADOP, "PUBLISH")
        status(peer.ask("NUMSUB", None, None, [b"news"]), BADOP, "NUMSUB")
        for op in ("CHANNELS", "NUMPAT"):
            status(peer.ask(op), BADOP, op)


@rule(70, "where subscribers connect")
def places(server):
    own = server.peer().ask("HELLO").value.get("pubsub")
    found = server.peer().ask("ROUTES").value.get("pubsub")
    check(isinstance(own, str) and isinstance(found, list) and own in found, "HELLO %r, ROUTES %r" % (own, found))
    for endpoint in found:
        Subscriber(server, endpoint).sync()


@rule(71, "what subscribers get")
def getting(server):
    name = fresh(b"order")
    longer = name + b"-longer"
    topic, pattern = b"c" + name + b"\0", b"p" + name + b"[*-]l?n*\0"
    members = server.peer().ask("ROUTES").value["pubsub"]
    by_name = [Subscriber(server, member).subscribe(topic) for member in members]
    by_pattern = [Subscriber(server, member).subscribe(pattern) for member in members]
    peers = publishers(server)
    for peer in peers:
        records = []
        for at in range(200):
            records += [("PUBLISH", None, name, b"%d" % at), ("PUBLISH", None, longer, b"%d" % at)]
        check(all(reply.status == OK for reply in peer.batch(records)), "PUBLISH")
    for subscribers, wanted, channel in ((by_name, topic, name), (by_pattern, pattern, longer)):
        for subscriber in subscribers:
            found = subscriber.heard(200 * len(peers))
            check(all(one[0] == wanted and one[2] == channel for one in found), "a message of another topic")
            for publisher in {one[1] for one in found}:
                texts = [one[4] for one in found if one[1] == publisher]
                check(texts == [b"%d" % at for at in range(200)], "out of order: %r" % texts[:20])


@rule(72, "answers to tokens")
def tokens(server):
    #  No message that is published after the answer is missing, at whichever member
    peers = publishers(server)
    subscriber = Subscriber(server)
    for at in range(50):
        channel = fresh()
        subscriber.subscribe(b"c" + channel + b"\0")
        for peer in peers:
            publish(peer, channel, b"%d" % at, 1)
        check(all(one[2] == channel for one in subscriber.heard(len(peers))), "another channel")


@rule(73, "unsubscribing")
def ending(server):
    channel, other = fresh(), fresh()
    subscriber = Subscriber(server).subscribe(b"c" + channel + b"\0", b"p" + channel + b"\0", b"c" + other + b"\0")
    peer = server.peer()
    publish(peer, channel, b"first", 2)
    subscriber.heard(2)
    subscriber.socket.unsubscribe(b"c" + channel + b"\0")
    subscriber.sync()
    publish(peer, channel, b"second", 1)
    check(subscriber.heard(1)[0][0] == b"p" + channel + b"\0", "the topic")
    subscriber.socket.unsubscribe(b"p" + channel + b"\0")
    subscriber.sync()
    publish(peer, channel, b"third", 0)
    publish(peer, other, b"fourth", 1)
    check(subscriber.heard(1)[0][4] == b"fourth", "the message")


@rule(74, "numbers without gaps")
def numbers(server):
    channel = fresh()
    subscriber = Subscriber(server).subscribe(b"c" + channel + b"\0", b"p" + channel + b"\0")
    peers = publishers(server)
    for peer in peers:
        check(all(reply.status == OK for reply in peer.batch([("PUBLISH", None, channel, b"x")] * 500)), "PUBLISH")
    seen = {}
    for topic, publisher, _, number, _ in subscriber.heard(1000 * len(peers)):
        before = seen.get((topic, publisher))
        check(before is None or number == before + 1, "%r after %r" % (number, before))
        seen[(topic, publisher)] = number
