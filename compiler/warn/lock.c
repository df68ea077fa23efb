/*
 * A lock of threads that is held over an await. While the task waits, other tasks run on the
 * thread; one that wants the lock blocks the thread, and the task that holds it never goes on.
 *
 * Two locks are the same if the texts of their arguments are the same. A lock counts as held where
 * every path has taken it and no path has released it. So a lock that only some paths take is not
 * seen, nor a lock that pthread_mutex_trylock took. For the user's own functions, clang's
 * attributes for thread safety count. All locks are forgotten where the life of a variable with a
 * cleanup ends, and at calls of functions with "unlock" or "release" in their names.
 *
 * Requires the events of an async function. Changes nothing.
 */
#include "inside.h"

#include <string.h>

enum { TAKES = 1, RELEASES };

static const struct {
    const char *name;
    int what;
} table[] = {
    {"pthread_mutex_lock", TAKES},
    {"pthread_mutex_unlock", RELEASES},
    {"pthread_rwlock_rdlock", TAKES},
    {"pthread_rwlock_wrlock", TAKES},
    {"pthread_rwlock_unlock", RELEASES},
    {"pthread_spin_lock", TAKES},
    {"pthread_spin_unlock", RELEASES},
    {"mtx_lock", TAKES},
    {"mtx_unlock", RELEASES},
    {"flockfile", TAKES},
    {"funlockfile", RELEASES},
};

static const struct {
    const char *name;
    int what;
} attributes[] = {
    {"acquire_capability", TAKES},
    {"acquire_shared_capability", TAKES},
    {"exclusive_lock_function", TAKES},
    {"shared_lock_function", TAKES},
    {"release_capability", RELEASES},
    {"release_shared_capability", RELEASES},
    {"release_generic_capability", RELEASES},
    {"unlock_function", RELEASES},
};

/* What a call does, and to which lock. */
struct action {
    int what;
    const char *lock; /* NULL: unknown */
};

struct lock {
    const char *text;
    struct expr *taken; /* the last call that took it, for the message */
};

struct locks {
    uint32_t words; /* first: for merge_must */
    struct flow *flow;
    struct lock *lock;
    uint32_t count;
};

/* ---- what a call does ---- */

static const char *argument_text(struct unit *u, const struct expr *arg)
{
    uint32_t first = arg->first, last = arg->last;
    while (u->token[first].punct == '(' && u->token[last].punct == ')' && arg->kind == EX_PAREN) {
        arg = arg->a;
        first = arg->first;
        last = arg->last;
    }
    const char *text = tokens_text(u, first, last);
    return *text == '&' ? text + 1 + (text[1] == ' ') : text;
}

/* The lock that an attribute names: for `(m)` or `(*m)` the argument for parameter m, otherwise the
 * text itself. `at` is the attribute's name. */
static const char *attribute_lock(struct unit *u, const struct symbol *s, const struct expr *call,
                                  uint32_t at)
{
    const struct token *t = &u->token[at + 1];
    if (t->punct != '(')
        return NULL;
    uint32_t first = at + 2, last = first;
    while (u->token[last].punct != ')' && last + 1 < u->token_count)
        last++;
    if (last == first)
        return NULL;
    uint32_t name = first;
    while (u->token[name].punct == '*' || u->token[name].punct == '&')
        name++;
    for (int i = 0; i < s->type->param_count && i < call->arg_count && name + 1 == last; i++)
        if (s->type->param[i].name == u->token[name].text)
            return argument_text(u, call->arg[i]);
    const char *text = tokens_text(u, first, last - 1);
    return *text == '&' ? text + 1 : text;
}

static struct action by_attribute(struct unit *u, const struct symbol *s, const struct expr *call,
                                  uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i && i < last; i++)
        for (size_t k = 0; k < sizeof attributes / sizeof attributes[0] && u->token[i].text; k++)
            if (strcmp(u->token[i].text, attributes[k].name) == 0)
                return (struct action){attributes[k].what, attribute_lock(u, s, call, i)};
    return (struct action){0};
}

static struct action action_of(struct unit *u, const struct expr *call)
{
    const struct symbol *s = called_symbol(call);
    if (!s)
        return (struct action){0};
    if (u->token[s->token].in_system_header && call->arg_count)
        for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
            if (strcmp(table[i].name, s->name) == 0)
                return (struct action){table[i].what, argument_text(u, call->arg[0])};
    uint32_t last = s->token;
    while (last + 1 < u->token_count && u->token[last].punct != ';' && u->token[last].punct != '{')
        last++;
    struct action a = by_attribute(u, s, call, s->token, last);
    if (!a.what)
        a = by_attribute(u, s, call, s->attr_first, s->attr_last);
    if (!a.what && (strstr(s->name, "unlock") || strstr(s->name, "release")))
        a.what = RELEASES; /* it may release any lock */
    return a;
}

/* ---- the question ---- */

static uint32_t find(struct locks *l, const char *text)
{
    uint32_t i = 0;
    while (i < l->count && strcmp(l->lock[i].text, text) != 0)
        i++;
    return i;
}

static void step(void *context, const struct event *e, uint32_t *held)
{
    struct locks *l = context;
    if (e->kind == EV_CLEANUP)
        memset(held, 0, l->words * sizeof *held);
    if (e->kind != EV_CALL)
        return;
    struct action a = action_of(l->flow->unit, e->expr);
    if (!a.what)
        return;
    uint32_t i = a.lock ? find(l, a.lock) : l->count;
    if (a.what == TAKES && i < l->count) {
        set_put(held, i);
        l->lock[i].taken = e->expr;
    } else if (a.what == RELEASES && i < l->count) {
        set_take(held, i);
    } else if (a.what == RELEASES) {
        memset(held, 0, l->words * sizeof *held);
    }
}

/* " of type 'pthread_mutex_t'", or "" */
static const char *lock_type(struct unit *u, const struct expr *call)
{
    const struct type *t = call->arg_count ? call->arg[0]->type : type_error_;
    return t->kind == TY_POINTER && !type_is_error(t->base)
               ? arena_printf(u->arena, " of type '%s'", type_print(u, t->base, ""))
               : "";
}

static void visit(void *context, const struct event *e, const uint32_t *held)
{
    struct locks *l = context;
    struct unit *u = l->flow->unit;
    if (e->kind != EV_AWAIT)
        return;
    for (uint32_t i = 0; i < l->count; i++) {
        const struct lock *k = &l->lock[i];
        if (!set_has(held, i))
            continue;
        diag_range(u, SEV_WARNING, e->expr->first, e->expr->last, "bide-lock-across-await",
                   "the lock '%s'%s is held across this 'await'", k->text, lock_type(u, k->taken));
        diag_range(
            u, SEV_NOTE, k->taken->first, k->taken->last, NULL,
            "'%s' takes it here; release it before the 'await': a task that wants it meanwhile "
            "blocks the thread for good",
            call_name(k->taken));
    }
}

void warn_locks(struct flow *f)
{
    struct locks l = {.flow = f};
    l.lock = arena_alloc(f->arena, (f->count + 1) * sizeof *l.lock);
    for (uint32_t i = 0; i < f->count; i++) {
        struct action a = {0};
        if (f->event[i].kind == EV_CALL)
            a = action_of(f->unit, f->event[i].expr);
        if (a.what == TAKES && a.lock && find(&l, a.lock) == l.count)
            l.lock[l.count++].text = a.lock;
    }
    if (!l.count)
        return;
    l.words = set_words(l.count);
    flow_forward(
        f, &(struct question){
               .words = l.words, .context = &l, .merge = merge_must, .step = step, .visit = visit});
}
