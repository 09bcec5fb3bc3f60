"""cluster: clusters of real zgridd processes for tests: started on ports that the system chose, asked how they
stand, killed, stopped and cut off, and always ended by process id. A log of each process is kept, and shown if the
test fails.

SPDX-License-Identifier: MPL-2.0
"""
import contextlib
import fcntl
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

try:
    import zmq
except ImportError:
    print("python3-zmq is not installed")
    sys.exit(77)

SOURCE = os.environ.get("ZGRID_SOURCE", ".")
BUILD = os.environ.get("ZGRID_BUILD", ".")
sys.path.insert(0, os.path.join(os.path.abspath(SOURCE), "tests", "interop"))
import zgp  # noqa: E402

SANITIZED = os.environ.get("ZG_SANITIZER", "no") not in ("", "no")
#  Sanitized processes are slow, and there are many of them on few cores
PATIENCE = 4 if SANITIZED else 1
LEASE_MS = 5000 if SANITIZED else 1000


class Failed(Exception):
    """Something that had to be so is not."""


def check(condition, text):
    if not condition:
        raise Failed(text)


def rounds(few):
    """How often a scenario is played: ROUNDS, or a few."""
    return int(os.environ.get("ROUNDS", "0")) or few


def say(text):
    print("%8.2f %s" % (time.monotonic() - say.start, text), flush=True)


say.start = time.monotonic()


def wait(what, condition, seconds):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        found = condition()
        if found:
            return found
        check(time.monotonic() < end, "not within %g s: %s" % (seconds * PATIENCE, what))
        time.sleep(0.05)


def stand_still(pid):
    """SIGSTOP; returns when it has taken effect. The other threads run on until one of them was given the signal, which
    takes a while where cores are few."""
    def threads():
        for task in os.listdir("/proc/%d/task" % pid):
            with open("/proc/%d/task/%s/stat" % (pid, task), encoding="ascii", errors="replace") as stat:
                yield stat.read().rpartition(")")[2].split()[0]
    os.kill(pid, signal.SIGSTOP)
    wait("process %d stands still" % pid, lambda: all(state in "Tt" for state in threads()), 20)


def free_ports(host, count):
    """Ports that nobody listens at, outside of those that the system gives out: no socket that lets the system choose
    takes one meanwhile, so that a process that is started again finds it free."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as text:
        first = int(text.read().split()[0])
    found = []
    with contextlib.ExitStack() as stack:
        while len(found) < count:
            one = stack.enter_context(socket.socket())
            port = random.randrange(first // 2, first)
            with contextlib.suppress(OSError):
                one.bind((host, port))
                found.append(port)
    return found


class Node:
    """One zgridd process, at the same address each time it is started. where: words before the command (a namespace)."""

    def __init__(self, cluster, name, host, where=()):
        self.cluster, self.name, self.host, self.where = cluster, name, host, list(where)
        #  A namespace has all ports to itself
        self.port, self.client_port = (3321, 3320) if where else free_ports(host, 2)
        self.process = self.endpoint = None
        self.starts = 0
        self.paused = False

    @property
    def peer(self):
        """Where others find its beacon."""
        host = self.cluster.net.address(self.name) if self.cluster.net else self.host
        return "tcp://%s:%d" % (host, self.port)

    @property
    def log(self):
        return os.path.join(self.cluster.folder, "%s.log" % self.name)

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def start(self, *flags):
        check(not self.alive, "%s runs already" % self.name)
        command = self.where + [os.path.join(BUILD, "zgridd"), "--name", self.name, "--client",
                                "tcp://%s:%d" % (self.host, self.client_port), "--set",
                                "node.peer=tcp://%s:%d" % (self.host, self.port)]
        command += self.cluster.flags + list(flags)
        if self.cluster.net:
            command += self.cluster.net.flags(self.name)
        self.starts += 1
        with open(self.log, "a", encoding="utf-8") as log:
            log.write("---- start %d: %s\n" % (self.starts, " ".join(command)))
            log.flush()
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=log)
        self.endpoint, self.said, self.paused = None, b"", False
        if self.cluster.net:
            self.cluster.net.started(self.name, self.process.pid)
        return self

    def ready(self, seconds=30, wanted=True):
        """Waits for the ready line. wanted=False: only says whether it has come by then."""
        end = time.monotonic() + seconds * (PATIENCE if wanted else 1)
        while b"\n" not in self.said:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                check(not wanted, "%s is not ready after %g s" % (self.name, seconds))
                return False
            some = os.read(self.process.stdout.fileno(), 4096)
            if not some:
                check(not wanted, "%s ended before it was ready" % self.name)
                return False
            self.said += some
        for word in self.said.split(b"\n")[0].decode().split():
            if word.startswith("client="):
                self.endpoint = word[len("client="):]
        return True

    def send(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        """Ends it as a crash does."""
        self.send(signal.SIGKILL)
        self._gone()

    def _gone(self):
        self.process.wait()
        self.process.stdout.close()
        self.endpoint = None

    def pause(self):
        stand_still(self.process.pid)
        self.paused = True

    def resume(self):
        self.send(signal.SIGCONT)
        self.paused = False

    def leave(self, seconds=60):
        """Ends it as an operator does. Returns the exit code."""
        self.send(signal.SIGTERM)
        try:
            self.process.wait(seconds * PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed("%s does not end" % self.name)
        self._gone()
        return self.process.returncode

    def ask(self, timeout=1.0, op="CLUSTER", value=None):
        """A reply of its router, or None."""
        if not self.endpoint:
            return None
        try:
            with zgp.Peer(self.cluster.context, self.endpoint, timeout * PATIENCE) as peer:
                return peer.ask(op, None, None, value)
        except zgp.Failure:
            return None

    def state(self, timeout=1.0):
        """What it says of the cluster, or None."""
        reply = self.ask(timeout)
        return reply.value if reply and reply.status == zgp.OK and isinstance(reply.value, dict) else None


class Cluster:
    """Several nodes, and what tests ask of all of them."""

    def __init__(self, *, copies=2, partitions=32, voters=5, profile="lan", sets=(), context=None, net=None):
        self.context = context or zmq.Context()
        self.folder = tempfile.mkdtemp(prefix="zgrid-cluster-")
        self.net = net
        self.nodes = {}
        self.loads = []
        self.kept = False
        settings = {"cluster.copies": copies, "cluster.partitions": partitions, "cluster.voters": voters,
                    "cluster.profile": profile, "storage.actors": 2, "log.level": "info"}
        if SANITIZED:
            settings.update({"cluster.lease": LEASE_MS, "cluster.detection": LEASE_MS})
        settings.update(sets)
        self.partitions = partitions
        self.lease = {"lan": 1.0, "fast": 0.5, "wan": 5.0}[profile] if not SANITIZED else LEASE_MS / 1000
        self.flags = []
        if net:
            net.ids = self.ids
        for name, value in settings.items():
            self.flags += ["--set", "%s=%s" % (name, value)]

    def __enter__(self):
        return self

    def __exit__(self, kind, fault, trace):
        for load in self.loads:
            load.end()
        for node in self.nodes.values():
            if node.alive:
                with contextlib.suppress(ProcessLookupError):
                    node.send(signal.SIGKILL)
                node.process.wait()
        crash = self.crash() if kind is None else None
        if crash or kind not in (None, SystemExit):
            self.show_logs()
        self.context.destroy(linger=0)
        if os.environ.get("KEEP_LOGS"):
            print("logs are kept in %s" % self.folder)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)
        if crash:
            raise Failed(crash)

    def crash(self):
        """What a log says of a fault in the program itself, or None."""
        for name in os.listdir(self.folder):
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
                for line in file:
                    if "Sanitizer" in line or "runtime error:" in line or "Assertion" in line:
                        return "%s: %s" % (name, line.strip())
        return None

    def show_logs(self):
        """The end of each log: what a reader of the failure needs."""
        for name in sorted(os.listdir(self.folder)):
            print("==== %s" % name)
            with open(os.path.join(self.folder, name), encoding="utf-8", errors="replace") as file:
                lines = file.readlines()
            sys.stdout.writelines(lines[-60:])
        sys.stdout.flush()

    def add(self, *names):
        """Makes nodes, without starting them."""
        for name in names:
            #  Loopback addresses of their own: outgoing connections begin at 127.0.0.1
            host, where = self.net.add(name) if self.net else ("127.0.3.%d" % (len(self.nodes) + 1), ())
            self.nodes[name] = Node(self, name, host, where)

    def seeds(self, without=None):
        peers = [node.peer for node in self.nodes.values() if node is not without]
        return ["--set", "cluster.seeds=%s" % ",".join(peers)]

    def start(self, name, *flags):
        """Starts a node that looks for the others."""
        node = self.nodes[name]
        return node.start(*self.seeds(node), *flags)

    def up(self, count=5):
        """count members, started at once; returns when the cluster is safe."""
        self.add(*["n%d" % number for number in range(1, count + 1)])
        for name in self.nodes:
            self.start(name, "--set", "cluster.expect=%d" % count)
        for node in self.nodes.values():
            node.ready()
        self.wait_safe(count)
        return self

    @property
    def living(self):
        return [node for node in self.nodes.values() if node.alive and node.endpoint and not node.paused]

    @property
    def endpoints(self):
        return ",".join(node.endpoint for node in self.living)

    def state(self, node):
        """What a node says of the cluster; None if it knows none."""
        found = node.state()
        return found if found and "members" in found else None

    def newest(self, among=None):
        """The newest view that anybody knows."""
        states = [state for state in (self.state(node) for node in among or self.living) if state]
        return max(states, key=lambda state: state["version"]) if states else None

    def settled(self, members, among, safe):
        """The state, if every living node (of those) says that so many members are up, that all copies are there and
        nothing moves; with safe: and that the voters are complete."""
        found = None
        for node in among or self.living:
            found = self.state(node)
            if not found or not found["ready"] or found["coordinator"] is None or (safe and not found["safe"]):
                return None
            if sum(member["status"] == "UP" for member in found["members"]) != members:
                return None
            if any(found["health"][name] for name in ("under_replicated", "lost", "moving")):
                return None
        return found

    def wait_safe(self, members, seconds=60, among=None, safe=True):
        try:
            return wait("%s with %d members" % ("safe" if safe else "healed", members),
                        lambda: self.settled(members, among, safe), seconds)
        except Failed as failure:
            raise Failed("%s; %s" % (failure, self.describe()))

    def wait_healed(self, members, seconds=60, among=None):
        """As wait_safe, but a voter may be missing: with all members voting, there is none to take its place."""
        return self.wait_safe(members, seconds, among, False)

    def ids(self):
        """The ids of members by their names."""
        return {member["name"]: member["id"] for member in self.newest()["members"] if member["status"] == "UP"}

    def describe(self):
        """One line on what each node thinks."""
        texts = []
        for node in self.living:
            state = self.state(node)
            if not state:
                texts.append("%s: no answer" % node.name)
                continue
            texts.append("%s: v%d cfg %d coordinator %s voters %s %s health %s safe %s ready %s members %s" % (
                node.name, state["version"], state["cfg"], state["coordinator"], state["voters"],
                state["voters_new"] or "", state["health"], state["safe"], state["ready"],
                " ".join("%s=%s" % (member["name"], member["status"]) for member in state["members"])))
        return "\n  ".join([""] + texts)

    def coordinator(self):
        """The node that coordinates, by the newest view."""
        state = wait("a coordinator", self.newest, 20)
        return self.nodes.get(state["coordinator"])

    def serving(self):
        """The nodes that hold copies, those that serve most first."""
        state = wait("a view", self.newest, 20)
        primaries = [row[2] for row in state["table"]]
        holders = {name for row in state["table"] for name in row[3]}
        found = [node for node in self.living if node.name in holders]
        return sorted(found, key=lambda node: -primaries.count(node.name))

    def primary(self, key):
        """The node that serves a key."""
        state = wait("a view", self.newest, 20)
        return self.nodes.get(state["table"][zgp.partition_of(key, state["partitions"])][2])

    def admin(self, *words):
        """Carries out an operator's request; the reply's text."""
        reply = self.living[0].ask(10, "ADMIN", list(words))
        check(reply and reply.status == zgp.OK, "ADMIN %s answers %r" % (" ".join(words), reply))
        return reply.value

    def load(self, *flags):
        load = Load(self, *flags)
        self.loads.append(load)
        return load

    def entries(self, *flags):
        entries = Entries(self, *flags)
        self.loads.append(entries)
        return entries

    def moving(self):
        """Rows of the newest table whose partition moves: [partition, epoch, primary, copies, learner]."""
        state = self.newest()
        return [row for row in state["table"] if row[4]] if state else []


class Load:
    """The program histories at work on a cluster."""
    seed = int(time.time()) % 100000 * 100

    def __init__(self, cluster, *flags):
        Load.seed += 1
        self.cluster = cluster
        self.log = os.path.join(cluster.folder, "load-%d.log" % Load.seed)
        command = [os.path.join(BUILD, "tests", "system", "histories"), "-s", cluster.endpoints, "--seed",
                   str(Load.seed), *flags]
        #  A failover takes detection and lease: an operation must have the time for two of them
        if "--timeout" not in flags:
            command += ["--timeout", str(15000 * PATIENCE)]
        self.watching = "--watch" in flags
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                            stdin=subprocess.PIPE if self.watching else subprocess.DEVNULL)
        first = self.process.stdout.readline()
        check(first in (b"running\n", b"watching\n"), "the load does not start")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream:
                stream.close()

    def mark(self, moment):
        """A watch: waits until every partition served after that moment (time.monotonic); its report."""
        self.process.stdin.write(b"mark %d\n" % int(moment * 1e9))
        self.process.stdin.flush()
        check(select.select([self.process.stdout], [], [], 60 * PATIENCE)[0],
              "not all partitions serve again within %d s; %s" % (60 * PATIENCE, self.cluster.describe()))
        return json.loads(self.process.stdout.readline())

    def finish(self, failures=0):
        """Ends the load; its report, in which everything must be explained. failures: share of operations that
        may have been refused, timed out, or remained unknown; None: any."""
        check(self.process.poll() is None, "the load ended by itself")
        if self.watching:
            self.process.stdin.close()
        else:
            self.process.send_signal(signal.SIGTERM)
        text = self.process.stdout.read().decode()
        code = self.process.wait()
        if self.watching:
            check(code == 0, "the watch fails")
            return None
        report = json.loads(text.splitlines()[-1]) if text else {}
        say("load: %s" % json.dumps(report))
        check(code == 0 and report.get("linearizable") == "yes", "the history cannot be explained: %s" % text)
        counts = report["statuses"]
        total = sum(counts.values())
        refused = sum(counts.get(name, 0) for name in ("UNAVAILABLE", "TIMEOUT", "BUSY", "MAYBE"))
        if failures is not None:
            check(refused <= failures * total, "%d of %d operations failed: %s" % (refused, total, counts))
        return report


class Entries:
    """The program entries at work on a cluster: none may ever be missing."""

    def __init__(self, cluster, *flags):
        self.cluster = cluster
        self.log = os.path.join(cluster.folder, "entries-%d.log" % len(cluster.loads))
        command = [os.path.join(BUILD, "tests", "system", "entries"), "-s", cluster.endpoints, *flags]
        with open(self.log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)
        check(self.process.stdout.readline() == b"filled\n", "the entries cannot be stored: %s" % self.complaints())

    def complaints(self):
        with open(self.log, encoding="utf-8") as log:
            return log.read().strip()

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def report(self):
        """What happened since the last report."""
        self.process.stdin.write(b"report\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def finish(self):
        """Looks at every entry once more; the last report."""
        self.process.stdin.close()
        lines = self.process.stdout.read().decode().splitlines()
        code = self.process.wait()
        check(code == 0 and lines, "entries are not what they were: %s" % self.complaints())
        report = json.loads(lines[-1])
        say("entries: %s" % json.dumps(report))
        return report


def _hangs(*_):
    raise Failed("it hangs")


def _try_lock(file):
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def place():
    """Two clusters at a time: mostly they wait; more would take each other's leases where cores are few."""
    with contextlib.ExitStack() as stack:
        files = [stack.enter_context(open(os.path.join(BUILD, "cluster-tests-%d.lock" % number), "w", encoding="ascii"))
                 for number in range(2)]
        while not any(_try_lock(file) for file in files):
            time.sleep(0.1)
        yield


def main(name, scenario, seconds=240):
    """Runs a scenario (a function without arguments); says what came of it. Whatever hangs is ended."""
    if BUILD.endswith("/_build/sub") and os.path.basename(sys.argv[0]) != "check_cluster_kill.py":
        print("distcheck plays one scenario; the others are played in the builds before it")
        sys.exit(77)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    signal.signal(signal.SIGALRM, _hangs)
    try:
        with place():
            say.start = time.monotonic()
            signal.alarm((seconds + 60 * rounds(0)) * PATIENCE)
            text = scenario()
    except (Failed, zgp.Failure) as failure:
        print("FAILED: %s: %s" % (name, failure))
        print("0 passed, 1 failed")
        sys.exit(1)
    print("%s: %s" % (name, text or "done"))
    print("1 passed, 0 failed")
