#!/usr/bin/python3 -B
"""naive: what a small script needs to live on while servers die: section 14 of doc/protocol.md, and no more. It counts
upwards under one key, and reads back what it wrote. Prints a line for each number, until its input ends.

SPDX-License-Identifier: MPL-2.0
"""
import select
import sys

import msgpack
import zmq

context, servers, socket, number, session = zmq.Context(), sys.argv[1:], None, 0, None


def try_once(op, key, value):
    """Status and value; None if this server is silent or cannot: then the next one is asked."""
    global socket
    if socket is None:
        socket = context.socket(zmq.REQ)
        socket.linger = 0
        socket.connect(servers[0])
    options = {"session": session, "ack": number} if session else {}
    socket.send(b"ZG\x01" + msgpack.packb([number, op, "naive", key, value, options]))
    if socket.poll(1000):
        reply = msgpack.unpackb(socket.recv()[3:])
        if reply[0] == number and reply[1] < 9:
            return reply[1], reply[2]
    socket.close()
    socket = None
    servers.append(servers.pop(0))
    return None


def ask(op, key=None, value=None):
    """A request keeps its number until it is answered: so it is executed once."""
    global number
    number += 1
    answer = None
    while answer is None:
        answer = try_once(op, key, value)
    return answer


session = ask("HELLO")[1]["session"]
servers += [one for one in ask("ROUTES")[1]["routers"] if one not in servers]
count = 0
while not select.select([sys.stdin], [], [], 0.02)[0]:
    count += 1
    ask("PUT", "k", str(count))
    answer = ask("GET", "k")
    if answer != (0, str(count).encode()):
        sys.exit("wrote %d, read %r" % (count, answer))
    print(count, servers[0], flush=True)
