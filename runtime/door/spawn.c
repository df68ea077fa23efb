/*
 * spawn.c: see spawn.h. posix_spawn(3) of glibc makes the child with the memory of its parent, as
 * vfork(2) does, and blocks all signals of the calling thread until the child has left that memory.
 * So no lock of the heap can be held in it, and no handler runs in it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "runtime/door/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>

static int add_files(posix_spawn_file_actions_t *actions, const struct bide__spawn *spawn)
{
    for (size_t i = 0; i < spawn->file_count; i++) {
        const struct bide__spawn_file *f = &spawn->files[i];
        int r = f->from < 0
                    ? posix_spawn_file_actions_addopen(actions, f->to, "/dev/null", O_RDWR, 0)
                    : posix_spawn_file_actions_adddup2(actions, f->from, f->to);
        if (r != 0)
            return r;
    }
    return spawn->dir != NULL ? posix_spawn_file_actions_addchdir_np(actions, spawn->dir) : 0;
}

/* None of these can fail for a valid object. */
static void set_attributes(posix_spawnattr_t *attributes, const struct bide__spawn *spawn)
{
    int flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;

    posix_spawnattr_setsigmask(attributes, &spawn->mask);
    posix_spawnattr_setsigdefault(attributes, &spawn->defaults);
    if (spawn->has_group) {
        flags |= POSIX_SPAWN_SETPGROUP;
        posix_spawnattr_setpgroup(attributes, spawn->group);
    }
    if (spawn->session)
        flags |= POSIX_SPAWN_SETSID;
    posix_spawnattr_setflags(attributes, (short)flags);
}

int bide__posix_spawn(const struct bide__spawn *spawn)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    pid_t child;

    int r = posix_spawn_file_actions_init(&actions);
    if (r != 0)
        return -r;
    r = posix_spawnattr_init(&attributes);
    if (r == 0) {
        r = add_files(&actions, spawn);
        if (r == 0) {
            set_attributes(&attributes, spawn);
            r = posix_spawn(&child, spawn->path, &actions, &attributes, spawn->argv, spawn->envp);
        }
        posix_spawnattr_destroy(&attributes);
    }
    posix_spawn_file_actions_destroy(&actions);
    return r == 0 ? child : -r;
}
