#  SPDX-License-Identifier: MPL-2.0
INTEROP_FILES = tests/interop/bad_bytes.py tests/interop/bad_clients.py tests/interop/bad_input.py \
    tests/interop/zgp.py tests/interop/conformance.py tests/interop/conformance_fails.py \
    tests/interop/fake_cluster.py tests/interop/fake_exec.py tests/interop/fake_locks.py tests/interop/fake_topics.py \
    tests/interop/fake_msgpack.py tests/interop/fake_server.py tests/interop/fake_sessions.py \
    tests/interop/fake_store.py tests/interop/fake_tracking.py tests/interop/rules.py \
    tests/interop/rules_locks.py tests/interop/rules_topics.py \
    tests/interop/rules_data.py tests/interop/rules_exec.py tests/interop/rules_flow.py tests/interop/rules_frames.py \
    tests/interop/rules_maps.py tests/interop/rules_routes.py tests/interop/rules_sessions.py tests/interop/rules_time.py
EXTRA_DIST += $(INTEROP_FILES)

dist_check_SCRIPTS += tests/interop/check_conformance.sh tests/interop/check_conformance_fails.sh
TESTS += tests/interop/check_conformance.sh tests/interop/check_conformance_fails.sh
