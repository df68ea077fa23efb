/*
 * The room text: the preprocessed text of one translation unit, as tokens that know their places.
 *
 * It requires what `cc -E` wrote with __BIDE__ defined, in which the short words have become
 * bide_async, bide_await, bide_defer. Text outside async code is copied byte for byte later, so
 * every token knows its place in the text, and in the file on disk that a line marker names.
 *
 * It establishes unit->target (target_read), then unit->token, unit->marks and unit->pragmas (lex).
 * No later room changes a token's text or place.
 */
#ifndef BIDE_COMPILER_TEXT_TEXT_H
#define BIDE_COMPILER_TEXT_TEXT_H

#include "compiler/base/base.h"

struct symbol;
struct tag;

/* ---- tokens ---- */

enum token_kind {
    TK_EOF,
    TK_IDENT,  /* keywords too: token_keyword tells */
    TK_NUMBER, /* preprocessing number: integer or floating */
    TK_CHAR,   /* with its prefix */
    TK_STRING,
    TK_PUNCT, /* `punct` says which */
};

/* Punctuators of one character are that character; the others begin here. */
enum punct {
    P_ARROW = 256,
    P_INC,
    P_DEC,
    P_SHL,
    P_SHR,
    P_LE,
    P_GE,
    P_EQ,
    P_NE,
    P_ANDAND,
    P_OROR,
    P_ELLIPSIS,
    P_MUL_ASSIGN,
    P_DIV_ASSIGN,
    P_MOD_ASSIGN,
    P_ADD_ASSIGN,
    P_SUB_ASSIGN,
    P_SHL_ASSIGN,
    P_SHR_ASSIGN,
    P_AND_ASSIGN,
    P_XOR_ASSIGN,
    P_OR_ASSIGN,
    P_HASHHASH,
};

/* Line markers, pragmas, marks and comments are not tokens: they are in the text before the next
 * one. */
struct token {
    const char *start; /* in unit->text */
    const char *text;  /* interned; identifiers and punctuators, NULL for literals */
    const char *file;  /* as the last line marker says; interned */
    uint32_t length;
    uint32_t line;
    uint16_t punct;
    enum token_kind kind : 8;
    bool at_bol : 1; /* first of its line */
    bool space : 1;  /* white space before it */
    bool in_system_header : 1;
    bool in_header : 1; /* not in the main file */
};

/* A word of the language that only the checks use, like bide_may_block. */
struct mark {
    uint32_t token;       /* the next one */
    const char *word;     /* interned */
    const char *argument; /* the word in the parentheses after it, or NULL */
};

/* `#pragma GCC diagnostic`, or clang's. */
struct pragma {
    uint32_t token; /* the next one */
    enum { PRAGMA_PUSH, PRAGMA_POP, PRAGMA_IGNORED, PRAGMA_WARNING, PRAGMA_ERROR } kind;
    const char *option; /* interned, without -W; NULL for push and pop */
};

/* The kinds of types; struct type is in tree.h. The order makes ranges. */
enum type_kind {
    TY_ERROR, /* unknown: no message follows from it */
    TY_VOID,
    TY_BOOL,
    TY_CHAR,
    TY_SCHAR,
    TY_UCHAR,
    TY_SHORT,
    TY_USHORT,
    TY_INT,
    TY_UINT,
    TY_LONG,
    TY_ULONG,
    TY_LLONG,
    TY_ULLONG,
    TY_INT128,
    TY_UINT128,
    TY_BITINT, /* _BitInt(length); `name` is the spelling */
    TY_UBITINT,
    TY_FLOAT,
    TY_DOUBLE,
    TY_LDOUBLE,
    TY_FLOATN,  /* _Float128 and the like: `name` is the spelling */
    TY_COMPLEX, /* base is the real type */
    TY_BUILTIN, /* __builtin_va_list and other types that the compiler knows; `name` */
    TY_ENUM,
    TY_STRUCT,
    TY_UNION,
    TY_POINTER,
    TY_ARRAY,
    TY_FUNCTION,
    TY_VECTOR,
};

/* The call-like words of the language. */
enum form {
    FORM_SPAWN,
    FORM_SPAWN_ON,
    FORM_SPAWN_AT,
    FORM_SPAWN_LOCAL,
    FORM_SPAWN_LOW,
    FORM_SPAWN_BLOCKING,
    FORM_NAMED, /* the call of a spawn, with a name for the task */
    FORM_TASK_JOIN,
    FORM_TASK_WAIT,
    FORM_TASK_CANCEL,
    FORM_TASK_DETACH,
    FORM_TASK_ABORT,
    FORM_TASK_FINISHED,
    FORM_MOVE,
    FORM_LAZY,
    FORM_GET,
    FORM_DROP,
    FORM_JOIN,
    FORM_TRY_JOIN,
    FORM_SELECT,
    FORM_SELECT_BIASED,
    FORM_TIMEOUT, /* these two have a time before their branch */
    FORM_TIMEOUT_AT,
    FORM_IF, /* a branch with a guard */
    FORM_BLOCKING,
    FORM_BLOCK_IN_PLACE,
    FORM_BLOCK_ON,
    FORM_SCOPE_SPAWN,
    FORM_SCOPE_CANCEL,
    FORM_TASK_SET_SPAWN,
    FORM_TASK_MAP_SPAWN, /* it has a key before its call */
    FORM_FUTURE_SET_ADD,
    FORM_REF,
    FORM_CALLER, /* bide__caller, in the macros of <bide/iter.h> */
    FORM_COUNT
};

/* The word of bide_runtime(...): enum bide_flavour of <bide/runtime.h>. */
enum flavour { FLAVOUR_CURRENT_THREAD, FLAVOUR_MULTI_THREAD, FLAVOUR_THREAD_PER_CORE };

/* ---- the unit ---- */

/* -fasm, -fno-asm and their like: are asm, typeof and inline keywords? */
enum gnu_words { GNU_WORDS_AS_STD, GNU_WORDS_ON, GNU_WORDS_OFF };

struct options {
    const char *input; /* as the user wrote it; for messages */

    bool pretty;          /* bide emit: generated code on lines of its own, headers as #include */
    bool force;           /* -fbide-force: every function is parsed and lowered; for tests */
    bool debug;           /* -g */
    bool debug_locals;    /* -g without optimization: gdb must find every local by its name, */
    bool no_debug_copies; /* but not those that live in a frame */
    bool wrappers;        /* blocking wrappers; cleared by -fno-bide-wrappers */
    bool multi_thread;    /* -fbide-multi-thread */
    enum gnu_words gnu_words;
    /* of execution, other than UTF-8: the lengths of strings are not known */
    bool odd_charset, odd_wide_charset;

    bool colour;
    bool json;         /* --error-format=json */
    int max_errors;    /* -fmax-errors; 0: no limit */
    const char **flag; /* the user's -W... flags in order */
    int flag_count;
    struct list file_maps; /* const char *: OLD=NEW of -fmacro-prefix-map and -ffile-prefix-map */
    /* The user's compiler reads the plain reading too: a warning that it has is left to it. */
    bool compiler_speaks;
};

/* What the user's compiler makes C for, with the user's flags. */
struct target {
    /* in bytes */
    int size_short, size_int, size_long, size_llong, size_pointer;
    bool char_unsigned;
    bool has_asm, has_typeof, has_inline; /* as keywords; else they are plain names */
    bool is_c99;                          /* or later */
    bool clang;
    bool big_endian;
    bool is_elf;
    bool has_asm_inline; /* `asm inline` */
    enum type_kind size_type, ptrdiff_type, wchar_type, char16_type, char32_type;
};

/* A translation unit, on its way through all rooms. */
struct unit {
    struct arena *arena;
    struct options *options;
    struct target target;
    const char *text; /* text[text_length] is 0 */
    size_t text_length;

    /* lex */
    struct token *token; /* [0] is unused, so that 0 can mean none; the last is TK_EOF */
    uint32_t token_count;
    struct list marks;   /* struct mark * in order */
    struct list pragmas; /* struct pragma * in order */

    /* parse */
    struct list items;     /* struct item * in order */
    struct list functions; /* struct function *: parsed bodies; blocks and branches after `outer` */
    struct list initializers;    /* struct expr *: at file scope, those that mention async names */
    struct list initialized;     /* struct symbol *: the variable of each */
    enum flavour flavour;        /* by bide_runtime(...) */
    uint32_t flavour_token;      /* its word; 0: there is none */
    bool parse_failed;           /* plain C that was not understood: nothing is emitted */
    uint32_t parse_failed_token; /* where that first happened */

    /* check */
    struct map undeclared; /* names that have been reported as undeclared */

    /* messages */
    int error_count;
    struct list messages;        /* struct message *: not yet printed */
    struct list sources;         /* source.c: files read for messages */
    struct places *places;       /* place.c */
    struct list outer_functions; /* diag: those of the first outer_functions_of functions */
    uint32_t outer_functions_of;
    struct list held; /* diag: messages that the user's compiler may give itself */
    struct message *last_message;
    bool lacks_type; /* an error is that the type of an expression is not known */
};

/* ---- lex.c: from text to tokens ---- */

/* Fills in unit->token, marks and pragmas. Marks and pragmas about warnings of bide are blanked in
 * unit->text. */
void lex(struct unit *);

/* ---- target.c: facts about the target ---- */

/* Reads unit->target from the text that <bide/target.h> leaves in unit->text. False: that text
 * makes no sense, or is missing; then a 64-bit Linux is assumed. */
bool target_read(struct unit *);
/* What target_read assumes if the text has no facts. */
extern const struct target target_linux_64;

/* ---- word.c: keywords, and what names mean ---- */

/* Keywords. The order makes ranges: see keyword_is_specifier. */
enum keyword {
    KW_NONE,
    KW_VOID,
    KW_BOOL,
    KW_CHAR,
    KW_SHORT,
    KW_INT,
    KW_LONG,
    KW_FLOAT,
    KW_DOUBLE,
    KW_SIGNED,
    KW_UNSIGNED,
    KW_COMPLEX,
    KW_INT128,
    KW_FLOATN,
    KW_BITINT,
    KW_BUILTIN_TYPE,
    KW_STRUCT,
    KW_UNION,
    KW_ENUM,
    KW_TYPEOF,
    KW_AUTO_TYPE,
    KW_CONST,
    KW_VOLATILE,
    KW_RESTRICT,
    KW_ATOMIC,
    KW_SPACE, /* __seg_gs */
    KW_NULLABILITY,
    KW_TYPEDEF,
    KW_EXTERN,
    KW_STATIC,
    KW_AUTO,
    KW_REGISTER,
    KW_THREAD_LOCAL,
    KW_INLINE,
    KW_NORETURN,
    KW_ALIGNAS,
    KW_ATTRIBUTE,
    KW_DECLSPEC,
    KW_CANCEL_RETURNS,
    KW_ASYNC,
    KW_EXTENSION,
    KW_IF,
    KW_ELSE,
    KW_WHILE,
    KW_DO,
    KW_FOR,
    KW_SWITCH,
    KW_CASE,
    KW_DEFAULT,
    KW_GOTO,
    KW_BREAK,
    KW_CONTINUE,
    KW_RETURN,
    KW_ASM,
    KW_LABEL,
    KW_STATIC_ASSERT,
    KW_DEFER,
    KW_SCOPE,
    KW_TRY_SCOPE,
    KW_WITH,
    KW_SIZEOF,
    KW_ALIGNOF,
    KW_GENERIC,
    KW_REAL,
    KW_IMAG,
    KW_FUNC,
    KW_OFFSETOF,
    KW_VA_ARG,
    KW_TYPES_COMPATIBLE,
    KW_CHOOSE,
    KW_CONVERT_VECTOR,
    KW_HAS_ATTRIBUTE,
    KW_BIT_CAST,
    KW_AWAIT,
    KW_RUNTIME,
    KW_PRAGMA, /* _Pragma and __pragma: the lexer skips them */
    KW_FORM,   /* KW_FORM + enum form */
};

/* Flags of a struct name. */
enum {
    /* a word of the language, an async function or an owner type: a body or an initialiser with
     * such a name is parsed */
    NAME_ASYNC = 1,
    NAME_REF = 2,  /* an async function that some bide_ref names */
    NAME_MARK = 4, /* bide_may_block and the like: the lexer removes them */
    NAME_TYPE = 8, /* an async function that is mentioned where only its type counts */
};

/* A meaning of a name, from its declaration to the end of its scope. */
struct binding {
    struct name *name;
    struct symbol *symbol; /* this, or a tag */
    struct tag *tag;
    int depth;
    struct binding *shadowed; /* the outer one of this name */
    struct binding *next;     /* in its scope */
};

/* The keyword that a token is, or KW_NONE. */
static inline unsigned token_keyword(const struct token *t)
{
    return t->kind == TK_IDENT ? name_of(t->text)->keyword : KW_NONE;
}

static inline bool keyword_is_specifier(unsigned k)
{
    return k >= KW_VOID && k <= KW_ASYNC;
}

const char *form_name(enum form);
/* Does the form make a task of a call of an async function, or of an async block? */
bool form_spawns(enum form);
/* Does it make a task, of whatever call? Then that may be a bide_named. */
static inline bool form_makes_task(enum form f)
{
    return f == FORM_SPAWN_BLOCKING || form_spawns(f);
}
/* Does it add a child to a set? */
bool form_adds(enum form);
/* The argument of a form that is the call which it makes, or its first branch. */
int form_call(enum form);

/* Its first argument is a time, the second one a branch. */
static inline bool form_is_timeout(enum form f)
{
    return f == FORM_TIMEOUT || f == FORM_TIMEOUT_AT;
}

/* ---- word_scan.c: what words a text has, before it is parsed ---- */

/* Is the text async code? Only its tokens are known so far. */
bool has_async_code(const struct unit *);
/* Is the name among the tokens? */
bool has_name(const struct unit *, const char *name);

/* ---- token.c: brackets and texts ---- */

/* From an opening bracket to the token that closes it, or to the end of the file. */
uint32_t token_closing(const struct token *, uint32_t open);
/* The text of these tokens on one line. */
char *tokens_text(struct unit *, uint32_t first, uint32_t last);
bool attribute_is(const struct token *, const char *name); /* `name` or `__name__` */

/* ---- source.c: files on disk ---- */

/* Lines of a file. */
struct line_span {
    const char *file;
    uint32_t first, last;
};

/* Line `line` (from 1) of `file` without its newline, not terminated; NULL: there is no such line.
 * A text that was given to source_add stands for a file of that name, such as standard input. */
const char *source_line(struct unit *, const char *file, uint32_t line, size_t *length);
void source_add(struct unit *, const char *file, const char *text, size_t length);
bool line_span_has(const struct line_span *, const char *file, uint32_t line);

/* ---- place.c: the place of a token in its file ---- */

/* The place of a token in its file. */
struct spot {
    const char *line; /* the source line, as source_line gives it */
    size_t length;
    uint32_t number;              /* of the line */
    size_t start, width;          /* bytes of the word in it */
    bool is_written;              /* false: the token came from a macro whose name this is */
    const struct line_text *text; /* place_words.c */
};

/* The place of the word that became the token, or of the macro that it came from. False: the line
 * is not on disk. */
bool place_of(struct unit *, uint32_t token, struct spot *);
/* Are these tokens in the file as they are? Only the inside of brackets may come from macros. */
bool place_is_written_out(struct unit *, uint32_t first, uint32_t last);
/* The macro that the token came from. NULL: it came from no macro, or the macro is not known. */
const char *place_macro(struct unit *, uint32_t token);

/* ---- place_words.c: columns and words of a line ---- */

/* Columns on the screen before that byte of the spot's line. */
size_t place_column(const struct spot *, size_t byte);
/* The column after the character at that byte, which is in column `column`. */
size_t place_next_column(const char *line, size_t length, size_t byte, size_t column);

#endif
