//  zgrid-watch: see zgrid-watch.h.
//  SPDX-License-Identifier: MPL-2.0
#include "zgrid-watch.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "zgrid-cluster.h"
#include "zgrid-progress.h"

#define SAMPLE 0.5 // Seconds between two samples
#define LINE_EVERY 5.0
#define JSON_EVERY 1.0
#define SMOOTH 3.0 // Seconds over which the rate is taken
#define ETA_MAX 99.0 * 3600

void
watch_begin (watch_t *self, const tool_t *tool, FILE *out)
{
    *self = (watch_t) { .tool = tool, .out = tool->json ? stdout : out };
    self->terminal = !tool->json && isatty (fileno (self->out));
    setvbuf (stdout, NULL, _IOLBF, BUFSIZ);
}

void
watch_size (double bytes, char *text, size_t room)
{
    static const char *const s_units[] = { "B", "kB", "MB", "GB", "TB" };
    size_t unit = 0;
    for (; bytes >= 999.5 && unit < 4; unit++)
        bytes /= 1000;
    snprintf (text, room, unit ? "%.1f %s" : "%.0f %s", bytes, s_units[unit]);
}

watch_sample_t
watch_sample (watch_t *self, json_t *tree)
{
    json_t *moves = json_object_get (tree, "moves");
    watch_sample_t sample = { .total = cluster_number (moves, "total"),
                              .left = cluster_number (moves, "left"),
                              .active = cluster_number (cluster_health (tree), "moving"),
                              .paused = cluster_flag (moves, "paused") };
    fleet_follow (&self->fleet, tree);
    fleet_ask (&self->fleet, &sample.streamed, &sample.parts);
    return sample;
}

//  Between two samples. A member that began anew counts from 0 again.
static void
s_take_rate (watch_t *self, const watch_sample_t *sample, double now)
{
    double passed = now - self->sampled_at;
    int64_t bytes = sample->streamed - self->streamed;
    if (self->sampled_at > 0 && passed > 0.01) {
        double rate = bytes > 0 ? (double) bytes / passed : 0;
        double weight = passed < SMOOTH ? passed / SMOOTH : 1;
        self->rate = self->rate > 0 ? self->rate + (rate - self->rate) * weight : rate;
    }
    self->streamed = sample->streamed;
    self->sampled_at = now;
}

//  What was done once stays done: if there is more to do than was known, the total grows.
static void
s_take (watch_t *self, const watch_sample_t *sample, double now)
{
    s_take_rate (self, sample, now);
    bool busy = sample->left > 0;
    if (busy && !self->busy) {
        self->total = self->done = 0;
        self->share = 0;
        self->began = now;
    }
    int64_t total = sample->total > sample->left ? sample->total : sample->left;
    if (busy) {
        int64_t done = total - sample->left;
        self->done = done > self->done ? done : self->done;
        int64_t all = self->done + sample->left;
        self->total = all > self->total ? all : self->total;
    } else
        self->done = self->total;
    double parts = sample->parts < (double) sample->left ? sample->parts : (double) sample->left;
    double share = busy ? ((double) (self->total - sample->left) + 0.99 * parts) / (double) self->total : 1;
    self->share = share > self->share ? share : self->share;
    if (busy && !self->busy)
        self->first_share = self->share;
    self->busy = busy;
    self->last = *sample;
}

//  Seconds; below 0: nobody knows.
static double
s_eta (const watch_t *self, double now)
{
    double gained = self->share - self->first_share;
    if (!self->busy || gained < 0.001)
        return self->busy ? -1 : 0;
    double eta = (1 - self->share) * (now - self->began) / gained;
    return eta < ETA_MAX ? eta : -1;
}

static int
s_show_json (const watch_t *self, double now, bool last)
{
    double eta = s_eta (self, now);
    json_t *object = json_pack (
        "{s:i, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:b}", "percent", (int) (self->share * 100), "done",
        (json_int_t) self->done, "total", (json_int_t) self->total, "left", (json_int_t) self->last.left,
        "active", (json_int_t) self->last.active, "streamed", (json_int_t) self->streamed, "bytes_per_s",
        (json_int_t) self->rate, "paused", self->last.paused, "finished", last && !self->busy);
    if (object)
        json_object_set_new (object, "eta_s", eta < 0 ? json_null () : json_real (eta));
    int code = tool_print_json (object);
    return fflush (stdout) ? EXIT_PARTLY : code;
}

static void
s_show_line (const watch_t *self, double now)
{
    char rate[32];
    double eta = s_eta (self, now);
    watch_size (self->rate, rate, sizeof rate);
    if (self->terminal) {
        fputc ('\r', self->out);
        progress_bar (self->out, self->share);
    } else
        fputs ("zgrid: ", self->out);
    fprintf (self->out, "%3d%%  ", (int) (self->share * 100));
    if (self->total)
        fprintf (self->out, "%lld of %lld moves, %s/s", (long long) self->done, (long long) self->total,
                 rate);
    else
        fputs ("nothing to move", self->out);
    if (self->last.paused)
        fputs (", paused", self->out);
    else if (eta > 0)
        fprintf (self->out, ", %.0f s left", eta);
    fputs (self->terminal ? "\033[K" : "\n", self->out);
    fflush (self->out);
}

int
watch_show (watch_t *self, const watch_sample_t *sample, bool last)
{
    double now = progress_now (), every = self->tool->json ? JSON_EVERY : self->terminal ? 0 : LINE_EVERY;
    s_take (self, sample, now);
    if (self->shown_at == 0)
        self->shown_at = self->tool->json || self->terminal ? now - every : now;
    if (!last && now - self->shown_at < every)
        return EXIT_DONE;
    //  By the beat, not by when it was noticed: one each second is one each second
    self->shown_at += every * (double) (int64_t) ((now - self->shown_at) / (every > 0 ? every : 1));
    if (self->tool->json)
        return s_show_json (self, now, last);
    if (!last || self->terminal)
        s_show_line (self, now);
    return EXIT_DONE;
}

void
watch_pause (const watch_t *self)
{
    double left = self->sampled_at + SAMPLE - progress_now ();
    if (left <= 0)
        return;
    const struct timespec pause = { .tv_sec = (time_t) left, .tv_nsec = (long) ((left - (long) left) * 1e9) };
    nanosleep (&pause, NULL);
}

void
watch_end (watch_t *self)
{
    if (self->terminal && self->sampled_at > 0)
        fputs ("\r\033[K", self->out);
    fflush (self->out);
    fleet_end (&self->fleet);
}
