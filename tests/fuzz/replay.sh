#!/bin/sh
#  replay.sh: replays the corpus of every fuzz target; the last file that the log names is the one that
#  failed, or that takes for ever. FUZZ_TARGETS comes from the Makefile.
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
failed=0
replayed=0
for target in $FUZZ_TARGETS; do
    echo "== $target"
    if timeout 240 "./tests/fuzz/replay_$target" "$srcdir/tests/fuzz/corpus/$target"; then
        replayed=$((replayed + 1))
    else
        echo "FAILED: $target"
        failed=$((failed + 1))
    fi
done
if [ "$replayed" -eq 0 ]; then
    echo "no fuzz target was replayed"
    exit 1
fi
[ "$failed" -eq 0 ]
