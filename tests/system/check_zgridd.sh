#!/bin/sh
#  check_zgridd.sh: the daemon's command line, settings, signals and exit codes.
#  SPDX-License-Identifier: MPL-2.0
# shellcheck source=tests/system/zgridd.sh
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"

#  ---- It serves, says so in one line, and ends by a signal
start --name n1
matches "the ready line" \
    "ready client=tcp://127\.0\.0\.1:[1-9][0-9]* name=n1 pid=$daemon peer=none node=[0-9a-f]{16}" "$ready"
run "$ZGRID" -s "$endpoint" put k v
is "a client reaches it" 0 "$code"
stop TERM
is "SIGTERM: exit status" 0 "$code"
is "nothing else on stdout" "" "$rest"

start
matches "a name of its own" "ready client=.* name=[^ ]+ pid=$daemon peer=none node=[0-9a-f]{16}" "$ready"
stop INT
is "SIGINT: exit status" 0 "$code"

#  ---- An address in use
start
run "$ZGRIDD" --client "$endpoint"
is "address in use: exit status" 1 "$code"
is "address in use: stdout" "" "$(out)"
matches "address in use: the address is told" ".*$endpoint.*" "$(tr '\n' ' ' < "$folder/err")"
stop TERM

#  ---- Beyond loopback
run "$ZGRIDD" --client "tcp://0.0.0.0:*"
is "beyond loopback: exit status" 1 "$code"
matches "beyond loopback: what helps is told" ".*insecure.*" "$(tr '\n' ' ' < "$folder/err")"

#  ---- The log is opened anew. Of two signals that wait, the one with the lower number comes first.
start --set "log.file=$folder/log" --set log.format=json
mv "$folder/log" "$folder/log.1"
kill -HUP "$daemon"
stop TERM
is "after SIGHUP: exit status" 0 "$code"
is "after SIGHUP: a new log file" yes "$([ -e "$folder/log" ] && echo yes)"
is "the old log file holds lines" yes "$([ -s "$folder/log.1" ] && echo yes)"

#  ---- A second signal ends it at once, even while it waits for a client that takes no replies. 64 MB
#  of them are more than sockets hold.
cat > "$folder/client.py" <<'END'
import sys
import msgpack
import zmq

def send (socket, *record):
    socket.send (b"ZG\x01" + msgpack.packb (record))

def ask (socket, *record):
    send (socket, *record)
    return msgpack.unpackb (socket.recv ()[3:], strict_map_key=False)

context = zmq.Context ()
stuck, other = context.socket (zmq.DEALER), context.socket (zmq.DEALER)
stuck.rcvhwm = 1
stuck.linger = other.linger = 0
other.rcvtimeo = 30000
stuck.connect (sys.argv[1])
other.connect (sys.argv[1])
assert ask (other, 1, "PUT", "m", b"k", b"x" * 4000000)[1] == 0
for number in range (16):
    send (stuck, number + 1, "GET", "m", b"k")
while ask (other, 2, "STATS")[2]["get_hits"] < 16:
    pass
print ("stuck", flush=True)
sys.stdin.read ()
END
mkfifo "$folder/log.pipe" "$folder/client.pipe" "$folder/client.end"
exec 4<> "$folder/log.pipe"
start --set limits.drain=60s --set limits.window_bytes=256MiB --set "log.file=$folder/log.pipe"
/usr/bin/python3 "$folder/client.py" "$endpoint" < "$folder/client.end" > "$folder/client.pipe" &
client=$!
exec 5> "$folder/client.end"
read -r line < "$folder/client.pipe"
is "a client takes no replies" stuck "$line"
kill -TERM "$daemon"
while read -r line <&4; do
    case $line in *stopping*) break ;; esac
done
stop TERM
is "second signal: exit status" 1 "$code"
is "second signal: message" "zgridd: second signal, not waiting" "$(cat "$folder/daemon.err")"
exec 5>&- 4>&-
wait "$client"

#  ---- Wrong files: every mistake with its line, nothing on stdout, exit status 2
cat > "$folder/bad.conf" <<'END'
node
    name = a#b
limits
	maps = 3
    keymax = 1
    maps = x
    batch_records = 1
    batch_records = 2
memry
END
run "$ZGRIDD" -c "$folder/bad.conf"
is "wrong file: exit status" 2 "$code"
is "wrong file: stdout" "" "$(out)"
cat > "$folder/expected" <<END
$folder/bad.conf:2: '#' inside a value begins a comment; put the value in quotation marks
$folder/bad.conf:4: a tab in the indentation; settings are indented by 4 spaces
$folder/bad.conf:5: no such setting in section limits: "keymax"; did you mean key_max?
$folder/bad.conf:6: limits.maps: "x" is not a number; it takes 1 to 65535 maps
$folder/bad.conf:8: limits.batch_records stands twice; the first is in line 7
$folder/bad.conf:9: no such section: "memry"; did you mean memory?
END
is "wrong file: messages" "$(cat "$folder/expected")" "$(err)"
run "$ZGRIDD" -c "$folder/bad.conf" --check-config
is "wrong file, --check-config: exit status" 2 "$code"
run "$ZGRIDD" -c "$folder/nowhere.conf"
is "no such file: exit status" 2 "$code"
is "no such file: message" "$folder/nowhere.conf: No such file or directory" "$(err)"

#  ---- Settings that contradict each other
run "$ZGRIDD" --set limits.value_max=1MiB --set limits.frame_max=1MiB --check-config
is "contradiction: exit status" 2 "$code"
matches "contradiction: message" "zgridd: limits\.frame_max: 1048576 bytes are too few.*" "$(err)"
run "$ZGRIDD" --client "127.0.0.1:0" --check-config
is "not an endpoint: exit status" 2 "$code"

#  ---- Printing and reading again
run "$ZGRIDD" --print-config
is "--print-config: exit status" 0 "$code"
cp "$folder/out" "$folder/printed.conf"
is "the daemon's own default" 1 "$(grep -c '^    client = "tcp://127.0.0.1:3320"$' "$folder/printed.conf")"
is "every setting is printed" "$(grep -c '^SETTING (' "$ZGRID_SOURCE/src/core/setting.def")" \
    "$(grep -c '^    [a-z_]* = ' "$folder/printed.conf")"
run "$ZGRIDD" -c "$folder/printed.conf" --check-config
is "what was printed is correct" 0 "$code"
run "$ZGRIDD" -c "$folder/printed.conf" --print-config
is "what was printed means the same" "$(cat "$folder/printed.conf")" "$(out)"

#  ---- Defaults, file, environment, flags: later ones win
printf 'limits\n    maps = 10\n    drain = 10s\n    local_clients = 10\n' > "$folder/z.conf"
run env ZGRID_LIMITS_MAPS=20 ZGRID_LIMITS_DRAIN=20s \
    "$ZGRIDD" -c "$folder/z.conf" --set limits.maps=30 --print-config
is "a flag wins" 1 "$(grep -c '^    maps = 30$' "$folder/out")"
is "the environment wins over the file" 1 "$(grep -c '^    drain = 20000$' "$folder/out")"
is "the file wins over the default" 1 "$(grep -c '^    local_clients = 10$' "$folder/out")"
run "$ZGRIDD" --set limits.maps=1 --set limits.maps=2 --print-config
is "of two flags the later one wins" 1 "$(grep -c '^    maps = 2$' "$folder/out")"
run env ZGRID_LIMITS_MAPPS=1 "$ZGRIDD" --check-config
is "unknown variable: exit status" 2 "$code"
is "unknown variable: message" \
    'zgridd: "ZGRID_LIMITS_MAPPS": no such setting; did you mean ZGRID_LIMITS_MAPS?' "$(err)"

#  ---- Flags
run "$ZGRIDD" --set limits.mapps=1
is "unknown setting: exit status" 2 "$code"
is "unknown setting: message" 'zgridd: no such setting: "limits.mapps"; did you mean limits.maps?' "$(err)"
run "$ZGRIDD" --set limits.maps
is "--set without =: exit status" 2 "$code"
run "$ZGRIDD" --sets limits.maps=1
is "unknown flag: exit status" 2 "$code"
run "$ZGRIDD" more
is "an operand: exit status" 2 "$code"
run "$ZGRIDD" --version
is "--version: exit status" 0 "$code"
matches "--version" "zgridd [0-9]+\.[0-9]+\.[0-9]+.*" "$(out)"
#  ---- Waiting for a cluster
#  said WHAT PATTERN: waits until the daemon's log says so
said () {
    turns=0
    until grep -Eq "$2" "$folder/daemon.err" || [ $turns -ge 200 ]; do
        sleep 0.1
        turns=$((turns + 1))
    done
    matches "$1" ".*$2.*" "$(grep -E "$2" "$folder/daemon.err" | head -n 1)"
}

"$ZGRIDD" --client 'tcp://127.0.0.1:*' --peer 'tcp://127.0.0.1:*' --seeds tcp://127.0.0.1:1 \
    > "$folder/daemon.out" 2> "$folder/daemon.err" &
daemon=$!
said "seeds alone: it waits, and says so" "waiting for a cluster .*seeds=tcp://127.0.0.1:1"
kill -TERM "$daemon"
wait "$daemon"
is "SIGTERM while it waits: exit status" 0 $?
daemon=
is "while it waits it is not ready" "" "$(cat "$folder/daemon.out")"

start --name first --peer 'tcp://127.0.0.1:*' --set cluster.partitions=8
matches "the ready line of a member" \
    ".* name=first .* peer=tcp://127\.0\.0\.1:[1-9][0-9]* node=[0-9a-f]{16}" "$ready"
peer=$(echo "$ready" | sed -n 's/.* peer=\([^ ]*\).*/\1/p')
run "$ZGRIDD" --client 'tcp://127.0.0.1:*' --peer 'tcp://127.0.0.1:*' --seeds "$peer" \
    --set cluster.partitions=9
is "another number of partitions: exit status" 1 "$code"
is "another number of partitions: stdout" "" "$(out)"
matches "another number of partitions: the reason" ".*zgridd: .*CLUSTER_MISMATCH.*" "$(err | tail -n 1)"
run "$ZGRIDD" --client 'tcp://127.0.0.1:*' --peer "$peer"
is "a peer address in use: exit status" 1 "$code"
matches "a peer address in use: it is told" ".*cannot bind $peer.*" "$(err | tail -n 1)"
stop TERM
is "a member ends by a signal" 0 "$code"

run "$ZGRIDD" --client 'tcp://127.0.0.1:*' --peer 'tcp://192.0.2.1:*'
is "a peer address beyond loopback: exit status" 1 "$code"
matches "a peer address beyond loopback" ".*node\.insecure.*" "$(err | tail -n 1)"
for flags in "--seeds tcp://127.0.0.1:1" "--expect 3" "--witness" \
    "--peer tcp://127.0.0.1:* --bootstrap --expect 3" \
    "--profile slow" "--peer ipc:///tmp/x" "--discover eth0"; do
    # shellcheck disable=SC2086
    run "$ZGRIDD" $flags
    is "$flags: exit status" 2 "$code"
done

run "$ZGRIDD" --help
is "--help: exit status" 0 "$code"
is "--help" 1 "$(grep -c '^usage: zgridd' "$folder/out")"

sum_up
