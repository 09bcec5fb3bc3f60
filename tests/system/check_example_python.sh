#!/bin/sh
#  check_example_python: the client in Python, written from the protocol document alone.
#  SPDX-License-Identifier: MPL-2.0
. "${srcdir:-.}/tests/lib/zgridd.sh"
need_python
zgridd_start --set storage.actors=3
timeout 60 $python "$top/examples/python/client.py" "$zgridd_endpoint" > "$work/found" || exit 1
diff - "$work/found" << 'END' || exit 1
sum 332833500
none True
END
zgridd_stop "$zgridd_pid"
