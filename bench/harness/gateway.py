#  gateway: Redis clients at zgridd against the same at redis-server, in turns: redis-benchmark is the client of both.
#  SPDX-License-Identifier: MPL-2.0
import csv
import io

from . import processes
from .document import Result

FORMS = (('one request in flight each', ('-P', '1', '-c', '50'), 200000, 100, 0.8),
         ('64 in flight each', ('-P', '64', '-c', '50'), 2000000, 100, 1.0),
         ('one request in flight each, 3,000 connections', ('-P', '1', '-c', '3000'), 200000, 100, None),
         ('values of 1 MiB, 8 connections', ('-P', '1', '-c', '8', '-r', '100'), 4000, 1 << 20, 0.5))


def measure (bench, port, flags, count, size):
    """Requests a second by test name."""
    text = processes.output (['redis-benchmark', '-h', '127.0.0.1', '-p', str (port), '-t', 'set,get', '--csv', '-n',
                              str (bench.size (count)), '-r', str (bench.size (100000)), '-d', str (size), *flags])
    return {line ['test']: float (line ['rps']) for line in csv.DictReader (io.StringIO (text))}


def gateway (bench):
    """redis-benchmark at the gateway of a node, and at redis-server."""
    results = []
    port = processes.free_port ()
    bench.zgridd ('--set', f'gateway.endpoint=tcp://127.0.0.1:{port}')
    peer = processes.Redis ('--maxclients', '10000')
    for what, flags, count, size, target in FORMS:
        ours, theirs = {'SET': [], 'GET': []}, {'SET': [], 'GET': []}
        for _ in range (bench.rounds):
            for figures, where in ((theirs, peer.port), (ours, port)):
                for test, rate in measure (bench, where, flags, count, size).items ():
                    figures [test].append (rate)
        results += [Result (f'redis-benchmark at the gateway, {what}: {test}', ours [test], theirs [test], target,
                            unit='k/s', scale=1e3, digits=1, peer='redis-server')
                    for test in ('SET', 'GET')]
    return results
