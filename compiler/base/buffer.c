/*
 * Buffers: what other programs print, and files that are read whole.
 */
#include "compiler/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void buffer_add(struct buffer *b, const char *data, size_t length)
{
    if (b->room - b->length <= length) {
        size_t room = (b->room + length) * 2 + 256;
        char *grown = realloc(b->data, room);
        if (!grown)
            out_of_memory();
        b->data = grown;
        b->room = room;
    }
    if (length)
        memcpy(b->data + b->length, data, length);
    b->length += length;
    b->data[b->length] = '\0';
}

void buffer_free(struct buffer *b)
{
    free(b->data);
    *b = (struct buffer){0};
}

int buffer_read_fd(struct buffer *b, int fd)
{
    for (;;) {
        char chunk[16384];
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        buffer_add(b, chunk, (size_t)n);
        if (n == 0)
            return 0;
    }
}

int buffer_read_file(struct buffer *b, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    int err = buffer_read_fd(b, fd);
    close(fd);
    return err;
}

bool file_write(const char *path, const char *text, size_t length)
{
    FILE *f = fopen(path, "we");
    bool ok = f && fwrite(text, 1, length, f) == length;
    if (f)
        ok &= fclose(f) == 0;
    if (f && !ok) {
        int err = errno;
        unlink(path);
        errno = err;
    }
    return ok;
}
