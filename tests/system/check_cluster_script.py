#!/usr/bin/python3 -B
"""check_cluster_script: a script of some 30 lines (naive.py) that knows one server goes on while servers die, its own
included.

SPDX-License-Identifier: MPL-2.0
"""
import os
import select
import subprocess
import sys

from cluster import PATIENCE, SOURCE, Cluster, Failed, check, main, rounds, say


class Script:
    def __init__(self, endpoint):
        path = os.path.join(SOURCE, "tests", "system", "naive.py")
        self.process = subprocess.Popen([sys.executable, "-B", path, endpoint], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.rest, self.server, self.last = b"", None, 0

    def go_on(self, count, seconds=20):
        """Waits for so many more numbers."""
        wanted = self.last + count
        while self.last < wanted:
            if not select.select([self.process.stdout], [], [], seconds * PATIENCE)[0]:
                check(False, "the script hangs at %d" % self.last)
            some = self.process.stdout.read()
            if not some:
                raise Failed("the script ended: %s" % self.process.stderr.read().decode())
            *lines, self.rest = (self.rest + some).split(b"\n")
            for line in lines:
                number, self.server = line.decode().split()
                check(int(number) == self.last + 1, "the script says %s behind %d" % (line, self.last))
                self.last += 1

    def end(self):
        self.process.kill()
        self.process.communicate()


def scenario():
    with Cluster(copies=2) as cluster:
        cluster.up(5)
        script = Script(cluster.nodes["n1"].endpoint)
        try:
            script.go_on(50)
            for number in range(rounds(2)):
                #  First a server that it does not talk to, then its own
                own = next(node for node in cluster.living if node.endpoint == script.server)
                other = next(node for node in cluster.living if node is not own)
                for victim in (other, own):
                    say("kill -9 %s, %s" % (victim.name, "its own" if victim is own else "another"))
                    victim.kill()
                    script.go_on(100)
                    cluster.wait_healed(4)
                    cluster.start(victim.name)
                    victim.ready()
                    cluster.wait_safe(5)
        finally:
            script.end()
    return "it found the next server"


main("a naive script", scenario)
