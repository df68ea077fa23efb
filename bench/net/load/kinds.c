#include "kinds.h"

#include <stddef.h>

const struct load_kind load_kinds[] = {
    {"echo", load_echo}, {"udp", load_udp},     {"storm", load_storm}, {"bulk", load_bulk},
    {"idle", load_idle}, {"stuck", load_stuck}, {NULL, NULL},
};
