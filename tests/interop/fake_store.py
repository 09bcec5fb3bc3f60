"""fake_store: the maps of the fake server: what the operations of doc/protocol.md do, in the plainest way.

Each fault in `wrong` is the number of a rule; the store then breaks that rule.

SPDX-License-Identifier: MPL-2.0
"""
import re
import time

from zgp import EXISTS, MALFORMED, MISMATCH, NOTFOUND, OK, OVERFLOW, TOOBIG, WRONGTYPE, partition_of

KEY_MAX, VALUE_MAX = 65536, 1 << 22
CENTURY = 100 * 365.25 * 86400 * 1000
TIMES = {"ex": 1000, "px": 1, "exat": 1000, "pxat": 1}


class Refused(Exception):
    def __init__(self, status, error=None, value=None, version=0):
        super().__init__(error)
        self.answer = (status, value, version, {"error": error} if error else None)


def glob(pattern):
    """A glob as a regular expression."""
    out, at = b"", 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        end = pattern.find(b"]", at + 2) if byte == b"[" else -1
        if byte == b"*":
            out += b".*"
        elif byte == b"?":
            out += b"."
        elif end > 0:
            out += b"[" + pattern[at + 1 : end] + b"]"
            at = end
        else:
            at += byte == b"\\"
            out += re.escape(pattern[at : at + 1])
        at += 1
    return re.compile(out, re.S)


class Entry:
    def __init__(self, value, version, end):
        self.value, self.version, self.end = value, version, end
        self.used = time.monotonic()


def integer(value, otherwise):
    """An integer of 64 bits, as such or as text."""
    if isinstance(value, bytes) and re.fullmatch(rb"-?(0|[1-9][0-9]*)", value):
        value = int(value)
    if not isinstance(value, int) or not -(2**63) <= value < 2**63:
        raise otherwise
    return value


class Store:
    def __init__(self, partitions, wrong):
        self.partitions, self.wrong = partitions, wrong
        self.maps = {}
        self.clock = 0

    def find(self, name, key):
        entry = self.maps.get(name, {}).get(key)
        if entry and entry.end is not None and entry.end <= time.time() * 1000:
            del self.maps[name][key]
            return None
        return entry

    def version(self):
        self.clock += 22 not in self.wrong or self.clock == 0
        return self.clock

    def end_of_life(self, options, entry, keep):
        """The end of life that a write gives."""
        for name, factor in TIMES.items():
            if name in options:
                number = options[name] * factor
                if name in ("ex", "px") and number == 0 and 29 not in self.wrong:
                    raise Refused(MALFORMED, "a time of 0")
                return self.point(number + (time.time() * 1000 if name in ("ex", "px") else 0))
        return entry.end if keep and entry else None

    @staticmethod
    def point(when):
        if when - time.time() * 1000 > CENTURY:
            raise Refused(TOOBIG, "more than 100 years")
        return when

    def put(self, name, key, value, end):
        if len(value) > VALUE_MAX:
            raise Refused(TOOBIG, "value_max" if 18 not in self.wrong else "too long")
        entry = Entry(value, self.version(), end)
        self.maps.setdefault(name, {})[key] = entry
        return entry

    def condition(self, options, entry):
        """Raises what a condition that does not hold answers."""
        version, value = (entry.version, entry.value) if entry else (0, None)
        state = OK
        if "nx" in options and entry:
            state = EXISTS
        elif "xx" in options and not entry:
            state = NOTFOUND
        elif "ifversion" in options and options["ifversion"] != version:
            state = MISMATCH
        elif "ifeq" in options and options["ifeq"] != value:
            state = MISMATCH
        if state != OK:
            shown = value if "get" in options and 25 not in self.wrong else None
            raise Refused(state, None, shown, 0 if 24 in self.wrong else version)

    def execute(self, op, name, key, value, options):
        """Answers status, value, version, meta."""
        entry = self.find(name, key)
        answer = getattr(self, "do_" + op.lower())(name, key, value, options, entry)
        if entry and op not in ("TTL", "EXISTS", "IDLE") and 81 not in self.wrong:
            entry.used = time.monotonic()
        return answer

    def do_get(self, name, key, value, options, entry):
        if not entry:
            if 20 in self.wrong:
                self.maps.setdefault(name, {})
            return NOTFOUND, None, 7 if 21 in self.wrong else 0, None
        left = self.left(entry)
        return OK, entry.value, entry.version, {"ttl": left} if "withttl" in options else None

    def left(self, entry):
        unit = 1000 if 28 in self.wrong else 1
        return -1 if entry.end is None else max(0, int(entry.end - time.time() * 1000)) // unit

    def do_exists(self, name, key, value, options, entry):
        return (OK, None, entry.version, None) if entry else (NOTFOUND, None, 0, None)

    def do_touch(self, name, key, value, options, entry):
        if entry and 32 in self.wrong:
            entry.end = None
        return self.do_exists(name, key, value, options, entry)

    def do_ttl(self, name, key, value, options, entry):
        return (OK, self.left(entry), entry.version, None) if entry else (NOTFOUND, None, 0, None)

    def do_idle(self, name, key, value, options, entry):
        if not entry:
            return NOTFOUND, None, 0, None
        return OK, int((time.monotonic() - entry.used) * 1000), entry.version, None

    def do_persist(self, name, key, value, options, entry):
        if not entry:
            return NOTFOUND, None, 0, None
        had, entry.end = entry.end is not None, None
        return OK, int(had), entry.version, None

    def do_put(self, name, key, value, options, entry):
        if "nx" in options and "xx" in options:
            raise Refused(MALFORMED, "nx and xx")
        self.condition(options, entry)
        end = self.end_of_life(options, entry, "keepttl" in options)
        made = self.put(name, key, value, end)
        return OK, entry.value if entry and "get" in options else None, made.version, None

    def do_del(self, name, key, value, options, entry):
        if not entry:
            return (OK if 23 in self.wrong else NOTFOUND), None, 0, None
        self.condition({o: options[o] for o in ("ifversion", "ifeq") if o in options}, entry)
        del self.maps[name][key]
        return OK, None, self.version(), None

    def do_getput(self, name, key, value, options, entry):
        made = self.put(name, key, value, self.end_of_life(options, entry, True))
        return OK, entry.value if entry else b"" if 26 in self.wrong else None, made.version, None

    def do_getdel(self, name, key, value, options, entry):
        if not entry:
            return NOTFOUND, None, 0, None
        del self.maps[name][key]
        return OK, entry.value, self.version(), None

    def do_append(self, name, key, value, options, entry):
        end = self.end_of_life(options, entry, 30 not in self.wrong)
        made = self.put(name, key, (entry.value if entry else b"") + value, end)
        return OK, len(made.value), made.version, None

    def do_cas(self, name, key, value, options, entry):
        if "ifeq" not in options:
            raise Refused(MALFORMED, "no ifeq")
        present = entry.value if entry else None
        if 27 in self.wrong:
            present = present or None
        if present != options["ifeq"]:
            raise Refused(MISMATCH, None, present, entry.version if entry else 0)
        return OK, None, self.put(name, key, value, self.end_of_life(options, entry, True)).version, None

    def do_incr(self, name, key, value, options, entry, sign=1):
        delta = 1 if value is None else integer(value, Refused(MALFORMED, "no integer"))
        start = entry.value if entry else options.get("initial", 0)
        total = integer(start, Refused(WRONGTYPE)) + sign * delta
        if not -(2**63) <= total < 2**63:
            if 33 not in self.wrong:
                raise Refused(OVERFLOW)
            total %= 2**63
        made = self.put(name, key, b"%d" % total, self.end_of_life(options, entry, True))
        return OK, total, made.version, None

    def do_decr(self, name, key, value, options, entry):
        return self.do_incr(name, key, value, options, entry, -1)

    def do_incrbyfloat(self, name, key, value, options, entry):
        delta = self.real(value, MALFORMED)
        start = self.real(entry.value if entry else options.get("initial", 0), WRONGTYPE)
        total = start + delta
        if total != total or abs(total) == float("inf"):
            raise Refused(OVERFLOW)
        text = b"%.10f" % total if abs(total) < 1e15 else b"%d" % int(total)
        if 34 not in self.wrong and b"." in text:
            text = text.rstrip(b"0").rstrip(b".")
        made = self.put(name, key, text, self.end_of_life(options, entry, True))
        return OK, text, made.version, None

    @staticmethod
    def real(value, state):
        """A decimal number."""
        plain = rb"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?"
        if isinstance(value, bytes) and not re.fullmatch(plain, value):
            raise Refused(state)
        if not isinstance(value, (bytes, int, float)) or isinstance(value, bool):
            raise Refused(state)
        return float(value)

    def do_expire(self, name, key, value, options, entry, factor=1000, absolute=False):
        number = integer(value, Refused(MALFORMED, "no integer"))
        if not entry:
            return NOTFOUND, None, 0, None
        now = time.time() * 1000
        end = self.point(number * factor + (0 if absolute else now))
        old = float("inf") if entry.end is None else entry.end
        bad = (
            ("nx" in options and entry.end is not None)
            or ("xx" in options and entry.end is None)
            or ("gt" in options and end <= old and 31 not in self.wrong)
            or ("lt" in options and end >= old)
        )
        if bad:
            raise Refused(MISMATCH, None, None, entry.version)
        entry.end = end
        return OK, None, entry.version, None

    def do_pexpire(self, name, key, value, options, entry):
        return self.do_expire(name, key, value, options, entry, 1)

    def do_expireat(self, name, key, value, options, entry):
        return self.do_expire(name, key, value, options, entry, 1000, True)

    def do_pexpireat(self, name, key, value, options, entry):
        return self.do_expire(name, key, value, options, entry, 1, True)

    def keys(self, name, partitions):
        """Live keys of some partitions, in an order that does not change."""
        return [
            key
            for key in sorted(self.maps.get(name, {}))
            if partition_of(key, self.partitions) in partitions and self.find(name, key)
        ]

    def scan(self, name, partitions, options):
        """One page. The cursor is one more than the rank of the last partition done."""
        ordered = sorted(partitions)
        at = options.get("cursor", 0)
        keys = self.keys(name, {ordered[at]}) if at < len(ordered) else []
        pattern = glob(options["match"]) if "match" in options else None
        keys = [key for key in keys if pattern is None or pattern.fullmatch(key)]
        if 35 in self.wrong:
            keys += keys[:1]
        page = (
            [part for key in keys for part in (key, self.maps[name][key].value)]
            if "withvalues" in options and 36 not in self.wrong
            else keys
        )
        return OK, page, 0, {"cursor": at + 1 if at + 1 < len(ordered) else 0}

    def size(self, name, partitions):
        return OK, len(self.keys(name, partitions)) + (37 in self.wrong), 0, None

    def destroy(self, name, partitions):
        keys = self.keys(name, partitions)
        for key in keys:
            del self.maps[name][key]
        return OK, len(keys), 0, None
