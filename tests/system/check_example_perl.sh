#!/bin/sh
#  check_example_perl: the client in Perl, written from the protocol document alone.
#  Debian: libzmq-ffi-perl libdata-messagepack-perl
#  SPDX-License-Identifier: MPL-2.0
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"
perl -MZMQ::FFI -MData::MessagePack -e 1 || exit 77
start --set storage.actors=3
run perl "$ZGRID_SOURCE/examples/perl/client.pl" "$endpoint"
is "the client succeeds" 0 "$code"
is "what it prints" "PUT camel: OK
GET camel: OK one hump
GET llama: NOTFOUND
PUT camel: EXISTS
INCR {camel}s: OK 2
slots 12739 3443 8363 0" "$(out)"
stop
is "zgridd ends in the ordinary way" 0 "$code"
sum_up
