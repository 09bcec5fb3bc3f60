#!/bin/sh
#  check_conformance: zgridd obeys every numbered rule of doc/protocol.md.
#  SPDX-License-Identifier: MPL-2.0
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"
python=/usr/bin/python3
$python -c 'import zmq, msgpack' || exit 77
start --set storage.actors=2 --set log.level=warning
PYTHONDONTWRITEBYTECODE=1 $python "$ZGRID_SOURCE/tests/interop/conformance.py" --timeout 30 "$endpoint"
is "every rule holds" 0 $?
stop
is "zgridd ends in the ordinary way" 0 "$code"
sum_up
