/*
 * lib/fs/stdio.h: a stream of any descriptor.
 */
#ifndef BIDE_LIB_FS_STDIO_H
#define BIDE_LIB_FS_STDIO_H

#include <bide/io.h>

/* As bide_stream_open, also for what cannot be waited for. is_kept: the stream does not own the
 * descriptor. */
int bide__fs_stream_of(int fd, bool is_kept, bide_stream **stream);

#endif
