/*
 * bide/channel.h: how tasks and threads hand values to each other.
 *
 *   channel     a queue: many senders, one receiver or several, each item to one of them
 *   oneshot     one value from one sender to one receiver
 *   broadcast   each item to every subscriber
 *   watch       the latest value, for all who want to know when it has changed
 *
 * docs/sync.md says which one to take when.
 *
 * Handles are typed: bide_sender(struct job) is a pointer, the same type wherever it is written,
 * and a wrong type of item is a compile error. T is any type that a function can return. Items are
 * copied bit by bit, so what is sent may be made on the spot: bide_send(tx, &(struct job){1, "a"}).
 * The forms below look like functions; behind each is a function of the same name that takes void
 * pointers, for C++ and for tables (bide_ref).
 *
 * Unless a comment says otherwise, all functions may be called from any thread, on any executor or
 * none. Those that are not async never wait; foreign callbacks and threads that know nothing of
 * bide may call them, but signal handlers may not. The async ones block when plain C calls them:
 * the thread sleeps, and no runtime is made for it. (A thread that runs a runtime of its own runs
 * that runtime's tasks meanwhile.)
 *
 * A receive returns 1 for an item, 0 at the end and a negative errno for an error. A cancelled
 * operation leaves no trace, unless its comment says what did happen. A task that was handed
 * something before the request runs on with it to its next suspension, so nothing is lost. In the
 * same way, an item or a reservation that was handed to a wait in a future (bide/future.h) belongs
 * to that future until it is driven or dropped, even while nobody drives it: other waits get the
 * next one.
 *
 * No waker is cloned, woken or dropped while an object here is locked.
 */
#ifndef BIDE_CHANNEL_H
#define BIDE_CHANNEL_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

struct bide__tx;
struct bide__rx;
struct bide__weak;
struct bide__one_tx;
struct bide__one_rx;
struct bide__bc;
struct bide__sub;
struct bide__watch;
struct bide__seen;

/* Private: the type of a handle, that of its items, and checks at compile time. `bide cc` reads
 * each file plainly too, which is where it has them. */
#ifdef __cplusplus
}
template <class T, class Tag> struct bide__handle_of {
    typedef T (**type)(Tag *);
};
extern "C" {
#define bide__handle(T, tag) bide__handle_of<T, struct tag>::type
#else
#define bide__handle(T, tag) __typeof__(T(**)(struct tag *))
#endif
#define bide__item(h, tag) __typeof__((*(h))((struct tag *)0))
#if defined(__BIDE__) && !defined(BIDE__PLAIN)
#define bide__is(h, tag, x)         (x)
#define bide__in(T, ...)            (__VA_ARGS__)
#define bide__out(p, T, how)        (p)
#define bide__pair(a, at, b, bt, x) (x)
#define bide__sized(T)              sizeof(T)
#elif defined(__cplusplus)
#define bide__is(h, tag, x)  ((void)sizeof(*(h)), (bide__handle(bide__item(h, tag), tag))(x))
#define bide__in(T, ...)     ((const void *)(true ? (__VA_ARGS__) : (const T *)0))
#define bide__out(p, T, how) ((void *)(true ? (p) : (T *)0))
#define bide__pair(a, at, b, bt, x) \
    ((void)sizeof((a) == (bide__handle(bide__item(b, bt), at))0), (x))
#define bide__sized(T) ((void)sizeof(char[__alignof__(T) <= 16 ? 1 : -1]), sizeof(T))
#else
#define bide__same(T, U) __builtin_types_compatible_p(T, U)
/* The item stands outside the braces, so that a compound literal lives as long as the caller's
 * block. (In a struct, where an assertion could be as well, clang takes one for a global.) */
#define bide__checked(condition, message, x)   \
    ((void)sizeof(__extension__({              \
         _Static_assert((condition), message); \
         0;                                    \
     })),                                      \
     (x))
#define bide__is_a(h, tag) bide__same(__typeof__(h), bide__handle(bide__item(h, tag), tag))
#define bide__is(h, tag, x) \
    bide__checked(bide__is_a(h, tag), "this form wants another kind of handle", x)
#define bide__in(T, ...)                                               \
    bide__checked(bide__same(__typeof__(*(__VA_ARGS__)), T) ||         \
                      bide__same(__typeof__(*(__VA_ARGS__)), const T), \
                  "the item that is sent has another type than the handle", (__VA_ARGS__))
#define bide__out(p, T, how)                       \
    bide__checked(bide__same(__typeof__(*(p)), T), \
                  "the item that is " how " has another type than the handle", p)
#define bide__pair(a, at, b, bt, x)                                     \
    bide__checked(bide__is_a(a, at) && bide__is_a(b, bt) &&             \
                      bide__same(bide__item(a, at), bide__item(b, bt)), \
                  "the two handles are not the two ends of one type of item", x)
/* Of an item of a stream (bide/iter.h). */
#define bide__sized(T)                                                                        \
    bide__checked(__alignof__(T) <= 16, "an item of a stream is aligned to 16 bytes at most", \
                  sizeof(T))
#endif

/* ---- channels ---- */

/*
 * A queue of items. Items of one sender come out in the order in which they went in, and waiting
 * senders and receivers are served in the order in which they came. Sending to a bounded channel
 * and receiving allocate nothing.
 *
 * The queue is D. Vyukov's bounded MPMC queue (1024cores.net, "Bounded MPMC queue"): a ring of
 * places with sequence numbers. Who finds an item or room takes no lock; only those who wait do,
 * and those who serve them.
 */
#define bide_sender(T)      bide__handle(T, bide__tx)
#define bide_receiver(T)    bide__handle(T, bide__rx)
#define bide_weak_sender(T) bide__handle(T, bide__weak)

/* A capacity: a send never waits, and takes memory while the receivers are slower. */
#define BIDE_UNBOUNDED      SIZE_MAX

/*
 * int bide_channel_new(size_t capacity, bide_sender(T) *tx, bide_receiver(T) *rx);
 * int bide_channel_new_with(size_t capacity, void (*drop)(void *item), tx, rx);
 *
 * Makes a channel for `capacity` items (1 to 2^28 - 1, or BIDE_UNBOUNDED) and stores its two ends.
 * When the last receiver is dropped, `drop` is called once for each item still in the channel, by
 * the thread that drops it. Errors: -EINVAL (the capacity is 0 or too large), -ENOMEM; then both
 * ends are NULL.
 */
bide_must_use int bide_channel_new_with(size_t item_size, size_t capacity, void (*drop)(void *item),
                                        void *tx bide_gives(bide_sender_drop),
                                        void *rx bide_gives(bide_receiver_drop));

/*
 * bide_sender(T) bide_sender_clone(bide_sender(T) tx);
 * bide_receiver(T) bide_receiver_clone(bide_receiver(T) rx);
 *
 * Adds one to the count of senders or receivers and returns the same handle. Each is dropped once.
 */
void *bide_sender_clone(void *tx);
void *bide_receiver_clone(void *rx);

/*
 * void bide_sender_drop(bide_sender(T) tx);
 *
 * Drops a sender. After the last one, the receivers get what is in the channel and then the end.
 * NULL is ignored. No send, reserve or wait with this sender may be under way.
 */
void bide_sender_drop(void *tx);

/*
 * void bide_receiver_drop(bide_receiver(T) rx);
 *
 * Drops a receiver. After the last one, waiting and later sends return -EPIPE, and the items in the
 * channel are dropped. NULL is ignored. No receive with this receiver may be under way.
 */
void bide_receiver_drop(void *rx);

/*
 * void bide_receiver_close(bide_receiver(T) rx);
 *
 * Closes the channel: waiting and later sends return -EPIPE. What is in the channel, and what goes
 * in on earlier reservations, can still be received; then comes the end.
 */
void bide_receiver_close(void *rx);

/*
 * async int bide_send(bide_sender(T) tx, const T *item);
 *
 * Copies *item into the channel, waiting while it is full. *item must not change until the send has
 * ended. Returns 0, -EPIPE if the receivers are gone or one has closed the channel, or -ENOMEM
 * (only if it is unbounded); with an error *item stays the caller's. Cancelled: the item was not
 * sent. (If it was sent before the request, the send returns 0.)
 */
bide_must_use bide_async int bide_send(void *tx, const void *item);

/*
 * int bide_try_send(bide_sender(T) tx, const T *item);
 *
 * The same without waiting: returns -EAGAIN if the channel is full or others wait for room.
 */
bide_must_use int bide_try_send(void *tx, const void *item);

/*
 * async int bide_reserve(bide_sender(T) tx, size_t count);
 *
 * Waits for room for `count` items and reserves it: the sends that use it never wait. Who asks for
 * much holds up those who come later and ask for little. Returns 0; -EPIPE; -EINVAL: count is 0 or
 * more than the capacity; -ENOTSUP: the channel is unbounded. Each reserved place ends with one
 * bide_send_reserved or bide_unreserve, before the sender is dropped.
 * Cancelled: nothing is reserved. (If room was reserved before the request, this returns 0.)
 */
bide_must_use bide_async int bide_reserve(void *tx, size_t count);

/*
 * int bide_send_reserved(bide_sender(T) tx, const T *item);
 *
 * Sends *item into a reserved place. Returns 0, or -EPIPE if the receivers are gone; then *item
 * stays the caller's, but the place is used up all the same.
 */
bide_must_use int bide_send_reserved(void *tx, const void *item);

/*
 * void bide_unreserve(bide_sender(T) tx, size_t count);
 *
 * Gives reserved places back.
 */
void bide_unreserve(void *tx, size_t count);

/*
 * async int bide_sender_closed(bide_sender(T) tx);
 *
 * Waits until the receivers are gone or one has closed the channel, and returns 0.
 * Cancelled: nothing has happened.
 */
bide_async int bide_sender_closed(void *tx);

/*
 * bool bide_sender_is_closed(bide_sender(T) tx);
 */
bool bide_sender_is_closed(const void *tx);

/*
 * async int bide_recv(bide_receiver(T) rx, T *item);
 *
 * Waits for an item and copies it to *item. Returns 1, or 0 if there is no item and none will come:
 * all senders are gone, or the channel is closed. Several tasks may receive at once, with one
 * receiver or several: each item goes to one of them, in the order in which they came.
 * Cancelled: nothing was taken. (If an item was handed over before the request, this returns 1.)
 */
bide_must_use bide_async int bide_recv(void *rx, void *item);

/*
 * int bide_try_recv(bide_receiver(T) rx, T *item);
 *
 * The same without waiting. Returns 1, 0, or -EAGAIN if there is nothing at the moment.
 */
bide_must_use int bide_try_recv(void *rx, void *item);

/*
 * async int bide_recv_many(bide_receiver(T) rx, T *items, size_t most);
 *
 * Waits for an item and takes those that are there too, up to `most`. Returns how many, 0 at the
 * end, or -EINVAL if `most` is 0 or over INT_MAX.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_recv_many(void *rx, void *items, size_t most);

/*
 * size_t bide_receiver_count(bide_receiver(T) rx);
 *
 * How many items are in the channel. By the time the caller reads the number, it may have changed.
 */
size_t bide_receiver_count(const void *rx);

/*
 * bide_weak_sender(T) bide_sender_downgrade(bide_sender(T) tx);
 * bide_sender(T) bide_weak_sender_upgrade(bide_weak_sender(T) weak);
 * void bide_weak_sender_drop(bide_weak_sender(T) weak);
 *
 * A weak sender does not keep the channel open. While there is a sender, an upgrade makes another
 * one, to be dropped like the others; afterwards it returns NULL. Each weak sender is dropped once;
 * NULL is ignored.
 */
void *bide_sender_downgrade(void *tx);
void *bide_weak_sender_upgrade(void *weak);
void bide_weak_sender_drop(void *weak);

/* ---- oneshot ---- */

/*
 * One value, sent once, to one receiver: an answer, or word that another thread or a foreign
 * callback has finished. It is either allocated, with two halves each of which ends once, or an
 * object in the caller's memory:
 *
 *     static bide_oneshot(int) done = BIDE_ONESHOT_INIT;
 *     bide_oneshot_sender(int) tx;
 *     bide_oneshot_receiver(int) rx;
 *     bide_oneshot_ends(&done, &tx, &rx);
 */
struct bide__oneshot {
    uintptr_t state_, info_;
};
#define bide_oneshot_sender(T)   bide__handle(T, bide__one_tx)
#define bide_oneshot_receiver(T) bide__handle(T, bide__one_rx)
#define bide_oneshot(T)          \
    struct {                     \
        struct bide__oneshot o_; \
        T item_;                 \
    }
#ifdef __cplusplus
#define BIDE_ONESHOT_INIT \
    {                     \
    }
#else
#define BIDE_ONESHOT_INIT \
    {                     \
        0                 \
    }
#endif

/*
 * int bide_oneshot_new(bide_oneshot_sender(T) *tx, bide_oneshot_receiver(T) *rx);
 * int bide_oneshot_new_with(void (*drop)(void *item), tx, rx);
 *
 * Makes a oneshot. When the receiver's half ends, a value that was sent and never received is given
 * to `drop`. Returns 0, or -ENOMEM with both ends NULL.
 */
bide_must_use int bide_oneshot_new_with(size_t item_size, void (*drop)(void *item),
                                        void *tx bide_gives(bide_oneshot_sender_drop),
                                        void *rx bide_gives(bide_oneshot_receiver_drop));

/*
 * void bide_oneshot_ends(bide_oneshot(T) *oneshot, bide_oneshot_sender(T) *tx,
 *                        bide_oneshot_receiver(T) *rx);
 *
 * Stores the two ends of a oneshot in the caller's memory, to be used once. The memory must stay
 * until the sender has sent or dropped its half, which is the last time it touches it. So whoever
 * ends the wait earlier (a cancelled task) must first stop the sender; if it cannot, use
 * bide_oneshot_new. To use the object again, set it to BIDE_ONESHOT_INIT. T must not be aligned to
 * more than 16.
 */
void bide_oneshot_ends(void *oneshot, size_t item_size, void *tx, void *rx);

/*
 * int bide_oneshot_send(bide_oneshot_sender(T) tx, const T *item);
 *
 * Sends the value and ends the sender's half, which must not be used again. Returns 0, or -EPIPE if
 * the receiver is gone; then *item stays the caller's.
 */
bide_must_use int bide_oneshot_send(void *tx, const void *item);

/*
 * void bide_oneshot_sender_drop(bide_oneshot_sender(T) tx);
 * void bide_oneshot_receiver_drop(bide_oneshot_receiver(T) rx);
 *
 * Each ends one half. Without a sender the receiver gets 0. NULL is ignored. No receive may be
 * under way when its half ends.
 */
void bide_oneshot_sender_drop(void *tx);
void bide_oneshot_receiver_drop(void *rx);

/*
 * bool bide_oneshot_is_closed(bide_oneshot_sender(T) tx);
 *
 * True if the receiver is gone: the work for the answer need not be done.
 */
bool bide_oneshot_is_closed(const void *tx);

/*
 * async int bide_oneshot_recv(bide_oneshot_receiver(T) rx, T *item);
 *
 * Waits for the value and copies it to *item. Returns 1; 0 if the sender ended its half without a
 * value, or the value was taken before; or -EBUSY if another task, or a future, is already waiting.
 * Cancelled: nothing was taken. (If the value was sent before the request, this returns it.)
 */
bide_must_use bide_async int bide_oneshot_recv(void *rx, void *item);

/*
 * int bide_oneshot_try_recv(bide_oneshot_receiver(T) rx, T *item);
 *
 * The same without waiting. Returns 1, 0, or -EAGAIN while nothing has been sent.
 */
bide_must_use int bide_oneshot_try_recv(void *rx, void *item);

/* ---- broadcast ---- */

/*
 * Each item goes to every subscriber. A send never waits: the newest item takes the place of the
 * oldest, and a subscriber that was too slow is told how much it has missed. Items are copied to
 * each subscriber, so they should own nothing.
 */
#define bide_broadcast(T)  bide__handle(T, bide__bc)
#define bide_subscriber(T) bide__handle(T, bide__sub)

/*
 * int bide_broadcast_new(size_t capacity, bide_broadcast(T) *broadcast);
 *
 * Makes a broadcast that keeps the last `capacity` items (1 to 2^28), rounded up to a power of two.
 * Errors: -EINVAL (the capacity), -ENOMEM; then *broadcast is NULL.
 */
bide_must_use int bide_broadcast_new(size_t item_size, size_t capacity,
                                     void *broadcast bide_gives(bide_broadcast_drop));

/*
 * bide_broadcast(T) bide_broadcast_clone(bide_broadcast(T) broadcast);
 * void bide_broadcast_drop(bide_broadcast(T) broadcast);
 *
 * Each handle is dropped once; NULL is ignored. After the last one the subscribers get what they
 * have not yet received and then the end.
 */
void *bide_broadcast_clone(void *broadcast);
void bide_broadcast_drop(void *broadcast);

/*
 * int bide_broadcast_subscribe(bide_broadcast(T) broadcast, bide_subscriber(T) *subscriber);
 *
 * Makes a subscriber, which gets all items that are sent from now on. Returns 0, or -ENOMEM with
 * *subscriber NULL.
 */
bide_must_use int bide_broadcast_subscribe(void *broadcast,
                                           void *subscriber bide_gives(bide_subscriber_drop));

/*
 * void bide_subscriber_drop(bide_subscriber(T) subscriber);
 *
 * NULL is ignored. No receive may be under way.
 */
void bide_subscriber_drop(void *subscriber);

/*
 * int bide_broadcast_send(bide_broadcast(T) broadcast, const T *item);
 *
 * Sends *item. Returns how many subscribers there are, or -EPIPE if there is none; then the item is
 * lost. Allocates nothing.
 */
int bide_broadcast_send(void *broadcast, const void *item);

/*
 * size_t bide_broadcast_subscribers(bide_broadcast(T) broadcast);
 */
size_t bide_broadcast_subscribers(const void *broadcast);

/*
 * async int bide_subscriber_recv(bide_subscriber(T) subscriber, T *item);
 *
 * Waits for the next item and copies it to *item. Returns 1; 0 if all broadcasts were dropped and
 * everything was received; or -EOVERFLOW if items were overwritten before this subscriber got them:
 * bide_subscriber_missed tells how many, and the next receive goes on with the oldest that is left.
 * *item is undefined unless 1 is returned. One receive at a time for each subscriber.
 * Cancelled: nothing was taken.
 */
bide_must_use bide_async int bide_subscriber_recv(void *subscriber, void *item);

/*
 * int bide_subscriber_try_recv(bide_subscriber(T) subscriber, T *item);
 *
 * The same without waiting. Returns 1, 0, -EOVERFLOW, or -EAGAIN if there is nothing at the
 * moment.
 */
bide_must_use int bide_subscriber_try_recv(void *subscriber, void *item);

/*
 * uint64_t bide_subscriber_missed(bide_subscriber(T) subscriber);
 *
 * How many items were missed when a receive last returned -EOVERFLOW.
 */
uint64_t bide_subscriber_missed(const void *subscriber);

/* ---- watch ---- */

/*
 * One value, of which only the latest matters: a configuration, a state, a progress. Watchers wait
 * until it has changed. One who is slow sees the newest value, and not those between.
 */
#define bide_watch(T)   bide__handle(T, bide__watch)
#define bide_watcher(T) bide__handle(T, bide__seen)

/*
 * int bide_watch_new(const T *first, bide_watch(T) *watch);
 *
 * Makes a watch with a value. Returns 0, or -ENOMEM with *watch NULL.
 */
bide_must_use int bide_watch_new(size_t item_size, const void *first,
                                 void *watch bide_gives(bide_watch_drop));

/*
 * bide_watch(T) bide_watch_clone(bide_watch(T) watch);
 * void bide_watch_drop(bide_watch(T) watch);
 *
 * Each handle is dropped once; NULL is ignored. After the last one, watchers get the end as soon as
 * they have seen the latest value.
 */
void *bide_watch_clone(void *watch);
void bide_watch_drop(void *watch);

/*
 * int bide_watch_set(bide_watch(T) watch, const T *value);
 *
 * Sets the value, whether anybody watches or not. Never waits, also not for a borrow. Returns 0, or
 * -ENOMEM, with the old value kept, which can only be if somebody borrows that.
 */
bide_must_use int bide_watch_set(void *watch, const void *value);

/*
 * void bide_watch_get(bide_watch(T) watch, T *value);
 *
 * Copies the latest value.
 */
void bide_watch_get(void *watch, void *value);

/*
 * int bide_watch_subscribe(bide_watch(T) watch, bide_watcher(T) *watcher);
 *
 * Makes a watcher, to which the value of now counts as seen. Returns 0, or -ENOMEM with *watcher
 * NULL.
 */
bide_must_use int bide_watch_subscribe(void *watch, void *watcher bide_gives(bide_watcher_drop));

/*
 * void bide_watcher_drop(bide_watcher(T) watcher);
 *
 * NULL is ignored. No wait may be under way, and what was borrowed must be returned.
 */
void bide_watcher_drop(void *watcher);

/*
 * size_t bide_watch_watchers(bide_watch(T) watch);
 * async int bide_watch_unwatched(bide_watch(T) watch);
 *
 * How many watchers there are; and a wait until there are none, which returns 0. Cancelled: nothing
 * has happened.
 */
size_t bide_watch_watchers(const void *watch);
bide_async int bide_watch_unwatched(void *watch);

/*
 * async int bide_watcher_changed(bide_watcher(T) watcher, T *value);
 *
 * Waits until there is a value that this watcher has not seen, copies the latest to *value, and
 * counts it as seen. Returns 1, or 0 if all watches were dropped and the latest value has been
 * seen. One wait at a time for each watcher. Cancelled: no value was taken.
 */
bide_must_use bide_async int bide_watcher_changed(void *watcher, void *value);

/*
 * int bide_watcher_has_changed(bide_watcher(T) watcher);
 *
 * 1 if there is a value that this watcher has not seen, 0 if there is none and none will come,
 * -EAGAIN if there is none at the moment.
 */
int bide_watcher_has_changed(const void *watcher);

/*
 * void bide_watcher_get(bide_watcher(T) watcher, T *value);
 *
 * Copies the latest value, which then counts as seen.
 */
void bide_watcher_get(void *watcher, void *value);

/*
 * const T *bide_watcher_borrow(bide_watcher(T) watcher);
 * void bide_watcher_return(bide_watcher(T) watcher, const T *value);
 *
 * The latest value itself, which then counts as seen. It stays as it is until it is returned, also
 * over awaits; a set meanwhile gives later calls another one. Each borrow is returned once, to a
 * watcher of the same watch.
 */
const void *bide_watcher_borrow(void *watcher);
void bide_watcher_return(void *watcher, const void *value);

#ifdef __cplusplus
}
#endif

/* ---- the typed forms ---- */

#ifndef BIDE__UNTYPED /* in the files that define the functions */

/* The names of the functions are in parentheses, since what `bide emit` prints is preprocessed once
 * more.
 *
 * A handle with this tag as void *; a handle with the type of its items and another tag; an item
 * that goes in or comes out. */
#define bide__as(h, tag)                   ((void *)bide__is(h, tag, h))
#define bide__like(h, tag, made)           bide__handle(bide__item(h, tag), made)
#define bide__into(h, tag, ...)            bide__in(bide__item(h, tag), __VA_ARGS__)
#define bide__from(h, tag, item)           bide__out(item, bide__item(h, tag), "received")
#define bide__room_of(h, tag)              sizeof(bide__item(*(h), tag))
#define bide__new_of(a, s, b, t)           bide__pair(*(a), s, *(b), t, bide__room_of(a, s))

#define bide_channel_new(capacity, tx, rx) bide_channel_new_with(capacity, NULL, tx, rx)
#define bide_channel_new_with(capacity, drop, tx, rx) \
    (bide_channel_new_with)(bide__new_of(tx, bide__tx, rx, bide__rx), capacity, drop, tx, rx)
#define bide_sender_clone(tx) \
    ((bide__like(tx, bide__tx, bide__tx))(bide_sender_clone)(bide__as(tx, bide__tx)))
#define bide_receiver_clone(rx) \
    ((bide__like(rx, bide__rx, bide__rx))(bide_receiver_clone)(bide__as(rx, bide__rx)))
#define bide_sender_drop(tx)      (bide_sender_drop)(bide__as(tx, bide__tx))
#define bide_receiver_drop(rx)    (bide_receiver_drop)(bide__as(rx, bide__rx))
#define bide_receiver_close(rx)   (bide_receiver_close)(bide__as(rx, bide__rx))
#define bide_receiver_count(rx)   (bide_receiver_count)(bide__as(rx, bide__rx))
#define bide_sender_closed(tx)    (bide_sender_closed)(bide__as(tx, bide__tx))
#define bide_sender_is_closed(tx) (bide_sender_is_closed)(bide__as(tx, bide__tx))
#define bide_sender_downgrade(tx) \
    ((bide__like(tx, bide__tx, bide__weak))(bide_sender_downgrade)(bide__as(tx, bide__tx)))
#define bide_weak_sender_upgrade(weak) \
    ((bide__like(weak, bide__weak, bide__tx))(bide_weak_sender_upgrade)(bide__as(weak, bide__weak)))
#define bide_weak_sender_drop(weak) (bide_weak_sender_drop)(bide__as(weak, bide__weak))
#define bide_try_send(tx, ...) \
    (bide_try_send)(bide__as(tx, bide__tx), bide__into(tx, bide__tx, __VA_ARGS__))
#define bide_send(tx, ...) \
    (bide_send)(bide__as(tx, bide__tx), bide__into(tx, bide__tx, __VA_ARGS__))
#define bide_send_reserved(tx, ...) \
    (bide_send_reserved)(bide__as(tx, bide__tx), bide__into(tx, bide__tx, __VA_ARGS__))
#define bide_reserve(tx, count)   (bide_reserve)(bide__as(tx, bide__tx), count)
#define bide_unreserve(tx, count) (bide_unreserve)(bide__as(tx, bide__tx), count)
#define bide_recv(rx, it)         (bide_recv)(bide__as(rx, bide__rx), bide__from(rx, bide__rx, it))
#define bide_try_recv(rx, item) \
    (bide_try_recv)(bide__as(rx, bide__rx), bide__from(rx, bide__rx, item))
#define bide_recv_many(rx, items, most) \
    (bide_recv_many)(bide__as(rx, bide__rx), bide__from(rx, bide__rx, items), most)

#define bide_oneshot_new(tx, rx) bide_oneshot_new_with(NULL, tx, rx)
#define bide_oneshot_new_with(drop, tx, rx) \
    (bide_oneshot_new_with)(bide__new_of(tx, bide__one_tx, rx, bide__one_rx), drop, tx, rx)
#define bide_oneshot_ends(oneshot, tx, rx)                     \
    ((void)bide__into(*(tx), bide__one_tx, &(oneshot)->item_), \
     (bide_oneshot_ends)(oneshot, bide__new_of(tx, bide__one_tx, rx, bide__one_rx), tx, rx))
#define bide_oneshot_send(tx, ...) \
    (bide_oneshot_send)(bide__as(tx, bide__one_tx), bide__into(tx, bide__one_tx, __VA_ARGS__))
#define bide_oneshot_recv(rx, item) \
    (bide_oneshot_recv)(bide__as(rx, bide__one_rx), bide__from(rx, bide__one_rx, item))
#define bide_oneshot_try_recv(rx, item) \
    (bide_oneshot_try_recv)(bide__as(rx, bide__one_rx), bide__from(rx, bide__one_rx, item))
#define bide_oneshot_sender_drop(tx)   (bide_oneshot_sender_drop)(bide__as(tx, bide__one_tx))
#define bide_oneshot_receiver_drop(rx) (bide_oneshot_receiver_drop)(bide__as(rx, bide__one_rx))
#define bide_oneshot_is_closed(tx)     (bide_oneshot_is_closed)(bide__as(tx, bide__one_tx))

#define bide_broadcast_new(capacity, broadcast)                                \
    (bide_broadcast_new)(sizeof(bide__item(*(broadcast), bide__bc)), capacity, \
                         bide__is(*(broadcast), bide__bc, broadcast))
#define bide_broadcast_clone(b) \
    ((bide__like(b, bide__bc, bide__bc))(bide_broadcast_clone)(bide__as(b, bide__bc)))
#define bide_broadcast_drop(b)        (bide_broadcast_drop)(bide__as(b, bide__bc))
#define bide_broadcast_subscribers(b) (bide_broadcast_subscribers)(bide__as(b, bide__bc))
#define bide_broadcast_subscribe(b, subscriber)       \
    (bide_broadcast_subscribe)(bide__as(b, bide__bc), \
                               bide__pair(b, bide__bc, *(subscriber), bide__sub, subscriber))
#define bide_broadcast_send(b, ...) \
    (bide_broadcast_send)(bide__as(b, bide__bc), bide__into(b, bide__bc, __VA_ARGS__))
#define bide_subscriber_drop(s)   (bide_subscriber_drop)(bide__as(s, bide__sub))
#define bide_subscriber_missed(s) (bide_subscriber_missed)(bide__as(s, bide__sub))
#define bide_subscriber_recv(s, item) \
    (bide_subscriber_recv)(bide__as(s, bide__sub), bide__from(s, bide__sub, item))
#define bide_subscriber_try_recv(s, item) \
    (bide_subscriber_try_recv)(bide__as(s, bide__sub), bide__from(s, bide__sub, item))

#define bide_watch_new(first, watch)                            \
    (bide_watch_new)(sizeof(bide__item(*(watch), bide__watch)), \
                     bide__into(*(watch), bide__watch, first),  \
                     bide__is(*(watch), bide__watch, watch))
#define bide_watch_clone(w) \
    ((bide__like(w, bide__watch, bide__watch))(bide_watch_clone)(bide__as(w, bide__watch)))
#define bide_watch_drop(w) (bide_watch_drop)(bide__as(w, bide__watch))
#define bide_watch_set(w, ...) \
    (bide_watch_set)(bide__as(w, bide__watch), bide__into(w, bide__watch, __VA_ARGS__))
#define bide_watch_get(w, value) \
    (bide_watch_get)(bide__as(w, bide__watch), bide__from(w, bide__watch, value))
#define bide_watch_subscribe(w, watcher)             \
    (bide_watch_subscribe)(bide__as(w, bide__watch), \
                           bide__pair(w, bide__watch, *(watcher), bide__seen, watcher))
#define bide_watch_watchers(w)  (bide_watch_watchers)(bide__as(w, bide__watch))
#define bide_watch_unwatched(w) (bide_watch_unwatched)(bide__as(w, bide__watch))
#define bide_watcher_drop(s)    (bide_watcher_drop)(bide__as(s, bide__seen))
#define bide_watcher_changed(s, value) \
    (bide_watcher_changed)(bide__as(s, bide__seen), bide__from(s, bide__seen, value))
#define bide_watcher_has_changed(s) (bide_watcher_has_changed)(bide__as(s, bide__seen))
#define bide_watcher_get(s, value) \
    (bide_watcher_get)(bide__as(s, bide__seen), bide__from(s, bide__seen, value))
#define bide_watcher_borrow(s) \
    ((const bide__item(s, bide__seen) *)(bide_watcher_borrow)(bide__as(s, bide__seen)))
#define bide_watcher_return(s, value) \
    (bide_watcher_return)(bide__as(s, bide__seen), bide__into(s, bide__seen, value))

#endif

#pragma pack(pop)

#endif
