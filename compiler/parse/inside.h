/*
 * Private to the room parse: the state of the parser, and what its files have of each other.
 *
 * The parser is recursive descent over unit->token. It gives types to expressions as it goes,
 * since typeof and sizeof need them at once. It builds no trees for text that does not matter to
 * async code: initialisers at file scope and bodies of functions without a word of the language
 * are skipped. A construct that it does not understand ends in `fail`, which leaves the current
 * declaration or function without a message.
 *
 * Over each function that reads a production stands its grammar: "x" is a token, x? is optional, x*
 * and x+ repeat, | separates alternatives, and a name is the production that parse_NAME reads.
 */
#ifndef BIDE_COMPILER_PARSE_INSIDE_H
#define BIDE_COMPILER_PARSE_INSIDE_H

#include "compiler/parse/parse.h"

#include <setjmp.h>

struct scope;

enum {
    /* Statements, expressions and declarators inside each other. The parser calls itself for each
     * level, a dozen functions deep. */
    NEST_MAX = 500,
    /* The height of a tree, which a chain of operators, labels or else-ifs makes without nesting.
     * All later passes walk trees by recursion: here they need less than 4 MiB of stack. */
    HEIGHT_MAX = 10000,
};

struct parser {
    struct unit *unit;
    struct arena *arena; /* the unit's */
    struct token *token; /* the unit's */
    uint32_t pos;        /* the token that is read next */
    int nest;            /* see NEST_MAX */
    int unevaluated;     /* how many operands of sizeof, typeof... it is inside */

    struct scope *scope; /* the innermost */
    int depth;           /* of that scope; 0: file scope */

    struct function *function; /* that is being parsed; NULL at file scope */
    struct stmt *parent;       /* the innermost enclosing statement */
    struct stmt *loop;         /* what `continue` means */
    struct stmt *breakable;    /* what `break` means */
    struct stmt *switch_;      /* what `case` belongs to */
    struct list gotos;         /* struct stmt *: resolved at the function's end */
    int block_count;           /* async blocks seen in the outermost function */
    int branch_count;          /* and branches that are statement expressions */

    struct list *lengths;     /* struct expr *: of the parameter that is being declared; or NULL */
    struct tag *last_defined; /* by the specifiers that are being parsed */
    uint32_t external;        /* first token of the current declaration at file scope */
    struct item *mentions;    /* of that declaration, or NULL */

    uint32_t resume; /* where to go on after a failure; 0: after the declaration */
    jmp_buf *fail;
};

/* ---- the next token ---- */

static inline struct token *peek(struct parser *p)
{
    return &p->token[p->pos];
}

static inline struct token *peek_next(struct parser *p)
{
    return &p->token[p->pos + (p->token[p->pos].kind != TK_EOF)];
}

static inline unsigned peek_keyword(struct parser *p)
{
    return token_keyword(peek(p));
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

/* ---- parse.c: the translation unit; failing and skipping ---- */

/* Gives up on the current declaration or function, without a message. */
_Noreturn void fail(struct parser *);
/* Takes this token, or fails. */
void expect(struct parser *, unsigned punct);
void expect_keyword(struct parser *, unsigned keyword);

/* Called round every recursive step. Fails, with a message, beyond NEST_MAX. */
void nest_enter(struct parser *);
static inline void nest_leave(struct parser *p)
{
    p->nest--;
}
/* Fails, with a message, for a tree that is higher than HEIGHT_MAX. */
void check_height(struct parser *, int height);

/* Skips from an opening bracket to the token after the closing one. Fails at the end of the
 * file. */
void skip_balanced(struct parser *);
/* True if one of these tokens has NAME_ASYNC. */
bool mentions_async(struct unit *, uint32_t first, uint32_t last);
/* Notes that in these tokens, which are not parsed, only the types of the names matter. */
void note_type_mentions(struct parser *, uint32_t first, uint32_t last);
/* Adds an item for a bide_ref at file scope, and an item before its declaration for the function
 * that it refers to. */
void item_reference(struct parser *, struct expr *ref, struct symbol *);

/* ---- scope.c: what names mean ---- */

void scope_enter(struct parser *);
void scope_leave(struct parser *);
void scope_leave_to(struct parser *, struct scope *);

struct symbol *symbol_new(struct parser *, enum symbol_kind, const char *name, struct type *,
                          uint32_t token);
void scope_bind(struct parser *, struct symbol *); /* in the innermost scope */
/* The symbol of the innermost scope with this name, or NULL. (scope_find looks in all scopes.) */
struct symbol *scope_find_here(struct parser *, const char *name);
struct symbol *typedef_at(struct token *); /* the typedef that an identifier names, or NULL */

struct tag *tag_new(struct parser *, enum type_kind, const char *name);
struct tag *tag_find(const char *name);
struct tag *tag_find_here(struct parser *, const char *name);

/* The depth of the innermost scope that a name in these tokens belongs to. */
int tokens_depth(struct unit *, uint32_t first, uint32_t last);

/* ---- attribute.c: attributes and asm labels ---- */

struct attributes {
    uint32_t first, last; /* the lists after a declarator; 0: none */
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

bool at_attribute(struct parser *);
void parse_attributes(struct parser *, struct attributes *);
void parse_gnu_attributes(struct parser *, struct attributes *); /* not [[...]] */
/* Attributes and an asm label, in any order, after a declarator. */
void parse_declarator_tail(struct parser *, struct attributes *);
/* The type that `t` becomes by the attributes that make another type: mode, vector_size... */
struct type *attributes_apply(struct parser *, const struct attributes *, struct type *t);
/* Adds copies of `from` and all that follow it. */
void alignment_add(struct arena *, const struct alignment **to, const struct alignment *from);

/* ---- fn_attribute.c: the attributes of async functions ---- */

/* Notes the attributes among these tokens of a declaration of an async function. */
void note_fn_attributes(struct parser *, struct symbol *, uint32_t first, uint32_t last);

/* ---- declaration.c: specifiers, and declarations in blocks ---- */

struct specifiers {
    uint32_t first, last;
    uint32_t async_token; /* 0: not async */
    uint32_t mark_token;  /* bide_cancel_returns; 0: none */
    struct type *type;    /* NULL for __auto_type */
    unsigned auto_quals;  /* the qualifiers of __auto_type */
    struct tag *defines;  /* the tag whose definition is among them, or NULL */
    enum storage storage;
    bool is_inline, is_thread_local, implicit_int;
    struct attributes attr;
};

bool at_declaration(struct parser *); /* of specifiers, or of _Static_assert */
bool starts_type(struct token *);
void parse_specifiers(struct parser *, struct specifiers *);
void parse_static_assert(struct parser *);
struct stmt *parse_block_declaration(struct parser *);
/* Reports `async` where it means nothing: "WHAT cannot be async". */
void refuse_async(struct parser *, const struct specifiers *, const char *what);
/* Adds the facts of one declaration to its symbol. */
void symbol_apply(struct parser *, struct symbol *, const struct specifiers *,
                  const struct attributes *);
/* The function that a declaration without a body declares, or that a definition defines. */
struct symbol *declare_function(struct parser *, const struct specifiers *, struct type *,
                                const char *name, uint32_t token, const struct attributes *);

/* ---- declarator.c: declarators and type names ---- */

struct declarator {
    const char *name; /* NULL: abstract */
    uint32_t name_token;
    uint32_t first;
    struct type *type;
    struct attributes attr; /* of the lists inside it; `first` and `last` do not cover these */
};
enum declarator_kind { DECL_NAMED, DECL_ABSTRACT, DECL_EITHER };

void parse_declarator(struct parser *, struct type *base, enum declarator_kind,
                      struct declarator *);
struct type *parse_type_name(struct parser *);
/* An array or a function as the type of a parameter is a pointer. */
struct type *adjust_parameter(struct parser *, struct type *);
void note_param_alignment(struct parser *, struct param *, const struct specifiers *,
                          const struct attributes *);

/* ---- tag.c: struct, union and enum ---- */

/* The attributes are those of the specifier. */
struct type *parse_struct(struct parser *, struct attributes *);
struct type *parse_enum(struct parser *, struct attributes *);
struct type *tag_type(struct parser *, struct tag *); /* a new type with this tag */

/* ---- initializer.c ---- */

/* Completes a type `[]`. */
struct expr *parse_initializer(struct parser *, struct type **type);

/* ---- statement.c: statements and labels ---- */

struct stmt *parse_compound(struct parser *); /* in a scope of its own */
/* A new statement becomes p->parent until stmt_close, which sets what follows from its parts. */
struct stmt *stmt_new(struct parser *, enum stmt_kind, uint32_t first);
struct stmt *stmt_close(struct parser *, struct stmt *);
/* Gives the gotos from p->gotos[first] on their labels, and forgets them. */
void resolve_labels(struct parser *, struct function *, uint32_t first);

/* ---- expression.c: operators ---- */

struct expr *parse_expression(struct parser *);
struct expr *parse_assignment(struct parser *);
struct expr *parse_cast(struct parser *);
struct expr *parse_constant(struct parser *);         /* unevaluated */
void parse_arguments(struct parser *, struct list *); /* after `(` */

/* ---- primary.c: operands ---- */

struct expr *parse_primary(struct parser *);
struct expr *parse_statement_expression(struct parser *, uint32_t first);
struct expr *parse_string(struct parser *);

/* ---- form.c: the words of the language in expressions ---- */

struct expr *parse_await(struct parser *);
struct expr *parse_form(struct parser *, enum form);
struct expr *parse_async_block(struct parser *);
/* Notes that an expression drops a future, for which an async function awaits. */
void note_drop(struct parser *, struct expr *);
/* Notes that an identifier may be a variable outside the async block that contains it. */
void note_capture(struct parser *, struct expr *ident);

/* ---- branch.c: branches that are statement expressions ---- */

/* Makes a function of each such branch of a form that has just been read. */
void take_branches(struct parser *, struct expr *form);

/* ---- operator.c: nodes and their types ---- */

struct expr *expr_new(struct parser *, enum expr_kind, uint32_t first);
/* Sets the members that follow from the operands: `last`, `height`, `has_await`..., the value. */
void expr_close(struct parser *, struct expr *);

struct expr *make_binary(struct parser *, enum expr_kind, int op, struct expr *, struct expr *);
struct expr *make_unary(struct parser *, int op, uint32_t first, struct expr *);
struct expr *make_conditional(struct parser *, struct expr *, struct expr *, struct expr *);
struct expr *make_assign(struct parser *, int op, struct expr *, struct expr *);
struct expr *make_index(struct parser *, struct expr *, struct expr *);
struct expr *make_member(struct parser *, struct expr *, bool arrow, const char *name);

struct type *value_type(struct parser *, struct expr *); /* after decay, before promotion */
/* Notes that e is read: the address of an array that decays is taken. */
void use_value(struct parser *, struct expr *e);
void take_address(struct parser *, struct expr *e); /* notes &e */

/* ---- constant.c: values of constant expressions ---- */

void fold(struct parser *, struct expr *); /* once operands and type are set */
int64_t constant_convert(struct unit *, const struct type *, int64_t);

/* ---- literal.c: type and value of a literal ---- */

void number_value(struct parser *, struct expr *);
void char_value(struct parser *, struct expr *);
void string_type(struct parser *, struct expr *);

/* ---- builtin.c: the compilers' builtin functions ---- */

struct type *builtin_result(struct parser *, const char *name, struct expr **arg, int count);
bool builtin_is_constant(const char *name); /* a call may be in a constant expression */

#endif
