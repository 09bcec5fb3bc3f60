//  watchers: the clients of one door that want to be told something without asking each time: of new
//  views (HELLO with the option `views`), each with the push [0, "VIEW", routers, version, nil], at most
//  four times a second, the newest version alone; or what else the owner has words for. One that is gone is
//  forgotten when a push shows it; beyond the bound the oldest is.
//  SPDX-License-Identifier: MPL-2.0
#ifndef WATCHERS_H_INCLUDED
#define WATCHERS_H_INCLUDED

#include "cluster/view.h"
#include "flow.h"

#define WATCHERS_MAX 4096        // Of one door
#define WATCHERS_INTERVAL 250    // Milliseconds between two pushes
#define WATCHERS_ROUTERS 16      // Public endpoints that a push of a view names
#define WATCHERS_ENVELOPE_MAX 64 // Bytes of envelope frames that a push bears

typedef struct watchers watchers_t;

//  most: how many there may be. NULL without memory. The caller owns it.
watchers_t *
    watchers_new (uint32_t most);
//  Accepts NULL.
void
    watchers_destroy (watchers_t **self_p);

//  What a client is told that has been told everything up to the version `told`: adds push records to
//  a body. Returns up to where it has been told then: above `told`.
typedef uint64_t (watchers_words_fn) (const void *arg, uint64_t told, buf_t *out);

//  Other words than VIEW, and at least so many milliseconds between two pushes. Before the first client.
void
    watchers_set_words (watchers_t *self, watchers_words_fn *words, const void *arg, uint64_t interval);

//  Remembers a client by its routing id; envelope frames go before each push. known: the version that
//  it has been told; one that was here before is told what it had not been told then. False without
//  memory, or if the envelope is too large.
bool
    watchers_add (watchers_t *self, bytes_t route, const bytes_t *envelope, size_t envelope_count,
                  uint64_t known);

//  There is a new version; older ones than the last are passed over.
void
    watchers_publish (watchers_t *self, uint64_t version);

//  The same for a view: its push names the public endpoints of members that are UP, so that a client
//  whose router has gone when it reads the push knows who else there is. nil where memory is short.
void
    watchers_publish_view (watchers_t *self, const view_t *view);

//  Sends what is due through send (flow.h): a client that is FLOW_GONE is forgotten, one that is
//  FLOW_FULL is tried again later. Returns the milliseconds after which it wants to be called again;
//  UINT64_MAX: not before the next version.
uint64_t
    watchers_turn (watchers_t *self, flow_send_fn *send, void *arg, uint64_t now);

uint32_t
    watchers_count (const watchers_t *self);

#endif
