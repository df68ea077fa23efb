/*
 * bide/iter.h: sequences of items that arrive over time, and what can be made of them.
 *
 *     bide_iter(int) ids = bide_iter_filter(bide_iter_map(bide_iter_of(jobs), job_id), is_even);
 *     defer { bide_iter_drop(ids); }
 *     for (int id; await bide_next(ids, &id) > 0;)
 *         sum += id;
 *
 * An iterator is a *source* (a channel, an interval, the lines of a stream, an async function), or
 * an *adaptor* in front of another one. docs/streams.md has a picture and a table.
 *
 * Handles are typed, as those of channels are: bide_iter(int) is a pointer, the same type wherever
 * it is written, and a wrong type is a compile error. A function that is given to an adaptor must
 * have exactly the types that its comment tells. Items are copied bit by bit, and are aligned to 16
 * bytes at most.
 *
 * It works only while somebody awaits bide_next. No adaptor has a task, takes an item before it is
 * asked, or allocates anything for an item. (Those that call async functions keep the memory of
 * their calls, and use it again.)
 *
 * Ownership. Whoever makes an iterator drops it, once; that ends the whole chain. An adaptor takes
 * the iterator that it is given, also when it fails, and so do the sources take handles that have a
 * drop: bide_iter_of takes the receiver. A source only borrows what has a free or a close, such as
 * a reader, and memory: that must live until the iterator is dropped.
 *
 * Failure. No constructor can fail: if there is no memory, it releases what it took and returns an
 * iterator whose bide_next returns -ENOMEM, each time. So a chain of adaptors needs no checks. In
 * the same way a bad argument gives an iterator of -EINVAL.
 *
 * Errors. bide_next returns 1 for an item, 0 at the end and a negative errno for an error. An error
 * passes through all adaptors at once, does not count as an item, and is no end: the next call goes
 * on behind it, if there is anything to go on with. After the end each call returns 0.
 *
 * Cancellation. A cancelled bide_next loses nothing: the next call goes on where this one was. What
 * an adaptor has taken, but not given (half a chunk, one side of a zip), stays in the iterator, and
 * so do async functions that it runs: they are suspended until the next call. A source of channels
 * or of an interval does not stand in a queue between two calls.
 *
 * Items that own something. A receiver's items are dropped by the function that its channel was
 * made with, others by that of bide_iter_owned, if they never reach the caller: those that a filter
 * refuses or a skip skips, and those that are inside when the iterator is dropped. A function that
 * a map calls has its item for good.
 *
 * Threads: an iterator is used by one task at a time, on one runtime. It may be handed from one
 * task to another while no bide_next is under way. One that has run async functions is dropped by a
 * task of that runtime, or at least on its thread; others may be dropped anywhere. In C++ and in
 * files that `bide cc` does not compile an iterator can be used, and sources can be made that call
 * no function.
 */
#ifndef BIDE_ITER_H
#define BIDE_ITER_H

#include <bide/buffer.h>
#include <bide/channel.h>
#include <bide/io.h>
#include <bide/lang.h>
#include <bide/net.h>
#include <bide/signal.h>
#include <bide/time.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

struct bide__iter;
struct bide__giver;
#define bide_iter(T)  bide__handle(T, bide__iter)
#define bide_giver(T) bide__handle(T, bide__giver)

/* ---- to use one ---- */

/*
 * async int bide_next(bide_iter(T) it, T *item);
 *
 * Waits for the next item and copies it to *item, which is undefined unless 1 is returned. Returns
 * 1; 0 at the end; or a negative errno, which may be any that its source has, and also -ENOMEM;
 * -EBUSY: another call waits; -EINVAL: `it` is NULL; -ENXIO: it needs a runtime, and there is none.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_next(void *it, void *item);

/*
 * void bide_iter_drop(bide_iter(T) it);
 *
 * Ends the whole chain. Async functions that it runs are cancelled at once, and unwound as far as
 * that takes no wait; if a deferred block waits, a task of its own goes on with it and frees the
 * iterator then, so what they borrow must live until that has ended. NULL is ignored. No bide_next
 * may be under way. Without memory for that task, these functions never unwind.
 */
void bide_iter_drop(void *it);

/*
 * async void bide_iter_close(bide_iter(T) it);
 *
 * The same, but waits until the functions have unwound. Cancelled: it ends the iterator all the
 * same before the request takes effect. Without memory for the wait it does what bide_iter_drop
 * does.
 */
bide_async void bide_iter_close(void *it);

/*
 * async int bide_iter_collect(bide_iter(T) it, T *items, size_t most, size_t *count);
 *
 * Appends items to items[*count], up to `most` in all, and counts them in *count, which the caller
 * has set. Returns 0 at the end, 1 if the array is full, or the first error. The iterator stays the
 * caller's. Cancelled: *items and *count have what was taken.
 */
bide_must_use bide_async int bide_iter_collect(void *it, size_t item_size, void *items, size_t most,
                                               size_t *count);

/* ---- sources ---- */

/*
 * bide_iter(T) bide_iter_of(bide_receiver(T) rx);
 * bide_iter(T) bide_iter_of_subscriber(bide_subscriber(T) subscriber);
 * bide_iter(T) bide_iter_of_watcher(bide_watcher(T) watcher);
 *
 * The items of a channel, those of a broadcast (-EOVERFLOW: some were missed; it goes on), the new
 * values of a watch. The handle is taken.
 */
void *bide_iter_of(size_t item_size, void *rx);
void *bide_iter_of_subscriber(size_t item_size, void *subscriber);
void *bide_iter_of_watcher(size_t item_size, void *watcher);

/*
 * bide_iter(bide_instant) bide_iter_of_interval(bide_interval interval);
 *
 * The ticks of a copy of the interval; an item is when the tick was due. Never ends.
 */
void *bide_iter_of_interval(bide_interval interval);

/*
 * bide_iter(T) bide_iter_of_array(const T *items, size_t count);
 *
 * The items of an array, which is borrowed.
 */
void *bide_iter_of_array(size_t item_size, const void *items, size_t count);

/*
 * bide_iter(char *) bide_iter_of_lines(bide_reader *reader);
 *
 * The lines of a reader, as bide_reader_line gives them: a line is valid until the next bide_next,
 * so it must not be kept in a chunk or in calls of other lines; map it to a copy first. The reader
 * is borrowed.
 */
void *bide_iter_of_lines(bide_reader *reader);

/*
 * bide_iter(bide_bytes) bide_iter_of_reader(bide_reader *reader);
 * bide_iter(bide_bytes) bide_iter_of_frames(bide_reader *reader, const bide_codec *codec);
 *
 * What a reader reads, some bytes at a time, as they come; its frames, as bide_reader_frame gives
 * them. An item is in the reader's memory and valid until the next bide_next, as with lines. The
 * reader and the codec are borrowed.
 */
void *bide_iter_of_reader(bide_reader *reader);
void *bide_iter_of_frames(bide_reader *reader, const bide_codec *codec);

/*
 * Makes a stream that reads the bytes of all items of an iterator, one after another, and ends with
 * it; an error of the iterator is that of a read. Empty items are passed over. The bytes of an item
 * must stay until the next is asked for. The stream takes the iterator, also if this fails;
 * bide_stream_close drops it, after a read that waits has ended. It has no descriptor, and writing
 * is -EBADF. Cancelled reads have read nothing. Errors: -ENOMEM; then *stream is NULL.
 */
bide_must_use int bide_stream_of_iter(bide_iter(bide_bytes) it,
                                      bide_stream **stream bide_gives(bide_stream_close));

/*
 * bide_iter(bide_stream *) bide_iter_of_listener(bide_tcp_listener *listener);
 *
 * The connections that a listener accepts; whoever gets one closes it. The listener is borrowed.
 */
void *bide_iter_of_listener(bide_tcp_listener *listener);

/*
 * bide_iter(bide_signal) bide_iter_of_signals(bide_signals *signals);
 *
 * The signals that come for a listener, which is borrowed.
 */
void *bide_iter_of_signals(bide_signals *signals);

#ifndef __cplusplus

/*
 * bide_iter(T) bide_iter_of_steps(T, bide_async_fn(int, S *, T *) step, S *state);
 *
 * An iterator of one's own: each item is a call of `async int step(S *state, T *item)`, which
 * returns 1 and an item, 0 at the end, or a negative errno. `state` is borrowed. When bide_next is
 * cancelled, the call stays suspended, and the next one goes on with it.
 *
 *     struct pager pager = {.page = 1};
 *     bide_iter(struct row) rows = bide_iter_of_steps(struct row, bide_ref(next_row), &pager);
 *     defer { await bide_iter_close(rows); }
 */
void *bide_iter_of_steps(size_t item_size, const void *step, void *state);

/*
 * bide_iter(T) bide_iter_of_stage(T, bide_async_fn(int, bide_giver(T), S *) stage, S *state);
 * bide_iter(T) bide_iter_through(bide_iter(F) it, T,
 *                  bide_async_fn(int, bide_iter(F), bide_giver(T), S *) stage, S *state);
 *
 * A stage written as one async function, which runs from the first bide_next on and gives the items
 * one after another with bide_give. The second form also reads another iterator, which the new one
 * takes: the stage does not drop it. When the stage returns 0, the end has come; a negative errno
 * is told before the end. `state` is borrowed. Between two calls of bide_next the stage is
 * suspended.
 *
 * docs/streams.md has such a stage, which makes paragraphs of lines:
 *
 *     bide_iter(char *) lines = bide_iter_of_lines(reader);
 *     bide_iter(struct paragraph) paragraphs =
 *         bide_iter_through(lines, struct paragraph, bide_ref(join_lines), NULL);
 *     defer { await bide_iter_close(paragraphs); }
 */
void *bide_iter_of_stage(size_t item_size, const void *stage, void *state);
void *bide_iter_through(void *it, size_t item_size, const void *stage, void *state);

/*
 * async int bide_give(bide_giver(T) out, const T *item);
 *
 * In a stage and its branches, but not in tasks that it spawns (these use a channel): gives an
 * item, and waits until the next one is wanted. Returns 0; -EBUSY: another branch of the stage is
 * giving; or -EPIPE: the iterator is being closed, and this is a deferred block. Cancelled: the
 * item was not given. (If it was given before the request, this returns 0.)
 */
bide_async int bide_give(void *giver, const void *item);

/* ---- adaptors: one item at a time ---- */

/*
 * bide_iter(U) bide_iter_map(bide_iter(T) it, U f(T));
 * bide_iter(U) bide_iter_map_with(bide_iter(T) it, U f(T, S *), S *state);
 *
 * What f makes of each item. All adaptors that take a function have a second form, whose function
 * also gets a pointer; what it points to is borrowed.
 */
void *bide_iter_map(void *it, size_t item_size, void (*f)(void), void (*caller)(void), void *state);

/*
 * bide_iter(T) bide_iter_filter(bide_iter(T) it, bool f(T));
 * bide_iter(T) bide_iter_take_while(bide_iter(T) it, bool f(T));
 * bide_iter(T) bide_iter_skip_while(bide_iter(T) it, bool f(T));
 *
 * The items for which f is true; those before the first for which it is false; those from that one
 * on. Also bide_iter_filter_with and so on.
 */
void *bide_iter_filter(void *it, void (*f)(void), void (*caller)(void), void *state);
void *bide_iter_take_while(void *it, void (*f)(void), void (*caller)(void), void *state);
void *bide_iter_skip_while(void *it, void (*f)(void), void (*caller)(void), void *state);

/*
 * bide_iter(U) bide_iter_filter_map(bide_iter(T) it, U, bool f(T, U *out));
 * bide_iter(U) bide_iter_filter_map_with(bide_iter(T) it, U, bool f(T, U *out, S *), S *state);
 *
 * A map that leaves out the items for which f returns false. f has its item for good.
 */
void *bide_iter_filter_map(void *it, size_t item_size, void (*f)(void), void (*caller)(void),
                           void *state);

/*
 * bide_iter(T) bide_iter_take(bide_iter(T) it, size_t count);
 * bide_iter(T) bide_iter_skip(bide_iter(T) it, size_t count);
 *
 * The first `count` items; all but these. A take does not ask for an item that it will not give.
 */
void *bide_iter_take(void *it, size_t count);
void *bide_iter_skip(void *it, size_t count);

/*
 * bide_iter(U) bide_iter_enumerate(bide_iter(T) it, U f(size_t index, T));
 *
 * A map whose function also gets the number of the item, from 0 on.
 */
void *bide_iter_enumerate(void *it, size_t item_size, void (*f)(void), void (*caller)(void));

/*
 * bide_iter(T) bide_iter_owned(bide_iter(T) it, void (*drop)(void *item));
 *
 * Returns `it`, whose items now own something: those that never reach the caller are given to
 * `drop`, by their address. It is to stand before the adaptors that might lose them, which take the
 * function over if they give the same items. NULL: they own nothing.
 */
void *bide_iter_owned(void *it, void (*drop)(void *item));

/*
 * bide_iter(T) bide_iter_borrowed(bide_iter(T) it);
 *
 * The items of `it`, which stays the caller's and must live until the new iterator is dropped: for
 * the first ten items of an iterator that goes on. Use one of the two at a time.
 */
void *bide_iter_borrowed(void *it);

/* ---- adaptors: several iterators ---- */

/*
 * bide_iter(T) bide_iter_merge(bide_iter(T) a, bide_iter(T) b);
 *
 * The items of both, as they arrive. If both always have one, they take turns. Ends when both have.
 * Both own their items by the same function, or neither owns them: otherwise -EINVAL.
 */
void *bide_iter_merge(void *a, struct bide__iter *b);

/*
 * bide_iter(T) bide_iter_merge_all(bide_iter(T) const *iters, size_t count);
 *
 * The same for an array of them, all of which it takes; the array stays the caller's. If all always
 * have an item, each gives one in a round. None at all end at once.
 */
void *bide_iter_merge_all(size_t item_size, const void *iters, size_t count);

/*
 * bide_iter(T) bide_iter_chain(bide_iter(T) a, bide_iter(T) b);
 *
 * The items of a, and after its end those of b.
 */
void *bide_iter_chain(void *a, struct bide__iter *b);

/*
 * bide_iter(U) bide_iter_zip(bide_iter(A) a, bide_iter(B) b, U f(A, B));
 *
 * What f makes of an item of each. Both are waited for at the same time; one that has come waits
 * inside for the other. Ends when either has; then an item of the other is dropped.
 */
void *bide_iter_zip(void *a, struct bide__iter *b, size_t item_size, void (*f)(void),
                    void (*caller)(void));

/* ---- adaptors: time, and many at once ---- */

/*
 * bide_iter(T) bide_iter_timeout(bide_iter(T) it, bide_duration duration);
 *
 * If an item takes longer, bide_next returns -ETIMEDOUT, and the next call waits for the same item
 * for as long again. The time is counted from the first bide_next that waits for the item, also
 * over cancelled ones. An item that is there comes, however late it is asked for.
 */
void *bide_iter_timeout(void *it, bide_duration duration);

/*
 * bide_iter(T) bide_iter_throttle(bide_iter(T) it, bide_duration duration);
 *
 * At least this time lies between two items. None is left out: the source has to wait.
 */
void *bide_iter_throttle(void *it, bide_duration duration);

/*
 * bide_iter(C) bide_iter_chunks(bide_iter(T) it, C);
 * bide_iter(C) bide_iter_chunks_timeout(bide_iter(T) it, C, bide_duration duration);
 *
 * Several items in one, where C is a type of the caller's with two members:
 *
 *     struct batch {
 *         size_t count;
 *         int items[64];
 *     };
 *     bide_iter(struct batch) batches = bide_iter_chunks(it, struct batch);
 *     defer { bide_iter_drop(batches); }
 *
 * A chunk is given when it is full; at the end of `it`; or, in the second form, when `duration` has
 * passed since its first item came. With a duration of 0 it has what is there at once. An error
 * comes at once, and the chunk is filled on after it. `items` behind `count` and further members
 * are zero.
 */
void *bide_iter_chunks(void *it, size_t chunk_size, size_t count_at, size_t items_at, size_t most,
                       bide_duration duration);

/*
 * bide_iter(U) bide_iter_then(bide_iter(T) it, bide_async_fn(U, T) f);
 * bide_iter(U) bide_iter_buffered(bide_iter(T) it, size_t limit, bide_async_fn(U, T) f);
 * bide_iter(U) bide_iter_unordered(bide_iter(T) it, size_t limit, bide_async_fn(U, T) f);
 *
 * What the async function f returns for each item; a negative result is an item like others. With
 * `then` one call runs at a time. With the other two up to `limit` run at once, inside the awaiting
 * task; the results come in the order of the items, or as the calls end. A limit of 0 is -EINVAL.
 * Also bide_iter_then_with(it, f, state) and so on, for an f(T, S *).
 *
 * An item is taken as soon as a call may begin. The calls go on only while bide_next is awaited: a
 * caller that works long between two of them holds them up, with all that they hold. (For calls
 * that run by themselves, spawn tasks: bide/set.h.)
 *
 * -ENOMEM: there was no memory for a call. If it had not begun, the item is kept, and the next
 * bide_next tries again; else it is lost, as by any call that is unwound. An error of `it` comes in
 * its place among ordered results. Cancelled: the calls stay suspended, and go on with the next
 * bide_next. A drop cancels them.
 */
void *bide_iter_buffered(void *it, size_t limit, int is_ordered, size_t item_size, const void *f,
                         size_t state_at, void *state);

/* ---- consumers ---- */

/*
 * async int bide_iter_fold(bide_iter(T) it, A f(A, T), A *all);
 *
 * *all = f(*all, item) for each item to the end; the caller has set *all. Returns 0, or the first
 * error. The iterator stays the caller's. Cancelled: *all has what was taken.
 */
bide_must_use bide_async int bide_iter_fold(void *it, void (*f)(void), void (*caller)(void),
                                            void *all);

/*
 * async int bide_for_each_concurrent(bide_iter(T) it, size_t limit, bide_async_fn(int, T, S *) f,
 *                                    S *state);
 *
 * Calls `async int f(T item, S *state)` for each item, up to `limit` at once inside this task.
 * Returns 0 at the end; the first negative result of a call; the first error of `it`; or -EINVAL if
 * the limit is 0. With an error it takes no more items, and cancels the calls that run and waits
 * until they have ended. The iterator stays the caller's.
 * Cancelled: the calls that run are cancelled; what they did not take is still in `it`.
 */
bide_must_use bide_async int bide_for_each_concurrent(void *it, size_t limit, const void *f,
                                                      size_t state_at, void *state);

#endif

/* ---- the typed forms ---- */

#ifndef BIDE__UNTYPED /* in the files that define the functions */

/* The type of an object without its qualifiers. */
#ifdef __cplusplus
}
template <class T> struct bide__bare {
    typedef T type;
};
template <class T> struct bide__bare<const T> {
    typedef T type;
};
extern "C" {
#define bide__value(x) bide__bare<__typeof__(x)>::type
#else
#define bide__value(x) __typeof__(((void)0, (x)))
#endif

#define bide_next(it, to)   (bide_next)(bide__as(it, bide__iter), bide__from(it, bide__iter, to))
#define bide_iter_drop(it)  (bide_iter_drop)(bide__as(it, bide__iter))
#define bide_iter_close(it) (bide_iter_close)(bide__as(it, bide__iter))
#define bide_iter_collect(it, items, most, count)                                     \
    (bide_iter_collect)(bide__as(it, bide__iter), sizeof(bide__item(it, bide__iter)), \
                        bide__from(it, bide__iter, items), most, count)

#define bide__iter_of(make, h, tag) \
    ((bide__like(h, tag, bide__iter))(make)(sizeof(bide__item(h, tag)), bide__as(h, tag)))
#define bide_iter_of(rx)           bide__iter_of(bide_iter_of, rx, bide__rx)
#define bide_iter_of_subscriber(s) bide__iter_of(bide_iter_of_subscriber, s, bide__sub)
#define bide_iter_of_watcher(w)    bide__iter_of(bide_iter_of_watcher, w, bide__seen)
#define bide_iter_of_interval(i)   ((bide_iter(bide_instant))(bide_iter_of_interval)(i))
#define bide_iter_of_array(items, n)                    \
    ((bide__handle(bide__value(*(items)), bide__iter))( \
        bide_iter_of_array)(bide__sized(__typeof__(*(items))), items, n))
#define bide_iter_of_lines(reader) ((bide_iter(char *))(bide_iter_of_lines)(reader))
#define bide_iter_of_reader(r)     ((bide_iter(bide_bytes))(bide_iter_of_reader)(r))
#define bide_iter_of_frames(r, c)  ((bide_iter(bide_bytes))(bide_iter_of_frames)(r, c))
#define bide_iter_of_listener(l)   ((bide_iter(bide_stream *))(bide_iter_of_listener)(l))
#define bide_iter_of_signals(s)    ((bide_iter(bide_signal))(bide_iter_of_signals)(s))

#ifndef __cplusplus

/* Private: x, if the function `f` has exactly the type. An iterator is evaluated once, into a
 * variable of its own, since the type of a chain is written with that of each part. */
#if defined(__BIDE__) && !defined(BIDE__PLAIN)
#define bide__exact(f, type, form, x)               (x)
#define bide__exact_with(f, type, or_type, form, x) (x)
#define bide__fits(condition, message, x)           (x)
#else
#define bide__misfit \
    ": the function has other parameters, or another result, than this iterator wants"
#define bide__exact(f, type, form, x) \
    bide__checked(bide__same(__typeof__(*(f)), type), form bide__misfit, x)
#define bide__exact_with(f, type, or_type, form, x)                                            \
    bide__checked(bide__same(__typeof__(*(f)), type) || bide__same(__typeof__(*(f)), or_type), \
                  form bide__misfit, x)
#define bide__fits(condition, message, x) bide__checked(condition, message, x)
#endif
/* A pointer to an async function, and not a plain function or a pointer to one. */
#define bide__async_ref(f)                                       \
    bide__fits(bide__same(__typeof__(*(f)), __typeof__(&**(f))), \
               "an async function is wanted here: bide_ref(function)", (const void *)(f))
/* A pointer of which the function promises not to write through it. */
#define bide__readable(state)   const __typeof__(*(state)) *
#define bide__paste_(a, b)      a##b
#define bide__paste(a, b)       bide__paste_(a, b)
#define bide__unique            bide__paste(bide__it_, __COUNTER__)
#define bide__each(i)           bide__item(i, bide__iter)
#define bide__some(T)           (*(T *)0)
#define bide__one(i)            bide__some(bide__each(i))
#define bide__plain(f)          (void (*)(void))(f), bide__caller(f)

/* What f makes of an item, of an item and a state. */
#define bide__of_1(f, i)        __typeof__((f)(bide__some(bide__each(i))))
#define bide__of_2(f, i, state) __typeof__((f)(bide__some(bide__each(i)), (state)))

#define bide_iter_of_steps(T, step, state)                                                     \
    ((bide_iter(T))(bide_iter_of_steps)(bide__sized(T),                                        \
                                        bide__exact_with(*(step), int(__typeof__(state), T *), \
                                                         int(bide__readable(state), T *),      \
                                                         "bide_iter_of_steps",                 \
                                                         bide__async_ref(step)),               \
                                        (void *)(state)))
#define bide_iter_of_stage(T, stage, state)                                                   \
    ((bide_iter(T))(                                                                          \
        bide_iter_of_stage)(bide__sized(T),                                                   \
                            bide__exact_with(*(stage), int(bide_giver(T), __typeof__(state)), \
                                             int(bide_giver(T), bide__readable(state)),       \
                                             "bide_iter_of_stage", bide__async_ref(stage)),   \
                            (void *)(state)))
#define bide_iter_through(it, T, stage, state) bide__through(bide__unique, it, T, stage, state)
#define bide__through(i, it, T, stage, state)                                                \
    __extension__({                                                                          \
        __auto_type i = (it);                                                                \
        (bide_iter(T))(bide_iter_through)(                                                   \
            bide__as(i, bide__iter), bide__sized(T),                                         \
            bide__exact_with(*(stage), int(__typeof__(i), bide_giver(T), __typeof__(state)), \
                             int(__typeof__(i), bide_giver(T), bide__readable(state)),       \
                             "bide_iter_through", bide__async_ref(stage)),                   \
            (void *)(state));                                                                \
    })
#define bide_give(to, it)    (bide_give)(bide__as(to, bide__giver), bide__into(to, bide__giver, it))

#define bide_iter_map(it, f) bide__map_1(bide__unique, it, f)
#define bide__map_1(i, it, f)                                                            \
    __extension__({                                                                      \
        __auto_type i = (it);                                                            \
        (bide_iter(bide__of_1(f, i)))(bide_iter_map)(                                    \
            bide__exact(f, bide__of_1(f, i)(bide__each(i)), "bide_iter_map", (void *)i), \
            bide__sized(bide__of_1(f, i)), bide__plain(f), NULL);                        \
    })
#define bide_iter_map_with(it, f, state) bide__map_2(bide__unique, it, f, state)
#define bide__map_2(i, it, f, state)                                                        \
    __extension__({                                                                         \
        __auto_type i = (it);                                                               \
        (bide_iter(bide__of_2(f, i, state)))(bide_iter_map)(                                \
            bide__exact_with(f, bide__of_2(f, i, state)(bide__each(i), __typeof__(state)),  \
                             bide__of_2(f, i, state)(bide__each(i), bide__readable(state)), \
                             "bide_iter_map_with", (void *)i),                              \
            bide__sized(bide__of_2(f, i, state)), bide__plain(f), (void *)(state));         \
    })

#define bide_iter_filter(it, f)     bide__test_1(bide__unique, bide_iter_filter, it, f)
#define bide_iter_take_while(it, f) bide__test_1(bide__unique, bide_iter_take_while, it, f)
#define bide_iter_skip_while(it, f) bide__test_1(bide__unique, bide_iter_skip_while, it, f)
#define bide__test_1(i, make, it, f)                                                               \
    __extension__({                                                                                \
        __auto_type i = (it);                                                                      \
        (__typeof__(i))(make)(bide__exact(f, bool(bide__each(i)), "a test of items, bool f(item)", \
                                          (void *)i),                                              \
                              bide__plain(f), NULL);                                               \
    })
#define bide_iter_filter_with(it, f, s) bide__test_2(bide__unique, bide_iter_filter, it, f, s)
#define bide_iter_take_while_with(it, f, s) \
    bide__test_2(bide__unique, bide_iter_take_while, it, f, s)
#define bide_iter_skip_while_with(it, f, s) \
    bide__test_2(bide__unique, bide_iter_skip_while, it, f, s)
#define bide__test_2(i, make, it, f, state)                                                 \
    __extension__({                                                                         \
        __auto_type i = (it);                                                               \
        (__typeof__(i))(make)(bide__exact_with(f, bool(bide__each(i), __typeof__(state)),   \
                                               bool(bide__each(i), bide__readable(state)),  \
                                               "a test of items, bool f(item)", (void *)i), \
                              bide__plain(f), (void *)(state));                             \
    })

#define bide_iter_filter_map(it, U, f) bide__filter_map_1(bide__unique, it, U, f)
#define bide__filter_map_1(i, it, U, f)                                                  \
    __extension__({                                                                      \
        __auto_type i = (it);                                                            \
        (bide_iter(U))(bide_iter_filter_map)(                                            \
            bide__exact(f, bool(bide__each(i), U *), "bide_iter_filter_map", (void *)i), \
            bide__sized(U), bide__plain(f), NULL);                                       \
    })
#define bide_iter_filter_map_with(it, U, f, s) bide__filter_map_2(bide__unique, it, U, f, s)
#define bide__filter_map_2(i, it, U, f, state)                                \
    __extension__({                                                           \
        __auto_type i = (it);                                                 \
        (bide_iter(U))(bide_iter_filter_map)(                                 \
            bide__exact_with(f, bool(bide__each(i), U *, __typeof__(state)),  \
                             bool(bide__each(i), U *, bide__readable(state)), \
                             "bide_iter_filter_map_with", (void *)i),         \
            bide__sized(U), bide__plain(f), (void *)(state));                 \
    })

#define bide__same_iter(i, make, it, ...)                            \
    __extension__({                                                  \
        __auto_type i = (it);                                        \
        (__typeof__(i))(make)(bide__as(i, bide__iter), __VA_ARGS__); \
    })
#define bide_iter_take(it, n)     bide__same_iter(bide__unique, bide_iter_take, it, n)
#define bide_iter_skip(it, n)     bide__same_iter(bide__unique, bide_iter_skip, it, n)
#define bide_iter_owned(it, drop) bide__same_iter(bide__unique, bide_iter_owned, it, drop)
#define bide_iter_timeout(it, d)  bide__same_iter(bide__unique, bide_iter_timeout, it, d)
#define bide_iter_throttle(it, d) bide__same_iter(bide__unique, bide_iter_throttle, it, d)
#define bide_iter_borrowed(it) \
    ((bide__like(it, bide__iter, bide__iter))(bide_iter_borrowed)(bide__as(it, bide__iter)))

#define bide_iter_enumerate(it, f) bide__enumerate(bide__unique, it, f)
#define bide__enumerate(i, it, f)                                                              \
    __extension__({                                                                            \
        __auto_type i = (it);                                                                  \
        (bide_iter(bide__numbered(f, i)))(bide_iter_enumerate)(                                \
            bide__exact(f, bide__numbered(f, i)(size_t, bide__each(i)), "bide_iter_enumerate", \
                        (void *)i),                                                            \
            bide__sized(bide__numbered(f, i)), bide__plain(f));                                \
    })
#define bide__numbered(f, i)          __typeof__((f)((size_t)0, bide__some(bide__each(i))))

/* Of several iterators. */
#define bide_iter_merge(a, b)         bide__two(bide__unique, bide__unique, bide_iter_merge, a, b)
#define bide_iter_merge_all(iters, n) bide__merge_all(bide__unique, iters, n)
#define bide__merge_all(i, iters, n)                                                          \
    __extension__({                                                                           \
        __auto_type i = &*(iters);                                                            \
        (bide__value(*i))(bide_iter_merge_all)(bide__sized(bide__item(*i, bide__iter)),       \
                                               bide__is(*i, bide__iter, (const void *)i), n); \
    })
#define bide_iter_chain(a, b) bide__two(bide__unique, bide__unique, bide_iter_chain, a, b)
#define bide__two(i, j, make, a, b)                                                 \
    __extension__({                                                                 \
        __auto_type i = (a);                                                        \
        __auto_type j = (b);                                                        \
        (__typeof__(i))(make)(bide__as(i, bide__iter),                              \
                              (void *)bide__pair(i, bide__iter, j, bide__iter, j)); \
    })
#define bide_iter_zip(a, b, f) bide__zip(bide__unique, bide__unique, a, b, f)
#define bide__zip(i, j, a, b, f)                                                                 \
    __extension__({                                                                              \
        __auto_type i = (a);                                                                     \
        __auto_type j = (b);                                                                     \
        (bide_iter(bide__zipped(f, i, j)))(bide_iter_zip)(                                       \
            bide__exact(f, bide__zipped(f, i, j)(bide__each(i), bide__each(j)), "bide_iter_zip", \
                        (void *)i),                                                              \
            bide__as(j, bide__iter), bide__sized(bide__zipped(f, i, j)), bide__plain(f));        \
    })
#define bide__zipped(f, i, j)              __typeof__((f)(bide__one(i), bide__one(j)))

#define bide_iter_chunks(it, C)            bide__chunks(bide__unique, it, C, BIDE_NS(INT64_MIN))
#define bide_iter_chunks_timeout(it, C, d) bide__chunks(bide__unique, it, C, d)
/* C; or, if that is no struct, one that has the members, so that there is one error. */
#define bide__is_struct(C)                 (__builtin_classify_type(*(__typeof__(C) *)0) == 12)
#define bide__chunk_type(C)                                                   \
    __typeof__(*__builtin_choose_expr(bide__is_struct(C), (__typeof__(C) *)0, \
                                      (struct bide__no_chunk *)0))
#define bide__chunks(i, it, C, d)                                                                 \
    __extension__({                                                                               \
        __auto_type i = (it);                                                                     \
        struct bide__no_chunk {                                                                   \
            size_t count;                                                                         \
            bide__each(i) items[1];                                                               \
        };                                                                                        \
        (bide_iter(bide__chunk_type(C)))(bide_iter_chunks)(                                       \
            bide__fits(bide__is_struct(C) &&                                                      \
                           bide__same(__typeof__(bide__some(bide__chunk_type(C)).items[0]),       \
                                      bide__each(i)) &&                                           \
                           bide__same(__typeof__(bide__some(bide__chunk_type(C)).count), size_t), \
                       "a chunk is a struct with the members `size_t count` and `items`, an "     \
                       "array of items of the iterator",                                          \
                       (void *)i),                                                                \
            bide__sized(bide__chunk_type(C)), __builtin_offsetof(bide__chunk_type(C), count),     \
            __builtin_offsetof(bide__chunk_type(C), items),                                       \
            sizeof(bide__some(bide__chunk_type(C)).items) /                                       \
                sizeof(bide__some(bide__chunk_type(C)).items[0]),                                 \
            d);                                                                                   \
    })

#define bide_iter_then(it, f)             bide__calls_1(bide__unique, it, 1, 1, f)
#define bide_iter_buffered(it, limit, f)  bide__calls_1(bide__unique, it, limit, 1, f)
#define bide_iter_unordered(it, limit, f) bide__calls_1(bide__unique, it, limit, 0, f)
#define bide__calls_1(i, it, limit, ordered, f)                                              \
    __extension__({                                                                          \
        __auto_type i = (it);                                                                \
        (bide_iter(bide__of_1(**(f), i)))(bide_iter_buffered)(                               \
            bide__exact(*(f), bide__of_1(**(f), i)(bide__each(i)), "a call for each item",   \
                        (void *)i),                                                          \
            limit, ordered, bide__sized(bide__of_1(**(f), i)), bide__async_ref(f), 0, NULL); \
    })
#define bide_iter_then_with(it, f, s)             bide__calls_2(bide__unique, it, 1, 1, f, s)
#define bide_iter_buffered_with(it, limit, f, s)  bide__calls_2(bide__unique, it, limit, 1, f, s)
#define bide_iter_unordered_with(it, limit, f, s) bide__calls_2(bide__unique, it, limit, 0, f, s)
#define bide__calls_2(i, it, limit, ordered, f, state)                                            \
    __extension__({                                                                               \
        __auto_type i = (it);                                                                     \
        (bide_iter(bide__of_2(**(f), i, state)))(bide_iter_buffered)(                             \
            bide__exact_with(*(f), bide__of_2(**(f), i, state)(bide__each(i), __typeof__(state)), \
                             bide__of_2(**(f), i, state)(bide__each(i), bide__readable(state)),   \
                             "a call for each item", (void *)i),                                  \
            limit, ordered, bide__sized(bide__of_2(**(f), i, state)), bide__async_ref(f),         \
            bide__state_at(i), (void *)(state));                                                  \
    })
#define bide__state_at(i)        \
    __builtin_offsetof(          \
        struct {                 \
            bide__each(i) item_; \
            void *state_;        \
        },                       \
        state_)

#define bide_iter_fold(it, f, all)                                                           \
    (bide_iter_fold)(bide__as(it, bide__iter), bide__plain(f),                               \
                     bide__exact(f, __typeof__ (*(all))(__typeof__(*(all)), bide__each(it)), \
                                 "bide_iter_fold", all))
#define bide_for_each_concurrent(it, limit, f, state)                                            \
    (bide_for_each_concurrent)(bide__as(it, bide__iter), limit,                                  \
                               bide__exact_with(*(f), int(bide__each(it), __typeof__(state)),    \
                                                int(bide__each(it), bide__readable(state)),      \
                                                "bide_for_each_concurrent", bide__async_ref(f)), \
                               bide__state_at(it), (void *)(state))

#endif
#endif

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
