//  check_census: what a storage actor counts, times and tells of operations, maps, partitions and keys.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>

#include "lib/rig.h"
#include "lib/test.h"
#include "mem.h"
#include "slot.h"

static rig_t s_rig;
static uint64_t s_time; // Nanoseconds that the clock tells
static uint64_t s_step; // It goes on by so many each time
static sheet_t *s_sheet;

static uint64_t
s_clock (void)
{
    return s_time += s_step;
}

static void
s_open (uint32_t actors, uint32_t partitions)
{
    census_config_t census = { .clock = s_clock, .sampling = 1, .slow = 1000000 };
    storage_config_t config = rig_config (actors, partitions);
    config.census = &census;
    s_time = s_step = 0;
    ck_assert (rig_open_with (&s_rig, &config, NULL));
}

static void
s_teardown (void)
{
    sheet_destroy (&s_sheet);
    rig_verify (&s_rig);
    rig_close (&s_rig);
}

//  The request for a table, in words.
static report_t
s_ask (const char *word, const options_t *options, const char *key, bool *good, const char **why)
{
    static buf_t s_body;
    value_t value = value_bytes (bytes_str (word));
    bytes_t key_bytes = bytes_str (key);
    request_t request;
    mp_t reader;
    report_t report;
    buf_reset (&s_body);
    wire_begin (&s_body);
    wire_request (&s_body, 1, OP_STATS, bytes_str (""), key ? &key_bytes : NULL, word ? &value : NULL,
                  options);
    ck_assert (wire_open (buf_bytes (&s_body), &reader)
               && wire_next_request (&reader, &request) == WIRE_RECORD);
    *good = report_decode (&request, &report, why);
    return report;
}

//  Fills s_sheet from all actors as a router does. Returns the rows.
static uint32_t
s_report_page (const char *word, const options_t *options, const char *key)
{
    bool good;
    const char *why;
    report_t report = s_ask (word, options, key, &good, &why);
    ck_assert (good && report.kind == REPORT_SHEET);
    sheet_destroy (&s_sheet);
    s_sheet = sheet_new (report.which, report.most);
    for (uint32_t actor = 0; actor < s_rig.actors; actor++) {
        sheet_t *part = sheet_new (report.which, report.most);
        buf_t out = BUF_INIT;
        ck_assert (storage_report (s_rig.storage[actor], part, &report, s_rig.moment));
        wire_add_map (&out, SHEET_PAIRS);
        sheet_encode (part, &out);
        ck_assert (sheet_take (s_sheet, buf_bytes (&out)));
        buf_clear (&out);
        sheet_destroy (&part);
    }
    return sheet_settle (s_sheet);
}

static uint32_t
s_report (const char *word)
{
    return s_report_page (word, NULL, NULL);
}

//  The row whose first cell is that text.
static const cell_t *
s_row (const char *id)
{
    for (uint32_t row = 0; row < sheet_settle (s_sheet); row++)
        if (bytes_equal (sheet_row (s_sheet, row)[0].bytes, bytes_str (id)))
            return sheet_row (s_sheet, row);
    ck_abort_msg ("no row %s", id);
    return NULL;
}

static void
s_put (const char *map, const char *key, const char *value)
{
    ask_t ask = rig_words (OP_PUT, key, value, "");
    ask.map = bytes_str (map);
    ck_assert_uint_eq (rig_ask (&s_rig, &ask).status, ZGRID_OK);
}

static unsigned
s_do (op_t op, const char *map, const char *key)
{
    ask_t ask = rig_words (op, key, NULL, "");
    ask.map = bytes_str (map);
    return rig_ask (&s_rig, &ask).status;
}

//  ------------------------------------------------------------------------------------------------

START_TEST (words_that_stats_takes)
{
    static const char *const words[] = { "operations", "latency", "maps", "partitions",
                                         "hot",        "big",     "slow", "clients" };
    bool good;
    const char *why = NULL;
    s_open (1, 7);
    for (size_t at = 0; at < sizeof words / sizeof words[0]; at++) {
        report_t report = s_ask (words[at], NULL, NULL, &good, &why);
        ck_assert (good && report.kind == REPORT_SHEET && report.which == sheet_find (bytes_str (words[at])));
    }
    ck_assert (s_ask (NULL, NULL, NULL, &good, &why).kind == REPORT_COUNTERS && good);
    ck_assert (s_ask ("process", NULL, NULL, &good, &why).kind == REPORT_PROCESS && good);
    static const char *const wrong[] = { "", "map", "maps ", "MAPS", "everything" };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        why = NULL;
        s_ask (wrong[at], NULL, NULL, &good, &why);
        ck_assert (!good && why);
    }
    options_t options = { .given = OPT_count, .count = 0 };
    s_ask ("maps", &options, NULL, &good, &why);
    ck_assert (!good);
    options.count = 10001;
    s_ask ("maps", &options, NULL, &good, &why);
    ck_assert (!good);
    static const char *const keys[] = { "x", "-1", "1 ", "9999999999" };
    for (size_t at = 0; at < sizeof keys / sizeof keys[0]; at++) {
        s_ask ("partitions", NULL, keys[at], &good, &why);
        ck_assert (!good);
    }
}
END_TEST

START_TEST (operations_are_counted_one_by_one)
{
    s_open (2, 7);
    for (int at = 0; at < 30; at++) {
        char key[16];
        snprintf (key, sizeof key, "k%d", at);
        s_put ("m", key, "value");
        s_do (OP_GET, "m", key);
        s_do (OP_GET, "m", "absent");
    }
    rig_do (&s_rig, OP_INCR, "k1", NULL, "");

    s_report ("operations");

    ck_assert_uint_eq (s_row ("PUT")[CELL_operations_records].number, 30);
    ck_assert_uint_eq (s_row ("PUT")[CELL_operations_failed].number, 0);
    ck_assert_uint_eq (s_row ("GET")[CELL_operations_records].number, 60);
    ck_assert_uint_eq (s_row ("GET")[CELL_operations_failed].number, 0);
    ck_assert_uint_eq (s_row ("INCR")[CELL_operations_records].number, 1);
    ck_assert_uint_eq (s_row ("INCR")[CELL_operations_failed].number, 1); // WRONGTYPE
    ck_assert_uint_gt (s_row ("PUT")[CELL_operations_bytes_in].number, 30 * strlen ("valuePUTm"));
    ck_assert_uint_gt (s_row ("GET")[CELL_operations_bytes_out].number, 30 * strlen ("value"));
}
END_TEST

//  A body of 40 GETs: groups of 16, 16 and 8, each of them one step of the clock.
START_TEST (a_group_of_records_shares_its_time)
{
    s_open (1, 7);
    census_t *census = storage_census (s_rig.storage[0]);
    bytes_t key = bytes_str ("k");
    s_step = 1600;
    wire_begin (&s_rig.body);
    for (uint64_t id = 1; id <= 40; id++)
        wire_request (&s_rig.body, id, OP_GET, bytes_str ("m"), &key, NULL, NULL);
    census_begin (census, bytes_str ("me"));
    ck_assert_uint_eq (rig_run (&s_rig, 0), 40);
    census_answer (census);

    s_report ("latency");

    const cell_t *row = s_row ("GET");
    const histogram_t *execute = row[CELL_latency_execute].histogram;
    ck_assert_uint_eq (execute->count, 40);
    ck_assert_uint_eq (execute->min, 100);
    ck_assert_uint_eq (execute->max, 200);
    ck_assert (histogram_mean (execute) == (32 * 100 + 8 * 200) / 40.0);
    const histogram_t *answer = row[CELL_latency_answer].histogram;
    ck_assert_uint_eq (answer->count, 40);
    ck_assert_uint_eq (answer->min, 4800);
    ck_assert_uint_eq (answer->max, 4800);
}
END_TEST

START_TEST (an_answer_that_waits_is_timed_until_it_leaves)
{
    s_open (1, 7);
    census_t *census = storage_census (s_rig.storage[0]);
    uint8_t packed[CENSUS_PACKED_MAX];
    s_step = 10;
    census_begin (census, bytes_str ("me"));
    s_put ("m", "a", "1");
    size_t size = census_pack (census, packed);
    s_time += 5000;
    census_begin (census, bytes_str ("you"));
    s_do (OP_GET, "m", "a");
    census_answer (census);

    census_answer_later (census, bytes_of (packed, size));

    s_report ("latency");
    ck_assert_uint_eq (s_row ("PUT")[CELL_latency_answer].histogram->count, 1);
    ck_assert_uint_eq (s_row ("PUT")[CELL_latency_answer].histogram->max, 5040);
    ck_assert_uint_eq (s_row ("GET")[CELL_latency_answer].histogram->max, 10);
    //  Cut, it does no harm
    for (size_t cut = 0; cut < size; cut++)
        census_answer_later (census, bytes_of (packed, cut));
    s_report ("latency");
    ck_assert_uint_eq (s_row ("PUT")[CELL_latency_answer].histogram->count, 1);
}
END_TEST

START_TEST (a_slow_record_is_remembered_with_who_sent_it)
{
    s_open (1, 7);
    census_t *census = storage_census (s_rig.storage[0]);
    s_put ("m", "a", "a value");
    census_begin (census, bytes_of ("\x01\xab", 2));
    s_step = 999999;
    s_do (OP_GET, "m", "a");
    ck_assert_uint_eq (s_report ("slow"), 0);
    s_step = 2000000;
    census_begin (census, bytes_of ("\x01\xab", 2));
    s_do (OP_GET, "m", "a");

    ck_assert_uint_eq (s_report ("slow"), 1);

    const cell_t *row = sheet_row (s_sheet, 0);
    ck_assert (bytes_equal (row[CELL_slow_op].bytes, bytes_str ("GET")));
    ck_assert (bytes_equal (row[CELL_slow_map].bytes, bytes_str ("m")));
    ck_assert (bytes_equal (row[CELL_slow_key].bytes, bytes_str ("a")));
    ck_assert (bytes_equal (row[CELL_slow_client].bytes, bytes_str ("01ab")));
    ck_assert (bytes_equal (row[CELL_slow_status].bytes, bytes_str ("OK")));
    ck_assert_uint_eq (row[CELL_slow_took_ns].number, 2000000);
    ck_assert_uint_eq (row[CELL_slow_group].number, 1);
    ck_assert_uint_eq (row[CELL_slow_at].number, s_rig.moment.wall);
}
END_TEST

//  ------------------------------------------------------------------------------------------------

#define S_MODEL_KEYS 40
#define S_MODEL_MAPS 3

static const char *const s_names[S_MODEL_MAPS] = { "one", "two", "drei \xc3\xa4" };

//  What operations must have counted.
typedef struct {
    map_counts_t maps[S_MODEL_MAPS];
    bool there[S_MODEL_MAPS][S_MODEL_KEYS];
    uint64_t reads[7], writes[7];
} s_model_t;

static void
s_step_put (s_model_t *model, unsigned map, const char *text, unsigned key)
{
    s_put (s_names[map], text, "value");
    model->there[map][key] = true;
    model->maps[map].puts++;
    model->writes[slot_partition (slot_of_key (bytes_str (text)), 7)]++;
}

static void
s_step_random (s_model_t *model, uint64_t dice)
{
    unsigned map = (unsigned) (dice >> 33) % S_MODEL_MAPS, key = (unsigned) (dice >> 40) % S_MODEL_KEYS;
    char text[16];
    snprintf (text, sizeof text, "k%u", key);
    uint32_t partition = slot_partition (slot_of_key (bytes_str (text)), 7);
    map_counts_t *counts = &model->maps[map];
    bool *there = &model->there[map][key];
    if (dice >> 60 < 2)
        s_step_put (model, map, text, key);
    else if (dice >> 60 < 5) {
        s_do (OP_DEL, s_names[map], text);
        ++*(*there ? &counts->del_hits : &counts->del_misses);
        *there = false;
        model->writes[partition]++;
    } else {
        s_do (OP_GET, s_names[map], text);
        ++*(*there ? &counts->get_hits : &counts->get_misses);
        model->reads[partition]++;
    }
}

static uint64_t
s_entries (const s_model_t *model, int map)
{
    uint64_t entries = 0;
    for (int key = 0; key < S_MODEL_KEYS; key++)
        entries += model->there[map][key];
    return entries;
}

static void
s_assert_partitions (const s_model_t *model, uint64_t entries)
{
    ck_assert_uint_eq (s_report ("partitions"), 7);
    uint64_t bytes = 0;
    for (uint32_t at = 0; at < 7; at++) {
        const cell_t *row = sheet_row (s_sheet, at);
        ck_assert_uint_eq (row[CELL_partitions_partition].number, at);
        ck_assert_uint_eq (row[CELL_partitions_reads].number, model->reads[at]);
        ck_assert_uint_eq (row[CELL_partitions_writes].number, model->writes[at]);
        entries -= row[CELL_partitions_entries].number;
        bytes += row[CELL_partitions_used_bytes].number;
    }
    ck_assert_uint_eq (entries, 0);
    ck_assert_uint_eq (bytes, rig_stats (&s_rig).used_bytes);
}

//  Random operations on some maps.
START_TEST (counters_of_maps_and_partitions_are_those_of_a_model)
{
    static s_model_t model;
    uint64_t dice = 1, all = 0;
    s_open (2, 7);
    for (unsigned map = 0; map < S_MODEL_MAPS; map++) // GET and DEL before the first PUT would be nobody's
        for (unsigned key = 0; key < S_MODEL_KEYS; key++) {
            char text[16];
            snprintf (text, sizeof text, "k%u", key);
            s_step_put (&model, map, text, key);
        }
    for (int step = 0; step < 20000; step++) {
        dice = dice * 6364136223846793005u + 1442695040888963407u;
        s_step_random (&model, dice);
    }

    ck_assert_uint_eq (s_report ("maps"), S_MODEL_MAPS);
    for (int map = 0; map < S_MODEL_MAPS; map++) {
        const cell_t *row = s_row (s_names[map]);
        all += s_entries (&model, map);
        ck_assert_uint_eq (row[CELL_maps_entries].number, s_entries (&model, map));
        ck_assert_uint_eq (row[CELL_maps_copies].number, 0);
        ck_assert_uint_eq (row[CELL_maps_puts].number, model.maps[map].puts);
        ck_assert_uint_eq (row[CELL_maps_get_hits].number, model.maps[map].get_hits);
        ck_assert_uint_eq (row[CELL_maps_get_misses].number, model.maps[map].get_misses);
        ck_assert_uint_eq (row[CELL_maps_del_hits].number, model.maps[map].del_hits);
        ck_assert_uint_eq (row[CELL_maps_del_misses].number, model.maps[map].del_misses);
    }
    s_assert_partitions (&model, all);
}
END_TEST

START_TEST (expired_entries_are_counted_for_their_map)
{
    s_open (2, 7);
    for (int at = 0; at < 50; at++) {
        char key[16];
        snprintf (key, sizeof key, "k%d", at);
        rig_do (&s_rig, OP_PUT, key, "v", "px=100");
        s_put ("other", key, "v");
    }
    rig_pass (&s_rig, 20000);

    s_report ("maps");

    ck_assert_uint_eq (s_row ("m")[CELL_maps_expired].number, 50);
    ck_assert_uint_eq (s_row ("m")[CELL_maps_entries].number, 0);
    ck_assert_uint_eq (s_row ("other")[CELL_maps_expired].number, 0);
    ck_assert_uint_eq (s_row ("other")[CELL_maps_entries].number, 50);
}
END_TEST

START_TEST (many_maps_come_page_by_page)
{
    s_open (2, 7);
    for (int at = 0; at < 300; at++) {
        char map[16];
        snprintf (map, sizeof map, "map%03d", at);
        for (int key = 0; key < 3; key++)
            s_put (map, key == 0 ? "a" : key == 1 ? "b" : "c", "v");
    }
    options_t options = { .given = OPT_count, .count = 37 };
    char after[16] = "";
    uint32_t seen = 0;
    bool more = true;
    for (int page = 0; more && page < 100; page++) {
        uint32_t rows = s_report_page ("maps", &options, *after ? after : NULL);
        ck_assert_uint_gt (rows, 0);
        for (uint32_t row = 0; row < rows; row++, seen++) {
            const cell_t *cells = sheet_row (s_sheet, row);
            snprintf (after, sizeof after, "map%03u", seen);
            ck_assert (bytes_equal (cells[CELL_maps_map].bytes, bytes_str (after)));
            ck_assert_uint_eq (cells[CELL_maps_entries].number, 3);
        }
        more = sheet_has_more (s_sheet);
    }
    ck_assert_uint_eq (seen, 300);
    options.count = 3;
    ck_assert_uint_eq (s_report_page ("partitions", &options, "3"), 3);
    ck_assert (!sheet_has_more (s_sheet));
    ck_assert_uint_eq (sheet_row (s_sheet, 0)[CELL_partitions_partition].number, 4);
    s_report_page ("partitions", &options, NULL);
    ck_assert (sheet_has_more (s_sheet));
}
END_TEST

//  ------------------------------------------------------------------------------------------------

START_TEST (a_key_in_use_is_hot)
{
    s_open (2, 7);
    for (int at = 0; at < 500; at++) {
        char key[16];
        snprintf (key, sizeof key, "k%d", at % 100);
        s_put ("m", key, "v");
        s_do (OP_GET, "m", "often");
        s_do (OP_GET, "n", "often");
        s_do (OP_GET, "n", "often");
    }

    ck_assert_uint_eq (s_report ("hot"), 100);

    const cell_t *first = sheet_row (s_sheet, 0), *second = sheet_row (s_sheet, 1);
    ck_assert (bytes_equal (first[CELL_hot_map].bytes, bytes_str ("n")));
    ck_assert (bytes_equal (first[CELL_hot_key].bytes, bytes_str ("often")));
    ck_assert_uint_eq (first[CELL_hot_per_s].number, 1000);
    ck_assert_uint_eq (first[CELL_hot_writes].number, 0);
    ck_assert (bytes_equal (second[CELL_hot_map].bytes, bytes_str ("m")));
    ck_assert_uint_eq (second[CELL_hot_per_s].number, 500);
    ck_assert (sheet_has_more (s_sheet));
}
END_TEST

//  One record in 10 is looked at; what is told is about all of them.
START_TEST (samples_stand_for_all_records)
{
    census_config_t census = { .clock = s_clock, .sampling = 10 };
    storage_config_t config = rig_config (1, 7);
    config.census = &census;
    ck_assert (rig_open_with (&s_rig, &config, NULL));
    for (int at = 0; at < 20000; at++)
        s_do (OP_GET, "m", "a");

    ck_assert_uint_eq (s_report ("hot"), 1);

    uint64_t told = sheet_row (s_sheet, 0)[CELL_hot_per_s].number;
    ck_assert_uint_gt (told, 18000);
    ck_assert_uint_lt (told, 22000);
}
END_TEST

static void
s_assert_big (uint32_t row, const char *key, uint64_t bytes)
{
    const cell_t *cells = sheet_row (s_sheet, row);
    ck_assert (bytes_equal (cells[CELL_big_key].bytes, bytes_str (key)));
    ck_assert_uint_eq (cells[CELL_big_bytes].number, bytes);
}

START_TEST (the_largest_entries_are_told_as_they_are_now)
{
    static char value[5001];
    s_open (2, 7);
    memset (value, 'x', 5000);
    s_put ("m", "huge", value);
    value[4000] = 0;
    s_put ("m", "large", value);
    s_put ("m", "gone", value);
    s_put ("m", "shrunk", value);
    s_put ("m", "small", "v");
    s_do (OP_DEL, "m", "gone");
    s_put ("m", "shrunk", "v");

    ck_assert_uint_eq (s_report ("big"), 4);

    s_assert_big (0, "huge", 5004);
    s_assert_big (1, "large", 4005);
    s_assert_big (2, "shrunk", 7);
    s_assert_big (3, "small", 6);
}
END_TEST

//  Entries that no write of this actor has made are found by its walk, in time.
START_TEST (a_walk_finds_large_entries_that_were_missed)
{
    static char value[3001];
    s_open (1, 7);
    memset (value, 'x', 3000);
    for (int at = 0; at < 2000; at++) {
        char key[16];
        snprintf (key, sizeof key, "k%d", at);
        value[at % 100 == 0 ? 3000 - at : 10] = 0;
        s_put ("m", key, value);
        memset (value, 'x', 3000);
    }
    storage_census (s_rig.storage[0])->big = (big_t) { 0 };
    ck_assert_uint_eq (s_report ("big"), 0);

    rig_pass (&s_rig, 100000);

    ck_assert_uint_ge (s_report ("big"), 20);
    s_assert_big (0, "k0", 3002);
    s_assert_big (1, "k100", 2904);
}
END_TEST

START_TEST (without_memory_statistics_are_refused_and_nothing_breaks)
{
    static const char *const words[] = { "operations", "latency", "maps", "partitions", "hot", "big" };
    bool good;
    const char *why;
    s_open (1, 7);
    census_begin (storage_census (s_rig.storage[0]), bytes_str ("me"));
    s_put ("m", "a", "v");
    census_answer (storage_census (s_rig.storage[0]));
    for (size_t at = 0; at < sizeof words / sizeof words[0]; at++) {
        report_t report = s_ask (words[at], NULL, NULL, &good, &why);
        sheet_t *sheet = sheet_new (report.which, 0);
        mem_fail_at (1);
        bool told = storage_report (s_rig.storage[0], sheet, &report, s_rig.moment);
        mem_fail_at (0);
        ck_assert_msg (!told, "%s", words[at]);
        sheet_destroy (&sheet);
    }
    ck_assert_uint_eq (s_report ("maps"), 1);
}
END_TEST

START_TEST (a_storage_without_a_census_tells_maps_and_partitions)
{
    rig_open (&s_rig, 1, 7);
    s_put ("m", "a", "v");

    ck_assert_uint_eq (s_report ("maps"), 1);
    ck_assert_uint_eq (s_report ("partitions"), 7);
    ck_assert_uint_eq (s_report ("operations"), 0);
    ck_assert_uint_eq (s_report ("latency"), 0);
    ck_assert_uint_eq (s_report ("hot"), 0);
    ck_assert_uint_eq (s_report ("big"), 0);
    ck_assert_uint_eq (s_report ("slow"), 0);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("census");
    TCase *tcase = tcase_create ("census");
    tcase_add_checked_fixture (tcase, NULL, s_teardown);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, words_that_stats_takes);
    tcase_add_test (tcase, operations_are_counted_one_by_one);
    tcase_add_test (tcase, a_group_of_records_shares_its_time);
    tcase_add_test (tcase, an_answer_that_waits_is_timed_until_it_leaves);
    tcase_add_test (tcase, a_slow_record_is_remembered_with_who_sent_it);
    tcase_add_test (tcase, counters_of_maps_and_partitions_are_those_of_a_model);
    tcase_add_test (tcase, expired_entries_are_counted_for_their_map);
    tcase_add_test (tcase, many_maps_come_page_by_page);
    tcase_add_test (tcase, a_key_in_use_is_hot);
    tcase_add_test (tcase, samples_stand_for_all_records);
    tcase_add_test (tcase, the_largest_entries_are_told_as_they_are_now);
    tcase_add_test (tcase, a_walk_finds_large_entries_that_were_missed);
    tcase_add_test (tcase, without_memory_statistics_are_refused_and_nothing_breaks);
    tcase_add_test (tcase, a_storage_without_a_census_tells_maps_and_partitions);
    suite_add_tcase (suite, tcase);
    return suite;
}
