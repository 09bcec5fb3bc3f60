#!/bin/sh
#  check_sim.sh: schedules of whole clusters, as many as there is time for, a fifth of them once more with
#  a map in ap mode, with locks, and with EXEC; the seeds that once were wrong; and larger clusters at rest.
#  ZGRID_SCHEDULES says how many of each kind.
#  SPDX-License-Identifier: MPL-2.0
sim=$ZGRID_BUILD/tests/sim/sim
count=10000
[ "${ZG_SANITIZER:-no}" != no ] && count=1000
case $ZGRID_BUILD in
    */_build/sub) count=200 ;; # distcheck
esac
count=${ZGRID_SCHEDULES:-$count}
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
[ "$jobs" -gt 16 ] && jobs=16
single=$((count / 25 + 10))

"$sim" --seeds "$ZGRID_SOURCE/tests/sim/seeds.txt" || exit 1
for copies in 2 3; do
    "$sim" --first 1 --count "$count" --copies $copies --jobs "$jobs" --need || exit 1
    "$sim" --first 1 --count $((count / 5 + 20)) --copies $copies --jobs "$jobs" --need --ap || exit 1
    "$sim" --first 1 --count $((count / 5 + 20)) --copies $copies --jobs "$jobs" --need --locks || exit 1
    "$sim" --first 1 --count $((count / 5 + 20)) --copies $copies --jobs "$jobs" --need --exec || exit 1
done
"$sim" --first 1 --count $single --copies 1 --jobs "$jobs" || exit 1
"$sim" --first 1 --count $single --copies 1 --jobs "$jobs" --locks || exit 1
"$sim" --scenarios || exit 1
"$sim" --scale || exit 1
