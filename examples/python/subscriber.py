#!/usr/bin/python3
"""subscriber: listens to a channel with a plain SUB socket, written from doc/protocol.md section 15 alone.
Usage: subscriber.py ENDPOINT CHANNEL COUNT
SPDX-License-Identifier: MPL-2.0
"""
import os
import sys

import msgpack
import zmq


def records(frame):
    unpacker = msgpack.Unpacker(raw=False)
    unpacker.feed(frame[3:])  # Behind the signature
    return list(unpacker)


def main(endpoint, channel, count):
    context = zmq.Context.instance()
    asker = context.socket(zmq.REQ)
    asker.connect(endpoint)
    asker.send(b"ZG\x01" + msgpack.packb([1, "HELLO"]))
    hello = records(asker.recv())[0][2]
    sub = context.socket(zmq.SUB)
    sub.sndhwm = 0
    sub.connect(hello["pubsub"])
    sub.subscribe(b"c%s\0" % channel.encode())
    token = b"s%s\0" % os.urandom(8).hex().encode()
    sub.subscribe(token)
    numbers = {}
    while count:
        topic, body = sub.recv_multipart()
        if topic == token:  # All members know the subscription now
            print("listening", flush=True)
        for publisher, name, number, message in records(body):
            lost = number - numbers.get(publisher, number - 1) - 1
            numbers[publisher] = number
            print("%s: %s%s" % (name.decode(), message.decode(), " (%d lost)" % lost if lost else ""))
            count -= 1


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
