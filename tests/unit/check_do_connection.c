//  check_do_connection: what Redis clients ask of their connection, of the server and of the cluster. The
//  replies are those of Redis 7.0.15, unless said otherwise.
//  SPDX-License-Identifier: MPL-2.0
#include <stdio.h>
#include <string.h>

#include "gateway/slots.h"
#include "lib/redis_rig.h"
#include "lib/test.h"
#include "mem.h"

#define S_NO_NAME "-ERR Client names cannot contain spaces, newlines or special characters.\r\n"
#define S_NO_AUTH                                                                                            \
    "-NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> "   \
    "<pass> option can be used to authenticate the client and select the RESP protocol version at the same " \
    "time\r\n"
#define S_NODE UINT64_C (0x0123456789abcdef)
#define S_WRONGPASS "-WRONGPASS invalid username-password pair or user is disabled.\r\n"

static redis_rig_t s_rig;
static char s_password[16];

static void
s_open (const char *password)
{
    gateway_config_t config = redis_rig_config ();
    snprintf (s_password, sizeof s_password, "%s", password);
    config.password = s_password;
    config.node = S_NODE;
    redis_rig_open (&s_rig, &config);
}

static void
s_says (const char *request, const char *reply)
{
    redis_rig_says (&s_rig, request, reply);
}

//  Good until the next one.
static const char *
s_ask (const char *request)
{
    buf_t *said = &s_rig.said[0];
    redis_rig_send (&s_rig, 0, bytes_str (request));
    buf_add (said, "", 1);
    buf_reset (said);
    return (const char *) said->data;
}

START_TEST (ping_and_echo)
{
    s_open ("");
    s_says ("PING\r\n", "+PONG\r\n");
    s_says ("ping hello\r\n", "$5\r\nhello\r\n");
    s_says ("PING \"\"\r\n", "$0\r\n\r\n");
    s_says ("PING a b\r\n", "-ERR wrong number of arguments for 'ping' command\r\n");
    s_says ("ECHO\r\n", "-ERR wrong number of arguments for 'echo' command\r\n");
    s_says ("ECHO a\r\n", "$1\r\na\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (databases_are_selected)
{
    s_open ("");
    s_says ("SELECT x\r\n", "-ERR value is not an integer or out of range\r\n");
    s_says ("SELECT 0x1\r\n", "-ERR value is not an integer or out of range\r\n");
    s_says ("SELECT 99999999999999999999\r\n", "-ERR value is not an integer or out of range\r\n");
    s_says ("SELECT 3000000000\r\n",
            "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n");
    s_says ("SELECT -1\r\n", "-ERR DB index is out of range\r\n");
    s_says ("SELECT 999\r\n", "-ERR DB index is out of range\r\n");
    s_says ("SET k zero\r\nSELECT 1\r\nGET k\r\nSET k one\r\nSELECT 0\r\nGET k\r\nSELECT 1\r\nGET k\r\n",
            "+OK\r\n+OK\r\n$-1\r\n+OK\r\n+OK\r\n$4\r\nzero\r\n+OK\r\n$3\r\none\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (hello_chooses_the_protocol)
{
    s_open ("");
    s_says ("HELLO 4\r\n", "-NOPROTO unsupported protocol version\r\n");
    s_says ("HELLO 1\r\n", "-NOPROTO unsupported protocol version\r\n");
    s_says ("HELLO x\r\n", "-ERR Protocol version is not an integer or out of range\r\n");
    s_says ("HELLO 3 SETNAME\r\n", "-ERR Syntax error in HELLO option 'SETNAME'\r\n");
    s_says ("HELLO 3 foo\r\n", "-ERR Syntax error in HELLO option 'foo'\r\n");
    s_says ("HELLO 3 SETNAME \"a b\"\r\n", S_NO_NAME);
    s_says ("HELLO 3 AUTH default\r\n", "-ERR Syntax error in HELLO option 'AUTH'\r\n");
    s_says ("HELLO 3 AUTH other x\r\n", S_WRONGPASS);
    s_says ("GET nosuch\r\n", "$-1\r\n"); // What was refused has changed nothing
    s_says ("HELLO 3 AUTH default x SETNAME me\r\nGET nosuch\r\nCLIENT GETNAME\r\n",
            "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:3\r\n"
            "$2\r\nid\r\n:1"
            "\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n"
            "_\r\n"
            "$2\r\nme\r\n");
    s_says ("HELLO 2\r\n",
            "*14\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$6\r\n7.0.15\r\n$5\r\nproto\r\n:2\r\n"
            "$2\r\nid\r\n:1"
            "\r\n$4\r\nmode\r\n$10\r\nstandalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\nmodules\r\n*0\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (reset_is_a_new_beginning)
{
    s_open ("");
    s_says ("SELECT 1\r\nSET a 1\r\nCLIENT SETNAME me\r\nRESET\r\nGET a\r\nCLIENT GETNAME\r\n",
            "+OK\r\n+OK\r\n+OK\r\n+RESET\r\n$-1\r\n$-1\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (a_password_is_asked_for)
{
    s_open ("secret");
    s_says ("PING\r\n", "-NOAUTH Authentication required.\r\n");
    s_says ("CLIENT ID\r\n", "-NOAUTH Authentication required.\r\n");
    s_says ("HELLO 3\r\n", S_NO_AUTH);
    s_says ("HELLO 9\r\n", "-NOPROTO unsupported protocol version\r\n");
    s_says ("AUTH\r\n", "-ERR wrong number of arguments for 'auth' command\r\n");
    s_says ("AUTH a b c\r\n", "-ERR syntax error\r\n");
    static const char *const wrong[] = { "AUTH x\r\n",
                                         "AUTH secret2\r\n",
                                         "AUTH secre\r\n",
                                         "AUTH \"\"\r\n",
                                         "AUTH a b\r\n",
                                         "AUTH default secretsecret\r\n",
                                         "AUTH other secret\r\n",
                                         "HELLO 3 AUTH default s\r\n",
                                         "HELLO 3 AUTH x secret\r\n" };
    for (size_t at = 0; at < sizeof wrong / sizeof wrong[0]; at++)
        s_says (wrong[at], S_WRONGPASS);
    s_says ("PING\r\n", "-NOAUTH Authentication required.\r\n");
    s_says ("AUTH secret\r\nPING\r\n", "+OK\r\n+PONG\r\n");
    s_says ("AUTH bad\r\nPING\r\n", S_WRONGPASS "+PONG\r\n");
    s_says ("RESET\r\nPING\r\n", "+RESET\r\n-NOAUTH Authentication required.\r\n");
    s_says ("AUTH default secret\r\nPING\r\n", "+OK\r\n+PONG\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (without_a_password_auth_says_so)
{
    s_open ("");
    s_says (
        "AUTH x\r\n",
        "-ERR AUTH <password> called without any password configured for the default user. Are you sure your "
        "configuration is correct?\r\n");
    s_says ("AUTH default x\r\n", "+OK\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (quit_is_answered_and_ends)
{
    s_open ("");
    s_says ("SET a 1\r\nGET a\r\nQUIT\r\nSET a 2\r\n", "+OK\r\n$1\r\n1\r\n+OK\r\n");
    ck_assert_ptr_null (s_rig.talks[0]);
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (clients_have_names)
{
    s_open ("");
    s_says ("CLIENT\r\n", "-ERR wrong number of arguments for 'client' command\r\n");
    s_says ("CLIENT foo\r\n", "-ERR unknown subcommand 'foo'. Try CLIENT HELP.\r\n");
    s_says ("CLIENT ID\r\n", ":1\r\n");
    s_says ("CLIENT ID x\r\n", "-ERR wrong number of arguments for 'client|id' command\r\n");
    s_says ("CLIENT GETNAME\r\n", "$-1\r\n");
    s_says ("CLIENT SETNAME \"a b\"\r\n", S_NO_NAME);
    s_says ("CLIENT SETNAME me\r\nCLIENT GETNAME\r\n", "+OK\r\n$2\r\nme\r\n");
    s_says ("CLIENT SETNAME \"\"\r\nCLIENT GETNAME\r\n", "+OK\r\n$-1\r\n");
    s_says ("CLIENT SETINFO LIB-NAME x\r\nCLIENT SETINFO lib-ver 1.0\r\n", "+OK\r\n+OK\r\n");
    s_says ("CLIENT SETINFO foo x\r\n", "-ERR Unrecognized option 'foo'\r\n");
    s_says ("CLIENT SETINFO LIB-VER \"a b\"\r\n",
            "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (clients_are_listed)
{
    s_open ("");
    s_says ("CLIENT LIST TYPE foo\r\n", "-ERR Unknown client type 'foo'\r\n");
    s_says ("CLIENT LIST ID 1 x\r\n", "-ERR Invalid client ID\r\n");
    s_says ("CLIENT LIST ID\r\nCLIENT LIST foo\r\nCLIENT LIST foo bar\r\nCLIENT LIST TYPE\r\n",
            "-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n");
    s_says ("CLIENT LIST TYPE pubsub\r\nCLIENT LIST TYPE master\r\nCLIENT LIST ID 99 0\r\n",
            "$0\r\n\r\n$0\r\n\r\n$0\r\n\r\n");
    const char *line = s_ask ("SELECT 1\r\nCLIENT SETNAME me\r\nCLIENT INFO\r\n");
    ck_assert_ptr_nonnull (strstr (line, "id=1 addr="));
    ck_assert_ptr_nonnull (strstr (line, " name=me "));
    ck_assert_ptr_nonnull (strstr (line, " cmd=client|info "));
    ck_assert_ptr_nonnull (strstr (line, " flags=N db=1 sub=0 "));
    ck_assert_ptr_nonnull (strstr (line, " resp=2 "));
    line = s_ask ("CLIENT LIST ID 1\r\n");
    ck_assert_ptr_nonnull (strstr (line, " name=me "));
    line = s_ask ("CLIENT LIST TYPE normal\r\n");
    ck_assert_ptr_nonnull (strstr (line, " name=me "));
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (clients_are_killed)
{
    s_open ("");
    s_says ("CLIENT KILL 1.2.3.4:1\r\n", "-ERR No such client\r\n");
    s_says ("CLIENT KILL ID x\r\nCLIENT KILL ID 0\r\n",
            "-ERR client-id should be greater than 0\r\n-ERR client-id should be greater than 0\r\n");
    s_says ("CLIENT KILL foo bar\r\nCLIENT KILL ID 1 foo\r\nCLIENT KILL SKIPME x\r\n",
            "-ERR syntax error\r\n-ERR syntax error\r\n-ERR syntax error\r\n");
    s_says ("CLIENT KILL TYPE foo\r\n", "-ERR Unknown client type 'foo'\r\n");
    s_says ("CLIENT KILL USER nobody\r\n", "-ERR No such user 'nobody'\r\n");
    s_says ("CLIENT KILL ID 99\r\nCLIENT KILL ID 1\r\nCLIENT KILL ID 2\r\nCLIENT KILL USER default\r\n",
            ":0\r\n:0\r\n:1\r\n:2\r\n"); // The others
    ck_assert (!s_rig.talks[1] && !s_rig.talks[2] && !s_rig.talks[3]);
    ck_assert_ptr_nonnull (s_rig.talks[0]);
    s_says ("CLIENT KILL ID 1 SKIPME no\r\n", ":1\r\n"); // It is told before it goes
    ck_assert_ptr_null (s_rig.talks[0]);
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (replies_are_switched_off_and_on)
{
    s_open ("");
    s_says ("CLIENT REPLY x\r\n", "-ERR syntax error\r\n");
    s_says ("CLIENT REPLY OFF\r\nPING\r\nSET a 1\r\nGET a\r\nCLIENT REPLY ON\r\nGET a\r\n",
            "+OK\r\n$1\r\n1\r\n");
    s_says ("CLIENT REPLY SKIP\r\nPING\r\nECHO b\r\n", "$1\r\nb\r\n");
    s_says ("GET a\r\nCLIENT REPLY SKIP\r\nGET a\r\nGET nosuch\r\n", "$1\r\n1\r\n$-1\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (what_there_is_nothing_of_is_said_as_redis_says_it)
{
    s_open ("");
    s_says ("CLIENT NO-EVICT on\r\nCLIENT NO-EVICT x\r\n", "+OK\r\n-ERR syntax error\r\n");
    s_says ("CLIENT UNBLOCK 1\r\nCLIENT UNBLOCK x\r\nCLIENT UNBLOCK 1 foo\r\n",
            ":0\r\n-ERR value is not an integer or out of range\r\n-ERR CLIENT UNBLOCK reason should be "
            "TIMEOUT or "
            "ERROR\r\n");
    s_says ("CLIENT GETREDIR\r\n", ":-1\r\n");
    s_says ("CLIENT TRACKINGINFO\r\n",
            "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n");
    s_says ("CLIENT TRACKING off\r\nCLIENT TRACKING x\r\n", "+OK\r\n-ERR syntax error\r\n");
    s_says ("SLOWLOG GET\r\nSLOWLOG GET -1\r\nSLOWLOG LEN\r\nSLOWLOG RESET\r\n", "*0\r\n*0\r\n:0\r\n+OK\r\n");
    s_says ("SLOWLOG GET x\r\n", "-ERR count should be greater than or equal to -1\r\n");
    s_says ("SLOWLOG GET 1 2\r\n",
            "-ERR unknown subcommand or wrong number of arguments for 'GET'. Try SLOWLOG HELP.\r\n");
    s_says ("LATENCY LATEST\r\nLATENCY HISTORY a\r\nLATENCY RESET\r\nLATENCY HISTOGRAM nosuch\r\n",
            "*0\r\n*0\r\n:0\r\n*0\r\n");
    s_says ("LATENCY GRAPH a\r\n", "-ERR No samples available for event 'a'\r\n");
    s_says ("ROLE\r\nROLE x\r\n",
            "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n-ERR wrong number of arguments for 'role' command\r\n");
    s_says ("LOLWUT\r\n", "$18\r\nRedis ver. 7.0.15\n\r\n");
    s_says ("ACL WHOAMI\r\nMODULE LIST\r\n", "$7\r\ndefault\r\n*0\r\n");
    s_says ("TIME x\r\n", "-ERR wrong number of arguments for 'time' command\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (settings_are_told_and_not_changed)
{
    s_open ("");
    s_says ("CONFIG GET timeout\r\nCONFIG GET nosuch\r\nCONFIG GET SAVE\r\n",
            "*2\r\n$7\r\ntimeout\r\n$1\r\n0\r\n*0\r\n*2\r\n$4\r\nsave\r\n$0\r\n\r\n");
    s_says ("CONFIG GET append*y timeout timeou?\r\n",
            "*4\r\n$10\r\nappendonly\r\n$2\r\nno\r\n$7\r\ntimeout\r\n$1\r\n0\r\n");
    s_says ("CONFIG GET\r\nCONFIG SET foo\r\n",
            "-ERR wrong number of arguments for 'config|get' command\r\n-ERR wrong number of arguments for "
            "'config|set' command\r\n");
    s_says ("CONFIG SET foo bar baz\r\n", "-ERR syntax error\r\n");
    s_says ("CONFIG SET foo bar\r\n",
            "-ERR Unknown option or number of arguments for CONFIG SET - 'foo'\r\n");
    s_says ("CONFIG SET timeout 0\r\n", "+OK\r\n");
    s_says (
        "CONFIG SET timeout 1\r\n",
        "-ERR CONFIG SET failed (possibly related to argument 'timeout') - can't set immutable config\r\n");
    s_says ("CONFIG GET maxmemory\r\n", "*2\r\n$9\r\nmaxmemory\r\n$1\r\n0\r\n");
    s_says ("CONFIG RESETSTAT\r\nCONFIG REWRITE\r\n",
            "+OK\r\n-ERR The server is running without a config file\r\n");
    const char *all = s_ask ("CONFIG GET *\r\n");
    ck_assert_ptr_nonnull (strstr (all, "\r\nmaxmemory\r\n"));
    ck_assert_ptr_nonnull (strstr (all, "\r\nclient-output-buffer-limit\r\n"));
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (info_counts_keys)
{
    s_open ("");
    s_says ("INFO foo\r\n", "$0\r\n\r\n");
    s_says ("SET a 1\r\nSET b 1\r\nSELECT 1\r\nSET a 1\r\nINFO keyspace\r\n",
            "+OK\r\n+OK\r\n+OK\r\n+OK\r\n$76\r\n# "
            "Keyspace\r\ndb0:keys=2,expires=0,avg_ttl=0\r\ndb1:keys=1,expires=0,"
            "avg_ttl=0\r\n\r\n");
    const char *all = s_ask ("HELLO 3\r\nINFO\r\n");
    ck_assert_ptr_nonnull (strstr (all, "\r\ntxt:# Server\r\nredis_version:7.0.15\r\n"));
    ck_assert_ptr_nonnull (strstr (all, "\r\nprocess_id:77\r\n"));
    ck_assert_ptr_nonnull (strstr (all, "\r\nused_memory:4096\r\nused_memory_human:4.00K\r\n"));
    ck_assert_ptr_nonnull (strstr (all, "\r\nloading:0\r\n"));
    ck_assert_ptr_nonnull (strstr (all, "\r\nconnected_clients:4\r\n"));
    ck_assert_ptr_nonnull (strstr (all, "\r\ncluster_enabled:1\r\n"));
    redis_rig_close (&s_rig);
}
END_TEST

//  ------------------------------------------------------------------------------------------------
//  The cluster

//  Two members and as many partitions: this one has the first, the other one the second and its backups.
static view_t *
s_view (void)
{
    view_t *view = view_new (2);
    ck_assert_ptr_nonnull (view);
    node_id_t own = S_NODE;
    member_t one = {
        .id = own, .weight = 100, .actors = 1, .gateway_port = 6380, .beacon_port = 7000, .host = "one"
    };
    member_t two = {
        .id = own + 1, .weight = 100, .actors = 1, .gateway_port = 6381, .beacon_port = 7001, .host = "two"
    };
    ck_assert (view_add_member (view, &one) && view_add_member (view, &two));
    view->version = 5;
    view->parts[0] = (part_t) { .primary = own, .reps_count = 1, .reps = { own } };
    view->parts[1] = (part_t) { .primary = own + 1, .reps_count = 2, .reps = { own + 1, own } };
    return view;
}

static void
s_open_cluster (void)
{
    s_open ("");
    view_t *view = s_view ();
    gateway_set_view (s_rig.gateway, &view);
}

START_TEST (alone_a_node_has_all_slots)
{
    s_open ("");
    s_says ("CLUSTER KEYSLOT foo\r\nCLUSTER KEYSLOT {foo}bar\r\n", ":12182\r\n:12182\r\n");
    s_says (
        "CLUSTER\r\nCLUSTER foo\r\n",
        "-ERR wrong number of arguments for 'cluster' command\r\n-ERR unknown subcommand 'foo'. Try CLUSTER "
        "HELP.\r\n");
    s_says ("CLUSTER REPLICAS foo\r\n", "-ERR Unknown node foo\r\n");
    s_says ("CLUSTER LINKS\r\nREADONLY\r\nREADWRITE\r\nASKING\r\n", "*0\r\n+OK\r\n+OK\r\n+OK\r\n");
    const char *slots = s_ask ("CLUSTER SLOTS\r\n");
    ck_assert_ptr_nonnull (strstr (slots, "*1\r\n*3\r\n:0\r\n:16383\r\n*4\r\n$"));
    ck_assert_ptr_nonnull (
        strstr (s_ask ("CLUSTER INFO\r\n"), "cluster_state:ok\r\ncluster_slots_assigned:16384"));
    ck_assert_ptr_nonnull (
        strstr (s_ask ("CLUSTER NODES\r\n"), " myself,master - 0 0 0 connected 0-16383\n"));
    ck_assert_ptr_nonnull (
        strstr (s_ask ("CLUSTER SHARDS\r\n"), "*1\r\n*4\r\n$5\r\nslots\r\n*2\r\n:0\r\n:16383\r\n"));
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (keys_of_a_slot_are_told)
{
    s_open ("");
    s_says ("CLUSTER COUNTKEYSINSLOT x\r\nCLUSTER COUNTKEYSINSLOT 16384\r\nCLUSTER COUNTKEYSINSLOT -1\r\n",
            "-ERR value is not an integer or out of range\r\n-ERR Invalid slot\r\n-ERR Invalid slot\r\n");
    s_says (
        "CLUSTER GETKEYSINSLOT 5 -1\r\nCLUSTER GETKEYSINSLOT 99999 1\r\nCLUSTER GETKEYSINSLOT 5 x\r\n",
        "-ERR Invalid slot or number of keys\r\n-ERR Invalid slot or number of keys\r\n-ERR value is not an "
        "integer or out of range\r\n");
    s_says ("CLUSTER COUNTKEYSINSLOT 12182\r\nCLUSTER GETKEYSINSLOT 12182 9\r\n", ":0\r\n*0\r\n");
    char text[64];
    for (unsigned at = 0; at < 2500; at++) { // Of more slots than one, and of more than one page
        snprintf (text, sizeof text, "SET k%u v\r\n", at);
        s_says (text, "+OK\r\n");
    }
    for (unsigned at = 0; at < 30; at++) {
        snprintf (text, sizeof text, "SET {foo}%u v\r\n", at);
        s_says (text, "+OK\r\n");
    }
    s_says ("CLUSTER COUNTKEYSINSLOT 12182\r\n", ":30\r\n");
    ck_assert_ptr_nonnull (strstr (s_ask ("CLUSTER GETKEYSINSLOT 12182 100\r\n"), "*30\r\n$"));
    const char *keys = s_ask ("CLUSTER GETKEYSINSLOT 12182 3\r\n");
    ck_assert_ptr_nonnull (strstr (keys, "*3\r\n$"));
    for (unsigned at = 0; at < 3; at++) {
        keys = strstr (keys, "{foo}");
        ck_assert_ptr_nonnull (keys++);
    }
    ck_assert_ptr_null (strstr (keys, "{foo}"));
    s_says ("CLUSTER GETKEYSINSLOT 12182 0\r\n", "*0\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (members_are_told_with_their_slots)
{
    s_open_cluster ();
    char own[41], other[41], text[600];
    slots_id (S_NODE, own);
    slots_id (S_NODE + 1, other);
    snprintf (text, sizeof text,
              "*2\r\n*3\r\n:0\r\n:8191\r\n*4\r\n$3\r\none\r\n:6380\r\n$40\r\n%s\r\n*0\r\n"
              "*4\r\n:8192\r\n:16383\r\n*4\r\n$3\r\ntwo\r\n:6381\r\n$40\r\n%s\r\n*0\r\n"
              "*4\r\n$3\r\none\r\n:6380\r\n$40\r\n%s\r\n*0\r\n",
              own, other, own);
    s_says ("CLUSTER SLOTS\r\n", text);
    ck_assert_ptr_nonnull (strstr (s_ask ("HELLO\r\n"), "$4\r\nmode\r\n$7\r\ncluster\r\n"));
    ck_assert_ptr_nonnull (strstr (s_ask ("INFO server\r\n"), "\r\nredis_mode:cluster\r\n"));
    const char *nodes = s_ask ("CLUSTER NODES\r\n");
    snprintf (text, sizeof text,
              "%s one:6380@7000 myself,master - 0 0 0 connected 0-8191\n%s two:6381@7001 master - 0 0 0 "
              "connected 8192-16383\n",
              own, other);
    ck_assert_ptr_nonnull (strstr (nodes, text));
    snprintf (text, sizeof text, "CLUSTER REPLICAS %s\r\n", other);
    const char *replicas = s_ask (text);
    snprintf (text, sizeof text, "%s one:6380@7000 slave %s 0 0 0 connected\r\n", own, other);
    ck_assert_ptr_nonnull (strstr (replicas, text));
    snprintf (text, sizeof text, "CLUSTER REPLICAS %s\r\n", own);
    s_says (text, "*0\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

START_TEST (who_knows_the_cluster_is_sent_to_the_owner)
{
    s_open_cluster ();
    s_ask ("CLUSTER SLOTS\r\n");
    s_says ("GET foo\r\nSET foo 1\r\nDEL foo\r\n", // Slot 12182; bar is of 5061
            "-MOVED 12182 two:6381\r\n-MOVED 12182 two:6381\r\n-MOVED 12182 two:6381\r\n");
    s_says ("MGET foo bar\r\n", "-CROSSSLOT Keys in request don't hash to the same slot\r\n");
    s_says ("SET bar 1\r\nGET bar\r\n", "+OK\r\n$1\r\n1\r\n");
    s_says ("PING\r\n", "+PONG\r\n");
    s_says ("READONLY\r\nGET foo\r\nSET foo 1\r\nREADWRITE\r\nGET foo\r\n",
            "+OK\r\n$-1\r\n-MOVED 12182 two:6381\r\n+OK\r\n-MOVED 12182 two:6381\r\n");
    //  Nobody serves the slot
    view_t *view = s_view ();
    view->version++;
    view->parts[1] = (part_t) { .epoch = 2 };
    gateway_set_view (s_rig.gateway, &view);
    s_says ("GET foo\r\n", "-CLUSTERDOWN Hash slot not served\r\n");
    ck_assert_ptr_nonnull (
        strstr (s_ask ("CLUSTER INFO\r\n"), "cluster_state:fail\r\ncluster_slots_assigned:8192\r\n"));
    s_says ("RESET\r\nMGET foo bar\r\n", "+RESET\r\n*2\r\n$-1\r\n$1\r\n1\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

//  What would keep everybody else waiting is refused.
START_TEST (long_lists_of_words_are_refused)
{
    s_open ("");
    static char text[9000];
    char *end = text + sprintf (text, "CLIENT LIST ID");
    for (unsigned at = 0; at < 1001; at++)
        end += sprintf (end, " %u", at + 100);
    sprintf (end, "\r\n");
    s_says (text, "-ERR too many client IDs\r\n");
    end = text + sprintf (text, "CONFIG GET");
    for (unsigned at = 0; at < 257; at++)
        end += sprintf (end, " *x*");
    sprintf (end, "\r\n");
    s_says (text, "-ERR too many patterns\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

//  Every command at every allocation that fails: it is answered, or its connection ends, and the next one
//  goes on.
START_TEST (without_memory_each_command_is_answered)
{
    static const char *const commands[] = {
        "HELLO 3 AUTH default x SETNAME me\r\n",
        "SELECT 2\r\n",
        "RESET\r\n",
        "CLIENT SETNAME a\r\n",
        "CLIENT LIST\r\n",
        "CLIENT INFO\r\n",
        "CLIENT SETINFO LIB-NAME x\r\n",
        "INFO\r\n",
        "CONFIG GET *\r\n",
        "CLUSTER SLOTS\r\n",
        "CLUSTER SHARDS\r\n",
        "CLUSTER NODES\r\n",
        "CLUSTER GETKEYSINSLOT 0 5\r\n",
        "CLUSTER COUNTKEYSINSLOT 0\r\n",
        "CLUSTER REPLICAS 0123456789abcdf0000000000000000000000000\r\n",
    };
    for (size_t at = 0; at < sizeof commands / sizeof commands[0]; at++)
        for (uint64_t nth = 1; nth < 30; nth++) {
            s_open_cluster ();
            bytes_t bytes = bytes_str (commands[at]);
            size_t room;
            uint8_t *input = talk_room (s_rig.talks[0], &room);
            ck_assert_uint_gt (room, bytes.size);
            memcpy (input, bytes.data, bytes.size);
            mem_fail_at (nth);
            talk_read (s_rig.talks[0], bytes.size);
            gateway_settle (s_rig.gateway);
            mem_fail_at (0);
            redis_rig_turn (&s_rig);
            ck_assert_msg (s_rig.said[0].size || !s_rig.talks[0], "%s at %d", commands[at], (int) nth);
            buf_reset (&s_rig.said[0]);
            if (s_rig.talks[0])
                s_says ("PING\r\n", "+PONG\r\n");
            redis_rig_close (&s_rig);
        }
}
END_TEST

START_TEST (subscribers_are_answered_in_their_own_form)
{
    s_open ("");
    s_ask ("SUBSCRIBE news\r\n");
    s_says ("PING\r\nPING a\r\n", "*2\r\n$4\r\npong\r\n$0\r\n\r\n*2\r\n$4\r\npong\r\n$1\r\na\r\n");
    const char *line = s_ask ("RESET\r\nCLIENT INFO\r\n");
    ck_assert_ptr_nonnull (strstr (line, "+RESET\r\n"));
    ck_assert_ptr_nonnull (strstr (line, " flags=N db=0 sub=0 "));
    s_says ("PING\r\n", "+PONG\r\n");
    redis_rig_close (&s_rig);
}
END_TEST

Suite *
test_suite (void)
{
    Suite *suite = suite_create ("do_connection");
    TCase *tests = tcase_create ("do_connection");
    tcase_set_timeout (tests, TEST_TIMEOUT);
    tcase_add_test (tests, ping_and_echo);
    tcase_add_test (tests, databases_are_selected);
    tcase_add_test (tests, hello_chooses_the_protocol);
    tcase_add_test (tests, reset_is_a_new_beginning);
    tcase_add_test (tests, a_password_is_asked_for);
    tcase_add_test (tests, without_a_password_auth_says_so);
    tcase_add_test (tests, quit_is_answered_and_ends);
    tcase_add_test (tests, clients_have_names);
    tcase_add_test (tests, clients_are_listed);
    tcase_add_test (tests, clients_are_killed);
    tcase_add_test (tests, replies_are_switched_off_and_on);
    tcase_add_test (tests, what_there_is_nothing_of_is_said_as_redis_says_it);
    tcase_add_test (tests, settings_are_told_and_not_changed);
    tcase_add_test (tests, info_counts_keys);
    tcase_add_test (tests, alone_a_node_has_all_slots);
    tcase_add_test (tests, keys_of_a_slot_are_told);
    tcase_add_test (tests, members_are_told_with_their_slots);
    tcase_add_test (tests, who_knows_the_cluster_is_sent_to_the_owner);
    tcase_add_test (tests, long_lists_of_words_are_refused);
    tcase_add_test (tests, without_memory_each_command_is_answered);
    tcase_add_test (tests, subscribers_are_answered_in_their_own_form);
    suite_add_tcase (suite, tests);
    return suite;
}
