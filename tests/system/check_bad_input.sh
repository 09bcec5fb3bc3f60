#!/bin/sh
#  check_bad_input: whatever clients send, zgridd lives, loses nothing, stays within its memory and
#  serves others. The limits are small so that they are reached soon. The bound of memory follows from
#  them: queues of limits.client_bytes for each of the two clients that do not read. Sanitizers keep
#  freed memory, and shadow all.
#  SPDX-License-Identifier: MPL-2.0
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"
python=/usr/bin/python3
$python -c 'import zmq, msgpack' || exit 77
options="--timeout 20 --rss 128 --latency 1000"
[ "${ZG_SANITIZER:-no}" = no ] || options="--timeout 60 --rss 2048 --latency 5000 --scale 0.2"
start --set storage.actors=2 --set log.level=error \
    --set limits.value_max=1048576 --set limits.frame_max=4194304 --set limits.client_bytes=67108864 \
    --set limits.mute_after=500 --set limits.mute_for=1000
# shellcheck disable=SC2086
PYTHONDONTWRITEBYTECODE=1 $python "$ZGRID_SOURCE/tests/interop/bad_input.py" --pid "$daemon" $options \
    "$endpoint"
is "all bad input is survived" 0 $?
stop
is "zgridd ends in the ordinary way" 0 "$code"
is "nothing is wrong inside" "" "$(grep -E 'Sanitizer|runtime error|Assertion' "$folder/daemon.err")"
sum_up
