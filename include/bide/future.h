/*
 * bide/future.h: futures as values.
 *
 * A future is an async call that waits to be driven. The forms are words of the language
 * (bide/lang.h):
 *
 *   bide_future(T) f = bide_lazy(g(x));
 *       Makes a future: one allocation. The arguments are evaluated now; of g nothing runs until
 *       the future is polled. f is an owner: leaving its scope drops the future.
 *
 *   T value = await bide_get(f);
 *       Drives the future to its end inside the awaiting task and takes the value; f is empty then.
 *       A get that is cancelled, as the branch of a select or a timeout that lost, leaves the
 *       future as it is, with all that it has done: it can be got again, in a loop, or be moved and
 *       got by another task. While no get drives it, it does not run; what it waits for may happen
 *       meanwhile, and is not lost.
 *       Errors, where T is a signed integer (elsewhere the value is all zeroes): -EINVAL: f is
 *       empty, its value was taken; -EBUSY: another get drives it; -EXDEV: it was made on another
 *       runtime; -ENXIO: there is no runtime; -ECANCELED: it was dropped while this get drove it,
 *       or the shutdown of the runtime has cancelled it; it has unwound then.
 *       Where there was no memory for the future, or for a call in it, the awaiting function is
 *       unwound with -ENOMEM, as by any await that finds no memory. The same happens where the
 *       future lies too deep: futures and groups may be polled 1,000 deep inside each other.
 *       Once the future was dropped, or moved out of the variable, the variable may go or get
 *       another value while the get drives the future; else it stays until the get is over.
 *
 *   bide_drop(f);
 *       Drops the future; f is empty then, and nothing happens if it was. One that never began is
 *       only freed: what its arguments own is released, nothing of g runs. One that is suspended is
 *       cancelled and unwound: in an async function the drop awaits that, also when a get of
 *       another task drives the future (no request to cancel reaches the drop); in a plain
 *       function, or where there is no memory, a task of its own does it. The same when an owner
 *       leaves its scope or another future is assigned to it. A drop inside the future itself, or
 *       inside one that it drives, only asks it to cancel. What is owned by the arguments of a
 *       future that never began is released as in a plain function.
 *
 *   bide_move(f)
 *       Its value is the future, and f is empty. A get that drives it goes on, and takes the value;
 *       the future is empty then, wherever it is.
 *
 * Threads: a future belongs to the runtime on which it was made. It may be dropped on any thread.
 */
#ifndef BIDE_FUTURE_H
#define BIDE_FUTURE_H

#include <bide/lang.h>

#endif
