/*
 * The result types of the builtin functions that both gcc and clang know and that C code or the
 * macros of system headers use. The result of any other builtin has TY_ERROR.
 */
#include "inside.h"

#include <string.h>

/*
 * `result`: v void, i int, u unsigned, l long, L long long, U uint64, I uint32, H uint16, z size_t,
 * p void *, s char *, d double, f float, D long double, b bool, 0 the type of the first argument,
 * * what the first argument points to. After a C, the call may be in a constant expression.
 */
struct group {
    const char *result;
    const char *names; /* each between blanks */
};

/* __builtin_NAME. */
static const struct group builtins[] = {
    {"v", " abort debugtrap free longjmp memcpy_inline prefetch stack_restore trap "
          "unreachable va_copy va_end va_start "},
    {"i", " LINE abs cpu_init cpu_is cpu_supports fpclassify fprintf isfinite "
          "isgreater isgreaterequal isinf isinf_sign isless islessequal islessgreater "
          "isnan isnormal isunordered memcmp printf putchar puts setjmp signbit "
          "signbitf signbitl snprintf sprintf strcmp strncmp vprintf vsnprintf "
          "vsprintf "},
    {"b", " add_overflow is_aligned mul_overflow sub_overflow "},
    {"Cb", " add_overflow_p mul_overflow_p sub_overflow_p "},
    {"p", " alloca alloca_with_align assume_aligned calloc extract_return_addr "
          "frame_address malloc memchr memcpy memmove mempcpy memset realloc "
          "return_address stack_save thread_pointer "},
    {"CH", " bswap16 "},
    {"CI", " bswap32 "},
    {"CU", " bswap64 "},
    {"Ci", " classify_type clz clzl clzll constant_p ctz ctzl ctzll ffs ffsl ffsll "
           "parity parityl parityll popcount popcountl popcountll "},
    {"d", " copysign fabs huge_val inf nan sqrt "},
    {"f", " copysignf fabsf huge_valf inff nanf sqrtf "},
    {"D", " copysignl fabsl huge_vall infl nanl "},
    {"z", " dynamic_object_size object_size strcspn strnlen strspn "},
    {"Cl", " expect expect_with_probability "},
    {"l", " labs "},
    {"L", " llabs "},
    {"0", " align_down align_up rotateleft32 rotateleft64 rotateleft8 shuffle "
          "speculation_safe_value "},
    {"s", " FILE FUNCTION stpcpy strcat strchr strcpy strdup strncat strncpy strndup "
          "strpbrk strrchr strstr "},
    {"Cz", " strlen "},
};

/* __atomic_NAME and __sync_NAME. */
static const struct group atomics[] = {
    {"*", " add_and_fetch add_fetch and_and_fetch and_fetch exchange_n fetch_add "
          "fetch_and fetch_and_add fetch_and_and fetch_and_nand fetch_and_or "
          "fetch_and_sub fetch_and_xor fetch_nand fetch_or fetch_sub fetch_xor load_n "
          "lock_test_and_set nand_and_fetch nand_fetch or_and_fetch or_fetch "
          "sub_and_fetch sub_fetch val_compare_and_swap xor_and_fetch xor_fetch "},
    {"v", " clear exchange load lock_release signal_fence store store_n synchronize "
          "thread_fence "},
    {"b", " always_lock_free bool_compare_and_swap compare_exchange compare_exchange_n "
          "is_lock_free test_and_set "},
};

/* clang's __c11_atomic_NAME. */
static const struct group c11_atomics[] = {
    {"*", " exchange fetch_add fetch_and fetch_or fetch_sub fetch_xor load "},
    {"b", " compare_exchange_strong compare_exchange_weak is_lock_free "},
    {"v", " init signal_fence store thread_fence "},
};

/* The result of the name of `n` characters at s, or NULL. */
static const char *look_up(const struct group *groups, size_t count, const char *s, size_t n)
{
    for (size_t i = 0; i < count; i++)
        for (const char *p = groups[i].names; (p = strchr(p, ' ')) && *++p;)
            if (strncmp(p, s, n) == 0 && p[n] == ' ')
                return groups[i].result;
    return NULL;
}

static const char *find(const char *name)
{
    static const struct {
        const char *prefix;
        const struct group *groups;
        size_t count;
    } families[] = {
        {"__builtin_", builtins, sizeof builtins / sizeof builtins[0]},
        {"__atomic_", atomics, sizeof atomics / sizeof atomics[0]},
        {"__sync_", atomics, sizeof atomics / sizeof atomics[0]},
        {"__c11_atomic_", c11_atomics, sizeof c11_atomics / sizeof c11_atomics[0]},
    };
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++) {
        size_t skip = strlen(families[i].prefix), n = strlen(name);
        if (strncmp(name, families[i].prefix, skip) != 0)
            continue;
        name += skip;
        n -= skip;
        /* __builtin___memcpy_chk */
        if (n > 6 && strncmp(name, "__", 2) == 0 && strcmp(name + n - 4, "_chk") == 0) {
            name += 2;
            n -= 6;
        }
        return look_up(families[i].groups, families[i].count, name, n);
    }
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
