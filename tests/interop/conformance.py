#!/usr/bin/python3
"""conformance: checks a running server against the numbered rules of doc/protocol.md.

    conformance.py [options] ENDPOINT

Prints one line per rule: PASS or FAIL, the rule, what it is about, and for a failure what was found.
Exit code 0: every rule holds; 1: some do not; 2: wrong usage, or rules and checks do not correspond.
It writes into maps whose names begin with "conformance-" and into the map "fruit": use a server for tests.

SPDX-License-Identifier: MPL-2.0
"""
import argparse
import os
import re
import sys
import time

import zmq

import rules
import rules_data
import rules_exec
import rules_flow
import rules_frames
import rules_locks
import rules_maps
import rules_routes
import rules_sessions
import rules_time
import rules_topics
from zgp import Failure, Peer

HERE = os.path.dirname(os.path.abspath(__file__))
DOCUMENT = os.path.join(HERE, "..", "..", "doc", "protocol.md")


class Server:
    """What a check sees: the way to the server, and a map of its own."""

    def __init__(self, context, endpoint, timeout, document):
        self.context = context
        self.endpoint = endpoint
        self.timeout = timeout
        self.document = document
        self.map = "conformance"
        self.peers = []

    def peer(self, endpoint=None, kind=zmq.DEALER):
        """A new connection, closed when the check is over."""
        self.peers.append(Peer(self.context, endpoint or self.endpoint, self.timeout, kind))
        return self.peers[-1]

    def close(self):
        while self.peers:
            self.peers.pop().close()


def checks():
    """Number, title and function of every check."""
    found = {}
    for module in (
        rules_frames,
        rules_data,
        rules_exec,
        rules_time,
        rules_maps,
        rules_flow,
        rules_routes,
        rules_sessions,
        rules_locks,
        rules_topics,
    ):
        assert module.rule is rules.rule  # It adds to the one list
    for number, title, function in rules.RULES:
        if number in found:
            raise SystemExit("conformance: two checks for R%d" % number)
        found[number] = (title, function)
    return found


def document_rules(text):
    return [int(number) for number in re.findall(r"^\*\*R(\d+)\.\*\*", text, re.M)]


def compare(text, found):
    """What does not correspond between the document and the checks, as sentences."""
    numbers = document_rules(text)
    faults = ["R%d stands twice in the document" % n for n in sorted(set(numbers)) if numbers.count(n) > 1]
    faults += ["R%d has no check" % n for n in sorted(set(numbers) - set(found))]
    faults += ["R%d is checked and not in the document" % n for n in sorted(set(found) - set(numbers))]
    if sorted(set(numbers)) != list(range(1, len(set(numbers)) + 1)):
        faults.append("the rules are not numbered from 1 without gaps")
    if not numbers:
        faults.append("the document has no rules")
    return faults


def run(server, number, title, function):
    """Runs one check and prints its line. Returns whether the rule holds."""
    server.map = "conformance-%d" % number
    begin = time.monotonic()
    try:
        with Peer(server.context, server.endpoint, server.timeout) as broom:
            broom.ask("DESTROY", server.map)
        function(server)
        with Peer(server.context, server.endpoint, server.timeout) as broom:
            broom.ask("DESTROY", server.map)
        fault = None
    except Failure as failure:
        fault = str(failure)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, zmq.ZMQError) as oddity:
        fault = "%s: %s" % (type(oddity).__name__, oddity)
    server.close()
    took = int((time.monotonic() - begin) * 1000)
    print(
        "%s R%d %s (%d ms)%s"
        % (
            "PASS" if fault is None else "FAIL",
            number,
            title,
            took,
            "" if fault is None else ": " + fault[:400],
        ),
        flush=True,
    )
    return fault is None


def main():
    parser = argparse.ArgumentParser(description="Checks a server against the rules of doc/protocol.md.")
    parser.add_argument("endpoint", nargs="?")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for one reply")
    parser.add_argument("--only", action="append", metavar="RULE", help="this rule only; may be repeated")
    parser.add_argument("--document", default=DOCUMENT)
    parser.add_argument("--list", action="store_true", help="print the numbers of the rules that are checked")
    options = parser.parse_args()
    found = checks()
    with open(options.document, encoding="utf-8") as file:
        text = file.read()
    faults = compare(text, found)
    for fault in faults:
        print("conformance: " + fault, file=sys.stderr)
    if faults:
        return 2
    if options.list:
        print("\n".join("R%d" % number for number in sorted(found)))
        return 0
    if not options.endpoint:
        parser.error("ENDPOINT is missing")
    chosen = {int(rule.lstrip("R")) for rule in options.only} if options.only else set(found)
    if chosen - set(found):
        parser.error("no such rule")
    context = zmq.Context()
    server = Server(context, options.endpoint, options.timeout, text)
    failed = sum(not run(server, number, *found[number]) for number in sorted(chosen))
    context.destroy(linger=0)
    print("%d passed, %d failed" % (len(chosen) - failed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
