//  ap_call: from a storage's call to ap.
//  SPDX-License-Identifier: MPL-2.0
#include "../storage_impl.h"
#include "ap_impl.h"

//  Counts it as the same operation of any other map is counted.
static void
s_count (stats_t *stats, map_counts_t *counts, unsigned op, unsigned status)
{
    if (op == OP_GET) {
        (*(status == ZGRID_OK ? &stats->get_hits : &stats->get_misses))++;
        (*(status == ZGRID_OK ? &counts->get_hits : &counts->get_misses))++;
    } else if (op == OP_PUT) {
        stats->puts += status == ZGRID_OK;
        counts->puts += status == ZGRID_OK;
    } else if (op == OP_DEL) {
        (*(status == ZGRID_OK ? &stats->del_hits : &stats->del_misses))++;
        (*(status == ZGRID_OK ? &counts->del_hits : &counts->del_misses))++;
    }
    stats->nomem += status == ZGRID_NOMEM;
    stats->toobig += status == ZGRID_TOOBIG;
    stats->malformed += status == ZGRID_MALFORMED;
}

bool
ap_take (ap_t *self, const view_t *view, struct call *call)
{
    storage_t *storage = call->storage;
    const request_t *request = call->request;
    if (!self || !view || view->maps_count == 0 || view_map (view, request->map)->mode != MAP_AP)
        return false;
    const op_info_t *info = op_info (request->op);
    ap_call_t wanted = { request, &call->options, bytes_of (NULL, 0), 0, call->moment, call->out };
    if (info->routing == ROUTING_KEY)
        wanted.partition = slot_partition (slot_of_key (request->key), storage->config.partitions);
    else if (!(call->options.given & OPT_partition)
             || call->options.partition >= storage->config.partitions) {
        storage->stats.malformed++;
        call_refuse (call, ZGRID_MALFORMED, "one partition of the cluster has to be named");
        return true;
    } else
        wanted.partition = (uint32_t) call->options.partition;
    if (wanted.partition % storage->config.actors != storage->config.index) {
        call_moved (call, wanted.partition);
        return true;
    }
    //  It was sent under another view and may be late: the other side of a cut has been left meanwhile
    if ((call->options.given & OPT_epoch) && call->options.epoch != view->parts[wanted.partition].epoch) {
        call_moved (call, wanted.partition);
        return true;
    }
    if (request->op == OP_PUT && !call_value (call, &wanted.value))
        return true;
    unsigned status = ap_execute (self, &wanted);
    if (status == ZGRID_MOVED)
        call_moved (call, wanted.partition);
    else {
        map_counts_t nobody = { 0 };
        ap_map_t *map = ap_map (self, request->map, false); // Not before something was stored in it
        s_count (&storage->stats, map ? &map->counts : &nobody, request->op, status);
    }
    call->status = status;
    return true;
}

//  ------------------------------------------------------------------------------------------------
//  What is known of maps

bytes_t
ap_map_name (const ap_t *self, uint32_t number)
{
    return number < self->maps_count ? self->maps[number]->name : bytes_of (NULL, 0);
}

ap_map_info_t
ap_map_info (const ap_t *self, uint32_t number)
{
    const ap_map_t *map = self->maps[number];
    ap_map_info_t info = { .name = map->name, .counts = map->counts };
    for (uint32_t local = 0; local < self->local_partitions; local++) {
        const share_t *share = map->shares[local];
        const part_t *row = share ? ap_row (self, local) : NULL;
        if (!share)
            continue;
        bool primary = row && row->primary == self->id;
        *(primary ? &info.entries : &info.copies) += share->live;
        info.used_bytes += share->store->used_bytes;
        if (primary) // Tombstones have no value
            info.data_bytes += share->store->data_bytes - store_entries (share->store) * AP_HEAD;
    }
    return info;
}
