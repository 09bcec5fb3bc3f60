//  typed: text and integers.
//  SPDX-License-Identifier: MPL-2.0
#include "client_impl.h"

zgrid_bytes_t
zgrid_str (const char *text)
{
    return (zgrid_bytes_t) { text, text ? strlen (text) : 0 };
}

int
zgrid_client_put_str (zgrid_client_t *self, const char *map, const char *key, const char *value)
{
    return zgrid_client_put (self, map, zgrid_str (key), zgrid_str (value), NULL, NULL);
}

int
zgrid_client_get_str (zgrid_client_t *self, const char *map, const char *key, char **value)
{
    *value = NULL;
    zgrid_entry_t entry;
    int status = zgrid_client_get (self, map, zgrid_str (key), NULL, &entry);
    if (status != ZGRID_OK)
        return status;
    if (entry.value.size && memchr (entry.value.data, 0, entry.value.size))
        return client_fail (self, ZGRID_WRONGTYPE, "GET", bytes_str (map), "the value holds a zero byte");
    char *text = malloc (entry.value.size + 1); // The caller frees it
    if (!text)
        return client_fail (self, ZGRID_NOMEM, "GET", bytes_str (map), NULL);
    if (entry.value.size)
        memcpy (text, entry.value.data, entry.value.size);
    text[entry.value.size] = 0;
    *value = text;
    return ZGRID_OK;
}

int
zgrid_client_put_int (zgrid_client_t *self, const char *map, const char *key, int64_t value)
{
    char text[24];
    int size = snprintf (text, sizeof text, "%lld", (long long) value);
    zgrid_bytes_t bytes = { text, (size_t) size };
    return zgrid_client_put (self, map, zgrid_str (key), bytes, NULL, NULL);
}

//  Exactly what put_int writes: no space, no plus sign, no leading zero.
static bool
s_parse (bytes_t text, int64_t *value)
{
    bool negative = text.size && text.data[0] == '-';
    size_t at = negative ? 1 : 0;
    size_t digits = text.size - at;
    if (digits == 0 || digits > 19 || (text.data[at] == '0' && (digits > 1 || negative)))
        return false;
    uint64_t sum = 0;
    for (; at < text.size; at++) {
        if (text.data[at] < '0' || text.data[at] > '9')
            return false;
        sum = sum * 10 + (text.data[at] - '0'); // 19 digits fit
    }
    if (sum > (uint64_t) INT64_MAX + (negative ? 1 : 0))
        return false;
    *value = negative ? (int64_t) (0 - sum) : (int64_t) sum;
    return true;
}

int
zgrid_client_get_int (zgrid_client_t *self, const char *map, const char *key, int64_t *value)
{
    *value = 0;
    zgrid_entry_t entry;
    int status = zgrid_client_get (self, map, zgrid_str (key), NULL, &entry);
    if (status == ZGRID_OK && !s_parse (request_bytes (entry.value), value))
        return client_fail (self, ZGRID_WRONGTYPE, "GET", bytes_str (map),
                            "the value is not a decimal integer");
    return status;
}
