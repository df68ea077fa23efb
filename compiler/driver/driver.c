/*
 * bide cc: the user's command, with each C file that has async words replaced by its translation.
 *
 * A file without such words is only scanned for them. If no input has any, the compiler takes over
 * this process. Otherwise each file with async words is preprocessed and translated into a private
 * file NAME.i, and the user's own command runs once with these files in their places. So all that
 * compilers derive from a command (outputs, coverage, debug names) is as the user expects. The
 * options for the preprocessor are left out if no other file needs them.
 *
 * After a mistake no output is left, not even an older one; compilers do the same.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- which inputs are ours ---- */

/* The quoted name of an #include; `p` is after the #. NULL: it is another directive. */
static const char *included_name(struct arena *arena, const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (end - p < 8 || memcmp(p, "include", 7))
        return NULL;
    p += 7;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    const char *close = p < end && *p == '"' ? memchr(p + 1, '"', (size_t)(end - p - 1)) : NULL;
    return close ? arena_strndup(arena, p + 1, (size_t)(close - p - 1)) : NULL;
}

static bool file_is_async(struct command *cmd, const char *path, int depth);

/* A C file may include others (#include "part.c") with async words. Headers do not count: a plain
 * file may include the header of an async library. */
static bool includes_async(struct command *cmd, const char *path, const struct buffer *text,
                           int depth)
{
    const char *end = text->data + text->length;
    const char *p = text->data;
    while (depth < 8 && p && (p = memchr(p, '#', (size_t)(end - p)))) {
        const char *name = included_name(cmd->arena, ++p, end);
        if (!name || ends_with(name, ".h"))
            continue;
        int folder = *name == '/' ? 0 : (int)(base_name(path) - path);
        if (file_is_async(cmd, arena_printf(cmd->arena, "%.*s%s", folder, path, name), depth + 1))
            return true;
    }
    return false;
}

static bool text_is_async(struct command *cmd, const char *path, const struct buffer *text,
                          int depth)
{
    return text_has_async_words(text->data, text->length) || includes_async(cmd, path, text, depth);
}

static bool file_is_async(struct command *cmd, const char *path, int depth)
{
    struct buffer text = {0};
    bool async = buffer_read_file(&text, path) == 0 && text_is_async(cmd, path, &text, depth);
    buffer_free(&text);
    return async;
}

/* Reads the inputs. Those that need the front end become jobs. `*standard_input` gets the text of
 * the input "-", which can be read only once. */
static void find_jobs(struct command *cmd, struct list *jobs, struct buffer *standard_input)
{
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        struct arg *a = cmd->args.item[i];
        struct buffer text = {0};
        if (!arg_is_c(a))
            continue;
        bool standard = !strcmp(a->value, "-");
        int err =
            standard ? buffer_read_fd(&text, STDIN_FILENO) : buffer_read_file(&text, a->value);
        if (standard)
            buffer_add(standard_input, text.data, text.length);
        bool async = !err && (cmd->options.force || text_is_async(cmd, a->value, &text, 0));
        bool maybe =
            !err && !async && a->language == LANG_C && may_get_async_words(cmd, a->value, &text);
        if (!async && !maybe) {
            buffer_free(&text);
            continue;
        }
        struct job *job = arena_alloc(cmd->arena, sizeof *job);
        job->command = cmd;
        job->input = a;
        job->source = text;
        job->is_doubtful = maybe;
        list_add(cmd->arena, jobs, job);
    }
}

/* ---- the command itself ---- */

static void add_home_flags(const struct command *cmd, struct process *p, bool needs_include)
{
    if (needs_include || cmd->has_header) {
        const char *include = home_include(cmd->arena);
        argv_add(p, "-isystem");
        argv_add(p, include ? include : ".");
    }
    if (cmd->mode == MODE_LINK && cmd->input_count && !cmd->has_header)
        home_add_link_flags(cmd, p);
}

static void add_extra(struct process *p, const struct list *extra)
{
    for (uint32_t i = 0; extra && i < extra->count; i++)
        argv_add(p, extra->item[i]);
}

static bool has_own_words(const struct command *cmd)
{
    for (uint32_t i = 0; i < cmd->args.count; i++)
        if (((const struct arg *)cmd->args.item[i])->kind == ARG_OURS)
            return true;
    return false;
}

/* Runs the user's words as they are, with their response files, but without bide's own options. */
static int run_untouched(struct command *cmd, const struct list *extra,
                         const struct buffer *standard_input)
{
    struct process p = {.arena = cmd->arena};
    bool filter = has_own_words(cmd) && cmd->has_response_file;
    for (uint32_t i = 0; i < cmd->compiler.count; i++)
        argv_add(&p, cmd->compiler.item[i]);
    for (uint32_t i = 0; filter && i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (a->kind != ARG_OURS)
            argv_add_arg(&p, a);
    }
    for (uint32_t i = cmd->first_word; !filter && i < cmd->words.count; i++) {
        const char *word = cmd->words.item[i];
        if (!word_is_ours(word))
            argv_add(&p, word);
    }
    if (cmd->mode != MODE_QUERY)
        add_home_flags(cmd, &p, cmd->c_count > 0);
    add_extra(&p, extra);
    p.input = standard_input->data ? standard_input : NULL;
    /* the messages of a linker are seen, for the hint */
    bool links = cmd->mode == MODE_LINK && cmd->c_count == 0;
    if (!cmd->options.json && !cmd->has_foreign_words && !links)
        return extra ? process_run(&p) : process_exec(&p);
    command_add_colour(cmd, &p);
    p.catch_err = true;
    int status = process_run(&p);
    cmd->signal = p.signal;
    print_said(cmd, p.err.data, p.err.length);
    if (status && cmd->has_foreign_words)
        hint_missing_include(cmd, &p.err, standard_input);
    if (status && links)
        hint_missing_library(cmd, &p.err, extra != NULL);
    buffer_free(&p.err);
    return status;
}

/* Does the word go into the command? `plain`: some of its files are compiled as they are. */
static bool is_wanted(const struct arg *a, bool plain)
{
    switch (a->kind) {
    case ARG_OURS:
    case ARG_DATABASE: return false;
    case ARG_PCH:
    case ARG_PREPROCESS:
    case ARG_DEPENDENCY: return plain;
    default: return true;
    }
}

/* Where -save-temps has the compiler put the preprocessed file, and under which name: without
 * linking, gcc names it after the output. */
static const char *saved_path(const struct command *cmd, const char *name)
{
    if (!cmd->clang && cmd->output && cmd->mode != MODE_LINK)
        name = with_suffix(cmd->arena, base_name(cmd->output), ".i");
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (a->kind == ARG_COMPILE && strstr(a->word[0], "save-temps=obj") && cmd->output)
            return arena_printf(cmd->arena, "%.*s%s", (int)(base_name(cmd->output) - cmd->output),
                                cmd->output, name);
    }
    return name;
}

/* A command that is too long for the system gets its words from a response file. */
static void shorten(struct command *cmd, struct process *p)
{
    enum { LONG_BYTES = 100000 };
    size_t bytes = 0;
    for (uint32_t i = 0; i < p->argv.count; i++)
        bytes += strlen(p->argv.item[i]) + 1;
    if (bytes < LONG_BYTES)
        return;
    const char *path = temp_path(cmd->arena, "arguments");
    FILE *f = fopen(path, "we");
    for (uint32_t i = cmd->compiler.count; f && i < p->argv.count; i++) {
        for (const char *c = p->argv.item[i]; *c; c++) {
            if (strchr(" \t\n\r\f\v\\'\"", *c))
                fputc('\\', f);
            fputc(*c, f);
        }
        fputc('\n', f);
    }
    if (f && fclose(f) == 0) {
        p->argv.count = cmd->compiler.count;
        argv_add(p, arena_printf(cmd->arena, "@%s", path));
    }
}

/* Does the option give messages a form that bide cannot read? */
static bool is_message_form(const char *word)
{
    return !strncmp(word, "-fdiagnostics-format=", 21) ||
           !strcmp(word, "-fno-show-source-location") ||
           !strcmp(word, "-fno-diagnostics-show-option") ||
           !strcmp(word, "-fdiagnostics-print-source-range-info") ||
           !strcmp(word, "-fdiagnostics-absolute-paths");
}

/* The word for the command that compiles the generated text. No warning is an error there, except
 * one about the command itself. NULL: the word is left out. */
static const char *quiet_word(const struct command *cmd, const struct arg *a)
{
    const char *word = a->word[0];
    if (a->kind != ARG_BOTH)
        return word;
    if (!strcmp(word, "-Werror"))
        return cmd->clang ? "-Werror=unused-command-line-argument" : NULL;
    if (!strncmp(word, "-Werror=", 8))
        return arena_printf(cmd->arena, "-W%s", word + 8);
    if (!strcmp(word, "-Wfatal-errors") || !strcmp(word, "-pedantic-errors") ||
        !strcmp(word, "-pedantic") || !strcmp(word, "-Wpedantic") || !strcmp(word, "-fanalyzer") ||
        is_message_form(word))
        return NULL;
    return word;
}

static void add_translated_word(const struct command *cmd, struct process *p, const struct arg *a)
{
    const char *word = cmd->quiet ? quiet_word(cmd, a) : a->word[0];
    for (int k = 0; k < 2 && word && a->word[k]; k++)
        argv_add(p, k ? a->word[k] : word);
}

/* The command with the generated texts in the places of `job_count` files. */
static struct process translated_command(struct command *cmd, const struct list *extra,
                                         const struct buffer *standard_input, int job_count)
{
    struct process p = {.arena = cmd->arena, .catch_err = true};
    bool plain = cmd->c_count > job_count;
    const char *language = NULL; /* that the user has set for what comes */
    for (uint32_t i = 0; i < cmd->compiler.count; i++)
        argv_add(&p, cmd->compiler.item[i]);
    if (cmd->clang) /* the generated text is nested more deeply than the user's */
        argv_add(&p, "-fbracket-depth=2048");
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (a->kind == ARG_INPUT && !a->generated && language) {
            argv_add(&p, "-x");
            argv_add(&p, language);
        }
        if (a->kind == ARG_INPUT || a->kind == ARG_LANGUAGE)
            language = a->generated ? a->forced : NULL;
        if (a->generated)
            command_add_input(a, &p, a->generated);
        else if (is_wanted(a, plain || cmd->has_assembly))
            add_translated_word(cmd, &p, a);
    }
    if (cmd->silent)
        argv_add(&p, "-w");
    else if (!cmd->quiet && !cmd->clang) /* it asks for comments, of which the text has none */
        argv_add(&p, "-Wno-implicit-fallthrough");
    command_add_colour(cmd, &p);
    add_home_flags(cmd, &p, plain);
    add_extra(&p, extra);
    shorten(cmd, &p);
    p.input = standard_input->data ? standard_input : NULL;
    return p;
}

static int run_translated(struct command *cmd, const struct list *extra,
                          const struct buffer *standard_input, int job_count, struct buffer *err)
{
    struct process p = translated_command(cmd, extra, standard_input, job_count);
    int status = process_run(&p);
    cmd->signal = p.signal;
    *err = p.err;
    return status;
}

/* ---- jobs ---- */

static bool write_file(const char *path, const char *text, size_t length)
{
    bool ok = file_write(path, text, length);
    if (!ok)
        diag_plain(SEV_ERROR, "cannot write '%s'", path);
    return ok;
}

/* Does the compiler print more than messages? bide could not tell the two apart. */
static bool prints_more(const struct command *cmd)
{
    static const char *const words[] = {"-v",
                                        "--verbose",
                                        "-Q",
                                        "-time",
                                        "-ftime-report",
                                        "-fmem-report",
                                        "-fproc-stat-report",
                                        "-fdump-passes",
                                        "-fdbg-cnt-list",
                                        "-fopt-info"};
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        for (size_t k = 0; k < sizeof words / sizeof *words && a->kind != ARG_INPUT; k++) {
            size_t n = strlen(words[k]);
            if (!strncmp(a->word[0], words[k], n) && (!a->word[0][n] || n > 5))
                return true;
        }
    }
    return false;
}

/* Gives the text to the compiler that waits for it, or writes the file; both if frames are to be
 * measured, since that needs the file. */
static enum step hand_over(struct job *job, struct buffer *text, const char *path, bool saved,
                           struct early *early)
{
    if (job->command->clang && !saved && !early_guard(job, text))
        early_stop(early);
    if (early_finish(early, text) && !wants_frames(job)) {
        job->made = *text;
        *text = (struct buffer){0};
        return STEP_OK;
    }
    return write_file(path, text->data, text->length) ? STEP_OK : STEP_FAILED;
}

static enum step translate_to(struct job *job, const char *path, bool saved, struct early *early)
{
    struct buffer text = {0};
    FILE *out = open_memstream(&text.data, &text.length);
    enum step step = out ? job_translate(job, out) : STEP_FAILED;
    if (out && fclose(out) != 0)
        step = STEP_FAILED;
    if (step == STEP_OK)
        step = hand_over(job, &text, path, saved, early);
    buffer_free(&text);
    return step;
}

static enum step translate_to_file(struct command *cmd, struct job *job, struct early *early)
{
    static const struct buffer no_input;
    const char *input = job->input->value;
    const char *name = with_suffix(cmd->arena, base_name(input), ".i");
    bool saved = cmd->saves_temps && job->input->language == LANG_C && strcmp(input, "-");
    const char *path = saved ? saved_path(cmd, name) : temp_path(cmd->arena, name);
    job->input->generated = path;
    if (plain_is_wanted(cmd) && !job->is_doubtful)
        plain_start(job);
    if (!job->is_doubtful && !prints_more(cmd) && early_fits(cmd, job)) {
        struct process p = translated_command(cmd, NULL, &no_input, 1);
        early_start(early, &p, job, path);
    }
    enum step step = job_preprocess(job);
    if (step == STEP_OK && job->is_doubtful && !job_has_words(job))
        step = STEP_NOT_ASYNC;
    if (step == STEP_OK)
        step = translate_to(job, path, saved, early);
    if (step == STEP_OK) {
        if (plain_exists(job)) /* else report.c shows all that the preprocessor has said */
            print_header_list(job);
        return step;
    }
    early_stop(early);
    plain_stop(job);
    job->input->generated = NULL;
    return step;
}

static void remove_regular(const char *path)
{
    struct stat st;
    if (path && stat(path, &st) == 0 && S_ISREG(st.st_mode))
        unlink(path);
}

static void remove_outputs(struct command *cmd, struct list *jobs)
{
    if (cmd->mode == MODE_SYNTAX)
        return;
    remove_regular(cmd->output);
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        remove_regular(job->dependency);
        if (!cmd->output && cmd->mode != MODE_LINK)
            remove_regular(command_object(cmd, job->input));
    }
}

/* Removes these, and the program that the compiler has made under its default name. */
static void remove_made(struct command *cmd, struct list *jobs)
{
    remove_outputs(cmd, jobs);
    if (cmd->mode == MODE_LINK && !cmd->output)
        remove_regular("a.out");
}

static void report_internal(struct command *cmd, struct list *jobs)
{
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        const char *kept = temp_keep(cmd->arena, job->input->generated);
        diag_plain(SEV_ERROR,
                   "internal error: the code generated for '%s' does not compile, though the file "
                   "is correct C",
                   job->input->value);
        if (kept)
            diag_plain(SEV_NOTE, "please report it with '%s', which is kept for that", kept);
    }
}

/* Translates all jobs. Those that include nothing of bide leave the list. Returns the exit
 * status. */
static int translate_jobs(struct command *cmd, struct list *jobs, struct early *early)
{
    uint32_t kept = 0;
    int status = 0;
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        enum step step = translate_to_file(cmd, job, early);
        if (step == STEP_NOT_ASYNC) {
            cmd->has_foreign_words |= !job->is_doubtful;
            job_free(job);
            continue;
        }
        if (step != STEP_OK)
            status = job->status ? job->status : 1;
        if (job->signal)
            cmd->signal = job->signal;
        jobs->item[kept++] = job;
    }
    jobs->count = kept;
    return status;
}

/* Preprocessed text is always in UTF-8, and a command has one charset for all its files. */
static bool input_charset_fits(const struct command *cmd, const struct list *jobs)
{
    if (!cmd->input_charset || (cmd->c_count == (int)jobs->count && !cmd->has_assembly))
        return true;
    diag_plain(SEV_ERROR, "'%s' with async and other files in one command: compile them separately",
               cmd->input_charset);
    return false;
}

static bool may_lack_include(const struct command *cmd, const struct list *jobs)
{
    bool lacks = cmd->has_foreign_words;
    for (uint32_t i = 0; i < jobs->count; i++)
        lacks |= job_lacks_words(jobs->item[i]);
    return lacks;
}

/* The jobs, and also a job for each file that the command compiles as it is: the command itself is
 * silent, so these files get their warnings in the same way. */
static struct list with_plain_jobs(struct command *cmd, const struct list *jobs,
                                   const struct buffer *standard_input)
{
    struct list all = *jobs;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        struct arg *a = cmd->args.item[i];
        if (a->kind != ARG_INPUT || a->generated || a->language == LANG_OTHER ||
            a->language == LANG_C_HEADER)
            continue;
        struct job *job = arena_alloc(cmd->arena, sizeof *job);
        job->command = cmd;
        job->input = a;
        job->is_plain = true;
        if (!strcmp(a->value, "-"))
            buffer_add(&job->source, standard_input->data, standard_input->length);
        else
            buffer_read_file(&job->source, a->value);
        list_add(cmd->arena, &all, job);
    }
    return all;
}

/* Decides whether compilers may warn of the generated texts: when confirm.c needs these warnings,
 * or when there is no plain reading to warn in their place. */
static void choose_silence(struct command *cmd, const struct list *jobs)
{
    bool needed = cmd->clang, all_exist = true;
    for (uint32_t i = 0; i < jobs->count; i++) {
        const struct job *job = jobs->item[i];
        all_exist &= plain_exists(job);
        needed |= !plain_needs_code(job) || confirm_is_needed(job->unit);
    }
    cmd->quiet = all_exist && plain_is_wanted(cmd);
    cmd->silent = cmd->quiet && (!needed || prints_more(cmd));
}

/* Runs the command once more, with all texts in files. */
static int run_again(struct command *cmd, struct list *jobs, const struct list *extra,
                     const struct buffer *standard_input, struct buffer *err)
{
    buffer_free(err);
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        bool ok = !job->made.length ||
                  write_file(job->input->generated, job->made.data, job->made.length);
        buffer_free(&job->made);
        if (!ok)
            return 1;
    }
    return run_translated(cmd, extra, standard_input, (int)jobs->count, err);
}

/* Runs the command on the translated texts, and reports. Returns the exit status. */
static int compile_translated(struct command *cmd, struct list *jobs, struct early *early,
                              const struct list *extra, const struct buffer *standard_input)
{
    int status = 0, count = (int)jobs->count;
    struct buffer err = early->process.err;
    struct list all =
        cmd->quiet && count < cmd->c_count ? with_plain_jobs(cmd, jobs, standard_input) : *jobs;
    if (!early->done)
        status = run_translated(cmd, extra, standard_input, count, &err);
    enum verdict verdict = report(&all, &err, status != 0);
    if (verdict == VERDICT_AGAIN) {
        cmd->silent = true;
        status = run_again(cmd, jobs, extra, standard_input, &err);
        print_said(cmd, err.data, err.length);
    }
    if (verdict == VERDICT_ALONE) {
        cmd->quiet = cmd->silent = false;
        status = run_again(cmd, jobs, extra, standard_input, &err);
        verdict = report(&all, &err, status != 0);
    }
    if (verdict == VERDICT_OURS && count == cmd->c_count)
        report_internal(cmd, jobs);
    if (verdict == VERDICT_REFUSED) {
        remove_made(cmd, &all);
        status = 1;
    }
    if (status && may_lack_include(cmd, jobs))
        hint_missing_include(cmd, &err, standard_input);
    if (status && cmd->mode == MODE_LINK)
        hint_missing_library(cmd, &err, extra != NULL);
    for (uint32_t i = (uint32_t)count; i < all.count; i++)
        job_free(all.item[i]);
    buffer_free(&err);
    return status;
}

static int compile(struct command *cmd, struct list *jobs, const struct list *extra,
                   const struct buffer *standard_input)
{
    struct early early = {0};
    cmd->quiet = cmd->options.compiler_speaks = plain_is_wanted(cmd);
    int status = translate_jobs(cmd, jobs, &early);
    if (!status && jobs->count && !input_charset_fits(cmd, jobs)) {
        early_stop(&early);
        status = 1;
    }
    if (status) {
        remove_outputs(cmd, jobs);
        return status;
    }
    if (!jobs->count) {
        if (!extra) /* `bide run`: the program goes into the private folder */
            temp_remove();
        return run_untouched(cmd, extra, standard_input);
    }
    choose_silence(cmd, jobs);
    status = compile_translated(cmd, jobs, &early, extra, standard_input);
    if (!status)
        status = check_held(jobs);
    if (!status)
        status = check_frames(cmd, jobs);
    if (status)
        remove_outputs(cmd, jobs);
    else
        database_write(cmd);
    return status;
}

/* -E, -M and --analyze: nothing is translated. -E gives the text as the front end reads it, so that
 * it can be compiled later; clang's analyzer gets the plain reading, which has the user's lines. */
static int read_only(struct command *cmd, struct list *jobs, const struct buffer *standard_input)
{
    bool any = false;
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        any = any || !job->is_doubtful || (job_preprocess(job) == STEP_OK && job_has_words(job));
        job_free(job);
    }
    if (any)
        list_add(cmd->arena, &cmd->words, (void *)"-D__BIDE__=1");
    if (any && cmd->mode == MODE_ANALYZE)
        list_add(cmd->arena, &cmd->words, (void *)"-DBIDE__PLAIN=1");
    return run_untouched(cmd, NULL, standard_input);
}

int driver_compile(struct command *cmd, const struct list *extra)
{
    struct list jobs = {0};
    struct buffer standard_input = {0};
    int status;
    if (cmd->mode != MODE_QUERY && cxx_is_refused(cmd))
        return 1;
    if (cmd->mode != MODE_QUERY)
        find_jobs(cmd, &jobs, &standard_input);
    if (!jobs.count)
        status = run_untouched(cmd, extra, &standard_input);
    else if (cmd->mode == MODE_PREPROCESS || cmd->mode == MODE_ANALYZE)
        status = read_only(cmd, &jobs, &standard_input);
    else
        status = compile(cmd, &jobs, extra, &standard_input);
    for (uint32_t i = 0; i < jobs.count; i++)
        job_free(jobs.item[i]);
    buffer_free(&standard_input);
    return status;
}

int driver_cc(int argc, char **argv)
{
    struct arena *arena = arena_new();
    struct command cmd = {.arena = arena};
    int status = command_read(&cmd, argc, argv) < 0 ? 1 : driver_compile(&cmd, NULL);
    status = process_end_like(status, cmd.signal);
    arena_free(arena);
    return status;
}
