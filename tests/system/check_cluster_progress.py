#!/usr/bin/python3 -B
"""check_cluster_progress: what is seen while partitions move at a slow pace: a bar that only grows on a terminal, a
line every 5 seconds elsewhere, an object a second as JSON, and events of every member; and how a member leaves: with
its progress in the log, at once on a second signal, and how its name comes back.

SPDX-License-Identifier: MPL-2.0
"""
import json
import os
import pty
import re
import signal
import subprocess
import threading
import time

from cluster import BUILD, SANITIZED, Cluster, check, main, say, wait

RATE = 400000
ENTRIES = 8000
VALUE = 1000  # Bytes


class Watch:
    """A tool at work; what it prints, each piece with the time at which it came."""

    def __init__(self, node, *words, terminal=False, stream="stdout"):
        command = [os.path.join(BUILD, "zgrid"), "-s", node.endpoint, *words]
        mine, theirs = pty.openpty() if terminal else os.pipe()
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: theirs}
        self.words, self.pieces = words, []
        self.process = subprocess.Popen(command, **pipes)
        os.close(theirs)
        self.thread = threading.Thread(target=self.read, args=(mine,))
        self.thread.start()

    def read(self, fd):
        with os.fdopen(fd, "rb", buffering=0) as file:
            while True:
                try:
                    some = file.read(65536)
                except OSError:  # The other end of a terminal is gone
                    return
                if not some:
                    return
                self.pieces.append((time.monotonic(), some.decode()))

    @property
    def text(self):
        return "".join(text for _, text in self.pieces)

    def end(self, number=signal.SIGINT):
        """Ends it; the exit code."""
        if number:
            self.process.send_signal(number)
        code = self.process.wait()
        self.thread.join()
        return code

    def lines(self):
        """Whole lines, each with the time at which its end came."""
        found, rest = [], ""
        for at, text in list(self.pieces):
            *whole, rest = (rest + text).split("\n")
            found += [(at, line) for line in whole]
        return found

    def objects(self):
        return [(at, json.loads(line)) for at, line in self.lines()]


def grows(numbers, what):
    """From the first that is not 100 on, they never become less, and end with 100."""
    below = [at for at, number in enumerate(numbers) if number < 100]
    check(below, "%s: never below 100: %s" % (what, numbers))
    numbers = numbers[below[0]:]
    check(numbers == sorted(numbers), "%s shrinks: %s" % (what, numbers))
    check(numbers[-1] == 100 and len(set(numbers)) >= 4, "%s does not grow to 100: %s" % (what, numbers))


def fill(node):
    lines = "".join("key-%d\t%s\n" % (number, "v" * VALUE) for number in range(ENTRIES))
    subprocess.run([os.path.join(BUILD, "zgrid"), "-s", node.endpoint, "load", "-"], input=lines, text=True, check=True,
                   stderr=subprocess.DEVNULL)


def size(node):
    done = subprocess.run([os.path.join(BUILD, "zgrid"), "-s", node.endpoint, "size"], stdout=subprocess.PIPE, text=True)
    return int(done.stdout or -1)


def held(cluster, name):
    """Partitions of which the member holds a copy, by the newest view."""
    return sum(name in row[3] for row in cluster.newest()["table"])


def balanced(watch):
    """True once it has seen moves, and then that none is left."""
    objects = [one for _, one in watch.objects()]
    return any(one["left"] for one in objects) and objects[-1]["left"] == 0


def look_at_lines(watch):
    check("\r" not in watch.text and "\033" not in watch.text, "not for a terminal: %r" % watch.text)
    lines = watch.lines()
    check(len(lines) >= 2, "lines: %s" % lines)
    for at, line in lines:
        check(re.fullmatch(r"zgrid: +\d+%  (nothing to move|\d+ of \d+ moves, [\d.]+ k?M?B/s(, \d+ s left)?)", line), line)
    for (before, _), (after, line) in zip(lines, lines[1:]):
        check(after - before > 4, "two lines within %.1f s: %s" % (after - before, line))
    if not SANITIZED:
        took = lines[-1][0] - lines[0][0]
        check(took < 6 * (len(lines) - 1), "%d lines in %.1f s" % (len(lines), took))


def look_at_objects(watch):
    objects = watch.objects()
    for _, one in objects:
        numbers = ("percent", "done", "total", "left", "active", "streamed", "bytes_per_s")
        check(all(isinstance(one[name], int) for name in numbers), "an object: %s" % one)
        check(one["finished"] is False and one["paused"] is False, "an object: %s" % one)
        check(one["done"] + one["left"] == one["total"], "an object: %s" % one)
    grows([one["percent"] for _, one in objects], "percent")
    times = [at for at, _ in objects]
    check(all(later - before > 0.3 for before, later in zip(times, times[1:])), "objects came at %s" % times)
    fastest = max(one["bytes_per_s"] for _, one in objects)
    check(RATE / 4 < fastest < RATE * 4, "%d bytes a second" % fastest)


def look_at_events(cluster, watch, partition_states):
    events = [one for _, one in watch.objects()]
    check(all(isinstance(one.get("at"), int) and one.get("node") in cluster.nodes for one in events if "event" in one),
          "events: %s" % events[:5])
    names = {one.get("event") for one in events}
    check({"member added", "learner", "joined", "handover", "move"} <= names, "events: %s" % names)
    states = {}
    for one in events:
        if one.get("event") == "move" and one["member"] == "n2":
            states.setdefault(one["partition"], []).append(one["state"])
    whole = [told for told in states.values() if set(partition_states) <= set(told)]
    check(whole, "moves: %s" % states)
    for told in whole:
        places = [told.index(state) for state in partition_states]
        check(places == sorted(places), "a move: %s" % told)


def join(cluster):
    first = cluster.nodes["n1"]
    watches = {"bar": Watch(first, "status", "--watch", terminal=True), "lines": Watch(first, "status", "--watch"),
               "json": Watch(first, "status", "--watch", "--json"), "events": Watch(first, "events", "--json")}
    #  Each says something once it works
    wait("the watches work", lambda: watches["bar"].text and watches["json"].text, 20)
    #  Events say nothing before there is one: an operator's request is
    wait("events are heard", lambda: cluster.admin("rebalance") and watches["events"].text, 20)
    cluster.start("n2")
    cluster.nodes["n2"].ready()
    wait("moves are seen", lambda: any(one["left"] for _, one in watches["json"].objects()), 30)
    waits = Watch(first, "rebalance", "--wait", "300000", terminal=True, stream="stderr")
    bounded = Watch(first, "rebalance", "--wait", "100", "--json")
    wait("n2 has its share", lambda: held(cluster, "n2") == cluster.partitions // 2 and balanced(watches["json"]), 120)
    check(waits.end(0) == 0 and bounded.end(0) == 3, "rebalance: exit %s, %s" % (waits.process.returncode,
                                                                               bounded.process.returncode))
    check(json.loads(bounded.lines()[-1][1])["finished"] is False, "rebalance: %s" % bounded.text)
    wait("the bar is full", lambda: "100%" in watches["bar"].text.split("\r")[-1], 20)
    wait("a line is there", lambda: len(watches["lines"].lines()) >= 2 and "100%" in watches["lines"].text, 30)
    for name, watch in watches.items():
        code = watch.end()
        check(code == -signal.SIGINT, "%s: exit %s" % (name, code))
    for watch in (watches["bar"], waits):
        shown = [part for part in watch.text.split("\r") if "%" in part]
        check(all(re.match(r"\[#*\.*\] +\d+%  ", part) for part in shown), "a bar: %r" % shown[:3])
        percents = [int(re.search(r"(\d+)%", part).group(1)) for part in shown]
        grows(percents, "the bar of %s" % " ".join(watch.words))
        full = [part.count("#") for part in shown]
        check(max(full) == 30, "the bar never is full: %s" % full)
    look_at_lines(watches["lines"])
    look_at_objects(watches["json"])
    look_at_events(cluster, watches["events"], ("learner", "snapshot", "joint", "done"))
    check(size(first) == ENTRIES, "entries are lost")
    say("a join: a bar that only grows, a line every 5 s, an object a second, events of all members")


def leave(cluster):
    """It waits as long as moves make progress, though that takes longer than limits.leave."""
    node = cluster.nodes["n2"]
    began = time.monotonic()
    check(node.leave(120) == 0, "it did not leave well")
    took = time.monotonic() - began
    with open(node.log, encoding="utf-8") as file:
        lines = [line for line in file if "leaving the cluster" in line]
    percents = [int(re.search(r"percent=(\d+)", line).group(1)) for line in lines]
    check(len(lines) >= 1 + int(took / 5) and percents == sorted(percents) and percents[0] == 0 and max(percents) > 0,
          "%.1f s: %s" % (took, lines))
    check(took > 3, "it left within %.1f s: too fast to tell" % took)
    state = wait("it is gone", lambda: next((one for one in [cluster.newest()] if len(one["members"]) == 1), None), 10)
    check(state["health"]["lost"] == 0 and size(cluster.nodes["n1"]) == ENTRIES, "entries are lost")
    say("a leave of %.1f s, said %d times" % (took, len(lines)))


def come_back(cluster, entries):
    """The same name, at the same address."""
    cluster.start("n2")
    cluster.nodes["n2"].ready()
    wait("n2 has its share again", lambda: held(cluster, "n2") == cluster.partitions // 2, 90)
    cluster.wait_safe(2)
    check(size(cluster.nodes["n1"]) == entries, "%d entries" % size(cluster.nodes["n1"]))


def interrupt(cluster):
    """A second signal while it leaves; what it still held is lost, for there is one copy of everything."""
    node = cluster.nodes["n2"]
    node.send(signal.SIGTERM)
    wait("n2 leaves", lambda: any(member["status"] == "LEAVING" for member in cluster.newest()["members"]), 20)
    began = time.monotonic()
    check(node.leave(5) == 1, "not ended by the second signal")
    check(time.monotonic() - began < 2, "the second signal took %.1f s" % (time.monotonic() - began))
    say("a second signal ends it at once")


def drain(cluster):
    """Emptied by an operator, stopped, and back again."""
    first = cluster.nodes["n1"]
    watch = Watch(first, "drain", "n2", "--json")
    wait("the drain ends", lambda: watch.process.poll() is not None, 120)
    check(watch.end(0) == 0, "drain: %s" % watch.text)
    objects = [one for _, one in watch.objects()]
    percents = [one["percent"] for one in objects]
    check(percents == sorted(percents) and percents[-1] == 100 and objects[-1]["finished"], "drain: %s" % objects)
    check(size(first) == ENTRIES, "entries are lost")
    check(cluster.nodes["n2"].leave(30) == 0, "it did not end well")
    say("a drain, %d objects" % len(objects))


def play():
    sets = {"cluster.move_rate": RATE, "limits.leave": 4000}
    with Cluster(copies=1, partitions=16, sets=sets) as cluster:
        cluster.add("n1", "n2")
        cluster.start("n1", "--set", "cluster.expect=1")
        cluster.nodes["n1"].ready()
        fill(cluster.nodes["n1"])
        join(cluster)
        leave(cluster)
        come_back(cluster, ENTRIES)
        say("the same name after it has left")
        drain(cluster)
        come_back(cluster, ENTRIES)
        say("the same name after a drain")
        interrupt(cluster)


main("progress of moves", play)
