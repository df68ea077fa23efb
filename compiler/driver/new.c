/*
 * bide new DIR: makes an HTTP service that builds, is tested and serves.
 *
 * The files are copies of those in share/bide/new, in which @NAME@ becomes the name of the folder.
 * Nothing is overwritten: if one of the files is there already, nothing is written; other files in
 * the folder are left alone. After an error what was made is removed again.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct made {
    const char *from, *to;
} files[] = {
    {"service.c", "service.c"},  {"service.h", "service.h"}, {"service_test.c", "service_test.c"},
    {"main.c", "main.c"},        {"Makefile", "Makefile"},   {"README.md", "README.md"},
    {"gitignore", ".gitignore"},
};

enum { FILES = sizeof files / sizeof *files };

/* The last part of the folder's full name. */
static const char *project_name(struct arena *arena, const char *folder)
{
    char *full = realpath(folder, NULL);
    const char *name = full ? arena_printf(arena, "%s", base_name(full)) : "";
    free(full);
    return *name ? name : "service";
}

static void add_replaced(struct buffer *out, const struct buffer *text, const char *name)
{
    static const char mark[] = "@NAME@";
    const char *p = text->data, *end = text->data + text->length;
    for (const char *at; p < end && (at = memmem(p, (size_t)(end - p), mark, 6)); p = at + 6) {
        buffer_add(out, p, (size_t)(at - p));
        buffer_add(out, name, strlen(name));
    }
    if (p < end)
        buffer_add(out, p, (size_t)(end - p));
}

static bool write_all(int fd, const struct buffer *text)
{
    for (size_t done = 0; done < text->length;) {
        ssize_t n = write(fd, text->data + done, text->length - done);
        if (n < 0)
            return false;
        done += (size_t)n;
    }
    return true;
}

/* The file must not be there. */
static bool make_file(const char *from, const char *to, const char *name)
{
    struct buffer text = {0}, out = {0};
    if (buffer_read_file(&text, from)) {
        diag_plain(SEV_ERROR, "cannot read '%s'", from);
        buffer_free(&text);
        return false;
    }
    add_replaced(&out, &text, name);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && write_all(fd, &out);
    if (fd >= 0)
        ok = close(fd) == 0 && ok;
    if (!ok)
        diag_plain(SEV_ERROR, "cannot write '%s': %s", to, strerror(errno));
    if (!ok && fd >= 0)
        unlink(to);
    buffer_free(&text);
    buffer_free(&out);
    return ok;
}

/* True if none of the files is there. */
static bool is_free(struct arena *arena, const char *folder)
{
    for (int i = 0; i < FILES; i++) {
        struct stat st;
        const char *path = arena_printf(arena, "%s/%s", folder, files[i].to);
        if (lstat(path, &st) == 0) {
            diag_plain(SEV_ERROR, "'%s' is there already; nothing was written", path);
            return false;
        }
    }
    return true;
}

static bool make_all(struct arena *arena, const char *folder)
{
    const char *from = home_new(arena);
    const char *name = project_name(arena, folder);
    int made = 0;
    while (from && made < FILES &&
           make_file(arena_printf(arena, "%s/%s", from, files[made].from),
                     arena_printf(arena, "%s/%s", folder, files[made].to), name))
        made++;
    if (made == FILES)
        return true;
    while (made-- > 0)
        unlink(arena_printf(arena, "%s/%s", folder, files[made].to));
    return false;
}

int driver_new(int argc, char **argv)
{
    if (argc != 1 || !*argv[0] || argv[0][0] == '-') {
        diag_plain(SEV_ERROR, "'bide new' takes the name of a folder, as in: bide new greeter");
        return 1;
    }
    struct arena *arena = arena_new();
    const char *folder = argv[0];
    bool is_new = mkdir(folder, 0777) == 0;
    if (!is_new && errno != EEXIST) {
        diag_plain(SEV_ERROR, "cannot make the folder '%s': %s", folder, strerror(errno));
        arena_free(arena);
        return 1;
    }
    bool ok = is_free(arena, folder) && make_all(arena, folder);
    if (!ok && is_new)
        rmdir(folder);
    if (ok)
        printf("made a service in %s; next:\n\n    cd %s\n    make test\n    make run\n", folder,
               folder);
    arena_free(arena);
    return ok ? 0 : 1;
}
