/*
 * Precompiled headers. The front end reads text, so for an async file the header itself is read
 * instead of its precompiled form; plain files of the same command use that form as always.
 *
 * gcc -E always reads text. With clang, `-include X.h` takes X.h.pch or X.h.gch if there is one,
 * unless the words go past its driver: -Xclang -include -Xclang X.h. And -include-pch names only
 * the precompiled form; CMake gives clang both that and the header.
 *
 * If only the precompiled form can be found (as with Meson), the header's name is looked for among
 * the names in it, which are as they were given when it was made.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>
#include <unistd.h>

bool pch_is_include(const struct arg *a)
{
    return a->kind == ARG_PREPROCESS && a->value && strncmp(a->word[0], "-include-", 9) &&
           !strncmp(a->word[0], "-include", 8);
}

static bool is_past_driver(const struct arg *a)
{
    return !strcmp(a->word[0], "-Xclang") && a->kind == ARG_PREPROCESS;
}

/* ---- what is in a precompiled header ---- */

/* The name of a file with this last part that can be read, among the strings in the file. */
static const char *find_name(struct arena *arena, const char *path, const char *name)
{
    struct buffer data = {0};
    size_t length = strlen(name) + 1; /* with its NUL */
    const char *found = NULL;
    if (buffer_read_file(&data, path) < 0)
        return NULL;
    const char *p = data.data, *end = data.data + data.length;
    while (!found && p && (p = memmem(p, (size_t)(end - p), name, length))) {
        const char *begin = p;
        while (begin > data.data && (unsigned char)begin[-1] >= ' ')
            begin--;
        p += length;
        if (strcmp(base_name(begin), name) == 0 && access(begin, R_OK) == 0)
            found = arena_strndup(arena, begin, strlen(begin));
    }
    buffer_free(&data);
    return found;
}

/* ---- clang ---- */

/* Is the header included by another word? */
static bool is_included(const struct command *cmd, const char *header)
{
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if ((pch_is_include(a) || is_past_driver(a)) && !strcmp(a->value, header))
            return true;
    }
    return false;
}

static void add_include(struct process *p, const char *header)
{
    argv_add(p, "-Xclang");
    argv_add(p, "-include");
    argv_add(p, "-Xclang");
    argv_add(p, header);
}

/* "x.h.pch" and "x.pch" are made from x.h, perhaps in another folder. */
static int add_source_of(const struct command *cmd, struct process *p, const char *pch)
{
    char *names[] = {with_suffix(cmd->arena, pch, ""), with_suffix(cmd->arena, pch, ".h")};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_included(cmd, names[i]))
            return 0;
        if (access(names[i], R_OK) == 0) {
            add_include(p, names[i]);
            return 0;
        }
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *found = find_name(cmd->arena, pch, base_name(names[i]));
        if (found) {
            add_include(p, found);
            return 0;
        }
    }
    diag_plain(SEV_ERROR,
               "'%s' is a precompiled header, and there is no '%s'; bide needs the text of the "
               "header: name it with -include",
               pch, names[0]);
    return -1;
}

/* ---- gcc ---- */

static bool is_search_path(const struct arg *a)
{
    return a->kind == ARG_PREPROCESS &&
           (!strncmp(a->word[0], "-I", 2) || !strncmp(a->word[0], "-iquote", 7));
}

/* Where the header's text is, when only X.gch is found for it; else the name itself. */
static const char *find_text(const struct command *cmd, const char *name)
{
    if (access(name, R_OK) == 0)
        return name;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (!is_search_path(a))
            continue;
        char *path = arena_printf(cmd->arena, "%s/%s", a->value, name);
        if (access(path, R_OK) == 0)
            return name;
        const char *found =
            find_name(cmd->arena, arena_printf(cmd->arena, "%s.gch", path), base_name(name));
        if (found)
            return found;
    }
    return name;
}

int pch_add_text(const struct command *cmd, struct process *p)
{
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        const struct arg *next = i + 1 < cmd->args.count ? cmd->args.item[i + 1] : NULL;
        bool past_driver = a->kind == ARG_PCH && !strcmp(a->value ? a->value : "", "-include-pch");
        const char *pch = NULL;
        if (past_driver)
            pch = next->value;
        else if (a->kind == ARG_PCH && !strcmp(a->word[0], "-include-pch"))
            pch = a->value;
        if (pch && add_source_of(cmd, p, pch) < 0)
            return -1;
        if (is_past_driver(a) && next && is_past_driver(next)) {
            add_include(p, next->value);
            i++;
        } else if (pch_is_include(a) && cmd->clang) {
            add_include(p, a->value);
        } else if (pch_is_include(a)) {
            argv_add(p, "-include");
            argv_add(p, find_text(cmd, a->value));
        }
    }
    return 0;
}
