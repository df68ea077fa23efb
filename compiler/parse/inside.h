/*
 * What the files of the parser share (lex.c to check.c). Other parts of the compiler need at most
 * the keywords.
 *
 * The parser is recursive descent over unit->token, and gives types to expressions as it goes, for
 * typeof and sizeof need them at once. It builds no tree for what does not matter to async code:
 * initialisers at file scope and bodies of functions without a word of the language in them are
 * skipped. Whatever it does not understand ends in `fail`, which leaves the current declaration or
 * function; nothing is printed then.
 */
#ifndef BIDE_PARSE_H
#define BIDE_PARSE_H

#include "compiler/tree/tree.h"

#include <setjmp.h>

/* ---- names: what an interned string carries ---- */

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

struct binding;

/* Stands before the text of every interned string. */
struct name {
    struct name *next; /* of the same hash */
    struct binding *symbol;
    struct binding *tag;
    uint32_t hash;
    uint32_t length;
    uint16_t keyword;
    uint16_t flags;
    char text[];
};

static inline struct name *name_of(const char *interned)
{
    return (struct name *)(void *)((char *)(uintptr_t)interned - offsetof(struct name, text));
}

/* ---- the parser ---- */

enum {
    NEST_MAX = 500,       /* of statements, expressions and declarators inside each other */
    HEIGHT_MAX = 1000,    /* of a tree: a chain of operators, or of else-ifs, of this length */
    TYPE_DEPTH_MAX = 200, /* when types are compared or printed */
};

struct scope;

struct parser {
    struct unit *unit;
    struct arena *arena;
    struct token *token;
    uint32_t pos;
    int nest;
    int unevaluated;           /* inside sizeof, typeof... */
    struct scope *scope;       /* innermost */
    int depth;                 /* its depth, 0: file scope */
    struct function *function; /* being parsed; NULL at file scope */
    struct stmt *parent;       /* innermost enclosing statement */
    struct stmt *loop;         /* what continue means */
    struct stmt *breakable;
    struct stmt *switch_;
    struct list gotos;        /* struct stmt *, resolved at the function's end */
    struct list *lengths;     /* struct expr *: of the parameter that is being declared; or NULL */
    struct tag *last_defined; /* by the specifiers that are being parsed */
    int block_count;          /* async blocks seen in the outermost function */
    int branch_count;         /* and branches that are statement expressions */
    uint32_t external;        /* first token of the current declaration at file scope */
    struct item *mentions;    /* of the current declaration, or NULL */
    uint32_t resume;          /* where to go on after a failure; 0: to be found */
    jmp_buf *fail;
};

static inline struct token *peek(struct parser *p)
{
    return &p->token[p->pos];
}

static inline struct token *peek_next(struct parser *p)
{
    return &p->token[p->pos + (p->token[p->pos].kind != TK_EOF)];
}

static inline unsigned keyword_at(struct token *t)
{
    return t->kind == TK_IDENT ? name_of(t->text)->keyword : KW_NONE;
}

static inline unsigned peek_keyword(struct parser *p)
{
    return keyword_at(peek(p));
}

/* Only punctuators have a `punct` that is not 0. */
static inline bool at(struct parser *p, unsigned punct)
{
    return peek(p)->punct == punct;
}

static inline void advance(struct parser *p)
{
    p->pos += peek(p)->kind != TK_EOF;
}

static inline bool accept(struct parser *p, unsigned punct)
{
    if (!at(p, punct))
        return false;
    p->pos++;
    return true;
}

static inline bool accept_keyword(struct parser *p, unsigned keyword)
{
    if (peek_keyword(p) != keyword)
        return false;
    p->pos++;
    return true;
}

static inline bool keyword_is_specifier(unsigned k)
{
    return k >= KW_VOID && k <= KW_ASYNC;
}

/* parse.c */
_Noreturn void fail(struct parser *);
void expect(struct parser *, unsigned punct);
void expect_keyword(struct parser *, unsigned keyword);
void nest_enter(struct parser *); /* fails, with a message, when too deep */
static inline void nest_leave(struct parser *p)
{
    p->nest--;
}
_Noreturn void fail_too_deep(struct parser *);
/* At an opening bracket: after the closing one. Fails at the end of the file. */
void skip_balanced(struct parser *);
/* True if one of these tokens has NAME_ASYNC. */
bool mentions_async(struct unit *, uint32_t first, uint32_t last);

/* These tokens, which are not parsed, mention names only for their types. */
void note_type_mentions(struct parser *, uint32_t first, uint32_t last);

/* An item for a bide_ref at file scope, and one before its declaration for what it refers to. */
void item_reference(struct parser *, struct expr *ref, struct symbol *);

/* scope.c */
void names_init(struct arena *, const struct target *);
void scope_enter(struct parser *);
void scope_leave(struct parser *);
void scope_leave_to(struct parser *, struct scope *);
struct symbol *symbol_new(struct parser *, enum symbol_kind, const char *name, struct type *,
                          uint32_t token);
void scope_bind(struct parser *, struct symbol *);                 /* in the innermost scope */
struct symbol *scope_find(const char *name);                       /* NULL: undeclared */
struct symbol *scope_find_here(struct parser *, const char *name); /* in the innermost scope only */
struct tag *tag_find(const char *name);
struct tag *tag_find_here(struct parser *, const char *name);
struct tag *tag_new(struct parser *, enum type_kind, const char *name);
/* The depth of the innermost scope that the names in these tokens belong to. */
int tokens_depth(struct unit *, uint32_t first, uint32_t last);
struct symbol *typedef_at(struct token *); /* the typedef that an identifier names, or NULL */

/* attribute.c */
struct attributes {
    uint32_t first, last; /* lists after a declarator, 0 if none */
    const struct alignment *alignment;
    uint32_t vector_first, vector_last; /* the list with vector_size */
    uint32_t space_first, space_last;   /* the list with address_space, or __seg_gs */
    const char *cleanup, *visibility, *mode;
    struct expr *vector_size;
    bool vector_of_elements; /* ext_vector_type: the size counts elements */
    bool matrix;             /* clang's matrix_type */
    bool weak, packed, noreturn;
    bool overloadable; /* clang's: one name, several types */
};
void parse_attributes(struct parser *, struct attributes *);     /* none, one or several lists */
void parse_gnu_attributes(struct parser *, struct attributes *); /* only __attribute__ */
bool attribute_is(const struct token *, const char *name);       /* `name` or `__name__` */
/* Adds copies. */
void alignment_add(struct arena *, const struct alignment **to, const struct alignment *);
bool at_attribute(struct parser *);
/* Attributes and an asm label, in any order, as they follow a declarator. */
void parse_declarator_tail(struct parser *, struct attributes *, bool *asm_label);
struct type *attributes_apply(struct parser *, const struct attributes *, struct type *);

/* fn_attribute.c: the attributes of an async function, among these tokens of a declaration */
void note_fn_attributes(struct parser *, struct symbol *, uint32_t first, uint32_t last);

/* declaration.c */
struct specifiers {
    uint32_t first, last;
    uint32_t async_token; /* 0: not async */
    uint32_t mark_token;  /* bide_cancel_returns; 0: none */
    struct type *type;    /* NULL for __auto_type */
    unsigned auto_quals;  /* those of __auto_type */
    struct tag *defines;
    enum storage storage;
    bool is_inline, is_thread_local, implicit_int;
    struct attributes attr;
};
bool at_declaration(struct parser *); /* of declaration specifiers, or _Static_assert */
bool starts_type(struct token *);
void parse_specifiers(struct parser *, struct specifiers *);
void refuse_async(struct parser *, const struct specifiers *, const char *what);
void parse_static_assert(struct parser *);
struct symbol *declare_function(struct parser *, const struct specifiers *, struct type *,
                                const char *name, uint32_t token, const struct attributes *);
struct stmt *parse_block_declaration(struct parser *);
void symbol_apply(struct parser *, struct symbol *, const struct specifiers *,
                  const struct attributes *);

/* declarator.c */
struct declarator {
    const char *name; /* NULL: abstract */
    uint32_t name_token;
    uint32_t first, last;
    struct type *type;
    struct attributes attr; /* lists inside it, `first` and `last` not among that */
};
enum declarator_kind { DECL_NAMED, DECL_ABSTRACT, DECL_EITHER };
void parse_declarator(struct parser *, struct type *base, enum declarator_kind,
                      struct declarator *);
struct type *parse_type_name(struct parser *);
void note_param_alignment(struct parser *, struct param *, const struct specifiers *,
                          const struct attributes *);
struct type *adjust_parameter(struct parser *, struct type *);

/* tag.c */
struct type *parse_struct(struct parser *, struct attributes *);
struct type *parse_enum(struct parser *, struct attributes *);
struct type *tag_type(struct parser *, struct tag *);
struct member *tag_member(const struct tag *, const char *name); /* also in anonymous members */

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
struct type *type_owner(struct parser *, const char *tag, struct type *result);

/* literal.c */
void number_value(struct parser *, struct expr *);
void char_value(struct parser *, struct expr *);
void string_type(struct parser *, struct expr *);

/* constant.c: folds e after its operands and type are set */
void fold(struct parser *, struct expr *);
int64_t constant_convert(struct unit *, const struct type *, int64_t);

/* operator.c: nodes with their types */
const struct member *bit_field_of(const struct unit *, const struct expr *);
struct expr *expr_new(struct parser *, enum expr_kind, uint32_t first);
void expr_close(struct parser *, struct expr *); /* last, height, has_... from the operands */
struct type *value_type(struct parser *, struct expr *); /* after decay, promotion not included */
void use_value(struct parser *, struct expr *); /* e is read; an array that decays has its address
                                                   taken */
void take_address(struct parser *, struct expr *); /* &e */
struct expr *make_binary(struct parser *, enum expr_kind, int op, struct expr *, struct expr *);
struct expr *make_unary(struct parser *, int op, uint32_t first, struct expr *);
struct expr *make_conditional(struct parser *, struct expr *, struct expr *, struct expr *);
struct expr *make_assign(struct parser *, int op, struct expr *, struct expr *);
struct expr *make_index(struct parser *, struct expr *, struct expr *);
struct expr *make_member(struct parser *, struct expr *, bool arrow, const char *name);
struct expr *skip_parens(struct expr *);
bool is_null_constant(const struct expr *);

/* expression.c */
struct expr *parse_expression(struct parser *);
struct expr *parse_assignment(struct parser *);
struct expr *parse_cast(struct parser *);
struct expr *parse_constant(struct parser *);         /* a conditional expression, unevaluated */
void parse_arguments(struct parser *, struct list *); /* after `(`, up to and with `)` */

/* primary.c */
struct expr *parse_primary(struct parser *);
struct expr *parse_statement_expression(struct parser *, uint32_t first);
struct expr *parse_string(struct parser *);

/* builtin.c */
struct type *builtin_result(struct parser *, const char *name, struct expr **arg, int count);
bool builtin_is_constant(const char *name);

/* initializer.c */
struct expr *parse_initializer(struct parser *, struct type **type); /* completes an array [] */

/* form.c */
struct expr *parse_await(struct parser *);
struct expr *parse_form(struct parser *, enum form);
void note_drop(struct parser *, struct expr *);
struct expr *parse_async_block(struct parser *);
/* Says that no async block can be in an operand that is not evaluated: it is printed as it is. */
void refuse_blocks(struct unit *, struct expr *);
const char *form_name(enum form);
void note_capture(struct parser *, struct expr *ident);

/* branch.c */
/* Of a form that has just been read. */
void take_branches(struct parser *, struct expr *form);

/* statement.c */
struct stmt *parse_compound(struct parser *); /* in a scope of its own */
struct stmt *stmt_new(struct parser *, enum stmt_kind, uint32_t first);
struct stmt *stmt_close(struct parser *, struct stmt *);
void resolve_labels(struct parser *, struct function *, uint32_t first_goto);

/* ---- checks ---- */

/* What becomes of the value of an expression. */
enum use {
    USE_VALUE,
    USE_CALLED,  /* the left side of a call */
    USE_AWAITED, /* the operand of await */
    USE_BRANCH,  /* of join, select... */
    USE_STARTED, /* in bide_spawn or bide_block_on */
};

struct checker {
    struct unit *unit;
    struct function *function;     /* NULL: an initialiser at file scope */
    int await_loops;               /* enclosing loops that have an await */
    bool in_length;                /* of a parameter, where nothing can await */
    uint32_t last_await;           /* where it ends */
    struct list allocas;           /* struct expr *: calls of alloca */
    const struct stmt *value_stmt; /* the last of a statement expression: its value */
};

/* check.c */
void check_expr(struct checker *, struct expr *, enum use);
struct symbol *called_symbol(const struct expr *call); /* the function that a call names, or NULL */
bool is_async_call(const struct expr *);
/* The user's compiler is to say what is wrong here. */
void give_up(struct checker *, uint32_t token);
void note_declared(struct checker *, const struct symbol *);

/* check_stack.c */
/* Something awaits, in an async function, that is done with this token. */
void note_await(struct checker *, uint32_t token);
void check_stack_use(struct checker *, struct expr *call);
void check_allocas(struct checker *); /* at the function's end */

/* check_form.c */
void check_await(struct checker *, struct expr *);
void check_form(struct checker *, struct expr *, enum use);
/* False: `what` is in a function that is not async, which has been said. */
bool can_await(struct checker *, uint32_t token, const char *what);

/* ownership.c */
enum transfer { TO_VARIABLE, TO_ARGUMENT, TO_RESULT };
void check_transfer(struct checker *, struct expr *, enum transfer);
/* An operator or a condition only looks at e, which nobody could let go of then. */
void refuse_lost_owner(struct checker *, struct expr *);
/* e goes to an object of type `to`. */
void check_owner_type(struct checker *, const struct type *to, struct expr *e);
void check_store(struct checker *, struct expr *object);
void check_captures(struct checker *, struct function *block);
/* The variable that an lvalue is a part of, or NULL. */
struct expr *variable_of(struct expr *);

/* check.c: the value of the call goes; `at` is what is marked */
void check_dropped_call(struct checker *, const struct expr *at, const struct expr *call);
/* check_scope.c */
void check_scope_copy(struct checker *, struct expr *, enum transfer);
void check_scope_store(struct checker *, struct expr *object);
void check_scope_address(struct checker *, const struct expr *address);
void check_scope_form(struct checker *, struct expr *form);
/* `started`: the call or block of a bide_spawn or bide_scope_spawn. */
void check_borrows(struct checker *, const struct expr *form, struct expr *started);
/* Says what a variable, a member or an element holds the address of, or NULL. */
struct lender {
    struct expr *(*held)(void *context, struct expr *);
    void *context;
};
/* The local variable (or compound literal) that a value holds the address of, as far as its
 * expression and the lender (NULL: none) say; or NULL. */
struct expr *borrowed_object(struct expr *, const struct lender *);
/* -Wbide-borrow: `at` is what the task of the form gets. */
void report_borrow(struct unit *, const struct expr *at, const struct expr *object,
                   const struct expr *form);
/* The same if the object ends before the form's scope; false: it does not. */
bool report_inner_borrow(struct unit *, const struct expr *form, const struct expr *at,
                         const struct expr *object);

/* jump.c */
void check_jumps(struct unit *, struct function *);

#endif
