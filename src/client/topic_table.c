//  topic_table: what a subscriber has subscribed to, and how far it is.
//  SPDX-License-Identifier: MPL-2.0
#include "hash.h"
#include "mem.h"
#include "topic_impl.h"

#define S_ROOM_FIRST 16
#define S_MARKS_FIRST 4

subscription_t *
topic_find (const zgrid_topic_t *self, bytes_t frame)
{
    if (!self->room)
        return NULL;
    uint64_t hash = hash_bytes (frame);
    subscription_t *found = self->buckets[hash & (self->room - 1)];
    while (found && (found->hash != hash || !bytes_equal (bytes_of (found->frame, found->size), frame)))
        found = found->next;
    return found;
}

static void
s_link (zgrid_topic_t *self, subscription_t *subscription)
{
    subscription_t **head = &self->buckets[subscription->hash & (self->room - 1)];
    subscription->next = *head;
    *head = subscription;
}

static bool
s_grow (zgrid_topic_t *self)
{
    if (self->count < self->room)
        return true;
    size_t before = self->room, room = before ? before * 2 : S_ROOM_FIRST;
    subscription_t **old = self->buckets;
    subscription_t **buckets = mem_alloc_zero (room, sizeof *buckets);
    if (!buckets)
        return false;
    self->buckets = buckets;
    self->room = room;
    for (size_t at = 0; at < before; at++)
        for (subscription_t *one = old[at], *next; one; one = next) {
            next = one->next;
            s_link (self, one);
        }
    mem_free (old);
    return true;
}

subscription_t *
topic_add (zgrid_topic_t *self, bytes_t frame)
{
    subscription_t *added = mem_alloc_zero (1, sizeof *added + frame.size);
    if (!added || !s_grow (self)) {
        mem_free (added);
        return NULL;
    }
    added->hash = hash_bytes (frame);
    added->size = (uint16_t) frame.size;
    added->link = self->sub ? self->link : self->link + 1;
    memcpy (added->frame, frame.data, frame.size);
    s_link (self, added);
    self->count++;
    return added;
}

void
topic_remove (zgrid_topic_t *self, subscription_t **subscription_p)
{
    subscription_t *removed = *subscription_p;
    subscription_t **link = &self->buckets[removed->hash & (self->room - 1)];
    while (*link != removed)
        link = &(*link)->next;
    *link = removed->next;
    self->count--;
    if (self->of == removed)
        self->of = NULL;
    mem_free (removed->marks);
    mem_free (removed);
    *subscription_p = NULL;
}

void
topic_clear (zgrid_topic_t *self)
{
    for (size_t at = 0; at < self->room; at++)
        while (self->buckets[at]) {
            subscription_t *first = self->buckets[at];
            topic_remove (self, &first);
        }
    mem_free (self->buckets);
    self->buckets = NULL;
    self->room = 0;
}

void
topic_each (zgrid_topic_t *self, void (*fn) (zgrid_topic_t *self, subscription_t *subscription))
{
    for (size_t at = 0; at < self->room; at++)
        for (subscription_t *one = self->buckets[at]; one; one = one->next)
            fn (self, one);
}

//  NULL: it is new, and there is no room for it.
static topic_mark_t *
s_mark (subscription_t *self, uint64_t publisher)
{
    for (uint32_t at = 0; at < self->marks_count; at++)
        if (self->marks[at].publisher == publisher)
            return &self->marks[at];
    if (self->marks_count == self->marks_room) {
        uint32_t room = self->marks_room ? self->marks_room * 2 : S_MARKS_FIRST;
        topic_mark_t *marks = room <= TOPIC_PUBLISHERS_MAX ? mem_resize (self->marks, room * sizeof *marks)
                                                           : NULL;
        if (!marks)
            return NULL;
        self->marks = marks;
        self->marks_room = room;
    }
    self->marks[self->marks_count] = (topic_mark_t) { .publisher = publisher };
    return &self->marks[self->marks_count++];
}

uint64_t
topic_lost (subscription_t *self, uint64_t link, uint64_t publisher, uint64_t number, bool *gap)
{
    *gap = link != self->link;
    if (*gap)
        self->marks_count = 0;
    self->link = link;
    topic_mark_t *mark = s_mark (self, publisher);
    uint64_t lost = 0;
    if (!mark) {
        //  Somebody's numbers are forgotten
        self->marks_count = 0;
        *gap = true;
        return 0;
    }
    if (mark->number && number > mark->number)
        lost = number - mark->number - 1;
    //  It counts anew
    *gap = *gap || (mark->number && number <= mark->number);
    mark->number = number;
    return lost;
}
