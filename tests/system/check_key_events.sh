#!/bin/sh
#  check_key_events: who listens to the events of a map is told what happens to its keys, why, and in which
#  order; of other maps and other events nothing.
#  SPDX-License-Identifier: MPL-2.0
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"

start --set storage.actors=1 --set log.level=warning
run () { "$ZGRID" -s "$endpoint" "$@" > /dev/null; }

run map create m
run map set m events delete,expire,put
mkfifo "$folder/err"
"$ZGRID" -s "$endpoint" --json events --map m --count 6 --wait 20000 > "$folder/events" 2> "$folder/err" &
listener=$!
read -r listening < "$folder/err" # The subscription is in force
is "it listens" "zgrid: listening at" "${listening%% tcp*}"

run --map m put key one
run --map other put key one
run --map m put "kéy \"2\"" two
run --map m del key
run --map m put brief x --ttl 50
until [ "$("$ZGRID" -s "$endpoint" --map m get brief 2> /dev/null)" = "" ]; do :; done
run --map m destroy --yes
wait "$listener"
is "six events came" 0 $?

told=$(sed 's/.*"event": *"\([a-z]*\)".*/\1/' "$folder/events" | tr '\n' ' ')
is "events, in order" "put put delete put expire delete " "$told"
is "they count from 1" "1 2 3 4 5 6 " "$(sed 's/.*"seq": *\([0-9]*\).*/\1/' "$folder/events" | tr '\n' ' ')"
is "why, unless it is a put" "deleted expired destroyed " \
    "$(sed -n 's/.*"reason": *"\([a-z]*\)".*/\1/p' "$folder/events" | tr '\n' ' ')"
is "of this map only" 6 "$(grep -c '"map": *"m"' "$folder/events")"
stop
is "zgridd ends in the ordinary way" 0 "$code"
sum_up
