#!/bin/sh
#  check_example_python: the client in Python, written from the protocol document alone.
#  SPDX-License-Identifier: MPL-2.0
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"
python=/usr/bin/python3
$python -c 'import zmq, msgpack' || exit 77
start --set storage.actors=3
run $python "$ZGRID_SOURCE/examples/python/client.py" "$endpoint"
is "the client succeeds" 0 "$code"
is "what it prints" "sum 332833500
none True" "$(out)"
stop
is "zgridd ends in the ordinary way" 0 "$code"
sum_up
