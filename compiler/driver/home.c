/*
 * Where the tool lies: bin/bide, with include and lib beside bin, in the build tree and when
 * installed. No path is compiled in, so the tree can be moved.
 *
 * A program links the shared library if there is one, with its folder as run path unless the loader
 * looks there anyway. The linker drops libraries that a program does not use, so plain C that goes
 * through `bide cc` does not depend on bide. For another target than this machine the library is
 * looked for in lib/TRIPLE; if it is not there, nothing is added.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder above bin, or NULL. */
static const char *home(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n <= 0)
        return NULL;
    path[n] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(path, '/');
        if (!slash)
            return NULL;
        *slash = '\0';
    }
    return arena_printf(arena, "%s", path);
}

const char *home_include(struct arena *arena)
{
    const char *root = home(arena);
    char *path = arena_printf(arena, "%s/include", root ? root : "");
    if (root && access(arena_printf(arena, "%s/bide/lang.h", path), R_OK) == 0)
        return path;
    diag_plain(SEV_ERROR, "the headers of bide are missing: there is no '%s/bide/lang.h'", path);
    return NULL;
}

const char *home_library(struct arena *arena)
{
    const char *root = home(arena);
    return root ? arena_printf(arena, "%s/lib", root) : NULL;
}

const char *home_gdb_script(struct arena *arena)
{
    const char *root = home(arena);
    char *path = arena_printf(arena, "%s/share/bide/bide-gdb.py", root ? root : "");
    if (root && access(path, R_OK) == 0)
        return path;
    diag_plain(SEV_ERROR, "the script for gdb is missing: there is no '%s'", path);
    return NULL;
}

const char *home_new(struct arena *arena)
{
    const char *root = home(arena);
    char *path = arena_printf(arena, "%s/share/bide/new", root ? root : "");
    if (root && access(path, R_OK) == 0)
        return path;
    diag_plain(SEV_ERROR, "the files of a new service are missing: there is no '%s'", path);
    return NULL;
}

static bool is_native(const char *triple)
{
#if defined(__x86_64__)
    return !strncmp(triple, "x86_64", 6) && strstr(triple, "linux");
#elif defined(__aarch64__)
    return !strncmp(triple, "aarch64", 7) && strstr(triple, "linux");
#elif defined(__riscv) && __riscv_xlen == 64
    return !strncmp(triple, "riscv64", 7) && strstr(triple, "linux");
#else
    (void)triple;
    return false;
#endif
}

/* The library folder for the command's target, or NULL. */
static const char *library_folder(const struct command *cmd)
{
    const char *root = home(cmd->arena);
    if (!root || cmd->other_target)
        return NULL;
    if (cmd->triple && !is_native(cmd->triple))
        return arena_printf(cmd->arena, "%s/lib/%s", root, cmd->triple);
    return arena_printf(cmd->arena, "%s/lib", root);
}

/* 's': as a shared library; 'a': as an archive; 0: not there. */
static char library_kind(const struct command *cmd, const char *folder, const char *name)
{
    const char *stem = arena_printf(cmd->arena, "%s/lib%s", folder, name);
    if (!cmd->static_link && access(arena_printf(cmd->arena, "%s.so", stem), R_OK) == 0)
        return 's';
    return access(arena_printf(cmd->arena, "%s.a", stem), R_OK) == 0 ? 'a' : 0;
}

/* Does the loader look there by itself? It does not know /usr/local/lib on every system. */
static bool is_standard(const char *folder)
{
    return !strcmp(folder, "/usr/lib") || !strcmp(folder, "/lib") || !strcmp(folder, "/usr/lib64");
}

/* An archive does not name what it needs; its pkg-config file does. */
static bool needs_uring(const struct command *cmd, const char *folder)
{
    struct buffer text = {0};
    const char *path = arena_printf(cmd->arena, "%s/pkgconfig/bide.pc", folder);
    bool needs = buffer_read_file(&text, path) == 0 && text.length &&
                 memmem(text.data, text.length, "-luring", 7);
    buffer_free(&text);
    return needs;
}

void home_add_link_flags(const struct command *cmd, struct process *p)
{
    const char *folder = library_folder(cmd);
    char kind = folder && !cmd->no_library ? library_kind(cmd, folder, "bide") : 0;
    if (!kind)
        return;
    argv_add(p, arena_printf(cmd->arena, "-L%s", folder));
    if (kind == 's' && !is_standard(folder))
        argv_add(p, arena_printf(cmd->arena, "-Wl,-rpath,%s", folder));
    argv_add(p, "-Wl,--push-state,--as-needed");
    argv_add(p, "-lbide");
    if (kind == 'a' && needs_uring(cmd, folder))
        argv_add(p, "-luring");
    argv_add(p, "-lpthread");
    argv_add(p, "-Wl,--pop-state");
}

/* ---- what a file says that it needs ---- */

static void add_need(const struct command *cmd, struct list *words, const char *name)
{
    /* The libraries that bide's libraries need; an archive does not name them. */
    static const struct {
        const char *name, *behind;
    } known[] = {{"bide-http", "-lbide-metrics"},
                 {"bide-http", "-lcurl"},
                 {"bide-html", "-lgumbo"},
                 {"bide-http-server", "-lbide-tls"},
                 {"bide-http-server", "-lssl"},
                 {"bide-http-server", "-lcrypto"},
                 {"bide-http-server", "-lbide-json"},
                 {"bide-http-server", "-lbide-metrics"},
                 {"bide-http-server", "-ljansson"},
                 {"bide-http-server", "-lm"},
                 {"bide-http-server", "-lnghttp2"},
                 {"bide-http-server", "-lz"},
                 {"bide-http-server", "-lbrotlienc"},
                 {"bide-json", "-ljansson"},
                 {"bide-json", "-lm"},
                 {"bide-sqlite", "-lsqlite3"},
                 {"bide-tls", "-lssl"},
                 {"bide-tls", "-lcrypto"},
                 {"bide-trace", "-lm"},
                 {"bide-trace-otlp", "-lbide-trace"},
                 {"bide-trace-otlp", "-lbide-http"},
                 {"bide-trace-otlp", "-lbide-metrics"},
                 {"bide-trace-otlp", "-lcurl"},
                 {"bide-trace-otlp", "-lm"}};
    const char *folder = library_folder(cmd);
    char kind = folder ? library_kind(cmd, folder, name) : 0;
    list_add(cmd->arena, words, arena_printf(cmd->arena, "-l%s", name));
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (kind == 'a' && !strcmp(name, known[i].name))
            list_add(cmd->arena, words, (void *)known[i].behind);
    }
}

void home_add_needs(const struct command *cmd, struct list *words, const char *text)
{
    enum { FIRST_LINES = 30 };
    for (int line = 0; text && *text && line < FIRST_LINES; line++) {
        const char *end = strchrnul(text, '\n');
        const char *needs = memmem(text, (size_t)(end - text), "needs:", 6);
        const char *p = needs ? needs + 6 : end;
        while (p < end) {
            const char *word = p;
            while (p < end && (isalnum((unsigned char)*p) || strchr("-_+.", *p)))
                p++;
            if (p > word)
                add_need(cmd, words, arena_strndup(cmd->arena, word, (size_t)(p - word)));
            else if (*p == ' ' || *p == ',')
                p++;
            else
                break;
        }
        text = *end ? end + 1 : end;
    }
}
