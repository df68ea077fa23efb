/*
 * awaitsmith: random programs with awaits in every place, for testing the compiler.
 *
 * A program is a list of cases. A case is a few async functions, the last of which main awaits,
 * and a
 * line of output: result, checksums. Every case has random numbers of its own, so that one case
 * alone (-k) is the same text as within its program.
 *
 * Three rules make the output of a program the same under every compiler and in every order of
 * evaluation that C allows:
 *
 *  - Bounds: every integer expression knows an interval for its value, so nothing overflows, and
 *    every variable an invariant.
 *  - Ownership: in one full expression a class of memory (a variable, or what one pointer may point
 *    to) is read-only for all operands, or owned by one operand of each pair that C leaves
 *    unsequenced; only the owner may touch it. Class 0 is the world: globals, static locals and the
 *    ordered trace. Functions are pure or may touch the world.
 *  - Cost: a function counts how often it may await and write at most; calls whose cost is too high
 *    are not made. Loops and backward jumps have counters that nothing else writes.
 *
 * What a pure function does is seen in a tally that does not depend on the order.
 *
 * What the cases have that erasure gives an oracle for:
 *
 *  - expr.c: awaits in every operand: arithmetic, comparisons, &&, ||, ?:, ?: without its middle,
 *    comma, subscripts, =, op=, ++, arguments, designated initialisers and compound literals of
 *    arrays, structs, unions, packed and big structs, casts, sizeof, typeof, _Generic,
 *    __builtin_choose_expr, statement expressions in each other, macros that have their arguments
 *    once, twice, in a statement expression.
 *  - decl.c: const, volatile, register, over-aligned, _Atomic, static and _Thread_local locals,
 *    arrays from strings, pointers to locals and to compound literals, __auto_type, typeof, types
 *    of the block (struct, anonymous union, enum, typedef, rows), cleanups, defer.
 *  - stmt.c, jumps.c, gnu.c: loops and switches with awaits in their heads, Duff's device, goto in
 *    and out of loops, forward, back and computed, local labels, asm and asm goto, arrays of
 *    variable length, functions declared in blocks, macros that are statements, calls by
 *    bide_async_fn; recursion, also of two functions.
 *  - groups.c: join, try_join, select and timeout as operands, with branches that are calls,
 *    assignments, statement expressions with all of the above in them, groups; with guards; won,
 *    failed, in time, too late, without a branch.
 *  - owners.c: tasks and futures in variables, arrays, arguments, temporaries and async blocks,
 *    moved, joined, waited for, raced, dropped, detached; scopes whose children borrow; the
 *    blocking pool.
 *
 * And those that check themselves (-f): unwind.c cancels functions with deferred blocks, cleanups
 * and branches at each suspension; forms.c and forms_more.c have forms whose outcome depends on
 * time, bide_cancel_returns among them.
 */
#ifndef AWAITSMITH_H
#define AWAITSMITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- text.c: random numbers and text ---- */

void rng_seed(uint64_t seed, uint64_t stream);
int rng(int n);           /* 0 to n-1 */
bool percent(int chance); /* true `chance` times of 100 */

/* Text that lives until text_reset. */
char *text(const char *fmt, ...) __attribute__((format(printf, 1, 2), nonnull(1)));
void text_reset(void);

/* Output is a stack: what is put between push and pop is returned by pop. A line that begins is
 * indented by `indent` levels. */
extern int indent;
void put(const char *fmt, ...) __attribute__((format(printf, 1, 2), nonnull(1)));
void put_push(void);
char *put_pop(void);

/* ---- vars.c: types, variables, ownership ---- */

enum kind {
    K_BOOL, K_CHAR, K_UCHAR, K_SHORT, K_USHORT, K_INT, /* of the category C_INT, in this order */
    K_UINT, K_ULLONG, K_LLONG, K_DOUBLE, K_S, K_P, K_U, K_K, K_B, K_C, K_PTR, K_VOID, K_COUNT
};

enum category { C_INT, C_UINT, C_LL, C_DOUBLE, C_OTHER };

struct kind_info {
    const char *name; /* of the type */
    const char *id;   /* async helper that returns its argument */
    enum category category;
    long long lo, hi; /* of any value in an object of it; C_INT and C_LL */
};
extern const struct kind_info kinds[K_COUNT];
bool is_aggregate(enum kind kind);

enum { INT_STORE_MAX = 1100000, VARS_MAX = 200, CLASSES_MAX = 220 };

/* Who may touch a class of memory. */
enum access { NONE, READ, OWN };

struct ownership {
    unsigned char of[CLASSES_MAX];
};
extern struct ownership base; /* what the statement may use */
extern struct ownership now;  /* what the operand being made may use */

struct var {
    const char *name; /* or an access path: w.a */
    enum kind kind;
    int length;       /* 0: no array; a power of two */
    int class;
    bool read_only;
    bool no_address;
    char qualifier; /* v or c: the type has it, and is the kind's otherwise */
    int target, target_length; /* K_PTR: class and number of elements (ints) */
    int hider;        /* index of the variable that hides its name; -1: visible */
};
extern struct var vars[VARS_MAX];
extern int var_count, class_count;

/* A place in memory: an lvalue of scalar kind. */
struct place {
    char *text;
    enum kind kind;
    long long lo, hi; /* what it holds, and what it takes (C_INT) */
    int class;
    bool bit_field, no_address;
};

struct scope {
    int vars, classes, outer_mark;
};
struct scope scope_enter(void);
void scope_leave(struct scope);           /* forgets its variables */
void scope_tally(struct scope);           /* puts statements that record their values */
const char *fresh_name(const char *stem); /* not in use in this scope, or hiding an outer one */
/* A variable comes into scope, hiding others of its name, before its initialiser is made; it can be
 * used once it is defined. */
struct var *declare(const char *name);
bool room_for_vars(void);
bool tag_in_scope(void);
struct var *vars_save(void); /* for a change that vars_restore takes back, and frees the copy */
void vars_restore(struct var *saved);
enum { TAG_MARK = -1 };
void define(struct var *, enum kind kind, int length, int class);
int new_class(enum access access);

void begin_full_expression(void);
/* Shares what `now` owns among n operands that C leaves unsequenced. */
void split(struct ownership *operand, int n);

struct var *pick_var(enum kind kind, int length, enum access access);
/* A random place of a category with its access; false: none. Subscripts are made by `subscript`. */
bool pick_place(enum category category, enum access access, struct place *place);
/* Finishes the text of a place: makes its subscript, with the ownership of that moment. */
void place_subscript(struct place *place, int depth);
/* A member or element of an aggregate expression in parentheses; NULL: none of that category. */
bool pick_member(enum kind kind, enum category category, struct place *member);

/* ---- expr.c ---- */

/* An expression; `level` says how tightly it binds. */
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
/* to initialise, assign or pass; no comma outside */
char *make_value(enum kind kind, int depth);
char *make_condition(int depth);                   /* goes into if ( ) and the like */
char *make_index(int length, int depth);           /* 0 to length-1, a power of two */
char *make_initialiser(enum kind kind, int length, int depth); /* with braces if an aggregate */
char *make_effect(int depth);                      /* an expression for its side effect */
char *make_pointer(int target, int length, int depth); /* an int * into that class */
char *paren(struct ex, enum level at_most);
char *promoted(char *value);

/* ---- calls.c ---- */

struct function {
    const char *name;
    enum kind result;
    enum kind param[6];
    int param_length[6]; /* K_PTR: elements that it may touch */
    int param_count;
    bool pure, recursive; /* recursive: the first parameter is the depth */
    double cost, delay;
    struct function *partner; /* the two call each other */
};
enum { FUNCTIONS_MAX = 8 };
extern struct function functions[FUNCTIONS_MAX]; /* of the case, callees first */
extern int function_count;                       /* finished ones */
extern struct function *current;
extern double cost, repeats; /* of the current function so far; how often the place is run */
extern bool recursion_left;
extern double delay; /* virtual milliseconds that the current function may take so far */

void spend(double amount);
bool affordable(double amount);
/* An await of a helper or of a function of the case; NULL: none fits. */
char *call_returning(enum kind kind, int depth);
char *call_helper(enum kind kind, int depth);
char *call_by_value(enum kind kind, int depth); /* touches nothing but its arguments */
void make_pointer_call(int depth); /* declares a bide_async_fn and calls what it points to */
char *call_partner(int depth); /* of the current function; NULL: nothing fits its arguments */
char *call_effect(int depth); /* void or ignored result */

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
/* The function jumps to an address; it has something that a scope's end undoes. For bide, a jump to
 * an address may go to each label whose address is taken, so a function has not all of these. */
extern bool has_computed, has_undone;
extern int stmt_budget; /* statements that the function may still have */
extern int label_count; /* makes names unique within a function */

void make_statement(int depth, bool may_declare);
void make_statements(int count, int depth, bool may_declare);
void make_block(int count, int depth); /* { ... } */
void make_jump_statement(int depth);   /* Duff's device, computed goto, goto into a loop, ... */
void make_gnu_statement(int depth);    /* asm, arrays of variable length, declarations in blocks */
int full(void);                        /* begins a full expression; how deep it may go */
char *make_statement_expression(enum kind kind, int depth);
/* One whose type is int: that of a task or future. */
char *make_block_of_int(int depth);
void make_function(const char *name, int size);
/* Before the first of two functions that call each other is made: puts the other's declaration. */
void plan_partners(const char *first, const char *second);

/* How a statement expression that is a branch ends. */
enum branch_end {
    ENDS,         /* with a value */
    ENDS_WELL,    /* with one that is not negative */
    ENDS_LATE,    /* with a value, when all the others wait or have ended */
    FAILS_LATE,   /* with a negative one then */
    WAITS_FOREVER /* until it is cancelled; last, so that plain C goes on with the next branch */
};
/* The statement expression, without an assignment; NULL: there is no room for it. `wait`: how late
 * the late ones are. */
char *make_branch_block(enum branch_end end, enum kind kind, long long wait, int depth);

/* ---- groups.c: several calls at once, where plain C does one after the other ---- */

/* A variable that all branches may add to: `x += await f()` loses no update. NULL: none. */
extern struct var *shared_sum;
char *make_join(int depth);           /* await bide_join(...); NULL: no room */
bool make_group(int depth, struct ex *e); /* await of a group with an int result */
long long failure(long long wait); /* the value of a branch that fails so late */
char *make_waiting_group(int depth); /* one that lasts until it is cancelled */

/* ---- owners.c: tasks, futures, scopes, the blocking pool ---- */

bool make_owned(int depth, struct ex *e); /* an int by way of a task or a future */
void make_owner_statement(int depth);     /* has declarations */

/* ---- unwind.c ---- */

/* Functions with deferred blocks and what they log for a cancellation at each suspension. */
void make_unwind_case(int number);

/* ---- forms.c, forms_more.c ---- */

/* join, select, spawn and others with their expected results. */
void make_forms_case(int number);

/* What v0.. and a[] hold at this point, and a number for the checks there. */
enum { FORM_VALUES = 5 };
extern int form_values[FORM_VALUES], form_array[4], form_line;
void form_checks(int number);
void make_further_form(int number); /* scopes, futures, pointers, errors for cancellation */

#endif
