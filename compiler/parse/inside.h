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
#ifndef BIDE_COMPILER_PARSE_INSIDE_H
#define BIDE_COMPILER_PARSE_INSIDE_H

#include "compiler/parse/parse.h"

#include <setjmp.h>

struct scope;

enum {
    /* Statements, expressions and declarators inside each other. The parser calls itself for each
     * level, a dozen functions deep. */
    NEST_MAX = 500,
    /* The height of a tree, which a chain of operators, labels or else-ifs makes without nesting. All
     * later passes walk trees by recursion: at this height they need less than 4 MiB of stack. */
    HEIGHT_MAX = 10000,
};

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
static inline void nest_leave(struct parser *p)
{
    p->nest--;
}

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

/* declarator.c */
struct declarator {
    const char *name; /* NULL: abstract */
    uint32_t name_token;
    uint32_t first;
    struct type *type;
    struct attributes attr; /* lists inside it, `first` and `last` not among that */
};
enum declarator_kind { DECL_NAMED, DECL_ABSTRACT, DECL_EITHER };

/* ---- parse.c ---- */

/* parse.c */
_Noreturn void fail(struct parser *);
void expect(struct parser *, unsigned punct);
void expect_keyword(struct parser *, unsigned keyword);
void nest_enter(struct parser *); /* fails, with a message, when too deep */
void check_height(struct parser *,
                  int height); /* of a tree; fails, with a message, when too high */
/* At an opening bracket: after the closing one. Fails at the end of the file. */
void skip_balanced(struct parser *);
/* True if one of these tokens has NAME_ASYNC. */
bool mentions_async(struct unit *, uint32_t first, uint32_t last);

/* These tokens, which are not parsed, mention names only for their types. */
void note_type_mentions(struct parser *, uint32_t first, uint32_t last);

/* An item for a bide_ref at file scope, and one before its declaration for what it refers to. */
void item_reference(struct parser *, struct expr *ref, struct symbol *);

/* ---- constant.c ---- */

/* constant.c: folds e after its operands and type are set */
void fold(struct parser *, struct expr *);
int64_t constant_convert(struct unit *, const struct type *, int64_t);

/* ---- scope.c ---- */

void scope_enter(struct parser *);
void scope_leave(struct parser *);
void scope_leave_to(struct parser *, struct scope *);
struct symbol *symbol_new(struct parser *, enum symbol_kind, const char *name, struct type *,
                          uint32_t token);
void scope_bind(struct parser *, struct symbol *);                 /* in the innermost scope */
struct symbol *scope_find_here(struct parser *, const char *name); /* in the innermost scope only */
struct tag *tag_find(const char *name);
struct tag *tag_find_here(struct parser *, const char *name);
struct tag *tag_new(struct parser *, enum type_kind, const char *name);
/* The depth of the innermost scope that the names in these tokens belong to. */
int tokens_depth(struct unit *, uint32_t first, uint32_t last);
struct symbol *typedef_at(struct token *); /* the typedef that an identifier names, or NULL */

/* ---- attribute.c ---- */

void parse_attributes(struct parser *, struct attributes *);     /* none, one or several lists */
void parse_gnu_attributes(struct parser *, struct attributes *); /* only __attribute__ */
/* Adds copies. */
void alignment_add(struct arena *, const struct alignment **to, const struct alignment *);
bool at_attribute(struct parser *);
/* Attributes and an asm label, in any order, as they follow a declarator. */
void parse_declarator_tail(struct parser *, struct attributes *);
struct type *attributes_apply(struct parser *, const struct attributes *, struct type *);

/* ---- fn_attribute.c ---- */

/* fn_attribute.c: the attributes of an async function, among these tokens of a declaration */
void note_fn_attributes(struct parser *, struct symbol *, uint32_t first, uint32_t last);

/* ---- declaration.c ---- */

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

/* ---- declarator.c ---- */

void parse_declarator(struct parser *, struct type *base, enum declarator_kind,
                      struct declarator *);
struct type *parse_type_name(struct parser *);
void note_param_alignment(struct parser *, struct param *, const struct specifiers *,
                          const struct attributes *);
struct type *adjust_parameter(struct parser *, struct type *);

/* ---- tag.c ---- */

/* tag.c */
struct type *parse_struct(struct parser *, struct attributes *);
struct type *parse_enum(struct parser *, struct attributes *);
struct type *tag_type(struct parser *, struct tag *);

/* ---- owner_type.c ---- */

struct type *type_owner(struct parser *, const char *tag, struct type *result);

/* ---- literal.c ---- */

/* literal.c */
void number_value(struct parser *, struct expr *);
void char_value(struct parser *, struct expr *);
void string_type(struct parser *, struct expr *);

/* ---- operator.c ---- */

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

/* ---- expression.c ---- */

/* expression.c */
struct expr *parse_expression(struct parser *);
struct expr *parse_assignment(struct parser *);
struct expr *parse_cast(struct parser *);
struct expr *parse_constant(struct parser *);         /* a conditional expression, unevaluated */
void parse_arguments(struct parser *, struct list *); /* after `(`, up to and with `)` */

/* ---- primary.c ---- */

/* primary.c */
struct expr *parse_primary(struct parser *);
struct expr *parse_statement_expression(struct parser *, uint32_t first);
struct expr *parse_string(struct parser *);

/* ---- builtin.c ---- */

/* builtin.c */
struct type *builtin_result(struct parser *, const char *name, struct expr **arg, int count);
bool builtin_is_constant(const char *name);

/* ---- initializer.c ---- */

/* initializer.c */
struct expr *parse_initializer(struct parser *, struct type **type); /* completes an array [] */

/* ---- form.c ---- */

/* form.c */
struct expr *parse_await(struct parser *);
struct expr *parse_form(struct parser *, enum form);
void note_drop(struct parser *, struct expr *);
struct expr *parse_async_block(struct parser *);
void note_capture(struct parser *, struct expr *ident);

/* ---- branch.c ---- */

/* branch.c */
/* Of a form that has just been read. */
void take_branches(struct parser *, struct expr *form);

/* ---- statement.c ---- */

/* statement.c */
struct stmt *parse_compound(struct parser *); /* in a scope of its own */
struct stmt *stmt_new(struct parser *, enum stmt_kind, uint32_t first);
struct stmt *stmt_close(struct parser *, struct stmt *);
void resolve_labels(struct parser *, struct function *, uint32_t first_goto);

#endif
