//  check_ops_exec: several records as one (EXEC), and an entry under another key (RENAME, COPY).
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/copies.h"
#include "lib/dice.h"
#include "lib/rig.h"
#include "lib/test.h"
#include "mem.h"
#include "slot.h"

static rig_t s_rig;

static void
s_set_up (void)
{
    rig_open (&s_rig, 1, 7);
}

static void
s_tear_down (void)
{
    mem_fail_at (0);
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

//  One EXEC being put together: keys begin with {t}, so that they share a partition.
typedef struct {
    buf_t conditions, records;
    uint32_t conditions_count, records_count;
} s_exec_t;

static void
s_if (s_exec_t *self, const char *key, uint64_t version)
{
    wire_add_array (&self->conditions, 3);
    wire_add_text (&self->conditions, "m");
    wire_add_bytes (&self->conditions, bytes_str (key));
    wire_add_uint (&self->conditions, version);
    self->conditions_count++;
}

static void
s_add (s_exec_t *self, op_t op, const char *key, const char *value, const char *options)
{
    ask_t ask = rig_words (op, key, value, options);
    wire_request (&self->records, ++self->records_count, op, ask.map, &ask.key, &ask.value, &ask.options);
}

//  The allocation of that number fails; 0: none.
static answer_t
s_execute_failing (s_exec_t *self, unsigned fail)
{
    buf_t tree = BUF_INIT;
    wire_add_array (&tree, 2);
    wire_add_array (&tree, self->conditions_count);
    buf_add (&tree, self->conditions.data, self->conditions.size);
    wire_add_array (&tree, self->records_count);
    buf_add (&tree, self->records.data, self->records.size);
    ask_t ask = rig_words (OP_EXEC, "{t}", NULL, "");
    ask.value = (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) };
    mem_fail_at (fail);
    answer_t answer = rig_ask (&s_rig, &ask);
    mem_fail_at (0);
    buf_clear (&tree);
    buf_clear (&self->conditions);
    buf_clear (&self->records);
    self->conditions_count = self->records_count = 0;
    return answer;
}

static answer_t
s_execute (s_exec_t *self)
{
    return s_execute_failing (self, 0);
}

//  The replies in words: "0 4:abc 1 -" for status and value, one after the other.
static const char *
s_words (const answer_t *answer)
{
    static char s_text[8192];
    size_t size = 0;
    mp_t reader = mp_of (answer->value.bytes);
    uint32_t count = 0;
    s_text[0] = 0;
    ck_assert_uint_eq (answer->value.kind, VALUE_TREE);
    ck_assert (mp_array (&reader, &count));
    for (uint32_t at = 0; at < count; at++) {
        reply_t reply;
        ck_assert_int_eq (wire_next_reply (&reader, &reply), WIRE_RECORD);
        ck_assert_uint_eq (reply.id, at + 1);
        char value[600] = "-";
        if (reply.value.kind == VALUE_INT)
            snprintf (value, sizeof value, "%lld", (long long) reply.value.integer);
        else if (reply.value.kind == VALUE_BYTES)
            snprintf (value, sizeof value, "'%.*s'", (int) reply.value.bytes.size,
                      (const char *) reply.value.bytes.data);
        size += (size_t) snprintf (s_text + size, sizeof s_text - size, "%s%s %s", at ? ", " : "",
                                   status_name ((int) reply.status), value);
    }
    ck_assert (mp_at_end (&reader));
    return s_text;
}

static uint64_t
s_version (const char *key)
{
    return rig_do (&s_rig, OP_GET, key, NULL, "").version;
}

START_TEST (records_are_executed_in_order_under_one_version)
{
    s_exec_t exec = { .records_count = 0 };
    rig_do (&s_rig, OP_PUT, "{t}a", "1", "");
    s_add (&exec, OP_INCR, "{t}a", NULL, "");
    s_add (&exec, OP_GET, "{t}a", NULL, "");
    s_add (&exec, OP_PUT, "{t}b", "x", "px=5000");
    s_add (&exec, OP_APPEND, "{t}b", "yz", "");
    s_add (&exec, OP_GETPUT, "{t}b", "new", "");
    s_add (&exec, OP_TTL, "{t}b", NULL, "");
    s_add (&exec, OP_PUT, "{t}c", "gone", "");
    s_add (&exec, OP_DEL, "{t}c", NULL, "");
    s_add (&exec, OP_EXISTS, "{t}c", NULL, "");
    s_add (&exec, OP_SETRANGE, "{t}d", "end", "offset=2");
    answer_t answer = s_execute (&exec);
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    ck_assert_str_eq (s_words (&answer),
                      "OK 2, OK '2', OK -, OK 3, OK 'xyz', OK 5000, OK -, OK -, NOTFOUND -, OK 5");
    ck_assert_uint_eq (s_version ("{t}a"), s_version ("{t}b"));
    ck_assert_uint_eq (s_version ("{t}a"), s_version ("{t}d"));
    answer = rig_do (&s_rig, OP_GET, "{t}d", NULL, "");
    ck_assert (bytes_equal (answer.value.bytes, bytes_of ("\0\0end", 5)));
}
END_TEST

START_TEST (a_condition_that_fails_changes_nothing)
{
    s_exec_t exec = { .records_count = 0 };
    uint64_t version = rig_do (&s_rig, OP_PUT, "{t}a", "1", "").version;
    s_if (&exec, "{t}a", version);
    s_if (&exec, "{t}b", 0);
    s_add (&exec, OP_PUT, "{t}b", "2", "");
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_OK);
    //  Now there is a b
    s_if (&exec, "{t}a", version);
    s_if (&exec, "{t}b", 0);
    s_add (&exec, OP_PUT, "{t}a", "3", "");
    answer_t answer = s_execute (&exec);
    ck_assert_uint_eq (answer.status, ZGRID_MISMATCH);
    ck_assert_uint_eq (answer.value.kind, VALUE_NIL);
    ck_assert_uint_eq (s_version ("{t}a"), version);
    //  Removed and made again: another version
    rig_do (&s_rig, OP_DEL, "{t}a", NULL, "");
    rig_do (&s_rig, OP_PUT, "{t}a", "1", "");
    s_if (&exec, "{t}a", version);
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_MISMATCH);
    //  One whose time is over is absent
    rig_do (&s_rig, OP_PUT, "{t}short", "1", "px=10");
    s_rig.moment.now += 10;
    s_rig.moment.wall += 10;
    s_if (&exec, "{t}short", 0);
    s_add (&exec, OP_PUT, "{t}short", "2", "nx");
    answer = s_execute (&exec);
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    ck_assert_str_eq (s_words (&answer), "OK -");
}
END_TEST

START_TEST (a_record_that_fails_leaves_the_others)
{
    s_exec_t exec = { .records_count = 0 };
    s_add (&exec, OP_PUT, "{t}a", "text", "");
    s_add (&exec, OP_INCR, "{t}a", NULL, "");
    s_add (&exec, OP_PUT, "{t}b", "2", "xx");
    s_add (&exec, OP_PUT, "{t}c", NULL, "");
    s_add (&exec, OP_PUT, "{t}d", "4", "");
    answer_t answer = s_execute (&exec);
    ck_assert_str_eq (s_words (&answer), "OK -, WRONGTYPE -, NOTFOUND -, MALFORMED -, OK -");
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "{t}b", NULL, "").status, ZGRID_NOTFOUND);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "{t}d", NULL, "").status, ZGRID_OK);
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_OK); // None at all
}
END_TEST

//  A key of another partition than {t}'s.
static const char *
s_elsewhere (void)
{
    static char s_key[16];
    uint32_t here = slot_partition (slot_of_key (bytes_str ("{t}")), 7);
    for (int number = 0;; number++) {
        snprintf (s_key, sizeof s_key, "k%d", number);
        if (slot_partition (slot_of_key (bytes_str (s_key)), 7) != here)
            return s_key;
    }
}

START_TEST (what_cannot_be_a_part_is_refused_before_anything_is_done)
{
    s_exec_t exec = { .records_count = 0 };
    static const struct {
        op_t op;
        const char *key, *value, *options;
    } s_bad[] = {
        { OP_LOCK, "{t}l", NULL, "" },        { OP_SIZE, "{t}", NULL, "" },
        { OP_PING, "{t}", "1", "" },          { OP_EXEC, "{t}", NULL, "" },
        { OP_GET, NULL, NULL, "" },           { OP_PUT, "{t}a", "1", "fence=3" },
        { OP_PUT, "{t}a", "1", "px=1 ex=1" },
    };
    for (size_t at = 0; at < sizeof s_bad / sizeof s_bad[0]; at++) {
        s_add (&exec, OP_PUT, "{t}a", "1", "");
        if (!s_bad[at].key)
            s_add (&exec, s_bad[at].op, s_elsewhere (), NULL, "");
        else
            s_add (&exec, s_bad[at].op, s_bad[at].key, s_bad[at].value, s_bad[at].options);
        ck_assert_msg (s_execute (&exec).status == ZGRID_MALFORMED, "record %zu", at);
    }
    s_if (&exec, s_elsewhere (), 0);
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_MALFORMED);
    for (unsigned count = 0; count < 1025; count++)
        s_add (&exec, OP_PUT, "{t}a", "1", "");
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_TOOBIG);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "{t}a", NULL, "").status, ZGRID_NOTFOUND);
    ck_assert_uint_eq (rig_do (&s_rig, OP_EXEC, "{t}", "text", "").status, ZGRID_MALFORMED);
    ck_assert_uint_eq (rig_do (&s_rig, OP_EXEC, "{t}", NULL, "").status, ZGRID_MALFORMED);
}
END_TEST

//  Bytes that are nearly an EXEC: an answer each, whatever they say.
START_TEST (broken_bytes_are_refused)
{
    dice_t dice = { .seed = 7 };
    for (unsigned round = 0; round < 3000; round++) {
        buf_t tree = BUF_INIT;
        wire_add_array (&tree, 2);
        wire_add_array (&tree, 1);
        wire_add_array (&tree, 3);
        wire_add_text (&tree, "m");
        wire_add_bytes (&tree, bytes_str ("{t}a"));
        wire_add_uint (&tree, 0);
        wire_add_array (&tree, 2);
        ask_t put = rig_words (OP_PUT, "{t}b", "value", "px=1000");
        wire_request (&tree, 1, OP_PUT, put.map, &put.key, &put.value, &put.options);
        wire_request (&tree, 2, OP_GET, put.map, &put.key, NULL, NULL);
        uint32_t changes = 1 + dice_roll (&dice, 3);
        for (uint32_t at = 0; at < changes; at++)
            tree.data[dice_roll (&dice, (uint32_t) tree.size)] = (uint8_t) dice_roll (&dice, 256);
        mp_t reader = mp_of (buf_bytes (&tree));
        ask_t ask = rig_words (OP_EXEC, "{t}", NULL, "");
        ask.value = (value_t) { .kind = VALUE_TREE, .bytes = buf_bytes (&tree) };
        if (mp_skip (&reader) && mp_at_end (&reader)) // Otherwise the whole body is broken
            (void) rig_ask (&s_rig, &ask);
        buf_clear (&tree);
    }
}
END_TEST

START_TEST (an_entry_gets_another_key)
{
    s_exec_t exec = { .records_count = 0 };
    rig_do (&s_rig, OP_PUT, "{t}a", "1", "px=5000");
    rig_do (&s_rig, OP_PUT, "{t}b", "2", "");
    ck_assert_uint_eq (rig_do (&s_rig, OP_RENAME, "{t}a", "{t}b", "nx").status, ZGRID_EXISTS);
    ck_assert_uint_eq (rig_do (&s_rig, OP_COPY, "{t}a", "{t}b", "nx").status, ZGRID_EXISTS);
    ck_assert_uint_eq (rig_do (&s_rig, OP_RENAME, "{t}none", "{t}b", "").status, ZGRID_NOTFOUND);
    ck_assert_uint_eq (rig_do (&s_rig, OP_RENAME, "{t}a", s_elsewhere (), "").status, ZGRID_MALFORMED);
    ck_assert_uint_eq (rig_do (&s_rig, OP_RENAME, "{t}a", NULL, "").status, ZGRID_MALFORMED);
    ck_assert_uint_eq (rig_do (&s_rig, OP_RENAME, "{t}a", "{t}a", "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_RENAME, "{t}a", "{t}b", "").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "{t}a", NULL, "").status, ZGRID_NOTFOUND);
    answer_t answer = rig_do (&s_rig, OP_GET, "{t}b", NULL, "withttl");
    ck_assert (answer_is (&answer, "1"));
    ck_assert_int_eq (answer.meta.ttl, 5000);
    ck_assert_uint_eq (rig_do (&s_rig, OP_COPY, "{t}b", "{t}b", "into=other").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_COPY, "{t}b", "{t}c", "nx").status, ZGRID_OK);
    ck_assert_uint_eq (rig_do (&s_rig, OP_COPY, "{t}b", "{t}c", "into=").status, ZGRID_MALFORMED);
    ask_t other = rig_words (OP_GET, "{t}b", NULL, "");
    other.map = bytes_str ("other");
    answer = rig_ask (&s_rig, &other);
    ck_assert (answer_is (&answer, "1"));
    //  Where an entry lies whose time is over, nothing is
    rig_do (&s_rig, OP_PUT, "{t}d", "old", "px=10");
    s_rig.moment.now += 10;
    s_rig.moment.wall += 10;
    ck_assert_uint_eq (rig_do (&s_rig, OP_RENAME, "{t}c", "{t}d", "nx").status, ZGRID_OK);
    //  Twice in one
    s_add (&exec, OP_RENAME, "{t}d", "{t}e", "");
    s_add (&exec, OP_RENAME, "{t}e", "{t}f", "nx");
    s_add (&exec, OP_COPY, "{t}f", "{t}d", "");
    s_add (&exec, OP_GET, "{t}d", NULL, "");
    s_add (&exec, OP_EXISTS, "{t}e", NULL, "");
    answer = s_execute (&exec);
    ck_assert_str_eq (s_words (&answer), "OK -, OK -, OK -, OK '1', NOTFOUND -");
}
END_TEST

START_TEST (bytes_of_a_value_are_overwritten)
{
    answer_t answer = rig_do (&s_rig, OP_SETRANGE, "a", "", "");
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    ck_assert_int_eq (answer.value.integer, 0);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "a", NULL, "").status, ZGRID_NOTFOUND);
    rig_do (&s_rig, OP_PUT, "a", "hello world", "px=5000");
    ck_assert_int_eq (rig_do (&s_rig, OP_SETRANGE, "a", "J", "").value.integer, 11);
    ck_assert_int_eq (rig_do (&s_rig, OP_SETRANGE, "a", "W", "offset=6").value.integer, 11);
    ck_assert_int_eq (rig_do (&s_rig, OP_SETRANGE, "a", "ds!", "offset=10").value.integer, 13);
    ck_assert_int_eq (rig_do (&s_rig, OP_SETRANGE, "a", "", "offset=100").value.integer, 13);
    answer = rig_do (&s_rig, OP_GET, "a", NULL, "withttl");
    ck_assert (answer_is (&answer, "Jello Worlds!"));
    ck_assert_int_eq (answer.meta.ttl, 5000);
    ck_assert_uint_eq (rig_do (&s_rig, OP_SETRANGE, "a", "x", "offset=18446744073709551615").status,
                       ZGRID_TOOBIG);
    ck_assert_uint_eq (rig_do (&s_rig, OP_SETRANGE, "a", "x", "offset=67108864").status, ZGRID_TOOBIG);
    ck_assert_uint_eq (rig_do (&s_rig, OP_SETRANGE, "a", NULL, "").status, ZGRID_MALFORMED);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Limits

static void
s_limit (uint64_t entries, uint64_t value_max, map_policy_t policy)
{
    storage_config_t config = rig_config (1, 7);
    config.entries_limit = entries;
    config.policy = policy;
    config.value_max = value_max;
    rig_close (&s_rig);
    ck_assert (rig_open_with (&s_rig, &config, NULL));
}

START_TEST (without_room_for_all_nothing_is_done)
{
    s_exec_t exec = { .records_count = 0 };
    s_limit (4, 1000, MAP_POLICY_NONE);
    rig_do (&s_rig, OP_PUT, "{t}0", "0", "");
    rig_do (&s_rig, OP_PUT, "{t}1", "1", "");
    for (int round = 0; round < 2; round++) {
        for (char number = '0'; number < (round ? '4' : '5'); number++)
            s_add (&exec, OP_PUT, (char[]) { '{', 't', '}', number, 0 }, "new", "");
        ck_assert_uint_eq (s_execute (&exec).status, round ? ZGRID_OK : ZGRID_NOMEM);
        answer_t answer = rig_do (&s_rig, OP_GET, "{t}0", NULL, "");
        ck_assert (answer_is (&answer, round ? "new" : "0"));
    }
    s_add (&exec, OP_COPY, "{t}0", "{t}9", "");
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_NOMEM);
}
END_TEST

START_TEST (room_is_made_by_evicting)
{
    s_exec_t exec = { .records_count = 0 };
    s_limit (8, 1000, MAP_POLICY_LRU);
    for (char number = 'a'; number < 'i'; number++)
        rig_do (&s_rig, OP_PUT, (char[]) { '{', 't', '}', number, 0 }, "old", "");
    for (char number = 'A'; number < 'G'; number++)
        s_add (&exec, OP_PUT, (char[]) { '{', 't', '}', number, 0 }, "new", "");
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_OK);
    ck_assert_int_eq (rig_do (&s_rig, OP_SIZE, NULL, NULL, "").value.integer, 8);
    ck_assert_uint_eq (rig_stats (&s_rig).evicted, 6);
    //  What is to be renamed may be what has to go
    for (char number = 'A'; number < 'G'; number++)
        (void) rig_do (&s_rig, OP_COPY, (char[]) { '{', 't', '}', number, 0 }, "{t}copy", "");
    ck_assert_int_eq (rig_do (&s_rig, OP_SIZE, NULL, NULL, "").value.integer, 8);
}
END_TEST

START_TEST (values_together_are_bounded)
{
    s_exec_t exec = { .records_count = 0 };
    s_limit (0, 1000, MAP_POLICY_NONE);
    char text[501];
    memset (text, 'x', 500);
    text[500] = 0;
    rig_do (&s_rig, OP_PUT, "{t}a", text, "");
    s_add (&exec, OP_COPY, "{t}a", "{t}b", "");
    s_add (&exec, OP_COPY, "{t}a", "{t}c", "");
    s_add (&exec, OP_COPY, "{t}a", "{t}d", "");
    answer_t answer = s_execute (&exec);
    ck_assert_str_eq (s_words (&answer), "OK -, OK -, TOOBIG -");
    //  And what is answered: at once where it is known, later otherwise
    s_add (&exec, OP_PUT, "{t}x", "1", "");
    for (int count = 0; count < 3; count++)
        s_add (&exec, OP_GET, "{t}a", NULL, "");
    ck_assert_uint_eq (s_execute (&exec).status, ZGRID_TOOBIG);
    ck_assert_uint_eq (rig_do (&s_rig, OP_GET, "{t}x", NULL, "").status, ZGRID_NOTFOUND);
    s_add (&exec, OP_PUT, "{t}y", text, "");
    for (int count = 0; count < 3; count++)
        s_add (&exec, OP_PUT, "{t}y", "1", "nx get");
    answer = s_execute (&exec);
    ck_assert_uint_eq (answer.status, ZGRID_OK);
    ck_assert_ptr_nonnull (strstr (s_words (&answer), ", TOOBIG -"));
}
END_TEST

//  The first allocation fails, then the second…: all or nothing, and it works in the end.
START_TEST (without_memory_nothing_is_done)
{
    unsigned refused = 0;
    rig_do (&s_rig, OP_PING, "{t}", "Room for the bodies of the rig: this is longer than what comes", "");
    for (unsigned fail = 1;; fail++) {
        s_exec_t exec = { .records_count = 0 };
        char key[16];
        snprintf (key, sizeof key, "{t}%u", fail);
        s_add (&exec, OP_PUT, key, "1", "");
        s_add (&exec, OP_APPEND, key, "2", "");
        answer_t answer = s_execute_failing (&exec, fail);
        if (s_rig.lost || answer.status != ZGRID_OK) {
            refused++;
            if (!s_rig.lost) // Else it may have been executed
                ck_assert_uint_eq (rig_do (&s_rig, OP_EXISTS, key, NULL, "").status, ZGRID_NOTFOUND);
            continue;
        }
        if (answer.value.kind == VALUE_TREE && strcmp (s_words (&answer), "OK -, OK 2") == 0)
            break;
        refused++;
        ck_assert_uint_lt (fail, 200);
    }
    ck_assert_uint_ge (refused, 1);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  Copies

//  Asks a storage among copies for an EXEC of two INCRs, and one key that comes and goes.
static void
s_exec_on (copies_t *copies, int index, uint64_t id)
{
    buf_t tree = BUF_INIT;
    bytes_t map = bytes_str ("map"), keys[] = { bytes_str ("a"), bytes_str ("b"), bytes_str ("c") };
    value_t value = value_bytes (bytes_str ("x"));
    options_t life = { .given = OPT_px, .time = 100000 };
    value_t renamed = value_bytes (bytes_str ("d"));
    wire_add_array (&tree, 2);
    wire_add_array (&tree, 0);
    wire_add_array (&tree, 6);
    wire_request (&tree, 1, OP_INCR, map, &keys[0], NULL, NULL);
    wire_request (&tree, 2, OP_INCR, map, &keys[1], NULL, NULL);
    wire_request (&tree, 3, OP_PUT, map, &keys[2], &value, &life);
    wire_request (&tree, 4, OP_PERSIST, map, &keys[2], NULL, NULL);
    wire_request (&tree, 5, OP_COPY, map, &keys[2], &renamed, NULL);
    wire_request (&tree, 6, OP_DEL, map, &keys[2], NULL, NULL);
    copies_ask (
        copies, index,
        &(copies_ask_t) { .op = OP_EXEC, .key = "a", .id = id, .session = 1, .tree = buf_bytes (&tree) });
    buf_clear (&tree);
}

static int64_t
s_read (copies_t *copies, int index, uint64_t id, const char *key)
{
    copies_ask (copies, index, &(copies_ask_t) { .op = OP_GET, .id = id, .key = key });
    copies_run (copies, 50);
    const copies_reply_t *reply = copies_reply (copies, id);
    ck_assert_ptr_nonnull (reply);
    return reply->status == ZGRID_OK ? strtoll (reply->text, NULL, 10) : -1;
}

START_TEST (copies_apply_it_whole_and_once)
{
    copies_t copies;
    storage_config_t config = rig_config (1, 1);
    copies_open (&copies, 3, 3, &config);
    copies_run (&copies, 100);
    s_exec_on (&copies, 0, 1);
    ck_assert_uint_eq (storage_partition_state (copies.storage[0], 0).last, 1);
    copies_run (&copies, 100);
    s_exec_on (&copies, 0, 1); // Again
    copies_run (&copies, 100);
    ck_assert_uint_eq (storage_partition_state (copies.storage[0], 0).last, 1);
    ck_assert_uint_eq (copies.reply_count, 2);
    for (int index = 1; index < 3; index++)
        ck_assert_uint_eq (storage_partition_digest (copies.storage[index], 0),
                           storage_partition_digest (copies.storage[0], 0));
    ck_assert_int_eq (s_read (&copies, 0, 2, "a"), 1);
    ck_assert_int_eq (s_read (&copies, 0, 3, "c"), -1);
    //  Another primary knows the request
    part_t *part = copies_part (&copies);
    part->primary = 2;
    part->epoch++;
    part->reps_count = 2;
    part->reps[0] = 2;
    part->reps[1] = 3;
    copies_publish (&copies, 1);
    copies_publish (&copies, 2);
    copies_run (&copies, 200);
    s_exec_on (&copies, 1, 1);
    copies_run (&copies, 100);
    ck_assert_int_eq (s_read (&copies, 1, 4, "a"), 1);
    ck_assert_int_eq (s_read (&copies, 1, 5, "b"), 1);
    copies_close (&copies);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("ops_exec");
    TCase *one = tcase_create ("one copy");
    tcase_add_checked_fixture (one, s_set_up, s_tear_down);
    tcase_add_test (one, records_are_executed_in_order_under_one_version);
    tcase_add_test (one, a_condition_that_fails_changes_nothing);
    tcase_add_test (one, a_record_that_fails_leaves_the_others);
    tcase_add_test (one, what_cannot_be_a_part_is_refused_before_anything_is_done);
    tcase_add_test (one, broken_bytes_are_refused);
    tcase_add_test (one, an_entry_gets_another_key);
    tcase_add_test (one, bytes_of_a_value_are_overwritten);
    tcase_add_test (one, without_room_for_all_nothing_is_done);
    tcase_add_test (one, room_is_made_by_evicting);
    tcase_add_test (one, values_together_are_bounded);
    tcase_add_test (one, without_memory_nothing_is_done);
    suite_add_tcase (suite, one);
    TCase *copies = tcase_create ("copies");
    tcase_set_timeout (copies, TEST_TIMEOUT);
    tcase_add_test (copies, copies_apply_it_whole_and_once);
    suite_add_tcase (suite, copies);
    return suite;
}
