/*
 * The room tree: types, symbols and syntax trees, with the questions about them that every later
 * room asks.
 *
 * It requires tokens: a node knows the tokens that it came from. The room parse makes the nodes,
 * but no nodes for text that does not matter to async code. Later rooms change only their own
 * members (`lower`, `flow_index`...).
 *
 * Types are immutable once made, except that arrays and tags are completed. Layout is never
 * computed: the emitter writes sizeof, and types know only what struct target says.
 */
#ifndef BIDE_COMPILER_TREE_TREE_H
#define BIDE_COMPILER_TREE_TREE_H

#include "compiler/text/text.h"

struct decl;
struct stmt;
struct expr;
struct param;

/* ---- types ---- */

enum { TYPE_DEPTH_MAX = 200 }; /* how deep types are compared, printed and searched */

/* Qualifiers. */
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
    /* An anonymous tag is printed by what was declared with it: a variable or typedef, or a member
     * of another tag. NULL: none. */
    struct symbol *witness;
    struct tag *outer;
    struct member *outer_member;
    struct type *enum_type;   /* the integer type of an enum */
    int depth;                /* 0: file scope; else declared in a block */
    uint32_t first, last;     /* tokens of the definition, from `struct` to `}` and attributes */
    const char *hoisted_name; /* lower: moved to file scope under this name */
};

struct type {
    enum type_kind kind;
    uint8_t quals;
    const char *name;     /* TY_FLOATN, TY_BUILTIN, TY_BITINT */
    struct symbol *alias; /* the typedef that it was written with, for printing; or NULL */
    struct type *base;    /* of a pointer, array, complex or vector; a function's result */
    struct tag *tag;      /* struct, union, enum */

    /* array; `length` also of a vector, and the width of a _BitInt */
    bool incomplete;                    /* [] */
    bool variable;                      /* variably modified: of variable length, or made of such */
    int64_t length;                     /* -1: not known */
    uint32_t length_first, length_last; /* tokens of the length, 0: none */

    /* function */
    struct param *param;
    int param_count;
    bool variadic, oldstyle, is_async;

    /* The list of attributes that makes it this type and is printed with it; 0: none. */
    uint32_t attr_first, attr_last;
    bool of_elements; /* vector: ext_vector_type, whose size counts elements */
    bool of_block;    /* pointer: clang's `^` */
    /* The address space of its objects: tokens of address_space(N) or __seg_gs; 0: none. */
    uint32_t space_first, space_last;
};

struct param {
    const char *name;  /* NULL: none */
    struct type *type; /* adjusted: arrays and functions are pointers */
    uint32_t name_token;
    /* struct expr *: the lengths in its declaration that are not constants. They are parsed outside
     * the function, so only their tokens are of use. */
    struct list *lengths;
    const struct alignment *alignment; /* of the variable */
};

/* ---- symbols ---- */

enum symbol_kind { SYM_VAR, SYM_PARAM, SYM_FUNCTION, SYM_TYPEDEF, SYM_ENUMERATOR };
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
    bool is_thread_local, is_inline, is_weak, is_noreturn;
    const char *visibility;         /* "hidden"... or NULL */
    uint32_t attr_first, attr_last; /* attribute lists after its declarator; 0: none */
    const struct alignment *alignment;
    struct function *function; /* that defines it, or in which the variable lives */

    /* function */
    bool is_async;
    bool cancel_returns;          /* async: bide_cancel_returns */
    bool no_prototype;            /* async: some declaration has `()` */
    struct list attributes;       /* async: tokens of the attributes that its functions may get */
    uint32_t deprecated;          /* async: token of deprecated or unavailable; 0: none */
    uint32_t warn_unused;         /* async: token of warn_unused_result; 0: none */
    uint32_t asm_first, asm_last; /* async: its asm label; 0: none */

    /* variable */
    bool address_taken;  /* by &x, by an array that decays, or because a form needs it */
    bool captured;       /* by an async block */
    bool is_scope;       /* of a bide_scope */
    const char *cleanup; /* __attribute__((cleanup(f))) */
    struct decl *decl;   /* its declaration */

    struct type *named; /* typedef: its type with the alias set */
    int64_t value;      /* enumerator */
    bool value_known;

    int flow_index; /* warn: its number in the function that is looked at */
    /* lower, emit */
    const char **param_name; /* emit: members of its arguments */
};

/* ---- expressions ---- */

enum expr_kind {
    EX_NONE, /* a place in the text, and nothing else */
    EX_NUMBER,
    EX_CHAR,
    EX_STRING, /* one node for adjacent strings */
    EX_IDENT,  /* symbol; NULL: undeclared, or a builtin function */
    EX_PAREN,  /* a */
    EX_CALL,   /* a (args) */
    EX_INDEX,  /* a[b] */
    EX_MEMBER, /* a.name */
    EX_ARROW,  /* a->name */
    EX_POST,   /* a++ a--: op */
    /* op a: + - ! ~ & * ++ -- and __extension__ __real__ __imag__ (OP_EXTENSION...) */
    EX_UNARY,
    EX_BINARY,           /* a op b, not && || , */
    EX_LOGIC,            /* a && b, a || b */
    EX_COND,             /* a ? b : c; b NULL: a ?: c */
    EX_COMMA,            /* a, b */
    EX_ASSIGN,           /* a op b; op '=' or P_..._ASSIGN */
    EX_CAST,             /* (to) a */
    EX_COMPOUND,         /* (to){ init } */
    EX_SIZEOF,           /* sizeof, _Alignof: a or to */
    EX_GENERIC,          /* _Generic(a, args): the selected one is b, NULL: not known */
    EX_STMT,             /* ({ ... }): body */
    EX_LABEL_ADDR,       /* &&name */
    EX_OFFSETOF,         /* to; the subscripts are args */
    EX_VA_ARG,           /* a, to; also __builtin_convertvector and __builtin_bit_cast */
    EX_TYPES_COMPATIBLE, /* to; also __builtin_has_attribute */
    EX_CHOOSE,           /* __builtin_choose_expr(a, args): as EX_GENERIC */
    EX_INIT_LIST,        /* { ... }: args are EX_INIT_ITEM */
    EX_INIT_ITEM,        /* a, after op designators (the tokens before it); value: of an index */
    EX_AWAIT,            /* bide_await a */
    EX_FORM,             /* bide_spawn(...) and the other call-like forms: form, args; a: the
                            name of the task that it makes, or NULL */
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
    bool is_ice;      /* an integer constant expression; its value may be unknown */
    bool is_void;     /* a branch that was cast to void; the tree does not have the cast */
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
    void *lower; /* lower's own */
};

/* ---- statements ---- */

enum stmt_kind {
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
    S_TYPE_DECL, /* without variables: tags, _Static_assert; in `decl` typedefs and functions */
};

struct decl {
    struct symbol *symbol;
    uint32_t spec_first, spec_last; /* the specifiers, shared by all declarators of a declaration */
    uint32_t first, last;           /* the declarator with its attributes, without initialiser */
    struct expr *init;              /* NULL: none; EX_INIT_LIST for braces */
    struct tag *defines;            /* that the specifiers define; only of the first declarator */
};

struct stmt {
    enum stmt_kind kind;
    uint32_t first, last; /* tokens, both inclusive */
    uint32_t word;        /* the first token after its attributes */
    bool has_await;
    uint16_t height;     /* of the tree below it */
    struct stmt *parent; /* the enclosing statement; NULL: it is the function's body */

    /* Expression, condition, operand of switch, value of return or case; of S_ASM: NULL, or an
     * EX_INIT_LIST of the operands; of S_SCOPE: where the error goes, or NULL. */
    struct expr *expr;
    struct expr *expr2; /* for: step; case: upper end of a GNU range */
    struct stmt *init;  /* for: S_DECL, S_EXPR or NULL */
    /* Also the statement after a label, case or default; at the end of a block that is an S_NULL
     * without tokens (last < first). */
    struct stmt *body, *orelse;

    struct stmt **list; /* S_COMPOUND */
    int count;
    struct decl **decl; /* S_DECL, S_TYPE_DECL */
    int decl_count;

    const char *name;     /* label, goto */
    struct symbol *scope; /* S_SCOPE: its variable */
    bool is_try;          /* S_SCOPE: bide_try_scope */
    bool is_locked;       /* S_COMPOUND: a bide__with, without braces */
    /* break, continue: the statement that is left or continued; goto: the S_LABEL; case, default:
     * the switch. */
    struct stmt *target;

    void *lower; /* lower's own */
};

/* ---- functions ---- */

/* A struct, union or enum specifier in a body that means a tag of a block. */
struct tag_use {
    uint32_t word;
    uint32_t name; /* token of the name; 0: the specifier defines an anonymous tag */
    struct tag *tag;
};

/* A mention of a typedef of a block in a body. */
struct typedef_use {
    uint32_t token;
    struct symbol *symbol;
};

/* A length in the declaration of a parameter, which is evaluated on entry. */
struct length {
    int param;         /* number of the parameter: it is evaluated after those before it */
    struct stmt *stmt; /* S_EXPR, without a semicolon */
};

/* A value that belongs to one thread, in an async function. */
struct thread_value {
    const char *name, *type;     /* for messages; the name of a result is that of the function */
    const struct symbol *symbol; /* NULL: a result, or a value of which no variable is made */
    uint32_t token;              /* where it is declared, or begins */
    const struct expr *from;     /* what the variable got, and */
    const char *why;             /* why that belongs to the thread; NULL: the type is marked */
    const struct expr *await; /* over which it is held; NULL: it is a parameter, capture, result */
    bool is_result;
};

/* A function definition (async or not) whose body was parsed, an async block, or a branch of a join
 * or select that is a statement expression. */
struct function {
    struct symbol *symbol; /* NULL: async block, branch */
    const char *name;      /* also of a block or a branch: main_block_1, main_branch_1 */
    struct type *type;
    struct type *result; /* also of a block or a branch */
    struct symbol **param;
    int param_count;
    struct stmt *body;
    struct function *outer; /* async block, branch: the function that contains it */
    bool is_async;
    bool is_main;
    bool is_branch;       /* works on the variables of `outer` */
    bool uses_outer;      /* branch: mentions a variable that may live in the frame of `outer` */
    bool needs_lowering;  /* async, or has defer, cleanup with defer, or any form in it */
    bool has_await;       /* outside its blocks */
    uint32_t first, last; /* tokens of the whole definition */
    uint32_t declarator_first, declarator_last;

    /* What is gathered from its text. Async blocks and branches inside it have their own lists. */
    struct list lengths;  /* struct length * */
    struct list locals;   /* struct symbol *: parameters and all variables of blocks */
    struct list labels;   /* struct stmt * (S_LABEL) */
    struct list blocks;   /* struct function *: async blocks */
    struct list branches; /* struct function * */
    struct list captures; /* async block: struct symbol * of the enclosing functions */
    /* struct expr * (EX_IDENT): every mention of a symbol, also in typeof, sizeof, lengths,
     * attributes and asm */
    struct list idents;
    /* struct expr * (EX_AWAIT and EX_FORM): in operands that are not evaluated */
    struct list dead_awaits;
    struct list refs;         /* struct expr * (FORM_REF) */
    struct list typedef_uses; /* struct typedef_use * */
    struct list tag_uses;     /* struct tag_use * */

    struct list thread_values; /* warn: struct thread_value *: async: that belong to one thread */
};

/* Something at file scope that the emitter does not just copy. */
struct item {
    enum {
        ITEM_ASYNC_DECL, /* a declaration of async functions */
        ITEM_FUNCTION,   /* a function that needs lowering */
        ITEM_REF,        /* a bide_ref in a declaration */
        ITEM_MENTIONS,   /* no tokens; before a declaration with ITEM_REF: what that refers to */
        ITEM_RUNTIME,    /* bide_runtime(...), which is left out */
    } kind;
    uint32_t first, last;      /* tokens, `;` or `}` included */
    struct list symbols;       /* struct symbol *: ITEM_ASYNC_DECL, ITEM_MENTIONS */
    struct function *function; /* ITEM_FUNCTION */
    struct expr *ref;          /* ITEM_REF */
};

/* ---- type.c: making, comparing and converting types ---- */

extern struct type type_error_[1];

/* New types, and a type made from another. */
struct type *type_new(struct unit *, enum type_kind);
struct type *type_basic(struct unit *, enum type_kind); /* shared; void, arithmetic, or error */
struct type *type_bits(struct unit *, unsigned bits, bool is_unsigned); /* integer of that width */
struct type *type_named(struct unit *, enum type_kind, const char *name);
struct type *type_pointer(struct unit *, struct type *);
struct type *type_array(struct unit *, struct type *element, int64_t length);
struct type *type_function(struct unit *, struct type *result);
struct type *type_reference(struct unit *, const struct type *function);   /* bide_async_fn */
struct type *type_qualified(struct unit *, struct type *, unsigned quals); /* adds quals */
struct type *type_unqualified(struct unit *, struct type *);               /* nor in a space */
struct type *type_in_space(struct unit *, struct type *, uint32_t first, uint32_t last);

bool type_is_error(const struct type *);
bool type_is_integer(const struct type *);
bool type_is_arithmetic(const struct type *);
bool type_is_scalar(const struct type *);
bool type_is_aggregate(const struct type *);
bool type_is_bit_precise(const struct type *);
bool type_is_unsigned(struct unit *, const struct type *);
bool type_is_signed(struct unit *, const struct type *); /* negative errors fit in it */
unsigned type_width(struct unit *, const struct type *); /* bits of an integer; 0: not known */
bool type_has_const_member(const struct type *); /* so that it cannot be assigned as a whole */

bool type_compatible(const struct type *, const struct type *); /* ISO C 6.2.7 */
struct type *type_decay(struct unit *, struct type *); /* the type of the value of an object */
struct type *type_promote(struct unit *, struct type *);
struct type *type_usual(struct unit *, struct type *, struct type *); /* arithmetic conversions */

/* `bide_task(T)` or `bide_future(T)`, known by their structure: the T, else NULL. */
struct type *type_task_result(const struct type *);
struct type *type_future_result(const struct type *);
/* Of a set of this tag: the result of its children. NULL: it is no such set. */
struct type *type_set_result(const struct type *, const char *tag);
struct type *type_map_key(const struct type *); /* of a bide_task_map(K, T), otherwise NULL */
bool type_is_owner(const struct type *);        /* a task or a future */
bool type_holds_owner(const struct type *);     /* an owner, or an array of owners */
bool type_holds_future(const struct type *);    /* a future, or an array of futures */
/* `bide_async_fn(T, P...)`, or any pointer to a const pointer to a function: that function's type,
 * else NULL. It is_async when the type was written with bide_async_fn. */
struct type *type_reference_target(const struct type *);

/* ---- print.c: types as C ---- */

/* A declaration of `name` with this type (NULL or "": the type alone). Typedef names of file scope
 * are kept; block-scope tags have their hoisted names. */
char *type_print(struct unit *, const struct type *, const char *name);

/* ---- ask.c: questions about nodes and names ---- */

struct symbol *scope_find(const char *name);                     /* NULL: undeclared */
struct member *tag_member(const struct tag *, const char *name); /* also in anonymous members */

struct expr *skip_parens(struct expr *); /* and __extension__ */
bool is_null_constant(const struct expr *);
/* The function that a call names, or NULL. */
struct symbol *called_symbol(const struct expr *call);
/* A function's name in messages. A function of the library may be called by a macro of its public
 * name, as bide__mutex_lock by bide_mutex_lock; then the user has written the latter. */
const char *said_name(struct arena *, const char *name);
bool is_async_call(const struct expr *);
/* `(*h)(x)` where h is a bide_async_fn, or anything of that shape: the h, else NULL. */
struct expr *called_reference(const struct expr *call);
/* The type of a function, or of a pointer to one, whose parameters are declared; NULL: `t` is
 * none. */
struct type *type_callable(struct unit *, struct type *t);
/* The variable that an lvalue is a part of, or NULL. */
struct expr *variable_of(struct expr *);
/* The statement, after its labels, whose expression is the value of ({ block }), or NULL. */
struct stmt *value_statement(const struct stmt *block);
/* The type that arithmetic sees in the value of a bit-field; NULL: e is not a bit-field, or it is
 * wider than int. */
struct type *bit_field_type(struct unit *, const struct expr *);

/* ---- wide_field.c: bit-fields wider than int ---- */

/* In gcc, the type of a value that is computed from a bit-field wider than int; NULL: e is not
 * such a value. `*width` is the bit count when the type has no C name; 0 when the returned type is
 * exact. */
struct type *wide_field_type(struct unit *, const struct expr *, unsigned *width);

/* ---- walk.c: the children of a node ---- */

/* Called for each child. True ends the walk at this node: the child that was looked for has been
 * found. */
typedef bool expr_visit(struct expr *child, void *context);
typedef bool stmt_visit(struct stmt *child, void *context);

/* Visits the operands of an expression: a, b, c, then its arguments. Returns true if a visit did,
 * and false for an expression without operands.
 *
 * All operands are visited, evaluated or not. In EX_GENERIC and EX_CHOOSE, `a` selects and the
 * arguments are the alternatives; the selected one, `b`, is visited once, among the arguments.
 * Walks that follow evaluation treat these two, EX_SIZEOF, EX_OFFSETOF and EX_TYPES_COMPATIBLE
 * themselves. The statements of EX_STMT and EX_BLOCK are in `body`, which is not visited. */
bool expr_each_child(const struct expr *, expr_visit *visit, void *context);

/* Visits the statements and expressions that a statement consists of: its `init`, then `expr`,
 * `expr2` and the initialisers of its declarations, then `body`, `orelse` and the statements of a
 * block. That is neither the order of the text nor that of evaluation. A visit that is NULL leaves
 * its kind of child out. Returns true if a visit did. */
bool stmt_each_child(const struct stmt *, expr_visit *visit_expr, stmt_visit *visit_stmt,
                     void *context);

/* ---- fn_attribute.c: attributes of async functions ---- */

/* Which of the functions that an async function becomes get an attribute of it. */
enum fn_attribute_place {
    FN_NOWHERE = 0,
    FN_ON_WRAPPER = 1,
    FN_ON_START = 2,
    FN_ON_BODY = 4,
    FN_REFUSED = 8, /* an async function cannot have it */
    FN_OURS = 16,   /* bide itself obeys it */
};
/* A set of these. */
unsigned fn_attribute_places(const struct token *name);

#endif
