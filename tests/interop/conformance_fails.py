#!/usr/bin/python3
"""conformance_fails: the checks of conformance.py can fail. Each is run against fake_server.py breaking just its
rule, and must find that; against the same server breaking none, all must hold.

SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import io
import os
import subprocess
import sys

import zmq

import conformance

HERE = os.path.dirname(os.path.abspath(__file__))
TIMEOUT = 2.0  # Seconds; a broken server may not answer at all


@contextlib.contextmanager
def fake(*arguments):
    """A fake server; its endpoint. It ends when its standard input does."""
    process = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "fake_server.py"), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ready = process.stdout.readline()
        if not ready.startswith("ready client="):
            raise SystemExit("the fake server does not start")
        yield ready.split("=", 1)[1].strip()
    finally:
        process.stdin.close()
        if process.wait(20) != 0:
            raise SystemExit("the fake server ended with %d" % process.returncode)


def main():
    found = conformance.checks()
    with open(conformance.DOCUMENT, encoding="utf-8") as file:
        text = file.read()
    context = zmq.Context()
    bad = 0

    #  Rules and checks correspond, and it is noticed if they do not
    bad += bool(conformance.compare(text, found))
    for change in (
        text.replace("**R7.**", "**R77.**"),
        text.replace("**R7.**", "R7."),
        text + "\n**R999.** One more.\n",
        "",
    ):
        if not conformance.compare(change, found):
            print("FAIL: a document with other rules was taken")
            bad += 1

    with fake() as endpoint:
        server = conformance.Server(context, endpoint, 10.0, text)
        bad += sum(not conformance.run(server, number, *found[number]) for number in sorted(found))
    for number in sorted(found):
        lines = io.StringIO()
        with fake("--wrong", str(number)) as endpoint, contextlib.redirect_stdout(lines):
            server = conformance.Server(context, endpoint, TIMEOUT, text)
            held = conformance.run(server, number, *found[number])
        if held:
            print("FAIL: the check of R%d does not notice that it is broken" % number)
            bad += 1
        else:
            print("noticed: " + lines.getvalue().strip())
    context.destroy(linger=0)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
