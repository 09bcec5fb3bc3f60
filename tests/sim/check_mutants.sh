#!/bin/sh
#  check_mutants.sh: every rule of the protocol is missed when it is left out. Sanitizers say nothing
#  about that which the plain build does not.
#  SPDX-License-Identifier: MPL-2.0
if [ "${ZG_SANITIZER:-no}" != no ]; then
    echo "left to builds without sanitizers"
    exit 77
fi
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
[ "$jobs" -gt 16 ] && jobs=16
exec "$ZGRID_BUILD/tests/sim/sim-mutants" --mutants "$ZGRID_SOURCE/tests/sim/mutants.txt" --jobs "$jobs"
