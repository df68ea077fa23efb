/*
 * tests/core/script.h: async functions that interpret a list of statements, so that a test can make
 * any tree of awaits, groups and deferred blocks. Their frames have the shape of generated code.
 *
 *     struct func f = {.body = {SLEEP(3), DEFER_SLEEP(1), CALL(&g), JOIN(&g, &h)}, .value = 7};
 *
 * is   async int f(void) { await sleep(3); defer { await sleep(1); } await g();
 *                          await bide_join(g(), h()); return 7; }
 *
 * Each func counts what happens to its calls. A negative result of an awaited statement is stored
 * in `error` and otherwise ignored.
 */
#ifndef BIDE_TESTS_CORE_SCRIPT_H
#define BIDE_TESTS_CORE_SCRIPT_H

#include "tests/core/sim.h"

#include "core/inside.h"

enum { FUNC_STATEMENTS = 8, GROUP_BRANCHES = 32 };

struct func;

enum statement_kind { END, SLEEPS, CALLS, RECEIVES, OPERATES, GROUPS, PAUSES };

struct statement {
    enum statement_kind kind;
    bool deferred;
    long delay;
    struct func *callee;
    struct sim_box *box;
    struct sim_op_state *op;
    enum bide_group_kind group;
    struct func *const *branches; /* ends with NULL */
    uint32_t left_out;            /* branches that do not take part */
};

struct func {
    struct statement body[FUNC_STATEMENTS];
    int value;                /* its result, unless an awaited sleep or box returned an error */
    bool returns_received;    /* its result is what its last box gave */
    const struct bide_fn *fn; /* NULL: script_fn */
    int begun, returned, unwound;
    int deferred, cleaned; /* how many deferred blocks were entered, and were run */
    int error;             /* the last negative result in its body or deferred blocks */
    int shielded_error;    /* the last one in a deferred block */
    int received;
    struct bide_group_result group; /* of its last group */
    int slots[GROUP_BRANCHES];      /* of its last group */
    long ended_at;
};

#define SLEEP(d)                     \
    {                                \
        .kind = SLEEPS, .delay = (d) \
    }
#define CALL(f)                      \
    {                                \
        .kind = CALLS, .callee = (f) \
    }
#define PAUSE()        \
    {                  \
        .kind = PAUSES \
    }
#define DEFER_PAUSE()                    \
    {                                    \
        .kind = PAUSES, .deferred = true \
    }
#define RECV(b)                      \
    {                                \
        .kind = RECEIVES, .box = (b) \
    }
#define OPERATE(o)                  \
    {                               \
        .kind = OPERATES, .op = (o) \
    }
#define DEFER_SLEEP(d)                                 \
    {                                                  \
        .kind = SLEEPS, .delay = (d), .deferred = true \
    }
#define DEFER_CALL(f)                                  \
    {                                                  \
        .kind = CALLS, .callee = (f), .deferred = true \
    }
#define SCRIPT_LIST(...) ((struct func *[]){__VA_ARGS__, NULL})
#define GROUP(k, ...)                                                      \
    {                                                                      \
        .kind = GROUPS, .group = (k), .branches = SCRIPT_LIST(__VA_ARGS__) \
    }
#define GROUP_WITHOUT(out, k, ...)                                                            \
    {                                                                                         \
        .kind = GROUPS, .group = (k), .left_out = (out), .branches = SCRIPT_LIST(__VA_ARGS__) \
    }
#define DEFER_GROUP(k, ...)                                                                  \
    {                                                                                        \
        .kind = GROUPS, .group = (k), .deferred = true, .branches = SCRIPT_LIST(__VA_ARGS__) \
    }
#define JOIN(...)          GROUP(BIDE_JOIN, __VA_ARGS__)
#define TRY_JOIN(...)      GROUP(BIDE_TRY_JOIN, __VA_ARGS__)
#define SELECT(...)        GROUP(BIDE_SELECT, __VA_ARGS__)
#define SELECT_BIASED(...) GROUP(BIDE_SELECT_BIASED, __VA_ARGS__)

struct script {
    struct bide_frame h;
    struct func *func;
    int slot;
    long op_slot;
    struct bide_group_result group;
    int slots[GROUP_BRANCHES];
    uint8_t pc;
    uint8_t deferred; /* blocks to run: bit i is statement i */
    bool unwinding;
};

static int script_live;  /* calls that have begun and not ended */
static int script_forks; /* groups that began without a frame of their own */

static enum bide_poll script_poll(struct bide_cx *cx, struct bide_frame *h);

static const struct bide_fn_info script_info = {.name = "script", .file = "script.h"};

static const struct bide_fn script_fn = {.poll = script_poll,
                                         .info = &script_info,
                                         .frame_size = sizeof(struct script),
                                         .args_size = sizeof(struct func *),
                                         .result_size = sizeof(int),
                                         .frame_align_log2 = 3,
                                         .args_align_log2 = 3,
                                         .flags = BIDE_FN_UNWINDS | BIDE_FN_RESULT_SIGNED |
                                                  BIDE_FN_AWAITS,
                                         .version = BIDE_FN_VERSION};

/* The same, but with room for a leaf and a call of script_fn, as compiled functions would have. */
static uint32_t script_roomy_need;
static const struct bide_callee script_roomy_callees[] = {{&sim_sleep_fn, 0}, {&script_fn, 0}};
static const struct bide_fn_info script_roomy_info = {.name = "script_roomy",
                                                      .need = &script_roomy_need,
                                                      .callees = script_roomy_callees,
                                                      .callee_count = 2};

static const struct bide_fn script_roomy_fn = {.poll = script_poll,
                                               .info = &script_roomy_info,
                                               .frame_size = sizeof(struct script),
                                               .args_size = sizeof(struct func *),
                                               .result_size = sizeof(int),
                                               .frame_align_log2 = 3,
                                               .args_align_log2 = 3,
                                               .flags = BIDE_FN_UNWINDS | BIDE_FN_RESULT_SIGNED |
                                                        BIDE_FN_AWAITS,
                                               .version = BIDE_FN_VERSION};

static const struct bide_fn *script_fn_of(const struct func *func)
{
    return func->fn != NULL ? func->fn : &script_fn;
}

static enum bide_poll script_run(struct bide_cx *cx, struct script *f);

static enum bide_poll script_start(struct bide_cx *cx, struct bide_frame *parent, int *slot,
                                   struct func *func)
{
    const struct bide_fn *fn = script_fn_of(func);
    if (bide__deep(cx))
        return bide__later(cx, fn, parent, slot, &func);
    struct script *f = bide_frame_push(cx, sizeof(*f), fn, parent, slot);
    if (f == NULL)
        return BIDE_PENDING;
    f->func = func;
    cx->depth++;
    enum bide_poll poll = script_run(cx, f);
    cx->depth--;
    return poll;
}

static enum bide_poll script_pushed_group(struct bide_cx *cx, struct script *f,
                                          const struct statement *s, const struct bide__site *site)
{
    struct bide_cx sub;
    struct bide_group *group =
        bide__group_push(cx, s->group, site->count, site->fns, &f->h, &f->group);
    if (s->left_out != 0)
        bide__group_leave_out(group, cx, s->left_out);
    for (int i; (i = bide__group_next(group, cx, &sub)) >= 0;)
        bide__group_started(group, script_start(&sub, NULL, &f->slots[i], s->branches[i]));
    return bide__group_run(cx, group);
}

static enum bide_poll script_group(struct bide_cx *cx, struct script *f, const struct statement *s)
{
    const struct bide_fn *fns[GROUP_BRANCHES];
    uint32_t rooms[GROUP_BRANCHES], done = 0;
    unsigned count = 0;
    int32_t value = 0;
    struct bide_cx sub;

    for (; s->branches[count] != NULL; count++)
        fns[count] = script_fn_of(s->branches[count]);
    struct bide__site site = {fns, rooms, BIDE__SITE_NEW, (uint8_t)s->group, (uint8_t)count};
    if (s->left_out != 0)
        return script_pushed_group(cx, f, s, &site);
    bide__site_measure(&site);
    struct bide_frame *from = &f->h;
    struct bide_group *group = bide__fork(cx, &site, count, &from, &f->group);
    if (from != NULL)
        script_forks++;
    for (int i = bide__fork_first(group, cx, &sub, from, s->group == BIDE_SELECT ? count : 1);
         i >= 0;) {
        enum bide_poll poll =
            script_start(bide__fork_cx(from, cx, &sub), from, &f->slots[i], s->branches[i]);
        bide__fork_started(&group, &from, cx, &site, (unsigned)i, &f->group, poll);
        if (s->group == BIDE_TRY_JOIN)
            value = bide__fork_failure(from, f->slots[i]);
        else if (s->group != BIDE_JOIN)
            value = i;
        done |= (uint32_t)1 << i;
        if (from == NULL)
            i = bide__group_next(group, cx, &sub);
        else if ((s->group == BIDE_JOIN || s->group == BIDE_TRY_JOIN) && value == 0)
            i = i + 1 < (int)count ? i + 1 : -1;
        else
            break;
    }
    return bide__fork_end(cx, group, from, &f->group, value, done);
}

/* Like bide_yield. */
static enum bide_poll script_pause(struct bide_cx *cx, struct script *f)
{
    bide_waker_wake_by_ref(cx->waker);
    CHECK(bide_frame_pause(cx, &f->h));
    CHECK(cx->chain->leaf == &f->h);
    return BIDE_PENDING;
}

static enum bide_poll script_start_statement(struct bide_cx *cx, struct script *f,
                                             const struct statement *s)
{
    f->slot = 0;
    switch (s->kind) {
    case SLEEPS: return sim_sleep_start(cx, &f->h, &f->slot, s->delay);
    case CALLS: return script_start(cx, &f->h, &f->slot, s->callee);
    case RECEIVES: return sim_recv_start(cx, &f->h, &f->slot, s->box);
    case OPERATES: return sim_op_start(cx, &f->h, &f->op_slot, s->op);
    case GROUPS: return script_group(cx, f, s);
    case PAUSES: return script_pause(cx, f);
    case END: break;
    }
    return BIDE_READY;
}

static void script_note(struct script *f, const struct statement *s)
{
    struct func *func = f->func;
    int error = f->slot < 0 ? f->slot : 0;

    if (s->kind == RECEIVES)
        func->received = f->slot;
    if (s->kind == GROUPS) {
        func->group = f->group;
        memcpy(func->slots, f->slots, sizeof(f->slots));
        if (f->group.value < 0)
            error = f->group.value;
    }
    if (error != 0)
        func->error = error;
    if (error != 0 && s->deferred)
        func->shielded_error = error;
}

static enum bide_poll script_run(struct bide_cx *cx, struct script *f)
{
    struct func *func = f->func;

    switch (f->h.state & ~(uint32_t)BIDE_SHIELDED) {
    case 0: break;
    case 1: goto resume_body;
    case 2: goto resume_block;
    }
    func->begun++;
    script_live++;
    f->deferred = 0;
    for (f->pc = 0; f->pc < FUNC_STATEMENTS && func->body[f->pc].kind != END; f->pc++) {
        if (func->body[f->pc].deferred) {
            f->deferred |= (uint8_t)(1u << f->pc);
            func->deferred++;
            continue;
        }
        if (script_start_statement(cx, f, &func->body[f->pc]) == BIDE_PENDING) {
            f->h.state = 1;
            return BIDE_PENDING;
resume_body:
            if (bide__unwinding(cx)) {
                if (func->body[f->pc].kind == GROUPS)
                    func->group = f->group;
                break;
            }
        }
        script_note(f, &func->body[f->pc]);
    }
    f->unwinding = bide__unwinding(cx);
    while (f->deferred != 0) {
        f->pc = (uint8_t)(31 - __builtin_clz(f->deferred));
        f->deferred &= (uint8_t) ~(1u << f->pc);
        bide__shield(cx);
        if (script_start_statement(cx, f, &func->body[f->pc]) == BIDE_PENDING) {
            f->h.state = 2 | BIDE_SHIELDED;
            return BIDE_PENDING;
        }
resume_block:
        script_note(f, &func->body[f->pc]);
        bide__unshield(cx);
        func->cleaned++;
    }
    CHECK_EQ(f->unwinding, bide__unwinding(cx));
    int *result = bide_frame_result(cx, &f->h);
    if (f->unwinding) {
        func->unwound++;
    } else {
        func->returned++;
        if (result != NULL)
            *result = func->returns_received ? func->received : func->value;
    }
    script_live--;
    func->ended_at = sim_now;
    return bide_frame_finish(cx, &f->h);
}

static enum bide_poll script_poll(struct bide_cx *cx, struct bide_frame *h)
{
    struct script *f = (struct script *)h;
    if (h->state == 0)
        f->func = *(struct func **)bide__args(cx, h);
    return script_run(cx, f);
}

static int script_result;

/* Room beside that for the task's own frame. Groups for which there is room begin as forks. */
#ifndef SCRIPT_SPARE
#define SCRIPT_SPARE 0
#endif
static size_t script_spare = SCRIPT_SPARE;

static inline void script_begin(struct func *func)
{
    const struct bide_fn *fn = script_fn_of(func);

    script_live = 0;
    script_result = -1;
    void *args = sim_begin_in(fn, bide_fn_room(fn) + script_spare, &script_result);
    CHECK(args != NULL);
    *(struct func **)args = func;
}

/* Checks the counts of a func whose task has ended. */
static inline void script_check(const struct func *func)
{
    CHECK_EQ(func->begun, func->returned + func->unwound);
    CHECK_EQ(func->deferred, func->cleaned);
}

static inline int script_end(void)
{
    CHECK_EQ(script_live, 0);
    return sim_end();
}

#endif
