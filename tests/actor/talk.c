//  talk: see talk.h.
//  SPDX-License-Identifier: MPL-2.0
#include "talk.h"

#include "lib/test.h"

zsock_t *
talk_socket (int type, const char *endpoint, bool binds)
{
    zsock_t *socket = zsock_new (type);
    ck_assert_ptr_nonnull (socket);
    zsock_set_rcvtimeo (socket, TALK_PATIENCE);
    zsock_set_linger (socket, 0);
    int code = binds ? zsock_bind (socket, "%s", endpoint) : zsock_connect (socket, "%s", endpoint);
    ck_assert_int_ge (code, 0);
    return socket;
}

inner_t
talk_heard (zsock_t *beacon, frames_t *frames)
{
    inner_t message = { .kind = 0 };
    zpoller_t *poller = zpoller_new (beacon, NULL);
    frames_close (frames);
    while (!inner_receive (zsock_resolve (beacon), frames, true, &message))
        ck_assert_ptr_nonnull (zpoller_wait (poller, TALK_PATIENCE));
    zpoller_destroy (&poller);
    return message;
}

void
talk_tell (zsock_t *beacon, bytes_t route, inner_t message)
{
    ck_assert (inner_send (zsock_resolve (beacon), &route, &message));
}

void
talk_publish (zsock_t *beacon, bytes_t route, view_t *view)
{
    buf_t encoded = BUF_INIT, hello = BUF_INIT, routes = BUF_INIT;
    view_encode (view, &encoded);
    wire_add_text (&hello, "epoch");
    wire_add_uint (&hello, view->version);
    wire_add_map (&routes, 1);
    wire_add_text (&routes, "epoch");
    wire_add_uint (&routes, view->version);
    talk_tell (beacon, route,
               (inner_t) { .kind = INNER_VIEW,
                           .view = buf_bytes (&encoded),
                           .hello = buf_bytes (&hello),
                           .hello_pairs = 1,
                           .routes = buf_bytes (&routes) });
    buf_clear (&encoded);
    buf_clear (&hello);
    buf_clear (&routes);
    view_destroy (&view);
}

mp_t
talk_look_up (const reply_t *reply, const char *name)
{
    mp_t reader = mp_of (reply->value.bytes);
    uint32_t pairs;
    bytes_t found;
    ck_assert_int_eq (reply->value.kind, VALUE_TREE);
    ck_assert (mp_map (&reader, &pairs));
    for (; pairs; pairs--) {
        ck_assert (mp_bytes (&reader, &found));
        if (bytes_equal (found, bytes_str (name)))
            return reader;
        ck_assert (mp_skip (&reader));
    }
    ck_abort_msg ("%s is missing", name);
    return reader;
}

uint64_t
talk_number (const reply_t *reply, const char *name)
{
    mp_t reader = talk_look_up (reply, name);
    uint64_t number;
    ck_assert (mp_uint (&reader, &number));
    return number;
}
