"""fake_msgpack: a strict reader of MessagePack for the fake server. It never looks past the end, bounds the
nesting, and says where a value cannot be read.

SPDX-License-Identifier: MPL-2.0
"""
import struct

DEPTH_MAX = 16


class Broken(Exception):
    def __init__(self, at):
        super().__init__("the bytes cannot be read at offset %d" % at)


class Attached:
    """A value that is a reference to an attachment."""

    def __init__(self, index):
        self.index = index


class Twice(Exception):
    """A map has a name twice."""


NUMBERS = {
    0xCA: ">f",
    0xCB: ">d",
    0xCC: ">B",
    0xCD: ">H",
    0xCE: ">I",
    0xCF: ">Q",
    0xD0: ">b",
    0xD1: ">h",
    0xD2: ">i",
    0xD3: ">q",
}
SIZED = {
    0xC4: ("bytes", 1),
    0xC5: ("bytes", 2),
    0xC6: ("bytes", 4),
    0xC7: ("ext", 1),
    0xC8: ("ext", 2),
    0xC9: ("ext", 4),
    0xD9: ("bytes", 1),
    0xDA: ("bytes", 2),
    0xDB: ("bytes", 4),
    0xDC: ("array", 2),
    0xDD: ("array", 4),
    0xDE: ("map", 2),
    0xDF: ("map", 4),
}


def head(data, at):
    """Kind, what belongs to it, and where the head ends."""
    if at >= len(data):
        raise Broken(at)
    first = data[at]
    if first <= 0x7F or first >= 0xE0:
        return "plain", first - 256 if first >= 0xE0 else first, at + 1
    if first in (0xC0, 0xC2, 0xC3):
        return "plain", {0xC0: None, 0xC2: False, 0xC3: True}[first], at + 1
    if first in NUMBERS:
        size = struct.calcsize(NUMBERS[first])
        if at + 1 + size > len(data):
            raise Broken(at)
        return "plain", struct.unpack_from(NUMBERS[first], data, at + 1)[0], at + 1 + size
    if 0xD4 <= first <= 0xD8:
        kind, count, end = "ext", 1 << (first - 0xD4), at + 1
    elif first in SIZED:
        kind, width = SIZED[first]
        count, end = int.from_bytes(data[at + 1 : at + 1 + width], "big"), at + 1 + width
    elif first == 0xC1:
        raise Broken(at)
    else:
        kind = "map" if first <= 0x8F else "array" if first <= 0x9F else "bytes"
        count, end = first & (0x1F if kind == "bytes" else 0x0F), at + 1
    if end > len(data) or count * (2 if kind == "map" else 1) + (kind == "ext") > len(data) - end:
        raise Broken(at)
    return kind, count, end


def value(data, at, depth=0, limit=DEPTH_MAX):
    """One value and where it ends. Keys of maps: a name given twice makes the map a Twice."""
    kind, given, end = head(data, at)
    if kind == "plain":
        return given, end
    if kind == "bytes":
        return bytes(data[end : end + given]), end + given
    if kind == "ext":
        payload = bytes(data[end + 1 : end + 1 + given])
        if data[end] == 1 and 1 <= given <= 4:
            return Attached(int.from_bytes(payload, "big")), end + 1 + given
        return ("ext", data[end], payload), end + 1 + given
    if depth == limit:
        raise Broken(at)
    if kind == "array":
        found = []
        for _ in range(given):
            one, end = value(data, end, depth + 1, limit)
            found.append(one)
        return found, end
    found, twice = {}, False
    for _ in range(given):
        name, end = value(data, end, depth + 1, limit)
        one, end = value(data, end, depth + 1, limit)
        name = name if isinstance(name, (bytes, int, str, type(None))) else repr(name)
        twice = twice or name in found
        found[name] = one
    return (Twice() if twice else found), end


def raw(data, at):
    return bytes(data[at : value(data, at)[1]])
