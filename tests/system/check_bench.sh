#!/bin/sh
#  check_bench: zgrid-bench does what it says, in each form, embedded and against a server; the figures
#  themselves are not looked at. Run in the build folder.
#  SPDX-License-Identifier: MPL-2.0
set -u
bench=./zgrid-bench
work=$(mktemp -d) || exit 99
server=
bad=0
trap 'test -n "$server" && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 99' INT TERM

fail ()
{
    echo "FAIL: $*"
    bad=1
}

#  answers CODE ARGUMENTS...: the exit code; what it prints is in $work/out and $work/err
answers ()
{
    wanted=$1
    shift
    timeout 60 $bench "$@" > "$work/out" 2> "$work/err"
    code=$?
    [ $code = "$wanted" ] || fail "zgrid-bench $*: exit code $code instead of $wanted: $(cat "$work/err")"
}

#  has TEXT: the JSON object has it
has ()
{
    grep -q "$1" "$work/out" || fail "$1 is missing in: $(cat "$work/out")"
}

#  is_json: somebody else's parser takes it
is_json ()
{
    /usr/bin/python3 -c 'import json, sys; json.load (sys.stdin)' < "$work/out" \
        || fail "no JSON: $(cat "$work/out")"
}

mkfifo "$work/ready" || exit 99
./zgridd --client 'tcp://127.0.0.1:*' > "$work/ready" 2> "$work/log" &
server=$!
read -r line < "$work/ready"
endpoint=$(echo "$line" | sed -n 's/^ready .*client=\([^ ]*\).*/\1/p')
[ -n "$endpoint" ] || { echo "zgridd did not start: $line"; cat "$work/log"; exit 1; }

for where in "--server $endpoint" --embedded; do
    #  Every key is there after --load, so that each GET answers OK
    #  shellcheck disable=SC2086
    {
        answers 0 $where --keys 500 --load --mix get --requests 700 --json
        is_json
        has '"form": "blocking"'
        has '"operations": 700, "records": 700, "missed": 0'
        has '"statuses": {"OK": 700}'
        answers 0 $where --keys 500 --load --mix get,put,incr,mget --mget-keys 5 --requests 400 --json
        is_json
        answers 0 $where --keys 500 --load --mix get --window 100 --batch 16 --requests 1000 --json
        has '"form": "pipeline"'
        has '"statuses": {"OK": 1000}'
        answers 0 $where --keys 500 --load --mix mget --mget-keys 5 --window 10 --batch 16 --requests 100 \
            --json
        has '"operations": 100, "records": 500'
        has '"statuses": {"OK": 500}'
        answers 0 $where --keys 500 --load --mix get,mget --mget-keys 3 --connections 5 --window 4 \
            --requests 500 --json
        has '"form": "future"'
        has '"operations": 500'
        answers 0 $where --keys 500 --mix get=1,put=1,del=1 --connections 4 --threads 2 --requests 500
        grep -q '^500 operations in' "$work/out" || fail "no text report"
        answers 0 $where --keys 500 --distribution zipf --connections 2 --window 10 --rate 5000 \
            --requests 500 --json
        is_json
        has '"operations": 500'
    }
done

#  What cannot be done is said
answers 2 --keys 0
answers 2 --keys 1000000 --key-size 5
answers 2 --mix get,fetch
grep -q 'fetch is none of get, put' "$work/err" || fail "no word about fetch"
answers 2 --mix get=0
answers 2 --form pipeline --rate 5
answers 2 --embedded --server "$endpoint"
answers 2 --embedded --set storage.actor=1
answers 2 --requests 0
answers 2 surplus
answers 0 --help
answers 0 --version
answers 3 --server tcp://127.0.0.1:9 --timeout 100 --requests 1
#  Records that fail are a result, and not hidden
answers 6 --embedded --set memory.limit=1000 --keys 100 --mix put --requests 10 --json
has '"NOMEM"'

exit $bad
