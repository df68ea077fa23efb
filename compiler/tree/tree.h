/*
 * The one internal header of the compiler, grouped by module in the order of the pipeline:
 *
 *   driver -> source (preprocessed text) -> lex -> parse (+ types, scope) -> check -> lower -> emit
 *
 * A run handles one translation unit: `cc -E` output with __BIDE__ defined, in which the short
 * words
 * have become bide_async, bide_await, bide_defer. Text outside async code is copied byte for byte,
 * so
 * every token knows its place in the text and every node the tokens that it came from.
 *
 * Memory: one arena per translation unit (unit->arena), freed at once. Nothing is freed singly.
 * Layout and other facts of the target are never computed: the emitter writes sizeof, and the type
 * checker knows only what `cc -dM -E` says (struct target).
 */
#ifndef BIDE_COMPILER_H
#define BIDE_COMPILER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- arena.c: memory, strings, vectors ---- */

struct arena;
struct arena *arena_new(void);
void arena_free(struct arena *);
/* zeroed, aligned to 16; exits with a message when out of memory */
void *arena_alloc(struct arena *, size_t size);
char *arena_strndup(struct arena *, const char *s, size_t n);
char *arena_printf(struct arena *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A growing list of pointers: struct list l = {0}; list_add(arena, &l, p). */
struct list {
    void **item;
    uint32_t count, room;
};
void list_add(struct arena *, struct list *, void *);

/* From pointers to pointers: struct map m = {0}; *map_at(arena, &m, key) is NULL at first. What it
 * gives holds until the next call. */
struct map {
    const void **key;
    void **value;
    uint32_t count, room;
};
void **map_at(struct arena *, struct map *, const void *key);

/* Interned string: equal text, equal pointer. */
const char *intern(struct arena *, const char *s, size_t n);

/* ---- source.c, lex.c: text and tokens ---- */

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

struct unit;
struct symbol;
struct param;
struct function;
struct decl;
struct stmt;

/* ---- types.c ---- */

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

enum { Q_CONST = 1, Q_VOLATILE = 2, Q_RESTRICT = 4, Q_ATOMIC = 8 };

struct member {
    const char *name; /* NULL: anonymous struct or union, or unnamed bit-field */
    struct type *type;
    bool bit_field;
    int bit_width;
};

/* A struct, union or enum: one object per tag declaration, shared by all types that mention it. */
struct tag {
    enum type_kind kind;
    const char *name; /* NULL: anonymous */
    struct member *member;
    int member_count;
    bool complete;
    bool is_packed;
    bool has_const_member; /* or a member has one */
    /* anonymous tag, for printing: a variable or typedef, or a member of another tag, that was
     * declared with it */
    struct symbol *witness;
    struct tag *outer;
    struct member *outer_member;
    struct type *enum_type;   /* the integer type of an enum */
    int depth;                /* 0: file scope; else declared in a block */
    uint32_t first, last;     /* tokens of the definition: `struct` to `}`, attributes included */
    const char *hoisted_name; /* lower: moved to file scope under this name */
};

/* Immutable once made, but for completion of arrays and tags. */
struct type {
    enum type_kind kind;
    uint8_t quals;
    const char *name;     /* TY_FLOATN, TY_BUILTIN, TY_BITINT */
    struct symbol *alias; /* the typedef it was written with, for messages and printing; or NULL */
    struct type *base;    /* pointer, array, function result, complex, vector, atomic */
    struct tag *tag;      /* struct, union, enum */
    /* array; _BitInt: length */
    bool incomplete;                    /* [] */
    bool variable;                      /* variable length, or pointer to such: variably modified */
    int64_t length;                     /* when known, else -1 */
    uint32_t length_first, length_last; /* tokens of the length expression, 0 if none */
    /* scope depth of that expression: 0 means it may be printed at file scope */
    int length_depth;
    /* function */
    struct param *param;
    int param_count;
    bool variadic, oldstyle, is_async;
    /* attributes that change the type and must be printed with it (aligned, vector_size,
     * mode...) */
    uint32_t attr_first, attr_last; /* tokens of one attribute list, 0 if none */
    bool of_elements;               /* vector: ext_vector_type, whose size counts elements */
    bool of_block;                  /* pointer: clang's `^` */
    /* of an object that it is in: tokens of address_space(N) or of __seg_gs, 0 if none */
    uint32_t space_first, space_last;
};

struct param {
    const char *name;  /* NULL: none */
    struct type *type; /* adjusted: arrays and functions are pointers */
    uint32_t name_token;
    /* struct expr *: the lengths in its declaration that are no constants. Parsed outside the
     * function, so they are only good for their tokens. */
    struct list *lengths;
    const struct alignment *alignment; /* of the variable */
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
    bool wchar_unsigned;
    enum type_kind size_type, ptrdiff_type, wchar_type, char16_type, char32_type;
};

extern struct type type_error_[1];
struct type *type_basic(struct unit *, enum type_kind);
struct type *type_pointer(struct unit *, struct type *);
struct type *type_qualified(struct unit *, struct type *, unsigned quals); /* adds quals */
struct type *type_unqualified(struct unit *, struct type *);
bool type_is_integer(const struct type *);
bool type_is_arithmetic(const struct type *);
bool type_is_scalar(const struct type *);
bool type_same(const struct type *, const struct type *);       /* qualifiers count */
bool type_compatible(const struct type *, const struct type *); /* ISO C 6.2.7 */
/* array, function -> pointer; unqualified */
struct type *type_decay(struct unit *, struct type *);
/* usual arithmetic conversions */
struct type *type_usual(struct unit *, struct type *, struct type *);
struct type *type_promote(struct unit *, struct type *);
bool type_has_const_member(const struct type *); /* so that it cannot be assigned as a whole */
/* `bide_task(T)` or `bide_future(T)`, known by their structure: the T, else NULL. */
struct type *type_task_result(const struct type *);
struct type *type_future_result(const struct type *);
bool type_is_owner(const struct type *);     /* one of the two */
bool type_holds_owner(const struct type *);  /* or an array of them */
bool type_holds_future(const struct type *); /* bide_future(T), or an array of them */
/* `bide_async_fn(T, P...)`, or any pointer to a const pointer to a function: that function's type,
 * else NULL. It is_async when the type was written with bide_async_fn. */
struct type *type_reference_target(const struct type *);
/* C text of a declaration of `name` (NULL or "": the abstract type) with this type, typedef names
 * kept, block-scope tags under their hoisted names. */
char *type_print(struct unit *, const struct type *, const char *name);

/* ---- scope.c: names ---- */

enum symbol_kind { SYM_VAR, SYM_PARAM, SYM_FUNCTION, SYM_TYPEDEF, SYM_ENUMERATOR, SYM_LABEL };
enum storage { ST_NONE, ST_AUTO, ST_REGISTER, ST_STATIC, ST_EXTERN, ST_TYPEDEF };

/* What aligns a variable or a typedef: the tokens of _Alignas(...), or of `aligned(...)` in a list
 * of attributes. */
struct alignment {
    const struct alignment *next; /* all of them count */
    uint32_t first, last;
    bool is_attribute;
    int depth;         /* of the innermost scope whose names are in it */
    struct type *type; /* the operand: one of these, or none */
    struct expr *expr;
};

struct symbol {
    enum symbol_kind kind;
    enum storage storage;
    const char *name;
    struct type *type;
    uint32_t token; /* of its name at the (first) declaration */
    int depth;      /* 0: file scope */
    bool is_async;  /* function */
    bool is_thread_local, is_inline, is_weak, is_register_asm;
    bool cancel_returns; /* async function: bide_cancel_returns */
    bool no_prototype;   /* async function: some declaration has `()` */
    bool is_noreturn;
    /* async function: names of attributes that its generated functions may get; the tokens of
     * deprecated (or unavailable) and of warn_unused_result, 0: none; its asm label */
    struct list attributes;
    uint32_t deprecated, warn_unused;
    uint32_t asm_first, asm_last;
    bool address_taken; /* &x, or x is an array that decays, or a bide form needs its address */
    bool captured;      /* by an async block */
    bool is_scope;      /* of a bide_scope */
    bool has_async_wrapper_call;
    const char *cleanup;            /* __attribute__((cleanup(f))) */
    const char *visibility;         /* "hidden"... or NULL */
    uint32_t attr_first, attr_last; /* attribute lists after its declarator, 0 if none */
    const struct alignment *alignment;
    struct function *function; /* that defines it, or in which the variable lives */
    struct decl *decl;         /* variable: its declaration */
    struct type *named;        /* typedef: its type with the alias set */
    int64_t value;             /* enumerator */
    bool value_known;
    int flow_index; /* warn: number in the function that is looked at */
    /* lower, emit */
    bool in_frame;            /* lives in the frame all the time: printed as frame->NAME */
    bool saved;               /* saved over at least one await */
    const char *c_name;       /* name in the generated code */
    int index;                /* number of the local in its function */
    bool file_async_declared; /* emit: its start function has been declared */
    const char **param_name;  /* emit: members of its arguments */
};

/* ---- syntax tree ---- */

enum expr_kind {
    EX_ERROR,
    EX_NUMBER,
    EX_CHAR,
    EX_STRING, /* one node for adjacent strings */
    EX_IDENT,  /* symbol; NULL: undeclared or a compiler builtin */
    EX_PAREN,  /* a */
    EX_CALL,   /* a (args) */
    EX_INDEX,  /* a[b] */
    EX_MEMBER, /* a.name */
    EX_ARROW,  /* a->name */
    EX_POST,   /* a++ a--: op */
    /* op a: + - ! ~ & * ++ -- and __extension__ __real__ __imag__ (op = P_EXT...) */
    EX_UNARY,
    EX_BINARY,     /* a op b, not && || , */
    EX_LOGIC,      /* a && b, a || b */
    EX_COND,       /* a ? b : c; b NULL: a ?: c */
    EX_COMMA,      /* a, b */
    EX_ASSIGN,     /* a op b; op '=' or P_..._ASSIGN */
    EX_CAST,       /* (to) a */
    EX_COMPOUND,   /* (to){ init } */
    EX_SIZEOF,     /* sizeof / _Alignof; a or to */
    EX_GENERIC,    /* a, args: the selected branch is b */
    EX_STMT,       /* ({ ... }): body */
    EX_LABEL_ADDR, /* &&name */
    EX_OFFSETOF,
    EX_VA_ARG,
    EX_TYPES_COMPATIBLE, /* builtins with type operands: to, a */
    EX_CHOOSE,           /* __builtin_choose_expr(a, args): the selected one is b */
    EX_INIT_LIST,        /* { ... }: args are EX_INIT_ITEM */
    EX_INIT_ITEM,        /* designators (tokens first to before a->first) and value a */
    EX_AWAIT,            /* bide_await a */
    EX_FORM,             /* bide_spawn(...) and the other call-like forms: form, args */
    EX_BLOCK, /* bide_async ({ ... }), or a branch ({ ... }): body; block: its function */
};

enum { OP_EXTENSION = 400, OP_REAL, OP_IMAG, OP_SIZEOF, OP_ALIGNOF };

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

struct expr {
    enum expr_kind kind;
    int op;
    enum form form;
    uint32_t first, last; /* tokens, both inclusive */
    struct type *type;    /* before decay; type_error_ if unknown */
    bool is_lvalue;
    bool has_await;   /* an EX_AWAIT inside that belongs to the same function */
    bool has_stmt;    /* a statement expression inside */
    bool is_constant; /* an integer constant expression whose value is known */
    bool is_ice;      /* an integer constant expression, its value perhaps not known */
    bool is_void;     /* a branch, which was cast to void; the tree does not have the cast */
    uint16_t height;  /* of the tree below it */
    int64_t value;
    struct expr *a, *b, *c;
    struct expr **arg;
    int arg_count;
    struct symbol *symbol;
    const char *name; /* member or label */
    struct member *member;
    struct type *to;
    struct stmt *body;
    struct function *block;
    void *lower; /* the lowering pass's own */
};
/* operator.c: what arithmetic makes of the value of a bit-field; NULL: e is none, or a wide one */
struct type *bit_field_type(struct unit *, const struct expr *);
/* wide_field.c: in gcc, the type of what is computed from a bit-field wider than int; NULL: e is
 * not. `*width`: it is one of so many bits, without a name, and the type can hold it; 0: it is it.
 */
struct type *wide_field_type(struct unit *, const struct expr *, unsigned *width);

enum stmt_kind {
    S_ERROR,
    S_NULL,
    S_EXPR,
    S_COMPOUND,
    S_DECL,
    S_IF,
    S_WHILE,
    S_DO,
    S_FOR,
    S_SWITCH,
    S_CASE,
    S_DEFAULT,
    S_LABEL,
    S_GOTO,
    S_GOTO_COMPUTED,
    S_BREAK,
    S_CONTINUE,
    S_RETURN,
    S_ASM,
    S_DEFER,
    S_SCOPE,
    S_TYPE_DECL, /* a declaration of no variable: tags, _Static_assert, and (in `decl`) typedefs and
                    functions */
};

struct decl {
    struct symbol *symbol;
    /* declaration specifiers, shared by the declarators of a line */
    uint32_t spec_first, spec_last;
    uint32_t first, last; /* declarator with its attributes, without initialiser */
    struct expr *init;    /* NULL: none; EX_INIT_LIST for braces */
    struct tag *defines;  /* tag that the specifiers define, first declarator only */
};

struct stmt {
    enum stmt_kind kind;
    uint32_t first, last;
    uint32_t word; /* the first token behind its attributes */
    bool has_await;
    uint16_t height;            /* of the tree below it */
    struct expr *expr;          /* expression, condition, switch operand, return value, case value;
                             S_ASM: NULL or an EX_INIT_LIST of the operands */
    struct expr *expr2;         /* for: step; case: upper end of a GNU range */
    struct stmt *init;          /* for: S_DECL or S_EXPR or NULL */
    struct stmt *body, *orelse; /* also what a label, case or default stands before: an S_NULL
                                   without tokens (last < first) at the end of a block */
    struct stmt **list;         /* compound */
    int count;
    struct decl **decl; /* S_DECL */
    int decl_count;
    const char *name;     /* label */
    struct symbol *scope; /* S_SCOPE: its variable; expr: where the error goes, or NULL */
    bool is_try;          /* bide_try_scope */
    struct stmt
        *target; /* break, continue: the statement left or continued; goto: the S_LABEL; case,
                             default: the switch */
    struct stmt *parent; /* enclosing statement; NULL: the function's body */
    void *lower;
};
/* primary.c: the statement, behind labels, whose expression is the value of ({ block }), or NULL */
struct stmt *value_statement(const struct stmt *block);

/* `struct x` in a body; the name's token, or 0 for an anonymous one, which is where it is
 * defined. */
struct tag_use {
    uint32_t word, name;
    struct tag *tag;
};

/* A typedef of a block, mentioned in a body. */
struct typedef_use {
    uint32_t token;
    struct symbol *symbol;
};

/* A length in the declaration of a parameter. */
struct length {
    int param;         /* it is evaluated when the parameters before this one are there */
    struct stmt *stmt; /* S_EXPR, without a semicolon */
};

/* A function definition (async or not) whose body was parsed, an async block, or a branch of a join
 * or select that is a statement expression. */
struct function {
    struct symbol *symbol; /* NULL: async block, branch */
    struct type *type;
    struct symbol **param;
    int param_count;
    struct stmt *body;
    bool is_async;
    bool is_main;
    bool is_branch;       /* works on the variables of `outer` */
    bool uses_outer;      /* branch: mentions one that may live in the frame of `outer` */
    bool needs_lowering;  /* async, or has defer, cleanup with defer, or any form in it */
    bool has_await;       /* not counting its blocks */
    uint32_t first, last; /* tokens of the whole definition */
    uint32_t declarator_first, declarator_last;
    struct list lengths;  /* struct length *: what is evaluated when an async function begins */
    struct list locals;   /* struct symbol *: all block-scope variables and parameters */
    struct list labels;   /* struct stmt * (S_LABEL) */
    struct list blocks;   /* struct function *: async blocks inside */
    struct list branches; /* struct function *: branches inside, those of blocks are theirs */
    struct list captures; /* async block: struct symbol * of the enclosing function */
    /* struct expr * (EX_IDENT): every mention of a symbol in the body, also in typeof, sizeof,
     * bounds, attributes and asm; blocks' are theirs */
    struct list idents;
    /* struct expr * (EX_AWAIT and EX_FORM): in operands that are not evaluated */
    struct list dead_awaits;
    struct list refs;         /* struct expr * (FORM_REF) */
    struct list typedef_uses; /* struct typedef_use * */
    struct list tag_uses;     /* struct tag_use *: every struct, union or enum word of the body that
                                   means a tag of a block */
    struct function *outer;   /* async block, branch: the function that it stands in */
    const char *name;         /* of the function, or made up: main_block_1, main_branch_1 */
    struct type *result;      /* also of a block or a branch */
    void *lower;
};

/* Something at file scope that the emitter must know, in order: an async declaration, a function
 * that needs lowering, a bide_ref in a declaration; before such a declaration, what it refers to;
 * and bide_runtime(...), which goes. All other text is copied. */
struct item {
    enum { ITEM_ASYNC_DECL, ITEM_FUNCTION, ITEM_MENTIONS, ITEM_REF, ITEM_RUNTIME } kind;
    uint32_t first, last; /* tokens, `;` or `}` included; ITEM_MENTIONS: none */
    struct list symbols;  /* ITEM_ASYNC_DECL: the functions declared; ITEM_MENTIONS */
    struct function *function;
    struct expr *ref;
    bool in_header; /* not in the main file */
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
    uint32_t line;
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
    int error_count, warning_count;
    bool parse_failed;           /* plain C that was not understood: nothing is emitted */
    uint32_t parse_failed_token; /* where it first happened */
    struct list marks;           /* struct mark * in order */
    struct list pragmas;         /* struct pragma * in order */
    bool has_own_pragmas;        /* some that the user's compiler would not know */
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

/* What emit_layout.c tells of a frame. */
struct frame_part {
    const char *name; /* of the member */
    const char *type; /* NULL: a struct of ours */
    uint32_t token;   /* where it is declared, or the await whose result it takes */
    bool is_slot;     /* that */
};

struct frame_info {
    const char *name, *file; /* of the function, as its descriptor has them */
    uint32_t line;
    uint32_t token; /* of its name; or where the block or branch begins */
    bool is_named;
    struct list parts; /* struct frame_part * */
};

/* ---- source.c: files as they lie on disk, for messages and for `bide emit` ---- */

/* Line `line` (from 1) of `file` without its newline, not terminated; NULL: there is none. Each
 * file is read once. Text given to source_add stands for a file of that name (standard input). */
const char *source_line(struct unit *, const char *file, uint32_t line, size_t *length);
void source_add(struct unit *, const char *file, const char *text, size_t length);

/* ---- reading.c: where the plain reading means something else ---- */

/* Lines of a file. */
struct line_span {
    const char *file;
    uint32_t first, last;
};
bool line_span_has(const struct line_span *, const char *file, uint32_t line);
/* struct line_span *: functions whose flow it does not have; full expressions with an await or a
 * form, whose order it leaves open. */
struct list reading_flows(struct unit *);
struct list reading_orders(struct unit *);
/* And deferred blocks, which run later, with other values. */
struct list reading_deferred(struct unit *);
/* Is it a local variable of a function there? */
bool reading_names_local(struct unit *, const char *name, const struct line_span *);
/* Does the function there name it in a form that gives the plain reading another flow? What forms
 * count: FLOW_... */
enum {
    FLOW_VALUES,  /* guards and spawned calls, where values are lost */
    FLOW_OUTSIDE, /* and deferred blocks, and scopes that the lines are not in */
    FLOW_ALL
};
bool reading_flow_names(struct unit *, const char *name, const struct line_span *, int forms);
/* Is it a local variable of a function there that holds a task or a future? It begins empty. */
bool reading_names_owner(struct unit *, const char *name, const struct line_span *);

/* ---- place.c: where a token stands in the file on disk ---- */

struct spot {
    const char *line; /* the source line, as source_line gives it */
    size_t length;
    uint32_t number;              /* of the line */
    size_t start, width;          /* bytes of the word in it */
    bool is_written;              /* false: the token came from a macro whose name this is */
    const struct line_text *text; /* place_words.c */
};
/* The word that the token was, or of the macro that it came from. False: no such line. */
bool place_of(struct unit *, uint32_t token, struct spot *);
/* Do the tokens stand in the file as they are? Only what is in brackets may come from macros. */
bool place_is_written_out(struct unit *, uint32_t first, uint32_t last);
/* The macro that the token came from; NULL: from none, or it is not known. */
const char *place_macro(struct unit *, uint32_t token);
/* Columns on the screen before that byte of the spot's line. */
size_t place_column(const struct spot *, size_t byte);
/* The column behind the character at that byte, which stands in `column`. */
size_t place_next_column(const char *line, size_t length, size_t byte, size_t column);

/* ---- target.c: facts of the target ---- */

/* Reads unit->target from what <bide/target.h> leaves in unit->text. False: that is not there, and
 * the target is taken for a 64-bit Linux, or it makes no sense. */
bool target_read(struct unit *);

/* lex.c: fills unit->token from unit->text, in which it blanks marks and our own pragmas. */
void lex(struct unit *);
/* unclosed.c: the first parenthesis that is not closed, and the token before which that was due; 0:
 * there is none. */
uint32_t find_unclosed(struct unit *, uint32_t *due);
/* The parser gave up at a word of ours or behind one: says so, or returns false. */
bool report_misplaced(struct unit *);
/* words.c: is the text, of which only the tokens are known, that of an async file? */
bool has_async_code(const struct unit *);
/* Is the name among the tokens? */
bool has_name(const struct unit *, const char *name);
/* print.c: their text, on one line */
char *tokens_text(struct unit *, uint32_t first, uint32_t last);
/* scope.c: which word of C or GNU C an identifier token is (enum keyword in parse.h); 0: none. */
unsigned token_keyword(const struct token *);
/* parse.c (declarations), statement.c, expression.c: fills unit->items and functions. Bodies of
 * functions without async words are skipped unread. Reports async mistakes of form only; where
 * plain
 * C does not parse it gives up on that function or declaration silently (unit->parse_failed is
 * set) and
 * the driver lets the user's compiler say what is wrong. */
void parse(struct unit *);
/* `(*h)(x)` where h is a bide_async_fn, or anything of that shape: the h, else NULL. */
struct expr *called_reference(const struct expr *call);
/* check.c: un-awaited calls, await outside async, ownership, jumps past defer... */
void check(struct unit *);
/* warn.c: what is likely wrong in a file without errors. */
void warn(struct unit *);
/* lower.c, live.c, emit.c: writes the translation unit as plain C. */
void emit(struct unit *, FILE *out);

/* ---- diag.c: messages in the user's compiler's form ----
 * They are kept until diag_flush prints them in the order of their places. error_count and
 * warning_count are right at once. */

enum severity { SEV_NOTE, SEV_WARNING, SEV_ERROR };
/* At a token of the unit: file:line:col: error: ..., the source line and a caret. */
void diag(struct unit *, enum severity, uint32_t token, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for a range of tokens (underlined with ~~~), `option` the -W name or NULL. */
void diag_range(struct unit *, enum severity, uint32_t first, uint32_t last, const char *option,
                const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* A fix-it under the last message: put `text` before the token. */
void diag_fixit_insert(struct unit *, uint32_t token, const char *text);
/* Prints and forgets the kept messages;
 * `diag_drop` only forgets them, and takes the counts back. */
void diag_flush(struct unit *);
void diag_drop(struct unit *);
/* Is there a message of this option, in these lines, that is left to the user's compiler? It does
 * not come any more. */
bool diag_take_held(struct unit *, const char *option, const struct line_span *);
/* The others of this option come now. */
void diag_release(struct unit *, const char *option);
/* Without a place, at once: "bide: error: ...". */
void diag_plain(enum severity, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* From now on diag_plain writes JSON. */
void diag_set_json(void);

/* What diag.c keeps, for diag_json.c. */
struct fixit {
    uint32_t token;
    const char *text;
};

struct message {
    enum severity severity;
    uint32_t first, last;
    uint32_t number; /* in the order of coming */
    const char *option, *text;
    bool was_warning; /* made an error by -Werror */
    bool silent;      /* switched off, and its notes with it */
    bool is_bare;     /* its line has been shown just before */
    bool taken;       /* the user's compiler says it */
    struct list fixits;
    struct list notes; /* struct message * */
};
/* How many bytes of the line are marked from the message's place on. */
size_t diag_mark_length(struct unit *, const struct message *, const struct spot *);
/* Where a fix-it is put in: the bytes in spot->line before it. False: nowhere. */
bool diag_fixit_place(struct unit *, const struct fixit *, struct spot *);
const struct function *diag_function_at(struct unit *, uint32_t token);

/* ---- diag_json.c: messages for programs; docs/diagnostics.md has the form ---- */

void json_string(FILE *, const char *text); /* in quotes */
void json_message(struct unit *, const struct message *, FILE *);
/* A message without a place of ours: a compiler's (file, line and column if known), or a plain one
 * (file NULL). `option` may be NULL. */
void json_plain(const char *severity, const char *file, uint32_t line, uint32_t column,
                const char *text, const char *option, const char *source, FILE *);

/* ---- pragma.c ---- */

/* `#pragma GCC diagnostic ...` (or clang's) in start..end; NULL: it is none. */
struct pragma *pragma_parse(struct arena *, const char *start, const char *end);
bool pragma_is_ours(const struct pragma *); /* it names a warning of bide */

/* ---- warning.c: which warnings there are, and which are wanted ---- */

enum warning_group { WARN_ALWAYS, WARN_ALL, WARN_EXTRA, WARN_NAMED }; /* what turns it on */
struct warning {
    const char *name; /* -Wbide-...; one with a value ends in = */
    enum warning_group group;
    const char *help; /* one line */
};
extern const struct warning warning_table[]; /* ends with a NULL name */
/* 0: off; 1: a warning; 2: an error. `option` without -W, NULL for one that has no name. */
int warning_level(const struct unit *, const char *option, uint32_t token);
/* Of one whose name ends in =: more than this is too much. UINT64_MAX: nothing is. */
uint64_t warning_limit(const struct unit *, const char *option, uint32_t token);
/* Does a flag or a pragma name it? (Of one whose name ends in =.) */
bool warning_is_mentioned(const struct unit *, const char *option);
/* Says which of the user's flags turn on what is no warning of ours. False: one has a bad value. */
bool warning_check_flags(const struct options *);

#endif
