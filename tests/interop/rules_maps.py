"""rules_maps: checks of numbers, whole maps and the node (R33 to R40).

SPDX-License-Identifier: MPL-2.0
"""
import random
import re

from rules import rule, scan, status, until_gone, value
from zgp import MALFORMED, NOTFOUND, OK, OVERFLOW, WRONGTYPE, check, is_int, partition_of


@rule(33, "INCR and DECR")
def integers(server):
    peer = server.peer()
    name = server.map
    high, low = 2**63 - 1, -(2**63)
    value(peer.ask("INCR", name, b"n"), 1, "INCR of an absent key")
    value(peer.ask("INCR", name, b"n", 41), 42, "INCR 41")
    value(peer.ask("DECR", name, b"n"), 41, "DECR")
    value(peer.ask("DECR", name, b"n", b"100"), -59, "DECR with text")
    value(peer.ask("INCR", name, b"n", -1), -60, "INCR of a negative number")
    value(peer.ask("GET", name, b"n"), b"-60", "the text")
    value(peer.ask("INCR", name, b"i", 5, {"initial": 100}), 105, "initial")
    value(peer.ask("INCR", name, b"i", 5, {"initial": 100}), 110, "initial with an entry")
    value(peer.ask("DECR", name, b"j", 5, {"initial": b"-100"}), -105, "initial as text")
    for text in (b"text", b"", b"1.5", b" 1", b"1 ", b"0x10", b"9223372036854775808", b"1" * 40):
        peer.ask("PUT", name, b"t", text)
        for op in ("INCR", "DECR"):
            status(peer.ask(op, name, b"t", 1), WRONGTYPE, "%s of %r" % (op, text))
        value(peer.ask("GET", name, b"t"), text, "after WRONGTYPE")
    for op, start, delta in (
        ("INCR", high, 1),
        ("INCR", low, -1),
        ("DECR", low, 1),
        ("DECR", high, -1),
        ("DECR", 0, low),
        ("INCR", high, high),
        ("DECR", -2, high),
    ):
        peer.ask("PUT", name, b"o", b"%d" % start)
        reply = peer.ask(op, name, b"o", delta)
        status(reply, OVERFLOW, "%s of %d by %d" % (op, start, delta))
        value(peer.ask("GET", name, b"o"), b"%d" % start, "after OVERFLOW")
    peer.ask("PUT", name, b"o", b"%d" % (high - 1))
    value(peer.ask("INCR", name, b"o"), high, "up to the limit")
    for wrong in (b"x", b"", 1.5, [1]):
        status(peer.ask("INCR", name, b"n", wrong), MALFORMED, "INCR by %r" % (wrong,))


@rule(34, "INCRBYFLOAT")
def decimals(server):
    peer = server.peer()
    name = server.map
    for start, delta, wanted in (
        (None, b"1.5", b"1.5"),
        (b"10.5", b"0.1", b"10.6"),
        (b"10.6", -5, b"5.6"),
        (b"5.0e3", b"2.0e2", b"5200"),
        (b"3", b"1", b"4"),
        (b"1.5", 0.25, b"1.75"),
        (b"-1", b"1", b"0"),
        (b"100000000000000000000", 0, b"100000000000000000000"),
    ):
        peer.ask("DEL", name, b"f")
        if start is not None:
            peer.ask("PUT", name, b"f", start)
        value(peer.ask("INCRBYFLOAT", name, b"f", delta), wanted, "%r + %r" % (start, delta))
        value(peer.ask("GET", name, b"f"), wanted, "the text")
    value(peer.ask("INCRBYFLOAT", name, b"g", b"0.5", {"initial": b"2.25"}), b"2.75", "initial")
    for text in (b"text", b"", b"nan", b"inf", b"1.5x", b" 1"):
        peer.ask("PUT", name, b"t", text)
        status(peer.ask("INCRBYFLOAT", name, b"t", 1), WRONGTYPE, "INCRBYFLOAT of %r" % text)
        value(peer.ask("GET", name, b"t"), text, "after WRONGTYPE")
    peer.ask("PUT", name, b"f", b"1")
    for wrong in (b"x", b"", b"inf", b"nan", b"1 ", None, [1]):
        status(peer.ask("INCRBYFLOAT", name, b"f", wrong), MALFORMED, "INCRBYFLOAT by %r" % (wrong,))
    for endless in (float("inf"), float("-inf"), float("nan")):
        status(peer.ask("INCRBYFLOAT", name, b"f", endless), OVERFLOW, "INCRBYFLOAT by %r" % (endless,))
    value(peer.ask("GET", name, b"f"), b"1", "after refusals")


@rule(35, "SCAN finds each key once")
def scanning(server):
    peer = server.peer()
    name = server.map
    keys = {b"key %d" % number for number in range(3000)}
    peer.batch([("PUT", name, key, b"v") for key in keys])
    peer.batch([("PUT", name, b"gone %d" % number, b"v", {"px": 1}) for number in range(100)])
    for number in range(100):  # Their owners' clocks were read one after the other
        until_gone(peer, name, b"gone %d" % number)
    for count in (None, 1000, 17):
        found = scan(peer, name, **({"count": count} if count else {}))
        check(len(found) == len(set(found)), "a key twice, count %r" % count)
        check(set(found) == keys, "%d keys, not %d, count %r" % (len(set(found)), len(keys), count))
    partitions = peer.ask("HELLO").value["partitions"]
    together = []
    for partition in range(partitions):
        part = scan(peer, name, partition=partition)
        check(all(partition_of(key, partitions) == partition for key in part), "a key of another partition")
        together += part
    check(sorted(together) == sorted(keys), "the partitions together are not the map")
    numbers = iter(range(10**9))
    chance = random.Random(35)

    def change():
        peer.batch(
            [("PUT", name, b"extra %d" % next(numbers), b"v") for _ in range(20)]
            + [("DEL", name, b"extra %d" % chance.randrange(2000)) for _ in range(10)]
        )

    found = scan(peer, name, change, count=50)
    mine = [key for key in found if key in keys]
    check(
        sorted(mine) == sorted(keys),
        "while the map changes: %d of %d keys, %d different" % (len(mine), len(keys), len(set(mine))),
    )
    status(
        peer.ask("SCAN", name, None, None, {"partition": partitions}),
        MALFORMED,
        "SCAN of a partition that does not exist",
    )


@rule(36, "SCAN with values and globs")
def globs(server):
    peer = server.peer()
    name = server.map
    keys = [b"apple", b"apricot", b"banana", b"b[x]", b"a*", b"a", b"", b"\xff\xfe", b"b-x"]
    peer.batch([("PUT", name, key, key + b"!") for key in keys])
    found = scan(peer, name, withvalues=True)
    check(
        dict(zip(found[::2], found[1::2])) == {key: key + b"!" for key in keys}
        and len(found) == 2 * len(keys),
        "withvalues: %r" % found,
    )
    for glob, wanted in (
        (b"*", keys),
        (b"ap*", [b"apple", b"apricot"]),
        (b"?", [b"a"]),
        (b"*an*", [b"banana"]),
        (b"a\\*", [b"a*"]),
        (b"b[^a]x*", [b"b-x", b"b[x]"]),
        (b"b[^a-z[]x", [b"b-x"]),
        (b"[a-b]", [b"a"]),
        (b"b\\[x]", [b"b[x]"]),
        (b"[^a]*", [b"banana", b"b[x]", b"\xff\xfe", b"b-x"]),
        (b"", [b""]),
        (b"??", [b"a*", b"\xff\xfe"]),
        (b"zebra", []),
        (b"[bx]anana", [b"banana"]),
    ):
        found = scan(peer, name, match=glob)
        check(sorted(found) == sorted(wanted), "match %r: %r" % (glob, sorted(found)))
    found = scan(peer, name, match="ap*", withvalues=True, count=1)
    check(sorted(found[::2]) == [b"apple", b"apricot"], "match and withvalues: %r" % found)


@rule(37, "SIZE and DESTROY")
def whole_maps(server):
    peer = server.peer()
    name = server.map
    keys = [b"key %d" % number for number in range(1000)]
    peer.batch([("PUT", name, key, b"v") for key in keys])
    peer.ask("PUT", name + "-other", b"k", b"v")
    value(peer.ask("SIZE", name), 1000, "SIZE")
    partitions = peer.ask("HELLO").value["partitions"]
    here = {partition: 0 for partition in range(partitions)}
    for key in keys:
        here[partition_of(key, partitions)] += 1
    counts = peer.batch(
        [("SIZE", name, None, None, {"partition": partition}) for partition in range(partitions)]
    )
    check([reply.value for reply in counts] == list(here.values()), "SIZE by partition")
    chosen = max(here, key=here.get)
    value(
        peer.ask("DESTROY", name, None, None, {"partition": chosen}), here[chosen], "DESTROY of a partition"
    )
    value(peer.ask("SIZE", name), 1000 - here[chosen], "SIZE after it")
    for op in ("SIZE", "DESTROY"):
        status(
            peer.ask(op, name, None, None, {"partition": partitions}),
            MALFORMED,
            "%s of a partition that does not exist" % op,
        )
    value(peer.ask("DESTROY", name), 1000 - here[chosen], "DESTROY")
    value(peer.ask("SIZE", name), 0, "SIZE after DESTROY")
    status(peer.ask("GET", name, keys[0]), NOTFOUND, "GET after DESTROY")
    value(peer.ask("DESTROY", name + "-other"), 1, "another map was destroyed, too")


@rule(38, "PING")
def ping(server):
    peer = server.peer()
    for argument in (
        None,
        b"",
        b"\0\xff",
        b"x" * 100000,
        0,
        -1,
        2**63 - 1,
        2**64 - 1,
        -(2**63),
        1.5,
        True,
        False,
        [1, [b"a", None]],
        {"a": {"b": 1}},
    ):
        reply = peer.ask("PING", None, None, argument)
        status(reply, OK, "PING")
        check(
            reply.value == argument and type(reply.value) is type(argument),
            "PING %.40r answers %.40r" % (argument, reply.value),
        )


@rule(39, "HELLO")
def hello(server):
    peer = server.peer()
    reply = peer.ask("HELLO")
    status(reply, OK, "HELLO")
    answer = reply.value
    kinds = {
        "protocol": int,
        "versions": list,
        "server": str,
        "node": str,
        "name": str,
        "cluster": str,
        "epoch": int,
        "partitions": int,
        "window": list,
        "frame": int,
        "batch": int,
        "key_max": int,
        "value_max": int,
    }
    for name, kind in kinds.items():
        check(type(answer.get(name)) is kind, "%s is %r" % (name, answer.get(name)))
    check(
        answer["protocol"] == 1 and 1 in answer["versions"],
        "protocol %r, versions %r" % (answer["protocol"], answer["versions"]),
    )
    check(answer["server"].startswith("zgrid "), "server is %r" % answer["server"])
    check(
        1 <= answer["partitions"] <= 16384 and answer["frame"] > answer["value_max"] and answer["batch"] >= 1,
        "limits: %r" % answer,
    )
    check(
        len(answer["window"]) == 2 and all(is_int(part) and part > 0 for part in answer["window"]),
        "window: %r" % answer["window"],
    )
    second = peer.ask("HELLO").value
    answer.pop("session", None)
    second.pop("session", None)
    check(second == answer, "another answer to the second HELLO")


@rule(40, "STATS")
def statistics(server):
    table = server.document[server.document.index("<!-- table statistics -->") :]
    names = re.findall(r"^\| `([a-z_]+)` \| (counter|gauge)", table, re.M)
    check(len(names) > 20, "the list of statistics cannot be read")
    peer = server.peer()
    before = peer.stats()
    peer.batch(
        [("PUT", server.map, b"%d" % number, b"v") for number in range(50)]
        + [("GET", server.map, b"none"), ("GET", server.map, b"1")]
    )
    after = peer.stats()
    for figures in [after] + after["storage"]:
        for name, _ in names:
            check(is_int(figures.get(name)), "%s is %r" % (name, figures.get(name)))
    check(
        is_int(after["uptime_ms"]) and isinstance(after["name"], str) and isinstance(after["version"], str),
        "uptime_ms, name or version",
    )
    for name, least in (
        ("puts", 50),
        ("entries", 50),
        ("get_hits", 1),
        ("get_misses", 1),
        ("records", 52),
        ("bytes_in", 300),
        ("messages", 1),
    ):
        check(
            after[name] - before[name] >= least, "%s went from %d to %d" % (name, before[name], after[name])
        )
    check(sum(part["entries"] for part in after["storage"]) == after["entries"], "entries is no sum")
    for name, kind in names:
        check(kind == "gauge" or after[name] >= before[name], "the counter %s fell" % name)
