"""rules: the list of checks, and what they share.

SPDX-License-Identifier: MPL-2.0
"""
import time

from zgp import NOTFOUND, OK, check, is_int

RULES = []  # Number, title, function


def rule(number, title):
    """Marks a function as the check of a rule. It raises Failure if the server breaks it."""

    def add(function):
        RULES.append((number, title, function))
        return function

    return add


def status(reply, wanted, what):
    check(reply.status == wanted, "%s: status %r, not %d" % (what, reply.status, wanted))


def value(reply, wanted, what, state=OK):
    status(reply, state, what)
    check(
        reply.value == wanted and type(reply.value) is type(wanted),
        "%s: %r, not %r" % (what, reply.value, wanted),
    )


def ttl_between(reply, least, most, what):
    status(reply, OK, what)
    check(is_int(reply.value) and least <= reply.value <= most, "%s: TTL %r" % (what, reply.value))


def until_gone(peer, name, key, seconds=10):
    """Waits until the key is NOTFOUND; how long that took, in milliseconds."""
    begin = time.monotonic()
    while peer.ask("GET", name, key).status != NOTFOUND:
        check(time.monotonic() - begin < seconds, "%r is still there after %d s" % (key, seconds))
    return (time.monotonic() - begin) * 1000


def scan(peer, name, step=None, **options):
    """All keys (or keys and values) of a scan."""
    found, cursor = [], 0
    for _ in range(100000):
        page = peer.ask("SCAN", name, None, None, dict(options, cursor=cursor))
        status(page, OK, "SCAN")
        check(isinstance(page.value, list) and is_int(page.meta.get("cursor")), "a page is %r" % (page,))
        found += page.value
        cursor = page.meta["cursor"]
        if cursor == 0:
            return found
        if step:
            step()
    check(False, "the scan does not end")
