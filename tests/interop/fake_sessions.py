"""fake_sessions: what of the fake server makes it a cluster: sessions, WITH, views, CLUSTER, ADMIN.

SPDX-License-Identifier: MPL-2.0
"""
from fake_store import Refused
from zgp import MALFORMED, OK, SESSION_EXPIRED, SIGNATURE, STALE_REQUEST, pack

READS = ("GET", "EXISTS", "TTL", "IDLE", "TOUCH")


class Sessions:
    """Requests that were executed, and who wants to hear of views."""

    def __init__(self, wrong):
        self.wrong = wrong
        self.issued, self.given = 0, set()
        self.done, self.low = {}, {}
        self.watchers, self.listeners = [], []
        self.body()

    def body(self):
        """A body begins: what WITH said in another one is over."""
        self.session, self.ack, self.request = None, 0, None

    def fresh(self):
        self.issued += 53 not in self.wrong
        given = b"%016d" % self.issued
        self.given.add(given)
        return given

    def take_with(self, options):
        if "session" in options:
            self.session = options["session"]
        self.ack = options.get("ack", self.ack)
        return None if 54 not in self.wrong else (OK, None, 0, None)

    def once(self, number, partition, op, options, execute):
        """Executes a request unless it was executed before."""
        session, ack = self.session, options.get("ack", self.ack)
        if "session" in options:
            session, ack = options["session"], options.get("ack", 0)
        self.request = None
        if not session or op in READS:
            return execute()
        if len(session) != 16 and 58 not in self.wrong:
            raise Refused(MALFORMED, "a session has 16 bytes")
        if session not in self.given and 58 not in self.wrong:
            raise Refused(SESSION_EXPIRED, "nobody here has given this session")
        request = (session if 56 not in self.wrong else b"", number)
        if request in self.done and 55 not in self.wrong:
            return self.done[request]
        place = (session, partition)
        if number < self.low.get(place, 0) and 57 not in self.wrong:
            raise Refused(STALE_REQUEST, "its answer was acknowledged")
        self.request = request
        try:
            answer = execute()
        except Refused as refusal:
            answer = refusal.answer
        if answer is None:  # It comes later
            return None
        self.done[request] = answer
        self.low[place] = max(ack, self.low.get(place, 0))
        return answer

    def note(self, request, answer):
        """What came later."""
        if request:
            self.done[request] = answer

    def listen(self, socket, route, envelope):
        self.listeners.append((socket, route, envelope))

    def happened(self, epoch):
        text = b'{"event":"admin","at":1700000000000,"node":"fake"}' if 59 not in self.wrong else b"admin"
        for socket, route, envelope in self.listeners:
            socket.send_multipart([route] + envelope + [SIGNATURE + pack([0, "EVENT", text, epoch, None])])

    def watch(self, socket, route, envelope):
        self.watchers.append((socket, route, envelope))

    def push(self, epoch):
        for socket, route, envelope in self.watchers if 52 not in self.wrong else ():
            push = pack([0, "VIEW", ["tcp://127.0.0.1:1"], epoch, None])
            socket.send_multipart([route] + envelope + [SIGNATURE + push])


def cluster(fake, partitions, actors):
    """The answer to CLUSTER."""
    answer = {
        "cluster": "c1",
        "version": fake.epoch,
        "era": 0,
        "copies": 1,
        "partitions": partitions,
        "state": "serves",
        "safe": True,
        "ready": True,
        "members": [{"id": "n1", "name": "fake", "status": "UP", "router": fake.endpoints[0]}],
        "table": [[partition, 1, "fake", ["fake"], None] for partition in range(partitions)],
        "maps": [],
        "actors": actors,
    }
    if 50 in fake.wrong:
        del answer["safe"]
    return answer
