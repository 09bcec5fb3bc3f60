//  lines_topics: publish and subscribe. Who listens does so at the member of `client`; `other` publishes, at
//  another one.
//  SPDX-License-Identifier: MPL-2.0
#include "conformance.h"

#define S_PATIENCE 20000
#define S_MESSAGES 10

//  A subscriber at the member of `client`, over the network.
static zgrid_topic_t *
s_remote_topic (subject_t *self)
{
    zgrid_topic_t *topic;
    zgrid_topic_options_t options = ZGRID_TOPIC_OPTIONS_INIT;
    options.endpoints = self->endpoint;
    options.timeout_ms = S_PATIENCE;
    EXPECT_INT (self, zgrid_topic_new (&topic, &options), ZGRID_OK);
    return topic;
}

//  The same way as `client`.
static zgrid_topic_t *
s_topic (subject_t *self)
{
    zgrid_topic_t *topic;
    if (!self->node)
        return s_remote_topic (self);
    EXPECT_INT (self, zgrid_node_topic (self->node, &topic), ZGRID_OK);
    return topic;
}

static void
s_publish (subject_t *self, zgrid_client_t *client, const char *channel, const char *message, uint64_t wanted)
{
    uint64_t receivers = 99;
    EXPECT_INT (self, zgrid_client_publish (client, zgrid_str (channel), zgrid_str (message), &receivers),
                ZGRID_OK);
    EXPECT_INT (self, receivers, wanted);
}

//  The next message is this one. pattern NULL: because of its channel.
static void
s_hears (subject_t *self, zgrid_topic_t *topic, const char *pattern, const char *channel, const char *message)
{
    zgrid_message_t heard;
    EXPECT_INT (self, zgrid_topic_receive (topic, &heard, S_PATIENCE), ZGRID_OK);
    EXPECT_TEXT (self, heard.channel, channel);
    EXPECT_TEXT (self, heard.message, message);
    EXPECT (self, pattern ? heard.pattern.data != NULL : heard.pattern.data == NULL);
    if (pattern)
        EXPECT_TEXT (self, heard.pattern, pattern);
    EXPECT (self, heard.lost == 0 && !heard.gap);
}

//  B.5 Publish_Subscribe, Cluster: confirmed, 10 publishes each return 1, all 10 received; order for each
//  publisher and channel.
void
subscribers_hear_every_message_in_order (subject_t *self)
{
    char first[64], second[64], text[32];
    snprintf (first, sizeof first, "%s", subject_name (self, "first"));
    snprintf (second, sizeof second, "%s", subject_name (self, "second"));
    zgrid_topic_t *topic = s_topic (self);
    EXPECT_INT (self, zgrid_topic_subscribe (topic, zgrid_str (first)), ZGRID_OK);
    for (unsigned at = 0; at < S_MESSAGES; at++) {
        snprintf (text, sizeof text, "message %u", at);
        s_publish (self, self->other, first, text, 1);
        s_publish (self, self->other, second, "to nobody", 0);
    }
    for (unsigned at = 0; at < S_MESSAGES; at++) {
        snprintf (text, sizeof text, "message %u", at);
        s_hears (self, topic, NULL, first, text);
    }
    //  At the member where it is published as well, and from both at once
    EXPECT_INT (self, zgrid_topic_subscribe (topic, zgrid_str (second)), ZGRID_OK);
    unsigned next[2] = { 0, 0 };
    for (unsigned at = 0; at < S_MESSAGES; at++) {
        snprintf (text, sizeof text, "%u", at);
        s_publish (self, self->client, first, text, 1);
        s_publish (self, self->other, second, text, 1);
    }
    for (unsigned at = 0; at < 2 * S_MESSAGES; at++) {
        zgrid_message_t heard;
        EXPECT_INT (self, zgrid_topic_receive (topic, &heard, S_PATIENCE), ZGRID_OK);
        bool other = heard.channel.size == strlen (second);
        snprintf (text, sizeof text, "%u", next[other]++);
        EXPECT_TEXT (self, heard.channel, other ? second : first);
        EXPECT_TEXT (self, heard.message, text);
    }
    zgrid_topic_destroy (&topic);
}

static void
s_await_numpat (subject_t *self, zgrid_client_t *client, uint64_t wanted)
{
    uint64_t end = subject_now () + S_PATIENCE, count = 99;
    while (count != wanted && subject_now () < end)
        EXPECT_INT (self, zgrid_client_numpat (client, &count), ZGRID_OK);
    EXPECT_INT (self, count, wanted);
}

//  B.5 Publish_PSubscribe "my-*"; PSubscribe h?llo; [ae] classes.
void
patterns_hear_what_they_match (subject_t *self)
{
    static const struct {
        const char *pattern, *hit, *miss;
    } s_cases[] = {
        { "my-*", "my-channel", "myself" }, { "h?llo", "hello", "hllo" },  { "h[ae]llo", "hallo", "hillo" },
        { "h[a-e]ll", "hcll", "hfll" },     { "h[^e]lp", "halp", "help" }, { "\\*x", "*x", "xx" },
    };
    for (size_t at = 0; at < sizeof s_cases / sizeof s_cases[0]; at++) {
        char pattern[96], hit[96], miss[96];
        const char *name = subject_name (self, "p");
        snprintf (pattern, sizeof pattern, "%s%s", name, s_cases[at].pattern);
        snprintf (hit, sizeof hit, "%s%s", name, s_cases[at].hit);
        snprintf (miss, sizeof miss, "%s%s", name, s_cases[at].miss);
        zgrid_topic_t *topic = s_topic (self);
        EXPECT_INT (self, zgrid_topic_subscribe_pattern (topic, zgrid_str (pattern)), ZGRID_OK);
        for (unsigned count = 0; count < S_MESSAGES; count++) {
            s_publish (self, self->other, miss, "miss", 0);
            s_publish (self, self->other, hit, "hit", 1);
        }
        for (unsigned count = 0; count < S_MESSAGES; count++)
            s_hears (self, topic, pattern, hit, "hit");
        //  By its channel too: once for each subscription
        EXPECT_INT (self, zgrid_topic_subscribe (topic, zgrid_str (hit)), ZGRID_OK);
        s_publish (self, self->other, hit, "twice", 2);
        zgrid_message_t heard;
        unsigned patterns = 0;
        for (unsigned count = 0; count < 2; count++) {
            EXPECT_INT (self, zgrid_topic_receive (topic, &heard, S_PATIENCE), ZGRID_OK);
            EXPECT_TEXT (self, heard.message, "twice");
            patterns += heard.pattern.data != NULL;
        }
        EXPECT_INT (self, patterns, 1);
        zgrid_topic_destroy (&topic);
        //  That it is gone is learnt later, and the next miss may match this pattern ("hillo", "h?llo")
        s_await_numpat (self, self->client, 0);
        s_await_numpat (self, self->other, 0);
    }
}

static uint64_t
s_numsub (subject_t *self, zgrid_client_t *client, const char *channel)
{
    zgrid_bytes_t name = zgrid_str (channel);
    uint64_t count = 99;
    EXPECT_INT (self, zgrid_client_numsub (client, &name, 1, &count), ZGRID_OK);
    return count;
}

//  Counts go down when the member learns that a connection is gone: waits for that.
static void
s_await_numsub (subject_t *self, zgrid_client_t *client, const char *channel, uint64_t wanted)
{
    uint64_t end = subject_now () + S_PATIENCE;
    while (s_numsub (self, client, channel) != wanted && subject_now () < end)
        ;
    EXPECT_INT (self, s_numsub (self, client, channel), wanted);
}

//  B.5 PubSubChannels; PubSubNumSub {my-channel:1, foobar:0}; PubSubNumPat; Channels without and with
//  patterns; Numpat counts unique patterns; Numsub per channel; counters after disconnect.
void
channels_and_subscribers_are_counted_everywhere (subject_t *self)
{
    char channel[64], lonely[64], glob[64];
    const char *name = subject_name (self, "c");
    snprintf (channel, sizeof channel, "%s-channel", name);
    snprintf (lonely, sizeof lonely, "%s-lonely", name);
    snprintf (glob, sizeof glob, "%s-*", name);
    zgrid_topic_t *one = s_topic (self), *two = s_remote_topic (self);
    zgrid_client_t *clients[] = { self->client, self->other };
    const zgrid_bytes_t *found;
    size_t count;
    s_await_numpat (self, self->client, 0);
    s_await_numpat (self, self->other, 0);
    EXPECT_INT (self, zgrid_topic_subscribe (one, zgrid_str (channel)), ZGRID_OK);
    for (unsigned at = 0; at < 2; at++) {
        EXPECT_INT (self, zgrid_client_channels (clients[at], glob, &found, &count), ZGRID_OK);
        EXPECT_INT (self, count, 1);
        EXPECT_TEXT (self, found[0], channel);
        EXPECT_INT (self, s_numsub (self, clients[at], channel), 1);
        EXPECT_INT (self, s_numsub (self, clients[at], lonely), 0);
    }
    EXPECT_INT (self, zgrid_topic_subscribe (two, zgrid_str (channel)), ZGRID_OK);
    EXPECT_INT (self, zgrid_topic_subscribe (two, zgrid_str (lonely)), ZGRID_OK);
    for (unsigned at = 0; at < 2; at++) {
        s_await_numsub (self, clients[at], channel, 2);
        EXPECT_INT (self, zgrid_client_channels (clients[at], glob, &found, &count), ZGRID_OK);
        EXPECT_INT (self, count, 2);
        EXPECT_INT (self, zgrid_client_channels (clients[at], NULL, &found, &count), ZGRID_OK);
        EXPECT (self, count >= 2);
        EXPECT_INT (self, zgrid_client_channels (clients[at], lonely, &found, &count), ZGRID_OK);
        EXPECT_INT (self, count, 1);
    }
    //  Twice the same pattern is one; patterns are no channels
    EXPECT_INT (self, zgrid_topic_subscribe_pattern (one, zgrid_str (glob)), ZGRID_OK);
    EXPECT_INT (self, zgrid_topic_subscribe_pattern (two, zgrid_str (glob)), ZGRID_OK);
    EXPECT_INT (self, zgrid_topic_subscribe_pattern (two, zgrid_str (channel)), ZGRID_OK);
    for (unsigned at = 0; at < 2; at++) {
        s_await_numpat (self, clients[at], 2);
        EXPECT_INT (self, zgrid_client_channels (clients[at], glob, &found, &count), ZGRID_OK);
        EXPECT_INT (self, count, 2);
    }
    //  Who is gone counts no more
    zgrid_topic_destroy (&two);
    for (unsigned at = 0; at < 2; at++) {
        s_await_numsub (self, clients[at], channel, 1);
        s_await_numsub (self, clients[at], lonely, 0);
        s_await_numpat (self, clients[at], 1);
    }
    zgrid_topic_destroy (&one);
    for (unsigned at = 0; at < 2; at++) {
        s_await_numsub (self, clients[at], channel, 0);
        s_await_numpat (self, clients[at], 0);
    }
}

//  B.5 Unsubscribe then nothing; PUnsubscribe then nothing; Close.
void
who_unsubscribes_hears_nothing_more (subject_t *self)
{
    char channel[64], pattern[64], end[64];
    const char *name = subject_name (self, "u");
    snprintf (channel, sizeof channel, "%s-channel", name);
    snprintf (pattern, sizeof pattern, "%s-c*", name);
    snprintf (end, sizeof end, "%s-end", name);
    zgrid_topic_t *topic = s_topic (self);
    EXPECT_INT (self, zgrid_topic_unsubscribe (topic, zgrid_str (channel)), ZGRID_NOTFOUND);
    EXPECT_INT (self, zgrid_topic_subscribe (topic, zgrid_str (channel)), ZGRID_OK);
    s_publish (self, self->other, channel, "first", 1);
    s_hears (self, topic, NULL, channel, "first");
    s_publish (self, self->other, channel, "on its way", 1);
    EXPECT_INT (self, zgrid_topic_unsubscribe (topic, zgrid_str (channel)), ZGRID_OK);
    EXPECT_INT (self, zgrid_topic_subscribe_pattern (topic, zgrid_str (pattern)), ZGRID_OK);
    s_await_numsub (self, self->other, channel, 0);
    s_publish (self, self->other, channel, "second", 1);
    s_hears (self, topic, pattern, channel, "second");
    EXPECT_INT (self, zgrid_topic_unsubscribe_pattern (topic, zgrid_str (channel)), ZGRID_NOTFOUND);
    EXPECT_INT (self, zgrid_topic_unsubscribe_pattern (topic, zgrid_str (pattern)), ZGRID_OK);
    //  What was published to both is not behind this one any more
    EXPECT_INT (self, zgrid_topic_subscribe (topic, zgrid_str (end)), ZGRID_OK);
    s_await_numpat (self, self->other, 0);
    s_publish (self, self->other, channel, "third", 0);
    s_publish (self, self->other, end, "end", 1);
    s_hears (self, topic, NULL, end, "end");
    zgrid_topic_destroy (&topic);
}

void
wrong_topics_change_nothing (subject_t *self)
{
    char longest[257];
    memset (longest, 'x', sizeof longest);
    zgrid_bytes_t name = { longest, 255 }, longer = { longest, 256 }, none = { longest, 0 },
                  zero = { "a\0b", 3 };
    zgrid_topic_t *topic = s_topic (self);
    EXPECT_INT (self, zgrid_topic_subscribe (topic, longer), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_topic_subscribe (topic, none), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_topic_subscribe_pattern (topic, zero), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_topic_unsubscribe (topic, zero), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_topic_subscribe (topic, name), ZGRID_OK);
    EXPECT_INT (self, zgrid_client_publish (self->other, longer, name, NULL), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_publish (self->other, none, name, NULL), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_publish (self->other, zero, name, NULL), ZGRID_MALFORMED);
    EXPECT_INT (self, zgrid_client_publish (self->other, zgrid_str ("zgrid.events"), name, NULL),
                ZGRID_DENIED);
    uint64_t receivers;
    EXPECT_INT (self, zgrid_client_publish (self->other, name, none, &receivers), ZGRID_OK);
    EXPECT_INT (self, receivers, 1);
    zgrid_message_t heard;
    EXPECT_INT (self, zgrid_topic_receive (topic, &heard, S_PATIENCE), ZGRID_OK);
    EXPECT (self, heard.channel.size == 255 && heard.message.size == 0 && !heard.gap && heard.lost == 0);
    EXPECT_INT (self, zgrid_topic_receive (topic, &heard, 0), ZGRID_TIMEOUT);
    zgrid_topic_destroy (&topic);
}
