#  zgridd.sh: how shell tests start and stop servers. To be sourced in the build folder, with srcdir set.
#  Every server is stopped by its process id when the test ends.
#  SPDX-License-Identifier: MPL-2.0
top=${srcdir:-.}
work=$(mktemp -d) || exit 99
python=/usr/bin/python3
zgridd_pids=
trap 'zgridd_stop_all; rm -rf "$work"' EXIT
trap 'exit 99' HUP INT TERM

#  zgridd_start [FLAG]...: starts one on ports chosen by the system; sets zgridd_pid and zgridd_endpoint.
zgridd_start ()
{
    zgridd_log=$work/zgridd.$(echo "$zgridd_pids" | wc -w)
    ./zgridd --client "tcp://127.0.0.1:*" --set log.level=warning "$@" > "$zgridd_log.out" 2> "$zgridd_log.err" &
    zgridd_pid=$!
    zgridd_pids="$zgridd_pids $zgridd_pid"
    while ! grep -q '^ready ' "$zgridd_log.out"; do
        if ! kill -0 "$zgridd_pid" 2> /dev/null; then
            echo "zgridd does not start:"
            cat "$zgridd_log.err"
            exit 1
        fi
        sleep 0.02
    done
    zgridd_endpoint=$(sed -n 's/^ready client=\([^ ]*\).*/\1/p' "$zgridd_log.out")
}

#  zgridd_stop PID: ends one in the ordinary way; fails the test if it does not end with 0.
zgridd_stop ()
{
    zgridd_pids=$(echo " $zgridd_pids " | sed "s/ $1 / /")
    kill -TERM "$1" 2> /dev/null || { echo "zgridd had died:"; cat "$work"/zgridd.*.err; exit 1; }
    wait "$1"
    zgridd_code=$?
    if [ $zgridd_code -ne 0 ]; then
        echo "zgridd ended with $zgridd_code:"
        cat "$work"/zgridd.*.err
        exit 1
    fi
}

zgridd_stop_all ()
{
    for zgridd_one in $zgridd_pids; do
        kill -KILL "$zgridd_one" 2> /dev/null
        wait "$zgridd_one" 2> /dev/null
    done
}

#  Skips the test where Debian's Python or its modules are absent.
need_python ()
{
    if ! $python -c 'import zmq, msgpack' 2> /dev/null; then
        echo "$python with the modules zmq and msgpack is not installed"
        exit 77
    fi
}
