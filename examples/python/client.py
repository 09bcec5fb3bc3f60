#!/usr/bin/python3
"""client: a client in Python, written from doc/protocol.md: it hashes keys and goes straight to their owners.
Usage: client.py ENDPOINT
SPDX-License-Identifier: MPL-2.0
"""
import binascii
import sys
import time

import msgpack
import zmq

NOTFOUND, MOVED, TRYAGAIN, BUSY = 1, 10, 11, 12


def slot_of(key):
    start = key.find(b"{")
    end = key.find(b"}", start + 1) if start >= 0 else -1
    return binascii.crc_hqx(key[start + 1:end] if end > start + 1 else key, 0) % 16384


class Client:
    def __init__(self, endpoint, timeout=5.0):
        self.context, self.public, self.timeout = zmq.Context.instance(), endpoint, timeout
        self.sockets, self.last_id = {}, 0
        self.learn_routes()

    def learn_routes(self):
        self.routes = self.exchange(self.public, [["ROUTES"]])[0][1]

    def owner(self, key):
        partition = slot_of(key) * self.routes["partitions"] // 16384
        index = int.from_bytes(self.routes["owners"][2 * partition:2 * partition + 2], "big")
        return self.public if index == 0xFFFF else self.routes["endpoints"][index]

    def exchange(self, endpoint, requests):
        """Sends requests in one body; [status, value, version, meta] of each, in order."""
        if endpoint not in self.sockets:
            self.sockets[endpoint] = self.context.socket(zmq.DEALER)
            self.sockets[endpoint].linger = 0
            self.sockets[endpoint].connect(endpoint)
        first, body = self.last_id + 1, b"ZG\x01"
        for request in requests:
            self.last_id += 1
            body += msgpack.packb([self.last_id] + request, use_bin_type=True)
        self.sockets[endpoint].send(body)
        replies, end = {}, time.monotonic() + self.timeout
        while len(replies) < len(requests):
            if not self.sockets[endpoint].poll(max(0, int((end - time.monotonic()) * 1000))):
                self.sockets.pop(endpoint).close()  # Nothing queued is sent late
                raise TimeoutError("no reply from %s; a write may have happened" % endpoint)
            unpacker = msgpack.Unpacker(raw=False)
            unpacker.feed(self.sockets[endpoint].recv_multipart()[-1][3:])
            replies.update((record[0], record[1:]) for record in unpacker if record[0] >= first)
        return [replies[number] for number in sorted(replies)]

    def batch(self, op, name, keys, values=None, options=None):
        """One record for each key, sent to their owners, as often as it takes. At most a window of keys."""
        values, answers = values or [None] * len(keys), {}
        while len(answers) < len(keys):
            groups = {}
            for at in range(len(keys)):
                if at not in answers:
                    groups.setdefault(self.owner(keys[at]), []).append(at)
            for endpoint, group in groups.items():
                replies = self.exchange(endpoint, [[op, name, keys[at], values[at], options] for at in group])
                answers.update((at, r) for at, r in zip(group, replies) if r[0] not in (MOVED, TRYAGAIN, BUSY))
            if len(answers) < len(keys):
                time.sleep(0.01)
                self.learn_routes()
        return [answers[at] for at in range(len(keys))]


if __name__ == "__main__":
    client = Client(sys.argv[1] if len(sys.argv) > 1 else "tcp://127.0.0.1:3320")
    names = [b"key %d" % number for number in range(1000)]
    client.batch("PUT", "python", names, [b"%d" % (number * number) for number in range(1000)])
    print("sum", sum(int(reply[1]) for reply in client.batch("GET", "python", names)))
    print("none", client.batch("GET", "python", [b"no such key"])[0][0] == NOTFOUND)
