/*
 * The room text: the preprocessed text of one translation unit, as tokens that know their places.
 *
 * It requires what `cc -E` wrote with __BIDE__ defined, in which the short words have become
 * bide_async, bide_await, bide_defer. Text outside async code is copied byte for byte later, so every
 * token knows where it stands in the text, and in the file on disk that a line marker names.
 *
 * It establishes unit->target (target_read), then unit->token, unit->marks and unit->pragmas (lex).
 * No later room changes a token's text or place.
 */
#ifndef BIDE_COMPILER_TEXT_TEXT_H
#define BIDE_COMPILER_TEXT_TEXT_H

#include "compiler/base/base.h"

struct symbol;
struct tag;
struct type;
struct function;

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

/* Line markers and pragmas are no tokens: they are in the text before the next token. */
struct token {
    const char *start; /* in unit->text; the text between two tokens is from end to start */
    const char *text;  /* interned; identifiers and punctuators, NULL for literals */
    const char *file;  /* as the last line marker says; interned */
    uint32_t length;
    uint32_t line;
    uint16_t punct;
    enum token_kind kind : 8;
    bool at_bol : 1; /* first of its line */
    bool space : 1;  /* white space before it */
    bool in_system_header : 1;
    bool in_header : 1;   /* not in the main file */
    bool gap_printed : 1; /* the text before it, and with that the pragmas there; for output.c */
};

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
    TY_FLOATN,  /* _Float128 and its like: `name` is the spelling */
    TY_COMPLEX, /* base is the real type */
    TY_BUILTIN, /* __builtin_va_list and other names that the compiler knows; `name` */
    TY_ENUM,
    TY_STRUCT,
    TY_UNION,
    TY_POINTER,
    TY_ARRAY,
    TY_FUNCTION,
    TY_VECTOR,
};

/* What `cc -dM -E` said: sizes in bytes of the integer types and the sign of char. */
struct target {
    int size_short, size_int, size_long, size_llong, size_pointer;
    bool char_unsigned;
    bool has_asm, has_typeof, has_inline, is_c99; /* as words; else names like others */
    bool clang;
    bool big_endian;
    bool is_elf;
    bool has_asm_inline; /* `asm inline` */
    enum type_kind size_type, ptrdiff_type, wchar_type, char16_type, char32_type;
};

enum form {
    FORM_SPAWN,
    FORM_SPAWN_BLOCKING,
    FORM_TASK_JOIN,
    FORM_TASK_WAIT,
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
    FORM_TIMEOUT,
    FORM_IF, /* a branch with a guard */
    FORM_BLOCKING,
    FORM_BLOCK_ON,
    FORM_SCOPE_SPAWN,
    FORM_SCOPE_CANCEL,
    FORM_REF,
    FORM_COUNT
};

/* -fasm, -fno-asm and their like: whether asm, typeof and inline are words of the dialect. */
enum gnu_words { GNU_WORDS_AS_STD, GNU_WORDS_ON, GNU_WORDS_OFF };

struct options {
    const char *input; /* as the user wrote it; for messages */
    /* bide emit: generated code on lines of its own, headers as #include */
    bool pretty;
    bool force; /* every function goes through front end and lowering, -fbide-force; for tests */
    bool debug_locals; /* -g without optimization: gdb shall find every local by its name */
    bool wrappers;     /* blocking wrappers, -fno-bide-wrappers clears it */
    bool colour;
    const char **flag; /* the user's -W... flags in order, for the options of our messages */
    int flag_count;
    int max_errors;    /* -fmax-errors; 0: no limit */
    bool json;         /* --error-format=json */
    bool multi_thread; /* -fbide-multi-thread */
    enum gnu_words gnu_words;
    bool odd_charset, odd_wide_charset; /* of execution: no UTF-8, so that lengths are unknown */
    /* The user's compiler is asked about the plain reading: warnings of its names are its own. */
    bool compiler_speaks;
};

/* A word of the language that only says something to the checks, like bide_may_block: no token, its
 * text is blanked. */
struct mark {
    uint32_t token;       /* the one that follows */
    const char *word;     /* interned */
    const char *argument; /* the word in the parentheses after it, or NULL */
};

/* `#pragma GCC diagnostic`, or clang's. */
struct pragma {
    uint32_t token; /* the one that follows */
    enum { PRAGMA_PUSH, PRAGMA_POP, PRAGMA_IGNORED, PRAGMA_WARNING, PRAGMA_ERROR } kind;
    const char *option; /* interned, without -W; NULL for push and pop */
};

struct unit {
    struct arena *arena;
    struct options *options;
    struct target target;
    const char *text; /* text[text_length] is 0 */
    size_t text_length;
    struct token *token; /* [0] is unused, so that 0 means none; the last is TK_EOF */
    uint32_t token_count;
    struct list items; /* struct item * in order */
    struct list
        functions; /* struct function *: all parsed bodies, blocks and branches after their outer */
    /* struct expr *: those at file scope that mention async names; and struct symbol *, of what */
    struct list initializers, initialized;
    int error_count;
    bool parse_failed;           /* plain C that was not understood: nothing is emitted */
    uint32_t parse_failed_token; /* where it first happened */
    struct list marks;           /* struct mark * in order */
    struct list pragmas;         /* struct pragma * in order */
    struct list messages;        /* diag.c: not yet printed */
    struct map undeclared;       /* check_form.c: names of which that was said */
    struct list sources;         /* source.c: files read for messages */
    struct places *places;       /* place.c */
    struct list outer_functions; /* diag.c: those of the first outer_functions_of functions */
    uint32_t outer_functions_of;
    struct list held; /* diag.c: those that the user's compiler may give itself */
    struct message *last_message;
    struct list packs; /* pack.c: where #pragma pack changes what is in effect */
    bool packs_known;
    int pack;           /* emit.c: what is in effect at the item being printed */
    struct list frames; /* struct frame_info *: of the functions that were printed */
};

/* Lines of a file. */
struct line_span {
    const char *file;
    uint32_t first, last;
};

struct spot {
    const char *line; /* the source line, as source_line gives it */
    size_t length;
    uint32_t number;              /* of the line */
    size_t start, width;          /* bytes of the word in it */
    bool is_written;              /* false: the token came from a macro whose name this is */
    const struct line_text *text; /* place_words.c */
};

/* Words of C and GNU C. The order makes ranges: see keyword_is_specifier. */
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
    KW_PRAGMA, /* _Pragma and __pragma: the lexer swallows them */
    KW_FORM,   /* KW_FORM + enum form */
};

enum {
    NAME_ASYNC = 1, /* a word of the language, an async function or an owner type: a body or an
                       initialiser with such a name is parsed */
    NAME_REF = 2,   /* an async function that some bide_ref names */
    NAME_MARK = 4,  /* bide_may_block and its like: the lexer swallows them */
    NAME_TYPE = 8,  /* an async function that is mentioned where only its type counts */
};

struct binding {
    struct name *name;
    struct symbol *symbol; /* or */
    struct tag *tag;
    int depth;
    struct binding *shadowed; /* the outer one of this name */
    struct binding *next;     /* in its scope */
};

static inline unsigned keyword_at(struct token *t)
{
    return t->kind == TK_IDENT ? name_of(t->text)->keyword : KW_NONE;
}

static inline bool keyword_is_specifier(unsigned k)
{
    return k >= KW_VOID && k <= KW_ASYNC;
}

/* ---- source.c ---- */

/* Line `line` (from 1) of `file` without its newline, not terminated; NULL: there is none. Each
 * file is read once. Text given to source_add stands for a file of that name (standard input). */
const char *source_line(struct unit *, const char *file, uint32_t line, size_t *length);
void source_add(struct unit *, const char *file, const char *text, size_t length);
bool line_span_has(const struct line_span *, const char *file, uint32_t line);

/* ---- place.c ---- */

/* The word that the token was, or of the macro that it came from. False: no such line. */
bool place_of(struct unit *, uint32_t token, struct spot *);
/* Do the tokens stand in the file as they are? Only what is in brackets may come from macros. */
bool place_is_written_out(struct unit *, uint32_t first, uint32_t last);
/* The macro that the token came from; NULL: from none, or it is not known. */
const char *place_macro(struct unit *, uint32_t token);

/* ---- place_words.c ---- */

/* Columns on the screen before that byte of the spot's line. */
size_t place_column(const struct spot *, size_t byte);
/* The column behind the character at that byte, which stands in `column`. */
size_t place_next_column(const char *line, size_t length, size_t byte, size_t column);

/* ---- target.c ---- */

/* Reads unit->target from what <bide/target.h> leaves in unit->text. False: that is not there, and
 * the target is taken for a 64-bit Linux, or it makes no sense. */
bool target_read(struct unit *);

/* ---- lex.c ---- */

/* lex.c: fills unit->token from unit->text, in which it blanks marks and our own pragmas. */
void lex(struct unit *);

/* ---- word_scan.c ---- */

/* words.c: is the text, of which only the tokens are known, that of an async file? */
bool has_async_code(const struct unit *);
/* Is the name among the tokens? */
bool has_name(const struct unit *, const char *name);

/* ---- token.c ---- */

/* At an opening bracket: its closing one, or the end of the file. */
uint32_t token_closing(const struct token *, uint32_t open);
/* print.c: their text, on one line */
char *tokens_text(struct unit *, uint32_t first, uint32_t last);
bool attribute_is(const struct token *, const char *name); /* `name` or `__name__` */

/* ---- word.c ---- */

/* scope.c: which word of C or GNU C an identifier token is (enum keyword in parse.h); 0: none. */
unsigned token_keyword(const struct token *);
const char *form_name(enum form);

#endif
