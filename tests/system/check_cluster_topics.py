#!/usr/bin/python3 -B
"""check_cluster_topics: subscribers go on when the member that they listen to is killed or stands still, and know that
there was a gap; one that does not read loses messages, is told how many, and costs its member no more memory than
was agreed, while another one at the same member hears everything.

SPDX-License-Identifier: MPL-2.0
"""
import json
import os
import re
import signal
import subprocess

from cluster import BUILD, PATIENCE, SANITIZED, Cluster, check, main, say, stand_still, wait, zgp

QUEUE = 2 << 20  # Bytes that wait for one subscriber
SIZE, FLOOD = 2000, 30000  # Bytes of a message; how many


class Listener:
    """A zgrid that subscribes."""

    def __init__(self, cluster, endpoints, name, *channels):
        self.out, self.err = (os.path.join(cluster.folder, "%s.%s" % (name, end)) for end in ("out", "err"))
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            command = [os.path.join(BUILD, "zgrid"), "-s", endpoints, "--json", "--timeout", "20000", "subscribe"]
            self.process = subprocess.Popen(command + list(channels), stdout=out, stderr=err)
        self.read, self.messages, self.lost, self.gaps = 0, [], 0, []
        wait("%s listens" % name, lambda: "listening at" in self.said(), 30)

    def said(self):
        with open(self.err, encoding="utf-8") as err:
            return err.read()

    def server(self):
        return re.search(r"listening at (\S+)", self.said()).group(1)

    def take(self):
        """Reads what has been written; numbers of messages, how many were lost, behind which message was a gap."""
        check(self.process.poll() is None, "the listener has ended: %s" % self.said())
        with open(self.out, "rb") as out:
            out.seek(self.read)
            for line in out:
                if not line.endswith(b"\n"):
                    break
                self.read += len(line)
                heard = json.loads(line)
                if heard.get("gap"):
                    self.gaps.append(len(self.messages))
                self.lost += heard.get("lost", 0)
                self.messages.append(int(heard["message"].split()[0]))
        return self.messages

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


class Publisher:
    """Messages that are numbered."""

    def __init__(self, cluster, node):
        self.peer, self.next = zgp.Peer(cluster.context, node.endpoint, 20 * PATIENCE), 0

    def publish(self, count, more=b""):
        for first in range(0, count, 200):
            texts = [b"%d %s" % (self.next + at, more) for at in range(min(200, count - first))]
            replies = self.peer.batch([("PUBLISH", None, b"news", text) for text in texts])
            check(all(reply.status == zgp.OK for reply in replies), "PUBLISH: %r" % (replies[0],))
            self.next += len(texts)
        return replies[-1].value


def survive(cluster, listener, victim, harm):
    """Harm is done to the member that the listener is at: it hears on elsewhere."""
    publisher = Publisher(cluster, next(node for node in cluster.living if node is not victim))
    listener.messages, listener.gaps = [], []
    publisher.publish(10)
    wait("ten messages", lambda: len(listener.take()) == 10, 20)
    check(listener.messages == list(range(10)) and not listener.gaps, "before: %r" % listener.messages)
    harm()

    def heard_again():
        publisher.publish(1)
        return len(listener.take()) > 10

    wait("a message through another member", heard_again, 30)
    check(listener.gaps == [10], "gaps %r" % listener.gaps)
    before, count = publisher.next, len(listener.take())
    publisher.publish(10)
    wait("all of ten more", lambda: listener.take()[-1:] == [before + 9], 20)
    found = listener.messages[10:]
    check(found == list(range(found[0], before + 10)) and len(listener.gaps) == 1, "after: %r" % found)
    check(count > 10, "nothing came")
    return found[0] - 10


def memory(node):
    with open("/proc/%d/status" % node.process.pid, encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1)) * 1024


def flood(cluster, node):
    """Of two at one member, one does not read."""
    slow, fast = (Listener(cluster, node.endpoint, name, "news") for name in ("slow", "fast"))
    publisher = Publisher(cluster, next(other for other in cluster.living if other is not node))
    wait("both are known", lambda: publisher.publish(1) == 2, 20)
    begun, before = publisher.next, memory(node)
    stand_still(slow.process.pid)
    publisher.publish(FLOOD, b"x" * SIZE)

    def all_heard(listener):
        publisher.publish(1)
        return listener.take()[-1:] >= [begun + FLOOD]

    wait("the fast one hears the end", lambda: all_heard(fast), 60)
    grown = memory(node) - before
    limit = 4 * QUEUE + (32 << 20)
    check(SANITIZED or grown < limit, "%d bytes more at the member" % grown)
    slow.process.send_signal(signal.SIGCONT)
    wait("the slow one hears the end", lambda: all_heard(slow), 60)
    for listener in (slow, fast):
        found = listener.messages
        check(found == sorted(found) and not listener.gaps, "out of order, or gaps %r" % listener.gaps)
        check(len(found) + listener.lost == found[-1] - found[0] + 1, "%d heard, %d lost, of %d to %d"
              % (len(found), listener.lost, found[0], found[-1]))
    check(slow.lost > FLOOD // 4, "the slow one lost %d" % slow.lost)
    text = "the slow one lost %d of %d, the fast one %d; %d KiB more" % (slow.lost, FLOOD, fast.lost, grown >> 10)
    slow.end()
    fast.end()
    return text


def scenario():
    with Cluster(copies=2, sets={"pubsub.queue_bytes": QUEUE}) as cluster:
        cluster.up(3)
        members = list(cluster.nodes.values())
        listener = Listener(cluster, members[0].endpoint, "listener", "news")
        check(listener.server() == members[0].endpoint, "it listens elsewhere")
        missed = survive(cluster, listener, members[0], members[0].kill)
        text = ["killed: %d of one each 50 ms missed" % missed]
        say(text[-1])
        listener.end()
        cluster.wait_healed(2)
        cluster.start(members[0].name)
        members[0].ready()
        cluster.wait_safe(3)
        listener = Listener(cluster, members[1].endpoint, "second", "news")
        missed = survive(cluster, listener, members[1], members[1].pause)
        text.append("paused: %d missed" % missed)
        say(text[-1])
        members[1].resume()
        cluster.wait_safe(3)
        listener.end()
        text.append(flood(cluster, members[2]))
        return "; ".join(text)


if __name__ == "__main__":
    main("check_cluster_topics", scenario)
