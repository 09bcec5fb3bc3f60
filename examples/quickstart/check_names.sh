#!/bin/sh
#  check_names.sh: the main job of ./quickstart works, and notices when a record differs.
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
for file in /usr/share/perl/*/unicore/Name.pl; do
    data=$file
done
if [ ! -f "$data" ]; then
    echo "no data: Perl's unicore/Name.pl is not installed"
    exit 77
fi
program=./examples/quickstart/names
script="$srcdir/examples/quickstart/names.py"
$program "$data" "$script" || exit 1

#  The script gets a file in which one code point is another: it must fail, and so must the program
mkdir -p names.tmp
trap 'rm -rf names.tmp' EXIT
sed 's/^00041$/00042/' "$data" > names.tmp/changed.pl
cat > names.tmp/changed.py <<'END'
import os, sys
os.execv("/usr/bin/python3", ["python3", sys.argv[0] + ".real", sys.argv[1], "names.tmp/changed.pl"])
END
cp "$script" names.tmp/changed.py.real
if $program "$data" names.tmp/changed.py; then
    echo "a difference was not noticed"
    exit 1
fi
sed -n '1,200p' "$data" > names.tmp/short.pl
if $program names.tmp/short.pl "$script"; then
    echo "a file of a few records was taken"
    exit 1
fi
echo "differences are noticed"
