#!/bin/sh
#  check-tree.sh: every src/core/X.c has its tests/unit/check_X.c, or stands in unit-pairs.txt with
#  the program that tests it; every folder of src/ and tests/ has a README.md of at most 20 lines.
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1
failed=0
modules=0
#  What stands behind TESTS +=, continued lines included
run=" $(sed -e ':join' -e '/\\$/{N;s/\\\n//;b join' -e '}' tests/unit/*.mk \
    | sed -n 's/^TESTS *+= *//p' | tr -s ' \t\n' ' ') "
for file in src/core/*.c src/core/*/*.c; do
    name=${file##*/}
    name=${name%.c}
    modules=$((modules + 1))
    pair=$(awk -v name="$name" '$1 == name { print $2 }' tools/unit-pairs.txt)
    test="tests/unit/${pair:-check_$name}.c"
    if [ ! -f "$test" ]; then
        echo "$file: no $test"
        failed=1
    elif [ -n "$pair" ] && [ -f "tests/unit/check_$name.c" ]; then
        echo "$file: has a test of its own and need not stand in unit-pairs.txt"
        failed=1
    elif [ "${run#* "${test%.c}" }" = "$run" ]; then
        echo "$test: is not run: no tests/unit/*.mk names it in TESTS"
        failed=1
    fi
done
folders=0
for folder in src/*/ tests/*/; do
    folders=$((folders + 1))
    if [ ! -f "${folder}README.md" ]; then
        echo "$folder: no README.md"
        failed=1
    elif [ "$(wc -l < "${folder}README.md")" -gt 20 ]; then
        echo "${folder}README.md: more than 20 lines"
        failed=1
    fi
done
if [ $modules -lt 5 ] || [ $folders -lt 5 ]; then
    echo "nothing to look at: $modules modules, $folders folders"
    exit 1
fi
echo "$modules modules, $folders folders"
exit $failed
