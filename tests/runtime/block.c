/*
 * The task of a blocking call, which is polled at once: what it may do in that poll, and that it
 * overtakes nobody.
 */
#include "frames.h"

#include "runtime/task/inside.h"

/* ---- async int notes(char c): appends c to `order` ---- */

static char order[16];
static unsigned noted;

struct notes {
    struct bide_frame h;
    struct {
        long c;
    } a;
};
HAND(notes, sizeof(int), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(notes);
    order[noted++] = (char)f->a.c;
    HAND_RETURN(int, (int)noted);
}

TEST(it_overtakes_no_task_that_is_ready)
{
    long a = 'a', b = 'b';
    bide_yield(); /* makes the runtime */
    void *task = bide__spawn(&notes, &a);
    CHECK_EQ(block_int(&notes, &b), 2);
    CHECK_STR(order, "ab");
    CHECK(bide__task_finished(task));
    bide__task_release(task);
}

/* ---- async int looks(void): what the task sees of itself ---- */

static uint64_t id, id_later;
static size_t tasks;

struct looks {
    struct bide_frame h;
    struct {
        long waits;
    } a;
};
HAND(looks, sizeof(int), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(looks);
    id = bide_task_id();
    tasks = bide_runtime_tasks(bide__runtime_running());
    if (f->a.waits) {
        AWAIT(1, bide__start_bide_yield(cx, h, NULL));
    }
    id_later = bide_task_id();
    HAND_RETURN(int, 3);
}

TEST(it_is_a_task_like_others)
{
    long waits = 1, ready = 0;

    CHECK_EQ(block_int(&looks, &waits), 3);
    CHECK(id != 0);
    CHECK_EQ(id, id_later);
    CHECK_EQ(tasks, 1);
    CHECK_EQ(block_int(&looks, &ready), 3);
    CHECK(id != 0);
    CHECK_EQ(tasks, 1);
    CHECK_EQ(bide_task_id(), 0);
    CHECK(bide__runtime_running() == NULL);
    CHECK_EQ(bide_runtime_tasks(bide__runtime_here()), 0);
    CHECK_EQ(bide__runtime_here()->hub->tasks.blocks, 0);
}

/* ---- async int clones(int kept): clones its waker; gives it back, or keeps it ---- */

static bide_waker kept;

struct clones {
    struct bide_frame h;
    struct {
        long keeps;
    } a;
};
HAND(clones, sizeof(int), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(clones);
    kept = bide_waker_clone(cx->waker);
    bide_waker_wake_by_ref(kept);
    if (!f->a.keeps)
        bide_waker_drop(kept);
    HAND_RETURN(int, 4);
}

TEST(its_wakers_may_outlive_it)
{
    long gives_back = 0, keeps = 1;

    CHECK_EQ(block_int(&clones, &gives_back), 4);
    CHECK_EQ(bide__runtime_here()->hub->tasks.blocks, 0);
    CHECK_EQ(block_int(&clones, &keeps), 4);
    CHECK_EQ(bide__runtime_here()->hub->tasks.blocks, 1);
    bide_waker waker = kept;
    bide_waker_wake_by_ref(waker);
    CHECK_EQ(block_int(&clones, &gives_back), 4); /* the wake did no harm */
    bide_waker_wake(waker);
    CHECK_EQ(bide__runtime_here()->hub->tasks.blocks, 0);
}

/* ---- async int fails(void), which is unwound in its first poll ---- */

struct fails {
    struct bide_frame h;
    struct {
        char nothing[8];
    } a;
};
HAND(fails, sizeof(int), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(fails);
    (void)f;
    if (!bide__unwinding(cx))
        return bide_frame_fail(cx, h, -EIO);
    HAND_RETURN(int, 1);
}

TEST(it_may_be_unwound_at_once)
{
    char nothing[8] = {0};
    CHECK_EQ(block_int(&fails, nothing), -EIO);
    CHECK_EQ(bide__runtime_here()->hub->tasks.blocks, 0);
}

/* ---- a result that is not an int ---- */

struct wide_result {
    uint64_t words[5];
};

struct wide {
    struct bide_frame h;
    struct {
        char nothing[8];
    } a;
};
HAND(wide, sizeof(struct wide_result), 0, CALLEES({&bide__desc_bide_yield, 0}))
{
    HAND_BEGIN(wide);
    (void)f;
    HAND_RETURN(struct wide_result, ((struct wide_result){{1, 2, 3, 4, 5}}));
}

TEST(it_may_have_a_large_result)
{
    char nothing[8] = {0};
    struct wide_result result = {{0}};

    bide__block_on(&wide, nothing, &result);
    CHECK_EQ(result.words[0] + result.words[4], 6);
    bide__block_on(&wide, nothing, NULL);
    CHECK_EQ(bide__runtime_here()->hub->tasks.blocks, 0);
}
