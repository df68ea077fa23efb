/*
 * bide/lang.h: the words of the language.
 *
 * An async C file is an ordinary C file. For any reader but `bide cc` (an editor, an analyser, `cc
 * -fsyntax-only`) the words below are macros that vanish or expand to plain C of the same type: the
 * *plain reading*. A file that uses only bide_async and bide_await even compiles this way, to code
 * that blocks. Every other form calls an undefined function that is declared an error, so a plain
 * compiler type-checks the file and refuses to compile it.
 *
 * `bide cc` defines __BIDE__. Then the forms are words of the language, and this header declares
 * what the generated code calls. For its warnings, `bide cc` also has the compiler read the same
 * file plainly, with BIDE__PLAIN defined beside __BIDE__. The result of that reading is never
 * linked, and its forms do what plain C can do to come close to the real ones.
 *
 * This header has only prefixed words, for library headers and for C++ (inside extern "C");
 * <bide/bide.h> adds async, await and defer. The forms are specified in docs/language.md.
 */
#ifndef BIDE_LANG_H
#define BIDE_LANG_H

#ifndef BIDE__TEXT /* defined when bide cc reads preprocessed text, which already has these types */
#include <stdint.h>

/* A span of time. It is a struct so that a bare number is a type error. A wait for a negative span
 * ends at once. */
#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()
typedef struct bide_duration {
    int64_t ns;
} bide_duration;

/* A point in time, of the clock of bide_now() in bide/time.h. */
typedef struct bide_instant {
    int64_t ns;
} bide_instant;
#pragma pack(pop)

/* See bide/runtime.h. With a parenthesis behind it, the name is the word bide_runtime(...). */
typedef struct bide_runtime bide_runtime;

/* The type of the s of bide_scope(s), for functions that take it as an argument. */
struct bide__scope;
typedef struct bide__scope *bide_scope_handle;
#endif

/* The `|` makes a number with a fraction an error, which a cast would cut off without a word. */
#define BIDE__INTEGER(n) ((int64_t)((n) | 0))
#ifdef __cplusplus
#define BIDE__DURATION(ns) (bide_duration{ns})
#else
#define BIDE__DURATION(ns) (__extension__(bide_duration){ns})
#endif
#define BIDE_NS(n) BIDE__DURATION(BIDE__INTEGER(n))
#define BIDE_US(n) BIDE__DURATION(BIDE__INTEGER(n) * 1000)
#define BIDE_MS(n) BIDE__DURATION(BIDE__INTEGER(n) * 1000000)
#define BIDE_S(n)  BIDE__DURATION(BIDE__INTEGER(n) * 1000000000)

/* Initializers of the same durations: `static const bide_duration often = BIDE_S_INIT(10);`. At
 * file scope gcc takes BIDE_S(10), too, but not with -Wpedantic. */
#define BIDE_NS_INIT(n)  \
    {                    \
        BIDE__INTEGER(n) \
    }
#define BIDE_US_INIT(n)         \
    {                           \
        BIDE__INTEGER(n) * 1000 \
    }
#define BIDE_MS_INIT(n)            \
    {                              \
        BIDE__INTEGER(n) * 1000000 \
    }
#define BIDE_S_INIT(n)                \
    {                                 \
        BIDE__INTEGER(n) * 1000000000 \
    }

/*
 * Owners: tasks and futures as values. They are pointers to function pointers, so that the type is
 * structural (bide_task(int) is the same type wherever it is written) and has the size of a
 * pointer.
 */
struct bide__task;
struct bide__future;
struct bide__scope;
struct bide__task_set;
struct bide__task_map;
struct bide__future_set;
#define bide_task(T)          __typeof__(T(**)(struct bide__task *))
#define bide_future(T)        __typeof__(T(**)(struct bide__future *))

/*
 * A pointer to an async function: it points to the descriptor, whose first word is the plain
 * function. `bide cc` recognises the type by the spelling __typeof, which is used nowhere else
 * here.
 */
#define bide_async_fn(T, ...) __typeof(T(*const *)(__VA_ARGS__))

/*
 * The result of the function must be used: dropping it, even that of an awaited call, is a
 * -Wunused-result warning, unless it is cast to void. The word comes first in the declaration.
 */
#if defined(__clang__)
#define bide_must_use __attribute__((__warn_unused_result__))
#elif defined(__cplusplus) && __cplusplus >= 201703L
#define bide_must_use [[nodiscard]]
#elif !defined(__cplusplus) && defined(__GNUC__) && \
    __GNUC__ >= 10 /* older ones warn despite a cast */
#define bide_must_use __extension__ [[__nodiscard__]]
#else
#define bide_must_use
#endif

/*
 * Words that tell the checks of `bide cc` something about a declaration; no other reader sees them.
 *
 *   int slow_query(int id) bide_may_block;         a call of it blocks the thread
 *   struct page *page_load(int id) bide_allocates(page_free);
 *                                                  its result must be given to page_free
 *   int page_open(int id, struct page **page bide_gives(page_free));
 *                                                  so must what it stores in *page, if it returns
 *                                                  0 or a positive number (bool: true)
 *   struct bide_thread_bound gui;                  its values belong to the thread that made them
 *   const char *last_error(void) bide_thread_bound;
 *                                                  and so does what this function returns: it is
 *                                                  about earlier calls on this thread
 *
 * On a runtime with several threads, a task that may move must not hold such a value across an
 * await; see -Wbide-thread-bound in docs/diagnostics.md.
 *
 * The first two go before or after a declaration, bide_gives before or after that of a parameter.
 * bide_thread_bound may also follow `struct` or stand in a typedef.
 */
#if !defined(__BIDE__) || defined(BIDE__PLAIN)
#define bide_may_block
#define bide_allocates(release)
#define bide_gives(release)
#define bide_thread_bound
#endif

#if defined(__BIDE__) && !defined(BIDE__PLAIN)

#include <bide/target.h>
#include <bide/abi.h>

#elif !defined(__cplusplus)

/* The macros below mention a function that is only spawned inside __typeof__ alone. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wunneeded-internal-declaration"
#endif

#define bide_async
#define bide_await
#define bide_cancel_returns
#ifdef BIDE__TEXT /* where bide_locked (bide/lock.h) has become this */
#define bide__with(...) for (__VA_ARGS__;)
#endif

/* Chooses the runtime of `async int main`, once, before it: current_thread (the default),
 * multi_thread or thread_per_core. */
enum {
    bide__runtime_current_thread = 1,
    bide__runtime_multi_thread = 1,
    bide__runtime_thread_per_core = 1
};
#define bide_runtime(kind) _Static_assert(bide__runtime_##kind, "")

#ifdef BIDE__PLAIN
#define bide__needs
#else
#define bide__needs __attribute__((error("compile this file with bide cc")))
#endif
bide__needs void bide__erased(void);
bide__needs int bide__erased_int(void);
bide__needs int bide__erased_once(void);
bide__needs void *bide__erased_pointer(void);
bide__needs void bide__erased_scope(struct bide__scope *);
bide__needs int bide__erased_result(void *);
bide__needs int bide__erased_number(void *);
bide__needs void bide__erased_key(const void *);
bide__needs void (*bide__erased_caller(void))(void);
struct bide_runtime;
struct bide_instant;
bide__needs void bide__erased_runtime(struct bide_runtime *);
bide__needs void bide__erased_name(const char *);
bide__needs int bide__erased_instant(struct bide_instant);
#define bide__any(type)  ((type)bide__erased_pointer())
#define bide__result(h)  __typeof__((*(h))((struct bide__task *)0))

/* Tasks. */
#define bide_spawn(call) __extension__({ bide__any(bide_task(__typeof__(call))); })
#define bide_spawn_on(rt, call)                 \
    __extension__({                             \
        bide__erased_runtime(rt);               \
        bide__any(bide_task(__typeof__(call))); \
    })
#define bide_spawn_at(core, call)               \
    __extension__({                             \
        (void)(uint32_t)(core);                 \
        bide__any(bide_task(__typeof__(call))); \
    })
#define bide_spawn_local(call)    bide_spawn(call)
#define bide_spawn_low(call)      bide_spawn(call)
#define bide_spawn_blocking(call) bide_spawn(call)
#define bide_named(name, call)    (bide__erased_name(name), (call))
#define bide_task_join(h, out)                                                            \
    __extension__({                                                                       \
        _Static_assert(__builtin_types_compatible_p(__typeof__(*(out)), bide__result(h)), \
                       "bide_task_join: the result has another type than the task");      \
        bide__erased_result(out);                                                         \
    })
#define bide_task_wait(h)     ((void)(h), bide__erased_int())
#define bide_task_cancel(h)   ((void)*(h), bide__erased_int())
#define bide_task_detach(h)   ((void)*(h), bide__erased())
#define bide_task_abort(h)    ((void)*(h), bide__erased())
#define bide_task_finished(h) ((void)*(h), bide__erased_int())
#define bide_move(owner)      (bide__erased(), (owner))

/* Sets: bide/set.h. */
#define bide__child(set, tag, call, message)                                                       \
    __extension__({                                                                                \
        _Static_assert(                                                                            \
            __builtin_types_compatible_p(__typeof__(call), __typeof__((*(set))((struct tag *)0))), \
            message);                                                                              \
        (uint64_t) bide__erased_number((void *)(set));                                             \
    })
#define bide_task_set_spawn(set, call)     \
    bide__child(set, bide__task_set, call, \
                "bide_task_set_spawn: the call has another result than the set")
#define bide_future_set_add(set, call)       \
    bide__child(set, bide__future_set, call, \
                "bide_future_set_add: the call has another result than the set")
#define bide_task_map_spawn(map, key, call)                                                     \
    __extension__({                                                                             \
        _Static_assert(                                                                         \
            __builtin_types_compatible_p(                                                       \
                __typeof__(map),                                                                \
                __typeof__(__typeof__(call)(**)(struct bide__task_map *, __typeof__(*(key))))), \
            "bide_task_map_spawn: the key or the result has another type than the map's");      \
        bide__erased_key(key);                                                                  \
        (uint64_t) bide__erased_number((void *)(map));                                          \
    })

/* How the library calls a plain function: bide/iter.h. */
#define bide__caller(f) bide__erased_caller()

/* Futures as values. */
#define bide_lazy(call) bide__any(bide_future(__typeof__(call)))
#define bide_get(f)     (bide__erased(), (*(f))((struct bide__future *)0))
#define bide_drop(f)    ((void)(*(f))((struct bide__future *)0), bide__erased())

/* Several at once. Compilers would call the results of all branches but the last unused. */
#define bide__branches(...)                                    \
    __extension__({                                            \
        _Pragma("GCC diagnostic push");                        \
        _Pragma("GCC diagnostic ignored \"-Wunused-result\""); \
        (void)(__VA_ARGS__);                                   \
        _Pragma("GCC diagnostic pop");                         \
    })
#define bide_join(...)          (bide__branches(__VA_ARGS__), bide__erased())
#define bide_try_join(...)      (bide__branches(__VA_ARGS__), bide__erased_int())
#define bide_select(...)        (bide__branches(__VA_ARGS__), bide__erased_int())
#define bide_select_biased(...) (bide__branches(__VA_ARGS__), bide__erased_int())
#define bide_if(guard, ...)     ((guard) ? (void)(__VA_ARGS__) : (void)0)
#define bide_timeout(d, ...)    ((void)sizeof((d).ns), (void)(__VA_ARGS__), bide__erased_int())
#define bide_timeout_at(t, ...) \
    ((void)sizeof(bide__erased_instant(t)), (void)(__VA_ARGS__), bide__erased_int())

/* Between async and blocking code. */
#define bide_blocking(call)       (bide__erased(), (call))
#define bide_block_in_place(call) (bide__erased(), (call))
#define bide_block_on(call)       (call)

/* Blocks. Before C99 a `for` cannot declare anything, so the name of the scope outlives its
 * block. */
#if defined(BIDE__PLAIN) || defined(__clang_analyzer__) /* the body runs once */
#define bide__scope_as(s, ...)                                              \
    for (int bide__more_##s = 1; bide__more_##s;)                           \
        for (struct bide__scope *const s = bide__any(struct bide__scope *); \
             bide__more_##s && ((void)(__VA_ARGS__), bide__more_##s--); (void)s)
#elif __STDC_VERSION__ >= 199901L
#define bide__scope_as(s, ...) \
    for (struct bide__scope *const s = bide__any(struct bide__scope *); __VA_ARGS__; (void)s)
#else
#define bide__quietly(option) _Pragma(#option)
#define bide__scope_as(s, ...)                                                              \
    _Pragma("GCC diagnostic push")                                                          \
        bide__quietly(GCC diagnostic ignored "-Wdeclaration-after-statement")               \
            bide__quietly(GCC diagnostic ignored "-Wnested-externs")                        \
                bide__quietly(GCC diagnostic ignored "-Wredundant-decls") bide__quietly(    \
                    GCC diagnostic ignored "-Wshadow") extern struct bide__scope *const(s); \
    _Pragma("GCC diagnostic pop") for (; __VA_ARGS__; (void)(s))
#endif
#define bide_scope(s)             bide__scope_as(s, bide__erased_once())
#define bide__try_scope_1(s)      bide_scope(s)
#define bide__try_scope_2(s, e)   bide__scope_as(s, ((e) = bide__erased_int(), bide__erased_once()))
#define bide__third(a, b, c, ...) c
#define bide_try_scope(...) \
    bide__third(__VA_ARGS__, bide__try_scope_2, bide__try_scope_1, 0)(__VA_ARGS__)
#define bide_scope_spawn(s, call) (bide__erased_scope(s), bide_spawn(call))
#define bide_scope_cancel(s)      bide__erased_scope(s)

/*
 * To a reader that follows paths no loop is like a deferred block. Clang's analyzer reads a
 * function only up to its first one. What it would say of the way on would be false: that something
 * is not yet set, is used after it was freed, or is never freed. The condition is false, but not as
 * a constant: the block, and the code behind it, must still count as uses of variables.
 */
#ifdef __clang_analyzer__
static int bide__never __attribute__((__unused__));
#define bide_defer \
    for (bide__never = 0; bide__never || (!bide__never && (__builtin_unreachable(), 0));)
#else
#define bide_defer for (bide__erased(); bide__erased_once();)
#endif

/*
 * A reference to an async function. It is a constant expression, for tables at file scope. A
 * plainly compiled object file that has one does not link, and the missing symbol's name says
 * why.
 */
extern const char bide__ref_compile_this_file_with_bide_cc[];
#define bide_ref(f)                                                                      \
    ((__typeof__(f) *const *)(1 ? (const void *)bide__ref_compile_this_file_with_bide_cc \
                                : (const void *)(f)))

#else /* in C++ a declaration of an async function is that of its blocking form */

#define bide_async
#define bide_cancel_returns
#define bide_runtime(kind)

#endif
#endif
