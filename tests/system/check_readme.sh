#!/bin/sh
#  check_readme: what README.md shows works as it stands there: the C and Python pieces, the commands, the
#  list of packages; and the links of all documents lead somewhere.
#  SPDX-License-Identifier: MPL-2.0
. "${ZGRID_SOURCE:-.}/tests/system/zgridd.sh"
readme=$ZGRID_SOURCE/README.md

#  piece LANGUAGE: the code between ```LANGUAGE and ```
piece ()
{
    awk -v begin="\`\`\`$1" '$0 == begin { inside = 1; next } /^```/ { inside = 0 } inside' "$readme"
}

{
    echo '#include <zgrid.h>'
    echo 'int main (void) {'
    piece c
    echo 'zgrid_client_destroy (&client); zgrid_node_destroy (&node); return 0; }'
} > "$folder/piece.c"
is "README has a piece of C" yes "$(grep -q zgrid_node_new "$folder/piece.c" && echo yes)"
run ${CC:-cc} -fsyntax-only -Wall -I"$ZGRID_SOURCE/include" -I"$ZGRID_BUILD/include" "$folder/piece.c"
is "the piece of C compiles" 0 "$code"
is "without a warning" "" "$(err)"

start
piece python | sed "s|tcp://127.0.0.1:3320|$endpoint|" > "$folder/piece.py"
expected=$(sed -n 's/^print.*# \(\[.*\]\):.*/\1/p' "$folder/piece.py")
run /usr/bin/python3 "$folder/piece.py"
is "the piece of Python runs" 0 "$code"
is "README says what it prints" yes "$([ -n "$expected" ] && echo yes)"
#  The version is a number that nobody can tell before
is "and it prints that" "$(echo "$expected" | sed 's/None, [0-9]*, None/None, N, None/')" \
    "$(out | sed 's/None, [0-9]*, None/None, N, None/')"

commands=$(grep -oE "zgrid --map [a-z]+ (put|get) [A-Za-z ]*" "$readme" | tr " " "_")
is "README names two commands" 2 "$(echo "$commands" | wc -l)"
for command in $commands; do
    #  shellcheck disable=SC2046
    run "$ZGRID" -s "$endpoint" $(echo "${command#zgrid_}" | tr '_' ' ')
    is "$command works" 0 "$code"
    case $command in
    *get_France) is "and answers what Python stored" Paris "$(out)" ;;
    esac
done
stop

. "$ZGRID_SOURCE/tools/steps.sh"
list=$(sed -n '/apt-get install/,/[^\\]$/p' "$readme" | tr -d '\\' | tr -s ' \n' '  ')
for package in $(cd "$folder" && build_packages); do
    case $package in libc6-dev) continue ;; esac # Recommended by gcc
    is "README asks for $package" yes "$(case " $list " in *" $package "*) echo yes ;; esac)"
done

for file in "$ZGRID_SOURCE"/*.md "$ZGRID_SOURCE"/doc/*.md "$ZGRID_SOURCE"/doc/adr/*.md; do
    for link in $(grep -oE '\]\([^)# ]+' "$file" | sed 's/](//'); do
        case $link in
        http*) ;;
        *) is "$file: the link $link leads somewhere" yes "$([ -e "${file%/*}/$link" ] && echo yes)" ;;
        esac
    done
done
sum_up
