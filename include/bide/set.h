/*
 * bide/set.h: sets: many calls at once, whose results come in the order in which they end.
 *
 * A *task set* runs its children as tasks. It has a limit on how many run at once, and its close
 * cancels what is left and waits for it.
 *
 *     bide_task_set(int) set;
 *     int rc = bide_task_set_new(8, &set);
 *     if (rc < 0)
 *         return;
 *     defer { await bide_task_set_close(set); }
 *     for (size_t i = 0; i < n; i++)
 *         bide_task_set_spawn(set, fetch_length(urls[i]));
 *     for (int length; (rc = await bide_task_set_next(set, &length)) != 0;)
 *         rc > 0 ? printf("%d bytes\n", length) : printf("failed: %d\n", rc);
 *
 * A *task map* is a task set whose children have keys. docs/choosing.md tells when to use a set, a
 * scope, a join or a single task.
 *
 * The handle of a set is a pointer, typed by the result of the children; they all have the same. A
 * wrong type is an error. It may be copied: it owns nothing, and the set is ended once, by its
 * close or free. Unless a comment says otherwise, a set is used in tasks of the runtime on which it
 * was made, by several at the same time if that is wanted.
 *
 * Sequences: `next` returns 1 with a result, 0 at the end, and a negative errno for a child that
 * has none.
 */
#ifndef BIDE_SET_H
#define BIDE_SET_H

#include <bide/lang.h>
#include <bide/task.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

#ifndef __cplusplus

/* Private: the result of the children of a handle, and checks of types, which are made in the plain
 * reading. */
#define bide__set_result(set, tag) __typeof__((*(set))((struct tag *)0))
#if defined(__BIDE__) && !defined(BIDE__PLAIN)
#define bide__set_of(s, tag)         ((struct tag *)(void *)(s))
#define bide__set_slot(set, tag)     (set)
#define bide__set_out(set, tag, out) ((void *)(out))
#else
#define bide__set_of(s, tag)     ((void)(bide__set_result(s, tag) *)0, (struct tag *)(void *)(s))
#define bide__set_slot(set, tag) ((void)(bide__set_result(*(set), tag) *)0, (void *)(set))
#define bide__set_check(T, U, problem)                               \
    sizeof(__extension__({                                           \
        _Static_assert(__builtin_types_compatible_p(T, U), problem); \
        0;                                                           \
    }))
#define bide__set_out(set, tag, out)                                 \
    (bide__set_check(__typeof__(*(out)), bide__set_result(set, tag), \
                     "the result has another type than the set")     \
         ? (void *)(out)                                             \
         : 0)
#endif

/* ---- task set ---- */

struct bide__task_set;
#define bide_task_set(T) __typeof__(T(**)(struct bide__task_set *))

/* Private: what the macros below call. */
bide_must_use int bide__task_set_new(size_t limit, void *set bide_gives(bide_task_set_close));
/* Returns 1, 0 or a negative errno: see the macro. */
bide_async int bide_task_set_next(struct bide__task_set *set, void *out, bide_task_end *end);
int bide__task_set_try_next(struct bide__task_set *set, void *out, bide_task_end *end);
size_t bide__task_set_length(struct bide__task_set *set);
void bide__task_set_abort_all(struct bide__task_set *set);
int bide__task_set_abort(struct bide__task_set *set, uint64_t id);
void bide__task_set_detach_all(struct bide__task_set *set);
bide_async void bide_task_set_close(struct bide__task_set *set);
void bide__task_set_free(struct bide__task_set *set);

/*
 * int bide_task_set_new(size_t limit, bide_task_set(T) *set)
 *
 * Makes a set and stores its handle. At most `limit` children run at once; 0: no limit. Returns 0,
 * or -ENOMEM, or -ENXIO outside of tasks; then *set is NULL.
 */
#define bide_task_set_new(limit, set) \
    bide__task_set_new((limit), bide__set_slot(set, bide__task_set))

/*
 * uint64_t bide_task_set_spawn(bide_task_set(T) set, f(x))   a form: a word of the language
 *
 * Spawns a child of the set, a call of an async function that returns a T, or an async block. It
 * does not wait: if as many children run as the limit allows, the child begins when its turn comes,
 * in the order of the spawns. The arguments are evaluated now. Returns the child's number
 * (bide_task_id() in it), or 0 if it could not be made; then the owners among the arguments are
 * released, and a later `next` returns the reason: -ENOMEM, -EPERM, -ESHUTDOWN (see bide/task.h).
 * If the set is NULL, or this is no task of its runtime, nothing happens and the result is 0.
 */

/*
 * async int bide_task_set_next(bide_task_set(T) set, T *out)
 *
 * Waits for the next child to end, in the order of the ends, and takes it out of the set. Returns 1
 * with its result in *out; 0 if the set has no child; or why the child has no result: -ECANCELED
 * (it was aborted, or the runtime shuts down), -ENOMEM, or why it was not made. `out` is NULL for a
 * set of void. The memory of a child stays until its end has been taken in this way.
 *
 * -EBUSY: another task, or another branch, waits for the same set. -EXDEV, -ENXIO: this is no task
 * of the set's runtime. -EINVAL: the set is NULL.
 *
 * Cancelled: nothing was taken; the child that ended stays for the next call.
 */
#define bide_task_set_next(set, out)                                                               \
    bide_task_set_next(bide__set_of(set, bide__task_set), bide__set_out(set, bide__task_set, out), \
                       (bide_task_end *)0)

/* The same, and tells which child it was and why it ended, in *end (bide_task_end of
 * bide/task.h). *end is written whenever a child was taken out. */
#define bide_task_set_next_end(set, out, end)               \
    (bide_task_set_next)(bide__set_of(set, bide__task_set), \
                         bide__set_out(set, bide__task_set, out), (end))

/* Both without waiting: -EAGAIN if there are children, but none has ended. */
#define bide_task_set_try_next(set, out)                       \
    bide__task_set_try_next(bide__set_of(set, bide__task_set), \
                            bide__set_out(set, bide__task_set, out), (bide_task_end *)0)
#define bide_task_set_try_next_end(set, out, end)              \
    bide__task_set_try_next(bide__set_of(set, bide__task_set), \
                            bide__set_out(set, bide__task_set, out), (end))

/* size_t: how many children have an end that was not taken: those that run, wait for their turn or
 * have ended. */
#define bide_task_set_length(set)     bide__task_set_length(bide__set_of(set, bide__task_set))

/* Asks the children that have not ended to cancel, as bide_task_abort does. The set goes on: their
 * ends are told, and more may be spawned. One that has not begun begins first, when its turn comes.
 */
#define bide_task_set_abort_all(set)  bide__task_set_abort_all(bide__set_of(set, bide__task_set))

/* int: asks the child with this number to cancel. Returns 0, or -ENOENT if no such child runs or
 * waits for its turn; -EXDEV: this is no task of the set's runtime. The time that this takes grows
 * with the number of children. */
#define bide_task_set_abort(set, id)  bide__task_set_abort(bide__set_of(set, bide__task_set), (id))

/* Lets go of all children: they run on by themselves, those too that were waiting for their turn,
 * and their results are discarded. The set is empty then. */
#define bide_task_set_detach_all(set) bide__task_set_detach_all(bide__set_of(set, bide__task_set))

/*
 * async void bide_task_set_close(bide_task_set(T) set)
 *
 * Asks all children to cancel, those too that they spawn into the set from now on, waits until they
 * have ended, deferred blocks and all, discards their results and frees the set. NULL is ignored.
 * No `next` of the set may wait.
 *
 * Cancelled: it closes the set all the same before the request takes effect. In a deferred block no
 * request reaches it, except past the limit of a shutdown: then it asks with force. If there is no
 * memory for the wait, it does what bide_task_set_free does.
 */
#define bide_task_set_close(set)      bide_task_set_close(bide__set_of(set, bide__task_set))

/* The same without waiting: the children unwind by themselves, and the last one frees the set. */
#define bide_task_set_free(set)       bide__task_set_free(bide__set_of(set, bide__task_set))

/* ---- task map ---- */

/*
 * A task map is a task set whose children have keys. A key is a number, a pointer, or a struct
 * whose bytes are compared, so that it must not have gaps; a `const char *` is a string, which is
 * compared, and copied into the map. All of a set holds for a map, but for what is said here.
 *
 *     bide_task_map(const char *, int) map;
 *     int rc = bide_task_map_new(0, &map);
 *     if (rc < 0)
 *         return;
 *     defer { await bide_task_map_close(map); }
 *     const char *user = "ada";
 *     bide_task_map_spawn(map, &user, serve(user));
 *     bide_task_map_abort(map, &user);
 *     for (int n; (rc = await bide_task_map_next(map, &user, &n)) != 0;)
 *         printf("%s: %d\n", user, rc > 0 ? n : rc);
 */
#define bide_task_map(K, T)           __typeof__(T(**)(struct bide__task_map *, K))

/* Private: what the macros below call. */
bide_must_use int bide__task_map_new(size_t limit, void *map bide_gives(bide_task_map_close));
/* Returns 1, 0 or a negative errno: see the macro. */
bide_async int bide_task_map_next(struct bide__task_map *map, void *key, void *out,
                                  bide_task_end *end);
int bide__task_map_try_next(struct bide__task_map *map, void *key, void *out, bide_task_end *end);
int bide__task_map_abort(struct bide__task_map *map, const void *key, size_t size);
uint64_t bide__task_map_find(struct bide__task_map *map, const void *key, size_t size);
size_t bide__task_map_length(struct bide__task_map *map);
void bide__task_map_abort_all(struct bide__task_map *map);
void bide__task_map_detach_all(struct bide__task_map *map);
bide_async void bide_task_map_close(struct bide__task_map *map);
void bide__task_map_free(struct bide__task_map *map);

#if defined(__BIDE__) && !defined(BIDE__PLAIN)
#define bide__map_of(map)            ((struct bide__task_map *)(void *)(map))
#define bide__map_slot(map)          (map)
#define bide__map_key(map, key)      ((void *)(uintptr_t)(key))
#define bide__map_out(map, key, out) ((void *)(out))
#else
#define bide__map_of(map)   ((void)sizeof(&**(map)), (struct bide__task_map *)(void *)(map))
#define bide__map_slot(map) ((void)sizeof(&***(map)), (void *)(map))
#define bide__map_result(map, key) \
    __typeof__((*(map))((struct bide__task_map *)0, *(__typeof__(*(key)) *)(key)))
#define bide__map_key(map, key)                                                     \
    (bide__set_check(__typeof__(map),                                               \
                     bide_task_map(__typeof__(*(key)), bide__map_result(map, key)), \
                     "the key has another type than that of the map")               \
         ? (void *)(uintptr_t)(key)                                                 \
         : 0)
#define bide__map_out(map, key, out)                                                         \
    (bide__set_check(__typeof__(map), bide_task_map(__typeof__(*(key)), __typeof__(*(out))), \
                     "the key or the result has another type than that of the map")          \
         ? (void *)(out)                                                                     \
         : 0)
#endif

/* int bide_task_map_new(size_t limit, bide_task_map(K, T) *map): like bide_task_set_new. */
#define bide_task_map_new(limit, map) bide__task_map_new((limit), bide__map_slot(map))

/*
 * uint64_t bide_task_map_spawn(bide_task_map(K, T) map, const K *key, f(x))   a form
 *
 * Spawns a child with the key *key. If another child has it, the new one takes its place: the old
 * one is asked to cancel, and its end is not told. A child that could not be made changes nothing,
 * and `next` returns the reason without a key.
 */

/*
 * async int bide_task_map_next(bide_task_map(K, T) map, K *key, T *out)
 *
 * Like bide_task_set_next; *key becomes the key of the child, also if that has no result. A string
 * stays until the next call of this, or until the map is closed.
 */
#define bide_task_map_next(map, key, out) \
    bide_task_map_next(bide__map_of(map), (key), bide__map_out(map, key, out), (bide_task_end *)0)
#define bide_task_map_next_end(map, key, out, end) \
    (bide_task_map_next)(bide__map_of(map), (key), bide__map_out(map, key, out), (end))
#define bide_task_map_try_next(map, key, out)                                       \
    bide__task_map_try_next(bide__map_of(map), (key), bide__map_out(map, key, out), \
                            (bide_task_end *)0)

/* int: asks the child with this key (const K *) to cancel. 0, or -ENOENT: there is none. Its end is
 * told by `next`. */
#define bide_task_map_abort(map, key) \
    bide__task_map_abort(bide__map_of(map), bide__map_key(map, key), sizeof(*(key)))

/* uint64_t: the number of the child with this key, whose end was not told; 0: there is none. */
#define bide_task_map_find(map, key) \
    bide__task_map_find(bide__map_of(map), bide__map_key(map, key), sizeof(*(key)))

/* size_t: the number of children with a key. The rest is as for sets. */
#define bide_task_map_length(map)     bide__task_map_length(bide__map_of(map))
#define bide_task_map_abort_all(map)  bide__task_map_abort_all(bide__map_of(map))
#define bide_task_map_detach_all(map) bide__task_map_detach_all(bide__map_of(map))
#define bide_task_map_close(map)      bide_task_map_close(bide__map_of(map))
#define bide_task_map_free(map)       bide__task_map_free(bide__map_of(map))

/* ---- future set ---- */

/*
 * A future set runs its children inside the task that waits for them, so they may borrow what lives
 * until the set is closed, and need no locks between them. They go on only while `next`, join_all
 * or the close is awaited; a child that is woken meanwhile waits for that, with all that it holds.
 * bide_runtime_dump names the children of sets that nobody polls.
 *
 * Only children that were woken are polled, so an end costs the same however many children there
 * are. Each poll of a child spends one operation of the task's budget; when that is used up, other
 * tasks run.
 *
 *     bide_future_set(int) set;
 *     int rc = bide_future_set_new(0, &set);
 *     if (rc < 0)
 *         return;
 *     defer { await bide_future_set_close(set); }
 *     for (size_t i = 0; i < n; i++)
 *         bide_future_set_add(set, fetch_length(urls[i]));
 *     for (int length; (rc = await bide_future_set_next(set, &length)) > 0;)
 *         printf("%d bytes\n", length);
 *
 * A set is used by one task, or handed from one to another while nothing of it is under way.
 */
#define bide_future_set(T)            __typeof__(T(**)(struct bide__future_set *))

/* Private: what the macros below call. */
bide_must_use int bide__future_set_new(size_t limit, int is_ordered,
                                       void *set bide_gives(bide_future_set_close));
/* Returns 1, 0 or a negative errno: see the macro. */
bide_async int bide_future_set_next(struct bide__future_set *set, void *out, size_t stride,
                                    uint64_t *id);
size_t bide__future_set_length(const struct bide__future_set *set);
void bide__future_set_unconstrain(struct bide__future_set *set);
uint64_t bide__future_set_ids(const struct bide__future_set *set);
bide_async void bide_future_set_close(struct bide__future_set *set);
int bide__future_set_free(struct bide__future_set *set);
bide_async int bide__join_all(struct bide__future_set *set, void *out, size_t stride, size_t count);

/*
 * int bide_future_set_new(size_t limit, bide_future_set(T) *set)
 *
 * Makes a set and stores its handle. At most `limit` children run at once; 0: no limit. Ends are
 * told in the order in which they happen. Returns 0, or -ENOMEM; then *set is NULL.
 */
#define bide_future_set_new(limit, set) \
    bide__future_set_new((limit), 0, bide__set_slot(set, bide__future_set))

/* The same, but ends are told in the order in which the children were added: an end waits until
 * those before it have been told. */
#define bide_future_set_new_ordered(limit, set) \
    bide__future_set_new((limit), 1, bide__set_slot(set, bide__future_set))

/*
 * uint64_t bide_future_set_add(bide_future_set(T) set, f(x))   a form: a word of the language
 *
 * Adds a child, a call of an async function that returns a T, or an async block. The arguments are
 * evaluated now; the call begins at the next poll of the set, or when the limit allows it. May be
 * called in a child, too. Returns the child's number, which counts from 1, or 0 if there was no
 * memory (a later `next` returns -ENOMEM) or if the set is NULL or being closed; then the owners
 * among the arguments are released.
 */

/*
 * async int bide_future_set_next(bide_future_set(T) set, T *out)
 *
 * Runs the children until one has ended whose turn it is, and takes it out of the set. Returns 1
 * with its result in *out; 0 if the set has no child; -ENOMEM: there was no memory for a child, or
 * for a call in it; -EPERM: its function holds what belongs to one thread, and this task may change
 * threads. `out` is NULL for a set of void.
 *
 * -EBUSY: another `next` of the set waits, or it is being closed. -EINVAL: the set is NULL. If
 * futures and sets are nested more than 1,000 deep, the awaiting function is unwound with -ENOMEM.
 *
 * Cancelled: nothing was taken, and the children stay as they are.
 */
#define bide_future_set_next(set, out)                        \
    bide_future_set_next(bide__set_of(set, bide__future_set), \
                         bide__set_out(set, bide__future_set, out), 0, (uint64_t *)0)

/* The same, with the number of the child in *id; 0: one for which there was no memory. */
#define bide_future_set_next_id(set, out, id)                   \
    (bide_future_set_next)(bide__set_of(set, bide__future_set), \
                           bide__set_out(set, bide__future_set, out), 0, (id))

/* From now on what the children await does not spend the task's budget: they go on as long as they
 * are ready, and hold up the other tasks meanwhile. (Each poll of a child still spends one
 * operation.) For a child that must not be interrupted by a budget that others have used up. */
#define bide_future_set_unconstrain(set) \
    bide__future_set_unconstrain(bide__set_of(set, bide__future_set))

/* size_t: how many children have an end that was not told. */
#define bide_future_set_length(set) bide__future_set_length(bide__set_of(set, bide__future_set))

/*
 * async int bide_join_all(bide_future_set(T) set, T *out, size_t count)
 *
 * Runs all children to their ends: the result of the child with number n goes to out[n - 1].
 * Returns 0, or the first error of a child, whose place is left alone, or -ENOSPC if more than
 * `count` children were ever added; then nothing has run. Cancelled: what has ended is in its place
 * and out of the set, the rest stays.
 */
#define bide_join_all(set, out, count)                                                             \
    bide__join_all(bide__set_of(set, bide__future_set), bide__set_out(set, bide__future_set, out), \
                   sizeof(*(out)), (count))

/*
 * async void bide_future_set_close(bide_future_set(T) set)
 *
 * Asks the children to cancel, in the order in which they were added, runs them until all have
 * ended, deferred blocks and all, and frees the set. A child that has not begun never does; the
 * owners among its arguments are released. NULL is ignored. No `next` of the set may wait.
 *
 * Cancelled: it closes the set all the same before the request takes effect. In a deferred block no
 * request reaches it, except past the limit of a shutdown: then it asks with force. Without memory
 * for the wait it does what bide_future_set_free does.
 */
#define bide_future_set_close(set) bide_future_set_close(bide__set_of(set, bide__future_set))

/* int: the same without waiting: a new task unwinds the children, if any have begun; what they
 * borrow must live until then. Returns 0, or a negative errno if there is no memory for the task;
 * then the children never unwind. */
#define bide_future_set_free(set)  bide__future_set_free(bide__set_of(set, bide__future_set))

#endif

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
