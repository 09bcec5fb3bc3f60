"""wire: a connection that speaks Redis's protocol, and keeps the bytes of each reply as they came.

SPDX-License-Identifier: MPL-2.0
"""
import socket


class Closed(Exception):
    """The other side has closed the connection."""


class Error(str):
    """An error reply: its text."""


class Wire:
    def __init__(self, address, patience=10.0):
        self.socket = socket.create_connection(address, patience)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.have = b""
        self.at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def patience(self, seconds):
        self.socket.settimeout(seconds)

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as fault:
            raise Closed from fault

    def _some(self):
        try:
            some = self.socket.recv(262144)
        except ConnectionResetError as fault:
            raise Closed from fault
        if not some:
            raise Closed
        return some

    def _more(self):
        self.have = self.have[self.at:] + self._some()
        self.at = 0

    def line(self):
        while True:
            end = self.have.find(b"\r\n", self.at)
            if end >= 0:
                text = self.have[self.at:end]
                self.at = end + 2
                return text
            self._more()

    def count(self, size):
        missing = size - (len(self.have) - self.at)
        if missing > 0:
            parts = [self.have[self.at:]]
            while missing > 0:
                parts.append(self._some())
                missing -= len(parts[-1])
            self.have, self.at = b"".join(parts), 0
        text = self.have[self.at:self.at + size]
        self.at += size
        return text

    def reply(self):
        """The next reply: (kind, value); kind is its first byte, value its parts as Python holds them."""
        line = self.line()
        kind, rest = line[:1], line[1:]
        if kind in b"$=!" and kind:
            size = int(rest)
            if size < 0:
                return kind, None
            text = self.count(size + 2)
            assert text.endswith(b"\r\n"), text[-20:]
            return kind, text[:-2]
        if kind in b"*~>%" and kind:
            count = int(rest)
            if count < 0:
                return kind, None
            return kind, [self.reply() for _ in range(count * (2 if kind == b"%" else 1))]
        assert kind and kind in b"+-:_,#(", line
        return kind, rest

    def ask(self, *words):
        self.send(request(*words))
        return self.reply()

    def value(self, *words):
        """The reply without its kinds; errors as Error."""
        return plain(self.ask(*words))

    def is_closed(self):
        """Reads until the other side closes; what came before."""
        said = self.have[self.at:]
        try:
            while True:
                self._more()
                said += self.have[self.at:]
                self.at = len(self.have)
        except Closed:
            return said


def request(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        if isinstance(word, int):
            word = b"%d" % word
        elif isinstance(word, str):
            word = word.encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def plain(reply):
    kind, value = reply
    if kind == b"-":
        return Error(value.decode())
    if kind == b":":
        return int(value)
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value
