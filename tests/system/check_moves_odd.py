#!/usr/bin/python3 -B
"""check_moves_odd: moves of what is not usual: a receiver that is slow, and one that stops; values of 32 MB; partitions
of hundreds of MB; a map that is destroyed while it moves; partitions without any entry. MEGABYTES=n: so much in the
large partitions.

SPDX-License-Identifier: MPL-2.0
"""
import os
import threading
import time

from cluster import PATIENCE, SANITIZED, Cluster, Failed, check, main, say, wait, zgp

MEGABYTES = int(os.environ.get("MEGABYTES", "0")) or (16 if SANITIZED else 200)


def resident(node):
    """Megabytes of memory that its process has."""
    with open("/proc/%d/status" % node.process.pid, encoding="ascii") as text:
        return next(int(line.split()[1]) / 1024 for line in text if line.startswith("VmRSS"))


def slow_receiver():
    """It runs for a tenth of the time, then not at all. The senders keep no more than before, others go on."""
    with Cluster(copies=2, partitions=64) as cluster:
        cluster.up(3)
        entries = cluster.entries("--entries", str(20000 if SANITIZED else 200000), "--rate", "100")
        before = {node.name: resident(node) for node in cluster.living}
        cluster.add("n4")
        slow = cluster.start("n4")
        slow.ready()
        wait("a move", cluster.moving, 30)
        for _ in range(40):
            slow.pause()
            time.sleep(0.09)
            slow.resume()
            time.sleep(0.01)
        slow.pause()
        cluster.wait_healed(3, 120)
        grown = {node.name: resident(node) - before[node.name] for node in cluster.living}
        say("without it: %s MB more" % {name: round(more) for name, more in grown.items()})
        #  What they hold may be half as much again now (3 members instead of 4 have it); sanitizers keep what is freed
        check(SANITIZED or all(more < 40 + before[name] / 2 for name, more in grown.items()),
              "a sender keeps what it cannot send: %r" % grown)
        slow.resume()
        cluster.wait_safe(4, 120)
        return "slow receiver: %d reads" % entries.finish()["reads"]


def large():
    """Values of 32 MB, and partitions of hundreds, or a thousand."""
    partitions = 8 if MEGABYTES < 1000 else 2
    with Cluster(copies=2, partitions=partitions, sets={"cluster.move_rate": 64 << 20}) as cluster:
        cluster.up(2)
        values = cluster.entries("--map", "values", "--entries", "2" if SANITIZED else "4", "--size", str(32 << 20),
                                 "--rate", "1", "--no-sweep")
        entries = cluster.entries("--entries", str(MEGABYTES * 8), "--size", str(128 << 10), "--rate", "20",
                                  "--no-sweep")
        began = time.monotonic()
        cluster.add("n3")
        cluster.start("n3").ready()
        cluster.wait_safe(3, 180)
        took = time.monotonic() - began
        check(cluster.nodes["n1"].leave(180) == 0, "n1 does not leave in good order")
        cluster.wait_safe(2, 180)
        values.finish()
        entries.finish()
        return "large: %d MB in %d partitions, balanced after %.1f s" % (MEGABYTES, partitions, took)


def destroyed():
    """A map is destroyed, and filled, and destroyed, while its partitions move; what is stored after that stays."""
    with Cluster(copies=2, partitions=64) as cluster:
        cluster.up(2)
        kept = cluster.entries("--entries", "5000", "--rate", "100")
        over = threading.Event()
        faults = []

        def ask(peer, *words):
            """The value of the answer; what was not done, or not everywhere, is asked again."""
            while True:
                reply = peer.ask(*words)
                if reply.status == zgp.OK:
                    return reply.value
                if reply.status not in (zgp.TRYAGAIN, zgp.BUSY, zgp.UNAVAILABLE, zgp.PARTIAL):
                    raise Failed("%s answers %r" % (words[0], reply))
                time.sleep(0.005)

        def destroy():
            rounds = 0
            try:
                with zgp.Peer(cluster.context, cluster.nodes["n1"].endpoint, 20 * PATIENCE) as peer:
                    while not over.is_set():
                        for key in range(200):
                            ask(peer, "PUT", "other", "key-%d" % key, "value-%d" % rounds)
                        check(ask(peer, "SIZE", "other", None) == 200, "entries are missing before DESTROY")
                        ask(peer, "DESTROY", "other", None)
                        check(ask(peer, "SIZE", "other", None) == 0, "entries are left after DESTROY")
                        rounds += 1
            except (Failed, zgp.Failure) as failure:
                faults.append(str(failure))
            say("destroyed %d times" % rounds)

        thread = threading.Thread(target=destroy)
        thread.start()
        try:
            cluster.add("n3", "n4")
            for name in ("n3", "n4"):
                cluster.start(name)
            for name in ("n3", "n4"):
                cluster.nodes[name].ready()
            cluster.wait_safe(4, 120)
            check(cluster.nodes["n4"].leave(120) == 0, "n4 does not leave in good order")
            cluster.wait_safe(3, 120)
        finally:
            over.set()
            thread.join()
        check(not faults, faults and faults[0])
        kept.finish()
        return "a map destroyed during its moves"


def empty():
    """No entry anywhere: moves are over at once."""
    with Cluster(copies=2, partitions=271) as cluster:
        cluster.up(2)
        cluster.add("n3")
        began = time.monotonic()
        cluster.start("n3").ready()
        cluster.wait_safe(3, 60)
        return "271 empty partitions: %.1f s" % (time.monotonic() - began)


def scenario():
    return "; ".join([slow_receiver(), large(), destroyed(), empty()])


main("moves of what is not usual", scenario, 600)
