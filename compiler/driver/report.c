/*
 * Prints the messages of the user's compiler that are for the user.
 *
 * The user sees the warnings about the plain reading of the file (plain.c), except warnings that do
 * not hold for the program that bide makes (confirm.c). Of the messages about the generated text,
 * only those are shown that no reading of the file can give: messages of the assembler, of the
 * linker, and of clang's back end, which the plain reading does not reach. A preprocessed file has
 * no plain reading, so all messages about its generated text are shown.
 *
 * An error in the generated text, with no error in the plain reading, is bide's fault. There are
 * two exceptions: a static assertion of emit/limit.c; and a warning that a pragma makes an error,
 * after which the command runs again without warnings.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <stdlib.h>
#include <string.h>

static bool is_said(const struct block *b, const struct blocks *said, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        for (uint32_t k = 0; k < said[i].list.count; k++) {
            if (block_same(b, said[i].list.item[k]))
                return true;
        }
    }
    return false;
}

static bool hides_options(const struct command *cmd)
{
    bool hides = false;
    for (uint32_t i = 0; i < cmd->args.count; i++) {
        const char *word = ((const struct arg *)cmd->args.item[i])->word[0];
        hides |= !strcmp(word, "-fno-diagnostics-show-option");
        hides &= strcmp(word, "-fdiagnostics-show-option") != 0;
    }
    return hides;
}

/* Adds a line without the name of an option at its end; colours after that are kept. */
static void add_line(struct arena *arena, struct buffer *out, const char *line, size_t length)
{
    size_t close = length, open;
    const char *plain = without_colours(arena, line, length), *at = strrchr(plain, '[');
    if (!at || (strncmp(at, "[-W", 3) && strncmp(at, "[-R", 3)) || at[strlen(at) - 1] != ']') {
        buffer_add(out, line, length);
        return;
    }
    while (close > 0 && line[close - 1] != ']')
        close--;
    for (open = close; open > 1 && (line[open - 2] != ' ' || line[open - 1] != '[');)
        open--;
    buffer_add(out, line, open > 1 ? open - 2 : close);
    buffer_add(out, line + close, length - close);
}

/* Prints messages without the names of options if the user does not want these. The compiler always
 * gives them, since bide needs them to decide. */
static void print_text(const struct command *cmd, const char *text, size_t length)
{
    struct buffer out = {0};
    if (!length || !hides_options(cmd)) {
        print_said(cmd, text, length);
        return;
    }
    struct arena *arena = arena_new();
    const char *end = text + length;
    while (text < end) {
        const char *newline = memchr(text, '\n', (size_t)(end - text));
        size_t line = (size_t)((newline ? newline : end) - text);
        add_line(arena, &out, text, line);
        if (newline)
            buffer_add(&out, "\n", 1);
        text += line + (newline != NULL);
    }
    print_said(cmd, out.data, out.length);
    buffer_free(&out);
    arena_free(arena);
}

static void print_buffer(const struct job *job, const struct buffer *b)
{
    print_text(job->command, b->data, b->length);
}

/* How its message begins. */
#define LIMIT "bide: alignment of "

/* What a failed static assertion of emit/limit.c is about ("'h'"), or NULL. */
static const char *limit_of(struct arena *arena, const struct block *b)
{
    const char *text = NULL;
    if (!b->place.file || !b->error || !strstr(b->text, "assert"))
        return NULL;
    for (const char *p = b->text; (p = strstr(p, LIMIT)); p += sizeof LIMIT - 1)
        text = p + sizeof LIMIT - 1;
    if (!text)
        return NULL;
    char *said = arena_alloc(arena, strlen(text) + 1), *to = said;
    for (; *text && *text != '"'; text++)
        if (*text != '\\') /* gcc's spelling of the string */
            *to++ = *text;
    return said;
}

/* The first unreported limit of the unit that the assertion is about. */
static struct limit *find_limit(const struct job *job, const struct block *b, const char *what)
{
    for (uint32_t i = 0; job->unit && i < job->emitted.limits.count; i++) {
        struct limit *limit = job->emitted.limits.item[i];
        const struct token *t = &job->unit->token[limit->token];
        if (!limit->is_reported && t->line == b->place.line && !strcmp(t->file, b->place.file) &&
            !strcmp(limit->what, what))
            return limit;
    }
    return NULL;
}

static void report_limit(struct list *jobs, const struct block *b, const char *what)
{
    static const char text[] = "the alignment of %s is more than 4096, the most that async code "
                               "can have";
    for (uint32_t i = 0; i < jobs->count; i++) {
        const struct job *job = jobs->item[i];
        struct limit *limit = find_limit(job, b, what);
        if (!limit)
            continue;
        limit->is_reported = true;
        diag(job->unit, SEV_ERROR, limit->token, text, what);
        return;
    }
    diag_plain(SEV_ERROR, text, what);
}

static bool has_hard_error(struct arena *arena, const struct blocks *blocks)
{
    for (uint32_t i = 0; i < blocks->list.count; i++)
        if (block_is_hard(blocks->list.item[i]) && !limit_of(arena, blocks->list.item[i]))
            return true;
    return false;
}

/* "cc1: all warnings being treated as errors" */
static bool is_trailer(const struct block *b)
{
    return !b->place.file && memmem(b->start, b->length, " warnings being treated as errors", 33);
}

/* Is it an option of clang's back end, whose messages -fsyntax-only does not give? */
static bool is_from_back_end(const char *option)
{
    static const char *const names[] = {
        "-Wframe-larger-than", "-Wpass-failed", "-Winline-asm", "-Wattribute-warning",
        "-Wbackend-",          "-Wsource-mgr",  "-Wstack-",     "-Rpass"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strstr(option, names[i]))
            return true;
    }
    return false;
}

/* ---- the plain reading ---- */

/* The messages of one job and which of them hold. */
struct reading {
    struct job *job;
    struct blocks blocks;
    bool *drops; /* of each */
    bool is_cut; /* some are dropped */
    bool failed; /* and what is left made the compiler fail */
};

static struct reading read_plain(struct arena *arena, struct job *job, const struct blocks *got)
{
    struct reading r = {.job = job, .blocks = blocks_read(arena, &job->check_err)};
    struct confirm confirm = confirm_begin(arena, job, got);
    bool error = false;
    r.drops = arena_alloc(arena, r.blocks.list.count + 1);
    for (uint32_t i = 0; i < r.blocks.list.count; i++) {
        const struct block *b = r.blocks.list.item[i];
        r.drops[i] = !confirm_holds(&confirm, b);
        r.is_cut |= r.drops[i];
        error |= !r.drops[i] && (b->error || (!b->place.file && !is_trailer(b)));
    }
    for (uint32_t i = 0; r.is_cut && i < r.blocks.list.count; i++)
        r.drops[i] |= !error && is_trailer(r.blocks.list.item[i]);
    r.failed = job->plain_done && job->check_status != 0 && (error || !r.is_cut);
    return r;
}

/* Context lines before a message that is dropped move to the next message, if it has none. */
static void print_reading(const struct reading *r)
{
    const struct command *cmd = r->job->command;
    const struct block *context = NULL;
    if (!r->is_cut) {
        print_buffer(r->job, &r->job->check_err);
        return;
    }
    for (uint32_t i = 0; i < r->blocks.list.count; i++) {
        const struct block *b = r->blocks.list.item[i];
        if (b->context_length)
            context = NULL;
        if (r->drops[i] && b->context_length)
            context = b;
        if (r->drops[i])
            continue;
        if (context && b->place.file)
            print_text(cmd, context->start, context->context_length);
        context = NULL;
        print_text(cmd, b->start, b->length);
    }
}

/* ---- the generated text ---- */

/* Is it a message that no reading of the file could give? */
static bool is_of_its_own(const struct command *cmd, const struct block *b)
{
    if (!b->place.file) /* [...]: of -fdiagnostics-format=json */
        return !is_trailer(b) && *b->start != '[';
    return cmd->clang && *b->option && is_from_back_end(b->option);
}

static void print_generated(struct list *jobs, const struct blocks *got, const struct blocks *said,
                            bool all)
{
    const struct job *first = jobs->item[0];
    for (uint32_t i = 0; i < got->list.count; i++) {
        const struct block *b = got->list.item[i];
        const char *what = limit_of(got->arena, b);
        if (what)
            report_limit(jobs, b, what);
        else if ((all || is_of_its_own(first->command, b)) && !is_said(b, said, jobs->count))
            print_text(first->command, b->start, b->length);
    }
    for (uint32_t i = 0; i < jobs->count; i++)
        if (((struct job *)jobs->item[i])->unit)
            diag_flush(((struct job *)jobs->item[i])->unit);
}

/* Has gcc's back end found something in the generated text that its front end has not? */
static bool has_more(const struct job *job, const struct blocks *got, const struct reading *r)
{
    if (job->command->clang || job->plain_code || !plain_exists(job))
        return false;
    for (uint32_t i = 0; i < got->list.count; i++) {
        const struct block *b = got->list.item[i];
        if (b->place.file && !b->error && *b->option && !is_said(b, &r->blocks, 1))
            return true;
    }
    return false;
}

static bool all_exist(struct list *jobs)
{
    for (uint32_t i = 0; i < jobs->count; i++)
        if (!plain_exists(jobs->item[i]))
            return false;
    return true;
}

/* The verdict on a failure. `hard`: there is an error in the generated text. */
static enum verdict judge(struct list *jobs, const struct blocks *got, bool hard)
{
    for (uint32_t i = 0; hard && i < jobs->count; i++)
        if (((struct job *)jobs->item[i])->is_plain)
            return VERDICT_FINE;
    if (hard)
        return VERDICT_OURS;
    for (uint32_t i = 0; i < got->list.count; i++) {
        const struct block *b = got->list.item[i];
        if ((!b->place.file && !is_trailer(b)) || limit_of(got->arena, b))
            return VERDICT_FINE;
    }
    return VERDICT_AGAIN;
}

/* Does the plain reading fail because the file uses a name that only generated code has? */
static bool names_generated(const struct reading *r)
{
    for (uint32_t i = 0; r->failed && i < r->blocks.list.count; i++) {
        const struct block *b = r->blocks.list.item[i];
        if (block_is_hard(b) && (strstr(b->text, "bide__desc_") || strstr(b->text, "bide__start_")))
            return true;
    }
    return false;
}

/* Does the plain reading fail because a scope is a loop with a declaration, which C90 does not
 * have? The generated text compiles, so the user has no such loop. */
static bool wants_c99(const struct reading *r)
{
    for (uint32_t i = 0; r->failed && !r->job->plain_c99 && i < r->blocks.list.count; i++) {
        const struct block *b = r->blocks.list.item[i];
        if (block_is_hard(b) && strstr(b->text, "loop initial declarations are only allowed"))
            return true;
    }
    return false;
}

static bool read_all(struct arena *arena, struct list *jobs, const struct blocks *got,
                     struct reading *r, bool failed)
{
    bool refused = false;
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        r[i].job = job;
        if (!plain_exists(job) || !(failed || plain_is_wanted(job->command)))
            continue;
        plain_finish(job);
        r[i] = read_plain(arena, job, got);
        if (!failed && wants_c99(&r[i])) {
            plain_finish_c99(job);
            r[i] = read_plain(arena, job, got);
        }
        if (!r[i].failed && has_more(job, got, &r[i])) {
            plain_finish_code(job);
            r[i] = read_plain(arena, job, got);
        }
        if (!failed && names_generated(&r[i]))
            job->is_unreadable = true;
        refused |= r[i].failed;
    }
    return refused;
}

/* The generated text does not compile. Does the file compile, with code generation? The file may
 * differ between the two readings, so the text that bide has read is compiled as well. */
static bool read_to_the_end(struct arena *arena, struct list *jobs, const struct blocks *got,
                            struct reading *r)
{
    bool refused = false;
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        if (plain_exists(job)) {
            plain_finish_code(job);
            r[i] = read_plain(arena, job, got);
        }
        if (!r[i].failed && job->unit && !job->is_unreadable && plain_check_text(job) != 0)
            r[i] = read_plain(arena, job, got);
        refused |= r[i].failed;
    }
    return refused;
}

static bool jobs_are_quiet(const struct list *jobs)
{
    return ((const struct job *)jobs->item[0])->command->quiet;
}

enum verdict report(struct list *jobs, const struct buffer *err, bool failed)
{
    struct arena *arena = arena_new();
    struct blocks got = blocks_read(arena, err);
    struct reading *r = arena_alloc(arena, (jobs->count + 1) * sizeof *r);
    struct blocks *said = arena_alloc(arena, (jobs->count + 1) * sizeof *said);
    bool refused = read_all(arena, jobs, &got, r, failed);
    bool hard = failed && !refused && has_hard_error(arena, &got);
    enum verdict verdict = VERDICT_FINE;
    if (!failed && jobs_are_quiet(jobs) && !all_exist(jobs)) {
        arena_free(arena);
        return VERDICT_ALONE;
    }
    if (hard)
        refused = read_to_the_end(arena, jobs, &got, r);
    for (uint32_t i = 0; i < jobs->count; i++) {
        if (plain_exists(jobs->item[i]) || r[i].failed)
            print_reading(&r[i]);
        else
            print_buffer(jobs->item[i], &((struct job *)jobs->item[i])->err);
        said[i] = r[i].blocks;
    }
    if (!refused) {
        print_generated(jobs, &got, said, hard || !all_exist(jobs));
        verdict = failed ? judge(jobs, &got, hard) : VERDICT_FINE;
    } else if (!failed) {
        verdict = VERDICT_REFUSED;
    }
    arena_free(arena);
    return verdict;
}

int check_held(struct list *jobs)
{
    static const char *const names[] = {"unused-result", "return-local-addr",
                                        "return-stack-address", "return-type",
                                        "deprecated-declarations"};
    int status = 0;
    for (uint32_t i = 0; i < jobs->count; i++) {
        struct job *job = jobs->item[i];
        for (size_t k = 0; job->unit && k < (plain_exists(job) ? 3 : 5); k++)
            diag_release(job->unit, names[k]);
        if (job->unit)
            diag_flush(job->unit);
        status |= job->unit && job->unit->error_count;
    }
    return status;
}
