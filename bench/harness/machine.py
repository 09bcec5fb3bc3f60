#  machine: what the figures were taken on and with.
#  SPDX-License-Identifier: MPL-2.0
import os
import platform
import re
import subprocess


def _ask (*command):
    try:
        done = subprocess.run (command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        return ''
    return done.stdout.strip () if done.returncode == 0 else ''


def _processor ():
    with open ('/proc/cpuinfo') as info:
        found = re.search (r'^model name\s*:\s*(.*)$', info.read (), re.M)
    return found.group (1) if found else platform.machine ()


def _memory_gib ():
    return os.sysconf ('SC_PAGE_SIZE') * os.sysconf ('SC_PHYS_PAGES') / 2**30


def _system ():
    with open ('/etc/os-release') as release:
        found = re.search (r'^PRETTY_NAME="?([^"\n]*)', release.read (), re.M)
    return found.group (1) if found else platform.system ()


def _commit (source):
    commit = _ask ('git', '-C', source, 'rev-parse', '--short=12', 'HEAD')
    if not commit:
        return 'unknown'
    changed = _ask ('git', '-C', source, 'status', '--porcelain', '--untracked-files=no', '--', 'src',
                    'include', 'bench')
    return commit + (' and changes' if changed else '')


def _uthash ():
    try:
        with open ('/usr/include/uthash.h') as header:
            found = re.search (r'define UTHASH_VERSION (\S+)', header.read ())
        return found.group (1) if found else 'unknown'
    except OSError:
        return 'none'


def _msgpack ():
    return _ask ('pkg-config', '--modversion', 'msgpack-c') or _ask ('pkg-config', '--modversion', 'msgpack')


def _redis ():
    found = re.search (r'v=(\S+)', _ask ('redis-server', '--version'))
    return found.group (1) if found else 'none'


def facts (source, build):
    """Pairs of a name and what stands for it."""
    zgridd = _ask (os.path.join (build, 'zgridd'), '--version')
    return [
        ('machine', f'{_processor ()}, {os.cpu_count ()} cores, {_memory_gib ():.0f} GiB'),
        ('system', f'{_system ()}, Linux {".".join (platform.release ().split (".") [:2])}'),
        ('commit', _commit (source)),
        ('zgrid', zgridd.splitlines () [0] if zgridd else 'unknown'),
        ('libzmq', _ask ('pkg-config', '--modversion', 'libzmq')),
        ('czmq', _ask ('pkg-config', '--modversion', 'libczmq')),
        ('msgpack-c', _msgpack ()),
        ('redis', _redis ()),
        ('uthash', _uthash ()),
        ('load before the run', f'{os.getloadavg () [0]:.2f}'),
    ]
