/*
 * bide run: compiles one file into the private folder, runs it, and ends as it ended.
 * bide emit: prints the C that a file becomes, for reading and for building without bide.
 *
 * Both use the compiler of the environment: $CC and $CFLAGS, else cc. A program says in a comment
 * among its first lines which libraries it stands on:  needs: bide-http m
 */
#define _GNU_SOURCE
#include "driver.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
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
    return found && (found->language == LANG_C || found->language == LANG_C_PREPROCESSED) ? found
                                                                                          : NULL;
}

/* ---- run ---- */

/* Ends us by the signal that ended the program, so that a shell sees the same; only one core. */
static int end_like(int status, int by_signal)
{
    struct rlimit none = {0, 0};
    temp_remove();
    if (!by_signal)
        return status;
    setrlimit(RLIMIT_CORE, &none);
    signal(by_signal, SIG_DFL);
    raise(by_signal);
    return status;
}

static int compile_program(struct command *cmd, int argc, char **argv, const char **program)
{
    struct list words = {0}, needs = {0};
    struct buffer text = {0};
    const char *file = argv[argc - 1];
    int err = buffer_read_file(&text, file);
    if (err) {
        diag_plain(SEV_ERROR, "cannot read '%s': %s", file, strerror(-err));
        return 1;
    }
    *program = temp_path(cmd->arena, with_suffix(cmd->arena, base_name(file), ""));
    for (int i = 0; i < argc; i++)
        list_add(cmd->arena, &words, argv[i]);
    list_add(cmd->arena, &words, (void *)"-o");
    list_add(cmd->arena, &words, (void *)*program);
    int status = 1;
    if (command_read_default(cmd, "-g -O1", (int)words.count, (char **)words.item) == 0) {
        home_add_needs(cmd, &needs, text.data);
        status = driver_compile(cmd, &needs);
    }
    buffer_free(&text);
    return status;
}

int driver_run(int argc, char **argv)
{
    int file = 0;
    while (file < argc && !is_c_file(argv[file]))
        file++;
    if (file == argc) {
        diag_plain(SEV_ERROR, "bide run needs a C file, as in: bide run hello.c");
        return 1;
    }
    struct arena *arena = arena_new();
    struct command cmd = {.arena = arena};
    const char *program = NULL;
    int by_signal = 0;
    int status = compile_program(&cmd, file + 1, argv, &program);
    if (status == 0) {
        struct process p = {.arena = arena};
        argv_add(&p, program);
        int first = file + 1;
        if (first < argc && !strcmp(argv[first], "--"))
            first++;
        for (int i = first; i < argc; i++)
            argv_add(&p, argv[i]);
        status = process_run_as_user(&p, &by_signal);
    }
    status = end_like(status, by_signal);
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
