/*
 * lib/process/wait.h: for files in async C: bide_process_wait, but the stdin stays open.
 */
#ifndef BIDE_LIB_PROCESS_WAIT_H
#define BIDE_LIB_PROCESS_WAIT_H

#include <bide/process.h>

bide_async int bide__process_wait_end(bide_process *process, bide_process_exit *exit);

#endif
