/*
 * The plain reading of a file: the user's compiler compiles the file itself, for its messages.
 * These are the messages that the user sees: they have the lines, columns and macros of the file,
 * of which the generated text has only the lines.
 *
 * It runs in parallel with bide's own work, one file at a time. __BIDE__ is defined, so that the
 * same parts of the file are read; BIDE__PLAIN selects the plain reading of the forms in bide's
 * headers (bide/lang.h).
 *
 * clang gives its messages in the front end. gcc gives many only when it generates code (about
 * variables without a value, about sizes of buffers). So gcc generates code if the user has asked
 * for warnings; otherwise only if it printed more about the generated text.
 *
 * No file is left behind, and with -w nothing is run.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

static struct job *running;

/* ---- what is wanted ---- */

/* Is it an option for warnings? -Wa, -Wl, and -Wp, are not. */
static bool word_is_warning(const char *word)
{
    return !strncmp(word, "-W", 2) && !(word[2] && strchr("alp", word[2]) && word[3] == ',');
}

bool plain_is_wanted(const struct command *cmd)
{
    for (int i = 0; i < cmd->options.flag_count; i++)
        if (!strcmp(cmd->options.flag[i], "-w"))
            return false;
    return true;
}

bool plain_exists(const struct job *job)
{
    return !job->is_unreadable && (job->is_plain || job->input->language != LANG_C_PREPROCESSED);
}

/* Has the user asked for warnings, in the command or in the file? */
static bool asks_for_warnings(const struct job *job)
{
    const struct command *cmd = job->command;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        const char *word = a->word[0];
        if (a->kind == ARG_BOTH &&
            (!strcmp(word, "-fanalyzer") || (word_is_warning(word) && strncmp(word, "-Wno-", 5))))
            return true;
    }
    return job->source.length && memmem(job->source.data, job->source.length, " diagnostic ", 12);
}

bool plain_needs_code(const struct job *job)
{
    const struct command *cmd = job->command;
    return !cmd->clang && cmd->mode != MODE_SYNTAX && asks_for_warnings(job);
}

/* ---- the command ---- */

/* Is it a word that fits only the real compilation? */
static bool is_out_of_place(const struct arg *a)
{
    const char *word = a->word[0];
    return (a->kind == ARG_PCH && !strcmp(word, "-Winvalid-pch")) ||
           !strncmp(word, "-fprofile-", 10) || !strncmp(word, "-fauto-profile", 14) ||
           !strcmp(word, "-fbranch-probabilities") ||
           !strcmp(word, "-fno-diagnostics-show-option"); /* report.c takes them away */
}

/* Where the code goes. A launcher that keeps results needs a file to keep. */
static const char *code_path(const struct job *job)
{
    const struct command *cmd = job->command;
    return cmd->launcher_count ? temp_path(cmd->arena, "plain.s") : "/dev/null";
}

static void add_mode(const struct job *job, struct process *p)
{
    if (job->plain_code) {
        argv_add(p, "-g0");
        argv_add(p, "-S");
        argv_add(p, "-o");
        argv_add(p, code_path(job));
    } else {
        argv_add(p, "-fsyntax-only");
    }
    if (job->plain_c99) {
        argv_add(p, "-std=gnu99");
        argv_add(p, "-fgnu89-inline");
    }
    if (job->command->clang) /* the real command warns of these */
        argv_add(p, "-Wno-unused-command-line-argument");
}

static struct process plain_process(struct job *job, const char *include)
{
    const struct command *cmd = job->command;
    struct process p = {.arena = cmd->arena, .place = CHILD_PLAIN, .catch_err = true};
    temp_begin(cmd->arena);
    uint32_t first = job->plain_code ? 0 : (uint32_t)cmd->launcher_count;
    for (uint32_t i = first; i < cmd->compiler.count; i++)
        argv_add(&p, cmd->compiler.item[i]);
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        bool is_header = !cmd->clang && pch_is_include(a);
        if (!command_wants_word(a, false) || is_out_of_place(a) || is_header)
            continue;
        argv_add_arg(&p, a);
    }
    if (!cmd->clang)
        pch_add_text(cmd, &p);
    command_add_colour(cmd, &p);
    add_mode(job, &p);
    if (!job->is_plain) {
        argv_add(&p, "-D__BIDE__=1");
        argv_add(&p, "-DBIDE__PLAIN=1");
    }
    argv_add(&p, "-isystem");
    argv_add(&p, include);
    command_add_input(job->input, &p, job->input->value);
    p.input = strcmp(job->input->value, "-") ? NULL : &job->source;
    return p;
}

/* ---- its life ---- */

static void start(struct job *job, bool code)
{
    const char *include = home_include(job->command->arena);
    if (running)
        plain_finish(running);
    job->plain_code = code;
    buffer_free(&job->check_err);
    job->check_status = 1;
    job->plain_done = true;
    if (!include)
        return;
    job->plain = plain_process(job, include);
    job->check_status = process_start(&job->plain);
    job->plain_done = job->check_status != 0;
    running = job->plain_done ? NULL : job;
}

void plain_start(struct job *job)
{
    if (plain_exists(job))
        start(job, plain_needs_code(job));
}

int plain_finish(struct job *job)
{
    if (!plain_exists(job))
        return 0;
    if (running != job && !job->plain_done)
        start(job, plain_needs_code(job));
    if (running == job) {
        running = NULL;
        job->check_status = process_finish(&job->plain, NULL, -1);
        job->check_err = job->plain.err;
        job->plain_done = true;
    }
    return job->check_status;
}

int plain_finish_code(struct job *job)
{
    plain_finish(job);
    if (!plain_exists(job) || job->plain_code || job->command->mode == MODE_SYNTAX)
        return job->check_status;
    start(job, true);
    return plain_finish(job);
}

int plain_finish_c99(struct job *job)
{
    job->plain_c99 = true;
    start(job, job->plain_code);
    return plain_finish(job);
}

void plain_stop(struct job *job)
{
    if (running != job)
        return;
    running = NULL;
    process_abandon(&job->plain);
}

/* ---- the text ---- */

/* Writes the preprocessed text under the name of a C file. NULL, with a message, if that fails. */
static const char *write_text(const struct job *job)
{
    struct arena *arena = job->command->arena;
    const char *path = temp_path(arena, with_suffix(arena, base_name(job->input->value), ".c"));
    bool ok = file_write(path, job->text.data, job->text.length);
    if (!ok)
        diag_plain(SEV_ERROR, "cannot write '%s'", path);
    return ok ? path : NULL;
}

int plain_check_text(struct job *job)
{
    const struct command *cmd = job->command;
    const char *include = home_include(cmd->arena), *path = write_text(job);
    if (!include || !path)
        return 1;
    struct process p = compiler_process(cmd);
    p.catch_err = true;
    command_add_common(cmd, &p);
    command_add_colour(cmd, &p);
    static const char *const words[] = {"-w", "-undef", "-DBIDE__PLAIN", "-DBIDE__TEXT",
                                        "-S", "-o",     "/dev/null",     "-include"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        argv_add(&p, words[i]);
    argv_add(&p, arena_printf(cmd->arena, "%s/bide/lang.h", include));
    argv_add(&p, "-isystem");
    argv_add(&p, include);
    argv_add(&p, "-x");
    argv_add(&p, "c");
    argv_add(&p, path);
    int status = process_run(&p);
    job->plain_done = true;
    if (status == 0) { /* what the plain reading gave stays: messages point into it */
        buffer_free(&p.err);
        return 0;
    }
    buffer_free(&job->check_err);
    job->check_err = p.err;
    job->check_status = status;
    return status;
}
