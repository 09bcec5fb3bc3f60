//  check_sheet: tables of statistics are added up, sorted, cut and read as sheet.h says.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include "mem.h"
#include "sheet.h"
#include "wire.h"

static sheet_t *s_sheet;

static void
s_teardown (void)
{
    sheet_destroy (&s_sheet);
}

static bool
s_add_map (sheet_t *sheet, const char *name, uint64_t entries)
{
    cell_t cells[SHEET_COLUMNS_MAX] = { 0 };
    cells[CELL_maps_map].bytes = bytes_str (name);
    cells[CELL_maps_mode].bytes = bytes_str ("cp");
    cells[CELL_maps_entries].number = entries;
    return sheet_add (sheet, cells);
}

//  As an answer: a map with a pair that the table is not about.
static buf_t
s_encode (sheet_t *sheet)
{
    buf_t out = BUF_INIT;
    wire_add_map (&out, SHEET_PAIRS + 1);
    wire_add_text (&out, "name");
    wire_add_text (&out, "node 1");
    sheet_encode (sheet, &out);
    ck_assert (!out.failed);
    return out;
}

static void
s_assert_map (uint32_t row, const char *name, uint64_t entries)
{
    const cell_t *cells = sheet_row (s_sheet, row);
    ck_assert (bytes_equal (cells[CELL_maps_map].bytes, bytes_str (name)));
    ck_assert_uint_eq (cells[CELL_maps_entries].number, entries);
}

START_TEST (every_table_has_a_name_columns_and_an_id)
{
    ck_assert_int_gt (SHEETS, 0);
    for (int which = 0; which < SHEETS; which++) {
        sheet_info_t info = sheet_info ((sheet_id_t) which);
        ck_assert_int_eq (sheet_find (bytes_str (info.word)), which);
        ck_assert_uint_ge (info.columns_count, 2);
        ck_assert_uint_le (info.columns_count, SHEET_COLUMNS_MAX);
        ck_assert_uint_lt (info.order, info.columns_count);
        ck_assert (info.columns[0].kind <= CELL_ID_NUMBER);
        for (unsigned at = 0; at < info.columns_count; at++)
            for (unsigned other = 0; other < at; other++)
                ck_assert_str_ne (info.columns[at].name, info.columns[other].name);
    }
    ck_assert_int_eq (sheet_find (bytes_str ("no such table")), SHEET_NONE);
}
END_TEST

START_TEST (rows_with_the_same_name_are_added_up)
{
    s_sheet = sheet_new (SHEET_maps, 0);
    ck_assert (s_add_map (s_sheet, "users", 5) && s_add_map (s_sheet, "cars", 1)
               && s_add_map (s_sheet, "users", 7) && s_add_map (s_sheet, "user", 2));

    ck_assert_uint_eq (sheet_settle (s_sheet), 3);

    s_assert_map (0, "cars", 1);
    s_assert_map (1, "user", 2);
    s_assert_map (2, "users", 12);
    ck_assert (!sheet_has_more (s_sheet));
}
END_TEST

START_TEST (what_was_encoded_is_taken_again)
{
    s_sheet = sheet_new (SHEET_maps, 0);
    sheet_t *other = sheet_new (SHEET_maps, 0);
    ck_assert (s_add_map (s_sheet, "users", 5) && s_add_map (other, "users", 300)
               && s_add_map (other, "caf\xc3\xa9", 70000));
    buf_t encoded = s_encode (other);

    ck_assert (sheet_take (s_sheet, buf_bytes (&encoded)));

    ck_assert_uint_eq (sheet_settle (s_sheet), 2);
    s_assert_map (0, "caf\xc3\xa9", 70000);
    s_assert_map (1, "users", 305);
    buf_clear (&encoded);
    sheet_destroy (&other);
}
END_TEST

START_TEST (the_largest_rows_stay_when_there_are_too_many)
{
    s_sheet = sheet_new (SHEET_big, 3);
    for (uint64_t at = 1; at <= 10; at++) {
        cell_t cells[SHEET_COLUMNS_MAX] = { 0 };
        cells[CELL_big_tag].number = at;
        cells[CELL_big_bytes].number = at * 7 % 11;
        ck_assert (sheet_add (s_sheet, cells));
    }

    ck_assert_uint_eq (sheet_settle (s_sheet), 3);

    for (uint32_t row = 0; row < 3; row++)
        ck_assert_uint_eq (sheet_row (s_sheet, row)[CELL_big_bytes].number, 10 - row);
    ck_assert (sheet_has_more (s_sheet));
}
END_TEST

//  One part ends at "m": what the other has behind it is not whole.
START_TEST (a_page_of_several_parts_ends_where_the_first_of_them_ends)
{
    s_sheet = sheet_new (SHEET_maps, 0);
    sheet_t *one = sheet_new (SHEET_maps, 0), *other = sheet_new (SHEET_maps, 0);
    ck_assert (s_add_map (one, "a", 1) && s_add_map (one, "m", 1));
    ck_assert (s_add_map (other, "a", 1) && s_add_map (other, "z", 1));
    sheet_more (one);
    buf_t first = s_encode (one), second = s_encode (other);

    ck_assert (sheet_take (s_sheet, buf_bytes (&second)) && sheet_take (s_sheet, buf_bytes (&first)));

    ck_assert_uint_eq (sheet_settle (s_sheet), 2);
    s_assert_map (0, "a", 2);
    s_assert_map (1, "m", 1);
    ck_assert (sheet_has_more (s_sheet));
    buf_clear (&first);
    buf_clear (&second);
    sheet_destroy (&one);
    sheet_destroy (&other);
}
END_TEST

static void
s_add_latency (sheet_t *sheet, uint64_t from, uint64_t to)
{
    static uint64_t buckets[SHEET_ROOM];
    histogram_t histogram;
    histogram_init (&histogram, SHEET_BITS, SHEET_TOP, buckets);
    for (uint64_t value = from; value < to; value++)
        histogram_add (&histogram, value * 1000);
    cell_t cells[SHEET_COLUMNS_MAX] = { 0 };
    cells[CELL_latency_op].bytes = bytes_str ("GET");
    cells[CELL_latency_answer].histogram = &histogram;
    ck_assert (sheet_add (sheet, cells));
}

START_TEST (histograms_of_parts_give_those_of_the_whole)
{
    sheet_t *one = sheet_new (SHEET_latency, 0), *other = sheet_new (SHEET_latency, 0);
    s_sheet = sheet_new (SHEET_latency, 0);
    s_add_latency (one, 1, 5000);
    s_add_latency (other, 5000, 10001);
    buf_t first = s_encode (one), second = s_encode (other);

    ck_assert (sheet_take (s_sheet, buf_bytes (&first)) && sheet_take (s_sheet, buf_bytes (&second)));

    ck_assert_uint_eq (sheet_settle (s_sheet), 1);
    const histogram_t *answer = sheet_row (s_sheet, 0)[CELL_latency_answer].histogram;
    ck_assert_uint_eq (answer->count, 10000);
    ck_assert_uint_eq (answer->min, 1000);
    ck_assert_uint_eq (answer->max, 10000000);
    ck_assert (histogram_mean (answer) == 5000500);
    ck_assert_uint_gt (histogram_percentile (answer, 99), 9900000 / 1.032);
    ck_assert_uint_lt (histogram_percentile (answer, 99), 9900000 * 1.032);
    ck_assert_uint_eq (sheet_row (s_sheet, 0)[CELL_latency_execute].histogram->count, 0);
    buf_clear (&first);
    buf_clear (&second);
    sheet_destroy (&one);
    sheet_destroy (&other);
}
END_TEST

//  Whatever is wrong with it: false, and nothing is read that is not there.
START_TEST (a_table_that_is_cut_or_changed_does_no_harm)
{
    sheet_t *whole = sheet_new (SHEET_latency, 0);
    s_add_latency (whole, 1, 50);
    buf_t encoded = s_encode (whole);
    for (size_t size = 0; size < encoded.size; size++) {
        uint8_t *cut = mem_alloc (size + 1);
        memcpy (cut, encoded.data, size);
        s_sheet = sheet_new (SHEET_latency, 0);
        assert (!sheet_take (s_sheet, bytes_of (cut, size)));
        sheet_destroy (&s_sheet);
        mem_free (cut);
    }
    unsigned refused = 0;
    for (size_t at = 0; at < encoded.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            encoded.data[at] ^= (uint8_t) (1 << bit);
            s_sheet = sheet_new (SHEET_latency, 0);
            refused += !sheet_take (s_sheet, buf_bytes (&encoded));
            sheet_settle (s_sheet);
            sheet_destroy (&s_sheet);
            encoded.data[at] ^= (uint8_t) (1 << bit);
        }
    ck_assert_uint_gt (refused, 100);
    buf_clear (&encoded);
    sheet_destroy (&whole);
}
END_TEST

START_TEST (without_memory_a_table_says_so)
{
    sheet_t *whole = sheet_new (SHEET_latency, 0);
    s_add_latency (whole, 1, 50);
    buf_t encoded = s_encode (whole);
    uint64_t failures = 0;
    for (uint64_t nth = 1;; nth++) {
        mem_fail_at (nth);
        s_sheet = sheet_new (SHEET_latency, 0);
        bool taken = s_sheet && sheet_take (s_sheet, buf_bytes (&encoded));
        mem_fail_at (0);
        sheet_destroy (&s_sheet);
        if (taken)
            break;
        failures++;
    }
    ck_assert_uint_ge (failures, 4);
    buf_clear (&encoded);
    sheet_destroy (&whole);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("sheet");
    TCase *tcase = tcase_create ("sheet");
    tcase_add_checked_fixture (tcase, NULL, s_teardown);
    tcase_set_timeout (tcase, TEST_TIMEOUT);
    tcase_add_test (tcase, every_table_has_a_name_columns_and_an_id);
    tcase_add_test (tcase, rows_with_the_same_name_are_added_up);
    tcase_add_test (tcase, what_was_encoded_is_taken_again);
    tcase_add_test (tcase, the_largest_rows_stay_when_there_are_too_many);
    tcase_add_test (tcase, a_page_of_several_parts_ends_where_the_first_of_them_ends);
    tcase_add_test (tcase, histograms_of_parts_give_those_of_the_whole);
    tcase_add_test (tcase, a_table_that_is_cut_or_changed_does_no_harm);
    tcase_add_test (tcase, without_memory_a_table_says_so);
    suite_add_tcase (suite, tcase);
    return suite;
}
