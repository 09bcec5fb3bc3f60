//  coordinator_admin: operators' requests at the coordinator. Each is answered once it is committed, or
//  at once if it cannot be done; answers are kept for who asks again.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../status.h"
#include "cluster_impl.h"
#include "map_words.h"
#include "plan.h"

//  ------------------------------------------------------------------------------------------------
//  Requests and answers

static void
s_answer (cluster_t *self, const order_t *request)
{
    if (request->from == self->id) {
        admin_answered (self, request->number, request->status, request->text);
        return;
    }
    post_begin (self, PEER_ADMIN_ANSWER, 3);
    wire_add_uint (&self->message, request->number);
    wire_add_uint (&self->message, request->status);
    wire_add_text (&self->message, request->text);
    post_to (self, request->from);
}

//  Number 0 wants no answer and may come again.
static void
s_finish (cluster_t *self, order_t *request)
{
    request->at = self->now;
    request->state = request->number ? REQUEST_ANSWERED : REQUEST_FREE;
    if (request->number)
        s_answer (self, request);
}

void
coordinator_request (cluster_t *self, node_id_t from, uint64_t number, bytes_t words)
{
    order_t *place = NULL;
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++) {
        order_t *request = &self->coord.requests[index];
        if (request->state != REQUEST_FREE && request->from == from && request->number == number) {
            if (request->state == REQUEST_ANSWERED)
                s_answer (self, request);
            return;
        }
        bool usable = request->state == REQUEST_FREE
                      || (request->state == REQUEST_ANSWERED && self->now - request->at > CLUSTER_ADMIN_MS);
        if (usable && !place)
            place = request;
    }
    if (!place || !register_coordinates (self))
        return; // It is asked again, or TIMEOUT
    buf_reset (&place->words);
    buf_add (&place->words, words.data, words.size);
    if (place->words.failed)
        return;
    place->state = REQUEST_WAITING;
    place->from = from;
    place->number = number;
    place->at = self->now;
    place->status = ZGRID_OK;
    place->text[0] = 0;
    coordinator_wake (self);
}

static void
s_tell (cluster_t *self, const order_t *request)
{
    bytes_t words[CLUSTER_WORDS_MAX];
    size_t count = admin_words (buf_bytes (&request->words), words);
    char text[CLUSTER_TEXT_MAX];
    size_t used = 0;
    text[0] = 0;
    for (size_t index = 0; index < count && used < sizeof text - 1; index++) {
        int size = snprintf (text + used, sizeof text - used, "%s%.*s", index ? " " : "",
                             (int) words[index].size, (const char *) words[index].data);
        used += size > 0 ? (size_t) size : 0;
    }
    cluster_event (self, EVENT_ADMIN, UINT32_MAX, request->from, text);
}

void
coordinator_requests_committed (cluster_t *self)
{
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++) {
        order_t *request = &self->coord.requests[index];
        if (request->state != REQUEST_PROPOSED)
            continue;
        s_tell (self, request);
        s_finish (self, request);
    }
}

void
coordinator_requests_again (cluster_t *self)
{
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++)
        if (self->coord.requests[index].state == REQUEST_PROPOSED)
            self->coord.requests[index].state = REQUEST_WAITING;
}

void
coordinator_requests_drop (cluster_t *self)
{
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++)
        self->coord.requests[index].state = REQUEST_FREE;
}

//  ------------------------------------------------------------------------------------------------
//  Words

static void
s_refuse (order_t *request, unsigned status, const char *text)
{
    request->status = status;
    snprintf (request->text, sizeof request->text, "%s", text);
}

static bool
s_is (bytes_t word, const char *text)
{
    return bytes_equal (word, bytes_str (text));
}

//  A number of at most 5 digits. -1: it is none.
static int32_t
s_number (bytes_t word)
{
    int32_t number = 0;
    if (word.size == 0 || word.size > 5)
        return -1;
    for (size_t index = 0; index < word.size; index++) {
        if (word.data[index] < '0' || word.data[index] > '9')
            return -1;
        number = number * 10 + (word.data[index] - '0');
    }
    return number;
}

//  By name, or by 16 hex digits.
static member_t *
s_member (const view_t *view, bytes_t word)
{
    char text[VIEW_NAME_MAX + 1];
    if (word.size > VIEW_NAME_MAX)
        return NULL;
    memcpy (text, word.data, word.size);
    text[word.size] = 0;
    member_t *member = view_member_named (view, text);
    if (member || word.size != 16)
        return member;
    node_id_t id = 0;
    for (size_t index = 0; index < 16; index++) {
        static const char s_digits[] = "0123456789abcdef";
        const char *digit = memchr (s_digits, text[index], 16);
        if (!digit)
            return NULL;
        id = id << 4 | (node_id_t) (digit - s_digits);
    }
    return view_member (view, id);
}

static void
s_set (draft_t *draft, order_t *request, const bytes_t *words)
{
    view_t *view = draft->view;
    int32_t number = s_number (words[2]);
    if (s_is (words[1], "copies") && number >= 1 && number <= VIEW_COPIES_MAX)
        view->copies = (uint8_t) number;
    else if (s_is (words[1], "voters") && (number == 1 || number == 3 || number == 5))
        view->voters_max = (uint8_t) number;
    else if (s_is (words[1], "on_lost") && s_is (words[2], "refuse"))
        view->on_lost = ON_LOST_REFUSE;
    else if (s_is (words[1], "on_lost") && s_is (words[2], "wipe"))
        view->on_lost = ON_LOST_WIPE;
    else {
        s_refuse (request, ZGRID_MALFORMED,
                  "set takes copies 1 to 7, voters 1, 3 or 5, on_lost refuse or wipe");
        return;
    }
    draft->changed = true;
}

static void
s_map (draft_t *draft, order_t *request, const bytes_t *words, size_t count)
{
    view_t *view = draft->view;
    bytes_t name = words[1];
    map_settings_t map = *view_map (view, name);
    bool declared = map.name[0] != 0;
    if (name.size == 0 || name.size > VIEW_MAP_MAX || memchr (name.data, 0, name.size)) {
        s_refuse (request, ZGRID_MALFORMED, "a map's name has 1 to 255 bytes, none of them zero");
        return;
    }
    char why[MAP_SENTENCE_MAX];
    if (count == 3) {
        //  What has the usual settings need not be declared; but an ap map stays one
        map_settings_reset (&map);
        if (declared && map.mode == MAP_CP)
            view_remove_map (view, name);
        draft->changed |= declared && (map.mode == MAP_CP || view_set_map (view, &map));
        return;
    }
    unsigned status = map_settings_change (&map, view->copies, words + 2, count - 2, why);
    memcpy (map.name, name.data, name.size);
    map.name[name.size] = 0;
    if (status != ZGRID_OK)
        s_refuse (request, status, why);
    else if (!declared && view->maps_count >= VIEW_MAPS_MAX)
        s_refuse (request, ZGRID_TOOBIG, "1,024 maps have settings of their own, and no more can have");
    else if (view_set_map (view, &map))
        draft->changed = true;
    else
        s_refuse (request, ZGRID_NOMEM, "there is no memory");
}

static void
s_drain (draft_t *draft, order_t *request, bytes_t word)
{
    member_t *member = s_member (draft->view, word);
    if (!member)
        s_refuse (request, ZGRID_NOTFOUND, "there is no such member");
    else if (member->status == MEMBER_SUSPECT)
        s_refuse (request, ZGRID_MISMATCH, "that member is SUSPECT");
    else if (member->status != MEMBER_LEAVING) {
        member->status = MEMBER_LEAVING;
        draft->changed = true;
    }
}

//  The partition of a request, or NULL and the answer.
static part_t *
s_part (draft_t *draft, order_t *request, bytes_t word)
{
    int32_t number = s_number (word);
    if (number >= 0 && (uint32_t) number < draft->view->partitions)
        return &draft->view->parts[number];
    s_refuse (request, ZGRID_NOTFOUND, "there is no such partition");
    return NULL;
}

static void
s_hand_over (draft_t *draft, order_t *request, const bytes_t *words)
{
    const part_t *part = s_part (draft, request, words[1]);
    const member_t *member = s_member (draft->view, words[2]);
    if (!part)
        return;
    if (!member || member->status != MEMBER_UP || !part_has (part, member->id))
        s_refuse (request, ZGRID_MISMATCH, "only a member that is UP and has a copy in sync can take over");
    else if (member_is (draft->view, part->primary, MEMBER_SUSPECT))
        s_refuse (request, ZGRID_UNAVAILABLE, "the primary is SUSPECT: it cannot hand over");
    else if (part->primary != member->id && part->learner)
        s_refuse (request, ZGRID_TRYAGAIN, "that partition is being copied: it hands over afterwards");
    else if (part->primary != member->id)
        coordinator_plea (draft->cluster, (uint32_t) (part - draft->view->parts), member->id);
}

static void
s_learn (draft_t *draft, order_t *request, const bytes_t *words)
{
    part_t *part = s_part (draft, request, words[1]);
    const member_t *member = s_member (draft->view, words[2]);
    if (!part)
        return;
    if (!member || member->status != MEMBER_UP || member->witness)
        s_refuse (request, ZGRID_MISMATCH, "only a member that is UP and holds data can take a copy");
    else if (part->learner == member->id || part_has (part, member->id))
        return;
    else if (part->learner || part->reps_count >= VIEW_REPS_MAX
             || member_is (draft->view, part->primary, MEMBER_SUSPECT)
             || !part_raise (draft, (uint32_t) (part - draft->view->parts)))
        s_refuse (request, ZGRID_TRYAGAIN, "that partition is busy");
    else
        part->learner = member->id;
}

static void
s_recover (draft_t *draft, order_t *request, const bytes_t *words)
{
    const part_t *part = s_part (draft, request, words[1]);
    if (!part)
        return;
    uint32_t partition = (uint32_t) (part - draft->view->parts);
    if (!draft->cluster->coord.lost[partition])
        s_refuse (request, ZGRID_MISMATCH, "that partition is not lost");
    else if (!coordinator_wipe (draft, partition))
        s_refuse (request, ZGRID_UNAVAILABLE, "no member can take it");
}

//  A number of bytes a second. False: it is none.
static bool
s_rate (bytes_t word, uint64_t *rate)
{
    *rate = 0;
    for (size_t index = 0; index < word.size; index++) {
        if (word.data[index] < '0' || word.data[index] > '9')
            return false;
        *rate = *rate * 10 + (uint64_t) (word.data[index] - '0');
    }
    return word.size > 0 && word.size <= 15; // No more digits: then it did not overflow
}

static void
s_rebalance (draft_t *draft, order_t *request, const bytes_t *words, size_t count)
{
    view_t *view = draft->view;
    coordinator_t *coord = &draft->cluster->coord;
    bool pause = count == 2 && s_is (words[1], "pause");
    uint64_t rate = view->move_rate;
    if (count == 1) {
        //  Now: also where something could not be done a short while ago
        memset (coord->blocked, 0, sizeof coord->blocked);
        coord->even_version = 0;
    } else if (!pause && !(count == 2 && s_is (words[1], "resume"))
               && !(count == 3 && s_is (words[1], "rate") && s_rate (words[2], &rate))) {
        s_refuse (request, ZGRID_MALFORMED,
                  "rebalance takes nothing, pause, resume, or rate and bytes a second (0: no limit)");
        return;
    }
    uint8_t paused = count == 2 ? pause : view->moves_paused;
    draft->changed |= paused != view->moves_paused || rate != view->move_rate;
    view->moves_paused = paused;
    view->move_rate = rate;
    plan_t *plan = plan_new (view);
    if (plan)
        snprintf (request->text, sizeof request->text, "%u move%s%s", plan->count,
                  plan->count == 1 ? " is planned" : "s are planned", paused ? "; moves are paused" : "");
    plan_destroy (&plan);
}

//  Carries out one request in the draft: status, and text if it cannot be.
static void
s_words (draft_t *draft, order_t *request)
{
    bytes_t words[CLUSTER_WORDS_MAX];
    size_t count = admin_words (buf_bytes (&request->words), words);
    if (count == 3 && s_is (words[0], "set"))
        s_set (draft, request, words);
    else if (count >= 3 && s_is (words[0], "map") && (count != 3 || s_is (words[2], "reset")))
        s_map (draft, request, words, count);
    else if (count == 2 && s_is (words[0], "drain"))
        s_drain (draft, request, words[1]);
    else if (count == 3 && s_is (words[0], "handover"))
        s_hand_over (draft, request, words);
    else if (count == 3 && s_is (words[0], "learner"))
        s_learn (draft, request, words);
    else if (count == 3 && s_is (words[0], "recover") && s_is (words[2], "accept-data-loss"))
        s_recover (draft, request, words);
    else if (count >= 1 && s_is (words[0], "rebalance"))
        s_rebalance (draft, request, words, count);
    else
        s_refuse (request, ZGRID_MALFORMED, "no such request");
}

void
coordinator_requests (draft_t *draft)
{
    cluster_t *self = draft->cluster;
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++) {
        order_t *request = &self->coord.requests[index];
        if (request->state != REQUEST_WAITING)
            continue;
        s_words (draft, request);
        if (request->status == ZGRID_OK)
            request->state = REQUEST_PROPOSED;
        else
            s_finish (self, request);
    }
}
