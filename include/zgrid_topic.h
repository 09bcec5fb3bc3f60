/*  zgrid_topic.h: publish and subscribe.

    SPDX-License-Identifier: MPL-2.0

    A message goes to everybody who has subscribed to its channel, or to a pattern that the channel
    matches, at any member of the cluster, at that moment; it is kept nowhere. Messages of one publisher
    to one channel come in the order in which they were published. A subscriber that does not read in time
    loses messages and is told how many; it delays nobody else.

    Publishing, and asking who listens, is done with a zgrid_client_t. Listening is done with a
    zgrid_topic_t, which is used by one thread at a time, as every handle is. It is connected to one
    member, and goes on with another one by itself when that member dies or leaves; what is lost
    meanwhile cannot be counted, and the next message of each subscription says so (`gap`).

    A channel has 1 to 255 bytes, none of them zero; a pattern too. In patterns * is any bytes, ? one
    byte, [abc] and [a-e] one of these, [^abc] one that is none of these, and \ takes its meaning from the
    byte behind it. Who has subscribed to a channel and to patterns that match it gets a message once
    for each of them.
*/
#ifndef ZGRID_TOPIC_H_INCLUDED
#define ZGRID_TOPIC_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zgrid_client.h>
#include <zgrid_error.h>

#ifdef __cplusplus
extern "C" {
#endif

//  ----------------------------------------------------------------------------------------------
//  Publishing: calls of a client (zgrid_client.h says which errors all of them may return). To publish
//  fast, keep many futures in flight, or use zgrid_pipeline_call (pipeline, "PUBLISH", NULL, &channel,
//  &message, NULL). Messages to one channel are sent in the order of the calls.

//  *receivers becomes the number of subscriptions in the cluster that the message was given to, as far
//  as this member knows; it may be NULL. Returns ZGRID_OK, also if there are none; ZGRID_MALFORMED for a
//  channel that is none; ZGRID_TOOBIG; ZGRID_BUSY; ZGRID_MAYBE.
ZGRID_EXPORT int
    zgrid_client_publish (zgrid_client_t *self, zgrid_bytes_t channel, zgrid_bytes_t message,
                          uint64_t *receivers);

//  The same as a future, whose entry->integer is the number. NULL only without memory.
ZGRID_EXPORT zgrid_future_t *
    zgrid_client_publish_future (zgrid_client_t *self, zgrid_bytes_t channel, zgrid_bytes_t message);

//  The channels that have subscribers by name (not by pattern) anywhere in the cluster, and match the
//  glob; match NULL: all of them. In no order; readable until the next call on the client. Returns
//  ZGRID_OK; ZGRID_PARTIAL: there are more, whose names exceed 4 MiB; ZGRID_MALFORMED for a glob of more
//  than 512 bytes.
ZGRID_EXPORT int
    zgrid_client_channels (zgrid_client_t *self, const char *match, const zgrid_bytes_t **channels,
                           size_t *count);

//  counts[i] becomes the number of subscribers by name that channels[i] has in the cluster, 0 for one
//  that nobody knows. Returns ZGRID_OK; ZGRID_MALFORMED for a channel that is none.
ZGRID_EXPORT int
    zgrid_client_numsub (zgrid_client_t *self, const zgrid_bytes_t *channels, size_t count,
                         uint64_t *counts);

//  *patterns becomes the number of different patterns that are subscribed to in the cluster.
ZGRID_EXPORT int
    zgrid_client_numpat (zgrid_client_t *self, uint64_t *patterns);

//  ----------------------------------------------------------------------------------------------
//  Listening

typedef struct zgrid_topic zgrid_topic_t;

typedef struct {
    size_t size;           // sizeof (zgrid_topic_options_t): lets the struct grow
    const char *endpoints; // As of zgrid_client_options_t: public endpoints of any members
    uint32_t timeout_ms;   // For finding a server, and for calls that subscribe (0: 5,000)
    uint32_t queue;        // Messages that wait here to be read, at most (0: 10,000)
} zgrid_topic_options_t;

#define ZGRID_TOPIC_OPTIONS_INIT { sizeof (zgrid_topic_options_t), NULL, 0, 0 }

//  What was received.
typedef struct {
    zgrid_bytes_t channel;
    zgrid_bytes_t pattern; // The one that it matched; data NULL: subscribed to by the channel's name
    zgrid_bytes_t message;
    uint64_t lost;         // Messages of this subscription that were lost before this one
    bool gap;              // Nobody knows how many more were lost: the connection was another one before,
                           // or its publisher has begun anew
} zgrid_message_t;

//  Makes a subscriber without subscriptions. Returns ZGRID_OK; ZGRID_MALFORMED if an endpoint cannot be
//  used; ZGRID_TIMEOUT if no server answered; ZGRID_UNAVAILABLE if no member takes subscribers;
//  ZGRID_NOMEM. *self_p is NULL unless it returned ZGRID_OK.
ZGRID_EXPORT ZGRID_CHECKED int
    zgrid_topic_new (zgrid_topic_t **self_p, const zgrid_topic_options_t *options);

//  Ends it and its subscriptions. Sets *self_p to NULL. Accepts NULL.
ZGRID_EXPORT void
    zgrid_topic_destroy (zgrid_topic_t **self_p);

//  Subscribe to a channel, to a pattern. When they return ZGRID_OK the subscription is in force: messages
//  that are published afterwards, at whichever member, arrive. To subscribe twice is to subscribe once.
//  Return ZGRID_TIMEOUT if no server confirmed it in time: the subscription stays, and is in force as
//  soon as one does; ZGRID_MALFORMED for what is no channel or pattern; ZGRID_BUSY past
//  10,000 subscriptions; ZGRID_NOMEM.
ZGRID_EXPORT int
    zgrid_topic_subscribe (zgrid_topic_t *self, zgrid_bytes_t channel);
ZGRID_EXPORT int
    zgrid_topic_subscribe_pattern (zgrid_topic_t *self, zgrid_bytes_t pattern);

//  End a subscription: no message of it is received any more. Return ZGRID_OK; ZGRID_NOTFOUND if there is
//  none.
ZGRID_EXPORT int
    zgrid_topic_unsubscribe (zgrid_topic_t *self, zgrid_bytes_t channel);
ZGRID_EXPORT int
    zgrid_topic_unsubscribe_pattern (zgrid_topic_t *self, zgrid_bytes_t pattern);

//  The next message, waiting for timeout_ms milliseconds at most; 0: not at all; -1: for ever. What it
//  shows may be read until the next call on this handle. Returns ZGRID_OK; ZGRID_TIMEOUT: none came;
//  ZGRID_NOMEM.
ZGRID_EXPORT int
    zgrid_topic_receive (zgrid_topic_t *self, zgrid_message_t *message, int timeout_ms);

//  What went wrong in the last call that failed, for people. Never NULL. Readable until the next call.
ZGRID_EXPORT const char *
    zgrid_topic_error (const zgrid_topic_t *self);

//  The public endpoint of the member that it listens to at present; "" while it looks for one. Readable
//  until the next call.
ZGRID_EXPORT const char *
    zgrid_topic_server (const zgrid_topic_t *self);

//  ----------------------------------------------------------------------------------------------
//  Foreign event loops. The descriptor becomes readable when there may be something to do; then, and after
//  zgrid_topic_timeout milliseconds at the latest, call zgrid_topic_receive with a timeout of 0 until it
//  returns ZGRID_TIMEOUT.

ZGRID_EXPORT int
    zgrid_topic_fd (zgrid_topic_t *self);

//  Milliseconds until something has to be done even if the descriptor is silent; never more than 1,000.
ZGRID_EXPORT int
    zgrid_topic_timeout (const zgrid_topic_t *self);

#ifdef __cplusplus
}
#endif

#endif
