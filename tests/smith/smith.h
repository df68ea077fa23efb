/*
 * awaitsmith: random programs with awaits in every place, for testing the compiler.
 *
 * A program is a list of cases. A case is a few async functions, of which main awaits the last, and
 * a line of output with the result and checksums. Every case has its own stream of random numbers,
 * so a case printed alone (-k) has the same text as in its program.
 *
 * Three rules make the output the same under every compiler, and in every order of evaluation that
 * C allows:
 *
 *  - Bounds: every integer expression knows an interval for its value, and every variable an
 *    invariant, so nothing overflows.
 *  - Ownership: memory is divided into classes; a class is a variable, or what one pointer may
 *    point to. In a full expression all operands may read a class, or one operand owns it. Of
 *    operands that C leaves unsequenced only the owner may touch it. Class 0 is the world: globals,
 *    static locals and the ordered trace. Functions are pure or may touch the world.
 *  - Cost: a function has an upper limit for its awaits and writes, and calls that cost too much
 *    are not made. Nothing else writes the counters of loops and backward jumps.
 *
 * What a pure function does shows in a tally, which does not depend on the order.
 *
 * Cases for which the erased program is the oracle:
 *
 *  - expr.c, value.c: awaits in every operand: arithmetic, comparisons, &&, ||, ?:, ?: without its
 *    middle, comma, subscripts, =, op=, ++, arguments, designated initialisers and compound
 *    literals of arrays, structs, unions, packed and big structs, casts, sizeof, typeof, _Generic,
 *    __builtin_choose_expr, nested statement expressions, macros that expand their arguments once,
 *    twice, or in a statement expression.
 *  - decl.c: const, volatile, register, over-aligned, _Atomic, static and _Thread_local locals,
 *    arrays from strings, pointers to locals and to compound literals, __auto_type, typeof, types
 *    declared in blocks (struct, anonymous union, enum, typedef, rows), cleanups, defer.
 *  - stmt.c, jumps.c, gnu.c: loops and switches with awaits in their heads, Duff's device, goto
 *    into and out of loops, forward, back and computed, local labels, asm and asm goto, arrays of
 *    variable length, functions declared in blocks, macros that are statements, calls through a
 *    bide_async_fn; recursion, also of two functions.
 *  - groups.c: join, try_join, select and timeout as operands, whose branches are calls,
 *    assignments, groups, and statement expressions with all of the above in them; with guards;
 *    won, failed, in time, too late, without a branch.
 *  - owners.c: tasks and futures in variables, arrays, arguments, temporaries and async blocks,
 *    moved, joined, waited for, raced, dropped, detached; scopes whose children borrow; the
 *    blocking pool.
 *
 * Cases that check themselves (-f): unwind.c cancels functions with deferred blocks, cleanups and
 * branches at each suspension; forms.c and forms_scopes.c have forms whose outcome depends on time,
 * bide_cancel_returns among them.
 */
#ifndef AWAITSMITH_H
#define AWAITSMITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- text.c: random numbers and text ---- */

void rng_seed(uint64_t seed, uint64_t stream);
int rng(int n);           /* 0 to n-1 */
bool percent(int chance); /* true in `chance` of 100 cases */

/* Text that lives until text_reset. */
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2), nonnull(1)));
void text_reset(void);

/* Output is a stack: put_pop returns what was put since put_push. A new line is indented by
 * `indent` levels. */
extern int indent;
void put(const char *fmt, ...) __attribute__((format(printf, 1, 2), nonnull(1)));
void put_push(void);
char *put_pop(void);

/* ---- vars.c: types, variables, ownership ---- */

enum kind {
    K_BOOL,
    K_CHAR,
    K_UCHAR,
    K_SHORT,
    K_USHORT,
    K_INT, /* the category C_INT ends here; the order matters */
    K_UINT,
    K_ULLONG,
    K_LLONG,
    K_DOUBLE,
    K_S,
    K_P,
    K_U,
    K_K,
    K_B,
    K_C,
    K_PTR,
    K_VOID,
    K_COUNT
};

enum category { C_INT, C_UINT, C_LL, C_DOUBLE, C_OTHER };

struct kind_info {
    const char *name; /* of the type, in C */
    const char *id;   /* async helper that returns its argument */
    enum category category;
    long long lo, hi; /* limits of what an object holds; C_INT and C_LL */
};
extern const struct kind_info kinds[K_COUNT];
bool is_aggregate(enum kind kind);

enum { INT_STORE_MAX = 1100000, VARS_MAX = 200, CLASSES_MAX = 220 };

/* Who may touch a class of memory. */
enum access { NONE, READ, OWN };

struct ownership {
    unsigned char of[CLASSES_MAX];
};
extern struct ownership base; /* what the whole statement may use */
extern struct ownership now;  /* what the operand that is being made may use */

struct var {
    const char *name; /* or an access path: w.a */
    enum kind kind;
    int length; /* of an array, a power of two; else 0 */
    int class;
    bool read_only;
    bool no_address;
    char qualifier;            /* v (volatile) or c (const) before the kind's type */
    int target, target_length; /* K_PTR: class and number of ints that it points to */
    int hider;                 /* index of the variable that hides its name, or -1 */
};
extern struct var vars[VARS_MAX];
extern int var_count, class_count;

/* A place in memory: an lvalue of scalar kind. */
struct place {
    char *text;
    enum kind kind;
    long long lo, hi; /* limits of its value, and of a value for it (C_INT) */
    int class;
    bool bit_field, no_address;
};

struct scope {
    int vars, classes, outer_mark;
};
struct scope scope_enter(void);
void scope_leave(struct scope);           /* forgets its variables */
void scope_tally(struct scope);           /* puts statements that record their values */
const char *fresh_name(const char *stem); /* new in this scope; it may hide an outer one */
/* `declare` puts a variable into scope and hides others of its name, before the initialiser is
 * made. After `define` the variable can be used. */
struct var *declare(const char *name);
bool room_for_vars(void);
bool tag_in_scope(void);
struct var *vars_save(void); /* a copy, which vars_restore takes back and frees */
void vars_restore(struct var *saved);
enum { TAG_MARK = -1 };
void define(struct var *, enum kind kind, int length, int class);
int new_class(enum access access);

void begin_full_expression(void);
/* Divides what `now` owns among n operands that C leaves unsequenced. */
void split(struct ownership *operand, int n);

struct var *pick_var(enum kind kind, int length, enum access access);
/* A random place of a category with this access; false if there is none. place_subscript finishes
 * its text: it makes the subscript, with the ownership of that moment. */
bool pick_place(enum category category, enum access access, struct place *place);
void place_subscript(struct place *place, int depth);
/* A member or element of an aggregate of this kind; false if none has the category. */
bool pick_member(enum kind kind, enum category category, struct place *member);

/* ---- expr.c, value.c ---- */

/* An expression; `level` is its precedence. */
enum level { L_POSTFIX, L_UNARY, L_MUL, L_ADD, L_OTHER, L_ASSIGN, L_COMMA };
struct ex {
    char *text;
    enum level level;
    long long lo, hi; /* C_INT, C_LL */
};

struct ex make_int(int depth);
struct ex make_uint(int depth);
struct ex make_ll(int depth);
struct ex make_double(int depth);
/* A value to initialise, assign or pass; without a comma operator outside parentheses. */
char *make_value(enum kind kind, int depth);
char *make_condition(int depth);                               /* for if (...) and the like */
char *make_index(int length, int depth);                       /* 0 to length-1, a power of two */
char *make_initialiser(enum kind kind, int length, int depth); /* in braces for an aggregate */
char *make_effect(int depth);                          /* an expression for its side effect */
char *make_pointer(int target, int length, int depth); /* an int * into that class */
char *paren(struct ex, enum level at_most);
/* Adds 0 where gcc and clang disagree about the type of a bit-field. */
char *promoted(char *value);
struct ex bounded(struct ex, long long limit);
struct ex masked(struct ex, long long mask); /* with &, so it is not negative */
struct ex leaf_int(int depth);               /* a constant or a place */
bool make_assignment(enum category category, int depth, struct ex *e);
extern int in_twice; /* not 0 where a macro expands its arguments twice: no label may be there */

/* ---- calls.c ---- */

struct function {
    const char *name;
    enum kind result;
    enum kind param[6];
    int param_length[6]; /* K_PTR: number of ints that the callee may touch */
    int param_count;
    bool pure, recursive; /* the first parameter of a recursive one is the depth */
    double cost, delay;
    struct function *partner; /* they call each other */
};
enum { FUNCTIONS_MAX = 8 };
extern struct function functions[FUNCTIONS_MAX]; /* of this case, callees first */
extern int function_count;                       /* of finished functions */
extern struct function *current;
extern double cost, repeats; /* of the current function so far; how often this place runs */
extern bool recursion_left;
extern double delay; /* the most virtual milliseconds of the current function so far */

void spend(double amount);
bool affordable(double amount);
/* A call of a helper or of a function of the case; NULL if none fits. */
char *call_returning(enum kind kind, int depth);
char *call_helper(enum kind kind, int depth);
char *call_by_value(enum kind kind, int depth); /* touches nothing but its arguments */
void make_pointer_call(int depth); /* declares a bide_async_fn and calls what it points to */
char *call_partner(int depth);     /* of the current function's partner; NULL if no arguments fit */
char *call_effect(int depth);      /* without a result, or for its effect only */

/* ---- decl.c ---- */

void make_declaration(int depth);

/* ---- stmt.c, jumps.c, gnu.c ---- */

/* Where a statement may jump to. */
struct jumps {
    bool can_break, can_continue, can_return, can_label;
    const char *forward[8];
    bool forward_used[8];
    int forward_count;
    const char *back[8], *back_fuel[8];
    int back_count;
};
extern struct jumps jumps;
/* Whether the function has a computed goto, and whether the end of a scope undoes something. With
 * both it gets no further computed goto: to bide each of them may lead to every label whose address
 * is taken, so it would pass what has to be undone. */
extern bool has_computed, has_undone;
extern int stmt_budget; /* how many more statements the function may have */
extern int label_count; /* makes names unique within a function */

void make_statement(int depth, bool may_declare);
void make_statements(int count, int depth, bool may_declare);
void make_block(int count, int depth); /* { ... } */
void make_jump_statement(int depth);   /* Duff's device, computed goto, goto into a loop, ... */
void make_gnu_statement(int depth);    /* asm, arrays of variable length, declarations in blocks */
int full(void);                        /* begins a full expression and returns how deep it may go */
char *make_statement_expression(enum kind kind, int depth);
/* The statement expression of a task or future, whose type is int. */
char *make_block_of_int(int depth);
void make_function(const char *name, int size);
/* Before the first of two functions that call each other: puts the declaration of the second. */
void plan_partners(const char *first, const char *second);

/* How a statement expression that is a branch ends. */
enum branch_end {
    ENDS,         /* with a value */
    ENDS_WELL,    /* with a value that is not negative */
    ENDS_LATE,    /* with a value, when all other branches wait or have ended */
    FAILS_LATE,   /* with a negative value, at that time */
    WAITS_FOREVER /* when it is cancelled; erased, it goes on with the next branch */
};
/* The statement expression, without an assignment; NULL if there is no room for it. `wait` is how
 * long the late ones take. */
char *make_branch_block(enum branch_end end, enum kind kind, long long wait, int depth);

/* ---- groups.c: calls at the same time, which the erased program makes one by one ---- */

/* The variable to which all branches may add, or NULL: `x += await f()` loses no update. */
extern struct var *shared_sum;
char *make_join(int depth);               /* await bide_join(...); NULL if there is no room */
bool make_group(int depth, struct ex *e); /* an await of a group with an int result */
long long failure(long long wait);        /* the value of a branch that fails after `wait` */
char *make_waiting_group(int depth);      /* a group that lasts until it is cancelled */

/* ---- owners.c: tasks, futures, scopes, the blocking pool ---- */

bool make_owned(int depth, struct ex *e); /* an int that comes out of a task or a future */
void make_owner_statement(int depth);     /* begins with declarations */

/* ---- unwind.c ---- */

/* Functions with deferred blocks, and their logs when they are cancelled at each suspension. */
void make_unwind_case(int number);

/* ---- forms.c, forms_scopes.c ---- */

/* Functions with join, select, spawn and others, and the results that these must have. */
void make_forms_case(int number);

/* The values of v0 to v4 and a[] at this point of the function, and a number for its checks. */
enum { FORM_VALUES = 5 };
extern int form_values[FORM_VALUES], form_array[4], form_line;
void form_checks(int number);
void make_further_form(int number); /* scopes, futures, pointers, errors for cancellation */

#endif
