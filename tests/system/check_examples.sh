#!/bin/sh
#  check_examples: the examples in C do what they say, against one server.
#  SPDX-License-Identifier: MPL-2.0
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"
start --set storage.actors=2

#  prints EXAMPLE TEXT [ARGUMENT]...
prints ()
{
    name=$1
    text=$2
    shift 2
    run "$ZGRID_BUILD/examples/$name" "$@"
    is "$name succeeds" 0 "$code"
    is "what $name prints" "$text" "$(out | sort)" # Sorted: replies may come in any order
    is "$name has nothing to complain about" "" "$(err)"
}

prints hello_embedded "en: hello
fr: No such key
visits: 3"
prints pipeline "get 10000: Done, sum 99990000
put 10000: Done" "$endpoint"
prints event_loop "100 futures, sum 200" "$endpoint"
prints lock "quick writes: Done
slow writes: A later holder of the lock has written already
the report is done
tokens grow: yes" "$endpoint"
prints zloop_host "10 ticks, 10 stored" "$endpoint"
prints bare_zsock "id 1 status 0
id 2 status 0 value blue
id 3 status 1" "$endpoint"

#  hears COMMAND...: a subscriber, of ten messages; what it printed is in the file heard
hears ()
{
    "$@" > "$folder/heard" 2>&1 &
    listener=$!
    begun=$(date +%s)
    until grep -qs listening "$folder/heard" || [ $(($(date +%s) - begun)) -gt 60 ]; do :; done
    prints publisher "10 published, 10 received" "$endpoint" 10 news
    wait "$listener"
    is "$1 succeeds" 0 "$?"
    is "what $1 hears" "listening
$(for number in 0 1 2 3 4 5 6 7 8 9; do echo "news: message $number"; done)" "$(cat "$folder/heard")"
}
hears "$ZGRID_BUILD/examples/subscriber" "$endpoint" 10 "n*s"
python=/usr/bin/python3
$python -c 'import zmq, msgpack' \
    && hears $python "$ZGRID_SOURCE/examples/python/subscriber.py" "$endpoint" news 10

for file in "$ZGRID_SOURCE"/examples/*.c "$ZGRID_SOURCE"/examples/*/client.*; do
    is "$file has fewer than 80 lines" yes "$([ "$(wc -l < "$file")" -lt 80 ] && echo yes)"
done
stop
is "zgridd ends in the ordinary way" 0 "$code"
sum_up
