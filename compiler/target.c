/*
 * Facts of the target. <bide/target.h> leaves them in the preprocessed text as a string, so that
 * they come from the user's compiler with the user's flags and cost no process of their own:
 *
 *   "bide target:short=" "2" ";int=" "4" ... ";size=" "long unsigned int" ";"
 */
#define _GNU_SOURCE
#include "bide.h"

#include <string.h>

/* The strings' contents, joined, up to the closing parenthesis. */
static void join_strings(const char *p, const char *end, char *out, size_t room)
{
    bool inside = true;
    size_t n = 0;
    for (; p < end && (inside || *p != ')') && n + 1 < room; p++) {
        if (*p == '"')
            inside = !inside;
        else if (inside)
            out[n++] = *p;
    }
    out[n] = '\0';
}

static const char *fact(const char *facts, const char *name)
{
    const char *p = strstr(facts, name);
    return p ? p + strlen(name) : "";
}

static int fact_size(const char *facts, const char *name, int otherwise)
{
    const char *p = fact(facts, name);
    return *p >= '1' && *p <= '9' ? *p - '0' : otherwise;
}

/* "long unsigned int", in any order of the words. */
static enum type_kind fact_type(const char *facts, const char *name, enum type_kind otherwise)
{
    char words[64];
    const char *p = fact(facts, name);
    size_t n = strcspn(p, ";");
    if (n == 0 || n >= sizeof words)
        return otherwise;
    memcpy(words, p, n);
    words[n] = '\0';
    bool is_unsigned = strstr(words, "unsigned") != NULL;
    const char *is_long = strstr(words, "long");
    if (strstr(words, "char"))
        return is_unsigned ? TY_UCHAR : strstr(words, "signed") ? TY_SCHAR : TY_CHAR;
    if (strstr(words, "short"))
        return is_unsigned ? TY_USHORT : TY_SHORT;
    if (is_long && strstr(is_long + 4, "long"))
        return is_unsigned ? TY_ULLONG : TY_LLONG;
    if (is_long)
        return is_unsigned ? TY_ULONG : TY_LONG;
    return is_unsigned ? TY_UINT : TY_INT;
}

static bool is_unsigned_kind(enum type_kind kind)
{
    return kind == TY_UCHAR || kind == TY_USHORT || kind == TY_UINT || kind == TY_ULONG ||
           kind == TY_ULLONG;
}

bool target_read(struct unit *unit)
{
    static const char mark[] = "\"bide target:";
    char facts[512] = "";
    const char *found = memmem(unit->text, unit->text_length, mark, sizeof mark - 1);
    if (found)
        join_strings(found + 1, unit->text + unit->text_length, facts, sizeof facts);
    struct target *t = &unit->target;
    t->size_short = fact_size(facts, "short=", 2);
    t->size_int = fact_size(facts, ";int=", 4);
    t->size_long = fact_size(facts, ";long=", 8);
    t->size_llong = fact_size(facts, ";llong=", 8);
    t->size_pointer = fact_size(facts, ";pointer=", 8);
    t->char_unsigned = !strncmp(fact(facts, ";char="), "unsigned", 8);
    t->strict = *fact(facts, ";strict=") == '1';
    t->clang = *fact(facts, ";clang=") == '1';
    t->big_endian = *fact(facts, ";big=") == '1';
    t->has_asm_inline = *fact(facts, ";inline=") == '1';
    t->is_elf = *fact(facts, ";elf=") == '1';
    t->size_type = fact_type(facts, ";size=", TY_ULONG);
    t->ptrdiff_type = fact_type(facts, ";ptrdiff=", TY_LONG);
    t->wchar_type = fact_type(facts, ";wchar=", TY_INT);
    t->char16_type = fact_type(facts, ";char16=", TY_USHORT);
    t->char32_type = fact_type(facts, ";char32=", TY_UINT);
    t->wchar_unsigned = is_unsigned_kind(t->wchar_type);
    return found != NULL;
}
