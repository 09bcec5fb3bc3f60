"""fake_exec: several records as one, and entries that get another key, for the fake server.

SPDX-License-Identifier: MPL-2.0
"""
from fake_store import VALUE_MAX, Refused
from zgp import EXISTS, MALFORMED, MISMATCH, NOTFOUND, OK, TOOBIG, partition_of

OPS = ("EXEC", "SETRANGE", "RENAME", "COPY")


class Exec:
    def __init__(self, store, parts, options_of):
        self.store, self.parts, self.options_of = store, parts, options_of
        self.wrong = store.wrong

    def execute(self, op, name, key, value, options):
        entry = self.store.find(name, key)
        return getattr(self, "do_" + op.lower())(name, key, value, options, entry)

    def here(self, key, other):
        partitions = self.store.partitions
        if partition_of(key, partitions) != partition_of(other, partitions) and 78 not in self.wrong:
            raise Refused(MALFORMED, "keys of several partitions")

    def part(self, key, record):
        """What one record inside EXEC is: it can be executed."""
        if not isinstance(record, list) or len(record) < 2:
            raise Refused(MALFORMED, "no record")
        number, op, name, inner, value, given = (record + [None] * 5)[:6]
        options = self.options_of(given, self.wrong)
        op = op.decode()
        if op not in self.parts or inner is None or "fence" in options:
            raise Refused(MALFORMED, "no part of EXEC")
        self.here(key, inner)
        return number, op, name, inner, value, options

    def do_exec(self, name, key, value, options, entry):
        good = isinstance(value, list) and len(value) == 2 and all(isinstance(one, list) for one in value)
        if not good or not all(isinstance(one, list) and len(one) == 3 for one in value[0]):
            raise Refused(MALFORMED, "no conditions and records")
        if len(value[1]) > 1024:
            raise Refused(TOOBIG, "1,024 records")
        for _, inner, _ in value[0]:
            self.here(key, inner)
        records = [self.part(key, record) for record in value[1]]
        for where, inner, version in value[0]:
            found = self.store.find(where, inner)
            if (found.version if found else 0) != version and 77 not in self.wrong:
                raise Refused(MISMATCH)
        replies = []
        before = self.store.clock
        for number, op, where, inner, given, chosen in records:
            if 76 not in self.wrong:
                self.store.clock = before
            run = self if op in OPS else self.store
            try:
                answer = run.execute(op, where, inner, given, chosen)
            except Refused as refusal:
                answer = refusal.answer
            replies.append([number, *answer])
        self.store.clock = max(self.store.clock, before + 1)
        return OK, replies, 0, None

    def do_setrange(self, name, key, value, options, entry):
        old, offset = entry.value if entry else b"", options.get("offset", 0)
        if not isinstance(value, bytes):
            raise Refused(MALFORMED, "no bytes")
        if not value:
            return OK, len(old), entry.version if entry else 0, None
        if offset + len(value) > VALUE_MAX:
            raise Refused(TOOBIG, "value_max")
        padding = b" " if 79 in self.wrong else b"\0"
        text = old[:offset].ljust(offset, padding) + value + old[offset + len(value) :]
        made = self.store.put(name, key, text, entry.end if entry else None)
        return OK, len(text), made.version, None

    def do_copy(self, name, key, value, options, entry, move=False):
        if not isinstance(value, bytes):
            raise Refused(MALFORMED, "no key")
        self.here(key, value)
        where = options.get("into", name)
        if not entry:
            return NOTFOUND, None, 0, None
        target = self.store.find(where, value)
        if target and "nx" in options:
            return EXISTS, None, target.version, None
        if (where, value) == (name, key):
            return OK, None, entry.version, None
        made = self.store.put(where, value, entry.value, None if 80 in self.wrong else entry.end)
        if move:
            del self.store.maps[name][key]
        return OK, None, made.version, None

    def do_rename(self, name, key, value, options, entry):
        return self.do_copy(name, key, value, options, entry, True)
