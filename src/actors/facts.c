//  facts: see facts.h. The list of names is s_facts; what cannot be found out is 0.
//  SPDX-License-Identifier: MPL-2.0
#include "facts.h"

#include <czmq.h>
#include <dirent.h>
#include <msgpack.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

//  A number behind a word at the beginning of a line of a file.
static uint64_t
s_number_in (const char *path, const char *word)
{
    char line[256];
    unsigned long long number = 0;
    FILE *file = fopen (path, "r");
    while (file && fgets (line, sizeof line, file))
        if (strncmp (line, word, strlen (word)) == 0 && sscanf (line + strlen (word), "%llu", &number) == 1)
            break;
    if (file)
        fclose (file);
    return number;
}

static uint64_t
s_open_files (void)
{
    uint64_t count = 0;
    DIR *folder = opendir ("/proc/self/fd");
    struct dirent *entry;
    while (folder && (entry = readdir (folder)))
        count += entry->d_name[0] != '.';
    if (folder)
        closedir (folder);
    return count ? count - 1 : 0; // Not the folder itself
}

//  The program's name. Its arguments are not told: they may hold what is nobody's business.
static void
s_command (char *text, size_t room)
{
    FILE *file = fopen ("/proc/self/cmdline", "r");
    size_t size = file ? fread (text, 1, room - 1, file) : 0;
    text[size] = 0;
    if (file)
        fclose (file);
    for (char *at = text; *at; at++)
        *at = *at < ' ' || *at > '~' ? '?' : *at;
}

static uint64_t
s_milliseconds (struct timeval time)
{
    return (uint64_t) time.tv_sec * 1000 + (uint64_t) time.tv_usec / 1000;
}

static void
s_text (buf_t *out, const char *name, const char *text)
{
    wire_add_text (out, name);
    wire_add_text (out, text);
}

static void
s_numbers (const node_info_t *info, uint64_t now, buf_t *out)
{
    struct rusage usage = { 0 };
    struct rlimit files = { 0 };
    getrusage (RUSAGE_SELF, &usage);
    getrlimit (RLIMIT_NOFILE, &files);
    const struct {
        const char *name;
        uint64_t number;
    } numbers[] = {
        { "uptime_ms", now - info->started },
        { "pid", (uint64_t) getpid () },
        { "cores", (uint64_t) sysconf (_SC_NPROCESSORS_ONLN) },
        { "threads", s_number_in ("/proc/self/status", "Threads:") },
        { "cpu_user_ms", s_milliseconds (usage.ru_utime) },
        { "cpu_system_ms", s_milliseconds (usage.ru_stime) },
        { "rss_bytes", s_number_in ("/proc/self/status", "VmRSS:") * 1024 },
        { "rss_max_bytes", (uint64_t) usage.ru_maxrss * 1024 },
        { "virtual_bytes", s_number_in ("/proc/self/status", "VmSize:") * 1024 },
        { "swap_bytes", s_number_in ("/proc/self/status", "VmSwap:") * 1024 },
        { "faults_minor", (uint64_t) usage.ru_minflt },
        { "faults_major", (uint64_t) usage.ru_majflt },
        { "switches_voluntary", (uint64_t) usage.ru_nvcsw },
        { "switches_forced", (uint64_t) usage.ru_nivcsw },
        { "files_open", s_open_files () },
        { "files_max", (uint64_t) files.rlim_cur },
    };
    uint32_t count = sizeof numbers / sizeof numbers[0];
    wire_add_map (out, count + 10);
    for (uint32_t at = 0; at < count; at++) {
        wire_add_text (out, numbers[at].name);
        wire_add_uint (out, numbers[at].number);
    }
}

void
facts_add (const node_info_t *info, uint64_t now, buf_t *out)
{
    char text[512];
    struct utsname system = { .sysname = "?", .release = "", .machine = "?", .nodename = "?" };
    int major, minor, patch;
    uname (&system);
    s_numbers (info, now, out);
    s_text (out, "name", info->name);
    s_text (out, "version", info->version);
    s_text (out, "host", system.nodename);
    snprintf (text, sizeof text, "%s %s", system.sysname, system.release);
    s_text (out, "system", text);
    s_text (out, "machine", system.machine);
#ifdef __clang__
    s_text (out, "compiler", __VERSION__);
#else
    s_text (out, "compiler", "gcc " __VERSION__);
#endif
    zmq_version (&major, &minor, &patch);
    snprintf (text, sizeof text, "%d.%d.%d", major, minor, patch);
    s_text (out, "libzmq", text);
    snprintf (text, sizeof text, "%d.%d.%d", CZMQ_VERSION_MAJOR, CZMQ_VERSION_MINOR, CZMQ_VERSION_PATCH);
    s_text (out, "czmq", text);
    s_text (out, "msgpack", MSGPACK_VERSION);
    s_command (text, sizeof text);
    s_text (out, "command", text);
}
