/*
 * The room tree: types, symbols and syntax trees, with the questions that every later room asks.
 *
 * A node knows the tokens that it came from; what does not matter to async code has no nodes. Layout
 * is never computed: the emitter writes sizeof, and types know only what struct target says.
 *
 * Nodes are made by the room parse. Types are immutable once made, but for the completion of arrays
 * and tags.
 */
#ifndef BIDE_COMPILER_TREE_TREE_H
#define BIDE_COMPILER_TREE_TREE_H

#include "compiler/text/text.h"

enum { TYPE_DEPTH_MAX = 200 }; /* when types are compared or printed */

struct decl;
struct stmt;
struct expr;
struct param;

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
    bool is_thread_local, is_inline, is_weak;
    bool cancel_returns; /* async function: bide_cancel_returns */
    bool no_prototype;   /* async function: some declaration has `()` */
    bool is_noreturn;
    /* async function: names of attributes that its generated functions may get; the tokens of
     * deprecated (or unavailable) and of warn_unused_result, 0: none; its asm label */
    struct list attributes;
    uint32_t deprecated, warn_unused;
    uint32_t asm_first, asm_last;
    bool address_taken;     /* &x, or x is an array that decays, or a bide form needs its address */
    bool captured;          /* by an async block */
    bool is_scope;          /* of a bide_scope */
    const char *cleanup;    /* __attribute__((cleanup(f))) */
    const char *visibility; /* "hidden"... or NULL */
    uint32_t attr_first, attr_last; /* attribute lists after its declarator, 0 if none */
    const struct alignment *alignment;
    struct function *function; /* that defines it, or in which the variable lives */
    struct decl *decl;         /* variable: its declaration */
    struct type *named;        /* typedef: its type with the alias set */
    int64_t value;             /* enumerator */
    bool value_known;
    int flow_index; /* warn: number in the function that is looked at */
    /* lower, emit */
    int index;                /* number of the local in its function */
    bool file_async_declared; /* emit: its start function has been declared */
    const char **param_name;  /* emit: members of its arguments */
};

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
};

/* ---- fn_attribute.c ---- */

/* Which of the functions that an async function becomes get an attribute of it. */
enum fn_attribute_place {
    FN_NOWHERE = 0,
    FN_ON_WRAPPER = 1,
    FN_ON_START = 2,
    FN_ON_BODY = 4,
    FN_REFUSED = 8, /* it cannot be an async function's */
    FN_OURS = 16,   /* bide itself heeds it */
};
/* A set of these. */
unsigned fn_attribute_places(const struct token *name);

/* ---- type.c ---- */

extern struct type type_error_[1];
struct type *type_basic(struct unit *, enum type_kind);
struct type *type_pointer(struct unit *, struct type *);
struct type *type_qualified(struct unit *, struct type *, unsigned quals); /* adds quals */
struct type *type_unqualified(struct unit *, struct type *);
bool type_is_integer(const struct type *);
bool type_is_arithmetic(const struct type *);
bool type_is_scalar(const struct type *);
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

/* types.c */
struct type *type_new(struct unit *, enum type_kind);
struct type *type_array(struct unit *, struct type *element, int64_t length);
struct type *type_function(struct unit *, struct type *result);
struct type *type_named(struct unit *, enum type_kind, const char *name);
struct type *type_bits(struct unit *, unsigned bits, bool is_unsigned);
/* Of an integer type in bits; 0: unknown. */
unsigned type_width(struct unit *, const struct type *);
bool type_is_unsigned(struct unit *, const struct type *);
bool type_is_bit_precise(const struct type *);
struct type *type_in_space(struct unit *, struct type *, uint32_t first, uint32_t last);
bool type_is_aggregate(const struct type *);
bool type_is_error(const struct type *);
struct type *type_reference(struct unit *, const struct type *function); /* bide_async_fn */
bool type_is_signed(struct unit *, const struct type *); /* an error can travel in it */

/* ---- print.c ---- */

/* C text of a declaration of `name` (NULL or "": the abstract type) with this type, typedef names
 * kept, block-scope tags under their hoisted names. */
char *type_print(struct unit *, const struct type *, const char *name);

/* ---- ask.c ---- */

/* operator.c: what arithmetic makes of the value of a bit-field; NULL: e is none, or a wide one */
struct type *bit_field_type(struct unit *, const struct expr *);
/* primary.c: the statement, behind labels, whose expression is the value of ({ block }), or NULL */
struct stmt *value_statement(const struct stmt *block);
/* `(*h)(x)` where h is a bide_async_fn, or anything of that shape: the h, else NULL. */
struct expr *called_reference(const struct expr *call);
struct symbol *scope_find(const char *name);                     /* NULL: undeclared */
struct member *tag_member(const struct tag *, const char *name); /* also in anonymous members */
struct expr *skip_parens(struct expr *);
bool is_null_constant(const struct expr *);
struct symbol *called_symbol(const struct expr *call); /* the function that a call names, or NULL */
bool is_async_call(const struct expr *);
/* The variable that an lvalue is a part of, or NULL. */
struct expr *variable_of(struct expr *);

/* ---- walk.c: the children of a node ---- */

/* What is done with a child. True ends the walk at this node: what was looked for has been found. */
typedef bool expr_visit(struct expr *child, void *context);
typedef bool stmt_visit(struct stmt *child, void *context);

/* Visits the operands of an expression: a, b, c, then its arguments. Returns true if a visit did, and
 * false for an expression without operands.
 *
 * All operands are visited, evaluated or not. In EX_GENERIC and EX_CHOOSE, `a` selects and the
 * arguments are the alternatives; the selected one, `b`, is visited once, among the arguments. Walks
 * that follow evaluation treat these two, EX_SIZEOF, EX_OFFSETOF and EX_TYPES_COMPATIBLE themselves.
 * The statements of EX_STMT and EX_BLOCK are in `body`, which is not visited. */
bool expr_each_child(const struct expr *, expr_visit *visit, void *context);

/* Visits the statements and expressions that a statement consists of: its `init`, then `expr`,
 * `expr2` and the initialisers of its declarations, then `body`, `orelse` and the statements of a
 * block. That is neither the order of the text nor that of evaluation. A visit that is NULL leaves its
 * kind of child out. Returns true if a visit did. */
bool stmt_each_child(const struct stmt *, expr_visit *visit_expr, stmt_visit *visit_stmt,
                     void *context);

/* ---- wide_field.c ---- */

/* wide_field.c: in gcc, the type of what is computed from a bit-field wider than int; NULL: e is
 * not. `*width`: it is one of so many bits, without a name, and the type can hold it; 0: it is it.
 */
struct type *wide_field_type(struct unit *, const struct expr *, unsigned *width);

#endif
