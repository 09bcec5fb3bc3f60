//  client_cached: the near cache (cached.c, core/cache.h). For clients whose `cached` is not NULL. A part of
//  client_impl.h.
//  SPDX-License-Identifier: MPL-2.0
#ifndef CLIENT_CACHED_H_INCLUDED
#define CLIENT_CACHED_H_INCLUDED

//  What is known of a key: true if the entry is filled. The value may be read as cache_find says; a call
//  begins with cached_begin.
bool
    cached_get (zgrid_client_t *client, bytes_t map, bytes_t key, zgrid_entry_t *entry);
void
    cached_begin (zgrid_client_t *client);

//  Fills entries that say ZGRID_TRYAGAIN; returns how many it filled.
size_t
    cached_mget (zgrid_client_t *client, bytes_t map, const zgrid_bytes_t *keys, size_t count,
                 zgrid_entry_t *entries);

//  Whether a GET with these options may be answered from it; options NULL: none.
bool
    cached_allows (const zgrid_options_t *options);

//  A record is about to be encoded: one whose answer shall be kept gets the option `track`, in *options.
//  Returns what becomes the item's stamp until it is started.
uint32_t
    cached_ask (const zgrid_client_t *client, record_t *record, options_t *options);

//  An item of a pipeline is about to be started. True: it was answered.
bool
    cached_serve (zgrid_client_t *client, batch_t *batch, item_t *item);

//  An item is started; has its answer; ends without one.
void
    cached_started (zgrid_client_t *client, item_t *item);
void
    cached_answered (zgrid_client_t *client, item_t *item, const zgrid_entry_t *entry);
static inline void
cached_ended (zgrid_client_t *client, item_t *item)
{
    if (item->writes)
        cached_started (client, item);
}

//  [0, "INVALIDATE", what, number, meta], from the value on; count: elements of the record.
void
    cached_pushed (zgrid_client_t *client, connection_t *connection, mp_t reader, uint32_t count);

//  A connection ends; what it has answered nobody tells about any more.
void
    cached_left (zgrid_client_t *client, const connection_t *connection);
//  It is another cluster now.
void
    cached_forget (zgrid_client_t *client);
void
    cached_destroy (zgrid_client_t *client);

#endif
