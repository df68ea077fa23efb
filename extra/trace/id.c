/*
 * id.c: random ids. Each thread has some random bytes in store, so that a span is not a system
 * call. A child of fork(2) throws away what its parent had. If the system has no random bytes, ids
 * are made of the clock, an address and a counter: they are not secret, only different.
 */
#include "internal.h"

struct store {
    uint8_t bytes[256];
    size_t left;
    unsigned forks;
};

static _Thread_local struct store store;
static _Atomic uint64_t counter;

/* Mixes all bits of n (the end of MurmurHash3). */
static uint64_t mixed(uint64_t n)
{
    n = (n ^ n >> 33) * UINT64_C(0xff51afd7ed558ccd);
    n = (n ^ n >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return n ^ n >> 33;
}

static void fill(struct store *s)
{
    ssize_t n = bide__door.getrandom(s->bytes, sizeof s->bytes, 0);

    for (size_t at = n > 0 ? (size_t)n / 8 * 8 : 0; at < sizeof s->bytes; at += 8) {
        uint64_t word = mixed((uint64_t)bide__door.clock() ^ (uint64_t)(uintptr_t)s ^
                              mixed(atomic_fetch_add(&counter, 1) + 1));
        memcpy(s->bytes + at, &word, 8);
    }
    s->left = sizeof s->bytes;
    s->forks = bide__forks;
}

/* An id must not be all zeroes. */
void bide__trace_id(uint8_t *id, size_t size)
{
    struct store *s = &store;

    if (s->left < size || s->forks != bide__forks)
        fill(s);
    s->left -= size;
    memcpy(id, s->bytes + s->left, size);
    memset(s->bytes + s->left, 0, size);
    for (size_t i = 0; i < size; i++)
        if (id[i] != 0)
            return;
    id[size - 1] = 1;
}
