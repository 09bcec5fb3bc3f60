#!/bin/sh
#  check_zgrid_cluster.sh: what the tool says of a cluster, and what it sends for operators, against a
#  fake that shows a cluster in any state.
#  SPDX-License-Identifier: MPL-2.0
# shellcheck source=tests/system/zgridd.sh
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"
python=/usr/bin/python3
if ! $python -c 'import zmq, msgpack' 2>/dev/null; then
    echo "python3-zmq or python3-msgpack is not installed"
    exit 77
fi

state=$folder/state.json
mkfifo "$folder/in" "$folder/pipe"
$python "$ZGRID_SOURCE/tests/interop/fake_cluster.py" "$state" < "$folder/in" > "$folder/pipe" \
    2> "$folder/daemon.err" &
daemon=$!
exec 4> "$folder/in" 3< "$folder/pipe"
read -r ready <&3
endpoint=${ready#ready client=}
if [ -z "$endpoint" ]; then
    cat "$folder/daemon.err"
    exit 1
fi

tool () {
    "$ZGRID" -s "$endpoint" "$@"
}
#  does CODE STDOUT ARGUMENT...
does () {
    expected_code=$1
    expected_out=$2
    shift 2
    run tool "$@"
    is "zgrid $*: exit status" "$expected_code" "$code"
    is "zgrid $*: stdout" "$expected_out" "$(out)"
    [ "$code" -le 1 ] && is "zgrid $*: stderr" "" "$(err)"
}

#  member NAME STATUS VOTER WITNESS PRIMARIES COPIES
member () {
    printf '{"id":"00000000000000%s","name":"%s","zone":"","host":"127.0.0.1","status":"%s","generation":1,' \
        "$1" "$1" "$2"
    printf '"witness":%s,"weight":100,"voter":%s,"router":"tcp://127.0.0.1:1","primaries":%s,"copies":%s}' \
        "$4" "$3" "$5" "$6"
}
#  cluster SAFE READY HEALTH MEMBERS TABLE MORE
cluster () {
    printf '{"cluster":"00000000000000c1","version":7,"cfg":1,"era":3,"copies":2,"copies_now":2,' > "$state"
    printf '"voters":["n1"],"voters_new":[],"coordinator":"n1","partitions":4,"lease_ms":400,' >> "$state"
    printf '"state":"member","safe":%s,"ready":%s,"health":%s,"members":[%s],"table":[%s]%s}' "$@" >> "$state"
}

well='{"under_replicated":0,"lost":0,"moving":0,"suspects":0,"voters_suspect":0,"swapping":false}'
two="$(member n1 UP true false 2 4),$(member n2 UP false false 2 4)"
rows='[0,5,"n1",["n1","n2"],null],[1,5,"n2",["n2","n1"],null],'
rows=$rows'[2,6,"n1",["n1","n2"],null],[3,5,"n2",["n2","n1"],null]'
maps=',"maps":[{"name":"near","mode":"ap","min_sync":1,"ttl":90000,"max_bytes":1025,'
maps=$maps'"policy":"lru","events":"put,evict"}]'

#  ---- All is well
cluster true true "$well" "$two" "$rows" "$maps"
does 0 yes safe
does 0 yes ready
does 0 healthy check
does 0 '{"safe":true}' safe --json
does 0 '{"healthy":true,"findings":[]}' check --json
does 0 'n2: partition 3, epoch 5, ok, copies: n2 n1' owner a
does 0 '{"partition":3,"epoch":5,"primary":"n2","copies":["n2","n1"],"learner":null,"state":"ok"}' \
    --json owner a
does 0 'NAME  STATUS   ROLE     ZONE  ROUTER             PRIMARIES  COPIES  ID
n1    UP       voter    -     tcp://127.0.0.1:1          2       4  00000000000000n1
n2    UP       -        -     tcp://127.0.0.1:1          2       4  00000000000000n2' members
does 0 'PARTITION  EPOCH  STATE   PRIMARY  LEARNER  COPIES
        0      5  ok      n1       -        n1 n2
        1      5  ok      n2       -        n2 n1
        2      6  ok      n1       -        n1 n2
        3      5  ok      n2       -        n2 n1' partitions
does 0 "cluster      00000000000000c1, this node: member
view         version 7, voters' configuration 1, era 3
coordinator  n1
voters       n1
members      2 up, 0 suspect, 0 leaving
copies       2 of each partition, 2 wanted
partitions   4: 0 under-replicated, 0 lost, 0 moving
moves        none left
ready        yes
safe         yes" status
matches "status as JSON has no table" '.*"version":7.*' "$(tool status --json)"
is "status as JSON has no table" "" "$(tool status --json | grep '"table"')"
figures='   entries       bytes  name'
unknown='         ?           ?'
does 0 "mode      min_sync  ttl       idle      max_entries  max_bytes  policy    events    $figures
ap        1         90s       -         -            1025       lru       put,evict  $unknown  near" \
    map list
usual='"ttl":0,"idle":0,"max_entries":0,"max_bytes":0,"policy":"node","events":"none"'
does 0 "[{\"name\":\"far\",\"mode\":\"cp\",\"min_sync\":1,$usual}]" map show far --json
does 0 'mode         ap
min_sync     1
ttl          90s
idle         -
max_entries  -
max_bytes    1025
policy       lru
events       put,evict' map show near

#  ---- One member is gone; a row has lost its copies, one is being copied
ill='{"under_replicated":2,"lost":1,"moving":1,"suspects":1,"voters_suspect":0,"swapping":true}'
ill_rows='[0,5,"n2",["n2"],null],[1,6,"n1",["n1"],"n3"],[2,6,"n1",["n1","n3"],null],'
ill_rows=$ill_rows'[3,5,"n1",["n1","n3","n2"],null]'
three="$(member n1 UP true false 2 4),$(member n2 SUSPECT false false 2 4)"
three="$three,$(member n3 LEAVING false true 0 0)"
cluster false false "$ill" "$three" "$ill_rows" ""
does 1 no safe
does 1 no ready
does 1 '{"ready":false}' ready --json
does 1 'member n2 has not been heard
member n3 is leaving
1 partitions have lost every copy in sync and refuse service
2 partitions have fewer copies than 2
1 partitions are being copied or moved
voters are being changed
the node that answered does not serve' check
is "states of rows" "lost short ok moving" \
    "$(tool partitions | awk 'NR > 1 { print $3 }' | tr '\n' ' ' | sed 's/ $//')"
matches "a witness" 'n3 +LEAVING +witness .*' "$(tool members | grep '^n3')"
does 0 'n1: partition 3, epoch 5, moving, copies: n1 n3 n2' owner a

#  ---- An answer that is not what it should be
echo '{"members":7,"table":[[],4,{}],"health":[],"partitions":"x"}' > "$state"
does 1 no safe
run tool owner a
is "no table: exit status" 5 "$code"
run tool partitions
is "odd rows: exit status" 0 "$code"
run tool check
is "nothing known: exit status" 1 "$code"

#  ---- What operators ask for
cluster true true "$well" "$two" "$rows" "$maps"
does 0 'did set copies 3' set copies 3
does 0 'did set on_lost wipe' set on_lost wipe
does 0 'did set voters 5' set voters 5
does 0 'did map near mode ap min_sync 1' map create near --mode ap
does 0 'did map two mode cp min_sync 2' map create two --min-sync 2
does 0 'did map two ttl 10000 idle 300000 max_bytes 67108864 events put,evict' \
    map set two ttl 10s idle 5m max_bytes 64M events evict,put
does 0 'did map two reset' map reset two
does 0 'did drain n2' drain n2 --no-wait
does 0 'did recover 3 accept-data-loss' recover 3 --accept-data-loss
does 0 'did refound accept-data-loss' recover --refound --accept-data-loss
does 0 '{"status":"OK","text":"did drain n2"}' drain n2 --json --no-wait
does 0 '0 moves' rebalance --no-wait
does 0 '0 moves' rebalance --resume --rate 0 --no-wait
does 0 '{"status":"OK","moves":0}' rebalance --pause --json
does 0 '' rebalance --pause
does 0 'balanced' rebalance --wait 60000
for wrong in 'set copies many' 'set on_lost maybe' 'set colour red' 'recover 3' 'recover --refound' \
    'recover 3 --refound --accept-data-loss' 'recover x --accept-data-loss' 'map create' 'map list x' \
    'map set' 'map set m' \
    'map set m ttl' 'map set m ttl 5 idle' 'map set m ttl soon' 'map set m idle 5x' 'map set m colour red' \
    'map set m max_bytes -1' 'map set m events put,put' 'map set m policy fifo' \
    'map reset' 'map reset m ttl' \
    'map show near --mode ap' 'map create m --mode both' 'map create m --min-sync few' 'drain' 'drain a b' \
    'drain n2 --no-wait --wait 5' 'drain n2 --wait soon' 'drain n2 --wait 0' \
    'drain n2 --rate 5' 'drain n2 --pause' \
    'rebalance n1' 'rebalance --rate fast' 'rebalance --rate -1' 'rebalance --pause --resume' \
    'rebalance --dry-run --pause' 'rebalance --dry-run --rate 5' 'rebalance --dry-run --no-wait' \
    'rebalance --dry-run --wait 5' 'rebalance --no-wait --wait 5' 'rebalance --watch' 'status --wait 5' \
    'status --dry-run' 'status --watch --rate 5' 'events now' 'events --watch' 'events --wait 5'; do
    # shellcheck disable=SC2086
    run tool $wrong
    is "zgrid $wrong: exit status" 2 "$code"
    is "zgrid $wrong: stdout" "" "$(out)"
done
cluster true true "$well" "$two" "$rows" ',"admin":[13,"no majority"]'
for order in 'drain n2' 'drain n2 --no-wait' 'rebalance' 'rebalance --pause'; do
    # shellcheck disable=SC2086
    run tool $order
    is "refused $order: exit status" 3 "$code"
    matches "refused $order: stderr" '.*no majority' "$(err)"
done

#  ---- What there is to move
moves=',"moves":{"paused":false,"rate":1000000,"total":4,"left":3,"streamed":5,"active":[]}'
plan='[[0,"copy","n1","n2"],[3,"copy",null,"n2"],[3,"primary","n2","n1"]]'
cluster true true "$well" "$two" "$rows" "$moves,\"plan\":$plan"
does 0 'PARTITION  KIND     FROM -> TO
        0  copy     n1 -> n2
        3  copy     - -> n2
        3  primary  n2 -> n1
3 moves' rebalance --dry-run
does 0 '{"partition":0,"kind":"copy","from":"n1","to":"n2"}
{"partition":3,"kind":"copy","from":null,"to":"n2"}
{"partition":3,"kind":"primary","from":"n2","to":"n1"}' rebalance --dry-run --json
matches "status tells of moves" 'moves +3 of 4 left, at most 1.0 MB/s for each member' \
    "$(tool status | grep ^moves)"
run tool rebalance --wait 1
is "rebalance takes too long: exit status" 3 "$code"
matches "rebalance takes too long: stderr" '.*not done within 1 ms; it goes on' "$(err)"
run tool status --watch --wait 1 --json
is "status --watch ends: exit status" 3 "$code"
matches "status --watch as JSON" \
    '{"percent":25,"done":1,"total":4,"left":3,.*"finished":false,"eta_s":null}' \
    "$(out)"
cluster true true "$well" "$two" "$rows" ',"moves":{"paused":true,"left":3,"total":4}'
run tool rebalance
is "rebalance while paused: exit status" 1 "$code"
matches "rebalance while paused: stderr" '.*is paused; say --resume' "$(err)"
cluster true true "$well" "$two" "$rows" ',"plan":7'
run tool rebalance --dry-run
is "no plan: exit status" 5 "$code"

#  ---- What there is to move becomes less, and more; the share that is done never shrinks
steps=',"steps":{"moves":['
for left in 9 9 9 8 6 12 12 7 3 0; do
    steps="$steps"'{"total":10,"left":'$left'},'
done
cluster true true "$well" "$two" "$rows" "$steps"'{"total":0,"left":0}]}'
run tool rebalance --json --wait 60000
is "rebalance: exit status" 0 "$code"
is "rebalance: sorted percentages" "$(out | sed 's/.*"percent":\([0-9]*\),.*/\1/')" \
    "$(out | sed 's/.*"percent":\([0-9]*\),.*/\1/' | sort -n)"
matches "rebalance: the last line" '{"percent":100,"done":16,"total":16,"left":0,.*"finished":true,.*' \
    "$(out | tail -1)"

#  ---- A member is emptied
gone=$(member n1 UP true false 4 4)
left="$(member n1 UP true false 4 4),$(member n2 LEAVING false false 0 0)"
leaves="$(member n1 UP true false 3 4),$(member n2 LEAVING false false 1 4)"
drain () {
    cluster true true "$well" "$two" "$rows" ",\"steps\":{\"members\":[[$two],[$leaves],[$1]]}"
    does "$2" "$3" drain n2 --wait 60000
}
drain "$gone" 0 'n2 has left'
drain "$left" 0 'n2 holds nothing any more, and can be stopped'
#  Another one of the same name does not count
again="$gone,$(member n2 UP false false 2 4 | sed 's/00n2/00n3/')"
cluster true true "$well" "$two" "$rows" ",\"steps\":{\"members\":[[$two],[$leaves],[$again]]}"
does 0 'n2 has left' drain n2
#  By its id
cluster true true "$well" "$two" "$rows" ",\"steps\":{\"members\":[[$two],[$leaves],[$left],[$two]]}"
does 0 '00000000000000n2 holds nothing any more, and can be stopped' drain 00000000000000n2
cluster true true "$well" "$two" "$rows" ",\"steps\":{\"members\":[[$two],[$leaves]]}"
run tool drain n2 --wait 1
is "drain takes too long: exit status" 3 "$code"
cluster true true "$well" "$two" "$rows" ",\"steps\":{\"members\":[[$two],[$leaves],[$two]]}"
run tool drain n2 --wait 60000
is "drain undone: exit status" 1 "$code"
matches "drain undone: stderr" '.*n2 is not leaving: it is UP' "$(err)"
cluster true true "$well" "$(member n1 UP true false 4 4)" "$rows" ""
run tool drain n1
is "nobody can take over: exit status" 1 "$code"
matches "nobody can take over: stderr" '.*nobody else could take over what it holds' "$(err)"

exec 4>&-
wait "$daemon"
daemon=
sum_up
