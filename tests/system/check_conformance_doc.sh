#!/bin/sh
#  check_conformance_doc.sh: every test that doc/conformance.md names is there, and every line of
#  tests/conformance is named there.
#  SPDX-License-Identifier: MPL-2.0
cd "${ZGRID_SOURCE:-.}" || exit 1
document=doc/conformance.md
passed=0
failed=0

#  `program: test` or `script`
references=$(grep '^|' $document | grep -o '`[a-z_]*: [a-z_0-9]*`\|`[a-z_/]*\.\(py\|sh\)`' | tr -d '`' \
    | sort -u | tr ' ' '#')
for reference in $references; do
    program=${reference%%:*}
    name=${reference#*#}
    case $reference in
        conformance:*) found=$(grep -c "^LINE ($name," tests/conformance/lines.def) ;;
        *:*) found=$(find tests -name "$program.c" -exec grep -c "^START_TEST ($name)" {} +) ;;
        tests/*) found=$(find . -path "./$reference" | grep -c .) ;;
        *) found=$(find tests -name "$reference" | grep -c .) ;;
    esac
    if [ "${found:-0}" = 1 ]; then
        passed=$((passed + 1))
    else
        echo "$document names $(echo "$reference" | tr '#' ' '), which is not there"
        failed=$((failed + 1))
    fi
done

for line in $(sed -n 's/^LINE (\([a-z_0-9]*\),.*/\1/p' tests/conformance/lines.def); do
    if grep -q "conformance: $line\`" $document; then
        passed=$((passed + 1))
    else
        echo "$document does not name the line $line"
        failed=$((failed + 1))
    fi
done

echo "$passed references, $failed wrong"
[ $failed -eq 0 ] && [ $passed -gt 100 ]
