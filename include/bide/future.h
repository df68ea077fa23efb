/*
 * bide/future.h: futures as values.
 *
 * A future is an async call that does not run until it is driven. These forms are words of the
 * language (bide/lang.h):
 *
 *   bide_future(T) f = bide_lazy(g(x));
 *       Makes a future, with one allocation. The arguments are evaluated now; nothing of g runs
 *       until the future is driven. f is an owner: leaving its scope drops the future.
 *
 *   T value = await bide_get(f);
 *       Drives the future to its end inside the awaiting task and takes the value; then f is empty.
 *       A get that is cancelled, as the losing branch of a select or timeout is, leaves the future
 *       as it is, with all that it has done: another get may go on with it, in a loop, or in
 *       another task to which it was moved. While no get drives it, it does not run; what it waits
 *       for may happen meanwhile, and is not lost.
 *       Errors, if T is a signed integer (otherwise the value is all zeroes): -EINVAL (f is empty:
 *       its value was taken), -EBUSY (another get drives it), -EXDEV (it was made on another
 *       runtime), -ENXIO (there is no runtime), -EPERM (its function holds what belongs to one
 *       thread, and this task may change threads; the future stays as it is), -ECANCELED (it was
 *       dropped while this get drove it, or the shutdown of the runtime cancelled it; in both cases
 *       it has unwound).
 *       If there was no memory for the future, or for a call in it, the awaiting function is
 *       unwound with -ENOMEM, as by any await that finds no memory. The same happens if the future
 *       lies too deep: futures and groups may be driven inside one another 1,000 deep.
 *       While a get drives the future, its variable must stay, unless the future was dropped or
 *       moved out of it; then the variable may go or take another value.
 *
 *   bide_drop(f);
 *       Drops the future; then f is empty. An empty f is ignored. A future that never began is only
 *       freed: what its arguments own is released as in a plain function, and nothing of g runs. A
 *       suspended future is cancelled and unwound. In an async function the drop awaits that, even
 *       if a get of another task drives the future, and no request to cancel reaches the drop. In a
 *       plain function, or without memory, a new task does it. The same happens when an owner
 *       leaves its scope or is assigned another future. A drop inside the future itself, or inside
 *       one that it drives, only asks it to cancel.
 *
 *       A future that nobody has polled when it is dropped is mostly a forgotten await. So that is
 *       reported on stderr, with the place of the bide_lazy, if the file with it was compiled
 *       without NDEBUG. It is not reported if the drop is written (bide_drop), or if a request to
 *       cancel, or the lack of memory, unwinds the owner.
 *
 *   bide_move(f)
 *       Yields the future and empties f. A get that drives the future goes on and takes its value;
 *       then the future is empty, wherever it is.
 *
 * Threads: a future belongs to the runtime on which it was made; get it there. It may be dropped on
 * any thread.
 */
#ifndef BIDE_FUTURE_H
#define BIDE_FUTURE_H

#include <bide/lang.h>

#endif
