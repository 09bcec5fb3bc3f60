#!/bin/sh
#  check-layers.sh: the core reaches nothing outside itself but a few functions of libc, and the
#  library shows nothing but zgrid_*. Runs in the build folder.
#  SPDX-License-Identifier: MPL-2.0
NM=${NM:-nm}
core=.libs/libzgrid-core.a
shared=.libs/libzgrid.so
allowed='mem(cpy|move|set|cmp|chr|rchr|mem)|str(len|nlen|cmp|ncmp|chr|rchr)|__mem(cpy|move|set)_chk'
allowed="$allowed|malloc|calloc|realloc|free|mmap|munmap|madvise|qsort"
allowed="$allowed|__assert_fail|abort|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__popcountdi2"
allowed="$allowed|v?snprintf|__v?snprintf_chk"
allowed="$allowed|(__isoc23_)?strto(l|ul|ll|ull|d|ld)|__errno_location|__ctype_b_loc"
allowed="$allowed|(pow|exp|log|log2|floor|ceil|trunc|round|fabs|fmod|ldexp|frexp|modf)[fl]?"
allowed="$allowed|(__)?is(nan|inf|finite)[fl]?"
#  What compilers put in for sanitizers, fuzzing and coverage
allowed="$allowed|__(asan|ubsan|tsan|sanitizer|sancov|gcov|start___sancov|stop___sancov)_?.*"

failed=0
if [ ! -f $core ]; then
    echo "nothing to look at: no $core"
    exit 1
fi
$NM -A --defined-only $core 2>/dev/null | awk '{ print $NF }' | sort -u > check-layers.defined
$NM -A -u $core 2>/dev/null | awk '{ print $NF, $1 }' | sort -u > check-layers.used
if [ "$(wc -l < check-layers.defined)" -lt 20 ] || [ "$(wc -l < check-layers.used)" -lt 5 ]; then
    echo "nothing to look at: $core holds next to no symbols"
    exit 1
fi
awk 'NR == FNR { defined[$1] = 1; next } !($1 in defined)' check-layers.defined check-layers.used \
    | grep -vE "^($allowed) " > check-layers.bad
if [ -s check-layers.bad ]; then
    echo "the core reaches outside of itself:"
    cat check-layers.bad
    failed=1
fi

if [ -f $shared ]; then
    $NM -D --defined-only $shared | awk '{ print $NF }' | sed 's/@.*//' > check-layers.shown
    if ! grep -q '^zgrid_' check-layers.shown; then
        echo "nothing to look at: $shared shows no zgrid_*"
        failed=1
    fi
    if grep -vE '^(zgrid_.*|__(asan|ubsan|tsan|odr_asan|sanitizer|sancov|gcov|llvm).*)$' check-layers.shown \
        > check-layers.bad; then
        echo "$shared shows what is not zgrid_*:"
        cat check-layers.bad
        failed=1
    fi
elif ! ./libtool --config | grep -q '^build_libtool_libs=no'; then
    echo "nothing to look at: no $shared"
    failed=1
fi
rm -f check-layers.defined check-layers.used check-layers.bad check-layers.shown
exit $failed
