/*
 * Finds the compiler's messages about the plain reading that do not hold for the program:
 *
 * - A warning that depends on the flow of a function, if a deferred block or a scope gives the
 *   function a different flow from its plain reading. It holds if the compiler also gives it for
 *   the generated code of that function. The same goes for a warning about values in a deferred
 *   block, which are different when the block runs. -Wreturn-type holds if bide's own checks agree.
 *   A variable that is in no such form is the same in both readings: then the generated code,
 *   where it may live in the frame, does not count.
 * - A task or a future without a value: it begins empty.
 * - The order of evaluation in an expression with an await: the language defines it.
 * - An unused result of an await: bide has a check of its own, which understands (void).
 * - A pragma that names a warning of bide, and clang's messages about the macros of a scope.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

struct confirm confirm_begin(struct arena *arena, struct job *job, const struct blocks *got)
{
    struct confirm c = {.arena = arena, .job = job, .got = got};
    if (job->unit && job->check_err.length) {
        c.flows = reading_flows(job->unit);
        c.deferred = reading_deferred(job->unit);
        c.orders = reading_orders(job->unit);
    }
    return c;
}

bool confirm_is_needed(struct unit *unit)
{
    return reading_flows(unit).count > 0;
}

/* ---- places ---- */

static bool place_is_in(const struct said_place *place, const struct line_span *span)
{
    return line_span_has(span, place->file, place->line);
}

/* Is the message, or one of its notes, about these lines? A warning in a macro has the macro's
 * place. */
static bool is_about(struct arena *arena, const struct block *b, const struct line_span *span)
{
    const char *p = b->start, *end = b->start + b->length;
    if (place_is_in(&b->place, span))
        return true;
    for (const char *next; p < end; p = next) {
        struct said_place place;
        next = line_end(p, end);
        char *line = without_colours(arena, p, (size_t)(next - p));
        const char *rest = said_read_place(arena, line, &place);
        if (rest && !strncmp(rest, "note: ", 6) && place_is_in(&place, span))
            return true;
    }
    return false;
}

static const struct line_span *find_span(struct arena *arena, const struct list *spans,
                                         const struct block *b)
{
    for (uint32_t i = 0; i < spans->count; i++)
        if (is_about(arena, b, spans->item[i]))
            return spans->item[i];
    return NULL;
}

/* ---- kinds of warnings ---- */

static bool is_among(const char *option, const char *const *names)
{
    for (; *names; names++) {
        size_t n = strlen(*names);
        if ((*names)[n - 1] == '-' ? !strncmp(option, *names, n) : !strcmp(option, *names))
            return true;
    }
    return false;
}

/* Warnings that depend on the paths through a function. Names that end in - are families. */
static const char *const flow_names[] = {"aggressive-loop-optimizations",
                                         "analyzer-",
                                         "clobbered",
                                         "conditional-uninitialized",
                                         "consumed",
                                         "dangling-pointer",
                                         "duplicated-branches",
                                         "free-nonheap-object",
                                         "implicit-fallthrough",
                                         "implicit-fallthrough-per-function",
                                         "infinite-recursion",
                                         "maybe-uninitialized",
                                         "mismatched-dealloc",
                                         "missing-noreturn",
                                         "null-dereference",
                                         "return-local-addr",
                                         "sometimes-uninitialized",
                                         "strict-overflow",
                                         "suggest-attribute",
                                         "thread-safety-",
                                         "uninitialized",
                                         "uninitialized-const-reference",
                                         "unreachable-code",
                                         "unreachable-code-",
                                         "unsafe-loop-optimizations",
                                         "use-after-free",
                                         NULL};

/* Warnings that depend on the values of variables. */
static const char *const value_names[] = {"alloc-size-larger-than",
                                          "alloca-larger-than",
                                          "array-bounds",
                                          "attribute-warning",
                                          "format-overflow",
                                          "format-truncation",
                                          "nonnull",
                                          "restrict",
                                          "stringop-",
                                          "vla-larger-than",
                                          NULL};

/* The warnings of the first list that name their variable. */
static const char *const variable_names[] = {"conditional-uninitialized",
                                             "dangling-pointer",
                                             "maybe-uninitialized",
                                             "sometimes-uninitialized",
                                             "uninitialized",
                                             "use-after-free",
                                             NULL};

static const char *const return_names[] = {"return-local-addr", "return-stack-address", NULL};

/* Warnings that depend on what has already been evaluated. Other branches of a group may also
 * change a variable that a loop waits for. */
static const char *const order_names[] = {"for-loop-analysis", "sequence-point", "unsequenced",
                                          NULL};

static bool is_confirmed(struct confirm *c, const struct block *b, const char *option,
                         const struct line_span *span)
{
    for (uint32_t i = 0; i < c->got->list.count; i++) {
        const struct block *other = c->got->list.item[i];
        if (other->place.file && !strcmp(block_option(c->arena, other), option) &&
            (block_same(b, other) || is_about(c->arena, other, span)))
            return true;
    }
    return false;
}

/* ---- our own pragmas ---- */

static bool line_has(struct unit *unit, const struct said_place *place, const char *text)
{
    size_t length = 0;
    const char *line =
        source_line(unit, arena_printf(unit->arena, "%s", place->file), place->line, &length);
    return line && memmem(line, length, text, strlen(text)) != NULL;
}

/* "unknown option after '#pragma GCC diagnostic' kind", "unknown warning group '-Wbide-...'". */
static bool is_about_ours(const struct confirm *c, const struct block *b, const char *option)
{
    if (strcmp(option, "pragmas") && strcmp(option, "unknown-warning-option"))
        return false;
    return memmem(b->start, b->length, "-Wbide-", 7) ||
           (c->job->unit && line_has(c->job->unit, &b->place, "\"-Wbide-"));
}

static struct line_span line_of(const struct block *b)
{
    return (struct line_span){b->place.file, b->place.line, b->place.line};
}

/* The first name in quotes at or after *text, which moves past the quotes; for gcc's "*p", "s.a"
 * and "a[0]" the name of the variable. NULL: there is no other name. */
static const char *quoted_name(struct confirm *c, const char **text)
{
    const char *open = strpbrk(*text, "'\342"), *quote = open;
    if (!open)
        return NULL;
    open += *open == '\'' ? 1 : 3; /* gcc's quotes are of three bytes in UTF-8 */
    const char *close = open + strcspn(open, "'\342");
    *text = !*close ? close : close + (*quote == '\'' ? 1 : 3);
    open += strspn(open, "*&(");
    size_t length = 0;
    while (open + length < close && is_word_char(open[length]))
        length++;
    return arena_strndup(c->arena, open, length);
}

/* "'task' is used uninitialized": a task or a future begins empty. */
static bool is_about_empty(struct confirm *c, const struct block *b, const char *option)
{
    const char *text = b->text;
    const char *name = strstr(option, "uninitialized") ? quoted_name(c, &text) : NULL;
    struct line_span here = line_of(b);
    return name && reading_names_owner(c->job->unit, name, &here);
}

/* Is the warning about local variables that no form with another flow uses? Then the other paths
 * through the function make no difference. A variable without a value on all paths to a place has
 * no value there whatever a deferred block elsewhere does, since the plain reading runs that block
 * too. In the plain reading a scope is a loop that may be skipped; this matters only after it. */
static bool is_about_untouched(struct confirm *c, const struct block *b, const char *option)
{
    bool on_all_ways = !strcmp(option, "uninitialized") && !find_span(c->arena, &c->deferred, b);
    int forms = on_all_ways ? FLOW_VALUES : strstr(b->text, "'for' loop") ? FLOW_ALL : FLOW_OUTSIDE;
    const char *text = b->text, *name;
    struct line_span here = line_of(b);
    int count = 0;
    if (!is_among(option, variable_names))
        return false;
    while ((name = quoted_name(c, &text))) {
        if (!reading_names_local(c->job->unit, name, &here))
            continue;
        if (reading_flow_names(c->job->unit, name, &here, forms))
            return false;
        count++;
    }
    return count > 0;
}

/* Has bide also found that the address of a local is returned? */
static bool is_return_of_local(struct confirm *c, const struct block *b, const char *option)
{
    struct line_span line = line_of(b);
    return is_among(option, return_names) && diag_take_held(c->job->unit, option, &line);
}

bool confirm_holds(struct confirm *c, const struct block *b)
{
    struct unit *unit = c->job->unit;
    const char *option = block_option(c->arena, b);
    const struct line_span *span;
    if (!b->place.file || !*option)
        return true;
    if (is_about_ours(c, b, option) || memmem(b->start, b->length, "macro 'bide__scope_as'", 22))
        return false;
    if (!unit)
        return true;
    if (!strcmp(option, "unused-result") && (span = find_span(c->arena, &c->orders, b)))
        return diag_take_held(unit, option, span);
    if (is_return_of_local(c, b, option))
        return true;
    if (is_about_empty(c, b, option))
        return false;
    if (is_among(option, order_names))
        return !find_span(c->arena, &c->orders, b);
    bool is_return = !strcmp(option, "return-type");
    if (is_return || is_among(option, flow_names))
        span = find_span(c->arena, &c->flows, b);
    else if (is_among(option, value_names))
        span = find_span(c->arena, &c->deferred, b);
    else
        return true;
    if (!span)
        return true;
    if (is_about_untouched(c, b, option))
        return true;
    if (!strncmp(option, "analyzer-", 9)) /* about generated code it is always wrong */
        return false;
    return is_return ? diag_take_held(unit, option, span) : is_confirmed(c, b, option, span);
}
