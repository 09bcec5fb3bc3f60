#  steps.sh: what ./quickstart and ./runtests share: Debian packages, steps with durations. Sourced.
#  SPDX-License-Identifier: MPL-2.0

#  What a build needs. autoconf, automake and libtool only where there is no configure yet
build_packages ()
{
    echo gcc libc6-dev make pkgconf libzmq3-dev libczmq-dev libmsgpack-dev libxxhash-dev liblz4-dev \
        libpcre2-dev libjansson-dev
    [ -x configure ] || echo autoconf automake libtool
}

#  Node.js, unless there is one that Debian's package manager may not know of
node_packages ()
{
    { command -v node && command -v npm; } >/dev/null 2>&1 || echo nodejs npm
}

#  need_packages NAME...: installs those that are missing. Asks nobody if none is.
need_packages ()
{
    missing=
    for package; do
        status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)
        [ "$status" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "missing packages:$missing"
    as_root=
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "this is not a Debian system: please install the like of them, and try again"
        exit 1
    elif [ "$(id -u)" != 0 ]; then
        as_root=sudo
        if ! command -v sudo >/dev/null 2>&1 || ! { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            echo "neither root nor sudo: please have them installed, and try again:"
            echo "    apt-get install --no-install-recommends$missing"
            exit 1
        fi
    fi
    echo "apt-get installs them, and what they depend on"
    #  shellcheck disable=SC2086
    step "packages" "$LOGS/packages.log" install_packages $missing || exit 1
}

install_packages ()
{
    #  An old list may still do
    $as_root apt-get update || echo "apt-get update failed: trying with the list that is there"
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"
}

seconds ()
{
    date +%s
}

#  step NAME LOG COMMAND...: runs it with its output in the log; one line tells how it went, and after a
#  failure the log's end.
step ()
{
    step_name=$1
    step_log=$2
    shift 2
    mkdir -p "${step_log%/*}"
    step_start=$(seconds)
    #  On a terminal: what is under way
    [ -t 1 ] && printf '  ...   %s' "$step_name"
    if "$@" > "$step_log" 2>&1 < /dev/null; then
        step_result=0
        step_word=ok
    else
        step_result=1
        step_word=FAILED
    fi
    [ -t 1 ] && printf '\r\033[K'
    printf '  %-7s %4d s  %s\n' "$step_word" $(($(seconds) - step_start)) "$step_name"
    if [ $step_result != 0 ]; then
        echo "---- the end of $step_log"
        tail -n 60 "$step_log"
        echo "----"
    fi
    return $step_result
}

#  configure_in FOLDER OPTIONS...: autogen where there is no configure yet; configure where it has not run.
configure_in ()
{
    folder=$1
    shift
    [ -x configure ] || ./autogen.sh || return 1
    mkdir -p "$folder"
    [ -f "$folder/Makefile" ] || (cd "$folder" && "$TOP/configure" "$@")
}

jobs ()
{
    nproc 2>/dev/null || echo 1
}
