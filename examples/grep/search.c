/*
 * search.c: see search.h. A file is read in large pieces, and the text is looked for in all whole
 * lines of a piece at once (memmem); lines are only counted where it is found. What is left of the
 * last line goes to the beginning of the next piece.
 */
#define _GNU_SOURCE
#include "search.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 64 * 1024 };

bool command_read(struct command *command, int argc, char **argv)
{
    int at = 1;

    *command = (struct command){.path = "."};
    if (at < argc && strcmp(argv[at], "--sort") == 0) {
        command->is_sorted = true;
        at++;
    }
    if (at < argc)
        command->text = argv[at++];
    if (at < argc)
        command->path = argv[at++];
    if (command->text != NULL && at == argc && strchr(command->text, '\n') == NULL)
        return true;
    fprintf(stderr, "%s [--sort] TEXT [PATH]\n", argv[0]);
    return false;
}

/* ---- one file ---- */

struct search {
    const char *text;
    size_t text_size;
    size_t line; /* the number of the line that begins at `counted` */
    bool is_binary;
    struct found *found;
};

static bool add(struct found *f, const char *data, size_t size)
{
    if (size == 0)
        return true;
    if (f->lines == NULL || f->size + size > f->room) {
        size_t room = 2 * (f->size + size);
        char *more = realloc(f->lines, room);
        if (more == NULL) {
            f->error = -ENOMEM;
            return false;
        }
        f->lines = more;
        f->room = room;
    }
    memcpy(f->lines + f->size, data, size);
    f->size += size;
    return true;
}

static bool add_line(struct search *s, const char *line, size_t size)
{
    char number[32];
    struct found *f = s->found;
    int n = snprintf(number, sizeof number, ":%zu:", s->line);

    return add(f, f->path, strlen(f->path)) && add(f, number, (size_t)n) && add(f, line, size) &&
           add(f, "\n", 1);
}

static size_t count_lines(const char *from, const char *to)
{
    size_t n = 0;
    for (; (from = memchr(from, '\n', (size_t)(to - from))) != NULL; from++)
        n++;
    return n;
}

/* Whole lines, of which the last one may have no newline. False: it is enough. */
static bool search_lines(struct search *s, const char *at, const char *end)
{
    const char *counted = at;

    while (at < end) {
        const char *hit = memmem(at, (size_t)(end - at), s->text, s->text_size);
        if (hit == NULL)
            break;
        const char *before = memrchr(at, '\n', (size_t)(hit - at));
        const char *line = before != NULL ? before + 1 : at;
        const char *stop = memchr(hit, '\n', (size_t)(end - hit));
        if (stop == NULL)
            stop = end;
        s->found->matches = true;
        if (s->is_binary) {
            add(s->found, s->found->path, strlen(s->found->path));
            add(s->found, ": binary file matches\n", 22);
            return false;
        }
        s->line += count_lines(counted, line);
        counted = line;
        if (!add_line(s, line, (size_t)(stop - line)))
            return false;
        at = stop + 1;
    }
    s->line += count_lines(counted, end);
    return true;
}

/* Reads on behind the `kept` bytes of the buffer. Returns the size of all, or a negative errno. */
static ssize_t read_more(int fd, char *buffer, size_t kept, size_t size)
{
    ssize_t n;
    do
        n = read(fd, buffer + kept, size - kept);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : (ssize_t)kept + n;
}

static int search_open(struct search *s, int fd)
{
    size_t size = PIECE, kept = 0;
    char *buffer = malloc(size);
    ssize_t n = buffer == NULL ? -ENOMEM : 0;

    while (n >= 0 && (n = read_more(fd, buffer, kept, size)) > (ssize_t)kept) {
        size_t all = (size_t)n;
        s->is_binary = s->is_binary || memchr(buffer + kept, 0, all - kept) != NULL;
        const char *last = memrchr(buffer + kept, '\n', all - kept);
        size_t whole = last != NULL ? (size_t)(last + 1 - buffer) : 0;
        if (whole > 0 && !search_lines(s, buffer, buffer + whole))
            break;
        kept = all - whole;
        memmove(buffer, buffer + whole, kept);
        if (kept == size) { /* a long line */
            char *more = realloc(buffer, 2 * size);
            if (more == NULL)
                n = -ENOMEM;
            else
                buffer = more;
            size *= 2;
        }
    }
    if (n >= 0 && (size_t)n == kept) /* the last line */
        search_lines(s, buffer, buffer + kept);
    free(buffer);
    return n < 0 ? (int)n : 0;
}

struct found search_file(const char *path, const char *text)
{
    struct found found = {.path = strdup(path)};
    struct search s = {.text = text, .text_size = strlen(text), .line = 1, .found = &found};
    struct stat status;

    if (found.path == NULL) {
        found.error = -ENOMEM;
        return found;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        found.error = -errno;
        return found;
    }
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) {
        int r = search_open(&s, fd);
        if (r < 0)
            found.error = r;
    }
    close(fd);
    return found;
}

void found_free(struct found *found)
{
    free(found->path);
    free(found->lines);
}

/* ---- output ---- */

void output_fail(struct output *output, const char *path, int error)
{
    output->has_failed = true;
    fprintf(stderr, "grep: %s: %s\n", path, strerror(-error));
}

static void print(struct output *output, struct found *found)
{
    if (found->size > 0 && fwrite(found->lines, 1, found->size, stdout) != found->size)
        output->has_failed = true;
    output->has_matched |= found->matches;
    if (found->error < 0)
        output_fail(output, found->path != NULL ? found->path : "?", found->error);
    found_free(found);
}

void output_add(struct output *output, struct found found)
{
    if (output->is_sorted && (found.size > 0 || found.error < 0)) {
        if (output->count == output->room) {
            size_t room = output->room > 0 ? 2 * output->room : 64;
            struct found *more = realloc(output->kept, room * sizeof *more);
            if (more == NULL) {
                output_fail(output, found.path, -ENOMEM);
                found_free(&found);
                return;
            }
            output->kept = more;
            output->room = room;
        }
        output->kept[output->count++] = found;
    } else {
        print(output, &found);
    }
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct found *)a)->path, ((const struct found *)b)->path);
}

int output_end(struct output *output)
{
    if (output->count > 0)
        qsort(output->kept, output->count, sizeof output->kept[0], by_path);
    for (size_t i = 0; i < output->count; i++)
        print(output, &output->kept[i]);
    free(output->kept);
    if (fflush(stdout) != 0)
        output->has_failed = true;
    return output->has_failed ? 2 : output->has_matched ? 0 : 1;
}
