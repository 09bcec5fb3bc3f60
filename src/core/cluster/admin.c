//  admin: operators' requests on their way to the coordinator, and back.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "../status.h"
#include "../utf8.h"
#include "cluster_impl.h"

void
admin_free (cluster_t *self)
{
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++)
        buf_clear (&self->admins[index].words);
}

size_t
admin_words (bytes_t encoded, bytes_t words[CLUSTER_WORDS_MAX])
{
    mp_t reader = mp_of (encoded);
    uint32_t count;
    if (!mp_array (&reader, &count) || count == 0 || count > CLUSTER_WORDS_MAX)
        return 0;
    for (uint32_t index = 0; index < count; index++)
        if (!mp_bytes (&reader, &words[index]) || words[index].size > CLUSTER_WORD_MAX
            || !utf8_is_text (words[index]))
            return 0;
    return mp_at_end (&reader) ? count : 0;
}

void
admin_post (cluster_t *self)
{
    if (self->coordinator && self->now - self->coordinator_at < self->config.timing.lease
        && peer_find (self, self->coordinator)) {
        post_to (self, self->coordinator);
        return;
    }
    node_id_t voters[2 * VIEW_VOTERS_MAX];
    size_t count = self->known ? view_voters (self->known->view, voters) : 0;
    for (size_t index = 0; index < count; index++)
        post_to (self, voters[index]);
}

//  ------------------------------------------------------------------------------------------------
//  Asking

static void
s_finish (cluster_t *self, admin_t *admin, unsigned status, const char *text)
{
    admin->answered = true;
    admin->status = status;
    admin->until = self->now;
    snprintf (admin->text, sizeof admin->text, "%s", text);
}

static admin_t *
s_place (cluster_t *self)
{
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++) {
        admin_t *admin = &self->admins[index];
        //  Nobody has asked for the answer for long
        if (admin->number == 0 || (admin->answered && self->now - admin->until > 12 * CLUSTER_ADMIN_MS))
            return admin;
    }
    return NULL;
}

static bool
s_is_refound (const bytes_t *words, size_t count)
{
    return count == 2 && bytes_equal (words[0], bytes_str ("refound"))
           && bytes_equal (words[1], bytes_str ("accept-data-loss"));
}

static void
s_send (cluster_t *self, admin_t *admin)
{
    admin->sent_at = self->now;
    if (register_coordinates (self)) {
        coordinator_request (self, self->id, admin->number, buf_bytes (&admin->words));
        return;
    }
    if (!self->known)
        return;
    post_begin (self, PEER_ADMIN, 2);
    wire_add_uint (&self->message, admin->number);
    buf_add (&self->message, admin->words.data, admin->words.size);
    admin_post (self);
}

//  This node alone goes on with what it knows (consistency 11, "voter loss").
static void
s_refound (cluster_t *self, admin_t *admin)
{
    const edition_t *newest = self->known;
    if (self->reg.accepted && (!newest || self->reg.accepted->view->version > newest->view->version))
        newest = self->reg.accepted;
    if (!newest || self->state != CLUSTER_MEMBER) {
        s_finish (self, admin, ZGRID_UNAVAILABLE, "this node is no member of a cluster");
        return;
    }
    if (register_refound (self, newest->view)) {
        cluster_event (self, EVENT_ADMIN, UINT32_MAX, self->id, "refound accept-data-loss");
        s_finish (self, admin, ZGRID_OK, "");
    } else
        s_finish (self, admin, ZGRID_NOMEM, "there is no memory");
}

uint64_t
cluster_admin (cluster_t *self, const bytes_t *words, size_t count, uint64_t now)
{
    if (now > self->now)
        self->now = now;
    admin_t *admin = s_place (self);
    if (!admin)
        return 0;
    buf_reset (&admin->words);
    wire_add_array (&admin->words, (uint32_t) count);
    for (size_t index = 0; index < count; index++)
        wire_add_bytes (&admin->words, words[index]);
    if (admin->words.failed)
        return 0;
    admin->number = ++self->admin_number;
    admin->answered = false;
    admin->until = self->now + CLUSTER_ADMIN_MS;
    bytes_t checked[CLUSTER_WORDS_MAX];
    if (admin_words (buf_bytes (&admin->words), checked) == 0)
        s_finish (self, admin, ZGRID_MALFORMED, "a request is 1 to 24 words of at most 255 bytes of text");
    else if (s_is_refound (words, count))
        s_refound (self, admin);
    else
        s_send (self, admin);
    return admin->number;
}

bool
cluster_answer (cluster_t *self, uint64_t number, unsigned *status, const char **text, uint64_t now)
{
    if (now > self->now)
        self->now = now;
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++) {
        admin_t *admin = &self->admins[index];
        if (admin->number != number || number == 0)
            continue;
        if (!admin->answered && self->now >= admin->until)
            s_finish (self, admin, ZGRID_TIMEOUT, "no coordinator has answered");
        if (!admin->answered)
            return false;
        *status = admin->status;
        *text = admin->text;
        admin->number = 0;
        return true;
    }
    *status = ZGRID_NOTFOUND;
    *text = "there is no such request";
    return true;
}

void
admin_answered (cluster_t *self, uint64_t number, unsigned status, const char *text)
{
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++) {
        admin_t *admin = &self->admins[index];
        if (admin->number == number && number != 0 && !admin->answered)
            s_finish (self, admin, status, text);
    }
}

//  A node that leaves says so until the view has it.
static void
s_leave (cluster_t *self)
{
    const member_t *member = heartbeat_self (self);
    if (!member || member->status != MEMBER_UP || self->now < self->leave_at)
        return;
    self->leave_at = self->now + 2 * cluster_heartbeat (self);
    char id[17];
    snprintf (id, sizeof id, "%016llx", (unsigned long long) self->id);
    post_begin (self, PEER_ADMIN, 2);
    wire_add_uint (&self->message, 0);
    size_t start = self->message.size;
    wire_add_array (&self->message, 2);
    wire_add_text (&self->message, "drain");
    wire_add_text (&self->message, id);
    if (self->message.failed)
        return;
    if (register_coordinates (self))
        coordinator_request (self, self->id, 0,
                             bytes_of (self->message.data + start, self->message.size - start));
    else
        admin_post (self);
}

void
admin_tick (cluster_t *self)
{
    for (unsigned index = 0; index < CLUSTER_ADMIN_MAX; index++) {
        admin_t *admin = &self->admins[index];
        if (admin->number && !admin->answered && self->now < admin->until
            && self->now - admin->sent_at >= 2 * cluster_heartbeat (self))
            s_send (self, admin);
    }
    if (self->leaving)
        s_leave (self);
}

//  ------------------------------------------------------------------------------------------------
//  Messages

bool
admin_on_request (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t number;
    bytes_t words, checked[CLUSTER_WORDS_MAX];
    if (!mp_uint (reader, &number) || !mp_raw (reader, &words) || admin_words (words, checked) == 0)
        return false;
    if (!peer_find (self, from))
        cluster_refuse (self, from, "a stranger's request");
    else if (register_coordinates (self))
        coordinator_request (self, from, number, words);
    return true;
}

bool
admin_on_answer (cluster_t *self, node_id_t from, mp_t *reader)
{
    uint64_t number, status;
    bytes_t text;
    if (!mp_uint (reader, &number) || !mp_uint (reader, &status) || status > UINT16_MAX
        || !mp_bytes (reader, &text) || text.size >= CLUSTER_TEXT_MAX || !utf8_is_text (text))
        return false;
    if (!peer_find (self, from)) {
        cluster_refuse (self, from, "a stranger's answer");
        return true;
    }
    char copy[CLUSTER_TEXT_MAX];
    if (text.size)
        memcpy (copy, text.data, text.size);
    copy[text.size] = 0;
    admin_answered (self, number, (unsigned) status, copy);
    return true;
}
