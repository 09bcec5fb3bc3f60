#!/bin/sh
#  check_docs: the generated parts of the documents are what print-tables makes now; every table that it
#  knows stands in one of them. Run in the build folder, with srcdir set. `make doc` repairs.
#  SPDX-License-Identifier: MPL-2.0
set -u
top=${srcdir:-.}
print=tools/print-tables
work=$(mktemp -d) || exit 99
trap 'rm -rf "$work"' EXIT
bad=0

fail ()
{
    echo "FAIL: $*"
    bad=1
}

for file in consistency protocol redis settings statistics; do
    if ! "$print" "$top/doc/$file.md" > "$work/$file.md"; then
        fail "print-tables cannot read doc/$file.md"
    elif ! diff -u "$top/doc/$file.md" "$work/$file.md"; then
        fail "doc/$file.md is not what the lists say: run make doc"
    fi
done

count=0
for table in $("$print" --list); do
    count=$((count + 1))
    grep -qx "<!-- table $table -->" "$work/protocol.md" "$work/redis.md" "$work/settings.md" \
        "$work/statistics.md" \
        || fail "no document has the table $table"
done
[ "$count" -ge 7 ] || fail "print-tables --list names $count tables only"

#  The comparison itself: a document with one figure changed must not pass, nor one without tables
sed '/^| `storage.actors`/s/| `0` |/| `7` |/' "$top/doc/settings.md" > "$work/wrong.md"
cmp -s "$top/doc/settings.md" "$work/wrong.md" && fail "the wrong document is not wrong"
"$print" "$work/wrong.md" | cmp -s - "$work/wrong.md" && fail "a wrong default was not noticed"
echo "no table" > "$work/none.md"
"$print" "$work/none.md" > /dev/null 2>&1 && fail "a document without tables was taken"

exit $bad
