/*
 * Private to the room lower: where the walk is, what it remembers, and the functions of its files.
 */
#ifndef BIDE_COMPILER_LOWER_INSIDE_H
#define BIDE_COMPILER_LOWER_INSIDE_H

#include "compiler/lower/lower.h"

/* ---- what is due ---- */

enum exit_kind { EXIT_RETURN, EXIT_UNWIND, EXIT_BREAK, EXIT_CONTINUE, EXIT_GOTO };

/* A way out of a scope with deferred blocks: where to go when they have run. */
struct exit {
    enum exit_kind kind;
    struct stmt *target; /* loop, switch or label */
    struct link *to;     /* the blocks that are still due there */
    int value;           /* of the selector */
};

/* One block that is due, in a list from the innermost outwards. It is one of three. */
struct link {
    struct link *outer;
    struct defers *scope;
    struct stmt *defer;    /* a bide_defer statement */
    struct stmt *waits;    /* a bide_scope */
    struct symbol *symbol; /* a variable with a cleanup, or an owner */
    const char *label;     /* NULL: nothing jumps there yet */
    uint32_t flow;
    bool is_target; /* something jumps to the label */
    bool in_block;  /* what follows in the scope is in a block of its own */
};

/* An owner (bide_task, bide_future) that is no variable: a temporary that something in the same
 * expression will take, when what stands after it has been evaluated. */
struct held {
    struct held *outer;
    struct code *read;
    struct type *type;
    uint32_t first, last; /* tokens: of what stands between; jumps out of it lose the owner */
};

/* ---- what hangs on the nodes of the tree ---- */

/* expr->lower */
struct expr_info {
    struct code *code;   /* what stands for its value, or for the object; NULL: the user's tokens */
    bool is_object;      /* compound literal: its address is needed */
    struct var *literal; /* compound literal that lives in the frame */
    bool is_value;       /* the last expression of a statement expression */
    struct var *value_to; /* the same, when it stores to a temporary */
    bool unused;          /* nobody reads its value */
    bool is_converted;    /* it goes to an object of its type, so it needs no cast */
    bool has_address;     /* something takes the address of its temporary */
};

/* stmt->lower */
struct stmt_info {
    struct link *links;   /* due where the statement begins */
    struct link *defer;   /* S_DEFER, S_SCOPE: its own */
    struct defers *scope; /* a block: what is deferred in it */
    uint32_t flow_break, flow_continue, flow_label;
    const char *continue_label; /* set while the loop's body is lowered, if `continue` must jump */
    bool continue_used;
    struct list cases; /* S_SWITCH: struct stmt * */
    /* a block; shadow.c */
    struct block_names *names; /* what it declares; NULL: nobody has asked yet */
    uint32_t last_hiding;      /* its last declaration that hides a variable further out; 0: none */
};

/* ---- the function that is being lowered ---- */

/* Where the walk over the function is. Code that changes a member for a part of the tree restores
 * it after that part. */
struct position {
    struct code *out;      /* being appended to */
    struct link *links;    /* what is due here, from the innermost outwards */
    struct held *held;     /* let go of before these */
    struct expr *awaiting; /* the await that is being lowered */
    unsigned shield;       /* how many deferred blocks it is in */
    bool keeps_in_frame;   /* what is being kept may be without a value when it is read */
    struct stmt *scanning; /* scan.c: the current statement */
};

/* What only lowering needs to remember about the function. */
struct work {
    struct map var_of;    /* struct var *, by symbol */
    struct map names;     /* shadow.c: struct named *, by name */
    struct list awaits;   /* struct span *: from where one begins to the last place it may run at */
    struct map await_at;  /* the longest of them that begin at a token */
    struct list literals; /* scan.c: compound literals */
    struct list gets;     /* struct get *, of future.c */
    struct list callers;  /* struct caller *, of caller.c */
    struct defers *param_scope; /* of parameters that are owners */
    struct stmt *value_stmt;    /* async block, branch: the last expression, its result */
    struct map addressed;       /* stmt.c: labels whose address is taken */
    bool addressed_known;
    uint32_t computed; /* stmt.c: where computed gotos flow to, if there is one */
    bool has_computed;
    /* name.c */
    struct map stems; /* of the names that were made up */
    struct map words; /* the names in the function's text */
    bool words_known;
    unsigned groups, jobs, hoists; /* numbers given out */
};

/* ---- calls ---- */

/* An expression that is evaluated before a call or an operator. */
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
    const struct type *function; /* EX_CALL: the type of what is called */
    struct operand *operand;
    int operand_count;
    bool calls_through;  /* operand 0 is the function that bide_blocking calls, or a reference */
    const char *through; /* a variable for the reference; NULL: none */
    bool borrows;        /* operand 0 is an owner that nobody takes: released when this is done */
    const char *job;     /* bide_blocking: the expression of its job */
    const char *job_id, *job_type, *job_run; /* its number, struct and function */
};

/* ---- code.c: codes, variables ---- */

struct code *code_new(struct lower *);
void code_text(struct lower *, struct code *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void code_tokens(struct lower *, struct code *, uint32_t first,
                 uint32_t last); /* first > last: nothing */
void code_sync(struct lower *, struct code *, uint32_t token);
/* Are there copies for the debugger? */
bool code_shows(const struct lower *);
/* They are taken at the token, after a statement (NULL: at the beginning of a block), on the line
 * of the token `line`, or with 0 on that of the text before them. */
void code_show(struct lower *, struct code *, struct stmt *after, uint32_t token, uint32_t line);
/* The same in an `else` of that `if`, on the line of the `if`. */
void code_show_else(struct lower *, struct code *, struct stmt *);
void code_type(struct lower *, struct code *, const struct type *, const char *name);
void code_add(struct lower *, struct code *, enum piece_kind, struct var *);
void code_var(struct lower *, struct code *, struct var *); /* PC_VAR and PC_USE */
void code_thing(struct lower *, struct code *, enum piece_kind, void *thing);
uint32_t flow_label(struct lower *); /* a new one */
void code_flow(struct lower *, struct code *, enum piece_kind, uint32_t label);
void code_open_label(struct lower *, struct code *, uint32_t label); /* LABEL_OPEN */

void code_append(struct lower *, struct code *to, const struct code *from); /* from may be NULL */
void code_append_print(struct lower *, struct code *to, const struct code *from); /* not its flow */
void code_append_flow(struct lower *, struct code *to, const struct code *from); /* only its flow */

/* Before and after the code of a value: store it in v, or in the slot for the function's result (v
 * NULL). */
void code_begin_store(struct lower *, struct code *, const struct type *, struct var *v);
void code_end_store(struct lower *, struct code *, const struct type *, struct var *v);
/* `T v = VALUE;` on a line of its own. */
void code_temp(struct lower *, struct code *, struct var *v, const struct code *value);
struct var *var_new(struct lower *, const char *stem, struct type *, uint32_t token);

/* ---- name.c: names that mean nothing else in this function or file ---- */

const char *name_new(struct lower *, const char *stem);    /* stem_1, stem_2... */
const char *name_free(struct lower *, const char *wanted); /* wanted itself, if it is free */
bool is_reserved(struct lower *, const char *name);

/* ---- scan.c: the first pass ---- */

void scan_function(struct lower *);
struct expr_info *expr_info_of(struct lower *, struct expr *);
struct stmt_info *info_of(struct lower *, struct stmt *);
/* The local variable of which e names the whole, a member or an element, or NULL. */
struct var *base_var(struct lower *, struct expr *);
/* True if an assignment to e may be seen after the function has ended. */
bool is_seen_outside(struct lower *, struct expr *);

/* ---- shadow.c: what names mean in blocks ---- */

/* The innermost block round a statement; NULL: the parameters'. */
struct stmt *block_round(struct stmt *);
/* A statement declares the name; and the constants of the enums that it declares. */
void note_name(struct lower *, struct stmt *declaration, const char *name, uint32_t token);
void note_enumerators(struct lower *, struct stmt *declaration);
void settle_names(struct lower *); /* all have been noted */
/* What is due last was declared in the block before item `from`: does the rest of the block need a
 * block of its own? */
bool needs_block(struct lower *, struct stmt *block, int from);

/* ---- expr.c: expressions with awaits, made flat ---- */

/* Appends what must run before e; after that, e can be copied. */
void prepare(struct lower *, struct expr *e);
/* Prepares operands from left to right. With `fix_all` all of them can be copied later, whatever
 * has run in between, and owners among them are held until the caller resets at->held; otherwise
 * only those before the last await are kept. */
void prepare_operands(struct lower *, struct operand *, int count, bool fix_all);
/* The same with the first `count` of `total` operands. */
void prepare_some(struct lower *, struct operand *, int count, int total);
/* Keeps what pointers in e to objects without a name (`f().array`) point to until the full
 * expression ends, across awaits. (Operands that are evaluated only on a condition stay as they
 * are.) */
void keep_temporaries(struct lower *, struct expr *e);
/* May e give an address in an object without a name, which would not outlive an await? */
bool holds_temporary(struct expr *e);
/* comma.c: of `a, b` with an await: evaluates a. */
void discard_first(struct lower *, struct expr *comma);
/* A new temporary with this value; prints it, and returns code that reads it. */
struct code *keep(struct lower *, const struct code *value, struct type *, uint32_t token);
void discard(struct lower *, struct expr *); /* evaluates it as a statement */
void mark_unused(struct lower *, struct expr *);
struct code *expr_code(struct expr *); /* what stands for it, or NULL */
void set_code(struct lower *, struct expr *, struct code *);
/* A variable for the value of e, of its type (NULL: not known). code_value reads it. */
struct var *value_new(struct lower *, const struct expr *e);
void code_value(struct lower *, struct code *, struct var *);
/* `v = e;` with e's awaits before it. */
void assign_value(struct lower *, struct var *v, struct expr *e);

/* ---- copy.c: prepared expressions into codes ---- */

void copy_expr(struct lower *, struct code *, struct expr *);
void copy_argument(struct lower *, struct code *, struct expr *); /* a comma in parentheses */
void copy_place(struct lower *, struct code *, struct expr *);    /* to be assigned to */
struct code *value_code(struct lower *, struct expr *); /* copy_argument into a new code */
/* Copies tokens first..last with the expression among them. */
void copy_around(struct lower *, struct code *, uint32_t first, struct expr *, uint32_t last);
void uses_in_tokens(struct lower *, struct code *, uint32_t first, uint32_t last);

/* ---- await.c: one await ---- */

void lower_await(struct lower *, struct expr *await);
/* False if it cannot be awaited; the error has been reported. */
bool awaitable_of(struct lower *, struct expr *call, struct awaitable *);
/* `if (CALL == BIDE_PENDING) {...}`; `at_resume`: what else runs before unwinding, or NULL. */
void append_suspend(struct lower *, const struct code *call, uint32_t token,
                    const struct code *at_resume);
/* `bide__start_f(cx, parent, slot, arguments)` */
void append_start(struct lower *, struct code *, struct awaitable *, const char *cx,
                  const char *parent, const char *slot);
void add_callee(struct lower *, const char *name, unsigned group);
/* `bide__refused_through(cx, descriptor, &result)`, for a call through a reference. `result` may be
 * NULL. */
void append_refused_through(struct lower *, struct code *to, const struct awaitable *,
                            const char *cx, const char *result);

/* An owner among the operands, which the call takes, or which it borrows while nobody else has it.
 * The owner is kept, and its code reads it. */
bool is_owner_operand(const struct awaitable *, int i);
bool takes_owner(const struct awaitable *);
void release_arguments(struct lower *, const struct awaitable *);

/* A member of the frame for the await that is being lowered: its expression. Awaits with the same
 * declaration share it. */
const char *result_member(struct lower *, const char *name, const char *declaration);
/* A result that nobody reads needs a slot only if it may be larger than 8 bytes. */
bool needs_slot(struct unit *, const struct type *result, bool unused);

/* bide_blocking or bide_block_in_place, whose call is a job in the frame. */
bool makes_job(const struct expr *);
/* Makes the job's struct and function, and returns the declaration of a member. */
const char *job_declaration(struct lower *, struct awaitable *, const char *name);
void set_up_job(struct lower *, struct awaitable *);
void copy_job_literal(struct lower *, struct code *,
                      struct awaitable *); /* after job_declaration */

/* Unwinding may begin at an await here, and has something to do. */
bool may_unwind(const struct lower *);
/* bide_cancel_returns: awaits here must ask whether they may start. */
bool may_refuse(const struct lower *);
/* `bide__refused(cx, &RESULT, ...)`; NULL: there is no result. */
const char *refused_text(struct lower *, const char *result, const struct type *);

/* ---- group.c: join, try_join, select, timeout ---- */

void lower_group(struct lower *, struct expr *await, struct expr *form);

/* ---- future.c: futures in async functions ---- */

void future_get(struct lower *, struct expr *form, struct awaitable *);
/* An assignment to an owner of a future, or a bide_drop, in an async function. */
bool is_future_drop(struct lower *, const struct expr *);
void lower_future_drop(struct lower *, struct expr *);
void append_future_drop(struct lower *, struct var *); /* at the end of its scope */
void append_value_drop(struct lower *, const struct code *future, uint32_t token);

/* ---- owner.c: owners of tasks and futures ---- */

void copy_owner_assign(struct lower *, struct code *, struct expr *, bool value_unused);
void copy_move(struct lower *, struct code *, struct expr *, bool value_unused);
/* bide_task_detach, bide_drop in plain functions, and a bide_move whose value is dropped. */
void copy_release(struct lower *, struct code *, struct expr *);
/* `kept` holds the value of an expression such as `v`. Empties v, unless v is declared inside the
 * expression. */
void append_moved(struct lower *, struct var *kept, struct expr *value);
/* Drops what `read` reads, in an async function by an await; the token is where messages point. */
void release_value(struct lower *, const struct code *read, const struct type *, uint32_t token);
/* The value of e is an owner that no variable holds. */
bool is_owned_value(struct expr *e);
/* The owner that `read` reads is in no variable while tokens first..last are evaluated, and until
 * the caller resets at->held. */
void hold_owner(struct lower *, struct code *read, struct type *, uint32_t first, uint32_t last);
/* A jump to the target (NULL: out of the function) loses an owner that is held. */
bool loses_held(const struct lower *, const struct stmt *target);
void release_held(struct lower *, const struct stmt *target); /* those that the jump loses */

/* ---- form.c: spawn, lazy, block_on and what is done to handles ---- */

void prepare_form(struct lower *, struct expr *);
void copy_form(struct lower *, struct code *, struct expr *, bool value_unused);
/* A variable that an async block or a branch captures, in the enclosing function. */
void copy_capture(struct lower *, struct code *, struct symbol *);
/* `spawn(`, or with the name of the task `spawn_named(name, `. */
void begin_named(struct lower *, struct code *, const char *spawn, struct expr *name);
struct symbol *async_callee(
    const struct expr *call); /* the async function that is named, or NULL */
/* A call of an async function by name or through a reference: the function's type, or NULL; and its
 * descriptor, `&bide__desc_f` or `(const struct bide_fn *)h`. */
struct type *async_callee_type(const struct expr *call);
void copy_descriptor(struct lower *, struct code *, struct expr *call);

/* ---- blocking.c: bide_spawn_blocking ---- */

void prepare_spawn_blocking(struct lower *, struct expr *);
void copy_spawn_blocking(struct lower *, struct code *, struct expr *);

/* ---- caller.c: bide__caller ---- */

void copy_caller(struct lower *, struct code *, struct expr *);

/* ---- stmt.c: statements ---- */

void lower_stmt(struct lower *, struct stmt *);
/* Of an if or a loop: as one statement in the output. */
void lower_body(struct lower *, struct stmt *);
void lower_items(struct lower *, struct stmt *compound);

/* ---- show.c: where copies for the debugger are due ---- */

void show_at_block(struct lower *, struct stmt *block); /* where it begins */
/* Behind an item of a block, at the token. */
void show_after(struct lower *, struct stmt *item, uint32_t token);
void show_at_end(struct lower *, struct stmt *block); /* behind the last item */
void show_after_defers(struct lower *, struct stmt *block);
/* Is this body, which is not a block, put into one, with copies at its end? */
bool shows_in_body(struct lower *, const struct stmt *body);
void show_otherwise(struct lower *, struct stmt *); /* of an `if` without `else` */

/* ---- loop.c ---- */

void lower_while(struct lower *, struct stmt *);
void lower_do(struct lower *, struct stmt *);
void lower_for(struct lower *, struct stmt *);

/* ---- decl.c: declarations of locals ---- */

void lower_decl(struct lower *, struct stmt *);
struct declaration *declaration_new(struct lower *, struct stmt *, int from, int count);
void declaration_flow_end(struct lower *, struct declaration *);

/* ---- pragma.c: pragmas before a statement ---- */

/* `rewritten`: the statement is no longer of the form that they speak of. */
void settle_pragmas(struct lower *, const struct stmt *, bool rewritten);

/* ---- defer.c: deferred blocks, and the ways out of scopes ---- */

void defers_begin(struct lower *, struct link *); /* from here on the block is due */
void defers_end(struct lower *, struct defers *); /* runs them, goes on where the selector says */
/* Goes to the target, by way of what is due before `to`. */
void leave(struct lower *, enum exit_kind, struct stmt *target, struct link *to);
void lower_return(struct lower *, struct stmt *, struct expr *value);
/* Stores 0 as the result that is not given, in `kept` or (NULL) its slot. */
void store_zero(struct lower *, struct var *kept);
void append_finish(struct lower *); /* the function ends, its result is stored */

/* ---- scope.c: bide_scope ---- */

void lower_scope(struct lower *, struct stmt *);
/* Appends what is due when the scope's block is left. `has_end`: control may also come to the end
 * of the block. */
void run_scope(struct lower *, struct link *, bool has_end);

/* ---- reach.c: may control come to the end of a code? ---- */

bool reaches_end(struct lower *, const struct code *);
bool may_reach_end(struct lower *, struct code *);            /* of a code that is not complete */
bool seems_to_reach_end(struct lower *, const struct code *); /* as a compiler sees it */

/* ---- lower.c ---- */

/* The last statement of the code is an if or a loop, so that the code after its brace would seem to
 * belong to it. */
bool ends_in_if_or_loop(const struct stmt *block);

/* ---- hoist.c, branch.c: types that move to file scope ---- */

void hoist_tag(struct lower *, struct tag *); /* if it is a block's */
/* The types of a function that its branches mention. */
void hoist_for_branches(struct lower *, const struct function *);

/* ---- limit.c: what must not be aligned to more than BIDE_ALIGN_MAX ---- */

void note_result_limit(struct lower *, uint32_t token, struct type *result);
void note_job_limit(struct lower *, uint32_t token, const char *job_type);

/* ---- tokens.c: the last pass ---- */

void settle_tokens(struct lower *);

#endif
