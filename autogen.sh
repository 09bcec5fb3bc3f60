#!/bin/sh
#  SPDX-License-Identifier: MPL-2.0
set -e
cd "$(dirname "$0")"
exec autoreconf --install --force "$@"
