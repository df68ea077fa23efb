/*
 * close.c: the end of a handle: a leaf in plain C.
 *
 * A close must not fail: who calls it has nothing else that it could do. So it needs no memory but
 * its frame, and for that the handle has a reserve since it was opened. The leaf waits for its
 * turn, then has the pool close the connection; each is the runtime's or the library's own future,
 * on a chain in the frame. A request to cancel, forced or not, only waits.
 */
#include "lib/leaf.h"

#include "internal.h"

#include <assert.h>

extern const struct bide_fn bide__desc_bide_channel_reserve;

enum { WAITS_FOR_TURN = BIDE__BEGUN, CLOSES, CLOSED, ROOM = 256, ROOM_ALIGN = 16 };

struct closing {
    struct bide_frame h;
    bide_sql *db;
    struct bide__sql_work work;
    struct bide_job job;
    struct bide_chain chain;
    char room[ROOM + ROOM_ALIGN];
};

size_t bide__sql_close_frame_size(void)
{
    return sizeof(struct closing);
}

/* On the pool's thread. */
static void run_close(struct bide_job *job)
{
    struct closing *f = (struct closing *)(void *)((char *)job - offsetof(struct closing, job));
    f->work.result = f->work.run(&f->work);
}

/* Puts fn on the chain, with one pointer as its argument. */
static void begin(struct bide_cx *cx, struct closing *f, const struct bide_fn *fn, void *argument)
{
    size_t pad = (size_t)(-(uintptr_t)f->room & (ROOM_ALIGN - 1));
    bide_chain_init(&f->chain, f->room + pad, ROOM, NULL);
    f->chain.branch = cx->chain->branch;
    void **place = bide_chain_begin(&f->chain, fn);
    assert(place != NULL);
    *place = argument;
}

static bool has_ended(struct bide_cx *cx, struct closing *f)
{
    struct bide_cx sub = *cx;
    sub.chain = &f->chain;
    sub.depth++;
    return bide_chain_poll(&sub) == BIDE_READY;
}

static void free_handle(struct closing *f)
{
    bide__sql_free_handle(f->db);
    f->h.state = CLOSED;
}

/* Goes as far as it goes. True: the handle is closed and freed. */
static bool advance(struct bide_cx *cx, struct closing *f)
{
    if (f->h.state == WAITS_FOR_TURN && has_ended(cx, f)) {
        f->work = (struct bide__sql_work){.run = bide__sql_close, .db = f->db};
        f->job = (struct bide_job){.run = run_close};
        begin(cx, f, &bide__desc_bide_blocking, &f->job);
        f->h.state = CLOSES;
    }
    if (f->h.state == CLOSES && has_ended(cx, f))
        free_handle(f);
    return f->h.state == CLOSED;
}

static enum bide_poll close_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct closing *f = (struct closing *)(void *)h;
    if (h->state == 0) {
        h->state = f->db == NULL ? CLOSED : WAITS_FOR_TURN;
        if (f->db != NULL)
            begin(cx, f, &bide__desc_bide_channel_reserve, f->db->turn);
    }
    return advance(cx, f) ? bide__leaf_finish(cx, h, (int)0) : bide_frame_suspend(cx, h);
}

static enum bide_answer close_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    return advance(cx, (struct closing *)(void *)h) ? BIDE_COMPLETED : BIDE_WAIT;
}

#define LEND (if (db != NULL) { bide__reserve_lend(cx_, &db->close_memory); })

BIDE__LEAF_MAKE(int, bide_sql_close, struct closing, close_poll, close_cancel, (bide_sql * db),
                (db), (bide_sql * db;), (f_->db = db;), (f_->db = a_->db;), LEND);
