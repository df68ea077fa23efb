/*
 * Private to the room warn: the events of a function, the questions that are solved over them, what
 * is known of library functions, and one function for each warning.
 *
 * A function is read once: its tree becomes a row of *events*, the things that matter to the
 * warnings: a variable is read or set, a call, an await, and the jumps between them (flow.c,
 * flow_stmt.c). Each warning asks its own *question* over that row (flow_solve.c). A function whose
 * flow a row cannot represent, for example because of a computed goto, gets no warnings.
 */
#ifndef BIDE_COMPILER_WARN_INSIDE_H
#define BIDE_COMPILER_WARN_INSIDE_H

#include "compiler/check/check.h"
#include "compiler/warn/warn.h"

/* ---- events ---- */

enum event_kind {
    EV_USE,     /* expr reads symbol, or takes its address, or (an EX_BLOCK) captures it */
    EV_DEF,     /* symbol gets a value: value, or NULL if there is no such expression; expr: the
                   call that a branch makes for it, or NULL */
    EV_DECLARE, /* symbol's life begins without a value */
    EV_STORE,   /* value goes into an object that is no variable as a whole: expr is the assignment,
                   or NULL for a member of an initialiser */
    EV_RETURN,  /* value is returned */
    EV_INVALID, /* on this way symbol is null, or a negative number */
    EV_TEST,  /* on this way symbol, or the value of expr (a call, or an await of a form), compares
                   so with number; op 0: it was looked at, nobody knows with which outcome */
    EV_DROP,  /* the value of expr, as in EV_TEST, goes; value: the expression of the statement */
    EV_CALL,  /* of a plain function: expr; its arguments have been evaluated */
    EV_PASS,  /* of an async function, or one that bide_blocking calls: likewise */
    EV_SPAWN, /* expr, a form, starts a task, or a call on the blocking pool */
    EV_AWAIT, /* expr */
    EV_CLEANUP, /* symbol, which has a cleanup function, goes */
    EV_LABEL,
    EV_JUMP,
    EV_BRANCH, /* goes to the label, or on */
    EV_END,    /* the function returns, or what was called never does */
};

struct event {
    enum event_kind kind;
    bool deferred; /* in a deferred block, where no request to cancel arrives */
    uint32_t label;
    uint32_t token; /* where */
    struct expr *expr, *value;
    struct symbol *symbol;
    int op; /* EV_TEST: as in the tree; EV_DEF: P_INC: its old value moves on, as a pointer's */
    int64_t number;
};

struct flow {
    struct unit *unit;
    struct arena *arena;
    struct function *fn;
    struct event *event;
    uint32_t count, room;
    uint32_t labels;     /* how many there are */
    struct symbol **var; /* by symbol->flow_index: its local variables and captures */
    uint32_t var_count;
    bool unknown;       /* the row does not show the function truly */
    struct list defers; /* struct stmt * */
    /* while the row is made */
    struct due *due;            /* deferred blocks, innermost first */
    struct map targets;         /* struct jump_target *: of statements that are jumped to */
    struct switch_cases *cases; /* of the switch that is read */
    const struct stmt *value;   /* its expression is the value of the ({ }) or block round it */
    uint32_t deferred;          /* deferred blocks round the place */
};

/* ---- flow_stmt.c: the events of functions and statements ---- */

struct flow *flow_new(struct unit *, struct function *);
/* The same for a branch, with the variables of outer functions that it mentions; they get a value
 * at its beginning. Rows of the outer functions must not be asked about variables any more. */
struct flow *flow_new_branch(struct unit *, struct function *);
/* The events of the block of a statement expression. */
void flow_body(struct flow *, struct stmt *);

/* ---- flow.c: the events of expressions ---- */

void flow_expr(struct flow *, struct expr *);
/* The events of a condition, which goes to one of two labels; what follows is reached from nowhere
 * else. */
void flow_condition(struct flow *, struct expr *, uint32_t if_true, uint32_t if_false);
/* The operand of a switch, in the form in which flow_test takes it. */
struct event flow_subject(struct flow *, struct expr *);
void flow_test(struct flow *, struct event subject, int op, int64_t number);
/* The expression of a statement has been evaluated, and its value is dropped. */
void flow_drop(struct flow *, struct expr *);
/* The end of a bide_scope: an EV_AWAIT whose expression has the scope as symbol. */
void flow_scope_end(struct flow *, struct stmt *);
struct event *flow_add(struct flow *, enum event_kind, uint32_t token);
void flow_jump(struct flow *, enum event_kind, uint32_t label);
uint32_t flow_new_label(struct flow *);
/* Is it a local variable of the function, or a capture? Then it has a flow_index. */
bool flow_has(const struct flow *, const struct symbol *);
/* If e is an EX_BINARY that compares an operand with a constant: the operator for the constant on
 * the right; otherwise 0. */
int comparison_with_constant(const struct expr *, struct expr **operand, int64_t *number);

/* ---- flow_solve.c: questions over events ---- */

/* A state is `words` words; the functions get `context`. */
struct question {
    uint32_t words;
    void *context;
    /* joins `from` into `to` where two ways meet; true if that changed `to` */
    bool (*merge)(void *context, uint32_t *to, const uint32_t *from);
    /* the effect of one event */
    void (*step)(void *context, const struct event *, uint32_t *state);
    /* called at the end for each event that is reached, with the state on the side it comes from;
     * may be NULL */
    void (*visit)(void *context, const struct event *, const uint32_t *state);
};

/* Solves from the beginning on; `visit` gets the state before the event. The first state is all
 * zeroes. */
void flow_forward(struct flow *, const struct question *);
/* Solves from the ends backwards; `visit` gets the state after the event. */
void flow_backward(struct flow *, const struct question *);
/* Merges of sets of bits: what holds on some path, and what holds on all paths. The context of such
 * a question begins with a uint32_t, the number of words of a state. */
bool merge_may(void *context, uint32_t *to, const uint32_t *from);
bool merge_must(void *context, uint32_t *to, const uint32_t *from);

/* ---- known.c: what is known of functions ---- */

/* Bits of what a library function is known for. */
enum {
    FN_OWNS_NOTHING = 1, /* it keeps none of its pointer arguments */
    FN_KEEPS_ERRNO = 2,  /* it does not touch errno */
    FN_ENDS = 4,         /* it does not return */
    FN_STATIC = 8,       /* its result lies in memory of the thread or of the program */
    FN_ERRNO = 16,       /* it reads errno */
    FN_SSL_ERROR = 32,   /* it reads OpenSSL's error queue */
    FN_DL_ERROR = 64,    /* it reads the dynamic linker's last error */
};
struct known {
    const char *name;
    unsigned what;
    const char *release; /* an allocator: what takes its result back */
};
/* Only functions that a system header declares; NULL: nothing is known. */
const struct known *known_function(const struct unit *, const struct symbol *);

/* Which results of a call mean that it gave nothing. With FAILS_NEVER the variable holds something
 * whatever the result is, perhaps its old value: getline. */
enum gift_failure { FAILS_NEGATIVE, FAILS_ZERO, FAILS_NOT_ZERO, FAILS_NEVER };

/* What a function gives through one of its parameters. */
struct giver {
    const char *name; /* of the function */
    int param;
    int elements;        /* it gives to this many elements of an array; 0: to one variable */
    const char *release; /* what takes it back */
    enum gift_failure failure;
};
/* What the function gives through its parameter i, as a mark or the table of known functions says.
 * False: nothing. */
bool known_giver(struct unit *, const struct symbol *, int i, struct giver *);

/* The name of the function that is called, or NULL. */
const char *call_name(const struct expr *call);
/* The mark of that word (bide_may_block...) at a declaration of the symbol, or at the tag; or
 * NULL. */
const struct mark *symbol_mark(struct unit *, const struct symbol *, const char *word);
const struct mark *tag_mark(struct unit *, const struct tag *, const char *word);
/* Does the function's first declaration or its definition have this word (an attribute)? */
bool symbol_has_word(struct unit *, const struct symbol *, const char *word);
/* The call, or the awaited call, whose result is the value of e; or NULL. */
struct expr *value_call(struct expr *e);
/* The variable, if e is one, perhaps in parentheses and casts; otherwise NULL. */
struct symbol *value_variable(struct expr *e);
/* Do branches of the function that are statement expressions mention the variable? */
bool branches_mention(const struct function *, const struct symbol *);
bool tokens_mention(struct unit *, uint32_t first, uint32_t last, const char *word);
/* The index in `array[index]` if the token is the array and the index is a number; otherwise -1. */
int64_t index_after(const struct unit *, uint32_t token);
/* Is the mention of a variable the operand of an `&`? Also in operands that have no node. */
bool is_address_taken(const struct unit *, const struct expr *ident);

/* ---- gift.c: what calls give through an argument ---- */

/* A call that gives something to a variable: `&symbol`, or an array, is its argument. */
struct gift {
    struct expr *call, *argument; /* the mention of the symbol */
    struct expr *await;           /* of the call, or of the form that it is a branch of; or NULL */
    struct symbol *symbol;
    int elements;
    const char *release;
    enum gift_failure failure;
    struct list status; /* struct symbol *: variables that get the result */
    bool is_known;      /* the events show what becomes of the result */
    bool is_unknown;    /* but not of all of it */
};

struct gifts *gifts_find(struct flow *);
/* NULL after the last one. */
const struct gift *gift_first(const struct gifts *);
const struct gift *gift_next(const struct gifts *, const struct gift *);
/* Is the gift there after the event, unless the call has failed? */
bool gift_arrives(const struct gift *, const struct event *);
/* An EV_TEST: is the call's result compared? */
bool gift_is_tested(const struct gift *, const struct event *);
/* For such an EV_TEST: can the gift be there if the comparison holds? */
bool gift_is_there(const struct gift *, const struct event *);
/* An EV_DEF: does it overwrite the last variable that has the call's result? */
bool gift_ends_with(const struct gift *, const struct event *);
/* Is it the mention of the variable in the argument of a gift? */
bool gift_takes(const struct gifts *, const struct expr *);
/* Do only gifts take the variable's address? */
bool gifts_alone_point_to(const struct gifts *, const struct symbol *);

/* ---- thread.c: values that belong to one thread ---- */

/* Such a value among the arguments or captures of a task that may run on another thread. */
struct given {
    const struct expr *form;
    struct thread_value value;
    const struct symbol *param; /* the parameter or capture that gets it; NULL: not known */
    uint32_t first, last;       /* tokens of the argument, or the begin of the block */
};

/* Finds the function's thread_values. If `given` is not NULL, adds what the function gives to
 * tasks that may move. */
void find_thread_values(struct flow *, struct list *given);
/* Is the type marked, or has it a part, or points to a struct, that is? */
bool type_is_thread_bound(struct unit *, const struct type *);

/* ---- task.c: the tasks of a unit ---- */

/* Does the form start a task that may move, if the program has the runtime that the file says? */
bool spawn_may_move(const struct expr *form);
/* The errors about tasks that may move, by the thread_values of the functions. `flows`: struct flow
 * * of all functions; `given`: struct given *. */
void warn_tasks(struct unit *, const struct list *flows, const struct list *given);

/* ---- the warnings ---- */

void warn_blocking(struct flow *);                   /* block.c */
void warn_locks(struct flow *);                      /* lock.c */
void warn_leaks(struct flow *);                      /* leak.c */
void warn_borrowing(struct flow *);                  /* borrow.c */
void warn_forks(struct flow *);                      /* fork.c */
void warn_errors(struct flow *);                     /* error.c */
void warn_unset(struct flow *);                      /* unset.c */
void warn_shared(struct flow *);                     /* shared.c */
void warn_loops(struct unit *, struct function *);   /* loop.c */
void warn_futures(struct unit *, struct function *); /* future.c */

#endif
