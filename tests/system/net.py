"""net: a small network of namespaces on this machine, in which packets between members can be dropped, in one
direction or in both, while clients reach all of them. Nothing of it is seen outside: the test itself runs in a
namespace of its own, and everything ends with it.

Each member has a namespace and a link to the test's namespace, which routes between them; a cut is a rule there that
drops what goes from one address to another. Needs `unshare`, `nsenter` (util-linux) and `ip` (iproute2).

SPDX-License-Identifier: MPL-2.0
"""
import os
import shutil
import subprocess
import sys
import time



def _run(*words):
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise OSError("%s: %s" % (" ".join(words), done.stdout.strip()))
    return done.stdout


def _prepare():
    try:
        _run("ip", "link", "set", "lo", "up")
        with open("/proc/sys/net/ipv4/ip_forward", "w", encoding="ascii") as file:
            file.write("1")
    except OSError as fault:
        print("a network namespace that cannot route: proxies cut instead: %s" % fault)
        os.environ["CUTS"] = "proxy"


def enter():
    """Runs the program again in a network namespace, and returns there. Where that is not possible it returns all the
    same, and says so: make() then makes proxies. CUTS=proxy in the environment asks for them."""
    if os.environ.get("CUTS"):
        if os.environ["CUTS"] == "namespaces":
            _prepare()
        return
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    own = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-Urn"]
    if not all(map(shutil.which, ("ip", "unshare", "nsenter"))) or \
            subprocess.run(own + ["true"], stderr=subprocess.DEVNULL).returncode:
        print("network namespaces are not allowed here: proxies cut instead")
        return
    os.environ["CUTS"] = "namespaces"
    os.execvp(own[0], own + [sys.executable, "-B"] + sys.argv)


class Net:
    """The namespaces of the members."""

    def __init__(self):
        self.holders, self.hosts, self.cuts = {}, {}, set()
        self.ids = dict  # What tells members' ids by name: of use to proxies alone

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for holder in self.holders.values():
            holder.stdin.close()
            holder.wait()

    def add(self, name):
        """A namespace for a member: its address, and the words before a command that shall run there."""
        number = len(self.holders) + 1
        #  It lives as long as this process does
        holder = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
        own, path = os.readlink("/proc/self/ns/net"), "/proc/%d/ns/net" % holder.pid
        end = time.monotonic() + 10
        while os.readlink(path) == own:
            if time.monotonic() > end or holder.poll() is not None:
                raise OSError("no namespace for %s" % name)
            time.sleep(0.01)
        self.holders[name] = holder
        self.hosts[name] = "10.77.%d.2" % number
        where = ["nsenter", "-t", str(holder.pid), "-n"]
        _run("ip", "link", "add", "m%d" % number, "type", "veth", "peer", "name", "eth0", "netns", str(holder.pid))
        _run("ip", "address", "add", "10.77.%d.1/24" % number, "dev", "m%d" % number)
        _run("ip", "link", "set", "m%d" % number, "up")
        _run(*where, "ip", "link", "set", "lo", "up")
        _run(*where, "ip", "address", "add", self.hosts[name] + "/24", "dev", "eth0")
        _run(*where, "ip", "link", "set", "eth0", "up")
        _run(*where, "ip", "route", "add", "default", "via", "10.77.%d.1" % number)
        return self.hosts[name], where

    def flags(self, name):
        return ["--insecure"]

    def address(self, name):
        return self.hosts[name]

    def started(self, name, pid):
        pass

    def _rule(self, verb, one, other):
        _run("ip", "rule", verb, "from", self.hosts[one], "to", self.hosts[other], "blackhole")

    def cut_one_way(self, sender, receiver):
        """Drops what the sender sends to the receiver: data, and the acknowledgements of the other direction's."""
        if (sender, receiver) not in self.cuts:
            self._rule("add", sender, receiver)
            self.cuts.add((sender, receiver))

    def cut(self, some, others):
        """Drops everything between two groups."""
        for one in some:
            for other in others:
                self.cut_one_way(one, other)
                self.cut_one_way(other, one)

    def heal(self):
        for one, other in self.cuts:
            self._rule("del", one, other)
        self.cuts = set()


class Proxies:
    """The same without namespaces: proxies on loopback addresses. A member that starts must be told: started."""
    front = "127.0.1.%d"

    def __init__(self):
        path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "proxy.py")
        self.process = subprocess.Popen([sys.executable, "-B", path], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1)
        self.hosts, self.ids = {}, dict

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def _tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        if self.process.stdout.readline() != "done\n":
            raise OSError("the proxy has ended")

    def add(self, name):
        number = len(self.hosts) + 1
        self.hosts[name] = number
        return "127.0.2.%d" % number, []

    def flags(self, name):
        """What the member must be started with."""
        return ["--set", "node.advertise=" + self.front % self.hosts[name]]

    def address(self, name):
        """Where others connect to it."""
        return self.front % self.hosts[name]

    def started(self, name, pid):
        self._tell("member", name, "127.0.2.%d" % self.hosts[name], self.address(name), pid)

    def cut_one_way(self, sender, receiver):
        self._tell("cut", self.ids()[sender], receiver)

    def cut(self, some, others):
        for one in some:
            for other in others:
                self.cut_one_way(one, other)
                self.cut_one_way(other, one)

    def heal(self):
        self._tell("heal")


def make():
    """Namespaces where enter() found them allowed, or else proxies."""
    return Net() if os.environ.get("CUTS") == "namespaces" else Proxies()
