#!/bin/sh
#  check_stats.sh: what the tool says of statistics, of a node: each table, each command, wrong use.
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
}

#  wrong ARGUMENT...: refused as wrong use, with a sentence and nothing on stdout
wrong () {
    does 2 "" "$@"
    matches "zgrid $*: stderr" 'zgrid: .+' "$(err)"
}

#  cell COLUMN ROW: of a table on stdin; the row by the first word, the column by its heading
cell () {
    awk -v column="$1" -v row="$2" '
        NR == 1 { for (at = 1; at <= NF; at++) if ($at == column) place = at }
        $1 == row { print $place; exit }'
}

#  A threshold of a microsecond: every record is slow. Each record is a sample
start --set node.name=n1 --set stats.slow=1 --set stats.sampling=1 --set cluster.partitions=7 \
    --set storage.actors=2

at=0
while [ $at -lt 20 ]; do
    tool put "k$at" "value" > /dev/null
    at=$((at + 1))
done
tool --map other put a b
for key in k1 k1 k1 k2 absent; do
    tool get $key > /dev/null 2>&1
done
tool put large "$(printf '%05000d' 0)"
tool put short x --ttl 600000
tool del k19 absent > "$folder/del"
is "one of two was removed" "1" "$(cat "$folder/del")"

#  ---- maps
tool stats maps > "$folder/maps"
is "entries of a map" "21" "$(cell entries default < "$folder/maps")"
is "puts of a map" "22" "$(cell puts default < "$folder/maps")"
is "hits of a map" "4" "$(cell get_hits default < "$folder/maps")"
is "misses of a map" "1" "$(cell get_misses default < "$folder/maps")"
is "removals of a map" "1" "$(cell del_hits default < "$folder/maps")"
is "removals of a map that found nothing" "1" "$(cell del_misses default < "$folder/maps")"
is "entries of a map with a TTL" "1" "$(cell expiring default < "$folder/maps")"
is "entries of another map" "1" "$(cell entries other < "$folder/maps")"
#  ---- partitions: their lengths are those of the maps
tool stats partitions > "$folder/partitions"
is "partitions" "7" "$(grep -c primary "$folder/partitions")"
is "lengths of partitions" "22" \
    "$(awk 'NR == 1 { for (at = 1; at <= NF; at++) if ($at == "entries") place = at } NR > 1 { sum += $place }
            END { print sum }' "$folder/partitions")"
#  ---- operations
tool stats operations > "$folder/operations"
is "PUT counted" "23" "$(cell records PUT < "$folder/operations")"
is "GET counted" "5" "$(cell records GET < "$folder/operations")"
is "DEL counted" "2" "$(cell records DEL < "$folder/operations")"
is "GET that failed" "0" "$(cell failed GET < "$folder/operations")"
matches "HELLO counted" '[1-9][0-9]*' "$(cell records HELLO < "$folder/operations")"
#  ---- Each of all members: here one
is "GET timed" "5" "$(tool latency | cell records GET)"
is "the largest entry first" "large" "$(tool big | awk 'NR == 2 { print $2 }')"
is "its bytes" "5005" "$(tool big | awk 'NR == 2 { print $6 }')"
is "the hottest key first" "k1" "$(tool hot | awk 'NR == 2 { print $2 }')"
matches "slow records" 'PUT' "$(tool slow | awk '$4 == "PUT" { print $4; exit }')"
matches "clients of the router" '127\.0\.0\.1' "$(tool clients | awk '$2 == "router" { print $3; exit }')"
is "the process" "$daemon" "$(tool stats process | awk '$1 == "pid" { print $2 }')"
is "the compiler's name" "compiler" "$(tool stats process | awk '$1 == "compiler" { print $1 }')"
is "counters of all members" "22" "$(tool stats --all | awk '$1 == "entries" { print $2 }')"
is "counters of one member" "22" "$(tool stats --node n1 | awk '$1 == "entries" { print $2 }')"
is "process of one member" "$daemon" "$(tool stats process --node n1 | awk '$1 == "n1.pid" { print $2 }')"
#  ---- top
tool top --once --interval 50 > "$folder/top"
matches "top once" 'n1' "$(awk '$1 == "n1" { print $1 }' "$folder/top")"
is "top twice" "2" "$(tool top --count 2 --interval 50 | grep -c NODE)"
is "top is plain where there is no terminal" "0" "$(grep -c "$(printf '\033')" "$folder/top")"

#  ---- JSON
python=$(command -v python3)
if [ -n "$python" ]; then
    for words in "stats" "stats --all" "stats process" "stats process --all" "stats operations" \
        "stats latency" "stats maps" "stats partitions" "stats hot" "stats big" "stats slow" \
        "stats clients" "stats maps --all" "stats partitions --node n1" "hot" "big" "slow" "latency" \
        "clients" "top --once --interval 20"; do
        # shellcheck disable=SC2086
        tool --json $words > "$folder/json"
        if ! "$python" -c 'import json, sys; assert json.load(open(sys.argv[1]))' "$folder/json"; then
            is "zgrid --json $words is JSON" yes "$(head -c 300 "$folder/json")"
        fi
    done
    is "maps as JSON" "22" "$(tool --json stats maps \
        | "$python" -c '
import json, sys
print(sum(row["entries"] for row in json.load(sys.stdin)["rows"]))')"
    is "partitions as JSON" "22 0 primary" "$(tool --json stats partitions --all | "$python" -c '
import json, sys
rows = json.load(sys.stdin)["rows"]
print(sum(row["entries"] for row in rows), rows[0]["partition"], rows[0]["role"])')"
fi

#  ---- Wrong use
wrong stats everything
wrong stats maps partitions
wrong stats --all --node n1
wrong stats --once
wrong top --count 0
wrong top --count two
wrong top --once --count 2
wrong top --interval 0
wrong top maps
wrong hot k1
wrong hot --all
wrong big --interval 5
wrong clients --node
does 1 "" latency --node n2
is "a member that is not there" "zgrid: no member is called n2" "$(err)"
does 1 "" top --once --node n2
stop
is "zgridd ended" 0 "$code"

#  ---- Switched off: tables of counted things are empty, those of what is there are not
start --set node.name=n1 --set stats.sampling=0
tool put k v
is "operations, not counted but at the router" "op" \
    "$(tool stats operations | grep -v HELLO | grep -v ROUTES | awk '{ print $1 }')"
is "maps, nevertheless" "1" "$(tool stats maps | cell entries default)"
is "latencies, not taken" "2" "$(tool latency | grep -c 'mean us')"
is "clients, not known" "1" "$(tool clients | grep -c .)"
stop

sum_up
