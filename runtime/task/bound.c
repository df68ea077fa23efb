/*
 * bound.c: tasks that may move between threads must not hold what belongs to one thread. The
 * compiler marks the functions that do (BIDE_FN_THREAD_BOUND), and the core follows their callers.
 * What it cannot follow is looked at here when it begins: a task, a call through a pointer, a
 * future.
 *
 * A refusal is a mistake in the program, so it is reported on stderr in the words of the compiler,
 * once for each function that is refused.
 *
 * Threads: any. Searches are made one at a time.
 */
#include "core/bound.h"
#include "runtime/task/task.h"

#include <stdarg.h>
#include <stdio.h>

static pthread_mutex_t search = PTHREAD_MUTEX_INITIALIZER;

bool bide__is_bound(const struct bide_fn *fn)
{
    int known = bide_fn_bound_known(fn);

    if (__builtin_expect(known < 0, 0)) {
        pthread_mutex_lock(&search);
        known = bide_fn_bound(fn, NULL);
        pthread_mutex_unlock(&search);
    }
    return known > 0;
}

/* ---- the report ---- */

/* A text that is cut when it is full. */
struct report {
    char text[2048];
    size_t length;
};

__attribute__((format(printf, 2, 3))) static void add(struct report *r, const char *format, ...)
{
    size_t left = sizeof(r->text) - r->length;
    va_list list;
    va_start(list, format);
    int n = vsnprintf(r->text + r->length, left, format, list);
    va_end(list);
    if (n > 0)
        r->length += (size_t)n < left ? (size_t)n : left - 1;
}

static const char *name_of(const struct bide_fn *fn)
{
    return fn->info != NULL && fn->info->name != NULL ? fn->info->name : "?";
}

static const char *file_of(const struct bide_fn *fn)
{
    return fn->info != NULL && fn->info->file != NULL ? fn->info->file : "?";
}

static void add_held(struct report *r, const struct bide_culprit *c)
{
    const struct bide_fn *fn = c->path[c->count - 1];
    const struct bide_bound *v = c->value;

    if (v == NULL) {
        add(r, "bide: '%s' is bound to one thread\n", name_of(fn));
    } else {
        add(r,
            "bide: %s:%u: '%s' of type '%s' is held across this 'await', but belongs to one "
            "thread\n",
            file_of(fn), v->await_line, v->name, v->type);
        add(r, "bide: %s:%u: '%s' is declared here, in '%s'\n", file_of(fn), v->line, v->name,
            name_of(fn));
    }
    for (unsigned i = c->count - 1; i-- > 0;)
        add(r, "bide: '%s' is awaited by '%s'\n", name_of(c->path[i + 1]), name_of(c->path[i]));
}

/* The second of the two, if there are two. */
static void add_passed(struct report *r, const struct bide_fn *fn)
{
    const struct bide_bound *v = fn->info != NULL ? fn->info->bound : NULL;

    if (v != NULL && fn->flags & BIDE_FN_THREAD_BOUND)
        v++;
    if (v == NULL)
        add(r, "bide: an argument or the result of '%s' belongs to one thread\n", name_of(fn));
    else if (strcmp(v->name, name_of(fn)) == 0)
        add(r, "bide: %s:%u: the result of '%s', of type '%s', belongs to one thread\n",
            file_of(fn), v->line, v->name, v->type);
    else
        add(r, "bide: %s:%u: '%s' of type '%s' is given to '%s', but belongs to one thread\n",
            file_of(fn), v->line, v->name, v->type, name_of(fn));
}

/* True the first time. A function that has no word for it is reported each time. */
static bool is_first(const struct bide_fn *fn)
{
    if (fn->info == NULL || fn->info->need == NULL)
        return true;
    return !(__atomic_fetch_or(fn->info->need, BIDE__BOUND_SAID, __ATOMIC_RELAXED) &
             BIDE__BOUND_SAID);
}

static void report(const struct bide_fn *fn, bool bound)
{
    struct bide_culprit culprit = {0};
    struct report r = {0};

    if (!is_first(fn))
        return;
    if (bound) {
        pthread_mutex_lock(&search);
        bide_fn_bound(fn, &culprit);
        pthread_mutex_unlock(&search);
        add_held(&r, &culprit);
    } else {
        add_passed(&r, fn);
    }
    add(&r,
        bound ? "bide: '%s' is refused (EPERM): its task may continue on another thread; "
                "bide_spawn_local keeps a task on its thread\n"
              : "bide: '%s' is refused (EPERM): its task may run on another thread; "
                "bide_spawn_local in a task keeps the new one on its thread\n",
        name_of(fn));
    (void)bide__door.write(STDERR_FILENO, r.text, r.length);
}

/* ---- what is refused ---- */

int bide__refuse_passed(const struct bide_fn *fn)
{
    if (__builtin_expect(!(fn->flags & BIDE_FN_THREAD_PASSED), 1))
        return 0;
    report(fn, false);
    return -EPERM;
}

int bide__refuse_task(const struct bide_fn *fn)
{
    if (!bide__is_bound(fn))
        return bide__refuse_passed(fn);
    report(fn, true);
    return -EPERM;
}

bool bide__refuses_bound(const struct bide_fn *fn)
{
    if (!bide__is_bound(fn))
        return false;
    report(fn, true);
    return true;
}
