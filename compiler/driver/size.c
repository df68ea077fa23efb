/*
 * bide size: how large the frames of async functions are, in objects, archives, programs and shared
 * libraries. C files are compiled into the private folder first, with $CC and $CFLAGS as `bide run`
 * does. size_print.c prints the reports.
 *
 * All files of the command are read together: a function's reserve depends on its callees, which
 * may be in other files. A callee that no file defines is looked for in bide's own libraries.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum format { FORMAT_TEXT, FORMAT_TSV, FORMAT_JSON };

struct request {
    struct arena *arena;
    enum format format;
    int members;
    struct list words; /* char *: all others */
};

/* ---- the command line ---- */

static int read_count(const char *word, int *count)
{
    char *end;
    if (word && !strcmp(word, "all")) {
        *count = SIZE_ALL_MEMBERS;
        return 0;
    }
    errno = 0;
    long n = word ? strtol(word, &end, 10) : -1;
    if (!word || end == word || *end || errno || n < 0 || n > 1000000) {
        diag_plain(SEV_ERROR, "'--members' is a number or 'all', not '%s'", word ? word : "");
        return -1;
    }
    *count = (int)n;
    return 0;
}

static int read_request(struct request *r, int argc, char **argv)
{
    r->members = 3;
    for (int i = 0; i < argc; i++) {
        const char *word = argv[i];
        if (!strcmp(word, "--json")) {
            r->format = FORMAT_JSON;
        } else if (!strcmp(word, "--tsv")) {
            r->format = FORMAT_TSV;
        } else if (!strcmp(word, "--members")) {
            if (read_count(i + 1 < argc ? argv[++i] : NULL, &r->members) < 0)
                return -1;
        } else if (!strncmp(word, "--members=", 10)) {
            if (read_count(word + 10, &r->members) < 0)
                return -1;
        } else {
            list_add(r->arena, &r->words, (void *)word);
        }
    }
    return 0;
}

/* ---- C files ---- */

/* Compiles one C file of the command. The object, or NULL. */
static const char *compile_source(const struct command *all, const struct arg *source)
{
    struct arena *arena = all->arena;
    struct command cmd = {.arena = arena};
    struct list words = {0}, none = {0};
    const char *object = temp_path(arena, with_suffix(arena, base_name(source->value), ".o"));
    for (uint32_t i = 0; i < all->compiler.count; i++)
        list_add(arena, &words, all->compiler.item[i]);
    for (uint32_t i = 0; i < all->args.count; i++) {
        const struct arg *a = all->args.item[i];
        bool is_ours = a->kind != ARG_INPUT && a->kind != ARG_OUTPUT && a->kind != ARG_MODE &&
                       a->kind != ARG_DEPENDENCY && a->kind != ARG_DATABASE;
        for (int k = 0; k < 2 && a->word[k] && is_ours; k++)
            list_add(arena, &words, (void *)a->word[k]);
    }
    const char *last[] = {"-fno-lto", "-c", "-o", object, source->value};
    for (size_t i = 0; i < sizeof last / sizeof *last; i++)
        list_add(arena, &words, (void *)last[i]);
    if (command_read(&cmd, (int)words.count, (char **)words.item) < 0)
        return NULL;
    return driver_compile(&cmd, &none) == 0 ? object : NULL;
}

/* ---- files ---- */

static bool read_inputs(struct request *r, struct list *files)
{
    struct command cmd = {.arena = r->arena};
    bool ok = true;
    int inputs = 0, sources = 0;
    if (command_read_default(&cmd, "", (int)r->words.count, (char **)r->words.item) < 0)
        return false;
    for (uint32_t i = 0; i < cmd.args.count; i++) {
        const struct arg *a = cmd.args.item[i];
        inputs += a->kind == ARG_INPUT;
        sources += arg_is_c(a);
    }
    for (uint32_t i = 0; i < r->words.count && !sources; i++) {
        const char *word = r->words.item[i];
        if (*word != '-')
            continue;
        diag_plain(SEV_ERROR, "bide size has no option '%s'; see: bide help", word);
        return false;
    }
    if (!inputs) {
        diag_plain(SEV_ERROR, "bide size needs a file, as in: bide size server.o");
        return false;
    }
    for (uint32_t i = 0; i < cmd.args.count; i++) {
        const struct arg *a = cmd.args.item[i];
        if (a->kind != ARG_INPUT)
            continue;
        const char *path = arg_is_c(a) ? compile_source(&cmd, a) : a->value;
        ok &= path && size_read(r->arena, path, a->value, files);
    }
    return ok;
}

/* The same library, as an archive. */
static bool is_read(const struct list *names, const char *archive)
{
    for (uint32_t i = 0; i < names->count; i++)
        if (!strncmp(names->item[i], archive, strlen(archive) - 1) &&
            !strcmp((const char *)names->item[i] + strlen(archive) - 1, "so"))
            return true;
    return false;
}

/* As many as are wanted, the one that most functions are in first. An archive has what the shared
 * library has, in which functions were found. */
static void read_libraries(struct arena *arena, const struct list *files, struct list *libraries)
{
    static const char *const patterns[] = {"libbide.so", "libbide-*.so", "libbide.a",
                                           "libbide-*.a"};
    const char *folder = home_library(arena);
    struct list names = {0};
    glob_t found = {0};

    for (size_t i = 0; folder && i < sizeof patterns / sizeof *patterns; i++)
        glob(arena_printf(arena, "%s/%s", folder, patterns[i]), i ? GLOB_APPEND : 0, NULL, &found);
    for (size_t i = 0; i < found.gl_pathc && size_wants_library(arena, files, libraries); i++) {
        uint32_t before = libraries->count;
        if (is_read(&names, found.gl_pathv[i]))
            continue;
        size_read(arena, found.gl_pathv[i], found.gl_pathv[i], libraries);
        if (libraries->count > before)
            list_add(arena, &names, arena_printf(arena, "%s", found.gl_pathv[i]));
    }
    globfree(&found);
}

/* ---- the report ---- */

static int compare_functions(const void *a, const void *b)
{
    const struct size_function *x = *(struct size_function *const *)a;
    const struct size_function *y = *(struct size_function *const *)b;
    if (x->frame != y->frame)
        return x->frame > y->frame ? -1 : 1;
    int order = strcmp(x->name, y->name);
    if (!order)
        order = strcmp(x->file, y->file);
    return order ? order : strcmp(x->object, y->object);
}

static struct list in_order(struct arena *arena, const struct list *files)
{
    struct list all = {0};
    for (uint32_t i = 0; i < files->count; i++) {
        const struct size_file *file = files->item[i];
        for (uint32_t k = 0; k < file->functions.count; k++) {
            struct size_function *f = file->functions.item[k];
            if (f->frame) /* 0: a group that is a branch, not a function */
                list_add(arena, &all, f);
        }
    }
    if (all.count)
        qsort(all.item, all.count, sizeof *all.item, compare_functions);
    return all;
}

static int print(const struct request *r, const struct list *functions)
{
    switch (r->format) {
    case FORMAT_TEXT: size_print_text(functions, r->members, stdout); break;
    case FORMAT_TSV: size_print_tsv(functions, stdout); break;
    case FORMAT_JSON: size_print_json(functions, stdout); break;
    }
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    diag_plain(SEV_ERROR, "cannot write standard output");
    return 1;
}

static void say_what_is_lost(const struct list *files, const struct list *functions)
{
    for (uint32_t i = 0; i < files->count; i++) {
        const struct size_file *file = files->item[i];
        if (file->is_stripped)
            diag_plain(SEV_NOTE, "'%s' has lost its symbols: its static functions have no reserve",
                       file->name);
    }
    if (!functions->count)
        diag_plain(SEV_NOTE, "there is no async function");
}

int driver_size(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct request r = {.arena = arena};
    struct list files = {0}, libraries = {0};
    int status = 1;
    if (read_request(&r, argc, argv) == 0 && read_inputs(&r, &files)) {
        read_libraries(arena, &files, &libraries);
        size_find_reserves(arena, &files, &libraries);
        struct list functions = in_order(arena, &files);
        status = print(&r, &functions);
        say_what_is_lost(&files, &functions);
    }
    temp_remove();
    arena_free(arena);
    return status;
}
