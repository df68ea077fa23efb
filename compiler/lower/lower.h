/*
 * The room lower: one function at a time, from its tree to a row of pieces.
 *
 * It requires a checked function without errors, and for a branch the lowered function round it. It
 * establishes a `struct lower`: the body as a *code*, the function's variables, suspensions and
 * result slots, and the definitions that go round the body. The room frame then decides where each
 * variable lives, and emit prints the pieces.
 *
 * A code is a row of *pieces*. Most of them print (generated text, the user's tokens); some only
 * tell the flow of control and of values (use, def, label, jump...). So one row is both the output
 * and the flow graph. frame/live.c reads the flow to find what each suspension must save. Only
 * after that is it known whether a variable is printed as `a` or as `frame->a`, so nothing is
 * printed earlier.
 *
 *     async int sum(int n)
 *     {
 *         int a = n + 1;
 *         a += await half(a * 2);
 *         return a;
 *     }
 *
 *     what is printed                                             what flows
 *
 *     PARAM n          int n = args->n;                           DEF n
 *     DECL             int a = n + 1;                             USE n, DEF a
 *     TEXT             if (bide__start_half(cx, &frame->h,
 *                          &frame->result_half,
 *     TOKENS           a * 2                                      USE a
 *     TEXT             ) == BIDE_PENDING) {
 *     SUSPEND 1        frame->a = a;                              a is live here: it is saved
 *                      frame->h.state = 1;                        and loaded; n is not
 *                      return BIDE_PENDING;
 *       - - - - - - - - - - - - the await splits the function here - - - - - - - - - - - -
 *                  resume_1:
 *                      a = frame->a;
 *     TEXT             }
 *     TOKENS           a +=                                       USE a
 *     TEXT             frame->result_half;                        DEF a
 *     TEXT             *(int *)bide_frame_result(...) =
 *     TOKENS           a                                          USE a
 *     TEXT             ; return bide_frame_finish(...);           END
 *
 * An expression with awaits is split. `prepare` appends the code that must run first. On each node
 * that it has handled it hangs the code for the node's value (here `frame->result_half`).
 * `copy_expr` then copies the expression with these codes in place of the nodes. Everything else is
 * the user's tokens.
 *
 * The passes, in order:
 *
 *     scan.c            variables, awaits, which variables need an address, deferred blocks
 *     stmt.c, expr.c... the walk that appends the pieces
 *     (frame)           where the variables live
 *     tokens.c          what the user's tokens become: moved types, __func__, references
 *
 * A tree is lowered once. Only this room reads expr->lower and stmt->lower.
 */
#ifndef BIDE_COMPILER_LOWER_LOWER_H
#define BIDE_COMPILER_LOWER_LOWER_H

#include "compiler/parse/parse.h"

struct lower;

/* ---- variables ---- */

struct var {
    struct symbol *symbol; /* NULL: lowering made it up */
    struct lower *home;    /* its function */
    uint32_t index;        /* in home->vars */
    uint32_t token;        /* where messages about it point */
    const char *name;      /* in the generated function */
    const char *arg;       /* parameter or capture: its member in the arguments */
    struct type *type;     /* as declared; NULL: not known (__auto_type) */
    unsigned bits;         /* the width of a wide bit-field's value; 0: all bits of its type */
    struct stmt *stmt;     /* its declaration; is_scope: the bide_scope; NULL: it has neither */
    struct link *link;     /* what releases it or calls its cleanup at the end of its block */
    bool is_param;         /* or a capture */
    bool by_address;       /* a capture: a pointer to a static variable of an enclosing function */
    bool is_shared;        /* branches mention it */
    bool address_taken;    /* something may point to it */
    bool is_owner;         /* bide_task(T), bide_future(T), or an array of them */
    bool is_scope;         /* of a bide_scope: the address of its member in the frame */
    bool used;             /* some piece mentions it */
    bool is_read;          /* some piece uses its value */

    /* where it lives */
    bool tracked;            /* frame/live.c decides; otherwise scan.c has decided */
    bool in_frame;           /* in the frame all the time */
    bool saved;              /* saved and loaded over at least one await */
    const char *member;      /* of the frame */
    struct type *frame_type; /* of that member */
};

/* ---- codes ---- */

enum piece_kind {
    /* printed */
    PC_TEXT,      /* text; '\n' begins a line in the pretty form and is a blank in the other */
    PC_TOKENS,    /* the user's tokens first..last */
    PC_SYNC,      /* a statement begins at token first: what follows is on its line */
    PC_VAR,       /* var, as it is written where it lives */
    PC_SEEN,      /* suppresses the warning for a variable that is perhaps only assigned */
    PC_TEMP,      /* `T var = ` or `frame->var = `; the value follows */
    PC_TYPE,      /* thing: a type, declaring `text`; printed late, since its tag may move */
    PC_DECLARE,   /* `T var;`, unless var is in the frame */
    PC_TYPE_DECL, /* thing: a declaration without variables */
    PC_DECL,      /* thing: a struct declaration */
    PC_PARAM,     /* loads a parameter from the arguments */
    PC_FOR_OPEN,  /* `for (` with its declaration, which may need a block round the loop */
    PC_FOR_CLOSE, /* the end of that block */
    PC_SELECTOR,  /* thing: the defers whose selector is declared, if it is read */
    PC_SELECT,    /* `selector = first;`, if the selector is read */
    /* copies of what is in the frame, for the debugger, at the token `first`, on the line of the
     * token `last` (0: as it is); thing: the statement before */
    PC_SHOW,
    PC_SHOW_ELSE, /* the same in an `else` */
    PC_SUSPEND,   /* saves, state, return, resume label, loads; and a suspension in the flow */
    /* flow of values */
    PC_USE,
    PC_DEF,
    PC_TOUCH, /* defines a part */
    PC_MAYBE, /* defines it or leaves it as it was */
    PC_KILL,  /* its life begins, without a value */
    /* flow of control */
    PC_LABEL,
    PC_JUMP,
    PC_BRANCH, /* goes to the label or on */
    PC_END,
};

/* PC_LABEL: jumps to it may follow later in the code. */
enum { LABEL_OPEN = 1 };

struct piece {
    enum piece_kind kind;
    uint32_t first, last; /* tokens; or first: a flow label, last: LABEL_OPEN or 0 */
    const char *text;
    struct var *var;
    void *thing; /* by kind */
};

struct code {
    struct piece *piece;
    uint32_t count, room;
    struct reach *reach; /* private to reach.c */
};

/* PC_DECL, PC_FOR_OPEN: some declarators of a declaration statement. */
struct declaration {
    struct stmt *stmt;
    int from, count;    /* of stmt->decl */
    struct code **init; /* of each of them; NULL: it has no initialiser */
};

/* PC_SUSPEND. */
struct suspend {
    uint32_t state; /* from 1 */
    uint32_t token; /* of the await */
    uint32_t line;
    bool shielded;     /* in a deferred block */
    bool has_more;     /* a statement follows the loads */
    const char *label; /* where it resumes */
    /* frame/live.c: the variables that are live here; first `live_count` that are saved, then
     * `held_count` that live in the frame */
    struct var **live;
    uint32_t live_count, held_count;
};

/* The deferred blocks of one scope. They share a selector, and each runs into the one before it. */
struct defers {
    struct link *last;
    struct var *selector; /* says where to go when they have run */
    bool is_read;         /* the selector */
    struct exit *exit;    /* the ways out; private to defer.c */
    int exit_count, exit_room;
};

/* ---- what goes with them ---- */

/* What is printed in place of a token of the user's. */
enum subst_kind { SUBST_NONE, SUBST_VAR, SUBST_TEXT, SUBST_SKIP };

struct subst {
    enum subst_kind kind;
    struct var *var;
    const char *text;
};

/* Tokens at which something may run or be in use. */
struct span {
    uint32_t first, last;
    uint32_t read; /* of an await: the last token of the expression that takes its value */
};

/* A member of the frame for results of awaits. */
struct slot {
    const char *name;
    const char *declaration; /* of the member */
    struct type *type;       /* NULL: a generated struct */
    struct list uses;        /* struct span *: the awaits that use it */
};

/* What must not be aligned to more than BIDE_ALIGN_MAX. */
struct limit {
    uint32_t token;   /* where the message points */
    const char *of;   /* a type or an lvalue */
    const char *what; /* what the message calls it */
    bool is_reported; /* by the driver, when the compiler has found that it is aligned to more */
};

/* The group of callees in a join or select whose room is not known: BIDE_GROUP_UNKNOWN. */
#define GROUP_UNKNOWN UINT32_MAX

/* A function that this one starts. */
struct callee {
    const char *name; /* of its descriptor, without bide__desc_ */
    unsigned group;   /* as in struct bide_callee */
};

/* ---- a function ---- */

/*
 * A function and what lowering has made of it. The rooms frame and emit read it; what lowering
 * alone needs hangs on `at` and `work`, which are its own.
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
    bool calls_through;  /* awaits a call through a reference */
    uintptr_t height;    /* of its calls on the C stack; 0: not known (emit/around.c) */
    /* lower_finish: it has parameters, captures or an outer frame; and its body reads some of them
     */
    bool has_args, uses_args;

    struct code *head;    /* declarations at the beginning of the body */
    struct code *body;    /* then the statements */
    uint32_t flow_labels; /* how many are in the codes */
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
    struct list tables;      /* struct code *: definitions that go after the branches */
    struct list limits;      /* struct limit *, for emit/limit.c */
    struct list callees;     /* struct callee *: of the descriptor */

    struct position *at; /* private to lower */
    struct work *work;   /* private to lower */
};

/* ---- lower.c: the passes ---- */

/* Scans and lowers the function. `outer`: the function that contains a branch, else NULL. */
struct lower *lower_function(struct unit *, struct function *, struct lower *outer);
/* Called when the frame is laid out: finds the arguments, and what replaces the user's tokens. */
void lower_finish(struct lower *);

/* ---- branch.c: async blocks and branches ---- */

/* Called before the functions round an async block or a branch are lowered: find what these must
 * know about it. */
void capture_statics(struct unit *, struct function *);
void study_branch(struct unit *, struct function *);

/* ---- code.c: variables ---- */

/* A variable of the function or, in a branch, of a function round it; NULL: it belongs to neither.
 */
struct var *var_of(struct lower *, const struct symbol *);

/* ---- scan.c: awaits and lives, as places in the text ---- */

/* The token is in v's block, so v may have a value there. */
bool is_in_scope(const struct lower *, const struct var *v, uint32_t token);
/* The span from the await that begins at the token to the last place where it may run. If no await
 * begins there: the whole text. */
struct span await_at(struct lower *, uint32_t token);
/* The span from v's declaration (or from the beginning of its block, if a label lets control come
 * back) to the last place where the end of its block may run. */
struct span life_of(struct lower *, const struct var *v);

/* ---- shadow.c: names ---- */

/* v's name means another variable or a type at the token. */
bool is_shadowed(struct lower *, const struct var *v, uint32_t token);

/* ---- name.c: texts ---- */

/* The declaration at file scope of a function that is declared in a block. */
struct symbol *file_symbol(struct symbol *fn);
const char *null_text(const struct unit *);
const char *param_name(struct unit *, struct symbol *fn, int i); /* a member of its arguments */
const char *string_text(struct unit *, const char *text);        /* for a string literal */
const char *file_text(struct unit *, uint32_t token); /* its file, for a string literal */
/* A condition that holds for a type whose alignment does not follow from its size. */
const char *result_aligned_text(struct lower *, struct type *result);
const char *result_flag_text(struct lower *, struct type *result); /* " | ..." or "" */

/* ---- owner.c, form.c, stmt.c: more texts and a question ---- */

const char *release_name(const struct type *owner); /* the function that drops it */
/* For the function `release` of a descriptor: drops the result of this type that `result` points
 * to, unless it is NULL. */
const char *release_result_text(struct arena *, const struct type *owner);
/* What bide_ref(f) becomes. */
const char *reference_text(struct unit *, const struct expr *ref);
bool is_label_decl(struct lower *, const struct stmt *); /* __label__ a, b; */

/* ---- hoist.c: types at file scope ---- */

/* The type as it may be written at file scope: structs and unions of blocks move there, enums of
 * blocks become integers. */
struct type *file_type(struct lower *, struct type *);
/* The same, but nothing moves; `depth` is 0. */
struct type *outer_type(struct lower *, struct type *, int depth);
bool has_flexible_end(const struct type *);              /* may only be the last of a struct */
bool type_may_align(struct unit *, const struct type *); /* perhaps to more than 8 bytes */
bool needs_cast(const struct type *);    /* a pointer to it does not convert to void * by itself */
bool type_is_const(const struct type *); /* cannot be assigned: itself, its elements or a member */

/* ---- alignment.c, limit.c: alignments ---- */

/* The alignment to write before the declaration of a member for the variable, at file scope; symbol
 * NULL: for the type alone. NULL: it cannot be written at file scope. */
const char *alignment_text(struct lower *, const struct symbol *, const struct type *);
/* `of` must not be aligned to more than BIDE_ALIGN_MAX; see struct limit. */
void note_limit(struct lower *, uint32_t token, const char *of, const char *what);

#endif
