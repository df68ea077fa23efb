#include "kinds.h"

#include <stddef.h>

const struct load_kind load_kinds[] = {
    {"tls", load_tls},
    {"tls_full", load_tls_full},
    {"tls_resumed", load_tls_resumed},
    {"tls_bulk", load_tls_bulk},
    {"file", load_file},
    {"relay", load_relay},
    {"lines", load_lines},
    {NULL, NULL},
};
