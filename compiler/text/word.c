/*
 * The keywords of C, of GNU C and of async C.
 */
#include "inside.h"

#include <string.h>

const char *form_name(enum form f)
{
    static const char *const names[FORM_COUNT] = {
        [FORM_SPAWN] = "bide_spawn",
        [FORM_SPAWN_ON] = "bide_spawn_on",
        [FORM_SPAWN_AT] = "bide_spawn_at",
        [FORM_SPAWN_LOCAL] = "bide_spawn_local",
        [FORM_SPAWN_LOW] = "bide_spawn_low",
        [FORM_SPAWN_BLOCKING] = "bide_spawn_blocking",
        [FORM_NAMED] = "bide_named",
        [FORM_TASK_JOIN] = "bide_task_join",
        [FORM_TASK_WAIT] = "bide_task_wait",
        [FORM_TASK_CANCEL] = "bide_task_cancel",
        [FORM_TASK_DETACH] = "bide_task_detach",
        [FORM_TASK_ABORT] = "bide_task_abort",
        [FORM_TASK_FINISHED] = "bide_task_finished",
        [FORM_MOVE] = "bide_move",
        [FORM_LAZY] = "bide_lazy",
        [FORM_GET] = "bide_get",
        [FORM_DROP] = "bide_drop",
        [FORM_JOIN] = "bide_join",
        [FORM_TRY_JOIN] = "bide_try_join",
        [FORM_SELECT] = "bide_select",
        [FORM_SELECT_BIASED] = "bide_select_biased",
        [FORM_TIMEOUT] = "bide_timeout",
        [FORM_TIMEOUT_AT] = "bide_timeout_at",
        [FORM_IF] = "bide_if",
        [FORM_BLOCKING] = "bide_blocking",
        [FORM_BLOCK_IN_PLACE] = "bide_block_in_place",
        [FORM_BLOCK_ON] = "bide_block_on",
        [FORM_SCOPE_SPAWN] = "bide_scope_spawn",
        [FORM_SCOPE_CANCEL] = "bide_scope_cancel",
        [FORM_TASK_SET_SPAWN] = "bide_task_set_spawn",
        [FORM_TASK_MAP_SPAWN] = "bide_task_map_spawn",
        [FORM_FUTURE_SET_ADD] = "bide_future_set_add",
        [FORM_REF] = "bide_ref",
        [FORM_CALLER] = "bide__caller",
    };
    return names[f];
}

bool form_spawns(enum form f)
{
    switch (f) {
    case FORM_SPAWN:
    case FORM_SPAWN_ON:
    case FORM_SPAWN_AT:
    case FORM_SPAWN_LOCAL:
    case FORM_SPAWN_LOW:
    case FORM_TASK_SET_SPAWN:
    case FORM_TASK_MAP_SPAWN:
    case FORM_SCOPE_SPAWN: return true;
    default: return false;
    }
}

bool form_adds(enum form f)
{
    return f == FORM_TASK_SET_SPAWN || f == FORM_TASK_MAP_SPAWN || f == FORM_FUTURE_SET_ADD;
}

int form_call(enum form f)
{
    switch (f) {
    case FORM_SPAWN_ON:
    case FORM_SPAWN_AT:
    case FORM_SCOPE_SPAWN:
    case FORM_TASK_SET_SPAWN:
    case FORM_FUTURE_SET_ADD:
    case FORM_TIMEOUT:
    case FORM_TIMEOUT_AT:
    case FORM_NAMED:
    case FORM_IF: return 1;
    case FORM_TASK_MAP_SPAWN: return 2;
    default: return 0;
    }
}

static const struct {
    const char *text;
    uint16_t keyword;
} words[] = {
    {"void", KW_VOID},
    {"_Bool", KW_BOOL},
    {"char", KW_CHAR},
    {"short", KW_SHORT},
    {"int", KW_INT},
    {"long", KW_LONG},
    {"float", KW_FLOAT},
    {"double", KW_DOUBLE},
    {"signed", KW_SIGNED},
    {"__signed", KW_SIGNED},
    {"__signed__", KW_SIGNED},
    {"unsigned", KW_UNSIGNED},
    {"_Complex", KW_COMPLEX},
    {"__complex", KW_COMPLEX},
    {"__complex__", KW_COMPLEX},
    {"__int128", KW_INT128},
    {"__int128_t", KW_BUILTIN_TYPE},
    {"__uint128_t", KW_BUILTIN_TYPE},
    {"_Float16", KW_FLOATN},
    {"_Float32", KW_FLOATN},
    {"_Float64", KW_FLOATN},
    {"_Float128", KW_FLOATN},
    {"_Float32x", KW_FLOATN},
    {"_Float64x", KW_FLOATN},
    {"__float128", KW_FLOATN},
    {"__float80", KW_FLOATN},
    {"__ibm128", KW_FLOATN},
    {"__bf16", KW_FLOATN},
    {"__fp16", KW_FLOATN},
    {"_Decimal32", KW_FLOATN},
    {"_Decimal64", KW_FLOATN},
    {"_Decimal128", KW_FLOATN},
    {"_BitInt", KW_BITINT},
    {"_ExtInt", KW_BITINT},
    {"__builtin_va_list", KW_BUILTIN_TYPE},
    {"__builtin_ms_va_list", KW_BUILTIN_TYPE},
    {"__builtin_sysv_va_list", KW_BUILTIN_TYPE},
    {"struct", KW_STRUCT},
    {"union", KW_UNION},
    {"enum", KW_ENUM},
    {"typeof", KW_TYPEOF},
    {"__typeof", KW_TYPEOF},
    {"__typeof__", KW_TYPEOF},
    {"__auto_type", KW_AUTO_TYPE},
    {"const", KW_CONST},
    {"__const", KW_CONST},
    {"__const__", KW_CONST},
    {"volatile", KW_VOLATILE},
    {"__volatile", KW_VOLATILE},
    {"__volatile__", KW_VOLATILE},
    {"restrict", KW_RESTRICT},
    {"__restrict", KW_RESTRICT},
    {"__restrict__", KW_RESTRICT},
    {"_Atomic", KW_ATOMIC},
    {"__seg_fs", KW_SPACE},
    {"__seg_gs", KW_SPACE},
    {"_Nonnull", KW_NULLABILITY},
    {"_Nullable", KW_NULLABILITY},
    {"_Null_unspecified", KW_NULLABILITY},
    {"typedef", KW_TYPEDEF},
    {"extern", KW_EXTERN},
    {"static", KW_STATIC},
    {"auto", KW_AUTO},
    {"register", KW_REGISTER},
    {"_Thread_local", KW_THREAD_LOCAL},
    {"__thread", KW_THREAD_LOCAL},
    {"inline", KW_INLINE},
    {"__inline", KW_INLINE},
    {"__inline__", KW_INLINE},
    {"_Noreturn", KW_NORETURN},
    {"_Alignas", KW_ALIGNAS},
    {"__attribute", KW_ATTRIBUTE},
    {"__attribute__", KW_ATTRIBUTE},
    {"__declspec", KW_DECLSPEC},
    {"__extension__", KW_EXTENSION},
    {"if", KW_IF},
    {"else", KW_ELSE},
    {"while", KW_WHILE},
    {"do", KW_DO},
    {"for", KW_FOR},
    {"switch", KW_SWITCH},
    {"case", KW_CASE},
    {"default", KW_DEFAULT},
    {"goto", KW_GOTO},
    {"break", KW_BREAK},
    {"continue", KW_CONTINUE},
    {"return", KW_RETURN},
    {"asm", KW_ASM},
    {"__asm", KW_ASM},
    {"__asm__", KW_ASM},
    {"__label__", KW_LABEL},
    {"_Static_assert", KW_STATIC_ASSERT},
    {"sizeof", KW_SIZEOF},
    {"_Alignof", KW_ALIGNOF},
    {"__alignof", KW_ALIGNOF},
    {"__alignof__", KW_ALIGNOF},
    {"_Generic", KW_GENERIC},
    {"__real", KW_REAL},
    {"__real__", KW_REAL},
    {"__imag", KW_IMAG},
    {"__imag__", KW_IMAG},
    {"__func__", KW_FUNC},
    {"__FUNCTION__", KW_FUNC},
    {"__PRETTY_FUNCTION__", KW_FUNC},
    {"__builtin_offsetof", KW_OFFSETOF},
    {"__builtin_va_arg", KW_VA_ARG},
    {"__builtin_types_compatible_p", KW_TYPES_COMPATIBLE},
    {"__builtin_choose_expr", KW_CHOOSE},
    {"__builtin_convertvector", KW_CONVERT_VECTOR},
    {"__builtin_has_attribute", KW_HAS_ATTRIBUTE},
    {"__builtin_bit_cast", KW_BIT_CAST},
    {"_Pragma", KW_PRAGMA},
    {"__pragma", KW_PRAGMA},
};

static const struct {
    const char *text;
    uint16_t keyword;
} async_words[] = {
    {"bide_async", KW_ASYNC},
    {"bide_cancel_returns", KW_CANCEL_RETURNS},
    {"bide_await", KW_AWAIT},
    {RUNTIME_WORD, KW_RUNTIME},
    {"bide_defer", KW_DEFER},
    {"bide_scope", KW_SCOPE},
    {"bide_try_scope", KW_TRY_SCOPE},
    {"bide__with", KW_WITH}, /* in the macro bide_locked and its like */
    {"bide__task", KW_NONE}, /* the tags in the macros bide_task(T) and bide_future(T) */
    {"bide__future", KW_NONE},
    {"bide__task_set", KW_NONE}, /* and in those of sets */
    {"bide__task_map", KW_NONE},
    {"bide__future_set", KW_NONE},
};

static const char *const mark_words[] = {
    "bide_allocates",
    "bide_gives",
    "bide_may_block",
    "bide_thread_bound",
};

static struct name *name_intern(struct arena *a, const char *text)
{
    return name_of(intern(a, text, strlen(text)));
}

static void forget_word(struct arena *a, const char *word, bool is_known)
{
    if (!is_known)
        name_intern(a, word)->keyword = KW_NONE;
}

/* Words that the dialect does not have stay plain names. */
void names_init(struct arena *a, const struct target *t)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        name_intern(a, words[i].text)->keyword = words[i].keyword;
    forget_word(a, "asm", t->has_asm);
    forget_word(a, "typeof", t->has_typeof);
    forget_word(a, "inline", t->has_inline);
    forget_word(a, "restrict", t->is_c99);
    for (size_t i = 0; i < sizeof async_words / sizeof async_words[0]; i++) {
        struct name *n = name_intern(a, async_words[i].text);
        n->keyword = async_words[i].keyword;
        n->flags = NAME_ASYNC;
    }
    for (size_t i = 0; i < sizeof mark_words / sizeof mark_words[0]; i++)
        name_intern(a, mark_words[i])->flags = NAME_MARK;
    for (enum form f = 0; f < FORM_COUNT; f++) {
        struct name *n = name_intern(a, form_name(f));
        n->keyword = (uint16_t)(KW_FORM + f);
        n->flags = NAME_ASYNC;
    }
}
