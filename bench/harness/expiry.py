#  expiry: a million entries that end in the same second: how long until they are gone and their memory
#  is back, and what the other clients notice.
#  SPDX-License-Identifier: MPL-2.0
import json
import subprocess
import time

from . import processes
from .document import Result

LIFE = 15.0    # Seconds: to load them, and to see what is normal before they end
TRAFFIC = 20000  # Requests a second
KEYS = 1000000
SLACK = 16 << 20  # What sessions and buffers of the traffic may take of a process's memory


def traffic (bench, endpoint, seconds):
    return [bench.program ('zgrid-bench'), '--json', '-s', endpoint, '--mix', 'get=80,put=20', '--keys', '100000',
            '--value-size', '100', '--rate', str (TRAFFIC), '--seconds', str (seconds), '--form', 'future',
            '--window', '64', '--load']


def p99 (figure):
    return max (figure ['latency_us'] [kind] ['p99'] for kind in ('get', 'put'))


def start (bench, copies):
    port = processes.free_port ()
    flags = [[f'node.peer=tcp://127.0.0.1:{port}']]
    flags += [['node.peer=tcp://127.0.0.1:*', f'cluster.seeds=tcp://127.0.0.1:{port}']] * (copies - 1)
    nodes = [bench.zgridd (*(word for flag in more for word in ('--set', flag))) for more in flags]
    if copies > 1:
        processes.until ('a copy of everything', lambda: bench.is_safe (nodes [-1] [1], copies))
    return [node for node, _ in nodes], [endpoint for _, endpoint in nodes]


def one_round (bench, copies):
    """Seconds from the last deadline on until all are gone and the memory is back, at every member; p99
    while they go, and before."""
    nodes, endpoints = start (bench, copies)
    keys = bench.size (KEYS)
    processes.output_json (traffic (bench, endpoints [0], 1))
    before = [bench.stats (endpoint) ['reserved_bytes'] for endpoint in endpoints]
    resident = [processes.resident_bytes (node) for node in nodes]
    began = time.monotonic ()
    bench.load (endpoints [0], '--map', 'ending', '--ttl', str (int (LIFE * 1000)), '--keys',
                str (keys))
    ends = time.monotonic () + LIFE
    #  A copy may lag a moment behind what was acknowledged
    processes.until ('all entries, at every member',
                     lambda: all (bench.stats (endpoint) ['expiring'] == keys for endpoint in endpoints))
    if time.monotonic () - began > LIFE - 6:
        raise processes.Failed (f'loading {keys} entries took {ends - began - LIFE:.1f} s')
    held = [processes.resident_bytes (node) for node in nodes]
    normal = p99 (processes.output_json (traffic (bench, endpoints [0], 4)))
    time.sleep (max (0, began + LIFE - 0.5 - time.monotonic ()))
    during = processes.start (traffic (bench, endpoints [0], 7), stdout=subprocess.PIPE)
    back = [None] * copies
    while None in back and time.monotonic () < ends + 30:
        for at, endpoint in enumerate (endpoints):
            stats = bench.stats (endpoint)
            most = resident [at] + (held [at] - resident [at]) * 0.15 + SLACK
            if back [at] is None and stats ['expiring'] == 0 and processes.resident_bytes (nodes [at]) <= most \
                    and stats ['reserved_bytes'] <= before [at] * 1.25 + (4 << 20):
                back [at] = max (0.0, time.monotonic () - ends)
        time.sleep (0.1)
    text = processes.printed (during)
    if None in back:
        raise processes.Failed (f'not back after 30 s: {back}')
    figure = json.loads ([line for line in text.splitlines () if line.startswith ('{')] [-1])
    for node in nodes:
        processes.stop (node)
    return max (back), p99 (figure), normal


def expiry (bench):
    results = []
    for copies, name in ((1, 'one copy'), (2, 'two copies on two members')):
        rounds = [one_round (bench, copies) for _ in range (bench.rounds)]
        what = f'1 M entries that end in the same second, {name}'
        results += [Result (f'{what}: until all are gone and their memory is back', [one [0] for one in rounds], [],
                            5.0, most=True, unit='s', digits=1),
                    Result (f'{what}: p99 of 20,000 requests a second meanwhile', [one [1] for one in rounds],
                            [one [2] for one in rounds], 3.0, most=True, unit='µs', digits=0,
                            peer='the same before')]
    return results
