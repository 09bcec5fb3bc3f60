#  SPDX-License-Identifier: MPL-2.0
#  Documents
dist_check_SCRIPTS += tests/system/check_docs.sh
TESTS += tests/system/check_docs.sh
