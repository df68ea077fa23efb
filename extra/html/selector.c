/*
 * selector.c: compiles selectors. The grammar is that of Selectors Level 4, without namespaces:
 *
 *   list      complex { "," complex }
 *   complex   compound { combinator compound }
 *   compound  [ name | "*" ] { "#" name | "." name | attribute | ":" pseudo-class }, not empty
 *
 * How many parts there can be is known from the characters that begin them. So one block of memory
 * is allocated before, and no string in it takes more bytes than in the text.
 */
#include "selector.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>

enum { SIZE_MAX_TEXT = 16384, DEPTH_MAX = 8, COMPOUNDS_MAX = 100, REPLACEMENT = 0xFFFD };

typedef struct bide__html_simple simple;
typedef struct bide__html_compound compound;
typedef struct bide__html_complex complex_;

struct parser {
    const char *text;
    size_t at, size;
    unsigned depth;
    int error;
    bide_html_failure *failure;
    simple *simples; /* free ones */
    compound *compounds;
    complex_ *complexes;
    char *strings;
};

/* ---- mistakes ---- */

static size_t column_of(const char *text, size_t at)
{
    size_t column = 1;
    for (size_t i = 0; i < at; i++)
        column += ((unsigned char)text[i] & 0xC0) != 0x80;
    return column;
}

/* The first one counts. */
static void fails(struct parser *p, int error, size_t at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void fails(struct parser *p, int error, size_t at, const char *format, ...)
{
    char words[100];
    va_list arguments;
    if (p->error != 0)
        return;
    p->error = error;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    size_t column = column_of(p->text, at);
    bide__html_fails(p->failure, error, "column %zu: %s", column, words);
    if (p->failure != NULL)
        p->failure->column = column;
}

/* Says what is there instead of what is wanted. */
static void fails_here(struct parser *p, const char *wanted)
{
    if (p->at == p->size) {
        fails(p, -EINVAL, p->at, "%s is needed, and the selector ends", wanted);
        return;
    }
    unsigned char c = (unsigned char)p->text[p->at];
    if (c > ' ' && c < 127)
        fails(p, -EINVAL, p->at, "%s is needed, and this is '%c'", wanted, c);
    else
        fails(p, -EINVAL, p->at, "%s is needed", wanted);
}

/* ---- characters ---- */

/* The next one, 0 at the end. */
static char peek(const struct parser *p)
{
    return p->at < p->size ? p->text[p->at] : 0;
}

static char peek_at(const struct parser *p, size_t ahead)
{
    return p->at + ahead < p->size ? p->text[p->at + ahead] : 0;
}

static bool take_char(struct parser *p, char c)
{
    if (p->at == p->size || p->text[p->at] != c)
        return false;
    p->at++;
    return true;
}

/* True: there were comments. */
static bool skip_comments(struct parser *p)
{
    bool any = false;
    while (p->error == 0 && peek(p) == '/' && peek_at(p, 1) == '*') {
        size_t from = p->at;
        p->at += 2;
        while (p->at < p->size && !(peek(p) == '*' && peek_at(p, 1) == '/'))
            p->at++;
        if (p->at == p->size)
            fails(p, -EINVAL, from, "the comment has no end");
        p->at = p->at < p->size ? p->at + 2 : p->at;
        any = true;
    }
    return any;
}

/* True: there was white space; comments alone are none. */
static bool skip_blank(struct parser *p)
{
    bool any = false;
    for (;;) {
        skip_comments(p);
        if (p->at == p->size || !bide__html_blank(peek(p)))
            return any;
        p->at++;
        any = true;
    }
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int hex_of(char c)
{
    char l = bide__html_lower(c);
    return is_digit(c) ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

static bool begins_name_at(const struct parser *p, size_t ahead)
{
    char c = peek_at(p, ahead), l = bide__html_lower(c);
    return (l >= 'a' && l <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

/* A backslash that is an escape. */
static bool is_escape(const struct parser *p, size_t ahead)
{
    char c = peek_at(p, ahead + 1);
    return peek_at(p, ahead) == '\\' && c != 0 && c != '\n' && c != '\r' && c != '\f';
}

static bool begins_name(const struct parser *p)
{
    if (peek(p) == '-')
        return begins_name_at(p, 1) || peek_at(p, 1) == '-' || is_escape(p, 1);
    return begins_name_at(p, 0) || is_escape(p, 0);
}

static void put_character(struct parser *p, unsigned c)
{
    if (c < 0x80) {
        *p->strings++ = (char)c;
    } else if (c < 0x800) {
        *p->strings++ = (char)(0xC0 | c >> 6);
        *p->strings++ = (char)(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        *p->strings++ = (char)(0xE0 | c >> 12);
        *p->strings++ = (char)(0x80 | (c >> 6 & 0x3F));
        *p->strings++ = (char)(0x80 | (c & 0x3F));
    } else {
        *p->strings++ = (char)(0xF0 | c >> 18);
        *p->strings++ = (char)(0x80 | (c >> 12 & 0x3F));
        *p->strings++ = (char)(0x80 | (c >> 6 & 0x3F));
        *p->strings++ = (char)(0x80 | (c & 0x3F));
    }
}

/* Behind the backslash: a character, or up to six hexadecimal digits, and a blank. */
static void take_escape(struct parser *p)
{
    unsigned code = 0, digits = 0;
    p->at++;
    for (; digits < 6 && p->at < p->size && hex_of(peek(p)) >= 0; digits++)
        code = code * 16 + (unsigned)hex_of(p->text[p->at++]);
    if (digits == 0) {
        *p->strings++ = p->text[p->at++];
        return;
    }
    if (peek(p) == '\r' && peek_at(p, 1) == '\n')
        p->at++;
    if (p->at < p->size && bide__html_blank(peek(p)))
        p->at++;
    if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
        code = REPLACEMENT;
    put_character(p, code);
}

/* The characters of a name, at least one. */
static const char *take_name(struct parser *p, uint32_t *size)
{
    const char *from = p->strings;
    for (;;) {
        if (is_escape(p, 0))
            take_escape(p);
        else if (begins_name_at(p, 0) || is_digit(peek(p)) || peek(p) == '-')
            *p->strings++ = p->text[p->at++];
        else
            break;
    }
    *size = (uint32_t)(p->strings - from);
    *p->strings++ = 0;
    return from;
}

static const char *take_identifier(struct parser *p, const char *what, uint32_t *size)
{
    *size = 0;
    if (begins_name(p))
        return take_name(p, size);
    fails_here(p, what);
    return "";
}

static const char *take_string(struct parser *p, uint32_t *size)
{
    const char *from = p->strings;
    size_t begin = p->at;
    char quote = p->text[p->at++];
    while (p->at < p->size && peek(p) != quote && p->error == 0) {
        char c = peek(p);
        if (c == '\n' || c == '\r' || c == '\f') {
            fails(p, -EINVAL, p->at, "the string goes over the end of a line");
        } else if (is_escape(p, 0)) {
            take_escape(p);
        } else if (c == '\\') { /* and the end of a line, or of the selector */
            p->at += peek_at(p, 1) == '\r' && peek_at(p, 2) == '\n' ? 3 : 2;
            p->at = p->at < p->size ? p->at : p->size;
        } else {
            *p->strings++ = p->text[p->at++];
        }
    }
    if (!take_char(p, quote))
        fails(p, -EINVAL, begin, "the string has no end");
    *size = (uint32_t)(p->strings - from);
    *p->strings++ = 0;
    return from;
}

/* ---- [attribute] ---- */

static enum bide__html_simple_kind take_operator(struct parser *p)
{
    static const char signs[] = "~|^$*";
    static const enum bide__html_simple_kind kinds[] = {
        BIDE__HTML_WORD, BIDE__HTML_DASH, BIDE__HTML_BEGIN, BIDE__HTML_END, BIDE__HTML_CONTAINS};
    if (take_char(p, '='))
        return BIDE__HTML_EQUALS;
    const char *sign = p->at < p->size && peek(p) != 0 ? strchr(signs, peek(p)) : NULL;
    if (sign != NULL && peek_at(p, 1) == '=') {
        p->at += 2;
        return kinds[sign - signs];
    }
    fails_here(p, "']' or one of = ~= |= ^= $= *=");
    return BIDE__HTML_HAS;
}

static void take_attribute(struct parser *p, simple *s)
{
    p->at++;
    skip_blank(p);
    s->kind = BIDE__HTML_HAS;
    s->name = take_identifier(p, "the name of an attribute", &s->name_size);
    skip_blank(p);
    if (p->error != 0 || take_char(p, ']'))
        return;
    s->kind = take_operator(p);
    skip_blank(p);
    if (peek(p) == '"' || peek(p) == '\'')
        s->value = take_string(p, &s->value_size);
    else
        s->value = take_identifier(p, "a value, as a name or in quotes", &s->value_size);
    skip_blank(p);
    char flag = bide__html_lower(peek(p));
    if (p->error == 0 && (flag == 'i' || flag == 's')) {
        s->any_case = flag == 'i';
        p->at++;
        skip_blank(p);
    }
    if (!take_char(p, ']'))
        fails_here(p, "']'");
}

/* ---- an+b ---- */

/* Whole numbers are cut off at a million, which no page has. False: there is none. */
static bool take_number(struct parser *p, int *value)
{
    size_t from = p->at;
    for (*value = 0; is_digit(peek(p)); p->at++)
        *value = *value < 1000000 ? *value * 10 + (peek(p) - '0') : *value;
    return p->at > from;
}

static bool take_word(struct parser *p, const char *word)
{
    size_t size = strlen(word);
    char next = peek_at(p, size);
    if (p->size - p->at < size || !bide__html_same(p->text + p->at, word, size) ||
        (next != ')' && next != '/' && !bide__html_blank(next)))
        return false;
    p->at += size;
    return true;
}

/* What follows an n: a sign and a number, or nothing. */
static void take_offset(struct parser *p, simple *s)
{
    skip_blank(p);
    bool minus = peek(p) == '-';
    if (!minus && peek(p) != '+')
        return;
    p->at++;
    skip_blank(p);
    if (!take_number(p, &s->b))
        fails_here(p, "a number");
    s->b = minus ? -s->b : s->b;
}

static void take_nth(struct parser *p, simple *s)
{
    skip_blank(p);
    if (take_word(p, "odd")) {
        s->a = 2;
        s->b = 1;
    } else if (take_word(p, "even")) {
        s->a = 2;
    } else {
        bool minus = take_char(p, '-'), has_sign = minus || take_char(p, '+');
        bool has_number = take_number(p, &s->a);
        if (bide__html_lower(peek(p)) == 'n') {
            p->at++;
            s->a = has_number ? s->a : 1;
            s->a = minus ? -s->a : s->a;
            take_offset(p, s);
        } else if (has_number) {
            s->b = minus ? -s->a : s->a;
            s->a = 0;
        } else {
            fails_here(p, has_sign ? "a number or n" : "odd, even, a number, or one with n");
        }
    }
    skip_blank(p);
}

/* ---- :pseudo-class ---- */

struct pseudo {
    const char *name;
    enum bide__html_simple_kind kind;
    char takes; /* ' ': nothing; 'n': an+b; 'l': a list */
    bool twice; /* the same from the end as well */
};

static const struct pseudo pseudos[] = {
    {"root", BIDE__HTML_ROOT, ' ', false},
    {"scope", BIDE__HTML_SCOPE, ' ', false},
    {"empty", BIDE__HTML_EMPTY, ' ', false},
    {"link", BIDE__HTML_LINK, ' ', false},
    {"any-link", BIDE__HTML_LINK, ' ', false},
    {"first-child", BIDE__HTML_NTH, ' ', false},
    {"last-child", BIDE__HTML_NTH_LAST, ' ', false},
    {"only-child", BIDE__HTML_NTH, ' ', true},
    {"first-of-type", BIDE__HTML_NTH_TYPE, ' ', false},
    {"last-of-type", BIDE__HTML_NTH_TYPE_LAST, ' ', false},
    {"only-of-type", BIDE__HTML_NTH_TYPE, ' ', true},
    {"nth-child", BIDE__HTML_NTH, 'n', false},
    {"nth-last-child", BIDE__HTML_NTH_LAST, 'n', false},
    {"nth-of-type", BIDE__HTML_NTH_TYPE, 'n', false},
    {"nth-last-of-type", BIDE__HTML_NTH_TYPE_LAST, 'n', false},
    {"not", BIDE__HTML_NOT, 'l', false},
    {"is", BIDE__HTML_IS, 'l', false},
    {"where", BIDE__HTML_IS, 'l', false},
};

static const struct pseudo *find_pseudo(const char *name, uint32_t size)
{
    for (size_t i = 0; i < sizeof pseudos / sizeof *pseudos; i++)
        if (strlen(pseudos[i].name) == size && bide__html_same(pseudos[i].name, name, size))
            return &pseudos[i];
    return NULL;
}

static complex_ *take_list(struct parser *p);

static void take_inside(struct parser *p, const struct pseudo *pseudo, simple *s, size_t from)
{
    if (!take_char(p, '(')) {
        fails(p, -EINVAL, p->at, ":%s needs parentheses", pseudo->name);
        return;
    }
    if (pseudo->takes == 'n') {
        take_nth(p, s);
    } else if (++p->depth > DEPTH_MAX) {
        fails(p, -EMSGSIZE, from, "more than %d lists are inside each other", DEPTH_MAX);
    } else {
        s->list = take_list(p);
        p->depth--;
    }
    if (p->error == 0 && !take_char(p, ')'))
        fails_here(p, "')'");
}

static void take_pseudo(struct parser *p, simple *s)
{
    size_t from = p->at++;
    uint32_t size;
    if (peek(p) == ':') {
        fails(p, -EINVAL, from, "there are no pseudo-elements");
        return;
    }
    const char *name = take_identifier(p, "the name of a pseudo-class", &size);
    const struct pseudo *pseudo = find_pseudo(name, size);
    if (p->error != 0)
        return;
    if (pseudo == NULL) {
        fails(p, -EINVAL, from, ":%.40s is not known here", name);
        return;
    }
    s->kind = pseudo->kind;
    if (pseudo->takes != ' ') {
        take_inside(p, pseudo, s, from);
        return;
    }
    if (peek(p) == '(')
        fails(p, -EINVAL, p->at, ":%s takes no parentheses", pseudo->name);
    s->b = 1; /* the first one */
    if (pseudo->twice) {
        simple *other = p->simples++;
        *other = (simple){.kind = pseudo->kind + 1, .b = 1};
        s->next = other;
    }
}

/* ---- compounds and lists ---- */

static void take_simple(struct parser *p, simple *s)
{
    switch (peek(p)) {
    case '*':
        p->at++;
        s->kind = BIDE__HTML_ANY;
        break;
    case '#':
    case '.':
        s->kind = peek(p) == '#' ? BIDE__HTML_ID : BIDE__HTML_CLASS;
        p->at++;
        s->name = take_identifier(p, s->kind == BIDE__HTML_ID ? "an id" : "a class", &s->name_size);
        break;
    case '[': take_attribute(p, s); break;
    case ':': take_pseudo(p, s); break;
    default: s->kind = BIDE__HTML_NAME; s->name = take_name(p, &s->name_size);
    }
    if (peek(p) == '|' && s->kind <= BIDE__HTML_NAME)
        fails(p, -EINVAL, p->at, "there are no namespaces");
}

static compound *take_compound(struct parser *p)
{
    compound *c = p->compounds++;
    simple **link = &c->first;
    *c = (compound){0};
    while (p->error == 0) {
        char next = peek(p);
        bool is_part = next == '#' || next == '.' || next == '[' || next == ':';
        bool is_first = c->first == NULL && (next == '*' || begins_name(p));
        if (!is_part && !is_first)
            break;
        simple *s = p->simples++;
        *s = (simple){.name = "", .value = ""};
        *link = s;
        take_simple(p, s);
        while (*link != NULL)
            link = &(*link)->next;
        skip_comments(p);
    }
    if (c->first == NULL && p->error == 0)
        fails_here(p, "a selector");
    return c;
}

/* The combinator that follows; 0: none does. */
static char take_combinator(struct parser *p)
{
    bool blank = skip_blank(p);
    char c = peek(p);
    if (c == '>' || c == '+' || c == '~') {
        p->at++;
        skip_blank(p);
        return c;
    }
    return blank && c != 0 && c != ',' && c != ')' ? ' ' : 0;
}

static complex_ *take_complex(struct parser *p)
{
    complex_ *x = p->complexes++;
    unsigned count = 1;
    char combinator;
    skip_blank(p);
    *x = (complex_){.right = take_compound(p)};
    while (p->error == 0 && (combinator = take_combinator(p)) != 0) {
        if (count++ == COMPOUNDS_MAX)
            fails(p, -EMSGSIZE, p->at, "more than %d compounds are in a row", COMPOUNDS_MAX);
        compound *c = take_compound(p);
        c->left = x->right;
        c->combinator = combinator;
        x->right = c;
    }
    return x;
}

static complex_ *take_list(struct parser *p)
{
    complex_ *first = take_complex(p), *last = first;
    while (p->error == 0 && take_char(p, ','))
        last = last->next = take_complex(p);
    return first;
}

/* ---- all of it ---- */

/* At most so many parts of each kind are in a text. */
static size_t count_parts(const char *text, size_t size)
{
    size_t count = 2;
    for (size_t i = 0; i < size; i++)
        if (strchr("#.[:*,>+~(/", text[i]) != NULL || bide__html_blank(text[i]))
            count++;
    return count;
}

static bide_html_selector *make_room(struct parser *p)
{
    size_t parts = count_parts(p->text, p->size);
    /* A pseudo-class may become two parts. A string has a zero byte more than in the text, and an
     * escape for what is no character may take three bytes instead of two. */
    size_t simples = sizeof(bide_html_selector);
    size_t compounds = simples + 2 * parts * sizeof(simple);
    size_t complexes = compounds + parts * sizeof(compound);
    size_t strings = complexes + parts * sizeof(complex_);
    size_t size = strings + 2 * p->size + 2 * parts;
    char *block = bide__alloc(size);
    if (block == NULL)
        return NULL;
    bide_html_selector *s = (bide_html_selector *)(void *)block;
    *s = (bide_html_selector){.size = size};
    p->simples = (simple *)(void *)(block + simples);
    p->compounds = (compound *)(void *)(block + compounds);
    p->complexes = (complex_ *)(void *)(block + complexes);
    p->strings = block + strings;
    return s;
}

int bide_html_selector_new(const char *text, bide_html_failure *failure,
                           bide_html_selector **selector)
{
    struct parser p = {.text = text, .size = strlen(text), .failure = failure};
    *selector = NULL;
    if (p.size > SIZE_MAX_TEXT)
        return bide__html_fails(failure, -EMSGSIZE, "the selector is longer than %d bytes",
                                SIZE_MAX_TEXT);
    bide_html_selector *s = make_room(&p);
    if (s == NULL)
        return bide__html_fails(failure, -ENOMEM, "out of memory");
    s->list = take_list(&p);
    if (p.error == 0 && p.at < p.size)
        fails_here(&p, "a combinator or a comma");
    if (p.error != 0) {
        bide_html_selector_free(s);
        return p.error;
    }
    *selector = s;
    return 0;
}

void bide_html_selector_free(bide_html_selector *selector)
{
    if (selector != NULL)
        bide__free(selector, selector->size);
}
