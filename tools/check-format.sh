#!/bin/sh
#  check-format.sh: .c files are as clang-format 14 lays them out; `make format` does it. Headers are
#  not looked at: their declarations are indented by hand, which clang-format does not know.
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
tool=${CLANG_FORMAT:-clang-format-14}
command -v "$tool" >/dev/null 2>&1 || tool=clang-format
if ! "$tool" --version 2>/dev/null | grep -q 'version 14\.'; then
    echo "clang-format 14 is not installed"
    exit 77
fi
cd "$srcdir" || exit 1
files=$(find src tests examples bench -type f -name '*.c')
if [ "$(echo "$files" | wc -l)" -lt 20 ]; then
    echo "nothing to look at"
    exit 1
fi
#  shellcheck disable=SC2086
if [ "$1" = --fix ]; then
    exec "$tool" --style=file -i $files
else
    exec "$tool" --style=file --dry-run -Werror $files
fi
