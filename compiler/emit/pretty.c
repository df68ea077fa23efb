/*
 * The output that is meant to be read (bide emit). Generated code has lines of its own, indented
 * from the column of its statement by the braces that it opens; `#line` sets the lines.
 *
 * A header is included again instead of being copied, unless a function in it was lowered: then it
 * is copied, and so are the files that include it. The headers must see the same macros as before.
 * So the directives of each copied file are printed as they are in its source, up to the last
 * #include and to the end of the conditions round it. The rest of the text is already preprocessed.
 */
#include "inside.h"

#include <stdlib.h>
#include <string.h>

enum { COLUMN_MAX = 100, DEPTH_MAX = 250 };

/* A file of which text is copied. */
struct source_file {
    const char *name;
    bool copied;
    uint32_t next;      /* line whose directive is looked at next */
    uint32_t last;      /* the last line whose directive is printed */
    struct list inside; /* struct include *: its #include lines */
};

struct include {
    struct source_file *what;
    uint32_t line;
};

/* ---- which files ---- */

static struct source_file *file_of(struct output *o, const char *name)
{
    for (uint32_t i = 0; i < o->files.count; i++) {
        struct source_file *f = o->files.item[i];
        if (f->name == name)
            return f;
    }
    struct source_file *f = arena_alloc(o->unit->arena, sizeof *f);
    f->name = name;
    f->next = 1;
    list_add(o->unit->arena, &o->files, f);
    return f;
}

struct marker {
    uint32_t line;
    const char *file;
    bool enters, returns;
};

/* At a `#` that begins a line: is it a marker? Octal escapes in a file's name are not resolved:
 * such a name is only compared with itself. */
static bool read_marker(struct output *o, const char *s, struct marker *m)
{
    char *end;
    s++;
    while (*s == ' ' || *s == '\t')
        s++;
    if (strncmp(s, "line", 4) == 0)
        s += 4;
    m->line = (uint32_t)strtoul(s, &end, 10);
    if (end == s)
        return false;
    m->file = NULL;
    m->enters = m->returns = false;
    s = end + strspn(end, " \t");
    if (*s != '"')
        return true;
    const char *name = ++s;
    char *text = arena_alloc(o->unit->arena, strcspn(name, "\n") + 1), *to = text;
    for (; *s && *s != '"' && *s != '\n'; s++) {
        if (*s == '\\' && s[1])
            s++;
        *to++ = *s;
    }
    m->file = intern(o->unit->arena, text, (size_t)(to - text));
    for (s += *s == '"'; *s && *s != '\n'; s++) {
        m->enters |= *s == '1';
        m->returns |= *s == '2';
    }
    return true;
}

/* The files on the stack are copied if an item up to `where` is a function that was lowered.
 * Returns the number of the next item. */
static uint32_t mark_copied(struct output *o, uint32_t item, const char *where,
                            struct source_file **stack, int depth)
{
    for (; item < o->unit->items.count; item++) {
        const struct item *i = o->unit->items.item[item];
        if (o->unit->token[i->first].start >= where)
            break;
        if (i->kind != ITEM_FUNCTION)
            continue;
        for (int k = 0; k <= depth; k++)
            stack[k]->copied = true;
    }
    return item;
}

static void find_files(struct output *o)
{
    const char *s = o->unit->text, *end = s + o->unit->text_length;
    struct source_file *stack[DEPTH_MAX + 1];
    int depth = 0;
    uint32_t item = 0;
    struct marker m;

    stack[0] = file_of(o, o->unit->token[1].file);
    for (bool first = true; s < end; s = line_end(s, end)) {
        if (*s != '#' || !read_marker(o, s, &m) || !m.file)
            continue;
        item = mark_copied(o, item, s, stack, depth);
        if (first)
            stack[0] = file_of(o, m.file);
        first = false;
        if (m.enters && depth < DEPTH_MAX) {
            stack[++depth] = file_of(o, m.file);
        } else if (m.returns && depth > 0) {
            struct include *i = arena_alloc(o->unit->arena, sizeof *i);
            i->what = stack[depth--];
            i->line = m.line > 0 ? m.line - 1 : 0;
            list_add(o->unit->arena, &stack[depth]->inside, i);
        }
    }
    mark_copied(o, item, end, stack, depth);
    stack[0]->copied = true;
    o->main_file = stack[0]->name;
}

/* A directive's name, or NULL. */
static const char *directive(const char *s, size_t n, size_t *length)
{
    size_t i = 0;
    while (i < n && (s[i] == ' ' || s[i] == '\t'))
        i++;
    if (i == n || s[i] != '#')
        return NULL;
    for (i++; i < n && (s[i] == ' ' || s[i] == '\t'); i++)
        continue;
    size_t k = i;
    while (k < n && s[k] >= 'a' && s[k] <= 'z')
        k++;
    *length = k - i;
    return s + i;
}

static bool is(const char *word, size_t n, const char *what)
{
    return strlen(what) == n && memcmp(word, what, n) == 0;
}

/* Finds the last line whose directive is printed. */
static void find_last(struct output *o, struct source_file *f)
{
    uint32_t last_include = 0;
    size_t n, k;
    int depth = 0;
    for (uint32_t i = 0; i < f->inside.count; i++) {
        struct include *in = f->inside.item[i];
        last_include = in->line > last_include ? in->line : last_include;
    }
    for (uint32_t line = 1;; line++) {
        const char *s = source_line(o->unit, f->name, line, &n);
        if (!s || (line > last_include && depth <= 0))
            break;
        const char *word = directive(s, n, &k);
        if (word && (is(word, k, "if") || is(word, k, "ifdef") || is(word, k, "ifndef")))
            depth++;
        else if (word && is(word, k, "endif"))
            depth--;
        f->last = line;
    }
}

void pretty_begin(struct output *o)
{
    find_files(o);
    for (uint32_t i = 0; i < o->files.count; i++) {
        struct source_file *f = o->files.item[i];
        if (f->copied && f->name[0] != '<')
            find_last(o, f);
    }
    o->text_bol = true;
    static const char first[] = "#include <bide/abi.h>\n";
    output_put(o, first, sizeof first - 1);
}

bool output_is_hidden(struct output *o, uint32_t token)
{
    return o->pretty && !file_of(o, o->unit->token[token].file)->copied;
}

/* Begins the line that is due, unless one has begun. */
static void end_line(struct output *o)
{
    if (o->fresh && o->column > 0)
        output_newline(o);
    o->fresh = false;
}

/* ---- directives ---- */

static bool is_kept(const struct source_file *f, uint32_t line, const char *word, size_t n)
{
    if (is(word, n, "pragma") || is(word, n, "line") || is(word, n, "error") ||
        is(word, n, "warning") || n == 0)
        return false;
    for (uint32_t i = 0; i < f->inside.count; i++) {
        struct include *in = f->inside.item[i];
        if (in->line == line && in->what->copied)
            return false;
    }
    return true;
}

/* The directives of the file before the line. */
static void put_directives(struct output *o, struct source_file *f, uint32_t before)
{
    size_t n, k;
    for (; f->next < before && f->next <= f->last; f->next++) {
        const char *s = source_line(o->unit, f->name, f->next, &n);
        const char *word = s ? directive(s, n, &k) : NULL;
        bool kept = word && is_kept(f, f->next, word, k);
        while (word) {
            if (kept) {
                end_line(o);
                if (o->column > 0)
                    output_newline(o);
                output_go_to(o, f->name, f->next, false);
                output_put(o, s, n);
                output_newline(o);
            }
            if (n == 0 || s[n - 1] != '\\')
                break;
            s = source_line(o->unit, f->name, ++f->next, &n);
            if (!s)
                break;
        }
    }
}

/*
 * A member with the name of a macro (sa_handler is __sigaction_handler.sa_handler) would be
 * expanded again. It is a member after a name that its source line does not have. All headers are
 * included before this.
 */
static void put_undefs(struct output *o)
{
    const struct token *t = o->unit->token;
    struct list done = {0};
    o->undefined = true;
    for (uint32_t i = 3; i < o->unit->token_count; i++) {
        size_t n;
        bool member = t[i - 1].punct == '.' || t[i - 1].punct == P_ARROW;
        if (!member || t[i].kind != TK_IDENT || t[i - 2].kind != TK_IDENT || t[i].in_header)
            continue;
        const char *s = source_line(o->unit, t[i].file, t[i].line, &n);
        if (!s || !has_word(s, n, t[i].text) || has_word(s, n, t[i - 2].text))
            continue;
        bool known = false;
        for (uint32_t k = 0; k < done.count; k++)
            known |= done.item[k] == t[i].text;
        if (known)
            continue;
        list_add(o->unit->arena, &done, (void *)(uintptr_t)t[i].text);
        if (o->column > 0)
            output_newline(o);
        output_put(o, "#undef ", 7);
        output_put(o, t[i].text, t[i].length);
        output_newline(o);
    }
}

/* ---- the user's text ---- */

/* Where the content of a source line begins. The preprocessed text does not show it: after macros
 * it is off by a blank. */
static int column_of(struct output *o, const char *file, uint32_t line)
{
    size_t n;
    const char *s = source_line(o->unit, file, line, &n);
    int column = 0;
    if (!s)
        return o->indent;
    for (size_t i = 0; i < n && (s[i] == ' ' || s[i] == '\t'); i++)
        column += s[i] == '\t' ? 8 : 1;
    return column;
}

/* Has the last directive of the main file been printed? It is the last of all. */
static bool main_is_past(struct output *o)
{
    const struct source_file *f = file_of(o, o->text_file);
    return f->name == o->main_file && f->next > f->last;
}

static void before_content(struct output *o)
{
    put_directives(o, file_of(o, o->text_file), o->text_line);
    if (!o->undefined && main_is_past(o))
        put_undefs(o);
}

/* Content of the source begins: the first of its line, or otherwise after a blank if `blank`. */
static void begin_content(struct output *o, bool first, bool blank)
{
    int column = o->indent;

    before_content(o);
    end_line(o);
    bool drifted = o->drifted && o->file == o->text_file && o->line <= o->text_line;
    o->drifted &= !drifted;
    output_go_to(o, o->text_file, o->text_line, false);
    o->drifted |= drifted;
    if (o->column > 0) {
        if (blank && o->last != ' ')
            output_put(o, " ", 1);
        return;
    }
    if (first)
        column = column_of(o, o->text_file, o->text_line);
    for (int i = 0; i < column; i++)
        output_put(o, " ", 1);
    if (first && o->parens == 0) {
        o->indent = column;
        o->indent_depth = o->depth;
    }
}

/* Prints a comment, which may have several lines. Returns the text after it. */
static const char *put_comment(struct output *o, const char *s, const char *end)
{
    const char *close = strstr(s + 2, "*/");
    const char *stop = close && close + 2 <= end ? close + 2 : end;
    output_put(o, s, (size_t)(stop - s));
    for (; s < stop; s++)
        if (*s == '\n') {
            o->line++;
            o->text_line++;
        }
    return stop;
}

static const char *copy_directive(struct output *o, const char *s, const char *end, bool visible)
{
    struct marker m;
    const char *next = line_end(s, end);
    if (read_marker(o, s, &m)) {
        if (m.returns && visible)
            put_directives(o, file_of(o, o->text_file), UINT32_MAX);
        if (m.file)
            o->text_file = m.file;
        o->text_line = m.line;
    } else {
        if (visible && strncmp(s, "#pragma", 7) == 0) {
            begin_content(o, true, false);
            output_put(o, s, (size_t)(next - s));
            o->line++;
        }
        o->text_line++;
    }
    return next;
}

/* Prints content up to the end of its line, or of a comment that goes on. Returns the text after
 * it. */
static const char *copy_content(struct output *o, const char *from, const char *s, const char *end)
{
    begin_content(o, o->text_bol, s > from || o->text_bol);
    output_join(o, *s);
    while (s < end && *s != '\n') {
        if (*s == '/' && s[1] == '*') {
            s = put_comment(o, s, end);
            continue;
        }
        if (*s == '"' || *s == '\'') {
            const char *quote = s++;
            while (s < end && *s != *quote && *s != '\n')
                s += *s == '\\' && s + 1 < end ? 2 : 1;
            s += s < end && *s == *quote;
            output_put(o, quote, (size_t)(s - quote));
            continue;
        }
        const char *run = s;
        while (s < end && *s != '\n' && *s != '"' && *s != '\'' && !(*s == '/' && s[1] == '*'))
            s++;
        output_put(o, run, (size_t)(s - run));
    }
    return s;
}

void pretty_copy(struct output *o, const char *end)
{
    const char *s = o->at;
    while (s < end) {
        const char *from = s;
        bool visible = o->text_file && file_of(o, o->text_file)->copied && o->text_file[0] != '<';
        while (s < end && (*s == ' ' || *s == '\t' || *s == '\r' || *s == '\f'))
            s++;
        if (s == end)
            break;
        if (*s == '#' && o->text_bol) {
            s = copy_directive(o, s, end, visible);
            continue;
        }
        if (*s != '\n')
            s = visible ? copy_content(o, from, s, end) : line_end(s, end) - 1;
        if (s < end && *s == '\n') {
            s++;
            o->text_line++;
            o->text_bol = true;
        } else {
            o->text_bol = false;
            if (!visible)
                s = end;
        }
    }
    o->at = end;
}

/* Before generated text in place of an item: prints the directives before the item, which include
 * the declarations that the text mentions. */
void pretty_item(struct output *o)
{
    if (!o->text_file)
        return;
    end_line(o);
    before_content(o);
}

void pretty_end(struct output *o)
{
    pretty_copy(o, o->unit->text + o->unit->text_length);
    if (o->text_file && file_of(o, o->text_file)->copied)
        put_directives(o, file_of(o, o->text_file), UINT32_MAX);
}

/* ---- tokens ---- */

static void to_token(struct output *o, const struct token *t)
{
    o->text_file = t->file;
    o->text_line = t->line;
    o->text_bol = false;
}

void pretty_gap(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];

    if (token > 1 && token == o->last_token + 1 && token != o->at_token) {
        to_token(o, t - 1);
        o->at = t[-1].start + t[-1].length;
        pretty_copy(o, t->start);
    }
    to_token(o, t);
    if (token != o->last_token + 1 && !o->fresh && o->column > 0) {
        /* inside a generated line: the next statement puts the lines right */
        o->drifted |= o->file != t->file || o->line != t->line;
        o->file = t->file;
        o->line = t->line;
    }
    if (o->fresh || o->column == 0 || o->file != t->file || o->line != t->line) {
        begin_content(o, t->at_bol, false);
        return;
    }
    bool space = token == o->last_token + 1 ? t->space || t->at_bol : output_needs_space(o, t);
    if (space && o->last != ' ' && o->last != '\n')
        output_put(o, " ", 1);
}

/* A statement begins: generated code before it is indented like it. */
void pretty_sync(struct output *o, uint32_t token)
{
    const struct token *t = &o->unit->token[token];
    bool joins = token > 1 && token == o->last_token + 1;

    if (joins) {
        to_token(o, t - 1);
        o->at = t[-1].start + t[-1].length;
        pretty_copy(o, t->start);
    }
    to_token(o, t);
    o->last_token = token - 1;
    end_line(o);
    before_content(o);
    if (!joins)
        output_pragmas(o, token);
    if (o->file != t->file || o->line != t->line || o->drifted)
        output_go_to(o, t->file, t->line, false);
    if (t->at_bol) { /* before a brace: the end of its block */
        o->indent = column_of(o, t->file, t->line) + (t->punct == '}' ? 4 : 0);
        o->indent_depth = o->depth;
    }
}

/* ---- generated text ---- */

/* A line of generated text begins: `s` is what follows on it. */
static void begin_generated_line(struct output *o, const char *s)
{
    size_t n = strcspn(s, "\n"), extra = strspn(s, " ");
    bool label = n > 1 && (s[n - 1] == ':' || (s[n - 1] == ';' && s[n - 2] == ':'));
    int column = o->indent + 4 * (o->depth - o->indent_depth) + (int)extra;

    if (o->column > 0)
        output_newline(o);
    if (o->blank)
        output_newline(o);
    o->fresh = o->blank = false;
    if (s[extra] == '}' || label || strncmp(s, "case ", 5) == 0)
        column -= 4;
    while (o->column < column)
        output_put(o, " ", 1);
    o->line_indent = column;
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

/* At a blank after a comma: would the text up to the next such blank be too long for the line? */
static bool must_wrap(const struct output *o, const char *s)
{
    size_t n = 1;
    while (s[n] && s[n] != '\n' && !(s[n] == ' ' && s[n - 1] == ','))
        n++;
    return o->column + (int)n > COLUMN_MAX && o->column > o->line_indent + 8;
}

void pretty_text(struct output *o, const char *s)
{
    for (const char *begin = s; *s; s++) {
        if (*s == '\n') {
            o->blank |= o->fresh && s > begin && s[-1] == '\n';
            o->fresh = true;
            continue;
        }
        if (o->fresh || o->column == 0) {
            begin_generated_line(o, s);
            s += strspn(s, " ");
            if (!*s)
                return;
        }
        if (*s == ' ' && s > begin && s[-1] == ',' && must_wrap(o, s)) {
            output_newline(o);
            while (o->column < o->line_indent + 8)
                output_put(o, " ", 1);
            continue;
        }
        if (*s == ' ' && (o->last == '(' || o->last == '['))
            continue;
        if (s == begin)
            output_join(o, *s);
        size_t n = literal_length(s);
        output_put(o, s, n ? n : 1);
        if (n)
            s += n - 1;
        else
            count_brackets(o, *s);
    }
}
