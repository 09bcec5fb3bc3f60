#  SPDX-License-Identifier: MPL-2.0
#  Agreeing on the view: see cluster.h
libzgrid_core_la_SOURCES += \
    src/core/cluster/admin.c \
    src/core/cluster/cluster.c src/core/cluster/cluster.h src/core/cluster/cluster_impl.h \
    src/core/cluster/cluster_deltas.c src/core/cluster/cluster_peers.c src/core/cluster/cluster_post.c \
    src/core/cluster/coordinator.c src/core/cluster/coordinator_admin.c src/core/cluster/coordinator_copies.c \
    src/core/cluster/coordinator_even.c \
    src/core/cluster/coordinator_events.c src/core/cluster/coordinator_members.c \
    src/core/cluster/coordinator_parts.c src/core/cluster/coordinator_voters.c \
    src/core/cluster/event.c src/core/cluster/event.def src/core/cluster/event.h \
    src/core/cluster/founding.c src/core/cluster/heartbeat.c src/core/cluster/register.c \
    src/core/cluster/register_accept.c \
    src/core/cluster/lease.h \
    src/core/cluster/map_setting.def src/core/cluster/map_words.c src/core/cluster/map_words.h \
    src/core/cluster/peer.c src/core/cluster/peer.def src/core/cluster/peer.h \
    src/core/cluster/placement.c src/core/cluster/placement.h src/core/cluster/placement_impl.h \
    src/core/cluster/placement_copies.c src/core/cluster/placement_primaries.c \
    src/core/cluster/placement_quota.c src/core/cluster/plan.c src/core/cluster/plan.h \
    src/core/cluster/swim.c src/core/cluster/swim.h src/core/cluster/swim_gossip.c \
    src/core/cluster/swim_impl.h \
    src/core/cluster/view.c src/core/cluster/view.h src/core/cluster/view_code.c \
    src/core/cluster/view_code.h src/core/cluster/view_delta.c src/core/cluster/view_delta.h
