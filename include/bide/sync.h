/*
 * bide/sync.h: how tasks talk to each other: channels, oneshots, notifications.
 *
 * All functions may be called from any thread, on any executor or none, unless they say otherwise;
 * those that are not async never wait, and may be called from foreign callbacks and from threads
 * that know nothing of bide, but not from signal handlers.
 *
 * Errors are negative errno. What is cancelled leaves no trace unless its comment says what did
 * happen; a task that was handed something before the request runs on with it to its next
 * suspension, so nothing is lost. In the same way an item, a reservation or a notification that was
 * handed to a wait in a future (bide/future.h) is that future's until it is driven or dropped, also
 * while nobody drives it: others wait for the next one.
 */
#ifndef BIDE_SYNC_H
#define BIDE_SYNC_H

#include <bide/lang.h>

#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* whatever is in effect here */
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
 * Its storage is allocated when it is made; sending and receiving allocate nothing. Items come
 * out in the order in which they went in, and senders that wait are served in the order in which
 * they came.
 */
typedef struct bide_sender bide_sender;
typedef struct bide_receiver bide_receiver;

/*
 * Makes a channel for `capacity` (1 or more) items of `item_size` bytes and stores its two ends.
 * When the receiver goes, `drop` (NULL: nothing) is called once for each item that is still in
 * it; the items lie one after another, aligned as malloc aligns.
 * Errors: -EINVAL (capacity 0, or larger than memory), -ENOMEM; both are NULL then.
 */
bide_must_use int bide_channel_new(size_t item_size, size_t capacity, void (*drop)(void *item),
                                   bide_sender **sender bide_gives(bide_sender_drop),
                                   bide_receiver **receiver bide_gives(bide_receiver_drop));

/* Counts one more sender and returns it (it is `sender` itself). Each is dropped once. */
bide_sender *bide_sender_clone(bide_sender *sender);

/*
 * Ends a sender. NULL is ignored. When the last one has gone, the receiver gets what is in the
 * channel and then -EPIPE. No send with this sender may be under way.
 */
void bide_sender_drop(bide_sender *sender);

/*
 * Ends the receiver: waiting and later sends say -EPIPE, items in the channel are dropped. NULL is
 * ignored. No receive may be under way.
 */
void bide_receiver_drop(bide_receiver *receiver);

/*
 * No more sends: waiting and later ones say -EPIPE. What is in the channel, and what goes in on
 * reservations made before, can still be received; after that a receive says -EPIPE.
 */
void bide_channel_close(bide_receiver *receiver);

/*
 * Copies *item into the channel, waiting while it is full. 0; -EPIPE: the receiver is gone or has
 * closed the channel, *item stays the caller's. *item must stay as it is until the send has
 * ended.
 * Cancelled: the item was not sent. (If it had been before the request, the send ends with 0.)
 */
bide_must_use bide_async int bide_channel_send(bide_sender *sender, const void *item);

/* The same without waiting: -EAGAIN when the channel is full. */
bide_must_use int bide_channel_try_send(bide_sender *sender, const void *item);

/*
 * Waits for room for one item and keeps it: the send that uses it never waits. 0, or -EPIPE. Each
 * reservation ends with one bide_channel_send_reserved or bide_channel_unreserve, before its
 * sender is dropped.
 * Cancelled: nothing is reserved. (If it had been, the reserve ends with 0.)
 */
bide_must_use bide_async int bide_channel_reserve(bide_sender *sender);

/* Uses a reservation. 0; -EPIPE: the receiver is gone; the reservation is used all the same. */
bide_must_use int bide_channel_send_reserved(bide_sender *sender, const void *item);

/* Gives a reservation back. */
void bide_channel_unreserve(bide_sender *sender);

/*
 * Waits for an item and copies it to *item. 0; -EPIPE: there is none and none will come, since
 * the senders are gone or the channel is closed. Several tasks may receive at once: each item
 * goes to one of them, in the order in which they came.
 * Cancelled: nothing was taken. (If an item had been handed over, the receive ends with 0.)
 */
bide_must_use bide_async int bide_channel_recv(bide_receiver *receiver, void *item);

/* The same without waiting: -EAGAIN when there is nothing at the moment. */
bide_must_use int bide_channel_try_recv(bide_receiver *receiver, void *item);

/* How many items are in the channel; by the time the caller looks, it may be otherwise. */
size_t bide_channel_count(const bide_receiver *receiver);

/* ---- oneshot ---- */

/*
 * One value, sent once, to one receiver: an answer, or the end of something that another thread
 * or a foreign callback does. Either allocated, with two owners (the sender and the receiver,
 * each of which ends its half once), or in memory of the caller. The members are private.
 */
typedef struct bide_oneshot {
    uint32_t lock_;
    uint8_t state_, receiver_, heap_;
    size_t item_size_;
    void *item_;
    struct bide__waiters waiting_;
    void (*drop_)(void *item);
} bide_oneshot;

/*
 * Makes one for a value of `item_size` bytes. A value that was sent and never received is given to
 * `drop` (NULL: nothing) when the receiver goes. 0, or -ENOMEM and *oneshot is NULL.
 */
bide_must_use int bide_oneshot_new(size_t item_size, void (*drop)(void *item),
                                   bide_oneshot **oneshot bide_gives(bide_oneshot_drop_receiver));

/*
 * Makes one of the caller's memory; `item` has room for `item_size` bytes, where the value will be.
 * There are no halves to drop: both may stay until the sender has sent or gone, which is the last
 * that it does with them. So whoever ends the wait earlier (a cancelled task) must first stop the
 * sender; where it cannot, take bide_oneshot_new.
 */
void bide_oneshot_init(bide_oneshot *oneshot, void *item, size_t item_size);

/*
 * Sends the value and ends the sender's half: it must not be used again. 0; -EPIPE: the receiver
 * is gone, *item stays the caller's. Never waits, allocates nothing. `item` may be NULL if the
 * size is 0.
 */
int bide_oneshot_send(bide_oneshot *oneshot, const void *item);

/* Ends the sender's half without a value: the receiver gets -EPIPE. NULL is ignored. */
void bide_oneshot_drop_sender(bide_oneshot *oneshot);

/* Ends the receiver's half. NULL is ignored. No receive may be under way. */
void bide_oneshot_drop_receiver(bide_oneshot *oneshot);

/*
 * Waits for the value and copies it to *item (NULL: not). 0; -EPIPE: the sender went without one,
 * or the value was taken before; -EBUSY: another task, or a future, waits already.
 * Cancelled: nothing was taken. (If it had been sent, the receive ends with it.)
 */
bide_must_use bide_async int bide_oneshot_recv(bide_oneshot *oneshot, void *item);

/* The same without waiting: -EAGAIN while nothing has been sent. */
bide_must_use int bide_oneshot_try_recv(bide_oneshot *oneshot, void *item);

/* ---- notify ---- */

/*
 * Wakes tasks that wait for something to change. `bide_notify n = {0};` makes one; it needs no end.
 * The members are private.
 */
typedef struct bide_notify {
    uint32_t lock_;
    uint32_t permit_;
    struct bide__waiters waiting_;
} bide_notify;

/* Lets the task go on that has waited longest; if none waits, the next wait returns at once.
 * Several such calls before that count once. */
void bide_notify_one(bide_notify *notify);

/* Lets all go on that wait now; later ones wait. */
void bide_notify_all(bide_notify *notify);

/*
 * Waits until it is notified; returns 0.
 * Cancelled: a notification by bide_notify_one that had reached it goes to the next waiter or is
 * kept for the next wait; one by bide_notify_all ends the wait.
 */
bide_async int bide_notify_wait(bide_notify *notify);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
