#!/bin/sh
#  check-install.sh: the installed copy can be built against through pkg-config, shared and static, and the
#  result does the main job of ./quickstart. `make installcheck` runs it, and distcheck that.
#    CC, CFLAGS, LIBDIR, BINDIR and srcdir come from the Makefile
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
PKG_CONFIG_PATH=$LIBDIR/pkgconfig${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
export PKG_CONFIG_PATH
folder=installcheck.tmp
mkdir -p $folder
trap 'rm -rf $folder' EXIT
sources="$srcdir/examples/quickstart/names.c $srcdir/examples/quickstart/data.c"
data=
for file in /usr/share/perl/*/unicore/Name.pl; do
    [ -f "$file" ] && data=$file
done
built=0

#  try NAME LIBRARY FLAGS...
try ()
{
    name=$1
    [ -f "$LIBDIR/$2" ] || return 0
    shift 2
    #  shellcheck disable=SC2086
    $CC $CFLAGS $sources -o "$folder/$name" "$@" || exit 1
    built=$((built + 1))
    [ -z "$data" ] || LD_LIBRARY_PATH=$LIBDIR "$folder/$name" "$data" || exit 1
}

pkg-config --exists --print-errors zgrid || exit 1
#  shellcheck disable=SC2046
try shared libzgrid.so $(pkg-config --cflags --libs zgrid)
#  The libraries below it stay shared: Debian's libzmq cannot be linked statically as it is
#  shellcheck disable=SC2046
try static libzgrid.a $(pkg-config --cflags zgrid) "$LIBDIR/libzgrid.a" \
    $(pkg-config --libs $(pkg-config --print-requires-private zgrid)) -lpthread -lm
if [ $built -eq 0 ]; then
    echo "nothing to look at: no library in $LIBDIR"
    exit 1
fi
LD_LIBRARY_PATH=$LIBDIR "$BINDIR/zgridd" --print-config > $folder/config || exit 1
grep -q partitions $folder/config || exit 1
echo "$built programs built against the installed copy"
