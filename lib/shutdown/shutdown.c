/*
 * lib/shutdown/shutdown.c: whether a shutdown has begun: who asks, who waits, who is called.
 *
 * Hooks are in a list, and are called without the lock, one after another, by the thread that
 * begins. The one that is called is out of the list, and `running_` meanwhile; who removes it then
 * waits for its return, unless that is the hook itself, on this thread. After the beginning no hook
 * comes into the list.
 */
#include "lib/leaf.h"

#include "lib/task/sleepers.h"

#include <bide/shutdown.h>

static bool has_begun(const void *object)
{
    return bide_shutdown_begun(object);
}

bool bide_shutdown_begun(const bide_shutdown *shutdown)
{
    return __atomic_load_n(&shutdown->begun_, __ATOMIC_ACQUIRE) != 0;
}

/* ---- hooks ---- */

/* With the lock; it is read without. */
static void set_shutdown(bide_shutdown_hook *hook, bide_shutdown *s)
{
    __atomic_store_n(&hook->of_, s, __ATOMIC_RELEASE);
}

/* With the lock. */
static void link_hook(bide_shutdown *s, bide_shutdown_hook *hook)
{
    set_shutdown(hook, s);
    hook->next_ = NULL;
    hook->previous_ = s->last_;
    if (s->last_ != NULL)
        s->last_->next_ = hook;
    else
        s->first_ = hook;
    s->last_ = hook;
}

/* With the lock. */
static void unlink_hook(bide_shutdown *s, bide_shutdown_hook *hook)
{
    if (hook->previous_ != NULL)
        hook->previous_->next_ = hook->next_;
    else
        s->first_ = hook->next_;
    if (hook->next_ != NULL)
        hook->next_->previous_ = hook->previous_;
    else
        s->last_ = hook->previous_;
    set_shutdown(hook, NULL);
}

void bide_shutdown_add_hook(bide_shutdown *shutdown, bide_shutdown_hook *hook)
{
    lock_take(&shutdown->lock_);
    bool late = shutdown->begun_ != 0;
    if (!late)
        link_hook(shutdown, hook);
    lock_give(&shutdown->lock_);
    if (late)
        hook->run(hook->argument);
}

/* `of_` is written under the lock of the shutdown, and once it was set it changes only to NULL. */
void bide_shutdown_hook_remove(bide_shutdown_hook *hook)
{
    bide_shutdown *s = __atomic_load_n(&hook->of_, __ATOMIC_ACQUIRE);

    if (s == NULL)
        return;
    lock_take(&s->lock_);
    bool runs = s->running_ == hook;
    if (runs && s->runner_ == (uint64_t)bide__door.gettid()) {
        s->running_ = NULL; /* its memory may be gone when it returns */
        runs = false;
        set_shutdown(hook, NULL);
    } else if (!runs && hook->of_ != NULL) {
        unlink_hook(s, hook);
    }
    for (unsigned n = 0; runs && s->running_ == hook; n++) {
        lock_give(&s->lock_);
        lock_pause(n);
        lock_take(&s->lock_);
    }
    lock_give(&s->lock_);
}

/* With the lock, which is free during the calls. */
static void run_hooks(bide_shutdown *s)
{
    bide_shutdown_hook *hook;

    s->runner_ = (uint64_t)bide__door.gettid();
    while ((hook = s->first_) != NULL) {
        unlink_hook(s, hook);
        set_shutdown(hook, s); /* so that who removes it finds that it runs */
        s->running_ = hook;
        lock_give(&s->lock_);
        hook->run(hook->argument);
        lock_take(&s->lock_);
        if (s->running_ == hook)
            set_shutdown(hook, NULL);
        s->running_ = NULL;
    }
}

/* ---- begin ---- */

bool bide_shutdown_begin(bide_shutdown *shutdown)
{
    lock_take(&shutdown->lock_);
    bool first = shutdown->begun_ == 0;
    __atomic_store_n(&shutdown->begun_, 1, __ATOMIC_RELEASE);
    if (first)
        run_hooks(shutdown);
    sleepers_wake_unlock(&shutdown->lock_, &shutdown->waiting_);
    return first;
}

void bide_shutdown_hurry(bide_shutdown *shutdown)
{
    __atomic_fetch_add(&shutdown->hurries_, 1, __ATOMIC_RELAXED);
}

void bide_shutdown_helper_enter(bide_shutdown *shutdown)
{
    __atomic_fetch_add(&shutdown->helpers_, 1, __ATOMIC_RELAXED);
}

void bide_shutdown_helper_leave(bide_shutdown *shutdown)
{
    __atomic_fetch_sub(&shutdown->helpers_, 1, __ATOMIC_RELAXED);
}

/* ---- wait ---- */

struct wait {
    struct bide_frame h;
    bide_shutdown *shutdown;
    struct bide__sleeper s;
};

static enum bide_poll wait_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;
    bide_shutdown *s = f->shutdown;

    if (h->state == 0) {
        f->s.is_listed = f->s.is_done = false;
        h->state = BIDE__BEGUN;
        if (bide_shutdown_begun(s))
            return bide_budget_spend(cx) ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
    }
    bool done = sleeper_poll(cx, &s->lock_, &s->waiting_, &f->s, has_begun, s);
    return done ? bide__leaf_finish(cx, h, 0) : bide_frame_suspend(cx, h);
}

static enum bide_answer wait_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct wait *f = (struct wait *)(void *)h;

    return sleeper_leave(cx, &f->shutdown->lock_, &f->shutdown->waiting_, &f->s);
}

BIDE__LEAF(int, bide_shutdown_wait, struct wait, wait_poll, wait_cancel,
           (bide_shutdown *, shutdown));
