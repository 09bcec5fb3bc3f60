#!/bin/sh
#  check_histories.sh: the judge of the cluster's tests, judged: it is content with one node, and finds
#  what is wrong with histories that were made wrong.
#  SPDX-License-Identifier: MPL-2.0
# shellcheck source=tests/system/zgridd.sh
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"

judge () {
    run "$ZGRID_BUILD/tests/system/histories" -s "$endpoint" --think 2 --turn 300 --seconds 1 "$@"
}

start
judge --seed 1
is "one node: exit status" 0 "$code"
is "one node: stderr" "" "$(err)"
matches "one node: the report" \
    'running .*"linearizable":"yes","faults":0\}' "$(out | tr '\n' ' ' | sed 's/ $//')"
judge --seed 2 --indirect
is "through the router: exit status" 0 "$code"
number=2
for corrupt in read lost lock fence counter; do
    number=$((number + 1))
    judge --seed $number --corrupt $corrupt
    is "--corrupt $corrupt: exit status" 1 "$code"
    matches "--corrupt $corrupt: the report" '.*"faults":1\}.*' "$(out | tail -n 1)"
done
matches "--corrupt counter: stderr" '.*counter c7-0 is .* were acknowledged, 0 are in doubt' "$(err)"

#  When every partition serves again: at once here
mkfifo "$folder/marks" "$folder/watched"
"$ZGRID_BUILD/tests/system/histories" --watch -s "$endpoint" --keys 271 \
    < "$folder/marks" > "$folder/watched" &
watcher=$!
exec 4> "$folder/marks" 5< "$folder/watched"
read -r line <&5
is "watching: it begins" watching "$line"
echo "mark 1" >&4
read -r line <&5
matches "watching: the report" '\{"served_again_ms":[0-9]+,.*"failures":0\}' "$line"
exec 4>&-
wait $watcher
is "watching: exit status" 0 "$?"
exec 5<&-

#  A server that is gone
stop KILL
judge --seed 9 --timeout 200
is "no server: exit status" 1 "$code"
sum_up
