//  plan: what shall be measured, as the command line says it.
//  SPDX-License-Identifier: MPL-2.0
#ifndef ZGRID_BENCH_PLAN_H_INCLUDED
#define ZGRID_BENCH_PLAN_H_INCLUDED

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "zgrid-bench-keys.h"

//  What an operation of the mix is called on the command line and in the report.
#define OPERATIONS(OPERATION)                                                                          \
    OPERATION (get)                                                                                    \
    OPERATION (put)                                                                                    \
    OPERATION (incr)                                                                                   \
    OPERATION (del)                                                                                    \
    OPERATION (mget)

typedef enum {
#define OPERATION(name) OPERATION_##name,
    OPERATIONS (OPERATION)
#undef OPERATION
    OPERATION_LIMIT
} operation_t;

//  Which form of the client library's calls is used.
typedef enum { FORM_CHOOSE, FORM_BLOCKING, FORM_FUTURE, FORM_PIPELINE } form_t;

#define SETTINGS_MAX 64

typedef struct {
    const char *server;
    bool embedded;
    const char *settings[SETTINGS_MAX]; // name=value, for the embedded node
    size_t setting_count;
    const char *map;
    unsigned mix[OPERATION_LIMIT]; // Weights
    unsigned mix_total;
    keys_form_t distribution;
    double theta;
    uint64_t keys;
    uint64_t key_size;   // Bytes
    uint64_t value_size; // Bytes
    uint64_t mget_keys;
    uint64_t ttl_ms; // Of what is put; 0: none
    uint64_t connections;
    uint64_t threads;
    uint64_t window; // Operations in flight per connection
    uint64_t batch;  // Records per message
    form_t form;
    double rate; // Operations a second in all; 0: as fast as answers come
    double seconds;
    uint64_t requests; // Operations in all; 0: until the seconds are over
    bool requests_given;
    bool load;
    bool indirect;
    uint64_t timeout_ms;
    uint64_t seed;
    bool json;
} plan_t;

//  Reads the command line. Returns -1 if the plan is to be carried out, else the code to exit with,
//  after having printed what was asked for or what is wrong.
int
    plan_parse (plan_t *self, int argc, char **argv);

const char *
    plan_operation_name (operation_t operation);

const char *
    plan_form_name (form_t form);

#endif
