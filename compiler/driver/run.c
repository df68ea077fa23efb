/*
 * bide run: compiles a file, or all C files of a folder, into the private folder, runs the program,
 * and ends as the program did.
 * bide emit: prints the C that a file becomes, for reading and for building without bide.
 * bide gdb: becomes $GDB, or gdb, with the script that steps over awaits.
 *
 * The first two use the compiler of the environment: $CC (or cc) and $CFLAGS. A program names the
 * libraries that it needs in a comment among its first lines:  needs: bide-http m
 */
#define _GNU_SOURCE
#include "inside.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_c_file(const char *word)
{
    const char *dot = strrchr(base_name(word), '.');
    return dot && (!strcmp(dot, ".c") || !strcmp(dot, ".i")) && *word != '-';
}

static struct arg *only_input(struct command *cmd)
{
    struct arg *found = NULL;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        struct arg *a = cmd->args.item[i];
        if (a->kind != ARG_INPUT)
            continue;
        if (found)
            return NULL;
        found = a;
    }
    return found && arg_is_c(found) ? found : NULL;
}

/* ---- run ---- */

static bool is_folder(const char *word)
{
    struct stat st;
    return *word != '-' && stat(word, &st) == 0 && S_ISDIR(st.st_mode);
}

/* The file, or the C files of the folder in the order of their names. */
static void add_sources(struct arena *arena, struct list *sources, char *word)
{
    glob_t found = {0};
    if (!is_folder(word))
        list_add(arena, sources, word);
    else if (glob(arena_printf(arena, "%s/*.c", word), 0, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            list_add(arena, sources,
                     arena_strndup(arena, found.gl_pathv[i], strlen(found.gl_pathv[i])));
    globfree(&found);
}

/* The text of the last source with a "needs:"; "": no source has one. NULL: a source cannot be
 * read, or there is no source. */
static const char *read_sources(struct arena *arena, const struct list *sources, const char *word)
{
    const char *all = "";
    for (uint32_t i = 0; i < sources->count; i++) {
        struct buffer text = {0};
        int err = buffer_read_file(&text, sources->item[i]);
        if (err) {
            diag_plain(SEV_ERROR, "cannot read '%s': %s", (char *)sources->item[i], strerror(-err));
            return NULL;
        }
        all = strstr(text.data, "needs:") ? arena_printf(arena, "%s", text.data) : all;
        buffer_free(&text);
    }
    if (sources->count)
        return all;
    diag_plain(SEV_ERROR, "there is no C file in '%s'", word);
    return NULL;
}

static int compile_program(struct command *cmd, int argc, char **argv, const char **program)
{
    struct list words = {0}, needs = {0}, sources = {0};
    char *word = argv[argc - 1];
    add_sources(cmd->arena, &sources, word);
    const char *text = read_sources(cmd->arena, &sources, word);
    if (!text)
        return 1;
    *program = temp_path(cmd->arena, with_suffix(cmd->arena, base_name(sources.item[0]), ""));
    for (int i = 0; i < argc - 1; i++)
        list_add(cmd->arena, &words, argv[i]);
    for (uint32_t i = 0; i < sources.count; i++)
        list_add(cmd->arena, &words, sources.item[i]);
    list_add(cmd->arena, &words, (void *)"-o");
    list_add(cmd->arena, &words, (void *)*program);
    if (command_read_default(cmd, "-g -O1", (int)words.count, (char **)words.item) < 0)
        return 1;
    home_add_needs(cmd, &needs, text);
    return driver_compile(cmd, &needs);
}

int driver_run(int argc, char **argv)
{
    int file = 0;
    while (file < argc && !is_c_file(argv[file]))
        file++;
    if (file == argc) /* only then, since options have folders as arguments */
        for (file = 0; file < argc && !is_folder(argv[file]);)
            file++;
    if (file == argc) {
        diag_plain(SEV_ERROR, "bide run needs a C file or a folder of them, as in: "
                              "bide run hello.c");
        return 1;
    }
    struct arena *arena = arena_new();
    struct command cmd = {.arena = arena};
    const char *program = NULL;
    struct process p = {.arena = arena};
    int status = compile_program(&cmd, file + 1, argv, &program);
    if (status == 0) {
        argv_add(&p, program);
        int first = file + 1;
        if (first < argc && !strcmp(argv[first], "--"))
            first++;
        for (int i = first; i < argc; i++)
            argv_add(&p, argv[i]);
        status = process_run_as_user(&p);
    } else if (file + 1 < argc && is_c_file(argv[file + 1]) && access(argv[file + 1], R_OK) == 0) {
        diag_plain(SEV_NOTE,
                   "'%s' is an argument of the program: bide run compiles one C file, or all of a "
                   "folder; bide cc compiles several",
                   argv[file + 1]);
    }
    status = process_end_like(status, p.signal ? p.signal : cmd.signal);
    arena_free(arena);
    return status;
}

/* ---- emit ---- */

static int write_output(const struct command *cmd, const char *text, size_t length)
{
    FILE *f = cmd->output && strcmp(cmd->output, "-") ? fopen(cmd->output, "we") : stdout;
    bool ok = f && fwrite(text, 1, length, f) == length;
    if (f && f != stdout)
        ok &= fclose(f) == 0;
    else if (f)
        ok &= fflush(f) == 0;
    if (!ok)
        diag_plain(SEV_ERROR, "cannot write '%s'", cmd->output ? cmd->output : "standard output");
    return ok ? 0 : 1;
}

static int emit_job(struct job *job)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return 1;
    enum step step = job_preprocess(job);
    if (step == STEP_OK)
        step = job_translate(job, out);
    fclose(out);
    int status = 1;
    if (step == STEP_OK)
        status = write_output(job->command, text, length);
    else if (step == STEP_NOT_ASYNC) /* plain C stays as it is */
        status = write_output(job->command, job->source.data, job->source.length);
    free(text);
    return status;
}

static int emit_input(struct command *cmd, struct arg *input)
{
    struct job job = {.command = cmd, .input = input};
    bool standard = !strcmp(input->value, "-");
    int err = standard ? buffer_read_fd(&job.source, STDIN_FILENO)
                       : buffer_read_file(&job.source, input->value);
    int status = 1;
    if (err)
        diag_plain(SEV_ERROR, "cannot read '%s': %s", input->value, strerror(-err));
    else if (text_has_async_words(job.source.data, job.source.length))
        status = emit_job(&job);
    else
        status = write_output(cmd, job.source.data, job.source.length);
    job_free(&job);
    return status;
}

int driver_emit(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct command cmd = {.arena = arena};
    int status = 1;
    if (command_read_default(&cmd, "", argc, argv) == 0) {
        struct arg *input = only_input(&cmd);
        cmd.options.pretty = true;
        if (input)
            status = emit_input(&cmd, input);
        else
            diag_plain(SEV_ERROR, "bide emit needs one C file, as in: bide emit hello.c");
    }
    temp_remove();
    arena_free(arena);
    return status;
}

/* ---- gdb ---- */

int driver_gdb(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct process p = {.arena = arena};
    const char *gdb = getenv("GDB");
    const char *script = home_gdb_script(arena);
    int status = 1;
    if (script) {
        argv_add(&p, gdb && *gdb ? gdb : "gdb");
        argv_add(&p, "-ix");
        argv_add(&p, script);
        for (int i = 0; i < argc; i++)
            argv_add(&p, argv[i]);
        status = process_exec(&p);
    }
    arena_free(arena);
    return status;
}
