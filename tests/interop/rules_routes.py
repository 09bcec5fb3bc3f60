"""rules_routes: checks of slots, ROUTES and storage endpoints (R46 to R48).

SPDX-License-Identifier: MPL-2.0
"""
import re

from rules import rule, scan, status, value
from zgp import MOVED, OK, check, is_int, partition_of, slot_of


def routes(server):
    """Epoch, endpoints, and the index of the owner of each partition."""
    reply = server.peer().ask("ROUTES")
    status(reply, OK, "ROUTES")
    answer = reply.value
    check(is_int(answer["epoch"]) and is_int(answer["partitions"]), "epoch or partitions")
    check(
        isinstance(answer["endpoints"], list) and all(isinstance(e, str) for e in answer["endpoints"]),
        "endpoints",
    )
    check(isinstance(answer["owners"], bytes) and len(answer["owners"]) == 2 * answer["partitions"], "owners")
    owners = [
        int.from_bytes(answer["owners"][at : at + 2], "big") for at in range(0, len(answer["owners"]), 2)
    ]
    check(
        all(owner == 0xFFFF or owner < len(answer["endpoints"]) for owner in owners),
        "an owner without endpoint",
    )
    return answer["epoch"], answer["endpoints"], owners


@rule(46, "ROUTES, and the test vectors")
def answer_of_routes(server):
    epoch, endpoints, owners = routes(server)
    hello = server.peer().ask("HELLO").value
    check(hello["partitions"] == len(owners) and hello["epoch"] == epoch, "not those of HELLO")
    check(len(set(endpoints)) == len(endpoints) > 0, "endpoints %r" % endpoints)
    for endpoint in endpoints:
        status(server.peer(endpoint).ask("PING"), OK, "PING at %s" % endpoint)
    part = server.document[server.document.index("<!-- table slots -->") :]
    vectors = re.findall(r"^\| .* \| ([0-9a-f]*) \| (\d+) \| (\d+) \| (\d+) \|$", part, re.M)
    check(len(vectors) >= 12, "the document has %d test vectors" % len(vectors))
    for text, slot, of_271, of_16 in vectors:
        key = bytes.fromhex(text)
        check(
            (slot_of(key), partition_of(key, 271), partition_of(key, 16))
            == (int(slot), int(of_271), int(of_16)),
            "the test vector %r" % key,
        )


@rule(47, "storage endpoints and MOVED")
def moved(server):
    epoch, endpoints, owners = routes(server)
    check(len(endpoints) > 1, "one storage endpoint only: start the server with storage.actors of 2 or more")
    keys = [b"key %d" % number for number in range(400)] + [
        b"{tag %d}%d" % (number % 40, number) for number in range(400)
    ]
    places = [owners[partition_of(key, len(owners))] for key in keys]
    for index, endpoint in enumerate(endpoints):
        peer = server.peer(endpoint)
        replies = peer.batch([("PUT", server.map, key, key) for key in keys])
        for key, place, reply in zip(keys, places, replies):
            status(reply, OK if place == index else MOVED, "%r at %s" % (key, endpoint))
            if place != index:
                check(
                    reply.meta.get("owner") == endpoints[place],
                    "meta.owner is %r" % (reply.meta.get("owner"),),
                )
                check(reply.meta.get("epoch") == epoch, "meta.epoch is %r" % (reply.meta.get("epoch"),))
    replies = server.peer().batch([("GET", server.map, key) for key in keys])
    check([reply.value for reply in replies] == keys, "the public endpoint does not see all of it")


@rule(48, "the other operations at storage endpoints")
def other_operations(server):
    _, endpoints, owners = routes(server)
    check(len(endpoints) > 1, "one storage endpoint only: start the server with storage.actors of 2 or more")
    keys = [b"key %d" % number for number in range(600)]
    server.peer().batch([("PUT", server.map, key, b"v") for key in keys])
    for index, endpoint in enumerate(endpoints):
        peer = server.peer(endpoint)
        own = sorted(key for key in keys if owners[partition_of(key, len(owners))] == index)
        check(own, "no key for %s" % endpoint)
        for op in ("HELLO", "ROUTES", "STATS"):
            reply = peer.ask(op)
            check(
                reply.status == OK and isinstance(reply.value, dict), "%s at %s: %r" % (op, endpoint, reply)
            )
        value(peer.ask("PING", None, None, b"x"), b"x", "PING")
        value(peer.ask("SIZE", server.map), len(own), "SIZE at %s" % endpoint)
        check(sorted(scan(peer, server.map)) == own, "SCAN at %s" % endpoint)
        foreign = owners.index(next(owner for owner in owners if owner != index))
        for op in ("SCAN", "SIZE", "DESTROY"):
            status(
                peer.ask(op, server.map, None, None, {"partition": foreign}),
                MOVED,
                "%s of another's partition" % op,
            )
        value(peer.ask("DESTROY", server.map), len(own), "DESTROY at %s" % endpoint)
    value(server.peer().ask("SIZE", server.map), 0, "SIZE of the whole")
