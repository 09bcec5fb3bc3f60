#!/usr/bin/python3
"""names.py ENDPOINT FILE: reads every name back by the wire protocol alone (doc/protocol.md): a DEALER
socket and MessagePack, no library of zgrid. Exit code 0 if nothing differs.

SPDX-License-Identifier: MPL-2.0
"""
import sys
import time

import msgpack
import zmq

SIGNATURE = b"ZG\x01"
OK = 0
BATCH = 512    # Records per message
IN_FLIGHT = 8  # Messages sent and not yet answered


def read_file(path):
    """Perl's list of names as pairs (key, value); data.c reads the same."""
    with open(path, "rb") as file:
        text = file.read().split(b"\nreturn <<'END';\n", 1)[1].rsplit(b"\nEND\n", 1)[0]
    records = [record.split(b"\n") for record in text.strip().split(b"\n\n")]
    return [(name, code) for code, name in records]


def request(pairs, first):
    """One body with a GET for each pair; the id is the pair's index plus 1."""
    return SIGNATURE + b"".join(
        msgpack.packb([first + at + 1, "GET", "names", key]) for at, (key, _) in enumerate(pairs))


def replies(body):
    if not body.startswith(SIGNATURE):
        sys.exit("the server answered something that is not the protocol's")
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(body[len(SIGNATURE):])
    return unpacker


def main(endpoint, path):
    pairs = read_file(path)
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.rcvtimeo = 10000
    socket.connect(endpoint)
    start = time.monotonic()
    sent = answered = wrong = 0
    seen = bytearray(len(pairs))
    while answered < len(pairs):
        while sent < len(pairs) and sent - answered < BATCH * IN_FLIGHT:
            socket.send(request(pairs[sent:sent + BATCH], sent))
            sent = min(sent + BATCH, len(pairs))
        for number, status, value, _version, _meta in replies(socket.recv()):
            index = number - 1
            answered += 1
            if seen[index] or status != OK or value != pairs[index][1]:
                wrong += 1
            seen[index] = 1
    seconds = time.monotonic() - start
    print("  %-28s %d records in %.3f s: %.0f records/s"
          % ("read back, Python, ZeroMQ", answered, seconds, answered / seconds))
    if wrong:
        print("%d records differ" % wrong, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: names.py ENDPOINT FILE")
    sys.exit(main(sys.argv[1], sys.argv[2]))
