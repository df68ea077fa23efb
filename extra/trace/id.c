/*
 * id.c: random ids. Each thread has a generator (xoshiro256**; D. Blackman, S. Vigna, 2018) with a
 * seed from the system, so that a span is not a system call. Ids are different, not secret.
 *
 * A child of fork(2) takes another seed than its parent had. If the system has no random bytes, the
 * seed is made of the clock, the process, an address and a counter.
 */
#include "internal.h"

struct generator {
    uint64_t word[4];
    unsigned forks; /* bide__forks when it got its seed */
    bool has_seed;
};

static _Thread_local struct generator generator;
static _Atomic uint64_t counter;

/* Mixes all bits of n (the end of MurmurHash3). */
static uint64_t mixed(uint64_t n)
{
    n = (n ^ n >> 33) * UINT64_C(0xff51afd7ed558ccd);
    n = (n ^ n >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
    return n ^ n >> 33;
}

static uint64_t word_without_system(const struct generator *g)
{
    uint64_t word = mixed(atomic_fetch_add(&counter, 1) + 1);

    word = mixed(word ^ (uint64_t)bide__door.getpid());
    word = mixed(word ^ (uint64_t)(uintptr_t)g);
    return mixed(word ^ (uint64_t)bide__door.clock());
}

static __attribute__((noinline)) void seed(struct generator *g)
{
    ssize_t n = bide__door.getrandom(g->word, sizeof g->word, 0);

    for (size_t i = n > 0 ? (size_t)n / sizeof g->word[0] : 0; i < 4; i++)
        g->word[i] = word_without_system(g);
    g->word[0] |= (g->word[0] | g->word[1] | g->word[2] | g->word[3]) == 0; /* zeroes stay zeroes */
    g->forks = bide__forks;
    g->has_seed = true;
}

static uint64_t rotated(uint64_t n, unsigned bits)
{
    return n << bits | n >> (64 - bits);
}

static uint64_t next(struct generator *g)
{
    uint64_t *w = g->word, result = rotated(w[1] * 5, 7) * 9, shifted = w[1] << 17;

    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= shifted;
    w[3] = rotated(w[3], 45);
    return result;
}

/* Of 8 or 16 bytes. An id must not be all zeroes. */
void bide__trace_id(uint8_t *id, size_t size)
{
    struct generator *g = &generator;

    if (__builtin_expect(!g->has_seed || g->forks != bide__forks, 0))
        seed(g);
    for (uint64_t word; size > 0; size -= sizeof word, id += sizeof word) {
        do
            word = next(g);
        while (word == 0);
        memcpy(id, &word, sizeof word);
    }
}
