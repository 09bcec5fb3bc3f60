#!/bin/sh
#  check_conformance_fails: rules and checks correspond, and every check was seen failing.
#  SPDX-License-Identifier: MPL-2.0
. "${srcdir:-.}/tests/lib/zgridd.sh"
need_python
PYTHONDONTWRITEBYTECODE=1 $python "$top/tests/interop/conformance_fails.py"
