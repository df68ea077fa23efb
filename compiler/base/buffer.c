/*
 * Buffers: what other programs print, and files that are read whole.
 */
#include "compiler/base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 16384, LARGE = 1 << 30 };

/* So many bytes more, and a 0. */
static void make_room(struct buffer *b, size_t more)
{
    if (b->room - b->length > more)
        return;
    size_t room = (b->room + more) * 2 + 256;
    char *grown = realloc(b->data, room);
    if (!grown)
        out_of_memory();
    b->data = grown;
    b->room = room;
}

void buffer_add(struct buffer *b, const char *data, size_t length)
{
    make_room(b, length);
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
        make_room(b, CHUNK);
        ssize_t n = read(fd, b->data + b->length, b->room - b->length - 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        b->length += (size_t)n;
        b->data[b->length] = '\0';
        if (n == 0)
            return 0;
    }
}

int buffer_read_file(struct buffer *b, const char *path)
{
    struct stat about;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size < LARGE)
        make_room(b, (size_t)about.st_size + CHUNK);
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
