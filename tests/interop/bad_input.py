#!/usr/bin/python3
"""bad_input: sends a server what it must survive, and checks what becomes of it.

    bad_input.py --pid PID ENDPOINT

Everything that is sent gets its documented status, or is discarded and counted; meanwhile another client is
served, what was stored stays, and the server's memory stays within a bound. Prints one line per kind of input.
Exit code 0: all of that was so.

SPDX-License-Identifier: MPL-2.0
"""
import argparse
import json
import os
import subprocess
import sys
import time

import zmq

import bad_bytes
import bad_clients
from zgp import Failure, Peer, check

ENTRIES = 5000
CALM = 1.5  # Seconds of measuring before anything bad is sent


class Target:
    """The server, as the attacks see it."""

    def __init__(self, context, endpoint, pid, timeout):
        self.context, self.endpoint, self.pid, self.timeout = context, endpoint, pid, timeout
        self.good = self.peer()
        self.hello = self.good.ask("HELLO").value
        self.endpoints = [endpoint] + self.good.ask("ROUTES").value["endpoints"]
        self.most = 0

    def peer(self, endpoint=None):
        return Peer(self.context, endpoint or self.endpoint, self.timeout)

    def stats(self):
        return self.good.stats()

    def rss(self):
        """MiB that the process has in memory now; the most is kept."""
        with open("/proc/%d/status" % self.pid, encoding="ascii") as file:
            now = next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024
        self.most = max(self.most, now)
        return now

    def grew(self, before, **wanted):
        """Checks how far counters went up since the statistics `before`."""
        after = self.stats()
        for name, count in wanted.items():
            check(
                after[name] - before[name] == count,
                "%s grew by %d, not %d" % (name, after[name] - before[name], count),
            )


def value_of(number):
    return b"%d " % number * (1 + number % 50)


def store(target):
    for at in range(0, ENTRIES, 500):
        replies = target.good.batch([("PUT", "kept", b"%d" % n, value_of(n)) for n in range(at, at + 500)])
        check(all(reply.status == 0 for reply in replies), "the entries cannot be stored")


def verify(target):
    for at in range(0, ENTRIES, 500):
        replies = target.good.batch([("GET", "kept", b"%d" % n) for n in range(at, at + 500)])
        check(
            [r.value for r in replies] == [value_of(n) for n in range(at, at + 500)],
            "what was stored has changed",
        )
    check(target.good.ask("SIZE", "kept").value == ENTRIES, "there are more or fewer entries than before")


def probe(endpoint):
    """Another client: one GET after the other until standard input ends; prints when each began and took."""
    import select

    samples = []
    with Peer(zmq.Context(), endpoint, 30.0) as peer:
        while not select.select([sys.stdin], [], [], 0.002)[0]:
            begin = time.monotonic()
            reply = peer.ask("GET", "kept", b"1")
            check(reply.value == value_of(1), "the other client gets %r" % (reply,))
            samples.append((begin, time.monotonic() - begin))
            if len(samples) == 1:
                print("probing", flush=True)
    json.dump(samples, sys.stdout)


def percentile(samples, share):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else float("inf")


def attack(target, title, function):
    begin = time.monotonic()
    fault = None
    try:
        function(target)
        check(
            target.good.ask("PING", None, None, b"alive").value == b"alive",
            "the server does not answer afterwards",
        )
        target.rss()
    except Failure as failure:
        fault = str(failure)
    except (OSError, zmq.ZMQError, KeyError, TypeError) as oddity:
        fault = "%s: %s" % (type(oddity).__name__, oddity)
    took = (time.monotonic() - begin) * 1000
    print(
        "%s %s (%d ms)%s" % ("FAIL" if fault else "PASS", title, took, ": " + fault[:400] if fault else ""),
        flush=True,
    )
    return fault is None


def main():
    parser = argparse.ArgumentParser(description="Sends a server what it must survive.")
    parser.add_argument("endpoint")
    parser.add_argument("--pid", type=int, help="of the server")
    parser.add_argument("--timeout", type=float, default=20.0, help="seconds to wait for one reply")
    parser.add_argument("--rss", type=float, default=400.0, help="MiB that the server may grow by")
    parser.add_argument(
        "--latency", type=float, default=1000.0, help="milliseconds: p99 of another client at most"
    )
    parser.add_argument("--scale", type=float, default=1.0, help="share of the large numbers of requests")
    parser.add_argument("--probe", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.probe:
        probe(options.endpoint)
        return 0
    if not options.pid:
        parser.error("--pid is missing")
    context = zmq.Context()
    target = Target(context, options.endpoint, options.pid, options.timeout)
    target.scale = options.scale
    store(target)
    command = [sys.executable, os.path.abspath(__file__), "--probe", options.endpoint]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    other.stdout.readline()
    start = target.rss()
    calm = time.monotonic()
    time.sleep(CALM)  # This is the measuring, not waiting for something to happen
    begin = time.monotonic()
    attacks = bad_bytes.ATTACKS + bad_clients.ATTACKS
    failed = sum(not attack(target, title, function) for title, function in attacks)
    end = time.monotonic()
    samples = json.loads(other.communicate()[0] or "[]")

    def measured(title, good, text):
        print("%s %s: %s" % ("PASS" if good else "FAIL", title, text), flush=True)
        return not good

    before = percentile([took for at, took in samples if calm <= at < begin], 0.99) * 1000
    during = percentile([took for at, took in samples if begin <= at < end], 0.99) * 1000
    failed += measured(
        "another client is served",
        other.returncode == 0 and during < options.latency,
        "p99 %.2f ms before, %.2f ms during (%.1f times)" % (before, during, during / before),
    )
    failed += measured(
        "memory stays within its bound",
        target.most - start < options.rss,
        "%.0f MiB before, %.0f MiB at most; %.0f MiB more are allowed" % (start, target.most, options.rss),
    )
    failed += not attack(target, "what was stored is there", verify)
    context.destroy(linger=0)
    print("%d passed, %d failed" % (len(attacks) + 3 - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
