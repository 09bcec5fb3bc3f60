#!/usr/bin/python3 -B
"""check_conformance: every line of tests/conformance that does not need members to stay, again and again, while a
member joins, one leaves, and one is killed and comes back; with 2 copies, straight to the owners and through a router.

SPDX-License-Identifier: MPL-2.0
"""
import os
import subprocess
import tempfile

from cluster import BUILD, PATIENCE, Cluster, check, main, say


def scenario():
    with Cluster(copies=2, partitions=64, sets={"cluster.move_rate": 0}) as cluster, tempfile.TemporaryFile() as output:
        cluster.up(3)
        lines = subprocess.Popen([os.path.join(BUILD, "tests", "conformance", "conformance"), "--endpoints",
                                  cluster.endpoints], stdin=subprocess.PIPE, stdout=output, stderr=output)
        try:
            cluster.add("n4")
            cluster.start("n4")
            cluster.nodes["n4"].ready()
            cluster.wait_safe(4)
            say("n4 has joined")
            check(cluster.nodes["n1"].leave() == 0, "n1 does not leave in good order")
            cluster.wait_safe(3)
            say("n1 has left")
            victim = cluster.coordinator()
            victim.kill()
            cluster.wait_healed(2)
            cluster.start(victim.name)
            victim.ready()
            cluster.wait_safe(3)
            say("%s was killed and is back" % victim.name)
        finally:
            lines.stdin.close()
            try:
                lines.wait(120 * PATIENCE)
            except subprocess.TimeoutExpired:
                lines.kill()
                lines.wait()
        output.seek(0)
        said = output.read().decode(errors="replace").strip()
        check(lines.returncode == 0, said)
    return "; ".join(said.splitlines()[-2:])


main("lines of conformance while members come and go", scenario, 300)
