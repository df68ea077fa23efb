/*
 * others.h: what a task that ends the whole program asks of the runtime: that all others cancel,
 * and, where code never comes to an await, which code that is.
 */
#ifndef BIDE_RUNTIME_OTHERS_H
#define BIDE_RUNTIME_OTHERS_H

#include "runtime/leaf.h"

/*
 * For a task: asks all others of its runtime (of all cores of that) to cancel, those to come too;
 * with `force` below shields too. False: a worker did not come to the end of its poll in time, and
 * nobody was asked. Other cores ask their tasks when they next come to an await.
 */
bool bide__others_cancel(bool force);

/* For that task: new tasks are no longer cancelled by force. `left`: some others are, which have
 * been reported, and for which the end of the program's main does not wait. */
void bide__others_end(bool left);

/* Any thread: says on stderr which code keeps the runtime from going on, if that can be told; also
 * a little later, in a signal handler. */
void bide__others_tell(struct bide_runtime *rt);

#endif
