"""node_clients: the scripts of clients that run in Node.js. make redis-clients installs what they need in the build folder,
or REDIS_CLIENTS tells where it is.

SPDX-License-Identifier: MPL-2.0
"""
import os

import servers
from servers import BUILD, HERE, Grid, Load, check, run, say, wait

MODULES = os.path.join(os.environ.get("REDIS_CLIENTS") or os.path.join(BUILD, "redis-clients"), "node_modules")
PASSWORD = "a password"


class Script:
    """One script, as one|cluster at some addresses."""

    def __init__(self, module, name):
        servers.need("node")
        if not os.path.isdir(os.path.join(MODULES, module)):
            servers.absent("%s (make redis-clients)" % module)
        self.path = os.path.join(HERE, "node", name)

    def command(self, kind, addresses, *words):
        return ["node", self.path, kind, *words, *["%s:%d" % address for address in addresses]]

    @staticmethod
    def environment(password=""):
        return dict(os.environ, NODE_PATH=os.path.abspath(MODULES), REDIS_PASSWORD=password)

    def run(self, kind, addresses, password=""):
        text = run(self.command(kind, addresses), env=self.environment(password))
        check(text.endswith("done\n"), text)

    def load(self, kind, addresses):
        return Load(self.command(kind, addresses, "load"), env=self.environment())

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
