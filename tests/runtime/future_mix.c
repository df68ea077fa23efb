/*
 * Futures in a random mix: bodies that make, get, race, move, drop and leave futures, while others
 * get and drop the same ones, even while they unwind, in tasks and scopes that are aborted, up to a
 * shutdown with and without time. Everything that begins is unwound once, and nothing is left.
 * FULL=1 tries more.
 */
#include "check.h"
#include "full.h"

#include <bide/bide.h>
#include <bide/runtime.h>
#include <bide/testing.h>

#include <stdlib.h>

/* A variable lives until its future is dropped or moved, whichever task gets the future. */
#pragma GCC diagnostic ignored "-Wbide-borrow"

enum { BOXES = 6, BODIES_MAX = 200, ROUNDS = 20 };

struct box {
    bide_future(int) f;
};

static struct box *box[BOXES];
static bide_task(int) tasks[BOXES];
static unsigned seed;
static int begun, unwound, made;

static unsigned below(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

static async void act(int times);

static async int body(int times)
{
    unsigned at_end = below(3);
    bide_future(int) own = {0};

    begun++;
    defer {
        unwound++;
        if (at_end == 0)
            await act(2);
        else if (at_end == 1)
            await bide_sleep(BIDE_MS(below(5)));
    }
    if (below(3) == 0 && made++ < BODIES_MAX) {
        int n = 0;
        own = bide_lazy(body(2));
        await bide_timeout(BIDE_MS(below(3)), n = bide_get(own));
        (void)n;
    }
    await act(times);
    await bide_sleep(BIDE_MS(below(20)));
    return 1;
}

static async int get(unsigned i)
{
    return box[i] != NULL ? await bide_get(box[i]->f) : 0;
}

static void fill(unsigned i, bide_future(int) f)
{
    box[i] = calloc(1, sizeof *box[i]);
    CHECK(box[i] != NULL);
    box[i]->f = bide_move(f);
}

static struct box *take(unsigned i)
{
    struct box *b = box[i];
    box[i] = NULL;
    return b;
}

static void drop_plainly(struct box *b)
{
    bide_drop(b->f);
    free(b);
}

/* Moves the future in box i to box j. */
static void move(unsigned i, unsigned j)
{
    struct box *b = take(i);
    fill(j, bide_move(b->f));
    free(b);
}

static async void drop(struct box *b)
{
    bide_drop(b->f);
    free(b);
}

static async void act_on(unsigned i, unsigned j)
{
    int n = 0, m = 0;
    switch (below(8)) {
    case 0: await bide_timeout(BIDE_MS(below(4)), n = get(i)); break;
    case 1: n = await get(i); break;
    case 2: await drop(take(i)); break;
    case 3: drop_plainly(take(i)); break;
    case 4:
        if (box[j] == NULL)
            move(i, j);
        break;
    case 5: await bide_select(n = get(i), m = get(j)); break;
    case 6: await bide_join(n = get(i), m = get(j)); break;
    case 7: {
        bide_future(int) mine = bide_move(box[i]->f);
        n = await bide_get(mine);
        break;
    }
    }
    (void)n, (void)m;
}

static async void act(int times)
{
    for (; times > 0; times--) {
        unsigned i = below(BOXES);
        unsigned what = below(6);
        if (what == 0 && made++ < BODIES_MAX) {
            bide_task_detach(tasks[i]);
            tasks[i] = bide_spawn(body(3));
        } else if (what == 1) {
            bide_task_abort(tasks[i]);
        } else if (what == 2) {
            await bide_sleep(BIDE_MS(below(4)));
        } else if (box[i] != NULL) {
            await act_on(i, below(BOXES));
        } else if (made++ < BODIES_MAX) {
            fill(i, bide_lazy(body(3)));
        }
    }
}

static async void rounds(void)
{
    for (int r = 0; r < ROUNDS; r++)
        bide_scope(s) {
            for (int i = 0; i < 3; i++)
                bide_scope_spawn(s, body(4));
            await bide_sleep(BIDE_MS(3));
            bide_scope_cancel(s);
        }
}

static void run(unsigned n, bide_duration limit)
{
    bide_runtime *rt;

    seed = n * 2654435761u;
    begun = unwound = made = 0;
    CHECK_EQ(bide_runtime_new(NULL, &rt), 0);
    bide_runtime_enter(rt);
    bide_task(void) t = bide_spawn(rounds());
    bide_block_on(bide_sleep(BIDE_S(1)));
    CHECK_EQ(bide_runtime_shutdown(rt, limit), 0);
    CHECK_EQ(unwound, begun);
    bide_task_detach(t);
    for (unsigned i = 0; i < BOXES; i++) {
        if (box[i] != NULL)
            drop_plainly(take(i));
        bide_task_detach(tasks[i]);
        tasks[i] = NULL;
    }
    bide_runtime_enter(NULL);
    CHECK_EQ(bide_runtime_free(rt), 0);
}

TEST_LIMIT(a_random_mix, 60)
{
    unsigned count = is_full() ? 4000 : 150;

    bide_test_time_virtual();
    for (unsigned n = 1; n <= count; n++) {
        run(n, BIDE_S(10));
        run(n, BIDE_NS(0));
    }
}
