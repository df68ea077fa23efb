/*
 * What the files of the back end share: scan, lower*, live, frame, output, emit*.
 *
 * One function at a time is lowered, then printed. Lowering walks the tree in source order and
 * appends to a *code*: a row of pieces, most of which print (text of ours, tokens of the user's)
 * and some of which only tell the flow of control and of values (use, def, label, jump...). So one
 * row is both the output and the flow graph: live.c reads it to learn what each suspension must
 * save, and what must live in the frame instead; only then is it printed, and a variable printed by
 * its place.
 *
 * An expression with awaits is split: `prepare` appends what must run before, and hangs on the
 * nodes that were dealt with (expr->lower) the code that stands for their value; `copy_expr` then
 * prints the expression with these put in. Everything else is the user's tokens, copied.
 *
 * Invariants: a tree is lowered once. Nothing outside these files reads expr->lower, stmt->lower,
 * function->lower, or the fields of a symbol marked lower/emit.
 */
#ifndef BIDE_COMPILER_LOWER_LOWER_H
#define BIDE_COMPILER_LOWER_LOWER_H

#include "compiler/parse/parse.h"

struct lower;

struct var {
    struct lower *home;      /* the function that has it */
    struct symbol *symbol;   /* NULL: made up */
    const char *name;        /* in the generated function */
    const char *member;      /* in the frame */
    const char *arg;         /* parameter: in the arguments */
    struct type *type;       /* as declared; NULL: unknown, __auto_type */
    struct type *frame_type; /* of the member */
    uint32_t token;          /* to complain at */
    uint32_t index;          /* in lower->vars */
    /* live.c follows it; else it is in the frame or never live at an await */
    bool tracked;
    bool in_frame;     /* lives in the frame all the time */
    bool saved;        /* saved and loaded over at least one await */
    bool used;         /* some piece mentions it */
    bool is_read;      /* some piece uses its value */
    bool is_param;     /* or a capture */
    bool by_address;   /* a capture that is the enclosing function's static variable */
    bool is_shared;    /* branches mention it */
    bool is_shown;     /* there is a copy of its name for the debugger */
    bool is_owner;     /* bide_task(T), bide_future(T), or an array of them */
    bool is_scope;     /* of a bide_scope: the address of its member in the frame */
    unsigned bits;     /* a value of so many bits of its type (wide_field.c); 0: of all */
    struct stmt *stmt; /* that declares it; is_scope: the scope */
    struct link *link; /* what releases or cleans it at the end of its scope */
};

enum piece_kind {
    /* print */
    PC_TEXT,      /* text; '\n' begins a line in the pretty form, a blank in the other */
    PC_TOKENS,    /* the user's tokens first..last */
    PC_SYNC,      /* a statement begins at token first: what follows is on its line */
    PC_VAR,       /* var, wherever it lives */
    PC_SEEN,      /* a variable that is perhaps only assigned: compilers shall not mind */
    PC_TEMP,      /* begins `T var = ` or `frame->var = `; its value follows */
    PC_TYPE,      /* thing: a type, declaring `text`; printed late, for its tag may move */
    PC_DECLARE,   /* `T var;`, unless that is in the frame */
    PC_TYPE_DECL, /* a declaration of no variable */
    PC_DECL,      /* a declaration of the user's */
    PC_PARAM,     /* loads a parameter from the arguments */
    PC_FOR_OPEN,  /* `for (` with its declaration, which may need a block round the loop */
    PC_FOR_CLOSE, /* the end of that block */
    PC_SELECTOR,  /* the declaration of a scope's selector, if that is read */
    PC_SELECT,    /* `selector = first;`, if it is read */
    PC_SHOW,      /* copies for the debugger of what is in the frame; thing: its declaration */
    PC_SUSPEND,   /* saves, state, return, resume label, loads; and a suspension in the flow */
    /* flow only */
    PC_USE,
    PC_DEF,
    PC_TOUCH, /* defines a part */
    PC_MAYBE, /* defines it, or leaves it as it was */
    PC_KILL,  /* begins its life without a value */
    PC_LABEL,
    PC_JUMP,
    PC_BRANCH, /* may go to the label, or on */
    PC_END,
};

/* Of PC_LABEL: the label of a user or of a loop's head, where a jump may yet come to. */
enum { LABEL_OPEN = 1 };

struct piece {
    enum piece_kind kind;
    uint32_t first, last; /* tokens; first: flow label, last: LABEL_OPEN or 0 */
    const char *text;
    struct var *var;
    void *thing; /* suspend, declaration, defers */
};

struct code {
    struct piece *piece;
    uint32_t count, room;
};

/* A declaration statement, or one declarator of it, with its initialisers as codes. */
struct declaration {
    struct stmt *stmt;
    int from, count; /* declarators */
    struct code **init;
};

struct suspend {
    uint32_t state; /* from 1 */
    uint32_t token; /* of the await */
    uint32_t line;
    bool shielded;
    bool has_more; /* a statement follows the loads */
    const char *label;
    /* live here, filled by live.c: saved, then those that are tracked and in the frame */
    struct var **live;
    uint32_t live_count, held_count;
};

enum exit_kind { EXIT_RETURN, EXIT_UNWIND, EXIT_BREAK, EXIT_CONTINUE, EXIT_GOTO };

/* A way out of a scope with deferred blocks: where to go when they have run. */
struct exit {
    enum exit_kind kind;
    struct stmt *target; /* loop, switch or label */
    struct link *to;     /* the blocks still due there */
    int value;           /* of the selector */
};

/* The deferred blocks of one scope. They share a selector; each runs into the one before it. */
struct defers {
    struct link *last;
    struct var *selector;
    struct exit *exit;
    int exit_count, exit_room;
    bool is_read; /* the selector */
};

/* One block that is due, in a list from the innermost outwards. */
struct link {
    struct link *outer;
    struct defers *scope;
    struct stmt *defer;    /* a bide_defer statement; or */
    struct stmt *waits;    /* a bide_scope; or */
    struct symbol *symbol; /* a variable with a cleanup, or an owner */
    const char *label;
    uint32_t flow;
    bool is_target; /* something jumps to the label */
    bool in_block;  /* what follows in the scope is in a block of its own */
};

/* expr->lower */
struct expr_info {
    struct code *code;    /* what stands for its value, or for the object; NULL: itself */
    bool is_object;       /* compound literal: its address is needed */
    struct var *literal;  /* and it lives in the frame */
    bool is_value;        /* last of a statement expression */
    struct var *value_to; /* the same, when it stores to a temporary */
    bool unused;          /* its value is dropped */
    bool is_converted;    /* it goes to an object of its type, so needs no cast */
    bool has_address;     /* its temporary is one in the frame */
};

/* stmt->lower */
struct stmt_info {
    struct link *links; /* due where the statement begins */
    struct link *defer; /* S_DEFER, S_SCOPE: its own */
    struct defers *scope;
    uint32_t flow_break, flow_continue, flow_label;
    const char *continue_label; /* set while the loop's body is lowered, if `continue` must jump */
    bool continue_used;
    struct list cases; /* S_SWITCH */
    /* a block; shadow.c */
    struct block_names *names; /* what it declares; NULL: not asked for yet */
    uint32_t last_hiding;      /* its last declaration that hides a variable further out; 0: none */
};

enum subst_kind { SUBST_NONE, SUBST_VAR, SUBST_TEXT, SUBST_SKIP };

struct subst {
    enum subst_kind kind;
    struct var *var;
    const char *text;
};

struct span {
    uint32_t first, last; /* tokens */
    uint32_t read;        /* of an await: the last token of the expression that takes its value */
};

/* A member of the frame for results of awaits. */
struct slot {
    const char *name;
    const char *declaration; /* of the member */
    struct type *type;       /* NULL: a struct of ours */
    struct list uses;        /* struct span *: the awaits that have it */
};

/* What must not be aligned to more than BIDE_ALIGN_MAX. */
struct limit {
    uint32_t token;
    const char *of;   /* a type, or an lvalue */
    const char *what; /* of the user's */
};

struct callee {
    const char *name; /* of its descriptor, without bide__desc_ */
    unsigned group;
};

/*
 * A function and what lowering has made of it. The rooms frame and emit read it; what lowering alone
 * needs hangs on `at` and `work`, which are its own.
 */
struct lower {
    struct unit *unit;
    struct arena *arena;
    struct function *fn;
    struct lower *outer; /* of a branch: the function whose variables it works on */
    const char *name;    /* of the function, for generated names */
    /* how the generated function calls these */
    const char *cx, *frame, *args, *func, *outer_name;
    bool is_async;
    bool unwinds;        /* has something due at some await */
    bool returns;        /* bide_cancel_returns */
    bool uses_func_name; /* __func__ */
    /* lower_finish: it has parameters, captures or an outer frame; and its body reads some of them */
    bool has_args, uses_args;
    bool has_release; /* emit: a function that releases the owners among its arguments */

    struct code *head;    /* declarations at the beginning of the body */
    struct code *body;    /* then the statements */
    uint32_t flow_labels; /* so many are in the codes */
    struct list vars;     /* struct var *: the user's, then those that were made up */
    struct list suspends; /* struct suspend * */
    struct list slots;    /* struct slot * */
    struct var *returned; /* the result while deferred blocks run; NULL: there is no result */
    struct subst *subst;  /* by token - fn->first: what is printed in its place */

    /* what goes round the body, in this order */
    struct list async_decls; /* struct symbol *: async functions declared in a block */
    struct list hoisted;     /* struct tag *: types of blocks that go to file scope */
    struct list helpers;     /* struct code *: definitions that go before the function */
    struct list branches;    /* struct function *: they go between the frame and the body */
    struct list tables;      /* struct code *: definitions that go behind the branches */
    struct list limits;      /* struct limit *, for emit/limit.c */
    struct list callees;     /* struct callee *: of the descriptor */

    struct position *at; /* private to lower */
    struct work *work;   /* private to lower */
};

/* ---- code.c ---- */

/* NULL: not a variable of the function, nor for a branch of those round it */
struct var *var_of(struct lower *, const struct symbol *);

/* ---- name.c ---- */

struct symbol *file_symbol(struct symbol *fn); /* of file scope, for one declared in a block */
const char *null_text(const struct unit *);

const char *param_name(struct unit *, struct symbol *fn, int i);
const char *file_text(struct unit *, uint32_t token); /* its file, for a string literal */
/* A condition that is true of a type whose alignment does not follow from its size. */
const char *result_aligned_text(struct lower *, struct type *result);
const char *result_flag_text(struct lower *, struct type *result); /* " | ..." or "" */

/* ---- scan.c ---- */

/* The token is in the block of which v is a local: v may have a value there. */
bool is_in_scope(const struct lower *, const struct var *, uint32_t token);
/* The await that begins at the token, to the last place that it may run at; all, if none does. */
struct span await_at(struct lower *, uint32_t token);
/* From its declaration, or the beginning of its block, to the last place that the end of the block
 * may run at. */
struct span life_of(struct lower *, const struct var *);
/* ---- shadow.c ---- */

/* Another variable or type has v's name at the token. */
bool is_shadowed(struct lower *, const struct var *, uint32_t token);

/* ---- owner.c ---- */

const char *release_name(const struct type *owner); /* the function that drops it */

/* ---- form.c ---- */

/* What bide_ref(f) becomes. */
const char *reference_text(struct unit *, const struct expr *ref);

/* ---- stmt.c ---- */

bool is_label_decl(struct lower *, const struct stmt *); /* __label__ a, b; */

/* ---- hoist.c ---- */

/* The type with the enums of blocks replaced by their integer types; `depth` is 0. */
struct type *outer_type(struct lower *, struct type *, int depth);
bool has_flexible_end(const struct type *);              /* may only be the last of a struct */
struct type *file_type(struct lower *, struct type *);   /* that may be printed at file scope */
bool type_may_align(struct unit *, const struct type *); /* perhaps to more than 8 bytes */
bool needs_cast(const struct type *);    /* a pointer to it is no void * by itself */
bool type_is_const(const struct type *); /* cannot be assigned: itself, its elements or a member */

/* ---- limit.c ---- */

void note_limit(struct lower *, uint32_t token, const char *of, const char *what);

/* ---- alignment.c ---- */

/* alignment.c: what stands before the declaration, at file scope, of a member for a variable of the
 * type; symbol NULL: for the type alone. NULL: it cannot be said there. */
const char *alignment_text(struct lower *, const struct symbol *, const struct type *);

/* ---- lower.c ---- */

/* Scans and lowers the function; `outer`: of a branch, the function that it stands in, else NULL. */
struct lower *lower_function(struct unit *, struct function *, struct lower *outer);
/* When its frame is laid out: finds what its arguments are and what its tokens become. */
void lower_finish(struct lower *);

/* ---- branch.c ---- */

/* What must be known of an async block or a branch before the functions round it are lowered. */
void capture_statics(struct unit *, struct function *);
void study_branch(struct unit *, struct function *);

#endif
