/*
 * lib/process/command.c: which program a child runs, with which environment, and why it could not.
 *
 * The program is looked for here and not by posix_spawnp(3): that one goes by our PATH, even if the
 * child has another.
 */
#include "lib/process/process.h"

#include <limits.h>
#include <stdio.h>

/* ---- the environment ---- */

static size_t name_size(const char *variable)
{
    return strcspn(variable, "=");
}

static bool is_same_name(const char *one, const char *other)
{
    size_t size = name_size(one);
    return name_size(other) == size && memcmp(one, other, size) == 0;
}

/* A later entry of the list is about the same variable. */
static bool is_overruled(const char *variable, const char *const *list)
{
    for (; list != NULL && *list != NULL; list++)
        if (is_same_name(variable, *list))
            return true;
    return false;
}

static size_t count_of(const char *const *list)
{
    size_t n = 0;
    while (list != NULL && list[n] != NULL)
        n++;
    return n;
}

int bide__process_environment(const bide_process_options *options, char ***envp, size_t *size)
{
    const char *const *env = options->env;
    char **ours = options->env_clear ? NULL : environ;
    size_t n = 0;

    *envp = environ;
    *size = 0;
    if (env == NULL && !options->env_clear)
        return 0;
    for (size_t i = 0; i < count_of(env); i++)
        if (name_size(env[i]) == 0)
            return -EINVAL;
    *size = (count_of((const char *const *)ours) + count_of(env) + 1) * sizeof(char *);
    *envp = bide__alloc(*size);
    if (*envp == NULL)
        return -ENOMEM;
    for (; ours != NULL && *ours != NULL; ours++)
        if (!is_overruled(*ours, env))
            (*envp)[n++] = *ours;
    for (; env != NULL && *env != NULL; env++)
        if (strchr(*env, '=') != NULL && !is_overruled(*env, env + 1))
            (*envp)[n++] = (char *)(uintptr_t)*env;
    (*envp)[n] = NULL;
    return 0;
}

/* ---- the program ---- */

static const char *path_of(char *const *envp)
{
    for (; envp != NULL && *envp != NULL; envp++)
        if (strncmp(*envp, "PATH=", 5) == 0)
            return *envp + 5;
    return "/bin:/usr/bin";
}

/* 0 if it is a file that we may execute. A relative path is one in `dir`. */
static int check(const char *path, const char *dir)
{
    char below[PATH_MAX];
    struct stat status;

    if (*path != '/' && dir != NULL) {
        if (snprintf(below, sizeof below, "%s/%s", dir, path) >= (int)sizeof below)
            return -ENAMETOOLONG;
        path = below;
    }
    int r = bide__door.stat(path, &status);
    if (r == 0 && !S_ISREG(status.st_mode))
        r = -EACCES;
    return r == 0 ? bide__door.access(path, X_OK) : r;
}

int bide__process_find(const char *name, const char *dir, char *const *envp, char *found)
{
    int result = -ENOENT;

    if (*name == '\0')
        return -ENOENT;
    if (strchr(name, '/') != NULL) {
        if (strlen(name) >= PATH_MAX)
            return -ENAMETOOLONG;
        strcpy(found, name);
        return 0;
    }
    for (const char *entry = path_of(envp);; entry++) {
        size_t size = strcspn(entry, ":");
        /* An empty entry is the working directory. */
        int n = snprintf(found, PATH_MAX, "%.*s/%s", size > 0 ? (int)size : 1,
                         size > 0 ? entry : ".", name);
        int r = n < PATH_MAX ? check(found, dir) : -ENAMETOOLONG;
        if (r == 0)
            return 0;
        if (r == -EACCES)
            result = r;
        entry += size;
        if (*entry == '\0')
            break;
    }
    return result;
}

/* ---- why not ---- */

static bool cannot_enter(const char *dir)
{
    struct stat status;
    return bide__door.stat(dir, &status) < 0 || !S_ISDIR(status.st_mode) ||
           bide__door.access(dir, X_OK) < 0;
}

void bide__process_explain(const bide_process_options *options, const char *name, const char *path,
                           int error)
{
    char text[128];
    const char *what = strerror_r(-error, text, sizeof text);

    if (options->why == NULL || options->why_size == 0)
        return;
    if (options->dir != NULL && cannot_enter(options->dir))
        snprintf(options->why, options->why_size,
                 "cannot enter the directory \"%s\" to run \"%s\": %s", options->dir, name, what);
    else if (error == -ENOENT && path != NULL && check(path, options->dir) == 0)
        snprintf(options->why, options->why_size, "cannot run \"%s\": its interpreter is missing",
                 name);
    else
        snprintf(options->why, options->why_size, "cannot run \"%s\": %s", name, what);
}
