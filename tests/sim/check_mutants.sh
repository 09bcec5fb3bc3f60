#!/bin/sh
#  check_mutants.sh: every rule of the protocol is missed when it is left out.
#  SPDX-License-Identifier: MPL-2.0
exec "$ZGRID_BUILD/tests/sim/sim-mutants" --mutants "$ZGRID_SOURCE/tests/sim/mutants.txt"
