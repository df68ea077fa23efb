/*
 * Iterators: each adaptor over each kind of source gives its items and the end, passes an error on
 * and goes on behind it, loses nothing when a bide_next is cancelled anywhere, and leaks nothing
 * when any allocation fails.
 */
#include <bide/bide.h>
#include <bide/testing.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cancel.h"
#include "check.h"

/* ---- sources of 1 to 6, one each 10 ms ---- */

enum { LAST = 6, MOST = 32 };

enum source { STEPS, TICKS, CHANNEL, STAGE, SOURCES };

struct numbers {
    int next;
    int error_at; /* instead of this number -EIO comes, once; 0: never */
};

static async int step(struct numbers *n, int *item)
{
    await bide_sleep(BIDE_MS(10));
    if (n->next == n->error_at) {
        n->error_at = 0;
        return -EIO;
    }
    if (n->next > LAST)
        return 0;
    *item = n->next++;
    return 1;
}

static async int stage(bide_giver(int) out, struct numbers *n)
{
    for (; n->next <= LAST; n->next++) {
        await bide_sleep(BIDE_MS(10));
        CHECK_EQ(await bide_give(out, &n->next), 0);
    }
    return 0;
}

static int number(bide_instant tick, struct numbers *n)
{
    (void)tick;
    return n->next++;
}

static async int feed(bide_sender(int) tx)
{
    defer {
        bide_sender_drop(tx);
    }
    for (int i = 1; i <= LAST; i++) {
        await bide_sleep(BIDE_MS(10));
        if (await bide_send(tx, &i) < 0)
            break;
    }
    return 0;
}

struct run {
    enum source source;
    int kind;
    struct numbers numbers;
    bide_iter(int) it;
    bide_receiver(int) rx; /* of a channel that is there already */
    bide_task(int) feeder;
    int items[MOST];
    size_t count;
    int errors;
};

static bide_iter(int) source_new(struct run *r)
{
    r->numbers.next = 1;
    switch (r->source) {
    case STEPS: return bide_iter_of_steps(int, bide_ref(step), &r->numbers);
    case STAGE: return bide_iter_of_stage(int, bide_ref(stage), &r->numbers);
    case TICKS: {
        bide_interval interval = bide_interval_every(BIDE_MS(10), BIDE_MISSED_BURST);
        bide_iter(int) all =
            bide_iter_map_with(bide_iter_of_interval(interval), number, &r->numbers);
        return bide_iter_take(all, LAST);
    }
    default: return bide_iter_of(r->rx);
    }
}

static void make_channel(struct run *r)
{
    bide_sender(int) tx;

    CHECK_EQ(bide_channel_new(2, &tx, &r->rx), 0);
    r->feeder = bide_spawn(feed(tx));
}

/* ---- adaptors ---- */

enum kind {
    PLAIN,
    MAP,
    MAP_WITH,
    FILTER,
    FILTER_MAP,
    TAKE,
    SKIP,
    TAKE_WHILE,
    SKIP_WHILE,
    ENUMERATE,
    MERGE,
    CHAIN,
    ZIP,
    CHUNKS,
    CHUNKS_TIMEOUT,
    TIMEOUT,
    THROTTLE,
    THEN,
    BUFFERED,
    UNORDERED,
    THROUGH,
    MANY,
    KINDS
};

static const struct {
    size_t count;
    int items[MOST];
} expected[KINDS] = {
    [PLAIN] = {6, {1, 2, 3, 4, 5, 6}},
    [MAP] = {6, {10, 20, 30, 40, 50, 60}},
    [MAP_WITH] = {6, {101, 102, 103, 104, 105, 106}},
    [FILTER] = {3, {2, 4, 6}},
    [FILTER_MAP] = {3, {20, 40, 60}},
    [TAKE] = {4, {1, 2, 3, 4}},
    [SKIP] = {4, {3, 4, 5, 6}},
    [TAKE_WHILE] = {3, {1, 2, 3}},
    [SKIP_WHILE] = {3, {4, 5, 6}},
    [ENUMERATE] = {6, {1, 102, 203, 304, 405, 506}},
    [MERGE] = {9, {1, 2, 3, 4, 5, 6, 101, 102, 103}},
    [CHAIN] = {9, {101, 102, 103, 1, 2, 3, 4, 5, 6}},
    [ZIP] = {3, {102, 104, 106}},
    [CHUNKS] = {2, {410, 211}},
    [TIMEOUT] = {6, {1, 2, 3, 4, 5, 6}},
    [THROTTLE] = {6, {1, 2, 3, 4, 5, 6}},
    [THEN] = {6, {2, 4, 6, 8, 10, 12}},
    [BUFFERED] = {6, {2, 4, 6, 8, 10, 12}},
    [UNORDERED] = {6, {2, 4, 6, 8, 10, 12}},
    [THROUGH] = {3, {3, 7, 11}},
    [MANY] = {2, {230, 281}},
};

static int ten_times(int n)
{
    return n * 10;
}

static int plus(int n, const int *more)
{
    return n + *more;
}

static bool is_even(int n)
{
    return n % 2 == 0;
}

static bool half_of_even(int n, int *out)
{
    *out = n * 10;
    return n % 2 == 0;
}

static bool is_below_4(int n)
{
    return n < 4;
}

static int with_index(size_t index, int n)
{
    return (int)index * 100 + n;
}

static int add(int a, int b)
{
    return a + b;
}

struct batch {
    size_t count;
    int items[4];
};

static int summary(struct batch b)
{
    int sum = 0;
    for (size_t i = 0; i < b.count; i++)
        sum += b.items[i];
    return (int)b.count * 100 + sum;
}

/* Odd ones take longer. */
static async int twice(int n)
{
    await bide_sleep(BIDE_MS(n % 2 ? 25 : 5));
    return 2 * n;
}

static async int pairs(bide_iter(int) in, bide_giver(int) out, void *none)
{
    int a, b, rc, sum;

    (void)none;
    for (;;) {
        while ((rc = await bide_next(in, &a)) == -EIO)
            ;
        if (rc <= 0)
            return rc;
        while ((rc = await bide_next(in, &b)) == -EIO)
            ;
        if (rc <= 0)
            return rc;
        sum = a + b;
        CHECK_EQ(await bide_give(out, &sum), 0);
    }
}

static const int hundreds[] = {101, 102, 103};
static const int hundred = 100;

static bide_iter(int) adapted(enum kind kind, bide_iter(int) it)
{
    bide_iter(int) others = NULL;

    if (kind == MERGE || kind == CHAIN || kind == ZIP)
        others = bide_iter_of_array(hundreds, 3);
    switch (kind) {
    case MAP: return bide_iter_map(it, ten_times);
    case MAP_WITH: return bide_iter_map_with(it, plus, &hundred);
    case FILTER: return bide_iter_filter(it, is_even);
    case FILTER_MAP: return bide_iter_filter_map(it, int, half_of_even);
    case TAKE: return bide_iter_take(it, 4);
    case SKIP: return bide_iter_skip(it, 2);
    case TAKE_WHILE: return bide_iter_take_while(it, is_below_4);
    case SKIP_WHILE: return bide_iter_skip_while(it, is_below_4);
    case ENUMERATE: return bide_iter_enumerate(it, with_index);
    case MERGE: return bide_iter_merge(it, others);
    case CHAIN: return bide_iter_chain(others, it);
    case ZIP: return bide_iter_zip(it, others, add);
    case CHUNKS: return bide_iter_map(bide_iter_chunks(it, struct batch), summary);
    case CHUNKS_TIMEOUT:
        return bide_iter_map(bide_iter_chunks_timeout(it, struct batch, BIDE_MS(15)), summary);
    case TIMEOUT: return bide_iter_timeout(it, BIDE_MS(50));
    case THROTTLE: return bide_iter_throttle(it, BIDE_MS(25));
    case THEN: return bide_iter_then(it, bide_ref(twice));
    case BUFFERED: return bide_iter_buffered(it, 3, bide_ref(twice));
    case UNORDERED: return bide_iter_unordered(it, 3, bide_ref(twice));
    case THROUGH: return bide_iter_through(it, int, bide_ref(pairs), NULL);
    case MANY:
        it = bide_iter_throttle(bide_iter_map(it, ten_times), BIDE_MS(12));
        it = bide_iter_filter(bide_iter_buffered(it, 2, bide_ref(twice)), is_even);
        it = bide_iter_through(it, int, bide_ref(pairs), NULL);
        it = bide_iter_timeout(bide_iter_merge(it, bide_iter_of_array(hundreds, 0)), BIDE_S(5));
        return bide_iter_map(bide_iter_chunks(bide_iter_take(it, 2), struct batch), summary);
    default: return it;
    }
}

/* ---- a run ---- */

static async int read_all(struct run *r)
{
    int item, rc;

    while ((rc = await bide_next(r->it, &item)) != 0) {
        if (rc < 0) {
            r->errors++;
            CHECK(r->errors < 10);
            continue;
        }
        CHECK_EQ(rc, 1);
        CHECK(r->count < MOST);
        r->items[r->count++] = item;
    }
    return await bide_next(r->it, &item);
}

static void begin(struct run *r)
{
    r->count = 0;
    r->errors = 0;
    if (r->source == CHANNEL && r->rx == NULL)
        make_channel(r);
    r->it = adapted((enum kind)r->kind, source_new(r));
}

static int compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* Which chunk an item is in may depend on the load of the machine. */
static void check_chunks(const struct run *r)
{
    int sum = 0;

    for (size_t i = 0; i < r->count; i++)
        sum += r->items[i];
    CHECK_EQ(sum, LAST * 100 + LAST * (LAST + 1) / 2);
}

static void check_items(struct run *r)
{
    if (r->kind == CHUNKS_TIMEOUT) {
        check_chunks(r);
        return;
    }
    size_t count = expected[r->kind].count;

    if (r->kind == MERGE || r->kind == UNORDERED)
        qsort(r->items, r->count, sizeof(int), compare);
    if (r->kind == MANY) /* one chunk of two sums */
        count = 1;
    CHECK_EQ(r->count, count);
    for (size_t i = 0; i < count; i++)
        CHECK_EQ(r->items[i], r->kind == MANY ? 200 + 60 + 140 : expected[r->kind].items[i]);
}

static async int joins(struct run *r)
{
    int result = 0;

    r->rx = NULL;
    return r->feeder != NULL ? await bide_task_join(r->feeder, &result) : 0;
}

static async int ends(struct run *r)
{
    await bide_iter_close(r->it);
    return await joins(r);
}

static async int whole(struct run *r)
{
    begin(r);
    int rc = await read_all(r);
    await ends(r);
    return rc;
}

TEST(each_gives_its_items_and_the_end)
{
    bide_test_time_virtual();
    for (int source = 0; source < SOURCES; source++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct run r = {.source = (enum source)source, .kind = kind};
            CHECK_EQ(bide_block_on(whole(&r)), 0);
            check_items(&r);
        }
}

/* ---- errors ---- */

TEST(an_error_passes_and_is_no_end)
{
    bide_test_time_virtual();
    for (int kind = 0; kind < KINDS; kind++) {
        struct run r = {.source = STEPS, .kind = kind, .numbers.error_at = 2};
        CHECK_EQ(bide_block_on(whole(&r)), 0);
        check_items(&r);
        CHECK_EQ(r.errors, kind == THROUGH || kind == MANY ? 0 : 1);
    }
}

/* ---- cancelled ---- */

async int reads(void *state);
extern const struct bide_fn bide__desc_reads;

async int reads(void *state)
{
    struct run *r = state;
    int item;

    for (;;) {
        int rc = await bide_next(r->it, &item);
        if (rc <= 0)
            return rc;
        r->items[r->count++] = item;
    }
}

static async int make(struct run *r)
{
    begin(r);
    return 0;
}

static void before(void *state)
{
    CHECK_EQ(bide_block_on(make(state)), 0);
}

static void after(void *state, const struct cancel_run *run)
{
    struct run *r = state;

    CHECK_ERR(run->error, run->error != 0 ? -ECANCELED : 0);
    CHECK_EQ(bide_block_on(read_all(r)), 0); /* the rest */
    CHECK_EQ(bide_block_on(ends(r)), 0);
    CHECK_EQ(r->errors, 0);
    check_items(r);
}

static void cancel_source(enum source source)
{
    unsigned suspensions = 0;

    bide_test_time_virtual();
    for (int kind = 0; kind < KINDS; kind++) {
        struct run r = {.source = source, .kind = kind};
        suspensions += cancel_everywhere(&bide__desc_reads, &r, before, after);
    }
    CHECK(suspensions > 0);
}

TEST_LIMIT(nothing_is_lost_by_a_cancel_of_steps, 30)
{
    cancel_source(STEPS);
}

TEST_LIMIT(nothing_is_lost_by_a_cancel_of_ticks, 30)
{
    cancel_source(TICKS);
}

TEST_LIMIT(nothing_is_lost_by_a_cancel_of_a_channel, 30)
{
    cancel_source(CHANNEL);
}

TEST_LIMIT(nothing_is_lost_by_a_cancel_of_a_stage, 30)
{
    cancel_source(STAGE);
}

/* A cancelled task that drops the iterator in the middle of everything leaves nothing. */
async int reads_and_drops(void *state);
extern const struct bide_fn bide__desc_reads_and_drops;

async int reads_and_drops(void *state)
{
    struct run *r = state;

    defer {
        bide_iter_drop(r->it);
    }
    return await reads(state);
}

static void dropped(void *state, const struct cancel_run *run)
{
    CHECK_ERR(run->error, run->error != 0 ? -ECANCELED : 0);
    CHECK_EQ(bide_block_on(joins(state)), 0);
}

TEST_LIMIT(a_drop_ends_all_at_any_moment, 30)
{
    unsigned suspensions = 0;

    bide_test_time_virtual();
    for (int source = 0; source < SOURCES; source++)
        for (int kind = 0; kind < KINDS; kind++) {
            struct run r = {.source = (enum source)source, .kind = kind};
            suspensions += cancel_everywhere(&bide__desc_reads_and_drops, &r, before, dropped);
        }
    CHECK(suspensions > 0);
}

/* ---- no memory ---- */

static async int prepares(struct run *r)
{
    make_channel(r);
    return 0;
}

static async int attempt(struct run *r)
{
    int item, rc;

    begin(r);
    defer {
        await ends(r);
    }
    while ((rc = await bide_next(r->it, &item)) != 0) {
        if (rc == 1)
            r->items[r->count++] = item;
        else if (++r->errors > 3)
            return rc;
    }
    return r->errors > 0 ? -ENOMEM : 0;
}

TEST_LIMIT(no_memory_at_any_site, 60)
{
    bide_test_time_virtual();
    for (int source = 0; source < SOURCES; source++)
        for (int kind = 0; kind < KINDS; kind++) {
            uint64_t failed = 1;
            unsigned nth = 0;
            while (failed > 0) {
                struct run r = {.source = (enum source)source, .kind = kind};
                if (source == CHANNEL)
                    CHECK_EQ(bide_block_on(prepares(&r)), 0);
                bide_test_fail("alloc", ++nth, -ENOMEM, 1);
                int rc = bide_block_on(attempt(&r));
                failed = bide_test_failed("alloc");
                bide_test_fail("alloc", 0, 0, 0);
                CHECK_ERR(rc, rc != 0 ? -ENOMEM : 0);
                if (failed == 0) {
                    CHECK_EQ(rc, 0);
                    check_items(&r);
                }
            }
            CHECK(nth > 1);
        }
}
