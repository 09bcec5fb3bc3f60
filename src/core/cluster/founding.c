//  founding: a node that knows no cluster meets others: it founds one, alone or with those that it
//  expects, or joins the first of which it hears (consistency 11).
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../mem.h"
#include "../utf8.h"
#include "cluster_impl.h"

#define CONTACT_PERIODS 10 // A mere address that has not answered so many times is given up

static uint64_t
s_period (const cluster_t *self)
{
    uint64_t period = self->config.timing.lease / 2;
    return period < 10 ? 10 : period > 1000 ? 1000 : period;
}

//  ------------------------------------------------------------------------------------------------
//  Contacts

static contact_t *
s_contact_id (const cluster_t *self, node_id_t id)
{
    for (uint32_t index = 0; index < self->contacts_count; index++)
        if (id && self->contacts[index].id == id)
            return &self->contacts[index];
    return NULL;
}

static contact_t *
s_contact_at (const cluster_t *self, const char *endpoint)
{
    for (uint32_t index = 0; index < self->contacts_count; index++)
        if (strcmp (self->contacts[index].endpoint, endpoint) == 0)
            return &self->contacts[index];
    return NULL;
}

//  A new one; NULL: too many, or without memory.
static contact_t *
s_contact_add (cluster_t *self, node_id_t id, const char *endpoint)
{
    if (self->contacts_count == CLUSTER_CONTACTS_MAX)
        return NULL;
    if (self->contacts_count == self->contacts_room) {
        uint32_t room = self->contacts_room ? 2 * self->contacts_room : 8;
        contact_t *contacts = mem_resize (self->contacts, room * sizeof *contacts);
        if (!contacts)
            return NULL;
        self->contacts = contacts;
        self->contacts_room = room;
    }
    contact_t *contact = &self->contacts[self->contacts_count++];
    memset (contact, 0, sizeof *contact);
    contact->id = id;
    contact->added_at = self->now;
    snprintf (contact->endpoint, sizeof contact->endpoint, "%s", endpoint);
    return contact;
}

void
founding_add_seed (cluster_t *self, const char *endpoint)
{
    char own[CLUSTER_ENDPOINT_MAX];
    member_endpoint (&self->config.self, own);
    if (strlen (endpoint) >= CLUSTER_ENDPOINT_MAX || strcmp (own, endpoint) == 0)
        return;
    contact_t *contact = s_contact_at (self, endpoint);
    if (!contact && self->contacts_count < CLUSTER_SEEDS_MAX)
        contact = s_contact_add (self, 0, endpoint);
    if (contact)
        contact->seed = true;
}

//  Somebody has spoken for himself. NULL: there is no room for him.
static contact_t *
s_heard (cluster_t *self, const member_t *member, node_id_t promise)
{
    char endpoint[CLUSTER_ENDPOINT_MAX];
    member_endpoint (member, endpoint);
    contact_t *contact = s_contact_id (self, member->id);
    if (!contact) {
        contact = s_contact_at (self, endpoint);
        if (!contact)
            contact = s_contact_add (self, member->id, endpoint);
        if (!contact)
            return NULL;
        contact->id = member->id; // Another process may have been there before
    }
    snprintf (contact->endpoint, sizeof contact->endpoint, "%s", endpoint);
    contact->member = *member;
    contact->promise = promise;
    contact->heard_at = self->now ? self->now : 1;
    return contact;
}

static bool
s_fresh (const cluster_t *self, const contact_t *contact)
{
    return contact->id && contact->heard_at && self->now - contact->heard_at <= 4 * s_period (self);
}

//  Addresses that lead nowhere make room for others.
static void
s_forget_silent (cluster_t *self)
{
    uint64_t patience = CONTACT_PERIODS * s_period (self);
    uint32_t kept = 0;
    for (uint32_t index = 0; index < self->contacts_count; index++) {
        contact_t *contact = &self->contacts[index];
        //  One of whom others have only just told gets his time, too, or they would tell for ever
        uint64_t since = contact->heard_at > contact->added_at ? contact->heard_at : contact->added_at;
        bool silent = self->now > since + patience;
        if (silent && !contact->seed)
            continue;
        if (kept != index)
            self->contacts[kept] = *contact;
        kept++;
    }
    self->contacts_count = kept;
}

//  ------------------------------------------------------------------------------------------------
//  Messages out

//  id and endpoint of whom else to ask: voters, or those that this node has met itself.
static void
s_add_others (cluster_t *self)
{
    if (self->known) {
        node_id_t voters[2 * VIEW_VOTERS_MAX];
        size_t count = view_voters (self->known->view, voters);
        wire_add_array (&self->message, (uint32_t) (2 * count));
        for (size_t index = 0; index < count; index++) {
            const peer_t *peer = peer_find (self, voters[index]);
            wire_add_uint (&self->message, voters[index]);
            wire_add_text (&self->message, peer ? peer->endpoint : "");
        }
        return;
    }
    uint32_t count = 0;
    for (uint32_t index = 0; index < self->contacts_count && count < CLUSTER_OTHERS_MAX; index++)
        count += s_fresh (self, &self->contacts[index]);
    wire_add_array (&self->message, 2 * count);
    for (uint32_t index = 0; count; index++)
        if (s_fresh (self, &self->contacts[index])) {
            wire_add_uint (&self->message, self->contacts[index].id);
            wire_add_text (&self->message, self->contacts[index].endpoint);
            count--;
        }
}

static void
s_begin (cluster_t *self, peer_type_t type)
{
    buf_t member = BUF_INIT;
    member_encode (&self->config.self, &member);
    post_begin (self, type, 5);
    wire_add_uint (&self->message, self->config.partitions);
    wire_add_bytes (&self->message, buf_bytes (&member));
    self->message.failed |= member.failed;
    buf_clear (&member);
    wire_add_uint (&self->message, self->known ? self->known->view->version : 0);
    wire_add_uint (&self->message, self->promise);
    if (type == PEER_MEET_ANSWER)
        s_add_others (self);
    else
        wire_add_array (&self->message, 0);
}

//  The cluster that this node speaks for; 0: it knows none that is founded.
static uint64_t
s_cluster (const cluster_t *self)
{
    return self->known || (self->state == CLUSTER_JOINING && !self->reg.accepted) ? self->cluster : 0;
}

void
founding_meet (cluster_t *self, node_id_t to, const char *endpoint)
{
    s_begin (self, PEER_MEET);
    post_at (self, to, endpoint, s_cluster (self));
}

static void
s_meet_all (cluster_t *self)
{
    s_begin (self, PEER_MEET);
    for (uint32_t index = 0; index < self->contacts_count; index++)
        post_at (self, self->contacts[index].id, self->contacts[index].endpoint, s_cluster (self));
    //  Another process may be at a seed's address by now
    for (uint32_t index = 0; index < self->contacts_count; index++)
        if (self->contacts[index].seed && self->contacts[index].id && !s_fresh (self, &self->contacts[index]))
            post_at (self, 0, self->contacts[index].endpoint, s_cluster (self));
}

static void
s_refuse (cluster_t *self, node_id_t to, const char *endpoint, const char *why)
{
    cluster_refuse (self, to, why);
    post_begin (self, PEER_REFUSED, 1);
    wire_add_text (&self->message, why);
    post_at (self, to, endpoint, self->cluster);
}

//  ------------------------------------------------------------------------------------------------
//  Founding

static bool
s_zone_taken (const view_t *view, const char *zone)
{
    for (unsigned index = 0; index < view->voters_count; index++)
        if (strcmp (view_member (view, view->voters[index])->zone, zone) == 0)
            return true;
    return false;
}

//  As many as there can be, of different zones first.
static void
s_choose_voters (cluster_t *self, view_t *view)
{
    unsigned wanted = view->members_count < view->voters_max ? view->members_count : view->voters_max;
    wanted -= wanted % 2 == 0;
    view->voters[0] = self->id;
    view->voters_count = 1;
    for (int round = 0; round < 2; round++)
        for (uint32_t index = 0; index < view->members_count && view->voters_count < wanted; index++) {
            const member_t *member = &view->members[index];
            if (!view_is_voter (view, member->id) && (round || !s_zone_taken (view, member->zone)))
                view->voters[view->voters_count++] = member->id;
        }
}

static bool
s_add_member (view_t *view, const member_t *from)
{
    member_t member = *from;
    member.status = MEMBER_UP;
    member.generation = 1;
    return view_add_member (view, &member) != NULL;
}

//  Proposes v = 1 with this node and all that have promised themselves to it.
static void
s_found (cluster_t *self)
{
    const cluster_config_t *config = &self->config;
    view_t *view = view_new (config->partitions);
    if (!view)
        return; // Later
    memcpy (&view->cluster, config->random, sizeof view->cluster);
    view->cluster += view->cluster == 0;
    memcpy (view->seed, config->random + sizeof view->cluster, sizeof view->seed);
    view->version = view->cfg = 1;
    view->voters_max = config->voters_max;
    view->copies = config->copies;
    view->on_lost = config->on_lost;
    view->move_rate = config->move_rate;
    bool whole = s_add_member (view, &config->self);
    for (uint32_t index = 0; index < self->contacts_count; index++) {
        const contact_t *contact = &self->contacts[index];
        if (s_fresh (self, contact) && contact->promise == self->id)
            whole &= s_add_member (view, &contact->member);
    }
    if (!whole) {
        view_destroy (&view);
        return;
    }
    s_choose_voters (self, view);
    if (!placement_found (view)) {
        view_destroy (&view);
        cluster_end (self, CLUSTER_REFUSED, "a cluster cannot be founded by witnesses alone");
        return;
    }
    uint64_t cluster = view->cluster;
    self->cluster = cluster;
    self->founding = true;
    self->state = CLUSTER_JOINING;
    if (!register_found (self, view)) {
        self->cluster = 0;
        self->founding = false;
        self->state = CLUSTER_MEETING;
    }
}

//  Promises itself once in its life, when as many as are expected have met: to the smallest id.
static void
s_promise (cluster_t *self)
{
    uint32_t met = 1;
    node_id_t smallest = self->id;
    for (uint32_t index = 0; index < self->contacts_count; index++)
        if (s_fresh (self, &self->contacts[index])) {
            met++;
            if (self->contacts[index].id < smallest)
                smallest = self->contacts[index].id;
        }
    if (met < self->config.expect) {
        self->met_at = CLUSTER_NEVER;
        return;
    }
    //  A moment later: there may be more than were expected, and they shall not become two clusters
    if (self->met_at == CLUSTER_NEVER)
        self->met_at = self->now;
    if (self->config.expect > 1 && self->now - self->met_at < s_period (self))
        return;
    self->promise = smallest;
    self->promised_at = self->now;
    const contact_t *founder = s_contact_id (self, smallest);
    if (founder)
        founding_meet (self, smallest, founder->endpoint);
}

//  True if more than half of those that are expected have promised themselves to this node, and the rest
//  have done so, too, or had some time to.
static bool
s_promised (cluster_t *self)
{
    uint32_t count = 1;
    for (uint32_t index = 0; index < self->contacts_count; index++)
        count += s_fresh (self, &self->contacts[index]) && self->contacts[index].promise == self->id;
    if (count * 2 <= self->config.expect) {
        self->majority_at = CLUSTER_NEVER;
        return false;
    }
    if (self->majority_at == CLUSTER_NEVER)
        self->majority_at = self->now;
    return count >= self->config.expect || self->now - self->majority_at >= 2 * s_period (self);
}

bool
founding_expects (const cluster_t *self, node_id_t from)
{
    return self->state == CLUSTER_MEETING && self->promise == from && from != self->id;
}

static void
s_try_to_found (cluster_t *self)
{
    const cluster_config_t *config = &self->config;
    if (self->state == CLUSTER_MEETING
        && (config->bootstrap || (config->expect <= 1 && self->contacts_count == 0))) {
        s_found (self);
        return;
    }
    if (self->state == CLUSTER_MEETING && config->expect) {
        if (!self->promise)
            s_promise (self);
        if (self->promise == self->id && s_promised (self))
            s_found (self);
    }
    //  Nobody founds with a promise of long ago: this process begins anew (consistency 11)
    if (self->promise
        && (self->state == CLUSTER_MEETING || (self->state == CLUSTER_JOINING && self->reg.accepted))
        && self->now - self->promised_at > config->timing.meet)
        cluster_end (self, CLUSTER_STUCK, "founding has made no progress");
}

void
founding_tick (cluster_t *self)
{
    if (self->state > CLUSTER_JOINING || self->now < self->meet_at)
        return;
    self->meet_at = self->now + s_period (self);
    s_forget_silent (self);
    s_try_to_found (self);
    if (self->state == CLUSTER_MEETING || self->state == CLUSTER_JOINING)
        s_meet_all (self);
}

uint64_t
founding_next (const cluster_t *self)
{
    return self->state > CLUSTER_JOINING ? CLUSTER_NEVER : self->meet_at;
}

//  ------------------------------------------------------------------------------------------------
//  Messages in

typedef struct {
    uint64_t partitions, known;
    node_id_t promise;
    member_t member;
    char endpoint[CLUSTER_ENDPOINT_MAX];
    mp_t others;
    uint32_t others_count;
} meeting_t;

static bool
s_read (node_id_t from, mp_t *reader, meeting_t *meeting)
{
    bytes_t bytes;
    const char *why;
    if (!mp_uint (reader, &meeting->partitions) || !mp_bytes (reader, &bytes)
        || !mp_uint (reader, &meeting->known) || !mp_uint (reader, &meeting->promise)
        || !mp_array (reader, &meeting->others_count) || meeting->others_count % 2
        || meeting->others_count > 2 * CLUSTER_OTHERS_MAX)
        return false;
    meeting->others = *reader;
    mp_t inside = mp_of (bytes);
    if (!member_decode (&inside, &meeting->member, &why) || !mp_at_end (&inside) || meeting->member.id != from
        || meeting->member.host[0] == 0 || meeting->member.beacon_port == 0)
        return false;
    member_endpoint (&meeting->member, meeting->endpoint);
    return true;
}

//  Addresses that somebody else knows. False: malformed.
static bool
s_take_others (cluster_t *self, meeting_t *meeting)
{
    for (uint32_t index = 0; index < meeting->others_count; index += 2) {
        uint64_t id;
        bytes_t text;
        if (!mp_uint (&meeting->others, &id) || !mp_bytes (&meeting->others, &text)
            || text.size >= CLUSTER_ENDPOINT_MAX || !utf8_is_text (text))
            return false;
        char endpoint[CLUSTER_ENDPOINT_MAX];
        memcpy (endpoint, text.data, text.size);
        endpoint[text.size] = 0;
        if (id == 0 || id == self->id || text.size == 0 || s_contact_id (self, id)
            || s_contact_at (self, endpoint))
            continue;
        if (s_contact_add (self, id, endpoint))
            founding_meet (self, id, endpoint);
    }
    return true;
}

//  A stranger knocks at a member.
static void
s_receive_stranger (cluster_t *self, const meeting_t *meeting)
{
    const view_t *view = self->known->view;
    node_id_t id = meeting->member.id;
    if (meeting->partitions != view->partitions)
        s_refuse (self, id, meeting->endpoint,
                  "CLUSTER_MISMATCH: the cluster has another number of partitions");
    else if (meeting->known > 0 && meeting->known <= view->version)
        //  It was a member, and is none in a newer state: that says it
        heartbeat_publish_at (self, id, meeting->endpoint);
    else if (gone_has (self, id))
        s_refuse (self, id, meeting->endpoint, "CLUSTER_MISMATCH: the cluster has forgotten this node");
    else {
        //  It has chosen this cluster: it may know of several
        if (register_coordinates (self) && self->meet_cluster == self->cluster)
            coordinator_join (self, &meeting->member);
        s_begin (self, PEER_MEET_ANSWER);
        post_at (self, id, meeting->endpoint, self->cluster);
    }
}

bool
founding_on_meet (cluster_t *self, node_id_t from, mp_t *reader)
{
    meeting_t meeting;
    if (!s_read (from, reader, &meeting))
        return false;
    if (self->meet_cluster != 0 && self->known && self->meet_cluster != self->cluster) {
        //  Two clusters never merge
        s_refuse (self, from, meeting.endpoint, "CLUSTER_MISMATCH: this is another cluster");
        return true;
    }
    if (self->state == CLUSTER_MEMBER) {
        peer_t *peer = view_member (self->known->view, from) ? peer_find (self, from) : NULL;
        if (peer)
            heartbeat_publish (self, peer); // It does not know yet
        else
            s_receive_stranger (self, &meeting);
        return true;
    }
    if (meeting.partitions != self->config.partitions) {
        cluster_refuse (self, from, "it has another number of partitions");
        return true;
    }
    if (s_heard (self, &meeting.member, meeting.promise)) {
        s_begin (self, PEER_MEET_ANSWER);
        post_at (self, from, meeting.endpoint, 0);
        s_try_to_found (self);
    }
    return true;
}

bool
founding_on_meet_answer (cluster_t *self, node_id_t from, mp_t *reader)
{
    meeting_t meeting;
    if (!s_read (from, reader, &meeting))
        return false;
    if (self->state > CLUSTER_JOINING)
        return true;
    if (meeting.partitions != self->config.partitions) {
        if (self->meet_cluster && !self->founding)
            cluster_end (self, CLUSTER_REFUSED,
                         "CLUSTER_MISMATCH: the cluster has another number of partitions");
        else
            cluster_refuse (self, from, "it has another number of partitions");
        return true;
    }
    if (self->meet_cluster && self->cluster && self->cluster != self->meet_cluster)
        return true;
    s_heard (self, &meeting.member, meeting.promise);
    //  Whoever hears of a cluster joins it (consistency 11)
    if (self->meet_cluster && self->state == CLUSTER_MEETING) {
        self->cluster = self->meet_cluster;
        self->state = CLUSTER_JOINING;
        self->meet_at = self->now;
    }
    if (!s_take_others (self, &meeting))
        return false;
    s_try_to_found (self);
    return true;
}

bool
founding_on_refused (cluster_t *self, node_id_t from, mp_t *reader)
{
    bytes_t text;
    (void) from;
    if (!mp_bytes (reader, &text) || text.size >= CLUSTER_TEXT_MAX || !utf8_is_text (text))
        return false;
    //  A member stays what it is, whatever others say; and so does who joins another cluster
    if ((self->state != CLUSTER_MEETING && self->state != CLUSTER_JOINING) || self->founding
        || self->reg.accepted || (self->cluster && self->meet_cluster != self->cluster))
        return true;
    char why[CLUSTER_TEXT_MAX];
    if (text.size)
        memcpy (why, text.data, text.size);
    why[text.size] = 0;
    cluster_end (self, CLUSTER_REFUSED, why);
    return true;
}
