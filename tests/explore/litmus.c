/*
 * The explorer itself: small programs of which it is known what C11 allows, with exactly these
 * outcomes. What each thread has read is printed in the order of the threads.
 */
#include "tools/explore/explore.h"

#include <stdatomic.h>

static atomic_int x, y;
static int r[4];
static int data;

#define LOAD(v, order)     atomic_load_explicit(&v, memory_order_##order)
#define STORE(v, n, order) atomic_store_explicit(&v, n, memory_order_##order)

static void read_two(void)
{
    explore_outcome("%d%d", r[0], r[1]);
}

/* ---- SB: store buffering ---- */

#define SB(name, store, load)       \
    static void sb_##name##_0(void) \
    {                               \
        STORE(x, 1, store);         \
        r[0] = LOAD(y, load);       \
    }                               \
    static void sb_##name##_1(void) \
    {                               \
        STORE(y, 1, store);         \
        r[1] = LOAD(x, load);       \
    }

SB(relaxed, relaxed, relaxed)
SB(acq_rel, release, acquire)
SB(seq_cst, seq_cst, seq_cst)
SB(sc_loads, relaxed, seq_cst)

static void sb_fence_0(void)
{
    STORE(x, 1, relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    r[0] = LOAD(y, relaxed);
}

static void sb_fence_1(void)
{
    STORE(y, 1, relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    r[1] = LOAD(x, relaxed);
}

/* Read-modify-writes do not order other locations unless they are seq_cst. */
static void sb_rmw_0(void)
{
    STORE(x, 1, relaxed);
    r[0] = atomic_fetch_or_explicit(&y, 2, memory_order_acq_rel);
}

static void sb_rmw_1(void)
{
    STORE(y, 1, relaxed);
    r[1] = atomic_fetch_or_explicit(&x, 2, memory_order_acq_rel);
}

/* ---- MP: message passing ---- */

#define MP(name, store, load)       \
    static void mp_##name##_0(void) \
    {                               \
        STORE(x, 1, relaxed);       \
        STORE(y, 1, store);         \
    }                               \
    static void mp_##name##_1(void) \
    {                               \
        r[0] = LOAD(y, load);       \
        r[1] = LOAD(x, relaxed);    \
    }

MP(relaxed, relaxed, relaxed)
MP(release, release, relaxed)
MP(acquire, relaxed, acquire)
MP(acq_rel, release, acquire)
MP(seq_cst, seq_cst, seq_cst)

static void mp_fence_0(void)
{
    STORE(x, 1, relaxed);
    atomic_thread_fence(memory_order_release);
    STORE(y, 1, relaxed);
}

static void mp_fence_1(void)
{
    r[0] = LOAD(y, relaxed);
    atomic_thread_fence(memory_order_acquire);
    r[1] = LOAD(x, relaxed);
}

/* Through a read-modify-write of a third thread, which is part of the release sequence. */
static void mp_rmw(void)
{
    atomic_fetch_add_explicit(&y, 1, memory_order_relaxed);
}

static void mp_sequence(void)
{
    r[0] = LOAD(y, acquire);
    r[1] = LOAD(x, relaxed);
}

/* Through a plain store of a third thread, which is not. */
static void mp_relay(void)
{
    if (LOAD(y, relaxed) == 1)
        STORE(y, 2, relaxed);
}

/* With ordinary data: a race, or none. */
static void mp_data_0(void)
{
    data = 1;
    STORE(y, 1, release);
}

static void mp_data_1(void)
{
    if (LOAD(y, acquire))
        explore_check(data == 1);
}

static void mp_race_1(void)
{
    if (LOAD(y, relaxed))
        explore_check(data == 1);
}

/* ---- IRIW: two readers of two independent writers ---- */

static void iriw_x_relaxed(void)
{
    STORE(x, 1, relaxed);
}
static void iriw_y_relaxed(void)
{
    STORE(y, 1, relaxed);
}
static void iriw_x_release(void)
{
    STORE(x, 1, release);
}
static void iriw_y_release(void)
{
    STORE(y, 1, release);
}
static void iriw_x_seq_cst(void)
{
    STORE(x, 1, seq_cst);
}
static void iriw_y_seq_cst(void)
{
    STORE(y, 1, seq_cst);
}

#define IRIW(name, load)              \
    static void iriw_##name##_2(void) \
    {                                 \
        r[0] = LOAD(x, load);         \
        r[1] = LOAD(y, load);         \
    }                                 \
    static void iriw_##name##_3(void) \
    {                                 \
        r[2] = LOAD(y, load);         \
        r[3] = LOAD(x, load);         \
    }

IRIW(relaxed, relaxed)
IRIW(acquire, acquire)
IRIW(seq_cst, seq_cst)

static void iriw_fence_2(void)
{
    r[0] = LOAD(x, relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    r[1] = LOAD(y, relaxed);
}

static void iriw_fence_3(void)
{
    r[2] = LOAD(y, relaxed);
    atomic_thread_fence(memory_order_seq_cst);
    r[3] = LOAD(x, relaxed);
}

static void read_four(void)
{
    explore_outcome("%d%d%d%d", r[0], r[1], r[2], r[3]);
}

#define IRIW_BUT_ONE_A "0000 0001 0010 0011 0100 0101 0110 0111 1000 1001"
#define IRIW_BUT_ONE_B "1011 1100 1101 1110 1111"
#define IRIW_BUT_ONE   IRIW_BUT_ONE_A " " IRIW_BUT_ONE_B
#define IRIW_ALL       IRIW_BUT_ONE_A " 1010 " IRIW_BUT_ONE_B

/* ---- 2+2W: who stores last ---- */

#define W22(name, order)             \
    static void w22_##name##_0(void) \
    {                                \
        STORE(x, 1, order);          \
        STORE(y, 2, order);          \
    }                                \
    static void w22_##name##_1(void) \
    {                                \
        STORE(y, 1, order);          \
        STORE(x, 2, order);          \
    }

W22(relaxed, relaxed)
W22(release, release)
W22(seq_cst, seq_cst)

static void last_of_two(void)
{
    explore_outcome("%d%d", LOAD(x, relaxed), LOAD(y, relaxed));
}

/* ---- CoRR: reads of one location ---- */

static void corr_0(void)
{
    STORE(x, 1, relaxed);
    STORE(x, 2, relaxed);
}

static void corr_1(void)
{
    r[0] = LOAD(x, relaxed);
    r[1] = LOAD(x, relaxed);
}

/* Two writers: the readers agree on their order. */
static void corr2_0(void)
{
    STORE(x, 1, relaxed);
}
static void corr2_1(void)
{
    STORE(x, 2, relaxed);
}

static void corr2_2(void)
{
    r[0] = LOAD(x, relaxed);
    r[1] = LOAD(x, relaxed);
}

static void corr2_3(void)
{
    r[2] = LOAD(x, relaxed);
    r[3] = LOAD(x, relaxed);
}

static void corr2_end(void)
{
    explore_check(!(r[0] == 1 && r[1] == 2 && r[2] == 2 && r[3] == 1));
    explore_check(!(r[0] == 2 && r[1] == 1 && r[2] == 1 && r[3] == 2));
    explore_outcome("%d%d", r[0], r[1]);
}

/* ---- read-modify-writes ---- */

static void count(void)
{
    atomic_fetch_add_explicit(&x, 1, memory_order_relaxed);
}

static void count_by_hand(void)
{
    int old = LOAD(x, relaxed);
    while (!atomic_compare_exchange_weak_explicit(&x, &old, old + 1, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

static void count_wrongly(void)
{
    STORE(x, LOAD(x, relaxed) + 1, relaxed);
}
static void counted(void)
{
    explore_outcome("%d", LOAD(x, relaxed));
}

/* ---- loops that wait ---- */

static void spin_lock(void)
{
    while (atomic_exchange_explicit(&x, 1, memory_order_acquire) == 1)
        ;
    data++;
    STORE(x, 0, release);
}

static void spin_lock_wrong(void)
{
    while (atomic_exchange_explicit(&x, 1, memory_order_relaxed) == 1)
        ;
    data++;
    STORE(x, 0, release);
}

static void spin_end(void)
{
    explore_outcome("%d", data);
}

static void wait_for_flag(void)
{
    while (LOAD(y, acquire) == 0)
        ;
    explore_check(data == 1);
}

static void wait_for_ever(void)
{
    while (LOAD(x, acquire) == 0)
        ;
}

#define MODEL(name_, threads_, end_, outcomes_)                                             \
    {                                                                                       \
        .name = name_, .threads = {BIDE_LIST threads_}, .end = end_, .outcomes = outcomes_, \
        .bound = EXPLORE_NO_BOUND                                                           \
    }
#define BIDE_LIST(...) __VA_ARGS__
#define FAULT(name_, threads_, within_)                                          \
    {                                                                            \
        .name = name_, .threads = {BIDE_LIST threads_}, .fails_within = within_, \
        .bound = EXPLORE_NO_BOUND                                                \
    }

const struct explore_model explore_models[] = {
    MODEL("SB relaxed", (sb_relaxed_0, sb_relaxed_1), read_two, "00 01 10 11"),
    MODEL("SB acq_rel", (sb_acq_rel_0, sb_acq_rel_1), read_two, "00 01 10 11"),
    MODEL("SB seq_cst", (sb_seq_cst_0, sb_seq_cst_1), read_two, "01 10 11"),
    MODEL("SB relaxed stores, seq_cst loads", (sb_sc_loads_0, sb_sc_loads_1), read_two,
          "00 01 10 11"),
    MODEL("SB fences", (sb_fence_0, sb_fence_1), read_two, "01 10 11"),
    MODEL("SB acq_rel rmw", (sb_rmw_0, sb_rmw_1), read_two, "00 01 10 11"),
    MODEL("MP relaxed", (mp_relaxed_0, mp_relaxed_1), read_two, "00 01 10 11"),
    MODEL("MP release, relaxed", (mp_release_0, mp_release_1), read_two, "00 01 10 11"),
    MODEL("MP relaxed, acquire", (mp_acquire_0, mp_acquire_1), read_two, "00 01 10 11"),
    MODEL("MP acq_rel", (mp_acq_rel_0, mp_acq_rel_1), read_two, "00 01 11"),
    MODEL("MP seq_cst", (mp_seq_cst_0, mp_seq_cst_1), read_two, "00 01 11"),
    MODEL("MP fences", (mp_fence_0, mp_fence_1), read_two, "00 01 11"),
    MODEL("MP release sequence", (mp_acq_rel_0, mp_rmw, mp_sequence), read_two, "00 01 10 11 21"),
    MODEL("MP through a store", (mp_acq_rel_0, mp_relay, mp_sequence), read_two, "00 01 11 20 21"),
    MODEL("MP data", (mp_data_0, mp_data_1), NULL, NULL),
    FAULT("MP data, relaxed: a race", (mp_data_0, mp_race_1), 10),
    MODEL("IRIW relaxed", (iriw_x_relaxed, iriw_y_relaxed, iriw_relaxed_2, iriw_relaxed_3),
          read_four, IRIW_ALL),
    MODEL("IRIW acq_rel", (iriw_x_release, iriw_y_release, iriw_acquire_2, iriw_acquire_3),
          read_four, IRIW_ALL),
    MODEL("IRIW seq_cst", (iriw_x_seq_cst, iriw_y_seq_cst, iriw_seq_cst_2, iriw_seq_cst_3),
          read_four, IRIW_BUT_ONE),
    MODEL("IRIW fences", (iriw_x_relaxed, iriw_y_relaxed, iriw_fence_2, iriw_fence_3), read_four,
          IRIW_BUT_ONE),
    MODEL("2+2W relaxed", (w22_relaxed_0, w22_relaxed_1), last_of_two, "11 12 21 22"),
    MODEL("2+2W release", (w22_release_0, w22_release_1), last_of_two, "11 12 21 22"),
    MODEL("2+2W seq_cst", (w22_seq_cst_0, w22_seq_cst_1), last_of_two, "12 21 22"),
    MODEL("CoRR one writer", (corr_0, corr_1), read_two, "00 01 02 11 12 22"),
    MODEL("CoRR two writers", (corr2_0, corr2_1, corr2_2, corr2_3), corr2_end,
          "00 01 02 11 12 21 22"),
    MODEL("RMW", (count, count, count), counted, "3"),
    MODEL("CAS", (count_by_hand, count_by_hand), counted, "2"),
    MODEL("load and store", (count_wrongly, count_wrongly), counted, "1 2"),
    MODEL("spin lock", (spin_lock, spin_lock, spin_lock), spin_end, "3"),
    FAULT("spin lock, relaxed: a race", (spin_lock_wrong, spin_lock_wrong), 10),
    MODEL("waiting for a flag", (mp_data_0, wait_for_flag), NULL, NULL),
    FAULT("waiting for ever", (mp_data_0, wait_for_ever), 10),
    {0},
};
