#!/bin/sh
#  check_conformance_fails: rules and checks correspond, and every check was seen failing.
#  SPDX-License-Identifier: MPL-2.0
python=/usr/bin/python3
$python -c 'import zmq, msgpack' || exit 77
PYTHONDONTWRITEBYTECODE=1 exec timeout 240 $python "${ZGRID_SOURCE:-.}/tests/interop/conformance_fails.py"
