/*
 * step.c: the future that gets work done on the pool: a leaf in plain C.
 *
 * The waiting itself is the runtime's: the leaf drives a chain of its own with the runtime's
 * blocking future on it. What it adds is the answer to a request to cancel: it interrupts the
 * work, waits for the thread, and then says whether the work was undone (it ended with -ECANCELED)
 * or had been done.
 */
#include "lib/leaf.h"

#include "internal.h"

#include <assert.h>

enum { HAS_ENDED = BIDE__BEGUN + 1, ROOM = 256, ROOM_ALIGN = 16 };

struct step {
    struct bide_frame h;
    struct bide__sql_work *work;
    struct bide_job job;
    struct bide_chain chain;
    char room[ROOM + ROOM_ALIGN];
};

/* On the pool's thread. */
static void run_work(struct bide_job *job)
{
    struct step *f = (struct step *)(void *)((char *)job - offsetof(struct step, job));
    f->work->result = f->work->run(f->work);
}

static void begin(struct bide_cx *cx, struct step *f)
{
    size_t pad = (size_t)(-(uintptr_t)f->room & (ROOM_ALIGN - 1));
    f->job = (struct bide_job){.run = run_work};
    bide_chain_init(&f->chain, f->room + pad, ROOM, NULL);
    f->chain.branch = cx->chain->branch;
    struct bide_job **argument = bide_chain_begin(&f->chain, &bide__desc_bide_blocking);
    assert(argument != NULL);
    *argument = &f->job;
}

static bool has_ended(struct bide_cx *cx, struct step *f)
{
    if (f->h.state == HAS_ENDED)
        return true;
    struct bide_cx sub = *cx;
    sub.chain = &f->chain;
    sub.depth++;
    if (bide_chain_poll(&sub) == BIDE_PENDING)
        return false;
    f->h.state = HAS_ENDED;
    return true;
}

static enum bide_poll step_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct step *f = (struct step *)(void *)h;
    if (h->state == 0) {
        begin(cx, f);
        h->state = BIDE__BEGUN;
    }
    return has_ended(cx, f) ? bide__leaf_finish(cx, h, f->work->result) : bide_frame_suspend(cx, h);
}

static enum bide_answer step_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct step *f = (struct step *)(void *)h;
    struct bide__sql_work *work = f->work;

    if (!work->cancelled) {
        __atomic_store_n(&work->cancelled, true, __ATOMIC_RELEASE);
        if (work->interruptible && work->db->connection != NULL)
            sqlite3_interrupt(work->db->connection);
        bide_chain_cancel(&f->chain, -ECANCELED, false);
    }
    if (!has_ended(cx, f))
        return BIDE_WAIT;
    bool undone = bide_chain_error(&f->chain) < 0 || work->result == -ECANCELED;
    return undone ? BIDE_CANCELLED : BIDE_COMPLETED;
}

BIDE__LEAF_1(int, bide__sql_step, struct step, step_poll, step_cancel, struct bide__sql_work *,
             work);
