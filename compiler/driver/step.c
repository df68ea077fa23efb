/*
 * The steps of one input with async words: the user's compiler preprocesses it, and the text is
 * translated. If the translation fails, the plain reading (plain.c) shows whether the mistake is
 * the user's or bide's.
 *
 * The preprocessor also writes the dependencies that the user asked for, since the generated text
 * has no #include lines to find them by. If the user named no file or target for them, these are
 * the ones that the compiler would have taken for this command.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- words of the user's command for a step ---- */

static bool is_dependency_file_word(const struct arg *a)
{
    return a->kind == ARG_DEPENDENCY || !strncmp(a->word[0], "-Wp,-M", 6);
}

static bool is_header_list_word(const struct arg *a)
{
    return !strcmp(a->word[0], "-H") || !strcmp(a->word[0], "--trace-includes");
}

bool command_wants_word(const struct arg *a, bool preprocess)
{
    bool header =
        a->kind == ARG_PREPROCESS && (pch_is_include(a) || !strcmp(a->word[0], "-Xclang"));

    if (preprocess)
        return (a->kind == ARG_BOTH || a->kind == ARG_PREPROCESS) && !header;
    return (a->kind == ARG_BOTH || a->kind == ARG_PREPROCESS || a->kind == ARG_PCH) &&
           !is_dependency_file_word(a) && !is_header_list_word(a);
}

/* Adds the user's words for an extra step. 0 or -1. */
static int add_words(const struct command *cmd, struct process *p, bool preprocess)
{
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (!command_wants_word(a, preprocess))
            continue;
        argv_add_arg(p, a);
    }
    return preprocess ? pch_add_text(cmd, p) : 0;
}

void command_add_input(const struct arg *input, struct process *p, const char *path)
{
    static const char *const names[] = {
        [LANG_OTHER] = "none", [LANG_C] = "c", [LANG_C_PREPROCESSED] = "cpp-output"};
    bool generated = path == input->generated;
    const char *language = names[generated ? LANG_C_PREPROCESSED : input->language];
    if (input->forced) {
        argv_add(p, "-x");
        argv_add(p, language);
    }
    argv_add(p, path);
}

static struct process step_process(const struct job *job)
{
    struct process p = compiler_process(job->command);
    p.input = strcmp(job->input->value, "-") ? NULL : &job->source;
    return p;
}

static void print_check(const struct job *job)
{
    print_said(job->command, job->check_err.data, job->check_err.length);
}

static void print_preprocessor(const struct job *job)
{
    print_said(job->command, job->err.data, job->err.length);
}

/* Is it a line of -H? ". a.h", ".. b.h"; of precompiled headers "! a.h.gch" and "x a.h.gch". */
static bool is_header_line(const char *line, size_t length)
{
    size_t dots = 0;
    while (dots < length && line[dots] == '.')
        dots++;
    if (!dots && length && strchr("!x", *line))
        dots = 1;
    return dots && dots < length && line[dots] == ' ';
}

/* Prints only the lines of -H from the preprocessor's output: its messages come with the plain
 * reading. gcc ends with a list of headers that lack a guard. */
void print_header_list(const struct job *job)
{
    static const char guards[] = "Multiple include guards may be useful for:";
    bool wanted = false, last = false;
    for (uint32_t i = 0; i < job->command->args.count; i++)
        wanted |= is_header_list_word(job->command->args.item[i]);
    const char *p = job->err.data, *end = p ? p + job->err.length : NULL;
    while (wanted && p < end) {
        size_t length = (size_t)(line_end(p, end) - p);
        last |= length > sizeof guards - 1 && !memcmp(p, guards, sizeof guards - 1);
        if (last || is_header_line(p, length))
            print_said(job->command, p, length);
        p += length;
    }
}

/* ---- dependencies ---- */

static const struct arg *find_dependency(const struct command *cmd, const char *name)
{
    const struct arg *found = NULL;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        if (a->kind == ARG_DEPENDENCY && !strncmp(a->word[0], name, strlen(name)))
            found = a;
    }
    return found;
}

/* -MT or -MQ; for gcc also -Wp,-MT,NAME and -Wp,-MMD,FILE,-MT,NAME. */
static bool names_target(const struct command *cmd)
{
    for (uint32_t i = 0; i < cmd->args.count && !cmd->clang; i++) {
        const char *word = ((struct arg *)cmd->args.item[i])->word[0];
        if (!strncmp(word, "-Wp,", 4) && (strstr(word, ",-MT") || strstr(word, ",-MQ")))
            return true;
    }
    return find_dependency(cmd, "-MT") || find_dependency(cmd, "-MQ");
}

/* What the compiler calls the file of dependencies: it is named after the output or the input. */
static char *default_dependency_file(const struct job *job)
{
    const struct command *cmd = job->command;
    const char *input = base_name(job->input->value);
    if (!cmd->output && (cmd->mode == MODE_LINK || cmd->mode == MODE_SYNTAX) && !cmd->clang)
        return with_suffix(cmd->arena, arena_printf(cmd->arena, "a-%s", input), ".d");
    if (!cmd->output)
        return with_suffix(cmd->arena, input, ".d");
    return with_suffix(cmd->arena, cmd->output, ".d");
}

static void add_dependencies(struct job *job, struct process *p)
{
    const struct command *cmd = job->command;
    bool written = find_dependency(cmd, "-MD") || find_dependency(cmd, "-MMD");
    bool target = names_target(cmd);
    bool passed_through = false;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const struct arg *a = cmd->args.item[i];
        passed_through |= a->kind == ARG_PREPROCESS && is_dependency_file_word(a);
        if (a->kind == ARG_DEPENDENCY)
            argv_add_arg(p, a);
    }
    if (!written && !passed_through)
        return;
    if (!target) {
        argv_add(p, "-MQ");
        argv_add(p, cmd->output ? cmd->output
                                : with_suffix(cmd->arena, base_name(job->input->value), ".o"));
    }
    const struct arg *file = find_dependency(cmd, "-MF");
    if (!file && !passed_through) {
        job->dependency = default_dependency_file(job);
        argv_add(p, "-MF");
        argv_add(p, job->dependency);
    } else if (file) {
        job->dependency = file->value;
    }
}

/* ---- preprocess ---- */

static enum step take_preprocessed_input(struct job *job)
{
    buffer_add(&job->text, job->source.data, job->source.length);
    return STEP_OK;
}

static bool has_own_pragmas(const struct job *job)
{
    static const char text[] = "\"-Wbide-";
    return job->source.length &&
           memmem(job->source.data, job->source.length, text, sizeof text - 1) != NULL;
}

/* Adds the words for the preprocessor after the user's. */
static void add_preprocessing(const struct job *job, struct process *p, const char *include)
{
    const struct command *cmd = job->command;
    if (cmd->options.force) {
        argv_add(p, "-include");
        argv_add(p, arena_printf(cmd->arena, "%s/bide/target.h", include));
    }
    argv_add(p, "-E");
    argv_add(p, "-D__BIDE__=1");
    argv_add(p, "-isystem");
    argv_add(p, include);
    command_add_input(job->input, p, job->input->value);
}

/* For people who read the output: the text with comments, if these change nothing. */
static void take_comments(struct job *job, const char *include)
{
    struct process p = step_process(job);
    if (add_words(job->command, &p, true) < 0)
        return;
    argv_add(&p, "-C");
    add_preprocessing(job, &p, include);
    p.catch_out = p.catch_err = true;
    if (process_run(&p) == 0 && comments_change_nothing(&job->text, &p.out)) {
        struct buffer without = job->text;
        job->text = p.out;
        p.out = without;
    }
    buffer_free(&p.out);
    buffer_free(&p.err);
}

/* clang tells of the pragmas that it drops by a warning, which -w would hide. */
static void let_warn(struct process *p)
{
    for (uint32_t i = 0; i < p->argv.count; i++)
        if (p->argv.item[i] && !strcmp(p->argv.item[i], "-w"))
            p->argv.item[i] = (void *)"-Wno-everything";
}

enum step job_preprocess(struct job *job)
{
    const struct command *cmd = job->command;
    if (job->input->language == LANG_C_PREPROCESSED)
        return take_preprocessed_input(job);
    const char *include = home_include(cmd->arena);
    if (!include)
        return STEP_FAILED;
    struct process p = step_process(job);
    if (add_words(cmd, &p, true) < 0)
        return STEP_FAILED;
    command_add_colour(cmd, &p);
    if (cmd->has_modules) /* what a module declares is not in the text */
        argv_add(&p, "-fno-modules");
    add_dependencies(job, &p);
    bool drops_pragmas = cmd->clang || (has_own_pragmas(job) && command_says_clang(cmd));
    if (drops_pragmas) {
        let_warn(&p);
        argv_add(&p, "-fcaret-diagnostics"); /* which show what was in a _Pragma */
        argv_add(&p, "-Wunknown-warning-option");
        argv_add(&p, "-Wno-error=unknown-warning-option");
    }
    add_preprocessing(job, &p, include);
    p.catch_out = p.catch_err = true;
    job->status = process_run(&p);
    job->signal = p.signal;
    job->text = p.out;
    job->err = p.err;
    if (job->status == 0 && cmd->options.pretty)
        take_comments(job, include);
    if (drops_pragmas)
        pragmas_restore(job);
    if (job->status == 0)
        return STEP_OK;
    if (job->is_doubtful) /* it is compiled as it is, and the compiler reports the error */
        return STEP_NOT_ASYNC;
    if (cmd->traditional && memmem(job->source.data, job->source.length, "bide/", 5))
        diag_plain(SEV_ERROR, "'%s' is async, and bide's headers are not for '%s'",
                   job->input->value, cmd->traditional);
    else
        print_preprocessor(job);
    return STEP_FAILED;
}

/* ---- translate ---- */

/* Reports that bide does not understand what the user's compiler accepts. */
static void report_unread(struct job *job)
{
    const struct command *cmd = job->command;
    char *name = with_suffix(cmd->arena, base_name(job->input->value), ".i");
    const char *path = temp_path(cmd->arena, name), *kept = NULL;
    if (file_write(path, job->text.data, job->text.length))
        kept = temp_keep(cmd->arena, path);
    if (job->unit->parse_failed_token)
        diag(job->unit, SEV_ERROR, job->unit->parse_failed_token,
             "internal error: this is correct C, but bide does not understand it");
    else
        diag_plain(SEV_ERROR, "internal error: '%s' is correct C, but bide does not understand it",
                   job->input->value);
    diag_flush(job->unit);
    if (kept)
        diag_plain(SEV_NOTE, "please report it with '%s', which is kept for that", kept);
}

/* In the plain reading the forms are macros, and an unclosed form swallows the rest of the file.
 * The compiler would print a cascade of errors, so bide reports it. False: this is not the case. */
static bool report_unclosed(struct job *job)
{
    struct unit *unit = job->unit;
    const char *err = job->check_err.length ? job->check_err.data : "";
    if (!strstr(err, "unterminated argument list invoking macro") &&
        !strstr(err, "unterminated function-like macro invocation"))
        return false;
    uint32_t at, open = find_unclosed(unit, &at);
    if (!open)
        return false;
    const struct token *t = &unit->token[at];
    diag(unit, SEV_ERROR, at, "expected ')' before '%.*s'", (int)t->length, t->start);
    diag(unit, SEV_NOTE, open, "to match this '('");
    diag_flush(unit);
    return true;
}

/* Reports a word of bide at a place where it cannot be. False: there is no such word. */
static bool report_word(struct job *job)
{
    bool said = report_misplaced(job->unit);
    diag_flush(job->unit);
    return said;
}

bool job_lacks_words(const struct job *job)
{
    static const char header[] = "bide/bide.h\"";
    return !job->text.length ||
           !memmem(job->text.data, job->text.length, header, sizeof header - 1);
}

/* The parser gave up. The user's compiler says why; bide's own messages may only be a
 * consequence. */
static enum step report_parse_failure(struct job *job)
{
    if (plain_finish(job) != 0 || plain_check_text(job) != 0) {
        diag_drop(job->unit);
        if (!report_unclosed(job)) {
            print_check(job);
            if (job_lacks_words(job))
                hint_missing_include(job->command, &job->check_err, &job->source);
        }
        return STEP_FAILED;
    }
    bool said = job->unit->error_count > 0;
    print_preprocessor(job);
    diag_flush(job->unit);
    if (!said && !report_word(job))
        report_unread(job);
    return STEP_FAILED;
}

static enum step finish(struct job *job)
{
    struct unit *unit = job->unit;
    if (unit->lacks_type && plain_exists(job) && plain_finish(job) != 0) {
        diag_drop(unit); /* the compiler knows why it has no type */
        print_check(job);
        return STEP_FAILED;
    }
    if (unit->error_count)
        print_preprocessor(job);
    diag_flush(unit);
    return unit->error_count ? STEP_FAILED : STEP_OK;
}

static struct unit *new_unit(struct job *job)
{
    struct arena *arena = arena_new();
    struct unit *unit = arena_alloc(arena, sizeof *unit);
    unit->arena = arena;
    unit->options = arena_alloc(arena, sizeof *unit->options);
    *unit->options = job->command->options;
    unit->options->input = job->input->value;
    unit->options->compiler_speaks &= plain_exists(job);
    buffer_add(&job->text, "", 0);
    unit->text = job->text.data;
    unit->text_length = job->text.length;
    if (!strcmp(job->input->value, "-"))
        source_add(unit, "<stdin>", job->source.data, job->source.length);
    return unit;
}

bool job_has_words(struct job *job)
{
    struct unit *unit = new_unit(job);
    target_read(unit);
    lex(unit);
    bool found = has_async_code(unit);
    arena_free(unit->arena);
    return found;
}

/* Does the text have declarations that bide's headers make in both readings, or words that come
 * from bide's macros? */
static bool includes_bide(const struct job *job)
{
    static const char *const words[] = {"bide_async", "bide_await", "bide_defer"};
    const struct buffer *source = &job->source;
    lex(job->unit);
    bool found = has_name(job->unit, "bide__future");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        found |= has_name(job->unit, words[i]) && source->length &&
                 !memmem(source->data, source->length, words[i], strlen(words[i]));
    return found;
}

/* The text lacks the facts of the target. If the file includes no header of bide, it uses bide's
 * words as its own names. If it does include one, bide must not go on. */
static enum step report_no_target(struct job *job)
{
    bool force = job->command->options.force && job->input->language == LANG_C;
    if (!force && !includes_bide(job))
        return STEP_NOT_ASYNC;
    print_preprocessor(job);
    diag_plain(
        SEV_ERROR,
        "'%s' includes bide's headers, but its preprocessed text lacks their facts about the "
        "target",
        job->input->value);
    if (job->input->language == LANG_C_PREPROCESSED)
        diag_plain(SEV_NOTE, "preprocess it with 'bide cc', as in: bide cc gcc -E");
    else
        diag_plain(SEV_NOTE, "a macro of the file, or an option such as -undef, -imacros or "
                             "-traditional-cpp, hides or changes <bide/target.h>");
    return STEP_FAILED;
}

/* Reports options with which the generated code would be wrong. False: there are no such
 * options. */
static bool report_option(const struct job *job)
{
    const struct command *cmd = job->command;
    if (cmd->unknown_charset)
        diag_plain(SEV_ERROR, "'%s' is async, and bide does not know the characters of '%s'",
                   job->input->value, cmd->unknown_charset);
    if (!cmd->struct_word)
        return cmd->unknown_charset != NULL;
    bool packs = !strcmp(cmd->struct_word, "-fpack-struct");
    diag_plain(SEV_ERROR, "'%s' is async, and '%s' changes the structs of bide's headers",
               job->input->value, cmd->struct_word);
    diag_plain(SEV_NOTE, "use '%s' for the structs that need it",
               packs ? "#pragma pack" : "#pragma scalar_storage_order");
    return true;
}

enum step job_translate(struct job *job, FILE *out)
{
    struct unit *unit = job->unit = new_unit(job);
    if (!target_read(unit))
        return report_no_target(job);
    if (report_option(job))
        return STEP_FAILED;
    if (translate(unit, out, &job->emitted) == TRANSLATE_GAVE_UP)
        return report_parse_failure(job);
    return finish(job);
}

void job_free(struct job *job)
{
    plain_stop(job);
    if (job->unit)
        arena_free(job->unit->arena);
    buffer_free(&job->source);
    buffer_free(&job->text);
    buffer_free(&job->err);
    buffer_free(&job->check_err);
    buffer_free(&job->made);
    job->unit = NULL;
}
