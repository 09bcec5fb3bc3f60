#  rows: what is measured. Each function takes figures in turns, round by round, and returns lines of
#  the table.
#  SPDX-License-Identifier: MPL-2.0
import csv
import io
import json
import os
import time

from . import processes
from .document import Result
from .expiry import expiry
from .gateway import gateway

KEYS = 1000000
BATCH = 64            # Records per message where the peer is the echo
BATCHES_IN_FLIGHT = 64
VALUE_SIZE = 100


class Bench:
    """Programs, sizes, and the servers that all rows share."""

    def __init__ (self, build, rounds, quick):
        self.build, self.rounds, self.quick = build, rounds, quick
        self.endpoint = self.echo_endpoint = self.redis = None

    def size (self, number):
        return max (1, number // 20) if self.quick else number

    def program (self, name):
        return os.path.join (self.build, name)

    def start (self):
        for name in ('zgridd', 'zgrid', 'zgrid-bench', 'bench-echo', 'bench-local', 'bench-near', 'bench-operations',
                     'bench-fanout', 'bench-scan', 'bench-stream'):
            if not os.access (self.program (name), os.X_OK):
                raise processes.Failed (f'{self.program (name)} is missing: make && make bench-programs')

    #  Servers are started when a row first needs them, and stay: idle, they cost nothing

    def zgridd (self, *flags):
        return processes.start_server ([self.program ('zgridd'), '--client', 'tcp://127.0.0.1:*', '--set',
                                        'log.level=error', *flags])

    def server (self):
        if not self.endpoint:
            _, self.endpoint = self.zgridd ()
            self.load (self.endpoint)
        return self.endpoint

    def echo_server (self):
        if not self.echo_endpoint:
            _, self.echo_endpoint = processes.start_server ([self.program ('bench-echo'), 'server'])
        return self.echo_endpoint

    def redis_server (self):
        if not self.redis:
            self.redis = processes.Redis ()
            self.redis_benchmark ('-P', '64', '-c', '50', '-n', str (self.size (2000000)))  # Fills it
        return self.redis

    #  One measurement each

    def zgrid_bench (self, *flags, keys=None):
        return processes.output_json ([self.program ('zgrid-bench'), '--json', '--value-size', str (VALUE_SIZE),
                                       '--keys', str (keys or self.size (KEYS)), *flags])

    def load (self, endpoint, *flags):
        self.zgrid_bench ('-s', endpoint, '--load', '--requests', '0', *flags)

    def redis_benchmark (self, *flags):
        """Requests a second by test name."""
        text = processes.output (['redis-benchmark', '-h', '127.0.0.1', '-p', str (self.redis_server ().port),
                                  '-t', 'set,get', '--csv', *flags, '-r', str (self.size (KEYS)), '-d',
                                  str (VALUE_SIZE)])
        return {line ['test']: float (line ['rps']) for line in csv.DictReader (io.StringIO (text))}

    def echo (self, request, reply, window, count):
        flags = ['-q', str (request), '-r', str (reply), '-w', str (window), '-n', str (count)]
        return processes.output_json ([self.program ('bench-echo'), 'client', self.echo_server (), *flags])

    def stats (self, endpoint):
        return json.loads (processes.output ([self.program ('zgrid'), '-s', endpoint, '--json', 'stats']))

    def is_safe (self, endpoint, members):
        """True if so many members are there, and all copies."""
        text = processes.output ([self.program ('zgrid'), '-s', endpoint, '--json', 'status'], codes=(0, 3))
        state = json.loads (text) if text else {}
        up = [one for one in state.get ('members', []) if one ['status'] == 'UP']
        return len (up) == members and state ['copies_now'] == members and state ['safe']

    def record_bytes (self, mix, batch):
        """Bytes of a record of such a batch on its way there and back."""
        before = self.stats (self.server ())
        count = self.size (200000)
        self.zgrid_bench ('-s', self.server (), '--mix', mix, '--window', str (batch * BATCHES_IN_FLIGHT),
                          '--batch', str (batch), '--requests', str (count))
        after = self.stats (self.server ())
        return [(after [name] - before [name]) / count for name in ('bytes_in', 'bytes_out')]


def pipelined (bench):
    """Pipelined GET and PUT against redis-benchmark -P 64 -c 50."""
    ours, theirs = {'put': [], 'get': []}, {'put': [], 'get': []}
    count = str (bench.size (2000000))
    bench.redis_server ()
    for _ in range (bench.rounds):
        peer = bench.redis_benchmark ('-P', '64', '-c', '50', '-n', count)
        theirs ['put'].append (peer ['SET'])
        theirs ['get'].append (peer ['GET'])
        for mix in ('put', 'get'):
            figure = bench.zgrid_bench ('-s', bench.server (), '--mix', mix, '--window', '4096', '--batch',
                                        '256', '--requests', count)
            ours [mix].append (figure ['records_per_second'])
    return [Result (f'pipelined {mix.upper ()} over TCP, 1 M keys, one client thread, batches of 256',
                    ours [mix], theirs [mix], 2.0, unit='M/s', scale=1e6,
                    peer=f'redis-benchmark -P 64 -c 50, {test}')
            for mix, test in (('get', 'GET'), ('put', 'SET'))]


def batches (bench):
    """Batches of 64 records against an echo that moves as many bytes."""
    results = []
    for mix in ('get', 'put'):
        there, back = (round (size * BATCH) for size in bench.record_bytes (mix, BATCH))
        messages = bench.size (64000)
        ours, theirs = [], []
        for _ in range (bench.rounds):
            echo = bench.echo (there, back, BATCHES_IN_FLIGHT, messages)
            theirs.append (echo ['messages_per_second'] * BATCH)
            figure = bench.zgrid_bench ('-s', bench.server (), '--mix', mix, '--window',
                                        str (BATCH * BATCHES_IN_FLIGHT), '--batch', str (BATCH), '--requests',
                                        str (messages * BATCH))
            ours.append (figure ['records_per_second'])
        what = f'{mix.upper ()} in batches of {BATCH}, {BATCHES_IN_FLIGHT} batches in flight'
        results.append (Result (what, ours, theirs, 0.6, unit='M/s', scale=1e6,
                                peer=f'echo of {there} bytes there, {back} back'))
    return results


def unpipelined (bench):
    """50 clients with one request in flight each."""
    ours, theirs, shared = ({'put': [], 'get': []} for _ in range (3))
    bench.redis_server ()
    for _ in range (bench.rounds):
        peer = bench.redis_benchmark ('-P', '1', '-c', '50')
        theirs ['put'].append (peer ['SET'])
        theirs ['get'].append (peer ['GET'])
        for mix in ('put', 'get'):
            figure = bench.zgrid_bench ('-s', bench.server (), '--mix', mix, '--connections', '50',
                                        '--requests', str (bench.size (200000)))
            ours [mix].append (figure ['records_per_second'])
            figure = bench.zgrid_bench ('-s', bench.server (), '--mix', mix, '--window', '50', '--form', 'future',
                                        '--requests', str (bench.size (1000000)))
            shared [mix].append (figure ['records_per_second'])
    tests = (('get', 'GET'), ('put', 'SET'))
    rows = [Result (f'unpipelined {mix.upper ()}, 50 clients with one request in flight each', ours [mix],
                    theirs [mix], 1.0, unit='k/s', scale=1e3, digits=1,
                    peer=f'redis-benchmark -P 1 -c 50, {test}') for mix, test in tests]
    #  The same number in flight through one handle: what a program with 50 callers would do
    return rows + [Result (f'for comparison: {mix.upper ()}, 50 requests in flight on one handle, a message each',
                           shared [mix], theirs [mix], None, unit='k/s', scale=1e3, digits=1,
                           peer=f'redis-benchmark -P 1 -c 50, {test}') for mix, test in tests]


def latency (bench):
    """One request at a time."""
    results = []
    for mix in ('get', 'put'):
        there, back = (round (size) for size in bench.record_bytes (mix, 1))
        ours, theirs = [], []
        for _ in range (bench.rounds):
            theirs.append (bench.echo (there, back, 1, bench.size (40000)) ['p50_us'])
            figure = bench.zgrid_bench ('-s', bench.server (), '--mix', mix, '--requests',
                                        str (bench.size (40000)))
            ours.append (figure ['latency_us'] [mix] ['p50'])
        results.append (Result (f'one {mix.upper ()} at a time, p50', ours, theirs, 1.15, most=True,
                                unit='µs', digits=1, peer=f'echo of {there} bytes there, {back} back, p50'))
    return results


def embedded (bench):
    """Embedded reads of local keys against uthash, in one process."""
    lines = processes.output_json_lines ([bench.program ('bench-local'), '-k', str (bench.size (KEYS)), '-n',
                                          str (bench.size (2000000)), '-r', str (bench.rounds)])
    take = {name: [line [name] for line in lines] for name in ('uthash_find', 'uthash_get', 'get', 'mget16')}
    return [Result ('embedded GET, one at a time, value copied', take ['get'], take ['uthash_get'], 1.0,
                    unit='M/s', scale=1e6, peer='uthash, find and copy'),
            Result ('embedded mget of 16, values copied', take ['mget16'], take ['uthash_find'], 2.5,
                    unit='M/s', scale=1e6, peer='uthash, find')]


def near (bench):
    """GETs that a client answers from its copies, against uthash and the server, one at a time."""
    lines = processes.output_json_lines ([bench.program ('bench-near'), '-s', bench.server (), '-k',
                                          str (bench.size (100000)), '-n', str (bench.size (2000000)), '-m',
                                          str (bench.size (20000)), '-r', str (bench.rounds)])
    take = {name: [line [name] for line in lines] for name in ('hit_ns', 'uthash_get_ns', 'remote_ns')}
    return [Result ('GET answered by the near cache, one at a time', take ['hit_ns'], take ['uthash_get_ns'], None,
                    most=True, unit='ns', digits=0, peer='uthash, find and copy'),
            Result ('for comparison: the same GET asks the server over TCP', take ['remote_ns'], [], None, unit='ns',
                    digits=0)]


def memory (bench):
    """Memory beyond keys and values, with TTL and eviction on."""
    keys, data = bench.size (KEYS), 16 + VALUE_SIZE
    figures = {name: [] for name in ('accounted', 'resident', 'redis_accounted', 'redis_resident')}
    for _ in range (bench.rounds):
        server, endpoint = bench.zgridd ('--set', 'memory.policy=lru', '--set', 'memory.limit=8589934592')
        bench.stats (endpoint)
        before = processes.resident_bytes (server)
        bench.load (endpoint, '--ttl', '3600000')
        stats = bench.stats (endpoint)
        if stats ['entries'] != keys or stats ['expiring'] != keys or stats ['data_bytes'] != keys * data:
            raise processes.Failed (f'zgridd holds other entries than were stored: {stats}')
        figures ['accounted'].append ((stats ['reserved_bytes'] - stats ['data_bytes']) / keys)
        figures ['resident'].append ((processes.resident_bytes (server) - before) / keys - data)
        processes.stop (server)

        redis = processes.Redis ('--maxmemory', '8gb', '--maxmemory-policy', 'allkeys-lru')
        before = processes.resident_bytes (redis.process)
        used = int (redis.info ('memory') ['used_memory'])
        redis.store (keys, VALUE_SIZE, 3600)
        used = int (redis.info ('memory') ['used_memory']) - used
        figures ['redis_accounted'].append (used / keys - data)
        figures ['redis_resident'].append ((processes.resident_bytes (redis.process) - before) / keys - data)
        redis.stop ()
    what = 'memory beyond key and value, 1 M entries with TTL, eviction on'
    return [
        Result (f'{what}: by accounting', figures ['accounted'], [], 40, most=True, unit='bytes', digits=1),
        Result (f'{what}: by VmRSS', figures ['resident'], [], 48, most=True, unit='bytes', digits=1),
        Result (f'{what}: by accounting', figures ['accounted'], figures ['redis_accounted'], 1.0, most=True,
                unit='bytes', digits=1, peer='redis-server, used_memory'),
        Result (f'{what}: by VmRSS', figures ['resident'], figures ['redis_resident'], 1.0, most=True,
                unit='bytes', digits=1, peer='redis-server, VmRSS'),
    ]


def grow (bench):
    """In-process PUTs while the table grows; and the same on a table that does not grow, which shows
    what the machine itself does to the slowest ones."""
    keys = bench.size (5000000)
    growing, still, single = [], [], []
    #  Eight in flight, or a run of 5 M takes minutes; each is a message of its own, and its time holds
    #  the waiting behind the others
    eight = ('--form', 'future', '--window', '8')
    for _ in range (bench.rounds):
        for figures, entries, count, form in ((growing, keys, keys, eight), (still, 1000, keys // 10, eight),
                                              (single, keys // 10, keys // 10, ())):
            figure = bench.zgrid_bench ('--embedded', '--mix', 'put', '--distribution', 'sequential', *form,
                                        '--requests', str (count), keys=entries)
            figures.append (figure ['latency_us'] ['put'] ['p99.99'])
    what = 'in-process PUTs, eight in flight, while the table grows to 5 M entries, p99.99'
    return [Result (what, growing, [], 1000, most=True, unit='µs', digits=0),
            Result ('for comparison: the same PUTs on a table of 1,000 entries, p99.99', still, [], None,
                    unit='µs', digits=0),
            Result ('for comparison: PUTs one at a time, while the table grows to 500,000 entries, p99.99',
                    single, [], None, unit='µs', digits=0)]


def copies (bench):
    """Pipelined PUT with two copies on two members against one copy on one, both on all cores."""
    _, alone = bench.zgridd ()
    port = processes.free_port ()
    servers, endpoints = [], []
    for flags in ((f'node.peer=tcp://127.0.0.1:{port}',),
                  ('node.peer=tcp://127.0.0.1:*', f'cluster.seeds=tcp://127.0.0.1:{port}')):
        server, endpoint = bench.zgridd (*(word for flag in flags for word in ('--set', flag)))
        servers.append (server)
        endpoints.append (endpoint)
    processes.until ('two copies of everything', lambda: bench.is_safe (endpoints [1], 2))
    ours, theirs = [], []
    for _ in range (bench.rounds):
        for figures, endpoint in ((theirs, alone), (ours, endpoints [0])):
            figure = bench.zgrid_bench ('-s', endpoint, '--mix', 'put', '--window', '4096', '--batch', '256',
                                        '--requests', str (bench.size (2000000)))
            figures.append (figure ['records_per_second'])
    for server in servers:
        processes.stop (server)
    return [Result ('pipelined PUT over TCP, two members with two copies, batches of 256', ours, theirs, 0.4,
                    unit='M/s', scale=1e6, peer='one zgridd')]


def moved_bytes (bench, keys):
    """Loads a node and has another one join it, without a limit. Bytes a second that went from the one to
    the other, from the first batch to the last; and bytes of a batch."""
    port = processes.free_port ()
    few = [word for flag in ('cluster.partitions=4', 'cluster.moves=4', 'cluster.move_rate=0', 'storage.actors=1')
           for word in ('--set', flag)]
    server, endpoint = bench.zgridd ('--set', f'node.peer=tcp://127.0.0.1:{port}', *few)
    bench.load (endpoint, '--keys', str (keys))
    other, _ = bench.zgridd ('--set', 'node.peer=tcp://127.0.0.1:*', '--set',
                             f'cluster.seeds=tcp://127.0.0.1:{port}', *few)
    #  Looking costs an executable and a connection each time: not too often
    began = last = time.monotonic ()
    before = 0

    def is_done ():
        nonlocal began, last, before
        now = time.monotonic ()
        stats = bench.stats (endpoint)
        if stats ['move_bytes'] == 0:
            began = now
        if stats ['move_bytes'] > before:
            before, last = stats ['move_bytes'], time.monotonic ()
        return before >= keys * VALUE_SIZE and bench.is_safe (endpoint, 2)

    processes.until ('a copy of everything', is_done, pause=0.02)
    stats = bench.stats (endpoint)
    processes.stop (other)
    processes.stop (server)
    return stats ['move_bytes'] / (last - began), stats ['move_bytes'] // stats ['move_sent']


def moves_stream (bench):
    """Moves without a limit, and their channel alone, against bare PUSH and PULL with messages as large."""
    moved, channel, bare = [], [], []
    keys = bench.size (2000000)
    for _ in range (bench.rounds):
        rate, size = moved_bytes (bench, keys)
        moved.append (rate)
        flags = ['-s', str (size), '-n', str (max (1, bench.size (4000000000) // size))]
        for figures, mode in ((channel, 'channel'), (bare, 'bare')):
            figure = processes.output_json ([bench.program ('bench-stream'), mode, *flags])
            figures.append (figure ['bytes_per_second'])
    return [Result (f'entries of {VALUE_SIZE}-byte values streamed to a new copy, no limit', moved, bare, 0.5,
                    unit='MB/s', scale=1e6, digits=0, peer='bare PUSH and PULL'),
            Result ('for comparison: the channel alone, between two rebalancers', channel, bare, None,
                    unit='MB/s', scale=1e6, digits=0, peer='bare PUSH and PULL')]


def operations (bench, mode, clients, number):
    figure = processes.output_json ([bench.program ('bench-operations'), mode, '-s', bench.server (), '-c', str (clients),
                                     '-n', str (bench.size (number))])
    return figure ['per_second']


def locks (bench):
    """A lock that goes from hand to hand, and locks that nobody else wants."""
    contended, alone, single = [], [], []
    for _ in range (bench.rounds):
        contended.append (operations (bench, 'hand-over', 8, 100000))
        alone.append (operations (bench, 'pairs', 8, 100000))
        single.append (operations (bench, 'pairs', 1, 20000))
    return [Result ('one lock and 8 clients that wait for it: hand-overs', contended, [], None, unit='k/s', scale=1e3,
                    digits=1),
            Result ('8 clients with a lock each: taken and given back', alone, [], None, unit='k/s', scale=1e3,
                    digits=1),
            Result ('one client with a lock: taken and given back', single, [], None, unit='k/s', scale=1e3,
                    digits=1)]


def mix (bench):
    """Every operation on keys, pipelined, against pipelined PUTs of the same form."""
    ours, puts = [], []
    for _ in range (bench.rounds):
        ours.append (operations (bench, 'mix', 1, 2000000))
        figure = bench.zgrid_bench ('-s', bench.server (), '--mix', 'put', '--window', '4096', '--form', 'future',
                                    '--requests', str (bench.size (2000000)))
        puts.append (figure ['records_per_second'])
    return [Result ('a mix of all operations on keys, 4,096 in flight on one handle', ours, puts, None, unit='M/s',
                    scale=1e6, peer='zgrid-bench --form future, PUT')]


def scan (bench):
    """Iterators over all keys: 16 partitions asked at a time against one after the other; and what a glob, a
    regular expression and values make of it."""
    flags = {'sixteen': ('-k', '16'), 'one': ('-k', '1'), 'glob': ('-k', '16', '-g', '*7*'),
             'regex': ('-k', '16', '-x', '7.*7$'), 'values': ('-k', '16', '-v')}
    figures = {name: [] for name in flags}
    for _ in range (bench.rounds):
        for name, words in flags.items ():
            figure = processes.output_json ([bench.program ('bench-scan'), '-s', bench.server (), *words])
            #  Keys looked at: all of them, whatever was told
            figures [name].append (bench.size (KEYS) / figure ['seconds'])
    rows = [Result ('SCAN by iterator, 16 partitions at a time, keys looked at', figures ['sixteen'], figures ['one'],
                    None, unit='M/s', scale=1e6, peer='one partition at a time')]
    return rows + [Result (f'for comparison: with {what}', figures [name], figures ['sixteen'], None, unit='M/s',
                           scale=1e6, peer='without')
                   for name, what in (('glob', 'a glob'), ('regex', 'a regular expression'), ('values', 'values'))]


def fanout_figures (bench, endpoint, subscribers, number, batch):
    """Messages read a second: ours, and those of a bare XPUB, in turns."""
    ours, bare = [], []
    flags = ['-s', str (subscribers), '-n', str (bench.size (number)), '-z', str (VALUE_SIZE), '-b', str (batch)]
    for _ in range (bench.rounds):
        for figures, mode in ((ours, ['zgrid', endpoint]), (bare, ['bare'])):
            figure = processes.output_json ([bench.program ('bench-fanout'), *mode, *flags])
            figures.append (figure ['messages_per_second'])
    return ours, bare


def fanout (bench):
    """What is published to one channel and read by some subscribers, against a bare XPUB."""
    results = []
    _, endpoint = bench.zgridd ()
    for batch, target, what, share in ((BATCH, 0.7, f'PUBLISH in batches of {BATCH}', 1),
                                       (1, None, 'for comparison: each PUBLISH a message of its own', 10)):
        for subscribers, number in ((1, 2000000), (10, 600000), (100, 60000)):
            ours, bare = fanout_figures (bench, endpoint, subscribers, number // share, batch)
            results.append (Result (f'{what}, {subscribers} subscribers: messages read', ours, bare,
                                    target, unit='M/s', scale=1e6, peer='bare XPUB and SUB'))
    return results


def stats_cost (bench):
    """What statistics cost: a server that times, samples and counts, against one with stats.sampling 0."""
    forms = {'GET in batches of 256': ('--mix', 'get', '--window', '4096', '--batch', '256', '--requests',
                                       str (bench.size (2000000))),
             'PUT in batches of 256': ('--mix', 'put', '--window', '4096', '--batch', '256', '--requests',
                                       str (bench.size (2000000))),
             '50 clients with one GET in flight each': ('--mix', 'get', '--connections', '50', '--requests',
                                                        str (bench.size (200000)))}
    servers = {sampling: bench.zgridd ('--set', f'stats.sampling={sampling}') for sampling in (64, 0)}
    for _, endpoint in servers.values ():
        bench.load (endpoint)
    figures = {(form, sampling): [] for form in forms for sampling in servers}
    for turn in range (bench.rounds):
        for form, flags in forms.items ():
            #  Who comes first changes from round to round
            for sampling in sorted (servers, reverse=turn % 2 == 0):
                figure = bench.zgrid_bench ('-s', servers [sampling] [1], *flags)
                figures [form, sampling].append (figure ['records_per_second'])
    for process, _ in servers.values ():
        processes.stop (process)
    return [Result (f'{form}, with statistics', figures [form, 64], figures [form, 0], 0.98, unit='M/s', scale=1e6,
                    digits=3, peer='the same with `stats.sampling` 0')
            for form in forms]


ROWS = {'pipelined': pipelined, 'batches': batches, 'unpipelined': unpipelined, 'latency': latency,
        'embedded': embedded, 'near': near, 'memory': memory, 'grow': grow, 'copies': copies,
        'moves-stream': moves_stream, 'expiry': expiry, 'locks': locks, 'mix': mix, 'scan': scan,
        'fanout': fanout, 'statistics': stats_cost, 'gateway': gateway}
