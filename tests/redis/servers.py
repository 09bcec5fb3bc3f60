"""servers: what the tests connect to: a redis-server, a zgridd with a gateway, or several in a cluster.

SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.abspath(os.environ.get("ZGRID_SOURCE", ".")), "tests", "system"))
sys.dont_write_bytecode = True
import cluster  # noqa: E402
from cluster import PATIENCE, Cluster, Failed, check, say, wait  # noqa: E402,F401
from wire import Closed, Wire  # noqa: E402

BUILD = cluster.BUILD
HERE = os.path.join(os.path.abspath(cluster.SOURCE), "tests", "redis")


def absent(what):
    """Ends as a skipped test does; REDIS_REQUIRED=yes: as a failed one."""
    print("%s is not installed" % what)
    sys.exit(1 if os.environ.get("REDIS_REQUIRED") == "yes" else 77)


def need(*programs):
    for program in programs:
        if not shutil.which(program):
            absent(program)


class Redis:
    """A redis-server on a port of its own."""

    def __init__(self, *flags):
        #  Debian's redis-tools holds the program under another name, and starts no service when it is installed
        program = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if not program:
            need("redis-server")
        self.folder = tempfile.mkdtemp(prefix="zgrid-redis-")
        self.address = ("127.0.0.1", cluster.free_ports("127.0.0.1", 1)[0])
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.address[1]), "--bind", "127.0.0.1", "--save", "", "--dir", self.folder,
             *flags], executable=program, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)

    def __enter__(self):
        answers(self.address)
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def answers(address, seconds=20):
    """Waits until somebody answers PING there."""
    def asked():
        with contextlib.suppress(OSError, Closed):
            with Wire(address, 2) as wire:
                return wire.ask("PING") is not None
        return False
    wait("an answer at %s:%d" % address, asked, seconds)


class Grid(Cluster):
    """Nodes with a gateway each. addresses: where Redis clients connect, by the node's name."""

    def __init__(self, *, sets=(), **others):
        super().__init__(sets=sets, **others)
        self.addresses = {}

    def start(self, name, *flags):
        node = self.nodes[name]
        if name not in self.addresses:
            self.addresses[name] = (node.host, cluster.free_ports(node.host, 1)[0])
        return super().start(name, "--set", "gateway.endpoint=tcp://%s:%d" % self.addresses[name], *flags)

    def up(self, count=1):
        super().up(count)
        for address in self.addresses.values():
            answers(address)
        return self

    @property
    def address(self):
        """One that is alive."""
        return self.addresses[self.living[0].name]


def one_node(**settings):
    """A grid of one node."""
    settings = {"cluster.copies": 1, "cluster.voters": 1, **settings}
    return Grid(copies=1, voters=1, sets=settings)


class Load:
    """A program that writes until its standard input ends, and then tells what was lost of what was acknowledged."""

    def __init__(self, command, **others):
        self.name = " ".join(os.path.basename(word) for word in command)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **others)
        try:
            check(self.process.stdout.readline() == b"running\n", "%s does not run" % self.name)
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def progress(self):
        """How many writes of each worker were acknowledged so far."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        check(line, "%s has ended" % self.name)
        return json.loads(line)

    def finish(self):
        self.process.stdin.close()
        text = self.process.stdout.read()
        check(self.process.wait() == 0 and text, "%s fails" % self.name)
        found = json.loads(text)
        check(found["lost"] == 0 and found["keys"] > 0, "%s: %s" % (self.name, found))
        return found

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(BrokenPipeError):
                stream.close()


def run(command, seconds=60, **others):
    """Runs a program to its end; its output. Fails if it does."""
    start = time.monotonic()
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                              timeout=seconds * cluster.PATIENCE, check=False, **others)
    except subprocess.TimeoutExpired as fault:
        raise Failed("%s does not end: %s" % (command[0], (fault.output or b"")[-600:].decode(errors="replace"))) from fault
    text = done.stdout.decode(errors="replace")
    check(done.returncode == 0, "%s fails (%d): %s" % (" ".join(command)[:120], done.returncode, text[-1500:]))
    say("%s: %.1f s" % (os.path.basename(command[0]), time.monotonic() - start))
    return text
