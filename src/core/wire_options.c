//  wire_options: the options map of a request, both ways. The list is option.def.
//  SPDX-License-Identifier: MPL-2.0
#include "wire.h"
#include "wire_impl.h"

typedef enum { FLAG, UINT, BYTES, VALUE, NUMBER, LIST } s_type_t;

typedef struct {
    const char *name;
    size_t size;
    uint64_t bit;
    s_type_t type;
} s_option_t;

static const s_option_t s_options[] = {
#define OPTION(name, bit, type, purpose) { #name, sizeof #name - 1, UINT64_C (1) << bit, type },
#include "option.def"
#undef OPTION
};

#define S_COUNT (sizeof s_options / sizeof s_options[0])
#define S_TIMES (OPT_ex | OPT_px | OPT_exat | OPT_pxat)

static const s_option_t *
s_find (bytes_t name)
{
    for (size_t at = 0; at < S_COUNT; at++)
        if (s_options[at].size == name.size && memcmp (s_options[at].name, name.data, name.size) == 0)
            return &s_options[at];
    return NULL;
}

//  Where in options_t an option of type UINT keeps its number.
static size_t
s_place (uint64_t bit)
{
    switch (bit) {
        case OPT_ifversion:
            return offsetof (options_t, ifversion);
        case OPT_cursor:
            return offsetof (options_t, cursor);
        case OPT_count:
            return offsetof (options_t, count);
        case OPT_partition:
            return offsetof (options_t, partition);
        case OPT_deadline:
            return offsetof (options_t, deadline);
        case OPT_ack:
            return offsetof (options_t, ack);
        case OPT_attach:
            return offsetof (options_t, attach);
        case OPT_epoch:
            return offsetof (options_t, epoch);
        case OPT_wait:
            return offsetof (options_t, wait);
        case OPT_fence:
            return offsetof (options_t, fence);
        case OPT_offset:
            return offsetof (options_t, offset);
        default: // ex px exat pxat
            return offsetof (options_t, time);
    }
}

//  The same for an option of type BYTES.
static bytes_t *
s_bytes (options_t *options, uint64_t bit)
{
    return bit == OPT_match   ? &options->match
           : bit == OPT_regex ? &options->regex
           : bit == OPT_into  ? &options->into
                              : &options->read;
}

static uint64_t
s_number (const options_t *options, uint64_t bit)
{
    uint64_t number;
    memcpy (&number, (const uint8_t *) options + s_place (bit), sizeof number);
    return number;
}

static void
s_set_number (options_t *options, uint64_t bit, uint64_t number)
{
    memcpy ((uint8_t *) options + s_place (bit), &number, sizeof number);
}

static bool
s_must (bytes_t list)
{
    mp_t reader = mp_of (list);
    uint32_t count;
    if (!mp_array (&reader, &count))
        return false;
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        if (!mp_bytes (&reader, &name) || !s_find (name))
            return false;
    }
    return true;
}

static bool
s_take (options_t *options, const s_option_t *option, value_t value)
{
    uint64_t bit = option->bit;
    switch (option->type) {
        case FLAG: {
            //  true and false are the only trees of one byte that a flag may be; 1 and 0 do as well
            bool tree = value.kind == VALUE_TREE && value.bytes.size == 1;
            if (value.kind == VALUE_NIL || (tree && value.bytes.data[0] == 0xc2)
                || (value.kind == VALUE_INT && value.integer == 0))
                bit = 0;
            else if (!(tree && value.bytes.data[0] == 0xc3)
                     && !(value.kind == VALUE_INT && value.integer == 1))
                return false;
            break;
        }
        case UINT:
            if (value.kind == VALUE_TREE && value.bytes.size == 9 && value.bytes.data[0] == 0xcf) {
                mp_t reader = mp_of (value.bytes);
                uint64_t number = 0;
                if (!mp_uint (&reader, &number))
                    return false;
                s_set_number (options, bit, number);
            } else if (value.kind == VALUE_INT && value.integer >= 0)
                s_set_number (options, bit, (uint64_t) value.integer);
            else
                return false;
            break;
        case BYTES:
            if (value.kind != VALUE_BYTES)
                return false;
            *s_bytes (options, bit) = value.bytes;
            break;
        case VALUE:
            if (value.kind != VALUE_BYTES && value.kind != VALUE_NIL)
                return false;
            *(bit == OPT_session ? &options->session : &options->ifeq) = value;
            break;
        case NUMBER:
            if (value.kind != VALUE_INT && value.kind != VALUE_BYTES && value.kind != VALUE_REAL)
                return false;
            options->initial = value;
            break;
        case LIST:
            if (value.kind != VALUE_TREE || !s_must (value.bytes))
                return false;
            break;
    }
    options->given |= bit;
    return true;
}

bool
options_decode (bytes_t encoded, options_t *options, const char **why)
{
    options->given = 0; // What is not given is not looked at
    if (encoded.size == 0)
        return true;
    *options = (options_t) { .given = 0 };
    mp_t reader = mp_of (encoded);
    uint32_t count;
    if (!mp_map (&reader, &count)) {
        *why = "the options are not a map";
        return false;
    }
    for (uint32_t at = 0; at < count; at++) {
        bytes_t name;
        value_t value = value_nil ();
        if (!mp_bytes (&reader, &name)) {
            *why = "an option's name is not text";
            return false;
        }
        if (!wire_value (&reader, &value)) {
            *why = "an option's value cannot be read";
            return false;
        }
        const s_option_t *option = s_find (name);
        if (!option)
            continue;
        if ((options->given & option->bit) || ((option->bit & S_TIMES) && (options->given & S_TIMES))) {
            *why = "an option is given twice, or two of ex, px, exat and pxat are given";
            return false;
        }
        if (!s_take (options, option, value)) {
            *why = option->type == LIST ? "an option that must be understood is not known"
                                        : "an option's value has the wrong type";
            return false;
        }
    }
    return true;
}

static void
s_encode_one (msgpack_packer *packer, buf_t *out, const options_t *options, const s_option_t *option)
{
    switch (option->type) {
        case FLAG:
            msgpack_pack_true (packer);
            break;
        case UINT:
            msgpack_pack_uint64 (packer, s_number (options, option->bit));
            break;
        case BYTES:
            wire_pack_bytes (packer, *s_bytes ((options_t *) (uintptr_t) options, option->bit));
            break;
        case VALUE:
            wire_pack_value (packer, out, option->bit == OPT_session ? options->session : options->ifeq);
            break;
        case NUMBER:
            wire_pack_value (packer, out, options->initial);
            break;
        case LIST:
            msgpack_pack_array (packer, 0);
            break;
    }
}

void
options_encode (buf_t *out, const options_t *options)
{
    msgpack_packer packer;
    msgpack_packer_init (&packer, out, wire_write);
    msgpack_pack_map (&packer, (size_t) __builtin_popcountll (options->given));
    for (size_t at = 0; at < S_COUNT; at++)
        if (options->given & s_options[at].bit) {
            wire_pack_text (&packer, bytes_of (s_options[at].name, s_options[at].size));
            s_encode_one (&packer, out, options, &s_options[at]);
        }
}
