#  SPDX-License-Identifier: MPL-2.0
#  Redis clients: their protocol, their commands
libzgrid_core_la_SOURCES += \
    src/core/gateway/call.h \
    src/core/gateway/client_note.c src/core/gateway/client_note.h src/core/gateway/command.h src/core/gateway/gateway.h \
    src/core/gateway/gateway_stat.def src/core/gateway/hearers.c src/core/gateway/hearers.h \
    src/core/gateway/hearers_hear.c src/core/gateway/hearers_impl.h \
    src/core/gateway/info.c src/core/gateway/info.h src/core/gateway/info_section.def \
    src/core/gateway/key_note.c src/core/gateway/key_note.h \
    src/core/gateway/resp.h src/core/gateway/say.h src/core/gateway/slots.c src/core/gateway/slots.h \
    src/core/gateway/talk.h
