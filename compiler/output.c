/*
 * The text of the output and its lines. Two forms:
 *
 * For the compiler: the user's text byte for byte, each token on the line that it has in the source,
 * generated code of a statement on the statement's line; `# n "file"` markers put the lines right.
 *
 * To be read (options->pretty): generated code on lines of its own, indented from the column of the
 * statement that it belongs to by the braces that it opens; `#line` puts the lines right.
 *
 * Generated text says '\n' where a line may begin; several in a row are one. Blanks after it are
 * indentation beyond that of the braces. The user's pragmas are kept in front of what they stood at.
 */
#include "lower.h"

#include <stdlib.h>
#include <string.h>

enum { NEWLINES_MAX = 4 }; /* up to here lines are reached by empty ones */

struct output {
    struct unit *unit;
    FILE *out;
    bool pretty;
    const char *at;      /* in unit->text: where copying goes on */
    uint32_t last_token; /* just printed, nothing since; 0: none */
    uint32_t at_token;   /* the gap before it has just been printed; 0: none */
    const char *file;    /* the place that a compiler would give the next character */
    uint32_t line;
    bool system_header;
    bool at_bol;         /* nothing on the line yet */
    bool fresh;          /* pretty: a new line is due before anything else */
    char last;           /* character written */
    int parens;          /* open ones */
    int depth;           /* generated braces */
    int indent, indent_depth; /* column of the user's last line, and the depth there */
};

struct output *output_new(struct unit *u, FILE *out)
{
    struct output *o = arena_alloc(u->arena, sizeof *o);
    o->unit = u;
    o->out = out;
    o->pretty = u->options->pretty;
    o->at = u->text;
    o->at_bol = true;
    return o;
}

bool output_is_pretty(const struct output *o)
{
    return o->pretty;
}

static void put(struct output *o, const char *s, size_t n)
{
    if (n == 0)
        return;
    fwrite(s, 1, n, o->out);
    o->last = s[n - 1];
    o->at_bol = o->last == '\n';
}

static void newline(struct output *o)
{
    put(o, "\n", 1);
    o->line++;
    o->fresh = false;
}

/* ---- places ---- */

static void marker(struct output *o, const struct token *t)
{
    if (!o->at_bol)
        put(o, "\n", 1);
    fprintf(o->out, "%s %u \"", o->pretty ? "#line" : "#", t->line);
    for (const char *s = t->file; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', o->out);
        fputc(*s, o->out);
    }
    fprintf(o->out, "\"%s\n", t->in_system_header && !o->pretty ? " 3" : "");
    o->file = t->file;
    o->line = t->line;
    o->system_header = t->in_system_header;
    o->at_bol = true;
    o->last = '\n';
    o->fresh = false;
}

/* What is printed next is on the token's line. */
static void go_to(struct output *o, const struct token *t)
{
    bool same_file = o->file == t->file && (o->pretty || o->system_header == t->in_system_header);
    if (same_file && o->line == t->line)
        return;
    if (same_file && t->line > o->line && t->line - o->line <= NEWLINES_MAX)
        while (o->line < t->line)
            newline(o);
    else
        marker(o, t);
}

/* One pragma, which ends its line, from the text between two tokens; gives what follows it. */
static const char *put_pragma(struct output *o, const char *s, const char *end)
{
    const char *eol = memchr(s, '\n', (size_t)(end - s));
    if (!eol)
        return end;
    if (strncmp(s, "#pragma", 7) == 0) {
        if (!o->at_bol)
            put(o, "\n", 1);
        put(o, s, (size_t)(eol + 1 - s));
        o->file = NULL;
        o->fresh = false;
    }
    return eol + 1;
}

static const char *end_of_comment(const char *s, const char *end)
{
    if (s[1] == '*') {
        const char *close = strstr(s + 2, "*/");
        return close && close + 2 <= end ? close + 2 : end;
    }
    const char *eol = memchr(s, '\n', (size_t)(end - s));
    return eol ? eol : end;
}

/* The pragmas before the token, and then, on its line, a comment: gcc reads "fall through" there. */
static void put_kept_gap(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];
    const char *s = token > 1 ? t[-1].start + t[-1].length : o->unit->text;
    const char *comment = NULL, *comment_end = NULL;

    while (s < t->start) {
        if (*s == '#') {
            s = put_pragma(o, s, t->start);
        } else if (*s == '/' && (s[1] == '*' || s[1] == '/')) {
            comment = s;
            s = comment_end = end_of_comment(s, t->start);
        } else {
            s++;
        }
    }
    go_to(o, t);
    if (!o->pretty && comment && comment[1] == '*' &&
        !memchr(comment, '\n', (size_t)(comment_end - comment))) {
        put(o, " ", 1);
        put(o, comment, (size_t)(comment_end - comment));
        put(o, " ", 1);
    }
}

/* ---- the user's text ---- */

void output_copy(struct output *o, uint32_t before)
{
    const struct token *t = &o->unit->token[before];
    if (before > 1) {
        const struct token *previous = t - 1;
        if (o->at == previous->start + previous->length && o->last_token != before - 1)
            go_to(o, previous);
    }
    put(o, o->at, (size_t)(t->start - o->at));
    o->at = t->start;
    o->file = t->file;
    o->line = t->line;
    o->system_header = t->in_system_header;
    o->last_token = 0;
    o->at_token = before;
}

void output_skip(struct output *o, uint32_t last)
{
    const struct token *t = &o->unit->token[last];
    o->at = t->start + t->length;
}

void output_end(struct output *o)
{
    output_copy(o, o->unit->token_count - 1);
    put(o, o->at, strlen(o->at));
}

static int column_of(const struct output *o, const struct token *t)
{
    const char *s = t->start;
    int column = 0;
    while (s > o->unit->text && (s[-1] == ' ' || s[-1] == '\t')) {
        column += s[-1] == '\t' ? 8 : 1;
        s--;
    }
    return column;
}

static void put_indent(struct output *o, int column)
{
    for (int i = 0; i < column; i++)
        put(o, " ", 1);
}

/* ---- pretty lines ---- */

/* A line of generated text begins: `s` is what follows on it. */
static void begin_generated_line(struct output *o, const char *s)
{
    size_t n = strcspn(s, "\n");
    size_t extra = strspn(s, " ");
    bool label = n > 1 && (s[n - 1] == ':' || (s[n - 1] == ';' && s[n - 2] == ':'));
    int column = o->indent + 4 * (o->depth - o->indent_depth) + (int)extra;

    newline(o);
    if (s[extra] == '}' || label)
        column -= 4;
    put_indent(o, column < 0 ? 0 : column);
}

static void count_brackets(struct output *o, char c)
{
    if (c == '(')
        o->parens++;
    else if (c == ')' && o->parens)
        o->parens--;
    else if (c == '{')
        o->depth++;
    else if (c == '}')
        o->depth--;
}

static void pretty_text(struct output *o, const char *s)
{
    for (; *s; s++) {
        if (*s == '\n') {
            o->fresh = true;
            continue;
        }
        if (o->fresh) {
            begin_generated_line(o, s);
            s += strspn(s, " ");
            if (!*s)
                return;
        }
        put(o, s, 1);
        count_brackets(o, *s);
    }
}

/* ---- generated text ---- */

static void flat_text(struct output *o, const char *s)
{
    for (; *s; s++) {
        bool blank = *s == '\n' || *s == ' ';
        if (!blank)
            put(o, s, 1);
        else if (o->last != ' ' && o->last != '\n')
            put(o, " ", 1);
    }
}

void output_text(struct output *o, const char *s)
{
    if (*s == 0)
        return;
    o->last_token = o->at_token = 0;
    if (o->pretty)
        pretty_text(o, s);
    else
        flat_text(o, s);
}

void output_printf(struct output *o, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *text = arena_alloc(o->unit->arena, (size_t)n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    output_text(o, text);
}

/* ---- tokens ---- */

static bool needs_space(char last, const struct token *t)
{
    if (last == ' ' || last == '\n' || last == '(' || last == '[' || last == 0)
        return false;
    return !(t->punct == ';' || t->punct == ',' || t->punct == ')' || t->punct == ']');
}

static void pretty_gap(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];
    bool moved = t->file != o->file || t->line != o->line;

    if (o->fresh)
        newline(o);
    if (t->file != o->file || t->line != o->line)
        go_to(o, t);
    if (moved || o->at_bol) {
        if (!t->at_bol) {
            put_indent(o, o->indent);
            return;
        }
        put_indent(o, column_of(o, t));
        if (o->parens == 0) {
            o->indent = column_of(o, t);
            o->indent_depth = o->depth;
        }
    } else if (token == o->last_token + 1 ? t->space || t->at_bol : needs_space(o->last, t)) {
        put(o, " ", 1);
    }
}

/* The text between this token and the one before it, as it stands. */
static void put_gap(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];
    const char *end = t[-1].start + t[-1].length;
    put(o, end, (size_t)(t->start - end));
    o->file = t->file;
    o->line = t->line;
    o->system_header = t->in_system_header;
}

static void flat_gap(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];

    if (token == o->at_token)
        return;
    if (token == o->last_token + 1) {
        put_gap(o, token);
        return;
    }
    put_kept_gap(o, token);
    if (needs_space(o->last, t))
        put(o, " ", 1);
}

void output_sync(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];

    if (!o->pretty) {
        flat_gap(o, token);
        o->at_token = token;
        return;
    }
    if (token == o->last_token + 1 && !o->fresh)
        return;
    if (o->fresh)
        newline(o);
    put_kept_gap(o, token);
    if (t->at_bol) {
        o->indent = column_of(o, t);
        o->indent_depth = o->depth;
    }
    o->fresh = false;
}

void output_begin_block(struct output *o, uint32_t brace)
{
    output_sync(o, brace);
    o->indent = 0;
    o->indent_depth = o->depth - 1;
}

void output_end_block(struct output *o, uint32_t brace)
{
    if (o->pretty && o->last_token == 0)
        o->fresh = true;
    output_sync(o, brace);
    o->indent = 0;
    o->indent_depth = o->depth;
}

static const char *subst_text(struct lower *l, const struct subst *s)
{
    if (s->kind == SUBST_TEXT)
        return s->text;
    return var_text(l, s->var);
}

void output_tokens(struct output *o, struct lower *l, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        const struct token *t = &o->unit->token[i];
        const struct subst *s = NULL;
        if (l && l->subst && i >= l->fn->first && i <= l->fn->last)
            s = &l->subst[i - l->fn->first];
        if (s && s->kind == SUBST_SKIP) {
            if (o->last_token + 1 == i && !o->pretty)
                flat_gap(o, i);
            o->last_token = i;
            continue;
        }
        if (o->pretty)
            pretty_gap(o, i);
        else
            flat_gap(o, i);
        if (s && s->kind != SUBST_NONE) {
            const char *text = subst_text(l, s);
            put(o, text, strlen(text));
        } else {
            put(o, t->start, t->length);
        }
        if (t->punct == '(')
            o->parens++;
        else if (t->punct == ')' && o->parens)
            o->parens--;
        o->last_token = i;
        o->at_token = 0;
    }
}
