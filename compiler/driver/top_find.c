/*
 * top_find.c: which program `bide top` looks at. A program that was started with BIDE_CONSOLE
 * listens on a socket; in a folder it is named PID.bide. A socket whose program has ended may still
 * be there: nobody can connect to it.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const int64_t name_limit_ns = 1000000000;

struct found {
    const char *path;
    long long pid;
    struct top_link link; /* fd < 0: it cannot be connected to */
    int error;
};

static void say_how(void)
{
    diag_plain(SEV_NOTE, "start the program with BIDE_CONSOLE=/some/folder ./program");
}

/* ---- one socket ---- */

static bool attach(struct arena *arena, const char *path, struct top_link *link)
{
    int fd = top_connect(path);

    path = top_clean(arena, path);
    if (fd >= 0) {
        *link = (struct top_link){.fd = fd};
        return true;
    }
    if (fd == -ECONNREFUSED)
        diag_plain(SEV_ERROR, "nobody listens on '%s': the program has ended", path);
    else
        diag_plain(SEV_ERROR, "cannot connect to '%s': %s", path, strerror(-fd));
    if (fd == -ECONNREFUSED || fd == -ENOENT)
        say_how();
    return false;
}

/* ---- a folder ---- */

/* The number in PID.bide; 0: it is not such a name. */
static long long pid_of(const char *name)
{
    char *rest;
    long long pid = name[0] >= '1' && name[0] <= '9' ? strtoll(name, &rest, 10) : 0;
    return pid > 0 && strcmp(rest, ".bide") == 0 ? pid : 0;
}

static int by_pid(const void *a, const void *b)
{
    const struct found *f = *(struct found *const *)a, *g = *(struct found *const *)b;
    return f->pid < g->pid ? -1 : f->pid > g->pid;
}

/* The sockets of programs that run. */
static struct list sockets_in(struct arena *arena, const char *folder, DIR *dir)
{
    struct list all = {0};

    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        long long pid = pid_of(e->d_name);
        if (pid == 0)
            continue;
        struct found *f = arena_alloc(arena, sizeof *f);
        *f = (struct found){.path = arena_printf(arena, "%s/%s", folder, e->d_name), .pid = pid};
        int fd = top_connect(f->path);
        if (fd == -ECONNREFUSED || fd == -ENOENT || fd == -ENOTSOCK)
            continue;
        f->link.fd = fd < 0 ? -1 : fd;
        f->error = fd < 0 ? -fd : 0;
        list_add(arena, &all, f);
    }
    if (all.count > 1)
        qsort(all.item, all.count, sizeof(void *), by_pid);
    return all;
}

/* What the program calls itself. */
static const char *program_of(struct arena *arena, struct found *f)
{
    const char *why, *name;

    if (f->error != 0)
        return arena_printf(arena, "(%s)", strerror(f->error));
    struct top_snapshot *s = top_look(&f->link, name_limit_ns, &why);
    name = s != NULL ? arena_printf(arena, "%s", s->program) : arena_printf(arena, "(%s)", why);
    top_free(s);
    return name;
}

static void list_programs(struct arena *arena, const struct list *all, const char *folder,
                          bool is_default)
{
    struct list cells = {0};
    struct found *first = all->item[0];
    const char *shown = top_clean(arena, folder);

    list_add(arena, &cells, (void *)"PID");
    list_add(arena, &cells, (void *)"PROGRAM");
    for (uint32_t i = 0; i < all->count; i++) {
        struct found *f = all->item[i];
        list_add(arena, &cells, arena_printf(arena, "%lld", f->pid));
        list_add(arena, &cells, (void *)(uintptr_t)program_of(arena, f));
    }
    struct list lines = top_lines(arena, &cells, 2, 1);
    for (uint32_t i = 0; i < lines.count; i++)
        puts(lines.item[i]);
    if (is_default)
        diag_plain(SEV_ERROR, "there are %u programs in '%s'; name one, as in: bide top %lld",
                   all->count, shown, first->pid);
    else
        diag_plain(SEV_ERROR, "there are %u programs in '%s'; name one, as in: bide top %s",
                   all->count, shown, top_clean(arena, first->path));
}

/* The only program in the folder. */
static bool find_in(struct arena *arena, const char *folder, bool is_default, struct top_link *link,
                    const char **path)
{
    DIR *dir = opendir(folder);
    const char *shown = top_clean(arena, folder);

    if (dir == NULL) {
        diag_plain(SEV_ERROR, "cannot read the folder '%s': %s", shown, strerror(errno));
        return false;
    }
    struct list all = sockets_in(arena, folder, dir);
    struct found *first = all.count > 0 ? all.item[0] : NULL;
    closedir(dir);
    if (first == NULL) {
        diag_plain(SEV_ERROR, "no program listens in '%s'", shown);
        say_how();
    } else if (all.count == 1 && first->error == 0) {
        *link = first->link;
        *path = first->path;
        return true;
    } else if (all.count == 1) {
        diag_plain(SEV_ERROR, "cannot connect to '%s': %s", top_clean(arena, first->path),
                   strerror(first->error));
    } else {
        list_programs(arena, &all, folder, is_default);
    }
    for (uint32_t i = 0; i < all.count; i++)
        top_link_close(&((struct found *)all.item[i])->link);
    return false;
}

/* ---- what the user has said ---- */

static bool is_number(const char *word)
{
    return word[0] != '\0' && word[strspn(word, "0123456789")] == '\0';
}

bool top_find(struct arena *arena, const char *word, struct top_link *link, const char **path)
{
    const char *home = getenv("BIDE_CONSOLE");
    bool is_default = word == NULL || is_number(word);
    struct stat st;

    if (is_default && (home == NULL || home[0] == '\0')) {
        diag_plain(SEV_ERROR, "BIDE_CONSOLE is not set; name a socket or a folder, as in: bide top "
                              "/some/folder");
        say_how();
        return false;
    }
    *path = is_default ? home : word;
    if (stat(*path, &st) < 0) {
        diag_plain(SEV_ERROR, "there is no '%s': %s", top_clean(arena, *path), strerror(errno));
        say_how();
        return false;
    }
    bool is_folder = S_ISDIR(st.st_mode);
    if (word != NULL && is_default) {
        if (!is_folder) {
            diag_plain(SEV_ERROR,
                       "there is no %s.bide in '%s', which BIDE_CONSOLE names: it is no "
                       "folder",
                       word, top_clean(arena, home));
            return false;
        }
        *path = arena_printf(arena, "%s/%s.bide", home, word);
        return attach(arena, *path, link);
    }
    if (is_folder)
        return find_in(arena, *path, is_default, link, path);
    if (!S_ISSOCK(st.st_mode)) {
        diag_plain(SEV_ERROR, "'%s' is neither a socket nor a folder", top_clean(arena, *path));
        return false;
    }
    return attach(arena, *path, link);
}
