"""transcript: lines of commands, said to two servers; the replies must be the same bytes.

A line is a command: words, in quotes where they have spaces, with \\n \\r \\t \\\\ \\" and \\xHH inside quotes. Before it:

    @NAME           on a connection of that name (else "main"); each begins without a past
    {closes}        both servers close the connection behind the reply, or in place of it
    {kind}          the kinds of reply must be the same, not the values
    {near N}        a number that differs by N at most
    {sorted}        the parts of the reply in any order
    {read N}        no command: N further replies are read (pushes)
    {raw}           the one word is sent as it is
    {wait}          said until redis-server's answer of this line is answered by both (nothing else is waited for)
    {but "REPLY"}   the gateway's reply, as it is declared to differ: kinds and values as plain text shows them; the
                    comment above such a line says why

SPDX-License-Identifier: MPL-2.0
"""
import re
import time

from wire import Closed, Wire, request

WORD = re.compile(rb'\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))')
ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"0": b"\0"}


def unquoted(text):
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.)",
                  lambda found: bytes([int(found[1][1:], 16)]) if found[1][:1] == b"x" and len(found[1]) == 3
                  else ESCAPES.get(found[1], found[1]), text, flags=re.S)


def words_of(text):
    found, at = [], 0
    while at < len(text.rstrip()):
        word = WORD.match(text, at)
        if not word:
            raise ValueError("cannot be read: %r" % text)
        found.append(unquoted(word[1]) if word[1] is not None else word[2])
        at = word.end()
    return found


class Line:
    def __init__(self, place, text):
        self.place, self.text = place, text.strip()
        self.name, self.marks = "main", {}
        rest = self.text.encode()
        while True:
            found = re.match(rb"@(\w+)\s*|\{(\w+)\s*((?:\"(?:[^\"\\]|\\.)*\"|[^}\"])*)\}\s*", rest)
            if not found:
                break
            if found[1]:
                self.name = found[1].decode()
            else:
                self.marks[found[2].decode()] = found[3].strip()
            rest = rest[found.end():]
        self.words = words_of(rest)


def lines_of(path):
    with open(path, encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            if text.strip() and not text.startswith("#"):
                yield Line("%s:%d" % (path.rsplit("/", 1)[-1], number), text)


def shown(reply):
    """One line of text."""
    if reply is None:
        return "(closed)"
    kind, value = reply
    if isinstance(value, list):
        return "%s[%s]" % (kind.decode(), " ".join(shown(part) for part in value))
    if value is None:
        return "%snil" % kind.decode()
    return kind.decode() + value.decode("latin-1").encode("unicode_escape").decode()


def kinds(reply):
    if reply is None:
        return None
    kind, value = reply
    return (kind, [kinds(part) for part in value]) if isinstance(value, list) else (kind, value is None)


class Side:
    """One server, and the connections to it."""

    def __init__(self, address, protocol):
        self.address, self.protocol = address, protocol
        self.wires = {}

    def wire(self, name):
        if name not in self.wires:
            wire = self.wires[name] = Wire(self.address)
            if self.protocol == 3:
                wire.ask("HELLO", "3")
        return self.wires[name]

    def say(self, line):
        wire = self.wire(line.name)
        try:
            if "read" in line.marks:
                return b"*", [wire.reply() for _ in range(int(line.marks["read"]))]
            wire.send(line.words[0] if "raw" in line.marks else request(*line.words))
            if "closes" in line.marks:
                said = wire.is_closed()
                del self.wires[line.name]
                return b"+", said
            return wire.reply()
        except Closed:
            del self.wires[line.name]
            return None
        except (OSError, AssertionError, ValueError) as fault:
            self.wires.pop(line.name).close()
            return b"?", repr(fault).encode()

    def close(self):
        for wire in self.wires.values():
            wire.close()


def same(line, left, right):
    if left and left[0] == b"?":
        return False
    if "but" in line.marks:
        return shown(right).encode() == unquoted(line.marks["but"][1:-1])
    if "kind" in line.marks:
        return kinds(left) == kinds(right)
    if "near" in line.marks and left and right and left[0] == right[0] == b":":
        return abs(int(left[1]) - int(right[1])) <= int(line.marks["near"])
    if "sorted" in line.marks and left and right and isinstance(left[1], list) and isinstance(right[1], list):
        return left[0] == right[0] and sorted(left[1], key=repr) == sorted(right[1], key=repr)
    return left == right


def play(path, redis, gateway, protocol):
    """The differences, as text; and how many lines there were."""
    left, right = Side(redis, protocol), Side(gateway, protocol)
    differences, count = [], 0
    try:
        for side in (left, right):
            side.wire("main").ask("FLUSHALL")
        for line in lines_of(path):
            count += 1
            one, other = left.say(line), right.say(line)
            end = time.monotonic() + 10
            while "wait" in line.marks and not same(line, one, other) and time.monotonic() < end:
                one, other = left.say(line), right.say(line)
            if not same(line, one, other):
                differences.append("%s RESP%d: %s\n    redis-server: %s\n    gateway:      %s" % (
                    line.place, protocol, line.text[:200], shown(one)[:400], shown(other)[:400]))
    finally:
        left.close()
        right.close()
    return differences, count
