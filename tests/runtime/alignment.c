/*
 * Tasks, futures, children and branches begun through their descriptors, for every combination of
 * the alignments of frame, arguments and result, with small and large sizes: each of the three is
 * where it should be, and no two overlap.
 */
#include "check.h"

#include <bide/abi.h>
#include <bide/bide.h>

#include <string.h>

enum { KINDS = 13, SIZES = 6 };

static const uint32_t sizes[SIZES] = {0, 4, 24, 96, 4096, 20480};
static _Atomic int runs;

static bool is_aligned(const void *p, unsigned log2)
{
    return ((uintptr_t)p & (((uintptr_t)1 << log2) - 1)) == 0;
}

static unsigned result_log2(const struct bide_fn *fn)
{
    if (fn->flags & BIDE_FN_RESULT_ALIGNED)
        return fn->frame_align_log2;
    unsigned log2 = fn->result_size ? (unsigned)__builtin_ctz(fn->result_size) : 0;
    return log2 < 6 ? log2 : 6;
}

/* All bytes of the arguments are 1; the function fills the frame with 2 and the result with 3. */
static enum bide_poll look(struct bide_cx *cx, struct bide_frame *f)
{
    const struct bide_fn *fn = f->fn;
    char *result = bide_frame_result(cx, f);

    if (f->state++ == 0) {
        const char *args = bide__args(cx, f);
        CHECK(is_aligned(f, fn->frame_align_log2));
        CHECK(fn->args_size == 0 || is_aligned(args, fn->args_align_log2));
        for (uint32_t i = 0; i < fn->args_size; i++)
            CHECK(args[i] == 1);
        memset(f + 1, 2, fn->frame_size - sizeof *f);
        if (fn->result_size > 8)
            memset(result, 3, fn->result_size);
        runs++;
        bide_waker_wake_by_ref(cx->waker);
        return bide_frame_suspend(cx, f);
    }
    CHECK(fn->result_size == 0 || is_aligned(result, result_log2(fn)));
    for (size_t i = 0; i < fn->frame_size - sizeof *f; i++)
        CHECK(((char *)(f + 1))[i] == 2);
    for (uint32_t i = 0; i < fn->result_size && fn->result_size > 8; i++)
        CHECK(result[i] == 3);
    memset(result, 3, fn->result_size);
    return bide_frame_finish(cx, f);
}

static enum bide_answer never(struct bide_cx *cx, struct bide_frame *f)
{
    (void)cx, (void)f;
    return BIDE_WAIT;
}

static char given[20480], taken[20480];
static struct bide_fn descriptors[4 * KINDS * SIZES * SIZES];
static unsigned count;

static void describe(void)
{
    memset(given, 1, sizeof given);
    for (unsigned align = 0; align < KINDS; align++)
        for (unsigned i = 0; i < SIZES; i++)
            for (unsigned k = 0; k < SIZES; k++)
                for (unsigned n = 0; n < 4; n++)
                    descriptors[count++] = (struct bide_fn){
                        .poll = look,
                        .cancel = never,
                        .frame_size = (uint32_t)sizeof(struct bide_frame) + sizes[(i + k) % SIZES],
                        .args_size = sizes[i],
                        .result_size = sizes[k],
                        .frame_align_log2 = (uint8_t)(n & 1 && align < 3 ? 3 : align),
                        .args_align_log2 = (uint8_t)(n & 2 ? KINDS - 1 - align : align),
                        .flags = n & 1 ? BIDE_FN_RESULT_ALIGNED : 0,
                        .version = BIDE_FN_VERSION};
}

static void took(const struct bide_fn *fn)
{
    for (uint32_t i = 0; i < fn->result_size; i++)
        CHECK(taken[i] == 3);
    memset(taken, 0, sizeof taken);
}

TEST(blocked_on)
{
    describe();
    for (unsigned i = 0; i < count; i++) {
        bide__block_on(&descriptors[i], given, taken);
        took(&descriptors[i]);
    }
    CHECK_EQ(runs, (int)count);
}

static async int tasks(const struct bide_fn *fn)
{
    bide_task(void) task[3];
    for (int i = 0; i < 3; i++)
        task[i] = (bide_task(void))bide__spawn(fn, given);
    bide_scope(s) {
        bide_task_detach((bide_task(void))bide__scope_spawn(s, fn, given));
        await bide_yield();
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQ(await bide_task_wait(task[i]), 0);
    return 0;
}

TEST(tasks_and_children)
{
    describe();
    for (unsigned i = 0; i < count; i += 3)
        CHECK_EQ(bide_block_on(tasks(&descriptors[i])), 0);
}

/* A get of any type of result, and a group of three branches, written by hand. */
struct driver {
    struct bide_frame h;
    const struct bide_fn *fn;
    struct bide_group *group;
    struct bide_group_result value;
    void *future;
    struct bide_fn get;
    char slot[20480];
};

struct driver_args {
    const struct bide_fn *fn;
};

static enum bide_poll get_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct driver *f = (struct driver *)(void *)h;
    if (h->state++ == 0) {
        f->fn = ((const struct driver_args *)bide__args(cx, h))->fn;
        f->future = bide__lazy(f->fn, given);
        f->get = (struct bide_fn){.poll = bide__get_poll,
                                  .cancel = bide__get_cancel,
                                  .info = &bide__get_info,
                                  .frame_size = BIDE__GET_SIZE,
                                  .frame_align_log2 = 3,
                                  .result_size = f->fn->result_size,
                                  .version = BIDE_FN_VERSION};
        if (bide__start_bide_get(cx, h, f->slot, &f->get, &f->future) == BIDE_PENDING)
            return BIDE_PENDING;
    }
    memcpy(taken, f->slot, sizeof taken);
    took(f->fn);
    return bide_frame_finish(cx, h);
}

static const struct bide_fn get_fn = {.poll = get_poll,
                                      .frame_size = sizeof(struct driver),
                                      .frame_align_log2 = 3,
                                      .args_size = sizeof(struct driver_args),
                                      .args_align_log2 = 3,
                                      .version = BIDE_FN_VERSION};

static enum bide_poll group_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct driver *f = (struct driver *)(void *)h;
    if (h->state++ == 0) {
        const struct bide_fn *fn = ((const struct driver_args *)bide__args(cx, h))->fn;
        const struct bide_fn *fns[] = {fn, fn, fn};
        struct bide_cx sub;
        f->group = bide__group_push(cx, BIDE_JOIN, 3, fns, h, &f->value);
        for (int i; (i = bide__group_next(f->group, cx, &sub)) >= 0;)
            bide__group_started(f->group, bide__later(&sub, fn, NULL, taken, given));
        if (bide__group_run(cx, f->group) == BIDE_PENDING)
            return BIDE_PENDING;
    }
    CHECK_EQ(f->value.branch_done, 7);
    return bide_frame_finish(cx, h);
}

static const struct bide_fn group_fn = {.poll = group_poll,
                                        .frame_size = sizeof(struct driver),
                                        .frame_align_log2 = 3,
                                        .args_size = sizeof(struct driver_args),
                                        .args_align_log2 = 3,
                                        .version = BIDE_FN_VERSION};

TEST(futures)
{
    describe();
    for (unsigned i = 0; i < count; i++)
        bide__block_on(&get_fn, &(struct driver_args){&descriptors[i]}, NULL);
    CHECK(runs > 0);
}

TEST(branches)
{
    describe();
    for (unsigned i = 0; i < count; i++)
        if (!(descriptors[i].flags & BIDE_FN_RESULT_ALIGNED) && descriptors[i].result_size <= 24)
            bide__block_on(&group_fn, &(struct driver_args){&descriptors[i]}, NULL);
    CHECK_EQ(runs % 3, 0);
    CHECK(runs > 0);
}
