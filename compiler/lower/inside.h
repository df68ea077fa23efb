/* Private to the room lower. */
#ifndef BIDE_COMPILER_LOWER_INSIDE_H
#define BIDE_COMPILER_LOWER_INSIDE_H

#include "compiler/lower/lower.h"

/* An owner (bide_task, bide_future) that is no variable: a temporary that something in the same
 * expression will take, when what stands after it has been evaluated. */
struct held {
    struct held *outer;
    struct code *read;
    struct type *type;
    uint32_t first, last; /* tokens: of what stands between; jumps out of it lose the owner */
};

/* Where the walk over the function is. Whoever changes a member for a part of the tree sets it back
 * behind that. */
struct position {
    struct code *out;      /* being appended to */
    struct link *links;    /* what is due here, from the innermost outwards */
    struct held *held;     /* let go of before these */
    struct expr *awaiting; /* the await that is being lowered */
    unsigned shield;       /* inside so many deferred blocks */
    bool keeps_in_frame;   /* what is being kept may be without a value when it is read */
    struct stmt *scanning; /* scan.c: the current statement */
};

/* What lowering remembers of the function, and nobody else needs. */
struct work {
    struct map var_of;    /* struct var *, by symbol */
    struct map names;     /* shadow.c: struct named *, by name */
    struct list awaits;   /* struct span *: from where one begins to the last place it may run at */
    struct map await_at;  /* the longest of them that begin at a token */
    struct list literals; /* scan.c: compound literals */
    struct list gets;     /* struct get *, of future.c */
    struct defers *param_scope; /* of parameters that are owners */
    struct stmt *value_stmt;    /* async block, branch: the last expression, its result */
    /* name.c */
    struct map stems; /* of the names that were made up */
    struct map words; /* the names in the function's text */
    bool words_known;
    unsigned groups, jobs, hoists; /* numbers given out */
};

struct operand {
    struct expr *expr;
    bool is_place; /* located, not read */
};

/* One call that is awaited, by itself or as a branch of a group. */
struct awaitable {
    struct expr *call;           /* EX_CALL or EX_FORM */
    const char *name;            /* of the descriptor, without prefix */
    const char *start;           /* of the start function; NULL: the same */
    const char *slot;            /* of the slot for the result; NULL: the same */
    struct type *result;         /* NULL: void */
    const struct type *function; /* EX_CALL: its type */
    struct operand *operand;
    int operand_count;
    const char *job; /* bide_blocking: the expression that names its job */
    const char *job_id, *job_type, *job_run;
    bool calls_through; /* operand 0 is the function that bide_blocking calls, or a reference */
    bool borrows;       /* operand 0 is an owner that nobody takes: released when this is done */
};

/* ---- code.c ---- */

struct code *code_new(struct lower *);
void code_text(struct lower *, struct code *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* none if last < first */
void code_tokens(struct lower *, struct code *, uint32_t first, uint32_t last);
/* show.c: for the debugger, after the statement (NULL: at the beginning of a block) at the token.
 */
void code_show(struct lower *, struct code *, struct stmt *after, uint32_t token);
void code_sync(struct lower *, struct code *, uint32_t token);
void code_var(struct lower *, struct code *, struct var *); /* prints and uses it */
void code_add(struct lower *, struct code *, enum piece_kind, struct var *);
void code_flow(struct lower *, struct code *, enum piece_kind, uint32_t label);
void code_open_label(struct lower *, struct code *, uint32_t label);
void code_thing(struct lower *, struct code *, enum piece_kind, void *thing);
void code_append(struct lower *, struct code *, const struct code *);
void code_append_print(struct lower *, struct code *, const struct code *); /* without its flow */
void code_append_flow(struct lower *, struct code *, const struct code *);  /* its flow alone */
void code_type(struct lower *, struct code *, const struct type *, const char *name);
/* Round the code of a value: stores it in v, or in the slot for the function's result (v NULL). */
void code_begin_store(struct lower *, struct code *, const struct type *, struct var *v);
void code_end_store(struct lower *, struct code *, const struct type *, struct var *v);
/* `T var = VALUE;` on a line of its own. */
void code_temp(struct lower *, struct code *, struct var *, const struct code *value);
uint32_t flow_label(struct lower *);
struct var *var_new(struct lower *, const char *stem, struct type *, uint32_t token);

/* ---- scan.c ---- */

void scan_function(struct lower *);
bool holds_await(const struct expr *); /* also in unevaluated operands */
bool awaits_in_scope(struct lower *, uint32_t block_first, uint32_t block_last, uint32_t from);
struct expr_info *expr_info_of(struct lower *, struct expr *);
struct stmt_info *info_of(struct lower *, struct stmt *);
/* What is assigned to e may be seen when the function has ended. */
bool is_seen_outside(struct lower *, struct expr *);
/* The local variable of which e names the whole, a member or an element; NULL: none. */
struct var *base_var(struct lower *, struct expr *);

/* ---- shadow.c ---- */

/* The innermost block round a statement; NULL: the parameters'. */
struct stmt *block_round(struct stmt *);
/* A statement declares the name; and the constants of the enums that it declares. */
void note_name(struct lower *, struct stmt *declaration, const char *name, uint32_t token);
void note_enumerators(struct lower *, struct stmt *declaration);
void settle_names(struct lower *); /* all have been noted */
/* What is due last was declared in the block before item `from`: must the rest of the block stand
 * in a block of its own? */
bool needs_block(struct lower *, struct stmt *block, int from);

/* ---- expr.c ---- */

void prepare(struct lower *, struct expr *);
/* A new temporary with this value; prints it, and gives code that reads it. */
struct code *keep(struct lower *, const struct code *value, struct type *, uint32_t token);
/* Prepares operands from left to right; with `fix_all` all of them can be copied later, whatever
 * has run in between, and owners among them are held until the caller sets l->held back; else only
 * those before the last await are kept. */
void prepare_operands(struct lower *, struct operand *, int count, bool fix_all);
/* The same with the first `count` of `total` operands. */
void prepare_some(struct lower *, struct operand *, int count, int total);
/* Pointers to what has no name (`f().array`) in e are good until the full expression ends, awaits
 * or not. (What is evaluated on a condition only stays as it is.) */
void keep_temporaries(struct lower *, struct expr *);
void discard(struct lower *, struct expr *); /* evaluates it as a statement */
void mark_unused(struct lower *, struct expr *);
struct code *expr_code(struct expr *); /* what stands for it, or NULL */
void set_code(struct lower *, struct expr *, struct code *);
/* A variable for the value of e, of its type (NULL: not known). code_value reads it. */
struct var *value_new(struct lower *, const struct expr *);
void code_value(struct lower *, struct code *, struct var *);
/* `v = e;` with e's awaits before */
void assign_value(struct lower *, struct var *, struct expr *);

/* ---- defer.c ---- */

void leave(struct lower *, enum exit_kind, struct stmt *target, struct link *to);
void lower_return(struct lower *, struct stmt *, struct expr *value);
/* a result that is not given; NULL: to its slot */
void store_zero(struct lower *, struct var *kept);
void append_finish(struct lower *);               /* the function ends, its result stored */
void defers_begin(struct lower *, struct link *); /* from here on the block is due */
void defers_end(struct lower *, struct defers *); /* runs them, goes on where the selector says */

/* ---- name.c ---- */

/* stem_1, stem_2...: a name that means nothing else in this function or file. */
const char *name_new(struct lower *, const char *stem);
const char *name_free(struct lower *, const char *wanted); /* wanted itself, if that is free */
bool is_reserved(struct lower *, const char *name);

/* ---- copy.c ---- */

void copy_expr(struct lower *, struct code *, struct expr *);
struct code *value_code(struct lower *, struct expr *);        /* copy_expr into a new code */
void copy_place(struct lower *, struct code *, struct expr *); /* to be assigned to */
/* The same, in parentheses if it is a comma expression. */
void copy_argument(struct lower *, struct code *, struct expr *);
/* Copies tokens first..last with the expression among them. */
void copy_around(struct lower *, struct code *, uint32_t first, struct expr *, uint32_t last);
void uses_in_tokens(struct lower *, struct code *, uint32_t first, uint32_t last);

/* ---- await.c ---- */

/* Owners among the arguments that what is awaited takes, or that it borrows and nobody has: each
 * is kept, and its code reads it. */
bool is_owner_operand(const struct awaitable *, int i);
bool takes_owner(const struct awaitable *);
void release_arguments(struct lower *, const struct awaitable *);
/* false: not one; said so */
bool awaitable_of(struct lower *, struct expr *call, struct awaitable *);
/* Gives a job a place in the frame; `member` is where it would go, with a dot at the end. */
const char *job_declaration(struct lower *, struct awaitable *, const char *name);
void set_up_job(struct lower *, struct awaitable *);
/* `(struct bide__job_f_1){...}`, after job_declaration */
void copy_job_literal(struct lower *, struct code *, struct awaitable *);
/* `bide__start_f(cx, parent, slot, arguments)` */
void append_start(struct lower *, struct code *, struct awaitable *, const char *cx,
                  const char *parent, const char *slot);
void lower_await(struct lower *, struct expr *await);
/* `if (CALL == BIDE_PENDING) {...}`; `at_resume`: what else runs before unwinding, or NULL. */
void append_suspend(struct lower *, const struct code *call, uint32_t token,
                    const struct code *at_resume);
/* For bide_cancel_returns: `bide__refused(cx, &RESULT, ...)`; NULL: there is no result. */
bool may_refuse(const struct lower *); /* awaits here must ask */
const char *refused_text(struct lower *, const char *result, const struct type *);
/* A slot for the await that is being lowered, shared by those of the same name and type: its
 * expression. */
const char *result_slot(struct lower *, const char *fn, struct type *);
const char *result_member(struct lower *, const char *name, const char *declaration);
/* A result that is not used needs one only if it may be larger than 8 bytes. */
bool needs_slot(struct unit *, const struct type *result, bool unused);
void add_callee(struct lower *, const char *name, unsigned group);

/* ---- group.c ---- */

void lower_group(struct lower *, struct expr *await, struct expr *form);

/* ---- future.c ---- */

void future_get(struct lower *, struct expr *form, struct awaitable *);
/* An assignment to an owner of a future, or a bide_drop, in an async function. */
bool is_future_drop(struct lower *, const struct expr *);
void lower_future_drop(struct lower *, struct expr *);
void append_future_drop(struct lower *, struct var *); /* at the end of its scope */
void append_value_drop(struct lower *, const struct code *future, uint32_t token);

/* ---- owner.c ---- */

void copy_owner_assign(struct lower *, struct code *, struct expr *, bool value_unused);
void copy_move(struct lower *, struct code *, struct expr *, bool value_unused);
/* `return v;` and the like: the variable of which `kept` has got the value is empty. One that is
 * declared inside the value has been dealt with. */
void append_moved(struct lower *, struct var *kept, struct expr *value);
/* bide_task_detach, bide_drop in plain functions, and a bide_move whose value is dropped. */
void copy_release(struct lower *, struct code *, struct expr *);
/* A drop, of a future in an async function; the token is to complain at. */
void release_value(struct lower *, const struct code *read, const struct type *, uint32_t token);
/* The value of e is an owner that is no variable's. */
bool is_owned_value(struct expr *);
/* What `read` gives belongs to nobody, while tokens first..last are evaluated and until the caller
 * sets l->held back. */
void hold_owner(struct lower *, struct code *read, struct type *, uint32_t first, uint32_t last);
/* A jump there loses an owner that is held; NULL: out of the function. */
bool loses_held(const struct lower *, const struct stmt *target);
void release_held(struct lower *, const struct stmt *target); /* those that a jump there loses */

/* ---- form.c ---- */

void prepare_form(struct lower *, struct expr *);
void copy_form(struct lower *, struct code *, struct expr *, bool value_unused);
/* A variable that an async block or a branch captures, in the enclosing function. */
void copy_capture(struct lower *, struct code *, struct symbol *);
/* `&(struct bide__args_f){...}`, or a null pointer. */
void copy_args_literal(struct lower *, struct code *, struct expr *call);
/* the async function called by name, or NULL */
struct symbol *async_callee(const struct expr *call);
/* Of a call that runs an async function, by name or through a reference: the function's type, or
 * NULL; and its descriptor, `&bide__desc_f` or `(const struct bide_fn *)h`. */
struct type *async_callee_type(const struct expr *call);
void copy_descriptor(struct lower *, struct code *, struct expr *call);

/* ---- blocking.c ---- */

/* lower_blocking.c */
void prepare_spawn_blocking(struct lower *, struct expr *);
void copy_spawn_blocking(struct lower *, struct code *, struct expr *);

/* ---- stmt.c ---- */

void lower_stmt(struct lower *, struct stmt *);
/* of an if or a loop: one statement in the output */
void lower_body(struct lower *, struct stmt *);
void lower_items(struct lower *, struct stmt *compound);
void lower_if(struct lower *, struct stmt *);
void lower_switch(struct lower *, struct stmt *);

/* ---- pragma.c ---- */

/* lower_pragma.c: pragmas before a statement; `rewritten`: it is no more what they speak of */
void settle_pragmas(struct lower *, const struct stmt *, bool rewritten);

/* ---- loop.c ---- */

void lower_while(struct lower *, struct stmt *);
void lower_do(struct lower *, struct stmt *);
void lower_for(struct lower *, struct stmt *);

/* ---- decl.c ---- */

void lower_decl(struct lower *, struct stmt *);
struct declaration *declaration_new(struct lower *, struct stmt *, int from, int count);
void declaration_flow_end(struct lower *, struct declaration *);

/* ---- lower.c ---- */

/* lower.c: is its last statement one under which an unbraced next one would seem to stand? */
bool ends_in_if_or_loop(const struct stmt *block);

/* ---- scope.c ---- */

void lower_scope(struct lower *, struct stmt *);
/* What is due when a scope's block is left; `has_end`: not only on other ways than by its end. */
void run_scope(struct lower *, struct link *, bool has_end);

/* ---- reach.c ---- */

bool reaches_end(struct lower *, const struct code *);   /* control may come to the end of it */
bool may_reach_end(struct lower *, const struct code *); /* the same while it is not complete */
bool seems_to_reach_end(struct lower *, const struct code *); /* to a compiler that sees the code */

/* ---- hoist.c ---- */

void hoist_tag(struct lower *, struct tag *); /* to file scope, if it is a block's */

/* ---- limit.c ---- */

/* emit_limit.c */
void note_result_limit(struct lower *, uint32_t token, struct type *result);
void note_job_limit(struct lower *, uint32_t token, const char *job_type);

/* ---- tokens.c ---- */

void settle_tokens(struct lower *);

/* ---- branch.c ---- */

/* The types of a function that its branches mention go to file scope. */
void hoist_for_branches(struct lower *, const struct function *);

#endif
