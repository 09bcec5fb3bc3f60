/*  zgrid_node.h: a node inside one's own process.

    SPDX-License-Identifier: MPL-2.0

    A node is a set of actors on threads of its own. It leaves the host's signal handlers, stdout,
    allocator and locale alone. Functions on one zgrid_node_t are called by one thread at a time;
    client handles made from it belong to one thread each.
*/
#ifndef ZGRID_NODE_H_INCLUDED
#define ZGRID_NODE_H_INCLUDED

#include <zgrid_client.h>
#include <zgrid_error.h>
#include <zgrid_topic.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct zgrid_node zgrid_node_t;

//  A node with default settings, except that it listens nowhere (node.client is "none") and logs only
//  warnings and errors (log.level), not yet started. The caller owns it. NULL without memory.
ZGRID_EXPORT zgrid_node_t *
    zgrid_node_new (void);

//  Stops and frees a node. Every client made from it must be destroyed before. Other members take over
//  what it holds (limits.leave), and requests that have arrived are answered before it returns. Sets
//  *self_p to NULL. Accepts NULL.
ZGRID_EXPORT void
    zgrid_node_destroy (zgrid_node_t **self_p);

//  Sets one setting by its name ("node.client", "storage.actors"); doc/settings.md lists them.
//  Returns ZGRID_OK; ZGRID_MALFORMED if there is no such setting or the value is of the wrong type
//  or range, and zgrid_node_error says which; ZGRID_DENIED after the start.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_set (zgrid_node_t *self, const char *name, const char *value);

//  Reads settings from a configuration file. Returns ZGRID_OK; ZGRID_NOTFOUND if it cannot be read;
//  ZGRID_MALFORMED if it has mistakes, and zgrid_node_error lists them, one line each, as
//  "FILE:LINE: text"; ZGRID_DENIED after the start.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_load (zgrid_node_t *self, const char *file);

//  Takes settings from the environment: node.client is ZGRID_NODE_CLIENT, and so on. Returns ZGRID_OK;
//  ZGRID_MALFORMED if a variable's value is wrong or a variable of that form is no setting, and
//  zgrid_node_error lists them, one line each; ZGRID_DENIED after the start.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_environment (zgrid_node_t *self);

//  Looks at what the settings mean for each other, as zgrid_node_start does before anything else.
//  Returns ZGRID_OK or ZGRID_MALFORMED, and zgrid_node_error lists what is wrong, one line each.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_check (zgrid_node_t *self);

//  The value of a setting as text, in the form zgrid_node_set takes; NULL if there is no such
//  setting. Readable until the next call.
ZGRID_EXPORT const char *
    zgrid_node_setting (const zgrid_node_t *self, const char *name);

//  All settings, commented, in the form that zgrid_node_load reads. The caller frees the text with
//  free (). NULL without memory.
ZGRID_EXPORT char *
    zgrid_node_print_settings (const zgrid_node_t *self);

//  Starts the actors. With node.peer it first waits until the node is a member of a cluster, which may
//  take for ever. Returns ZGRID_OK once the node serves; ZGRID_DENIED if an address beyond
//  loopback is asked for without node.insecure; ZGRID_MALFORMED if zgrid_node_check finds something;
//  ZGRID_UNAVAILABLE if something could not be started (an address in use, no memory);
//  ZGRID_CLUSTER_MISMATCH if the cluster does not take this node; ZGRID_TIMEOUT if it was interrupted;
//  zgrid_node_error gives the reason. After an error nothing runs, and it may be tried again.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_start (zgrid_node_t *self);

//  The endpoint that clients connect to, with the real port; "" if the node listens nowhere.
//  Readable until the node is destroyed.
ZGRID_EXPORT const char *
    zgrid_node_endpoint (const zgrid_node_t *self);

//  Makes zgrid_node_start give up waiting for a cluster. May be called from a signal handler or by
//  another thread.
ZGRID_EXPORT void
    zgrid_node_interrupt (zgrid_node_t *self);

//  The endpoint that other members connect to, with the real port; "" if the node stays alone.
//  Readable until the node is destroyed.
ZGRID_EXPORT const char *
    zgrid_node_peer (const zgrid_node_t *self);

//  Where Redis clients connect (setting gateway.endpoint), with the real port; "" if nowhere. Readable until
//  the node is destroyed.
ZGRID_EXPORT const char *
    zgrid_node_redis (const zgrid_node_t *self);

//  The id of this start of the node, 16 hexadecimal digits; "" before the start. Readable until the
//  node is destroyed.
ZGRID_EXPORT const char *
    zgrid_node_id (const zgrid_node_t *self);

//  How the node stands. Returns ZGRID_OK while it serves; ZGRID_UNAVAILABLE before the start, and while
//  it hears no majority of voters; ZGRID_CLUSTER_MISMATCH if the cluster does not know it any more, as
//  after a long silence: it has to be destroyed. zgrid_node_error gives the reason.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_state (zgrid_node_t *self);

//  Opens log.file anew, as after it was renamed. Returns ZGRID_OK; ZGRID_UNAVAILABLE if it cannot be
//  opened: the log goes on in the old file. Nothing happens before the start or without log.file.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_reopen_log (zgrid_node_t *self);

//  A client of this node: keys that this process owns are read without a hop. To be used by the
//  thread that owns it; made by the node's thread. Returns ZGRID_OK; ZGRID_UNAVAILABLE before the
//  start; ZGRID_BUSY past limits.local_clients; ZGRID_NOMEM. *client_p is NULL unless ZGRID_OK.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_client (zgrid_node_t *self, zgrid_client_t **client_p);

//  A subscriber at this node, for the thread that owns it; made by the node's thread, and destroyed before
//  the node. All of a process that have subscribed to the same count as one where subscribers are counted.
//  Returns ZGRID_OK; ZGRID_UNAVAILABLE before the start; ZGRID_NOMEM. *topic_p is NULL unless ZGRID_OK.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_node_topic (zgrid_node_t *self, zgrid_topic_t **topic_p);

//  What went wrong in the last call that failed, for people. Never NULL. Readable until the next
//  call.
ZGRID_EXPORT const char *
    zgrid_node_error (const zgrid_node_t *self);

#ifdef __cplusplus
}
#endif

#endif
