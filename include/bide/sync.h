/*
 * bide/sync.h: how tasks talk to each other: channels and oneshots. bide/lock.h has notifications.
 *
 * Unless a comment says otherwise, all functions may be called from any thread, on any executor or
 * none. Those that are not async never wait; foreign callbacks and threads that know nothing of
 * bide may call them, but signal handlers may not.
 *
 * Errors are negative errno. A cancelled operation leaves no trace, unless its comment says what
 * did happen. A task that was handed something before the request runs on with it to its next
 * suspension, so nothing is lost. In the same way, an item, a reservation or a notification that
 * was handed to a wait in a future (bide/future.h) belongs to that future until it is driven or
 * dropped, even while nobody drives it: other waits get the next one.
 */
#ifndef BIDE_SYNC_H
#define BIDE_SYNC_H

#include <bide/lang.h>
#include <bide/lock.h>

#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* Private: a list of waiting tasks. */
struct bide__waiters {
    struct bide__waiter *first, *last;
};

/* ---- channels ---- */

/*
 * A bounded queue of items of one size, which are copied in and out: many senders, one receiver.
 * Its storage is allocated when it is made; sending and receiving allocate nothing. Items come out
 * in the order in which they went in, and waiting senders are served in the order in which they
 * came.
 */
typedef struct bide_sender bide_sender;
typedef struct bide_receiver bide_receiver;

/*
 * Makes a channel for `capacity` (1 or more) items of `item_size` bytes and stores its two ends.
 * When the receiver is dropped, `drop` (unless NULL) is called once for each item still in the
 * channel. The items lie one after another, aligned as malloc aligns.
 * Errors: -EINVAL (the capacity is 0, or larger than memory), -ENOMEM; then both ends are NULL.
 */
bide_must_use int bide_channel_new(size_t item_size, size_t capacity, void (*drop)(void *item),
                                   bide_sender **sender bide_gives(bide_sender_drop),
                                   bide_receiver **receiver bide_gives(bide_receiver_drop));

/* Adds one to the count of senders and returns `sender` itself. Each sender must be dropped
 * once. */
bide_sender *bide_sender_clone(bide_sender *sender);

/*
 * Drops a sender. NULL is ignored. After the last one, the receiver gets what is in the channel and
 * then -EPIPE. No send with this sender may be waiting.
 */
void bide_sender_drop(bide_sender *sender);

/*
 * Drops the receiver: waiting and later sends return -EPIPE, and the items in the channel are
 * dropped. NULL is ignored. No receive may be waiting.
 */
void bide_receiver_drop(bide_receiver *receiver);

/*
 * Closes the channel: waiting and later sends return -EPIPE. What is in the channel, and what goes
 * in on earlier reservations, can still be received; after that a receive returns -EPIPE.
 */
void bide_channel_close(bide_receiver *receiver);

/*
 * Copies *item into the channel, waiting while it is full. *item must not change until the send has
 * ended. Returns 0, or -EPIPE if the receiver is gone or has closed the channel; then *item stays
 * the caller's.
 * Cancelled: the item was not sent. (If it was sent before the request, the send returns 0.)
 */
bide_must_use bide_async int bide_channel_send(bide_sender *sender, const void *item);

/* The same without waiting: returns -EAGAIN if the channel is full. */
bide_must_use int bide_channel_try_send(bide_sender *sender, const void *item);

/*
 * Waits for room for one item and reserves it: the send that uses it never waits. Returns 0 or
 * -EPIPE. Each reservation ends with one bide_channel_send_reserved or bide_channel_unreserve,
 * before its sender is dropped.
 * Cancelled: nothing is reserved. (If room was reserved before the request, this returns 0.)
 */
bide_must_use bide_async int bide_channel_reserve(bide_sender *sender);

/* Sends *item into reserved room. Returns 0, or -EPIPE if the receiver is gone; then *item stays
 * the caller's, but the reservation is used up all the same. */
bide_must_use int bide_channel_send_reserved(bide_sender *sender, const void *item);

/* Gives a reservation back. */
void bide_channel_unreserve(bide_sender *sender);

/*
 * Waits for an item and copies it to *item. Returns 0, or -EPIPE if there is no item and none will
 * come, because all senders are gone or the channel is closed. Several tasks may receive at once:
 * each item goes to one of them, in the order in which they came.
 * Cancelled: nothing was taken. (If an item was handed over before the request, this returns 0.)
 */
bide_must_use bide_async int bide_channel_recv(bide_receiver *receiver, void *item);

/* The same without waiting: returns -EAGAIN if there is nothing at the moment. */
bide_must_use int bide_channel_try_recv(bide_receiver *receiver, void *item);

/* How many items are in the channel. By the time the caller reads the number, it may have
 * changed. */
size_t bide_channel_count(const bide_receiver *receiver);

/* ---- oneshot ---- */

/*
 * One value, sent once, to one receiver: an answer, or word that another thread or a foreign
 * callback has finished. It is either allocated, with two owners (the sender and the receiver, each
 * of which ends its half once), or in the caller's memory. The members are private.
 */
typedef struct bide_oneshot {
    uint32_t lock_;
    uint8_t state_, receiver_, heap_;
    size_t item_size_;
    void *item_;
    uintptr_t waker_;
    void (*drop_)(void *item);
} bide_oneshot;

/*
 * Makes a oneshot for a value of `item_size` bytes. When the receiver's half ends, a value that was
 * sent and never received is given to `drop` (unless NULL). Returns 0, or -ENOMEM with *oneshot set
 * to NULL.
 */
bide_must_use int bide_oneshot_new(size_t item_size, void (*drop)(void *item),
                                   bide_oneshot **oneshot bide_gives(bide_oneshot_drop_receiver));

/*
 * Makes a oneshot in the caller's memory; `item` points to `item_size` bytes for the value. There
 * are no halves to drop. Both pieces of memory must stay until the sender has sent, or dropped its
 * half, which is the last time it touches them. So whoever ends the wait earlier (a cancelled task)
 * must first stop the sender; if it cannot, use bide_oneshot_new.
 */
void bide_oneshot_init(bide_oneshot *oneshot, void *item, size_t item_size);

/*
 * Sends the value and ends the sender's half, which must not be used again. Returns 0, or -EPIPE if
 * the receiver is gone; then *item stays the caller's. Never waits and allocates nothing. `item`
 * may be NULL if the size is 0.
 */
bide_must_use int bide_oneshot_send(bide_oneshot *oneshot, const void *item);

/* Ends the sender's half without a value: the receiver gets -EPIPE. NULL is ignored. */
void bide_oneshot_drop_sender(bide_oneshot *oneshot);

/* Ends the receiver's half. NULL is ignored. No receive may be under way. */
void bide_oneshot_drop_receiver(bide_oneshot *oneshot);

/*
 * Waits for the value and copies it to *item, unless `item` is NULL. Returns 0; -EPIPE if the
 * sender ended its half without a value, or the value was taken before; or -EBUSY if another task,
 * or a future, is already waiting.
 * Cancelled: nothing was taken. (If the value was sent before the request, this returns it.)
 */
bide_must_use bide_async int bide_oneshot_recv(bide_oneshot *oneshot, void *item);

/* The same without waiting: returns -EAGAIN while nothing has been sent. */
bide_must_use int bide_oneshot_try_recv(bide_oneshot *oneshot, void *item);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
