#!/bin/sh
#  check_conformance: zgridd obeys every numbered rule of doc/protocol.md.
#  SPDX-License-Identifier: MPL-2.0
. "${srcdir:-.}/tests/lib/zgridd.sh"
need_python
zgridd_start --set storage.actors=2
PYTHONDONTWRITEBYTECODE=1 $python "$top/tests/interop/conformance.py" --timeout 30 "$zgridd_endpoint" || exit 1
zgridd_stop "$zgridd_pid"
