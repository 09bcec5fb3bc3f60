#!/bin/sh
#  check-headers.sh: each public header compiles alone, as C and as C++. Runs in the build folder.
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
CC=${CC:-cc}
CXX=${CXX:-c++}
failed=0
count=0
cxx=yes
if ! command -v "${CXX%% *}" >/dev/null 2>&1; then
    echo "no C++ compiler ($CXX): the C++ half is not checked"
    cxx=no
fi
#  compile COMPILER OPTIONS... : what stands in check-headers.tmp.c
for header in "$srcdir"/include/*.h include/zgrid_version.h; do
    [ -f "$header" ] || continue
    count=$((count + 1))
    name=${header##*/}
    echo "#include <$name>" > check-headers.tmp.c
    #  Twice: the guard works
    echo "#include <$name>" >> check-headers.tmp.c
    echo "typedef int check_headers_not_empty;" >> check-headers.tmp.c
    #  shellcheck disable=SC2086
    if ! $CC -x c -std=c99 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -I"$srcdir/include" -Iinclude \
        check-headers.tmp.c; then
        echo "$name does not compile alone as C"
        failed=1
    fi
    #  shellcheck disable=SC2086
    if [ $cxx = yes ] && ! $CXX -x c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only \
        -I"$srcdir/include" -Iinclude check-headers.tmp.c; then
        echo "$name does not compile alone as C++"
        failed=1
    fi
done
rm -f check-headers.tmp.c
if [ $count -lt 5 ]; then
    echo "nothing to look at: $count headers"
    exit 1
fi
echo "$count headers"
exit $failed
