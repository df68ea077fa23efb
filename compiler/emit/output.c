/*
 * The text of the output and its lines. It has two forms.
 *
 * For the compiler: the user's text is copied byte for byte, each token stays on its line of the
 * source, and the generated code of a statement is on the statement's line. `# n "file"` markers
 * set the lines.
 *
 * To be read (options->pretty): see pretty.c.
 *
 * In generated text '\n' marks a place where a line may begin; several in a row are one. Blanks
 * after it add to the indentation by braces. The user's pragmas stay before the same tokens.
 */
#include "inside.h"

#include <string.h>

enum { NEWLINES_MAX = 4 }; /* up to this many empty lines are shorter than a marker */

struct output *output_new(struct unit *u, FILE *out)
{
    struct output *o = arena_alloc(u->arena, sizeof *o);
    o->unit = u;
    o->out = out;
    o->pretty = u->options->pretty;
    o->at = u->text;
    o->gaps = set_new(u->arena, u->token_count);
    if (o->pretty)
        pretty_begin(o);
    return o;
}

static bool at_bol(const struct output *o)
{
    return o->last == '\n' || o->last == 0;
}

void output_put(struct output *o, const char *s, size_t n)
{
    if (n == 0)
        return;
    fwrite(s, 1, n, o->out);
    output_note(o, s, n);
    for (size_t i = 0; o->pretty && i < n; i++)
        o->column = s[i] == '\n' ? 0 : o->column + 1;
}

void output_newline(struct output *o)
{
    output_put(o, "\n", 1);
    o->line++;
    o->fresh = false;
}

/* ---- places ---- */

static void marker(struct output *o, const char *file, uint32_t line, bool system_header)
{
    if (!at_bol(o))
        output_put(o, "\n", 1);
    fprintf(o->out, "%s %u \"", o->pretty ? "#line" : "#", line);
    for (const char *s = file; *s; s++) {
        if (*s == '"' || *s == '\\')
            fputc('\\', o->out);
        fputc(*s, o->out);
    }
    fprintf(o->out, "\"%s\n", system_header && !o->pretty ? " 3" : "");
    o->file = file;
    o->line = line;
    o->system_header = system_header;
    output_note(o, "\n", 1);
    o->column = 0;
    o->fresh = o->drifted = false;
}

void output_go_to(struct output *o, const char *file, uint32_t line, bool system_header)
{
    bool same_file =
        o->file == file && !o->drifted && (o->pretty || o->system_header == system_header);
    if (same_file && o->line == line)
        return;
    if (same_file && line > o->line && line - o->line <= NEWLINES_MAX)
        while (o->line < line)
            output_newline(o);
    else
        marker(o, file, line, system_header);
}

void output_nowhere(struct output *o, bool begins)
{
    if (begins)
        o->line_before = o->file && !o->pretty ? o->line : 0;
    if (o->line_before)
        marker(o, o->file, begins ? 0 : o->line_before, o->system_header);
}

static void go_to(struct output *o, const struct token *t)
{
    output_go_to(o, t->file, t->line, t->in_system_header);
}

/* Prints a directive between two tokens, if it must be kept. Returns the text after its line. */
static const char *put_directive(struct output *o, const char *s, const char *end)
{
    const char *eol = memchr(s, '\n', (size_t)(end - s));
    if (!eol)
        return end;
    bool kept = strncmp(s, "#pragma", 7) == 0;
    if (!o->pretty) /* for the debug information of -g3 */
        kept |= strncmp(s, "#define ", 8) == 0 || strncmp(s, "#undef ", 7) == 0;
    if (kept) {
        if (!at_bol(o))
            output_put(o, "\n", 1);
        output_put(o, s, (size_t)(eol + 1 - s));
        o->file = NULL;
        o->fresh = false;
    }
    return eol + 1;
}

/* Prints what is kept of the text before the token: pragmas, if that text is not printed yet (a
 * second push would need a second pop); and a comment on its line, where gcc reads "fall
 * through". */
static void put_kept_gap(struct output *o, uint32_t token, bool with_comment)
{
    const struct token *t = &o->unit->token[token];
    const char *s = token > 1 ? t[-1].start + t[-1].length : o->unit->text;
    const char *comment = NULL, *close = NULL;

    while (s < t->start) {
        if (*s == '#' && set_has(o->gaps, token)) {
            const char *eol = memchr(s, '\n', (size_t)(t->start - s));
            s = eol ? eol + 1 : t->start;
        } else if (*s == '#') {
            s = put_directive(o, s, t->start);
        } else if (*s == '/' && (s[1] == '*' || s[1] == '/')) {
            comment = s;
            s = close = comment_end(s, t->start);
        } else {
            s++;
        }
    }
    if (!with_comment)
        return;
    go_to(o, t);
    if (comment && comment[1] == '*' && !memchr(comment, '\n', (size_t)(close - comment))) {
        output_put(o, " ", 1);
        output_put(o, comment, (size_t)(close - comment));
        output_put(o, " ", 1);
    }
}

void output_pragmas(struct output *o, uint32_t token)
{
    put_kept_gap(o, token, false);
}

/* ---- the user's text ---- */

static void set_place(struct output *o, const struct token *t)
{
    o->file = t->file;
    o->line = t->line;
    o->system_header = t->in_system_header;
}

void output_copy(struct output *o, uint32_t before)
{
    const struct token *t = &o->unit->token[before];
    if (o->pretty) {
        pretty_copy(o, t->start);
    } else {
        if (before > 1 && o->at == t[-1].start + t[-1].length && o->last_token != before - 1)
            go_to(o, t - 1);
        output_join(o, *o->at);
        output_put(o, o->at, (size_t)(t->start - o->at));
        o->at = t->start;
        set_place(o, t);
    }
    set_put(o->gaps, before);
    o->last_token = 0;
    o->at_token = before;
}

void output_skip(struct output *o, uint32_t last)
{
    const struct token *t = &o->unit->token[last];
    o->at = t->start + t->length;
    o->text_file = t->file;
    o->text_line = t->line;
    o->text_bol = false;
}

void output_end(struct output *o)
{
    output_copy(o, o->unit->token_count - 1);
    if (o->pretty)
        pretty_end(o);
    else
        output_put(o, o->at, strlen(o->at));
    if (!at_bol(o))
        output_put(o, "\n", 1);
}

/* Prints the text between this token and the token before it as it is. */
static void put_gap(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];
    const char *end = t[-1].start + t[-1].length;
    output_put(o, end, (size_t)(t->start - end));
    set_place(o, t);
}

bool output_needs_space(const struct output *o, const struct token *t)
{
    char c = o->last;
    if (c == '&')
        return t->punct == '&' || t->punct == P_ANDAND;
    if (c == 0 || strchr(" \n([{!", c))
        return false;
    return !(t->punct == ';' || t->punct == ',' || t->punct == ')' || t->punct == ']');
}

static void gap(struct output *o, uint32_t token)
{
    if (token == o->at_token && !o->pretty)
        return;
    if (o->pretty) {
        pretty_gap(o, token);
    } else if (token == o->last_token + 1) {
        put_gap(o, token);
    } else {
        put_kept_gap(o, token, true);
        if (output_needs_space(o, &o->unit->token[token]))
            output_put(o, " ", 1);
    }
    set_put(o->gaps, token);
}

void output_sync(struct output *o, uint32_t token)
{
    if (o->pretty)
        pretty_sync(o, token);
    else
        gap(o, token);
    set_put(o->gaps, token);
    o->at_token = token;
}

static const char *subst_text(struct lower *l, const struct subst *s)
{
    return s->kind == SUBST_TEXT ? s->text : var_text(l, s->var);
}

static void put_token(struct output *o, struct lower *l, uint32_t i)
{
    const struct token *t = &o->unit->token[i];
    const struct subst *s = NULL;
    if (l && l->subst && i >= l->fn->first && i <= l->fn->last)
        s = &l->subst[i - l->fn->first];
    if (s && s->kind == SUBST_SKIP) {
        if (o->last_token + 1 == i && !o->pretty)
            gap(o, i);
        return;
    }
    bool follows = i == o->last_token + 1 && !o->substituted;
    gap(o, i);
    o->substituted = s && s->kind != SUBST_NONE;
    const char *text = o->substituted ? subst_text(l, s) : t->start;
    if (!follows || o->substituted)
        output_join(o, *text);
    output_put(o, text, o->substituted ? strlen(text) : t->length);
    if (t->punct == '(')
        o->parens++;
    else if (t->punct == ')' && o->parens)
        o->parens--;
}

void output_tokens(struct output *o, struct lower *l, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        put_token(o, l, i);
        o->last_token = i;
        o->at_token = 0;
    }
}

void output_brace(struct output *o, struct lower *l, uint32_t brace)
{
    if (!o->pretty) {
        output_tokens(o, l, brace, brace);
        return;
    }
    o->indent = 0;
    o->indent_depth = o->depth;
    if (o->unit->token[brace].punct == '{') {
        output_text(o, "\n{\n");
    } else {
        output_text(o, "\n}\n");
        o->indent_depth = o->depth;
    }
    o->text_file = o->unit->token[brace].file;
    o->text_line = o->unit->token[brace].line;
}

/* ---- generated text ---- */

size_t literal_length(const char *s)
{
    size_t n = 1;
    if (*s != '"' && *s != '\'')
        return 0;
    while (s[n] && s[n] != *s && s[n] != '\n')
        n += s[n] == '\\' && s[n + 1] ? 2 : 1;
    return s[n] == *s ? n + 1 : 0;
}

static void flat_text(struct output *o, const char *s)
{
    output_join(o, *s);
    while (*s) {
        size_t n = literal_length(s);
        if (n || !(*s == '\n' || *s == ' ')) {
            output_put(o, s, n ? n : 1);
            s += n ? n : 1;
        } else {
            if (o->last != ' ' && o->last != '\n')
                output_put(o, " ", 1);
            s++;
        }
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

void output_directive(struct output *o, const char *line)
{
    if (!at_bol(o))
        output_put(o, "\n", 1);
    output_put(o, line, strlen(line));
    output_put(o, "\n", 1);
    o->last_token = o->at_token = 0;
    o->file = NULL;
    o->fresh = false;
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
