/*
 * life.c: the life of a call, from its first poll until its result is taken, and a handle's memory.
 * life.h has the table of states and events; bide__sql_happens makes every transition.
 *
 *             event      what is done
 *   FRESH     BEGUN      it is put on the list, and its job given to the pool
 *             ENTERED    it is put on the list
 *             CANCELLED  nothing: it had not begun
 *   QUEUED    NEXT       a message to its runtime
 *             CANCELLED  it is taken off the list
 *   CALLED    STARTED    its job is given to the pool
 *             CANCELLED  nothing; the next STARTED ends it
 *   AT_WORK   LOCKED     its timer is armed
 *             FINISHED   it is taken off the list, the next call gets the turn, the leaf is woken
 *             WITHDRAWN  it is taken off the list, and the next call gets the turn
 *             CANCELLED  it is marked and interrupted
 *   PAUSED    EXPIRED    its job is given to the pool again
 *             WITHDRAWN  like WITHDRAWN in AT_WORK
 *             CANCELLED  nothing: the timer has fired, and the message about that ends it
 *   STOPPING  STARTED, LOCKED, EXPIRED, FINISHED, STOPPED
 *                        like FINISHED in AT_WORK
 *             CANCELLED  nothing: it was asked before
 *   DONE      TAKEN      the text of an error goes to the handle
 *             CANCELLED  nothing: the leaf answers BIDE_COMPLETED
 *   UNDONE    CANCELLED  nothing: the leaf answers BIDE_CANCELLED
 *
 * Nothing else can happen: a leaf that was asked to cancel is asked again at each poll, and the end
 * of a job or of a pause is reported once.
 *
 * Threads. A job ends on the pool's thread, whose wake of the handle becomes a message to the
 * runtime of the call. A turn passes to the next call by a message too. If no pool thread is
 * available, or the call has no runtime, whoever makes the transition runs the job at once; such
 * turns follow one another in a loop. Without a runtime there is no timer, and so no waiting for a
 * lock.
 *
 * With several workers messages are read by any of them, while another one polls the leaf. So
 * what a transition begins (a job, a pause) begins under the lock that the transition is made
 * under. A timer wakes under the lock of its wheel, which is taken inside the handle's. So the end
 * of a pause is a message there, too, and comes even if the leaf is asked to cancel meanwhile.
 *
 * Once its close has ended, the handle is freed with the last call that is not GONE: the result of
 * a call that nobody drives may be taken after the close.
 */
#include "internal.h"

#include <stdatomic.h>
#include <stddef.h>

#include "lib/sync/wait.h"
#include "runtime/worker.h"

enum { PAUSE_MS_MIN = 1, PAUSE_MS_MAX = 64 };

/* ---- what wakes a handle ---- */

enum { OF_JOB, OF_PAUSE }; /* as branch numbers */

static bide_sql *handle_of(struct bide_wakeable *self)
{
    return (bide_sql *)(void *)((char *)self - offsetof(bide_sql, self));
}

/* The event by which the job of the first call ended. */
static enum bide__sql_event end_of_job(const struct bide__sql_call *call)
{
    if (call->result == -ECANCELED)
        return BIDE__SQL_STOPPED;
    bool again = call->result == -EBUSY && call->runtime != NULL && bide__clock_ns() < call->end_ns;
    return again ? BIDE__SQL_LOCKED : BIDE__SQL_FINISHED;
}

/* These three are messages, on the thread of the first call's runtime. */
static void job_has_ended(struct bide__post *post)
{
    bide_sql *db = (bide_sql *)(void *)((char *)post - offsetof(bide_sql, post));
    bide__sql_happens(db->working, end_of_job(db->working));
}

static void turn_has_come(struct bide__post *post)
{
    bide_sql *db = (bide_sql *)(void *)((char *)post - offsetof(bide_sql, post));
    bide__sql_happens(db->working, BIDE__SQL_STARTED);
}

static void pause_is_over(struct bide__post *post)
{
    bide_sql *db = (bide_sql *)(void *)((char *)post - offsetof(bide_sql, post));
    bide__sql_happens(db->working, BIDE__SQL_EXPIRED);
}

static void post(bide_sql *db, void (*run)(struct bide__post *))
{
    db->post.run = run;
    bide__runtime_post(db->working->runtime, &db->post);
}

/* For the job, called on the pool's thread, and the handle may be freed right after; for the pause,
 * called on the runtime's thread. */
static void handle_wake(struct bide_wakeable *self, unsigned branch)
{
    bide_sql *db = handle_of(self);
    if (branch == OF_JOB)
        post(db, job_has_ended);
    else if (db->working->runtime->multi)
        post(db, pause_is_over);
    else
        bide__sql_happens(db->working, BIDE__SQL_EXPIRED);
}

/* References are not counted: neither the job nor the pause outlives the turn of a call. */
static void handle_reference(struct bide_wakeable *self)
{
    (void)self;
}

static const struct bide_waker_vtable vtable = {handle_reference, handle_wake, handle_wake,
                                                handle_reference};

/* ---- a handle's memory ---- */

static void free_handle(bide_sql *db)
{
    bide__reserve_free(db->close_memory);
    bide__free(db, sizeof *db);
}

bide_sql *bide__sql_handle_new(const bide_sql_options *options)
{
    bide_sql *db = bide__door.alloc(sizeof *db, _Alignof(bide_sql));
    if (db == NULL)
        return NULL;
    *db = (bide_sql){.self.vtable = &vtable};
    if (options != NULL)
        db->options = *options;
    if (db->options.busy_timeout.ns == 0)
        db->options.busy_timeout = BIDE_S(5);
    if (db->options.rows_max_bytes == 0)
        db->options.rows_max_bytes = (size_t)64 << 20;
    db->close_memory = bide__reserve_new(bide__sql_close_frame_size());
    if (db->close_memory == NULL) {
        free_handle(db);
        return NULL;
    }
    return db;
}

/* ---- the job and the pause ---- */

/* Called on the pool's thread, or where there is none. */
static void run_job(struct bide_job *job)
{
    bide_sql *db = (bide_sql *)(void *)((char *)job - offsetof(bide_sql, job));
    db->working->result = db->working->run(db->working);
}

/* With the lock: gives the job to the pool. If that has no thread for it, whoever made the
 * transition runs it. */
static void give_job(struct bide__sql_call *call)
{
    bide_sql *db = call->db;
    db->job = (struct bide_job){.run = run_job};
    db->on_pool = call->runtime != NULL &&
                  bide__job_submit(call->runtime, &db->job, bide_waker_make(&db->self, OF_JOB));
}

/* With the lock. True: nothing of the call is under way any more. */
static bool withdraw(struct bide__sql_call *call)
{
    bide_sql *db = call->db;
    if (call->closes)
        return false;
    if (call->state == BIDE__SQL_PAUSED)
        return bide__timer_disarm(db->wheel, &db->pause);
    return call->state == BIDE__SQL_AT_WORK && db->on_pool && bide__job_take_back(&db->job);
}

static void arm_pause(struct bide__sql_call *call)
{
    bide_sql *db = call->db;
    db->wheel = bide__wheel_of(call->runtime);
    bide__timer_arm(db->wheel, &db->pause, bide__deadline(BIDE_MS(call->pause_ms)),
                    bide_waker_make(&db->self, OF_PAUSE));
    if (call->pause_ms < PAUSE_MS_MAX)
        call->pause_ms *= 2;
}

static void begin_turn(struct bide__sql_call *call)
{
    call->pause_ms = PAUSE_MS_MIN;
    call->end_ns = bide__deadline(call->db->options.busy_timeout);
}

/* ---- with the lock ---- */

static void append(bide_sql *db, struct bide__sql_call *call)
{
    call->next = NULL;
    call->previous = db->last;
    *(db->last != NULL ? &db->last->next : &db->first) = call;
    db->last = call;
    db->calls++;
}

static void unlink_call(bide_sql *db, struct bide__sql_call *call)
{
    *(call->previous != NULL ? &call->previous->next : &db->first) = call->next;
    *(call->next != NULL ? &call->next->previous : &db->last) = call->previous;
}

/* Called with the lock held, so that it does not hit a later call. */
static void stop_job(struct bide__sql_call *call)
{
    __atomic_store_n(&call->cancelled, true, __ATOMIC_RELEASE);
    if (call->interruptible && call->db->connection != NULL)
        sqlite3_interrupt(call->db->connection);
}

static bool is_listed(enum bide__sql_state state)
{
    return state > BIDE__SQL_FRESH && state < BIDE__SQL_DONE;
}

/* ---- the transition ---- */

struct change {
    enum bide__sql_state before, after;
    struct bide__sql_call *next; /* the call that gets the turn; NULL: none */
    bide_waker waker;            /* of a call that leaves the list; bits 0: none */
    bool here;                   /* the job must be run on this thread */
    bool last;                   /* the handle must be freed */
};

#ifdef BIDE_CHECK_STATES
_Atomic(bool) bide__sql_seen[BIDE__SQL_STATES][BIDE__SQL_EVENTS];
#endif

static void note_pair(enum bide__sql_state state, enum bide__sql_event event)
{
#ifdef BIDE_CHECK_STATES
    atomic_store_explicit(&bide__sql_seen[state][event], true, memory_order_relaxed);
#else
    (void)state, (void)event;
#endif
}

static enum bide__sql_state next_state(enum bide__sql_state before, enum bide__sql_event event)
{
    int after = bide__sql_next(before, event);
    if (after < 0)
        __builtin_trap();
    note_pair(before, event);
    return (enum bide__sql_state)after;
}

/* Called with the lock held: what the call begins in its new state. */
static void begin_state(struct bide__sql_call *call, struct change *c)
{
    if (c->after == BIDE__SQL_PAUSED)
        arm_pause(call);
    if (c->after != BIDE__SQL_AT_WORK)
        return;
    if (c->before != BIDE__SQL_PAUSED)
        begin_turn(call);
    give_job(call);
    c->here = !call->db->on_pool;
}

/* Called with the lock held: everything that must be done before another call may have the turn. */
static struct change change(bide_sql *db, struct bide__sql_call *call, enum bide__sql_event event)
{
    if (event == BIDE__SQL_BEGUN && db->first != NULL)
        event = BIDE__SQL_ENTERED;
    if (event == BIDE__SQL_CANCELLED && withdraw(call))
        event = BIDE__SQL_WITHDRAWN;
    struct change c = {.before = call->state, .after = next_state(call->state, event)};
    call->state = c.after;
    if (!is_listed(c.before) && is_listed(c.after))
        append(db, call);
    if (is_listed(c.before) && !is_listed(c.after)) {
        unlink_call(db, call);
        c.waker = call->waker;
        db->closed |= call->closes;
    }
    if (c.before == BIDE__SQL_AT_WORK && c.after == BIDE__SQL_STOPPING)
        stop_job(call);
    if (event == BIDE__SQL_TAKEN && call->result < 0)
        memcpy(db->error, call->error, sizeof call->error);
    if (bide__sql_has_turn(c.before) && !bide__sql_has_turn(c.after) && db->first != NULL) {
        c.next = db->first;
        c.next->state = next_state(c.next->state, BIDE__SQL_NEXT);
    }
    if (c.after == BIDE__SQL_GONE && c.before != BIDE__SQL_FRESH)
        c.last = --db->calls == 0 && db->closed;
    if (c.next != NULL || event == BIDE__SQL_BEGUN)
        db->working = db->first;
    if (c.after != c.before)
        begin_state(call, &c);
    return c;
}

/* Makes one transition. Returns the call whose turn must begin on this thread at once, or NULL.
 * *here: the call's job must be run on this thread. */
static struct bide__sql_call *step(struct bide__sql_call *call, enum bide__sql_event event,
                                   enum bide__sql_state *after, bool *here)
{
    bide_sql *db = call->db;
    lock_take(&db->lock);
    struct change c = change(db, call, event);
    lock_give(&db->lock);

    *after = c.after;
    *here = c.here;
    if (c.waker.bits != 0 && c.after == BIDE__SQL_GONE)
        bide_waker_drop(c.waker);
    else if (c.waker.bits != 0)
        bide_waker_wake(c.waker); /* this may wake another thread, so the call may be gone now */
    if (c.next != NULL && c.next->runtime != NULL) {
        post(db, turn_has_come);
        c.next = NULL;
    }
    if (c.last)
        free_handle(db);
    return c.next;
}

enum bide__sql_state bide__sql_happens(struct bide__sql_call *call, enum bide__sql_event event)
{
    enum bide__sql_state first, after;
    bool here;
    struct bide__sql_call *next = step(call, event, &first, &here);
    for (after = first;; next = step(call, event, &after, &here)) {
        if (here) {
            run_job(&call->db->job);
            event = end_of_job(call);
        } else if (next != NULL) {
            call = next;
            event = BIDE__SQL_STARTED;
        } else {
            return first;
        }
    }
}

/* ---- what its leaf does ---- */

void bide__sql_begin(struct bide__sql_call *call, bide_waker waker)
{
    call->runtime = bide__runtime_running();
    call->waker = bide_waker_clone(waker);
    bide__sql_happens(call, BIDE__SQL_BEGUN);
}

/* Returns the call's state. `waker` becomes the call's waker; NULL: it keeps its own. */
static enum bide__sql_state look(struct bide__sql_call *call, const bide_waker *waker)
{
    bide_waker unused = {0};
    lock_take(&call->db->lock);
    enum bide__sql_state state = call->state;
    if (waker != NULL && is_listed(state) && call->waker.bits != waker->bits) {
        unused = call->waker;
        call->waker = bide_waker_clone(*waker);
    }
    lock_give(&call->db->lock);
    if (unused.bits != 0)
        bide_waker_drop(unused);
    return state;
}

bool bide__sql_take(struct bide__sql_call *call, bide_waker waker)
{
    if (look(call, &waker) != BIDE__SQL_DONE)
        return false;
    bide__sql_happens(call, BIDE__SQL_TAKEN);
    return true;
}

enum bide_answer bide__sql_cancel(struct bide__sql_call *call)
{
    enum bide__sql_state state = look(call, NULL);
    if (call->closes)
        return state == BIDE__SQL_DONE ? BIDE_COMPLETED : BIDE_WAIT;
    switch (bide__sql_happens(call, BIDE__SQL_CANCELLED)) {
    case BIDE__SQL_GONE: return BIDE_CANCELLED;
    case BIDE__SQL_DONE: return BIDE_COMPLETED;
    default: return BIDE_WAIT;
    }
}
