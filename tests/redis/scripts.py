"""scripts: programs that send every group of commands with one client, and can load a cluster: at a node that asks for a
password, and at three, of which one is killed.

SPDX-License-Identifier: MPL-2.0
"""
import os
import subprocess

import servers
from servers import BUILD, HERE, Grid, Load, check, run, say, wait

PASSWORD = "a password"


class Script:
    """A command that takes one|cluster, perhaps load, and addresses."""

    def __init__(self, command, environment=()):
        self.command = command
        self.environment = dict(os.environ, **dict(environment))

    def words(self, kind, addresses, *words):
        return [*self.command, kind, *words, *["%s:%d" % address for address in addresses]]

    def run(self, kind, addresses, password=""):
        text = run(self.words(kind, addresses), env=dict(self.environment, REDIS_PASSWORD=password))
        check(text.endswith("done\n"), text)

    def load(self, kind, addresses):
        return Load(self.words(kind, addresses, "load"), env=self.environment)

    def one(self):
        with servers.one_node(**{"gateway.password": PASSWORD}) as grid:
            grid.up()
            self.run("one", [grid.address], PASSWORD)
            self.run("cluster", [grid.address], PASSWORD)

    def three(self, meanwhile=True):
        """One address of three nodes, and a client of the cluster; then one of the nodes is killed under load.
        meanwhile: the client goes on before the node is back."""
        with Grid(copies=2) as grid:
            grid.up(3)
            first, *others = [grid.addresses[name] for name in sorted(grid.addresses)]
            self.run("one", [others[1], first, others[0]])
            self.run("cluster", [first, *others])
            return killed(grid, "n2", self.load("cluster", [first, *others]), meanwhile)


def writes(load, before):
    wait("writes of each worker", lambda: all(now > then + 50 for now, then in zip(load.progress(), before)), 60)


def killed(grid, name, load, meanwhile):
    """A node dies under load, and comes back; nothing is lost."""
    with load:
        writes(load, [0] * len(load.progress()))
        say("kill -9 %s" % name)
        grid.nodes[name].kill()
        grid.wait_healed(2, 120)
        if meanwhile:
            writes(load, load.progress())
        check(grid.start(name).ready(), "%s does not come back" % name)
        grid.wait_safe(3, 120)
        writes(load, load.progress())
        return load.finish()


def of_node(package, name):
    """Of Node.js. make redis-clients installs what it needs in the build folder, or REDIS_CLIENTS tells where that is."""
    modules = os.path.join(os.environ.get("REDIS_CLIENTS") or os.path.join(BUILD, "redis-clients"), "node_modules")
    servers.need("node")
    if not os.path.isdir(os.path.join(modules, package)):
        servers.absent("%s (make redis-clients)" % package)
    return Script(["node", os.path.join(HERE, "node", name)], {"NODE_PATH": os.path.abspath(modules)})


def of_go():
    """Built where Go is, and the modules that go.sum names can be had; skipped elsewhere."""
    def go(*words):
        return subprocess.run(["go", *words], cwd=os.path.join(HERE, "go"), env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False)
    #  Nothing is written into the sources, no other Go is fetched
    environment = dict(os.environ, GOFLAGS="-mod=readonly", GOTOOLCHAIN="local", GO111MODULE="on", GOWORK="off")
    try:
        had = go("mod", "download")
    except FileNotFoundError:
        print("go is not installed")
        raise SystemExit(77) from None
    if had.returncode != 0:
        print("go-redis cannot be had: %s" % had.stdout.decode(errors="replace").strip())
        raise SystemExit(77)
    program = os.path.join(os.path.abspath(BUILD), "redis-go", "go_script")
    built = go("build", "-buildvcs=false", "-o", program, ".")
    check(built.returncode == 0, "go build: %s" % built.stdout.decode(errors="replace"))
    say("go build")
    return Script([program])
