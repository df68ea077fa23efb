/*
 * file.h: files as responses, for the files of this room.
 */
#ifndef BIDE_HTTP_FILE_H
#define BIDE_HTTP_FILE_H

#include "extra/http/layer/accept.h"
#include "extra/http/layer/layer.h"

#include <bide/fs.h>

#include <sys/stat.h>

/* Where a file is looked for. */
struct file_place {
    int folder;       /* a descriptor, which is not left; below 0: the path is the program's */
    const char *path; /* below the folder; "." is it itself */
};

/* A file that is open. */
struct file_open {
    bide_file *file; /* NULL: it is a folder */
    struct stat status;
    enum http_coding coding; /* of its content */
};

/* open.c: opens a regular file, or finds that there is a folder. 0 or an error, -ENOENT for
 * whatever else is there. Cancelled: nothing is open. */
bide_async int bide__http_file_open(const struct file_place *place, struct file_open *open);

/* file.c: as bide_http_reply_file. 1: there is a folder; nothing was filled in. */
bide_async int bide__http_file_reply(bide_http_exchange *x, const struct file_place *place,
                                     const bide_http_file_options *options);

/* file_send.c: sends an open file, whose headers have been set, but for those of the size. 1: none
 * of the ranges that were asked for can be satisfied; nothing was sent. */
bide_async int bide__http_file_send(bide_http_exchange *x, const struct file_open *open,
                                    const char *type, bool may_range);

#endif
