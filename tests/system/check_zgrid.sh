#!/bin/sh
#  check_zgrid.sh: every command of the tool against a server, with its output and exit code.
#  SPDX-License-Identifier: MPL-2.0
# shellcheck source=tests/system/zgridd.sh
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"

tool () {
    "$ZGRID" -s "$endpoint" "$@"
}

#  does CODE STDOUT ARGUMENT...: the tool's answer
does () {
    expected_code=$1
    expected_out=$2
    shift 2
    run tool "$@"
    is "zgrid $*: exit status" "$expected_code" "$code"
    is "zgrid $*: stdout" "$expected_out" "$(out)"
    [ "$code" -eq 0 ] && is "zgrid $*: stderr" "" "$(err)"
}

start --set limits.value_max=65536 --set limits.frame_max=4MiB

#  ---- Entries
does 1 "" get k
is "not found: stderr" "zgrid: No such key" "$(err)"
does 1 "" --json get k
is "not found as JSON" '{"error":"No such key","status":"NOTFOUND"}' "$(err)"
does 0 "" put k v
does 0 "v" get k
does 0 "v" get --raw k
does 1 "" put k w --nx
does 0 "v" get k
does 0 "" put k w --xx
does 1 "" put absent w --xx
does 0 "w" get k
matches "get as JSON" '\{"key":"k","value":"w","version":[1-9][0-9]*\}' \
    "$(tool --json get k)"
matches "put as JSON" '\{"status":"OK","version":[1-9][0-9]*\}' \
    "$(tool put k w --json)"
does 0 "" put -- k --dashes
does 0 "--dashes" get k
does 0 "-1" ttl k
does 0 '{"ttl_ms":-1}' ttl k --json
does 0 "" expire k 600000
matches "ttl after expire" '5[0-9]{5}|600000' "$(tool ttl k)"
does 0 "" put k v --ttl 700000
matches "ttl after put" '6[0-9]{5}|700000' "$(tool ttl k)"
matches "get as JSON shows the TTL" '\{"key":"k","value":"v","version":[0-9]+,"ttl_ms":[67][0-9]{5}\}' \
    "$(tool --json get k)"
does 0 '{"status":"OK"}' --json expire k 600000
does 1 "" ttl absent
does 1 "" expire absent 1000
does 0 "1" incr n
does 0 "6" incr n 5
does 0 "-4" incr n -10
does 0 '{"value":-3}' incr n --json
does 5 "" incr k
does 0 "" put n 9223372036854775807
does 5 "" incr n
does 0 "2" del k n absent
does 1 "0" del k n
does 0 "" put a 1
does 0 '{"removed":1}' --json del a

#  ---- Locks
token=$(tool trylock lock --lease 600000)
matches "trylock prints a token" '[1-9][0-9]*' "$token"
does 1 "" trylock lock
is "a lock that is held: stderr" "zgrid: Somebody else holds the lock; nothing happened" \
    "$(err | sed 's/: TRYLOCK.*//')"
does 0 "" lease lock "$token" 500000
does 0 '{"status":"OK"}' --json lease lock "$token" 600000
does 1 "" lease lock "$((token + 1))" 1000
does 1 "" unlock lock "$((token + 1))"
does 1 "" lock lock --wait 20 -- echo never
does 0 "" unlock lock "$token"
does 1 "" unlock lock "$token"
matches "trylock as JSON" '\{"token":[1-9][0-9]*\}' "$(tool --json trylock lock --lease 1)"
does 7 "held" lock lock --wait 60000 -- sh -c 'echo held; exit 7'
# shellcheck disable=SC2016
does 0 "$((token + 3))" lock lock --wait 60000 -- sh -c 'echo "$ZGRID_TOKEN"'
does 127 "" lock lock -- "$folder/nothing"
does 126 "" lock lock -- "$folder"
does 137 "" lock lock -- sh -c 'kill -KILL $$'
#  While the command runs, the lease is renewed; should the lock be lost, the command is ended
does 0 "1" lock lock --lease 200 -- sh -c "sleep 1; '$ZGRID' -s $endpoint trylock lock 2> /dev/null; echo \$?"
does 143 "" lock lock --lease 300 -- sh -c "'$ZGRID' -s $endpoint unlock lock \$ZGRID_TOKEN; exec sleep 60"
does 2 "" unlock lock none
does 2 "" lease lock 1 0
does 2 "" lock lock
does 2 "" trylock lock --lease 3600001
does 0 "" put fenced a --fence 5
does 1 "" put fenced b --fence 4
does 0 "a" get fenced
does 0 "1" del fenced
does 1 "" put fenced b --fence 4
does 2 "" put fenced b --fence -1

#  ---- Bytes from stdin, bytes that are not text
printf 'a\000b\377\n' > "$folder/bytes"
input=$folder/bytes
does 0 "" put bytes -
input=
run tool get bytes --raw
is "bytes come back as they were" yes "$(cmp -s "$folder/out" "$folder/bytes" && echo yes)"
matches "bytes as JSON" '\{"key":"bytes","value64":"YQBi/wo=","version":[0-9]+\}' \
    "$(tool --json get bytes)"
head -c 65537 /dev/zero > "$folder/large"
input=$folder/large
does 5 "" put large -
input=
is "no such value was stored" 1 "$(tool get large > "$folder/out" 2>&1; echo $?)"
does 0 "1" del bytes

#  ---- Maps
does 0 "0" size
does 0 "" put user:1 one
does 0 "" put user:2 "two
lines"
does 0 "" put other 3
does 0 "3" size
does 0 '{"size":3}' size --json
is "scan" "other user:1 user:2" "$(tool scan | sort | tr '\n' ' ' | sed 's/ $//')"
is "scan MATCH" "user:1 user:2" "$(tool scan 'user:*' | sort | tr '\n' ' ' | sed 's/ $//')"
does 0 "user:1	one" scan --values '*:1'
does 0 'user:2	two\x0alines' scan --values '*:2'
does 0 '{"key":"user:2","value":"two\nlines"}' scan --values '*:2' --json
does 0 '{"key":"other"}' scan --json 'o*'
does 0 "" scan 'nothing*'
does 0 "0" --map another size
does 0 "" --map another put k v
does 0 "1" --map another size
does 1 "" get k
does 2 "" destroy
does 0 "3" size
does 0 "3" destroy --yes
does 0 '{"removed":0}' destroy --yes --json
does 0 "v" --map another get k
does 2 "" --map "" size

#  ---- Publish and subscribe
does 0 "0" publish news hello
does 0 '{"messages":1,"receivers":0}' publish news hello --json
does 5 "" publish zgrid.events hello
does 2 "" publish
does 0 "" channels
does 0 "news	0" numsub news
does 0 '{"channel":"news","subscribers":0}' numsub news --json
does 0 "0" numpat
does 2 "" subscribe news --format tsv
does 2 "" load news --format json
does 3 "" subscribe news --count 1 --wait 30
tool subscribe "n*" other --pattern --count 4 --json > "$folder/heard" 2> "$folder/heard.err" &
listener=$!
begun=$(date +%s)
until grep -qs listening "$folder/heard.err" || [ $(($(date +%s) - begun)) -gt 60 ]; do :; done
does 0 "1" publish news hello
does 0 "" channels "*"
does 0 '{"patterns":2}' numpat --json
printf 'one\ntwo\n' > "$folder/lines"
input=$folder/lines
does 0 "2" publish news
does 0 "1" publish news -
input=
wait "$listener"
is "subscribe: exit status" 0 "$?"
is "subscribe as JSON" '{"channel":"news","pattern":"n*","message":"hello"}
{"channel":"news","pattern":"n*","message":"one"}
{"channel":"news","pattern":"n*","message":"two"}
{"channel":"news","pattern":"n*","message":"one\ntwo\n"}' "$(cat "$folder/heard")"

#  ---- Servers
run tool ping
is "ping: exit status" 0 "$code"
matches "ping" "$endpoint answered in [0-9]+\.[0-9]{3} ms" "$(out)"
matches "ping as JSON" "\{\"endpoint\":\"$endpoint\",\"ms\":[0-9.e-]+\}" "$(tool ping --json)"
run tool stats
is "stats: exit status" 0 "$code"
is "stats: entries" 1 "$(grep -cE '^entries  +1$' "$folder/out")"
is "stats: actors" 1 "$(grep -cE '^storage\[0\]\.entries  +[0-9]+$' "$folder/out")"
names=$(sed -n 's/^STAT (\([a-z_]*\),.*/\1/p' "$ZGRID_SOURCE/src/core/stat.def")
is "the list of statistics is there" yes "$([ "$(echo "$names" | wc -l)" -gt 20 ] && echo yes)"
for name in $names; do
    is "stats: $name" 1 "$(grep -cE "^$name  +[0-9]+\$" "$folder/out")"
done
matches "stats as JSON" '\{.*"entries":1[,}].*"storage":\[\{.*' "$(tool --json stats)"
run tool routes
is "routes: exit status" 0 "$code"
is "routes: every partition has an owner" 271 "$(awk '/tcp:/ { sum += $1 } END { print sum }' "$folder/out")"
is "routes: none without one" 0 "$(grep -c nobody "$folder/out")"
matches "routes as JSON" '\{.*"owners":\[[0-9]+(,[0-9]+){270}\].*' "$(tool --json routes)"

#  ---- Files of entries
cat > "$folder/entries.jsonl" <<'END'
{"key":"a","value":"1"}

{"key64":"/w==","value64":"AP8Q","ttl_ms":600000}
{"key":"t\tab","value":"line\nbreak","ttl_ms":-1}
END
does 0 "0" --map file size
run tool --map file load "$folder/entries.jsonl"
is "load: exit status" 0 "$code"
is "load: stdout" "" "$(out)"
matches "load: summary" "zgrid: loaded 3 entries in .*, 0 wrong lines, 0 refused" "$(err)"
does 0 "3" --map file size
tool --map file dump 2>"$folder/err" | LC_ALL=C sort > "$folder/dumped"
is "dump" 3 "$(wc -l < "$folder/dumped" | tr -d ' ')"
is "dump: text" 1 "$(grep -cxF '{"key":"a","value":"1"}' "$folder/dumped")"
is "dump: bytes and TTL" 1 \
    "$(grep -cE '^\{"key64":"/w==","value64":"AP8Q","ttl_ms":[56][0-9]{5}\}$' "$folder/dumped")"
is "dump: escapes" 1 "$(grep -cxF '{"key":"t\tab","value":"line\nbreak"}' "$folder/dumped")"
input=$folder/dumped
run tool --json --map copy load -
input=
is "load from stdin: exit status" 0 "$code"
matches "load as JSON" '\{"loaded":3,"wrong":0,"refused":0,"seconds":[0-9.e-]+\}' "$(out)"
tool --map copy dump | LC_ALL=C sort > "$folder/again"
is "a copy is as the first" "$(sed 's/"ttl_ms":[0-9]*/TTL/' "$folder/dumped")" \
    "$(sed 's/"ttl_ms":[0-9]*/TTL/' "$folder/again")"

awk 'BEGIN { for (i = 0; i < 20000; i++) printf "key%d\tvalue %d\n", i, i }' > "$folder/many.tsv"
run tool --map many load "$folder/many.tsv"
is "load of many lines: exit status" 0 "$code"
does 0 "20000" --map many size
does 0 "value 12345" --map many get key12345
is "scan finds each once" 20000 "$(tool --map many scan | sort -u | wc -l | tr -d ' ')"
is "dump finds each once" 20000 "$(tool --map many dump | sort -u | wc -l | tr -d ' ')"

{
    printf '{"key":"good","value":"1"}\n{"key":"x"}\n{"key":5,"value":"x"}\nnot json\n'
    printf '{"key":"x","value":"x","tll_ms":5}\n{"key64":"%%","value":"x"}\n'
    printf '{"key":"x","value":"x","ttl_ms":0}\n'
    printf '{"key":"x","key64":"eA==","value":"x"}\n[]\n{"key":"last","value":"2"}'
} > "$folder/wrong.jsonl"
run tool --map wrong load "$folder/wrong.jsonl"
is "wrong lines: exit status" 6 "$code"
cat > "$folder/expected" <<END
$folder/wrong.jsonl:2: neither value nor value64
$folder/wrong.jsonl:3: key is not a string
$folder/wrong.jsonl:5: a name that is none of key, key64, value, value64, ttl_ms
$folder/wrong.jsonl:6: key64 is not base64
$folder/wrong.jsonl:7: ttl_ms is neither a number of milliseconds from 1 nor -1
$folder/wrong.jsonl:8: key and key64 at once
$folder/wrong.jsonl:9: not a JSON object
END
is "wrong lines: messages" "$(cat "$folder/expected")" \
    "$(grep -v -e 'not JSON' -e '^zgrid: loaded' "$folder/err")"
is "wrong lines: the line that is not JSON" 1 "$(grep -c '^.*/wrong.jsonl:4: not JSON: ' "$folder/err")"
is "wrong lines: summary" 1 \
    "$(grep -c '^zgrid: loaded 2 entries .*, 8 wrong lines, 0 refused$' "$folder/err")"
does 0 "2" --map wrong get last
does 0 "2" --map wrong size
printf '{tag}:1\tone\nno tab\n' > "$folder/tags.tsv"
run tool --map tags load "$folder/tags.tsv"
is "a wrong line of text: exit status" 6 "$code"
is "a wrong line of text" 1 "$(grep -c '/tags.tsv:2: no tab between key and value$' "$folder/err")"
does 0 "one" --map tags get "{tag}:1"
{ printf 'k\t'; head -c 65537 /dev/zero | tr '\0' x; } > "$folder/large.tsv"
run tool load "$folder/large.tsv"
is "a value past the limit: exit status" 5 "$code"
is "a value past the limit: line" 1 "$(grep -c '/large.tsv:1: ' "$folder/err")"
does 2 "" load "$folder/nowhere"

#  ---- Wrong use
does 2 "" get
does 2 "" get a b
does 2 "" got a
does 2 "" get a --ttl 5
does 2 "" put a b --ttl x
does 2 "" put a b --nx --xx
does 2 "" put a b --ttl
does 2 "" incr a 1x
does 2 "" expire a -1
does 2 "" --colour get a
is "unknown option: stderr" "zgrid: no such option: --colour" "$(err)"
does 2 "" --json --colour get a
is "unknown option as JSON" '{"error":"no such option: --colour","status":"USAGE"}' "$(err)"
does 2 "" load x --format xml
run "$ZGRID"
is "no command: exit status" 2 "$code"
run "$ZGRID" --version
is "--version: exit status" 0 "$code"
matches "--version" "zgrid [0-9]+\.[0-9]+\.[0-9]+.*" "$(out)"
run "$ZGRID" --help
is "--help: exit status" 0 "$code"
is "--help" 1 "$(grep -c '^usage: zgrid ' "$folder/out")"

#  ---- Nobody there: the port was free a moment ago, or belongs to nobody that speaks ZeroMQ
stop TERM
is "the server ended well" 0 "$code"
does 3 "" --timeout 300 get k
does 3 "" --timeout 300 --json get k
matches "unreachable as JSON" '\{"error":".*","status":"TIMEOUT"\}' "$(err)"
run "$ZGRID" -s "nonsense" get k
is "not an endpoint: exit status" 2 "$code"

sum_up
