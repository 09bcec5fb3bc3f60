//  fuzz_pubsub: what subscribers, other members and publishers may send. A body of messages that was read is
//  written as what reads the same; a topic likewise; and of whatever connections ask for nothing is left once
//  they have ended.
//  SPDX-License-Identifier: MPL-2.0
#include <assert.h>

#include "fuzz/fuzz.h"
#include "pubsub/audience.h"
#include "pubsub/message.h"

#define KEYS 4

static const uint8_t s_seed[HASH_SEED_SIZE] = { 1 };

static bool
s_same (const message_t *one, const message_t *other)
{
    return one->publisher == other->publisher && one->number == other->number
           && bytes_equal (one->channel, other->channel) && bytes_equal (one->message, other->message);
}

static void
s_messages (bytes_t body)
{
    mp_t reader, again;
    message_t message, same;
    bool broken = false;
    if (!message_open (body, &reader))
        return;
    buf_t copy = BUF_INIT;
    while (message_next (&reader, &message, &broken)) {
        buf_reset (&copy);
        message_add (&copy, &message);
        assert (message_open (buf_bytes (&copy), &again) && message_next (&again, &same, &broken));
        assert (s_same (&message, &same) && !message_next (&again, &same, &broken) && !broken);
    }
    buf_clear (&copy);
}

static void
s_topic (bytes_t frame)
{
    bytes_t name;
    uint8_t written[TOPIC_SIZE_MAX];
    topic_kind_t kind = topic_read (frame, &name);
    if (kind == TOPIC_NONE)
        return;
    assert (topic_name_valid (name));
    size_t size = topic_write (kind, name, written);
    assert (bytes_equal (frame, bytes_of (written, size)));
}

static void
s_changed (void *arg, topic_t *topic)
{
    (void) topic;
    ++*(uint64_t *) arg;
}

//  Connections that come, ask and go: each step is a key, a length and so many bytes.
static void
s_connections (bytes_t steps, bool members)
{
    uint64_t changes = 0, now = 1;
    audience_config_t config = { .members = members, .subscriptions_max = 20, .names_max = 500 };
    audience_port_t port = { &changes, s_changed };
    topics_t *topics = topics_new (s_seed, 100);
    audience_t *audience = topics ? audience_new (&config, topics, &port) : NULL;
    assert (audience);
    while (steps.size >= 2) {
        uint32_t key = 1 + steps.data[0] % KEYS;
        size_t size = steps.data[1] < steps.size - 2 ? steps.data[1] : steps.size - 2;
        bytes_t token = { NULL, 0 };
        now += steps.data[0] / KEYS;
        if (steps.data[0] >= 0xf0)
            audience_close (audience, key, now);
        else {
            if (!audience_listens (audience, key))
                audience_open (audience, key);
            if (audience_hear (audience, key, bytes_of (steps.data + 2, size), now, &token) == HEARD_SYNC)
                assert (topic_read (token, &(bytes_t) { NULL, 0 }) == TOPIC_SYNC);
        }
        assert (audience_stats (audience)->connections <= KEYS);
        assert (audience_stats (audience)->subscriptions <= KEYS * config.subscriptions_max);
        assert (topics_stats (topics)->names + topics_stats (topics)->names_there <= 2 * config.names_max);
        steps = bytes_of (steps.data + 2 + size, steps.size - 2 - size);
    }
    for (uint32_t key = 1; key <= KEYS; key++)
        audience_close (audience, key, now);
    assert (audience_stats (audience)->subscriptions == 0);
    size_t place = 0;
    for (topic_t *topic = topics_next (topics, &place, NULL); topic;
         topic = topics_next (topics, &place, topic))
        assert (!topic_wanted (topic) && topic->there == 0);
    audience_destroy (&audience);
    topics_destroy (&topics);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    bytes_t input = bytes_of (data, size);
    s_messages (input);
    s_topic (input);
    s_connections (input, false);
    s_connections (input, true);
    return 0;
}
