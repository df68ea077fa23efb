/*
 * The private folder for generated text: made at the first need below TMPDIR, removed when the
 * program ends, also by a signal, its own crash included. Each file lies alone in a numbered
 * folder, since compilers derive the names of other files from its name and two inputs may have
 * the same.
 *
 * The handler does only what a handler may: it ends the child, waits for it (a compiler then
 * removes its own unfinished output), unlinks what is registered and ends by the same signal.
 */
#define _GNU_SOURCE
#include "driver.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct entry {
    char *file, *folder;
    struct entry *next;
};

static struct entry *volatile entries;
static char *volatile root;
volatile int temp_child;

void temp_remove(void)
{
    for (struct entry *e = entries; e; e = e->next) {
        unlink(e->file);
        rmdir(e->folder);
    }
    entries = NULL;
    if (root)
        rmdir(root);
    root = NULL;
}

static void at_signal(int signal)
{
    int err = errno;
    if (temp_child > 0) {
        kill((pid_t)temp_child, signal);
        waitpid((pid_t)temp_child, NULL, 0);
    }
    temp_remove();
    errno = err;
    /* SA_RESETHAND: the second delivery, when this handler returns, ends us. */
    raise(signal);
}

/* Signals that end us, those of a crash too; the last of these may come for want of stack. */
static void watch_signals(void)
{
    static const int watched[] = {SIGINT,  SIGTERM, SIGHUP, SIGQUIT, SIGPIPE, SIGXCPU,
                                  SIGABRT, SIGBUS,  SIGFPE, SIGILL,  SIGSEGV};
    static char stack[16384];
    stack_t other = {.ss_sp = stack, .ss_size = sizeof stack}, before;
    struct sigaction action = {.sa_handler = at_signal}, old;
    action.sa_flags = (int)SA_RESETHAND | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
        sigaddset(&action.sa_mask, watched[i]);
    if (sigaltstack(NULL, &before) == 0 && before.ss_flags & SS_DISABLE)
        sigaltstack(&other, NULL);
    for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
        if (sigaction(watched[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(watched[i], &action, NULL);
    }
}

static const char *temp_base(void)
{
    const char *base = getenv("TMPDIR");
    return base && *base ? base : "/tmp";
}

static void cannot_make(const char *path)
{
    diag_plain(SEV_ERROR, "cannot make the folder '%s': %s", path, strerror(errno));
    temp_remove();
    exit(1);
}

const char *temp_path(struct arena *arena, const char *name)
{
    static int count;
    if (!root) {
        char *path = arena_printf(arena, "%s/bide-XXXXXX", temp_base());
        watch_signals();
        if (!mkdtemp(path))
            cannot_make(path);
        root = path;
        atexit(temp_remove);
    }
    struct entry *e = arena_alloc(arena, sizeof *e);
    e->folder = arena_printf(arena, "%s/%d", root, ++count);
    e->file = arena_printf(arena, "%s/%s", e->folder, name);
    e->next = entries;
    if (mkdir(e->folder, 0700) < 0)
        cannot_make(e->folder);
    entries = e;
    return e->file;
}

const char *temp_keep(struct arena *arena, const char *path)
{
    char *folder = arena_printf(arena, "%s/bide-kept-XXXXXX", temp_base());
    if (!mkdtemp(folder))
        return NULL;
    char *kept = arena_printf(arena, "%s/%s", folder, base_name(path));
    if (rename(path, kept) == 0)
        return kept;
    rmdir(folder);
    return NULL;
}
