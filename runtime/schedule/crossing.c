/*
 * crossing.c: bide_spawn_at: a task on another core, joined on the core that spawned it.
 *
 * What the spawner gets is a task of its own core, the *crossing*, whose only function is a leaf
 * that is made here for the function and the core. It has room for the arguments and the result.
 * When it is polled first, it sends a mail to the other core, which makes the task with these
 * arguments. When that task has ended, its core copies the result into the crossing's frame and
 * sends the same mail back, and the crossing ends as the task did. So a handle is used on its own
 * core as always: it is joined, aborted, let go of.
 *
 * A request to cancel is a second mail, which goes to the other core and back. The crossing does
 * not end before both mails are back: they, and what the other core writes, are in its frame.
 */
#include "runtime/schedule/cores.h"

#include "core/ambient.h"

#include <bide/abi.h>
#include <bide/task.h>

/* A descriptor: of crossings that call `fn` on the core with this number. */
struct bide__crossing_fn {
    struct bide__kept kept; /* the first member */
    struct bide_fn fn;
    struct bide_fn_info info;
    const struct bide_fn *of;
    unsigned core;
    size_t args_at, result_at; /* from the beginning of the frame */
    struct bide__crossing_fn *next;
};

struct crossing {
    struct bide_frame h;
    struct bide__mail call;    /* goes over with the arguments and comes back with the end */
    struct bide__mail request; /* to cancel */
    struct bide__watch watch;  /* of the task */
    struct bide__core *home;
    const char *name; /* of the crossing, and so of the task; or NULL */
    void *value;      /* core/ambient.h: the task inherits it; the crossing holds it */
    bide_waker waker;
    bool is_back;            /* `call` is */
    bool has_asked;          /* to cancel */
    bool is_asking;          /* `request` is under way */
    struct bide__task *task; /* the other core's; NULL: it has ended */
    int error;
    /* The arguments and the result follow. */
};

static const struct bide__crossing_fn *function_of(const struct crossing *f)
{
    uintptr_t fn = (uintptr_t)f->h.fn;
    return (const struct bide__crossing_fn *)(fn - offsetof(struct bide__crossing_fn, fn));
}

static struct crossing *crossing_of(const void *member, size_t offset)
{
    return (struct crossing *)((uintptr_t)member - offset);
}

#define CROSSING_OF(pointer, member) crossing_of((pointer), offsetof(struct crossing, member))

static struct bide__core *target_of(const struct crossing *f)
{
    return &f->home->all->core[function_of(f)->core];
}

static void *args_of(struct crossing *f)
{
    return (char *)f + function_of(f)->args_at;
}

static void *result_of(struct crossing *f)
{
    return (char *)f + function_of(f)->result_at;
}

/* ---- on the other core ---- */

static void call_is_back(struct bide__worker *here, struct bide__mail *mail)
{
    struct crossing *f = CROSSING_OF(mail, call);
    (void)here;
    f->is_back = true;
    bide_waker_wake_by_ref(f->waker);
}

static void send_back(struct crossing *f)
{
    f->call.run = call_is_back;
    bide__core_send(target_of(f), f->home, &f->call);
}

/* The task has ended, inside its last poll. The rest is done between two polls. */
static void note_end(struct bide__watch *watch)
{
    struct bide__core *core = bide__thread.running->core;
    watch->next = core->ended;
    core->ended = watch;
}

void bide__crossings_end(struct bide__core *core)
{
    struct bide__watch *watch;

    while ((watch = core->ended) != NULL) {
        struct crossing *f = CROSSING_OF(watch, watch);
        core->ended = watch->next;
        f->task = NULL;
        f->error = bide__watch_end(core->worker, watch, result_of(f));
        send_back(f);
    }
}

static void begin_call(struct bide__worker *here, struct bide__mail *mail)
{
    struct crossing *f = CROSSING_OF(mail, call);
    const struct bide_fn *fn = function_of(f)->of;
    int error = 0;

    if (f->name != NULL)
        bide__name_begin(f->name);
    void *value = bide__here.value;
    bide__here.value = f->value;
    f->task = bide__task_new(here, NULL, 0, fn, args_of(f), &error);
    bide__here.value = value;
    if (f->name != NULL)
        bide__name_end();
    if (f->task != NULL) {
        f->watch.ended = note_end;
        bide__watch_begin(&f->watch, f->task);
        return;
    }
    bide__args_release(fn, args_of(f));
    f->error = error;
    send_back(f);
}

static void request_is_back(struct bide__worker *here, struct bide__mail *mail)
{
    struct crossing *f = CROSSING_OF(mail, request);
    (void)here;
    f->is_asking = false;
    bide_waker_wake_by_ref(f->waker);
}

static void ask_to_cancel(struct bide__worker *here, struct bide__mail *mail)
{
    struct crossing *f = CROSSING_OF(mail, request);

    if (f->task != NULL)
        bide__task_cancel(here, f->task, false);
    mail->run = request_is_back;
    bide__core_send(target_of(f), f->home, mail);
}

/* ---- the crossing ---- */

static bool has_ended(const struct crossing *f)
{
    return f->is_back && !f->is_asking;
}

static void begin(struct bide_cx *cx, struct crossing *f)
{
    const struct bide_fn *of = function_of(f)->of;

    memcpy(args_of(f), bide__args(cx, &f->h), of->args_size);
    f->h.state = BIDE__BEGUN;
    f->home = bide__thread.running->core;
    f->name = bide_task_name();
    f->value = bide__here.value;
    f->is_back = f->has_asked = f->is_asking = false;
    f->call.run = begin_call;
    bide__core_send(f->home, target_of(f), &f->call);
}

static enum bide_poll crossing_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct crossing *f = (struct crossing *)(void *)h;

    if (h->state == 0) {
        f->waker = cx->waker;
        begin(cx, f);
    }
    f->waker = cx->waker;
    if (!has_ended(f))
        return bide_frame_suspend(cx, h);
    int error = f->error;
    const struct bide_fn *fn = h->fn;
    void *result = bide_frame_result(cx, h);
    if (error == 0)
        memcpy(result, result_of(f), fn->result_size);
    enum bide_poll poll = bide_frame_finish(cx, h);
    if (error == 0)
        return poll;
    bide_fn_fail(fn, error, result);
    return bide_frame_fail(cx, NULL, error);
}

static enum bide_answer crossing_cancel(struct bide_cx *cx, struct bide_frame *h)
{
    struct crossing *f = (struct crossing *)(void *)h;
    (void)cx;

    if (has_ended(f))
        return BIDE_COMPLETED;
    if (!f->has_asked && !f->is_back) {
        f->has_asked = f->is_asking = true;
        f->request.run = ask_to_cancel;
        bide__core_send(f->home, target_of(f), &f->request);
    }
    return BIDE_WAIT;
}

/* ---- descriptors ---- */

static size_t round_up(size_t n, size_t unit)
{
    return (n + unit - 1) & ~(unit - 1);
}

static unsigned max_of(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* `fn` may be another function, at the address of one in a shared object that is gone. */
static bool is_for(const struct bide__crossing_fn *c, const struct bide_fn *fn, unsigned core)
{
    return c->of == fn && c->core == core && c->fn.args_size == fn->args_size &&
           c->fn.result_size == fn->result_size && c->fn.args_align_log2 == fn->args_align_log2 &&
           c->fn.release == fn->release &&
           c->fn.flags == (fn->flags & (BIDE_FN_RESULT_SIGNED | BIDE_FN_RESULT_ALIGNED)) &&
           c->fn.frame_align_log2 >=
               (c->fn.flags & BIDE_FN_RESULT_ALIGNED ? fn->frame_align_log2 : 0);
}

/* The hub keeps it: handles of tasks that have ended refer to it even when the runtime is gone. */
static struct bide__crossing_fn *function_new(struct bide__hub *hub, const struct bide_fn *fn,
                                              unsigned core)
{
    struct bide__crossing_fn *c = bide__alloc(sizeof(*c));
    if (c == NULL)
        return NULL;
    bide__hub_keep(hub, &c->kept, sizeof(*c));
    unsigned flags = fn->flags & (BIDE_FN_RESULT_SIGNED | BIDE_FN_RESULT_ALIGNED);
    unsigned align = max_of(5, fn->args_align_log2);
    if (flags & BIDE_FN_RESULT_ALIGNED)
        align = max_of(align, fn->frame_align_log2);
    size_t args_at = round_up(sizeof(struct crossing), (size_t)1 << align);
    size_t result_at = round_up(args_at + fn->args_size, (size_t)1 << align);
    *c = (struct bide__crossing_fn){
        .kept = c->kept,
        .fn = {.poll = crossing_poll,
               .cancel = crossing_cancel,
               .frame_size = (uint32_t)(result_at + fn->result_size),
               .args_size = fn->args_size,
               .result_size = fn->result_size,
               .frame_align_log2 = (uint8_t)align,
               .args_align_log2 = fn->args_align_log2,
               .flags = (uint8_t)flags,
               .version = BIDE_FN_VERSION,
               .release = fn->release},
        .of = fn,
        .core = core,
        .args_at = args_at,
        .result_at = result_at,
    };
    if (fn->info != NULL)
        c->info = (struct bide_fn_info){
            .name = fn->info->name, .file = fn->info->file, .line = fn->info->line};
    c->fn.info = fn->info != NULL ? &c->info : NULL;
    return c;
}

static const struct bide_fn *function_for(struct bide__core *home, const struct bide_fn *fn,
                                          unsigned core)
{
    size_t hash = ((uintptr_t)fn / 8 + core) % (sizeof(home->functions) / sizeof(void *));

    for (struct bide__crossing_fn *c = home->functions[hash]; c != NULL; c = c->next)
        if (is_for(c, fn, core))
            return &c->fn;
    struct bide__crossing_fn *c = function_new(home->worker->hub, fn, core);
    if (c == NULL)
        return NULL;
    c->next = home->functions[hash];
    home->functions[hash] = c;
    return &c->fn;
}

struct bide__task *bide__core_spawn(struct bide__worker *worker, uint32_t core,
                                    const struct bide_fn *fn, const void *args, int *error)
{
    struct bide__core *home = worker->core;

    *error = -EINVAL;
    if (home == NULL || core >= home->all->count)
        return NULL;
    if (core != home->number) {
        fn = function_for(home, fn, core);
        *error = -ENOMEM;
    }
    return fn != NULL ? bide__task_new(worker, NULL, 0, fn, args, error) : NULL;
}
