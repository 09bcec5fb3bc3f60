#!/bin/sh
#  check_example_perl: the client in Perl, written from the protocol document alone.
#  Debian: libzmq-ffi-perl libdata-messagepack-perl
#  SPDX-License-Identifier: MPL-2.0
. "${srcdir:-.}/tests/lib/zgridd.sh"
if ! perl -MZMQ::FFI -MData::MessagePack -e 1 2> /dev/null; then
    echo "perl with the modules ZMQ::FFI and Data::MessagePack is not installed"
    exit 77
fi
zgridd_start --set storage.actors=3
timeout 60 perl "$top/examples/perl/client.pl" "$zgridd_endpoint" > "$work/found" || exit 1
diff - "$work/found" << 'END' || exit 1
PUT camel: OK
GET camel: OK one hump
GET llama: NOTFOUND
PUT camel: EXISTS
INCR {camel}s: OK 2
slots 12739 3443 8363 0
END
zgridd_stop "$zgridd_pid"
