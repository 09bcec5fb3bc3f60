//  check_settings: names, types, ranges, the file format with its messages, the environment.
//  SPDX-License-Identifier: MPL-2.0
#include "lib/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zgrid_error.h>

#include "mem.h"
#include "node/settings.h"
#include "node/text.h"
#include "utf8.h"

extern char **environ;

static settings_t *s_settings;
static buf_t s_why;
static char s_text[65536];

static void
s_setup (void)
{
    s_settings = settings_new ();
    assert (s_settings);
}

static void
s_teardown (void)
{
    settings_destroy (&s_settings);
    buf_clear (&s_why);
}

//  What was added to why since the last call.
static const char *
s_said (void)
{
    assert (s_why.size < sizeof s_text);
    if (s_why.size)
        memcpy (s_text, s_why.data, s_why.size);
    s_text[s_why.size] = 0;
    buf_reset (&s_why);
    return s_text;
}

static int
s_set (const char *name, const char *value)
{
    return settings_set (s_settings, name, value, &s_why);
}

static int
s_parse (const char *text)
{
    return settings_parse (s_settings, "z.conf", bytes_str (text), &s_why);
}

static void
s_expect_mistake (const char *text, const char *said)
{
    ck_assert_int_eq (s_parse (text), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), said);
}

START_TEST (every_setting_has_its_default_and_takes_its_own_value)
{
    for (int id = 0; id < SETTING_LIMIT; id++) {
        char value[5000];
        snprintf (value, sizeof value, "%s", settings_value (s_settings, (setting_t) id));
        static const char *const names[] = {
#define SETTING(section, name, type, standard, min, max, unit, purpose) #section "." #name,
#include "setting.def"
#undef SETTING
        };
        static const char *const standards[] = {
#define SETTING(section, name, type, standard, min, max, unit, purpose) standard,
#include "setting.def"
#undef SETTING
        };
        ck_assert_str_eq (value, standards[id]);
        ck_assert_int_eq (settings_find (names[id]), id);
        ck_assert_int_eq (s_set (names[id], value), ZGRID_OK);
        ck_assert_str_eq (settings_value (s_settings, (setting_t) id), value);
    }
    ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_OK);
    ck_assert_str_eq (s_said (), "");
}
END_TEST

START_TEST (numbers_take_suffixes_of_their_unit)
{
    ck_assert_int_eq (s_set ("limits.value_max", "2MiB"), ZGRID_OK);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_value_max), 2097152);
    ck_assert_int_eq (s_set ("memory.limit", "3GiB"), ZGRID_OK);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_memory_limit), UINT64_C (3221225472));
    ck_assert_int_eq (s_set ("limits.key_max", "1KiB"), ZGRID_OK);
    ck_assert_str_eq (settings_value (s_settings, SETTING_limits_key_max), "1024");
    ck_assert_int_eq (s_set ("limits.mute_for", "2m"), ZGRID_OK);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_mute_for), 120000);
    ck_assert_int_eq (s_set ("limits.drain", "3s"), ZGRID_OK);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_drain), 3000);
    ck_assert_int_eq (s_set ("limits.drain", "250ms"), ZGRID_OK);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_drain), 250);
    ck_assert_int_eq (s_set ("limits.maps", "1KiB"), ZGRID_MALFORMED);
    ck_assert_int_eq (s_set ("limits.drain", "1KiB"), ZGRID_MALFORMED);
    ck_assert_int_eq (s_set ("limits.key_max", "1s"), ZGRID_MALFORMED);
}
END_TEST

START_TEST (a_wrong_value_says_what_is_taken_and_changes_nothing)
{
    ck_assert_int_eq (s_set ("limits.key_max", "abc"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (),
                      "limits.key_max: \"abc\" is not a number; it takes 1 to 65536 bytes (the number "
                      "may end in KiB, MiB or GiB)");
    ck_assert_int_eq (s_set ("limits.key_max", "65537"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (),
                      "limits.key_max: \"65537\" is out of range; it takes 1 to 65536 bytes (the number "
                      "may end in KiB, MiB or GiB)");
    ck_assert_int_eq (s_set ("limits.drain", "601s"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (),
                      "limits.drain: \"601s\" is out of range; it takes 0 to 600000 milliseconds (the "
                      "number may end in ms, s or m)");
    ck_assert_int_eq (s_set ("cluster.partitions", "0"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "cluster.partitions: \"0\" is out of range; it takes 1 to 16384 partitions");
    ck_assert_int_eq (s_set ("node.insecure", "maybe"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "node.insecure: \"maybe\" is neither true nor false");
    ck_assert_int_eq (s_set ("log.level", "warn"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "log.level: \"warn\" is none of info, error, warning, debug");

    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_key_max), 65536);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_drain), 5000);
    ck_assert (!settings_bool (s_settings, SETTING_node_insecure));
    ck_assert_str_eq (settings_text (s_settings, SETTING_log_level), "info");
}
END_TEST

START_TEST (numbers_that_are_none_are_refused)
{
    static const char *const wrong[] = { "",
                                         " 1",
                                         "1 ",
                                         "-1",
                                         "+1",
                                         "0x10",
                                         "1e3",
                                         "1.5",
                                         "18446744073709551616",
                                         "99999999999999999999999",
                                         "17179869184GiB",
                                         "1kib",
                                         "1MB",
                                         "MiB" };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        ck_assert_msg (s_set ("limits.value_max", wrong[at]) == ZGRID_MALFORMED, "taken: '%s'", wrong[at]);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_value_max), 67108864);
}
END_TEST

START_TEST (texts_are_bounded_and_text)
{
    char name[66];
    memset (name, 'n', 65);
    name[65] = 0;
    ck_assert_int_eq (s_set ("node.name", name), ZGRID_MALFORMED);
    ck_assert_ptr_nonnull (strstr (s_said (), " has 65 bytes; it takes 0 to 64"));
    name[64] = 0;
    ck_assert_int_eq (s_set ("node.name", name), ZGRID_OK);
    ck_assert_int_eq (s_set ("node.name", "a\nb"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "node.name: byte 0x0a is not text");
    ck_assert_int_eq (s_set ("node.name", "a\xff"), ZGRID_MALFORMED);
    ck_assert_int_eq (s_set ("node.name", "'a\""), ZGRID_MALFORMED);
    ck_assert_int_eq (s_set ("node.name", "gr\xc3\xbc\xc3\x9f"), ZGRID_OK);
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "gr\xc3\xbc\xc3\x9f");
}
END_TEST

START_TEST (an_unknown_name_gets_the_nearest)
{
    ck_assert_int_eq (s_set ("limits.keymax", "1"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "no such setting: \"limits.keymax\"; did you mean limits.key_max?");
    ck_assert_int_eq (s_set ("frame_max", "1"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "no such setting: \"frame_max\"; did you mean limits.frame_max?");
    ck_assert_int_eq (s_set ("node.policy", "1"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "no such setting: \"node.policy\"; did you mean memory.policy?");
    ck_assert_int_eq (s_set ("quite.different", "1"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "no such setting: \"quite.different\"");
    ck_assert_int_eq (s_set ("", "1"), ZGRID_MALFORMED);
    ck_assert_int_eq (s_set (".", "1"), ZGRID_MALFORMED);
}
END_TEST

START_TEST (a_file_sets_what_it_names)
{
    int rc = s_parse ("#  A comment\n"
                      "\n"
                      "node\n"
                      "    name = \"a # b\"   # quoted\n"
                      "    client = tcp://127.0.0.1:0\r\n"
                      "limits\n"
                      "      # any indentation\n"
                      "    key_max=256 # a comment\n"
                      "    drain   =   2s\n"
                      "log\n"
                      "    file = 'x\"y'\n"
                      "    level = debug");
    ck_assert_str_eq (s_said (), "");
    ck_assert_int_eq (rc, ZGRID_OK);
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "a # b");
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_client), "tcp://127.0.0.1:0");
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_key_max), 256);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_drain), 2000);
    ck_assert_str_eq (settings_text (s_settings, SETTING_log_file), "x\"y");
    ck_assert_str_eq (settings_text (s_settings, SETTING_log_level), "debug");
}
END_TEST

START_TEST (names_in_a_file_are_checked)
{
    s_expect_mistake ("limit\n    key_max = 1\n",
                      "z.conf:1: no such section: \"limit\"; did you mean limits?");
    s_expect_mistake (
        "\nkey_max = 1\n",
        "z.conf:2: no such section: \"key_max\"; key_max stands in section limits, indented by 4 spaces");
    s_expect_mistake ("limits\n    key_maxx = 1\n",
                      "z.conf:2: no such setting in section limits: \"key_maxx\"; did you mean key_max?");
    s_expect_mistake (
        "node\n    policy = lru\n",
        "z.conf:2: no such setting in section node: \"policy\"; did you mean policy, in section memory?");
    s_expect_mistake ("node\n    entirely_else = 1\n",
                      "z.conf:2: no such setting in section node: \"entirely_else\"");
    s_expect_mistake ("    name = x\n", "z.conf:1: a setting before the first section");
    s_expect_mistake ("node = 1\n", "z.conf:1: a section's name stands alone on its line");
    s_expect_mistake ("node\nlog\nnode\n", "z.conf:3: section node stands twice; the first is in line 1");
    s_expect_mistake ("node\n    name = a\n    name = b\n",
                      "z.conf:3: node.name stands twice; the first is in line 2");
}
END_TEST

START_TEST (values_in_a_file_are_checked)
{
    s_expect_mistake ("limits\n    maps = many\n",
                      "z.conf:2: limits.maps: \"many\" is not a number; it takes 1 to 65535 maps");
    s_expect_mistake ("limits\n    maps\n", "z.conf:2: '=' is missing behind maps");
    s_expect_mistake ("limits\n    maps 4\n", "z.conf:2: '=' is missing behind maps");
    s_expect_mistake ("node\n    name = a#b\n",
                      "z.conf:2: '#' inside a value begins a comment; put the value in quotation marks");
    s_expect_mistake ("node\n    name = #b\n",
                      "z.conf:2: '#' inside a value begins a comment; put the value in quotation marks");
    s_expect_mistake ("node\n    name = \"a\n", "z.conf:2: the closing quotation mark is missing");
    s_expect_mistake ("node\n    name = \"a\" b\n", "z.conf:2: text behind the closing quotation mark");
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "");
}
END_TEST

START_TEST (the_form_of_a_file_is_checked)
{
    s_expect_mistake ("node\n\tname = a\n",
                      "z.conf:2: a tab in the indentation; settings are indented by 4 spaces");
    s_expect_mistake ("node\n  name = a\n", "z.conf:2: indented by 2 spaces; a section stands at the edge, a "
                                            "setting behind 4 spaces");
    s_expect_mistake ("node\n        name = a\n",
                      "z.conf:2: indented by 8 spaces; a section stands at the edge, "
                      "a setting behind 4 spaces");
    s_expect_mistake ("node\n    = a\n", "z.conf:2: a line begins with a name or with '#'");
    s_expect_mistake ("node\n    name = a\x01\n", "z.conf:2: byte 0x01 in column 13 is not text");
    s_expect_mistake ("node\n    name = a\x1f\n", "z.conf:2: byte 0x1f in column 13 is not text");
    s_expect_mistake ("node\n    name = a\x7f\n", "z.conf:2: byte 0x7f in column 13 is not text");
    s_expect_mistake ("node\n    name = \xc3(\n", "z.conf:2: byte 0xc3 in column 12 is not text");
    ck_assert_int_eq (settings_parse (s_settings, "z.conf", bytes_of ("node\n\0", 6), &s_why),
                      ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "z.conf:2: byte 0x00 in column 1 is not text");
}
END_TEST

START_TEST (lines_files_and_mistakes_are_bounded)
{
    size_t size = 1024 * 1024 + 1;
    char *text = malloc (size + 1);
    assert (text);
    memset (text, 'x', size);
    text[size] = 0;
    s_expect_mistake (text, "z.conf:1: the file is larger than 1048576 bytes");
    text[8193] = 0;
    s_expect_mistake (text, "z.conf:1: the line has 8193 bytes; at most 8192 are read");
    for (size_t at = 0; at < 4000; at += 2)
        memcpy (text + at, "y\n", 3);
    ck_assert_int_eq (s_parse (text), ZGRID_MALFORMED);
    const char *said = s_said ();
    ck_assert_ptr_nonnull (strstr (said, "\nz.conf:50: no such section"));
    ck_assert_ptr_nonnull (strstr (said, "\nz.conf:51: too many mistakes; the rest is not shown"));
    ck_assert_ptr_null (strstr (said, "z.conf:52"));
    free (text);
}
END_TEST

START_TEST (every_mistake_is_told_and_nothing_changes)
{
    s_expect_mistake ("node\n    name = good\n    nam = x\nlogs\n    level = debug\nlimits\n    maps = 0\n",
                      "z.conf:3: no such setting in section node: \"nam\"; did you mean name?\n"
                      "z.conf:4: no such section: \"logs\"; did you mean log?\n"
                      "z.conf:7: limits.maps: \"0\" is out of range; it takes 1 to 65535 maps");
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "");
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_maps), 1024);
}
END_TEST

START_TEST (what_is_printed_can_be_read_again)
{
    ck_assert_int_eq (s_set ("node.name", "it's # 1"), ZGRID_OK);
    ck_assert_int_eq (s_set ("log.file", " \"spaces\" "), ZGRID_OK);
    ck_assert_int_eq (s_set ("limits.drain", "7s"), ZGRID_OK);
    ck_assert_int_eq (s_set ("node.insecure", "true"), ZGRID_OK);
    buf_t first = BUF_INIT, second = BUF_INIT;
    settings_print (s_settings, &first);
    settings_t *other = settings_new ();
    assert (other);

    int rc = settings_parse (other, "printed", buf_bytes (&first), &s_why);

    ck_assert_str_eq (s_said (), "");
    ck_assert_int_eq (rc, ZGRID_OK);
    settings_print (other, &second);
    ck_assert (bytes_equal (buf_bytes (&first), buf_bytes (&second)));
    for (int id = 0; id < SETTING_LIMIT; id++) {
        char value[5000];
        snprintf (value, sizeof value, "%s", settings_value (other, (setting_t) id));
        ck_assert_str_eq (settings_value (s_settings, (setting_t) id), value);
    }
    settings_destroy (&other);
    buf_clear (&first);
    buf_clear (&second);
}
END_TEST

START_TEST (a_file_is_read_from_disk)
{
    char path[] = "/tmp/check_settings_XXXXXX";
    int fd = mkstemp (path);
    assert (fd >= 0);
    static const char text[] = "node\n    name = from-disk\n";
    assert (write (fd, text, sizeof text - 1) == (ssize_t) sizeof text - 1);
    close (fd);

    ck_assert_int_eq (settings_load (s_settings, path, &s_why), ZGRID_OK);

    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "from-disk");
    unlink (path);
    ck_assert_int_eq (settings_load (s_settings, path, &s_why), ZGRID_NOTFOUND);
    ck_assert_ptr_nonnull (strstr (s_said (), ": No such file or directory"));
    ck_assert_int_eq (settings_load (s_settings, "/", &s_why), ZGRID_NOTFOUND);
    ck_assert_str_eq (s_said (), "/: Is a directory");
    ck_assert_int_eq (settings_load (s_settings, "/dev/zero", &s_why), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "/dev/zero:1: the file is larger than 1048576 bytes");
}
END_TEST

static int
s_environment (const char *a, const char *b)
{
    char first[200], second[200];
    snprintf (first, sizeof first, "%s", a);
    snprintf (second, sizeof second, "%s", b);
    char *variables[] = { first, second, NULL };
    char **old = environ;
    environ = variables;
    int rc = settings_environment (s_settings, &s_why);
    environ = old;
    return rc;
}

START_TEST (the_environment_sets_by_the_same_names)
{
    ck_assert_int_eq (s_environment ("ZGRID_LIMITS_KEY_MAX=1KiB", "ZGRID_NODE_NAME=a=b"), ZGRID_OK);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_key_max), 1024);
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "a=b");
    ck_assert_int_eq (s_environment ("ZGRID_LIMITS_KEY_MAX=", "OTHER_NODE_NAME=x"), ZGRID_OK);
    ck_assert_uint_eq (settings_uint (s_settings, SETTING_limits_key_max), 1024);
}
END_TEST

START_TEST (an_unknown_variable_is_a_mistake)
{
    ck_assert_int_eq (s_environment ("ZGRID_LIMITS_KEYMAX=1", "ZGRID_NODE_NAME=x"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (),
                      "\"ZGRID_LIMITS_KEYMAX\": no such setting; did you mean ZGRID_LIMITS_KEY_MAX?");
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "");
    ck_assert_int_eq (s_environment ("ZGRID_NODENAME=1", "ZGRID_LIMITS_MAPS=x"), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (),
                      "\"ZGRID_NODENAME\": no such setting; did you mean ZGRID_NODE_NAME?\n"
                      "ZGRID_LIMITS_MAPS: limits.maps: \"x\" is not a number; it takes 1 to 65535 maps");
}
END_TEST

START_TEST (variables_of_others_are_left_alone)
{
    ck_assert_int_eq (s_environment ("ZGRID_BUILD=/b", "ZGRID_SOURCE=/s"), ZGRID_OK);
    ck_assert_int_eq (s_environment ("ZGRID_PORT_3320_TCP_ADDR=10.0.0.1", "ZGRID_SERVICE_HOST=10.0.0.1"),
                      ZGRID_OK);
    ck_assert_int_eq (s_environment ("ZGRID_PORT=tcp://10.0.0.1:3320", "ZGRID="), ZGRID_OK);
    ck_assert_str_eq (s_said (), "");
}
END_TEST

START_TEST (settings_that_contradict_each_other_are_found)
{
    ck_assert_int_eq (s_set ("limits.value_max", "1MiB"), ZGRID_OK);
    ck_assert_int_eq (s_set ("limits.frame_max", "2097151"), ZGRID_OK);
    ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (),
                      "limits.frame_max: 2097151 bytes are too few; with limits.value_max at 1048576 it "
                      "takes at least 2097152 (1 MiB more)");
    ck_assert_int_eq (s_set ("limits.frame_max", "2MiB"), ZGRID_OK);
    ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_OK);
}
END_TEST

START_TEST (endpoints_that_cannot_be_are_found)
{
    static const char *const good[] = {
        "none",         "tcp://127.0.0.1:*", "tcp://127.0.0.1:0", "tcp://[::1]:65535",
        "tcp://*:3320", "ipc:///tmp/zgrid",  "inproc://zgrid"
    };
    static const char *const bad[] = { "127.0.0.1:3320",        "tcp://127.0.0.1",  "tcp://:3320",
                                       "tcp://127.0.0.1:65536", "tcp://127.0.0.1:", "tcp://127.0.0.1:12x",
                                       "udp://127.0.0.1:1",     "ipc://",           "" };
    for (size_t at = 0; at < sizeof good / sizeof good[0]; at++) {
        ck_assert_int_eq (s_set ("node.client", good[at]), ZGRID_OK);
        ck_assert_msg (settings_check (s_settings, &s_why) == ZGRID_OK, "refused: %s", good[at]);
    }
    for (size_t at = 0; at < sizeof bad / sizeof bad[0]; at++) {
        ck_assert_int_eq (s_set ("node.client", bad[at]), ZGRID_OK);
        ck_assert_msg (settings_check (s_settings, &s_why) == ZGRID_MALFORMED, "taken: %s", bad[at]);
    }
}
END_TEST

//  Each allocation in turn fails: the answer is NOMEM, nothing changes, nothing leaks.
START_TEST (settings_of_a_cluster_are_checked)
{
    static const struct {
        const char *name, *value, *said;
    } wrong[] = {
        { "node.peer", "ipc:///x", "node.peer: \"ipc:///x\" does not begin with tcp://" },
        { "node.peer", "tcp://x", "node.peer: \"tcp://x\" has not the form tcp://ADDRESS:PORT" },
        { "node.storage_peer", "inproc://x", "node.storage_peer: \"inproc://x\" does not begin with tcp://" },
        { "cluster.seeds", "tcp://a:1,b:2",
          "cluster.seeds: \"b:2\" does not begin with tcp://, ipc:// or inproc://" },
        { "cluster.seeds", "tcp://a:1,,tcp://b:2", "cluster.seeds: \"\" is no endpoint" },
        { "cluster.seeds", "tcp://a:*", "cluster.seeds: \"tcp://a:*\" has not the form tcp://ADDRESS:PORT" },
        { "cluster.voters", "2", "cluster.voters: 1, 3 or 5: an even number survives no more failures" },
    };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++) {
        s_teardown ();
        s_setup ();
        ck_assert_int_eq (s_set ("node.peer", "tcp://127.0.0.1:*"), ZGRID_OK);
        ck_assert_int_eq (s_set (wrong[at].name, wrong[at].value), ZGRID_OK);
        ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_MALFORMED);
        ck_assert_str_eq (s_said (), wrong[at].said);
    }
    char many[10 * (SETTINGS_SEEDS_MAX + 1) + 1] = "";
    for (size_t at = 0; at < SETTINGS_SEEDS_MAX; at++)
        strcat (many, "tcp://a:1,");
    s_teardown ();
    s_setup ();
    ck_assert_int_eq (s_set ("node.peer", "tcp://127.0.0.1:*"), ZGRID_OK);
    ck_assert_int_eq (s_set ("cluster.seeds", many), ZGRID_OK);
    ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_OK);
    ck_assert_int_eq (s_set ("cluster.seeds", strcat (many, "tcp://b:2")), ZGRID_OK);
    ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "cluster.seeds: \"tcp://b:2\" is one too many");
    static const char *const needy[][2] = { { "cluster.seeds", "tcp://a:1" },
                                            { "cluster.expect", "3" },
                                            { "node.witness", "true" },
                                            { "node.storage_peer", "tcp://127.0.0.1:*" },
                                            { "discover.interface", "eth0" } };
    for (size_t at = 0; at < sizeof needy / sizeof needy[0]; at++) {
        char said[100];
        s_teardown ();
        s_setup ();
        ck_assert_int_eq (s_set (needy[at][0], needy[at][1]), ZGRID_OK);
        ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_MALFORMED);
        snprintf (said, sizeof said, "%s: needs node.peer, where other members connect", needy[at][0]);
        ck_assert_str_eq (s_said (), said);
        ck_assert_int_eq (s_set ("node.peer", "tcp://127.0.0.1:*"), ZGRID_OK);
        ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_OK);
    }
    ck_assert_int_eq (s_set ("cluster.expect", "3"), ZGRID_OK);
    ck_assert_int_eq (s_set ("cluster.bootstrap", "true"), ZGRID_OK);
    ck_assert_int_eq (settings_check (s_settings, &s_why), ZGRID_MALFORMED);
    ck_assert_str_eq (s_said (), "cluster.expect: a node that bootstraps expects nobody");
}
END_TEST

START_TEST (failing_allocations_change_nothing)
{
    static const char text[] = "node\n    name = new\nlog\n    level = debug\n    wrong\n";
    bool succeeded = false;
    for (unsigned at = 1; !succeeded; at++) {
        ck_assert_uint_lt (at, 1000);
        mem_fail_at (at);
        int rc = settings_parse (s_settings, "z.conf", bytes_of (text, sizeof text - 11), &s_why);
        mem_fail_at (0);
        succeeded = rc == ZGRID_OK;
        if (!succeeded) {
            ck_assert_int_eq (rc, ZGRID_NOMEM);
            ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "");
        }
    }
    ck_assert_str_eq (settings_text (s_settings, SETTING_node_name), "new");
    for (unsigned at = 1;; at++) {
        ck_assert_uint_lt (at, 1000);
        mem_fail_at (at);
        settings_t *other = settings_new ();
        mem_fail_at (0);
        if (!other)
            continue;
        settings_destroy (&other);
        break;
    }
}
END_TEST

START_TEST (distances_count_single_changes)
{
    ck_assert_uint_eq (text_distance (bytes_str ("level"), bytes_str ("level")), 0);
    ck_assert_uint_eq (text_distance (bytes_str ("level"), bytes_str ("LeVel")), 0);
    ck_assert_uint_eq (text_distance (bytes_str ("level"), bytes_str ("leevl")), 1);
    ck_assert_uint_eq (text_distance (bytes_str ("level"), bytes_str ("levels")), 1);
    ck_assert_uint_eq (text_distance (bytes_str ("level"), bytes_str ("")), 5);
    ck_assert_uint_eq (text_distance (bytes_str ("kitten"), bytes_str ("sitting")), 3);
    char long_one[65];
    memset (long_one, 'a', 64);
    ck_assert_uint_eq (text_distance (bytes_of (long_one, 64), bytes_str ("a")), TEXT_FAR);
}
END_TEST

START_TEST (sequences_are_utf8_and_nothing_else)
{
    struct {
        const char *bytes;
        size_t size, expected;
    } cases[] = { { "a", 1, 1 },
                  { "\xc3\xbc", 2, 2 },
                  { "\xe2\x82\xac", 3, 3 },
                  { "\xf0\x9f\x98\x80", 4, 4 },
                  { "\xf4\x8f\xbf\xbf", 4, 4 },
                  { "\xf4\x90\x80\x80", 4, 0 },
                  { "\xc0\x80", 2, 0 },
                  { "\xe0\x9f\xbf", 3, 0 },
                  { "\xf0\x8f\xbf\xbf", 4, 0 },
                  { "\xed\xa0\x80", 3, 0 },
                  { "\x80", 1, 0 },
                  { "\xc3", 1, 0 },
                  { "\xe2\x82", 2, 0 },
                  { "\xff", 1, 0 },
                  { "", 0, 0 } };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++)
        ck_assert_uint_eq (utf8_sequence ((const uint8_t *) cases[at].bytes, cases[at].size),
                           cases[at].expected);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("settings");
    TCase *all = tcase_create ("settings");
    tcase_set_timeout (all, TEST_TIMEOUT);
    tcase_add_checked_fixture (all, s_setup, s_teardown);
    tcase_add_test (all, every_setting_has_its_default_and_takes_its_own_value);
    tcase_add_test (all, numbers_take_suffixes_of_their_unit);
    tcase_add_test (all, a_wrong_value_says_what_is_taken_and_changes_nothing);
    tcase_add_test (all, numbers_that_are_none_are_refused);
    tcase_add_test (all, texts_are_bounded_and_text);
    tcase_add_test (all, an_unknown_name_gets_the_nearest);
    tcase_add_test (all, a_file_sets_what_it_names);
    tcase_add_test (all, names_in_a_file_are_checked);
    tcase_add_test (all, values_in_a_file_are_checked);
    tcase_add_test (all, the_form_of_a_file_is_checked);
    tcase_add_test (all, lines_files_and_mistakes_are_bounded);
    tcase_add_test (all, every_mistake_is_told_and_nothing_changes);
    tcase_add_test (all, what_is_printed_can_be_read_again);
    tcase_add_test (all, a_file_is_read_from_disk);
    tcase_add_test (all, the_environment_sets_by_the_same_names);
    tcase_add_test (all, an_unknown_variable_is_a_mistake);
    tcase_add_test (all, variables_of_others_are_left_alone);
    tcase_add_test (all, settings_that_contradict_each_other_are_found);
    tcase_add_test (all, endpoints_that_cannot_be_are_found);
    tcase_add_test (all, settings_of_a_cluster_are_checked);
    tcase_add_test (all, failing_allocations_change_nothing);
    tcase_add_test (all, distances_count_single_changes);
    tcase_add_test (all, sequences_are_utf8_and_nothing_else);
    suite_add_tcase (suite, all);
    return suite;
}
