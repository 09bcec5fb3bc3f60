#  SPDX-License-Identifier: MPL-2.0
#  Redis clients: their protocol, their commands
libzgrid_core_la_SOURCES += \
    src/core/gateway/asks.c src/core/gateway/asks.h src/core/gateway/call.c src/core/gateway/call.h \
    src/core/gateway/client_note.c src/core/gateway/client_note.h src/core/gateway/cluster_note.c \
    src/core/gateway/cluster_note.h src/core/gateway/command.c src/core/gateway/command.def \
    src/core/gateway/command.h src/core/gateway/command_keys.c src/core/gateway/command_keys.h \
    src/core/gateway/config.def src/core/gateway/do.h src/core/gateway/do_client.c \
    src/core/gateway/do_cluster.c src/core/gateway/do_cluster_keys.c src/core/gateway/do_command.c \
    src/core/gateway/do_config.c src/core/gateway/do_connection.c src/core/gateway/do_counter.c \
    src/core/gateway/do_expire.c src/core/gateway/do_generic.c src/core/gateway/do_info.c \
    src/core/gateway/do_many.c src/core/gateway/do_olric.c src/core/gateway/do_pubsub.c \
    src/core/gateway/do_pubsub_ask.c src/core/gateway/do_scan.c src/core/gateway/do_server.c \
    src/core/gateway/do_string.c src/core/gateway/execute.c src/core/gateway/gateway.c \
    src/core/gateway/gateway.h src/core/gateway/gateway_impl.h src/core/gateway/gateway_stat.def \
    src/core/gateway/hearers.c src/core/gateway/hearers.h src/core/gateway/hearers_hear.c \
    src/core/gateway/hearers_impl.h src/core/gateway/help.c src/core/gateway/help.h \
    src/core/gateway/info.c src/core/gateway/info.h src/core/gateway/info_section.def \
    src/core/gateway/key_note.c src/core/gateway/key_note.h src/core/gateway/listen.c \
    src/core/gateway/listen.h src/core/gateway/many.h src/core/gateway/resp.c \
    src/core/gateway/resp.h src/core/gateway/say.c src/core/gateway/say.h src/core/gateway/slots.c \
    src/core/gateway/slots.h src/core/gateway/talk.c src/core/gateway/talk.h \
    src/core/gateway/words.h \
    src/core/gateway/bundle.c src/core/gateway/bundle.h src/core/gateway/do_multi.c \
    src/core/gateway/exec_value.c src/core/gateway/exec_value.h src/core/gateway/multi.c \
    src/core/gateway/multi.h src/core/gateway/pause.c src/core/gateway/pause.h \
    src/core/gateway/do_lcs.c src/core/gateway/do_script.c src/core/gateway/script.c \
    src/core/gateway/script.def src/core/gateway/script.h
