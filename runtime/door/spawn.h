/*
 * spawn.h: what posix_spawn(3) is to do, as one struct, for the door.
 *
 * libc keeps such orders in objects with memory of their own, so they are made and freed behind the
 * door. If there is no memory for them, the call fails with -ENOMEM like others.
 */
#ifndef BIDE_DOOR_SPAWN_H
#define BIDE_DOOR_SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Descriptor `to` of the child is `from`, which stays open and is not closed on exec if it is the
 * same; from -1: /dev/null. They are made in their order. */
struct bide__spawn_file {
    int from, to;
};

struct bide__spawn {
    const char *path;
    char *const *argv, *const *envp;
    const char *dir; /* NULL: ours */
    const struct bide__spawn_file *files;
    size_t file_count;
    bool session, has_group;
    pid_t group; /* 0: a new one */
    sigset_t mask, defaults;
};

/* The id of the child, or a negative errno. */
int bide__posix_spawn(const struct bide__spawn *spawn);

#endif
