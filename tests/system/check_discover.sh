#!/bin/sh
#  check_discover.sh: nodes find each other by UDP broadcast, in a network of the test's own.
#  SPDX-License-Identifier: MPL-2.0
PATH=$PATH:/usr/sbin:/sbin
if [ -z "$INSIDE_TEST_NETWORK" ]; then
    own="unshare -Urn"
    [ "$(id -u)" = 0 ] && own="unshare -n"
    if ! $own true 2> /dev/null || ! command -v ip > /dev/null; then
        echo "network namespaces are not allowed here"
        exit 77
    fi
    INSIDE_TEST_NETWORK=1 exec $own "$0" "$@"
fi
# shellcheck source=tests/system/zgridd.sh
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"

ip link set lo up
if ! ip link add zg0 type dummy 2> /dev/null && ! ip link add zg0 type veth peer name zg1 2> /dev/null; then
    echo "no interface could be made"
    exit 77
fi
ip address add 10.78.0.1/24 broadcast 10.78.0.255 dev zg0
ip link set zg0 up
#  A dummy sends nowhere; what a host broadcasts it hears itself, which is all that this test needs
ip route add 255.255.255.255 dev zg0 2> /dev/null

#  Three nodes that know no address at all, only the interface
nodes=
for node in 1 2 3; do
    "$ZGRIDD" --name "d$node" --client 'tcp://127.0.0.1:*' --peer 'tcp://10.78.0.1:*' --insecure \
        --discover zg0 --expect 3 --set storage.actors=1 > "$folder/d$node" 2> "$folder/d$node.log" &
    nodes="$nodes $!"
done
waited=0
while [ "$(cat "$folder"/d1 "$folder"/d2 "$folder"/d3 | wc -l)" -lt 3 ] && [ $waited -lt 300 ]; do
    sleep 0.1
    waited=$((waited + 1))
done
is "all three serve" 3 "$(cat "$folder"/d1 "$folder"/d2 "$folder"/d3 | grep -c '^ready client=tcp://127')"
endpoint=$(sed -n 's/^ready client=\([^ ]*\).*/\1/p' "$folder/d1")
run "$ZGRID" -s "$endpoint" members --json
is "one cluster of three" "d1 d2 d3" "$(out | grep -o '"name": *"d[123]"' | grep -o 'd[123]' | sort | xargs)"

#  An interface that is none
run "$ZGRIDD" --name bad --client 'tcp://127.0.0.1:*' --peer 'tcp://127.0.0.1:*' --discover nosuch0
is "no such interface: exit status" 1 "$code"

for process in $nodes; do
    kill -KILL "$process" 2> /dev/null
done
for process in $nodes; do
    wait "$process" 2> /dev/null
done
sum_up
