//  replica_feed: what is told of committed changes (feed.h). A storage without copies tells them as they
//  happen, one with copies when the log entry commits. After a failover the new primary tells what was
//  under way: of that it cannot know whether the old one told it, and says so (repeat).
//  SPDX-License-Identifier: MPL-2.0
#include "../key_event.h"
#include "../storage_impl.h"

void
replica_feed (storage_t *self, const partition_t *part, feed_change_t change)
{
    const view_t *view = self->cluster.view;
    bool event = view && view->maps_count && (view_map (view, change.map)->events & key_event_mask (&change));
    if (!event && !self->feed_all)
        return;
    map_t *map = event ? map_find (self, change.map) : NULL;
    if (map)
        change.number = ++map->told;
    change.partition = part->id;
    feed_add (self->feed, &change);
}

void
replica_feed_entry (storage_t *self, const partition_t *part, uint64_t seq, bytes_t entry)
{
    effect_t effect;
    change_t change;
    if (seq <= part->told || !effect_open (entry, &effect))
        return;
    while (effect_next (&effect, &change)) {
        if (change.kind > CHANGE_DESTROY)
            continue;
        feed_kind_t kind = change.kind == CHANGE_REMOVE    ? FEED_REMOVE
                           : change.kind == CHANGE_DESTROY ? FEED_DESTROY
                                                           : FEED_PUT;
        replica_feed (self, part,
                      (feed_change_t) { .kind = (uint8_t) kind,
                                        .reason = (uint8_t) change.reason,
                                        .repeat = seq <= part->repeated,
                                        .version = seq,
                                        .map = change.map,
                                        .key = change.key });
    }
}

void
replica_feed_gone (storage_t *self, const partition_t *part)
{
    feed_change_t gone = { .kind = FEED_GONE, .partition = part->id, .version = part->sequence };
    if (self->feed_all)
        feed_add (self->feed, &gone);
}

//  ------------------------------------------------------------------------------------------------

void
replica_feed_view (storage_t *self)
{
    const view_t *view = self->cluster.view;
    bool wanted = self->feed_all;
    for (uint32_t at = 0; view && at < view->maps_count; at++)
        wanted = wanted || view->maps[at].events;
    self->feeding = self->feed && wanted;
}

void
storage_feed (storage_t *self, feed_t *feed)
{
    self->feed = feed;
    replica_feed_view (self);
}

void
storage_feed_all (storage_t *self, bool all)
{
    self->feed_all = all;
    replica_feed_view (self);
}
