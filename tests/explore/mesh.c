/*
 * Mail between two cores (schedule/mesh.c): it arrives once and in order, and a core does not sleep
 * on it.
 */
#include "tools/explore/explore.h"

#include "runtime/io/driver.h"
#include "runtime/schedule/cores.h"

static struct bide__cores all;
static struct bide__core core[2];
static struct bide__lane lane[4];
static struct bide__worker workers[2];
static struct letter {
    struct bide__mail mail;
    int n;
} letters[2];
static int event[2], got;

static struct own {
    struct bide__driver driver;
    int number;
} drivers[2];

static void wake(struct bide__driver *driver)
{
    explore_wake(&event[((struct own *)(void *)driver)->number]);
}

static const struct bide__driver_ops ops = {.wake = wake};

static void begin(void)
{
    all = (struct bide__cores){.count = 2, .core = core, .lane = lane};
    for (int i = 0; i < 2; i++) {
        drivers[i] = (struct own){{.ops = &ops}, i};
        workers[i].driver = &drivers[i].driver;
        core[i].all = &all;
        core[i].number = (unsigned)i;
        core[i].worker = &workers[i];
    }
}

static void arrives(struct bide__worker *here, struct bide__mail *mail)
{
    explore_check(here == &workers[1]);
    explore_check(((struct letter *)(void *)mail)->n == ++got);
}

static void sends(void)
{
    for (int i = 0; i < 2; i++) {
        letters[i] = (struct letter){{.run = arrives}, i + 1};
        bide__core_send(&core[0], &core[1], &letters[i].mail);
    }
}

static void receives(void)
{
    while (got < 2) {
        bide__core_receive(&core[1]);
        if (got == 2 || !bide__core_sleep(&core[1]))
            continue;
        explore_wait(&event[1], false);
        bide__core_awake(&core[1]);
    }
}

const struct explore_model explore_models[] = {
    {.name = "mesh", .begin = begin, .threads = {sends, receives}, .bound = 3, .stale = 2},
    {0},
};
