/*
 * Facts about the target. <bide/target.h> leaves them in the preprocessed text as a string. So they
 * come from the user's compiler with the user's flags, and cost no process of their own:
 *
 *   bide__target[sizeof("bide target:" "short=" "2" ";int=" "4" ... ";char=" "signed" ";")]
 *
 * Every fact must be there and make sense, or the file would be read by guesses.
 */
#define _GNU_SOURCE
#include "inside.h"

#include <string.h>

/* The strings' contents, joined, up to the closing parenthesis. */
static void join_strings(const char *p, const char *end, char *out, size_t room)
{
    bool inside = false;
    size_t n = 0;
    for (; p < end && (inside || *p != ')') && n + 1 < room; p++) {
        if (*p == '"')
            inside = !inside;
        else if (inside)
            out[n++] = *p;
    }
    out[n] = '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* The text after the tokens of the declaration above that come before the string; NULL: these are
 * other tokens. */
static const char *skip_declaration(const char *p, const char *end)
{
    static const char *const words[] = {"[", "sizeof", "(", "\"bide target:\""};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t n = strlen(words[i]);
        while (p < end && is_blank(*p))
            p++;
        if ((size_t)(end - p) < n || memcmp(p, words[i], n) != 0)
            return NULL;
        p += n;
    }
    return p;
}

/* Copies the facts, each between two semicolons. False: the text has none. */
static bool find_facts(const struct unit *unit, char *facts, size_t room)
{
    static const char mark[] = "bide__target";
    const char *p = unit->text, *end = unit->text + unit->text_length;
    while (unit->text_length && (p = memmem(p, (size_t)(end - p), mark, sizeof mark - 1))) {
        p += sizeof mark - 1;
        const char *strings = skip_declaration(p, end);
        if (strings) {
            facts[0] = ';';
            join_strings(strings, end, facts + 1, room - 1);
            return true;
        }
    }
    return false;
}

struct facts {
    const char *text;
    bool damaged; /* a fact is missing or makes no sense */
};

/* Copies the text of a fact, up to the semicolon, to `out`. */
static void fact(struct facts *f, const char *name, char *out, size_t room)
{
    char key[16] = ";";
    strcat(strcat(key, name), "=");
    const char *p = strstr(f->text, key);
    size_t n = p ? strcspn(p + strlen(key), ";") : 0;
    if (n >= room || (p && !p[strlen(key) + n]))
        n = 0;
    if (n == 0)
        f->damaged = true;
    else
        memcpy(out, p + strlen(key), n);
    out[n] = '\0';
}

static int fact_size(struct facts *f, const char *name)
{
    char text[8];
    fact(f, name, text, sizeof text);
    if (!*text || !strchr("1248", *text) || text[1])
        f->damaged = true;
    return *text - '0';
}

static bool fact_bool(struct facts *f, const char *name)
{
    char text[8];
    fact(f, name, text, sizeof text);
    if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
        f->damaged = true;
    return *text == '1';
}

/* The type that a fact names: "long unsigned int", with its words in any order. */
static enum type_kind fact_type(struct facts *f, const char *name)
{
    static const char *const known[] = {"long", "unsigned", "int", "short", "char", "signed"};
    enum { LONG, UNSIGNED, INT, SHORT, CHAR, SIGNED, COUNT };
    char text[64], *rest = text, *word;
    int seen[COUNT] = {0};
    fact(f, name, text, sizeof text);
    while ((word = strsep(&rest, " "))) {
        int i = 0;
        while (i < COUNT && strcmp(word, known[i]) != 0)
            i++;
        if (i == COUNT) {
            f->damaged = true;
            return TY_INT;
        }
        seen[i]++;
    }
    if (seen[CHAR])
        return seen[UNSIGNED] ? TY_UCHAR : seen[SIGNED] ? TY_SCHAR : TY_CHAR;
    if (seen[SHORT])
        return seen[UNSIGNED] ? TY_USHORT : TY_SHORT;
    if (seen[LONG] > 1)
        return seen[UNSIGNED] ? TY_ULLONG : TY_LLONG;
    if (seen[LONG])
        return seen[UNSIGNED] ? TY_ULONG : TY_LONG;
    return seen[UNSIGNED] ? TY_UINT : TY_INT;
}

const struct target target_linux_64 = {
    .size_short = 2,
    .size_int = 4,
    .size_long = 8,
    .size_llong = 8,
    .size_pointer = 8,
    .has_asm = true,
    .has_typeof = true,
    .has_inline = true,
    .is_c99 = true,
    .is_elf = true,
    .size_type = TY_ULONG,
    .ptrdiff_type = TY_LONG,
    .wchar_type = TY_INT,
    .char16_type = TY_USHORT,
    .char32_type = TY_UINT,
};

bool target_read(struct unit *unit)
{
    char text[512], is_char[16];
    struct facts f = {.text = text};
    struct target *t = &unit->target;
    *t = target_linux_64;
    if (!find_facts(unit, text, sizeof text))
        return false;
    t->size_short = fact_size(&f, "short");
    t->size_int = fact_size(&f, "int");
    t->size_long = fact_size(&f, "long");
    t->size_llong = fact_size(&f, "llong");
    t->size_pointer = fact_size(&f, "pointer");
    fact(&f, "char", is_char, sizeof is_char);
    t->char_unsigned = strcmp(is_char, "unsigned") == 0;
    if (!t->char_unsigned && strcmp(is_char, "signed") != 0)
        f.damaged = true;
    t->has_asm = fact_bool(&f, "asm");
    t->has_typeof = fact_bool(&f, "typeof");
    t->is_c99 = fact_bool(&f, "c99");
    t->has_inline = t->is_c99 || t->has_asm;
    t->clang = fact_bool(&f, "clang");
    t->big_endian = fact_bool(&f, "big");
    t->has_asm_inline = fact_bool(&f, "inline");
    t->is_elf = fact_bool(&f, "elf");
    t->size_type = fact_type(&f, "size");
    t->ptrdiff_type = fact_type(&f, "ptrdiff");
    t->wchar_type = fact_type(&f, "wchar");
    t->char16_type = fact_type(&f, "char16");
    t->char32_type = fact_type(&f, "char32");
    enum gnu_words words = unit->options ? unit->options->gnu_words : GNU_WORDS_AS_STD;
    if (words != GNU_WORDS_AS_STD) {
        t->has_asm = words == GNU_WORDS_ON;
        t->has_typeof = t->has_asm;
        t->has_inline = t->is_c99 || t->has_asm;
    }
    return !f.damaged;
}
