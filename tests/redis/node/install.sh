#!/bin/sh
#  install.sh FOLDER: the clients that package-lock.json names, into FOLDER/node_modules. Nothing is fetched
#  if they are there.
#  SPDX-License-Identifier: MPL-2.0
set -e
here=$(cd "$(dirname "$0")" && pwd)
folder=${1:?a folder is missing}
mkdir -p "$folder"
cd "$folder"
#  The copy of the lock is the last to come, and tells that all of it is here
if cmp -s "$here/package-lock.json" installed-lock.json; then
    exit 0
fi
rm -f installed-lock.json
cp "$here/package.json" "$here/package-lock.json" .
npm ci --ignore-scripts --no-audit --no-fund
cp "$here/package-lock.json" installed-lock.json
