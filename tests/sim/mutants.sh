#!/bin/sh
#  mutants.sh COUNT: leaves out each rule in turn, in COUNT schedules for 2 copies and as many for 3.
#  Lines without # are fit for mutants.txt: rule, copies, the first seed, how many were wrong
#  (those of locks and EXEC: and the word locks, exec).
#  SPDX-License-Identifier: MPL-2.0
count=${1:-5000}
sim=tests/sim/sim-mutants
jobs=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
[ "$jobs" -gt 16 ] && jobs=16
for rule in $($sim --list); do
    case $rule in
        lock*) side=--locks ;;
        exec*) side=--exec ;;
        *) side= ;;
    esac
    for copies in 2 3; do
        $sim $side --mutant "$rule" --first 1 --count "$count" --copies $copies --stop 100000 --jobs "$jobs"
    done
done
exit 0
