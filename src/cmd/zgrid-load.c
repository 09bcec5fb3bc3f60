//  zgrid-load: a file's entries into a map, a pipeline at a time.
//  SPDX-License-Identifier: MPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "zgrid-line.h"
#include "zgrid-progress.h"

#define BATCH_RECORDS 4096
#define BATCH_BYTES (1u << 20)
#define SHOWN_MAX 20 // Wrong lines that are shown one by one

typedef struct {
    const tool_t *tool;
    const char *file; // Name
    lines_t lines;
    format_t format;
    zgrid_pipeline_t *pipeline;
    size_t batch_bytes;              // In the pipeline
    uint64_t numbers[BATCH_RECORDS]; // Line of each record in the pipeline
    uint64_t loaded, wrong, refused;
    int first_status; // Of the first record that was refused
    bool stopped;     // Nobody answers: no use to go on
    progress_t progress;
} load_t;

//  Tells of one line; only the first ones are shown.
static void
s_tell (load_t *self, uint64_t number, int status, const char *detail)
{
    uint64_t told = self->wrong + self->refused;
    if (told > SHOWN_MAX)
        return;
    char text[512];
    const char *more = told == SHOWN_MAX ? " (no more such lines are shown)" : "";
    snprintf (text, sizeof text, "%s:%" PRIu64 ": %s%s", self->file, number, detail, more);
    if (self->tool->json)
        tool_fail (self->tool, status, text);
    else
        fprintf (stderr, "%s\n", text); // File and line first, for editors
}

//  Sends what is in the pipeline and counts the answers.
static void
s_execute (load_t *self)
{
    size_t count = zgrid_pipeline_count (self->pipeline), silent = 0;
    if (count == 0)
        return;
    (void) zgrid_pipeline_execute (self->pipeline, 0); // Each record has its own status
    for (size_t at = 0; at < count; at++) {
        const zgrid_entry_t *entry = zgrid_pipeline_entry (self->pipeline, at);
        if (entry->status == ZGRID_OK) {
            self->loaded++;
            continue;
        }
        if (self->refused++ == 0)
            self->first_status = entry->status;
        silent += tool_exit_code (entry->status) == EXIT_UNREACHABLE;
        s_tell (self, self->numbers[at], entry->status,
                entry->error ? entry->error : zgrid_status_text (entry->status));
    }
    self->stopped = silent == count;
    self->batch_bytes = 0;
    zgrid_pipeline_reset (self->pipeline);
    progress_show (&self->progress, self->loaded, self->lines.bytes);
}

static void
s_line (load_t *self)
{
    zgrid_bytes_t line = { self->lines.line, self->lines.size };
    parsed_t parsed = { .ttl_ms = 0 };
    if (line.size == 0 && !self->lines.too_long)
        return;
    if (self->format == FORMAT_AUTO && !self->lines.too_long)
        self->format = parsed_format (line);
    const char *why = self->lines.too_long ? "the line is too long"
                                           : parsed_read (&parsed, self->format, line);
    if (why) {
        self->wrong++;
        s_tell (self, self->lines.number, ZGRID_MALFORMED, why);
        parsed_clear (&parsed);
        return;
    }
    //  A large value goes alone, so that a pipeline's bytes stay bounded
    size_t size = parsed.key.size + parsed.value.size;
    if (self->batch_bytes + size > BATCH_BYTES)
        s_execute (self);
    zgrid_options_t options = ZGRID_OPTIONS_INIT;
    options.ttl_ms = parsed.ttl_ms;
    int at = zgrid_pipeline_put (self->pipeline, self->tool->map, parsed.key, parsed.value, &options);
    if (at < 0) {
        if (self->refused++ == 0)
            self->first_status = ZGRID_NOMEM;
        s_tell (self, self->lines.number, ZGRID_NOMEM, zgrid_status_text (ZGRID_NOMEM));
    } else
        self->numbers[at] = self->lines.number;
    self->batch_bytes += size;
    parsed_clear (&parsed);
    if (zgrid_pipeline_count (self->pipeline) == BATCH_RECORDS)
        s_execute (self);
}

//  Says what was done. Returns the exit code.
static int
s_sum_up (load_t *self, bool broken)
{
    double seconds = progress_end (&self->progress);
    if (self->tool->json)
        tool_print_json (json_pack ("{s:I, s:I, s:I, s:f}", "loaded", (json_int_t) self->loaded, "wrong",
                                    (json_int_t) self->wrong, "refused", (json_int_t) self->refused,
                                    "seconds", seconds));
    else
        fprintf (stderr,
                 "zgrid: loaded %" PRIu64 " entries in %.2f s (%.0f/s), %" PRIu64 " wrong lines, %" PRIu64
                 " refused\n",
                 self->loaded, seconds, (double) self->loaded / seconds, self->wrong, self->refused);
    if (self->refused && !self->loaded && !self->wrong)
        return tool_exit_code (self->first_status);
    return self->refused || self->wrong || broken ? EXIT_PARTLY : EXIT_DONE;
}

static int
s_load (load_t *self)
{
    struct stat info;
    bool known = fstat (fileno (self->lines.file), &info) == 0 && S_ISREG (info.st_mode);
    progress_begin (&self->progress, "loaded", known ? (uint64_t) info.st_size : 0, self->tool->json);
    while (!self->stopped && lines_next (&self->lines))
        s_line (self);
    bool broken = ferror (self->lines.file);
    if (broken)
        tool_complain (self->tool, "%s: %s", self->file, strerror (errno));
    if (!self->stopped)
        s_execute (self);
    if (self->stopped)
        tool_complain (self->tool, "%s: stopped behind line %" PRIu64 ": nobody answers", self->file,
                       self->lines.number);
    return s_sum_up (self, broken);
}

int
command_load (tool_t *tool)
{
    load_t *self = calloc (1, sizeof *self);
    if (!self)
        return tool_fail (tool, ZGRID_NOMEM, NULL);
    self->tool = tool;
    bool standard = strcmp (tool->operands[0], "-") == 0;
    self->file = standard ? "stdin" : tool->operands[0];
    self->format = tool->format;
    self->lines.file = standard ? stdin : fopen (self->file, "r");
    self->pipeline = zgrid_pipeline_new (tool->client);
    int code;
    if (!self->lines.file)
        code = tool_complain (tool, "%s: %s", self->file, strerror (errno));
    else if (!self->pipeline)
        code = tool_fail (tool, ZGRID_NOMEM, NULL);
    else
        code = s_load (self);
    zgrid_pipeline_destroy (&self->pipeline);
    if (self->lines.file && !standard)
        fclose (self->lines.file);
    lines_clear (&self->lines);
    free (self);
    return code;
}
