#!/usr/bin/python3
"""fake_cluster: answers HELLO, CLUSTER and ADMIN as a router does, from a file of JSON, so that what the tool says of
a cluster can be tested in states that are hard to bring about.

    fake_cluster.py FILE

FILE holds the answer to CLUSTER and is read anew each time; `admin` in it is [status, text] for ADMIN, whose words
are answered if it is missing; `plan` is answered to those who ask for it; `steps` has one name and a list: what
stands under the name the first time that somebody asks, the second time, and so on. Serves until its standard input ends.

SPDX-License-Identifier: MPL-2.0
"""
import json
import sys

import msgpack
import zmq

from zgp import BADOP, OK, SIGNATURE, pack

HELLO = {"protocol": 1, "versions": [1], "server": "fake", "node": "01", "name": "fake", "cluster": "c1", "epoch": 1,
         "partitions": 4, "window": [1000, 1000000], "frame": 1 << 20, "batch": 1000, "key_max": 65536,
         "value_max": 65536}


def answer(op, value):
    """Status, value and meta."""
    if op == "HELLO":
        return OK, HELLO, {}
    with open(sys.argv[1], encoding="utf-8") as file:
        state = json.load(file)
    admin, plan = state.pop("admin", None), state.pop("plan", None)
    if op == "CLUSTER":
        for name, steps in state.pop("steps", {}).items():
            if answer.steps != steps:
                answer.steps, answer.asked = steps, 0
            state[name] = steps[min(answer.asked, len(steps) - 1)]
            answer.asked += 1
        if value in ("plan", b"plan") and plan is not None:
            state["plan"] = plan
        return OK, state, {}
    if op != "ADMIN":
        return BADOP, None, {"error": "not here"}
    if admin and admin[0] != OK:
        return admin[0], None, {"error": admin[1]}
    return OK, admin[1] if admin else "did " + " ".join(value), {}


answer.steps = None
answer.asked = 0


def reply(record):
    record += [None] * (6 - len(record))
    status, value, meta = answer(record[1], record[4])
    return pack([record[0], status, value, 0, meta])


def main():
    socket = zmq.Context().socket(zmq.ROUTER)
    socket.linger = 0
    socket.bind("tcp://127.0.0.1:*")
    print("ready client=" + socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(sys.stdin, zmq.POLLIN)
    while True:
        ready = dict(poller.poll())
        if sys.stdin.fileno() in ready:
            return
        *envelope, body = socket.recv_multipart()
        reader = msgpack.Unpacker(raw=False)
        reader.feed(body[len(SIGNATURE):])
        socket.send_multipart(envelope + [SIGNATURE + b"".join(reply(record) for record in reader)])


main()
