/*
 * thread.c: see thread.h.
 */
#include "runtime/thread.h"

#include "core/assert.h"

#include <bide/task.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

_Thread_local struct bide__thread bide__thread __attribute__((tls_model("initial-exec")));

/* A word of its own, since generated code writes it. */
_Thread_local const char *bide__spawn_place;
_Thread_local const char *bide__lazy_place;

struct bide_runtime *bide__runtime_running(void)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL ? worker->runtime : NULL;
}

#ifdef BIDE_CHECK_STATES
/* A stream's own function runs in the place of the one that was called, and has its name with
 * `bide__fd_` in the place of `bide_`. */
static const char *called(const char *name, char room[static 64])
{
    static const char own[] = "bide__fd_";
    if (strncmp(name, own, sizeof own - 1) != 0)
        return name;
    snprintf(room, 64, "bide_%s", name + sizeof own - 1);
    return room;
}
#endif

int bide__no_runtime(const char *name)
{
#ifdef BIDE_CHECK_STATES
    static atomic_flag said = ATOMIC_FLAG_INIT;
    char text[256], room[64];
    if (!atomic_flag_test_and_set(&said)) {
        snprintf(text, sizeof(text),
                 "bide: %s: it was awaited where no runtime runs, and returns -ENXIO; this is said "
                 "once\n",
                 called(name, room));
        (void)bide__door.write(STDERR_FILENO, text, strlen(text));
    }
#endif
    (void)name;
    return -ENXIO;
}

uint64_t bide_task_id(void)
{
    const struct bide__worker *worker = bide__thread.running;
    return worker != NULL ? (uint64_t)(uintptr_t)worker->current : 0;
}

/* ---- the ends of a program that breaks a rule ---- */

static void end_with(const char *format, const char *what) __attribute__((noreturn));

static void end_with(const char *format, const char *what)
{
    char text[256];
    snprintf(text, sizeof(text), format, what);
    (void)bide__door.write(STDERR_FILENO, text, strlen(text));
    abort();
}

void bide__misuse_blocking(const char *name)
{
    end_with(
        "bide: %s: a blocking call on a thread that is running an executor; await it instead\n",
        name);
}

void bide__driver_is_broken(const char *driver, const char *why)
{
    char what[192];
    snprintf(what, sizeof(what), "%s cannot go on: %s", driver, why);
    end_with("bide: %s\n", what);
}

void bide__misuse_turn(void)
{
    end_with("bide: %s: a turn on a thread that is running an executor; it is for the loop outside "
             "of all tasks\n",
             "bide_runtime_turn");
}

void bide__misuse_handle(void)
{
    end_with(
        "bide: %s was let go of twice: while a task joins it, no other thread may join, drop or "
        "move it (see bide/task.h)\n",
        "a task handle");
}

void bide__broken(const char *transition)
{
    end_with("bide: this cannot happen: %s\n", transition);
}
