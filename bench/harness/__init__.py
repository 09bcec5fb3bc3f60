#  The parts of bench/run.
#  SPDX-License-Identifier: MPL-2.0
