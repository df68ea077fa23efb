/*
 * The lexer: from unit->text, the output of `cc -E`, to unit->token.
 *
 * It requires unit->text and unit->target. It establishes unit->token (its last token is TK_EOF),
 * unit->marks and unit->pragmas, and every keyword has its number in its struct name. In the text
 * it blanks marks and pragmas about warnings of bide, which the user's compiler must not see.
 *
 * Line markers (`# 12 "file" 1 3`, `#line`) set the place of the tokens after them. Markers,
 * pragmas (`#pragma`, _Pragma(...), __pragma(...)) and comments give no tokens. All tokens of C11
 * and GNU C are known; any other byte is a punctuator of itself, which no grammar rule takes.
 * Literals are not decoded here: parse/literal.c decodes the literals in parsed code.
 */
#include "inside.h"

#include <string.h>

struct lexer {
    struct unit *unit;
    struct arena *arena;
    const char *at, *end;
    uint32_t line;
    const char *file;
    int include_depth;
    bool at_bol, space, in_system_header;
    uint32_t room;
    const char *spelling[P_HASHHASH + 1]; /* interned, by punctuator */
    const char *runtime, *runtime_word;   /* the type bide_runtime, and RUNTIME_WORD */
};

enum { C_OTHER, C_SPACE, C_NEWLINE, C_IDENT, C_DIGIT, C_QUOTE };

static const unsigned char class_of[256] = {
    [' '] = C_SPACE,         ['\t'] = C_SPACE,        ['\v'] = C_SPACE,
    ['\f'] = C_SPACE,        ['\r'] = C_SPACE,        [0] = C_SPACE,
    ['\n'] = C_NEWLINE,      ['_'] = C_IDENT,         ['$'] = C_IDENT,
    ['A' ... 'Z'] = C_IDENT, ['a' ... 'z'] = C_IDENT, [128 ... 255] = C_IDENT,
    ['0' ... '9'] = C_DIGIT, ['"'] = C_QUOTE,         ['\''] = C_QUOTE,
};

static unsigned class_at(const char *s)
{
    return class_of[(unsigned char)*s];
}

static struct token *token_add(struct lexer *l, enum token_kind kind, const char *start)
{
    struct unit *u = l->unit;
    if (u->token_count + 1 >= l->room) {
        uint32_t room = l->room * 2;
        struct token *t = arena_alloc(l->arena, room * sizeof *t);
        memcpy(t, u->token, u->token_count * sizeof *t);
        u->token = t;
        l->room = room;
    }
    struct token *t = &u->token[u->token_count++];
    t->kind = kind;
    t->start = start;
    t->length = (uint32_t)(l->at - start);
    t->file = l->file;
    t->line = l->line;
    t->at_bol = l->at_bol;
    t->space = l->space;
    t->in_system_header = l->in_system_header;
    t->in_header = l->include_depth > 0;
    l->at_bol = false;
    l->space = false;
    return t;
}

/* ---- directives ---- */

/* Decodes the quoted file name at l->at: markers escape quotes, backslashes and odd bytes. */
static const char *marker_file(struct lexer *l)
{
    const char *s = ++l->at;
    while (l->at < l->end && *l->at != '"' && *l->at != '\n')
        l->at += l->at[0] == '\\' && l->at + 1 < l->end && l->at[1] != '\n' ? 2 : 1;
    const char *stop = l->at;
    if (l->at < l->end && *l->at == '"')
        l->at++;
    if (!memchr(s, '\\', (size_t)(stop - s)))
        return intern(l->arena, s, (size_t)(stop - s));
    char *out = arena_alloc(l->arena, (size_t)(stop - s) + 1);
    size_t n = 0;
    while (s < stop) {
        if (*s != '\\' || s + 1 == stop) {
            out[n++] = *s++;
            continue;
        }
        s++;
        if (*s < '0' || *s > '7') {
            out[n++] = *s++;
            continue;
        }
        unsigned c = 0;
        for (int i = 0; i < 3 && s < stop && *s >= '0' && *s <= '7'; i++)
            c = c * 8 + (unsigned)(*s++ - '0');
        out[n++] = (char)c;
    }
    return intern(l->arena, out, n);
}

static void skip_blanks(struct lexer *l)
{
    while (l->at < l->end && class_at(l->at) == C_SPACE)
        l->at++;
}

/* At the first digit of `12 "file" 1 3`. */
static void line_marker(struct lexer *l)
{
    uint32_t line = 0;
    for (; l->at < l->end && class_at(l->at) == C_DIGIT; l->at++)
        line = line * 10 + (uint32_t)(*l->at - '0');
    skip_blanks(l);
    if (l->at < l->end && *l->at == '"') {
        l->file = marker_file(l);
        l->in_system_header = false;
        for (skip_blanks(l); l->at < l->end && class_at(l->at) == C_DIGIT; skip_blanks(l)) {
            char c = *l->at;
            while (l->at < l->end && class_at(l->at) == C_DIGIT)
                l->at++;
            if (c == '1')
                l->include_depth++;
            else if (c == '2')
                l->include_depth -= l->include_depth > 0;
            else if (c == '3')
                l->in_system_header = true;
        }
    }
    l->line = line - 1; /* the newline after the marker adds one */
}

/* The text belongs to the driver, which compiles it without what is blanked here. */
static void blank(const char *from, const char *to)
{
    for (char *c = (char *)(uintptr_t)from; c < to; c++)
        *c = *c == '\n' ? '\n' : ' ';
}

/* A directive, from its # at `start`: notes a pragma about warnings, and blanks it if the warning
 * is one of bide. */
static void pragma(struct lexer *l, const char *start)
{
    const char *eol = memchr(start, '\n', (size_t)(l->end - start));
    struct pragma *p = eol ? pragma_parse(l->arena, start, eol) : NULL;
    if (!p)
        return;
    p->token = l->unit->token_count;
    list_add(l->arena, &l->unit->pragmas, p);
    if (pragma_is_ours(p))
        blank(start, eol);
}

/* From a # that begins a line to the newline. */
static void directive(struct lexer *l)
{
    const char *start = l->at++;
    skip_blanks(l);
    if (l->at < l->end && *l->at == 'p')
        pragma(l, start);
    if (l->end - l->at > 4 && memcmp(l->at, "line", 4) == 0 && class_at(l->at + 4) == C_SPACE) {
        l->at += 4;
        skip_blanks(l);
    }
    if (l->at < l->end && class_at(l->at) == C_DIGIT)
        line_marker(l);
    while (l->at < l->end && *l->at != '\n')
        l->at++;
}

/* ---- space ---- */

static void block_comment(struct lexer *l)
{
    for (l->at += 2; l->at < l->end; l->at++) {
        if (*l->at == '\n')
            l->line++;
        if (*l->at == '*' && l->at[1] == '/') {
            l->at += 2;
            return;
        }
    }
}

/* White space, comments and directives before the next token. */
static void skip_space(struct lexer *l)
{
    for (; l->at < l->end; l->space = true) {
        char c = *l->at;
        if (class_at(l->at) == C_SPACE) {
            l->at++;
        } else if (c == '\n') {
            l->at++;
            l->line++;
            l->at_bol = true;
        } else if (c == '#' && l->at_bol) {
            directive(l);
        } else if (c == '/' && l->at[1] == '*') {
            block_comment(l);
        } else if (c == '/' && l->at[1] == '/') {
            while (l->at < l->end && *l->at != '\n')
                l->at++;
        } else if (c == '\\' && l->at[1] == '\n') {
            l->at += 2;
            l->line++;
        } else {
            return;
        }
    }
}

/* ---- literals ---- */

/* From the quote to the end of the literal; without a closing quote that is the end of the line. */
static void quoted(struct lexer *l)
{
    char quote = *l->at++;
    while (l->at < l->end && *l->at != quote && *l->at != '\n') {
        if (*l->at == '\\' && l->at + 1 < l->end) {
            if (l->at[1] == '\n')
                l->line++;
            l->at++;
        }
        l->at++;
    }
    if (l->at < l->end && *l->at == quote)
        l->at++;
}

/* Skips R"delimiter( ... )delimiter" from its quote on. False: it is not a raw string. */
static bool raw_string(struct lexer *l)
{
    const char *delimiter = l->at + 1, *s = delimiter;
    while (s < l->end && s - delimiter <= 16 && *s != '(' && *s != ')' && *s != '\\' && *s != '"' &&
           class_at(s) != C_SPACE && *s != '\n')
        s++;
    if (s >= l->end || *s != '(')
        return false;
    size_t n = (size_t)(s - delimiter);
    uint32_t lines = 0;
    for (; s < l->end; s++) {
        lines += *s == '\n';
        if (*s == ')' && (size_t)(l->end - s) > n + 1 && memcmp(s + 1, delimiter, n) == 0 &&
            s[n + 1] == '"') {
            l->at = s + n + 2;
            l->line += lines;
            return true;
        }
    }
    return false;
}

/* Is the identifier before a quote the prefix of the literal? */
static bool is_literal_prefix(const char *s, size_t n, char quote, bool *raw)
{
    *raw = n > 0 && s[n - 1] == 'R' && quote == '"';
    n -= *raw;
    return n == 0 || (n == 1 && (*s == 'L' || *s == 'u' || *s == 'U')) ||
           (n == 2 && s[0] == 'u' && s[1] == '8');
}

static void literal(struct lexer *l, const char *start, bool raw)
{
    enum token_kind kind = *l->at == '"' ? TK_STRING : TK_CHAR;
    uint32_t line = l->line;
    if (!raw || !raw_string(l))
        quoted(l);
    uint32_t after = l->line;
    l->line = line;
    token_add(l, kind, start);
    l->line = after;
}

static void number(struct lexer *l)
{
    const char *start = l->at;
    for (l->at++; l->at < l->end; l->at++) {
        char c = *l->at;
        if (class_at(l->at) == C_IDENT || class_at(l->at) == C_DIGIT || c == '.')
            continue;
        if (c == '\'' && l->at + 1 < l->end &&
            (class_at(l->at + 1) == C_IDENT || class_at(l->at + 1) == C_DIGIT))
            continue; /* C23: 1'000 */
        char before = (char)(l->at[-1] | 0x20);
        if ((c != '+' && c != '-') || (before != 'e' && before != 'p'))
            break;
    }
    token_add(l, TK_NUMBER, start);
}

/* ---- identifiers ---- */

static bool at_universal_name(struct lexer *l)
{
    return l->end - l->at > 5 && l->at[0] == '\\' && (l->at[1] == 'u' || l->at[1] == 'U');
}

/* Skips the operand of _Pragma("...") or __pragma(...). */
static void swallow_pragma(struct lexer *l)
{
    int depth = 0;
    for (skip_space(l); l->at < l->end; skip_space(l)) {
        char c = *l->at;
        if (c == '"' || c == '\'') {
            quoted(l);
            continue;
        }
        if (depth == 0 && c != '(')
            return;
        depth += (c == '(') - (c == ')');
        l->at++;
        if (depth == 0)
            return;
    }
}

/* Notes and blanks a mark: bide_may_block, bide_allocates(free). False: it is not a mark. */
static bool mark(struct lexer *l, const char *start, const char *word)
{
    const char *after = l->at, *argument = NULL;
    if (!strcmp(word, "bide_allocates") || !strcmp(word, "bide_gives")) {
        skip_blanks(l);
        const char *close = memchr(l->at, ')', (size_t)(l->end - l->at));
        if (*l->at != '(' || !close || memchr(l->at, '\n', (size_t)(close - l->at))) {
            l->at = after;
            return false; /* a name of the user's own */
        }
        l->at++;
        skip_blanks(l);
        size_t n = 0;
        while (class_at(l->at + n) == C_IDENT || class_at(l->at + n) == C_DIGIT)
            n++;
        argument = intern(l->arena, l->at, n);
        l->at = close + 1;
    }
    blank(start, l->at);
    struct mark *m = arena_alloc(l->arena, sizeof *m);
    *m = (struct mark){.token = l->unit->token_count, .word = word, .argument = argument};
    list_add(l->arena, &l->unit->marks, m);
    l->space = true;
    return true;
}

static void identifier(struct lexer *l)
{
    const char *start = l->at;
    for (;;) {
        while (l->at < l->end && (class_at(l->at) == C_IDENT || class_at(l->at) == C_DIGIT))
            l->at++;
        if (!at_universal_name(l))
            break;
        l->at += 2;
    }
    size_t n = (size_t)(l->at - start);
    bool raw;
    if (n <= 3 && l->at < l->end && class_at(l->at) == C_QUOTE &&
        is_literal_prefix(start, n, *l->at, &raw)) {
        literal(l, start, raw);
        return;
    }
    const char *text = intern(l->arena, start, n);
    if (name_of(text)->keyword == KW_PRAGMA) {
        swallow_pragma(l);
        l->space = true;
        return;
    }
    if ((name_of(text)->flags & NAME_MARK) && mark(l, start, text))
        return;
    token_add(l, TK_IDENT, start)->text = text;
}

/* ---- punctuators ---- */

/* The punctuators that a character makes with `=` after it, and doubled. */
static const uint16_t with_assign[128] = {
    ['*'] = P_MUL_ASSIGN, ['/'] = P_DIV_ASSIGN, ['%'] = P_MOD_ASSIGN, ['+'] = P_ADD_ASSIGN,
    ['-'] = P_SUB_ASSIGN, ['&'] = P_AND_ASSIGN, ['^'] = P_XOR_ASSIGN, ['|'] = P_OR_ASSIGN,
    ['='] = P_EQ,         ['!'] = P_NE,         ['<'] = P_LE,         ['>'] = P_GE,
};

static const uint16_t doubled[128] = {
    ['+'] = P_INC, ['-'] = P_DEC, ['&'] = P_ANDAND,   ['|'] = P_OROR,
    ['<'] = P_SHL, ['>'] = P_SHR, ['#'] = P_HASHHASH,
};

static const char *const spellings[] = {
    "->", "++", "--", "<<", ">>", "<=",  ">=",  "==", "!=", "&&", "||", "...",
    "*=", "/=", "%=", "+=", "-=", "<<=", ">>=", "&=", "^=", "|=", "##",
};

static void punct_init(struct lexer *l)
{
    for (int c = 1; c < 128; c++) {
        char one = (char)c;
        if (class_at(&one) == C_OTHER)
            l->spelling[c] = intern(l->arena, &one, 1);
    }
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        l->spelling[P_ARROW + i] = intern(l->arena, spellings[i], strlen(spellings[i]));
}

/* The punctuator that a digraph such as `<:` stands for; 0: it is not a digraph. */
static uint16_t digraph(char first, char second)
{
    if (first == '<')
        return second == ':' ? '[' : second == '%' ? '{' : 0;
    if (second == '>')
        return first == ':' ? ']' : first == '%' ? '}' : 0;
    return first == '%' && second == ':' ? '#' : 0;
}

/* The text ends with a zero byte, so looking ahead is safe. */
static void punctuator(struct lexer *l)
{
    const char *s = l->at;
    unsigned c = (unsigned char)s[0] & 127;
    uint16_t punct = 0;
    size_t length = 2;
    if (s[1] == '=') {
        punct = with_assign[c];
    } else if (s[1] == s[0]) {
        punct = doubled[c];
        if (c == '.' && s[2] == '.') {
            punct = P_ELLIPSIS;
            length = 3;
        } else if ((c == '<' || c == '>') && s[2] == '=') {
            punct = c == '<' ? P_SHL_ASSIGN : P_SHR_ASSIGN;
            length = 3;
        }
    } else if (c == '-' && s[1] == '>') {
        punct = P_ARROW;
    } else if (s[1] == ':' || s[1] == '%' || s[1] == '>') {
        punct = digraph(s[0], s[1]);
        if (punct == '#' && s[2] == '%' && s[3] == ':') {
            punct = P_HASHHASH;
            length = 4;
        }
    }
    if (!punct) {
        punct = (uint16_t)c;
        length = 1;
        struct token *before = &l->unit->token[l->unit->token_count - 1];
        if (c == '(' && before->text == l->runtime)
            before->text = l->runtime_word;
    }
    l->at += length;
    struct token *t = token_add(l, TK_PUNCT, s);
    t->punct = punct;
    t->text = l->spelling[punct];
}

void lex(struct unit *u)
{
    struct lexer l = {
        .unit = u,
        .arena = u->arena,
        .at = u->text,
        .end = u->text + u->text_length,
        .line = 1,
        .file = intern(u->arena, "<stdin>", 7),
        .at_bol = true,
        .room = (uint32_t)(u->text_length / 4 + 64),
    };
    if (u->options && u->options->input)
        l.file = intern(u->arena, u->options->input, strlen(u->options->input));
    names_init(u->arena, &u->target);
    punct_init(&l);
    l.runtime = intern(u->arena, "bide_runtime", strlen("bide_runtime"));
    l.runtime_word = intern(u->arena, RUNTIME_WORD, strlen(RUNTIME_WORD));
    u->token = arena_alloc(u->arena, l.room * sizeof(struct token));
    u->token_count = 1;
    for (;;) {
        skip_space(&l);
        if (l.at >= l.end)
            break;
        unsigned class = class_at(l.at);
        if (class == C_IDENT || (class == C_OTHER && at_universal_name(&l)))
            identifier(&l);
        else if (class == C_DIGIT ||
                 (*l.at == '.' && l.at + 1 < l.end && class_at(l.at + 1) == C_DIGIT))
            number(&l);
        else if (class == C_QUOTE)
            literal(&l, l.at, false);
        else
            punctuator(&l);
    }
    token_add(&l, TK_EOF, l.at);
    /* messages about nowhere are at token [0] */
    u->token[0] = u->token[u->token_count - 1];
}
