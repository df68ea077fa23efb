/*
 * bide/core.h: futures, wakers, chains and frames.
 *
 * This is the contract between three parties: the code that `bide cc` generates, futures written by
 * hand, and executors. It is freestanding C11: it needs no heap, no operating system and no
 * threads.
 *
 * A *future* is one activation of an async function: a frame on a chain. A *chain* is a stack of
 * frames, each awaiting the one above it. The topmost frame is the *leaf*, and only the leaf waits
 * for something from outside. A *task* (the executor's notion) owns one chain; each branch of a
 * join or select has a chain of its own inside its task. A frame never moves.
 *
 * To await is to call: the first poll of a callee is a direct call of its start function, which
 * pushes its frame. A leaf that cannot go on records itself in the chain, and every caller returns
 * BIDE_PENDING. A wake polls the leaf, and a loop (bide_chain_poll) lets each finished frame hand
 * over to its parent, so a wake costs the same at any depth.
 *
 * Cancellation is unwinding. A request (bide_chain_cancel) is delivered only to a suspended leaf,
 * which answers that it was cancelled, that it had already completed, or that it cannot tell yet.
 * After BIDE_CANCELLED the chain unwinds: each frame runs its deferred blocks and is popped.
 * Deferred blocks may await; they are shielded: no request reaches a leaf that a deferred block
 * awaits.
 *
 * Threads: a chain and its frames belong to whoever polls them, one thread at a time. Only the
 * waker functions may be called from any thread at any time.
 */
#ifndef BIDE_CORE_H
#define BIDE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
#error "bide/core.h is for C; C++ includes bide/lang.h"
#endif

/* An enum that is the size of an int even with -fshort-enums. */
#define BIDE__INT_ENUM __attribute__((__mode__(__SI__)))

/* The result of a poll. A poll that returns BIDE_PENDING has arranged for a wake. */
typedef enum bide_poll { BIDE_PENDING, BIDE_READY } BIDE__INT_ENUM bide_poll;

/* A leaf's answer to a request to cancel. */
typedef enum bide_answer {
    BIDE_WAIT,      /* cannot tell yet (the kernel owns the operation); asked again when woken */
    BIDE_CANCELLED, /* nothing happened and nothing will; the chain unwinds */
    BIDE_COMPLETED, /* it had already happened: the leaf is polled and returns its result */
} BIDE__INT_ENUM bide_answer;

/* What this header is about, by section. */
typedef struct bide_wakeable bide_wakeable;
typedef struct bide_waker_vtable bide_waker_vtable;
typedef struct bide_callee bide_callee;
typedef struct bide_bound bide_bound;
typedef struct bide_fn_info bide_fn_info;
typedef struct bide_fn bide_fn;
typedef struct bide_frame bide_frame;
typedef struct bide_segment bide_segment;
typedef struct bide_chain bide_chain;
typedef struct bide_memory bide_memory;
typedef struct bide_turn bide_turn;
typedef struct bide_cx bide_cx;

/* ---- wakers ---- */

/*
 * What a waker refers to: the first member of every task. It is 32-byte aligned, so that a waker
 * packs the reference and a branch number into one word. `state` and `next` belong to the executor.
 * `branches` belongs to the core and is touched only while the task is polled. `woken` has a bit
 * for each branch woken since the last poll (bit 0: the task itself).
 */
struct bide_wakeable {
    _Alignas(32) const bide_waker_vtable *vtable;
    uint32_t branches;
    _Atomic uint32_t woken;
    _Atomic uintptr_t state;
    void *next;
};

enum { BIDE_BRANCHES = 32 }; /* each of the ids 2 to 30 has one branch; see core/group.c */

/* All four may be called from any thread, even after the task has ended. */
struct bide_waker_vtable {
    void (*clone)(bide_wakeable *);
    void (*wake)(bide_wakeable *, unsigned branch); /* wakes, and drops the reference */
    void (*wake_by_ref)(bide_wakeable *, unsigned branch);
    void (*drop)(bide_wakeable *);
};

/*
 * A waker: one word that says whom to wake. The waker in a `bide_cx` is borrowed. It is
 * valid while the poll lasts; a leaf of the task may use it until the leaf has finished or was
 * cancelled, since the task stays alive until then. To keep a waker longer, or to wake from another
 * thread, clone it, and later drop it or consume it with bide_waker_wake.
 */
typedef struct bide_waker {
    uintptr_t bits;
} bide_waker;

/* Makes a waker for a branch of a task (0: the task itself). It holds no reference. */
static __inline__ bide_waker bide_waker_make(bide_wakeable *task, unsigned branch)
{
    return (bide_waker){(uintptr_t)task | branch};
}

/* The task that it wakes. */
static __inline__ bide_wakeable *bide_waker_task(bide_waker w)
{
    return (bide_wakeable *)(w.bits & ~(uintptr_t)(BIDE_BRANCHES - 1));
}

/* The branch that it wakes. */
static __inline__ unsigned bide_waker_branch(bide_waker w)
{
    return (unsigned)(w.bits & (BIDE_BRANCHES - 1));
}

/* Returns w, which now holds a reference of its own. */
static __inline__ bide_waker bide_waker_clone(bide_waker w)
{
    bide_wakeable *t = bide_waker_task(w);
    t->vtable->clone(t);
    return w;
}

/* Wakes the task and drops the reference. */
static __inline__ void bide_waker_wake(bide_waker w)
{
    bide_wakeable *t = bide_waker_task(w);
    t->vtable->wake(t, bide_waker_branch(w));
}

/* Wakes the task; the reference stays with the caller. */
static __inline__ void bide_waker_wake_by_ref(bide_waker w)
{
    bide_wakeable *t = bide_waker_task(w);
    t->vtable->wake_by_ref(t, bide_waker_branch(w));
}

/* Drops the reference without a wake. */
static __inline__ void bide_waker_drop(bide_waker w)
{
    bide_wakeable *t = bide_waker_task(w);
    t->vtable->drop(t);
}

/* ---- descriptors ---- */

enum {
    BIDE_FN_VERSION = 3,
    BIDE_FN_UNWINDS = 1,         /* has something to undo: it is polled while its chain unwinds */
    BIDE_FN_RESULT_SIGNED = 2,   /* the result is a signed integer, so it can carry an error */
    BIDE_FN_CANCEL_RETURNS = 4,  /* with UNWINDS: when polled then, it runs to its own end; see
                                    bide__refused */
    BIDE_FN_FORWARDS = 8,        /* its start function starts a callee in its place, without a
                                    frame */
    BIDE_FN_RESULT_ALIGNED = 16, /* the result slot is aligned like the frame; otherwise as its size
                                    allows, to 64 at most */
    BIDE_FN_AWAITS = 32,         /* not a leaf: bide_frame_pause may suspend it */
    BIDE_FN_THREAD_BOUND = 64,   /* it holds a value of one thread across an await */
    BIDE_FN_THREAD_PASSED = 128, /* an argument or the result belongs to one thread: it must not be
                                    a task that begins on another thread than that of its caller */
};

/* A function that an async function may await. The callees of one join or select share a group > 0
 * and are on the chain at the same time; callees of group 0 follow one another. Those of
 * BIDE_GROUP_UNKNOWN take room that no descriptor tells. */
struct bide_callee {
    const bide_fn *fn;
    uint32_t group;
};
#define BIDE_GROUP_UNKNOWN UINT32_MAX

/* A value that belongs to one thread. `type` is as C writes it. */
struct bide_bound {
    const char *name; /* of the variable, or the expression; of the function if it is its result */
    const char *type;
    uint32_t line;       /* of its declaration */
    uint32_t await_line; /* of the await over which it is held; 0: an argument or the result */
};

/* What backtraces, dumps and the reserve need to know about a function. Running it never reads
 * this. */
struct bide_fn_info {
    const char *name;
    const char *file;
    const uint32_t *lines; /* the line of each suspension point, indexed by state without
                              BIDE_SHIELDED */
    const bide_callee *callees;
    uint32_t *need; /* caches the searches of bide_fn_room and core/bound.h, 0 at first; NULL: there
                       are no callees */
    uint32_t line;  /* of the definition */
    uint16_t line_count;
    uint16_t callee_count;
    const bide_bound *bound; /* with BIDE_FN_THREAD_BOUND, _PASSED or both: one for each, in
                                       this order. Without them this member may be missing */
};

/*
 * The constant descriptor of an async function or leaf. Its size is fixed for ever, so that an
 * executable may hold a copy of a shared object's descriptor. Only leaves have `cancel`.
 */
struct bide_fn {
    void (*blocking)(void); /* the function's plain symbol, which blocks; may be NULL */
    void (*start)(void);    /* bide__start_NAME, to be cast to its type */
    bide_poll (*poll)(bide_cx *, bide_frame *);
    bide_answer (*cancel)(bide_cx *, bide_frame *);
    const bide_fn_info *info;
    uint32_t frame_size;
    uint32_t args_size; /* of the argument block that a deferred start finds above its frame */
    uint32_t result_size;
    uint8_t frame_align_log2;
    uint8_t args_align_log2;
    uint8_t flags;
    uint8_t version; /* BIDE_FN_VERSION */
    /* Drops what a call owns that does not come to its end: the owners among the arguments of one
     * that never begins (`result` is NULL), or the result of one that has returned, if that is an
     * owner and nobody takes it (`args` is NULL). NULL: there are no owners. */
    void (*release)(const void *args, const void *result);
};

/* ---- frames and chains ---- */

enum {
    BIDE_SHIELDED = 0x40000000, /* in `state`: suspended inside a deferred block */
    BIDE_FRAME_UNIT = 8,        /* frames are rounded up to this */
    BIDE_ALIGN_MAX = 4096,      /* of frames, arguments and results */
    BIDE_NEST_MAX = 64,         /* how deep first polls may nest on the C stack */
    BIDE_RESERVE_MAX = 512,     /* the most room above the first frame that a chain gets at once */
    BIDE_NEAR_MAX = 65528,      /* a larger frame is the last in its memory, so that offsets fit */
    BIDE_LEVELS = 16,           /* shield levels that can unwind; at deeper levels awaits return
                                   errors */
};

/*
 * The header of every frame. `parent` is the distance to the awaiting frame in units of 8 bytes,
 * and `result` the distance in bytes from the awaiting frame to the result slot. 0 in `parent`
 * marks the first frame of a segment or chain; then the segment's header, or the chain, has both as
 * pointers.
 */
struct bide_frame {
    const bide_fn *fn;
    uint32_t state; /* 0: not begun */
    uint16_t parent;
    uint16_t result;
};

/*
 * Where a chain's own memory ends and where the result of its first frame goes, as distances from
 * the chain. If either is more than 2 GiB, both are pointers at the beginning of that memory
 * (BIDE_CHAIN_FAR). The same is done for a chain with a value of its own (core/ambient.h). While
 * the chain has segments, this points to the last segment (BIDE_CHAIN_SEGMENT).
 */
union bide__place {
    struct {
        int32_t end, result; /* result 0: no result */
    } near;
    struct bide__far {
        char *end;
        void *result;
        struct bide__ambient *ambient; /* NULL: no value, only far */
    } * far;
    bide_segment *segment;
};

/* More memory for a chain that has outgrown its own. The frames follow the header. */
struct bide_segment {
    bide_segment *previous; /* NULL: the chain's own memory */
    char *previous_top;
    union bide__place own; /* the chain's `place`, kept here while it has segments */
    bide_frame *parent;    /* of the first frame, and its result slot */
    void *result;
    size_t size; /* of the whole segment */
};

enum {
    BIDE_CHAIN_CANCEL = 1, /* a request to cancel is waiting */
    BIDE_CHAIN_RUN = 2,    /* the leaf is not suspended: poll it at once */
    BIDE_CHAIN_FORCE = 4,  /* the request goes to shielded leaves too */
    BIDE_CHAIN_LIVE = 8,   /* has a frame */
    BIDE_CHAIN_OUT = 16,   /* a branch left out of its group: it never begins */
    BIDE_CHAIN_SEGMENT = 32,
    BIDE_CHAIN_FAR = 64,
    BIDE_CHAIN_DUE =
        128, /* a branch to poll without a wake: it has a request, or its start was deferred */
};

/* The extra bytes a room needs if it, or the result slot, is more than 2 GiB from the chain. */
enum { BIDE_FAR_SIZE = sizeof(struct bide__far) };

struct bide_chain {
    bide_frame *leaf; /* the top frame, which the next wake polls; NULL while the chain is
                                being polled. In an empty chain: where its first frame goes */
    union bide__place place;
    uint32_t ids;         /* branch ids used by the group that the chain waits for */
    uint16_t shield;      /* how many deferred blocks are running, one inside another */
    int16_t request;      /* the reason given with the request to cancel: a negative errno */
    int16_t error;        /* why the chain unwinds at level 0 */
    int16_t shield_error; /* why it unwinds, or last unwound, at a higher level */
    uint16_t unwinding;   /* bit s: unwinding at shield level s */
    uint8_t flags;        /* next to `unwinding`: a poll looks at both at once */
    uint8_t branch;       /* its own branch id; 0: the task's main chain */
};

/* The last segment; NULL if the chain has none. */
static __inline__ bide_segment *bide_chain_segment(const bide_chain *chain)
{
    return chain->flags & BIDE_CHAIN_SEGMENT ? chain->place.segment : NULL;
}

/*
 * Where chains get segments, aligned to 16 bytes. *size is the least that is needed and then the
 * size of the segment. segment_new returns NULL if there is no memory. A segment is freed with its
 * size, through the memory of the turn that is running then.
 */
struct bide_memory {
    void *(*segment_new)(size_t *size);
    void (*segment_free)(void *segment, size_t size);
};

/*
 * One poll of a task, shared by all its branches. An executor may use one struct for all its turns:
 * it sets `woken` and `budget` before each turn and leaves `seed` alone.
 */
struct bide_turn {
    const bide_memory *memory; /* NULL: chains get no segments (static tasks) */
    bide_segment *spare;       /* one empty segment, kept until the turn ends */
    uint32_t woken;            /* branches to poll; all ones: poll everything */
    uint32_t budget;           /* operations left before leaves must let others run */
    uint32_t seed;             /* for the random start of selects; any value */
    /* Asked before a function that is called through a pointer begins. True: it must not, because
     * the task may continue on another thread; then its await returns -EPERM. NULL: all may. */
    bool (*refuses)(const bide_fn *fn);
};

/* The context of a poll. */
struct bide_cx {
    bide_chain *chain;
    char *top, *end;  /* the next frame goes at top; bide_chain_poll sets both */
    bide_waker waker; /* borrowed; wakes only this chain */
    bide_turn *turn;
    uint32_t depth;   /* how deep first polls and groups nest on the C stack; 0 for a task */
    uint64_t nowhere; /* takes a result that has no slot */
};

/* ---- for executors ---- */

/*
 * Makes an empty chain that puts its first frames into the `size` bytes at `room`, which is aligned
 * to BIDE_FRAME_UNIT. `result` is where the first frame's result will go. It may be NULL if there
 * is no result, or if nobody wants it and it has at most 8 bytes, without BIDE_FN_RESULT_ALIGNED;
 * then the result is in cx->nowhere when the last poll has returned. The chain must not move from
 * now on. If room or result is more than 2 GiB away from it, BIDE_FAR_SIZE bytes of the room are
 * used up; the room must be at least that large.
 */
void bide_chain_init(bide_chain *chain, void *room, size_t size, void *result);

/*
 * Puts a frame for `fn` on an empty chain; it begins when the chain is first polled. Returns the
 * block for its arguments (fn->args_size bytes), which the caller fills in before that poll, or
 * NULL if the chain's room is too small (it needs bide_fn_room(fn) bytes). Never allocates.
 */
void *bide_chain_begin(bide_chain *chain, const bide_fn *fn);

/*
 * Polls the chain's leaf and then each parent whose callee has finished, until one suspends.
 * BIDE_READY means that the chain is empty; bide_chain_error tells how it ended, and the chain must
 * not be polled again.
 */
bide_poll bide_chain_poll(bide_cx *cx);

/* Must be called after every turn: frees the segment that was kept. */
void bide_turn_end(bide_turn *turn);

/*
 * Asks the chain to cancel, with `error` (a negative errno, usually -ECANCELED) as the reason; the
 * reason of the first request stays. The request takes effect at the next poll at which the chain
 * is suspended and not shielded; a function that has not begun runs to its first suspension. With
 * `force`, shielded leaves are asked too, now and later: an await in a deferred block then returns
 * the error (or zeroes, if the result is not a signed integer).
 */
void bide_chain_cancel(bide_chain *chain, int error, bool force);

/* Why the chain ended: 0 if it returned its result, otherwise the negative errno it was unwound
 * with. */
static __inline__ int bide_chain_error(const bide_chain *chain)
{
    return chain->unwinding & 1 ? chain->error : 0;
}

/*
 * The bytes that a chain with fn at its root should have: fn's frame plus, up to BIDE_RESERVE_MAX
 * more, what the deepest path of awaits from it takes. Never less than the frame and the arguments.
 */
size_t bide_fn_room(const bide_fn *fn);

/* Fills in the result of a failed call of `fn`: the error if the result is a signed integer, zero
 * bytes otherwise. */
void bide_fn_fail(const bide_fn *fn, int error, void *result);

/* For backtraces: the awaiting frame below `frame`; NULL at the root. *segment is the segment that
 * holds `frame`: start with the chain's last one; each call updates it. */
bide_frame *bide_frame_below(bide_frame *frame, bide_segment **segment);

/*
 * For dumps: in the join or select whose frame this is, the chain of the first running branch from
 * *index on, and its number in *index. NULL if no such branch is left or the frame is not a
 * group's.
 */
bide_chain *bide_group_branch(bide_frame *frame, unsigned *index);

/* ---- checks ---- */

/*
 * In builds with a sanitizer, or with BIDE_CHECK_FRAMES defined, a fresh frame is filled with 0xA5.
 * Under AddressSanitizer the memory of popped frames is poisoned until it is used again or the
 * chain ends, provided that libbide was built with it too: then libbide defines bide__poisons.
 */
#if defined __has_feature
#if __has_feature(address_sanitizer)
#define BIDE__ASAN 1
#elif __has_feature(thread_sanitizer)
#define BIDE_CHECK_FRAMES 1
#endif
#endif
#if defined __SANITIZE_ADDRESS__ && !defined BIDE__ASAN
#define BIDE__ASAN 1
#endif
#if (defined BIDE__ASAN || defined __SANITIZE_THREAD__) && !defined BIDE_CHECK_FRAMES
#define BIDE_CHECK_FRAMES 1
#endif

#ifdef BIDE__ASAN
extern const char bide__poisons __attribute__((weak));
void __asan_poison_memory_region(const volatile void *, size_t);
void __asan_unpoison_memory_region(const volatile void *, size_t);
#endif

/* The chain's memory from `from` to `to` is about to be used. */
static __inline__ void bide__unpoison(void *from, void *to)
{
    (void)from, (void)to;
#ifdef BIDE__ASAN
    if (&bide__poisons != NULL)
        __asan_unpoison_memory_region(from, (size_t)((char *)to - (char *)from));
#endif
}

/* It is no longer in use. */
static __inline__ void bide__poison(void *from, void *to)
{
    (void)from, (void)to;
#ifdef BIDE__ASAN
    if (&bide__poisons != NULL)
        __asan_poison_memory_region(from, (size_t)((char *)to - (char *)from));
#endif
}

/* It becomes a frame. */
static __inline__ void bide__fresh(void *frame, size_t size)
{
    bide__unpoison(frame, (char *)frame + size);
#ifdef BIDE_CHECK_FRAMES
    __builtin_memset(frame, 0xA5, size);
#endif
}

/* ---- for generated code and futures written by hand ---- */

/* The end of a frame: where the next one goes, unless that needs more alignment than
 * BIDE_FRAME_UNIT. */
static __inline__ char *bide__frame_end(const bide_frame *f)
{
    size_t size =
        ((size_t)f->fn->frame_size + BIDE_FRAME_UNIT - 1) & ~(size_t)(BIDE_FRAME_UNIT - 1);
    return (char *)(uintptr_t)f + size;
}

void *bide__push_slow(bide_cx *cx, size_t size, size_t align, const bide_fn *fn, bide_frame *parent,
                      void *result);
bide_poll bide__finish_slow(bide_cx *cx);

/*
 * Pushes a frame of fn->frame_size bytes; callers pass it as `size` because to them it is a
 * constant. `parent` is the awaiting frame, the top frame of its chain, or NULL for the first frame
 * of the chain; then cx->top and cx->end are NULL. `result` is a slot inside `parent`; it may be
 * NULL if nobody wants the result, which then must be at most 8 bytes and without
 * BIDE_FN_RESULT_ALIGNED. Only the frame's header is set. Returns NULL if there is no memory; then
 * the chain has begun to unwind with -ENOMEM, and the start function returns BIDE_PENDING.
 */
static __inline__ void *bide_frame_push(bide_cx *cx, size_t size, const bide_fn *fn,
                                        bide_frame *parent, void *result)
{
    size = (size + BIDE_FRAME_UNIT - 1) & ~(size_t)(BIDE_FRAME_UNIT - 1);
    if (__builtin_expect(size > (size_t)(cx->end - cx->top), 0) || size > BIDE_NEAR_MAX)
        return bide__push_slow(cx, size, BIDE_FRAME_UNIT, fn, parent, result);
    bide_frame *f = (bide_frame *)(void *)cx->top;
    cx->top += size;
    bide__fresh(f, size);
    f->fn = fn;
    f->state = 0;
    f->parent = (uint16_t)((size_t)((char *)f - (char *)parent) / BIDE_FRAME_UNIT);
    f->result = (uint16_t)(result ? (char *)result - (char *)parent : 0);
    return f;
}

/* The same for a frame that needs more alignment than 8. */
static __inline__ void *bide_frame_push_aligned(bide_cx *cx, size_t size, size_t align,
                                                const bide_fn *fn, bide_frame *parent, void *result)
{
    size_t pad = (size_t)(-(uintptr_t)cx->top & (align - 1));
    size = (size + BIDE_FRAME_UNIT - 1) & ~(size_t)(BIDE_FRAME_UNIT - 1);
    if (__builtin_expect(size + pad > (size_t)(cx->end - cx->top), 0) || size > BIDE_NEAR_MAX)
        return bide__push_slow(cx, size, align, fn, parent, result);
    cx->top += pad;
    return bide_frame_push(cx, size, fn, parent, result);
}

/* The result slot of the first frame of a segment, or of the chain. */
static __inline__ void *bide__first_slot(const bide_chain *c)
{
    if (__builtin_expect(c->flags & (BIDE_CHAIN_SEGMENT | BIDE_CHAIN_FAR), 0))
        return c->flags & BIDE_CHAIN_SEGMENT ? c->place.segment->result : c->place.far->result;
    return c->place.near.result != 0 ? (char *)(uintptr_t)c + c->place.near.result : NULL;
}

/* The result slot of the top frame; NULL if nobody wants the result. */
static __inline__ void *bide__slot(const bide_cx *cx, bide_frame *f)
{
    if (__builtin_expect(f->result != 0, 1))
        return (char *)f - (size_t)f->parent * BIDE_FRAME_UNIT + f->result;
    if (f->parent != 0)
        return NULL;
    return bide__first_slot(cx->chain);
}

/* Where the result of the top frame goes; never NULL: an unwanted result goes to the context. Write
 * the result before bide_frame_finish. */
static __inline__ void *bide_frame_result(bide_cx *cx, bide_frame *f)
{
    void *slot = bide__slot(cx, f);
    return __builtin_expect(slot != NULL, 1) ? slot : &cx->nowhere;
}

/* Pops the top frame. Its poll must return what this returns. */
static __inline__ bide_poll bide_frame_finish(bide_cx *cx, bide_frame *f)
{
    bool is_first = f->parent == 0;
    bide__poison(f, cx->top);
    cx->top = (char *)f;
    if (__builtin_expect(is_first, 0))
        return bide__finish_slow(cx);
    return BIDE_READY;
}

/* The start function of a leaf that is ready at once needs no frame: it stores the result at
 * `result` and returns what this returns. */
void bide__first_result(bide_cx *cx, void *result);
static __inline__ bide_poll bide_frame_skip(bide_cx *cx, bide_frame *parent, void *result)
{
    if (__builtin_expect(parent == NULL, 0)) /* a group reads its branches' results */
        bide__first_result(cx, result);
    return BIDE_READY;
}

/* Suspends a leaf, which has arranged for a wake. Its poll must return what this returns. */
static __inline__ bide_poll bide_frame_suspend(bide_cx *cx, bide_frame *f)
{
    cx->chain->leaf = f;
    return BIDE_PENDING;
}

/*
 * For a leaf without a result that has arranged for a wake and will be done at the next poll,
 * whatever that poll is for: it needs no frame. Its start function returns BIDE_PENDING if this is
 * true: the awaiting function is suspended itself and the next poll resumes it, or a request to
 * cancel unwinds it. False: the leaf pushes a frame.
 */
static __inline__ bool bide_frame_pause(bide_cx *cx, bide_frame *parent)
{
    if (__builtin_expect(parent == NULL || !(parent->fn->flags & BIDE_FN_AWAITS), 0))
        return false;
    cx->chain->leaf = parent;
    return true;
}

/*
 * A leaf that is ready at once asks this first, so that one task cannot starve the others. False:
 * the task has used up its turn and has been woken again; the leaf must suspend.
 */
static __inline__ bool bide_budget_spend(bide_cx *cx)
{
    if (__builtin_expect(cx->turn->budget == 0, 0)) {
        bide_waker_wake_by_ref(cx->waker);
        return false;
    }
    cx->turn->budget--;
    return true;
}

/*
 * Fails the awaiting frame `parent` (NULL: the chain) as if it had been cancelled with `error`. The
 * caller is a start function or poll that has popped its own frame; it returns what this returns.
 * It must have filled in its result with bide_fn_fail, since a deferred block that awaits it goes
 * on with that result.
 */
bide_poll bide_frame_fail(bide_cx *cx, bide_frame *parent, int error);

/* ---- for generated code alone ---- */

/* Asked before `await (*h)(x)`, where fn is what h points to. True: the executor refuses the call,
 * and the result has been filled in by bide_fn_fail with -EPERM. */
bool bide__refuse_through(const bide_cx *cx, const bide_fn *fn, void *result);
static __inline__ bool bide__refused_through(const bide_cx *cx, const bide_fn *fn, void *result)
{
    return __builtin_expect(cx->turn->refuses != NULL, 0) && bide__refuse_through(cx, fn, result);
}

/* Asked at a resume label. True: run the deferred blocks instead of going on. */
static __inline__ bool bide__unwinding(const bide_cx *cx)
{
    const bide_chain *c = cx->chain;
    return c->shield < 16 && (c->unwinding >> c->shield & 1);
}

/* Why, if bide__unwinding is true. The awaited function's result is what bide_fn_fail makes of
 * this. */
static __inline__ int bide__unwind_error(const bide_cx *cx)
{
    return cx->chain->shield != 0 ? cx->chain->shield_error : cx->chain->error;
}

/*
 * Cancellation does not leave a function with BIDE_FN_CANCEL_RETURNS at its await. Polled while its
 * level unwinds, the function goes on with what bide_fn_fail made of the awaited result, and runs
 * to its end. It asks this before every await outside its deferred blocks. If this is true, the
 * function starts nothing, and the result (of `size` bytes; flags: BIDE_FN_RESULT_SIGNED or 0) has
 * been filled in the same way. When the function has finished, with its own result, the unwinding
 * continues in the function that awaits it.
 */
static __inline__ bool bide__refused(const bide_cx *cx, void *result, size_t size, unsigned flags)
{
    if (__builtin_expect(!bide__unwinding(cx), 1))
        return false;
    const bide_fn fn = {.result_size = (uint32_t)size, .flags = (uint8_t)flags};
    bide_fn_fail(&fn, bide__unwind_error(cx), result);
    return true;
}

/* These two enclose a deferred block. */
static __inline__ void bide__shield(bide_cx *cx)
{
    cx->chain->shield++;
}
static __inline__ void bide__unshield(bide_cx *cx)
{
    cx->chain->shield--;
}

/* True if too many first polls are nested on the C stack: start with bide__later then. The start of
 * a compiled function adds one to cx->depth while its first poll runs, unless the compiler knows
 * that it awaits nothing deep. */
static __inline__ bool bide__deep(const bide_cx *cx)
{
    return cx->depth >= BIDE_NEST_MAX;
}

/* Pushes fn's frame with a copy of its arguments above it; the chain's loop begins it. Returns
 * BIDE_PENDING. */
bide_poll bide__later(bide_cx *cx, const bide_fn *fn, bide_frame *parent, void *result,
                      const void *args);

/* The arguments of a call that starts later; they lie above its frame. */
static __inline__ void *bide__args_above(const bide_frame *f)
{
    size_t align = (size_t)1 << f->fn->args_align_log2;
    char *end = bide__frame_end(f);
    return end + (size_t)(-(uintptr_t)end & (align - 1));
}

/* The arguments of a frame in state 0 that the chain's loop polls. The first push overwrites them,
 * so read them at once. */
static __inline__ void *bide__args(bide_cx *cx, bide_frame *f)
{
    (void)cx;
    return bide__args_above(f);
}

/* ---- what a frame is made of, for `bide size` ---- */

/*
 * Records in the section .bide.frames, which is not loaded. A record is six words of 4 bytes in the
 * target's byte order: 1 (the form of the record), the size of the frame, the line of the function,
 * the member's size, its offset, and the line that declares it. Four strings follow: the function,
 * the file, the member and its type (empty: not known). The record of the frame itself has an empty
 * member, size 0, and the alignment in place of the offset. Compiled functions have these records;
 * a leaf written by hand may.
 */
#ifdef __ELF__
#define BIDE__RECORD(function, file, first, size, offset, member, line, type)                      \
    __asm__(".pushsection .bide.frames,\"\",%%progbits\n"                                          \
            ".4byte 1, %c0, " #first ", %c1, %c2, " #line "\n"                                     \
            ".asciz \"" #function "\"\n.asciz \"" file "\"\n.asciz \"" member "\"\n.asciz \"" type \
            "\"\n.popsection"                                                                      \
            :                                                                                      \
            : "i"(sizeof(struct bide__frame_##function)), "i"(size), "i"(offset))
#else
#define BIDE__RECORD(function, file, first, size, offset, member, line, type) ((void)0)
#endif
#define BIDE_FRAME_RECORD(function, file, first)                                                  \
    BIDE__RECORD(function, file, first, 0, __extension__ _Alignof(struct bide__frame_##function), \
                 "", 0, "")
#define BIDE_MEMBER_RECORD(function, file, first, member, line, type)                         \
    BIDE__RECORD(function, file, first, sizeof(((struct bide__frame_##function *)0)->member), \
                 __builtin_offsetof(struct bide__frame_##function, member), #member, line, type)

#pragma pack(pop)

#include <bide/group.h> /* join and select */

#endif
