/*
 * lib/sync/park.c: see park.h. Also what dumps are told of those that wait, and who waits for
 * itself.
 *
 * A task waits for itself if it holds the lock and goes on only when the wait is over. That is sure
 *  - if the chain that waits has locked it: what locked it then is a function further down in that
 *    chain, or has ended there;
 *  - if the task's main chain waits: then it has no branch that could unlock it;
 *  - if the main chain has locked it: that goes on only when its branches have ended.
 * A branch that waits for another branch is not such a case, and in all others nobody can say.
 * `owner` is cleared before a lock is given back, so whoever reads itself there is the owner, and
 * the chain beside it is one that it stored itself.
 */
#include "lib/leaf.h"

#include "lib/sync/park.h"

#include "runtime/thread.h"
#include "runtime/trace/wait.h"

#include <stdatomic.h>
#include <stdio.h>

/* ---- the poll ---- */

bool bide__park_poll(struct bide_cx *cx, struct park *p, uint32_t *lock,
                     struct bide__parking *queue, park_take *take)
{
    bool waits = p->h.state == PARK_WAITS;
    bide_waker fresh = {0}, old = {0};

    if (!waits && !bide_budget_spend(cx))
        return false;
    if (!waits || p->w.waker != cx->waker.bits)
        fresh = bide_waker_clone(cx->waker);
    lock_take(lock);
    bool done = p->w.state == PARK_DONE || (!waits && take(p));
    if (done) {
        old = fresh;
    } else {
        if (waits && fresh.bits != 0)
            old.bits = p->w.waker;
        if (fresh.bits != 0)
            p->w.waker = fresh.bits;
        if (!waits)
            queue_add(queue, &p->w);
        p->h.state = PARK_WAITS;
    }
    lock_give(lock);
    waker_drop_any(old);
    if (!waits && !done)
        cx->turn->budget++; /* it let others run all the same */
    return done;
}

/* ---- holders ---- */

uintptr_t bide__holder_here(void)
{
    static _Thread_local uint32_t number;
    const struct bide__worker *worker = bide__thread.running;

    if (worker != NULL && worker->current != NULL)
        return (uintptr_t)worker->current | HOLDER_BRANCH; /* in which chain is not known */
    if (number == 0)
        number = (uint32_t)bide__door.gettid();
    return HOLDER_THREAD | number;
}

bool bide__holder_waits(const struct bide__holder *holder, const struct bide_cx *cx)
{
    uintptr_t owner = __atomic_load_n(&holder->owner, __ATOMIC_RELAXED);
    uintptr_t me = cx->waker.bits;

    if (((owner ^ me) & ~(uintptr_t)HOLDER_BRANCH) != 0)
        return false;
    return (owner & HOLDER_BRANCH) == 0 || (me & HOLDER_BRANCH) == 0 ||
           __atomic_load_n(&holder->chain, __ATOMIC_RELAXED) == cx->chain;
}

static void say_where(char *text, size_t size, const char *place)
{
    snprintf(text, size, "%s", place != NULL ? place : "?");
}

enum bide_poll bide__enter_fails(struct bide_cx *cx, struct park *p, const char *place, int error)
{
    static atomic_flag said = ATOMIC_FLAG_INIT;
    const struct bide__holder *holder = (const void *)((char *)p->object + p->kind->holder);
    struct bide_segment *segment = bide_chain_segment(cx->chain);
    struct bide_frame *parent = bide_frame_below(&p->h, &segment);
    char here[128], there[128], text[384];

    if (!atomic_flag_test_and_set(&said)) {
        say_where(here, sizeof(here), place);
        say_where(there, sizeof(there), __atomic_load_n(&holder->place, __ATOMIC_RELAXED));
        int n = snprintf(text, sizeof(text),
                         "bide: %s: the task waits for the %s that it has locked at %s, and is "
                         "unwound with -EDEADLK; this is said once\n",
                         here, p->kind->what, there);
        (void)bide__door.write(STDERR_FILENO, text, (size_t)n);
    }
    *(void **)bide_frame_result(cx, &p->h) = NULL;
    bide_frame_finish(cx, &p->h);
    return bide_frame_fail(cx, parent, error);
}

/* ---- dumps ---- */

enum bide_answer bide__park_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct park *p = (struct park *)(void *)h;
    return p->kind->cancel(cx, p);
}

/* A console looks while other threads hand the lock over. Any value will do then, so the thread
 * sanitizer is not asked. */
__attribute__((noinline, no_sanitize("thread"))) static bool is_granted(const struct park *p)
{
    return *(const volatile uint32_t *)&p->w.state == PARK_DONE;
}

static bool tell(const struct bide_frame *leaf, struct bide__wait *wait)
{
    const struct park *p = (const struct park *)(const void *)leaf;
    if (leaf->fn->cancel != bide__park_cancel || leaf->state == 0)
        return false;
    *wait = (struct bide__wait){.what = p->kind->what,
                                .object = p->object,
                                .waker.bits = p->w.waker,
                                .is_granted = is_granted(p)};
    if (p->kind->holder == 0)
        return true;
    const struct bide__holder *holder = (const void *)((const char *)p->object + p->kind->holder);
    uintptr_t owner = __atomic_load_n(&holder->owner, __ATOMIC_RELAXED);
    wait->place = __atomic_load_n(&holder->place, __ATOMIC_RELAXED);
    if (owner & HOLDER_THREAD)
        wait->thread = (uint32_t)owner;
    else
        wait->owner.bits = owner;
    return true;
}

void bide__park_begin(struct park *p, const struct park_kind *kind)
{
    p->kind = kind;
    p->w.state = PARK_IDLE;
    p->w.waker = 0;
    p->h.state = PARK_BEGUN;
    bide__wait_tells(tell);
}
