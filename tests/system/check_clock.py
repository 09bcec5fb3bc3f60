#!/usr/bin/python3 -B
"""check_clock: the wall clock of a node is set forth and back by an hour while entries live. How long they
live is counted by another clock; points of time are taken as the wall clock shows them when they are said.

SPDX-License-Identifier: MPL-2.0
"""
import glob
import os
import subprocess
import sys
import tempfile
import time

SOURCE = os.environ.get("ZGRID_SOURCE", ".")
sys.path.insert(0, os.path.join(SOURCE, "tests", "interop"))

HOUR = 3600
LIFE = 60000  # Milliseconds


def skip(why):
    print(why)
    sys.exit(77)


try:
    import zmq
    from zgp import NOTFOUND, OK, Failure, Peer, check
except ImportError:
    skip("python3-zmq or python3-msgpack is not installed")

LIBRARY = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")


class Node:
    """A zgridd whose wall clock is as far from the system's as a file says."""

    def __init__(self, folder):
        self.stamp = os.path.join(folder, "stamp")
        self.shift(0)
        build = os.path.abspath(os.environ.get("ZGRID_BUILD", "."))
        environment = dict(os.environ, LD_PRELOAD=LIBRARY[0], FAKETIME_TIMESTAMP_FILE=self.stamp,
                           FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1")
        command = [os.path.join(build, "zgridd"), "--client", "tcp://127.0.0.1:*"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                        env=environment)
        self.endpoint = self.process.stdout.readline().split("client=")[1].split()[0]

    def shift(self, seconds):
        with open(self.stamp + ".new", "w", encoding="ascii") as file:
            file.write("%+d\n" % seconds)
        os.rename(self.stamp + ".new", self.stamp)

    def end(self):
        self.process.terminate()
        return self.process.wait()


def left(peer, key):
    reply = peer.ask("TTL", "map", key)
    return reply.value if reply.status == OK else None


def scenario(node):
    peer = Peer(zmq.Context(), node.endpoint, 20.0)
    begin = time.monotonic()
    now = int(time.time() * 1000)
    for key, options in ((b"px", {"px": LIFE}), (b"pxat", {"pxat": now + LIFE}), (b"short", {"px": 500})):
        check(peer.ask("PUT", "map", key, b"1", options).status == OK, "PUT")
    for seconds in (HOUR, -HOUR, HOUR, 0, -HOUR, 0):
        node.shift(seconds)
        #  So the clock is seen to be another one
        peer.ask("PUT", "map", b"probe", b"1", {"pxat": int(time.time() * 1000) + LIFE})
        probe = left(peer, b"probe")
        wanted = None if seconds > 0 else LIFE - 1000 * seconds
        check(probe is None if wanted is None else probe is not None and wanted - 5000 < probe <= wanted,
              "%+d s: a point of time is %r ms away, not %r" % (seconds, probe, wanted))
        peer.ask("PUT", "map", b"new", b"1", {"px": LIFE})
        found = left(peer, b"new")
        good = found is not None and LIFE - 5000 < found <= LIFE
        check(good, "%+d s: a new entry lives %r ms" % (seconds, found))
        gone = (time.monotonic() - begin) * 1000
        for key in (b"px", b"pxat"):
            found = left(peer, key)
            good = found is not None and LIFE - gone - 5000 < found <= LIFE
            check(good, "%+d s: %r has %r ms" % (seconds, key, found))
    while peer.ask("GET", "map", b"short").status != NOTFOUND:
        check(time.monotonic() - begin < 20, "an entry of half a second does not end")
    check(time.monotonic() - begin >= 0.5, "an entry of half a second has ended before")


def main():
    if os.environ.get("ZG_SANITIZER", "no") != "no":
        skip("left to builds without sanitizers: both want to be loaded first")
    if not LIBRARY:
        skip("libfaketime is not installed")
    with tempfile.TemporaryDirectory(prefix="zgrid-clock-") as folder:
        node = Node(folder)
        try:
            scenario(node)
        except Failure as fault:
            print("FAILED: %s" % fault)
            return 1
        finally:
            code = node.end()
    print("1 passed, 0 failed" if code == 0 else "zgridd ends with %d" % code)
    return 0 if code == 0 else 1


sys.exit(main())
