//  bare_zsock: a client without libzgrid: zsock and zmsg, msgpack-c, and doc/protocol.md.
//  Usage: bare_zsock ENDPOINT
//  SPDX-License-Identifier: MPL-2.0
#include <czmq.h>
#include <msgpack.h>

static void
s_text (msgpack_packer *out, const char *text)
{
    msgpack_pack_str (out, strlen (text));
    msgpack_pack_str_body (out, text, strlen (text));
}

//  Adds one record: [id, op, map, key, value]
static void
s_record (msgpack_packer *out, int id, const char *op, const char *key, const char *value)
{
    msgpack_pack_array (out, 5);
    msgpack_pack_int (out, id);
    s_text (out, op);
    s_text (out, "planets");
    s_text (out, key);
    if (value)
        s_text (out, value);
    else
        msgpack_pack_nil (out);
}

//  Prints the replies of one body. Returns how many there were, -1 if it is not this protocol.
static int
s_print (zframe_t *body)
{
    const char *data = (const char *) zframe_data (body);
    size_t size = zframe_size (body), at = 3;
    int count = 0;
    if (size < 3 || memcmp (data, "ZG\1", 3) != 0)
        return -1;
    msgpack_unpacked record;
    msgpack_unpacked_init (&record);
    while (msgpack_unpack_next (&record, data, size, &at) == MSGPACK_UNPACK_SUCCESS) {
        const msgpack_object_array *reply = &record.data.via.array;
        if (record.data.type != MSGPACK_OBJECT_ARRAY || reply->size < 3)
            return -1;
        printf ("id %d status %d", (int) reply->ptr[0].via.u64, (int) reply->ptr[1].via.u64);
        if (reply->ptr[2].type == MSGPACK_OBJECT_BIN)
            printf (" value %.*s", (int) reply->ptr[2].via.bin.size, reply->ptr[2].via.bin.ptr);
        printf ("\n");
        count++;
    }
    msgpack_unpacked_destroy (&record);
    return count;
}

int
main (int argc, char *argv[])
{
    zsock_t *dealer = zsock_new_dealer (argc > 1 ? argv[1] : "tcp://127.0.0.1:3320");
    zsock_set_rcvtimeo (dealer, 5000);
    msgpack_sbuffer body = { 0 };
    msgpack_packer out;
    msgpack_packer_init (&out, &body, msgpack_sbuffer_write);
    msgpack_sbuffer_write (&body, "ZG\1", 3);
    s_record (&out, 1, "PUT", "earth", "blue");
    s_record (&out, 2, "GET", "earth", NULL);
    s_record (&out, 3, "GET", "vulcan", NULL);
    zmsg_t *request = zmsg_new ();
    zmsg_addmem (request, body.data, body.size);
    zmsg_send (&request, dealer);
    int left = 3, count = 0;
    while (left > 0 && count >= 0) {
        zmsg_t *reply = zmsg_recv (dealer);
        count = reply ? s_print (zmsg_first (reply)) : -1;
        left -= count;
        zmsg_destroy (&reply);
    }
    msgpack_sbuffer_destroy (&body);
    zsock_destroy (&dealer);
    return left == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
