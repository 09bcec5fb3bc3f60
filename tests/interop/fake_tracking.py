"""fake_tracking: who reads keys with `track` at the fake server, and what it is told.

SPDX-License-Identifier: MPL-2.0
"""
from zgp import SIGNATURE, pack, partition_of


class Tracking:
    def __init__(self, wrong, partitions):
        self.wrong, self.partitions = wrong, partitions
        self.readers = {}  # By map and key: connections, each as socket, route and envelope
        self.pushes = {}  # By connection: how many

    def read(self, name, key, arrival):
        socket, route, envelope = arrival
        self.readers.setdefault((name, key), {})[(socket, route)] = envelope

    def tell(self, readers, what):
        for (socket, route), envelope in readers.items():
            number = self.pushes[(socket, route)] = self.pushes.get((socket, route), 0) + 1
            push = pack([0, "INVALIDATE", what, number + (75 in self.wrong), None])
            socket.send_multipart([route] + envelope + [SIGNATURE + push])

    def changed(self, name, key):
        self.tell(self.readers.pop((name, key), {}), [name, key])

    def destroyed(self, name, partitions):
        for where, key in list(self.readers):
            if where == name and partition_of(key, self.partitions) in partitions:
                self.tell(self.readers.pop((name, key)), [name, partition_of(key, self.partitions)])
