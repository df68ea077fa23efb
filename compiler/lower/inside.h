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
#ifndef BIDE_LOWER_H
#define BIDE_LOWER_H

#include "compiler/tree/tree.h"

struct lower;
struct output;

/* ---- variables: parameters, locals, and what lowering makes up ---- */

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

/* ---- codes ---- */

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

/* ---- deferred blocks ---- */

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
};

/* ---- a function ---- */

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

/* An owner (bide_task, bide_future) that is no variable: a temporary that something in the same
 * expression will take, when what stands after it has been evaluated. */
struct held {
    struct held *outer;
    struct code *read;
    struct type *type;
    uint32_t first, last; /* tokens: of what stands between; jumps out of it lose the owner */
};

struct callee {
    const char *name; /* of its descriptor, without bide__desc_ */
    unsigned group;
};

struct lower {
    struct unit *unit;
    struct arena *arena;
    struct function *fn;
    struct lower *outer; /* of a branch: the function whose variables it works on */
    const char *name;    /* of the function, for generated names */
    bool is_async;
    bool unwinds;     /* has something due at some await */
    bool returns;     /* bide_cancel_returns */
    struct code *out; /* being appended to */
    struct list vars;
    struct list suspends;
    struct list slots;             /* struct slot * */
    struct expr *awaiting;         /* the await that is being lowered */
    struct list callees;           /* struct callee * */
    struct list gets;              /* struct get *, of lower_future.c */
    struct list async_decls;       /* struct symbol *: async functions declared in a block */
    struct code *head;             /* declarations at the beginning of the body */
    struct list limits;            /* of emit_limit.c */
    struct list helpers;           /* struct code *: definitions that go before the function */
    struct list branches;          /* struct function *: they go between the frame and the body */
    struct list tables;            /* struct code *: definitions that go behind the branches */
    struct subst *subst;           /* by token - fn->first */
    struct link *links;            /* due at the current place */
    struct held *held;             /* let go of before these */
    struct defers *param_scope;    /* of parameters that own tasks */
    struct stmt *scanning;         /* scan.c: the current statement */
    struct list literals;          /* scan.c: compound literals */
    struct list inner_names;       /* scan.c: declarations in blocks */
    struct map inner_by_name;      /* their last ones of each name */
    struct var *returned;          /* the result while deferred blocks run */
    struct stmt *value_stmt;       /* async block, branch: the last expression, its result */
    unsigned shield;               /* inside so many deferred blocks */
    unsigned groups, jobs, hoists; /* numbers given out */
    struct list hoisted;           /* struct tag *: moved to file scope, in order */
    uint32_t flow_labels;
    struct list awaits;  /* struct span *: from where one begins to the last place it may run at */
    struct map await_at; /* the longest of them that begin at a token */
    struct map stems;    /* code.c: of the names that were made up */
    struct map words;    /* code.c: the names in the function's text */
    bool words_known;
    bool uses_func_name; /* __func__ */
    bool has_args, uses_args;
    bool has_release;    /* an owner among the parameters */
    bool keeps_in_frame; /* what is being kept may be without a value when it is read */
    /* how the generated function calls these */
    const char *cx, *frame, *args, *func, *outer_name;
};

/* ---- code.c: making codes ---- */
struct code *code_new(struct lower *);
void code_text(struct lower *, struct code *, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* none if last < first */
void code_tokens(struct lower *, struct code *, uint32_t first, uint32_t last);
/* show.c: for the debugger, after the statement (NULL: at the beginning of a block) at the token.
 */
void code_show(struct lower *, struct code *, struct stmt *after, uint32_t token);
void print_shown(struct lower *, struct output *, const struct piece *);
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
/* NULL: not a variable of the function, nor for a branch of those round it */
struct var *var_of(struct lower *, const struct symbol *);
/* stem_1, stem_2...: a name that means nothing else in this function or file. */
const char *name_new(struct lower *, const char *stem);
const char *name_free(struct lower *, const char *wanted); /* wanted itself, if that is free */
bool is_reserved(struct lower *, const char *name);
struct symbol *file_symbol(struct symbol *fn); /* of file scope, for one declared in a block */

/* ---- scan.c: what must be known before lowering ---- */
void scan_function(struct lower *);
bool holds_await(const struct expr *); /* also in unevaluated operands */
bool awaits_in_scope(struct lower *, uint32_t block_first, uint32_t block_last, uint32_t from);
struct expr_info *expr_info_of(struct lower *, struct expr *);
/* The token is in the block of which v is a local: v may have a value there. */
bool is_in_scope(const struct lower *, const struct var *, uint32_t token);
/* The await that begins at the token, to the last place that it may run at; all, if none does. */
struct span await_at(struct lower *, uint32_t token);
/* From its declaration, or the beginning of its block, to the last place that the end of the block
 * may run at. */
struct span life_of(struct lower *, const struct var *);
/* Another variable or type has v's name at the token. */
bool is_shadowed(struct lower *, const struct var *, uint32_t token);
/* A declaration in the block itself, from the token on, hides a variable of those round it. */
bool hides_variable(const struct lower *, const struct stmt *block, uint32_t from);
struct stmt_info *info_of(struct lower *, struct stmt *);
struct expr *bare(struct expr *); /* without parentheses and __extension__ */
/* What is assigned to e may be seen when the function has ended. */
bool is_seen_outside(struct lower *, struct expr *);
/* The local variable of which e names the whole, a member or an element; NULL: none. */
struct var *base_var(struct lower *, struct expr *);

/* ---- lower_expr.c, copy_expr.c ---- */
void prepare(struct lower *, struct expr *);
struct operand {
    struct expr *expr;
    bool is_place; /* located, not read */
};
/* Prepares operands from left to right; with `fix_all` all of them can be copied later, whatever
 * has run in between, and owners among them are held until the caller sets l->held back; else only
 * those before the last await are kept. */
void prepare_operands(struct lower *, struct operand *, int count, bool fix_all);
/* The same with the first `count` of `total` operands. */
void prepare_some(struct lower *, struct operand *, int count, int total);
/* Pointers to what has no name (`f().array`) in e are good until the full expression ends, awaits
 * or not. (What is evaluated on a condition only stays as it is.) */
void keep_temporaries(struct lower *, struct expr *);
void copy_expr(struct lower *, struct code *, struct expr *);
struct code *value_code(struct lower *, struct expr *);        /* copy_expr into a new code */
void copy_place(struct lower *, struct code *, struct expr *); /* to be assigned to */
/* The same, in parentheses if it is a comma expression. */
void copy_argument(struct lower *, struct code *, struct expr *);
/* Copies tokens first..last with the expression among them. */
void copy_around(struct lower *, struct code *, uint32_t first, struct expr *, uint32_t last);
void discard(struct lower *, struct expr *); /* evaluates it as a statement */
void mark_unused(struct lower *, struct expr *);
void uses_in_tokens(struct lower *, struct code *, uint32_t first, uint32_t last);
struct code *expr_code(struct expr *); /* what stands for it, or NULL */
void set_code(struct lower *, struct expr *, struct code *);
/* A new temporary with this value; prints it, and gives code that reads it. */
struct code *keep(struct lower *, const struct code *value, struct type *, uint32_t token);
/* A variable for the value of e, of its type (NULL: not known). code_value reads it. */
struct var *value_new(struct lower *, const struct expr *);
void code_value(struct lower *, struct code *, struct var *);

/* ---- lower_await.c, lower_group.c ---- */

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
void lower_group(struct lower *, struct expr *await, struct expr *form);
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

/* ---- lower_future.c ---- */
void future_get(struct lower *, struct expr *form, struct awaitable *);
/* An assignment to an owner of a future, or a bide_drop, in an async function. */
bool is_future_drop(struct lower *, const struct expr *);
void lower_future_drop(struct lower *, struct expr *);
void append_future_drop(struct lower *, struct var *); /* at the end of its scope */
void append_value_drop(struct lower *, const struct code *future, uint32_t token);

/* ---- lower_owner.c ---- */
const char *release_name(const struct type *owner); /* the function that drops it */
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

/* ---- lower_form.c: forms that are no awaits ---- */
void prepare_form(struct lower *, struct expr *);
void copy_form(struct lower *, struct code *, struct expr *, bool value_unused);
/* A variable that an async block or a branch captures, in the enclosing function. */
void copy_capture(struct lower *, struct code *, struct symbol *);
/* lower_blocking.c */
void prepare_spawn_blocking(struct lower *, struct expr *);
void copy_spawn_blocking(struct lower *, struct code *, struct expr *);
/* `&(struct bide__args_f){...}`, or a null pointer. */
void copy_args_literal(struct lower *, struct code *, struct expr *call);
/* the async function called by name, or NULL */
struct symbol *async_callee(const struct expr *call);
/* Of a call that runs an async function, by name or through a reference: the function's type, or
 * NULL; and its descriptor, `&bide__desc_f` or `(const struct bide_fn *)h`. */
struct type *async_callee_type(const struct expr *call);
void copy_descriptor(struct lower *, struct code *, struct expr *call);
/* What bide_ref(f) becomes. */
const char *reference_text(struct unit *, const struct expr *ref);

/* ---- lower_stmt.c, lower_loop.c, lower_decl.c, lower_defer.c ---- */
void lower_stmt(struct lower *, struct stmt *);
/* of an if or a loop: one statement in the output */
void lower_body(struct lower *, struct stmt *);
void lower_items(struct lower *, struct stmt *compound);
/* lower_pragma.c: pragmas before a statement; `rewritten`: it is no more what they speak of */
void settle_pragmas(struct lower *, const struct stmt *, bool rewritten);
bool is_label_decl(struct lower *, const struct stmt *); /* __label__ a, b; */
void lower_if(struct lower *, struct stmt *);
void lower_while(struct lower *, struct stmt *);
void lower_do(struct lower *, struct stmt *);
void lower_for(struct lower *, struct stmt *);
void lower_switch(struct lower *, struct stmt *);
void lower_decl(struct lower *, struct stmt *);
struct declaration *declaration_new(struct lower *, struct stmt *, int from, int count);
void declaration_flow_end(struct lower *, struct declaration *);
void lower_return(struct lower *, struct stmt *, struct expr *value);
/* a result that is not given; NULL: to its slot */
void store_zero(struct lower *, struct var *kept);
void append_finish(struct lower *);               /* the function ends, its result stored */
void defers_begin(struct lower *, struct link *); /* from here on the block is due */
void defers_end(struct lower *, struct defers *); /* runs them, goes on where the selector says */
/* lower.c: is its last statement one under which an unbraced next one would seem to stand? */
bool ends_in_if_or_loop(const struct stmt *block);
void leave(struct lower *, enum exit_kind, struct stmt *target, struct link *to);
/* `v = e;` with e's awaits before */
void assign_value(struct lower *, struct var *, struct expr *);

/* ---- lower_scope.c ---- */
void lower_scope(struct lower *, struct stmt *);
/* What is due when a scope's block is left; `has_end`: not only on other ways than by its end. */
void run_scope(struct lower *, struct link *, bool has_end);

/* ---- live.c ---- */
void live_function(struct lower *, struct code *);
bool reaches_end(struct lower *, const struct code *);   /* control may come to the end of it */
bool may_reach_end(struct lower *, const struct code *); /* the same while it is not complete */
bool seems_to_reach_end(struct lower *, const struct code *); /* to a compiler that sees the code */

/* ---- overlap.c: which members of a frame share bytes ---- */

enum box_kind { BOX_VAR, BOX_SLOT, BOX_STRUCT, BOX_UNION };

/* A part of a frame: one member, or an anonymous struct or union of parts. */
struct box {
    enum box_kind kind;
    struct var *var;
    struct slot *slot;
    struct box **part;
    uint32_t count;
    uint64_t size, align; /* estimates */
};

struct box *overlap(struct lower *); /* a struct of all members but those with a flexible end */

/* ---- frame.c: the layout, and types at file scope ---- */
bool has_flexible_end(const struct type *);            /* may only be the last of a struct */
struct type *file_type(struct lower *, struct type *); /* that may be printed at file scope */
void hoist_tag(struct lower *, struct tag *);          /* to file scope, if it is a block's */
void frame_layout(struct lower *);
void frame_print_tags(struct lower *, struct output *);
void frame_print(struct lower *, struct output *); /* struct bide__frame_NAME */
/* alignment.c: what stands before the declaration, at file scope, of a member for a variable of the
 * type; symbol NULL: for the type alone. NULL: it cannot be said there. */
const char *alignment_text(struct lower *, const struct symbol *, const struct type *);
bool type_may_align(struct unit *, const struct type *); /* perhaps to more than 8 bytes */
bool needs_cast(const struct type *);    /* a pointer to it is no void * by itself */
bool type_is_const(const struct type *); /* cannot be assigned: itself, its elements or a member */

/* ---- output.c, pretty.c: text with its lines ---- */

struct output {
    struct unit *unit;
    FILE *out;
    bool pretty;
    const char *at;             /* in unit->text: where copying goes on */
    uint32_t last_token;        /* just printed, nothing since; 0: none */
    uint32_t at_token;          /* the gap before it has just been printed; 0: none */
    const char *file;           /* the place that a compiler would give the next character */
    uint32_t line, line_before; /* before output_nowhere; 0: it did nothing */
    bool system_header;
    char last;        /* character written; 0: none yet */
    char word;        /* that begins the word at the end of what is written; 0: there is none */
    bool substituted; /* the last token was printed as another text */
    /* pretty */
    bool fresh;               /* a new line is due before anything else */
    bool blank;               /* and an empty one */
    bool drifted;             /* `line` is no longer true */
    bool undefined;           /* put_undefs has been */
    int column;               /* of the next character */
    int parens;               /* open ones */
    int depth;                /* generated braces */
    int indent, indent_depth; /* column of the user's last line, and the depth there */
    int line_indent;          /* column of the current generated line */
    const char *main_file;
    const char *text_file; /* place of `at` in the source */
    uint32_t text_line;
    bool text_bol;
    struct list files; /* struct source_file * */
};

struct output *output_new(struct unit *, FILE *);
/* all text up to the token, which is not printed */
void output_copy(struct output *, uint32_t before);
void output_skip(struct output *, uint32_t last);  /* text goes on after this token */
void output_sync(struct output *, uint32_t token); /* what follows is on its line */
void output_text(struct output *, const char *);
void output_printf(struct output *, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void output_tokens(struct output *, struct lower *, uint32_t first, uint32_t last);
void output_end(struct output *);
void output_brace(struct output *, struct lower *, uint32_t brace); /* of a body */
/* in a header that is included, not copied */
bool output_is_hidden(struct output *, uint32_t token);
/* output.c to pretty.c and back */
void output_pragmas(struct output *, uint32_t token); /* that stand before it */
void output_put(struct output *, const char *, size_t);
void output_newline(struct output *);
/* join.c: this has been written; a blank before `next`, the beginning of a token, where it would be
 * taken for a part of what is before it */
void output_note(struct output *, const char *, size_t);
void output_join(struct output *, char next);
size_t literal_length(const char *); /* of the string or character that begins there; 0: none */
/* From here to where it ends, all is on line 0, which to debuggers is none. */
void output_nowhere(struct output *, bool begins);
void output_go_to(struct output *, const char *file, uint32_t line, bool system_header);
bool output_needs_space(const struct output *, const struct token *);
void pretty_begin(struct output *);
void pretty_text(struct output *, const char *);
void pretty_end(struct output *);
void pretty_copy(struct output *, const char *end);
void pretty_item(struct output *);
void pretty_gap(struct output *, uint32_t token);
void pretty_sync(struct output *, uint32_t token);

/* a line of its own, given without its end */
void output_directive(struct output *, const char *line);

/* ---- pack.c ---- */
int pack_at(struct unit *, uint32_t token); /* what #pragma pack says there; 0: nothing */
/* What is printed between the two is packed as wanted. */
void pack_begin(struct output *, int wanted);
void pack_end(struct output *, int wanted);

/* ---- print_code.c ---- */
void print_code(struct lower *, struct output *, const struct code *);
/* The kept result, which is declared before the resume labels are jumped to: clang looks along the
 * ways by which it is not returned, too. */
bool is_returned_scalar(const struct lower *, const struct var *);
const char *var_text(struct lower *, const struct var *); /* how it is written */

/* ---- lower.c, emit_function.c, emit.c ---- */
void emit_function(struct unit *, struct output *, struct function *);
void emit_async_declaration(struct unit *, struct output *, struct symbol *);
const char *null_text(const struct unit *);

const char *param_name(struct unit *, struct symbol *fn, int i);
const char *file_text(struct unit *, uint32_t token); /* its file, for a string literal */
bool is_signed(struct unit *, const struct type *);   /* an error can travel in it */
const char *result_flag_text(struct lower *, struct type *result); /* " | ..." or "" */
void emit_before_body(struct lower *, struct output *);
/* fn_attribute.c: the user's attributes that belong on a generated function, a blank at the end */
enum fn_part { PART_WRAPPER, PART_START, PART_BODY };
const char *fn_attributes_text(struct unit *, const struct symbol *fn, enum fn_part);
void emit_after_body(struct lower *, struct output *);
void emit_layout(struct lower *, struct output *); /* emit_layout.c: into the poll function */

/* emit_limit.c */
void note_result_limit(struct lower *, uint32_t token, struct type *result);
void note_job_limit(struct lower *, uint32_t token, const char *job_type);
void emit_limits(struct lower *, struct output *); /* at file scope */

#endif
