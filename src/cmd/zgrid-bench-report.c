//  report: what came out, for people or as JSON.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-bench-report.h"

#include <inttypes.h>
#include <stdio.h>

static const double s_percents[] = { 50, 90, 99, 99.9, 99.99 };
#define PERCENTS (sizeof s_percents / sizeof s_percents[0])

uint64_t
report_failures (const result_t *result)
{
    uint64_t failures = 0;
    for (int status = 0; status <= ZGRID_STATUS_LIMIT; status++) {
        if (status != ZGRID_OK && status != ZGRID_NOTFOUND)
            failures += result->tally.statuses[status];
    }
    return failures;
}

static double
s_per_second (uint64_t count, double seconds)
{
    return seconds > 0 ? (double) count / seconds : 0;
}

//  All kinds of operations together.
static void
s_all (const result_t *result, histogram_t *all)
{
    static uint64_t s_buckets[LATENCY_ROOM];
    histogram_init (all, LATENCY_BITS, LATENCY_TOP, s_buckets);
    for (int kind = 0; kind < OPERATION_LIMIT; kind++)
        histogram_merge (all, &result->tally.latency[kind]);
}

//  ----------------------------------------------------------------------------------------------
//  Text

static void
s_text_latency (const char *name, const histogram_t *histogram)
{
    printf ("%-9s %11" PRIu64 " %9.1f", name, histogram->count, histogram_mean (histogram) / 1e3);
    for (size_t at = 0; at < PERCENTS; at++)
        printf (" %9.1f", (double) histogram_percentile (histogram, s_percents[at]) / 1e3);
    printf (" %9.1f\n", (double) histogram->max / 1e3);
}

static void
s_text_latencies (const result_t *result)
{
    printf ("%-9s %11s %9s", "us", "operations", "mean");
    for (size_t at = 0; at < PERCENTS; at++) {
        char name[16];
        snprintf (name, sizeof name, "p%g", s_percents[at]);
        printf (" %9s", name);
    }
    printf (" %9s\n", "max");
    for (int kind = 0; kind < OPERATION_LIMIT; kind++) {
        if (result->tally.latency[kind].count)
            s_text_latency (plan_operation_name ((operation_t) kind), &result->tally.latency[kind]);
    }
    static histogram_t all;
    s_all (result, &all);
    s_text_latency ("all", &all);
}

static void
s_text_plan (const plan_t *plan)
{
    printf ("zgrid-bench %s, %s, form %s\n", ZGRID_VERSION, plan->embedded ? "embedded" : plan->server,
            plan_form_name (plan->form));
    printf ("%" PRIu64 " keys of %" PRIu64 " bytes, values of %" PRIu64 " bytes\n", plan->keys,
            plan->key_size, plan->value_size);
    printf ("%" PRIu64 " clients on %" PRIu64 " threads, window %" PRIu64 ", batch %" PRIu64 "\n",
            plan->connections, plan->threads, plan->window, plan->batch);
}

static void
s_text (const plan_t *plan, const result_t *result)
{
    const tally_t *tally = &result->tally;
    s_text_plan (plan);
    if (plan->load)
        printf ("stored %" PRIu64 " entries in %.2f s: %.0f a second\n", plan->keys, result->load_seconds,
                s_per_second (plan->keys, result->load_seconds));
    if (tally->operations == 0 && tally->missed == 0)
        return;
    printf ("%" PRIu64 " operations in %.2f s: %.0f operations a second, %.0f records a second\n",
            tally->operations, result->seconds, s_per_second (tally->operations, result->seconds),
            s_per_second (tally->records, result->seconds));
    s_text_latencies (result);
    if (tally->missed)
        printf ("%" PRIu64 " operations were due and never begun: the rate is out of reach\n", tally->missed);
    for (int status = 0; status <= ZGRID_STATUS_LIMIT; status++) {
        if (tally->statuses[status])
            printf ("status %-12s %" PRIu64 "\n", zgrid_status_name (status), tally->statuses[status]);
    }
}

//  ----------------------------------------------------------------------------------------------
//  JSON

static void
s_json_string (const char *text)
{
    putchar ('"');
    for (; *text; text++) {
        unsigned char byte = (unsigned char) *text;
        if (byte == '"' || byte == '\\')
            printf ("\\%c", byte);
        else if (byte < 0x20)
            printf ("\\u%04x", byte);
        else
            putchar (byte);
    }
    putchar ('"');
}

static void
s_json_count (const char *name, uint64_t count)
{
    printf (", \"%s\": %" PRIu64, name, count);
}

static void
s_json_number (const char *name, double number)
{
    printf (", \"%s\": %.3f", name, number);
}

static void
s_json_latency (const char *name, const histogram_t *histogram)
{
    printf ("\"%s\": {\"operations\": %" PRIu64, name, histogram->count);
    s_json_number ("mean", histogram_mean (histogram) / 1e3);
    s_json_number ("min", (double) (histogram->count ? histogram->min : 0) / 1e3);
    for (size_t at = 0; at < PERCENTS; at++) {
        char percent[16];
        snprintf (percent, sizeof percent, "p%g", s_percents[at]);
        s_json_number (percent, (double) histogram_percentile (histogram, s_percents[at]) / 1e3);
    }
    s_json_number ("max", (double) histogram->max / 1e3);
    putchar ('}');
}

static void
s_json_plan (const plan_t *plan)
{
    printf ("{\"program\": \"zgrid-bench\", \"version\": \"%s\", \"server\": ", ZGRID_VERSION);
    s_json_string (plan->embedded ? "embedded" : plan->server);
    printf (", \"map\": ");
    s_json_string (plan->map);
    printf (", \"form\": \"%s\"", plan_form_name (plan->form));
    s_json_count ("keys", plan->keys);
    s_json_count ("key_size", plan->key_size);
    s_json_count ("value_size", plan->value_size);
    s_json_count ("connections", plan->connections);
    s_json_count ("threads", plan->threads);
    s_json_count ("window", plan->window);
    s_json_count ("batch", plan->batch);
    s_json_number ("rate", plan->rate);
}

static void
s_json_latencies (const result_t *result)
{
    printf (", \"latency_us\": {");
    for (int kind = 0; kind < OPERATION_LIMIT; kind++) {
        if (result->tally.latency[kind].count) {
            s_json_latency (plan_operation_name ((operation_t) kind), &result->tally.latency[kind]);
            printf (", ");
        }
    }
    static histogram_t all;
    s_all (result, &all);
    s_json_latency ("all", &all);
    putchar ('}');
}

static void
s_json (const plan_t *plan, const result_t *result)
{
    const tally_t *tally = &result->tally;
    s_json_plan (plan);
    if (plan->load) {
        s_json_number ("load_seconds", result->load_seconds);
        s_json_number ("load_per_second", s_per_second (plan->keys, result->load_seconds));
    }
    s_json_number ("seconds", result->seconds);
    s_json_count ("operations", tally->operations);
    s_json_count ("records", tally->records);
    s_json_count ("missed", tally->missed);
    s_json_number ("operations_per_second", s_per_second (tally->operations, result->seconds));
    s_json_number ("records_per_second", s_per_second (tally->records, result->seconds));
    s_json_latencies (result);
    printf (", \"statuses\": {");
    const char *comma = "";
    for (int status = 0; status <= ZGRID_STATUS_LIMIT; status++) {
        if (tally->statuses[status]) {
            printf ("%s\"%s\": %" PRIu64, comma, zgrid_status_name (status), tally->statuses[status]);
            comma = ", ";
        }
    }
    printf ("}}\n");
}

void
report_print (const plan_t *plan, const result_t *result)
{
    if (plan->json)
        s_json (plan, result);
    else
        s_text (plan, result);
}
