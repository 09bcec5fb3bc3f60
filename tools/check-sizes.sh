#!/bin/sh
#  check-sizes.sh: files of at most 600 lines; in C and shell, lines of at most 110 characters; in C,
#  functions of at most 70 lines. Lists (.def) may be wider: they are tables. What is longer stands in
#  size-debt.txt with its present length, which is its limit:
#    file PATH LINES
#    function PATH NAME LINES
#  SPDX-License-Identifier: MPL-2.0
srcdir=${srcdir:-.}
cd "$srcdir" || exit 1
files=$(find src include tests examples bench tools m4/zgrid.m4 configure.ac Makefile.am quickstart runtests \
    -type f \( -name '*.[ch]' -o -name '*.def' -o -name '*.sh' -o -name '*.py' -o -name '*.mk' \
    -o -name '*.am' -o -name '*.ac' -o -name '*.m4' -o -name 'quickstart' -o -name 'runtests' \))
#  shellcheck disable=SC2086
LC_ALL=C awk '
    FILENAME == "tools/size-debt.txt" {
        if ($1 == "file")
            debt[$2] = $3
        else if ($1 == "function")
            debt[$2 " " $3] = $4
        next
    }
    FNR == 1 {
        end_of_file()
        file = FILENAME
        files++
        open = 0
        name = ""
    }
    { lines = FNR }
    length ($0) > 110 && FILENAME ~ /\.([ch]|sh|m4|ac)$/ {
        #  Bytes are counted here; leave out those that continue a character of UTF-8
        text = $0
        gsub (/[\200-\277]/, "", text)
        if (length (text) > 110)
            bad(FILENAME ":" FNR ": a line of " length (text) " characters")
    }
    FILENAME !~ /\.[ch]$/ { next }
    /^[A-Za-z_].*\(/ && !open {
        name = $0
        if (name ~ /^START_TEST/)
            sub (/^START_TEST *\(/, "", name)
        else
            sub (/ *\(.*/, "", name)
        sub (/\).*/, "", name)
        sub (/.*[ *]/, "", name)
    }
    /^\{/ { open = FNR }
    /^\}/ && open {
        functions++
        size = FNR - open + 1
        key = FILENAME " " name
        limit = key in debt ? debt[key] : 70
        if (size > limit)
            bad(FILENAME ":" open ": the function " name " has " size " lines, " limit " are allowed")
        else if (key in debt && size <= 70)
            bad(FILENAME ": " name " is no longer a debt: take it out of size-debt.txt")
        open = 0
    }
    function bad(text) {
        print text
        failed = 1
    }
    function end_of_file(   limit) {
        if (file == "")
            return
        limit = file in debt ? debt[file] : 600
        if (lines > limit)
            bad(file ": " lines " lines, " limit " are allowed")
        else if (file in debt && lines <= 600)
            bad(file ": is no longer a debt: take it out of size-debt.txt")
    }
    END {
        end_of_file()
        if (files < 20 || functions < 50)
            bad("nothing to look at: " files + 0 " files, " functions + 0 " functions")
        else
            print files " files, " functions " functions"
        exit failed
    }' tools/size-debt.txt $files
