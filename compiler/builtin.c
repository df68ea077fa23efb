/*
 * Result types of the compilers' builtin functions: those that both know and that occur in C code
 * and in the macros of system headers. Any other has TY_ERROR.
 */
#include "parse.h"

#include <string.h>

/*
 * Result: v void, i int, u unsigned, l long, L long long, U uint64, I uint32, H uint16, z size_t,
 * p void *, s char *, d double, f float, D long double, b bool, 0 the type of the first argument,
 * * what the first argument points to. Upper-case C before it: a constant expression may use it.
 */
static const struct {
    const char *name, *result;
} builtins[] = {
    {"abort", "v"},          {"abs", "i"},            {"add_overflow", "b"},
    {"sub_overflow", "b"},   {"mul_overflow", "b"},   {"add_overflow_p", "Cb"},
    {"sub_overflow_p", "Cb"}, {"mul_overflow_p", "Cb"}, {"alloca", "p"},
    {"alloca_with_align", "p"}, {"assume_aligned", "p"}, {"bswap16", "CH"},
    {"bswap32", "CI"},       {"bswap64", "CU"},       {"calloc", "p"},
    {"classify_type", "Ci"}, {"clz", "Ci"},           {"clzl", "Ci"},
    {"clzll", "Ci"},         {"constant_p", "Ci"},    {"copysign", "d"},
    {"copysignf", "f"},      {"copysignl", "D"},      {"cpu_init", "i"},
    {"cpu_is", "i"},         {"cpu_supports", "i"},   {"ctz", "Ci"},
    {"ctzl", "Ci"},          {"ctzll", "Ci"},         {"debugtrap", "v"},
    {"dynamic_object_size", "z"}, {"expect", "Cl"},   {"expect_with_probability", "Cl"},
    {"extract_return_addr", "p"}, {"fabs", "d"},      {"fabsf", "f"},
    {"fabsl", "D"},          {"ffs", "Ci"},           {"ffsl", "Ci"},
    {"ffsll", "Ci"},         {"fprintf", "i"},        {"frame_address", "p"},
    {"free", "v"},           {"huge_val", "d"},       {"huge_valf", "f"},
    {"huge_vall", "D"},      {"inf", "d"},            {"inff", "f"},
    {"infl", "D"},           {"isfinite", "i"},       {"isgreater", "i"},
    {"isgreaterequal", "i"}, {"isinf", "i"},          {"isinf_sign", "i"},
    {"isless", "i"},         {"islessequal", "i"},    {"islessgreater", "i"},
    {"isnan", "i"},          {"isnormal", "i"},       {"isunordered", "i"},
    {"labs", "l"},           {"llabs", "L"},          {"longjmp", "v"},
    {"malloc", "p"},         {"memchr", "p"},         {"memcmp", "i"},
    {"memcpy", "p"},         {"memmove", "p"},        {"mempcpy", "p"},
    {"memset", "p"},         {"memcpy_inline", "v"},  {"nan", "d"},
    {"nanf", "f"},           {"nanl", "D"},           {"object_size", "z"},
    {"parity", "Ci"},        {"parityl", "Ci"},       {"parityll", "Ci"},
    {"popcount", "Ci"},      {"popcountl", "Ci"},     {"popcountll", "Ci"},
    {"prefetch", "v"},       {"printf", "i"},         {"putchar", "i"},
    {"puts", "i"},           {"realloc", "p"},        {"return_address", "p"},
    {"setjmp", "i"},         {"signbit", "i"},        {"signbitf", "i"},
    {"signbitl", "i"},       {"snprintf", "i"},       {"speculation_safe_value", "0"},
    {"sprintf", "i"},        {"sqrt", "d"},           {"sqrtf", "f"},
    {"stack_restore", "v"},  {"stack_save", "p"},     {"stpcpy", "s"},
    {"strcat", "s"},         {"strchr", "s"},         {"strcmp", "i"},
    {"strcpy", "s"},         {"strcspn", "z"},        {"strdup", "s"},
    {"strlen", "Cz"},        {"strncat", "s"},        {"strncmp", "i"},
    {"strncpy", "s"},        {"strndup", "s"},        {"strnlen", "z"},
    {"strpbrk", "s"},        {"strrchr", "s"},        {"strspn", "z"},
    {"strstr", "s"},         {"thread_pointer", "p"}, {"trap", "v"},
    {"unreachable", "v"},    {"va_copy", "v"},        {"va_end", "v"},
    {"va_start", "v"},       {"vprintf", "i"},        {"vsnprintf", "i"},
    {"vsprintf", "i"},       {"rotateleft8", "0"},    {"rotateleft32", "0"},
    {"rotateleft64", "0"},   {"shuffle", "0"},        {"is_aligned", "b"},
    {"align_up", "0"},       {"align_down", "0"},     {"LINE", "i"},
    {"FILE", "s"},           {"FUNCTION", "s"},       {"fpclassify", "i"},
};

/* __atomic_NAME and __sync_NAME. */
static const struct {
    const char *name, *result;
} atomics[] = {
    {"load_n", "*"},           {"load", "v"},
    {"store_n", "v"},          {"store", "v"},
    {"exchange_n", "*"},       {"exchange", "v"},
    {"compare_exchange_n", "b"}, {"compare_exchange", "b"},
    {"add_fetch", "*"},        {"sub_fetch", "*"},
    {"and_fetch", "*"},        {"xor_fetch", "*"},
    {"or_fetch", "*"},         {"nand_fetch", "*"},
    {"fetch_add", "*"},        {"fetch_sub", "*"},
    {"fetch_and", "*"},        {"fetch_xor", "*"},
    {"fetch_or", "*"},         {"fetch_nand", "*"},
    {"test_and_set", "b"},     {"clear", "v"},
    {"thread_fence", "v"},     {"signal_fence", "v"},
    {"always_lock_free", "b"}, {"is_lock_free", "b"},
    {"fetch_and_add", "*"},    {"fetch_and_sub", "*"},
    {"fetch_and_and", "*"},    {"fetch_and_xor", "*"},
    {"fetch_and_or", "*"},     {"fetch_and_nand", "*"},
    {"add_and_fetch", "*"},    {"sub_and_fetch", "*"},
    {"and_and_fetch", "*"},    {"xor_and_fetch", "*"},
    {"or_and_fetch", "*"},     {"nand_and_fetch", "*"},
    {"bool_compare_and_swap", "b"}, {"val_compare_and_swap", "*"},
    {"lock_test_and_set", "*"}, {"lock_release", "v"},
    {"synchronize", "v"},
};

static const char *after_prefix(const char *name, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

/* The result's letter, or NULL. */
static const char *find(const char *name)
{
    const char *s = after_prefix(name, "__builtin_");
    if (s) {
        const char *chk = strstr(s, "_chk");
        size_t n = strlen(s);
        if (after_prefix(s, "___") && chk && !chk[4]) {
            s += 3; /* __builtin___memcpy_chk */
            n -= 7;
        }
        for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
            if (strncmp(builtins[i].name, s, n) == 0 && !builtins[i].name[n])
                return builtins[i].result;
        return NULL;
    }
    s = after_prefix(name, "__atomic_");
    if (!s)
        s = after_prefix(name, "__sync_");
    const char *c11 = after_prefix(name, "__c11_atomic_");
    if (c11 && (strcmp(c11, "load") == 0 || strcmp(c11, "exchange") == 0))
        return "*";
    if (c11 && (strcmp(c11, "compare_exchange_strong") == 0 ||
                strcmp(c11, "compare_exchange_weak") == 0))
        return "b";
    if (c11)
        s = c11;
    for (size_t i = 0; s && i < sizeof atomics / sizeof atomics[0]; i++)
        if (strcmp(atomics[i].name, s) == 0)
            return atomics[i].result;
    return NULL;
}

static struct type *pointee(struct parser *p, struct expr **arg, int count)
{
    if (!count)
        return type_error_;
    struct type *t = value_type(p, arg[0]);
    return t->kind == TY_POINTER ? type_unqualified(p->unit, t->base) : type_error_;
}

struct type *builtin_result(struct parser *p, const char *name, struct expr **arg, int count)
{
    struct unit *u = p->unit;
    const char *r = find(name);
    if (!r)
        return type_error_;
    switch (*r == 'C' ? r[1] : *r) {
    case 'v': return type_basic(u, TY_VOID);
    case 'i': return type_basic(u, TY_INT);
    case 'u': return type_basic(u, TY_UINT);
    case 'l': return type_basic(u, TY_LONG);
    case 'L': return type_basic(u, TY_LLONG);
    case 'U': return type_bits(u, 64, true);
    case 'I': return type_bits(u, 32, true);
    case 'H': return type_bits(u, 16, true);
    case 'z': return type_basic(u, u->target.size_type);
    case 'p': return type_pointer(u, type_basic(u, TY_VOID));
    case 's': return type_pointer(u, type_basic(u, TY_CHAR));
    case 'd': return type_basic(u, TY_DOUBLE);
    case 'f': return type_basic(u, TY_FLOAT);
    case 'D': return type_basic(u, TY_LDOUBLE);
    case 'b': return type_basic(u, TY_BOOL);
    case '0': return count ? value_type(p, arg[0]) : type_error_;
    case '*': return pointee(p, arg, count);
    default: return type_error_;
    }
}

bool builtin_is_constant(const char *name)
{
    const char *r = find(name);
    return r && *r == 'C';
}
