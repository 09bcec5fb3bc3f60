#!/bin/sh
#  soak-live.sh SECONDS: the tests of real clusters, in full, one after the other, again and again until
#  the seconds are over; the first failure ends it. Runs in the build folder; `make soak-live` calls it.
#  SPDX-License-Identifier: MPL-2.0
ZGRID_BUILD=${ZGRID_BUILD:-.}
ZGRID_SOURCE=${ZGRID_SOURCE:-.}
export ZGRID_BUILD ZGRID_SOURCE
end=$(($(date +%s) + ${1:-3600}))
passed=0
failed=0
skipped=0
#  Rounds of each as the table of the cluster's tests wants them
full () {
    case $1 in
        *_moves_kill.py) echo 30 ;;
        *_kill.py) echo 20 ;;
        *_kill_two.py | *_pause.py | *_failover.py) echo 5 ;;
        *) echo 3 ;;
    esac
}
while [ $failed -eq 0 ]; do
    for test in "$ZGRID_SOURCE"/tests/system/check_cluster_*.py \
        "$ZGRID_SOURCE"/tests/system/check_moves_*.py; do
        [ "$(date +%s)" -lt $end ] || break 2
        echo "---- $test"
        ROUNDS=$(full "$test") "$test" > soak-live.log 2>&1
        case $? in
            0) passed=$((passed + 1)) ;;
            77) skipped=$((skipped + 1)) ;;
            *) failed=$((failed + 1)) ;;
        esac
        if [ $failed -ne 0 ]; then
            cat soak-live.log
            break 2
        fi
        tail -n 2 soak-live.log
    done
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $passed -gt 0 ]
