#  processes: starts programs, reads what they say, and stops every one of them by its process id.
#  SPDX-License-Identifier: MPL-2.0
import json
import os
import select
import socket
import subprocess
import time

READY_SECONDS = 30
STOP_SECONDS = 10

_running = []


class Failed (Exception):
    """A program did not do what it was started for."""


def start (command, **options):
    try:
        process = subprocess.Popen (command, **options)
    except OSError as error:
        raise Failed (f'{command [0]}: {error.strerror}')
    _running.append (process)
    return process


def stop (process):
    if process.poll () is None:
        process.terminate ()
        try:
            process.wait (STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill ()
            process.wait ()
    if process.stdout:
        process.stdout.close ()
    if process in _running:
        _running.remove (process)


def printed (process):
    """What it prints until it ends."""
    text = process.communicate () [0].decode ()
    _running.remove (process)
    return text


def stop_all ():
    for process in list (reversed (_running)):
        stop (process)


def output (command, codes=(0,)):
    """What a program prints, once it has ended."""
    process = start (command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    text = process.communicate () [0].decode ()
    _running.remove (process)
    if process.returncode not in codes:
        raise Failed (f'{" ".join (command)}: exit code {process.returncode}')
    return text


def output_json (command):
    """The last JSON object that a program prints."""
    return output_json_lines (command) [-1]


def output_json_lines (command):
    lines = [json.loads (line) for line in output (command).splitlines () if line.startswith ('{')]
    if not lines:
        raise Failed (f'{" ".join (command)}: printed no JSON')
    return lines


def start_server (command):
    """Starts a server that says `ready client=ENDPOINT …`. Returns process and endpoint."""
    process = start (command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    said, limit = b'', time.monotonic () + READY_SECONDS
    while b'\n' not in said:
        if not select.select ([process.stdout], [], [], max (0, limit - time.monotonic ())) [0]:
            raise Failed (f'{command [0]}: not ready after {READY_SECONDS} s')
        some = os.read (process.stdout.fileno (), 4096)
        if not some:
            raise Failed (f'{command [0]}: ended before it was ready')
        said += some
    for word in said.split (b'\n') [0].decode ().split ():
        if word.startswith ('client='):
            return process, word [len ('client='):]
    raise Failed (f'{command [0]}: did not say where it listens: {said!r}')


def free_port ():
    """A port that nobody listens at."""
    with socket.socket () as chooser:
        chooser.bind (('127.0.0.1', 0))
        return chooser.getsockname () [1]


def until (what, condition, pause=0.1):
    """Waits until it is so."""
    limit = time.monotonic () + READY_SECONDS
    while not condition ():
        if time.monotonic () > limit:
            raise Failed (f'{what}: not after {READY_SECONDS} s')
        time.sleep (pause)


def resident_bytes (process):
    """VmRSS of a process."""
    with open (f'/proc/{process.pid}/status') as status:
        for line in status:
            if line.startswith ('VmRSS:'):
                return int (line.split () [1]) * 1024
    raise Failed (f'process {process.pid} is gone')


class Redis:
    """A redis-server without persistence, and a connection to it."""

    def __init__ (self, *settings):
        self.port = free_port ()
        self.process = start (['redis-server', '--port', str (self.port), '--bind', '127.0.0.1', '--save', '',
                               '--appendonly', 'no', *settings], stdout=subprocess.DEVNULL)
        limit = time.monotonic () + READY_SECONDS
        while True:
            try:
                self.link = socket.create_connection (('127.0.0.1', self.port), 1)
                break
            except OSError:
                if self.process.poll () is not None or time.monotonic () > limit:
                    raise Failed ('redis-server: does not accept connections')
                time.sleep (0.02)
        self.link.settimeout (60)
        self.unread = b''

    def line (self):
        while b'\r\n' not in self.unread:
            some = self.link.recv (1 << 16)
            if not some:
                raise Failed ('redis-server: closed the connection')
            self.unread += some
        line, self.unread = self.unread.split (b'\r\n', 1)
        if line.startswith (b'-'):
            raise Failed (f'redis-server: {line.decode ()}')
        return line

    def info (self, section):
        """The fields of INFO."""
        self.link.sendall (f'INFO {section}\r\n'.encode ())
        size = int (self.line () [1:])
        while len (self.unread) < size + 2:
            self.unread += self.link.recv (1 << 16)
        text, self.unread = self.unread [:size].decode (), self.unread [size + 2:]
        return dict (line.split (':', 1) for line in text.split ('\r\n') if ':' in line)

    def store (self, count, value_size, seconds):
        """SET with EX of as many keys of 16 bytes."""
        value = 'v' * value_size
        for first in range (0, count, 1000):
            last = min (count, first + 1000)
            self.link.sendall (''.join (
                f'*5\r\n$3\r\nSET\r\n$16\r\nk{key:015d}\r\n${value_size}\r\n{value}\r\n$2\r\nEX\r\n'
                f'${len (str (seconds))}\r\n{seconds}\r\n' for key in range (first, last)).encode ())
            for _ in range (first, last):
                self.line ()

    def stop (self):
        self.link.close ()
        stop (self.process)
