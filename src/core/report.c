//  report: see report.h.
//  SPDX-License-Identifier: MPL-2.0
#include "report.h"

//  Partitions behind the one that the key names in decimal.
static bool
s_first (report_t *report)
{
    uint64_t number = 0;
    bytes_t key = report->after;
    if (key.size == 0)
        return true;
    if (key.size > 9)
        return false;
    for (size_t at = 0; at < key.size; at++) {
        if (key.data[at] < '0' || key.data[at] > '9')
            return false;
        number = number * 10 + (uint64_t) (key.data[at] - '0');
    }
    report->first = number + 1;
    return true;
}

bool
report_decode (const request_t *request, report_t *report, const char **why)
{
    options_t options;
    *report = (report_t) { .kind = REPORT_COUNTERS, .which = SHEET_NONE };
    if (!options_decode (request->options, &options, why))
        return false;
    if (request->value.kind == VALUE_NIL)
        return true;
    bytes_t word = request->value.bytes;
    if (request->value.kind != VALUE_BYTES) {
        *why = "the value is neither nil nor a word";
        return false;
    }
    if (bytes_equal (word, bytes_str ("process"))) {
        report->kind = REPORT_PROCESS;
        return true;
    }
    report->which = sheet_find (word);
    if (report->which == SHEET_NONE) {
        *why = "there are no statistics of that name";
        return false;
    }
    report->kind = REPORT_SHEET;
    if (options.given & OPT_count) {
        if (options.count == 0 || options.count > 10000) {
            *why = "count is not 1 to 10,000";
            return false;
        }
        report->most = (uint32_t) options.count;
    }
    report->after = request->has_key ? request->key : bytes_of (NULL, 0);
    if (report->which == SHEET_partitions && !s_first (report)) {
        *why = "the key is not the number of a partition";
        return false;
    }
    return true;
}

const char *
report_hex (bytes_t bytes, char *text, size_t room)
{
    static const char s_digits[] = "0123456789abcdef";
    size_t size = bytes.size < (room - 1) / 2 ? bytes.size : (room - 1) / 2;
    for (size_t at = 0; at < size; at++) {
        text[2 * at] = s_digits[bytes.data[at] >> 4];
        text[2 * at + 1] = s_digits[bytes.data[at] & 15];
    }
    text[2 * size] = 0;
    return text;
}
