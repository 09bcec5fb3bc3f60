#!/usr/bin/python3 -B
"""proxy: stands before the ports of members and drops what one member says to another, in one direction; connections
stay as they are, and everything else passes. For cuts where network namespaces are not allowed, and for cuts that are
one-way to the letter.

    proxy.py        reads commands from its standard input, answers each with a line, ends with the input

    member NAME OWN FRONT PID    listens at the address FRONT, at each port at which PID listens at OWN; passes on to OWN
    cut FROM NAME                drops what the member with the id FROM (hexadecimal) says to NAME
    heal                         drops nothing any more

SPDX-License-Identifier: MPL-2.0
"""
import asyncio
import os
import re
import sys

import msgpack

GREETING = 64  # Bytes at the beginning of a connection, before frames
MORE, LONG, COMMAND = 1, 2, 4


def listening(pid, host):
    """The TCP ports at which a process listens at an address of IPv4."""
    wanted = "".join("%02X" % int(part) for part in reversed(host.split(".")))
    inodes, ports = set(), set()
    try:
        for name in os.listdir("/proc/%d/fd" % pid):
            found = re.match(r"socket:\[(\d+)\]", os.readlink("/proc/%d/fd/%s" % (pid, name)))
            if found:
                inodes.add(found.group(1))
        with open("/proc/%d/net/tcp" % pid, encoding="ascii") as table:
            for words in map(str.split, list(table)[1:]):
                address, port = words[1].split(":")
                if words[3] == "0A" and words[9] in inodes and address == wanted:
                    ports.add(int(port, 16))
    except OSError:
        pass  # It has ended
    return ports


def alive(pid):
    try:
        return bool(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return False


def speaker(frame):
    """The id of the member that says this, or None if it is not a message between members."""
    if frame[:3] != b"ZP\x01":
        return None
    reader = msgpack.Unpacker()
    reader.feed(frame[3:64])
    try:
        return reader.unpack()[1]
    except (ValueError, TypeError, IndexError, msgpack.UnpackException):
        return None


class Proxy:
    def __init__(self):
        self.servers, self.members, self.cuts = {}, {}, set()
        self.turn = 0

    async def copy(self, reader, writer):
        """From the member to whoever connected: nothing is ever said there that could be cut."""
        while True:
            some = await reader.read(65536)
            if not some:
                break
            writer.write(some)
            await writer.drain()

    async def filter(self, name, reader, writer):
        """Towards the member, frame by frame."""
        left = GREETING  # Both sides wait for parts of it
        while left:
            some = await reader.read(left)
            if not some:
                return
            writer.write(some)
            left -= len(some)
        while True:
            flags = await reader.readexactly(1)
            size = await reader.readexactly(8 if flags[0] & LONG else 1)
            frame = await reader.readexactly(int.from_bytes(size, "big"))
            #  Messages between members are of one frame
            whole = not flags[0] & (COMMAND | MORE)
            if whole and self.cuts and (speaker(frame), name) in self.cuts:
                continue
            writer.write(flags + size + frame)
            await writer.drain()

    async def serve(self, name, own, port, reader, writer):
        try:
            there, back = await asyncio.open_connection(own, port)
        except OSError:
            writer.close()
            return
        tasks = [asyncio.ensure_future(self.filter(name, reader, back)), asyncio.ensure_future(self.copy(there, writer))]
        _, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        back.close()

    async def listen(self, name, own, front, ports):
        for port in ports - {port for one, port in self.servers if one == name}:
            def accept(reader, writer, port=port):
                return self.serve(name, own, port, reader, writer)
            self.servers[name, port] = await asyncio.start_server(accept, front, port)

    async def follow(self):
        """Listens where members listen, and no longer than they live: a port without anybody refuses connections."""
        turn = 0
        while True:
            turn += 1
            for name, (own, front, pid, since) in list(self.members.items()):
                #  Looking for ports is costly; a member opens them when it starts
                if turn - since < 100 or turn % 20 == 0:
                    await self.listen(name, own, front, listening(pid, own))
                if not alive(pid):
                    for key in [key for key in self.servers if key[0] == name]:
                        self.servers.pop(key).close()
            self.turn = turn
            await asyncio.sleep(0.05)

    def command(self, words):
        if words[0] == "member":
            self.members[words[1]] = (words[2], words[3], int(words[4]), self.turn)
        elif words[0] == "cut":
            self.cuts.add((int(words[1], 16), words[2]))
        elif words[0] == "heal":
            self.cuts = set()


async def main():
    proxy = Proxy()
    loop = asyncio.get_running_loop()
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    following = asyncio.ensure_future(proxy.follow())
    while True:
        line = await commands.readline()
        if not line or following.done():
            break
        proxy.command(line.decode().split())
        print("done", flush=True)
    following.cancel()
    await asyncio.wait([following])
    if not following.cancelled():
        following.result()  # What went wrong


if __name__ == "__main__":
    asyncio.run(main())
