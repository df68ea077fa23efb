/*
 * Frames and segments: room, recursion, boundaries, missing memory, large and over-aligned frames,
 * backtraces.
 */
#include "tests/core/script.h"

#include <sys/mman.h>

/* ---- async int deep(int n)
 * {
 *     defer { undone++; [await sleep(0);] }
 *     if (n == 0) return await sleep(1);
 *     return await deep(n - 1) + 1;
 * }
 */

static long undone;
static bool undoing_awaits;
static char *stack_lowest;

struct deep {
    struct bide_frame h;
    int n, slot;
};

static enum bide_poll deep_poll(struct bide_cx *cx, struct bide_frame *h);

static const struct bide_fn_info deep_info = {.name = "deep", .file = "memory.c", .line = 9};

static const struct bide_fn deep_fn = {.poll = deep_poll,
                                       .info = &deep_info,
                                       .frame_size = sizeof(struct deep),
                                       .args_size = sizeof(int),
                                       .result_size = sizeof(int),
                                       .frame_align_log2 = 3,
                                       .args_align_log2 = 2,
                                       .flags = BIDE_FN_UNWINDS | BIDE_FN_RESULT_SIGNED,
                                       .version = BIDE_FN_VERSION};

static enum bide_poll deep_run(struct bide_cx *cx, struct deep *f, int n);

static enum bide_poll deep_start(struct bide_cx *cx, struct bide_frame *parent, int *slot, int n)
{
    if (bide__deep(cx))
        return bide__later(cx, &deep_fn, parent, slot, &n);
    struct deep *f = bide_frame_push(cx, sizeof(*f), &deep_fn, parent, slot);
    if (f == NULL)
        return BIDE_PENDING;
    cx->depth++;
    enum bide_poll poll = deep_run(cx, f, n);
    cx->depth--;
    return poll;
}

static enum bide_poll deep_suspend(struct deep *f, int n, uint32_t state)
{
    f->n = n;
    f->h.state = state;
    return BIDE_PENDING;
}

static enum bide_poll deep_run(struct bide_cx *cx, struct deep *f, int n)
{
    int r = 0;
    char *here = __builtin_frame_address(0);

    if (stack_lowest == NULL || here < stack_lowest)
        stack_lowest = here;
    switch (f->h.state & ~(uint32_t)BIDE_SHIELDED) {
    case 0: break;
    case 1: goto resume_1;
    case 2: goto resume_2;
    }
    enum bide_poll poll =
        n == 0 ? sim_sleep_start(cx, &f->h, &f->slot, 1) : deep_start(cx, &f->h, &f->slot, n - 1);
    if (poll == BIDE_PENDING)
        return deep_suspend(f, n, 1);
resume_1:
    r = f->slot + 1;
    int *result = bide_frame_result(cx, &f->h);
    if (result != NULL && !bide__unwinding(cx))
        *result = r;
    if (undoing_awaits) {
        bide__shield(cx);
        if (sim_sleep_start(cx, &f->h, NULL, 0) == BIDE_PENDING)
            return deep_suspend(f, n, 2 | BIDE_SHIELDED);
resume_2:
        bide__unshield(cx);
    }
    undone++;
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll deep_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct deep *f = (struct deep *)h;
    return deep_run(cx, f, h->state == 0 ? *(int *)bide__args(cx, h) : f->n);
}

static int result;

static void begin_deep(int n)
{
    undone = 0;
    stack_lowest = NULL;
    sim_segments_made = sim_memory_calls = 0;
    *(int *)sim_begin(&deep_fn, &result) = n;
    sim.budget = UINT32_MAX;
}

enum { MILLION = 1000000 };

static void check_depth(void)
{
    CHECK((char *)__builtin_frame_address(0) - stack_lowest < 60000);
}

TEST_LIMIT(recursion_a_million_deep_returns, 30)
{
    begin_deep(MILLION);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    check_depth();
    CHECK(sim_segments < 40 * MILLION / 60000);
    sim_run();
    check_depth();
    CHECK_EQ(sim_end(), 0);
    CHECK_EQ(result, MILLION + 1);
    CHECK_EQ(undone, MILLION + 1);
}

TEST_LIMIT(recursion_a_million_deep_is_cancelled, 30)
{
    for (int awaits = 0; awaits < 2; awaits++) {
        undoing_awaits = awaits;
        begin_deep(MILLION);
        CHECK_EQ(sim_turn(), BIDE_PENDING);
        bide_chain_cancel(&sim.chain, -ECANCELED, false);
        sim_run();
        check_depth();
        CHECK_EQ(sim_end(), -ECANCELED);
        CHECK_EQ(undone, MILLION + 1);
    }
}

TEST(recursion_ends_where_memory_does)
{
    for (int call = 0; call < 20; call++) {
        sim_fail_at = call;
        begin_deep(60000);
        sim_run();
        CHECK_EQ(sim_end(), -ENOMEM);
        CHECK_EQ(sim_memory_calls, call + 1);
        CHECK(undone >= 1 && undone < 60000);
        CHECK_EQ(result, -ENOMEM);
    }
    sim_fail_at = -1;
}

TEST(a_task_without_memory_has_its_room)
{
    begin_deep(0);
    sim.turn.memory = NULL;
    CHECK_EQ(sim_turn(), BIDE_READY); /* no room for the leaf */
    CHECK_EQ(sim_end(), -ENOMEM);
    CHECK_EQ(undone, 1);

    *(int *)sim_begin_in(&deep_fn, 32 + 24 + 64, &result) = 1;
    sim.turn.memory = NULL;
    sim_run();
    CHECK_EQ(sim_end(), 0);
    CHECK_EQ(result, 2);
    CHECK(bide_chain_begin(&(struct bide_chain){0}, &deep_fn) == NULL);
}

TEST(segments_grow)
{
    begin_deep(3000);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    size_t above = SIZE_MAX;
    for (struct bide_segment *s = bide_chain_segment(&sim.chain); s != NULL; s = s->previous) {
        CHECK(s->size <= above && s->size >= 512 && s->size <= 65536);
        above = s->size;
    }
    CHECK_EQ(above, 512);
    sim_run();
    CHECK_EQ(sim_end(), 0);
}

/* ---- a loop at the boundary ---- */

TEST(a_loop_at_the_boundary_does_not_allocate_each_time)
{
    struct func ready = {.body = {SLEEP(0), SLEEP(0), SLEEP(0), SLEEP(0), SLEEP(0)}};
    struct func waits = {.body = {SLEEP(1), SLEEP(1), SLEEP(1), SLEEP(1), SLEEP(1)}};

    sim_segments_made = 0;
    script_begin(&ready); /* its room holds it alone */
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(sim_segments_made, 1);
    CHECK_EQ(script_end(), 0);

    script_begin(&waits);
    sim_run();
    CHECK_EQ(sim_segments_made, 2);
    CHECK_EQ(script_end(), 0);
}

TEST(a_rare_deep_path_costs_a_parked_task_nothing)
{
    struct func bottom = {.body = {SLEEP(0)}}, middle = {.body = {CALL(&bottom)}};
    struct func f = {.fn = &script_roomy_fn, .body = {CALL(&middle), SLEEP(1), CALL(&middle)}};

    sim_segments_made = 0;
    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    CHECK(sim_segments_made >= 1);
    CHECK_EQ(sim_segments, 0);
    CHECK(sim.turn.spare == NULL);
    sim_run();
    CHECK_EQ(script_end(), 0);
}

/* ---- missing memory ---- */

TEST(without_memory_a_deferred_block_goes_on)
{
    struct func inner = {.body = {SLEEP(1)}},
                outer = {.body = {CALL(&inner), SLEEP(1)}, .value = 4};

    /* The block's own await finds no memory, or an await further up does; with and without
     * unwinding below. */
    for (int call = 1; call <= 2; call++)
        for (int cancelled = 0; cancelled < 2; cancelled++) {
            struct func f = {.fn = &script_roomy_fn, .value = 9};
            f.body[0] = (struct statement)DEFER_SLEEP(2);
            f.body[1] = (struct statement)DEFER_CALL(&outer);
            f.body[2] = (struct statement)SLEEP(5);
            sim_memory_calls = 0;
            script_begin(&f);
            size_t room = bide_fn_room(&script_roomy_fn);
            CHECK(room >= 2 * sizeof(struct script)); /* outer fits, inner does not */
            sim_fail_at = 0;
            if (call == 1) { /* neither does outer */
                sim_end_room((char *)sim.chain.leaf + sizeof(struct script) + 64);
                sim_fail_from_there = false;
            }
            int begun = outer.begun, unwound = outer.unwound;
            CHECK_EQ(sim_turn(), BIDE_PENDING);
            if (cancelled)
                bide_chain_cancel(&sim.chain, -ECANCELED, false);
            sim_run();
            CHECK_EQ(f.cleaned, 2);
            CHECK_EQ(f.shielded_error, -ENOMEM);
            CHECK_EQ(outer.begun, begun + (call == 2));
            CHECK_EQ(outer.unwound, unwound + (call == 2));
            CHECK_EQ(inner.begun, 0);
            CHECK_EQ(sim_now, (cancelled ? 0 : 5) + 2);
            CHECK_EQ(script_end(), cancelled ? -ECANCELED : 0);
        }
    sim_fail_at = -1;
}

/* Deferred blocks in deferred blocks, 40 deep; the innermost await finds no memory. */
TEST(without_memory_far_down_in_deferred_blocks)
{
    enum { LEVELS = 40 };
    struct func f[LEVELS + 1];

    for (int fail = 0; fail < 8; fail++) {
        memset(f, 0, sizeof(f));
        for (int i = 0; i < LEVELS; i++)
            f[i] = (struct func){.body = {DEFER_CALL(&f[i + 1]), DEFER_SLEEP(0)}, .value = i};
        f[LEVELS] = (struct func){.body = {SLEEP(1)}, .value = 1};
        sim_memory_calls = 0;
        sim_fail_at = fail;
        script_begin(&f[0]);
        sim_run();
        for (int i = 0; i <= LEVELS; i++)
            script_check(&f[i]);
        CHECK_EQ(script_end(), 0); /* it was a deferred block, after all */
        int errors = 0;
        for (int i = 0; i <= LEVELS; i++)
            if (f[i].shielded_error != 0) {
                CHECK_EQ(f[i].shielded_error, -ENOMEM);
                errors++;
            }
        CHECK_EQ(errors, sim_memory_calls > fail);
    }
    sim_fail_at = -1;
}

TEST(a_group_without_memory)
{
    struct func a = {.body = {SLEEP(1)}};
    struct func f = {.body = {JOIN(&a, &a), SLEEP(1)}}, g = {.body = {DEFER_GROUP(BIDE_JOIN, &a)}};

    sim_fail_at = 0;
    sim_memory_calls = 0;
    script_begin(&f);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(f.unwound, 1);
    CHECK_EQ(f.group.value, -ENOMEM);
    CHECK_EQ(f.group.branch_done, 0);
    CHECK_EQ(script_end(), -ENOMEM);

    sim_memory_calls = 0;
    script_begin(&g);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(g.shielded_error, -ENOMEM);
    CHECK_EQ(g.returned, 1);
    CHECK_EQ(script_end(), 0);
    CHECK_EQ(a.begun, 0);
    sim_fail_at = -1;
}

/* The branches' rooms hold only their frames, so each sleep needs a segment. */
TEST(a_branch_without_memory_fails_the_group)
{
    for (int kind = BIDE_JOIN; kind <= BIDE_SELECT_BIASED; kind++)
        for (int fail = 1; fail <= 3; fail++) {
            struct func a = {.body = {DEFER_SLEEP(0), SLEEP(1), SLEEP(1)}, .value = 1};
            struct func b = a, c = a;
            struct func *branches[] = {&a, &b, &c, NULL};
            struct func f = {.body = {{.kind = GROUPS, .branches = branches}, SLEEP(1)}};
            f.body[0].group = (enum bide_group_kind)kind;
            sim_fail_at = fail;
            sim_memory_calls = 0;
            script_begin(&f);
            sim_run();
            script_check(&a);
            script_check(&b);
            script_check(&c);
            CHECK_EQ(a.begun + b.begun + c.begun, fail); /* no branch begins after that */
            CHECK_EQ(f.group.value, -ENOMEM);
            CHECK_EQ(f.group.branch_done, 0);
            CHECK_EQ(f.unwound, 1);
            CHECK_EQ(script_end(), -ENOMEM);
        }
    sim_fail_at = -1;
}

TEST(a_branch_whose_first_frame_finds_no_memory)
{
    for (int deep = 0; deep < 2; deep++) {
        struct func a = {.body = {SLEEP(1)}}, f = {.body = {JOIN(&a, &a)}};
        script_begin(&f);
        sim.cx.depth = deep ? BIDE_NEST_MAX : 0; /* begins late: frame and arguments in one */
        sim_fail_at = 1;
        sim_memory_calls = 0;
        sim_run();
        CHECK_EQ(script_end(), -ENOMEM);
        CHECK_EQ(f.group.value, -ENOMEM);
    }
    sim_fail_at = -1;
}

TEST(groups_nested_without_end_fail)
{
    struct func f = {.fn = &script_roomy_fn};
    f.body[0] = (struct statement)JOIN(&f);

    script_begin(&f);
    sim_run();
    script_check(&f);
    CHECK(f.begun > 500 && f.begun < 2000);
    CHECK_EQ(f.returned, 0);
    CHECK_EQ(script_end(), -ENOMEM);
}

TEST(late_starts_in_groups)
{
    struct func leaf = {.body = {SLEEP(1)}}, a[100];
    struct func f = {.body = {JOIN(&a[0], &a[0]), CALL(&a[50])}};

    for (int i = 0; i < 100; i++)
        a[i] = (struct func){.body = {CALL(i == 99 ? &leaf : &a[i + 1])}, .value = i};
    script_begin(&f);
    sim_run();
    CHECK_EQ(sim_now, 2);
    CHECK_EQ(leaf.returned, 3);
    CHECK_EQ(script_end(), 0);
}

/* ---- large and over-aligned frames: async long big(int n) awaits itself n times; its result slot
 * lies at the very end of the frame. ---- */

struct big {
    struct bide_frame h;
    int n;
    char fill[100000];
    long slot;
};

struct aligned {
    struct bide_frame h;
    int n;
    _Alignas(64) char fill[64];
    long slot;
};

struct page {
    struct bide_frame h;
    int n;
    _Alignas(4096) long slot;
};

static int aligned_seen;

#define RECURSION(name, next)                                                                     \
    static enum bide_poll name##_poll(struct bide_cx *cx, struct bide_frame *h);                  \
    static const struct bide_fn name##_fn = {.poll = name##_poll,                                 \
                                             .frame_size = sizeof(struct name),                   \
                                             .args_size = sizeof(int),                            \
                                             .result_size = sizeof(long),                         \
                                             .frame_align_log2 =                                  \
                                                 __builtin_ctz(_Alignof(struct name)),            \
                                             .args_align_log2 = 2,                                \
                                             .flags = BIDE_FN_RESULT_SIGNED,                      \
                                             .version = BIDE_FN_VERSION};                         \
    static enum bide_poll name##_start(struct bide_cx *cx, struct bide_frame *parent, long *slot, \
                                       int n)                                                     \
    {                                                                                             \
        if (bide__deep(cx))                                                                       \
            return bide__later(cx, &name##_fn, parent, slot, &n);                                 \
        struct name *f = bide_frame_push_aligned(cx, sizeof(*f), _Alignof(struct name),           \
                                                 &name##_fn, parent, slot);                       \
        if (f == NULL)                                                                            \
            return BIDE_PENDING;                                                                  \
        f->n = n;                                                                                 \
        f->h.state = 1;                                                                           \
        cx->depth++;                                                                              \
        enum bide_poll poll = name##_poll(cx, &f->h);                                             \
        cx->depth--;                                                                              \
        return poll;                                                                              \
    }                                                                                             \
    static enum bide_poll name##_poll(struct bide_cx *cx, struct bide_frame *h)                   \
    {                                                                                             \
        struct name *f = (struct name *)(void *)h;                                                \
        CHECK_EQ((uintptr_t)f % _Alignof(struct name), 0);                                        \
        aligned_seen++;                                                                           \
        if (h->state == 0) {                                                                      \
            f->n = *(int *)bide__args(cx, h);                                                     \
            h->state = 1;                                                                         \
        }                                                                                         \
        while (h->state == 1) {                                                                   \
            h->state = 2;                                                                         \
            f->slot = -1;                                                                         \
            enum bide_poll poll = f->n > 0 ? next##_start(cx, h, &f->slot, f->n - 1)              \
                                           : sim_op_start(cx, h, &f->slot, &big_op);              \
            if (poll == BIDE_PENDING)                                                             \
                return poll;                                                                      \
        }                                                                                         \
        *(long *)bide_frame_result(cx, h) = f->slot + 1;                                          \
        return bide_frame_finish(cx, h);                                                          \
    }

static struct sim_op_state big_op;

static enum bide_poll page_start(struct bide_cx *cx, struct bide_frame *parent, long *slot, int n);
RECURSION(aligned, page)
RECURSION(big, aligned)
RECURSION(page, big)

static void run_recursion(const struct bide_fn *fn, int n, bool cancel, size_t spare_room)
{
    long value = 0;
    big_op = (struct sim_op_state){.value = 1000};
    *(int *)sim_begin_in(fn, bide_fn_room(fn) + spare_room, &value) = n;
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    struct bide_segment *segment = bide_chain_segment(&sim.chain);
    int frames = 0;
    for (struct bide_frame *f = sim.chain.leaf; f != NULL; f = bide_frame_below(f, &segment))
        frames++;
    CHECK_EQ(frames, n + 2);
    big_op.completed = !cancel;
    big_op.refused = cancel;
    if (cancel)
        bide_chain_cancel(&sim.chain, -ECANCELED, false);
    CHECK_EQ(sim_turn(), BIDE_READY);
    CHECK_EQ(sim_end(), cancel ? -ECANCELED : 0);
    CHECK_EQ(value, cancel ? -ECANCELED : 1000 + n + 1);
}

TEST(large_and_over_aligned_frames)
{
    static const struct bide_fn *const fns[] = {&big_fn, &aligned_fn, &page_fn};

    for (int i = 0; i < 3; i++)
        for (int n = 0; n < 200; n += n < 8 ? 1 : 61)
            for (int cancel = 0; cancel < 2; cancel++)
                run_recursion(fns[i], n, cancel, 0);
    /* Even with room to spare, in the chain and in segments, a large frame is the last in its
     * memory. */
    sim_segment_extra = 300000;
    for (int i = 0; i < 3; i++)
        for (int n = 0; n < 12; n++)
            run_recursion(fns[i], n, false, 1 << 20);
    sim_segment_extra = 0;
    CHECK(aligned_seen > 0);
    for (int fail = 0; fail < 12; fail++) {
        long value = 0;
        sim_fail_at = fail;
        sim_memory_calls = 0;
        *(int *)sim_begin(&aligned_fn, &value) = 30;
        CHECK_EQ(sim_turn(), BIDE_READY);
        CHECK_EQ(sim_end(), -ENOMEM);
    }
    sim_fail_at = -1;
}

/* ---- a chain without room: its first frame lies in a segment ---- */

static enum bide_poll five_poll(struct bide_cx *cx, struct bide_frame *h)
{
    *(int *)bide_frame_result(cx, h) = 5;
    return bide_frame_finish(cx, h);
}

static const struct bide_fn five_fn = {.poll = five_poll,
                                       .frame_size = sizeof(struct bide_frame),
                                       .result_size = sizeof(int),
                                       .frame_align_log2 = 3,
                                       .flags = BIDE_FN_RESULT_SIGNED,
                                       .version = BIDE_FN_VERSION};

static struct bide_cx begin_without_room(struct bide_chain *chain)
{
    sim_begin(&five_fn, &result);
    sim_run();
    CHECK_EQ(sim_end(), 0);
    CHECK_EQ(result, 5);
    result = -1;
    bide_chain_init(chain, chain, 0, NULL); /* no byte of it is used */
    return (struct bide_cx){.chain = chain, .waker = sim.cx.waker, .turn = &sim.turn};
}

TEST(a_chain_without_room)
{
    struct bide_chain chain;
    struct bide_cx cx = begin_without_room(&chain);

    CHECK_EQ(sim_sleep_start(&cx, NULL, &result, 1), BIDE_PENDING);
    CHECK(sim_advance());
    CHECK_EQ(bide_chain_poll(&cx), BIDE_READY);
    CHECK_EQ(result, 0);
    CHECK_EQ(chain.flags & BIDE_CHAIN_LIVE, 0);
    CHECK_EQ(bide__later(&cx, &five_fn, NULL, &result, NULL), BIDE_PENDING);
    CHECK_EQ(bide_chain_poll(&cx), BIDE_READY);
    CHECK_EQ(result, 5);
    CHECK_EQ(bide_chain_error(&chain), 0);
    bide_turn_end(&sim.turn);
    CHECK_EQ(sim_segments, 0);
}

TEST(a_chain_without_room_and_memory)
{
    struct bide_chain chain;
    struct bide_cx cx = begin_without_room(&chain);

    sim.turn.memory = NULL;
    CHECK_EQ(sim_sleep_start(&cx, NULL, &result, 1), BIDE_PENDING);
    CHECK_EQ(bide_chain_poll(&cx), BIDE_READY);
    CHECK_EQ(bide_chain_error(&chain), -ENOMEM);
    CHECK_EQ(result, -ENOMEM);
}

/* ---- far away ---- */

/* A room or a result slot more than 2 GiB from the chain costs BIDE_FAR_SIZE bytes. */
TEST(a_chain_far_from_its_room_and_its_result)
{
    size_t size = (size_t)3 << 30;
    char *space = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED)
        SKIP("no address space");
    for (int which = 0; which < 3; which++) {
        struct bide_chain *chain = (void *)space;
        bool far_room = which != 1, far_result = which != 0;
        char *room = far_room ? space + size - 4096 : space + 4096;
        int *slot = (void *)(far_result ? space + size - 64 : space + 64);
        size_t need = bide_fn_room(&deep_fn);
        sim_begin(&five_fn, &result); /* for its waker and memory */
        sim_run();
        CHECK_EQ(sim_end(), 0);
        bide_chain_init(chain, room, need, slot);
        CHECK(bide_chain_begin(chain, &deep_fn) == NULL);
        bide_chain_init(chain, room, need + BIDE_FAR_SIZE, slot);
        CHECK(chain->flags & BIDE_CHAIN_FAR);
        int *n = bide_chain_begin(chain, &deep_fn);
        CHECK(n != NULL);
        *n = 100; /* beyond the room: segments above a far memory */
        *slot = -1;
        struct bide_cx cx = {.chain = chain, .waker = sim.cx.waker, .turn = &sim.turn};
        CHECK_EQ(bide_chain_poll(&cx), BIDE_PENDING);
        CHECK(bide_chain_segment(chain) != NULL);
        CHECK(sim_advance());
        CHECK_EQ(bide_chain_poll(&cx), BIDE_READY);
        bide_turn_end(&sim.turn);
        CHECK_EQ(*slot, 101);
        CHECK_EQ(sim_segments, 0);
    }
    munmap(space, size);
}

/* ---- backtraces ---- */

TEST(a_backtrace_crosses_segments)
{
    begin_deep(1000);
    CHECK_EQ(sim_turn(), BIDE_PENDING);
    struct bide_segment *segment = bide_chain_segment(&sim.chain);
    struct bide_frame *f = sim.chain.leaf;
    CHECK(f->fn == &sim_sleep_fn);
    for (int n = 0; n <= 1000; n++) {
        f = bide_frame_below(f, &segment);
        CHECK(f != NULL && f->fn == &deep_fn);
        CHECK_EQ(((struct deep *)f)->n, n);
    }
    CHECK(bide_frame_below(f, &segment) == NULL);
    CHECK(segment == NULL);
    sim_run();
    CHECK_EQ(sim_end(), 0);
}

/* ---- async void pair(kind, a, b) { await bide_join(sleep(a), sleep(b)); }: no allocation ---- */

struct pair_args {
    enum bide_group_kind kind;
    long a, b;
};

struct pair {
    struct bide_frame h;
    int slots[2];
    struct bide_group_result result;
};

static enum bide_poll pair_poll(struct bide_cx *cx, struct bide_frame *h)
{
    static const struct bide_fn *const fns[] = {&sim_sleep_fn, &sim_sleep_fn};
    struct pair *f = (struct pair *)h;

    if (h->state == 0) {
        struct pair_args args = *(struct pair_args *)bide__args(cx, h);
        struct bide_cx sub;
        struct bide_group *g = bide__group_push(cx, args.kind, 2, fns, h, &f->result);
        for (int i; (i = bide__group_next(g, cx, &sub)) >= 0;)
            bide__group_started(
                g, sim_sleep_start(&sub, NULL, &f->slots[i], i == 0 ? args.a : args.b));
        if (bide__group_run(cx, g) == BIDE_PENDING) {
            h->state = 1;
            return BIDE_PENDING;
        }
    }
    return bide_frame_finish(cx, h);
}

static uint32_t pair_need;
static const struct bide_callee pair_callees[] = {{&sim_sleep_fn, 1}, {&sim_sleep_fn, 1}};
static const struct bide_fn_info pair_info = {
    .name = "pair", .need = &pair_need, .callees = pair_callees, .callee_count = 2};
static const struct bide_fn pair_fn = {.poll = pair_poll,
                                       .info = &pair_info,
                                       .frame_size = sizeof(struct pair),
                                       .args_size = sizeof(struct pair_args),
                                       .frame_align_log2 = 3,
                                       .args_align_log2 = 3,
                                       .version = BIDE_FN_VERSION};

TEST(join_and_select_of_two_allocate_nothing)
{
    for (int kind = BIDE_JOIN; kind <= BIDE_SELECT_BIASED; kind++)
        for (int delay = 0; delay < 4; delay++) {
            struct pair_args *args = sim_begin(&pair_fn, NULL);
            *args = (struct pair_args){(enum bide_group_kind)kind, delay & 1, delay >> 1};
            sim_run();
            CHECK_EQ(sim_end(), 0);
        }
    CHECK_EQ(sim_memory_calls, 0);
}
