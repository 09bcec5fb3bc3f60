#!/bin/sh
#  check_examples: the examples in C do what they say, against one server.
#  SPDX-License-Identifier: MPL-2.0
. "${srcdir:-.}/tests/lib/zgridd.sh"
zgridd_start --set storage.actors=2
bad=0

#  run NAME [ARGUMENT]...: its output, sorted, must be what stands on our standard input, sorted: replies
#  may come in any order.
run ()
{
    name=$1
    shift
    sort > "$work/wanted"
    timeout 60 "examples/$name" "$@" > "$work/raw" 2> "$work/errors"
    code=$?
    sort "$work/raw" > "$work/found"
    if [ $code -ne 0 ] || [ -s "$work/errors" ] || ! diff "$work/wanted" "$work/found"; then
        echo "FAIL: $name ended with $code"
        cat "$work/errors"
        bad=1
    fi
}

run hello_embedded << 'END'
en: hello
fr: No such key
visits: 3
END
run pipeline "$zgridd_endpoint" << 'END'
put 10000: Done
get 10000: Done, sum 99990000
END
run event_loop "$zgridd_endpoint" << 'END'
100 futures, sum 200
END
run zloop_host "$zgridd_endpoint" << 'END'
10 ticks, 10 stored
END
run bare_zsock "$zgridd_endpoint" << 'END'
id 1 status 0
id 2 status 0 value blue
id 3 status 1
END

for file in "$top"/examples/*.c "$top"/examples/*/client.*; do
    lines=$(wc -l < "$file")
    if [ "$lines" -ge 80 ]; then
        echo "FAIL: $file has $lines lines; an example has fewer than 80"
        bad=1
    fi
done
zgridd_stop "$zgridd_pid"
exit $bad
