#!/usr/bin/python3 -B
"""redis_py_script: every group of commands, as redis-py sends them. Arguments: one|cluster HOST:PORT, and with "load"
behind it: counters until standard input ends, what was acknowledged on the output.

SPDX-License-Identifier: MPL-2.0
"""
import json
import logging
import select
import sys
import threading
import time

try:
    import redis
except ImportError:
    print("python3-redis is not installed")
    sys.exit(77)


def check(condition, text):
    if not condition:
        print("FAILED: %s" % text)
        sys.exit(1)


def equal(found, wanted):
    check(found == wanted, "%r, not %r" % (found, wanted))


def refused(call, text):
    try:
        call()
    except redis.ResponseError as fault:
        check(text in str(fault), "refused with %s" % fault)
    else:
        check(False, "not refused: %s" % text)


def values(one):
    one.delete("{k}a", "{k}b", "{k}n", "{k}f")
    equal(one.ping(), True)
    equal(one.set("{k}a", "one", ex=100), True)
    equal(one.set("{k}a", "two", nx=True), None)
    equal(one.get("{k}a"), b"one")
    equal(one.getex("{k}a", persist=True), b"one")
    equal(one.ttl("{k}a"), -1)
    equal(one.mset({"{k}x": 1, "{k}y": 2}), True)
    equal(one.mget("{k}x", "{k}y", "{k}none"), [b"1", b"2", None])
    equal(one.incr("{k}n", 41), 41)
    equal(one.incrbyfloat("{k}f", 0.5), 0.5)
    equal(one.append("{k}a", "!"), 4)
    equal(one.getrange("{k}a", 0, 1), b"on")
    equal(one.setrange("{k}a", 0, "O"), 4)
    equal(one.strlen("{k}a"), 4)
    equal(one.expire("{k}a", 50), True)
    check(40 < one.ttl("{k}a") <= 50, "time to live")
    equal(one.rename("{k}a", "{k}b"), True)
    equal(one.exists("{k}a"), 0)
    equal(one.type("{k}b"), b"string")
    equal(one.touch("{k}b"), 1)
    equal(one.delete("{k}b"), 1)
    refused(lambda: one.set("{k}b", "x") and one.incr("{k}b"), "not an integer")
    pipe = one.pipeline(transaction=False)
    for number in range(500):
        pipe.set("p%d" % number, number)
    equal(pipe.execute(), [True] * 500)
    check(set(b"p%d" % number for number in range(500)) <= set(one.scan_iter(match="p*", count=100)), "scan")


def server(one):
    check(one.info()["redis_version"].startswith("7."), "INFO")
    check(one.dbsize() > 500, "DBSIZE")
    equal(one.client_setname("script"), True)
    equal(one.client_getname(), "script")
    check(one.config_get("maxmemory"), "CONFIG GET")
    check(one.command_count() > 100, "COMMAND COUNT")
    check(abs(one.time()[0] - time.time()) < 60, "TIME")


def transactions(one):
    with one.pipeline() as pipe:
        pipe.watch("{t}a")
        pipe.multi()
        pipe.set("{t}a", 1)
        pipe.incr("{t}a")
        equal(pipe.execute(), [True, 2])
        pipe.watch("{t}a")
        one.set("{t}a", 5)
        pipe.multi()
        pipe.set("{t}a", 6)
        try:
            pipe.execute()
            check(False, "a changed key is not noticed")
        except redis.WatchError:
            equal(one.get("{t}a"), b"5")


def locks(one):
    one.delete("lock")
    lock = one.lock("lock", timeout=20)
    equal(lock.acquire(), True)
    equal(one.lock("lock", timeout=20).acquire(blocking=False), False)
    equal(lock.extend(30), True)
    equal(lock.reacquire(), True)
    lock.release()
    equal(one.exists("lock"), 0)
    try:
        lock.acquire()
        one.set("lock", "another")
        lock.release()
        check(False, "a lost lock is released")
    except redis.exceptions.LockNotOwnedError:
        one.delete("lock")


def topics(one):
    hearer = one.pubsub()
    hearer.subscribe("news")
    hearer.psubscribe("n*")
    kinds = [hearer.get_message(timeout=5)["type"] for _ in range(2)]
    equal(kinds, ["subscribe", "psubscribe"])
    one.publish("news", "hello")
    found = [hearer.get_message(timeout=5) for _ in range(2)]
    equal(sorted((message["type"], message["data"]) for message in found if message),
          [("message", b"hello"), ("pmessage", b"hello")])
    hearer.close()


def load(make):
    """Each key has one writer: what was acknowledged last must be there. Each writer has a client of its own: RedisCluster
    4.3 may fail in one thread for what it does in another, and with TypeError inside while a node that it knows has gone
    for good."""
    ended = threading.Event()
    sums = {"done": 0, "failures": 0}
    acknowledged = {}

    def work(name, client):
        number = 0
        while not ended.is_set():
            number += 1
            key = "py:%s:%s:%d" % (sys.argv[1], name, number % 50)
            try:
                client.set(key, number)
                acknowledged[key] = number
                sums["done"] += 1
            except (redis.RedisError, redis.exceptions.RedisClusterException):
                sums["failures"] += 1
                #  Whether it was done is not known
                acknowledged.pop(key, None)
                ended.wait(0.02)

    workers = [threading.Thread(target=work, args=(name, make())) for name in "abcd"]
    for worker in workers:
        worker.start()
    print("running", flush=True)
    select.select([sys.stdin], [], [])
    ended.set()
    for worker in workers:
        worker.join()
    one = make()
    lost = sum(one.get(key) != b"%d" % number for key, number in acknowledged.items())
    print(json.dumps(dict(sums, lost=lost, keys=len(acknowledged))))


def main():
    kind, address = sys.argv[1:3]
    host, port = address.rsplit(":", 1)
    logging.disable()  # What it tells of each connection that ends
    make = redis.RedisCluster if kind == "cluster" else redis.Redis
    def client():
        return make(host=host, port=int(port), socket_timeout=20)

    if sys.argv[3:] == ["load"]:
        load(client)
        return
    one = client()
    if kind == "one":
        one.flushall()
    values(one)
    if kind == "one":
        server(one)
        transactions(one)
        topics(one)
    locks(one)
    print("done")


main()
