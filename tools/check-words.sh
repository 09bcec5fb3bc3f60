#!/bin/sh
#  check-words.sh: words that must not stand in the sources.
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1
failed=0
list=$(find src include tests examples bench tools -type f \( -name '*.[ch]' -o -name '*.def' \
    -o -name '*.py' -o -name '*.sh' -o -name '*.mk' \) ! -name check-words.sh)
tests=$(find tests -type f -name '*.[ch]')
if [ "$(echo "$list" | wc -l)" -lt 20 ] || [ "$(echo "$tests" | wc -l)" -lt 5 ]; then
    echo "nothing to look at"
    exit 1
fi

#  refuse WHY FILES PATTERN...
refuse ()
{
    why=$1
    where=$2
    shift 2
    for pattern; do
        #  shellcheck disable=SC2086
        if grep -nHE "$pattern" $where; then
            echo "^ $why"
            failed=1
        fi
    done
}

refuse "heartbeats of ZMTP abort processes in libzmq 4.3.4: heartbeats live in our own protocol" "$list" \
    'ZMQ_HEARTBEAT_|zsock_(set_)?heartbeat_'
refuse "a DRAFT interface, absent from Debian's libraries" "$list" \
    'C?ZMQ_BUILD_DRAFT_API' 'ZMQ_(SERVER|CLIENT|RADIO|DISH|GATHER|SCATTER|DGRAM|PEER|CHANNEL)\>' \
    'ZMQ_(ROUTER_NOTIFY|HELLO_MSG|DISCONNECT_MSG|RECONNECT_STOP)' 'zmq_(poller|timers)_' \
    'zsock_new_(server|client|radio|dish|gather|scatter|dgram)' 'z(args|proc|timerset|trie)_new|zhttp_'
refuse "unfinished" "$list" '\<(TODO|FIXME|XXX)\>'
refuse "a test waits for a condition, not for time" "$tests" \
    '\<(usleep|sleep|nanosleep|clock_nanosleep|zclock_sleep|zmq_sleep) *\('
exit $failed
