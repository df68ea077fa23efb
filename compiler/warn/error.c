/*
 * errno and other errors of the thread, read after an await. While the task waited, other tasks ran
 * on the thread, and the task may continue on another thread.
 *
 * A read is reported if, on every path to it, an await is the last event that could have set the
 * error. Any call of a plain function may set errno, except functions that are known to leave it
 * alone; a read after a call that may set it is not reported. Calls of OpenSSL set OpenSSL's queue,
 * dlopen and the like set the dynamic linker's error, and every other call sets the result of a
 * function marked bide_thread_bound.
 *
 * Requires the events of an async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

enum { UNKNOWN, FRESH, STALE };

/* Where an error is read. */
struct source {
    struct flow *flow;
    unsigned what;               /* by functions that are known for it (FN_ERRNO...); 0: */
    const struct symbol *marked; /* by this function, which is bide_thread_bound */
    struct list writes;          /* struct expr *: calls of __errno_location that are assigned to */
};

enum { W_KIND, W_CALL, W_AWAIT, WORDS }; /* events count from 1 */

/* ---- what calls do ---- */

static bool reads(const struct source *s, const struct expr *call)
{
    const struct symbol *f = called_symbol(call);
    if (!f)
        return false;
    if (s->marked)
        return f == s->marked;
    const struct known *k = known_function(s->flow->unit, f);
    return k && k->what & s->what;
}

static bool begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_openssl(const char *name)
{
    static const char *const names[] = {"SSL_", "BIO_", "EVP_", "X509_", "PEM_", "RSA_",
                                        "EC_",  "DH_",  "ERR_", "d2i_",  "i2d_", "OSSL_"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (begins(name, names[i]))
            return true;
    return false;
}

static bool sets(const struct source *s, const struct expr *call)
{
    const struct symbol *f = called_symbol(call);
    const char *name = call_name(call);
    const struct known *k = f ? known_function(s->flow->unit, f) : NULL;
    if (reads(s, call))
        return false;
    if (s->what & FN_ERRNO)
        return !(k && k->what & FN_KEEPS_ERRNO) && !(name && begins(name, "__builtin_"));
    if (s->what & FN_SSL_ERROR)
        return !name || is_openssl(name);
    if (s->what & FN_DL_ERROR)
        return !name || begins(name, "dl");
    return !(k && k->what & (FN_OWNS_NOTHING | FN_KEEPS_ERRNO));
}

/* The call in an assignment to `*call`, as to errno; or NULL. */
static struct expr *written(const struct event *e)
{
    if (e->kind != EV_STORE || !e->expr)
        return NULL;
    struct expr *to = skip_parens(e->expr->a);
    if (to->kind != EX_UNARY || to->op != '*')
        return NULL;
    to = skip_parens(to->a);
    return to->kind == EX_CALL ? to : NULL;
}

static bool is_written(const struct source *s, const struct expr *call)
{
    for (uint32_t i = 0; i < s->writes.count; i++)
        if (s->writes.item[i] == call)
            return true;
    return false;
}

/* ---- the question ---- */

static bool merge(void *context, uint32_t *to, const uint32_t *from)
{
    uint32_t before[WORDS];
    (void)context;
    memcpy(before, to, sizeof before);
    if (to[W_KIND] != from[W_KIND])
        to[W_KIND] = UNKNOWN;
    if (to[W_CALL] != from[W_CALL])
        to[W_CALL] = 0;
    if (from[W_AWAIT] < to[W_AWAIT])
        to[W_AWAIT] = from[W_AWAIT];
    return memcmp(before, to, sizeof before) != 0;
}

static void step(void *context, const struct event *e, uint32_t *state)
{
    const struct source *s = context;
    uint32_t number = (uint32_t)(e - s->flow->event) + 1;
    struct expr *to = written(e);
    if (e->kind == EV_AWAIT) {
        state[W_KIND] = STALE;
        state[W_AWAIT] = number;
    } else if ((e->kind == EV_CALL && sets(s, e->expr)) || (to && reads(s, to))) {
        state[W_KIND] = FRESH;
        state[W_CALL] = e->kind == EV_CALL ? number : 0;
    }
}

static const char *source_name(const struct source *s)
{
    return s->what & FN_ERRNO       ? "'errno'"
           : s->what & FN_SSL_ERROR ? "OpenSSL's error queue"
           : s->what & FN_DL_ERROR  ? "the dynamic linker's error"
                                    : NULL;
}

static void visit(void *context, const struct event *e, const uint32_t *state)
{
    const struct source *s = context;
    struct unit *u = s->flow->unit;
    if (e->kind != EV_CALL || !reads(s, e->expr) || is_written(s, e->expr) ||
        state[W_KIND] != STALE || !state[W_AWAIT])
        return;
    const struct expr *await = s->flow->event[state[W_AWAIT] - 1].expr;
    const struct event *call = state[W_CALL] ? &s->flow->event[state[W_CALL] - 1] : NULL;
    const char *name = source_name(s);
    if (!name)
        name = arena_printf(u->arena, "what '%s' tells", s->marked->name);
    /* errno is a macro: its call begins after `(*` */
    uint32_t at = e->expr->first;
    diag_range(u, SEV_WARNING, at, s->what & FN_ERRNO ? at : e->expr->last,
               "bide-errno-after-await", "%s is read after an 'await', which may have changed it",
               name);
    diag_range(u, SEV_NOTE, await->first, await->last, NULL,
               call ? "the 'await' is here" : "the 'await' is here; nothing after it has set it");
    if (call)
        diag_range(u, SEV_NOTE, call->expr->first, call->expr->last, NULL,
                   "%s was the last call before it; keep %s in a variable right after that",
                   call_name(call->expr) ? arena_printf(u->arena, "'%s'", call_name(call->expr))
                                         : "this",
                   name);
}

static void ask(struct flow *f, unsigned what, const struct symbol *marked)
{
    struct source s = {.flow = f, .what = what, .marked = marked};
    for (uint32_t i = 0; i < f->count; i++) {
        struct expr *to = written(&f->event[i]);
        if (to)
            list_add(f->arena, &s.writes, to);
    }
    flow_forward(f, &(struct question){WORDS, &s, merge, step, visit});
}

void warn_errors(struct flow *f)
{
    static const unsigned all[] = {FN_ERRNO, FN_SSL_ERROR, FN_DL_ERROR};
    unsigned seen = 0;
    struct list marked = {0};
    for (uint32_t i = 0; i < f->count; i++) {
        struct symbol *s = f->event[i].kind == EV_CALL ? called_symbol(f->event[i].expr) : NULL;
        const struct known *k = s ? known_function(f->unit, s) : NULL;
        seen |= k ? k->what : 0;
        bool known = !s || !symbol_mark(f->unit, s, "bide_thread_bound");
        for (uint32_t m = 0; m < marked.count && !known; m++)
            known = marked.item[m] == s;
        if (!known)
            list_add(f->arena, &marked, s);
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (seen & all[i])
            ask(f, all[i], NULL);
    for (uint32_t i = 0; i < marked.count; i++)
        ask(f, 0, marked.item[i]);
}
