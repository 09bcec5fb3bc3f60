#  zgridd.sh: for scripts that start zgridd: sourced by them. Ends what was started, by process id.
#  SPDX-License-Identifier: MPL-2.0
# shellcheck shell=sh disable=SC2034
ZGRID_BUILD=${ZGRID_BUILD:-.}
ZGRID_SOURCE=${ZGRID_SOURCE:-.}
ZGRIDD=$ZGRID_BUILD/zgridd
ZGRID=$ZGRID_BUILD/zgrid

#  Whatever hangs is ended from outside
if [ -z "$ZGRIDD_SH_GUARDED" ]; then
    ZGRIDD_SH_GUARDED=1
    export ZGRIDD_SH_GUARDED
    exec timeout 240 sh "$0" "$@"
fi

folder=$(mktemp -d) || exit 1
daemon=
checks=0
failed=0

clean_up () {
    if [ -n "$daemon" ]; then
        kill -KILL "$daemon" 2>/dev/null
        wait "$daemon" 2>/dev/null
    fi
    rm -rf "$folder"
}
trap clean_up EXIT
trap 'exit 1' TERM INT HUP

#  start ARGUMENT...: starts zgridd and waits for its ready line, which is $ready; $daemon is its
#  process id and $endpoint where it listens. Descriptor 3 gives the rest of its output.
start () {
    rm -f "$folder/pipe"
    mkfifo "$folder/pipe"
    "$ZGRIDD" --client "tcp://127.0.0.1:*" "$@" > "$folder/pipe" 2> "$folder/daemon.err" &
    daemon=$!
    exec 3< "$folder/pipe"
    ready=
    read -r ready <&3
    endpoint=${ready#ready client=}
    endpoint=${endpoint%% *}
    if [ -z "$ready" ]; then
        echo "zgridd did not become ready:"
        cat "$folder/daemon.err"
        exit 1
    fi
}

#  stop [SIGNAL]: sends a signal and waits for the end; $code is the exit status, $rest what else
#  came on its output.
stop () {
    kill "-${1:-TERM}" "$daemon"
    rest=$(cat <&3)
    exec 3<&-
    wait "$daemon"
    code=$?
    daemon=
}

#  run COMMAND...: $code, and its output in the files out and err.
run () {
    "$@" > "$folder/out" 2> "$folder/err" < "${input:-/dev/null}"
    code=$?
}

#  is WHAT EXPECTED FOUND
is () {
    checks=$((checks + 1))
    if [ "$2" != "$3" ]; then
        failed=$((failed + 1))
        printf 'FAILED: %s\n  expected: %s\n  found:    %s\n' "$1" "$2" "$3"
        [ -s "$folder/err" ] && sed 's/^/  stderr:   /' "$folder/err"
    fi
}

#  matches WHAT PATTERN FOUND: an extended regular expression, of the whole text
matches () {
    checks=$((checks + 1))
    if ! printf '%s\n' "$3" | grep -Eqx -e "$2"; then
        failed=$((failed + 1))
        printf 'FAILED: %s\n  pattern:  %s\n  found:    %s\n' "$1" "$2" "$3"
    fi
}

out () {
    cat "$folder/out"
}
err () {
    cat "$folder/err"
}

#  To be called last.
sum_up () {
    echo "$checks checks, $failed failed"
    [ "$checks" -gt 0 ] && [ "$failed" -eq 0 ]
    exit
}
