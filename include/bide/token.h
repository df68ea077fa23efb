/*
 * bide/token.h: how a part of a program is told to end, and how it is known that it has: tokens of
 * cancellation, and trackers.
 *
 * The end of a part takes both: cancel the token that its tasks look at, close the tracker, and
 * wait for it. bide/shutdown.h ends the whole program.
 *
 * All functions may be called on any thread; those that are not async never wait. The objects work
 * with any executor.
 */
#ifndef BIDE_TOKEN_H
#define BIDE_TOKEN_H

#include <bide/lang.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma pack(push) /* in case the including file has changed the packing */
#pragma pack()

#ifdef __cplusplus
extern "C" {
#endif

/* Private: those that wait for an object. */
struct bide__sleeper;
struct bide__sleepers {
    struct bide__sleeper *first, *last, *due;
};

/* ---- tokens ---- */

/*
 * A token says whether what it stands for is to end. Tokens form trees: to cancel one cancels those
 * below it, and not those above. Cancelled is for ever. It ends no task by itself: whoever has the
 * token asks, or waits, and then ends in its own way.
 *
 * A token has counted handles: clone makes one more, and each is dropped once. A token lives as
 * long as one of its handles, or a token below it.
 */
typedef struct bide_token bide_token;

/* Makes a token, or one below `parent`, which is cancelled from the start if the parent is. Returns
 * 0, or -ENOMEM with NULL in the place of the token. */
bide_must_use int bide_token_new(bide_token **token bide_gives(bide_token_drop));
bide_must_use int bide_token_child(bide_token *parent,
                                   bide_token **token bide_gives(bide_token_drop));

/* One more handle: returns `token`. And one less; NULL is ignored. A drop cancels nothing. */
bide_token *bide_token_clone(bide_token *token);
void bide_token_drop(bide_token *token);

/* Cancels the token and all below it: waits for them end. May be called again. */
void bide_token_cancel(bide_token *token);

/* True if it, or a token above it, was cancelled. */
bool bide_token_is_cancelled(const bide_token *token);

/* Waits until the token is cancelled; returns 0. The caller has a handle meanwhile. Cancelled
 * itself: nothing has happened. */
bide_async int bide_token_wait(bide_token *token);

/*
 * int rc = await bide_until_cancelled(token, branch)
 *
 * Runs the branch, as bide_select does, but only until the token is cancelled. Returns 1 if the
 * branch has returned, or 0: the token was cancelled, and the branch has been unwound, or has not
 * begun. A branch is a call of an async function or an assignment from one, for example.
 */
#define bide_until_cancelled(token, ...) bide_select_biased(bide_token_wait(token), __VA_ARGS__)

/* ---- trackers ---- */

/*
 * A tracker counts what is under way, and lets a task wait until that has ended. Unlike a set it
 * keeps nothing: neither results nor memory.
 *
 *     bide_tracker_enter(&tracker);
 *     bide_task(int) task = bide_spawn(serve(&tracker));
 *     if (bide_task_is_unmade(task))
 *         bide_tracker_leave(&tracker);
 *
 * (serve begins with `defer { bide_tracker_leave(tracker); }`. A task that was made always begins,
 * so it always leaves.) The members are private. It need not be ended. When a wait has returned it
 * may go, if nobody else waits for it.
 */
typedef struct bide_tracker {
    uint32_t lock_, closed_;
    size_t count_;
    struct bide__sleepers waiting_;
} bide_tracker;
#define BIDE_TRACKER_INIT \
    {                     \
        0, 0, 0,          \
        {                 \
            0, 0, 0       \
        }                 \
    }

/* One more is under way; and one less. Also while the tracker is closed. */
void bide_tracker_enter(bide_tracker *tracker);
void bide_tracker_leave(bide_tracker *tracker);

/* From now on a wait ends when the count is 0; and no longer. Each returns true if it has changed
 * anything. */
bool bide_tracker_close(bide_tracker *tracker);
bool bide_tracker_reopen(bide_tracker *tracker);
bool bide_tracker_is_closed(const bide_tracker *tracker);

/* How many are under way. By the time the caller reads the number, it may have changed. */
size_t bide_tracker_count(const bide_tracker *tracker);

/* Waits until the tracker is closed and its count is 0, both at the same moment; returns 0.
 * Cancelled: nothing has happened. */
bide_async int bide_tracker_wait(bide_tracker *tracker);

#ifdef __cplusplus
}
#endif

#pragma pack(pop)

#endif
