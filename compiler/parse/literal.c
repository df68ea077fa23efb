/*
 * Numbers, characters and strings: their types and values (ISO C 6.4.4, 6.4.5, with GNU's
 * suffixes).
 */
#include "inside.h"

#include <string.h>

/* ---- numbers ---- */

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

/* Takes `word`, in either case, off the end of a suffix. */
static bool take_suffix(const char *s, size_t *n, const char *word)
{
    size_t k = strlen(word);
    if (*n < k)
        return false;
    for (size_t i = 0; i < k; i++)
        if ((s[*n - k + i] | 0x20) != word[i])
            return false;
    *n -= k;
    return true;
}

static struct type *floating_type(struct parser *p, const char *s, size_t n)
{
    static const struct {
        const char *suffix, *name;
    } named[] = {
        {"f128", "_Float128"}, {"f64x", "_Float64x"}, {"f32x", "_Float32x"}, {"f16", "_Float16"},
        {"f32", "_Float32"},   {"f64", "_Float64"},   {"q", "__float128"},   {"w", "__float80"},
        {"df", "_Decimal32"},  {"dd", "_Decimal64"},  {"dl", "_Decimal128"},
    };
    struct unit *u = p->unit;
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (take_suffix(s, &n, named[i].suffix))
            return type_named(u, TY_FLOATN, named[i].name);
    if (take_suffix(s, &n, "l"))
        return type_basic(u, TY_LDOUBLE);
    if (take_suffix(s, &n, "f"))
        return type_basic(u, TY_FLOAT);
    return type_basic(u, TY_DOUBLE);
}

static bool is_floating(const char *s, size_t n, bool hex)
{
    for (size_t i = 0; i < n; i++)
        if (s[i] == '.' || (!hex && (s[i] | 0x20) == 'e') || (hex && (s[i] | 0x20) == 'p'))
            return true;
    return false;
}

/* The first of C's types for such a literal in which the value fits (6.4.4.1). In C90 a decimal
 * one may be an unsigned long; since C99, gcc takes __int128 for what fits in no other, clang an
 * unsigned type. */
static struct type *integer_type(struct parser *p, uint64_t value, bool decimal, bool is_unsigned,
                                 int longs)
{
    struct unit *u = p->unit;
    static const enum type_kind kinds[] = {TY_INT, TY_LONG, TY_LLONG};
    for (int i = longs; i < 3; i++) {
        struct type *t = type_basic(u, kinds[i]);
        unsigned width = type_width(u, t);
        if (!is_unsigned && (width > 64 || value < UINT64_C(1) << (width - 1)))
            return t;
        bool may_be_unsigned = is_unsigned || !decimal || (!u->target.is_c99 && i > 0);
        if (may_be_unsigned && (width >= 64 || value < UINT64_C(1) << width))
            return type_basic(u, kinds[i] + 1);
    }
    return type_basic(u, decimal && !is_unsigned && !u->target.clang ? TY_INT128 : TY_ULLONG);
}

static void integer_value(struct parser *p, struct expr *e, const char *s, size_t n)
{
    unsigned base = 10;
    size_t i = 0;
    if (n > 1 && s[0] == '0') {
        base = (s[1] | 0x20) == 'x' ? 16 : (s[1] | 0x20) == 'b' ? 2 : 8;
        i = base == 8 ? 1 : 2;
    }
    uint64_t value = 0;
    bool overflow = false;
    for (; i < n && (s[i] == '\'' || (unsigned)digit_value(s[i]) < base); i++) {
        if (s[i] == '\'')
            continue;
        overflow |= value > (UINT64_MAX - (unsigned)digit_value(s[i])) / base;
        value = value * base + (unsigned)digit_value(s[i]);
    }
    bool is_unsigned = false, imaginary = false;
    int longs = 0;
    for (; i < n; i++) {
        char c = (char)(s[i] | 0x20);
        is_unsigned |= c == 'u';
        imaginary |= c == 'i' || c == 'j';
        longs += c == 'l' && longs < 2;
    }
    e->type = integer_type(p, value, base == 10, is_unsigned, longs);
    if (imaginary) {
        struct type *t = type_new(p->unit, TY_COMPLEX);
        t->base = e->type;
        e->type = t;
    }
    e->is_ice = !imaginary;
    e->is_constant = !overflow && !imaginary && e->type->kind != TY_INT128;
    e->value = (int64_t)value;
}

void number_value(struct parser *p, struct expr *e)
{
    const struct token *t = &p->token[e->first];
    const char *s = t->start;
    size_t n = t->length;
    bool hex = n > 1 && s[0] == '0' && (s[1] | 0x20) == 'x';
    if (!is_floating(s, n, hex)) {
        integer_value(p, e, s, n);
        return;
    }
    char text[64];
    bool imaginary = false;
    size_t length = 0;
    /* the `i` of an imaginary number may be before or after the rest of the suffix */
    for (size_t i = 0; i < n && length < sizeof text; i++) {
        bool unit = (s[i] | 0x20) == 'i' || (s[i] | 0x20) == 'j';
        imaginary |= unit;
        if (!unit)
            text[length++] = s[i];
    }
    e->type = floating_type(p, text, length);
    e->is_ice = !imaginary;
    if (imaginary) {
        struct type *c = type_new(p->unit, TY_COMPLEX);
        c->base = e->type;
        e->type = c;
    }
}

/* ---- characters ---- */

enum width { W_CHAR, W_UTF8, W_16, W_32, W_WIDE };

/* Skips the prefix of a literal. */
static enum width literal_width(const char **s)
{
    enum width w = W_CHAR;
    if (**s == 'L')
        w = W_WIDE;
    else if (**s == 'U')
        w = W_32;
    else if (**s == 'u')
        w = (*s)[1] == '8' ? W_UTF8 : W_16;
    while (**s != '"' && **s != '\'' && **s != 'R')
        (*s)++;
    return w;
}

static uint32_t decode_utf8(const char **s, const char *end)
{
    unsigned char c = (unsigned char)*(*s)++;
    unsigned more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;
    uint32_t value = more ? c & (0x3fu >> more) : c;
    while (more-- && *s < end && (**s & 0xc0) == 0x80)
        value = value << 6 | (*(*s)++ & 0x3f);
    return value;
}

static uint32_t decode_digits(const char **s, const char *end, unsigned base, int most)
{
    uint32_t value = 0;
    for (; most-- && *s < end && (unsigned)digit_value(**s) < base; (*s)++)
        value = value * base + (uint32_t)digit_value(**s);
    return value;
}

/* After the backslash. *unit: the value is a unit of the string, else a character to encode. */
static uint32_t decode_escape(const char **s, const char *end, bool *unit)
{
    if (*s >= end)
        return 0;
    char c = *(*s)++;
    *unit = c != 'u' && c != 'U';
    switch (c) {
    case 'n': return '\n';
    case 't': return '\t';
    case 'r': return '\r';
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'v': return '\v';
    case 'e':
    case 'E': return 27;
    case 'x': return decode_digits(s, end, 16, -1);
    case 'u': return decode_digits(s, end, 16, 4);
    case 'U': return decode_digits(s, end, 16, 8);
    default:
        if (c < '0' || c > '7')
            return (unsigned char)c;
        (*s)--;
        return decode_digits(s, end, 8, 3);
    }
}

/* Reports a character whose length in the charset of execution is not known. */
static void check_charset(struct parser *p, uint32_t token, enum width w, uint32_t c)
{
    const struct options *o = p->unit->options;
    bool odd = w == W_CHAR ? o->odd_charset : w == W_WIDE && o->odd_wide_charset;
    if (odd && c > 0x7f)
        diag(p->unit, SEV_ERROR, token,
             "a character beyond ASCII, in a charset other than UTF-8, is not allowed in async "
             "code");
}

void char_value(struct parser *p, struct expr *e)
{
    const struct token *t = &p->token[e->first];
    const char *s = t->start, *end = s + t->length;
    struct unit *u = p->unit;
    enum width w = literal_width(&s);
    static const enum type_kind kinds[] = {TY_INT, TY_UCHAR};
    enum type_kind kind = w == W_16     ? u->target.char16_type
                          : w == W_32   ? u->target.char32_type
                          : w == W_WIDE ? u->target.wchar_type
                                        : kinds[w];
    uint32_t value = 0;
    int count = 0;
    if (end[-1] == '\'' && end - s > 1)
        end--;
    for (s++; s < end; count++) {
        bool unit = false;
        uint32_t c;
        if (*s == '\\') {
            s++;
            c = decode_escape(&s, end, &unit);
        } else {
            c = w >= W_16 ? decode_utf8(&s, end) : (unsigned char)*s++;
        }
        if (!unit)
            check_charset(p, e->first, w, c);
        value = w == W_CHAR ? value << 8 | (c & 0xff) : c;
    }
    e->type = type_basic(u, kind);
    e->is_constant = e->is_ice = count > 0;
    e->value = (int32_t)value;
    if (w == W_CHAR && count == 1)
        e->value = u->target.char_unsigned ? (int64_t)(value & 0xff) : (int64_t)(signed char)value;
    e->value = constant_convert(u, e->type, e->value);
}

/* ---- strings ---- */

/* How many units of a string the character takes. */
static unsigned encoded_length(enum width w, uint32_t c)
{
    if (w >= W_32)
        return 1;
    if (w == W_16)
        return c > 0xffff ? 2 : 1;
    return c > 0xffff ? 4 : c > 0x7ff ? 3 : c > 0x7f ? 2 : 1;
}

/* The characters between the quotes of a string, or between the parentheses of a raw one. */
static bool string_body(const struct token *t, const char **s, const char **end)
{
    *s = t->start;
    *end = t->start + t->length;
    literal_width(s);
    bool raw = **s == 'R';
    const char *open = raw ? memchr(*s, '(', (size_t)(*end - *s)) : *s;
    if (!open) {
        *end = *s;
        return raw;
    }
    ptrdiff_t close = raw ? open - *s : 1; /* length of `)delimiter"` */
    *s = open + 1;
    if (*end - *s >= close && (*end)[-1] == '"')
        *end -= close;
    return raw;
}

static int64_t string_units(struct parser *p, uint32_t token, enum width w)
{
    const struct token *t = &p->token[token];
    const char *s, *end;
    struct type *wide = type_basic(p->unit, p->unit->target.wchar_type);
    enum width unit_width = w == W_WIDE && type_width(p->unit, wide) == 16 ? W_16 : w;
    int64_t n = 0;
    bool raw = string_body(t, &s, &end);
    while (s < end) {
        bool unit = false;
        if (*s == '\\' && !raw) {
            s++;
            uint32_t c = decode_escape(&s, end, &unit);
            n += unit ? 1 : encoded_length(unit_width, c);
            check_charset(p, token, w, unit ? 0 : c);
        } else if (w >= W_16) {
            uint32_t c = decode_utf8(&s, end);
            n += encoded_length(unit_width, c);
            check_charset(p, token, w, c);
        } else {
            check_charset(p, token, w, (unsigned char)*s++);
            n++;
        }
    }
    return n;
}

void string_type(struct parser *p, struct expr *e)
{
    struct unit *u = p->unit;
    enum width w = W_CHAR;
    for (uint32_t i = e->first; i <= e->last; i++) {
        const char *s = p->token[i].start;
        enum width one = literal_width(&s);
        w = one != W_CHAR ? one : w;
    }
    enum type_kind kind = w == W_16     ? u->target.char16_type
                          : w == W_32   ? u->target.char32_type
                          : w == W_WIDE ? u->target.wchar_type
                                        : TY_CHAR;
    int64_t units = 1;
    for (uint32_t i = e->first; i <= e->last; i++)
        units += string_units(p, i, w);
    e->type = type_array(u, type_basic(u, kind), units);
    e->is_lvalue = true;
}
