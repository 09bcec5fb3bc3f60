#  SPDX-License-Identifier: MPL-2.0
libzgrid_inner_la_SOURCES += \
    src/node/text.c src/node/text.h \
    src/node/settings.c src/node/settings.h src/node/settings_impl.h src/node/settings_assign.c \
    src/node/settings_check.c src/node/settings_file.c src/node/settings_print.c \
    src/node/log.c src/node/log.h

#  The node and its actors
libzgrid_inner_la_SOURCES += \
    src/actors/actor.c src/actors/actor.h \
    src/actors/beacon_actor.c src/actors/beacon_actor.h src/actors/beacon_impl.h \
    src/actors/beacon_inner.c src/actors/beacon_log.c src/actors/beacon_log.h src/actors/beacon_news.c \
    src/actors/beacon_view.c \
    src/actors/bind.c src/actors/bind.h \
    src/actors/cargo.c src/actors/cargo.h \
    src/actors/discover.c src/actors/discover.h \
    src/actors/door.c src/actors/door.h \
    src/actors/facts.c src/actors/facts.h \
    src/actors/fellows.c src/actors/fellows.h \
    src/actors/frames.c src/actors/frames.h src/actors/touch.c src/actors/touch.h \
    src/actors/haul.c src/actors/haul.h \
    src/actors/inner.c src/actors/inner.h \
    src/actors/large.c src/actors/large.h \
    src/actors/lines.c src/actors/lines.h \
    src/actors/links.c src/actors/links.h \
    src/actors/note.h \
    src/actors/probe.c src/actors/probe.h \
    src/actors/node_info.c src/actors/node_info.h \
    src/actors/ear.c src/actors/ear.h src/actors/gateway_ear.c src/actors/gateway_ear.h \
    src/actors/gateway_actor.c src/actors/gateway_actor.h \
    src/actors/taps.c src/actors/taps.h src/actors/taps_impl.h src/actors/taps_listen.c \
    src/actors/mesh.c src/actors/mesh.h \
    src/actors/pubsub_actor.c src/actors/pubsub_actor.h src/actors/pubsub_actor_impl.h \
    src/actors/pubsub_actor_make.c \
    src/actors/rebalancer_actor.c src/actors/rebalancer_actor.h src/actors/rebalancer_impl.h \
    src/actors/rebalancer_in.c src/actors/rebalancer_out.c \
    src/actors/refusals.c src/actors/refusals.h \
    src/actors/router_actor.c src/actors/router_actor.h src/actors/router_alone.c src/actors/router_pubsub.c \
    src/actors/router_forward.c src/actors/router_stats.c src/actors/router_impl.h \
    src/actors/regex.c src/actors/regex.h \
    src/actors/squeeze.c src/actors/squeeze.h \
    src/actors/storage_actor.c src/actors/storage_actor.h src/actors/storage_actor_cluster.c \
    src/actors/storage_actor_impl.h src/actors/storage_actor_told.c \
    src/actors/stream.c src/actors/stream.h \
    src/node/local_read.c \
    src/node/node.c src/node/node_address.c src/node/node_channel.c src/node/node_cluster.c \
    src/node/node_describe.c src/node/node_gateway.c \
    src/node/node_impl.h src/node/node_moves.c src/node/node_pubsub.c src/node/node_settings.c src/node/node_topic.c
